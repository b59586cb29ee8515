/* The items of a project in columns: vectors in blocks on huge pages (scanning them is bound by the
 * reading of memory, and page look-ups halve that), hot numbers in arrays of their own, the rest in one
 * record an item. Slots are dense, 0..n-1; taking one out
 * moves the last into its place. Growing may fail and is done first; adding never fails.
 * Threads: plain data. */
#ifndef SC_GROUP_ITEMS_H
#define SC_GROUP_ITEMS_H

#include "core/repr.h"
#include "group/map.h"
#include "group/terms.h"

enum {
    SC_ITEMS_BLOCK = 16384, /* vectors a block; a multiple of 2 MB for usual dimensions */
    SC_ITEMS_AHEAD = 4,     /* how many items before its turn one is fetched */
};
#define SC_GROUP_NONE UINT32_MAX

typedef struct sc_item {
    int64_t key, created_ms;
    uint32_t *feats; /* packed features (terms.h), then facets; one allocation */
    uint16_t count[SC_TERM_WEIGHTED];
    uint16_t n_feats;
    uint8_t n_facets;
    bool pinned;    /* it stays where it was put         */
    bool lesson;    /* ... by a person                   */
    bool has_never; /* some cluster is forbidden to it   */
} sc_item;

typedef struct sc_items {
    uint16_t dim;
    uint32_t n, cap;
    int8_t **blocks; /* the first grows with the project, the others are whole */
    void **owned;    /* what was allocated for each */
    uint32_t n_blocks, blocks_cap;
    uint32_t first_cap; /* vectors that the first block has room for */
    sc_item *v;
    uint32_t *group;              /* index into the groups, or SC_GROUP_NONE     */
    float *inv[SC_TERM_WEIGHTED]; /* 1 / norm of the weighted features of a kind */
    sc_map by_key;
    size_t feat_bytes;
} sc_items;

static inline const int8_t *sc_items_vec(const sc_items *t, uint32_t slot) {
    return t->blocks[slot / SC_ITEMS_BLOCK] + (size_t)(slot % SC_ITEMS_BLOCK) * t->dim;
}
static inline const uint32_t *sc_items_facets(const sc_item *x) { return x->feats + x->n_feats; }
/* Has the item read into the caches meanwhile: the members of a group lie anywhere. */
static inline void sc_items_fetch(const sc_items *t, uint32_t slot) {
    enum { LINE = 64 };
    const char *vec = (const char *)sc_items_vec(t, slot), *feats = (const char *)t->v[slot].feats;
    for (size_t i = 0; i < t->dim; i += LINE) __builtin_prefetch(vec + i);
    for (size_t i = 0; i < t->v[slot].n_feats * sizeof(uint32_t); i += LINE)
        __builtin_prefetch(feats + i);
}

uint32_t sc_items_find(const sc_items *t, int64_t key); /* slot, or SC_MAP_NONE */
/* Puts a new item into the last slot (in no group; norms not set) and links its features.
 * SC_NOMEM leaves everything as it was. */
sc_rc sc_items_add(sc_items *t, sc_terms *terms, int64_t key, int64_t created_ms, const sc_repr *r,
                   uint32_t *ret_slot, sc_err *err);
/* Takes an item out. The item that was in the last slot (*ret_moved_from) is in `slot` afterwards;
 * its group must be told. */
void sc_items_remove(sc_items *t, sc_terms *terms, uint32_t slot, uint32_t *ret_moved_from);
size_t sc_items_bytes(const sc_items *t);
void sc_items_done(sc_items *t);

#endif
