/* Who may do what, over ALL operations of the contract: no key, a wrong key, a key without the scope,
 * a key of another project; sessions and forged changes. */
#include "test_web_support.h"

#define ID "01932e5c-1f2a-7abc-8def-0123456789ab"

/* The operation's address with every parameter filled in. */
static void address(const sc_operation *op, const char *query, char *ret, size_t room) {
    size_t n = 0;
    for (const char *p = op->path; *p && n + 40 < room; p++) {
        if (*p != '{') {
            ret[n++] = *p;
            continue;
        }
        const char *fill = strncmp(p, "{source}", 8) == 0 ? "sentry" : ID;
        n += (size_t)snprintf(ret + n, room - n, "%s", fill);
        p = strchr(p, '}');
    }
    snprintf(ret + n, room - n, "%s", query);
}

static const char *method_of(const sc_operation *op) { return sc_http_method_name(op->method); }

static web_answer ask(const web_bench *w, const sc_operation *op, const char *query,
                      const char *headers) {
    char path[400], all[600];
    address(op, query, path, sizeof path);
    /* The body is not what these tests are about: it must not even be looked at. */
    snprintf(all, sizeof all, "%s%s%s%s", headers, op->has_body ? "Content-Type: " : "",
             op->has_body ? op->media[0] : "", op->has_body ? "\r\n" : "");
    return web_call(w, method_of(op), path, all,
                    op->has_body ? SC_STR("{\"broken\"") : SC_STR_NONE);
}

static void expect(const web_bench *w, const sc_operation *op, const char *query,
                   const char *headers, int status) {
    web_answer a = ask(w, op, query, headers);
    if (a.status != status)
        fail_msg("%s: %d instead of %d\n%.*s", op->id, a.status, status,
                 SC_FMT(sc_buf_str(&a.text)));
    bool problem = says(&a, "application/problem+json") && says(&a, "\"request_id\"");
    bool page = op->page && says(&a, "text/html");
    if (!problem && !page) fail_msg("%s: not a problem: %.*s", op->id, SC_FMT(sc_buf_str(&a.text)));
    answer_done(&a);
}

/* A whole round over the operations that want a key. */
#define EACH_KEYED(w, op)                                                    \
    for (const sc_operation *op = (w)->contract->operations;                 \
         op < (w)->contract->operations + (w)->contract->n_operations; op++) \
        if (op->access == SC_ACCESS_KEY)

static void without_a_key_nothing_answers(void **state) {
    web_bench *w = *state;
    EACH_KEYED(w, op) expect(w, op, "", "", 401);
}

static void with_a_key_that_is_none_nothing_answers(void **state) {
    web_bench *w = *state;
    static const char *const headers[] = {
        "X-API-Key: sc_000000000000000000000000000000000000000000000000\r\n",
        "X-API-Key: \r\n",
        "X-API-Key: x\r\n",
        "Authorization: Bearer nothing\r\n",
        "Authorization: Basic eDp5\r\n",
        "Cookie: sc_session=sc_0000\r\n",
        "Cookie: sc_session=\r\n",
    };
    EACH_KEYED(w, op)
    for (size_t i = 0; i < SC_LEN(headers); i++) expect(w, op, "", headers[i], 401);
}

static void a_key_without_the_scope_is_forbidden(void **state) {
    web_bench *w = *state;
    static const unsigned scopes[] = {SC_SCOPE_ingest, SC_SCOPE_read, SC_SCOPE_triage};
    for (size_t i = 0; i < SC_LEN(scopes); i++) {
        sc_secret key = make_key(w, &w->f.project.id, scopes[i]);
        EACH_KEYED(w, op)
        if (!sc_key_allows(scopes[i], op->scope)) expect(w, op, "", key_header(&key), 403);
    }
}

static void another_project_does_not_exist(void **state) {
    web_bench *w = *state;
    static const char *const queries[] = {"?project_id=default", "?project_id=nowhere"};
    EACH_KEYED(w, op) if (op->has_project) {
        char answers[2][600];
        for (size_t i = 0; i < 2; i++) {
            char query[400];
            /* A required parameter must not get in the way. */
            snprintf(query, sizeof query, "%s%s", queries[i],
                     strcmp(op->id, "search") ? "" : "&q=x");
            expect(w, op, query, key_header(&w->other_admin), 404);
            web_answer a = ask(w, op, query, key_header(&w->other_admin));
            /* Word for word the same as for a project that is none, but for the request's id. */
            size_t id = sc_str_find(a.body, SC_STR("\"request_id\""));
            snprintf(answers[i], sizeof answers[i], "%.*s", (int)SC_MIN(id, (size_t)500), a.body.p);
            answer_done(&a);
        }
        if (!op->page) assert_string_equal(answers[0], answers[1]);
    }
}

static void what_belongs_to_another_project_is_not_found(void **state) {
    web_bench *w = *state;
    sc_id mine = app_put(&w->f, "mine", "Only for the first project", "secret words");
    static const struct {
        const char *method, *path, *body;
    } rows[] = {
        {"GET", "/api/feedback/%s", NULL},
        {"PUT", "/api/feedback/%s", "{\"title\":\"x\"}"},
        {"POST", "/api/feedback/%s/move", "{\"cluster_id\":null}"},
        {"GET", "/api/trace/%s", NULL},
        {"GET", "/api/clusters/%s", NULL},
        {"PATCH", "/api/clusters/%s", "{\"title\":\"x\"}"},
        {"GET", "/api/clusters/%s/feedback", NULL},
        {"GET", "/api/clusters/%s/candidates", NULL},
        {"POST", "/api/clusters/%s/merge", "{\"cluster_ids\":[\"" ID "\"]}"},
        {"POST", "/api/clusters/%s/split", "{\"feedback_ids\":[\"" ID "\"]}"},
        {"POST", "/api/clusters/%s/apart", "{\"cluster_id\":\"" ID "\"}"},
        {"POST", "/api/actions/%s/undo", NULL},
        {"GET", "/api/cluster-jobs/%s", NULL},
        {"DELETE", "/api/keys/%s", NULL},
        {"POST", "/api/dead-letters/%s/retry", NULL},
        {"DELETE", "/api/dead-letters/%s", NULL},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        char path[200];
        const char *gap = strstr(rows[i].path, "%s");
        snprintf(path, sizeof path, "%.*s%s%s", (int)(gap - rows[i].path), rows[i].path, mine.text,
                 gap + 2);
        web_answer a;
        int status = web_json(w, &w->other_admin, rows[i].method, path, rows[i].body, &a);
        if (status != 404 || says(&a, "secret") || says(&a, "Only for"))
            fail_msg("%s %s: %.*s", rows[i].method, path, SC_FMT(a.body));
        answer_done(&a);
    }
    assert_int_equal(
        web_json(w, &w->admin, "GET", "/api/feedback?project_id=default&limit=1", NULL, NULL), 200);
}

static void a_bound_key_stays_in_its_project(void **state) {
    web_bench *w = *state;
    assert_int_equal(
        web_json(w, &w->other_admin, "POST", "/api/projects", "{\"name\":\"third\"}", NULL), 403);
    assert_int_equal(web_json(w, &w->other_admin, "POST", "/api/keys",
                              "{\"name\":\"x\",\"scopes\":[\"admin\"],\"all_projects\":true}",
                              NULL),
                     403);
    web_answer a;
    assert_int_equal(web_json(w, &w->other_admin, "GET", "/api/projects", NULL, &a), 200);
    assert_true(says(&a, "\"other\"") && !says(&a, "\"default\""));
    answer_done(&a);
    assert_int_equal(web_json(w, &w->other_admin, "GET", "/api/keys", NULL, &a), 200);
    assert_true(says(&a, "\"total\":1,"));
    answer_done(&a);
}

static void a_body_is_not_read_before_the_key(void **state) {
    web_bench *w = *state;
    /* A gigabyte is announced and never sent: the answer comes at once. */
    int fd = web_connect(w);
    web_send(fd,
             SC_STR("POST /api/ingest/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n"
                    "Content-Type: application/x-ndjson\r\n\r\n"));
    web_answer a = {0};
    web_read(fd, &a);
    assert_int_equal(a.status, 401);
    answer_done(&a);
}

static void an_unsigned_webhook_is_refused_with_and_without_a_secret(void **state) {
    web_bench *w = *state;
    static const char *const paths[] = {"/api/ingest/sentry", "/api/ingest/github/webhook"};
    for (size_t i = 0; i < SC_LEN(paths); i++) {
        web_answer a;
        assert_int_equal(web_json(w, NULL, "POST", paths[i], "{}", &a), 403);
        assert_true(says(&a, "secret"));
        answer_done(&a);
        assert_int_equal(web_json(w, &w->admin, "POST", paths[i], "{}", NULL),
                         403); /* a key is no signature */
        assert_int_equal(
            web_json(w, NULL, "POST", "/api/ingest/sentry?project_id=nowhere", "{}", NULL), 404);
    }
    assert_int_equal(web_json(w, &w->admin, "PUT", "/api/config/sentry",
                              "{\"secret\":\"0123456789abcdef\"}", NULL),
                     200);
    assert_int_equal(web_json(w, NULL, "POST", "/api/ingest/sentry", "{}", NULL), 401);
}

/* ---- Sessions ------------------------------------------------------------------------------------ */

static void cookie_of(const web_answer *a, char *cookie, size_t room) {
    size_t at = sc_str_find(a->head, SC_STR("Set-Cookie: "));
    assert_int_not_equal(at, SIZE_MAX);
    sc_str rest = {a->head.p + at + 12, a->head.n - at - 12}, value;
    sc_str_next(&rest, ';', &value);
    snprintf(cookie, room, "Cookie: %.*s\r\n", SC_FMT(value));
}

static void sign_in(web_bench *w, char *cookie, size_t room) {
    sc_secret token;
    sc_err err = {0};
    if (sc_access_login_token(w->f.app, 60000, &token, &err)) fail_msg("%s", err.msg);
    char path[200];
    snprintf(path, sizeof path, "/login?token=%s", token.text);
    web_answer a =
        web_call(w, "HEAD", path, "", SC_STR_NONE); /* a preview of the link uses nothing up */
    assert_int_equal(a.status, 200);
    answer_done(&a);
    a = web_call(w, "GET", path, "", SC_STR_NONE);
    assert_int_equal(a.status, 303);
    assert_true(says(&a, "Location: /\r\n") && says(&a, "HttpOnly; SameSite=Strict"));
    cookie_of(&a, cookie, room);
    answer_done(&a);
    a = web_call(w, "GET", path, "", SC_STR_NONE); /* once */
    assert_int_equal(a.status, 401);
    answer_done(&a);
}

static int by_cookie(const web_bench *w, const char *method, const char *path, const char *cookie,
                     const char *more, const char *body) {
    char headers[600];
    snprintf(headers, sizeof headers, "%s%s%s", cookie, more,
             body ? "Content-Type: application/json\r\n" : "");
    web_answer a = web_call(w, method, path, headers, body ? sc_str_of(body) : SC_STR_NONE);
    int status = a.status;
    answer_done(&a);
    return status;
}

static void a_change_by_cookie_must_come_from_our_page(void **state) {
    web_bench *w = *state;
    char cookie[200], origin[200];
    sign_in(w, cookie, sizeof cookie);
    const char *body = "{\"text\":\"by cookie\",\"external_id\":\"c1\"}",
               *path = "/api/ingest/manual";
    assert_int_equal(by_cookie(w, "GET", "/api/stats", cookie, "", NULL), 200);
    assert_int_equal(by_cookie(w, "POST", path, cookie, "", body), 403);
    assert_int_equal(
        by_cookie(w, "POST", path, cookie, "X-Requested-With: XMLHttpRequest\r\n", body), 403);
    assert_int_equal(by_cookie(w, "POST", path, cookie,
                               "X-Requested-With: soulcaster\r\nOrigin: https://evil.example\r\n",
                               body),
                     403);
    assert_int_equal(by_cookie(w, "POST", path, cookie,
                               "X-Requested-With: soulcaster\r\nOrigin: null\r\n", body),
                     403);
    snprintf(origin, sizeof origin,
             "X-Requested-With: soulcaster\r\nOrigin: http://127.0.0.1:%d\r\n", w->port);
    assert_int_equal(by_cookie(w, "POST", path, cookie, origin, body), 200);
    /* Signed out, the cookie is worth nothing (within the two seconds of the cache at the latest). */
    assert_int_equal(by_cookie(w, "POST", "/logout", cookie, "", NULL), 303);
    assert_int_equal(by_cookie(w, "GET", "/api/stats", cookie, "", NULL), 401);
}

/* What a browser says of where a request comes from, and whether it may pass. */
static void signing_in_and_out_must_come_from_our_page(void **state) {
    web_bench *w = *state;
    char body[120], ours[80];
    snprintf(body, sizeof body, "token=%s", w->admin.text);
    snprintf(ours, sizeof ours, "Origin: http://127.0.0.1:%d\r\n", w->port);
    const struct {
        const char *headers;
        bool pass;
    } rows[] = {
        {"", true}, /* no browser */
        {ours, true},
        {"Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", true},
        {"Sec-Fetch-Site: none\r\n", true},
        {"Sec-Fetch-Site: cross-site\r\n", false},
        {"Sec-Fetch-Site: same-site\r\n", false},
        {"Sec-Fetch-Site: \r\n", false},
        {"Origin: null\r\n", false},
        {"Origin: https://evil.example\r\n", false},
        {"Origin: http://127.0.0.1:1\r\n", false},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        char headers[300];
        snprintf(headers, sizeof headers, "Content-Type: application/x-www-form-urlencoded\r\n%s",
                 rows[i].headers);
        web_answer a = web_call(w, "POST", "/login", headers, sc_str_of(body));
        if (a.status != (rows[i].pass ? 303 : 403) || says(&a, "Set-Cookie") != rows[i].pass)
            fail_msg("login, %s: %d", rows[i].headers, a.status);
        answer_done(&a);
        a = web_call(w, "POST", "/logout", rows[i].headers, SC_STR_NONE);
        if (a.status != (rows[i].pass ? 303 : 403) || says(&a, "Set-Cookie") != rows[i].pass)
            fail_msg("logout, %s: %d", rows[i].headers, a.status);
        answer_done(&a);
    }
}

static void a_session_of_a_key_may_what_the_key_may_and_ends_with_it(void **state) {
    web_bench *w = *state;
    web_answer a;
    char cookie[200], body[120], path[80];
    assert_int_equal(web_json(w, &w->other_admin, "POST", "/api/keys",
                              "{\"name\":\"page\",\"scopes\":[\"read\"]}", &a),
                     201);
    SC_AUTO(sc_json_auto) json_t *made = NULL;
    assert_int_equal(sc_json_parse(a.body, &made, NULL), SC_OK);
    snprintf(body, sizeof body, "{\"token\":\"%s\"}",
             json_string_value(json_object_get(made, "key")));
    snprintf(path, sizeof path, "/api/keys/%s", json_string_value(json_object_get(made, "id")));
    answer_done(&a);
    assert_int_equal(web_json(w, NULL, "POST", "/login", body, &a), 200);
    cookie_of(&a, cookie, sizeof cookie);
    answer_done(&a);
    assert_int_equal(by_cookie(w, "GET", "/api/stats", cookie, "", NULL), 200);
    assert_int_equal(by_cookie(w, "GET", "/api/stats?project_id=default", cookie, "", NULL), 404);
    assert_int_equal(by_cookie(w, "GET", "/api/keys", cookie, "", NULL), 403);
    assert_int_equal(by_cookie(w, "POST", "/api/ingest/manual", cookie,
                               "X-Requested-With: soulcaster\r\n", "{\"text\":\"x\"}"),
                     403);
    assert_int_equal(web_json(w, &w->other_admin, "DELETE", path, NULL, NULL), 204);
    assert_int_equal(by_cookie(w, "GET", "/api/stats", cookie, "", NULL), 401);
    assert_int_equal(web_json(w, NULL, "POST", "/login", body, NULL), 401);
}

/* A store whose key is revoked just after it was read. */
static const sc_store_ops *real_ops;
static sc_app *racing_app;
static sc_id racing_key; /* unset: nothing happens */

static sc_rc find_then_revoke(void *self, const unsigned char hash[32], sc_arena *arena,
                              sc_key *ret, sc_err *err) {
    sc_rc rc = real_ops->key_find(self, hash, arena, ret, err);
    if (!rc && sc_id_eq(&ret->id, &racing_key)) {
        sc_id any = {0}, id = racing_key;
        racing_key = (sc_id){0};
        assert_int_equal(sc_access_revoke_key(racing_app, &any, &id, NULL), SC_OK);
    }
    return rc;
}

static sc_store_ops racing(const sc_store_ops *real) {
    sc_store_ops ret = *real;
    real_ops = real;
    ret.key_find = find_then_revoke;
    return ret;
}

static void a_key_that_is_revoked_while_it_is_read_is_not_remembered(void **state) {
    web_bench *w = *state;
    sc_key key;
    sc_secret secret;
    sc_principal who;
    sc_err err = {0};
    assert_int_equal(sc_access_create_key(w->f.app, NULL, SC_STR("short"), SC_SCOPE_admin, 0,
                                          &w->f.arena, &key, &secret, &err),
                     SC_OK);
    racing_app = w->f.app;
    racing_key = key.id;
    sc_str text = sc_str_of(secret.text);
    assert_int_equal(sc_access_check_key(w->f.app, text, &who, &err), SC_OK);
    assert_false(sc_id_is_set(&racing_key));
    assert_int_equal(sc_access_check_key(w->f.app, text, &who, &err), SC_UNAUTHORIZED);
}

static void signing_in_leads_nowhere_else(void **state) {
    web_bench *w = *state;
    static const struct {
        const char *next, *where;
    } rows[] = {
        {"%2Fissues%2F1%3Fq%3Da%26b", "/issues/1?q=a&b"},
        {"", "/"},
        {"%2F%2Fevil.example", "/"},
        {"%2F%5Cevil.example", "/"},
        {"https%3A%2F%2Fevil.example", "/"},
        {"evil.example", "/"},
        {"%2F%20%2Fevil.example", "/"},
        {"%2F%C3%A4", "/"},
    };
    char body[120];
    snprintf(body, sizeof body, "token=%s", w->admin.text);
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        char path[120], want[120];
        snprintf(path, sizeof path, "/login?next=%s", rows[i].next);
        snprintf(want, sizeof want, "Location: %s\r\n", rows[i].where);
        web_answer a =
            web_call(w, "POST", path, "Content-Type: application/x-www-form-urlencoded\r\n",
                     sc_str_of(body));
        if (a.status != 303 || !says(&a, want)) fail_msg("%s: %.*s", path, SC_FMT(a.head));
        answer_done(&a);
    }
}

static void a_failed_login_is_a_page_that_escapes_what_is_foreign(void **state) {
    web_bench *w = *state;
    web_answer a = web_call(w, "POST", "/login?next=%22%3E%3Cscript%3E",
                            "Content-Type: application/x-www-form-urlencoded\r\n",
                            SC_STR("token=%3Cscript%3E"));
    assert_int_equal(a.status, 401);
    assert_true(says(&a, "text/html") && says(&a, "default-src 'none'") && says(&a, "<form"));
    assert_false(says(&a, "<script"));
    answer_done(&a);
    assert_int_equal(web_json(w, NULL, "POST", "/login", "{\"token\":\"nothing\"}", NULL), 401);
}

int main(void) {
    web_wrap = racing;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_key_nothing_answers),
        cmocka_unit_test(with_a_key_that_is_none_nothing_answers),
        cmocka_unit_test(a_key_without_the_scope_is_forbidden),
        cmocka_unit_test(another_project_does_not_exist),
        cmocka_unit_test(what_belongs_to_another_project_is_not_found),
        cmocka_unit_test(a_bound_key_stays_in_its_project),
        cmocka_unit_test(a_body_is_not_read_before_the_key),
        cmocka_unit_test(an_unsigned_webhook_is_refused_with_and_without_a_secret),
        cmocka_unit_test(a_change_by_cookie_must_come_from_our_page),
        cmocka_unit_test(signing_in_and_out_must_come_from_our_page),
        cmocka_unit_test(a_session_of_a_key_may_what_the_key_may_and_ends_with_it),
        cmocka_unit_test(a_key_that_is_revoked_while_it_is_read_is_not_remembered),
        cmocka_unit_test(signing_in_leads_nowhere_else),
        cmocka_unit_test(a_failed_login_is_a_page_that_escapes_what_is_foreign),
    };
    return cmocka_run_group_tests_name("web: auth", tests, web_open, web_close);
}
