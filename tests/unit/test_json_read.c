/* The quick JSON reader: base/json_read.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_read.h"

static json_t *plain(const char *text) {
    return sc_json_read_plain(sc_str_of(text), SC_JSON_MAX_DEPTH);
}

static void what_it_does_not_know_for_certain_is_left_to_jansson(void **state) {
    (void)state;
    static const char *const left[] = {
        "",
        " ",
        "{",
        "[1,",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1,\"a\":2}",
        "\"open",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "\"tab\there\"",
        "\"\xC3\"",
        "\"\xED\xA0\x80\"",
        "01",
        "-",
        "+1",
        "1.5",
        "1e3",
        "1234567890123456789",
        "nul",
        "truely",
        "1 2",
        "'a'",
        "\xEF\xBB\xBF{}",
        "{\"\\u0061\":1}",
    };
    for (size_t i = 0; i < SC_LEN(left); i++) {
        SC_AUTO(sc_json_auto) json_t *v = plain(left[i]);
        if (v) fail_msg("taken: %s", left[i]);
    }
    SC_AUTO(sc_json_auto) json_t *none = sc_json_read_plain(SC_STR_NONE, 1);
    assert_null(none);
}

/* At every length and place in an eight-byte word, the byte that ends a run is seen. */
static void a_string_ends_where_it_ends_at_every_offset(void **state) {
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        char text[64];
        size_t at = 0;
        text[at++] = '"';
        for (size_t i = 0; i < n; i++) text[at++] = (char)('a' + i % 26);
        text[at++] = '"';
        SC_AUTO(sc_json_auto) json_t *v = sc_json_read_plain((sc_str){text, at}, 1);
        assert_non_null(v);
        assert_int_equal(json_string_length(v), n);
        for (size_t i = 1; i <= n; i++) {
            char kept = text[i];
            text[i] = '\x1F';
            assert_null(sc_json_read_plain((sc_str){text, at}, 1));
            text[i] = '"';
            assert_null(sc_json_read_plain((sc_str){text, at}, 1));
            text[i] = '\x7F'; /* allowed: RFC 8259 names only those below 0x20 */
            SC_AUTO(sc_json_auto) json_t *del = sc_json_read_plain((sc_str){text, at}, 1);
            assert_non_null(del);
            text[i] = kept;
        }
    }
}

static void values_are_what_jansson_reads(void **state) {
    (void)state;
    static const char *const texts[] = {
        "null",
        " [ ] ",
        "{}",
        "-0",
        "-123456789012345678",
        "\"\\u00e9\\u4e2d\\u0041 \\\" \\\\ \\/ \\b\\f\\n\\r\\t and \xC3\xA9\"",
        "{\"b\":[1,2,[3,{\"x\":null}]],\"a\":{\"t\":true,\"f\":false},\"\":\"\"}",
        "\t[\r\n{\"k\" : \"v\"} , 7 ]\n",
    };
    for (size_t i = 0; i < SC_LEN(texts); i++) {
        SC_AUTO(sc_json_auto) json_t *v = plain(texts[i]);
        SC_AUTO(sc_json_auto) json_t *judge = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        if (!v || !json_equal(v, judge)) fail_msg("differs: %s", texts[i]);
    }
}

static void nesting_is_counted_in_levels_open_at_once(void **state) {
    (void)state;
    SC_AUTO(sc_json_auto) json_t *fits = sc_json_read_plain(SC_STR("[[],[],{\"a\":[]}]"), 3);
    assert_non_null(fits);
    assert_null(sc_json_read_plain(SC_STR("[[],[],{\"a\":[[]]}]"), 3));
}

/* Nothing leaks and nothing is half read when memory runs out in it (the sanitizer watches). */
static void a_failing_allocation_gives_no_value(void **state) {
    (void)state;
    sc_str text = SC_STR("{\"a\":[1,\"x\\ny\",{\"b\":\"c\"}],\"d\":\"e\\u00e9\"}");
    for (uint64_t nth = 1;; nth++) {
        sc_mem_fail_after(nth);
        SC_AUTO(sc_json_auto) json_t *v = sc_json_read_plain(text, 8);
        bool failed = sc_mem_fail_after(0) >= nth;
        assert_true(failed == (v == NULL));
        if (!failed) break;
    }
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_does_not_know_for_certain_is_left_to_jansson),
        cmocka_unit_test(a_string_ends_where_it_ends_at_every_offset),
        cmocka_unit_test(values_are_what_jansson_reads),
        cmocka_unit_test(nesting_is_counted_in_levels_open_at_once),
        cmocka_unit_test(a_failing_allocation_gives_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
