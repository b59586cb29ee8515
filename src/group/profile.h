/* What calibration gives for one (embedder, preparation). Data: fitted on labelled sets by
 * tools/group_eval, never set by hand in code.
 *
 * The raw similarity of two reports is a weighted sum of cosines (vector, words, title words,
 * frames): bilinear, so that means over clusters are exact and cheap. A cut in it does not transfer
 * between projects, so the cut is placed by the project's own null distribution (random pairs). */
#ifndef SC_GROUP_PROFILE_H
#define SC_GROUP_PROFILE_H

#include "group/engine.h"

struct sc_profile {
    const char *model; /* prefix of the embedder's model name; "" = the fallback */
    /* Weights of the cosines; their sum is the similarity of a report to itself. */
    float k_vec, k_word, k_title, k_frame;
    /* The cut: cut_base + cut_mean * mean + cut_sd * sd of random pairs. */
    float cut_base, cut_mean, cut_sd;
    float cut_min, cut_max;
    /* Random pairs as usual in a project too small to know its own, and for how many pairs they
     * stand. */
    float null_mean, null_sd, null_pairs;
    float slope;       /* log-odds of "the same issue" per unit of similarity over the cut */
    float best_weight; /* share of the nearest member beside the mean, in the decision */
    float join, suggest; /* probabilities at which a report joins, or is suggested */
    float margin;      /* what a change of existing clusters must gain, in similarity */
    float conflict_code, conflict_place; /* taken off per contradicting error code; platform, version */
};

#endif
