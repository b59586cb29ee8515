/* Arithmetic on vectors of whole numbers: dot products of int8 vectors, which grouping and search spend
 * their time on, and what a static embedder does to make them.
 *
 * Three sets with one meaning: scalar (the truth), AVX2, AVX-512 VNNI. All are exact: the same result for
 * any int8 input, -128 included, as long as dim <= SC_VEC_MAX_DIM. The best one that this
 * CPU has is taken; SOULCASTER_SIMD=scalar|avx2|avx512vnni forces one (a forced kernel that the CPU
 * lacks falls back to scalar). No pointer need be aligned.
 * Threads: everything is thread-safe. */
#ifndef SC_VEC_KERNELS_H
#define SC_VEC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { SC_VEC_MAX_DIM = 65536 }; /* 65536 * 128 * 128 = 2^30 fits an int32 */

enum {
    SC_VEC_MANY = 16, /* queries that are compared with a row at once */
    SC_VEC_POST_BITS = 6,
};
/* Bytes that SC_VEC_MANY queries take when packed. */
#define SC_VEC_PACKED(dim) (32 * (size_t)(dim) + 128)

typedef struct sc_vec_kernel {
    const char *name;
    /* sum of a[k] * b[k], k < dim */
    int32_t (*dot)(const int8_t *a, const int8_t *b, size_t dim);
    /* ret_dots[i] = dot(query, rows + i * dim), i < n_rows */
    void (*scan)(const int8_t *query, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots);
    /* Many queries against each row, for which it is read once. Packs n <= SC_VEC_MANY of them, in a layout
     * of the kernel's own; the others are as zeros. */
    void (*pack)(const int8_t *const *queries, size_t n, size_t dim, void *ret_packed);
    /* ret_dots[i * SC_VEC_MANY + q] = dot(query q, rows + i * dim) */
    void (*many)(const void *packed, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots);
    /* A list of postings, row << SC_VEC_POST_BITS | x, rows from `first` on, each once:
     * acc[(row - first) * SC_VEC_MANY + q] += w[q] * scale[x], rounded after each step. */
    void (*spread)(float *acc, const uint32_t *list, size_t n, uint32_t first, const float *w,
                   const float *scale);
    /* sum of sum[k] * v[k] */
    int64_t (*sum_dot)(const int32_t *sum, const int8_t *v, size_t dim);
    /* sum[k] += by * row[k], k < dim; -32768 < by < 32768. */
    void (*add)(int32_t *sum, const int8_t *row, int32_t by, size_t dim);
    /* The sum of the squares of v[k], k < dim; it must be below 2^63. */
    uint64_t (*squares)(const int32_t *v, size_t dim);
    /* v[k] = v[k] * by in double, to the nearest whole number, halves away from zero; it must fit an int32. */
    void (*scale)(int32_t *v, double by, size_t dim);
} sc_vec_kernel;

/* The kernel in use; the first call decides. */
const sc_vec_kernel *sc_kernels_get(void);
/* A kernel by name, or NULL where this build or CPU has none of that name. */
const sc_vec_kernel *sc_kernels_find(const char *name);

extern const sc_vec_kernel sc_kernel_scalar;
#if defined(__x86_64__)
extern const sc_vec_kernel sc_kernel_avx2;
extern const sc_vec_kernel sc_kernel_avx512vnni;
#endif

#endif
