#include "vec/sum.h"

#include "vec/kernels.h"

void sc_sum_add(int32_t *sum, const int8_t *v, size_t dim) {
    sc_kernels_get()->add(sum, v, 1, dim);
}

void sc_sum_take_off(int32_t *sum, const int8_t *v, size_t dim) {
    for (size_t k = 0; k < dim; k++) sum[k] -= v[k];
}

int64_t sc_sum_dot(const int32_t *sum, const int8_t *v, size_t dim) {
    return sc_kernels_get()->sum_dot(sum, v, dim);
}

int64_t sc_sum_dot_sum(const int32_t *a, const int32_t *b, size_t dim) {
    int64_t s = 0;
    for (size_t k = 0; k < dim; k++) s += (int64_t)a[k] * b[k];
    return s;
}
