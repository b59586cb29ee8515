#include "test_source_support.h"

#include "sources/payload.h"
#include "sources/settings.h"

static sc_rc parse(const char *text, json_t **ret, sc_err *err) {
    memset(err, 0, sizeof *err);
    *ret = NULL;
    return sc_payload_parse(sc_str_of(text), ret, err);
}

static void what_is_no_object_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "nul",
                                      "{",
                                      "{}x",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":1e999}",
                                      "{\"a\":\"\\u12\"}",
                                      "\\",
                                      "{\"a\\"};
    static const char *const other[] = {"[]", "7", "null", "\"x\"", "true", "99999999999999999999"};
    json_t *v;
    sc_err err;
    for (size_t i = 0; i < SC_LEN(bad); i++) assert_int_equal(parse(bad[i], &v, &err), SC_INVALID);
    for (size_t i = 0; i < SC_LEN(other); i++)
        assert_int_equal(parse(other[i], &v, &err), SC_UNPROCESSABLE);
}

static void depth_is_bounded(void **state) {
    (void)state;
    char text[4096];
    memset(text, '[', sizeof text);
    memcpy(text, "{\"a\":", 5);
    text[sizeof text - 1] = 0;
    json_t *v;
    sc_err err;
    assert_int_equal(parse(text, &v, &err), SC_INVALID);
}

static void escapes_that_are_no_text_become_replacement_characters(void **state) {
    (void)state;
    json_t *v;
    sc_err err;
    assert_int_equal(
        parse("{\"a\":\"x\\u0000y\\ud800z\\udc00\\uD83D\\uDE00\\\\u0000\\ud83d\"}", &v, &err),
        SC_OK);
    same(sc_json_str_at(v, "a"),
         "x\xEF\xBF\xBDy\xEF\xBF\xBDz\xEF\xBF\xBD\xF0\x9F\x98\x80\\u0000\xEF\xBF\xBD");
    json_decref(v);
}

static void integers_beyond_64_bits_become_reals_and_others_stay(void **state) {
    (void)state;
    json_t *v;
    sc_err err;
    assert_int_equal(
        parse("{\"a\":18446744073709551616,\"b\":-99999999999999999999,\"c\":9223372036854775807,"
              "\"d\":0.12345678901234567890123,\"e\":\"18446744073709551616\"}",
              &v, &err),
        SC_OK);
    assert_true(json_number_value(sc_json_at(v, "a")) > 1.84e19);
    assert_true(json_number_value(sc_json_at(v, "b")) < -9.9e19);
    assert_int_equal(json_integer_value(sc_json_at(v, "c")), INT64_MAX);
    assert_true(json_is_real(sc_json_at(v, "d")));
    same(sc_json_str_at(v, "e"), "18446744073709551616");
    json_decref(v);
}

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL, ""}, {"secrets", SC_SETTING_SECRETS, NULL, ""},
    {"on", SC_SETTING_BOOL, NULL, ""},       {"least", SC_SETTING_INT, NULL, ""},
    {"names", SC_SETTING_NAMES, NULL, ""},   {"one", SC_SETTING_CHOICE, "a|b", ""},
    {"many", SC_SETTING_CHOICES, "a|b", ""},
};

static void bad_settings_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"[]", "$"},
        {"{\"enviroments\":[]}", "enviroments"},
        {"{\"secret\":7}", "secret"},
        {"{\"secret\":\"short\"}", "secret"},
        {"{\"secret\":\"ends in space \"}", "secret"},
        {"{\"secrets\":\"just one text\"}", "secrets"},
        {"{\"secrets\":[\"long enough\",\"no\"]}", "secrets[1]"},
        {"{\"on\":1}", "on"},
        {"{\"least\":1.5}", "least"},
        {"{\"names\":{}}", "names"},
        {"{\"names\":[\"x\",\" \"]}", "names[1]"},
        {"{\"one\":\"c\"}", "one"},
        {"{\"many\":[\"a\",\"\"]}", "many[1]"},
        {"{\"many\":\"a\"}", "many"},
        {"{\"secrets\":[\"11111111\",\"11111111\",\"11111111\",\"11111111\",\"11111111\","
         "\"11111111\",\"11111111\","
         "\"11111111\",\"11111111\"]}",
         "secrets"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        json_t *v = parsed(bad[i].text);
        sc_err err = {0};
        assert_int_equal(sc_settings_check(rows, SC_LEN(rows), v, &err), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
        assert_null(strstr(err.msg, "ends in space "));
        json_decref(v);
    }
}

static void good_settings_pass(void **state) {
    (void)state;
    json_t *v = parsed(
        "{\"secret\":\"long enough\",\"secrets\":[\"long enough too\"],\"on\":false,\"least\":-3,"
        "\"names\":[\"Prod\"],\"one\":\"b\",\"many\":[\"a\",\"b\"]}");
    assert_int_equal(sc_settings_check(rows, SC_LEN(rows), v, NULL), SC_OK);
    assert_true(sc_settings_lists(v, "names", SC_STR("prod")));
    assert_false(sc_settings_lists(v, "names", SC_STR("pro")));
    assert_false(sc_settings_bool(v, "on", true));
    assert_int_equal(sc_settings_int(v, "least", 0), -3);
    json_decref(v);
    assert_int_equal(sc_settings_check(rows, SC_LEN(rows), NULL, NULL), SC_OK);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        assert_int_equal(sc_source_registry[i]->check_settings(NULL, NULL), SC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(what_is_no_object_is_refused),
        SOURCE_TEST(depth_is_bounded),
        SOURCE_TEST(escapes_that_are_no_text_become_replacement_characters),
        SOURCE_TEST(integers_beyond_64_bits_become_reals_and_others_stay),
        SOURCE_TEST(bad_settings_are_named),
        SOURCE_TEST(good_settings_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
