/* What a person might want to merge or to split: clusters that may be one issue, and clusters that may
 * hold two. A page at a time, newest clusters first, with a bound on the work.
 *
 * What people said comes first: pairs that were put apart, reports that never go somewhere and reports
 * that were put where they are never come up again. Threads: reads the engine. */
#ifndef SC_GROUP_REVIEW_H
#define SC_GROUP_REVIEW_H

#include "group/engine.h"

enum { SC_REVIEW_LEAVING = 100 /* reports that one split may name */ };

typedef enum sc_review_kind { SC_REVIEW_MERGE, SC_REVIEW_SPLIT } sc_review_kind;

typedef struct sc_review_item {
    sc_review_kind kind;
    sc_id cluster;               /* the older one, which keeps its name; or the one to split */
    sc_id other;                 /* that would go into it; empty for a split                 */
    size_t count, other_count;   /* reports; of a split: all, and those that would leave     */
    size_t pinned, other_pinned; /* of a merge: those that were put there for good           */
    double cohesion;             /* of `cluster`, 0..1; 1 for a single report                */
    /* Between the two parts: probability that they are one issue, mean similarity, and the rest for
     * the two most alike. */
    sc_evidence evidence;
    int64_t here, there; /* keys of those two: in the part that stays, in the other */
    uint32_t shared[6];  /* what both say */
    int64_t *leaving;    /* keys, ascending; splits only */
    size_t n_leaving;
    uint64_t id; /* of this very suggestion: another one of the same cluster has another */
} sc_review_item;

typedef struct sc_review {
    sc_review_item *items;
    size_t n;
    sc_id next;    /* where the next page begins; empty = this was the last */
    size_t looked; /* clusters that this page looked at                    */
} sc_review;

/* Looks at up to `most` clusters older than `after` (NULL or empty: from the newest). */
sc_rc sc_review_page(const sc_engine *e, const sc_id *after, size_t most, sc_arena *arena,
                     sc_review *ret, sc_err *err);
/* All about one cluster: what may leave it, and what it may be merged with, older or newer. */
sc_rc sc_review_one(const sc_engine *e, const sc_id *cluster, sc_arena *arena, sc_review *ret,
                    sc_err *err);
/* What may be done about one pair, one cluster, as things are now; *ret_n is 0 or 1. */
sc_rc sc_review_pair(const sc_engine *e, const sc_id *a, const sc_id *b, sc_arena *arena,
                     sc_review_item *ret, size_t *ret_n, sc_err *err);
sc_rc sc_review_split(const sc_engine *e, const sc_id *cluster, sc_arena *arena,
                      sc_review_item *ret, size_t *ret_n, sc_err *err);

typedef struct sc_review_sizes {
    size_t items, clusters, singletons, largest;
} sc_review_sizes;
void sc_review_count(const sc_engine *e, sc_review_sizes *ret);

#endif
