/* Errors, memory, time, ids, options, JSON: base/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

/* ---- Errors --------------------------------------------------------------------------------------- */

static void an_error_can_be_wrapped_with_its_own_message_and_needs_no_place(void **state) {
    (void)state;
    sc_err err = {0};
    assert_int_equal(sc_fail_field(&err, SC_UNPROCESSABLE, "a.b", "bad %d", 7), SC_UNPROCESSABLE);
    assert_string_equal(err.field, "a.b");
    assert_int_equal(sc_wrap(&err, "line %d", 3), SC_UNPROCESSABLE);
    assert_string_equal(err.msg, "line 3: bad 7");
    sc_fail(&err, SC_INVALID, "again: %s", err.msg);
    assert_string_equal(err.msg, "again: line 3: bad 7");
    assert_int_equal(sc_fail(NULL, SC_STORE, "nobody listens"), SC_STORE);
    assert_int_equal(sc_fail_sys(NULL, SC_IO, 2, "x"), SC_IO);
    sc_fail_sys(&err, SC_IO, 2, "open %s", "f");
    assert_non_null(strstr(err.msg, "open f: "));
    assert_int_equal(sc_rc_http(SC_LIMITED), 429);
    assert_true(sc_rc_retryable(SC_STORE));
    assert_false(sc_rc_retryable(SC_INVALID));
    assert_int_equal(sc_rc_http((sc_rc)999), 500);
    assert_string_equal(sc_rc_name((sc_rc)999), "UNKNOWN");
    for (int i = 0; i < 100; i++) sc_wrap(&err, "a long enough word");
    assert_true(strlen(err.msg) < sizeof err.msg);
}

/* ---- Memory --------------------------------------------------------------------------------------- */

static void an_arena_keeps_to_its_budget_and_is_zeroed_after_a_reset(void **state) {
    (void)state;
    SC_AUTO(sc_arena_done) sc_arena a;
    sc_arena_init(&a, 10000);
    assert_null(sc_arena_take(&a, 10001));
    assert_null(sc_arena_take(&a, SIZE_MAX));
    assert_null(sc_arena_take_array(&a, SIZE_MAX / 2, 16));
    char *p = sc_arena_take(&a, 100);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    memset(p, 0xAA, 100);
    sc_arena_reset(&a);
    unsigned char *q = sc_arena_take(&a, 100);
    for (int i = 0; i < 100; i++) assert_int_equal(q[i], 0);
    size_t got = 0;
    while (sc_arena_take(&a, 64)) got += 64;
    assert_in_range(got, 4000, 10000);
    assert_in_range(a.used_bytes, 4000, 10000);
    sc_arena_reset(&a);
    assert_string_equal(sc_arena_printf(&a, "%s-%d", "x", 5), "x-5");
    assert_string_equal(sc_arena_copy(&a, "abc", 2), "ab");
    assert_string_equal(sc_arena_copy(&a, NULL, 0), "");
}

static void the_nth_allocation_fails_once(void **state) {
    (void)state;
    sc_mem_fail_after(2);
    void *a = sc_alloc(1), *b = sc_alloc(1), *c = sc_alloc(1);
    assert_int_equal(sc_mem_fail_after(0), 3);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    assert_null(sc_alloc_array(SIZE_MAX, 2));
    assert_null(sc_realloc_array(a, SIZE_MAX, 2));
    sc_free(a);
    sc_free(c);
    sc_free(NULL);
}

/* ---- Time ----------------------------------------------------------------------------------------- */

static void times_that_are_no_times_are_refused(void **state) {
    (void)state;
    int64_t ms;
    const char *const bad[] = {"",
                               "2026-11-21",
                               "2026-11-21T22:44:35",
                               "2026-13-01T00:00:00Z",
                               "2026-02-29T00:00:00Z",
                               "2026-00-10T00:00:00Z",
                               "2026-11-21T24:00:00Z",
                               "2026-11-21T22:60:00Z",
                               "2026-11-21T22:44:61Z",
                               "2026-11-21T22:44:35.Z",
                               "2026-11-21T22:44:35+24:00",
                               "2026-11-21T22:44:35Zx",
                               "2026-11-21x22:44:35Z",
                               "1790000000"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        assert_int_equal(sc_time_parse(sc_str_of(bad[i]), &ms, NULL), SC_INVALID);
}

static void times_round_trip_with_offsets_and_fractions(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T22:44:35.123Z", 1795301075123},
        {"2026-11-22T00:44:35.1239999+02:00", 1795301075123},
        {"2024-02-29t23:59:59z", 1709251199000},
        {"1969-12-31 23:59:59.5Z", -500},
        {"2000-01-01T00:00:00-23:59", 946771140000},
    };
    for (size_t i = 0; i < SC_LEN(good); i++) {
        int64_t ms;
        assert_int_equal(sc_time_parse(sc_str_of(good[i].text), &ms, NULL), SC_OK);
        assert_int_equal(ms, good[i].ms);
        char text[SC_TIME_TEXT];
        sc_time_format(ms, text);
        int64_t again;
        assert_int_equal(sc_time_parse(sc_str_of(text), &again, NULL), SC_OK);
        assert_int_equal(again, ms);
    }
    char text[SC_TIME_TEXT];
    sc_time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    sc_time_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* ---- Ids ------------------------------------------------------------------------------------------ */

static int64_t frozen(void *self) {
    (void)self;
    return 1790000000000;
}

static void ids_grow_even_when_the_clock_stands_still_or_goes_back(void **state) {
    (void)state;
    sc_clock still = {frozen, frozen, NULL};
    sc_id last = sc_id_new(&sc_clock_system);
    for (int i = 0; i < 10000; i++) {
        sc_id id = sc_id_new(&still);
        assert_true(strcmp(id.text, last.text) > 0);
        assert_int_equal(id.text[14], '7');
        assert_non_null(strchr("89ab", id.text[19]));
        last = id;
    }
    unsigned char bytes[16];
    assert_true(sc_id_to_bytes(&last, bytes));
    sc_id back = sc_id_from_bytes(bytes);
    assert_true(sc_id_eq(&back, &last));
}

static void what_is_no_id_is_no_id(void **state) {
    (void)state;
    const char *const bad[] = {"",
                               "x",
                               "01a20081-69b7-7000-b0a4-4b882aaa4a9",
                               "01a20081-69b7-7000-b0a4-4b882aaa4a9f0",
                               "01a20081069b7-7000-b0a4-4b882aaa4a9f",
                               "01a20081-69b7-7000-b0a4-4b882aaa4a9g",
                               "01a20081-69b7-7000-b0a4--b882aaa4a9f"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_id id = sc_id_of(sc_str_of(bad[i]));
        assert_false(sc_id_is_set(&id));
    }
    sc_id id = sc_id_of(SC_STR("01A20081-69B7-7000-B0A4-4B882AAA4A9F"));
    assert_string_equal(id.text, "01a20081-69b7-7000-b0a4-4b882aaa4a9f");
}

/* ---- Options -------------------------------------------------------------------------------------- */

typedef struct opts {
    const char *data;
    int64_t port, size;
    bool quiet;
    sc_opt_list map;
} opts;
static const sc_opt rows[] = {
    {.name = "data",
     .type = SC_OPT_STR,
     .offset = offsetof(opts, data),
     .fallback = "./data",
     .arg = "DIR",
     .help = "where",
     .letter = 'd'},
    {.name = "test-port",
     .type = SC_OPT_INT,
     .offset = offsetof(opts, port),
     .fallback = "80",
     .arg = "N",
     .help = "which",
     .min = 1,
     .max = 99},
    {.name = "size",
     .type = SC_OPT_BYTES,
     .offset = offsetof(opts, size),
     .arg = "BYTES",
     .help = "how big"},
    {.name = "quiet", .type = SC_OPT_BOOL, .offset = offsetof(opts, quiet), .help = "say nothing"},
    {.name = "map",
     .type = SC_OPT_LIST,
     .offset = offsetof(opts, map),
     .arg = "A=B",
     .help = "columns"},
};

static sc_rc parse(opts *o, const char **words, size_t *n, char *problems, size_t cap, int argc,
                   char **argv) {
    memset(o, 0, sizeof *o);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_rc rc = sc_conf_parse(rows, SC_LEN(rows), o, argc, argv, words, n, &b);
    snprintf(problems, cap, "%s", b.p ? b.p : "");
    return rc;
}
#define PARSE(...)                                \
    char *argv[] = {(char *)"prog", __VA_ARGS__}; \
    const char *words[SC_LEN(argv)];              \
    size_t n;                                     \
    char problems[4096];                          \
    opts o;                                       \
    sc_rc rc = parse(&o, words, &n, problems, sizeof problems, (int)SC_LEN(argv), argv)

static void all_problems_of_a_command_line_are_told_at_once(void **state) {
    (void)state;
    PARSE((char *)"--nope", (char *)"--test-port=100", (char *)"--size", (char *)"x", (char *)"-z",
          (char *)"--data");
    assert_int_equal(rc, SC_INVALID);
    assert_non_null(strstr(problems, "--nope"));
    assert_non_null(strstr(problems, "test-port"));
    assert_non_null(strstr(problems, "size"));
    assert_non_null(strstr(problems, "-z"));
    assert_non_null(strstr(problems, "--data: needs a value"));
}

static void flags_win_over_the_environment_and_that_over_the_fallback(void **state) {
    (void)state;
    setenv("SOULCASTER_TEST_PORT", "7", 1);
    setenv("SOULCASTER_SIZE", "2k", 1);
    PARSE((char *)"--size=3k", (char *)"--quiet", (char *)"--no-quiet", (char *)"-dx",
          (char *)"--map", (char *)"a=b", (char *)"w", (char *)"--", (char *)"--size");
    unsetenv("SOULCASTER_TEST_PORT");
    unsetenv("SOULCASTER_SIZE");
    assert_int_equal(rc, SC_OK);
    assert_int_equal(o.port, 7);
    assert_int_equal(o.size, 3072);
    assert_false(o.quiet);
    assert_string_equal(o.data, "x");
    assert_int_equal(o.map.n, 1);
    assert_int_equal(n, 2);
    assert_string_equal(words[0], "w");
    assert_string_equal(words[1], "--size");
}

static void an_env_file_fills_what_is_not_set(void **state) {
    (void)state;
    char path[] = "/tmp/soulcaster-env-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char text[] = "# comment\nexport SC_T_ONE=\"a b\"\nSC_T_TWO='x'\n\nbroken "
                        "line\n=novalue\nSC_T_THREE= y \nSC_T_SET=no\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("SC_T_SET", "yes", 1);
    assert_int_equal(sc_conf_load_env(path, NULL), SC_OK);
    assert_string_equal(getenv("SC_T_ONE"), "a b");
    assert_string_equal(getenv("SC_T_TWO"), "x");
    assert_string_equal(getenv("SC_T_SET"), "yes");
    unlink(path);
    assert_int_equal(sc_conf_load_env(path, NULL), SC_NOT_FOUND);
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static sc_rc json(const char *text, size_t n, char *problem, size_t cap) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_err err = {0};
    sc_rc rc = sc_json_parse((sc_str){text, n}, &v, &err);
    snprintf(problem, cap, "%s", err.msg);
    return rc;
}

static void json_that_is_not_json_is_refused_without_a_crash(void **state) {
    (void)state;
    char why[256];
    const char *const bad[] = {"",
                               " ",
                               "{",
                               "{\"a\":1,\"a\":2}",
                               "[1,]",
                               "{'a':1}",
                               "nul",
                               "\"\xFF\"",
                               "\"\\ud800\"",
                               "1 2",
                               "[1e400]",
                               "123456789012345678901234567890",
                               "\"\\u0000\"x",
                               "{\"a\":}",
                               "\xEF\xBB\xBF{}"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        if (json(bad[i], strlen(bad[i]), why, sizeof why) != SC_INVALID)
            fail_msg("accepted: %s", bad[i]);
    static char deep[20001];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    assert_int_equal(json(deep, 20000, why, sizeof why), SC_INVALID);
    assert_non_null(strstr(why, "nested"));
    assert_int_equal(json("[\"\\\\\", \"]]]]\"]", 14, why, sizeof why), SC_OK);
}

static void every_failing_allocation_while_reading_json_says_no_memory(void **state) {
    (void)state;
    const char *text =
        "{\"title\":\"a long enough external value\",\"n\":[1,2,3],\"o\":{\"k\":\"v\"}}";
    for (uint64_t i = 1;; i++) {
        json_t *v = NULL;
        sc_mem_fail_after(i);
        sc_rc rc = sc_json_parse(sc_str_of(text), &v, NULL);
        bool failed = sc_mem_fail_after(0) >= i;
        if (rc == SC_OK) json_decref(v);
        if (!failed) {
            assert_int_equal(rc, SC_OK);
            break;
        }
        assert_int_equal(rc, SC_NOMEM);
    }
}

static void members_are_read_by_type_and_path(void **state) {
    (void)state;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    assert_int_equal(
        sc_json_parse(
            SC_STR("{\"s\":\"x\",\"i\":5,\"b\":true,\"z\":null,\"a\":[{\"k\":\"deep\"}]}"), &v,
            NULL),
        SC_OK);
    sc_err err = {0};
    sc_str s;
    int64_t i;
    bool b;
    assert_int_equal(sc_json_str(v, "i", &s, &err), SC_INVALID);
    assert_string_equal(err.field, "i");
    assert_int_equal(sc_json_int(v, "s", 0, &i, &err), SC_INVALID);
    assert_int_equal(sc_json_bool(v, "s", false, &b, &err), SC_INVALID);
    assert_int_equal(sc_json_str(v, "z", &s, &err), SC_OK);
    assert_int_equal(s.n, 0);
    assert_int_equal(sc_json_int(v, "none", 9, &i, &err), SC_OK);
    assert_int_equal(i, 9);
    assert_int_equal(sc_json_str(NULL, "x", &s, &err), SC_OK);
    assert_true(sc_str_is(sc_json_str_at(v, "a.0.k"), "deep"));
    assert_null(sc_json_at(v, "a.1.k"));
    assert_null(sc_json_at(v, "a.x"));
    assert_null(sc_json_at(v, "a.-1"));
}

static void log_levels_have_names(void **state) {
    (void)state;
    sc_log_level l;
    assert_int_equal(sc_log_level_parse(SC_STR("warn"), &l, NULL), SC_OK);
    assert_int_equal(l, SC_LOG_WARN);
    assert_int_equal(sc_log_level_parse(SC_STR("loud"), &l, NULL), SC_INVALID);
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_can_be_wrapped_with_its_own_message_and_needs_no_place),
        cmocka_unit_test(an_arena_keeps_to_its_budget_and_is_zeroed_after_a_reset),
        cmocka_unit_test(the_nth_allocation_fails_once),
        cmocka_unit_test(times_that_are_no_times_are_refused),
        cmocka_unit_test(times_round_trip_with_offsets_and_fractions),
        cmocka_unit_test(ids_grow_even_when_the_clock_stands_still_or_goes_back),
        cmocka_unit_test(what_is_no_id_is_no_id),
        cmocka_unit_test(all_problems_of_a_command_line_are_told_at_once),
        cmocka_unit_test(flags_win_over_the_environment_and_that_over_the_fallback),
        cmocka_unit_test(an_env_file_fills_what_is_not_set),
        cmocka_unit_test(json_that_is_not_json_is_refused_without_a_crash),
        cmocka_unit_test(every_failing_allocation_while_reading_json_says_no_memory),
        cmocka_unit_test(members_are_read_by_type_and_path),
        cmocka_unit_test(log_levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
