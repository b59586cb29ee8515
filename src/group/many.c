#include "group/many.h"

#include <stdlib.h>

enum { TILE = 1024 }; /* items: 64 KiB of sums, as much of dot products */

void sc_many_done(sc_many *m) {
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(m->terms[k]);
    sc_free(m->packed);
    sc_free(m->raw);
    sc_free(m->dots);
    sc_free(m->order);
    *m = (sc_many){0};
}

size_t sc_many_bytes(const sc_many *m) {
    size_t terms = 0;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) terms += m->cap_terms[k];
    return terms * sizeof(sc_many_term) + m->cap_order * sizeof *m->order + m->cap_packed +
           (m->raw ? TILE * SC_MANY * (sizeof *m->raw + sizeof *m->dots) : 0);
}

/* ---- Taking up the queries ------------------------------------------------------------------------- */

static bool grow(void **p, size_t *cap, size_t n, size_t size) {
    if (n <= *cap) return true;
    void *q = sc_realloc_array(*p, n + n / 2, size);
    if (!q) return false;
    *p = q;
    *cap = n + n / 2;
    return true;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static const uint32_t *feats_of(const sc_query *q, int kind) {
    const uint32_t *f = q->feats;
    for (int k = 0; k < kind; k++) f += q->count[k];
    return f;
}

/* The terms of one kind that the queries hold, each once, ascending. */
static bool list_terms(sc_many *m, const sc_query *queries, int kind) {
    size_t n = 0, kept = 0;
    for (uint32_t q = 0; q < m->n; q++) n += queries[q].count[kind];
    if (!grow((void **)&m->order, &m->cap_order, n, sizeof *m->order) ||
        !grow((void **)&m->terms[kind], &m->cap_terms[kind], n, sizeof *m->terms[kind]))
        return false;
    n = 0;
    for (uint32_t q = 0; q < m->n; q++) {
        const uint32_t *f = feats_of(&queries[q], kind);
        for (unsigned i = 0; i < queries[q].count[kind]; i++)
            m->order[n++] = f[i] >> SC_TERM_TF_BITS;
    }
    if (n) qsort(m->order, n, sizeof *m->order, ascending);
    for (size_t i = 0; i < n; i++)
        if (!i || m->order[i] != m->order[i - 1])
            m->terms[kind][kept++] = (sc_many_term){.id = m->order[i]};
    m->n_terms[kind] = kept;
    return true;
}

/* What each query gives for a term; both lists ascend. */
static void weigh(sc_many *m, const sc_query *queries, int kind) {
    const sc_score *s = m->s;
    for (uint32_t q = 0; q < m->n; q++) {
        const uint32_t *f = feats_of(&queries[q], kind);
        sc_many_term *t = m->terms[kind];
        for (unsigned i = 0; i < queries[q].count[kind]; i++) {
            while (t->id != f[i] >> SC_TERM_TF_BITS) t++;
            const float idf = sc_score_idf(s, t->id);
            t->w[q] = sc_score_kind(s, kind) * queries[q].inv[kind] * sc_score_tf(f[i]) * idf * idf;
        }
    }
}

static bool take_up(sc_many *m, const sc_score *s, const sc_query *queries, uint32_t n) {
    const int8_t *vecs[SC_MANY];
    const size_t dim = s->items->dim;
    m->s = s;
    m->n = n;
    if (!m->raw) m->raw = sc_alloc_array((size_t)TILE * SC_MANY, sizeof *m->raw);
    if (!m->dots) m->dots = sc_alloc_array((size_t)TILE * SC_MANY, sizeof *m->dots);
    if (!m->raw || !m->dots || !grow(&m->packed, &m->cap_packed, SC_VEC_PACKED(dim), 1))
        return false;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) {
        if (!list_terms(m, queries, k)) return false;
        weigh(m, queries, k);
    }
    for (uint32_t q = 0; q < n; q++) vecs[q] = queries[q].vec;
    sc_kernels_get()->pack(vecs, n, dim, m->packed);
    return true;
}

/* ---- One tile --------------------------------------------------------------------------------------- */

/* The term's postings below `end`: they come next. */
static uint32_t run_of(const sc_term *x, uint32_t at, uint32_t end) {
    const uint32_t *list = sc_terms_list(x);
    uint32_t n = 0;
    while (at + n < x->n && list[at + n] >> SC_TERM_TF_BITS < end) n++;
    return n;
}

static void add_words(sc_many *m, uint32_t from, uint32_t end) {
    const sc_vec_kernel *kernel = sc_kernels_get();
    for (size_t i = 0; i < m->n_terms[SC_TERM_WORD]; i++) {
        sc_many_term *t = &m->terms[SC_TERM_WORD][i];
        const sc_term *x = &m->s->terms->v[t->id];
        const uint32_t n = run_of(x, t->at, end);
        kernel->spread(m->raw, sc_terms_list(x) + t->at, n, from, t->w, sc_score_tfs());
        t->at += n;
    }
}

static void add_vectors(sc_many *m, uint32_t from, uint32_t n) {
    const sc_items *t = m->s->items;
    const float *inv = t->inv[SC_TERM_WORD] + from;
    const float k = m->s->epoch->vec_k, zero = m->s->epoch->vec_0;
    sc_kernels_get()->many(m->packed, sc_items_vec(t, from), n, t->dim, m->dots);
    for (uint32_t i = 0; i < n; i++) {
        float *raw = m->raw + (size_t)i * SC_MANY;
        const int32_t *dots = m->dots + (size_t)i * SC_MANY;
        const float by = inv[i];
        for (int q = 0; q < SC_MANY; q++) raw[q] = raw[q] * by + (k * (float)dots[q] - zero);
    }
}

static void add_rest(sc_many *m, uint32_t from, uint32_t end) {
    for (int kind = SC_TERM_TITLE; kind < SC_TERM_WEIGHTED; kind++)
        for (size_t i = 0; i < m->n_terms[kind]; i++) {
            sc_many_term *t = &m->terms[kind][i];
            const sc_term *x = &m->s->terms->v[t->id];
            const uint32_t *list = sc_terms_list(x) + t->at, n = run_of(x, t->at, end);
            for (uint32_t k = 0; k < n; k++) {
                const uint32_t slot = list[k] >> SC_TERM_TF_BITS;
                const float tf = sc_score_tf(list[k]), inv = m->s->items->inv[kind][slot];
                float *raw = m->raw + (size_t)(slot - from) * SC_MANY;
                for (int q = 0; q < SC_MANY; q++) raw[q] += t->w[q] * tf * inv;
            }
            t->at += n;
        }
}

bool sc_many_run(sc_many *m, const sc_score *s, const sc_query *queries, uint32_t n, uint32_t upto,
                 sc_many_see *see, void *self) {
    if (!take_up(m, s, queries, n)) return false;
    for (uint32_t from = 0, end; from < upto; from = end) {
        /* A tile lies in one block of vectors. */
        end = SC_MIN(SC_MIN(from + TILE, upto), (from / SC_ITEMS_BLOCK + 1) * SC_ITEMS_BLOCK);
        memset(m->raw, 0, (size_t)(end - from) * SC_MANY * sizeof *m->raw);
        add_words(m, from, end);
        add_vectors(m, from, end - from);
        add_rest(m, from, end);
        see(self, from, end - from, m->raw);
    }
    return true;
}
