/* The shape of a project: where its reports fall into groups by themselves.
 *
 * Average linkage of a sample gives a grouping for each cut. How good one is can be seen without
 * knowing the true groups: by its silhouette (Rousseeuw 1987), how much nearer reports are to their
 * own group than to the next one, over the greater of the two distances; 0 for a report alone. Where
 * it is highest there is a gap between "the same" and "something else", and that place moves with the
 * project: a threshold, or a quantile of random pairs, does not follow it. Threads: plain data. */
#ifndef SC_GROUP_SHAPE_H
#define SC_GROUP_SHAPE_H

#include "group/score.h"

enum { SC_SHAPE_SAMPLE = 256, SC_SHAPE_LEVELS = 40 };

/* At the cuts 0.02, 0.04, ... 0.80. */
typedef struct sc_shape {
    float silhouette[SC_SHAPE_LEVELS]; /* mean over the reports of the sample */
    float groups[SC_SHAPE_LEVELS];     /* how many, as a share of the reports */
} sc_shape;

/* Looks at up to SC_SHAPE_SAMPLE reports, evenly spread over the slots, with the weights of s->epoch.
 * SC_NOMEM. */
sc_rc sc_shape_look(const sc_score *s, sc_shape *ret, sc_err *err);

/* The best cut, when `prior` is where it is expected and `hold` what a distance of 1 from there costs
 * (its square counts). *ret_groups is how many groups there are then, as a share of the reports. */
float sc_shape_cut(const sc_shape *h, float prior, float hold, float *ret_groups);

#endif
