/* Saved views: what is refused, what is kept, who sees it. */
#include "test_web_support.h"

static int save(const web_bench *w, const sc_secret *key, const char *body) {
    return web_json(w, key, "POST", "/api/views", body, NULL);
}

/* The id of the only view that the key sees, or "". */
static void only_view(const web_bench *w, const sc_secret *key, char ret[64]) {
    web_answer a;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    assert_int_equal(web_json(w, key, "GET", "/api/views", NULL, &a), 200);
    assert_int_equal(sc_json_parse(a.body, &v, NULL), SC_OK);
    const json_t *items = json_object_get(v, "items");
    assert_true(json_array_size(items) <= 1);
    snprintf(ret, 64, "%.*s", SC_FMT(sc_json_str_at(json_array_get(items, 0), "id")));
    answer_done(&a);
}

static void a_view_that_is_no_query_of_the_list_is_refused(void **state) {
    web_bench *w = *state;
    static const char *const bad[] = {
        "{}",
        "{\"name\":\"a\"}",
        "{\"name\":\"\",\"query\":{}}",
        "{\"name\":\"   \",\"query\":{}}",
        "{\"name\":\"a\\nb\",\"query\":{}}",
        "{\"name\":\"a\",\"query\":\"status=new\"}",
        "{\"name\":\"a\",\"query\":{\"status\":[\"odd\"]}}",
        "{\"name\":\"a\",\"query\":{\"statsu\":[\"new\"]}}",
        "{\"name\":\"a\",\"query\":{\"days\":0}}",
        "{\"name\":\"a\",\"query\":{\"cursor\":\"x\"}}",
    };
    for (size_t i = 0; i < SC_LEN(bad); i++)
        if (save(w, &w->admin, bad[i]) != 422) fail_msg("taken: %s", bad[i]);
    SC_AUTO(sc_buf_done) sc_buf long_name;
    sc_buf_init(&long_name, 4096);
    sc_buf_puts(&long_name, "{\"query\":{},\"name\":\"");
    for (int i = 0; i < 101; i++) sc_buf_putc(&long_name, 'x');
    sc_buf_puts(&long_name, "\"}");
    assert_int_equal(save(w, &w->admin, long_name.p), 422);
    sc_secret reader = make_key(w, &w->f.project.id, SC_SCOPE_read);
    assert_int_equal(save(w, &reader, "{\"name\":\"a\",\"query\":{}}"), 403);
    assert_int_equal(web_json(w, NULL, "GET", "/api/views", NULL, NULL), 401);
}

static void a_view_is_saved_replaced_and_removed(void **state) {
    web_bench *w = *state;
    sc_secret mine = make_key(w, &w->f.project.id, SC_SCOPE_read | SC_SCOPE_triage);
    char id[64], again[64], path[128];
    web_answer a;
    assert_int_equal(save(w, &mine, "{\"name\":\" <b>Fresh</b> \",\"query\":{\"days\":7}}"), 201);
    only_view(w, &mine, id);
    assert_int_equal(save(w, &mine,
                          "{\"name\":\"<b>Fresh</b>\",\"query\":{\"status\":[\"new\"],\"q\":"
                          "\"a \\\"b\\\"\"}}"),
                     200);
    only_view(w, &mine, again);
    assert_string_equal(id, again);
    assert_int_equal(web_json(w, &w->admin, "GET", "/api/views?project_id=default", NULL, &a), 200);
    assert_true(says(&a, "\"query\":{\"status\":[\"new\"],\"q\":\"a \\\"b\\\"\"}"));
    assert_true(says(&a, "\"by\":\"test\""));
    answer_done(&a);
    only_view(w, &w->other_admin, again); /* of another project */
    assert_string_equal(again, "");
    snprintf(path, sizeof path, "/api/views/%s", id);
    assert_int_equal(web_json(w, &w->other_admin, "DELETE", path, NULL, NULL), 404);
    assert_int_equal(web_json(w, &mine, "DELETE", path, NULL, NULL), 204);
    assert_int_equal(web_json(w, &mine, "DELETE", path, NULL, NULL), 404);
    only_view(w, &mine, again);
    assert_string_equal(again, "");
}

static void a_project_has_a_hundred_views_at_most(void **state) {
    web_bench *w = *state;
    char body[64];
    for (int i = 0; i < 100; i++) {
        snprintf(body, sizeof body, "{\"name\":\"v%d\",\"query\":{}}", i);
        assert_int_equal(save(w, &w->other_admin, body), 201);
    }
    assert_int_equal(save(w, &w->other_admin, "{\"name\":\"one more\",\"query\":{}}"), 409);
    assert_int_equal(save(w, &w->other_admin, "{\"name\":\"v7\",\"query\":{\"days\":1}}"), 200);
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_that_is_no_query_of_the_list_is_refused),
        cmocka_unit_test(a_view_is_saved_replaced_and_removed),
        cmocka_unit_test(a_project_has_a_hundred_views_at_most),
    };
    return cmocka_run_group_tests(tests, web_open, web_close);
}
