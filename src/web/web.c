#include "web/web.h"

#include <stdio.h>

#include "assets.h"
#include "base/log.h"
#include "web/audit.h"
#include "web/auth.h"
#include "web/limit.h"
#include "web/request.h"
#include "web/route.h"

enum { LOG_WAIT_MS = 100 };

/* ---- The head: route, who, parameters, project, limits ------------------------------------------ */

typedef struct param_reader {
    sc_req *q;
    sc_rc rc;
    sc_err *err;
} param_reader;

static void take_query(void *self, sc_str name, sc_str value) {
    param_reader *p = self;
    if (p->rc) return;
    const sc_operation *op = p->q->op;
    sc_str shown = sc_str_clip(name, 60);
    char field[64];
    snprintf(field, sizeof field, "%.*s", SC_FMT(shown));
    for (size_t i = 0; i < op->n_params; i++) {
        if (op->params[i].in != SC_PARAM_QUERY || !sc_str_is(name, op->params[i].name)) continue;
        if (p->q->params[i].p)
            p->rc = sc_fail_field(p->err, SC_INVALID, field, "this parameter is given twice");
        else
            p->rc = sc_schema_check_text(op->params[i].schema, op->params[i].name, value, p->err);
        p->q->params[i] = value.p ? value : SC_STR("");
        return;
    }
    if (op->any_query) return;
    p->rc = sc_fail_field(p->err, SC_INVALID, field, "%s takes no such parameter", op->path);
}

/* A path parameter that cannot be an id is the address of nothing. */
static sc_rc take_path(sc_req *q, const sc_route *route, sc_err *err) {
    size_t at = 0;
    for (size_t i = 0; i < q->op->n_params; i++) {
        if (q->op->params[i].in != SC_PARAM_PATH) continue;
        q->params[i] = route->values[at++];
        if (sc_schema_check_text(q->op->params[i].schema, q->op->params[i].name, q->params[i],
                                 NULL))
            return sc_fail_field(err, SC_NOT_FOUND, q->op->params[i].name,
                                 "there is nothing at this address");
    }
    return SC_OK;
}

static sc_rc take_headers(sc_req *q, sc_err *err) {
    for (size_t i = 0; i < q->op->n_params; i++) {
        const sc_param *p = &q->op->params[i];
        if (p->in == SC_PARAM_HEADER) {
            q->params[i] = sc_http_header(q->http, p->name);
            if (!q->params[i].p) continue;
            sc_rc rc = sc_schema_check_text(p->schema, p->name, q->params[i], err);
            if (rc) return rc;
        }
        if (p->required && !q->params[i].p)
            return sc_fail_field(err, SC_INVALID, p->name, "this parameter is required");
    }
    return SC_OK;
}

static sc_rc take_params(sc_req *q, const sc_route *route, sc_err *err) {
    sc_rc rc = take_path(q, route, err);
    if (rc) return rc;
    param_reader p = {.q = q, .err = err};
    sc_http_query_each(q->http, take_query, &p);
    return p.rc ? p.rc : take_headers(q, err);
}

static sc_rc check_media(sc_req *q, sc_err *err) {
    if (!q->op->has_body) return SC_OK;
    sc_str given = sc_http_header(q->http, "Content-Type"), rest = given, type;
    if (!given.n || !sc_str_next(&rest, ';', &type)) return SC_OK;
    type = sc_str_trim(type);
    for (q->media = 0; q->media < q->op->n_media; q->media++)
        if (sc_str_ieq(type, sc_str_of(q->op->media[q->media]))) return SC_OK;
    q->media = 0;
    return sc_fail_field(err, SC_MEDIA_TYPE, "Content-Type", "send Content-Type: %s",
                         q->op->media[0]);
}

static sc_rc meet(sc_req *q, sc_err *err) {
    sc_route route;
    char allow[SC_ROUTE_ALLOW];
    sc_rc rc = sc_route_find(q->web->contract, sc_http_method_get(q->http), sc_http_path(q->http),
                             &route, allow, err);
    if (rc == SC_METHOD) sc_http_reply_header(q->http, "Allow", allow);
    if (rc) return rc;
    q->op = route.op;
    q->row = q->web->by_op[q->op->index];
    rc = sc_limit_address(q, err);
    if (!rc) rc = sc_auth_check(q, err);
    if (!rc) rc = sc_limit_key(q, err);
    if (!rc) rc = take_params(q, &route, err);
    if (!rc) rc = sc_auth_project(q, err);
    if (!rc) rc = check_media(q, err);
    if (rc) return rc;
    sc_http_limit_body(q->http, q->op->max_body);
    if (!q->row->chunk) return SC_OK;
    sc_http_stream_body(q->http);
    q->started = true;
    return q->row->begin(q, err);
}

/* Log lines of this thread carry the request's id from here. */
static void enter(sc_http_request *r, const sc_req *q) {
    sc_log_context(sc_http_request_id(r).p);
    sc_span_enter(q ? &q->span : NULL);
}

static void leave(void) {
    sc_log_context("");
    sc_span_enter(NULL);
}

/* A span of our own in the trace that the request came with, else in one that its id stands for. */
static sc_span_ctx span_of(const sc_http_request *r) {
    const sc_span_ctx *came = sc_http_trace(r);
    if (!came) return sc_span_ctx_of(sc_http_request_id(r));
    sc_span_ctx c = *came;
    sc_span_new_id(c.span);
    return c;
}

static void on_head(void *self, sc_http_request *r) {
    sc_err err = {0};
    sc_req *q = sc_arena_take(sc_http_arena(r), sizeof *q);
    if (!q) {
        sc_fail(&err, SC_NOMEM, "no memory for the request");
        sc_problem_reply(r, &err, sc_rc_http(err.rc));
        return;
    }
    q->web = self;
    q->http = r;
    sc_http_set_state(r, q);
    q->span = span_of(r);
    enter(r, q);
    if (meet(q, &err)) sc_req_fail(q, &err);
    leave();
}

/* ---- The body ----------------------------------------------------------------------------------- */

static sc_rc read_body(sc_req *q, sc_err *err) {
    /* A webhook's body is its source's business, after the signature; a form is the handler's. */
    if (!q->op->has_body || q->op->access == SC_ACCESS_WEBHOOK ||
        strcmp(q->op->media[q->media], "application/json") != 0)
        return SC_OK;
    sc_str text = sc_http_body(q->http);
    if (!text.n && !q->op->body_required) return SC_OK;
    if (!text.n) return sc_fail(err, SC_INVALID, "the body is empty; it must be JSON");
    sc_rc rc = sc_json_parse(text, &q->body, err);
    return rc ? rc : sc_schema_check(q->op->body, q->body, err);
}

static sc_http_flow on_chunk(void *self, sc_http_request *r, sc_str bytes) {
    (void)self;
    sc_req *q = sc_http_state(r);
    return q && q->row && q->row->chunk && !sc_http_replied(r) ? q->row->chunk(q, bytes)
                                                               : SC_HTTP_GO;
}

/* The handler of an operation that waits, on a thread where it may. */
static void run_aside(void *self) {
    sc_req *q = self;
    sc_err err = {0};
    enter(q->http, q);
    if (q->row->run(q, &err)) sc_req_fail(q, &err);
    leave();
}

/* It was not begun before the end. */
static void refuse_aside(void *self) {
    sc_req *q = self;
    sc_err err = {0};
    sc_fail(&err, SC_CANCELLED, "the server is shutting down");
    enter(q->http, q);
    sc_req_fail(q, &err);
    leave();
}

static void on_done(void *self, sc_http_request *r) {
    sc_web *w = self;
    sc_req *q = sc_http_state(r);
    if (!q || sc_http_replied(r)) return;
    sc_err err = {0};
    enter(r, q);
    q->started = q->started || q->row;
    sc_rc rc = q->row->chunk ? SC_OK : read_body(q, &err);
    if (!rc) sc_audit_begin(q);
    if (!rc && q->op->waits) {
        q->errand = (sc_errand){.fn = run_aside, .late = refuse_aside, .self = q};
        rc = sc_aside_put(&w->aside, &q->errand, &err);
    } else if (!rc) {
        rc = q->row->run(q, &err);
    }
    if (rc) sc_req_fail(q, &err);
    leave();
}

/* ---- The end ------------------------------------------------------------------------------------ */

static void flush_log(void *self) {
    (void)self;
    sc_log_flush();
}

static void log_request(sc_web *w, const sc_http_request *r, const sc_req *q, int status,
                        int64_t us) {
    bool bad = status >= 500;
    if (!w->conf.log_requests && !bad) return;
    /* Only the path of an unknown route: a query may hold a token. */
    sc_str route = q && q->op ? sc_str_of(q->op->path) : sc_str_clip(sc_http_path(r), 100);
    const char *code = q && q->failed.rc ? sc_rc_name(q->failed.rc) : "";
    bool waits =
        sc_log_later(bad ? SC_LOG_ERROR : SC_LOG_INFO, "request",
                     SC_F_TXT("method", sc_http_method_name(sc_http_method_get(r))),
                     SC_F_STR("route", route), SC_F_INT("status", status), SC_F_MS("ms", us),
                     SC_F_INT("bytes", q ? q->reply_bytes : 0), SC_F_STR("peer", sc_http_peer(r)),
                     SC_F_STR(sc_http_trace(r) ? "trace_id" : NULL, sc_http_cause(r)),
                     SC_F_TXT(q && q->known ? "key" : NULL, q ? q->who.name : ""),
                     SC_F_TXT(*code ? "error" : NULL, code),
                     SC_F_TXT(*code ? "detail" : NULL, q ? q->failed.msg : ""));
    if (waits) sc_ticker_arm(&w->ticker, &w->log_tick, LOG_WAIT_MS);
}

static void put_span(const sc_http_request *r, const sc_req *q, int status, int64_t us) {
    int64_t now = sc_span_now_us();
    sc_span s = {.ctx = q->span,
                 .name = q->op ? q->op->id : "none",
                 .kind = SC_SPAN_SERVER,
                 .start_us = now - us,
                 .end_us = now,
                 .failed = status >= 500};
    const sc_span_ctx *came = sc_http_trace(r);
    if (came) memcpy(s.parent, came->span, sizeof s.parent);
    sc_span_set_text(&s, "http.request.method",
                     sc_str_of(sc_http_method_name(sc_http_method_get(r))));
    if (q->op) sc_span_set_text(&s, "http.route", sc_str_of(q->op->path));
    sc_span_set_int(&s, "http.response.status_code", status);
    sc_span_set_text(&s, "client.address", sc_http_peer(r));
    sc_span_set_text(&s, "soulcaster.request_id", sc_http_request_id(r));
    if (q->failed.rc) sc_span_set_text(&s, "error.type", sc_str_of(sc_rc_name(q->failed.rc)));
    sc_span_put(&s);
}

static void on_closed(void *self, sc_http_request *r) {
    sc_web *w = self;
    sc_req *q = sc_http_state(r);
    enter(r, q);
    if (q && q->started && q->row && q->row->closed) q->row->closed(q);
    int status = sc_http_replied(r);
    int64_t us = sc_mono_us(sc_app_clock(w->conf.app)) - sc_http_started_us(r);
    sc_metrics_count(w->metrics, q ? q->op : NULL, status ? status : 499, us);
    log_request(w, r, q, status ? status : 499, us);
    if (q && sc_span_wanted()) put_span(r, q, status ? status : 499, us);
    if (q) {
        json_decref(q->body);
        q->body = NULL;
    }
    leave();
}

/* What the server itself found wrong. A client that is too slow is told 408: 504 would mean that we
 * waited for somebody else. */
static void on_error(void *self, sc_http_request *r, const sc_err *err) {
    (void)self;
    sc_req *q = sc_http_state(r);
    if (q) q->failed = *err;
    sc_problem_reply(r, err, err->rc == SC_TIMEOUT ? 408 : sc_rc_http(err->rc));
}

/* ---- Life --------------------------------------------------------------------------------------- */

static sc_rc bind_handlers(sc_web *w, sc_err *err) {
    size_t n = w->contract->n_operations;
    w->by_op = sc_alloc_array(n, sizeof(void *));
    if (!w->by_op) return sc_fail(err, SC_NOMEM, "no memory for the routes");
    for (size_t i = 0; i < sc_op_handlers_n; i++) {
        const sc_op_handler *h = &sc_op_handlers[i];
        const sc_operation *op = sc_contract_operation(w->contract, h->id);
        if (!op)
            return sc_fail(err, SC_INTERNAL, "the handler %s has no operation in the contract",
                           h->id);
        if (w->by_op[op->index]) return sc_fail(err, SC_INTERNAL, "two handlers for %s", h->id);
        w->by_op[op->index] = h;
    }
    for (size_t i = 0; i < n; i++)
        if (!w->by_op[i])
            return sc_fail(err, SC_INTERNAL, "the operation %s has no handler",
                           w->contract->operations[i].id);
    return SC_OK;
}

static sc_rc set_up(sc_web *w, sc_err *err) {
    sc_str text = {(const char *)sc_asset_openapi_json, sc_asset_openapi_json_len};
    sc_rc rc = sc_contract_load(text, &w->contract, err);
    if (!rc) rc = bind_handlers(w, err);
    if (!rc) rc = sc_contract_schema(w->contract, "BatchLine", &w->batch_line, err);
    if (!rc) rc = sc_metrics_new(w->contract->n_operations, &w->metrics, err);
    if (!rc) rc = sc_ticker_start(&w->ticker, err);
    if (!rc) rc = sc_aside_start(&w->aside, err);
    return rc;
}

sc_rc sc_web_new(const sc_web_conf *conf, sc_web **ret, sc_err *err) {
    sc_web *w = sc_alloc(sizeof *w);
    if (!w) return sc_fail(err, SC_NOMEM, "no memory for the web server");
    w->conf = *conf;
    w->handler = (sc_http_handler){.self = w,
                                   .head = on_head,
                                   .chunk = on_chunk,
                                   .done = on_done,
                                   .closed = on_closed,
                                   .error = on_error};
    w->started_us = sc_mono_us(sc_app_clock(conf->app));
    w->log_tick = (sc_tick){.fn = flush_log};
    sc_projects_init(&w->projects);
    sc_form_guard_init(&w->form_guard);
    pthread_mutex_init(&w->health.lock, NULL);
    pthread_mutex_init(&w->health.text_lock, NULL);
    sc_rc rc = set_up(w, err);
    if (rc) {
        sc_web_free(w);
        return rc;
    }
    *ret = w;
    return SC_OK;
}

const sc_http_handler *sc_web_handler(sc_web *w) { return &w->handler; }

void sc_web_set_server(sc_web *w, sc_http_server *server) { atomic_store(&w->server, server); }

void sc_web_drain(sc_web *w) {
    atomic_store(&w->draining, true);
    sc_aside_end(&w->aside);
}

void sc_web_stop(sc_web *w) { sc_aside_stop(&w->aside); }

void sc_web_free(sc_web *w) {
    if (!w) return;
    sc_aside_done(&w->aside);
    sc_ticker_stop(&w->ticker);
    sc_metrics_free(w->metrics);
    sc_contract_free(w->contract);
    sc_free(w->by_op);
    sc_projects_done(&w->projects);
    sc_form_guard_done(&w->form_guard);
    pthread_mutex_destroy(&w->health.lock);
    pthread_mutex_destroy(&w->health.text_lock);
    sc_free(w);
}
