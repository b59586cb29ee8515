/* A model proxy on a unix socket before a scripted service: raw bytes on both sides. No waiting by time: every wait
 * is on a condition or a socket, with a minute as the emergency exit. */
#ifndef SC_TEST_PROXY_SUPPORT_H
#define SC_TEST_PROXY_SUPPORT_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "proxy/proxy.h"

enum { PATIENCE_S = 60, MAX_TEXT = 256 << 10 };
#define KEY "sk-canary-0123456789abcdef"

typedef struct world {
    char folder[64], path[96], base[64], base_v1[64];
    sc_proxy_conf conf;
    sc_proxy_model models[2];
    sc_proxy_upstream ups[3];
    sc_proxy_host hosts[4];
    sc_proxy *proxy;
    /* The service. */
    int listen_fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const char *script[4]; /* pieces of its reply, each one write; NULL: the reply ends there */
    char *replies[64]; /* instead: a whole reply for each request; the last one again and again */
    int n_replies;
    bool holds; /* before the end of its reply it waits until the client leaves */
    bool ends;
    char asked[MAX_TEXT]; /* the last request, whole */
    int n_asked, n_left;
    /* What the owner was told. */
    sc_rc refuse;
    const char *key;
    sc_proxy_use estimate, took;
    char model[64], blocked[256], why[128];
    int n_may, n_spent, n_blocked, n_counted;
} world;

static inline void tell(world *w, int *counter) {
    pthread_mutex_lock(&w->lock);
    ++*counter;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static inline void wait_for(world *w, const int *counter, int n) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&w->lock);
    while (*counter < n)
        if (pthread_cond_timedwait(&w->changed, &w->lock, &until)) break;
    int now = *counter;
    pthread_mutex_unlock(&w->lock);
    if (now < n) fail_msg("waited in vain: %d of %d", now, n);
}

/* What the other threads did before is seen here, and what was done here by them: a socket does not say so to a
 * thread sanitizer. */
static inline void look(world *w) {
    pthread_mutex_lock(&w->lock);
    pthread_mutex_unlock(&w->lock);
}

/* ---- The owner ----------------------------------------------------------------------------------- */

static inline sc_rc on_key(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err) {
    (void)shape;
    world *w = self;
    look(w);
    if (!w->key) return sc_fail(err, SC_FORBIDDEN, "there is no key for this service");
    sc_buf_puts(ret, w->key);
    return SC_OK;
}

static inline sc_rc on_may(void *self, const sc_proxy_call *call, sc_err *err) {
    world *w = self;
    look(w);
    w->estimate = call->estimate;
    snprintf(w->model, sizeof w->model, "%.*s", SC_FMT(call->model));
    tell(w, &w->n_may);
    return w->refuse ? sc_fail(err, w->refuse, "the job's cap of $1.00 is used up") : SC_OK;
}

static inline void on_spent(void *self, const sc_proxy_call *call, const sc_proxy_use *took,
                            bool counted) {
    (void)call;
    world *w = self;
    w->took = *took;
    if (counted) tell(w, &w->n_counted);
    tell(w, &w->n_spent);
}

static inline void on_blocked(void *self, sc_str host, int port, const char *why) {
    world *w = self;
    snprintf(w->blocked, sizeof w->blocked, "%.*s:%d", SC_FMT(host), port);
    snprintf(w->why, sizeof w->why, "%s", why);
    tell(w, &w->n_blocked);
}

/* ---- The service --------------------------------------------------------------------------------- */

static inline bool has_whole(const char *text, size_t n) {
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    if (!end) return false;
    size_t want = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
    return n >= (size_t)(end + 4 - text) + want;
}

static inline void serve_one(world *w, int fd) {
    static char text[MAX_TEXT];
    size_t n = 0;
    memset(text, 0, sizeof text);
    while (!has_whole(text, n)) {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got <= 0) return;
        n += (size_t)got;
    }
    pthread_mutex_lock(&w->lock);
    memcpy(w->asked, text, sizeof text);
    pthread_mutex_unlock(&w->lock);
    tell(w, &w->n_asked);
    if (w->n_replies) {
        const char *reply = w->replies[SC_MIN(w->n_asked, w->n_replies) - 1];
        send(fd, reply, strlen(reply), MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < SC_LEN(w->script) && w->script[i]; i++)
        if (send(fd, w->script[i], strlen(w->script[i]), MSG_NOSIGNAL) < 0) break;
    char c;
    if (w->holds && recv(fd, &c, 1, 0) <= 0) tell(w, &w->n_left);
}

static inline void *run_service(void *self) {
    world *w = self;
    for (;;) {
        int fd = accept(w->listen_fd, NULL, NULL);
        pthread_mutex_lock(&w->lock);
        bool ends = w->ends;
        pthread_mutex_unlock(&w->lock);
        if (fd < 0 || ends) {
            if (fd >= 0) close(fd);
            return NULL;
        }
        serve_one(w, fd);
        close(fd);
    }
}

static inline int dial_port(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* ---- Life ---------------------------------------------------------------------------------------- */

static inline int world_new(void **state) {
    world *w = sc_alloc(sizeof *w);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    if (!w) return -1;
    signal(SIGPIPE, SIG_IGN);
    setenv("no_proxy", "127.0.0.1", 1);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(w->listen_fd, (struct sockaddr *)&a, sizeof a) || listen(w->listen_fd, 16)) return -1;
    getsockname(w->listen_fd, (struct sockaddr *)&a, &n);
    w->port = ntohs(a.sin_port);
    snprintf(w->folder, sizeof w->folder, "/tmp/sc-proxy-XXXXXX");
    if (!mkdtemp(w->folder) || pthread_create(&w->thread, NULL, run_service, w)) return -1;
    snprintf(w->path, sizeof w->path, "%s/model.sock", w->folder);
    snprintf(w->base, sizeof w->base, "http://127.0.0.1:%d", w->port);
    snprintf(w->base_v1, sizeof w->base_v1, "http://127.0.0.1:%d/v1/", w->port);
    w->models[0] = (sc_proxy_model){"m-1", 1000000, 10000000, 100000}; /* $1 and $10 */
    w->models[1] = (sc_proxy_model){"m-free", 0, 0, 0};
    w->ups[0] = (sc_proxy_upstream){SC_PROXY_OPENAI, w->base_v1, w->models, 2};
    w->ups[1] = (sc_proxy_upstream){SC_PROXY_ANTHROPIC, w->base, w->models, 2};
    w->ups[2] = (sc_proxy_upstream){SC_PROXY_GEMINI, w->base, w->models, 2};
    sc_proxy_conf_default(&w->conf);
    w->conf.socket_path = w->path;
    w->conf.upstreams = w->ups;
    w->conf.n_upstreams = 3;
    w->conf.hosts = w->hosts;
    w->conf.self = w;
    w->conf.key = on_key;
    w->conf.may_spend = on_may;
    w->conf.spent = on_spent;
    w->conf.blocked = on_blocked;
    w->key = KEY;
    *state = w;
    return 0;
}

static inline void start(world *w) {
    sc_err err = {0};
    if (sc_proxy_start(&w->conf, &w->proxy, &err)) fail_msg("%s", err.msg);
}

static inline int world_free(void **state) {
    world *w = *state;
    sc_proxy_stop(w->proxy);
    pthread_mutex_lock(&w->lock);
    w->ends = true;
    pthread_mutex_unlock(&w->lock);
    close(dial_port(w->port));
    pthread_join(w->thread, NULL);
    close(w->listen_fd);
    for (int i = 0; i < w->n_replies; i++) free(w->replies[i]);
    int left = rmdir(w->folder); /* the socket is gone from it */
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    sc_free(w);
    return left;
}

/* ---- The agent ----------------------------------------------------------------------------------- */

static inline int dial(const world *w) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval t = {.tv_sec = PATIENCE_S};
    memcpy(a.sun_path, w->path, strlen(w->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void say(int fd, const char *text) {
    for (size_t n = strlen(text); n;) {
        ssize_t got = send(fd, text, n, MSG_NOSIGNAL);
        if (got <= 0) return; /* it has refused already */
        text += got;
        n -= (size_t)got;
    }
}

/* Reads on until `until` has come (NULL: to the end). */
static inline char *hear(int fd, const char *until, char *text) {
    size_t n = strlen(text);
    while (!until || !strstr(text, until)) {
        ssize_t got = recv(fd, text + n, MAX_TEXT - 1 - n, 0);
        if (got < 0 && errno != ECONNRESET) fail_msg("the proxy says nothing: %s", text);
        if (got <= 0) break;
        n += (size_t)got;
        text[n] = 0;
    }
    return text;
}

static inline char *talk(world *w, const char *request) {
    static char text[MAX_TEXT];
    memset(text, 0, sizeof text);
    look(w);
    int fd = dial(w);
    say(fd, request);
    hear(fd, NULL, text);
    close(fd);
    look(w);
    return text;
}

/* One POST with a body, on a connection that ends with it; the whole reply. */
static inline char *post(world *w, const char *path, const char *headers, const char *body) {
    char *request = NULL;
    if (asprintf(
            &request,
            "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
            path, headers, strlen(body), body) < 0)
        fail_msg("no memory");
    char *text = talk(w, request);
    free(request);
    return text;
}

static inline int status_of(const char *reply) {
    int status = 0;
    sscanf(reply, "HTTP/1.1 %d", &status);
    return status;
}

static inline void must_hold(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no \"%s\" in: %s", part, text);
}
static inline void must_not_hold(const char *text, const char *part) {
    if (strstr(text, part)) fail_msg("\"%s\" in: %s", part, text);
}

#define REPLY_JSON(body) \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body
#define REPLY_SSE(body) \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" body
#define CHAT "/v1/chat/completions"
#define ASK "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

#endif
