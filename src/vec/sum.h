/* Sums of int8 vectors: a cluster as (sum, count, members).
 *
 * For unit vectors the mean of all pairwise similarities of two groups is the dot product of their
 * sums over the product of their counts, and a group's own mean pairwise similarity is
 * (|sum|^2 - sum of |v|^2) / (n (n - 1)). Exact in int64. Threads: plain data. */
#ifndef SC_VEC_SUM_H
#define SC_VEC_SUM_H

#include <stddef.h>
#include <stdint.h>

/* sum[k] += v[k], k < dim. At most 2^24 vectors fit an int32. */
void sc_sum_add(int32_t *sum, const int8_t *v, size_t dim);
void sc_sum_take_off(int32_t *sum, const int8_t *v, size_t dim);
int64_t sc_sum_dot(const int32_t *sum, const int8_t *v, size_t dim);
int64_t sc_sum_dot_sum(const int32_t *a, const int32_t *b, size_t dim);

#endif
