/* Search: fused ranking, and plain matching of words. */
#include <float.h>
#include <stdlib.h>

#include "group/state.h"

/* Worse first: lower score, then the older item. */
static bool worse(const sc_items *t, const float *raw, uint32_t a, uint32_t b) {
    return raw[a] != raw[b] ? raw[a] < raw[b] : t->v[a].key < t->v[b].key;
}

static void sift(const sc_items *t, const float *raw, uint32_t *heap, size_t n, size_t i) {
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < n; k++)
            if (worse(t, raw, heap[k], heap[least])) least = k;
        if (least == i) return;
        uint32_t x = heap[i];
        heap[i] = heap[least];
        heap[least] = x;
        i = least;
    }
}

/* The `limit` best slots, best first. heap has room for them; returns how many. */
static size_t best_of(const sc_items *t, const float *raw, size_t limit, uint32_t *heap) {
    size_t n = 0;
    float least = FLT_TRUE_MIN; /* what it takes to be looked at: nearly all fall here */
    for (uint32_t i = 0; i < t->n; i++) {
        if (raw[i] < least) continue;
        if (n < limit) {
            heap[n++] = i;
            if (n < limit) continue;
            for (size_t k = n / 2; k-- > 0;) sift(t, raw, heap, n, k);
        } else if (worse(t, raw, heap[0], i)) {
            heap[0] = i;
            sift(t, raw, heap, n, 0);
        } else {
            continue;
        }
        least = raw[heap[0]];
    }
    if (n < limit)
        for (size_t k = n / 2; k-- > 0;) sift(t, raw, heap, n, k);
    for (size_t left = n; left > 1;) { /* the worst goes to the end */
        uint32_t x = heap[0];
        heap[0] = heap[--left];
        heap[left] = x;
        sift(t, raw, heap, left, 0);
    }
    return n;
}

sc_rc sc_engine_search(const sc_engine *e, const sc_repr *query, size_t limit, sc_arena *arena,
                       sc_hit **ret_hits, size_t *ret_n, sc_err *err) {
    if (query->dim != e->items.dim)
        return sc_fail(err, SC_INVALID, "the query has %u dimensions, the project %u", query->dim,
                       e->items.dim);
    const size_t n = e->items.n;
    limit = SC_MIN(limit, n);
    SC_AUTO(sc_auto_free) int32_t *dots = sc_alloc_array(n, sizeof *dots);
    SC_AUTO(sc_auto_free) float *raw = sc_alloc_array(n, sizeof *raw);
    SC_AUTO(sc_auto_free) uint32_t *heap = sc_alloc_array(limit, sizeof *heap);
    sc_hit *hits = sc_arena_take_array(arena, limit + 1, sizeof *hits);
    if (!dots || !raw || !heap || !hits) return sc_fail(err, SC_NOMEM, "no memory to search");
    const sc_score s = sc_state_score(e);
    sc_feats feats;
    sc_terms_find(&e->terms, query, &feats);
    const sc_query q = sc_score_query_of(&s, query, &feats);
    sc_score_all(&s, &q, dots, raw);
    size_t found = limit ? best_of(&e->items, raw, limit, heap) : 0;
    for (size_t i = 0; i < found; i++) {
        sc_parts p;
        sc_score_parts(&s, &q, heap[i], &p);
        hits[i] = (sc_hit){.key = e->items.v[heap[i]].key,
                           .cluster = sc_groups_id(&e->groups, e->items.group[heap[i]]),
                           .score = (float)sc_score_shown(&s, (double)raw[heap[i]]),
                           .semantic = p.vec,
                           .lexical = p.word};
    }
    *ret_hits = hits;
    *ret_n = found;
    return SC_OK;
}

/* ---- Matching ------------------------------------------------------------------------------------ */

static bool holds(const sc_item *x, uint32_t id) {
    uint32_t lo = 0, hi = x->count[SC_TERM_WORD]; /* words come first and ascend */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (x->feats[mid] >> SC_TERM_TF_BITS < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < x->count[SC_TERM_WORD] && x->feats[lo] >> SC_TERM_TF_BITS == id;
}

static int newest_first(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

static bool holds_all(const sc_item *x, const uint32_t *ids, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!holds(x, ids[i])) return false;
    return true;
}

sc_rc sc_engine_match(const sc_engine *e, const uint32_t *terms, size_t n_terms, int64_t before,
                      size_t limit, sc_arena *arena, int64_t **ret_keys, size_t *ret_n,
                      size_t *ret_total, sc_err *err) {
    SC_AUTO(sc_auto_free) uint32_t *ids = sc_alloc_array(n_terms, sizeof *ids);
    if (!ids) return sc_fail(err, SC_NOMEM, "no memory to search");
    const sc_term *rarest = NULL;
    size_t most = e->items.n; /* items to look at: all, or those with the rarest word */
    for (size_t i = 0; i < n_terms; i++) {
        ids[i] = sc_terms_word(&e->terms, terms[i]);
        const sc_term *x = ids[i] == SC_TERM_NONE ? NULL : &e->terms.v[ids[i]];
        if (!x)
            most = 0;
        else if (!rarest || x->n < rarest->n)
            rarest = x;
    }
    if (rarest && most) most = rarest->n;
    SC_AUTO(sc_auto_free) int64_t *found = sc_alloc_array(most, sizeof *found);
    if (!found) return sc_fail(err, SC_NOMEM, "no memory to search");
    size_t total = 0, first = 0;
    for (size_t i = 0; i < most; i++) {
        uint32_t slot = rarest ? sc_terms_list(rarest)[i] >> SC_TERM_TF_BITS : (uint32_t)i;
        if (holds_all(&e->items.v[slot], ids, n_terms)) found[total++] = e->items.v[slot].key;
    }
    qsort(found, total, sizeof *found, newest_first);
    while (before && first < total && found[first] >= before) first++;
    size_t n = SC_MIN(limit, total - first);
    int64_t *keys = sc_arena_take_array(arena, n + 1, sizeof *keys);
    if (!keys) return sc_fail(err, SC_NOMEM, "no memory to search");
    if (n) memcpy(keys, found + first, n * sizeof *keys);
    *ret_keys = keys;
    *ret_n = n;
    *ret_total = total;
    return SC_OK;
}
