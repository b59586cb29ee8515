#include "layout/knn.h"

#include "vec/kernels.h"

enum { TILE_BYTES = 128 << 10 };

/* Is a before b? */
static bool nearer(const sc_near *a, const sc_near *b) {
    return a->dot != b->dot ? a->dot > b->dot : a->at < b->at;
}

/* Keeps the best k, sorted; k is small, and most candidates fail at the last one. */
static void offer(sc_near *v, uint32_t *n, uint32_t k, sc_near x) {
    if (*n == k && !nearer(&x, &v[k - 1])) return;
    uint32_t i = *n < k ? (*n)++ : k - 1;
    for (; i > 0 && nearer(&x, &v[i - 1]); i--) v[i] = v[i - 1];
    v[i] = x;
}

static void keep_best(const int32_t *dots, uint32_t n_rows, uint32_t self, uint32_t k,
                      sc_near *ret) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_rows; i++) {
        if (i == self || (n == k && dots[i] < ret[k - 1].dot)) continue;
        offer(ret, &n, k, (sc_near){i, dots[i]});
    }
    for (; n < k; n++) ret[n] = (sc_near){UINT32_MAX, 0};
}

void sc_knn_find(const sc_knn_rows *rows, const int8_t *queries, uint32_t n_queries, uint32_t skip,
                 uint32_t k, int32_t *dots, sc_near *ret) {
    const uint32_t tile = SC_MAX((uint32_t)TILE_BYTES / SC_MAX(rows->dim, (uint16_t)1), 1u);
    for (uint32_t at = 0; at < rows->n; at += tile)
        for (uint32_t q = 0; q < n_queries; q++)
            sc_kernels_get()->scan(queries + (size_t)q * rows->dim,
                                   rows->v + (size_t)at * rows->dim, SC_MIN(tile, rows->n - at),
                                   rows->dim, dots + (size_t)q * rows->n + at);
    for (uint32_t q = 0; q < n_queries; q++)
        keep_best(dots + (size_t)q * rows->n, rows->n, skip == UINT32_MAX ? skip : skip + q, k,
                  ret + (size_t)q * k);
}
