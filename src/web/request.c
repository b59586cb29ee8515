#include "web/request.h"

#include <stdio.h>

#include "web/audit.h"
#include "web/html.h"

/* ---- Reading ------------------------------------------------------------------------------------ */

sc_str sc_req_param(const sc_req *q, const char *name) {
    for (size_t i = 0; i < q->op->n_params; i++)
        if (strcmp(q->op->params[i].name, name) == 0) return q->params[i];
    return SC_STR_NONE;
}

int64_t sc_req_int(const sc_req *q, const char *name, int64_t fallback) {
    sc_str s = sc_req_param(q, name);
    int64_t v;
    return s.p && !sc_num_i64(s, INT64_MIN, INT64_MAX, &v, NULL) ? v : fallback;
}

bool sc_req_bool(const sc_req *q, const char *name) {
    return sc_str_is(sc_req_param(q, name), "true");
}

int64_t sc_req_time(const sc_req *q, const char *name) {
    sc_str s = sc_req_param(q, name);
    int64_t ms;
    return s.p && !sc_time_parse(s, &ms, NULL) ? ms : 0;
}

sc_id sc_req_id(const sc_req *q, const char *name) { return sc_id_of(sc_req_param(q, name)); }

sc_page sc_req_page(const sc_req *q) {
    return (sc_page){.limit = (size_t)sc_req_int(q, "limit", 50),
                     .cursor = sc_req_param(q, "cursor")};
}

sc_str sc_req_actor(const sc_req *q) { return sc_str_of(q->who.name[0] ? q->who.name : "unknown"); }

sc_str sc_req_text(const sc_req *q, const char *name) {
    const json_t *v = json_object_get(q->body, name);
    return json_is_string(v) ? (sc_str){json_string_value(v), json_string_length(v)} : SC_STR_NONE;
}

sc_rc sc_req_ids(const sc_req *q, const char *name, sc_id **ret, size_t *ret_n, sc_err *err) {
    const json_t *list = json_object_get(q->body, name);
    size_t n = json_array_size(list);
    sc_id *ids = sc_arena_take_array(sc_req_arena(q), n, sizeof *ids);
    if (!ids) return sc_fail(err, SC_NOMEM, "no memory for the ids");
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        ids[i] = sc_id_of((sc_str){json_string_value(v), json_string_length(v)});
    }
    *ret = ids;
    *ret_n = n;
    return SC_OK;
}

/* ---- Answering ---------------------------------------------------------------------------------- */

void sc_req_reply(sc_req *q, int status, const char *content_type, sc_str body) {
    q->reply_bytes = body.n;
    sc_audit_end(q, status, body);
    sc_http_reply(q->http, status, content_type, body);
}

sc_rc sc_req_reply_buf(sc_req *q, int status, const sc_buf *b, sc_err *err) {
    sc_rc rc = sc_buf_check(b, "the answer; ask for fewer rows with limit", err);
    if (rc) return rc;
    sc_req_reply(q, status, "application/json", sc_buf_str(b));
    return SC_OK;
}

void sc_problem_code(sc_rc rc, char ret[32]) {
    const char *name = sc_rc_name(rc);
    size_t i = 0;
    for (; i < 31 && name[i]; i++)
        ret[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    ret[i] = 0;
}

/* A form body is written as a query is. */
sc_rc sc_req_form(sc_req *q, sc_target *ret, sc_err *err) {
    const sc_str body = sc_http_body(q->http);
    char *text = sc_arena_take(sc_req_arena(q), body.n + 3);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the form");
    memcpy(text, "/?", 2);
    if (body.n) memcpy(text + 2, body.p, body.n);
    return sc_target_parse(sc_req_arena(q), (sc_str){text, body.n + 2}, ret, err);
}

static const char *title_of(int status) {
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        if (rows[i].status == status) return rows[i].title;
    return "Error";
}

static int64_t retry_seconds(const sc_err *err) { return (err->retry_after_ms + 999) / 1000; }

void sc_problem_write(sc_buf *out, const sc_err *err, int status, sc_str request_id) {
    char code[32];
    sc_problem_code(err->rc, code);
    sc_buf_putf(out,
                "{\"type\":\"urn:soulcaster:error:%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%"
                "s\",\"detail\":",
                code, title_of(status), status, code);
    sc_buf_put_json(out, sc_str_of(err->msg));
    if (err->field[0]) {
        /* What a refusal by a limit names is the limit. */
        sc_buf_puts(out, err->rc == SC_LIMITED ? ",\"limit\":" : ",\"field\":");
        sc_buf_put_json(out, sc_str_of(err->field));
    }
    sc_buf_puts(out, ",\"request_id\":");
    sc_buf_put_json(out, request_id);
    if (err->retry_after_ms > 0)
        sc_buf_putf(out, ",\"retry_after\":%lld", (long long)retry_seconds(err));
    sc_buf_puts(out, "}");
}

void sc_problem_headers(sc_http_request *r, const sc_err *err) {
    if (err->rc == SC_UNAUTHORIZED) sc_http_reply_header(r, "WWW-Authenticate", "Bearer");
    if (err->retry_after_ms > 0) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)retry_seconds(err));
        sc_http_reply_header(r, "Retry-After", text);
    }
}

void sc_problem_reply(sc_http_request *r, const sc_err *err, int status) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_problem_write(&b, err, status, sc_http_request_id(r));
    sc_problem_headers(r, err);
    sc_http_reply(r, status, "application/problem+json",
                  b.failed ? SC_STR("{\"status\":503,\"title\":\"Service Unavailable\"}")
                           : sc_buf_str(&b));
}

/* Somebody who opened the address in a browser reads a page, also where there is none. */
static bool is_read_by_a_person(const sc_req *q, const sc_err *err) {
    if (q->op) return q->op->page;
    return err->rc == SC_NOT_FOUND && sc_http_method_get(q->http) == SC_GET &&
           sc_str_find(sc_http_header(q->http, "Accept"), SC_STR("text/html")) != SIZE_MAX;
}

void sc_req_fail(sc_req *q, const sc_err *err) {
    q->failed = *err;
    sc_source_refused(q, err);
    if (is_read_by_a_person(q, err)) {
        sc_page_fail(q, err);
        return;
    }
    q->reply_bytes = 0;
    sc_problem_reply(q->http, err, sc_rc_http(err->rc));
}
