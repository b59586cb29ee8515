/* Where a layout begins: principal components, or the places that points had. Threads: plain data. */
#ifndef SC_LAYOUT_START_H
#define SC_LAYOUT_START_H

#include "layout/knn.h"
#include "layout/layout.h"

enum { SC_START_ROUNDS = 24 };

/* The two principal components of the rows, by subspace iteration. */
typedef struct sc_start {
    double *mean; /* dim                        */
    double *axes; /* 2 * dim, of length 1       */
    double *next; /* 2 * dim                    */
    int round;    /* of SC_START_ROUNDS         */
} sc_start;

sc_rc sc_start_init(sc_start *s, const sc_knn_rows *rows, sc_err *err);
void sc_start_done(sc_start *s);
/* One round over all rows; true when it was the last. */
bool sc_start_round(sc_start *s, const sc_knn_rows *rows);
/* Points by their components, so wide that the widest is `extent` from the origin. */
void sc_start_points(const sc_start *s, const sc_knn_rows *rows, float extent, sc_point *ret);
/* New points (NAN) go to the mean of their neighbours that have a place; those without any go to the origin. */
void sc_start_fill(const sc_near *near, uint32_t n, uint32_t k, sc_point *points);

#endif
