/* Lanes of eight, AVX2 with FMA. The words are in lanes_scalar.h. */
#ifndef SC_EMBEDDERS_ENCODER_LANES_AVX2_H
#define SC_EMBEDDERS_ENCODER_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8 };
typedef __m256 vf;
typedef __m256i vi;

static inline vf f_set(float x) { return _mm256_set1_ps(x); }
static inline vf f_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void f_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
static inline vf f_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf f_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf f_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf f_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf f_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf f_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf f_of_i(vi a) { return _mm256_cvtepi32_ps(a); }
static inline vf f_of_s8(const int8_t *p) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}
static inline vi i_round(vf a) { return _mm256_cvtps_epi32(a); }
static inline vi i_set(int32_t x) { return _mm256_set1_epi32(x); }
static inline vi i_load(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline vi i_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
static inline vi i_mul(vi a, vi b) { return _mm256_mullo_epi32(a, b); }
static inline vf f_pow2(vi n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/* lanes_scalar.h's tree. */
#define LANES_TREE(name, op)                                                              \
    static inline float name(const vf *v) {                                               \
        __m256 o = _mm256_##op##_ps(v[0], v[1]);                                          \
        __m128 q = _mm_##op##_ps(_mm256_castps256_ps128(o), _mm256_extractf128_ps(o, 1)); \
        q = _mm_##op##_ps(q, _mm_movehl_ps(q, q));                                        \
        return _mm_cvtss_f32(_mm_##op##_ss(q, _mm_movehdup_ps(q)));                       \
    }
LANES_TREE(f_total, add)
LANES_TREE(f_least, min)
LANES_TREE(f_most, max)
static inline void transpose_8(const float *const from[8], size_t at, float *to, size_t stride) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) { /* pairs of rows, then of pairs, then of halves */
        __m256 x = f_load(from[i] + at), y = f_load(from[i + 1] + at);
        a[i] = _mm256_unpacklo_ps(x, y);
        a[i + 1] = _mm256_unpackhi_ps(x, y);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            b[i + 2 * k] = _mm256_shuffle_ps(a[i + k], a[i + k + 2], 0x44);
            b[i + 2 * k + 1] = _mm256_shuffle_ps(a[i + k], a[i + k + 2], 0xEE);
        }
    for (int i = 0; i < 4; i++) {
        f_store(to + (size_t)i * stride, _mm256_permute2f128_ps(b[i], b[i + 4], 0x20));
        f_store(to + (size_t)(i + 4) * stride, _mm256_permute2f128_ps(b[i], b[i + 4], 0x31));
    }
}
static inline void f_transpose(const float *const from[16], size_t at, float *to, size_t stride) {
    for (size_t d = 0; d < 16; d += 8)
        for (size_t j = 0; j < 16; j += 8)
            transpose_8(from + j, at + d, to + d * stride + j, stride);
}
static inline __m256i u8_of_32(const vi a[4]) { /* with saturation */
    __m256i w = _mm256_packus_epi16(_mm256_packs_epi32(a[0], a[1]), _mm256_packs_epi32(a[2], a[3]));
    return _mm256_permutevar8x32_epi32(w, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
static inline void u8_store_64(uint8_t *p, const vi a[8]) {
    _mm256_storeu_si256((__m256i *)(void *)p, u8_of_32(a));
    _mm256_storeu_si256((__m256i *)(void *)(p + 32), u8_of_32(a + 4));
}

#endif
