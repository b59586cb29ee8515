/* A cluster as a row, and back. */
#ifndef SC_STORES_SQLITE_CLUSTER_ROW_H
#define SC_STORES_SQLITE_CLUSTER_ROW_H

#include "stores/sqlite/steps.h"

/* Of `cluster k`, in the order that sc_sq_cluster_row reads them. */
#define SC_SQ_CLUSTER_COLUMNS                                                                    \
    "k.cluster_no, k.id, k.version, k.status, k.count, k.first_seen, k.last_seen, k.created_at," \
    " k.updated_at, k.snooze_until, k.title_locked, k.merged_into, k.cohesion_mean,"             \
    " k.cohesion_min, k.trend_day, k.trend, k.source_counts, k.representatives, k.keywords,"     \
    " k.title, k.summary, k.repo_url, k.branch, k.pr_url, k.issue_title, k.issue_description,"   \
    " k.error_message, k.title_told, k.summary_told, k.told, k.due"

sc_rc sc_sq_cluster_row(sc_query *q, const sc_id *project, sc_arena *arena, sc_cluster *ret,
                        sc_err *err);
/* "0,0,3" into n numbers; missing ones are 0. False when it is no such list. */
bool sc_sq_numbers_parse(sc_str text, int64_t *ret, size_t n);
/* Inserts or replaces by id and keeps the status counters. SC_NOT_FOUND when another project has
 * the id. */
sc_rc sc_sq_cluster_put(sc_sq_conn *c, int64_t project_no, int64_t version, const sc_cluster *k,
                        sc_err *err);

#endif
