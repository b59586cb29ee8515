/* The reference: what the other kernels are tested against. */
#include "vec/kernels.h"

static int32_t dot(const int8_t *a, const int8_t *b, size_t dim) {
    int32_t sum = 0;
    for (size_t k = 0; k < dim; k++) sum += (int32_t)a[k] * b[k];
    return sum;
}

static void scan(const int8_t *query, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    for (size_t i = 0; i < n_rows; i++) ret_dots[i] = dot(query, rows + i * dim, dim);
}

const sc_vec_kernel sc_kernel_scalar = {.name = "scalar", .dot = dot, .scan = scan};
