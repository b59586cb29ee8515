#include "layout/pull.h"

enum { PUSHES = 8 };

sc_rc sc_pull_init(sc_pull *p, sc_fuzzy_edge *edges, size_t n_edges, int epochs, float rate,
                   sc_err *err) {
    float most = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n_edges; i++) most = SC_MAX(most, edges[i].weight);
    for (size_t i = 0; i < n_edges; i++) /* others would never be pulled */
        if (edges[i].weight * (float)epochs >= most) edges[kept++] = edges[i];
    *p = (sc_pull){.edges = edges,
                   .n_edges = kept,
                   .epochs = epochs,
                   .rate = rate,
                   .random = UINT64_C(0x9E3779B97F4A7C15)};
    p->every = sc_alloc_array(2 * kept + 1, sizeof *p->every);
    if (!p->every) {
        sc_pull_done(p);
        return sc_fail(err, SC_NOMEM, "no memory for a picture with %zu edges", n_edges);
    }
    p->due = p->every + kept;
    for (size_t i = 0; i < kept; i++) p->every[i] = p->due[i] = most / edges[i].weight;
    return SC_OK;
}

void sc_pull_done(sc_pull *p) {
    sc_free(p->edges);
    sc_free(p->every);
    *p = (sc_pull){0};
}

static void pull(sc_pull *p, sc_point *points, uint32_t n, uint32_t a, uint32_t b, float rate) {
    const sc_point step = sc_pull_step(points[a], points[b], rate);
    sc_point at = {points[a].x + step.x, points[a].y + step.y};
    points[b].x -= step.x;
    points[b].y -= step.y;
    for (int i = 0; i < PUSHES; i++) {
        const uint32_t other = sc_pull_random(&p->random) % n;
        if (other == a) continue;
        const sc_point away = sc_push_step(at, points[other], rate);
        at.x += away.x;
        at.y += away.y;
    }
    points[a] = at;
}

bool sc_pull_epoch(sc_pull *p, sc_point *points, uint32_t n) {
    const float now = (float)p->epoch;
    const float rate = p->rate * (1.0f - now / (float)p->epochs);
    for (size_t i = 0; i < p->n_edges; i++) {
        if (p->due[i] > now) continue;
        pull(p, points, n, p->edges[i].a, p->edges[i].b, rate);
        pull(p, points, n, p->edges[i].b, p->edges[i].a, rate);
        p->due[i] += p->every[i];
    }
    return ++p->epoch >= p->epochs;
}
