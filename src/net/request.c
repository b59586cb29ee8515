#include "base/id.h"
#include "net/http_internal.h"

sc_http_request *sc_request_take(sc_http_shard *shard, sc_http_conn *conn) {
    pthread_mutex_lock(&shard->lock);
    sc_http_request *r = shard->pool;
    if (r) {
        shard->pool = r->next_pooled;
        shard->n_pooled--;
    }
    pthread_mutex_unlock(&shard->lock);
    if (!r) {
        r = sc_alloc(sizeof *r);
        if (!r) return NULL;
        pthread_mutex_init(&r->lock, NULL);
        sc_arena_init(&r->arena, shard->server->conf.arena_bytes);
    }
    size_t from = offsetof(sc_http_request, shard);
    memset((char *)r + from, 0, sizeof *r - from);
    r->shard = shard;
    r->conn = conn;
    r->fd = -1;
    r->content_length = -1;
    r->max_body = shard->server->conf.default_max_body_bytes;
    r->started_us = sc_server_now_us(shard->server);
    if (conn) atomic_store_explicit(&conn->r, r, memory_order_release);
    return r;
}

void sc_request_free(sc_http_request *r) {
    sc_arena_done(&r->arena);
    pthread_mutex_destroy(&r->lock);
    sc_free(r);
}

void sc_request_give_back(sc_http_request *r) {
    sc_http_shard *shard = r->shard;
    sc_body_drop(r);
    sc_reply_done(r);
    sc_buf_done(&r->out);
    sc_arena_reset(&r->arena);
    pthread_mutex_lock(&shard->lock);
    if (r->conn) atomic_store_explicit(&r->conn->r, NULL, memory_order_relaxed);
    bool keep = shard->n_pooled < SC_HTTP_POOLED_REQUESTS;
    if (keep) {
        r->next_pooled = shard->pool;
        shard->pool = r;
        shard->n_pooled++;
    }
    pthread_mutex_unlock(&shard->lock);
    if (!keep) sc_request_free(r);
}

void sc_request_wake_locked(sc_http_request *r) {
    if (!r->suspended) {
        r->wake = true;
        return;
    }
    r->suspended = false;
    sc_shard_put_woken(r);
}

void sc_http_resume(sc_http_request *r) {
    pthread_mutex_lock(&r->lock);
    sc_request_wake_locked(r);
    pthread_mutex_unlock(&r->lock);
}

/* ---- Reading the head ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    sc_http_method method;
} methods[] = {{"GET", SC_GET},     {"HEAD", SC_HEAD},     {"POST", SC_POST},      {"PUT", SC_PUT},
               {"PATCH", SC_PATCH}, {"DELETE", SC_DELETE}, {"OPTIONS", SC_OPTIONS}};

const char *sc_http_method_name(sc_http_method m) {
    for (size_t i = 0; i < SC_LEN(methods); i++)
        if (methods[i].method == m) return methods[i].name;
    return "OTHER";
}

static sc_http_method method_of(const char *name) {
    for (size_t i = 0; i < SC_LEN(methods); i++)
        if (!strcmp(methods[i].name, name)) return methods[i].method;
    return SC_METHOD_OTHER;
}

static bool safe_id(sc_str s) {
    if (!s.n || s.n > 64) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
        if (!ok) return false;
    }
    return true;
}

bool sc_http_accepts(sc_str value, const char *coding) {
    sc_str item, part;
    while (sc_str_next(&value, ',', &item)) {
        if (!sc_str_next(&item, ';', &part) || !sc_str_ieq(sc_str_trim(part), sc_str_of(coding)))
            continue;
        while (sc_str_next(&item, ';', &part)) {
            part = sc_str_trim(part);
            double q = 1;
            if (part.n > 2 && (part.p[0] | 0x20) == 'q' && part.p[1] == '=')
                sc_num_f64((sc_str){part.p + 2, part.n - 2}, 0, 1, &q, NULL);
            if (q == 0) return false;
        }
        return true;
    }
    return false;
}

enum { MAX_STATES = 16 << 10 };

typedef struct head_scan {
    sc_http_request *r;
    unsigned lengths, codings, hosts, parents;
    bool bad_transfer, transfer;
    sc_str length, parent;
    sc_buf states; /* all of them, joined by commas */
} head_scan;

/* One pass over the headers; telling them apart by length first keeps it cheap. */
static enum MHD_Result scan_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_n, const char *value, size_t value_n) {
    (void)kind;
    head_scan *h = cls;
    sc_str k = {key, key_n}, v = {value, value_n};
    switch (key_n) {
    case 4:
        if (sc_str_ieq(k, SC_STR("Host"))) h->hosts++;
        break;
    case 6:
        if (sc_str_ieq(k, SC_STR("Expect"))) h->r->expect = sc_str_ieq(v, SC_STR("100-continue"));
        break;
    case 10:
        if (!sc_str_ieq(k, SC_STR("tracestate"))) break;
        if (h->states.n) sc_buf_putc(&h->states, ',');
        sc_buf_put_str(&h->states, v);
        break;
    case 11:
        if (sc_str_ieq(k, SC_STR("traceparent"))) h->parents++, h->parent = v;
        break;
    case 12:
        if (sc_str_ieq(k, SC_STR("X-Request-ID")) && !h->r->id[0] && safe_id(v))
            memcpy(h->r->id, v.p, v.n);
        break;
    case 14:
        if (sc_str_ieq(k, SC_STR("Content-Length"))) h->lengths++, h->length = v;
        break;
    case 15:
        if (sc_str_ieq(k, SC_STR("Accept-Encoding")))
            h->r->accept_gzip |= sc_http_accepts(v, "gzip");
        break;
    case 16:
        if (sc_str_ieq(k, SC_STR("Content-Encoding"))) h->codings++;
        break;
    case 17:
        if (!sc_str_ieq(k, SC_STR("Transfer-Encoding"))) break;
        if (h->transfer || !sc_str_ieq(v, SC_STR("chunked"))) h->bad_transfer = true;
        h->transfer = true;
        break;
    default: break;
    }
    return MHD_YES;
}

/* Whatever two servers in a row could read as two different requests is refused (RFC 9112, 6.3). */
static sc_rc check_framing(const head_scan *h, sc_err *err) {
    sc_http_request *r = h->r;
    if (h->lengths > 1) return sc_fail(err, SC_INVALID, "more than one Content-Length");
    if (!h->hosts && !r->http10) return sc_fail(err, SC_INVALID, "no Host");
    if (h->hosts > 1) return sc_fail(err, SC_INVALID, "more than one Host");
    if (h->transfer && h->lengths)
        return sc_fail(err, SC_INVALID, "both Content-Length and Transfer-Encoding");
    if (h->bad_transfer || (h->transfer && r->http10))
        return sc_fail(err, SC_INVALID, "Transfer-Encoding may only be chunked, and in HTTP/1.1");
    if (h->codings > 1) return sc_fail(err, SC_INVALID, "more than one Content-Encoding");
    r->chunked = h->transfer;
    if (h->lengths && sc_num_i64(h->length, 0, INT64_MAX, &r->content_length, NULL))
        return sc_fail(err, SC_INVALID, "Content-Length is not a number");
    r->has_body = r->chunked || r->content_length > 0;
    return SC_OK;
}

/* A trace that is not as it must be is none, and a tracestate alone says nothing. */
static void read_trace(const head_scan *h) {
    sc_http_request *r = h->r;
    sc_span_ctx c = {.flags = 0};
    char state[SC_TRACESTATE_MAX + 1] = "";
    if (h->parents != 1 || !sc_traceparent_parse(h->parent, &c)) return;
    if (!h->states.failed && sc_tracestate_check(sc_buf_str(&h->states), state) && state[0])
        c.state = sc_arena_copy(&r->arena, state, strlen(state));
    sc_span_ctx *kept = sc_arena_take(&r->arena, sizeof *kept);
    if (!kept) return;
    *kept = c;
    r->trace = kept;
    sc_span_trace_text(c.trace, r->trace_text);
    if (!r->id[0]) memcpy(r->id, r->trace_text, sizeof r->trace_text);
}

sc_rc sc_request_read_head(sc_http_request *r, const char *method, const char *version,
                           sc_err *err) {
    sc_http_server *s = sc_request_server(r);
    r->method = method_of(method);
    r->http10 = !strcmp(version, "HTTP/1.0");
    head_scan h = {.r = r};
    sc_buf_init(&h.states, MAX_STATES);
    MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, scan_header, &h);
    read_trace(&h);
    sc_buf_done(&h.states);
    if (!r->id[0]) {
        sc_id id = sc_id_new(s->conf.clock);
        memcpy(r->id, id.text, SC_ID_TEXT);
    }
    if (!r->uri.p) return sc_fail(err, SC_NOMEM, "the URL is too long for the request's memory");
    /* libmicrohttpd works on C strings: a NUL in the URL would hide what follows it. */
    if (version != r->line_end || memchr(r->uri.p, ' ', r->uri.n))
        return sc_fail(err, SC_INVALID, "the request line is malformed");
    sc_rc rc = check_framing(&h, err);
    if (rc) return rc;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info && info->header_size > s->conf.max_head_bytes)
        return sc_fail(err, SC_TOO_LARGE, "the request's head is over %zu bytes",
                       s->conf.max_head_bytes);
    return sc_target_parse(&r->arena, r->uri, &r->target, err);
}

/* ---- What a handler asks --------------------------------------------------------------------- */

sc_http_method sc_http_method_get(const sc_http_request *r) { return r->method; }

sc_str sc_http_path(const sc_http_request *r) {
    return r->target.path.p ? r->target.path : SC_STR("/");
}

sc_str sc_http_query(const sc_http_request *r, const char *name) {
    for (size_t i = 0; i < r->target.n_params; i++)
        if (sc_str_is(r->target.params[i].name, name)) return r->target.params[i].value;
    return SC_STR_NONE;
}

void sc_http_query_each(const sc_http_request *r, void (*fn)(void *self, sc_str name, sc_str value),
                        void *self) {
    for (size_t i = 0; i < r->target.n_params; i++)
        fn(self, r->target.params[i].name, r->target.params[i].value);
}

sc_str sc_http_header(const sc_http_request *r, const char *name) {
    sc_str v = SC_STR_NONE;
    if (r->mhd)
        MHD_lookup_connection_value_n(r->mhd, MHD_HEADER_KIND, name, strlen(name), &v.p, &v.n);
    return v;
}

typedef struct each {
    void (*fn)(void *self, sc_str name, sc_str value);
    void *self;
} each;

static enum MHD_Result each_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_n, const char *value, size_t value_n) {
    (void)kind;
    const each *e = cls;
    e->fn(e->self, (sc_str){key, key_n}, (sc_str){value, value_n});
    return MHD_YES;
}

void sc_http_header_each(const sc_http_request *r,
                         void (*fn)(void *self, sc_str name, sc_str value), void *self) {
    each e = {fn, self};
    if (r->mhd) MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, each_header, &e);
}

sc_str sc_http_cookie(const sc_http_request *r, const char *name) {
    sc_str all = sc_http_header(r, "Cookie"), pair;
    size_t n = strlen(name);
    while (sc_str_next(&all, ';', &pair)) {
        pair = sc_str_trim(pair);
        if (pair.n > n && pair.p[n] == '=' && !memcmp(pair.p, name, n)) {
            sc_str v = {pair.p + n + 1, pair.n - n - 1};
            bool quoted = v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"';
            return quoted ? (sc_str){v.p + 1, v.n - 2} : v;
        }
    }
    return SC_STR_NONE;
}

sc_str sc_http_peer(const sc_http_request *r) { return sc_str_of(r->conn ? r->conn->peer : ""); }

void sc_http_peer_who(const sc_http_request *r, unsigned char ret[16]) {
    memset(ret, 0, 16);
    if (r->conn) memcpy(ret, r->conn->who.bytes, 16);
}

sc_str sc_http_request_id(const sc_http_request *r) { return sc_str_of(r->id); }
const sc_span_ctx *sc_http_trace(const sc_http_request *r) { return r->trace; }

sc_str sc_http_cause(const sc_http_request *r) {
    return sc_str_of(r->trace ? r->trace_text : r->id);
}

sc_arena *sc_http_arena(sc_http_request *r) { return &r->arena; }
sc_str sc_http_body(const sc_http_request *r) { return (sc_str){r->body.p, r->body.n}; }

sc_str sc_http_body_raw(const sc_http_request *r) {
    bool same = r->coding == SC_CODING_IDENTITY && !r->stream_body;
    return same ? sc_http_body(r) : (sc_str){r->raw.p, r->raw.n};
}

int64_t sc_http_started_us(const sc_http_request *r) { return r->started_us; }
void sc_http_set_state(sc_http_request *r, void *state) { r->state = state; }
void *sc_http_state(const sc_http_request *r) { return r->state; }
void sc_http_limit_body(sc_http_request *r, size_t max_bytes) { r->max_body = max_bytes; }
void sc_http_stream_body(sc_http_request *r) { r->stream_body = true; }
void sc_http_keep_raw(sc_http_request *r) { r->keep_raw = true; }

int sc_http_replied(const sc_http_request *r) {
    return atomic_load_explicit(&r->status, memory_order_acquire);
}
