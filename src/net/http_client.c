#include "net/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/span.h"

enum {
    MAX_REPLY_BYTES = 64 << 20,
    CONNECT_TIMEOUT_MS = 10000,
    MAX_REDIRECTS = 5,
    MAX_HEADER_BYTES = 1024,
    /* A stream without a time limit still ends when nothing at all comes for that long. */
    KEEPALIVE_IDLE_S = 60,
    /* The longer a connection was idle, the likelier the other side ends it just when it is used again. */
    ONCE_MAX_IDLE_S = 30,
};

struct sc_http_client {
    CURL *easy; /* keeps connections, TLS sessions and names between calls */
};

/* What one call's callbacks share. */
typedef struct exchange {
    CURL *easy;
    const sc_http_call *call;
    sc_arena *arena;
    sc_http_answer *answer;
    sc_buf body;
    size_t n_received, n_given, max;
    bool too_large, no_memory, aborted;
    bool told; /* the head is in, and was told of */
} exchange;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global;

static void init_global(void) { global = curl_global_init(CURL_GLOBAL_DEFAULT); }

sc_rc sc_http_client_new(sc_http_client **ret, sc_err *err) {
    pthread_once(&once, init_global);
    if (global)
        return sc_fail(err, SC_INTERNAL, "libcurl does not start: %s", curl_easy_strerror(global));
    sc_http_client *c = sc_alloc(sizeof *c);
    if (c) c->easy = curl_easy_init();
    if (!c || !c->easy) {
        sc_free(c);
        return sc_fail(err, SC_NOMEM, "no memory for an HTTP client");
    }
    *ret = c;
    return SC_OK;
}

void sc_http_client_free(sc_http_client *c) {
    if (!c) return;
    curl_easy_cleanup(c->easy);
    sc_free(c);
}

static size_t on_body(char *p, size_t size, size_t n, void *self) {
    exchange *x = self;
    n *= size;
    if (n > x->max - x->n_received) {
        x->too_large = true;
        return 0;
    }
    x->n_received += n;
    if (x->call->write) {
        x->aborted = n && !x->call->write(x->call->self, (sc_str){p, n});
        return x->aborted ? 0 : n;
    }
    x->no_memory = !sc_buf_put(&x->body, p, n);
    return x->no_memory ? 0 : n;
}

static size_t on_read(char *into, size_t size, size_t n, void *self) {
    exchange *x = self;
    long got = x->call->read(x->call->self, into, size * n);
    x->aborted = got < 0 || (size_t)got > size * n;
    return x->aborted ? CURL_READFUNC_ABORT : (size_t)got;
}

/* A body that is given away piece by piece and cannot be rewound: libcurl, which sends a request again where a used
 * connection ends without an answer, cannot do so once any of it was sent, and says that instead. */
static size_t on_read_once(char *into, size_t size, size_t n, void *self) {
    exchange *x = self;
    n = SC_MIN(size * n, x->call->body.n - x->n_given);
    memcpy(into, x->call->body.p + x->n_given, n);
    x->n_given += n;
    return n;
}

static int on_progress(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    exchange *x = self;
    x->aborted = x->aborted || atomic_load(x->call->stop);
    return x->aborted;
}

static void keep_header(exchange *x, sc_str line, const char *name, sc_str *into) {
    size_t n = strlen(name);
    if (line.n <= n || line.p[n] != ':' || !sc_str_ieq((sc_str){line.p, n}, sc_str_of(name)))
        return;
    sc_str v = sc_str_clip(sc_str_trim((sc_str){line.p + n + 1, line.n - n - 1}), MAX_HEADER_BYTES);
    char *copy = sc_arena_copy(x->arena, v.p, v.n);
    if (copy)
        *into = (sc_str){copy, v.n};
    else
        x->no_memory = true;
}

/* The blank line after the head of the real answer (not of an interim one; trailers come later). */
static void tell_head(exchange *x) {
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->told || status < 200) return;
    x->told = true;
    x->answer->status = (int)status;
    if (!x->call->head(x->call->self, x->answer)) x->aborted = true;
}

static size_t on_header(char *p, size_t size, size_t n, void *self) {
    exchange *x = self;
    sc_str line = {p, size * n};
    if (sc_str_starts(line,
                      "HTTP/")) /* 100 Continue or a redirect came before: forget its headers */
        *x->answer = (sc_http_answer){0};
    keep_header(x, line, "Content-Type", &x->answer->content_type);
    keep_header(x, line, "X-Request-ID", &x->answer->request_id);
    keep_header(x, line, "Retry-After", &x->answer->retry_after);
    keep_header(x, line, "X-RateLimit-Remaining", &x->answer->rate_remaining);
    keep_header(x, line, "X-RateLimit-Reset", &x->answer->rate_reset);
    if (x->call->head && !sc_str_trim(line).n && !x->no_memory) tell_head(x);
    return x->no_memory || x->aborted ? 0 : line.n;
}

static bool add_header(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer) *list = longer;
    return longer != NULL;
}

/* The trace that the thread works in goes on at whoever is called. */
static bool add_trace(struct curl_slist **list) {
    const sc_span_ctx *c = sc_span_current();
    char parent[SC_TRACEPARENT_TEXT], line[SC_TRACESTATE_MAX + 16];
    if (!c) return true;
    sc_traceparent_write(c, parent);
    snprintf(line, sizeof line, "traceparent: %s", parent);
    if (!add_header(list, line)) return false;
    if (!c->state) return true;
    snprintf(line, sizeof line, "tracestate: %s", c->state);
    return add_header(list, line);
}

/* An unanswered "Expect: 100-continue" costs a second with servers that do not know it. */
static struct curl_slist *header_list(const sc_http_call *call, bool *ret_failed) {
    struct curl_slist *list = NULL;
    *ret_failed = !add_header(&list, "Expect:") || !add_trace(&list);
    for (size_t i = 0; i < call->n_headers && !*ret_failed; i++)
        *ret_failed = strpbrk(call->headers[i], "\r\n") || !add_header(&list, call->headers[i]);
    return list;
}

static void free_list(struct curl_slist **list) { curl_slist_free_all(*list); }

static void set_method(CURL *e, const sc_http_call *call) {
    const char *method = call->method ? call->method : "GET";
    bool has_body = call->read || call->body.n || !strcmp(method, "POST") ||
                    !strcmp(method, "PUT") || !strcmp(method, "PATCH");
    if (!strcmp(method, "HEAD")) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    } else if (call->read) {
        curl_easy_setopt(e, CURLOPT_UPLOAD, 1L); /* of unknown size: chunked */
        curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    } else if (has_body) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        if (call->once_kept && call->body.n)
            curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read_once);
        else
            curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body.p ? call->body.p : "");
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
    }
    if (strcmp(method, "HEAD") != 0) curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
}

static CURLcode set_options(CURL *e, const sc_http_call *call, exchange *x,
                            struct curl_slist *list) {
    curl_easy_reset(e); /* keeps the connections */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    CURLcode rc = curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!rc) rc = curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    if (!rc) rc = curl_easy_setopt(e, CURLOPT_URL, call->url);
    if (!rc && call->unix_path) rc = curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, call->unix_path);
    set_method(e, call);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, call->follow ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    bool fresh = call->once || (call->once_kept && !call->body.n);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    if (call->once_kept) {
        curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)ONCE_MAX_IDLE_S);
        curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
    if (call->ca_file && *call->ca_file) curl_easy_setopt(e, CURLOPT_CAINFO, call->ca_file);
    if (call->direct) curl_easy_setopt(e, CURLOPT_PROXY, "");
    if (call->timeout_ms > 0) curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    int64_t connect_ms = call->timeout_ms > 0
                             ? SC_MIN(call->timeout_ms, (int64_t)CONNECT_TIMEOUT_MS)
                             : (int64_t)CONNECT_TIMEOUT_MS;
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "soulcaster");
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING,
                     ""); /* what libcurl can decode; sizes count decoded */
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(e, CURLOPT_READDATA, x);
    if (call->stop) {
        curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(e, CURLOPT_XFERINFODATA, x);
        curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    }
    return rc;
}

/* libcurl's own texts hold no header and no URL but may name the host: a query could hold a key, a
 * host does not. */
static sc_rc explain(const exchange *x, CURLcode got, sc_err *err) {
    if (x->too_large) return sc_fail(err, SC_TOO_LARGE, "the reply is over %zu bytes", x->max);
    if (x->no_memory) return sc_fail(err, SC_NOMEM, "no memory for the reply");
    if (x->aborted) return sc_fail(err, SC_CANCELLED, "the call was given up");
    curl_off_t sent_us = 0; /* HTTP/0.9 in reply is an "unsupported protocol" to libcurl too */
    curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    if (got == CURLE_UNSUPPORTED_PROTOCOL && sent_us > 0) got = CURLE_WEIRD_SERVER_REPLY;
    switch (got) {
    case CURLE_OPERATION_TIMEDOUT:
        sc_fail(err, SC_TIMEOUT, "no %s in %lld ms", sent_us > 0 ? "whole answer" : "connection",
                (long long)x->call->timeout_ms);
        if (err && !sent_us) err->sys = ECONNREFUSED;
        return SC_TIMEOUT;
    case CURLE_SEND_FAIL_REWIND:
        return sc_fail(err, SC_UPSTREAM, "no answer: the connection ended");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return sc_fail(err, SC_INVALID, "not an http or https URL");
    case CURLE_OUT_OF_MEMORY: return sc_fail(err, SC_NOMEM, "no memory for the call");
    case CURLE_FILESIZE_EXCEEDED:
        return sc_fail(err, SC_TOO_LARGE, "the reply is over %zu bytes", x->max);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        sc_fail(err, SC_UPSTREAM, "no answer: %s", curl_easy_strerror(got));
        if (err) err->sys = ECONNREFUSED;
        return SC_UPSTREAM;
    default: return sc_fail(err, SC_UPSTREAM, "no answer: %s", curl_easy_strerror(got));
    }
}

static sc_rc perform(sc_http_client *c, exchange *x, sc_err *err) {
    bool failed = false;
    SC_AUTO(free_list) struct curl_slist *list = header_list(x->call, &failed);
    if (failed) return sc_fail(err, SC_INVALID, "a header of the call cannot be sent");
    CURLcode got = set_options(c->easy, x->call, x, list);
    if (!got) got = curl_easy_perform(c->easy);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL); /* the list ends here */
    if (got || x->no_memory) return explain(x, got, err);
    long status = 0;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    x->answer->status = (int)status;
    char *body = sc_arena_copy(x->arena, x->body.p ? x->body.p : "", x->body.n);
    if (!body) return sc_fail(err, SC_NOMEM, "no memory for the reply");
    x->answer->body = (sc_str){body, x->body.n};
    return SC_OK;
}

/* Host and port; no path and no query, which may hold what is private. */
static sc_str authority(sc_str url) {
    size_t at = sc_str_find(url, SC_STR("://"));
    if (!url.p || at == SIZE_MAX) return SC_STR_NONE;
    url = (sc_str){url.p + at + 3, url.n - at - 3};
    for (size_t i = 0; i < url.n; i++) {
        if (url.p[i] == '@') return SC_STR_NONE; /* a name and password */
        if (url.p[i] == '/' || url.p[i] == '?') return (sc_str){url.p, i};
    }
    return url;
}

static void begin_span(sc_span *s, const sc_http_call *call) {
    sc_span_begin_part(s, "call", SC_SPAN_CLIENT);
    if (!sc_span_wanted()) return;
    sc_span_set_text(s, "http.request.method", sc_str_of(call->method ? call->method : "GET"));
    sc_span_set_text(s, "server.address", authority(sc_str_of(call->url)));
}

static void end_span(sc_span *s, sc_rc rc, const sc_http_answer *answer) {
    if (answer->status) sc_span_set_int(s, "http.response.status_code", answer->status);
    if (rc) sc_span_set_text(s, "error.type", sc_str_of(sc_rc_name(rc)));
    sc_span_end(s, rc || answer->status >= 400);
}

sc_rc sc_http_client_do(sc_http_client *c, const sc_http_call *call, sc_arena *arena,
                        sc_http_answer *ret, sc_err *err) {
    sc_http_answer answer = {0};
    exchange x = {.easy = c->easy,
                  .call = call,
                  .arena = arena,
                  .answer = &answer,
                  .max = call->max_reply_bytes ? call->max_reply_bytes : (size_t)MAX_REPLY_BYTES};
    sc_buf_init(&x.body, x.max);
    sc_span span;
    const bool traced = sc_span_current() !=
                        NULL; /* what a person does by hand, or our own exporter, is in no trace */
    if (traced) begin_span(&span, call);
    sc_rc rc = perform(c, &x, err);
    if (traced) end_span(&span, rc, &answer);
    sc_buf_done(&x.body);
    if (!rc) *ret = answer;
    return rc;
}
