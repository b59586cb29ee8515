/* The hashed words: tables that must be refused first, then what their vectors mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "assets.h"
#include "embedders/hashed.h"

enum { DIM = 64, BUCKETS = 1024, BYTES = SC_HASHED_HEADER + BUCKETS + 2 * DIM };

static sc_arena arena;

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

static void put32(unsigned char *p, uint32_t v) { memcpy(p, &v, 4); }

static void seal(unsigned char *p, size_t n) {
    uint64_t sum = sc_hash64(p + SC_HASHED_HEADER, n - SC_HASHED_HEADER, 0);
    memcpy(p + 32, &sum, 8);
}

/* A small table in which every feature weighs the same and there is no mean. */
static void make(unsigned char *p) {
    memset(p, 0, BYTES);
    memcpy(p, "SCBUILTN", 8);
    put32(p + 8, SC_HASHED_FORMAT);
    put32(p + 12, SC_PREPARE_VERSION);
    put32(p + 16, DIM);
    put32(p + 20, BUCKETS);
    memset(p + SC_HASHED_HEADER, 16, BUCKETS);
    seal(p, BYTES);
}

static void a_truncated_table_is_refused_at_every_length(void **state) {
    (void)state;
    unsigned char p[BYTES + 1] = {0};
    sc_hashed b;
    sc_err err;
    make(p);
    for (size_t n = 0; n < BYTES; n++) {
        unsigned char *copy = sc_alloc(n); /* an exact block: reading past it is a finding */
        memcpy(copy, p, n);
        assert_int_equal(sc_hashed_load(&b, copy, n, &err), SC_INVALID);
        sc_free(copy);
    }
    assert_int_equal(sc_hashed_load(&b, p, BYTES + 1, &err), SC_INVALID);
    assert_int_equal(sc_hashed_load(&b, p, BYTES, &err), SC_OK);
    assert_int_equal(b.dim, DIM);
}

static void a_flipped_bit_is_refused_wherever_it_counts(void **state) {
    (void)state;
    unsigned char p[BYTES];
    sc_hashed b;
    for (size_t i = 0; i < BYTES; i++) {
        if (i >= 24 && i < 32) continue;               /* how many texts were counted: for people */
        if (i >= 40 && i < SC_HASHED_HEADER) continue; /* unused */
        make(p);
        p[i] ^= 4;
        assert_int_equal(sc_hashed_load(&b, p, BYTES, NULL), SC_INVALID);
    }
}

static void sizes_that_do_not_fit_are_refused_even_when_sealed(void **state) {
    (void)state;
    static const uint32_t bad[][2] = {
        {0, BUCKETS}, {7, BUCKETS}, {513, BUCKETS},    {UINT32_MAX, BUCKETS}, {DIM, 0},
        {DIM, 1000},  {DIM, 2048},  {DIM, UINT32_MAX}, {DIM, 1u << 31},       {DIM + 1, BUCKETS}};
    unsigned char p[BYTES];
    sc_hashed b;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        make(p);
        put32(p + 16, bad[i][0]);
        put32(p + 20, bad[i][1]);
        seal(p, BYTES);
        assert_int_equal(sc_hashed_load(&b, p, BYTES, NULL), SC_INVALID);
    }
}

static void a_table_for_another_preparation_is_refused(void **state) {
    (void)state;
    unsigned char p[BYTES];
    sc_hashed b;
    sc_err err;
    make(p);
    put32(p + 12, SC_PREPARE_VERSION + 1);
    assert_int_equal(sc_hashed_load(&b, p, BYTES, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "preparation"));
}

/* ---- Vectors, with the table that ships ------------------------------------------------------ */

static sc_hashed shipped(void) {
    sc_hashed b;
    sc_err err;
    if (sc_hashed_load(&b, sc_asset_hashed, sc_asset_hashed_len, &err)) fail_msg("%s", err.msg);
    return b;
}

static void embed(const sc_hashed *b, const char *title, const char *body, int8_t *v) {
    sc_prepared p;
    assert_int_equal(sc_prepare(sc_str_of(title), sc_str_of(body), SC_STR_NONE, &arena, &p, NULL),
                     SC_OK);
    int32_t whole[SC_HASHED_MAX_DIM];
    sc_hashed_centred(b, &p, 127, whole);
    for (uint32_t i = 0; i < b->dim; i++) v[i] = (int8_t)whole[i];
}

static double cosine(const sc_hashed *m, const char *a, const char *b) {
    int8_t x[SC_HASHED_MAX_DIM], y[SC_HASHED_MAX_DIM];
    int64_t dot = 0;
    embed(m, a, "", x);
    embed(m, b, "", y);
    for (uint32_t i = 0; i < m->dim; i++) dot += x[i] * y[i];
    return (double)dot / (127.0 * 127.0);
}

static void a_text_that_says_nothing_is_all_zero(void **state) {
    (void)state;
    sc_hashed b = shipped();
    int8_t v[SC_HASHED_MAX_DIM];
    static const char *const texts[] = {"", "...", "12 34", "<b></b>", "10.0.0.1"};
    for (size_t i = 0; i < SC_LEN(texts); i++) {
        memset(v, 1, sizeof v);
        embed(&b, texts[i], "", v);
        for (uint32_t k = 0; k < b.dim; k++) assert_int_equal(v[k], 0);
    }
}

static void every_other_vector_has_unit_length(void **state) {
    (void)state;
    sc_hashed b = shipped();
    static const char *const texts[] = {"x", "cart", "the", "The cart loses its items after login",
                                        "\xE6\x94\xAF\xE4\xBB\x98"};
    for (size_t i = 0; i < SC_LEN(texts); i++) {
        double c = cosine(&b, texts[i], texts[i]);
        if (c < 0.96 || c > 1.04) fail_msg("%s: %.3f", texts[i], c);
    }
}

static void likeness_of_words_is_likeness_of_vectors(void **state) {
    (void)state;
    sc_hashed b = shipped();
    const char *a = "The shopping cart loses its items after login";
    double same = cosine(&b, a, "after logging in my cart has lost the items"),
           typo = cosine(&b, a, "shoping card looses items after login");
    double other = cosine(&b, a, "Dark theme makes the settings page unreadable");
    assert_true(same > 0.4 && typo > 0.25);
    assert_true(other < 0.15 && other < typo);
}

static void a_very_long_text_is_bounded(void **state) {
    (void)state;
    sc_hashed b = shipped();
    int8_t v[SC_HASHED_MAX_DIM];
    char *text = sc_arena_take(&arena, 32 << 10);
    size_t n = 0;
    for (int i = 0; i < 3000; i++)
        n += (size_t)snprintf(text + n, 16, "w%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26,
                              'a' + i / 676);
    embed(&b, "", text, v);
    int64_t sum = 0;
    for (uint32_t i = 0; i < b.dim; i++) sum += v[i] * v[i];
    assert_true(sum > 127 * 120);
}

static void vectors_are_the_same_on_every_machine(void **state) {
    (void)state;
    unsigned char p[BYTES];
    sc_hashed b;
    int8_t v[DIM];
    make(p);
    assert_int_equal(sc_hashed_load(&b, p, BYTES, NULL), SC_OK);
    embed(&b, "Cart loses items",
          "After login **all** items are gone, GR\xC3\x96\xC3\x9F"
          "E 3",
          v);
    uint64_t digest = sc_hash64(v, sizeof v, 0);
    if (digest != 0xfd5277f698dcef71u) fail_msg("0x%016llx", (unsigned long long)digest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_truncated_table_is_refused_at_every_length, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_refused_wherever_it_counts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(sizes_that_do_not_fit_are_refused_even_when_sealed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_table_for_another_preparation_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_text_that_says_nothing_is_all_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(every_other_vector_has_unit_length, setup, teardown),
        cmocka_unit_test_setup_teardown(likeness_of_words_is_likeness_of_vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(a_very_long_text_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(vectors_are_the_same_on_every_machine, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
