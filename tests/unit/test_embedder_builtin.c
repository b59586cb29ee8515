/* The builtin embedder: both halves together (each has its own test; the port's promises: contract/test_embedder.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/repr.h"
#include "embedders/builtin.h"
#include "embedders/registry.h"

static sc_arena arena;
static void *self;

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 16 << 20);
    self = sc_alloc(sc_embedder_builtin.size);
    return self && !sc_embedder_builtin.open(self, NULL, NULL) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    sc_embedder_builtin.close(self);
    sc_free(self);
    sc_arena_done(&arena);
    return 0;
}

static void embed(const char *title, int8_t *v) {
    sc_prepared p;
    assert_int_equal(sc_prepare(sc_str_of(title), SC_STR_NONE, SC_STR_NONE, &arena, &p, NULL),
                     SC_OK);
    assert_int_equal(sc_embedder_builtin.embed(self, &p, 1, INT64_MAX, v, NULL), SC_OK);
}

static double cosine(const char *a, const char *b) {
    int8_t x[SC_REPR_MAX_DIM], y[SC_REPR_MAX_DIM];
    int64_t dot = 0;
    embed(a, x);
    embed(b, y);
    for (uint16_t i = 0; i < sc_embedder_builtin.dim(self); i++) dot += x[i] * y[i];
    return (double)dot / (127.0 * 127.0);
}

static void numbers_alone_say_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"", "...", "12 34", "10.0.0.1"};
    for (size_t i = 0; i < SC_LEN(texts); i++) {
        int8_t v[SC_REPR_MAX_DIM];
        memset(v, 1, sizeof v);
        embed(texts[i], v);
        for (uint16_t k = 0; k < sc_embedder_builtin.dim(self); k++) assert_int_equal(v[k], 0);
    }
}

static void it_knows_words_their_misspellings_and_what_they_mean(void **state) {
    (void)state;
    const char *a = "My parcel has not arrived yet";
    assert_true(cosine(a, a) > 0.97);
    assert_true(cosine(a, "my parcels havent arived yet") > 0.4);
    assert_true(cosine(a, "The delivery is very late") > 0.2);
    assert_true(cosine(a, "Dark theme makes the settings page unreadable") < 0.12);
}

/* Stored vectors outlive a release: when this fails, the model needs another name. */
static void its_vectors_stay_what_they_are(void **state) {
    (void)state;
    int8_t v[SC_REPR_MAX_DIM];
    char want[40];
    snprintf(want, sizeof want, "builtin-2/prepare-%d", SC_PREPARE_VERSION);
    assert_string_equal(sc_embedder_builtin.model(self), want);
    assert_int_equal(sc_embedder_builtin.dim(self), 512);
    embed("Cart loses items after login, GR\xC3\x96\xC3\x9F"
          "E 3",
          v);
    uint64_t digest = sc_hash64(v, 512, 0);
    if (digest != 0xf8b6deed66175e0au) fail_msg("0x%016llx", (unsigned long long)digest);
}

static void it_is_registered(void **state) {
    (void)state;
    assert_ptr_equal(sc_embedder_find(SC_STR("builtin")), &sc_embedder_builtin);
    assert_null(sc_embedder_find(SC_STR("built")));
    assert_null(sc_embedder_find(SC_STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_alone_say_nothing),
        cmocka_unit_test(it_knows_words_their_misspellings_and_what_they_mean),
        cmocka_unit_test(its_vectors_stay_what_they_are),
        cmocka_unit_test(it_is_registered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
