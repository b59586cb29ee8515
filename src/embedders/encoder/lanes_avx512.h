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
static inline void f_transpose(const float *const from[16], size_t at, float *to, size_t stride) {
    __m512 a[16], b[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) { /* pairs of rows, then of pairs */
        __m512 x = f_load(from[i] + at), y = f_load(from[i + 1] + at);
        a[i] = _mm512_unpacklo_ps(x, y);
        a[i + 1] = _mm512_unpackhi_ps(x, y);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4)
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) { /* b[i + c]: column c of each quarter, of rows i .. i + 3 */
            b[i + 2 * k] = _mm512_shuffle_ps(a[i + k], a[i + k + 2], 0x44);
            b[i + 2 * k + 1] = _mm512_shuffle_ps(a[i + k], a[i + k + 2], 0xEE);
        }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) { /* quarters 0 2 and 1 3 of all rows, then each by itself */
        __m512 lo = _mm512_shuffle_f32x4(b[c], b[c + 4], 0x88),
               hi = _mm512_shuffle_f32x4(b[c + 8], b[c + 12], 0x88);
        f_store(to + (size_t)c * stride, _mm512_shuffle_f32x4(lo, hi, 0x88));
        f_store(to + (size_t)(c + 8) * stride, _mm512_shuffle_f32x4(lo, hi, 0xDD));
        lo = _mm512_shuffle_f32x4(b[c], b[c + 4], 0xDD);
        hi = _mm512_shuffle_f32x4(b[c + 8], b[c + 12], 0xDD);
        f_store(to + (size_t)(c + 4) * stride, _mm512_shuffle_f32x4(lo, hi, 0x88));
        f_store(to + (size_t)(c + 12) * stride, _mm512_shuffle_f32x4(lo, hi, 0xDD));
    }
}
static inline void u8_store_64(uint8_t *p, const vi a[4]) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i w = _mm512_packus_epi16(_mm512_packs_epi32(a[0], a[1]), _mm512_packs_epi32(a[2], a[3]));
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, w));
}

#endif
