/* Made-up reports for the tests of the grouping engine: topics with words and a direction of their
 * own, and items that share part of them. Nothing here is real text. */
#ifndef TEST_GROUP_SUPPORT_H
#define TEST_GROUP_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "group/state.h"

enum { MADE_DIM = 256, MADE_TERMS = 24 };

typedef struct made {
    int8_t vec[MADE_DIM];
    uint32_t terms[MADE_TERMS], titles[4], frames[4], facets[4];
    uint8_t tfs[MADE_TERMS];
    sc_repr repr;
} made;

static inline uint64_t rnd(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline double rnd_unit(uint64_t *state) {
    return (double)(rnd(state) >> 11) / 9007199254740992.0;
}

static inline void made_wire(made *m) {
    m->repr.vec = m->vec;
    m->repr.dim = MADE_DIM;
    m->repr.terms = m->terms;
    m->repr.tfs = m->tfs;
    m->repr.title_terms = m->titles;
    m->repr.frames = m->frames;
    m->repr.facets = m->facets;
}

/* A unit vector times 127. */
static inline void made_vector(made *m, const double *v) {
    double sum = 0;
    for (int k = 0; k < MADE_DIM; k++) sum += v[k] * v[k];
    for (int k = 0; k < MADE_DIM; k++) m->vec[k] = (int8_t)lrint(127 * v[k] / sqrt(sum));
}

/* Words from..from+n-1, each once. */
static inline void made_words(made *m, uint32_t from, unsigned n) {
    m->repr.n_terms = (uint16_t)n;
    for (unsigned i = 0; i < n; i++) {
        m->terms[i] = from + i;
        m->tfs[i] = 1;
    }
}

static inline void made_add_word(made *m, uint32_t word) {
    unsigned at = m->repr.n_terms;
    for (unsigned i = 0; i < m->repr.n_terms; i++)
        if (m->terms[i] == word) return;
    for (; at > 0 && m->terms[at - 1] > word; at--) {
        m->terms[at] = m->terms[at - 1];
        m->tfs[at] = m->tfs[at - 1];
    }
    m->terms[at] = word;
    m->tfs[at] = 1;
    m->repr.n_terms++;
}

/* An item of a topic: 0 = every item alike, 1 = nothing in common. */
static inline void made_item(made *m, unsigned topic, double spread, uint64_t *seed) {
    *m = (made){0};
    made_wire(m);
    uint64_t of_topic = topic * 7919u + 1;
    double v[MADE_DIM];
    for (int k = 0; k < MADE_DIM; k++)
        v[k] = (1 - spread) * (rnd_unit(&of_topic) - 0.5) + spread * (rnd_unit(seed) - 0.5);
    made_vector(m, v);
    for (unsigned i = 0; i < 14; i++)
        made_add_word(m, rnd_unit(seed) < 1 - spread
                             ? 1000 + topic * 16 + (uint32_t)(rnd(seed) % 14)
                             : 100000 + (uint32_t)(rnd(seed) % 5000));
}

static inline sc_engine *made_engine(void) {
    sc_engine *e;
    sc_err err;
    const sc_engine_conf conf = {.dim = MADE_DIM, .clock = &sc_clock_system};
    assert_int_equal(sc_engine_new(&conf, &e, &err), SC_OK);
    return e;
}

#define ok(call)                                                         \
    do {                                                                 \
        sc_err err = {0};                                                \
        sc_rc rc_ = (call);                                              \
        if (rc_) fail_msg("%s: %s %s", #call, sc_rc_name(rc_), err.msg); \
    } while (0)

/* Places one; the change lives in the arena. */
static inline sc_change made_place(sc_engine *e, sc_arena *a, int64_t key, const made *m) {
    const sc_engine_item item = {.key = key, .created_ms = key * 1000, .repr = &m->repr};
    sc_change c;
    ok(sc_engine_place(e, &item, 1, a, &c, &err));
    return c;
}

/* The cluster an item is in; empty when in none. */
static inline sc_id made_home(const sc_engine *e, int64_t key) {
    uint32_t slot = sc_items_find(&e->items, key);
    assert_int_not_equal(slot, SC_MAP_NONE);
    return sc_groups_id(&e->groups, e->items.group[slot]);
}

static inline bool made_together(const sc_engine *e, int64_t a, int64_t b) {
    sc_id x = made_home(e, a), y = made_home(e, b);
    return sc_id_is_set(&x) && sc_id_eq(&x, &y);
}

/* ---- What an engine holds, as one number ---------------------------------------------------------- */

static inline uint64_t digest_item(const sc_engine *e, uint32_t slot) {
    const sc_item *x = &e->items.v[slot];
    uint64_t h = sc_hash64(&x->key, sizeof x->key, (uint64_t)x->created_ms);
    for (unsigned i = 0; i < x->n_feats; i++) { /* vocabulary numbers mean nothing: take the keys */
        uint64_t f[2] = {e->terms.v[x->feats[i] >> SC_TERM_TF_BITS].key,
                         x->feats[i] & SC_TERM_TF_MAX};
        h += sc_hash64(f, sizeof f, 1);
    }
    h = sc_hash64(sc_items_facets(x), x->n_facets * sizeof(uint32_t), h);
    h = sc_hash64(sc_items_vec(&e->items, slot), e->items.dim, h);
    uint32_t g = e->items.group[slot];
    if (g != SC_GROUP_NONE) h = sc_hash64(e->groups.v[g].id, 16, h);
    return h + x->pinned + 2 * x->has_never;
}

static inline uint64_t digest_group(const sc_engine *e, const sc_group *g) {
    uint64_t h = sc_hash64(g->id, 16, g->status + 256 * g->ruled + 512 * (uint64_t)g->n_pinned);
    for (uint32_t i = 0; i < g->n; i++) {
        if (i) assert_true(e->items.v[g->members[i - 1]].key < e->items.v[g->members[i]].key);
        h = sc_hash64(&e->items.v[g->members[i]].key, sizeof(int64_t), h);
    }
    return h;
}

/* Everything that a change may touch; not caches, nor what is empty. */
static inline uint64_t digest(const sc_engine *e) {
    uint64_t h = e->credit * 31 + e->cursor;
    uint32_t filled = 0;
    for (uint32_t i = 0; i < e->items.n; i++) {
        assert_int_equal(sc_items_find(&e->items, e->items.v[i].key), i);
        h += digest_item(e, i);
    }
    for (uint32_t g = 0; g < e->groups.n; g++) {
        const sc_group *x = &e->groups.v[g];
        if (!x->used || !x->n) continue;
        filled++;
        h += digest_group(e, x);
        for (uint32_t i = 0; i < x->n; i++) assert_int_equal(e->items.group[x->members[i]], g);
    }
    assert_int_equal(filled, e->groups.n_filled);
    uint64_t postings = 0, feats = 0;
    for (uint32_t t = 0; t < e->terms.n; t++) {
        postings += e->terms.v[t].n;
        if (e->terms.v[t].n) h += sc_hash64(&e->terms.v[t].key, 8, e->terms.v[t].n);
        for (uint32_t i = 0; i < e->terms.v[t].n; i++)
            assert_true(sc_terms_list(&e->terms.v[t])[i] >> SC_TERM_TF_BITS < e->items.n);
    }
    for (uint32_t i = 0; i < e->items.n; i++) feats += e->items.v[i].n_feats;
    assert_true(postings == feats);
    return h;
}

#endif
