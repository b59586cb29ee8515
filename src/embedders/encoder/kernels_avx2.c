/* AVX2. vpmaddubsw saturates its 16-bit sums, so weights and values are widened to 16 bits and
 * multiplied with vpmaddwd, which is exact: two products into 32 bits. */
#include "embedders/encoder/kernels.h"

#if defined(__AVX2__) && defined(__FMA__)
#include <math.h>

#include "embedders/encoder/lanes_avx2.h"

enum { WIDE_ROWS = 3, WIDE_COLS = 16 };

static inline __m256i widen(const int8_t *p) { /* 4 outputs x 4 inputs */
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline __m256i spread(const uint8_t *p) { /* 4 inputs, four times */
    int32_t four;
    memcpy(&four, p, 4);
    return _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(four)));
}

/* Pairs of sums of four outputs each, to eight sums. */
static inline void put(int32_t *to, __m256i a, __m256i b) {
    __m256i s = _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), 0xD8);
    _mm256_storeu_si256((__m256i *)(void *)to, s);
}

/* `rows` x 16 outputs. */
static inline __attribute__((always_inline)) void narrow(const uint8_t *a, size_t stride, int rows,
                                                         const int8_t *w, size_t k, int32_t *ret) {
    __m256i s[WIDE_ROWS][4];
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) s[r][c] = _mm256_setzero_si256();
    for (size_t i = 0; i < k; i += 4) {
        __m256i x[WIDE_ROWS];
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++) x[r] = spread(a + (size_t)r * stride + i);
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) {
            __m256i g = widen(w + i * SC_ENC_TILE_COLS + 16 * c);
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++)
                s[r][c] = _mm256_add_epi32(s[r][c], _mm256_madd_epi16(x[r], g));
        }
    }
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++) {
        put(ret + r * SC_ENC_TILE_COLS, s[r][0], s[r][1]);
        put(ret + r * SC_ENC_TILE_COLS + 8, s[r][2], s[r][3]);
    }
}

static void tile(const uint8_t *a, size_t stride, size_t rows, const int8_t *w, size_t k,
                 const int8_t *ahead, size_t n_ahead, int32_t *ret) {
    (void)ahead; /* this one is too slow to wait for memory */
    (void)n_ahead;
    size_t r = 0;
    for (; r + WIDE_ROWS <= rows; r += WIDE_ROWS)
        for (int c = 0; c < SC_ENC_TILE_COLS; c += WIDE_COLS)
            narrow(a + r * stride, stride, WIDE_ROWS, w + 4 * c, k, ret + r * SC_ENC_TILE_COLS + c);
    for (; r < rows; r++)
        for (int c = 0; c < SC_ENC_TILE_COLS; c += WIDE_COLS)
            narrow(a + r * stride, stride, 1, w + 4 * c, k, ret + r * SC_ENC_TILE_COLS + c);
}

enum { DEPTH_ROWS = 3, DEPTH_COLS = 4 };
#include "embedders/encoder/kernel_body.h"

const sc_enc_kernel sc_enc_kernel_avx2 = SC_ENC_KERNEL("avx2");
#endif
