#include "group/graph.h"

enum { EDGES = 8 << 20, LEAST_KEPT = 32, MOST_KEPT = 1024 };

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

/* Room for one more batch. */
static bool reserve(sc_graph *g, const sc_engine *e, uint32_t most) {
    const uint32_t n = e->items.n;
    const size_t more = (size_t)most * SC_GRAPH_BATCH;
    if (g->n + SC_GRAPH_BATCH + 1 > g->cap) {
        uint32_t cap = n + n / 8 + 64;
        if (!grow((void **)&g->from, cap, sizeof *g->from)) return false;
        g->cap = cap;
    }
    if (more > g->cap_batch) {
        if (!grow((void **)&g->batch, more, sizeof *g->batch)) return false;
        g->cap_batch = more;
    }
    if (g->n_edges + more > g->cap_edges) {
        size_t cap = g->cap_edges + g->cap_edges / 4 + 2 * more;
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

/* What the reports of one batch have found so far. */
typedef struct batch {
    sc_graph *g;
    const sc_engine *e;
    uint32_t first, n, most;
    sc_query queries[SC_GRAPH_BATCH];
    uint32_t found[SC_GRAPH_BATCH], kept[SC_GRAPH_BATCH];
} batch;

/* One slot against the whole batch. Hardly any is near. */
static void see_slot(batch *b, uint32_t slot, const float *raw) {
    const sc_score s = sc_state_score(b->e);
    const float need = b->e->epoch.cut;
    for (uint32_t q = 0; q < b->n; q++) {
        if (raw[q] < need || slot >= b->first + q)
            continue; /* each edge belongs to the later one */
        const sc_edge edge = {slot, raw[q] - sc_score_conflict(&s, &b->queries[q], slot)};
        if (edge.raw < need) continue;
        b->found[q]++;
        offer(b->g->batch + (size_t)q * b->most, &b->kept[q], b->most, edge);
    }
}

static void see(void *self, uint32_t from, uint32_t n, const float *raw) {
    batch *b = self;
    const float need = b->e->epoch.cut;
    for (uint32_t i = 0; i < n; i++, raw += SC_MANY) {
        int near = 0;
        for (int q = 0; q < SC_MANY; q++) near |= raw[q] >= need;
        if (near) see_slot(b, from + i, raw);
    }
}

static bool scan_batch(sc_graph *g, const sc_engine *e, batch *b) {
    const sc_score s = sc_state_score(e);
    *b = (batch){.g = g, .e = e, .first = g->n, .most = room_for(e)};
    b->n = SC_MIN(e->items.n - g->n, (uint32_t)SC_GRAPH_BATCH);
    for (uint32_t q = 0; q < b->n; q++) b->queries[q] = sc_score_query(&s, g->n + q);
    return reserve(g, e, b->most) &&
           sc_many_run(&g->many, &s, b->queries, b->n, b->first + b->n, see, b);
}

sc_rc sc_graph_scan(sc_graph *g, const sc_engine *e, sc_err *err) {
    batch b;
    if (!scan_batch(g, e, &b)) return sc_fail(err, SC_NOMEM, "no memory to compare reports");
    for (uint32_t q = 0; q < b.n; q++) {
        g->capped += b.found[q] > b.most;
        g->from[g->n] = g->n_edges;
        memcpy(g->edges + g->n_edges, g->batch + (size_t)q * b.most, b.kept[q] * sizeof *g->edges);
        g->n_edges += b.kept[q];
        g->from[++g->n] = g->n_edges;
    }
    return SC_OK;
}

void sc_graph_clear(sc_graph *g) {
    g->n = g->capped = 0;
    g->n_edges = 0;
}

size_t sc_graph_bytes(const sc_graph *g) {
    return (g->cap_edges + g->cap_batch) * sizeof *g->edges + g->cap * sizeof *g->from +
           sc_many_bytes(&g->many);
}

void sc_graph_done(sc_graph *g) {
    sc_free(g->from);
    sc_free(g->edges);
    sc_free(g->batch);
    sc_many_done(&g->many);
    *g = (sc_graph){0};
}
