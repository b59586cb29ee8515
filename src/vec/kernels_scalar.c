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

static void add(int32_t *sum, const int8_t *row, int32_t by, size_t dim) {
    for (size_t k = 0; k < dim; k++) sum[k] += by * row[k];
}

static uint64_t squares(const int32_t *v, size_t dim) {
    uint64_t sum = 0;
    for (size_t k = 0; k < dim; k++) sum += (uint64_t)((int64_t)v[k] * v[k]);
    return sum;
}

static void scale(int32_t *v, double by, size_t dim) {
    for (size_t k = 0; k < dim; k++) {
        double x = v[k] * by;
        v[k] = (int32_t)(x + (x < 0 ? -0.5 : 0.5));
    }
}

const sc_vec_kernel sc_kernel_scalar = {
    .name = "scalar", .dot = dot, .scan = scan, .add = add, .squares = squares, .scale = scale};
