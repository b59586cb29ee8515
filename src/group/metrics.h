/* How well a grouping agrees with labels: the figures that `soulcaster eval` prints. */
#ifndef SC_GROUP_METRICS_H
#define SC_GROUP_METRICS_H

#include "base/err.h"

typedef struct sc_metrics {
    double ari; /* adjusted Rand index (Hubert and Arabie 1985)       */
    double pair_precision, pair_recall, pair_f1;
    double homogeneity, completeness, v_measure; /* Rosenberg and Hirschberg 2007                 */
    int64_t items, true_groups, found_groups;    /* groups of any size                            */
    int64_t true_pairs, found_pairs, common_pairs;
} sc_metrics;

/* truth[i] and found[i] are group numbers of item i, any non-negative integers. */
sc_rc sc_metrics_compare(const int32_t *truth, const int32_t *found, size_t n, sc_metrics *ret,
                         sc_err *err);

#endif
