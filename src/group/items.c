#include "group/items.h"

#include <sys/mman.h>

uint32_t sc_items_find(const sc_items *t, int64_t key) {
    return sc_map_get(&t->by_key, (uint64_t)key);
}

static bool grow(void **p, uint32_t cap, size_t size) {
    void *q = sc_realloc_array(*p, cap, size);
    if (q) *p = q;
    return q != NULL;
}

static bool reserve_columns(sc_items *t) {
    if (t->n < t->cap) return true;
    uint32_t cap = t->cap + t->cap / 4 + 16;
    if (!grow((void **)&t->v, cap, sizeof *t->v) ||
        !grow((void **)&t->group, cap, sizeof *t->group))
        return false;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        if (!grow((void **)&t->inv[k], cap, sizeof *t->inv[k])) return false;
    t->cap = cap;
    return true;
}

enum { HUGE_PAGE = 2 << 20 };

/* Asks for huge pages on what whole ones lie in p..p+n; a kernel without them may say no. */
static void ask_huge(int8_t *p, size_t n) {
    uintptr_t from = ((uintptr_t)p + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)p + n) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (from < to) (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/* The first block starts small: most projects are. */
static bool grow_first(sc_items *t) {
    uint32_t cap = t->first_cap ? SC_MIN(t->first_cap * 2, (uint32_t)SC_ITEMS_BLOCK) : 64;
    size_t bytes = (size_t)cap * t->dim;
    void *p = sc_realloc(t->n_blocks ? t->owned[0] : NULL, bytes);
    if (!p) return false;
    t->owned[0] = t->blocks[0] = p;
    t->n_blocks = 1;
    t->first_cap = cap;
    ask_huge(p, bytes);
    return true;
}

static bool add_block(sc_items *t) {
    size_t bytes = (size_t)SC_ITEMS_BLOCK * t->dim;
    int8_t *p = sc_alloc(bytes + HUGE_PAGE);
    if (!p) return false;
    t->owned[t->n_blocks] = p;
    p += -(uintptr_t)p & (HUGE_PAGE - 1);
    t->blocks[t->n_blocks++] = p;
    ask_huge(p, bytes);
    return true;
}

static bool reserve_vector(sc_items *t) {
    if (t->n < t->first_cap ||
        (t->n_blocks && t->n < t->n_blocks * SC_ITEMS_BLOCK && t->first_cap == SC_ITEMS_BLOCK))
        return true;
    if (t->n_blocks == t->blocks_cap) {
        uint32_t cap = t->blocks_cap * 2 + 4;
        if (!grow((void **)&t->blocks, cap, sizeof *t->blocks) ||
            !grow((void **)&t->owned, cap, sizeof *t->owned))
            return false;
        t->blocks_cap = cap;
    }
    return t->first_cap < SC_ITEMS_BLOCK ? grow_first(t) : add_block(t);
}

sc_rc sc_items_add(sc_items *t, sc_terms *terms, int64_t key, int64_t created_ms, const sc_repr *r,
                   uint32_t *ret_slot, sc_err *err) {
    sc_feats f;
    sc_rc rc = sc_terms_resolve(terms, r, &f, err);
    if (rc) return rc;
    if (t->n + 1 >= SC_TERM_MAX)
        return sc_fail(err, SC_TOO_LARGE, "too many reports in one project");
    uint32_t *feats = sc_alloc_array((size_t)f.n + r->n_facets, sizeof *feats);
    if (!feats || !reserve_columns(t) || !reserve_vector(t) || !sc_map_reserve(&t->by_key, 1)) {
        sc_free(feats);
        return sc_fail(err, SC_NOMEM, "no memory for one more report");
    }
    uint32_t slot = t->n++;
    sc_item *x = &t->v[slot];
    *x = (sc_item){.key = key,
                   .created_ms = created_ms,
                   .feats = feats,
                   .n_feats = f.n,
                   .n_facets = r->n_facets};
    memcpy(x->count, f.count, sizeof x->count);
    memcpy(feats, f.v, f.n * sizeof *feats);
    if (r->n_facets) memcpy(feats + f.n, r->facets, r->n_facets * sizeof *feats);
    if (t->dim) memcpy((int8_t *)(uintptr_t)sc_items_vec(t, slot), r->vec, t->dim);
    t->group[slot] = SC_GROUP_NONE;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) t->inv[k][slot] = 0;
    t->feat_bytes += ((size_t)f.n + r->n_facets) * sizeof *feats;
    sc_map_set(&t->by_key, (uint64_t)key, slot);
    sc_terms_link(terms, slot, feats, f.n);
    *ret_slot = slot;
    return SC_OK;
}

void sc_items_remove(sc_items *t, sc_terms *terms, uint32_t slot, uint32_t *ret_moved_from) {
    uint32_t last = t->n - 1;
    sc_item *x = &t->v[slot];
    sc_terms_unlink(terms, slot, x->feats, x->n_feats);
    t->feat_bytes -= ((size_t)x->n_feats + x->n_facets) * sizeof *x->feats;
    sc_free(x->feats);
    sc_map_remove(&t->by_key, (uint64_t)x->key);
    if (slot != last) {
        *x = t->v[last];
        if (t->dim)
            memcpy((int8_t *)(uintptr_t)sc_items_vec(t, slot), sc_items_vec(t, last), t->dim);
        t->group[slot] = t->group[last];
        for (int k = 0; k < SC_TERM_WEIGHTED; k++) t->inv[k][slot] = t->inv[k][last];
        sc_map_set(&t->by_key, (uint64_t)x->key, slot);
        sc_terms_renumber(terms, last, slot, x->feats, x->n_feats);
    }
    t->n--;
    *ret_moved_from = last;
}

size_t sc_items_bytes(const sc_items *t) {
    size_t row = sizeof *t->v + sizeof *t->group + SC_TERM_WEIGHTED * sizeof(float);
    size_t vectors = t->n_blocks > 1 ? (size_t)t->n_blocks * SC_ITEMS_BLOCK : t->first_cap;
    return t->cap * row + vectors * t->dim + t->feat_bytes + sc_map_bytes(&t->by_key);
}

void sc_items_done(sc_items *t) {
    for (uint32_t i = 0; i < t->n; i++) sc_free(t->v[i].feats);
    for (uint32_t i = 0; i < t->n_blocks; i++) sc_free(t->owned[i]);
    sc_free(t->owned);
    sc_free(t->blocks);
    sc_free(t->v);
    sc_free(t->group);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(t->inv[k]);
    sc_map_done(&t->by_key);
    *t = (sc_items){0};
}
