/* AVX-512 VNNI: vpdpbusd multiplies unsigned by signed bytes and adds four products into 32 bits
 * without saturation. A signed row becomes unsigned by flipping its top bit (row + 128), so
 *   sum (row + 128) * q = dot + 128 * sum q,
 * and 128 * sum q, the same for every row, is taken off at the end. */
#include "vec/kernels.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#include <immintrin.h>

static inline __m512i row(const int8_t *p) {
    return _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi8((char)0x80));
}

static inline __m512i row_part(const int8_t *p, __mmask64 m) {
    return _mm512_xor_si512(_mm512_maskz_loadu_epi8(m, p), _mm512_set1_epi8((char)0x80));
}

static inline __mmask64 rest_mask(size_t n) { return (__mmask64)((1ull << n) - 1); }

/* 128 * sum q */
static int32_t offset(const int8_t *q, size_t dim) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i s = _mm512_setzero_si512();
    size_t k = 0;
    for (; k + 64 <= dim; k += 64) s = _mm512_dpbusd_epi32(s, ones, _mm512_loadu_si512(q + k));
    if (k < dim)
        s = _mm512_dpbusd_epi32(s, ones, _mm512_maskz_loadu_epi8(rest_mask(dim - k), q + k));
    return 128 * _mm512_reduce_add_epi32(s);
}

/* 16 partial sums of (row + 128) * q. */
static inline __m512i partial(const int8_t *q, const int8_t *r, size_t dim) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t k = 0;
    for (; k + 128 <= dim; k += 128) {
        s0 = _mm512_dpbusd_epi32(s0, row(r + k), _mm512_loadu_si512(q + k));
        s1 = _mm512_dpbusd_epi32(s1, row(r + k + 64), _mm512_loadu_si512(q + k + 64));
    }
    if (k + 64 <= dim) {
        s0 = _mm512_dpbusd_epi32(s0, row(r + k), _mm512_loadu_si512(q + k));
        k += 64;
    }
    if (k < dim) {
        __mmask64 m = rest_mask(dim - k);
        s1 = _mm512_dpbusd_epi32(s1, row_part(r + k, m), _mm512_maskz_loadu_epi8(m, q + k));
    }
    return _mm512_add_epi32(s0, s1);
}

static inline int32_t raw(const int8_t *q, const int8_t *r, size_t dim) {
    return _mm512_reduce_add_epi32(partial(q, r, dim));
}

static int32_t dot(const int8_t *a, const int8_t *b, size_t dim) {
    return raw(a, b, dim) - offset(a, dim);
}

/* Lane sums of four vectors at once: cheaper than four reductions. */
static inline __m128i sum4(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i s = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i h = _mm256_add_epi32(_mm512_castsi512_si256(s), _mm512_extracti64x4_epi64(s, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
}

/* Row after row: memory is read in one stream, which is what bounds the speed. */
static void scan(const int8_t *query, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    const int32_t off = offset(query, dim);
    size_t i = 0;
    for (; i + 4 <= n_rows; i += 4, rows += 4 * dim) {
        __m512i s0 = partial(query, rows, dim), s1 = partial(query, rows + dim, dim);
        __m512i s2 = partial(query, rows + 2 * dim, dim), s3 = partial(query, rows + 3 * dim, dim);
        __m128i s = _mm_sub_epi32(sum4(s0, s1, s2, s3), _mm_set1_epi32(off));
        _mm_storeu_si128((__m128i *)(void *)(ret_dots + i), s);
    }
    for (; i < n_rows; i++, rows += dim) ret_dots[i] = raw(query, rows, dim) - off;
}

static inline __mmask16 rest_16(size_t n) { return (__mmask16)(n >= 16 ? 0xFFFF : (1u << n) - 1); }
static inline __mmask8 rest_8(size_t n) { return (__mmask8)(n >= 8 ? 0xFF : (1u << n) - 1); }

/* The upper half of a widened value is its sign, times 0. */
static void add(int32_t *sum, const int8_t *row_, int32_t by, size_t dim) {
    const __m512i f = _mm512_set1_epi32(by & 0xFFFF);
    for (size_t k = 0; k < dim; k += 16) {
        const __mmask16 m = rest_16(dim - k);
        __m512i r = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(m, row_ + k));
        __m512i s = _mm512_maskz_loadu_epi32(m, sum + k);
        _mm512_mask_storeu_epi32(sum + k, m, _mm512_add_epi32(s, _mm512_madd_epi16(r, f)));
    }
}

static uint64_t squares(const int32_t *v, size_t dim) {
    __m512i s = _mm512_setzero_si512();
    for (size_t k = 0; k < dim; k += 16) {
        __m512i even = _mm512_maskz_loadu_epi32(rest_16(dim - k), v + k),
                odd = _mm512_srli_epi64(even, 32);
        s = _mm512_add_epi64(s, _mm512_mul_epi32(even, even));
        s = _mm512_add_epi64(s, _mm512_mul_epi32(odd, odd));
    }
    return (uint64_t)_mm512_reduce_add_epi64(s);
}

static void scale(int32_t *v, double by, size_t dim) {
    const __m512d f = _mm512_set1_pd(by);
    const __m512i sign = _mm512_set1_epi64(INT64_MIN),
                  half = _mm512_castpd_si512(_mm512_set1_pd(0.5));
    for (size_t k = 0; k < dim; k += 8) {
        const __mmask8 m = rest_8(dim - k);
        __m512d x = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm256_maskz_loadu_epi32(m, v + k)), f);
        __m512i away = _mm512_or_si512(half, _mm512_and_si512(_mm512_castpd_si512(x), sign));
        x = _mm512_add_pd(x, _mm512_castsi512_pd(away));
        _mm256_mask_storeu_epi32(v + k, m, _mm512_cvttpd_epi32(x));
    }
}

/* Groups of four dimensions: 16 queries x 4 bytes, unsigned by flipping the top bit. A row's four bytes are
 * then the same for all lanes, and each lane sums up its own query:
 *   sum (q + 128) * row = dot + 128 * sum row. */
static void pack(const int8_t *const *queries, size_t n, size_t dim, void *ret_packed) {
    uint8_t *p = ret_packed;
    for (size_t k = 0; k < (dim + 3) / 4 * 4; k++)
        for (size_t q = 0; q < SC_VEC_MANY; q++)
            p[k / 4 * 64 + q * 4 + k % 4] =
                (uint8_t)((q < n && k < dim ? queries[q][k] : 0) ^ 0x80);
}

static inline int32_t four(const int8_t *p, size_t n) {
    int32_t x = 0;
    __builtin_memcpy(&x, p, n);
    return x;
}

enum { SIDE = 8 }; /* rows side by side: the products of one do not wait for each other */

static inline void many_rows(const uint8_t *packed, const int8_t *rows, size_t n_rows, size_t dim,
                             int32_t *ret_dots) {
    __m512i s[SIDE];
    size_t k = 0;
#pragma GCC unroll 8
    for (size_t r = 0; r < n_rows; r++) s[r] = _mm512_setzero_si512();
    for (; k + 4 <= dim; k += 4) {
        const __m512i q = _mm512_loadu_si512(packed + k * 16);
#pragma GCC unroll 8
        for (size_t r = 0; r < n_rows; r++)
            s[r] = _mm512_dpbusd_epi32(s[r], q, _mm512_set1_epi32(four(rows + r * dim + k, 4)));
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < n_rows; r++) {
        if (k < dim)
            s[r] = _mm512_dpbusd_epi32(s[r], _mm512_loadu_si512(packed + k * 16),
                                       _mm512_set1_epi32(four(rows + r * dim + k, dim - k)));
        _mm512_storeu_si512(ret_dots + r * SC_VEC_MANY,
                            _mm512_sub_epi32(s[r], _mm512_set1_epi32(offset(rows + r * dim, dim))));
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
    const __m512 by = _mm512_loadu_ps(w);
    for (size_t i = 0; i < n; i++) {
        float *to = acc + (size_t)((list[i] >> SC_VEC_POST_BITS) - first) * SC_VEC_MANY;
        const __m512 x = _mm512_set1_ps(scale[list[i] & ((1u << SC_VEC_POST_BITS) - 1)]);
        _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_mul_ps(by, x)));
    }
}

static int64_t sum_dot(const int32_t *sum, const int8_t *v, size_t dim) {
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (size_t k = 0; k < dim; k += 16) {
        const __mmask16 m = rest_16(dim - k);
        const __m512i x = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(m, v + k));
        const __m512i s = _mm512_maskz_loadu_epi32(m, sum + k);
        even = _mm512_add_epi64(even, _mm512_mul_epi32(s, x));
        odd = _mm512_add_epi64(
            odd, _mm512_mul_epi32(_mm512_srli_epi64(s, 32), _mm512_srli_epi64(x, 32)));
    }
    return _mm512_reduce_add_epi64(_mm512_add_epi64(even, odd));
}

const sc_vec_kernel sc_kernel_avx512vnni = {.name = "avx512vnni",
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
