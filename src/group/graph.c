#include "group/graph.h"

#include "vec/kernels.h"

enum { EDGES = 8 << 20, LEAST_KEPT = 32, MOST_KEPT = 1024, TILE_BYTES = 128 << 10 };

/* How many neighbours of one report are kept. */
static uint32_t room_for(const sc_engine *e) {
    uint32_t n = SC_MAX(e->items.n, 1u);
    return SC_MAX(SC_MIN((uint32_t)EDGES / n, (uint32_t)MOST_KEPT), (uint32_t)LEAST_KEPT);
}

static bool grow(void **p, size_t cap, size_t size) {
    void *q = sc_realloc_array(*p, cap, size);
    if (q) *p = q;
    return q != NULL;
}

static bool reserve(sc_graph *g, const sc_engine *e, uint32_t most) {
    const uint32_t n = e->items.n;
    if (g->n + 2 > g->cap) {
        uint32_t cap = n + n / 8 + 64;
        if (!grow((void **)&g->from, cap, sizeof *g->from)) return false;
        g->cap = cap;
    }
    if (n > g->scratch) {
        uint32_t cap = n + n / 8 + 64;
        if (!grow((void **)&g->raw, cap, sizeof *g->raw) ||
            !grow((void **)&g->dots, (size_t)cap * (SC_GRAPH_BATCH + 1), sizeof *g->dots))
            return false;
        g->scratch = cap;
        g->n_batch = 0;
    }
    if (g->n_edges + most > g->cap_edges) {
        size_t cap = g->cap_edges + g->cap_edges / 4 + 2 * (size_t)most;
        if (!grow((void **)&g->edges, cap, sizeof *g->edges)) return false;
        g->cap_edges = cap;
    }
    return true;
}

/* The least of a heap is on top: lower similarity, then the younger report. */
static bool less(const sc_edge *a, const sc_edge *b) {
    return a->raw != b->raw ? a->raw < b->raw : a->slot > b->slot;
}

static void sift(sc_edge *v, size_t n, size_t i) {
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < n; k++)
            if (less(&v[k], &v[least])) least = k;
        if (least == i) return;
        sc_edge x = v[i];
        v[i] = v[least];
        v[least] = x;
        i = least;
    }
}

/* Keeps the edge if it is among the best `most`; *n of them are in v. */
static void offer(sc_edge *v, uint32_t *n, uint32_t most, sc_edge edge) {
    if (*n < most) {
        v[(*n)++] = edge;
        if (*n == most)
            for (size_t k = most / 2; k-- > 0;) sift(v, most, k);
    } else if (less(&v[0], &edge)) {
        v[0] = edge;
        sift(v, most, 0);
    }
}

/* The vectors of the next few slots against all before them, tile by tile: a tile stays in the cache
 * while the whole batch is compared with it. */
static void scan_batch(sc_graph *g, const sc_engine *e) {
    const sc_items *t = &e->items;
    const uint32_t rows = SC_MAX((uint32_t)TILE_BYTES / SC_MAX(t->dim, (uint16_t)1), 1u);
    const uint32_t n = SC_MIN(t->n - g->n, (uint32_t)SC_GRAPH_BATCH);
    for (uint32_t at = 0, k; at < g->n + n; at = k) {
        const uint32_t end =
            (at / SC_ITEMS_BLOCK + 1) * SC_ITEMS_BLOCK; /* a tile is in one block */
        k = SC_MIN(SC_MIN(at + rows, g->n + n), end);
        for (uint32_t q = 0; q < n; q++)
            sc_kernels_get()->scan(sc_items_vec(t, g->n + q), sc_items_vec(t, at), k - at, t->dim,
                                   g->dots + (size_t)q * g->scratch + at);
    }
    g->first = g->n;
    g->n_batch = n;
}

/* raw without the vectors: the words alone, of the slots up to the query's. */
static void scan_words(sc_graph *g, const sc_engine *e, uint32_t i) {
    sc_items words = e->items;
    sc_score s = sc_state_score(e);
    words.dim = 0;
    words.n = i;
    const sc_query q = sc_score_query(&s, i);
    s.items = &words;
    /* Its own row of dots is read after this: a spare one takes the noughts. */
    sc_score_all(&s, &q, g->dots + (size_t)SC_GRAPH_BATCH * g->scratch, g->raw);
}

sc_rc sc_graph_scan(sc_graph *g, const sc_engine *e, sc_err *err) {
    const uint32_t i = g->n, most = room_for(e);
    if (!reserve(g, e, most)) return sc_fail(err, SC_NOMEM, "no memory to compare reports");
    if (i < g->first || i >= g->first + g->n_batch) scan_batch(g, e);
    const sc_score s = sc_state_score(e);
    const sc_query q = sc_score_query(&s, i);
    const float need = e->epoch.cut, by = e->epoch.vec_k;
    const int32_t *dots = g->dots + (size_t)(i - g->first) * g->scratch;
    sc_edge *v = g->edges + g->n_edges;
    uint32_t n = 0, seen = 0;
    scan_words(g, e, i);
    for (uint32_t k = 0; k < i; k++) {
        const float raw = g->raw[k] + by * (float)dots[k];
        if (raw < need) continue;
        const sc_edge edge = {k, raw - sc_score_conflict(&s, &q, k)};
        if (edge.raw < need) continue;
        seen++;
        offer(v, &n, most, edge);
    }
    g->capped += seen > most;
    g->from[i] = g->n_edges;
    g->n_edges += n;
    g->from[++g->n] = g->n_edges;
    return SC_OK;
}

void sc_graph_clear(sc_graph *g) {
    g->n = g->n_batch = g->capped = 0;
    g->n_edges = 0;
}

size_t sc_graph_bytes(const sc_graph *g) {
    return g->cap_edges * sizeof *g->edges + g->cap * sizeof *g->from +
           g->scratch * (sizeof *g->raw + (SC_GRAPH_BATCH + 1) * sizeof *g->dots);
}

void sc_graph_done(sc_graph *g) {
    sc_free(g->from);
    sc_free(g->edges);
    sc_free(g->raw);
    sc_free(g->dots);
    *g = (sc_graph){0};
}
