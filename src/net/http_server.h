/* HTTP server: libmicrohttpd behind an interface that knows requests and replies, not routes.
 *
 * A request is met in steps: `head` (headers are in: set a body limit, choose streaming, or reply at
 * once), then either the buffered body (`done`) or pieces of it as they come (`chunk`, then `done`).
 * A handler may reply inside a step or later from any thread: a request that has not been replied to
 * when `done` returns is suspended and costs no thread. `closed` is the last call for a request.
 *
 * What it keeps in check (each is in sc_http_conf): connections in all and per address, head size,
 * body size after decompression (gzip, zstd; a ratio and a size limit against bombs), the bytes of
 * all buffered bodies together (over it: 429 with Retry-After, before the body is read), a deadline
 * for a whole head and a minimum rate for bodies (slow clients get 408), idle keep-alive time.
 * Errors it makes itself (malformed request, limits) go through `error`, so that they look like all
 * others. Only what libmicrohttpd refuses before there is a request to speak of (a header line
 * without a colon, a Content-Length that is no number, a head over twice max_head_bytes, another HTTP
 * version, broken chunks) gets libmicrohttpd's own short page: it has no way to give another.
 * Every reply carries X-Request-ID (the client's own when it is 1-64 safe characters),
 * X-Content-Type-Options: nosniff and, unless the handler set one, Cache-Control: no-store.
 *
 * A request that was replied to meets no further step but `closed`. `closed` never comes while a
 * request is the handler's: between the return of `done` and the reply, or between a pause and
 * sc_http_resume. So a handler owes each request its reply, whatever became of the client. A client
 * that has ended its input still gets the replies it is owed; a stream whose client has closed ends at
 * once. After the reply (for a stream: after `closed`) the request is no longer the handler's to touch, but in `closed`.
 *
 * Threads: threads of its own call the handler's steps; steps of one request never overlap.
 * `error` and `closed` may also come from the thread that watches deadlines and accepts. */
#ifndef SC_NET_HTTP_SERVER_H
#define SC_NET_HTTP_SERVER_H

#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/str.h"

typedef struct sc_http_server sc_http_server;
typedef struct sc_http_request sc_http_request;

typedef enum sc_http_method {
    SC_GET,
    SC_HEAD,
    SC_POST,
    SC_PUT,
    SC_PATCH,
    SC_DELETE,
    SC_OPTIONS,
    SC_METHOD_OTHER
} sc_http_method;
const char *sc_http_method_name(sc_http_method m);

typedef enum sc_http_flow {
    SC_HTTP_GO,    /* go on                                                                  */
    SC_HTTP_PAUSE, /* chunk only: read no more until sc_http_resume (may come before return) */
} sc_http_flow;

typedef struct sc_http_handler {
    void *self;
    void (*head)(void *self, sc_http_request *r);
    /* Only for requests that asked for sc_http_stream_body. Bytes are decompressed and borrowed. */
    sc_http_flow (*chunk)(void *self, sc_http_request *r, sc_str bytes);
    void (*done)(void *self, sc_http_request *r);
    void (*closed)(void *self, sc_http_request *r);
    /* Makes the reply for an error that the server itself found. Must reply at once. May be the first
     * step of a request, which then has no target, headers or method (the path is "/").
     * SC_TIMEOUT is a client that is too slow: 408 (a 504 is turned into it). SC_LIMITED comes with
     * retry_after_ms. */
    void (*error)(void *self, sc_http_request *r, const sc_err *err);
} sc_http_handler;

typedef struct sc_http_conf {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", port 0 = any free one */
    unsigned threads;
    unsigned max_connections;
    unsigned max_connections_per_address; /* 0 = no limit; an IPv6 /64 counts as one address */
    size_t max_head_bytes;                /* over it: 413; a connection costs twice that */
    size_t default_max_body_bytes;
    size_t max_buffered_bytes; /* of all requests together */
    int64_t head_timeout_ms, idle_timeout_ms;
    int64_t min_body_bytes_per_s; /* over each window of head_timeout_ms; pauses do not count */
    size_t arena_bytes;           /* a request's arena */
    const sc_clock *clock;
} sc_http_conf;

void sc_http_conf_default(sc_http_conf *c);
sc_rc sc_http_server_open(const sc_http_conf *conf, const sc_http_handler *handler,
                          sc_http_server **ret, sc_err *err);
/* The address really listened on, "http://127.0.0.1:41573". Borrowed. */
const char *sc_http_server_url(const sc_http_server *s);
/* Stops accepting; requests that have arrived, read or not, may finish for wait_ms from now (streams are
 * ended at once, idle connections closed). Returns how many were cut off. */
unsigned sc_http_server_drain(sc_http_server *s, int64_t wait_ms);
/* Ends everything, after a drain or without one. Waits some seconds for replies that handlers still owe;
 * if they do not come, the server's threads and memory are left where they are (a late reply is safe).
 * No handler step runs after it. NULL is fine. */
void sc_http_server_close(sc_http_server *s);

typedef struct sc_http_stats {
    int64_t connections, requests, in_flight, buffered_bytes, refused;
} sc_http_stats;
void sc_http_server_stats(const sc_http_server *s, sc_http_stats *ret);

/* ---- One request ----------------------------------------------------------------------------- */

sc_http_method sc_http_method_get(const sc_http_request *r);
sc_str sc_http_path(const sc_http_request *r); /* percent-decoded, starts with '/' */
/* The first value of a query parameter, percent-decoded; none when absent. */
sc_str sc_http_query(const sc_http_request *r, const char *name);
/* Calls fn for every query parameter, in order. */
void sc_http_query_each(const sc_http_request *r, void (*fn)(void *self, sc_str name, sc_str value),
                        void *self);
sc_str sc_http_header(const sc_http_request *r, const char *name); /* case-insensitive */
void sc_http_header_each(const sc_http_request *r,
                         void (*fn)(void *self, sc_str name, sc_str value), void *self);
/* Does an Accept-Encoding value allow this coding? (RFC 9110, section 12.5.3; "*" is not taken as it) */
bool sc_http_accepts(sc_str accept_encoding, const char *coding);
/* The named cookie's value, or none. */
sc_str sc_http_cookie(const sc_http_request *r, const char *name);
sc_str sc_http_peer(const sc_http_request *r); /* address text, no port */
/* Whom the connection counts for (net/listen.h): an IPv4 address, or an IPv6 /64. */
void sc_http_peer_who(const sc_http_request *r, unsigned char ret[16]);
sc_str sc_http_request_id(const sc_http_request *r);
/* The W3C trace context that the request came with, or NULL. */
const sc_span_ctx *sc_http_trace(const sc_http_request *r);
/* The id to store with what the request causes: the trace's, 32 hex digits, where it came with one, else its own. */
sc_str sc_http_cause(const sc_http_request *r);
sc_arena *sc_http_arena(sc_http_request *r);          /* lives until closed */
sc_str sc_http_body(const sc_http_request *r);        /* in done: the whole decompressed body */
sc_str sc_http_body_raw(const sc_http_request *r);    /* in done: as received, for signatures */
int64_t sc_http_started_us(const sc_http_request *r); /* monotonic */
/* A slot for the handler's own state of this request. */
void sc_http_set_state(sc_http_request *r, void *state);
void *sc_http_state(const sc_http_request *r);

/* In head only. keep_raw: also keep the bytes as received (a compressed body's signature). */
void sc_http_limit_body(sc_http_request *r, size_t max_bytes);
void sc_http_stream_body(sc_http_request *r);
void sc_http_keep_raw(sc_http_request *r);

/* ---- Replies (any thread, once a request; except headers, which come before) ----------------- */

/* Copied; a name or value with a control character is dropped. */
void sc_http_reply_header(sc_http_request *r, const char *name, const char *value);
/* Copies the body. content_type is static text. HEAD requests get no body. Big bodies are compressed
 * when the client accepts it. */
void sc_http_reply(sc_http_request *r, int status, const char *content_type, sc_str body);
/* Sends a file from its start; takes fd and closes it. */
void sc_http_reply_fd(sc_http_request *r, int status, const char *content_type, int fd,
                      int64_t size);
/* A reply without an end (SSE): then sc_http_stream_write from any thread, until it returns false (client
 * gone, or more than max_pending bytes wait for a slow reader: then it is cut off) or sc_http_stream_end.
 * A client that closes and one that only ends its input look the same at first; `ask`, static text that means
 * nothing in the stream, is sent to it then, and a closed one answers with a reset. */
void sc_http_reply_stream(sc_http_request *r, int status, const char *content_type,
                          size_t max_pending, sc_str ask);
bool sc_http_stream_write(sc_http_request *r, sc_str bytes);
void sc_http_stream_end(sc_http_request *r);
/* Goes on after SC_HTTP_PAUSE. */
void sc_http_resume(sc_http_request *r);
int sc_http_replied(const sc_http_request *r); /* the status, 0 = not yet */

#endif
