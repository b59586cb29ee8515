/* The old system's names and values, one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "legacy/key.h"
#include "legacy/value.h"

static void names_tell_what_a_key_holds(void **state) {
    (void)state;
    static const struct {
        const char *name, *project, *id;
        sc_legacy_kind kind;
    } rows[] = {
        {"feedback:p:i", "p", "i", SC_LEGACY_FEEDBACK},
        {"feedback:i", "", "i", SC_LEGACY_FEEDBACK},
        {"feedback:created", "", "", SC_LEGACY_INDEX},
        {"feedback:created:p", "p", "", SC_LEGACY_INDEX},
        {"feedback:external:p:reddit:t3_1", "", "", SC_LEGACY_INDEX},
        {"cluster:p:i", "p", "i", SC_LEGACY_CLUSTER},
        {"cluster:i", "", "i", SC_LEGACY_CLUSTER},
        {"cluster:p:i:items", "p", "i", SC_LEGACY_ITEMS},
        {"cluster:items:i", "", "i", SC_LEGACY_ITEMS},
        {"cluster:items:p:i", "p", "i", SC_LEGACY_ITEMS},
        {"cluster:jobs:i", "", "", SC_LEGACY_INDEX},
        {"cluster:lock:p", "", "", SC_LEGACY_INDEX},
        {"clusters:p:all", "", "", SC_LEGACY_INDEX},
        {"cluster_job:p:i", "", "", SC_LEGACY_RUN},
        {"job:i", "", "i", SC_LEGACY_JOB},
        {"job:i:logs", "", "i", SC_LEGACY_LOGS},
        {"coding_plan:i", "", "i", SC_LEGACY_PLAN},
        {"config:reddit:subreddits", "", "", SC_LEGACY_SUBREDDITS},
        {"config:reddit:subreddits:p", "p", "", SC_LEGACY_SUBREDDITS},
        {"config:sentry:p:webhook_secret", "", "", SC_LEGACY_SETTING},
        {"project:i", "", "i", SC_LEGACY_PROJECT},
        {"user:i", "", "i", SC_LEGACY_USER},
        {"user:projects:i", "", "", SC_LEGACY_INDEX},
        {"", "", "", SC_LEGACY_FOREIGN},
        {"feedback", "", "", SC_LEGACY_FOREIGN},
        {"feedback:", "", "", SC_LEGACY_FOREIGN},
        {"feedback:a:", "", "", SC_LEGACY_FOREIGN},
        {"feedback:a:b:c", "", "", SC_LEGACY_FOREIGN},
        {"job:i:other", "", "", SC_LEGACY_FOREIGN},
        {"sc:{i}:p", "", "", SC_LEGACY_FOREIGN},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_legacy_key k = sc_legacy_key_of(sc_str_of(rows[i].name));
        if (k.kind != rows[i].kind || !sc_str_is(k.project, rows[i].project) ||
            !sc_str_is(k.id, rows[i].id))
            fail_msg("%s: %d", rows[i].name, (int)k.kind);
    }
}

static void times_have_many_forms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"2025-11-02T10:00:00.123456", 1762077600123},
                {"2025-11-02T10:00:00Z", 1762077600000},
                {"2025-11-02 10:00:00+02:00", 1762070400000},
                {"2025-11-02", 1762041600000},
                {"1762077600", 1762077600000},
                {"1762077600.5", 1762077600500},
                {" 1762077600500 ", 1762077600500}};
    static const char *const bad[] = {"",     "None", "nan",        "inf",        "-5",
                                      "1e30", "soon", "2025-13-02", "1969-12-31", "2025-11-02T10"};
    int64_t ms;
    for (size_t i = 0; i < SC_LEN(good); i++) {
        if (!sc_legacy_time(sc_str_of(good[i].text), &ms) || ms != good[i].ms)
            fail_msg("%s", good[i].text);
    }
    for (size_t i = 0; i < SC_LEN(bad); i++)
        if (sc_legacy_time(sc_str_of(bad[i]), &ms)) fail_msg("%s was taken", bad[i]);
}

static void what_python_printed_is_read(void **state) {
    (void)state;
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"{'a': 1, \"b\": 'it\\'s', 'c': None, 'd': True, 'e': (1, 2.5)}",
         "{\"a\":1,\"b\":\"it's\",\"c\":null,\"d\":true,\"e\":[1,2.5]}"},
        {"('x',)", "[\"x\"]"},
        {"['\\x41\\u00e9\\n', '\\ud800']", "[\"A\xc3\xa9\\n\",\"\xef\xbf\xbd\"]"},
        {"{'t': datetime.datetime(2024, 1, 2, tzinfo=x('a)b'))}",
         "{\"t\":\"datetime.datetime(2024, 1, 2, tzinfo=x('a)b'))\"}"},
        {"[UUID('0a6e9f0e-6f4c-4a35-9e0e-2f3c1d7b1a01')]",
         "[\"0a6e9f0e-6f4c-4a35-9e0e-2f3c1d7b1a01\"]"},
        {"{\"a\": [1, {\"b\": null}]}", "{\"a\":[1,{\"b\":null}]}"},
    };
    static const char *const bad[] = {"",      "'open", "{'a'}",  "{1: 2}", "{'a': 1",       "x y",
                                      "[1,,]", "f(",    "'\\x4'", "'\\q'",  "{'a':1, 'a':2}"};
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        SC_AUTO(sc_json_auto) json_t *v = sc_legacy_literal(sc_str_of(rows[i].text));
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 4096);
        if (!v || !sc_json_dump(v, &b)) fail_msg("%s", rows[i].text);
        assert_string_equal(b.p, rows[i].json);
    }
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        SC_AUTO(sc_json_auto) json_t *v = sc_legacy_literal(sc_str_of(bad[i]));
        if (v) fail_msg("%s was read", bad[i]);
    }
}

static void ids_stay_or_are_always_made_the_same(void **state) {
    (void)state;
    static const char uuid[] = "0A6E9F0E-6f4c-4a35-9e0e-2f3c1d7b1a01";
    sc_id kept = sc_legacy_id("report", SC_STR("p"), sc_str_of(uuid), false);
    assert_string_equal(kept.text, "0a6e9f0e-6f4c-4a35-9e0e-2f3c1d7b1a01");
    sc_id a = sc_legacy_id("report", SC_STR("p"), SC_STR("7"), false);
    sc_id b = sc_legacy_id("report", SC_STR("p"), SC_STR("7"), false);
    assert_true(sc_id_valid(sc_id_str(&a)) && sc_id_eq(&a, &b) && a.text[14] == '8');
    const sc_id others[] = {sc_legacy_id("issue", SC_STR("p"), SC_STR("7"), false),
                            sc_legacy_id("report", SC_STR("q"), SC_STR("7"), false),
                            sc_legacy_id("report", SC_STR("p 7"), SC_STR(""), false),
                            sc_legacy_id("report", SC_STR("p"), sc_str_of(uuid), true)};
    for (size_t i = 0; i < SC_LEN(others); i++) assert_false(sc_id_eq(&a, &others[i]));
}

static void broken_text_is_mended_and_long_text_is_cut_between_characters(void **state) {
    (void)state;
    bool cut = false;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 100);
    assert_true(sc_legacy_mend(&b, (sc_str){"a\0\xff\xc3\xa9", 5}, 50, &cut));
    assert_string_equal(b.p, "a\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    assert_false(cut);
    sc_buf_reset(&b);
    assert_true(sc_legacy_mend(&b, SC_STR("ab\xc3\xa9"), 3, &cut));
    assert_true(cut && sc_str_is(sc_buf_str(&b), "ab"));
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_what_a_key_holds),
        cmocka_unit_test(times_have_many_forms),
        cmocka_unit_test(what_python_printed_is_read),
        cmocka_unit_test(ids_stay_or_are_always_made_the_same),
        cmocka_unit_test(broken_text_is_mended_and_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
