/* AVX2: bytes are sign-extended to 16 bits and multiplied with vpmaddwd, whose 32-bit sums are
 * exact (vpmaddubsw would saturate at 16 bits). */
#include "vec/kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#include <string.h>

static inline __m256i widen(const int8_t *p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline int32_t sum8(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
}

static inline int32_t tail(const int8_t *a, const int8_t *b, size_t k, size_t dim) {
    int32_t sum = 0;
    for (; k < dim; k++) sum += (int32_t)a[k] * b[k];
    return sum;
}

static int32_t dot(const int8_t *a, const int8_t *b, size_t dim) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    size_t k = 0;
    for (; k + 32 <= dim; k += 32) {
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(widen(a + k), widen(b + k)));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(widen(a + k + 16), widen(b + k + 16)));
    }
    if (k + 16 <= dim) {
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(widen(a + k), widen(b + k)));
        k += 16;
    }
    return sum8(_mm256_add_epi32(s0, s1)) + tail(a, b, k, dim);
}

/* Row after row: memory is read in one stream, which is what bounds the speed. */
static void scan(const int8_t *query, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    for (size_t i = 0; i < n_rows; i++) ret_dots[i] = dot(query, rows + i * dim, dim);
}

static inline __m256i wide(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The upper half of a widened value is its sign, times 0. */
static void add(int32_t *sum, const int8_t *row, int32_t by, size_t dim) {
    const __m256i f = _mm256_set1_epi32(by & 0xFFFF);
    size_t k = 0;
    for (; k + 8 <= dim; k += 8) {
        __m256i r = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(row + k)));
        __m256i s = _mm256_add_epi32(wide(sum + k), _mm256_madd_epi16(r, f));
        _mm256_storeu_si256((__m256i *)(void *)(sum + k), s);
    }
    for (; k < dim; k++) sum[k] += by * row[k];
}

static uint64_t squares(const int32_t *v, size_t dim) {
    __m256i s = _mm256_setzero_si256();
    uint64_t sum = 0;
    size_t k = 0;
    for (; k + 8 <= dim; k += 8) {
        __m256i even = wide(v + k), odd = _mm256_srli_epi64(even, 32);
        s = _mm256_add_epi64(s, _mm256_mul_epi32(even, even));
        s = _mm256_add_epi64(s, _mm256_mul_epi32(odd, odd));
    }
    uint64_t part[4];
    memcpy(part, &s, sizeof part);
    for (; k < dim; k++) sum += (uint64_t)((int64_t)v[k] * v[k]);
    return sum + part[0] + part[1] + part[2] + part[3];
}

static void scale(int32_t *v, double by, size_t dim) {
    const __m256d f = _mm256_set1_pd(by), sign = _mm256_set1_pd(-0.0), half = _mm256_set1_pd(0.5);
    size_t k = 0;
    for (; k + 4 <= dim; k += 4) {
        __m128i *at = (__m128i *)(void *)(v + k);
        __m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(_mm_loadu_si128(at)), f);
        x = _mm256_add_pd(x, _mm256_or_pd(half, _mm256_and_pd(x, sign)));
        _mm_storeu_si128(at, _mm256_cvttpd_epi32(x));
    }
    for (; k < dim; k++) {
        double x = v[k] * by;
        v[k] = (int32_t)(x + (x < 0 ? -0.5 : 0.5));
    }
}

/* Pairs of dimensions: 16 queries x 2 numbers of 16 bits. */
static void pack(const int8_t *const *queries, size_t n, size_t dim, void *ret_packed) {
    int16_t *p = ret_packed;
    for (size_t k = 0; k < (dim + 1) / 2 * 2; k++)
        for (size_t q = 0; q < SC_VEC_MANY; q++)
            p[k / 2 * 32 + q * 2 + k % 2] = q < n && k < dim ? queries[q][k] : 0;
}

enum {
    SIDE = 4 /* rows side by side: the products of one do not wait for each other */,
    PART = 256
};

/* Up to PART dimensions of a row as numbers of 16 bits; an odd one out gets a nought beside it. */
static inline void widen_part(const int8_t *p, size_t n, int16_t *ret) {
    size_t k = 0;
    for (; k + 16 <= n; k += 16) _mm256_storeu_si256((__m256i *)(void *)(ret + k), widen(p + k));
    for (; k < n; k++) ret[k] = p[k];
    if (n % 2) ret[n] = 0;
}

static inline void many_rows(const int16_t *packed, const int8_t *rows, size_t n_rows, size_t dim,
                             int32_t *ret_dots) {
    __m256i s[SIDE][2];
    int16_t wide[SIDE][PART];
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++) s[r][0] = s[r][1] = _mm256_setzero_si256();
    for (size_t from = 0; from < dim; from += PART) {
        const size_t n = dim - from < PART ? dim - from : PART;
        for (size_t r = 0; r < n_rows; r++) widen_part(rows + r * dim + from, n, wide[r]);
        for (size_t k = 0; k < n; k += 2) {
            const __m256i *at = (const __m256i *)(const void *)(packed + (from + k) * 16);
            const __m256i a = _mm256_loadu_si256(at), b = _mm256_loadu_si256(at + 1);
#pragma GCC unroll 4
            for (size_t r = 0; r < n_rows; r++) {
                int32_t pair;
                __builtin_memcpy(&pair, &wide[r][k], sizeof pair);
                const __m256i x = _mm256_set1_epi32(pair);
                s[r][0] = _mm256_add_epi32(s[r][0], _mm256_madd_epi16(a, x));
                s[r][1] = _mm256_add_epi32(s[r][1], _mm256_madd_epi16(b, x));
            }
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++) {
        __m256i *to = (__m256i *)(void *)(ret_dots + r * SC_VEC_MANY);
        _mm256_storeu_si256(to, s[r][0]);
        _mm256_storeu_si256(to + 1, s[r][1]);
    }
}

static void many(const void *packed, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    size_t i = 0;
    for (; i + SIDE <= n_rows; i += SIDE)
        many_rows(packed, rows + i * dim, SIDE, dim, ret_dots + i * SC_VEC_MANY);
    for (; i < n_rows; i++) many_rows(packed, rows + i * dim, 1, dim, ret_dots + i * SC_VEC_MANY);
}

static void spread(float *acc, const uint32_t *list, size_t n, uint32_t first, const float *w,
                   const float *scale) {
    const __m256 by_0 = _mm256_loadu_ps(w), by_1 = _mm256_loadu_ps(w + 8);
    for (size_t i = 0; i < n; i++) {
        float *to = acc + (size_t)((list[i] >> SC_VEC_POST_BITS) - first) * SC_VEC_MANY;
        const __m256 x = _mm256_set1_ps(scale[list[i] & ((1u << SC_VEC_POST_BITS) - 1)]);
        _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), _mm256_mul_ps(by_0, x)));
        _mm256_storeu_ps(to + 8, _mm256_add_ps(_mm256_loadu_ps(to + 8), _mm256_mul_ps(by_1, x)));
    }
}

static inline __m256i eight(const int8_t *p) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

static int64_t sum_dot(const int32_t *sum, const int8_t *v, size_t dim) {
    __m256i even = _mm256_setzero_si256(), odd = even;
    size_t k = 0;
    for (; k + 8 <= dim; k += 8) {
        const __m256i s = _mm256_loadu_si256((const __m256i *)(const void *)(sum + k));
        const __m256i x = eight(v + k);
        even = _mm256_add_epi64(even, _mm256_mul_epi32(s, x));
        odd = _mm256_add_epi64(
            odd, _mm256_mul_epi32(_mm256_srli_epi64(s, 32), _mm256_srli_epi64(x, 32)));
    }
    int64_t lanes[4], rest = 0;
    _mm256_storeu_si256((__m256i *)(void *)lanes, _mm256_add_epi64(even, odd));
    for (; k < dim; k++) rest += (int64_t)sum[k] * v[k];
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + rest;
}

const sc_vec_kernel sc_kernel_avx2 = {.name = "avx2",
                                      .dot = dot,
                                      .scan = scan,
                                      .pack = pack,
                                      .many = many,
                                      .spread = spread,
                                      .sum_dot = sum_dot,
                                      .add = add,
                                      .squares = squares,
                                      .scale = scale};
#endif
