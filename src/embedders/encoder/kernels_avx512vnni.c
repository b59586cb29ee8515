/* AVX-512 VNNI: vpdpbusd adds four u8 x s8 products into 32 bits, exactly. Six rows by 64 outputs are
 * 24 sums; with four weight vectors and one spread value they fill 29 of the 32 registers. */
#include "embedders/encoder/kernels.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#include <math.h>

#include "embedders/encoder/lanes_avx512.h"

static inline __m512i spread(const uint8_t *p) { /* 4 inputs, sixteen times */
    int32_t four;
    memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
}

/* The sums are named one by one: gcc 12 spills an array of them, and halves the speed. */
#define ROW_BEGIN(r)                                                                \
    __m512i s##r##0 = _mm512_setzero_si512(), s##r##1 = s##r##0, s##r##2 = s##r##0, \
            s##r##3 = s##r##0;                                                      \
    const uint8_t *a##r = a + (r)*stride;
#define ROW_STEP(r)                                    \
    {                                                  \
        const __m512i x = spread(a##r + i);            \
        s##r##0 = _mm512_dpbusd_epi32(s##r##0, x, w0); \
        s##r##1 = _mm512_dpbusd_epi32(s##r##1, x, w1); \
        s##r##2 = _mm512_dpbusd_epi32(s##r##2, x, w2); \
        s##r##3 = _mm512_dpbusd_epi32(s##r##3, x, w3); \
    }
#define ROW_END(r)                                   \
    _mm512_storeu_si512(ret + (r)*64, s##r##0);      \
    _mm512_storeu_si512(ret + (r)*64 + 16, s##r##1); \
    _mm512_storeu_si512(ret + (r)*64 + 32, s##r##2); \
    _mm512_storeu_si512(ret + (r)*64 + 48, s##r##3);

#define EACH_1(m) m(0)
#define EACH_2(m) EACH_1(m) m(1)
#define EACH_3(m) EACH_2(m) m(2)
#define EACH_4(m) EACH_3(m) m(3)
#define EACH_5(m) EACH_4(m) m(4)
#define EACH_6(m) EACH_5(m) m(5)

#define STEP(n)                                                                           \
    {                                                                                     \
        const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64),        \
                      w2 = _mm512_loadu_si512(w + 128), w3 = _mm512_loadu_si512(w + 192); \
        EACH_##n(ROW_STEP) i += 4;                                                        \
        w += 256;                                                                         \
    }

#define TILE(n)                                                                                    \
    static void tile_##n(const uint8_t *a, size_t stride, const int8_t *w, size_t k, int32_t *ret, \
                         const int8_t *ahead, size_t lines) {                                      \
        EACH_##n(ROW_BEGIN) for (size_t i = 0; i < k;) {                                           \
            for (size_t b = 0; b < lines; b++, ahead += 64) __builtin_prefetch(ahead, 0, 2);       \
            STEP(n) STEP(n) STEP(n) STEP(n)                                                        \
        }                                                                                          \
        EACH_##n(ROW_END)                                                                          \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

static void tile(const uint8_t *a, size_t stride, size_t rows, const int8_t *w, size_t k,
                 const int8_t *ahead, size_t n_ahead, int32_t *ret) {
    const size_t lines = n_ahead / (k * 4);
    switch (rows) {
    case 1: tile_1(a, stride, w, k, ret, ahead, lines); break;
    case 2: tile_2(a, stride, w, k, ret, ahead, lines); break;
    case 3: tile_3(a, stride, w, k, ret, ahead, lines); break;
    case 4: tile_4(a, stride, w, k, ret, ahead, lines); break;
    case 5: tile_5(a, stride, w, k, ret, ahead, lines); break;
    default: tile_6(a, stride, w, k, ret, ahead, lines); break;
    }
}

enum { DEPTH_ROWS = 6, DEPTH_COLS = 4 };
#include "embedders/encoder/kernel_body.h"

const sc_enc_kernel sc_enc_kernel_avx512vnni = SC_ENC_KERNEL("avx512vnni");
#endif
