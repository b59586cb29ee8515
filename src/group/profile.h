/* What calibration gives for one (embedder, preparation). Data: fitted on labelled sets by
 * tools/group_eval, never set by hand in code.
 *
 * The raw similarity of two reports is a weighted sum of cosines (vector, words, title words,
 * frames): bilinear, so that means over clusters are exact and cheap. A cut in it does not transfer
 * between projects, so the cut is placed by the groups that the project's own texts fall into. */
#ifndef SC_GROUP_PROFILE_H
#define SC_GROUP_PROFILE_H

#include "group/engine.h"

/* Weights of the cosines; their sum is the similarity of a report to itself. */
typedef struct sc_weights {
    float vec, word, title, frame;
} sc_weights;

struct sc_profile {
    const char *model;            /* prefix of the embedder's model name; "" = the fallback */
    sc_weights k_report, k_topic; /* in projects of long reports, and of short texts on topics */
    sc_weights k_trace;           /* where every report has a stack trace: vectors know prose    */
    float
        vec_max; /* at most this much of a cosine is taken for what any two texts have in common */
    /* Projects are of two kinds, and most are in between: long reports of which few say the same
     * (trackers), and short comments on a few dozen topics (reviews). The kind is read off the
     * project: how many words its texts have, and into how many groups they fall by themselves
     * (shape.h, near the cut kind_cut). kind_words is the median at which the first is undecided,
     * kind_groups (groups for each report looked at) the second; kind_groups_step is as much as a
     * factor 2, and the second counts for a factor 2^kind_groups_most at most. */
    float kind_words, kind_groups, kind_groups_step, kind_groups_most, kind_slope, kind_cut;
    /* The cut that is expected in a project of long reports and in one on topics, and how firmly
     * (sc_shape_cut) against the project's own shape. */
    float cut_report, cut_topic, hold_report, hold_topic;
    float topic_items; /* size at which the topics' cut is believed half, against null_cut */
    /* The cut of a project too small to know its own, and the size at which its own counts half. */
    float null_cut, null_items;
    /* In units of the cut: */
    float slope;  /* log-odds of "the same issue" when the similarity is twice the cut */
    float margin; /* what a change of existing clusters must gain                     */
    float conflict_code, conflict_place; /* taken off for contradicting error codes; platforms (for
                        * versions half of it) */
    float best_weight;   /* share of the nearest member beside the mean, in the decision     */
    float join, suggest; /* probabilities at which a report joins, or is suggested         */
};

#endif
