/* Which of the new groups may call itself by which present cluster's id: by greatest overlap, so that
 * ids stay with what people know under them. */
#ifndef SC_GROUP_CLAIMS_H
#define SC_GROUP_CLAIMS_H

#include "group/state.h"

/* Items that were grouped anew: item i is in the group with number head_of(i), 0..n_heads-1. */
typedef struct sc_regrouped {
    const uint32_t *slots;   /* n */
    const uint32_t *node_of; /* n: item -> node, or NULL: heads are by item */
    const uint32_t *head;    /* node (or item) -> head */
    uint32_t n, n_heads;
} sc_regrouped;

static inline uint32_t sc_regrouped_head(const sc_regrouped *r, uint32_t i) {
    return r->head[r->node_of ? r->node_of[i] : i];
}

/* ret_target[head] = cluster that the new group becomes, or SC_GROUP_NONE for a new one; `taken` has
 * the clusters that go on. Order: what a person fixed; most of a cluster, the oldest of those; then the
 * larger overlap. false: out of memory. */
bool sc_claims_assign(const sc_engine *e, const sc_regrouped *r, uint32_t *ret_target,
                      sc_map *taken);

#endif
