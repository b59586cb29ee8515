#include "group/claims.h"

#include <stdlib.h>

typedef struct claim { /* one (new group, present cluster) pair */
    const sc_engine *e;
    uint32_t head, group, overlap;
    bool whole; /* the new group holds most of the cluster */
    bool held;  /* ... and what a person fixed in it       */
} claim;

/* Who may keep an id, best first: what a person fixed; most of a cluster, the oldest of those (it
 * wins a merge); then the larger overlap. */
static int by_right(const void *pa, const void *pb) {
    const claim *a = pa, *b = pb;
    if (a->held != b->held) return a->held ? -1 : 1;
    if (a->whole != b->whole) return a->whole ? -1 : 1;
    int age = memcmp(a->e->groups.v[a->group].id, b->e->groups.v[b->group].id, 16);
    if (a->whole && age) return age;
    if (a->overlap != b->overlap) return a->overlap > b->overlap ? -1 : 1;
    return age ? age : (a->head > b->head) - (a->head < b->head);
}

static uint32_t list(const sc_engine *e, const sc_regrouped *r, sc_map *seen, claim *v) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t g = e->items.group[r->slots[i]], head = sc_regrouped_head(r, i);
        const uint64_t key = (uint64_t)head << 32 | g;
        uint32_t at = sc_map_get(seen, key);
        if (at == SC_MAP_NONE) {
            sc_map_set(seen, key, at = n++);
            v[at] = (claim){.e = e, .head = head, .group = g};
        }
        v[at].overlap++;
        v[at].held |= e->items.v[r->slots[i]].pinned || e->groups.v[g].ruled;
    }
    for (uint32_t i = 0; i < n; i++) v[i].whole = 2 * v[i].overlap > e->groups.v[v[i].group].n;
    return n;
}

bool sc_claims_assign(const sc_engine *e, const sc_regrouped *r, uint32_t *ret_target,
                      sc_map *taken) {
    SC_AUTO(sc_map_done) sc_map seen = {0};
    SC_AUTO(sc_auto_free) claim *v = sc_alloc_array(r->n, sizeof *v);
    if (!v || !sc_map_reserve(&seen, r->n) || !sc_map_reserve(taken, r->n)) return false;
    uint32_t n = list(e, r, &seen, v);
    qsort(v, n, sizeof *v, by_right);
    for (uint32_t i = 0; i < r->n_heads; i++) ret_target[i] = SC_GROUP_NONE;
    for (uint32_t i = 0; i < n; i++) {
        if (ret_target[v[i].head] != SC_GROUP_NONE || sc_map_get(taken, v[i].group) != SC_MAP_NONE)
            continue;
        ret_target[v[i].head] = v[i].group;
        sc_map_set(taken, v[i].group, v[i].head);
    }
    return true;
}
