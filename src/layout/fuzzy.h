/* From nearest neighbours to a weighted graph, as UMAP has it: each point's neighbours weigh by their
 * distance over the point's own scale, and a pair that is near from either side is near.
 *
 * McInnes, Healy, Melville: "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
 * arXiv:1802.03426, algorithms 2 and 3. Threads: plain data. */
#ifndef SC_LAYOUT_FUZZY_H
#define SC_LAYOUT_FUZZY_H

#include "layout/knn.h"

typedef struct sc_fuzzy_edge {
    uint32_t a, b;
    float weight; /* 0..1 */
} sc_fuzzy_edge;

/* Weights of one point's k neighbours. norm2: the squared length that the dots are out of. */
void sc_fuzzy_row(const sc_near *near, uint32_t k, float norm2, float *ret_weights);
/* The graph of n points, each pair once. `near` and `weights`: n * k. `group` may be NULL; an edge
 * between two groups weighs `across` times as much. *ret is the caller's (sc_free). */
sc_rc sc_fuzzy_union(const sc_near *near, const float *weights, uint32_t n, uint32_t k,
                     const uint32_t *group, float across, sc_fuzzy_edge **ret, size_t *ret_n,
                     sc_err *err);

#endif
