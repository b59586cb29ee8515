/* How well the engine groups labelled reports: streams them in as they would arrive, then compares
 * the clusters with the labels and asks the search for each report's siblings.
 *
 * `soulcaster eval` and tools/group_eval print this. Threads: plain data. */
#ifndef SC_GROUP_EVALUATE_H
#define SC_GROUP_EVALUATE_H

#include "group/engine.h"
#include "group/metrics.h"

typedef struct sc_evaluate_conf {
    const sc_profile *profile;
    const sc_clock *clock;
    uint64_t shuffle; /* 0: in the order given; else the seed of a shuffle */
    bool consolidate; /* one full pass at the end                          */
    bool skip_search;
} sc_evaluate_conf;

typedef struct sc_evaluation {
    sc_metrics metrics;
    double recall_at_1,
        recall_at_5; /* of reports with siblings, those with one among the nearest */
    int64_t queries;
    double place_us_mean, place_us_p99, search_us_mean;
    int64_t moves; /* reports that changed cluster after they were placed */
    int64_t suggestions;
    size_t bytes; /* of the engine at the end */
    double cut,
        topics; /* where its cut lay at the end, and what kind of project it took this for */
} sc_evaluation;

/* labels[i] >= 0 is the group of reprs[i]; ret_found (n numbers, may be NULL) gets the cluster numbers. */
sc_rc sc_evaluate_run(const sc_evaluate_conf *conf, const sc_repr *reprs, const int32_t *labels,
                      size_t n, int32_t *ret_found, sc_evaluation *ret, sc_err *err);

#endif
