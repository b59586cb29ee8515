/* AVX2: bytes are sign-extended to 16 bits and multiplied with vpmaddwd, whose 32-bit sums are
 * exact (vpmaddubsw would saturate at 16 bits). */
#include "vec/kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>

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

const sc_vec_kernel sc_kernel_avx2 = {.name = "avx2", .dot = dot, .scan = scan};
#endif
