/* The dashboard's page and files: encodings, caching, addresses that are none. Which files there are
 * depends on the build; the page and one style sheet at least. */
#include "test_web_support.h"
#include "web/dashboard.h"

#define ID "01932e5c-1f2a-7abc-8def-0123456789ab"

static sc_str header(const web_answer *a, const char *name) {
    char start[64];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    size_t at = sc_str_find(a->head, sc_str_of(start));
    if (at == SIZE_MAX) return SC_STR_NONE;
    sc_str rest = {a->head.p + at + strlen(start), a->head.n - at - strlen(start)}, value;
    sc_str_next(&rest, '\r', &value);
    return value;
}

static void every_address_of_the_dashboard_is_the_same_page(void **state) {
    web_bench *w = *state;
    static const char *const paths[] = {"/", "/?status=new&q=%3Cscript%3E&x=1&x=2",
                                        "/issues/" ID "?project_id=nowhere"};
    for (size_t i = 0; i < SC_LEN(paths); i++) {
        web_answer a = web_call(w, "GET", paths[i], "", SC_STR_NONE);
        assert_int_equal(a.status, 200);
        assert_true(says(&a, "Content-Type: text/html; charset=utf-8\r\n"));
        assert_true(says(&a, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
        assert_true(says(&a, "Cache-Control: no-cache\r\n") && header(&a, "ETag").n);
        assert_false(says(&a, "unsafe-inline") || says(&a, "nowhere"));
        assert_false(says(&a, "<script>") || says(&a, "style=\"") || says(&a, "<style"));
        answer_done(&a);
    }
    web_answer a = web_call(w, "GET", "/issues/x", "", SC_STR_NONE);
    assert_int_equal(a.status, 404);
    assert_true(says(&a, "text/html"));
    answer_done(&a);
    a = web_call(w, "POST", "/", "", SC_STR_NONE);
    assert_int_equal(a.status, 405);
    answer_done(&a);
    a = web_call(w, "GET", "/nowhere/<b>", "Accept: text/html,*/*;q=0.8\r\n", SC_STR_NONE);
    assert_int_equal(a.status, 404);
    assert_true(says(&a, "text/html") &&
                sc_str_find(a.body, SC_STR("nothing at this address")) != SIZE_MAX);
    answer_done(&a);
    a = web_call(w, "GET", "/nowhere", "Accept: */*\r\n", SC_STR_NONE);
    assert_int_equal(a.status, 404);
    assert_true(says(&a, "application/problem+json"));
    answer_done(&a);
}

static web_answer get_file(web_bench *w, const char *method, const sc_web_file *f,
                           const char *headers) {
    char path[200];
    snprintf(path, sizeof path, "/%s", f->name);
    return web_call(w, method, path, headers, SC_STR_NONE);
}

static void expect_form(web_bench *w, const sc_web_file *f, const char *accepts, sc_str bytes,
                        const char *coding) {
    char headers[200];
    snprintf(headers, sizeof headers, "Accept-Encoding: %s\r\n", accepts);
    web_answer a = get_file(w, "GET", f, headers);
    assert_int_equal(a.status, 200);
    assert_true(sc_str_is(header(&a, "Content-Type"), f->type));
    assert_true(sc_str_is(header(&a, "Cache-Control"), "public, max-age=31536000, immutable"));
    if (!sc_str_eq(header(&a, "Content-Encoding"), sc_str_of(coding)) || !sc_str_eq(a.body, bytes))
        fail_msg("%s for %s: %.*s", f->name, accepts, SC_FMT(a.head));
    answer_done(&a);
}

static void a_file_comes_in_the_best_form_that_is_taken(void **state) {
    size_t met = 0;
    for (size_t i = 0; i < sc_web_files_n; i++) {
        const sc_web_file *f = &sc_web_files[i];
        if (!sc_str_starts(sc_str_of(f->name), "assets/")) continue;
        met++;
        bool br = f->brotli.n > 0, gz = f->gzip.n > 0;
        sc_str packed = gz ? f->gzip : f->raw;
        expect_form(*state, f, "identity", f->raw, NULL);
        expect_form(*state, f, "gzip;q=0, br;q=0", f->raw, NULL);
        expect_form(*state, f, "gzip", packed, gz ? "gzip" : NULL);
        expect_form(*state, f, "gzip, deflate, br, zstd", br ? f->brotli : packed,
                    br   ? "br"
                    : gz ? "gzip"
                         : NULL);
        expect_form(*state, f, "br;q=0, gzip", packed, gz ? "gzip" : NULL);
    }
    assert_true(met > 0);
}

static void what_the_client_has_is_not_sent_again(void **state) {
    web_bench *w = *state;
    for (size_t i = 0; i < sc_web_files_n; i++) {
        const sc_web_file *f = &sc_web_files[i];
        bool page = sc_str_is(sc_str_of(f->name), "index.html");
        sc_web_file at = *f;
        if (page) at.name = "";
        web_answer a = get_file(w, "GET", &at, "");
        assert_int_equal(a.status, 200);
        char etag[100], headers[300];
        snprintf(etag, sizeof etag, "%.*s", SC_FMT(header(&a, "ETag")));
        answer_done(&a);
        const char *const lists[] = {"%s", "W/%s", "\"x\" , %s", "*"};
        for (size_t k = 0; k < SC_LEN(lists); k++) {
            const char *gap = strstr(lists[k], "%s");
            snprintf(headers, sizeof headers, "If-None-Match: %.*s%s\r\n",
                     gap ? (int)(gap - lists[k]) : 1, lists[k], gap ? etag : "");
            a = get_file(w, "GET", &at, headers);
            if (a.status != 304 || a.body.n) fail_msg("%s: %d", headers, a.status);
            assert_true(says(&a, etag) && header(&a, "Cache-Control").n);
            answer_done(&a);
        }
        a = get_file(w, "GET", &at, "If-None-Match: \"other\", nonsense\r\n");
        assert_int_equal(a.status, 200);
        answer_done(&a);
        a = get_file(w, "HEAD", &at, "");
        assert_true(a.status == 200 && !a.body.n && says(&a, etag));
        answer_done(&a);
    }
}

static void an_unknown_file_is_not_found(void **state) {
    web_bench *w = *state;
    static const char *const paths[] = {"/assets/nothing.js", "/assets/..%2Findex.html",
                                        "/assets/.", "/assets/index.html",
                                        "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd"};
    for (size_t i = 0; i < SC_LEN(paths); i++) {
        web_answer a = web_call(w, "GET", paths[i], "", SC_STR_NONE);
        if (a.status != 404 || says(&a, "immutable")) fail_msg("%s: %d", paths[i], a.status);
        assert_true(says(&a, "application/problem+json"));
        answer_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_of_the_dashboard_is_the_same_page),
        cmocka_unit_test(a_file_comes_in_the_best_form_that_is_taken),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(an_unknown_file_is_not_found),
    };
    return cmocka_run_group_tests_name("web: dashboard", tests, web_open, web_close);
}
