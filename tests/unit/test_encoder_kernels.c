/* The encoder's kernels against the scalar ones, to the bit: every number of rows, odd depths and
 * misalignments, extreme values. And the scalar ones against double precision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "embedders/encoder/kernels.h"
#include "encoder_fixture.h"

static uint64_t seed = 1;

static float uniform(void) {
    return (float)((double)(fixture_next(&seed) >> 40) / (1 << 23) - 1.0);
}

static float *some_floats(size_t n, float by) {
    float *v = sc_alloc_array(n, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = by * uniform();
    return v;
}

/* ---- The tile ------------------------------------------------------------------------------------- */

static void compare_tile(const sc_enc_kernel *k, size_t rows, size_t depth, size_t shift,
                         bool extreme) {
    /* Exact blocks: a kernel that reads past the end is found by ASan. */
    const size_t stride = depth + shift % 3;
    uint8_t *a = sc_alloc(shift + (rows - 1) * stride + depth);
    int8_t *w = sc_alloc(shift + depth * SC_ENC_TILE_COLS);
    int32_t want[SC_ENC_TILE_ROWS * SC_ENC_TILE_COLS], got[SC_ENC_TILE_ROWS * SC_ENC_TILE_COLS];
    memset(want, 0, sizeof want);
    memset(got, 0, sizeof got);
    for (size_t i = 0; i < shift + (rows - 1) * stride + depth; i++)
        a[i] = extreme ? 255 : (uint8_t)(fixture_next(&seed) >> 20);
    for (size_t i = 0; i < shift + depth * SC_ENC_TILE_COLS; i++)
        w[i] = extreme ? (int8_t)(i % 128 < 64 ? 127 : -127) : (int8_t)(fixture_next(&seed) >> 20);
    sc_enc_kernel_scalar.tile(a + shift, stride, rows, w + shift, depth, NULL, 0, want);
    k->tile(a + shift, stride, rows, w + shift, depth, w, 4 * depth, got);
    assert_memory_equal(want, got, sizeof want);
    sc_free(a);
    sc_free(w);
}

static void the_scalar_tile_is_a_product(void **state) {
    (void)state;
    enum { K = 16 };
    uint8_t a[2 * K];
    int8_t w[K * SC_ENC_TILE_COLS];
    int32_t got[2 * SC_ENC_TILE_COLS];
    for (size_t i = 0; i < sizeof a; i++) a[i] = (uint8_t)(fixture_next(&seed) >> 9);
    for (size_t i = 0; i < sizeof w; i++) w[i] = (int8_t)(fixture_next(&seed) >> 9);
    sc_enc_kernel_scalar.tile(a, K, 2, w, K, NULL, 0, got);
    for (size_t r = 0; r < 2; r++)
        for (size_t j = 0; j < SC_ENC_TILE_COLS; j++) {
            int32_t want = 0;
            for (size_t i = 0; i < K; i++)
                want += a[r * K + i] * w[(i / 4 * SC_ENC_TILE_COLS + j) * 4 + i % 4];
            assert_int_equal(got[r * SC_ENC_TILE_COLS + j], want);
        }
}

/* ---- The rest, one set of kernels against the scalar one ----------------------------------------------- */

typedef struct rows {
    sc_enc_rows r;
    size_t m, n;
} rows;

static rows some_rows(size_t m, size_t n) {
    rows v = {{sc_alloc(m * n), sc_alloc_array(m, 4), sc_alloc_array(m, 4)}, m, n};
    return v;
}

static void free_rows(rows *v) {
    sc_free(v->r.q);
    sc_free(v->r.scale);
    sc_free(v->r.zero);
}

static void compare_rows(const sc_enc_kernel *k, size_t m, size_t n, float by) {
    float *x = some_floats(m * n, by), *y = sc_alloc_array(m * n, 4);
    float *gamma = some_floats(n, 1), *beta = some_floats(n, 1);
    rows want = some_rows(m, n), got = some_rows(m, n);
    const sc_enc_norm norm = {gamma, beta, 1e-12f};
    if (m > 1) memset(x + n, 0, n * 4); /* a row of zeros */
    sc_enc_kernel_scalar.quantise(x, m, n, &want.r);
    k->quantise(x, m, n, &got.r);
    assert_memory_equal(want.r.q, got.r.q, m * n);
    assert_memory_equal(want.r.scale, got.r.scale, m * 4);
    assert_memory_equal(want.r.zero, got.r.zero, m * 4);
    memcpy(y, x, m * n * 4);
    sc_enc_kernel_scalar.norm(x, m, n, &norm);
    k->norm(y, m, n, &norm);
    assert_memory_equal(x, y, m * n * 4);
    int8_t *pooled = sc_alloc(2 * n);
    sc_enc_kernel_scalar.pool(x, m, n, pooled);
    k->pool(x, m, n, pooled + n);
    assert_memory_equal(pooled, pooled + n, n);
    sc_free(pooled);
    free_rows(&want);
    free_rows(&got);
    sc_free(x);
    sc_free(y);
    sc_free(gamma);
    sc_free(beta);
}

static void compare_linear(const sc_enc_kernel *k, size_t m, uint32_t depth, uint32_t n) {
    float *x = some_floats(m * depth, 3), *scale = some_floats(n, 0.01f), *bias = some_floats(n, 1);
    int8_t *w = sc_alloc((size_t)depth * n);
    int32_t *sum = sc_alloc_array(n, 4);
    const size_t stride = n + 3;
    for (size_t i = 0; i < (size_t)depth * n; i++)
        w[i] = (int8_t)((int)(fixture_next(&seed) >> 40) % 128);
    for (uint32_t i = 0; i < n; i++) sum[i] = (int32_t)(fixture_next(&seed) >> 40) % 1000;
    const sc_enc_linear l = {depth, n, w, sum, scale, bias};
    rows a = some_rows(m, depth);
    sc_enc_kernel_scalar.quantise(x, m, depth, &a.r);
    for (int then = SC_ENC_PLAIN; then <= SC_ENC_ADD; then++) {
        float *want = some_floats(m * stride, 1), *got = sc_alloc_array(m * stride, 4);
        memcpy(got, want, m * stride * 4);
        sc_enc_kernel_scalar.linear(&l, &a.r, m, (sc_enc_then)then, want, stride);
        k->linear(&l, &a.r, m, (sc_enc_then)then, got, stride);
        assert_memory_equal(want, got, m * stride * 4);
        sc_free(want);
        sc_free(got);
    }
    free_rows(&a);
    sc_free(x);
    sc_free(scale);
    sc_free(bias);
    sc_free(w);
    sc_free(sum);
}

static void compare_attend(const sc_enc_kernel *k, size_t n, size_t width, size_t heads) {
    float *qkv = some_floats(n * 3 * width, 4);
    float *want = sc_alloc_array(n * width, 4), *got = sc_alloc_array(n * width, 4);
    float *scratch = sc_alloc_array(sc_enc_attend_floats(n, width / heads), 4);
    sc_enc_kernel_scalar.attend(qkv, n, width, heads, scratch, want);
    k->attend(qkv, n, width, heads, scratch, got);
    assert_memory_equal(want, got, n * width * 4);
    sc_free(qkv);
    sc_free(want);
    sc_free(got);
    sc_free(scratch);
}

static void compare_embed(const sc_enc_kernel *k, size_t n, size_t shift) {
    int8_t *word = sc_alloc(shift + n);
    float *place = some_floats(n, 1), *kind = some_floats(n, 1);
    float *want = sc_alloc_array(n, 4), *got = sc_alloc_array(n, 4);
    for (size_t i = 0; i < shift + n; i++) word[i] = (int8_t)(fixture_next(&seed) >> 11);
    sc_enc_kernel_scalar.embed(word + shift, 0.013f, place, kind, n, want);
    k->embed(word + shift, 0.013f, place, kind, n, got);
    assert_memory_equal(want, got, n * 4);
    sc_free(word);
    sc_free(place);
    sc_free(kind);
    sc_free(want);
    sc_free(got);
}

static void check(const char *name) {
    const sc_enc_kernel *k = sc_enc_kernels_find(name);
    if (!k) {
        print_message("no %s here: skipped\n", name);
        skip();
    }
    for (size_t rows_ = 1; rows_ <= SC_ENC_TILE_ROWS; rows_++)
        for (size_t depth = 16; depth <= 272; depth += depth < 64 ? 16 : 48)
            for (size_t shift = 0; shift < 4; shift++) {
                compare_tile(k, rows_, depth, shift, false);
                compare_tile(k, rows_, depth, shift, true);
            }
    compare_tile(k, 5, SC_ENC_MAX_WIDTH, 1, true);
    for (size_t m = 1; m <= 13; m++) {
        compare_rows(k, m, 64 * (1 + m % 5), m % 2 ? 3 : 1e-3f);
        compare_linear(k, m, 64 * (1 + (uint32_t)m % 3), 64 * (1 + (uint32_t)m % 2));
    }
    for (size_t n = 1; n <= 140; n += n < 70 ? 1 : 23) compare_attend(k, n, 64, 2);
    compare_attend(k, 33, 192, 2); /* heads of 96 */
    compare_attend(k, SC_ENC_MAX_TOKENS, 64, 1);
    for (size_t shift = 0; shift < 5; shift++) compare_embed(k, 64 * (1 + shift), shift);
}

static void avx2_equals_scalar(void **state) {
    (void)state;
    check("avx2");
}
static void avx512vnni_equals_scalar(void **state) {
    (void)state;
    check("avx512vnni");
}

/* ---- The scalar ones against the definition --------------------------------------------------------- */

/* One output whose only weight is 1 at a row that is the value itself: then() of what was quantised. */
static void gelu_is_the_exact_one(void **state) {
    (void)state;
    static int8_t w[64 * 64];
    static int32_t sum[64];
    static float scale[64], bias[64], out[64];
    for (size_t i = 0; i < 64; i++) scale[i] = 1;
    uint8_t q[64] = {0};
    float one = 1;
    int32_t zero = 0;
    const sc_enc_rows a = {q, &one, &zero};
    const sc_enc_linear l = {64, 64, w, sum, scale, bias};
    for (double x = -12; x < 12; x += 64e-3) {
        for (int i = 0; i < 64; i++) bias[i] = (float)(x + i * 1e-3);
        sc_enc_kernel_scalar.linear(&l, &a, 1, SC_ENC_GELU, out, 64);
        for (int i = 0; i < 64; i++) {
            double want = 0.5 * bias[i] * (1 + erf(bias[i] / sqrt(2)));
            assert_true(fabs(out[i] - want) < 3.3e-5 * fmax(1, fabs(bias[i])));
        }
    }
}

static void quantised_rows_are_within_half_a_step(void **state) {
    (void)state;
    enum { N = 128 };
    for (int round = 0; round < 50; round++) {
        float *x = some_floats(N, 5);
        if (round % 3 == 0)
            for (int i = 0; i < N; i++) x[i] = fabsf(x[i]); /* one-sided rows use all 255 steps */
        rows v = some_rows(1, N);
        sc_enc_kernel_scalar.quantise(x, 1, N, &v.r);
        for (int i = 0; i < N; i++) {
            float back = (float)(v.r.q[i] - v.r.zero[0]) * v.r.scale[0];
            /* at an end of the range the rounded zero point may cost another half */
            assert_true(fabsf(back - x[i]) <= 1.01f * v.r.scale[0]);
        }
        free_rows(&v);
        sc_free(x);
    }
}

static void attention_is_a_softmax_of_scaled_products(void **state) {
    (void)state;
    enum { N = 21, HEAD = 32 };
    float *qkv = some_floats(N * 3 * HEAD, 2), got[N * HEAD];
    float *scratch = sc_alloc_array(sc_enc_attend_floats(N, HEAD), 4);
    sc_enc_kernel_scalar.attend(qkv, N, HEAD, 1, scratch, got);
    for (size_t i = 0; i < N; i++) {
        double p[N], sum = 0;
        for (size_t j = 0; j < N; j++) {
            double s = 0;
            for (size_t d = 0; d < HEAD; d++)
                s += (double)qkv[i * 3 * HEAD + d] * qkv[j * 3 * HEAD + HEAD + d];
            sum += p[j] = exp(s / sqrt(HEAD));
        }
        for (size_t d = 0; d < HEAD; d++) {
            double want = 0;
            for (size_t j = 0; j < N; j++) want += p[j] / sum * qkv[j * 3 * HEAD + 2 * HEAD + d];
            assert_true(fabs(got[i * HEAD + d] - want) < 2e-6);
        }
    }
    sc_free(qkv);
    sc_free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scalar_tile_is_a_product),
        cmocka_unit_test(gelu_is_the_exact_one),
        cmocka_unit_test(quantised_rows_are_within_half_a_step),
        cmocka_unit_test(attention_is_a_softmax_of_scaled_products),
        cmocka_unit_test(avx2_equals_scalar),
        cmocka_unit_test(avx512vnni_equals_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
