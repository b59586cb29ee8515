/* Requests as people get them wrong, the answers' shapes, the batch, streams, health and metrics. */
#include "test_web_support.h"

#include <math.h>

#include "web/html.h"
#include "web/render.h"

/* The body as JSON; fails the test when it is none. */
static json_t *parsed(const web_answer *a) {
    json_t *v = NULL;
    sc_err err = {0};
    if (sc_json_parse(a->body, &v, &err)) fail_msg("%s: %.*s", err.msg, SC_FMT(a->body));
    return v;
}

static void refused(const web_bench *w, const char *method, const char *path, const char *body,
                    int status, const char *field) {
    web_answer a;
    int got = web_json(w, &w->admin, method, path, body, &a);
    if (got != status)
        fail_msg("%s %s %s: %d\n%.*s", method, path, body ? body : "", got, SC_FMT(a.body));
    json_t *v = parsed(&a);
    assert_int_equal(json_integer_value(json_object_get(v, "status")), status);
    assert_true(says(&a, "application/problem+json"));
    assert_true(json_string_length(json_object_get(v, "request_id")) > 0);
    const char *named = json_string_value(json_object_get(v, "field"));
    assert_string_equal(named ? named : "", field);
    json_decref(v);
    answer_done(&a);
}

static void a_wrong_request_names_what_is_wrong(void **state) {
    web_bench *w = *state;
    refused(w, "GET", "/api/nothing", NULL, 404, "");
    refused(w, "GET", "/api/feedback/", NULL, 404, "");
    refused(w, "GET", "/api/feedback/..%2f..%2fhealth", NULL, 404, "");
    refused(w, "GET", "/api/feedback/not-an-id", NULL, 404, "id");
    refused(w, "GET", "/api/config/nothing", NULL, 404, "source");
    refused(w, "DELETE", "/api/feedback", NULL, 405, "");
    refused(w, "GET", "/api/feedback?limit=0", NULL, 400, "limit");
    refused(w, "GET", "/api/feedback?limit=1001", NULL, 400, "limit");
    refused(w, "GET", "/api/feedback?limit=", NULL, 400, "limit");
    refused(w, "GET", "/api/feedback?limit=1&limit=1", NULL, 400, "limit");
    refused(w, "GET", "/api/feedback?Limit=1", NULL, 400, "Limit");
    refused(w, "GET", "/api/feedback?since=yesterday", NULL, 400, "since");
    refused(w, "GET", "/api/feedback?source=fax", NULL, 400, "source");
    refused(w, "GET", "/api/feedback?cursor=nonsense", NULL, 400, "cursor");
    refused(w, "GET", "/api/clusters?status=new,old", NULL, 400, "status");
    refused(w, "GET", "/api/clusters?status=", NULL, 400, "status");
    refused(w, "GET", "/api/search", NULL, 400, "q");
    refused(w, "GET", "/api/search?q=", NULL, 400, "q");
    refused(w, "GET", "/api/stats?%3Cscript%3E=1", NULL, 400, "<script>");
    refused(w, "POST", "/api/ingest/manual", "", 400, "");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":", 400, "");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":\"a\",\"text\":\"b\"}", 400, "");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":\"a\\u0000\"}", 400, "");
    refused(w, "POST", "/api/ingest/manual", "[]", 422, "");
    refused(w, "POST", "/api/ingest/manual", "{}", 422, "");
    refused(w, "POST", "/api/ingest/manual", "{\"txet\":\"a\"}", 422, "txet");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":5}", 422, "text");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":\"a\",\"created_at\":\"now\"}", 422,
            "created_at");
    refused(w, "POST", "/api/ingest/manual", "{\"text\":\"a\",\"url\":\"javascript:1\"}", 422,
            "url");
    refused(w, "POST", "/api/ingest/manual",
            "{\"text\":\"a\",\"external_id\":99999999999999999999}", 400, "");
    refused(w, "POST", "/api/ingest/reddit",
            "{\"kind\":\"Listing\",\"data\":{\"children\":[{},5]}}", 422, "data.children[1]");
    refused(w, "POST", "/api/ingest/reddit",
            "{\"kind\":\"Listing\",\"data\":{\"children\":"
            "[{\"kind\":\"t3\",\"data\":{\"name\":\"t3_a\",\"title\":7}}]}}",
            422, "data.children[0].data.title");
    refused(w, "POST", "/api/keys", "{\"name\":\"x\",\"scopes\":[\"root\"]}", 422, "scopes[0]");
    refused(w, "POST", "/api/keys",
            "{\"name\":\"x\",\"scopes\":[\"read\"],\"expires_at\":\"2000-01-01T00:00:00Z\"}", 422,
            "expires_at");
    refused(w, "POST", "/api/projects", "{\"name\":\"Not Good\"}", 422, "name");
    refused(w, "POST", "/api/projects", "{\"name\":\"other\"}", 409, "name");
}

static void a_wrong_content_type_is_415_and_says_the_right_one(void **state) {
    web_bench *w = *state;
    char headers[300];
    snprintf(headers, sizeof headers, "%sContent-Type: application/x-www-form-urlencoded\r\n",
             key_header(&w->admin));
    web_answer a = web_call(w, "POST", "/api/ingest/manual", headers, SC_STR("{\"text\":\"a\"}"));
    assert_int_equal(a.status, 415);
    assert_true(says(&a, "application/json"));
    answer_done(&a);
    snprintf(headers, sizeof headers, "%sContent-Type: application/json\r\n",
             key_header(&w->admin));
    a = web_call(w, "POST", "/api/ingest/batch", headers, SC_STR("[]"));
    assert_int_equal(a.status, 415);
    assert_true(says(&a, "application/x-ndjson"));
    answer_done(&a);
    snprintf(headers, sizeof headers, "%sContent-Type: Application/JSON; charset=utf-8\r\n",
             key_header(&w->admin));
    a = web_call(w, "POST", "/api/ingest/manual", headers,
                 SC_STR("{\"text\":\"a\",\"external_id\":\"ct\"}"));
    assert_int_equal(a.status, 200);
    answer_done(&a);
}

static void a_body_over_the_operations_limit_is_413(void **state) {
    web_bench *w = *state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_buf_puts(&b, "{\"text\":\"");
    for (size_t i = 0; i < 1100000 / 10; i++) sc_buf_puts(&b, "0123456789");
    sc_buf_puts(&b, "\"}");
    assert_int_equal(web_json(w, &w->admin, "POST", "/api/ingest/manual", b.p, NULL), 413);
}

static void a_report_is_stored_once_and_found_again(void **state) {
    web_bench *w = *state;
    web_answer a;
    const char *body = "{\"title\":\"Once\",\"body\":\"and for all\",\"external_id\":\"once\"}";
    assert_int_equal(web_json(w, &w->admin, "POST", "/api/ingest/manual", body, &a), 200);
    json_t *first = parsed(&a);
    assert_string_equal(json_string_value(json_object_get(first, "status")), "ok");
    assert_string_equal(json_string_value(json_object_get(first, "project_id")),
                        w->f.project.id.text);
    answer_done(&a);
    assert_int_equal(web_json(w, &w->admin, "POST", "/api/ingest/manual", body, &a), 200);
    json_t *again = parsed(&a);
    assert_string_equal(json_string_value(json_object_get(again, "status")), "duplicate");
    const char *id = json_string_value(json_object_get(first, "id"));
    assert_string_equal(json_string_value(json_object_get(again, "id")), id);
    answer_done(&a);
    char path[100];
    snprintf(path, sizeof path, "/api/feedback/%s", id);
    assert_int_equal(web_json(w, &w->admin, "GET", path, NULL, &a), 200);
    json_t *f = parsed(&a);
    assert_string_equal(json_string_value(json_object_get(f, "raw_text")), "Once\n\nand for all");
    assert_true(json_is_null(json_object_get(f, "cluster_id")));
    answer_done(&a);
    assert_int_equal(web_json(w, &w->admin, "PUT", path, "{\"title\":\"Twice\",\"url\":null}", &a),
                     200);
    assert_true(says(&a, "\"title\":\"Twice\"") && says(&a, "\"body\":\"and for all\""));
    answer_done(&a);
    json_decref(first);
    json_decref(again);
    json_decref(f);
}

static void a_report_needs_no_id_of_its_sender(void **state) {
    web_bench *w = *state;
    const char *body = "{\"text\":\"Two people may write the same words\"}";
    for (int i = 0; i < 2; i++) {
        web_answer a;
        assert_int_equal(web_json(w, &w->admin, "POST", "/api/ingest/manual", body, &a), 200);
        assert_true(says(&a, "\"status\":\"ok\""));
        answer_done(&a);
    }
}

/* What the server answers must be what the contract says. */
static void answers_fit_the_contract(void **state) {
    web_bench *w = *state;
    app_put(&w->f, "shape", "A report with \"quotes\" & <tags>", "line\nline\ttab");
    static const struct {
        const char *path, *schema;
    } rows[] = {
        {"/api/feedback?limit=5", "FeedbackPage"},
        {"/api/clusters", "ClusterPage"},
        {"/api/stats", "Stats"},
        {"/api/search?q=report", "SearchResult"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        web_answer a;
        assert_int_equal(web_json(w, &w->admin, "GET", rows[i].path, NULL, &a), 200);
        json_t *v = parsed(&a);
        const sc_schema *s = NULL;
        sc_err err = {0};
        if (sc_contract_schema(w->contract, rows[i].schema, &s, &err) ||
            sc_schema_check(s, v, &err))
            fail_msg("%s: %s %s", rows[i].path, err.field, err.msg);
        json_decref(v);
        answer_done(&a);
    }
}

static void pages_follow_each_other_without_gap_or_overlap(void **state) {
    web_bench *w = *state;
    for (int i = 0; i < 7; i++) {
        char id[20];
        snprintf(id, sizeof id, "page-%d", i);
        app_put(&w->f, id, "one of seven", "x");
    }
    char path[300] = "/api/feedback?limit=3";
    size_t seen = 0;
    int64_t total = 0;
    for (int rounds = 0; rounds < 50; rounds++) {
        web_answer a;
        assert_int_equal(web_json(w, &w->admin, "GET", path, NULL, &a), 200);
        json_t *v = parsed(&a);
        seen += json_array_size(json_object_get(v, "items"));
        total = json_integer_value(json_object_get(v, "total"));
        const char *next = json_string_value(json_object_get(v, "next_cursor"));
        if (next) snprintf(path, sizeof path, "/api/feedback?limit=3&cursor=%s", next);
        bool more = next != NULL;
        json_decref(v);
        answer_done(&a);
        if (!more) break;
    }
    assert_true(seen >= 7);
    assert_int_equal(seen, total);
}

/* ---- Batch --------------------------------------------------------------------------------------- */

static web_answer batch(const web_bench *w, sc_str body) {
    char headers[300];
    snprintf(headers, sizeof headers, "%sContent-Type: application/x-ndjson\r\n",
             key_header(&w->admin));
    return web_call(w, "POST", "/api/ingest/batch", headers, body);
}

static void a_batch_answers_line_by_line(void **state) {
    web_bench *w = *state;
    web_answer a = batch(
        w,
        SC_STR("\xEF\xBB\xBF{\"source\":\"manual\",\"external_id\":\"l1\",\"title\":\"a\"}\r\n"
               "\n"
               "   \n"
               "not json\n"
               "{\"source\":\"fax\",\"title\":\"a\"}\n"
               "{\"source\":\"manual\",\"external_id\":\"l1\",\"title\":\"a\"}\n"
               "{\"source\":\"manual\",\"external_id\":\"l7\",\"title\":7}\n"
               "{\"title\":\"no source\"}\n"
               "{\"source\":\"reddit\",\"payload\":{\"kind\":\"t3\",\"data\":{\"name\":\"t3_b\","
               "\"title\":1}}}\n"
               "{\"source\":\"generic\",\"external_id\":\"l10\",\"body\":\"last, no newline\"}"));
    assert_int_equal(a.status, 200);
    static const char *const parts[] = {
        "{\"line\":1,\"status\":\"ok\",\"id\":\"",
        "{\"line\":4,\"status\":\"error\",\"error\":{\"code\":\"invalid\"",
        "{\"line\":5,\"status\":\"error\",\"error\":{\"code\":\"unprocessable\"",
        "{\"line\":6,\"status\":\"duplicate\"",
        "\"field\":\"title\",\"retryable\":false}}",
        "{\"line\":8,\"status\":\"error\"",
        "\"field\":\"source\"",
        "\"field\":\"payload.data.title\"",
        "{\"line\":10,\"status\":\"ok\"",
        "{\"summary\":{\"ok\":2,\"duplicate\":1,\"filtered\":0,\"error\":5,\"skipped\":0}}\n",
    };
    size_t at = 0;
    for (size_t i = 0; i < SC_LEN(parts); i++) {
        sc_str rest = {a.body.p + at, a.body.n - at};
        size_t hit = sc_str_find(rest, sc_str_of(parts[i]));
        if (hit == SIZE_MAX)
            fail_msg("%s is missing or out of order in\n%.*s", parts[i], SC_FMT(a.body));
        at += hit;
    }
    answer_done(&a);
}

static void a_batch_that_is_no_ndjson_says_so(void **state) {
    web_bench *w = *state;
    web_answer a = batch(w, SC_STR("\n [{\"source\":\"manual\",\"title\":\"a\"}]"));
    assert_int_equal(a.status, 400);
    assert_true(says(&a, "NDJSON"));
    answer_done(&a);
    a = batch(w, SC_STR("\n\n"));
    assert_int_equal(a.status, 200);
    assert_true(says(&a, "{\"summary\":{\"ok\":0,"));
    answer_done(&a);
}

/* Lines cut anywhere by the transfer, more than three groups of them, one far too long. */
static void a_long_batch_is_answered_in_order(void **state) {
    web_bench *w = *state;
    enum { LINES = 5000 };
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64 << 20);
    for (int i = 1; i <= LINES; i++) {
        if (i == 2500) {
            for (int k = 0; k < 110000; k++) sc_buf_puts(&b, "0123456789");
            sc_buf_puts(&b, "\n");
        } else {
            sc_buf_putf(&b,
                        "{\"source\":\"manual\",\"external_id\":\"long-%d\",\"title\":\"Line "
                        "%d\",\"body\":\"%0*d\"}\n",
                        i, i, i % 700 + 1, i);
        }
    }
    char headers[300];
    snprintf(headers, sizeof headers,
             "%sContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n",
             key_header(&w->admin));
    int fd = web_connect(w);
    char head[600];
    snprintf(head, sizeof head,
             "POST /api/ingest/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", headers);
    web_send(fd, sc_str_of(head));
    for (size_t at = 0, n; at < b.n; at += n) {
        n = SC_MIN((size_t)7919, b.n - at); /* prime: no line begins where a piece does */
        char size[24];
        snprintf(size, sizeof size, "%zx\r\n", n);
        web_send(fd, sc_str_of(size));
        web_send(fd, (sc_str){b.p + at, n});
        web_send(fd, SC_STR("\r\n"));
    }
    web_send(fd, SC_STR("0\r\n\r\n"));
    web_answer a = {0};
    web_read(fd, &a);
    assert_int_equal(a.status, 200);
    assert_true(says(
        &a,
        "{\"summary\":{\"ok\":4999,\"duplicate\":0,\"filtered\":0,\"error\":1,\"skipped\":0}}"));
    char *at = (char *)(uintptr_t)a.body.p;
    for (int i = 1; i <= LINES; i++) {
        char want[64];
        snprintf(want, sizeof want, "{\"line\":%d,\"status\":\"%s\"", i,
                 i == 2500 ? "error" : "ok");
        at = strstr(at, want);
        if (!at) fail_msg("%s is missing or out of order", want);
    }
    answer_done(&a);
}

static void a_client_that_leaves_in_the_middle_harms_nobody(void **state) {
    web_bench *w = *state;
    for (int round = 0; round < 20; round++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 16 << 20);
        sc_buf_putf(&b,
                    "POST /api/ingest/batch HTTP/1.1\r\nHost: x\r\n%sContent-Type: "
                    "application/x-ndjson\r\nContent-Length: 90000000\r\n\r\n",
                    key_header(&w->admin));
        for (int i = 0; i < 1100 * (round % 4 + 1); i++)
            sc_buf_putf(&b,
                        "{\"source\":\"manual\",\"external_id\":\"gone-%d-%d\",\"title\":\"x\"}\n",
                        round, i);
        int fd = web_connect(w);
        web_send(fd, sc_buf_str(&b));
        close(fd);
    }
    assert_int_equal(web_json(w, &w->admin, "GET", "/api/stats", NULL, NULL), 200);
}

/* ---- Streams, health, metrics -------------------------------------------------------------------- */

/* Reads until the words have come; fails after the socket's patience. */
static void read_until(int fd, sc_buf *into, const char *words) {
    char piece[4096];
    while (sc_str_find(sc_buf_str(into), sc_str_of(words)) == SIZE_MAX) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0) fail_msg("'%s' did not come", words);
        sc_buf_put(into, piece, (size_t)n);
    }
}

static void streams_are_counted_and_end_with_their_client(void **state) {
    web_bench *w = *state;
    char head[300];
    snprintf(head, sizeof head, "GET /api/events?after=0 HTTP/1.1\r\nHost: x\r\n%s\r\n",
             key_header(&w->admin));
    int fds[2];
    for (int i = 0; i < 2; i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 1 << 20);
        fds[i] = web_connect(w);
        web_send(fds[i], sc_str_of(head));
        read_until(fds[i], &b, ": connected");
        assert_non_null(strstr(b.p, "text/event-stream"));
    }
    web_answer a;
    assert_int_equal(web_json(w, &w->admin, "GET", "/api/events", NULL, &a),
                     429); /* two is this server's limit */
    assert_true(says(&a, "Retry-After: 10"));
    answer_done(&a);
    close(fds[0]);
    close(fds[1]);
}

static void health_and_metrics_tell_numbers_and_no_names(void **state) {
    web_bench *w = *state;
    web_answer a;
    assert_int_equal(web_json(w, NULL, "GET", "/health", NULL, &a), 200);
    assert_true(says(&a, "\"status\":\"ok\"") && says(&a, "\"version\":\"test\""));
    answer_done(&a);
    assert_int_equal(web_json(w, &w->admin, "GET", "/metrics", NULL, &a), 200);
    static const char *const families[] = {
        "soulcaster_http_requests_total{operation=\"getHealth\",status=\"200\"}",
        "soulcaster_http_request_duration_seconds_bucket{operation=\"getHealth\",le=\"+Inf\"}",
        "soulcaster_http_in_flight",
        "soulcaster_ingest_reports_total",
        "soulcaster_ingest_queued_bytes",
        "soulcaster_jobs{kind=\"group\",state=\"pending\"}",
        "soulcaster_jobs_oldest_pending_seconds",
        "soulcaster_grouping_seconds_total",
        "soulcaster_index_bytes",
        "soulcaster_store_bytes",
        "process_resident_memory_bytes",
        "process_open_fds",
        "soulcaster_build_info{version=\"test\"}",
    };
    for (size_t i = 0; i < SC_LEN(families); i++)
        if (!says(&a, families[i])) fail_msg("%s is missing", families[i]);
    assert_false(says(&a, w->f.project.id.text));
    answer_done(&a);
}

static void head_is_get_without_its_body(void **state) {
    web_bench *w = *state;
    web_answer a = web_call(w, "HEAD", "/health", "", SC_STR_NONE);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, 0);
    answer_done(&a);
}

static void no_memory_at_the_start_is_told_and_leaks_nothing(void **state) {
    web_bench *w = *state;
    sc_web_conf conf = {.app = w->f.app, .version = "test"};
    sc_rc rc = SC_NOMEM;
    for (uint64_t nth = 1; rc; nth += 1 + nth / 32) {
        sc_web *web = NULL;
        sc_err err = {0};
        sc_mem_fail_after(nth);
        rc = sc_web_new(&conf, &web, &err);
        sc_mem_fail_after(0);
        if (rc && rc != SC_NOMEM) fail_msg("allocation %d: %s", (int)nth, err.msg);
        sc_web_free(web);
        assert_true(nth < 1000000);
    }
}

/* ---- Text --------------------------------------------------------------------------------------- */

static void html_escapes_everything_that_could_end_a_text(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1000);
    sc_html_text(&b, SC_STR("<a href=\"x\" onclick='y'>&amp;\x01\n</a>"));
    assert_string_equal(b.p,
                        "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp; \n&lt;/a&gt;");
}

static void numbers_that_are_none_are_null(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4000);
    sc_evidence e = {.probability = 0.5, .mean = (double)NAN, .best = (double)INFINITY};
    sc_render_evidence(&b, &e);
    json_t *v = NULL;
    assert_int_equal(sc_json_parse(sc_buf_str(&b), &v, NULL), SC_OK);
    assert_true(json_is_null(json_object_get(v, "mean")) &&
                json_is_null(json_object_get(v, "best")));
    json_decref(v);
    sc_buf_reset(&b);
    sc_buf_putc(&b, '{');
    sc_render_int(&b, "a", INT64_MIN);
    sc_render_int(&b, "b", INT64_MAX);
    sc_render_time(&b, "c", 0);
    sc_buf_putc(&b, '}');
    assert_string_equal(b.p, "{\"a\":-9223372036854775808,\"b\":9223372036854775807,\"c\":null}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_request_names_what_is_wrong),
        cmocka_unit_test(a_wrong_content_type_is_415_and_says_the_right_one),
        cmocka_unit_test(a_body_over_the_operations_limit_is_413),
        cmocka_unit_test(a_report_is_stored_once_and_found_again),
        cmocka_unit_test(a_report_needs_no_id_of_its_sender),
        cmocka_unit_test(answers_fit_the_contract),
        cmocka_unit_test(pages_follow_each_other_without_gap_or_overlap),
        cmocka_unit_test(a_batch_answers_line_by_line),
        cmocka_unit_test(a_batch_that_is_no_ndjson_says_so),
        cmocka_unit_test(a_long_batch_is_answered_in_order),
        cmocka_unit_test(a_client_that_leaves_in_the_middle_harms_nobody),
        cmocka_unit_test(streams_are_counted_and_end_with_their_client),
        cmocka_unit_test(health_and_metrics_tell_numbers_and_no_names),
        cmocka_unit_test(head_is_get_without_its_body),
        cmocka_unit_test(no_memory_at_the_start_is_told_and_leaks_nothing),
        cmocka_unit_test(html_escapes_everything_that_could_end_a_text),
        cmocka_unit_test(numbers_that_are_none_are_null),
    };
    return cmocka_run_group_tests_name("web: api", tests, web_open, web_close);
}
