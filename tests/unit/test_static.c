/* The token vectors: tables that must be refused first, then what a text's vector is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assets.h"
#include "embedders/static.h"

enum { DIM = 8, ROWS = 8, VOCAB = 64, SCALE = 64, BYTES = SC_STATIC_HEADER + VOCAB + SCALE + 64 };
static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\ncart\nlost\n##s\nthe\n";

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

/* Row i points along dimension i, with a scale of 100 i. */
static void make(unsigned char *p) {
    memset(p, 0, BYTES);
    memcpy(p, "SCSTATIC", 8);
    put32(p + 8, SC_STATIC_FORMAT);
    put32(p + 12, ROWS);
    put32(p + 16, DIM);
    put32(p + 20, sizeof vocab - 1);
    memcpy(p + SC_STATIC_HEADER, vocab, sizeof vocab - 1);
    for (int i = 0; i < ROWS; i++) {
        uint16_t scale = (uint16_t)(100 * i);
        memcpy(p + SC_STATIC_HEADER + VOCAB + 2 * i, &scale, 2);
        p[SC_STATIC_HEADER + VOCAB + SCALE + i * DIM + i] = 100;
    }
}

static void a_table_cut_at_any_length_is_refused(void **state) {
    (void)state;
    unsigned char p[BYTES + 1] = {0};
    sc_static t;
    sc_err err;
    make(p);
    for (size_t n = 0; n < BYTES; n++) {
        unsigned char *copy = sc_alloc(n); /* an exact block: reading past it is a finding */
        memcpy(copy, p, n);
        assert_int_equal(sc_static_load(&t, copy, n, &err), SC_INVALID);
        sc_free(copy);
    }
    assert_int_equal(sc_static_load(&t, p, BYTES + 1, &err), SC_INVALID);
    assert_int_equal(sc_static_load(&t, p, BYTES, &err), SC_OK);
    assert_int_equal(t.rows, ROWS);
}

static void numbers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
    } bad[] = {
        {0, 0},           {8, SC_STATIC_FORMAT + 1},
        {12, 0},          {12, ROWS + 32},
        {12, UINT32_MAX}, {16, 0},
        {16, UINT32_MAX}, {20, UINT32_MAX},
        {20, VOCAB + 1},  {SC_STATIC_HEADER + VOCAB, SC_STATIC_MAX_SCALE + 1},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        unsigned char p[BYTES];
        sc_static t;
        sc_err err = {0};
        make(p);
        put32(p + bad[i].at, bad[i].value);
        assert_int_equal(sc_static_load(&t, p, BYTES, &err), SC_INVALID);
        assert_true(err.msg[0] != 0);
    }
}

static void project(const char *title, const char *body, int32_t *v) {
    unsigned char p[BYTES];
    sc_static t;
    sc_wordpiece *w;
    sc_prepared text;
    make(p);
    assert_int_equal(sc_static_load(&t, p, BYTES, NULL), SC_OK);
    assert_int_equal(sc_wordpiece_new(t.vocab, true, &w, NULL), SC_OK);
    assert_int_equal(
        sc_prepare(sc_str_of(title), sc_str_of(body), SC_STR_NONE, &arena, &text, NULL), SC_OK);
    sc_static_project(&t, w, &text, 1000, v);
    sc_wordpiece_free(w);
}

static void a_text_is_the_sum_of_its_tokens_by_their_scales(void **state) {
    (void)state;
    int32_t v[DIM];
    project("cart", "lost", v); /* 400 along 4, 500 along 5 */
    assert_int_equal(v[4], 625);
    assert_int_equal(v[5], 781);
    for (int i = 0; i < DIM; i++)
        if (i != 4 && i != 5) assert_int_equal(v[i], 0);
    project("Carts", "", v); /* cart, ##s */
    assert_int_equal(v[4], 555);
    assert_int_equal(v[6], 832);
}

static void a_text_without_a_token_is_all_zero_and_a_long_one_stays_in_bounds(void **state) {
    (void)state;
    int32_t v[DIM];
    project("", "", v);
    for (int i = 0; i < DIM; i++) assert_int_equal(v[i], 0);
    char *text = sc_arena_take(&arena, 5 * 4000 + 1);
    for (int i = 0; i < 4000; i++) memcpy(text + 5 * i, "cart ", 5);
    project("", text, v);
    assert_int_equal(v[4], 1000);
}

static void the_table_that_ships_is_whole_and_knows_meanings(void **state) {
    (void)state;
    sc_static t;
    sc_wordpiece *w;
    sc_err err;
    if (sc_static_load(&t, sc_asset_static, sc_asset_static_len, &err)) fail_msg("%s", err.msg);
    assert_true(sc_static_verify(sc_asset_static, sc_asset_static_len));
    assert_int_equal(sc_wordpiece_new(t.vocab, true, &w, NULL), SC_OK);
    assert_int_equal(sc_wordpiece_size(w), t.rows);
    static const char *const texts[] = {"My parcel has not arrived yet",
                                        "The delivery is very late",
                                        "The screen goes black when I rotate the phone"};
    int32_t v[3][SC_STATIC_MAX_DIM];
    for (int i = 0; i < 3; i++) {
        sc_prepared p;
        assert_int_equal(
            sc_prepare(sc_str_of(texts[i]), SC_STR_NONE, SC_STR_NONE, &arena, &p, NULL), SC_OK);
        sc_static_project(&t, w, &p, 1000, v[i]);
    }
    int64_t like = 0, unlike = 0;
    for (uint32_t k = 0; k < t.dim; k++) {
        like += (int64_t)v[0][k] * v[1][k];
        unlike += (int64_t)v[0][k] * v[2][k];
    }
    assert_true(like > 400000); /* a cosine of .4, without a word in common */
    assert_true(unlike < like / 2);
    sc_wordpiece_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_cut_at_any_length_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_is_the_sum_of_its_tokens_by_their_scales, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_text_without_a_token_is_all_zero_and_a_long_one_stays_in_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_that_ships_is_whole_and_knows_meanings, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
