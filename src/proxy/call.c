/* One model call: read, screened, paid for, sent with our key, passed back as it comes, booked. */
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/redact.h"
#include "proxy/conn.h"
#include "proxy/usage.h"

enum {
    MAX_KEY = 4 << 10,
    MAX_HEADERS = 8,
    MAX_VALUE = 1 << 10,
    MAX_URL = 1 << 10,
    ARENA = 64 << 10,
    TOKENS_A_SECOND = 500, /* what a fast service may say, or think, unheard */
};

typedef struct call {
    sc_proxy_conn *c;
    const sc_proxy_request *r;
    const sc_proxy_route *route;
    const sc_proxy_upstream *up;
    const sc_proxy_model *model;
    sc_proxy_call told; /* as the owner is told of it */
    sc_buf key, out;
    sc_redact *secrets; /* the key */
    sc_redact_stream clean;
    sc_usage usage;
    int status; /* of the reply; 0: none yet */
    int64_t began_us;
} call;

const sc_proxy_upstream *sc_proxy_upstream_of(const sc_proxy *p, sc_proxy_shape shape) {
    for (size_t i = 0; i < p->conf.n_upstreams; i++)
        if (p->conf.upstreams[i].shape == shape) return &p->conf.upstreams[i];
    return NULL;
}

/* ---- Before -------------------------------------------------------------------------------------- */

static sc_rc find_model(call *k, sc_str name, sc_err *err) {
    k->up = sc_proxy_upstream_of(k->c->proxy, k->route->shape);
    for (size_t i = 0; k->up && i < k->up->n_models; i++)
        if (sc_str_is(name, k->up->models[i].name)) k->model = &k->up->models[i];
    if (k->model) return SC_OK;
    return sc_fail(err, SC_FORBIDDEN,
                   "the model \"%.*s\" has no price in this project's table, so it is not called",
                   SC_FMT(sc_str_clip(name, 80)));
}

static void estimate(call *k, size_t n_body, int64_t max_out) {
    if (k->route->kind == SC_PROXY_COUNT) return; /* free */
    int64_t in = sc_usage_estimate(n_body);
    int64_t out = k->route->kind == SC_PROXY_EMBED ? 0
                  : max_out                        ? max_out
                                                   : k->c->proxy->conf.max_output_tokens;
    k->told.estimate =
        (sc_proxy_use){in, out,
                       sc_usage_cost(in, k->model->price_in * 2) + /* caches cost up to that */
                           sc_usage_cost(out, k->model->price_out)};
}

static sc_rc get_key(call *k, sc_err *err) {
    const sc_proxy_conf *conf = &k->c->proxy->conf;
    sc_rc rc = conf->key(conf->self, k->route->shape, &k->key, err);
    if (!rc && k->key.failed) rc = sc_fail(err, SC_TOO_LARGE, "the service's key is too long");
    if (rc || !k->key.n) return rc;
    rc = sc_redact_new(&k->secrets, err);
    /* A shorter one (a local server's "x") is no secret. */
    if (!rc && k->key.n >= SC_REDACT_MIN) rc = sc_redact_add(k->secrets, sc_buf_str(&k->key), err);
    return rc;
}

/* ---- The reply ----------------------------------------------------------------------------------- */

static bool on_head(void *self, const sc_http_answer *a) {
    call *k = self;
    char extra[128] = "";
    sc_str type = a->content_type.n ? a->content_type : SC_STR("application/json");
    if (a->retry_after.n && a->retry_after.n < 64 &&
        !memchr(a->retry_after.p, '\r', a->retry_after.n))
        snprintf(extra, sizeof extra, "Retry-After: %.*s\r\n", SC_FMT(a->retry_after));
    k->status = a->status;
    sc_usage_init(&k->usage, k->route->shape, sc_str_starts(type, "text/event-stream"));
    return sc_wire_begin(&k->c->wire, a->status, sc_str_clip(type, 128), extra, &k->r->head);
}

/* What is not sure to be no part of the key waits in `clean`. */
static bool send_out(call *k, bool ok) {
    ok = ok && sc_wire_piece(&k->c->wire, sc_buf_str(&k->out));
    sc_buf_reset(&k->out);
    return ok;
}

static bool on_bytes(void *self, sc_str bytes) {
    call *k = self;
    sc_usage_put(&k->usage, bytes);
    return send_out(k, sc_redact_put(&k->clean, bytes, &k->out));
}

/* Only these of the client's headers go on. */
static const char *const passed[] = {"accept", "anthropic-version", "anthropic-beta",
                                     "openai-beta"};

static size_t put_headers(const call *k, sc_arena *arena, const char **into) {
    static const char *const auth[SC_PROXY_SHAPES] = {"Authorization: Bearer ",
                                                      "x-api-key: ", "x-goog-api-key: "};
    size_t n = 0;
    into[n++] = "Content-Type: application/json";
    if (k->key.n) into[n++] = sc_arena_printf(arena, "%s%s", auth[k->route->shape], k->key.p);
    for (size_t i = 0; i < SC_LEN(passed); i++) {
        sc_str v = sc_head_get(&k->r->head, passed[i]);
        if (v.n && v.n <= MAX_VALUE)
            into[n++] = sc_arena_printf(arena, "%s: %.*s", passed[i], SC_FMT(v));
    }
    if (k->route->shape == SC_PROXY_ANTHROPIC && !sc_head_get(&k->r->head, "anthropic-version").n)
        into[n++] = "anthropic-version: 2023-06-01";
    return n;
}

static sc_rc ask_upstream(call *k, sc_str body, sc_err *err) {
    const char *headers[MAX_HEADERS];
    sc_arena arena;
    sc_arena_init(&arena, ARENA);
    sc_http_answer answer;
    char *url = sc_arena_printf(&arena, "%s%s", k->up->base, k->route->path);
    size_t n = put_headers(k, &arena, headers);
    bool whole = url != NULL;
    for (size_t i = 0; i < n; i++) whole = whole && headers[i];
    sc_rc rc = whole ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the call");
    if (!rc && !k->c->client) rc = sc_http_client_new(&k->c->client, err);
    const sc_http_call asked = {.method = "POST",
                                .url = url,
                                .headers = headers,
                                .n_headers = n,
                                .body = body,
                                .write = on_bytes,
                                .head = on_head,
                                .self = k,
                                .stop = &k->c->gone,
                                .once = true, /* each go is paid for */
                                .timeout_ms = k->c->proxy->conf.call_timeout_ms,
                                .max_reply_bytes = k->c->proxy->conf.max_reply_bytes};
    if (!rc) rc = sc_http_client_do(k->c->client, &asked, &arena, &answer, err);
    sc_arena_done(&arena);
    return rc;
}

/* ---- After --------------------------------------------------------------------------------------- */

/* A call that broke off is never counted by the service, and a model that thinks first says nothing for a long time, all of
 * which is paid for: so time counts, up to what was set aside. */
static void count_time(const call *k, sc_proxy_use *took) {
    int64_t us = sc_mono_us(k->c->proxy->conf.clock) - k->began_us;
    int64_t most = SC_MIN(us * TOKENS_A_SECOND / 1000000, k->told.estimate.tokens_out);
    if (most <= took->tokens_out) return;
    took->micro_usd += sc_usage_cost(most - took->tokens_out, k->model->price_out);
    took->tokens_out = most;
}

/* A refusal costs nothing; a call that broke off, or was never answered, may have been carried out. */
static void book(call *k, sc_rc rc, const sc_err *err) {
    const sc_proxy_conf *conf = &k->c->proxy->conf;
    bool free_call =
        k->route->kind == SC_PROXY_COUNT || k->status >= 300 ||
        (!k->status && (err->sys == ECONNREFUSED || rc == SC_INVALID || rc == SC_NOMEM));
    sc_proxy_use took = {0};
    bool counted = free_call;
    if (!free_call)
        counted = sc_usage_total(&k->usage, k->model, k->told.estimate.tokens_in, &took);
    if (!free_call && rc && !k->usage.has_out) count_time(k, &took);
    conf->spent(conf->self, &k->told, &took, counted);
}

static bool answer(call *k, sc_str body, sc_err *err) {
    sc_redact_start(&k->clean, k->secrets);
    k->began_us = sc_mono_us(k->c->proxy->conf.clock);
    sc_rc rc = ask_upstream(k, body, err);
    sc_usage_end(&k->usage);
    book(k, rc, err); /* before the end of the reply, so that it counts when the agent asks again */
    bool ok = false;  /* what the client has is cut off, and it must see that */
    if (!rc) {
        ok = send_out(k, sc_redact_end(&k->clean, &k->out)) && sc_wire_end(&k->c->wire);
    } else if (!k->status) { /* nothing is told yet */
        ok = sc_proxy_refuse(k->c, k->r, k->route->shape, err);
    }
    sc_redact_done(&k->clean);
    return ok && !k->r->head.closes;
}

/* The body as JSON is in memory only here, and only one at a time: a hostile one takes twenty times its bytes. */
static sc_rc read_body(call *k, sc_buf *text, sc_buf *ret_body, sc_proxy_ask *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *body = NULL;
    sc_rc rc = sc_json_parse(sc_buf_str(text), &body, err);
    sc_buf_done(text);
    if (!rc) rc = sc_proxy_screen(k->route, body, ret, err);
    if (!rc) rc = find_model(k, ret->model, err);
    /* Written anew, so that what was screened is what is read there. */
    if (!rc && !sc_json_dump(body, ret_body)) rc = sc_buf_check(ret_body, "the request", err);
    return rc;
}

static sc_rc prepare(call *k, sc_buf *text, sc_buf *ret_body, sc_err *err) {
    sc_proxy_ask ask;
    pthread_mutex_lock(&k->c->proxy->reading);
    sc_rc rc = read_body(k, text, ret_body, &ask, err);
    pthread_mutex_unlock(&k->c->proxy->reading);
    if (rc) return rc;
    estimate(k, ret_body->n, ask.max_out);
    k->told.shape = k->route->shape;
    k->told.model = sc_str_of(k->model->name);
    return SC_OK;
}

/* Takes what the body may come to from what all requests share; 0: it is too much now. */
static size_t reserve(sc_proxy *p, const sc_head *h) {
    size_t n = h->chunked ? p->conf.max_request_bytes
                          : SC_MIN((size_t)h->length, p->conf.max_request_bytes);
    n = SC_MAX(n, (size_t)1);
    if (atomic_fetch_add(&p->buffered_bytes, n) + n <= p->conf.max_buffered_bytes) return n;
    atomic_fetch_sub(&p->buffered_bytes, n);
    return 0;
}

/* False: the connection ends. */
static bool run(call *k, sc_proxy_request *r, sc_buf *text, sc_buf *body) {
    const sc_proxy_conf *conf = &k->c->proxy->conf;
    sc_err err = {0};
    sc_rc rc = sc_wire_body(&k->c->wire, &r->head, r->until_us, text, &err);
    if (rc == SC_NOT_FOUND || rc == SC_TIMEOUT || rc == SC_CANCELLED)
        return false;                                     /* nobody to tell */
    if (!rc) r->head.chunked = false, r->head.length = 0; /* it is read */
    if (!rc) rc = prepare(k, text, body, &err);
    if (!rc) rc = get_key(k, &err);
    if (!rc) rc = conf->may_spend(conf->self, &k->told, &err);
    return rc ? sc_proxy_refuse(k->c, r, k->route->shape, &err) : answer(k, sc_buf_str(body), &err);
}

bool sc_proxy_call_run(sc_proxy_conn *c, const sc_proxy_request *asked,
                       const sc_proxy_route *route) {
    sc_proxy *p = c->proxy;
    sc_proxy_request r = *asked;
    call k = {.c = c, .r = &r, .route = route};
    sc_err err = {0};
    if (sc_head_get(&r.head, "Content-Encoding").n) {
        sc_fail(&err, SC_MEDIA_TYPE, "a compressed request is not read here");
        return sc_proxy_refuse(c, &r, route->shape, &err);
    }
    size_t reserved = reserve(p, &r.head);
    if (!reserved) {
        sc_fail(&err, SC_CANCELLED, "too many large requests at once; try again");
        return sc_proxy_refuse(c, &r, route->shape, &err);
    }
    SC_AUTO(sc_buf_done) sc_buf text, body;
    sc_buf_init(&text, p->conf.max_request_bytes);
    sc_buf_init(&body, p->conf.max_request_bytes * 2); /* 1e9 is longer as it is written here */
    sc_buf_init(&k.key, MAX_KEY);
    sc_buf_init(&k.out, SIZE_MAX / 2);
    sc_usage_init(&k.usage, route->shape, false);
    bool goes_on = run(&k, &r, &text, &body);
    if (k.key.p) explicit_bzero(k.key.p, k.key.cap);
    sc_buf_done(&k.key);
    sc_buf_done(&k.out);
    sc_usage_done(&k.usage);
    sc_redact_free(k.secrets);
    atomic_fetch_sub(&p->buffered_bytes, reserved);
    return goes_on;
}
