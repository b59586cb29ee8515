/* All kernels but the integer tile, over the lanes that the including file chose. A .c file includes
 * lanes_*.h, defines `tile`, `DEPTH_ROWS` and `DEPTH_COLS` (the register tile of attention, in rows and
 * vectors), and includes this once. */
#ifndef SC_EMBEDDERS_ENCODER_KERNEL_BODY_H
#define SC_EMBEDDERS_ENCODER_KERNEL_BODY_H

#include "embedders/encoder/kernels.h"

#define FORCED static inline __attribute__((always_inline))

enum { PARTS = 16 / LANES }; /* vectors that make 16 partial sums */

/* ---- Sixteen partial sums --------------------------------------------------------------------- */

typedef struct parts {
    vf v[PARTS];
} parts;

FORCED parts parts_of(float x) {
    parts p;
    for (int i = 0; i < PARTS; i++) p.v[i] = f_set(x);
    return p;
}

/* ---- Functions of a value ----------------------------------------------------------------------- */

/* GELU(x) = x Phi(x). Phi(x) - 1/2 is x times a polynomial of degree 8 in x^2, fitted at Chebyshev
 * nodes over |x| <= 4 (t runs from -1 to 1); beyond, Phi stays what it is at 4. Off by 3.2e-5 at most
 * within, by 3.2e-5 |x| beyond: far below a step of the quantisation that follows. */
FORCED vf gelu(vf x) {
    static const float c[] = {1.759501642e-01f,  -8.430131655e-02f, 5.591522291e-02f,
                              -3.713346277e-02f, 2.266773498e-02f,  -1.154668287e-02f,
                              5.828486749e-03f,  -3.991263335e-03f, 1.605170928e-03f};
    vf near = f_max(f_min(x, f_set(4.0f)), f_set(-4.0f));
    vf t = f_fma(f_mul(near, near), f_set(2.0f / (4.0f * 4.0f)), f_set(-1.0f));
    vf r = f_fma(f_set(c[8]), t, f_set(c[7]));
    r = f_fma(r, t, f_set(c[6]));
    r = f_fma(r, t, f_set(c[5]));
    r = f_fma(r, t, f_set(c[4]));
    r = f_fma(r, t, f_set(c[3]));
    r = f_fma(r, t, f_set(c[2]));
    r = f_fma(r, t, f_set(c[1]));
    r = f_fma(r, t, f_set(c[0]));
    return f_mul(x, f_fma(near, r, f_set(0.5f)));
}

/* 2^t for t <= 0; below -126 as at -126. Taylor series of 2^r, |r| <= 1/2: to 2e-7 of the value. */
FORCED vf power_of_2(vf t) {
    t = f_max(t, f_set(-126.0f));
    vi n = i_round(t);
    vf r = f_sub(t, f_of_i(n));
    vf p = f_set(1.540353e-4f);
    p = f_fma(p, r, f_set(1.3333558e-3f));
    p = f_fma(p, r, f_set(9.6181291e-3f));
    p = f_fma(p, r, f_set(5.5504109e-2f));
    p = f_fma(p, r, f_set(2.4022651e-1f));
    p = f_fma(p, r, f_set(6.9314718e-1f));
    p = f_fma(p, r, f_set(1.0f));
    return f_mul(p, f_pow2(n));
}

/* ---- Products ----------------------------------------------------------------------------------- */

/* The sums of a tile to floats. */
FORCED void finish(const sc_enc_linear *l, size_t col, const int32_t *sums, size_t rows,
                   const float *scale, const int32_t *zero, sc_enc_then then, float *out,
                   size_t stride) {
    for (size_t j = 0; j < SC_ENC_TILE_COLS; j += LANES) {
        const vf by = f_load(l->scale + col + j), bias = f_load(l->bias + col + j);
        const vi sum = i_load(l->sum + col + j);
        for (size_t r = 0; r < rows; r++) {
            float *to = out + r * stride + j;
            vi whole = i_sub(i_load(sums + r * SC_ENC_TILE_COLS + j), i_mul(i_set(zero[r]), sum));
            vf v = f_fma(f_mul(f_of_i(whole), f_set(scale[r])), by, bias);
            if (then == SC_ENC_GELU) v = gelu(v);
            if (then == SC_ENC_ADD) v = f_add(v, f_load(to));
            f_store(to, v);
        }
    }
}

FORCED void linear_then(const sc_enc_linear *l, const sc_enc_rows *a, size_t m, sc_enc_then then,
                        float *out, size_t stride) {
    int32_t sums[SC_ENC_TILE_ROWS * SC_ENC_TILE_COLS];
    for (size_t col = 0; col < l->n; col += SC_ENC_TILE_COLS) {
        const int8_t *w = l->w + col * l->k;
        const int8_t *ahead = w + SC_ENC_TILE_COLS * l->k, *end = l->w + (size_t)l->n * l->k;
        const size_t share =
            SC_ENC_TILE_COLS * l->k / ((m + SC_ENC_TILE_ROWS - 1) / SC_ENC_TILE_ROWS);
        for (size_t row = 0; row < m; row += SC_ENC_TILE_ROWS) {
            size_t rows = m - row < SC_ENC_TILE_ROWS ? m - row : SC_ENC_TILE_ROWS;
            for (size_t b = 0; b < share && ahead < end; b += 64, ahead += 64)
                __builtin_prefetch(ahead, 0, 2); /* the next tile, from the outer cache */
            tile(a->q + row * l->k, l->k, rows, w, l->k, sums);
            float *to = out + row * stride + col;
            if (rows == SC_ENC_TILE_ROWS) /* a count that the compiler knows */
                finish(l, col, sums, SC_ENC_TILE_ROWS, a->scale + row, a->zero + row, then, to,
                       stride);
            else
                finish(l, col, sums, rows, a->scale + row, a->zero + row, then, to, stride);
        }
    }
}

static void linear(const sc_enc_linear *l, const sc_enc_rows *a, size_t m, sc_enc_then then,
                   float *out, size_t stride) {
    switch (then) {
    case SC_ENC_PLAIN: linear_then(l, a, m, SC_ENC_PLAIN, out, stride); break;
    case SC_ENC_GELU: linear_then(l, a, m, SC_ENC_GELU, out, stride); break;
    case SC_ENC_ADD: linear_then(l, a, m, SC_ENC_ADD, out, stride); break;
    }
}

/* ---- Rows ----------------------------------------------------------------------------------------- */

static void quantise(const float *x, size_t m, size_t n, const sc_enc_rows *ret) {
    for (size_t row = 0; row < m; row++, x += n) {
        parts lo = parts_of(0), hi = parts_of(0);
        for (size_t i = 0; i < n; i += 16)
            for (int p = 0; p < PARTS; p++) {
                vf v = f_load(x + i + (size_t)p * LANES);
                lo.v[p] = f_min(lo.v[p], v);
                hi.v[p] = f_max(hi.v[p], v);
            }
        float from = f_least(lo.v), range = f_most(hi.v) - from;
        float per_step = range > 0 ? 255.0f / range : 0;
        float zero = -from * per_step; /* 0..255 and a rounding */
        int32_t z = (int32_t)(zero + 0.5f);
        if (z > 255) z = 255;
        ret->scale[row] = range * (1.0f / 255.0f);
        ret->zero[row] = z;
        const vf k = f_set(per_step), base = f_set((float)z);
        const vf floor = f_set(0), ceiling = f_set(255);
        uint8_t *q = ret->q + row * n;
        for (size_t i = 0; i < n; i += LANES) {
            vf v = f_fma(f_load(x + i), k, base);
            u8_store(q + i, i_round(f_min(f_max(v, floor), ceiling)));
        }
    }
}

static void norm(float *x, size_t m, size_t n, const sc_enc_norm *norm_) {
    for (size_t row = 0; row < m; row++, x += n) {
        parts sum = parts_of(0), square = parts_of(0);
        for (size_t i = 0; i < n; i += 16)
            for (int p = 0; p < PARTS; p++)
                sum.v[p] = f_add(sum.v[p], f_load(x + i + (size_t)p * LANES));
        const vf mean = f_set(f_total(sum.v) / (float)n);
        for (size_t i = 0; i < n; i += 16)
            for (int p = 0; p < PARTS; p++) {
                vf d = f_sub(f_load(x + i + (size_t)p * LANES), mean);
                square.v[p] = f_fma(d, d, square.v[p]);
            }
        const vf by = f_set(1.0f / sqrtf(f_total(square.v) / (float)n + norm_->eps));
        for (size_t i = 0; i < n; i += LANES) {
            vf d = f_mul(f_sub(f_load(x + i), mean), by);
            f_store(x + i, f_fma(d, f_load(norm_->gamma + i), f_load(norm_->beta + i)));
        }
    }
}

static void embed(const int8_t *word, float word_scale, const float *place, const float *kind,
                  size_t n, float *ret) {
    const vf s = f_set(word_scale);
    for (size_t i = 0; i < n; i += LANES)
        f_store(ret + i, f_add(f_fma(f_of_s8(word + i), s, f_load(place + i)), f_load(kind + i)));
}

static void pool(const float *x, size_t n, size_t width, int8_t *ret) {
    float mean[SC_ENC_MAX_WIDTH];
    parts square = parts_of(0);
    for (size_t i = 0; i < width; i += 16)
        for (int p = 0; p < PARTS; p++) {
            size_t at = i + (size_t)p * LANES;
            vf s = f_load(x + at);
            for (size_t row = 1; row < n; row++) s = f_add(s, f_load(x + row * width + at));
            f_store(mean + at, s);
            square.v[p] = f_fma(s, s, square.v[p]);
        }
    float length = sqrtf(f_total(square.v)), by = length > 0 ? 127.0f / length : 0;
    for (size_t i = 0; i < width; i++) {
        float v = mean[i] * by;
        ret[i] = (int8_t)(v < 0 ? v - 0.5f : v + 0.5f);
    }
}

/* ---- Attention ------------------------------------------------------------------------------------ */

/* `rows` queries against `cols` vectors of keys: ret[r * stride + ...] = q_r . k. */
FORCED void scores_tile(const float *q, size_t q_stride, const float *keys, size_t padded,
                        size_t head, int rows, int cols, float *ret, size_t stride) {
    vf s[DEPTH_ROWS][DEPTH_COLS];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
        for (int c = 0; c < cols; c++) s[r][c] = f_set(0);
    for (size_t d = 0; d < head; d++) {
        vf k[DEPTH_COLS];
#pragma GCC unroll 16
        for (int c = 0; c < cols; c++) k[c] = f_load(keys + d * padded + (size_t)c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            vf one = f_set(q[(size_t)r * q_stride + d]);
#pragma GCC unroll 16
            for (int c = 0; c < cols; c++) s[r][c] = f_fma(one, k[c], s[r][c]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
        for (int c = 0; c < cols; c++)
            f_store(ret + (size_t)r * stride + (size_t)c * LANES, s[r][c]);
}

/* Scores to 2^(by * (score - greatest)); 1 / their sum. Scores behind n are of padding. */
FORCED float soften(float *s, size_t n, size_t padded, float by) {
    parts top = parts_of(-1e30f), sum = parts_of(0);
    for (size_t i = n; i < padded; i++) s[i] = -1e30f;
    for (size_t i = 0; i < padded; i += 16)
        for (int p = 0; p < PARTS; p++)
            top.v[p] = f_max(top.v[p], f_load(s + i + (size_t)p * LANES));
    const vf greatest = f_set(f_most(top.v)), k = f_set(by);
    for (size_t i = 0; i < padded; i += 16)
        for (int p = 0; p < PARTS; p++) {
            float *at = s + i + (size_t)p * LANES;
            vf e = power_of_2(f_mul(f_sub(f_load(at), greatest), k));
            sum.v[p] = f_add(sum.v[p], e);
            f_store(at, e);
        }
    return 1.0f / f_total(sum.v);
}

/* `rows` outputs of SC_ENC_HEAD_STEP values: the values weighted by `s`, times `by`. */
FORCED void values_tile(const float *s, size_t stride, const float *values, size_t head, size_t n,
                        int rows, const float *by, float *ret, size_t ret_stride) {
    enum { COLS = SC_ENC_HEAD_STEP / LANES };
    vf sum[DEPTH_ROWS][COLS];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 32
        for (int c = 0; c < COLS; c++) sum[r][c] = f_set(0);
    for (size_t j = 0; j < n; j++) {
        vf v[COLS];
#pragma GCC unroll 32
        for (int c = 0; c < COLS; c++) v[c] = f_load(values + j * head + (size_t)c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            vf one = f_set(s[(size_t)r * stride + j]);
#pragma GCC unroll 32
            for (int c = 0; c < COLS; c++) sum[r][c] = f_fma(one, v[c], sum[r][c]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 32
        for (int c = 0; c < COLS; c++)
            f_store(ret + (size_t)r * ret_stride + (size_t)c * LANES,
                    f_mul(sum[r][c], f_set(by[r])));
}

/* One head's keys (transposed, padded with zeros) and values, out of the rows of qkv. */
static void gather(const float *qkv, size_t n, size_t width, size_t head, size_t padded,
                   float *keys, float *values) {
    for (size_t j = 0; j < n; j++) {
        const float *k = qkv + j * 3 * width + width;
        for (size_t d = 0; d < head; d++) keys[d * padded + j] = k[d];
        memcpy(values + j * head, k + width, head * sizeof *values);
    }
    for (size_t d = 0; d < head; d++) memset(keys + d * padded + n, 0, (padded - n) * sizeof *keys);
}

FORCED void attend_rows(const float *q, size_t n, size_t width, size_t head, size_t padded,
                        int rows, const float *keys, const float *values, float *s, float *ret) {
    float by[DEPTH_ROWS];
    const float scale = 1.44269504f / sqrtf((float)head); /* log2(e): powers of 2, not of e */
    size_t j = 0;
    for (; j + DEPTH_COLS * LANES <= padded; j += DEPTH_COLS * LANES)
        scores_tile(q, 3 * width, keys + j, padded, head, rows, DEPTH_COLS, s + j, padded);
    for (; j + DEPTH_COLS / 2 * LANES <= padded; j += DEPTH_COLS / 2 * LANES)
        scores_tile(q, 3 * width, keys + j, padded, head, rows, DEPTH_COLS / 2, s + j, padded);
    for (; j < padded; j += LANES)
        scores_tile(q, 3 * width, keys + j, padded, head, rows, 1, s + j, padded);
    for (int r = 0; r < rows; r++) by[r] = soften(s + (size_t)r * padded, n, padded, scale);
    for (size_t d = 0; d < head; d += SC_ENC_HEAD_STEP)
        values_tile(s, padded, values + d, head, n, rows, by, ret + d, width);
}

static void attend(const float *qkv, size_t n, size_t width, size_t heads, float *scratch,
                   float *ret) {
    const size_t head = width / heads, padded = (n + 15) / 16 * 16;
    float *keys = scratch, *values = keys + head * padded, *s = values + n * head;
    for (size_t h = 0; h < heads; h++) {
        const float *q = qkv + h * head;
        gather(q, n, width, head, padded, keys, values);
        if (n < DEPTH_ROWS) {
            for (size_t i = 0; i < n; i++)
                attend_rows(q + i * 3 * width, n, width, head, padded, 1, keys, values, s,
                            ret + i * width + h * head);
            continue;
        }
        for (size_t i = 0; i < n; i += DEPTH_ROWS) {
            if (i + DEPTH_ROWS > n) i = n - DEPTH_ROWS; /* the last tile does some rows again */
            attend_rows(q + i * 3 * width, n, width, head, padded, DEPTH_ROWS, keys, values, s,
                        ret + i * width + h * head);
        }
    }
}

#define SC_ENC_KERNEL(the_name)                                                               \
    {                                                                                         \
        .name = the_name, .tile = tile, .linear = linear, .quantise = quantise, .norm = norm, \
        .embed = embed, .attend = attend, .pool = pool                                        \
    }

#endif
