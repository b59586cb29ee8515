/* The public form and the widget: what is kept out, what comes in, and that nothing typed becomes HTML. */
#include "test_web_support.h"

#include "app/internal.h"
#include "web/form_guard.h"

#define XSS "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void turn_on(web_bench *w, const char *settings) {
    assert_int_equal(
        web_json(w, &w->admin, "PUT", "/api/config/form?project_id=other", settings, NULL), 200);
}

static const sc_store_ops *real;
static atomic_bool untold; /* the next report is written, and nobody can say so */

static sc_rc put_untold(void *self, const sc_feedback *items, const sc_id *job_ids, size_t n,
                        sc_put_result *ret, sc_err *err) {
    sc_rc rc = real->feedback_put(self, items, job_ids, n, ret, err);
    if (rc || !atomic_exchange(&untold, false)) return rc;
    return sc_fail(err, SC_STORE, "it is not known whether this was written");
}

static sc_store_ops wrapped(const sc_store_ops *ops) {
    sc_store_ops w = *ops;
    real = ops;
    w.feedback_put = put_untold;
    return w;
}

static int setup(void **state) {
    web_wrap = wrapped;
    web_open(state);
    turn_on(*state, "{\"enabled\":true,\"ask_contact\":true}");
    return 0;
}

/* The mark in a page. */
static void mark_of(const web_answer *a, char ret[SC_FORM_MARK]) {
    static const char before[] = "name=\"mark\" value=\"";
    const size_t at = sc_str_find(a->body, sc_str_of(before));
    if (at == SIZE_MAX) fail_msg("no mark: %.*s", SC_FMT(a->body));
    const char *p = a->body.p + at + sizeof before - 1;
    snprintf(ret, SC_FORM_MARK, "%.*s", (int)strcspn(p, "\""), p);
}

static void fresh_mark(web_bench *w, char ret[SC_FORM_MARK]) {
    web_answer a = web_call(w, "GET", "/f/other", "", SC_STR_NONE);
    assert_int_equal(a.status, 200);
    mark_of(&a, ret);
    answer_done(&a);
}

static web_answer post(const web_bench *w, const char *headers, const char *mark,
                       const char *rest) {
    SC_AUTO(sc_buf_done) sc_buf body;
    sc_buf_init(&body, 1 << 20);
    sc_buf_putf(&body, "mark=%s&%s", mark, rest);
    char all[300];
    snprintf(all, sizeof all, FORM "%s", headers);
    return web_call(w, "POST", "/f/other", all, sc_buf_str(&body));
}

static int64_t stored(web_bench *w) {
    sc_store_stats s;
    assert_int_equal(w->f.store.ops->stats(w->f.store.self, &w->other, w->f.now_ms, &s, NULL),
                     SC_OK);
    return s.feedback;
}

static void refused(web_bench *w, const char *headers, const char *mark, const char *rest,
                    int status, const char *words) {
    const int64_t before = stored(w);
    web_answer a = post(w, headers, mark, rest);
    if (a.status != status || !says(&a, words))
        fail_msg("%s: %d\n%.*s", rest, a.status, SC_FMT(a.body));
    assert_true(says(&a, "text/html"));
    assert_int_equal(stored(w), before);
    answer_done(&a);
}

static void without_opt_in_there_is_no_form(void **state) {
    web_bench *w = *state;
    turn_on(w, "{\"enabled\":false}");
    static const char *const paths[] = {"/f/other", "/f/default", "/f/nobody", "/f/%3Cscript%3E"};
    for (size_t i = 0; i < SC_LEN(paths); i++) {
        web_answer a = web_call(w, "GET", paths[i], "", SC_STR_NONE);
        assert_int_equal(a.status, 404);
        assert_false(says(&a, "<script>"));
        answer_done(&a);
    }
    web_answer a = post(w, "", "x", "message=hello");
    assert_int_equal(a.status, 404);
    answer_done(&a);
    assert_int_equal(
        web_json(w, &w->admin, "PUT", "/api/config/form?project_id=other",
                 "{\"enabled\":true,\"origins\":[\"https://a.example; script-src *\"]}", NULL),
        422);
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/form?project_id=other",
                              "{\"enabled\":true,\"origins\":[\"https://a.example/path\"]}", NULL),
                     422);
    turn_on(w, "{\"enabled\":true,\"ask_contact\":true}");
}

static void marks_that_are_not_ours_too_young_or_too_old_are_refused(void **state) {
    web_bench *w = *state;
    char mark[SC_FORM_MARK], other[SC_FORM_MARK];
    refused(w, "", "", "message=hello", 422, "not valid any more");
    refused(w, "", "1-2-3", "message=hello", 422, "not valid any more");
    fresh_mark(w, mark);
    refused(w, "", mark, "message=hello", 422, "That was quick");
    w->f.now_ms += SC_FORM_FASTEST_MS - 1;
    web_answer quick = post(w, "", mark, "message=hello");
    mark_of(&quick, other);
    assert_string_equal(other, mark); /* who is quick once more is not sent back to the start */
    answer_done(&quick);
    w->f.now_ms -= SC_FORM_FASTEST_MS - 1;
    w->f.now_ms += SC_FORM_FASTEST_MS;
    snprintf(other, sizeof other, "%s", mark);
    other[0] = other[0] == '1' ? '2' : '1'; /* another time under the same signature */
    refused(w, "", other, "message=hello", 422, "not valid any more");
    snprintf(other, sizeof other, "%s", mark);
    other[strlen(other) - 1] ^= 1;
    refused(w, "", other, "message=hello", 422, "not valid any more");
    w->f.now_ms += SC_FORM_SLOWEST_MS;
    refused(w, "", mark, "message=hello", 422, "open for long");
    /* A mark of another project. */
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/form?project_id=default",
                              "{\"enabled\":true}", NULL),
                     200);
    web_answer a = web_call(w, "GET", "/f/default", "", SC_STR_NONE);
    mark_of(&a, mark);
    answer_done(&a);
    w->f.now_ms += SC_FORM_FASTEST_MS;
    refused(w, "", mark, "message=hello", 422, "not valid any more");
}

static void a_foreign_page_a_wrong_type_and_a_flood_of_bytes_are_refused(void **state) {
    web_bench *w = *state;
    char mark[SC_FORM_MARK];
    fresh_mark(w, mark);
    w->f.now_ms += SC_FORM_FASTEST_MS;
    refused(w, "Origin: https://evil.example\r\n", mark, "message=hello", 403, "foreign page");
    refused(w, "Origin: null\r\n", mark, "message=hello", 403, "foreign page");
    web_answer a = web_call(w, "POST", "/f/other", "Content-Type: application/json\r\n",
                            SC_STR("{\"message\":\"x\"}"));
    assert_int_equal(a.status, 415);
    answer_done(&a);
    SC_AUTO(sc_buf_done) sc_buf big;
    sc_buf_init(&big, 1 << 20);
    sc_buf_puts(&big, "message=");
    for (int i = 0; i < 140000; i++) sc_buf_putc(&big, 'x');
    a = web_call(w, "POST", "/f/other", FORM, sc_buf_str(&big));
    assert_int_equal(a.status, 413);
    answer_done(&a);
    sc_buf_reset(&big);
    sc_buf_puts(&big, "message=");
    for (int i = 0; i < 20001; i++) sc_buf_putc(&big, 'x');
    refused(w, "", mark, big.p, 422, "too long");
    refused(w, "", mark, "message=%ff%fe", 400, "did not work");
    refused(w, "", mark, "message=%20%0A", 422, "Please write");
    const int64_t before = stored(w);
    a = post(w, "", mark,
             "message=hello&website=spam"); /* a program, which thinks that it was heard */
    assert_int_equal(a.status, 303);
    assert_int_equal(stored(w), before);
    answer_done(&a);
}

static void what_was_typed_stays_and_never_becomes_html(void **state) {
    web_bench *w = *state;
    SC_AUTO(sc_buf_done) sc_buf rest;
    static const char xss[] = XSS;
    static const char *const names[] = {"message", "subject", "contact", "page", "mark2"};
    sc_buf_init(&rest, 1 << 16);
    for (size_t i = 0; i < SC_LEN(names); i++) {
        sc_buf_putf(&rest, "%s%s=", i ? "&" : "", names[i]);
        for (const char *p = xss; *p; p++) sc_buf_putf(&rest, "%%%02X", (unsigned char)*p);
    }
    web_answer a = post(w, "", "none", rest.p);
    assert_int_equal(a.status, 422);
    assert_false(says(&a, "<script"));
    assert_false(says(&a, "<img"));
    assert_true(says(&a, "&lt;/textarea&gt;&lt;script&gt;alert(1)"));
    assert_true(says(&a, "&quot;&#39;&gt;&lt;img src=x"));
    assert_true(says(&a, "role=\"alert\""));
    assert_true(says(&a, "frame-ancestors 'none'"));
    assert_true(says(&a, "default-src 'none'"));
    assert_false(says(&a, "Set-Cookie"));
    answer_done(&a);
    a = web_call(w, "GET", "/f/other?page=javascript:alert(1)", "", SC_STR_NONE);
    assert_int_equal(a.status, 400);
    answer_done(&a);
    a = web_call(w, "GET", "/f/other?page=https://a.example/x%22%3E%3Cb", "", SC_STR_NONE);
    assert_int_equal(a.status, 400);
    answer_done(&a);
}

static void a_good_one_is_stored_once_however_often_its_mark_is_sent(void **state) {
    web_bench *w = *state;
    char mark[SC_FORM_MARK];
    const int64_t before = stored(w);
    turn_on(w, "{\"enabled\":true,\"ask_contact\":true,\"origins\":[\"https://www.example.com\"]}");
    fresh_mark(w, mark);
    w->f.now_ms += SC_FORM_FASTEST_MS;
    char origin[64];
    snprintf(origin, sizeof origin, "Origin: http://127.0.0.1:%d\r\n", w->port);
    for (int i = 0; i < 3; i++) {
        web_answer a =
            post(w, origin, mark,
                 "message=It+fails%0D%0Aon+%3Cb%3ESafari&subject=Export&contact=me%40a.example"
                 "&page=https%3A%2F%2Fwww.example.com%2Fpay");
        assert_int_equal(a.status, 303);
        assert_true(says(&a, "Location: /f/other?sent=true"));
        answer_done(&a);
    }
    assert_int_equal(stored(w), before + 1);
    web_answer a;
    assert_int_equal(
        web_json(w, &w->other_admin, "GET", "/api/feedback?source=form&limit=1", NULL, &a), 200);
    assert_true(says(&a, "\"title\":\"Export\""));
    assert_true(says(&a, "\"body\":\"It fails\\non <b>Safari\""));
    assert_true(says(&a, "\"contact\":\"me@a.example\""));
    assert_true(says(&a, "\"page\":\"https://www.example.com/pay\""));
    answer_done(&a);
    a = web_call(w, "GET", "/f/other?sent=true", "", SC_STR_NONE);
    assert_int_equal(a.status, 200);
    assert_true(says(&a, "Thank you"));
    assert_true(says(&a, "frame-ancestors https://www.example.com"));
    answer_done(&a);
}

/* Sends it, gets the form back with its words, and sends that. */
static void is_handed_back_and_sent_again(web_bench *w, int status, void (*heal)(web_bench *w)) {
    char mark[SC_FORM_MARK];
    const int64_t before = stored(w);
    fresh_mark(w, mark);
    w->f.now_ms += SC_FORM_FASTEST_MS;
    web_answer a = post(w, "", mark, "message=It+fails+on+Safari");
    assert_int_equal(a.status, status);
    assert_true(says(&a, "text/html"));
    assert_true(says(&a, ">\nIt fails on Safari</textarea>"));
    assert_true(says(&a, "It could not be stored just now"));
    heal(w);
    mark_of(&a, mark);
    answer_done(&a);
    a = post(w, "", mark, "message=It+fails+on+Safari");
    assert_int_equal(a.status, 303);
    answer_done(&a);
    assert_int_equal(stored(w), before + 1);
}

static void nothing_heals(web_bench *w) { (void)w; }
static void less_waits(web_bench *w) { atomic_store(&w->f.app->committer.queued_bytes, 0); }

static void one_that_may_have_been_stored_is_stored_once(void **state) {
    atomic_store(&untold, true);
    is_handed_back_and_sent_again(*state, 503, nothing_heals);
}

static void one_that_was_refused_for_now_is_handed_back(void **state) {
    web_bench *w = *state;
    atomic_store(&w->f.app->committer.queued_bytes, INT64_C(1) << 40);
    is_handed_back_and_sent_again(w, 429, less_waits);
}

static void an_address_and_a_project_have_their_share(void **state) {
    web_bench *w = *state;
    sc_form_guard g = {.has_key = false};
    sc_form_guard_init(&g);
    const sc_id p = w->other, q = w->f.project.id;
    char address[32];
    for (int i = 0; i < SC_FORM_BY_ADDRESS; i++)
        assert_true(sc_form_admit(&g, &p, SC_STR("10.0.0.1"), 5));
    assert_false(sc_form_admit(&g, &p, SC_STR("10.0.0.1"), 6));
    assert_true(sc_form_admit(&g, &p, SC_STR("10.0.0.2"), 6));
    assert_true(sc_form_admit(&g, &q, SC_STR("10.0.0.1"), 6));
    assert_true(sc_form_admit(&g, &p, SC_STR("10.0.0.1"), 5 + (int64_t)SC_FORM_WINDOW_US));
    int64_t taken = 0;
    for (int i = 0; i < 4 * SC_FORM_BY_PROJECT; i++) { /* from everywhere */
        snprintf(address, sizeof address, "10.1.%d.%d", i / 256, i % 256);
        taken += sc_form_admit(&g, &q, sc_str_of(address), 7);
    }
    assert_int_equal(taken, SC_FORM_BY_PROJECT - 1);
    sc_form_guard_done(&g);
    char mark[SC_FORM_MARK];
    int status = 303;
    for (int i = 0; i <= SC_FORM_BY_ADDRESS && status == 303; i++) {
        fresh_mark(w, mark);
        w->f.now_ms += SC_FORM_FASTEST_MS;
        web_answer a = post(w, "", mark, "message=again");
        status = a.status;
        if (status == 429) assert_true(says(&a, "Retry-After: 600") && says(&a, ">\nagain<"));
        answer_done(&a);
    }
    assert_int_equal(status, 429);
}

static void two_processes_share_one_key(void **state) {
    web_bench *w = *state;
    static sc_form_guard a, b;
    char mark[SC_FORM_MARK];
    sc_form_verdict verdict;
    sc_str nonce;
    sc_err err = {0};
    sc_form_guard_init(&a);
    sc_form_guard_init(&b);
    assert_int_equal(sc_form_mark(&a, &w->f.store, &w->other, 1000, mark, &err), SC_OK);
    assert_int_equal(sc_form_check(&b, &w->f.store, &w->other, sc_str_of(mark),
                                   1000 + SC_FORM_FASTEST_MS, &verdict, &nonce, &err),
                     SC_OK);
    assert_int_equal(verdict, SC_FORM_FINE);
    assert_int_equal(nonce.n, SC_FORM_NONCE);
    sc_form_guard_done(&a);
    sc_form_guard_done(&b);
}

static void the_widget_is_small_and_for_all(void **state) {
    web_bench *w = *state;
    web_answer a = web_call(w, "GET", "/widget.js", "", SC_STR_NONE);
    assert_int_equal(a.status, 200);
    assert_true(a.body.n > 1000 && a.body.n <= 5 * 1024);
    assert_true(says(&a, "Content-Type: text/javascript"));
    assert_true(says(&a, "Cross-Origin-Resource-Policy: cross-origin"));
    static const char *const never[] = {"cookie =", "localStorage", "innerHTML", "eval(", "fetch("};
    for (size_t i = 0; i < SC_LEN(never); i++) assert_false(says(&a, never[i]));
    answer_done(&a);
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_opt_in_there_is_no_form),
        cmocka_unit_test(marks_that_are_not_ours_too_young_or_too_old_are_refused),
        cmocka_unit_test(a_foreign_page_a_wrong_type_and_a_flood_of_bytes_are_refused),
        cmocka_unit_test(what_was_typed_stays_and_never_becomes_html),
        cmocka_unit_test(a_good_one_is_stored_once_however_often_its_mark_is_sent),
        cmocka_unit_test(one_that_may_have_been_stored_is_stored_once),
        cmocka_unit_test(one_that_was_refused_for_now_is_handed_back),
        cmocka_unit_test(an_address_and_a_project_have_their_share),
        cmocka_unit_test(two_processes_share_one_key),
        cmocka_unit_test(the_widget_is_small_and_for_all),
    };
    return cmocka_run_group_tests(tests, setup, web_close);
}
