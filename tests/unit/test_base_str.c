/* Strings, numbers, UTF-8, hex, hashes: base/str. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static sc_rc i64(const char *s, int64_t *v) {
    return sc_num_i64(sc_str_of(s), INT64_MIN, INT64_MAX, v, NULL);
}

static void numbers_that_are_not_whole_or_do_not_fit_are_refused(void **state) {
    (void)state;
    int64_t v = 42;
    const char *const bad[] = {"",
                               "-",
                               "+1",
                               " 1",
                               "1 ",
                               "1.0",
                               "0x10",
                               "1e3",
                               "--1",
                               "9223372036854775808",
                               "-9223372036854775809",
                               "٣"};
    for (size_t i = 0; i < SC_LEN(bad); i++) assert_int_equal(i64(bad[i], &v), SC_INVALID);
    assert_int_equal(v, 42); /* written only on success */
    assert_int_equal(i64("9223372036854775807", &v), SC_OK);
    assert_true(v == INT64_MAX);
    assert_int_equal(i64("-9223372036854775808", &v), SC_OK);
    assert_true(v == INT64_MIN);
    assert_int_equal(sc_num_i64(SC_STR("5"), 0, 4, &v, NULL), SC_INVALID);
}

static void real_numbers_are_finite_and_plain(void **state) {
    (void)state;
    double v;
    const char *const bad[] = {"",      "nan", "inf", "-inf", "1e999",
                               "0x1p3", "1,5", " 1",  "+1",   "1..2"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        assert_int_equal(sc_num_f64(sc_str_of(bad[i]), -1e300, 1e300, &v, NULL), SC_INVALID);
    assert_int_equal(sc_num_f64(SC_STR("-1.5e2"), -1000, 1000, &v, NULL), SC_OK);
    assert_true(v == -150);
}

static void sizes_take_a_unit_and_never_overflow(void **state) {
    (void)state;
    int64_t v;
    assert_int_equal(sc_num_bytes(SC_STR("64k"), &v, NULL), SC_OK);
    assert_int_equal(v, 65536);
    assert_int_equal(sc_num_bytes(SC_STR("2G"), &v, NULL), SC_OK);
    assert_true(v == (int64_t)2 << 30);
    const char *const bad[] = {"", "k", "-1", "1kk", "1T", "9223372036854775807k", "1.5M"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        assert_int_equal(sc_num_bytes(sc_str_of(bad[i]), &v, NULL), SC_INVALID);
}

static void ill_formed_utf8_is_found(void **state) {
    (void)state;
    const char *const bad[] = {"\x80",
                               "\xC0\x80",
                               "\xC1\xBF",
                               "\xE0\x9F\xBF",
                               "\xED\xA0\x80",
                               "\xF4\x90\x80\x80",
                               "\xF5\x80\x80\x80",
                               "\xE2\x82",
                               "abcdefgh\xFF",
                               "\xF0\x9F\x98",
                               "\xFE",
                               "aaaaaaa\xC3"};
    for (size_t i = 0; i < SC_LEN(bad); i++) assert_false(sc_utf8_valid(sc_str_of(bad[i])));
    const char *const good[] = {"",
                                "a",
                                "\xC2\x80",
                                "\xEF\xBF\xBF",
                                "\xF4\x8F\xBF\xBF",
                                "gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x98\x80 12345678"};
    for (size_t i = 0; i < SC_LEN(good); i++) assert_true(sc_utf8_valid(sc_str_of(good[i])));
    assert_true(sc_utf8_valid((sc_str){"a\0b", 3}));
}

static void decoding_moves_on_over_garbage_and_round_trips(void **state) {
    (void)state;
    sc_str s = {"\xFF\xE2\x82\xAC\xE2", 5};
    size_t i = 0;
    assert_int_equal(sc_utf8_next(s, &i), 0xFFFD);
    assert_int_equal(sc_utf8_next(s, &i), 0x20AC);
    assert_int_equal(sc_utf8_next(s, &i), 0xFFFD);
    assert_int_equal(i, s.n);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16);
    const uint32_t cps[] = {0x7F, 0x80, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF};
    for (size_t k = 0; k < SC_LEN(cps); k++) {
        sc_buf_reset(&b);
        sc_buf_put_utf8(&b, cps[k]);
        i = 0;
        assert_int_equal(sc_utf8_next(sc_buf_str(&b), &i), cps[k]);
        assert_int_equal(i, b.n);
    }
}

static void clipping_never_cuts_a_character(void **state) {
    (void)state;
    sc_str s = SC_STR("a\xF0\x9F\x98\x80z");
    for (size_t n = 0; n <= s.n; n++) assert_true(sc_utf8_valid(sc_str_clip(s, n)));
    assert_int_equal(sc_str_clip(s, 4).n, 1);
    assert_int_equal(sc_str_clip(s, 5).n, 5);
}

static void a_buffer_stops_at_its_maximum_and_says_so(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 5);
    sc_err err = {0};
    assert_true(sc_buf_puts(&b, "12345"));
    assert_int_equal(sc_buf_check(&b, "the text", &err), SC_OK);
    assert_false(sc_buf_putc(&b, '6'));
    assert_int_equal(b.n, 5);
    assert_int_equal(sc_buf_check(&b, "the text", &err), SC_TOO_LARGE);
    assert_null(sc_buf_take(&b));
    assert_false(sc_buf_reserve(&b, SIZE_MAX));
    sc_buf_done(&b);
    sc_buf_init(&b, 100);
    sc_mem_fail_after(1);
    assert_false(sc_buf_puts(&b, "x"));
    sc_mem_fail_after(0);
    assert_int_equal(sc_buf_check(&b, "the text", &err), SC_NOMEM);
}

static void json_strings_are_escaped_and_garbage_is_replaced(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 200);
    sc_buf_put_json(&b, (sc_str){"a\"\\\b\f\n\r\t\x01\0\xC3\xA4\xFF", 13});
    assert_string_equal(b.p, "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\xC3\xA4\xEF\xBF\xBD\"");
}

static void parts_are_cut_and_the_last_empty_one_is_given_once(void **state) {
    (void)state;
    sc_str rest = SC_STR("a,,b,"), part;
    const char *const want[] = {"a", "", "b", ""};
    for (size_t i = 0; i < SC_LEN(want); i++) {
        assert_true(sc_str_next(&rest, ',', &part));
        assert_true(sc_str_is(part, want[i]));
    }
    assert_false(sc_str_next(&rest, ',', &part));
}

static void hex_is_strict_and_round_trips(void **state) {
    (void)state;
    unsigned char b[3], out[3] = {0xDE, 0x00, 0x7F};
    char hex[7];
    sc_hex_encode(out, 3, hex);
    assert_string_equal(hex, "de007f");
    assert_true(sc_hex_decode(SC_STR("DE007f"), b, 3));
    assert_memory_equal(b, out, 3);
    assert_false(sc_hex_decode(SC_STR("de007"), b, 3));
    assert_false(sc_hex_decode(SC_STR("de007g"), b, 3));
    assert_false(sc_hex_decode(SC_STR("de007f0"), b, 3));
}

static void hashes_are_what_they_always_were(void **state) {
    (void)state; /* stored values depend on them */
    assert_true(sc_hash64("", 0, 0) != sc_hash64("", 0, 1));
    assert_true(sc_hash64("a", 1, 0) != sc_hash64("a\0", 2, 0));
    assert_true(sc_hash64("12345678", 8, 0) != sc_hash64("123456789", 9, 0));
    assert_true(sc_hash64("pantry", 6, 7) == 0xd997ebe0d3bf62b1ULL);
}

static void comparing_in_constant_time_is_right(void **state) {
    (void)state;
    assert_true(sc_mem_eq_const("abc", "abc", 3));
    assert_false(sc_mem_eq_const("abc", "abd", 3));
    assert_true(sc_mem_eq_const("abc", "xyz", 0));
    assert_true(sc_str_ieq(SC_STR("X-Request-ID"), SC_STR("x-request-id")));
    assert_false(sc_str_ieq(SC_STR("a"), SC_STR("ab")));
    assert_true(sc_str_cmp(SC_STR("a"), SC_STR("ab")) < 0);
    assert_true(sc_str_find(SC_STR("abc"), SC_STR("d")) == SIZE_MAX);
    assert_int_equal(sc_str_find(SC_STR("abcabc"), SC_STR("ca")), 2);
    assert_true(sc_str_is(sc_str_trim(SC_STR(" \t a b\n ")), "a b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_not_whole_or_do_not_fit_are_refused),
        cmocka_unit_test(real_numbers_are_finite_and_plain),
        cmocka_unit_test(sizes_take_a_unit_and_never_overflow),
        cmocka_unit_test(ill_formed_utf8_is_found),
        cmocka_unit_test(decoding_moves_on_over_garbage_and_round_trips),
        cmocka_unit_test(clipping_never_cuts_a_character),
        cmocka_unit_test(a_buffer_stops_at_its_maximum_and_says_so),
        cmocka_unit_test(json_strings_are_escaped_and_garbage_is_replaced),
        cmocka_unit_test(parts_are_cut_and_the_last_empty_one_is_given_once),
        cmocka_unit_test(hex_is_strict_and_round_trips),
        cmocka_unit_test(hashes_are_what_they_always_were),
        cmocka_unit_test(comparing_in_constant_time_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
