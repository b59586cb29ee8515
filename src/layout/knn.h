/* The k nearest of each vector, exactly: all pairs are compared, batch by batch, tile by tile, so that
 * the caller can stop in between. Vectors are int8 of about the same length: the largest dot product is
 * the nearest. Threads: plain data. */
#ifndef SC_LAYOUT_KNN_H
#define SC_LAYOUT_KNN_H

#include "base/err.h"
#include "base/mem.h"

/* Vectors that are compared with all others at once: memory is read once for all of them. */
enum { SC_KNN_BATCH = 16 };

typedef struct sc_near {
    uint32_t at; /* row */
    int32_t dot;
} sc_near;

typedef struct sc_knn_rows {
    const int8_t *v; /* n rows of dim */
    uint32_t n;
    uint16_t dim;
} sc_knn_rows;

/* The k best of `rows` for each of n_queries <= SC_KNN_BATCH rows of dim at `queries`, best first; equal ones by
 * row. ret: n_queries * k; fewer rows than k: the rest has at UINT32_MAX. `skip`: the row of the first
 * query in `rows`, which is not its own neighbour (and so on), or UINT32_MAX. dots: scratch,
 * SC_KNN_BATCH * rows->n. */
void sc_knn_find(const sc_knn_rows *rows, const int8_t *queries, uint32_t n_queries, uint32_t skip,
                 uint32_t k, int32_t *dots, sc_near *ret);

#endif
