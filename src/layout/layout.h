/* A picture of vectors: points in the plane, near where the vectors are near.
 *
 * As UMAP does it: the exact nearest neighbours as a weighted graph (fuzzy.h), a start by principal components
 * (or where the points were before), then sampled attraction along the edges and repulsion from
 * random others (arXiv:1802.03426, algorithm 5; the curve is 1 / (1 + a d^2)). The same input gives the
 * same picture: nothing is random but a generator with a fixed seed, and one thread does it all.
 *
 * What it is not: a store, a clock, a thread. It goes in steps of a few milliseconds, so that a worker
 * can put it aside. Threads: one at a time. */
#ifndef SC_LAYOUT_LAYOUT_H
#define SC_LAYOUT_LAYOUT_H

#include "base/err.h"
#include "base/mem.h"

enum { SC_LAYOUT_NEAR = 10 }; /* neighbours of a point that it is drawn to */

typedef struct sc_point {
    float x, y;
} sc_point;

typedef struct sc_layout sc_layout;

/* What a layout is made of; the arrays become the layout's own (sc_alloc; freed with it, also on an error). */
typedef struct sc_layout_in {
    uint32_t n;
    uint16_t dim;
    int8_t *vecs;    /* n rows of dim, all of about the same length */
    uint32_t *group; /* NULL, or of each point: points of one group are drawn together */
    sc_point *start; /* NULL, or where each point was; NAN: it is new */
} sc_layout_in;

sc_rc sc_layout_new(const sc_layout_in *in, sc_layout **ret, sc_err *err);
void sc_layout_free(sc_layout *l);
/* One step. SC_NOMEM: give it up. */
sc_rc sc_layout_step(sc_layout *l, bool *ret_done, sc_err *err);
/* Once done: n points around the origin; borrowed. */
const sc_point *sc_layout_points(const sc_layout *l);

/* ---- New points among those that stay where they are (place.c) ------------------------------------- */

/* The base: points of a layout with their vectors, all borrowed. */
typedef struct sc_layout_base {
    uint32_t n;
    uint16_t dim;
    const int8_t *vecs;
    const sc_point *points;
} sc_layout_base;

/* Places at most SC_KNN_BATCH new vectors. scratch: SC_KNN_BATCH * base->n. */
void sc_layout_place(const sc_layout_base *base, const int8_t *vecs, uint32_t n, int32_t *scratch,
                     sc_point *ret);

/* ---- Fitting one picture to another (procrustes.c) ------------------------------------------------- */

/* x' = s (x cos - f y sin) + dx ... : rotation, maybe a mirror, one scale, a shift. */
typedef struct sc_fit {
    double a, b;   /* scale times cosine and sine */
    double mirror; /* 1 or -1: y is turned over first */
    double dx, dy;
} sc_fit;

/* The fit of n points `from` to where they are to be (`to`), least squares over those known in both (NAN: not
 * known). Fewer than 2 of them: nothing is changed. */
sc_fit sc_fit_points(const sc_point *from, const sc_point *to, uint32_t n);
sc_point sc_fit_apply(const sc_fit *f, sc_point p);

#endif
