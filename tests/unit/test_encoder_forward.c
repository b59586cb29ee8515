/* The whole forward pass: against double precision, and the same bits on every path and in every batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "embedders/encoder/forward.h"
#include "encoder_fixture.h"

enum { TEXTS = 12, MOST = 400 };

static sc_arena arena;
static sc_model_dims dims;
static sc_weights weights;
static sc_model_image image;
static uint32_t ids[MOST], lengths[TEXTS];

static int setup(void **state) {
    (void)state;
    uint64_t seed = 3;
    sc_arena_init(&arena, 4 << 20);
    dims = fixture_dims();
    fixture_weights(&dims, 11, &arena, &weights);
    size_t at = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        lengths[i] = i ? 1 + (uint32_t)(fixture_next(&seed) % 40) : FIXTURE_POSITIONS;
        for (uint32_t k = 0; k < lengths[i]; k++)
            ids[at++] = (uint32_t)(fixture_next(&seed) % FIXTURE_WORDS);
    }
    return sc_convert_weights(&weights, &dims, fixture_vocab(), &image, NULL) ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    sc_model_image_done(&image);
    sc_arena_done(&arena);
    return 0;
}

static void run(const sc_enc_kernel *k, const uint32_t *from, const uint32_t *n, size_t texts,
                int8_t *ret) {
    sc_forward *f;
    assert_int_equal(sc_forward_new(&image.views, k, MOST, &f, NULL), SC_OK);
    sc_forward_run(f, from, n, texts, ret);
    sc_forward_free(f);
}

static void vectors_are_those_of_double_precision(void **state) {
    (void)state;
    int8_t got[TEXTS][FIXTURE_HIDDEN];
    double want[FIXTURE_HIDDEN], worst = 1;
    for (int pooling = SC_POOLING_MEAN; pooling <= SC_POOLING_CLS; pooling++) {
        image.views.dims.pooling = dims.pooling = (sc_pooling)pooling;
        run(NULL, ids, lengths, TEXTS, got[0]);
        for (size_t i = 0, at = 0; i < TEXTS; at += lengths[i++]) {
            double dot = 0, length = 0;
            fixture_forward(&weights, &dims, ids + at, lengths[i], want);
            for (size_t k = 0; k < FIXTURE_HIDDEN; k++) {
                dot += want[k] * got[i][k];
                length += got[i][k] * got[i][k];
            }
            assert_true(fabs(sqrt(length) - 127) < 2);
            worst = fmin(worst, dot / sqrt(length));
        }
    }
    image.views.dims.pooling = dims.pooling = SC_POOLING_MEAN;
    assert_true(worst > 0.998);
}

static void every_path_gives_the_same_bits(void **state) {
    (void)state;
    static const char *const names[] = {"avx2", "avx512vnni"};
    int8_t want[TEXTS][FIXTURE_HIDDEN], got[TEXTS][FIXTURE_HIDDEN];
    run(&sc_enc_kernel_scalar, ids, lengths, TEXTS, want[0]);
    for (size_t i = 0; i < SC_LEN(names); i++) {
        const sc_enc_kernel *k = sc_enc_kernels_find(names[i]);
        if (!k) {
            print_message("no %s here\n", names[i]);
            continue;
        }
        run(k, ids, lengths, TEXTS, got[0]);
        assert_memory_equal(got, want, sizeof want);
    }
}

static void a_vector_does_not_depend_on_the_batch(void **state) {
    (void)state;
    int8_t want[TEXTS][FIXTURE_HIDDEN], got[FIXTURE_HIDDEN];
    run(NULL, ids, lengths, TEXTS, want[0]);
    for (size_t i = 0, at = 0; i < TEXTS; at += lengths[i++]) {
        run(NULL, ids + at, &lengths[i], 1, got);
        assert_memory_equal(got, want[i], sizeof got);
    }
}

static void no_memory_is_an_error(void **state) {
    (void)state;
    sc_forward *f;
    sc_mem_fail_after(0);
    assert_int_equal(sc_forward_new(&image.views, NULL, MOST, &f, NULL), SC_OK);
    uint64_t n = sc_mem_fail_after(0);
    sc_forward_free(f);
    for (uint64_t i = 1; i <= n; i++) {
        sc_mem_fail_after(i);
        assert_int_equal(sc_forward_new(&image.views, NULL, MOST, &f, NULL), SC_NOMEM);
    }
    sc_mem_fail_after(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_those_of_double_precision),
        cmocka_unit_test(every_path_gives_the_same_bits),
        cmocka_unit_test(a_vector_does_not_depend_on_the_batch),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
