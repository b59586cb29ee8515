/* The encoder's arithmetic: u8 x s8 matrix products and what lies between them.
 *
 * Three sets of kernels with one meaning: scalar (the truth), AVX2 with FMA, AVX-512 VNNI. They give
 * the same bits, the floating-point ones too: lanes_scalar.h says how. The best that this CPU has is
 * taken; SOULCASTER_SIMD=scalar|avx2|avx512vnni forces one, as in vec/kernels.h.
 *
 * A row is one token's values; rows of all texts of a batch lie one after the other, without padding.
 * Widths (k, n) are multiples of 64. No pointer need be aligned. Threads: everything is thread-safe. */
#ifndef SC_EMBEDDERS_ENCODER_KERNELS_H
#define SC_EMBEDDERS_ENCODER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    SC_ENC_TILE_ROWS = 6, /* of a product's register tile: 24 sums in 32 registers */
    SC_ENC_TILE_COLS = 64,
    SC_ENC_MAX_WIDTH = 4096, /* k and n: 255 * 127 * 4096 < 2^31, and i_round's range */
    SC_ENC_MAX_TOKENS = 512, /* of one text */
    SC_ENC_HEAD_STEP = 32,   /* a head's width is a multiple of this */
    SC_ENC_MAX_HEAD = 128,
};

/* Quantised rows: value = (q - zero) * scale, a scale and a zero point for each row. */
typedef struct sc_enc_rows {
    uint8_t *q; /* m x k */
    float *scale;
    int32_t *zero; /* 0..255 */
} sc_enc_rows;

/* y = x W + b with s8 weights and a scale for each of the n outputs. `w` is n / 64 tiles, each k / 4
 * groups of 64 outputs x 4 inputs: byte ((t * k/4 + g) * 64 + j) * 4 + i is the weight of input
 * 4g + i for output 64t + j. It is what vpdpbusd reads; the other kernels read the same. */
typedef struct sc_enc_linear {
    uint32_t k, n;
    const int8_t *w;    /* k * n, -127..127             */
    const int32_t *sum; /* n: of an output's weights    */
    const float *scale; /* n                            */
    const float *bias;  /* n                            */
} sc_enc_linear;

typedef enum sc_enc_then {
    SC_ENC_PLAIN,
    SC_ENC_GELU, /* the exact one, 0.5 x (1 + erf(x / sqrt 2)), to 3.2e-5 of 1 or of x */
    SC_ENC_ADD,  /* to what is in `out` */
} sc_enc_then;

typedef struct sc_enc_norm {
    const float *gamma, *beta;
    float eps;
} sc_enc_norm;

typedef struct sc_enc_kernel {
    const char *name;
    /* ret[r * 64 + j] = sum of a[r * stride + i] * weight(i, j), i < k: exact. rows 1..6, k a multiple
     * of 16. `w` is one tile. Meanwhile n_ahead bytes, a multiple of 4 k, may be fetched towards the caches. */
    void (*tile)(const uint8_t *a, size_t stride, size_t rows, const int8_t *w, size_t k,
                 const int8_t *ahead, size_t n_ahead, int32_t *ret);
    /* out (m x n, rows `stride` floats apart) = then(a W + b). */
    void (*linear)(const sc_enc_linear *l, const sc_enc_rows *a, size_t m, sc_enc_then then,
                   float *out, size_t stride);
    /* m rows of n floats to u8: zero is exact, the rest to the nearest of 255 steps between the
     * row's least and greatest value. */
    void (*quantise)(const float *x, size_t m, size_t n, const sc_enc_rows *ret);
    /* LayerNorm of m rows in place (Ba, Kiros, Hinton 2016). */
    void (*norm)(float *x, size_t m, size_t n, const sc_enc_norm *norm);
    /* ret (n) = words * word_scale + place + kind: one row of the embedding tables. */
    void (*embed)(const int8_t *word, float word_scale, const float *place, const float *kind,
                  size_t n, float *ret);
    /* Attention of one text of n tokens (Vaswani et al. 2017): qkv is n rows of 3 x width (queries,
     * keys, values; heads side by side), ret is n rows of width. `scratch` holds
     * sc_enc_attend_floats(n, width / heads). */
    void (*attend)(const float *qkv, size_t n, size_t width, size_t heads, float *scratch,
                   float *ret);
    /* The mean of n rows, or the first one when n = 1, as a unit vector times 127; zeros for zeros. */
    void (*pool)(const float *x, size_t n, size_t width, int8_t *ret);
} sc_enc_kernel;

size_t sc_enc_attend_floats(size_t n, size_t head);

/* The kernels in use; the first call decides. */
const sc_enc_kernel *sc_enc_kernels_get(void);
/* By name, or NULL where this build or CPU has none of that name. */
const sc_enc_kernel *sc_enc_kernels_find(const char *name);

extern const sc_enc_kernel sc_enc_kernel_scalar;
#if defined(__x86_64__)
extern const sc_enc_kernel sc_enc_kernel_avx2;
extern const sc_enc_kernel sc_enc_kernel_avx512vnni;
#endif

#endif
