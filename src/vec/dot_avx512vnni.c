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

static inline int32_t raw(const int8_t *q, const int8_t *r, size_t dim) {
    __m512i s = _mm512_setzero_si512();
    size_t k = 0;
    for (; k + 64 <= dim; k += 64)
        s = _mm512_dpbusd_epi32(s, row(r + k), _mm512_loadu_si512(q + k));
    if (k < dim) {
        __mmask64 m = rest_mask(dim - k);
        s = _mm512_dpbusd_epi32(s, row_part(r + k, m), _mm512_maskz_loadu_epi8(m, q + k));
    }
    return _mm512_reduce_add_epi32(s);
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

static void scan(const int8_t *query, const int8_t *rows, size_t n_rows, size_t dim,
                 int32_t *ret_dots) {
    const int32_t off = offset(query, dim);
    const size_t whole = dim & ~(size_t)63;
    const __mmask64 m = rest_mask(dim - whole);
    size_t i = 0;
    for (; i + 4 <= n_rows; i += 4) {
        const int8_t *r0 = rows + i * dim, *r1 = r0 + dim, *r2 = r1 + dim, *r3 = r2 + dim;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t k = 0; k < whole; k += 64) {
            __m512i q = _mm512_loadu_si512(query + k);
            s0 = _mm512_dpbusd_epi32(s0, row(r0 + k), q);
            s1 = _mm512_dpbusd_epi32(s1, row(r1 + k), q);
            s2 = _mm512_dpbusd_epi32(s2, row(r2 + k), q);
            s3 = _mm512_dpbusd_epi32(s3, row(r3 + k), q);
        }
        if (m) {
            __m512i q = _mm512_maskz_loadu_epi8(m, query + whole);
            s0 = _mm512_dpbusd_epi32(s0, row_part(r0 + whole, m), q);
            s1 = _mm512_dpbusd_epi32(s1, row_part(r1 + whole, m), q);
            s2 = _mm512_dpbusd_epi32(s2, row_part(r2 + whole, m), q);
            s3 = _mm512_dpbusd_epi32(s3, row_part(r3 + whole, m), q);
        }
        __m128i s = _mm_sub_epi32(sum4(s0, s1, s2, s3), _mm_set1_epi32(off));
        _mm_storeu_si128((__m128i *)(void *)(ret_dots + i), s);
    }
    for (; i < n_rows; i++) ret_dots[i] = raw(query, rows + i * dim, dim) - off;
}

const sc_vec_kernel sc_kernel_avx512vnni = {.name = "avx512vnni", .dot = dot, .scan = scan};
#endif
