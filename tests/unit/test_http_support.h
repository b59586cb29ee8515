/* A real server on port 0 with a handler that does what the path says, and raw-socket clients.
 *
 *   /hello        replies in `done`            /echo       the body back (/echo-raw: as received)
 *   /forbidden    replies 403 in `head`        /defer      kept for the test (take_deferred)
 *   /stream-body  takes the body in pieces and answers their sum; /pause pauses at each piece
 *   /limit        head allows 100 bytes        /sse        an endless reply, kept for the test
 *   /long         60,000 bytes of text         /fd         a file
 *   /gate         holds its shard's thread while the gate is shut
 * No waiting by time: every wait is on a condition or a socket, with a minute as the emergency exit. */
#ifndef SC_TEST_HTTP_SUPPORT_H
#define SC_TEST_HTTP_SUPPORT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/http_server.h"

enum { PATIENCE_S = 60, MAX_HELD = 4096 };
#define ASK ": there?\n\n" /* of a stream whose client ended its input */

typedef struct bench {
    sc_http_conf conf;
    sc_http_server *server;
    int port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sc_http_request *held[MAX_HELD]; /* deferred, paused or streaming, in order of arrival */
    size_t n_held;
    int heads, dones, closed, errors, pauses, gated;
    bool gate_shut; /* under lock */
    size_t piece_bytes;
    sc_rc last_error;
} bench;

static inline struct timespec patience(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += PATIENCE_S;
    return t;
}

/* Waits until an int that changes under b->lock reaches n; false: it does not. For who has threads to
 * join before he may fail. */
static inline bool reaches(bench *b, const int *counter, int n) {
    struct timespec until = patience();
    pthread_mutex_lock(&b->lock);
    while (*counter < n)
        if (pthread_cond_timedwait(&b->changed, &b->lock, &until)) break;
    bool there = *counter >= n;
    pthread_mutex_unlock(&b->lock);
    return there;
}

static inline void wait_for(bench *b, const int *counter, int n) {
    if (!reaches(b, counter, n)) fail_msg("waited in vain for %d", n);
}

static inline void count(bench *b, int *counter) {
    pthread_mutex_lock(&b->lock);
    ++*counter;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static inline int value(bench *b, const int *counter) {
    pthread_mutex_lock(&b->lock);
    int v = *counter;
    pthread_mutex_unlock(&b->lock);
    return v;
}

static inline void hold(bench *b, sc_http_request *r) {
    pthread_mutex_lock(&b->lock);
    assert_true(b->n_held < MAX_HELD);
    b->held[b->n_held++] = r;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

/* The oldest held request; waits for one. */
static inline sc_http_request *take_held(bench *b) {
    struct timespec until = patience();
    sc_http_request *r = NULL;
    pthread_mutex_lock(&b->lock);
    while (!b->n_held)
        if (pthread_cond_timedwait(&b->changed, &b->lock, &until)) break;
    if (b->n_held) {
        r = b->held[0];
        memmove(b->held, b->held + 1, --b->n_held * sizeof *b->held);
    }
    pthread_mutex_unlock(&b->lock);
    if (!r) fail_msg("no request came");
    return r;
}

static inline bool path_is(const sc_http_request *r, const char *path) {
    return sc_str_is(sc_http_path(r), path);
}

static inline void on_head(void *self, sc_http_request *r) {
    bench *b = self;
    count(b, &b->heads);
    if (path_is(r, "/forbidden")) sc_http_reply(r, 403, "text/plain", SC_STR("no"));
    if (path_is(r, "/limit")) sc_http_limit_body(r, 100);
    if (path_is(r, "/large")) sc_http_limit_body(r, 64 << 20);
    if (path_is(r, "/echo-raw")) sc_http_keep_raw(r);
    if (path_is(r, "/stream-body") || path_is(r, "/pause") || path_is(r, "/early")) {
        sc_http_stream_body(r);
        sc_http_limit_body(r, 64 << 20);
    }
}

static inline sc_http_flow on_chunk(void *self, sc_http_request *r, sc_str bytes) {
    bench *b = self;
    pthread_mutex_lock(&b->lock);
    b->piece_bytes += bytes.n;
    pthread_mutex_unlock(&b->lock);
    if (path_is(r, "/early")) sc_http_reply(r, 422, "text/plain", SC_STR("enough"));
    if (!path_is(r, "/pause")) return SC_HTTP_GO;
    assert_int_equal(b->n_held, 0); /* no piece comes during a pause */
    count(b, &b->pauses);
    hold(b, r);
    return SC_HTTP_PAUSE;
}

static inline void pass_gate(bench *b) {
    pthread_mutex_lock(&b->lock);
    b->gated++;
    pthread_cond_broadcast(&b->changed);
    while (b->gate_shut) pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

static inline void set_gate(bench *b, bool shut) {
    pthread_mutex_lock(&b->lock);
    b->gate_shut = shut;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static inline void on_done(void *self, sc_http_request *r) {
    bench *b = self;
    count(b, &b->dones);
    if (path_is(r, "/gate")) pass_gate(b);
    if (path_is(r, "/hello") || path_is(r, "/gate")) {
        sc_http_reply(r, 200, "text/plain", SC_STR("hello"));
    } else if (path_is(r, "/echo")) {
        sc_http_reply(r, 200, "application/octet-stream", sc_http_body(r));
    } else if (path_is(r, "/echo-raw")) {
        sc_http_reply(r, 200, "application/octet-stream", sc_http_body_raw(r));
    } else if (path_is(r, "/defer")) {
        hold(b, r);
    } else if (path_is(r, "/sse")) {
        sc_http_reply_stream(r, 200, "text/event-stream", 64 << 10, SC_STR(ASK));
        hold(b, r);
    } else if (path_is(r, "/long")) {
        char *text = sc_arena_take(sc_http_arena(r), 60000);
        memset(text, 'a', 60000);
        sc_http_reply(r, 200, "text/plain", (sc_str){text, 60000});
    } else if (path_is(r, "/fd")) {
        sc_http_reply_fd(r, 200, "text/plain", open("VERSION", O_RDONLY | O_CLOEXEC), 3);
    } else if (path_is(r, "/stream-body") || path_is(r, "/pause") || path_is(r, "/large")) {
        pthread_mutex_lock(&b->lock);
        size_t n = path_is(r, "/large") ? sc_http_body(r).n : b->piece_bytes;
        pthread_mutex_unlock(&b->lock);
        char text[32];
        snprintf(text, sizeof text, "%zu", n);
        sc_http_reply(r, 200, "text/plain", sc_str_of(text));
    } else {
        sc_str seen = sc_http_query(r, "q");
        sc_http_reply_header(r, "X-Path",
                             sc_arena_copy(sc_http_arena(r), sc_http_path(r).p, sc_http_path(r).n));
        sc_http_reply_header(r, "X-Peer", sc_http_peer(r).p);
        sc_http_reply_header(r, "X-Method", sc_http_method_name(sc_http_method_get(r)));
        sc_http_reply(r, 404, "text/plain", seen);
    }
}

static inline void on_closed(void *self, sc_http_request *r) {
    bench *b = self;
    assert_null(sc_http_state(r)); /* once only */
    sc_http_set_state(r, b);
    count(b, &b->closed);
}

static inline void on_error(void *self, sc_http_request *r, const sc_err *err) {
    bench *b = self;
    char text[256];
    snprintf(text, sizeof text, "%lld", (long long)(err->retry_after_ms + 999) / 1000);
    if (err->retry_after_ms) sc_http_reply_header(r, "Retry-After", text);
    int n = snprintf(text, sizeof text, "{\"error\":\"%s\"}", sc_rc_name(err->rc));
    sc_http_reply(r, sc_rc_http(err->rc), "application/problem+json", (sc_str){text, (size_t)n});
    pthread_mutex_lock(&b->lock);
    b->last_error = err->rc;
    pthread_mutex_unlock(&b->lock);
    count(b, &b->errors);
}

static inline int bench_new(void **state) {
    bench *b = sc_alloc(sizeof *b);
    if (!b) return -1;
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    sc_http_conf_default(&b->conf);
    b->conf.listen = "127.0.0.1:0";
    b->conf.threads = 2;
    *state = b;
    return 0;
}

static inline void serve(bench *b) {
    sc_http_handler h = {.self = b,
                         .head = on_head,
                         .chunk = on_chunk,
                         .done = on_done,
                         .closed = on_closed,
                         .error = on_error};
    sc_err err = {0};
    if (sc_http_server_open(&b->conf, &h, &b->server, &err)) fail_msg("%s", err.msg);
    sscanf(sc_http_server_url(b->server), "http://127.0.0.1:%d", &b->port);
    assert_true(b->port > 0);
}

static inline int bench_free(void **state) {
    bench *b = *state;
    sc_http_server_close(b->server);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    sc_free(b);
    return 0;
}

/* ---- Clients --------------------------------------------------------------------------------- */

static inline int dial(bench *b) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval t = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* False when the server has closed. */
static inline bool say_bytes(int fd, const void *p, size_t n) {
    while (n) {
        ssize_t got = send(fd, p, n, MSG_NOSIGNAL);
        if (got <= 0) return false;
        p = (const char *)p + got;
        n -= (size_t)got;
    }
    return true;
}
static inline bool say(int fd, const char *text) { return say_bytes(fd, text, strlen(text)); }

typedef struct answer {
    int status;
    char head[4096];
    char body[128 << 10];
    size_t n_head, n_body;
    bool closed; /* the server ended the connection in the middle, or before */
} answer;

static inline bool read_more(int fd, char *into, size_t room, size_t *n) {
    ssize_t got = recv(fd, into + *n, room - *n, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) fail_msg("the server says nothing");
    if (got > 0) *n += (size_t)got;
    return got > 0;
}

/* The value of a header of the answer, or NULL. */
static inline const char *header_of(answer *a, const char *name) {
    static _Thread_local char v[256];
    char key[80];
    snprintf(key, sizeof key, "\r\n%s: ", name);
    const char *at = strcasestr(a->head, key);
    if (!at) return NULL;
    at += strlen(key);
    size_t n = strcspn(at, "\r\n");
    n = SC_MIN(n, sizeof v - 1);
    memcpy(v, at, n);
    v[n] = 0;
    return v;
}

/* One reply with a Content-Length, byte for byte (what follows it stays unread). */
static inline answer *hear(int fd, answer *a, bool head_only) {
    memset(a, 0, sizeof *a);
    while (!strstr(a->head, "\r\n\r\n"))
        if (a->n_head + 1 >= sizeof a->head || !read_more(fd, a->head, a->n_head + 1, &a->n_head)) {
            a->closed = true;
            return a;
        }
    sscanf(a->head, "HTTP/1.%*d %d", &a->status);
    const char *length = header_of(a, "Content-Length");
    size_t want = length && !head_only ? (size_t)strtoul(length, NULL, 10) : 0;
    assert_true(want < sizeof a->body);
    while (a->n_body < want && !a->closed) a->closed = !read_more(fd, a->body, want, &a->n_body);
    return a;
}

/* Everything until the server closes. */
static inline answer *hear_all(int fd, answer *a) {
    hear(fd, a, true);
    while (!a->closed && a->n_body < sizeof a->body - 1)
        if (!read_more(fd, a->body, sizeof a->body - 1, &a->n_body)) a->closed = true;
    return a;
}

/* True when the server has closed and sends nothing more. */
static inline bool is_closed(int fd) {
    char c;
    ssize_t got = recv(fd, &c, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) fail_msg("the server does not close");
    return got <= 0;
}

/* One connection, one request, the whole reply. */
static inline answer *ask(bench *b, answer *a, const char *request) {
    int fd = dial(b);
    say(fd, request);
    hear(fd, a, false);
    close(fd);
    return a;
}

#define HOST "Host: t\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

#endif
