/* The HTTP server's limits, deadlines, streams and shutdown, over real sockets. */
#include <zlib.h>
#include <zstd.h>

#include "test_http_support.h"

static answer a;

/* ---- Compressed bodies ----------------------------------------------------------------------- */

static size_t gzip(const void *p, size_t n, void *into, size_t room) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)p,
                  .avail_in = (uInt)n,
                  .next_out = into,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static int post_coded(bench *b, const char *path, const char *coding, const void *p, size_t n) {
    char head[256];
    int fd = dial(b);
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\n" HOST "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
             path, coding, n);
    say(fd, head);
    say_bytes(fd, p, n);
    hear(fd, &a, false);
    close(fd);
    return a.status;
}

static void compressed_bodies_are_opened_and_bombs_are_not(void **state) {
    bench *b = *state;
    b->conf.max_buffered_bytes = 32 << 20;
    serve(b);
    static char text[30 << 20], packed[1 << 20];
    for (size_t i = 0; i < 10000; i++) text[i] = (char)('a' + i * i % 23);
    size_t n = gzip(text, 10000, packed, sizeof packed);
    assert_int_equal(post_coded(b, "/echo", "gzip", packed, n), 200);
    assert_int_equal(a.n_body, 10000);
    assert_memory_equal(a.body, text, 10000);
    assert_int_equal(post_coded(b, "/echo-raw", "gzip", packed, n), 200);
    assert_int_equal(a.n_body, n);
    assert_int_equal(post_coded(b, "/stream-body", "gzip", packed, n), 200);
    assert_memory_equal(a.body, "10000", 5);
    assert_int_equal(post_coded(b, "/echo", "gzip", packed, n - 5), 400); /* truncated */
    assert_int_equal(post_coded(b, "/echo", "gzip", packed, n / 2), 400);
    packed[n] = 'x';
    assert_int_equal(post_coded(b, "/echo", "gzip", packed, n + 1), 400); /* trailing byte */
    assert_int_equal(post_coded(b, "/echo", "gzip", text, 100), 400);     /* not gzip */
    assert_int_equal(post_coded(b, "/echo", "br", packed, n), 415);
    assert_int_equal(post_coded(b, "/echo", "gzip, gzip", packed, n), 415);
    assert_int_equal(post_coded(b, "/echo", "identity", "abc", 3), 200);

    memset(text, 0, sizeof text);
    n = gzip(text, sizeof text, packed, sizeof packed);
    assert_int_equal(post_coded(b, "/echo", "gzip", packed, n), 413);  /* over 1 MiB */
    assert_int_equal(post_coded(b, "/large", "gzip", packed, n), 413); /* over 200:1 */
    n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 3);
    assert_int_equal(post_coded(b, "/large", "zstd", packed, n), 413);
    assert_int_equal(post_coded(b, "/stream-body", "zstd", packed, n), 413);
    n = ZSTD_compress(packed, sizeof packed, "hello zstd", 10, 3);
    assert_int_equal(post_coded(b, "/echo", "zstd", packed, n), 200);
    assert_memory_equal(a.body, "hello zstd", 10);
    assert_int_equal(post_coded(b, "/echo", "zstd", packed, n - 1), 400);
    wait_for(b, &b->closed, 16);
    sc_http_stats st;
    do
        sc_http_server_stats(b->server,
                             &st); /* all of the budget comes back, right after `closed` */
    while (st.buffered_bytes);
}

/* A compressed upload into a handler that pauses at each piece comes out whole. */
static void pauses_lose_nothing_of_a_compressed_body(void **state) {
    bench *b = *state;
    serve(b);
    static char text[300000], packed[400000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + (i * 7919 >> 3) % 20);
    size_t n = gzip(text, sizeof text, packed, sizeof packed);
    char head[256];
    int fd = dial(b);
    snprintf(head, sizeof head,
             "POST /pause HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
             n);
    say(fd, head);
    say_bytes(fd, packed, n);
    say(fd, "\r\n0\r\n\r\n");
    for (int resumed = 0; !value(b, &b->dones);) {
        pthread_mutex_lock(&b->lock);
        while (!b->n_held && !b->dones) pthread_cond_wait(&b->changed, &b->lock);
        sc_http_request *r = b->n_held ? b->held[--b->n_held] : NULL;
        pthread_mutex_unlock(&b->lock);
        if (!r) break;
        resumed++;
        sc_http_resume(r);
    }
    hear(fd, &a, false);
    assert_memory_equal(a.body, "300000", 6);
    close(fd);
}

/* ---- Slow clients ---------------------------------------------------------------------------- */

static void a_slow_head_gets_408(void **state) {
    bench *b = *state;
    b->conf.head_timeout_ms = 60;
    serve(b);
    static const char *const parts[] = {"GET /hello HT", "GET /hello HTTP/1.1\r\n",
                                        "GET /hello HTTP/1.1\r\nHost: t\r\nX-A: "};
    for (size_t i = 0; i < SC_LEN(parts); i++) {
        int fd = dial(b);
        say(fd, parts[i]);
        assert_int_equal(hear(fd, &a, false)->status, 408);
        assert_non_null(strstr(a.body, "TIMEOUT"));
        assert_true(is_closed(fd));
        close(fd);
    }
    int fd = dial(b); /* nothing at all: closed without a word */
    assert_true(is_closed(fd));
    close(fd);
    assert_int_equal(value(b, &b->dones), 0);
    assert_int_equal(value(b, &b->closed), 3);
}

static void a_slow_body_gets_408_but_a_pause_does_not(void **state) {
    bench *b = *state;
    b->conf.head_timeout_ms = 60;
    serve(b);
    int paused = dial(b);
    say(paused, "POST /pause HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    sc_http_request *r = take_held(b);
    int fd = dial(b);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\nabc");
    assert_int_equal(hear(fd, &a, false)->status, 408);
    assert_true(is_closed(fd));
    close(fd);
    wait_for(b, &b->closed, 1);
    assert_int_equal(value(b, &b->errors), 1);
    sc_http_resume(r);
    assert_int_equal(hear(paused, &a, false)->status, 200);
    close(paused);
}

static void an_idle_connection_is_closed_quietly(void **state) {
    bench *b = *state;
    b->conf.idle_timeout_ms = 60;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/hello"));
    assert_int_equal(hear(fd, &a, false)->status, 200);
    assert_true(is_closed(fd));
    close(fd);
}

/* ---- Counts and budgets ---------------------------------------------------------------------- */

static void connections_are_counted_by_address(void **state) {
    bench *b = *state;
    b->conf.max_connections_per_address = 3;
    serve(b);
    int fd[3];
    for (int i = 0; i < 3; i++) fd[i] = dial(b);
    int over = dial(b);
    assert_int_equal(hear(over, &a, false)->status, 429);
    assert_string_equal(header_of(&a, "Retry-After"), "1");
    assert_true(is_closed(over));
    close(over);
    say(fd[0], "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_int_equal(hear(fd[0], &a, false)->status, 200);
    assert_true(is_closed(fd[0]));
    sc_http_stats st;
    do { /* the place is free once the server's side is gone too */
        close(fd[0]);
        fd[0] = dial(b);
        say(fd[0], GET("/hello"));
        hear(fd[0], &a, false);
    } while (a.closed || a.status != 200);
    sc_http_server_stats(b->server, &st);
    assert_true(st.refused >= 1);
    assert_int_equal(st.connections, 3);
    for (int i = 0; i < 3; i++) close(fd[i]);
}

static void bodies_over_the_common_budget_get_429(void **state) {
    bench *b = *state;
    b->conf.max_buffered_bytes = 200 << 10;
    b->conf.max_connections = 10;
    serve(b);
    static char half[100 << 10];
    int fd = dial(b);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 110000\r\n\r\n");
    say_bytes(fd, half, sizeof half);
    sc_http_stats st = {0};
    while (st.buffered_bytes < (int64_t)sizeof half) sc_http_server_stats(b->server, &st);
    ask(b, &a,
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 110000\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(a.status, 429);
    assert_string_equal(header_of(&a, "Retry-After"), "1");
    ask(b, &a,
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"); /* small ones still pass */
    assert_int_equal(a.status, 200);
    say_bytes(fd, half, 110000 - sizeof half);
    assert_int_equal(hear(fd, &a, false)->status, 200);
    close(fd);
    int many[10];
    for (int i = 0; i < 10; i++) many[i] = dial(b);
    int over = dial(b);
    hear(over, &a, false);
    assert_true(a.status == 429 || st.connections < 10);
    close(over);
    for (int i = 0; i < 10; i++) close(many[i]);
}

static long resident_kib(void) {
    FILE *f = fopen("/proc/self/statm", "r");
    long all = 0, resident = 0;
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &all, &resident), 2);
    fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void idle_connections_cost_little(void **state) {
    bench *b = *state;
    enum { N = 500, KIB_EACH = 32 };
    serve(b);
    static int fd[N];
    long before = resident_kib();
    for (int i = 0; i < N; i++) fd[i] = dial(b);
    for (int i = 0; i < N; i++) {
        say(fd[i], GET("/hello"));
        assert_int_equal(hear(fd[i], &a, false)->status, 200);
    }
    long grown = resident_kib() - before;
    print_message("%d idle connections: %ld KiB, %ld bytes each\n", N, grown, grown * 1024 / N);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(grown < N * KIB_EACH);
#endif
    for (int i = 0; i < N; i++) close(fd[i]);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static void a_stream_sends_as_it_is_written(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/sse"));
    sc_http_request *r = take_held(b);
    hear(fd, &a, true); /* its head comes before there is anything to say */
    assert_int_equal(a.status, 200);
    assert_string_equal(header_of(&a, "Content-Type"), "text/event-stream");
    assert_true(sc_http_stream_write(r, SC_STR("data: 1\n\n")));
    while (a.n_body < 14) assert_true(read_more(fd, a.body, sizeof a.body, &a.n_body));
    assert_memory_equal(a.body, "9\r\ndata: 1\n\n\r\n", 14);
    sc_http_stream_end(r);
    while (!strstr(a.body, "0\r\n\r\n"))
        assert_true(read_more(fd, a.body, sizeof a.body, &a.n_body));
    wait_for(b, &b->closed, 1);
    say(fd, GET("/hello")); /* the connection goes on */
    assert_int_equal(hear(fd, &a, false)->status, 200);
    close(fd);
}

static void a_slow_reader_is_cut_off(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/sse"));
    sc_http_request *r = take_held(b);
    static char event[8000];
    int written = 0;
    while (sc_http_stream_write(r, (sc_str){event, sizeof event})) assert_true(++written < 100000);
    wait_for(b, &b->closed, 1);
    close(fd);
}

static void a_reader_that_left_ends_the_stream(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/sse"));
    sc_http_request *r = take_held(b);
    hear(fd, &a, true);
    close(fd);
    while (!value(b, &b->closed)) { /* `closed` waits for this thread's look at the lock */
        pthread_mutex_lock(&b->lock);
        bool more = !b->closed && sc_http_stream_write(r, SC_STR("data: x\n\n"));
        pthread_mutex_unlock(&b->lock);
        if (!more) break;
    }
    wait_for(b, &b->closed, 1);
}

/* ---- The end --------------------------------------------------------------------------------- */

typedef struct drain_call {
    bench *b;
    unsigned cut;
} drain_call;

static void *drain(void *arg) {
    drain_call *x = arg;
    x->cut = sc_http_server_drain(x->b->server, PATIENCE_S * 1000);
    return NULL;
}

static void a_drain_lets_requests_finish_and_ends_streams(void **state) {
    bench *b = *state;
    serve(b);
    int idle = dial(b), half = dial(b), stream = dial(b), deferred = dial(b);
    say(idle, GET("/hello"));
    hear(idle, &a, false);
    say(half, "GET /hel");
    say(stream, GET("/sse"));
    sc_http_request *s = take_held(b);
    say(deferred, GET("/defer"));
    sc_http_request *d = take_held(b);
    pthread_t t;
    drain_call x = {b, 99};
    assert_int_equal(pthread_create(&t, NULL, drain, &x), 0);
    assert_true(is_closed(idle));
    assert_true(is_closed(half));
    hear_all(stream, &a);
    assert_non_null(strstr(a.body, "0\r\n\r\n")); /* ended, not broken off */
    (void)s;
    sc_http_reply(d, 200, "text/plain", SC_STR("done"));
    assert_int_equal(hear(deferred, &a, false)->status, 200);
    assert_string_equal(header_of(&a, "Connection"), "close");
    pthread_join(t, NULL);
    assert_int_equal(x.cut, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&to, sizeof to), -1);
    close(late), close(idle), close(half), close(stream), close(deferred);
    assert_int_equal(value(b, &b->closed), 3);
}

static void a_drain_counts_what_it_cuts_off(void **state) {
    bench *b = *state;
    serve(b);
    int fd[3];
    for (int i = 0; i < 3; i++) say(fd[i] = dial(b), GET("/defer"));
    sc_http_request *r[3];
    for (int i = 0; i < 3; i++) r[i] = take_held(b);
    assert_int_equal(sc_http_server_drain(b->server, 20), 3);
    for (int i = 0; i < 3; i++) assert_true(is_closed(fd[i]));
    assert_int_equal(value(b, &b->closed), 0); /* their memory is ours until we reply */
    for (int i = 0; i < 3; i++) sc_http_reply(r[i], 200, "text/plain", SC_STR("too late"));
    wait_for(b, &b->closed, 3);
    for (int i = 0; i < 3; i++) close(fd[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_new, bench_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(compressed_bodies_are_opened_and_bombs_are_not),
        T(pauses_lose_nothing_of_a_compressed_body),
        T(a_slow_head_gets_408),
        T(a_slow_body_gets_408_but_a_pause_does_not),
        T(an_idle_connection_is_closed_quietly),
        T(connections_are_counted_by_address),
        T(bodies_over_the_common_budget_get_429),
        T(idle_connections_cost_little),
        T(a_stream_sends_as_it_is_written),
        T(a_slow_reader_is_cut_off),
        T(a_reader_that_left_ends_the_stream),
        T(a_drain_lets_requests_finish_and_ends_streams),
        T(a_drain_counts_what_it_cuts_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
