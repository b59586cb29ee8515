/* From columns to fields: guesses, what the user says, times, ids, metadata. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/cmd.h"

static json_t *parse(const char *text) {
    json_t *v = NULL;
    sc_err err = {0};
    if (sc_json_parse(sc_str_of(text), &v, &err)) fail_msg("%s: %s", text, err.msg);
    return v;
}

static sc_rc apply(const char *maps, const char *source, const char *obj, json_t **ret,
                   sc_err *err) {
    sc_opt_list list = {.v = {maps}, .n = maps ? 1 : 0};
    sc_mapping *m = NULL;
    SC_AUTO(sc_json_auto) json_t *v = parse(obj);
    sc_rc rc = sc_mapping_new(&list, source, &m, err);
    sc_record r = {.line = 1, .raw = sc_str_of(obj), .obj = v};
    if (rc == SC_OK) rc = sc_mapping_apply(m, &r, ret, err);
    sc_mapping_free(m);
    return rc;
}

static void gives(const char *maps, const char *source, const char *obj, const char *want) {
    SC_AUTO(sc_json_auto) json_t *got = NULL, *expected = parse(want);
    sc_err err = {0};
    if (apply(maps, source, obj, &got, &err)) fail_msg("%s: %s", obj, err.msg);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_json_dump(got, &b);
    if (!json_equal(got, expected)) fail_msg("%s gives %s", obj, b.p);
}

static void wrong_maps_are_refused(void **state) {
    (void)state;
    const char *const wrong[] = {"title", "=x", "headline=x", "a=b"};
    for (size_t i = 0; i < SC_LEN(wrong); i++) {
        json_t *got = NULL;
        sc_err err = {0};
        assert_int_equal(apply(wrong[i], NULL, "{\"title\":\"x\"}", &got, &err), SC_INVALID);
    }
    json_t *got = NULL;
    sc_err err = {0};
    assert_int_equal(apply(NULL, "pigeon", "{\"title\":\"x\"}", &got, &err), SC_INVALID);
}

static void a_record_without_text_is_refused(void **state) {
    (void)state;
    json_t *got = NULL;
    sc_err err = {0};
    assert_int_equal(apply(NULL, NULL, "{\"id\":1,\"title\":\"\",\"body\":null}", &got, &err),
                     SC_INVALID);
    assert_string_equal(err.field, "body");
}

static void usual_names_are_recognised(void **state) {
    (void)state;
    gives(NULL, NULL, "{\"Issue Key\":\"A-1\",\"Summary\":\"T\",\"Description\":\"B\"}",
          "{\"external_id\":\"A-1\",\"title\":\"T\",\"body\":\"B\",\"source\":\"generic\"}");
    gives(NULL, "manual", "{\"id\":7,\"subject\":\"T\",\"plan\":\"team\",\"empty\":\"\"}",
          "{\"external_id\":\"7\",\"title\":\"T\",\"source\":\"manual\",\"metadata\":{\"plan\":"
          "\"team\"}}");
    gives(NULL, NULL, "{\"id\":\"x\",\"title\":\"T\",\"source\":\"sentry\"}",
          "{\"external_id\":\"x\",\"title\":\"T\",\"source\":\"sentry\"}");
    gives(NULL, NULL, "{\"id\":\"x\",\"title\":\"T\",\"source\":\"the wild\"}",
          "{\"external_id\":\"x\",\"title\":\"T\",\"source\":\"generic\",\"metadata\":{\"source\":"
          "\"the wild\"}}");
}

static void text_that_repeats_title_and_body_is_dropped(void **state) {
    (void)state;
    gives(NULL, NULL, "{\"id\":\"x\",\"text\":\"T\\n\\nB\",\"title\":\"T\",\"body\":\"B\"}",
          "{\"external_id\":\"x\",\"title\":\"T\",\"body\":\"B\",\"source\":\"generic\"}");
    gives(NULL, NULL, "{\"id\":\"x\",\"text\":\"T\\n\\nB\",\"title\":\"T\"}",
          "{\"external_id\":\"x\",\"title\":\"T\",\"body\":\"B\",\"source\":\"generic\"}");
    gives(NULL, NULL, "{\"id\":\"x\",\"text\":\"T and more\"}",
          "{\"external_id\":\"x\",\"body\":\"T and more\",\"source\":\"generic\"}");
}

static void what_the_user_says_wins(void **state) {
    (void)state;
    gives("title=head, body=title,metadata.os=Platform,secret=", NULL,
          "{\"id\":\"x\",\"head\":\"H\",\"title\":\"T\",\"Platform\":\"ios\",\"secret\":\"s\"}",
          "{\"external_id\":\"x\",\"title\":\"H\",\"body\":\"T\",\"source\":\"generic\","
          "\"metadata\":{\"os\":\"ios\"}}");
}

static void times_of_many_shapes_become_rfc_3339(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {{"\"2011-04-15T03:05:22.000+0000\"", "2011-04-15T03:05:22.000Z"},
                 {"\"2026-10-01T10:00:00+02:00\"", "2026-10-01T08:00:00.000Z"},
                 {"\"2026-10-01 10:00:00\"", "2026-10-01T10:00:00.000Z"},
                 {"\"2026-10-01\"", "2026-10-01T00:00:00.000Z"},
                 {"\"Feb 13, 2017\"", "2017-02-13T00:00:00.000Z"},
                 {"1793600000", "2026-11-02T06:13:20.000Z"},
                 {"\"1793600000\"", "2026-11-02T06:13:20.000Z"},
                 {"1793600000123", "2026-11-02T06:13:20.123Z"}};
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        char in[200], want[200];
        snprintf(in, sizeof in, "{\"id\":\"x\",\"title\":\"T\",\"created\":%s}", cases[i].in);
        snprintf(
            want, sizeof want,
            "{\"external_id\":\"x\",\"title\":\"T\",\"source\":\"generic\",\"created_at\":\"%s\"}",
            cases[i].out);
        gives(NULL, NULL, in, want);
    }
    gives(NULL, NULL, "{\"id\":\"x\",\"title\":\"T\",\"created\":\"long ago\"}",
          "{\"external_id\":\"x\",\"title\":\"T\",\"source\":\"generic\",\"metadata\":{\"created\":"
          "\"long ago\"}}");
}

static void a_record_without_an_id_is_known_by_its_content(void **state) {
    (void)state;
    SC_AUTO(sc_json_auto) json_t *a = NULL, *b = NULL, *c = NULL;
    sc_err err;
    assert_int_equal(apply(NULL, NULL, "{\"text\":\"one\"}", &a, &err), SC_OK);
    assert_int_equal(apply(NULL, NULL, "{\"text\":\"one\"}", &b, &err), SC_OK);
    assert_int_equal(apply(NULL, NULL, "{\"text\":\"two\"}", &c, &err), SC_OK);
    const json_t *id = json_object_get(a, "external_id");
    assert_true(json_equal(id, json_object_get(b, "external_id")));
    assert_false(json_equal(id, json_object_get(c, "external_id")));
}

static void a_vendors_own_item_is_left_to_its_source(void **state) {
    (void)state;
    gives(NULL, "reddit", "{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\"}}",
          "{\"source\":\"reddit\",\"payload\":{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\"}}}");
    gives(NULL, "reddit", "{\"id\":\"1\",\"title\":\"plain\"}",
          "{\"source\":\"reddit\",\"external_id\":\"1\",\"title\":\"plain\"}");
}

static int setup(void **state) {
    (void)state;
    sc_json_setup();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_maps_are_refused),
        cmocka_unit_test(a_record_without_text_is_refused),
        cmocka_unit_test(usual_names_are_recognised),
        cmocka_unit_test(text_that_repeats_title_and_body_is_dropped),
        cmocka_unit_test(what_the_user_says_wins),
        cmocka_unit_test(times_of_many_shapes_become_rfc_3339),
        cmocka_unit_test(a_record_without_an_id_is_known_by_its_content),
        cmocka_unit_test(a_vendors_own_item_is_left_to_its_source),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
