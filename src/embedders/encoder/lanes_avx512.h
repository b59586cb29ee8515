/* Lanes of sixteen, AVX-512. The words are in lanes_scalar.h. */
#ifndef SC_EMBEDDERS_ENCODER_LANES_AVX512_H
#define SC_EMBEDDERS_ENCODER_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };
typedef __m512 vf;
typedef __m512i vi;

static inline vf f_set(float x) { return _mm512_set1_ps(x); }
static inline vf f_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void f_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
static inline vf f_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf f_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf f_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf f_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf f_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf f_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf f_of_i(vi a) { return _mm512_cvtepi32_ps(a); }
static inline vf f_of_s8(const int8_t *p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}
static inline vi i_round(vf a) { return _mm512_cvtps_epi32(a); }
static inline vi i_set(int32_t x) { return _mm512_set1_epi32(x); }
static inline vi i_load(const int32_t *p) { return _mm512_loadu_si512(p); }
static inline vi i_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
static inline vi i_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
static inline vf f_pow2(vi n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(127)), 23));
}
/* lanes_scalar.h's tree. */
#define LANES_TREE(name, op)                                                                  \
    static inline float name(const vf *v) {                                                   \
        __m256 o =                                                                            \
            _mm256_##op##_ps(_mm512_castps512_ps256(v[0]),                                    \
                             _mm512_castps512_ps256(_mm512_shuffle_f32x4(v[0], v[0], 0xEE))); \
        __m128 q = _mm_##op##_ps(_mm256_castps256_ps128(o), _mm256_extractf128_ps(o, 1));     \
        q = _mm_##op##_ps(q, _mm_movehl_ps(q, q));                                            \
        return _mm_cvtss_f32(_mm_##op##_ss(q, _mm_movehdup_ps(q)));                           \
    }
LANES_TREE(f_total, add)
LANES_TREE(f_least, min)
LANES_TREE(f_most, max)
static inline void u8_store(uint8_t *p, vi a) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(a));
}

#endif
