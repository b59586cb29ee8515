/* Attraction along the edges of a graph, repulsion from random others (arXiv:1802.03426, algorithm 5, with
 * the sampling of edges by weight of its reference implementation). Threads: plain data. */
#ifndef SC_LAYOUT_PULL_H
#define SC_LAYOUT_PULL_H

#include "layout/fuzzy.h"
#include "layout/layout.h"

typedef struct sc_pull {
    sc_fuzzy_edge *edges; /* the graph's */
    float *every, *due;   /* of each edge: it pulls once in so many epochs; when it does next */
    size_t n_edges;
    int epoch, epochs;
    float rate; /* of the first epoch; falls to 0 */
    uint64_t random;
} sc_pull;

/* Takes the edges (sc_alloc), also on an error. */
sc_rc sc_pull_init(sc_pull *p, sc_fuzzy_edge *edges, size_t n_edges, int epochs, float rate,
                   sc_err *err);
void sc_pull_done(sc_pull *p);
/* True when it was the last one. */
bool sc_pull_epoch(sc_pull *p, sc_point *points, uint32_t n);

/* ---- One step; in the header, so that the loops have it inside ------------------------------------- */

#define SC_PULL_CURVE 3.0f /* a of the curve 1 / (1 + a d^2) */
#define SC_PULL_MOST 4.0f  /* in one direction               */

static inline float sc_pull_clip(float v) {
    return v > SC_PULL_MOST ? SC_PULL_MOST : v < -SC_PULL_MOST ? -SC_PULL_MOST : v;
}

/* What the point at `other` does to the one at `at`: draws it, */
static inline sc_point sc_pull_step(sc_point at, sc_point other, float rate) {
    const float dx = at.x - other.x, dy = at.y - other.y, d2 = dx * dx + dy * dy;
    const float by = -2.0f * SC_PULL_CURVE / (1.0f + SC_PULL_CURVE * d2);
    return (sc_point){rate * sc_pull_clip(by * dx), rate * sc_pull_clip(by * dy)};
}
/* or pushes it away. */
static inline sc_point sc_push_step(sc_point at, sc_point other, float rate) {
    const float dx = at.x - other.x, dy = at.y - other.y, d2 = dx * dx + dy * dy;
    const float by = 2.0f / ((1e-3f + d2) * (1.0f + SC_PULL_CURVE * d2));
    return (sc_point){rate * sc_pull_clip(by * dx), rate * sc_pull_clip(by * dy)};
}
/* xorshift64*: state is never 0. */
static inline uint32_t sc_pull_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(2685821657736338717)) >> 32);
}

#endif
