#include "group/bind.h"

static uint32_t root(uint32_t *first, uint32_t i) {
    while (first[i] != i) i = first[i] = first[first[i]];
    return i;
}

static void unite(uint32_t *first, uint32_t a, uint32_t b) {
    a = root(first, a);
    b = root(first, b);
    if (a != b) first[a > b ? a : b] = a > b ? b : a;
}

/* With whoever came before under this number. */
static void unite_by(uint32_t *first, sc_map *seen, uint64_t key, uint32_t i) {
    uint32_t other = sc_map_get(seen, key);
    if (other == SC_MAP_NONE)
        sc_map_set(seen, key, i);
    else
        unite(first, i, other);
}

static bool shared_print(const sc_engine *e, const sc_item *x, unsigned k, uint32_t *ret_id) {
    *ret_id = x->feats[k] >> SC_TERM_TF_BITS;
    return e->terms.v[*ret_id].n > 1;
}

static unsigned first_print(const sc_item *x) {
    return (unsigned)x->count[SC_TERM_WORD] + x->count[SC_TERM_TITLE] + x->count[SC_TERM_FRAME];
}

/* Groups and fingerprints in one map: keys of the former have the top bit. */
bool sc_bind(const sc_engine *e, const uint32_t *slots, uint32_t n, uint32_t fresh,
             uint32_t *ret_first) {
    SC_AUTO(sc_map_done) sc_map seen = {0};
    for (uint32_t i = 0; i < n; i++) {
        const sc_item *x = &e->items.v[slots[i]];
        const uint32_t g = e->items.group[slots[i]];
        const bool ruled = e->groups.v[g].ruled;
        uint32_t id;
        ret_first[i] = i;
        if (!sc_map_reserve(&seen, 2)) return false;
        if (x->pinned || (ruled && slots[i] != fresh))
            unite_by(ret_first, &seen, (uint64_t)1 << 63 | g, i);
        else if (!ruled && !x->has_never)
            for (unsigned k = first_print(x); k < x->n_feats; k++)
                if (shared_print(e, x, k, &id)) unite_by(ret_first, &seen, id, i);
    }
    for (uint32_t i = 0; i < n; i++) ret_first[i] = root(ret_first, i);
    return true;
}
