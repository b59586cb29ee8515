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

static void pack(const int8_t *const *queries, size_t n, size_t dim, void *ret_packed) {
    int8_t *p = ret_packed;
    for (size_t q = 0; q < SC_VEC_MANY; q++)
        for (size_t k = 0; k < dim; k++) p[q * dim + k] = q < n ? queries[q][k] : 0;
}

static void many(const void *packed, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    const int8_t *p = packed;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t q = 0; q < SC_VEC_MANY; q++)
            ret_dots[i * SC_VEC_MANY + q] = dot(p + q * dim, rows + i * dim, dim);
}

static void spread(float *acc, const uint32_t *list, size_t n, uint32_t first, const float *w,
                   const float *scale) {
    for (size_t i = 0; i < n; i++) {
        float *to = acc + (size_t)((list[i] >> SC_VEC_POST_BITS) - first) * SC_VEC_MANY;
        const float by = scale[list[i] & ((1u << SC_VEC_POST_BITS) - 1)];
        for (size_t q = 0; q < SC_VEC_MANY; q++) to[q] += w[q] * by;
    }
}

static int64_t sum_dot(const int32_t *sum, const int8_t *v, size_t dim) {
    int64_t s = 0;
    for (size_t k = 0; k < dim; k++) s += (int64_t)sum[k] * v[k];
    return s;
}

const sc_vec_kernel sc_kernel_scalar = {.name = "scalar",
                                        .dot = dot,
                                        .scan = scan,
                                        .pack = pack,
                                        .many = many,
                                        .spread = spread,
                                        .sum_dot = sum_dot,
                                        .add = add,
                                        .squares = squares,
                                        .scale = scale};
