/* Lanes of one: the meaning of the encoder's arithmetic, and the path of machines without AVX2.
 *
 * forward.h's kernels are written once (kernel_body.h) over a "vector" of LANES floats; three files
 * compile them with three widths. An operation does the same to each lane whatever the width, every
 * multiply-add is a fused one (one rounding), sums over many values always go through 16 partial
 * sums that are added in one tree. So all paths give the same bits. Threads: functions of values. */
#ifndef SC_EMBEDDERS_ENCODER_LANES_SCALAR_H
#define SC_EMBEDDERS_ENCODER_LANES_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 1 };
typedef float vf;
typedef int32_t vi;

static inline vf f_set(float x) { return x; }
static inline vf f_load(const float *p) { return *p; }
static inline void f_store(float *p, vf x) { *p = x; }
static inline vf f_add(vf a, vf b) { return a + b; }
static inline vf f_sub(vf a, vf b) { return a - b; }
static inline vf f_mul(vf a, vf b) { return a * b; }
static inline vf f_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }
/* As the instructions have it: the second where the two compare equal. */
static inline vf f_min(vf a, vf b) { return a < b ? a : b; }
static inline vf f_max(vf a, vf b) { return a > b ? a : b; }
static inline vf f_of_i(vi a) { return (float)a; }
static inline vf f_of_s8(const int8_t *p) { return (float)*p; }
/* To the nearest, ties to even; for |a| < 2^22. */
static inline vi i_round(vf a) {
    float moved = a + 12582912.0f; /* 1.5 * 2^23: the sum has no room for a fraction */
    int32_t bits;
    memcpy(&bits, &moved, 4);
    return bits - 0x4B400000;
}
static inline vi i_set(int32_t x) { return x; }
static inline vi i_load(const int32_t *p) { return *p; }
static inline vi i_sub(vi a, vi b) { return a - b; }
static inline vi i_mul(vi a, vi b) { return a * b; }
/* 2^n for -126 <= n <= 127. */
static inline vf f_pow2(vi n) {
    int32_t bits = (int32_t)((uint32_t)(n + 127) << 23);
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
/* Sixteen lanes to one: lanes l and l + 8, then l + 4, l + 2, l + 1. */
#define LANES_TREE(name, op)                                             \
    static inline float name(const vf v[16]) {                           \
        vf s[16];                                                        \
        memcpy(s, v, sizeof s);                                          \
        for (int half = 8; half; half /= 2)                              \
            for (int i = 0; i < half; i++) s[i] = op(s[i], s[i + half]); \
        return s[0];                                                     \
    }
LANES_TREE(f_total, f_add)
LANES_TREE(f_least, f_min)
LANES_TREE(f_most, f_max)
/* to[d * stride + j] = from[j][at + d], d and j < 16. */
static inline void f_transpose(const float *const from[16], size_t at, float *to, size_t stride) {
    for (size_t j = 0; j < 16; j++)
        for (size_t d = 0; d < 16; d++) to[d * stride + j] = from[j][at + d];
}
/* 64 values, as the nearest of 0..255. */
static inline void u8_store_64(uint8_t *p, const vi a[64]) {
    for (int i = 0; i < 64; i++) p[i] = (uint8_t)(a[i] < 0 ? 0 : a[i] > 255 ? 255 : a[i]);
}

#endif
