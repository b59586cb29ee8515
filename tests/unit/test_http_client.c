/* The HTTP client against our own server. What goes wrong comes first. */
#include "net/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test_http_support.h"

typedef struct pair {
    bench *b;
    sc_http_client *c;
    sc_arena arena;
    char url[128];
    sc_http_answer got;
    sc_err err;
} pair;

static int pair_new(void **state) {
    pair *p = sc_alloc(sizeof *p);
    void *b = NULL;
    setenv("no_proxy", "127.0.0.1", 1);
    if (!p || bench_new(&b) || sc_http_client_new(&p->c, NULL)) return -1;
    p->b = b;
    sc_arena_init(&p->arena, 1 << 20);
    *state = p;
    return 0;
}

static int pair_free(void **state) {
    pair *p = *state;
    void *b = p->b;
    sc_http_client_free(p->c);
    sc_arena_done(&p->arena);
    sc_free(p);
    return bench_free(&b);
}

static sc_rc call(pair *p, sc_http_call c, const char *path) {
    if (!c.method) c.method = "GET";
    if (!c.timeout_ms) c.timeout_ms = PATIENCE_S * 1000;
    if (path) {
        snprintf(p->url, sizeof p->url, "%s%s", sc_http_server_url(p->b->server), path);
        c.url = p->url;
    }
    return sc_http_client_do(p->c, &c, &p->arena, &p->got, &p->err);
}

static void only_http_urls_are_called(void **state) {
    pair *p = *state;
    static const char *const wrong[] = {
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x", "", "http://", "dict://x"};
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        if (call(p, (sc_http_call){.url = wrong[i]}, NULL) != SC_INVALID) fail_msg("%s", wrong[i]);
}

static void nobody_there_is_upstream(void **state) {
    pair *p = *state;
    serve(p->b);
    char url[128];
    snprintf(url, sizeof url, "%s/?key=SECRET", sc_http_server_url(p->b->server));
    sc_http_server_drain(p->b->server, 0);
    static const char *const headers[] = {"Authorization: Bearer SECRET"};
    assert_int_equal(call(p, (sc_http_call){.url = url, .headers = headers, .n_headers = 1}, NULL),
                     SC_UPSTREAM);
    assert_null(strstr(p->err.msg, "SECRET"));
}

static void a_late_answer_is_a_timeout(void **state) {
    pair *p = *state;
    serve(p->b);
    assert_int_equal(call(p, (sc_http_call){.timeout_ms = 50}, "/defer"), SC_TIMEOUT);
    sc_http_reply(take_held(p->b), 200, "text/plain", SC_STR("too late"));
    assert_int_equal(call(p, (sc_http_call){0}, "/hello"), SC_OK); /* the client goes on */
}

/* It takes connections, and says nothing: no request was sent, since TLS never began. */
static void a_late_connection_is_told_apart_from_a_late_answer(void **state) {
    pair *p = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&at, n) && !listen(fd, 4) &&
                !getsockname(fd, (struct sockaddr *)&at, &n));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", ntohs(at.sin_port));
    assert_int_equal(call(p, (sc_http_call){.url = url, .timeout_ms = 50}, NULL), SC_TIMEOUT);
    assert_int_equal(p->err.sys, ECONNREFUSED);
    close(fd);
    serve(p->b);
    p->err = (sc_err){0};
    assert_int_equal(call(p, (sc_http_call){.timeout_ms = 50}, "/defer"), SC_TIMEOUT);
    assert_int_equal(p->err.sys, 0);
    sc_http_reply(take_held(p->b), 200, "text/plain", SC_STR("too late"));
}

static void a_large_answer_is_cut(void **state) {
    pair *p = *state;
    serve(p->b);
    assert_int_equal(call(p, (sc_http_call){.max_reply_bytes = 59999}, "/long"), SC_TOO_LARGE);
    assert_int_equal(call(p, (sc_http_call){.max_reply_bytes = 60000}, "/long"), SC_OK);
    assert_int_equal(p->got.body.n, 60000);
}

static void a_header_with_a_line_break_is_refused(void **state) {
    pair *p = *state;
    serve(p->b);
    static const char *const headers[] = {"X-A: b\r\nX-Evil: c"};
    assert_int_equal(call(p, (sc_http_call){.headers = headers, .n_headers = 1}, "/hello"),
                     SC_INVALID);
}

static void every_status_is_an_answer(void **state) {
    pair *p = *state;
    serve(p->b);
    static const char *const headers[] = {"X-Request-ID: from-the-test"};
    assert_int_equal(call(p, (sc_http_call){.headers = headers, .n_headers = 1}, "/forbidden"),
                     SC_OK);
    assert_int_equal(p->got.status, 403);
    assert_true(sc_str_is(p->got.body, "no"));
    assert_true(sc_str_is(p->got.content_type, "text/plain"));
    assert_true(sc_str_is(p->got.request_id, "from-the-test"));
}

static void bodies_and_methods_arrive(void **state) {
    pair *p = *state;
    serve(p->b);
    assert_int_equal(call(p, (sc_http_call){.method = "POST", .body = SC_STR("posted")}, "/echo"),
                     SC_OK);
    assert_true(sc_str_is(p->got.body, "posted"));
    assert_int_equal(call(p, (sc_http_call){.method = "POST"}, "/echo"), SC_OK);
    assert_int_equal(p->got.body.n, 0);
    assert_int_equal(call(p, (sc_http_call){.method = "PUT", .body = SC_STR("put")}, "/echo"),
                     SC_OK);
    assert_true(sc_str_is(p->got.body, "put"));
    assert_int_equal(call(p, (sc_http_call){.method = "HEAD"}, "/hello"), SC_OK);
    assert_int_equal(p->got.status, 200);
    assert_int_equal(p->got.body.n, 0);
    assert_int_equal(call(p, (sc_http_call){.method = "DELETE"}, "/x?q=deleted"), SC_OK);
    assert_true(sc_str_is(p->got.body, "deleted"));
    assert_int_equal(call(p, (sc_http_call){0}, "/hello"),
                     SC_OK); /* nothing of the calls before is left */
    assert_true(sc_str_is(p->got.body, "hello"));
}

typedef struct source {
    int left;
    size_t written;
    bool abort;
} source;

static long give(void *self, char *into, size_t room) {
    source *s = self;
    if (s->abort && s->left < 3) return -1;
    if (!s->left) return 0;
    s->left--;
    memset(into, 's', SC_MIN(room, (size_t)1000));
    return (long)SC_MIN(room, (size_t)1000);
}

static bool take(void *self, sc_str bytes) {
    source *s = self;
    s->written += bytes.n;
    return !s->abort;
}

static void bodies_stream_both_ways(void **state) {
    pair *p = *state;
    serve(p->b);
    source s = {.left = 50};
    assert_int_equal(
        call(p, (sc_http_call){.method = "POST", .read = give, .self = &s}, "/stream-body"), SC_OK);
    assert_true(sc_str_is(p->got.body, "50000"));
    assert_int_equal(call(p, (sc_http_call){.write = take, .self = &s}, "/long"), SC_OK);
    assert_int_equal(s.written, 60000);
    assert_int_equal(p->got.body.n, 0);
    s = (source){.left = 5, .abort = true};
    assert_int_equal(
        call(p, (sc_http_call){.method = "POST", .read = give, .self = &s}, "/stream-body"),
        SC_CANCELLED);
    assert_int_equal(call(p, (sc_http_call){.write = take, .self = &s}, "/long"), SC_CANCELLED);
}

static void a_connection_is_used_again(void **state) {
    pair *p = *state;
    serve(p->b);
    sc_http_stats st;
    for (int i = 0; i < 5; i++) assert_int_equal(call(p, (sc_http_call){0}, "/hello"), SC_OK);
    sc_http_server_stats(p->b->server, &st);
    assert_int_equal(st.connections, 1);
    assert_int_equal(st.requests, 5);
}

/* A server that answers the first request on a connection, takes the second one whole, and ends the connection instead. */
typedef struct fickle {
    int listener;
    char url[64];
    pthread_t thread;
    atomic_int requests;
} fickle;

/* A whole request with the body "deed"; false at the end of the connection. */
static bool take_deed(int fd) {
    char got[2048];
    size_t n = 0;
    while (n < sizeof got - 1) {
        ssize_t more = recv(fd, got + n, sizeof got - 1 - n, 0);
        if (more <= 0) return false;
        n += (size_t)more;
        got[n] = 0;
        const char *end = strstr(got, "\r\n\r\n");
        if (end && strlen(end + 4) >= 4) return true;
    }
    return false;
}

static void *be_fickle(void *self) {
    fickle *f = self;
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (;;) {
        int fd = accept(f->listener, NULL, NULL);
        if (fd < 0) return NULL;
        for (int i = 0; i < 2 && take_deed(fd); i++) {
            f->requests++;
            if (!i && send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL) < 0) break;
        }
        close(fd);
    }
}

static void fickle_start(fickle *f) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    f->requests = 0;
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(f->listener >= 0 && !bind(f->listener, (struct sockaddr *)&at, n) &&
                !listen(f->listener, 4) && !getsockname(f->listener, (struct sockaddr *)&at, &n));
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&f->thread, NULL, be_fickle, f), 0);
}

static void fickle_end(fickle *f) {
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
}

static void what_is_to_be_sent_once_is_not_sent_again_over_a_kept_connection(void **state) {
    pair *p = *state;
    fickle f;
    sc_http_call deed = {.method = "POST", .body = SC_STR("deed"), .once_kept = true};
    fickle_start(&f);
    deed.url = f.url;
    assert_int_equal(call(p, deed, NULL), SC_OK);
    assert_int_equal(call(p, deed, NULL),
                     SC_UPSTREAM); /* taken whole: who knows what became of it */
    assert_int_equal(p->err.sys, 0);
    assert_int_equal(f.requests, 2);
    assert_int_equal(call(p, deed, NULL), SC_OK); /* the client goes on */
    deed.once_kept = false;                       /* libcurl's own way */
    assert_int_equal(call(p, deed, NULL), SC_OK);
    assert_int_equal(f.requests, 5);
    sc_http_client_free(p->c); /* ends what the server still waits on */
    assert_int_equal(sc_http_client_new(&p->c, NULL), SC_OK);
    fickle_end(&f);
}

static void no_proxy_comes_between_where_none_is_wanted(void **state) {
    pair *p = *state;
    serve(p->b);
    setenv("no_proxy", "", 1);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    sc_rc through = call(p, (sc_http_call){0}, "/hello"),
          past = call(p, (sc_http_call){.direct = true}, "/hello");
    unsetenv("http_proxy");
    assert_int_equal(through, SC_UPSTREAM);
    assert_int_equal(past, SC_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, pair_new, pair_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(only_http_urls_are_called),
        T(nobody_there_is_upstream),
        T(a_late_answer_is_a_timeout),
        T(a_late_connection_is_told_apart_from_a_late_answer),
        T(a_large_answer_is_cut),
        T(a_header_with_a_line_break_is_refused),
        T(every_status_is_an_answer),
        T(bodies_and_methods_arrive),
        T(bodies_stream_both_ways),
        T(a_connection_is_used_again),
        T(what_is_to_be_sent_once_is_not_sent_again_over_a_kept_connection),
        T(no_proxy_comes_between_where_none_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
