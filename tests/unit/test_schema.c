/* The schema validator: each keyword, wrong values first; errors name the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "web/schema.h"

typedef struct bench {
    json_t *root;
    sc_arena arena;
    sc_schema_set set;
} bench;

static sc_rc compile(bench *b, const char *schema, const sc_schema **ret, sc_err *err) {
    sc_err e = {0};
    char text[4000];
    snprintf(text, sizeof text, "{\"s\":%s}", schema);
    if (sc_json_parse(sc_str_of(text), &b->root, &e)) fail_msg("%s: %s", schema, e.msg);
    sc_arena_init(&b->arena, 1 << 20);
    b->set = (sc_schema_set){.root = b->root, .arena = &b->arena};
    return sc_schema_compile(&b->set, json_object_get(b->root, "s"), "s", ret, err);
}

static void done(bench *b) {
    json_decref(b->root);
    sc_arena_done(&b->arena);
}

/* Whether the value fits; err says why not. */
static bool fits(const char *schema, const char *value, sc_err *err) {
    bench b;
    const sc_schema *s = NULL;
    sc_err e = {0};
    if (compile(&b, schema, &s, &e)) fail_msg("%s: %s", schema, e.msg);
    json_t *v = NULL;
    if (sc_json_parse(sc_str_of(value), &v, &e)) fail_msg("%s: %s", value, e.msg);
    *err = (sc_err){0};
    sc_rc rc = sc_schema_check(s, v, err);
    assert_true(rc == SC_OK || rc == SC_UNPROCESSABLE);
    assert_int_equal(rc, err->rc);
    json_decref(v);
    done(&b);
    return rc == SC_OK;
}

static void good(const char *schema, const char *value) {
    sc_err err;
    if (!fits(schema, value, &err))
        fail_msg("%s refused by %s: %s %s", value, schema, err.field, err.msg);
}

static void bad(const char *schema, const char *value, const char *field, const char *words) {
    sc_err err;
    if (fits(schema, value, &err)) fail_msg("%s accepted by %s", value, schema);
    assert_string_equal(err.field, field);
    if (!strstr(err.msg, words)) fail_msg("'%s' does not say '%s'", err.msg, words);
}

static void refused(const char *schema, const char *where) {
    bench b;
    const sc_schema *s = NULL;
    sc_err err = {0};
    assert_int_equal(compile(&b, schema, &s, &err), SC_INVALID);
    if (!strstr(err.msg, where)) fail_msg("'%s' does not name '%s'", err.msg, where);
    done(&b);
}

static void a_keyword_that_nobody_checks_is_refused(void **state) {
    (void)state;
    refused("{\"maxlength\":3}", "maxlength");
    refused("{\"type\":\"string\",\"multipleOf\":2}", "multipleOf");
    refused("{\"properties\":{\"a\":{\"items\":{\"uniqueItems\":true}}}}", "uniqueItems");
    refused("{\"format\":\"email\"}", "format");
    refused("{\"pattern\":\"^a+$\"}", "pattern");
    refused("{\"type\":\"text\"}", "type");
    refused("{\"type\":[]}", "type");
    refused("{\"minLength\":-1}", "minLength");
    refused("{\"minimum\":\"1\"}", "minimum");
    refused("{\"enum\":[]}", "enum");
    refused("{\"required\":[1]}", "required");
    refused("{\"oneOf\":[]}", "oneOf");
    refused("{\"$ref\":\"#/nowhere\"}", "$ref");
    refused("{\"properties\":[]}", "properties");
    refused("{\"items\":true}", "items");
    refused("7", "s.");
}

static void types_are_kept_apart(void **state) {
    (void)state;
    static const char *const values[] = {"null", "true", "3", "3.5", "\"3\"", "[3]", "{\"a\":3}"};
    static const char *const types[] = {"null",   "boolean", "integer", "number",
                                        "string", "array",   "object"};
    for (size_t t = 0; t < SC_LEN(types); t++)
        for (size_t v = 0; v < SC_LEN(values); v++) {
            char schema[64];
            snprintf(schema, sizeof schema, "{\"type\":\"%s\"}", types[t]);
            if (t == v || (t == 3 && v == 2)) /* an integer is a number */
                good(schema, values[v]);
            else
                bad(schema, values[v], "", "expected");
        }
    good("{\"type\":\"integer\"}", "4.0");
    good("{\"type\":[\"string\",\"null\"]}", "null");
    bad("{\"type\":[\"string\",\"null\"]}", "1", "", "a string or null");
    good("{}", "[1,{}]");
}

static void a_condition_chooses_what_must_hold(void **state) {
    (void)state;
    static const char *const s =
        "{\"if\":{\"required\":[\"kind\"],\"properties\":{\"kind\":{\"const\":\"a\"}}},"
        "\"then\":{\"properties\":{\"n\":{\"type\":\"integer\"}}},"
        "\"else\":{\"additionalProperties\":false,\"properties\":{\"n\":{},\"kind\":{}}}}";
    bad(s, "{\"kind\":\"a\",\"n\":\"1\"}", "n", "a whole number");
    bad(s, "{\"kind\":\"b\",\"m\":1}", "m", "not a field");
    bad(s, "{\"m\":1}", "m", "not a field");
    good(s, "{\"kind\":\"a\",\"n\":1,\"m\":1}");
    good(s, "{\"kind\":\"b\",\"n\":\"1\"}");
    good("{\"if\":{\"type\":\"string\"}}", "5");
    good("{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2}}", "5");
    bad("{\"if\":{\"type\":\"string\"},\"else\":{\"minimum\":6}}", "5", "", "less than 6");
    refused("{\"then\":{\"type\":\"string\"}}", "then");
    refused("{\"else\":{\"type\":\"string\"}}", "else");
}

static void lengths_count_code_points(void **state) {
    (void)state;
    good("{\"maxLength\":3}", "\"\xF0\x9F\x98\x80\xC3\xA9z\"");
    bad("{\"maxLength\":2}", "\"\xF0\x9F\x98\x80\xC3\xA9z\"", "", "longer than 2");
    bad("{\"minLength\":1}", "\"\"", "", "may not be empty");
    bad("{\"minLength\":2}", "\"\xC3\xA9\"", "", "shorter than 2");
    good("{\"maxLength\":0}", "\"\"");
    good("{\"maxLength\":2}", "12345");
}

static void numbers_have_bounds(void **state) {
    (void)state;
    bad("{\"minimum\":1}", "0", "", "less than 1");
    bad("{\"maximum\":1000}", "1000.5", "", "more than 1000");
    good("{\"minimum\":1,\"maximum\":2}", "1");
    good("{\"minimum\":1,\"maximum\":2}", "2");
    bad("{\"maximum\":10}", "9223372036854775807", "", "more than");
    bad("{\"minimum\":0}", "-1e300", "", "less than");
}

static void enums_and_constants_compare_values(void **state) {
    (void)state;
    bad("{\"enum\":[\"a\",\"b\"]}", "\"c\"", "", "expected one of: a, b");
    bad("{\"enum\":[\"a\"]}", "\"A\"", "", "expected one of");
    bad("{\"const\":\"x\"}", "\"y\"", "", "must be x");
    bad("{\"const\":1}", "\"1\"", "", "the one value");
    good("{\"const\":{\"a\":[1]}}", "{\"a\":[1]}");
}

static void formats_are_checked(void **state) {
    (void)state;
    bad("{\"format\":\"uuid\"}", "\"01932e5c-1f2a-7abc-8def-0123456789a\"", "", "an id");
    bad("{\"format\":\"uuid\"}", "\"01932e5c-1f2a-7abc-8def-0123456789ag\"", "", "an id");
    good("{\"format\":\"uuid\"}", "\"01932E5C-1f2a-7abc-8def-0123456789ab\"");
    bad("{\"format\":\"date-time\"}", "\"2026-13-01T00:00:00Z\"", "", "a time");
    bad("{\"format\":\"date-time\"}", "\"yesterday\"", "", "a time");
    good("{\"format\":\"date-time\"}", "\"2026-11-02T09:30:00+02:00\"");
    static const char *const uris[] = {"javascript:alert(1)", "http:///x", "https://",
                                       "https://a b",         "ftp://x",   "https://x/\\u0001",
                                       "https://x/<"};
    for (size_t i = 0; i < SC_LEN(uris); i++) {
        char v[80];
        snprintf(v, sizeof v, "\"%s\"", uris[i]);
        bad("{\"format\":\"uri\"}", v, "", "http");
    }
    good("{\"format\":\"uri\"}", "\"https://example.com/a?b=c#d\"");
    bad("{\"pattern\":\"^[a-z0-9._-]+$\"}", "\"a b\"", "", "lower-case");
    good("{\"pattern\":\"^[a-z0-9._-]+$\"}", "\"a-b_0.c\"");
    good("{\"format\":\"uuid\"}", "7");
#define VISIBLE "{\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f]*$\"}"
    static const char *const hidden[] = {"a\\n", "\\u001b[2J", "\\u007f", "a\\u0085b", "\\u009f"};
    for (size_t i = 0; i < SC_LEN(hidden); i++) {
        char v[80];
        snprintf(v, sizeof v, "\"%s\"", hidden[i]);
        bad(VISIBLE, v, "", "control characters");
    }
    good(VISIBLE, "\"acme/shop \\u00a0 \\u00c2\\u00e9 \\ud83d\\ude00\"");
    good(VISIBLE, "\"\"");
}

static void objects_name_the_member_at_fault(void **state) {
    (void)state;
    const char *s = "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false,"
                    "\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"object\","
                    "\"properties\":{\"c\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
                    "\"properties\":{\"d\":{\"type\":\"integer\"}}}}}}}}";
    bad(s, "{}", "a", "is missing");
    bad(s, "{\"a\":\"\",\"z\":1}", "z", "not a field");
    bad(s, "{\"a\":1}", "a", "a string");
    bad(s, "{\"a\":\"\",\"b\":{\"c\":[{},{\"d\":1},{\"d\":\"1\"}]}}", "b.c[2].d", "a whole number");
    bad(s, "{\"a\":\"\",\"b\":{\"c\":[{},3]}}", "b.c[1]", "an object");
    bad(s, "[]", "", "an object");
    good(s, "{\"a\":\"\",\"b\":{\"c\":[],\"free\":1}}");
    bad("{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"x\":\"1\"}", "x",
        "a whole number");
    bad("{\"items\":{\"type\":\"integer\"}}", "[1,2,\"x\"]", "[2]", "a whole number");
    bad("{\"minItems\":1}", "[]", "", "fewer than 1 item");
    bad("{\"maxItems\":1}", "[1,2]", "", "more than 1");
}

static void a_long_path_keeps_its_end(void **state) {
    (void)state;
    sc_err err;
    char value[1024] = "";
    for (int i = 0; i < 20; i++)
        strncat(value, "{\"a_rather_long_name\":", sizeof value - strlen(value) - 1);
    strncat(value, "1", 2);
    for (int i = 0; i < 20; i++) strncat(value, "}", 2);
    const char *s = "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/s\"}}";
    assert_false(fits(s, value, &err));
    assert_true(strlen(err.field) < sizeof err.field);
    assert_true(strncmp(err.field, "...", 3) == 0);
    assert_non_null(strstr(err.field, ".a_rather_long_name.a_rather_long_name"));
}

static void foreign_names_in_a_path_stay_harmless(void **state) {
    (void)state;
    sc_err err;
    assert_false(fits("{\"additionalProperties\":false}", "{\"a\\nb\\u001b[0m\":1}", &err));
    assert_string_equal(err.field, "a?b?[0m");
    /* 40 bytes of a name are shown; a character that this cuts is not shown as half of one */
    assert_false(fits("{\"additionalProperties\":false}",
                      "{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xC3\xA9\xC3\xA9\":1}", &err));
    assert_true(sc_utf8_valid(sc_str_of(err.field)));
}

static void forms_tell_the_error_of_the_one_that_was_meant(void **state) {
    (void)state;
    const char *s = "{\"oneOf\":["
                    "{\"type\":\"object\",\"required\":[\"kind\"],\"properties\":{\"kind\":{"
                    "\"const\":\"list\"},"
                    "\"data\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}}},"
                    "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
                    "{\"type\":\"object\",\"properties\":{\"kind\":{\"enum\":[\"one\"]}}}]}";
    good(s, "{\"kind\":\"list\",\"data\":[1]}");
    good(s, "[1]");
    good(s, "{}");
    bad(s, "{\"kind\":\"list\",\"data\":[1,\"x\"]}", "data[1]", "a whole number");
    bad(s, "[1,null]", "[1]", "a whole number");
    bad(s, "\"x\"", "", "none of the allowed forms");
    bad("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":0}]}", "1", "", "more than one");
    good("{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":0}]}", "1");
    bad("{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"c\":1}", "",
        "at least one of: a, b");
    bad("{\"allOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"a\":1}", "b",
        "is missing");
}

static void a_schema_may_refer_to_itself(void **state) {
    (void)state;
    const char *s = "{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#/"
                    "s\"},\"n\":{\"type\":\"integer\"}}}";
    good(s, "{\"next\":{\"next\":{\"n\":1}}}");
    bad(s, "{\"next\":{\"next\":{\"n\":\"1\"}}}", "next.next.n", "a whole number");
}

static void text_parameters_are_read_by_type(void **state) {
    (void)state;
    static const struct {
        const char *schema, *text;
        bool good;
    } rows[] = {
        {"{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}", "1", true},
        {"{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}", "0", false},
        {"{\"type\":\"integer\"}", "", false},
        {"{\"type\":\"integer\"}", " 1", false},
        {"{\"type\":\"integer\"}", "1e3", false},
        {"{\"type\":\"integer\"}", "9223372036854775808", false},
        {"{\"type\":\"boolean\"}", "true", true},
        {"{\"type\":\"boolean\"}", "1", false},
        {"{\"type\":\"string\",\"minLength\":1}", "", false},
        {"{\"type\":\"string\",\"maxLength\":2}", "\xC3\xA9\xC3\xA9", true},
        {"{\"type\":\"string\"}", "\xFF", false},
        {"{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}", "b", true},
        {"{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}", "c", false},
        {"{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}"
         "}",
         "a,b", true},
        {"{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}"
         "}",
         "a,,b", false},
        {"{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}"
         "}",
         "a,", false},
        {"{\"type\":\"string\",\"format\":\"date-time\"}", "2026-11-02T09:30:00Z", true},
        {"{\"type\":\"string\",\"format\":\"date-time\"}", "now", false},
        {"{\"type\":\"number\",\"maximum\":1}", "0.5", true},
        {"{\"type\":\"number\",\"maximum\":1}", "nan", false},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        bench b;
        const sc_schema *s = NULL;
        sc_err err = {0};
        assert_int_equal(compile(&b, rows[i].schema, &s, &err), SC_OK);
        sc_rc rc = sc_schema_check_text(s, "p", sc_str_of(rows[i].text), &err);
        if ((rc == SC_OK) != rows[i].good) fail_msg("%s against %s", rows[i].text, rows[i].schema);
        if (rc) {
            assert_int_equal(rc, SC_INVALID);
            assert_string_equal(err.field, "p");
        }
        done(&b);
    }
}

static void no_memory_at_any_point_is_told_and_leaks_nothing(void **state) {
    (void)state;
    const char *text =
        "{\"s\":{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"oneOf\":"
        "[{\"type\":\"string\"},{\"$ref\":\"#/s\"}]}}}}";
    json_t *root = NULL;
    assert_int_equal(sc_json_parse(sc_str_of(text), &root, NULL), SC_OK);
    for (size_t budget = 0;; budget += 64) {
        sc_arena arena;
        sc_arena_init(&arena, budget);
        sc_schema_set set = {.root = root, .arena = &arena};
        const sc_schema *s = NULL;
        sc_err err = {0};
        sc_rc rc = sc_schema_compile(&set, json_object_get(root, "s"), "s", &s, &err);
        sc_arena_done(&arena);
        if (!rc) break;
        assert_int_equal(rc, SC_NOMEM);
        assert_true(budget < 1 << 20);
    }
    json_decref(root);
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyword_that_nobody_checks_is_refused),
        cmocka_unit_test(types_are_kept_apart),
        cmocka_unit_test(a_condition_chooses_what_must_hold),
        cmocka_unit_test(lengths_count_code_points),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(enums_and_constants_compare_values),
        cmocka_unit_test(formats_are_checked),
        cmocka_unit_test(objects_name_the_member_at_fault),
        cmocka_unit_test(a_long_path_keeps_its_end),
        cmocka_unit_test(foreign_names_in_a_path_stay_harmless),
        cmocka_unit_test(forms_tell_the_error_of_the_one_that_was_meant),
        cmocka_unit_test(a_schema_may_refer_to_itself),
        cmocka_unit_test(text_parameters_are_read_by_type),
        cmocka_unit_test(no_memory_at_any_point_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
