/* All kernels but the integer tile, over the lanes that the including file chose. A .c file includes
 * lanes_*.h, defines `tile`, `DEPTH_ROWS` and `DEPTH_COLS` (the register tile of attention, in rows and
 * vectors), and includes this once. */
#ifndef SC_EMBEDDERS_ENCODER_KERNEL_BODY_H
#define SC_EMBEDDERS_ENCODER_KERNEL_BODY_H

#include "embedders/encoder/kernel_values.h"

enum {
    PARTS = 16 / LANES, /* vectors that make 16 partial sums */
    SIDE_BY_SIDE = 4,   /* rows that are worked on together  */
};

/* ---- Sixteen partial sums --------------------------------------------------------------------- */

typedef struct parts {
    vf v[PARTS];
} parts;

FORCED parts parts_of(float x) {
    parts p;
    for (int i = 0; i < PARTS; i++) p.v[i] = f_set(x);
    return p;
}

/* ---- Products ----------------------------------------------------------------------------------- */

/* The sums of a tile to floats. `rows` is known where it is compiled. */
FORCED void finish(const sc_enc_linear *l, size_t col, const int32_t *sums, int rows,
                   const float *scale, const int32_t *zero, sc_enc_then then, float *out,
                   size_t stride) {
    for (size_t j = 0; j < SC_ENC_TILE_COLS; j += LANES) {
        const vf by = f_load(l->scale + col + j), bias = f_load(l->bias + col + j);
        const vi sum = i_load(l->sum + col + j);
        vf v[SC_ENC_TILE_ROWS];
        ALL(r, rows) {
            vi part = i_mul(i_set(zero[r]), sum);
            vi whole = i_sub(i_load(sums + r * SC_ENC_TILE_COLS + j), part);
            v[r] = f_fma(f_mul(f_of_i(whole), f_set(scale[r])), by, bias);
        }
        if (then == SC_ENC_GELU) gelu(v, rows);
        ALL(r, rows) {
            float *to = out + (size_t)r * stride + j;
            f_store(to, then == SC_ENC_ADD ? f_add(v[r], f_load(to)) : v[r]);
        }
    }
}

FORCED void linear_then(const sc_enc_linear *l, const sc_enc_rows *a, size_t m, sc_enc_then then,
                        float *out, size_t stride) {
    _Alignas(64) int32_t sums[SC_ENC_TILE_ROWS * SC_ENC_TILE_COLS];
    const int8_t *end = l->w + (size_t)l->n * l->k;
    const size_t bytes = SC_ENC_TILE_COLS * l->k,
                 blocks = (m + SC_ENC_TILE_ROWS - 1) / SC_ENC_TILE_ROWS;
    /* The next tile of weights comes from the outer cache meanwhile, in whole lines a step. */
    const size_t share = (bytes / blocks + l->k * 4 - 1) / (l->k * 4) * (l->k * 4);
    for (size_t col = 0; col < l->n; col += SC_ENC_TILE_COLS) {
        const int8_t *w = l->w + col * l->k, *ahead = w + bytes;
        for (size_t row = 0; row < m; row += SC_ENC_TILE_ROWS) {
            const size_t rows = m - row < SC_ENC_TILE_ROWS ? m - row : SC_ENC_TILE_ROWS;
            const size_t n_ahead = ahead < end && ahead < w + 2 * bytes ? share : 0;
            tile(a->q + row * l->k, l->k, rows, w, l->k, ahead, n_ahead, sums);
            ahead += n_ahead;
            float *to = out + row * stride + col;
            const float *scale = a->scale + row;
            const int32_t *zero = a->zero + row;
            switch (rows) {
            case 1: finish(l, col, sums, 1, scale, zero, then, to, stride); break;
            case 2: finish(l, col, sums, 2, scale, zero, then, to, stride); break;
            case 3: finish(l, col, sums, 3, scale, zero, then, to, stride); break;
            case 4: finish(l, col, sums, 4, scale, zero, then, to, stride); break;
            case 5: finish(l, col, sums, 5, scale, zero, then, to, stride); break;
            default: finish(l, col, sums, SC_ENC_TILE_ROWS, scale, zero, then, to, stride); break;
            }
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

/* `rows` rows side by side: each by itself would mostly wait for its own least and greatest value. */
FORCED void quantise_rows(const float *x, int rows, size_t n, uint8_t *q, float *scale,
                          int32_t *zero) {
    parts lo[SIDE_BY_SIDE], hi[SIDE_BY_SIDE];
    vf k[SIDE_BY_SIDE], base[SIDE_BY_SIDE];
    ALL(r, rows) lo[r] = hi[r] = parts_of(0);
    for (size_t i = 0; i < n; i += 16)
        for (int p = 0; p < PARTS; p++) ALL(r, rows) {
                vf v = f_load(x + (size_t)r * n + i + (size_t)p * LANES);
                lo[r].v[p] = f_min(lo[r].v[p], v);
                hi[r].v[p] = f_max(hi[r].v[p], v);
            }
    ALL(r, rows) {
        float from = f_least(lo[r].v), range = f_most(hi[r].v) - from;
        float per_step = range > 0 ? 255.0f / range : 0;
        float at = -from * per_step; /* 0..255 and a rounding */
        int32_t z = (int32_t)(at + 0.5f);
        if (z > 255) z = 255;
        scale[r] = range * (1.0f / 255.0f);
        zero[r] = z;
        k[r] = f_set(per_step);
        base[r] = f_set((float)z);
    }
    for (size_t i = 0; i < n; i += 64) ALL(r, rows) {
            vi v[64 / LANES];
            for (int p = 0; p < 64 / LANES; p++)
                v[p] = i_round(
                    f_fma(f_load(x + (size_t)r * n + i + (size_t)p * LANES), k[r], base[r]));
            u8_store_64(q + (size_t)r * n + i, v);
        }
}

static void quantise(const float *x, size_t m, size_t n, const sc_enc_rows *ret) {
    size_t row = 0;
    for (; row + SIDE_BY_SIDE <= m; row += SIDE_BY_SIDE)
        quantise_rows(x + row * n, SIDE_BY_SIDE, n, ret->q + row * n, ret->scale + row,
                      ret->zero + row);
    for (; row < m; row++)
        quantise_rows(x + row * n, 1, n, ret->q + row * n, ret->scale + row, ret->zero + row);
}

FORCED void norm_rows(float *x, int rows, size_t n, const sc_enc_norm *norm_) {
    parts sum[SIDE_BY_SIDE], square[SIDE_BY_SIDE];
    vf mean[SIDE_BY_SIDE], by[SIDE_BY_SIDE];
    ALL(r, rows) sum[r] = square[r] = parts_of(0);
    for (size_t i = 0; i < n; i += 16)
        for (int p = 0; p < PARTS; p++) ALL(r, rows)
    sum[r].v[p] = f_add(sum[r].v[p], f_load(x + (size_t)r * n + i + (size_t)p * LANES));
    ALL(r, rows) mean[r] = f_set(f_total(sum[r].v) / (float)n);
    for (size_t i = 0; i < n; i += 16)
        for (int p = 0; p < PARTS; p++) ALL(r, rows) {
                vf d = f_sub(f_load(x + (size_t)r * n + i + (size_t)p * LANES), mean[r]);
                square[r].v[p] = f_fma(d, d, square[r].v[p]);
            }
    ALL(r, rows) by[r] = f_set(1.0f / sqrtf(f_total(square[r].v) / (float)n + norm_->eps));
    for (size_t i = 0; i < n; i += LANES) {
        const vf gamma = f_load(norm_->gamma + i), beta = f_load(norm_->beta + i);
        ALL(r, rows) {
            float *at = x + (size_t)r * n + i;
            f_store(at, f_fma(f_mul(f_sub(f_load(at), mean[r]), by[r]), gamma, beta));
        }
    }
}

static void norm(float *x, size_t m, size_t n, const sc_enc_norm *norm_) {
    size_t row = 0;
    for (; row + SIDE_BY_SIDE <= m; row += SIDE_BY_SIDE)
        norm_rows(x + row * n, SIDE_BY_SIDE, n, norm_);
    for (; row < m; row++) norm_rows(x + row * n, 1, n, norm_);
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

/* The scores of `rows` queries to 2^(by * (score - greatest)); by: 1 / their sums. Scores behind n are of
 * padding. */
FORCED void soften(float *s, int rows, size_t n, size_t padded, float by, float *ret) {
    parts top[DEPTH_ROWS], sum[DEPTH_ROWS];
    vf greatest[DEPTH_ROWS];
    const vf k = f_set(by);
    ALL(r, rows) {
        for (size_t i = n; i < padded; i++) s[(size_t)r * padded + i] = -1e30f;
        top[r] = parts_of(-1e30f);
        sum[r] = parts_of(0);
    }
    for (size_t i = 0; i < padded; i += 16)
        for (int p = 0; p < PARTS; p++) ALL(r, rows) {
                const float *at = s + (size_t)r * padded + i + (size_t)p * LANES;
                top[r].v[p] = f_max(top[r].v[p], f_load(at));
            }
    ALL(r, rows) greatest[r] = f_set(f_most(top[r].v));
    for (size_t i = 0; i < padded; i += 16)
        for (int p = 0; p < PARTS; p++) {
            vf e[DEPTH_ROWS];
            float *at = s + i + (size_t)p * LANES;
            ALL(r, rows)
            e[r] = f_mul(f_sub(f_load(at + (size_t)r * padded), greatest[r]), k);
            power_of_2(e, rows);
            ALL(r, rows) {
                sum[r].v[p] = f_add(sum[r].v[p], e[r]);
                f_store(at + (size_t)r * padded, e[r]);
            }
        }
    ALL(r, rows) ret[r] = 1.0f / f_total(sum[r].v);
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

/* One head's keys (transposed; behind the last one its copies) and values, out of the rows of qkv. */
static void gather(const float *qkv, size_t n, size_t width, size_t head, size_t padded,
                   float *keys, float *values) {
    const size_t stride = 3 * width;
    for (size_t j = 0; j < n; j++)
        for (size_t d = 0; d < head; d += LANES)
            f_store(values + j * head + d, f_load(qkv + j * stride + 2 * width + d));
    for (size_t j = 0; j < padded; j += 16) {
        const float *from[16];
        for (size_t i = 0; i < 16; i++)
            from[i] = qkv + (j + i < n ? j + i : n - 1) * stride + width;
        for (size_t d = 0; d < head; d += 16) f_transpose(from, d, keys + d * padded + j, padded);
    }
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
    soften(s, rows, n, padded, scale, by);
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
