#include "vec/sum.h"

void sc_sum_add(int32_t *sum, const int8_t *v, size_t dim) {
    for (size_t k = 0; k < dim; k++) sum[k] += v[k];
}

void sc_sum_take_off(int32_t *sum, const int8_t *v, size_t dim) {
    for (size_t k = 0; k < dim; k++) sum[k] -= v[k];
}

int64_t sc_sum_dot(const int32_t *sum, const int8_t *v, size_t dim) {
    int64_t s = 0;
    for (size_t k = 0; k < dim; k++) s += (int64_t)sum[k] * v[k];
    return s;
}

int64_t sc_sum_dot_sum(const int32_t *a, const int32_t *b, size_t dim) {
    int64_t s = 0;
    for (size_t k = 0; k < dim; k++) s += (int64_t)a[k] * b[k];
    return s;
}
