/* Sources as people see them: what is missing, what was refused, and test reports. */
#include "test_web_support.h"

#include "app/refusals.h"
#include "core/key.h"
#include "sources/hmac.h"
#include "sources/registry.h"

/* One source's entry in the list (a new reference). */
static json_t *look(const web_bench *w, const sc_secret *key, const char *source) {
    web_answer a;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    size_t i;
    json_t *s, *found = NULL;
    assert_int_equal(web_json(w, key, "GET", "/api/sources?project_id=other", NULL, &a), 200);
    assert_int_equal(sc_json_parse(a.body, &v, NULL), SC_OK);
    answer_done(&a);
    assert_int_equal(json_array_size(json_object_get(v, "items")), SC_SOURCE_COUNT);
    json_array_foreach(json_object_get(v, "items"), i, s) {
        if (sc_str_is(sc_json_str_at(s, "source"), source)) found = json_incref(s);
    }
    assert_non_null(found);
    return found;
}

static void is_refused(const web_bench *w, const char *source, const char *code,
                       const char *words) {
    SC_AUTO(sc_json_auto) json_t *s = look(w, &w->admin, source);
    if (!sc_str_is(sc_json_str_at(s, "refused.code"), code))
        fail_msg("%s: %.*s", source, SC_FMT(sc_json_str_at(s, "refused.code")));
    if (sc_str_find(sc_json_str_at(s, "refused.detail"), sc_str_of(words)) == SIZE_MAX)
        fail_msg("%s: %.*s", source, SC_FMT(sc_json_str_at(s, "refused.detail")));
}

static int hook(const web_bench *w, const char *path, const char *headers, const char *body) {
    char all[512];
    snprintf(all, sizeof all, "Content-Type: application/json\r\n%s", headers);
    web_answer a = web_call(w, "POST", path, all, sc_str_of(body));
    int status = a.status;
    answer_done(&a);
    return status;
}

/* A test report of the source; its id, or "" when it was not stored. */
static int try_source(const web_bench *w, const char *source, char ret_id[64]) {
    char path[128];
    web_answer a;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    snprintf(path, sizeof path, "/api/sources/%s/test?project_id=other", source);
    int status = web_json(w, &w->admin, "POST", path, NULL, &a);
    assert_int_equal(sc_json_parse(a.body, &v, NULL), SC_OK);
    snprintf(ret_id, 64, "%.*s", SC_FMT(sc_json_str_at(v, "id")));
    answer_done(&a);
    return status;
}

#define SECRET "aBcD1234-efgh"

static void set_secret(const web_bench *w, const char *source, const char *secret) {
    char path[128], body[128];
    snprintf(path, sizeof path, "/api/config/%s?project_id=other", source);
    snprintf(body, sizeof body, "{\"secret\":\"%s\"}", secret);
    assert_int_equal(web_json(w, &w->admin, "PUT", path, body, NULL), 200);
}

static void a_webhook_without_a_secret_is_not_set_up(void **state) {
    web_bench *w = *state;
    char id[64];
    SC_AUTO(sc_json_auto) json_t *s = look(w, &w->other_admin, "sentry");
    assert_true(json_is_false(json_object_get(s, "configured")));
    assert_true(json_string_length(json_object_get(s, "missing")) > 20);
    assert_true(json_is_null(json_object_get(s, "refused")));
    assert_int_equal(try_source(w, "sentry", id), 422);
    assert_int_equal(try_source(w, "fax", id), 404);
    sc_secret reader = make_key(w, &w->other, SC_SCOPE_read);
    assert_int_equal(web_json(w, &reader, "POST", "/api/sources/manual/test", NULL, NULL), 403);
}

static void the_last_refused_delivery_is_told_with_its_reason(void **state) {
    web_bench *w = *state;
    static const char sentry[] = "/api/ingest/sentry?project_id=other";
    static const char github[] = "/api/ingest/github/webhook?project_id=other";
    assert_int_equal(hook(w, sentry, "", "{}"), 403);
    is_refused(w, "sentry", "forbidden", "secret");
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/sentry?project_id=other",
                              "{\"secret\":\"12345678\"}", NULL),
                     200);
    assert_int_equal(hook(w, sentry, "Sentry-Hook-Signature: 00\r\n", "{}"), 401);
    is_refused(w, "sentry", "unauthorized", "signature");
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/github?project_id=other",
                              "{\"secret\":\"12345678\"}", NULL),
                     200);
    unsigned char mac[SC_HMAC_BYTES];
    char hex[65], headers[200];
    assert_int_equal(sc_hmac_sha256(SC_STR("12345678"), SC_STR("{\"a"), mac, NULL), SC_OK);
    sc_hex_encode(mac, sizeof mac, hex);
    snprintf(headers, sizeof headers,
             "X-GitHub-Event: issues\r\nX-Hub-Signature-256: sha256=%s\r\n", hex);
    assert_int_equal(hook(w, github, headers, "{\"a"), 400);
    is_refused(w, "github", "invalid", "");
    assert_int_equal(web_json(w, &w->other_admin, "POST", "/api/ingest/manual", "{}", NULL), 422);
    is_refused(w, "manual", "unprocessable", "");
    /* In another project, and without a key, nothing is noted. */
    assert_int_equal(
        web_json(w, NULL, "POST", "/api/ingest/manual?project_id=other", "{\"text\":\"x\"}", NULL),
        401);
    is_refused(w, "manual", "unprocessable", "");
}

static void a_test_report_goes_the_sources_own_way(void **state) {
    web_bench *w = *state;
    char id[64], again[64], path[160];
    assert_int_equal(try_source(w, "form", id), 422); /* it is off */
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/form?project_id=other",
                              "{\"enabled\":true}", NULL),
                     200);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) {
        if (sc_source_registry[i]->verify) set_secret(w, sc_source_registry[i]->name, SECRET);
    }
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) {
        const char *name = sc_source_registry[i]->name;
        if (try_source(w, name, id) != 200) fail_msg("%s: refused", name);
        assert_int_equal(try_source(w, name, again), 200);
        assert_true(sc_id_valid(sc_str_of(id)));
        assert_string_not_equal(id, again);
        web_answer a;
        snprintf(path, sizeof path, "/api/feedback/%s", id);
        assert_int_equal(web_json(w, &w->other_admin, "GET", path, NULL, &a), 200);
        assert_true(says(&a, "\"soulcaster_test\":true"));
        assert_true(says(&a, "\"title\":\"Test report from Soulcaster\""));
        answer_done(&a);
        assert_int_equal(web_json(w, &w->admin, "DELETE", path, NULL, NULL),
                         404); /* not "default" */
        SC_AUTO(sc_json_auto) json_t *s = look(w, &w->admin, name);
        assert_true(json_is_true(json_object_get(s, "configured")));
        assert_int_equal(json_integer_value(json_object_get(s, "received")), 2);
        assert_int_equal(json_integer_value(json_object_get(s, "received_24h")), 2);
        assert_true(sc_json_str_at(s, "last_received_at").n > 0);
        assert_int_equal(web_json(w, &w->other_admin, "DELETE", path, NULL, NULL), 204);
        assert_int_equal(web_json(w, &w->other_admin, "GET", path, NULL, NULL), 404);
    }
}

static void a_secret_in_the_address_lets_in_and_is_nowhere_told(void **state) {
    web_bench *w = *state;
    static const char way[] = "/api/ingest/splunk/webhook?project_id=other";
    static const char alert[] = "{\"sid\":\"s1\",\"search_name\":\"Errors\",\"result\":{}}";
    char path[256];
    set_secret(w, "splunk", SECRET);
    SC_AUTO(sc_json_auto) json_t *s = look(w, &w->admin, "splunk");
    assert_true(json_is_true(json_object_get(s, "webhook_token")));
    assert_int_equal(hook(w, way, "", alert), 401);
    is_refused(w, "splunk", "unauthorized", "token");
    assert_int_equal(hook(w, way, "X-Soulcaster-Secret: " SECRET "\r\n", alert), 401);
    snprintf(path, sizeof path, "%s&token=%s&token=%s", way, SECRET, SECRET);
    assert_int_equal(hook(w, path, "", alert), 400);
    static const char *const wrong[] = {"aBcD1234-efg", "ABCD1234-EFGH", "aBcD1234-efgh0", "%00",
                                        ""};
    for (size_t i = 0; i < SC_LEN(wrong); i++) {
        snprintf(path, sizeof path, "%s&token=%s", way, wrong[i]);
        web_answer a =
            web_call(w, "POST", path, "Content-Type: application/json\r\n", sc_str_of(alert));
        assert_true(a.status == 401 || a.status == 400);
        assert_false(says(&a, "aBcD") || says(&a, "ABCD"));
        answer_done(&a);
    }
    snprintf(path, sizeof path, "%s&token=%s", way, SECRET);
    assert_int_equal(hook(w, path, "", alert), 200);
    assert_int_equal(hook(w, path, "", alert), 200); /* a duplicate */
    snprintf(path, sizeof path, "/api/ingest/datadog/webhook?project_id=other&token=%s", SECRET);
    assert_int_equal(hook(w, path, "", "{}"), 400); /* this one has a header */
}

static void a_setting_that_leaves_the_test_report_out_is_named(void **state) {
    web_bench *w = *state;
    web_answer a;
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/github?project_id=other",
                              "{\"secret\":\"12345678\",\"repos\":[\"acme/shop\"]}", NULL),
                     200);
    assert_int_equal(
        web_json(w, &w->admin, "POST", "/api/sources/github/test?project_id=other", NULL, &a), 200);
    assert_true(says(&a, "\"status\":\"filtered\",\"id\":null"));
    assert_true(says(&a, "repos"));
    answer_done(&a);
}

static void what_was_refused_is_known_after_a_restart(void **state) {
    (void)state;
    app_fixture f = {.app = NULL};
    sc_refusal r;
    sc_err why = {0}, err = {0};
    app_fixture_open(&f, NULL, false);
    const sc_source_ops *sentry = sc_app_source(f.app, SC_STR("sentry"));
    assert_int_equal(sc_refusal_get(f.app, &f.project.id, sentry, &r, &err), SC_OK);
    assert_int_equal(r.at_ms, 0);
    sc_fail(&why, SC_UNAUTHORIZED, "a \"wrong\" signature");
    sc_refusal_note(f.app, &f.project.id, sentry, &why);
    const int64_t at = f.now_ms;
    app_fixture_restart(&f, false);
    sentry = sc_app_source(f.app, SC_STR("sentry"));
    assert_int_equal(sc_refusal_get(f.app, &f.project.id, sentry, &r, &err), SC_OK);
    assert_int_equal(r.at_ms, at);
    assert_int_equal(r.rc, SC_UNAUTHORIZED);
    assert_string_equal(r.detail, "a \"wrong\" signature");
    app_fixture_close(&f);
}

static void a_flood_of_refusals_leaves_the_latest_of_each_project(void **state) {
    (void)state;
    app_fixture f = {.app = NULL};
    sc_refusal r;
    sc_err why = {0}, err = {0};
    app_fixture_open(&f, NULL, false);
    const sc_source_ops *sentry = sc_app_source(f.app, SC_STR("sentry"));
    sc_fail(&why, SC_FORBIDDEN, "no secret");
    for (int i = 0; i < 3 * SC_REFUSALS; i++) {
        const sc_id nobody = sc_id_new(&f.clock);
        f.now_ms++;
        sc_refusal_note(f.app, &nobody, sentry, &why);
    }
    sc_refusal_note(f.app, &f.project.id, sentry, &why);
    assert_int_equal(sc_refusal_get(f.app, &f.project.id, sentry, &r, &err), SC_OK);
    assert_int_equal(r.rc, SC_FORBIDDEN);
    app_fixture_close(&f);
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_without_a_secret_is_not_set_up),
        cmocka_unit_test(the_last_refused_delivery_is_told_with_its_reason),
        cmocka_unit_test(a_test_report_goes_the_sources_own_way),
        cmocka_unit_test(a_secret_in_the_address_lets_in_and_is_nowhere_told),
        cmocka_unit_test(a_setting_that_leaves_the_test_report_out_is_named),
        cmocka_unit_test(what_was_refused_is_known_after_a_restart),
        cmocka_unit_test(a_flood_of_refusals_leaves_the_latest_of_each_project),
    };
    return cmocka_run_group_tests(tests, web_open, web_close);
}
