/* The HTTP server under threads: replies, streams and shutdown against clients that come and go. */
#include <stdatomic.h>

#include "test_http_support.h"

#ifdef __SANITIZE_THREAD__
enum { SLOWER = 4 };
#else
enum { SLOWER = 1 };
#endif
enum { REPLIERS = 64, CLIENTS = 4, ROUNDS = 400 / SLOWER };

/* ---- Repliers: each takes held requests and answers them ------------------------------------- */

typedef struct crowd {
    bench *b;
    pthread_t threads[REPLIERS];
    bool stop; /* under b->lock */
} crowd;

static void *reply_all(void *arg) {
    crowd *c = arg;
    bench *b = c->b;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        while (!b->n_held && !c->stop) pthread_cond_wait(&b->changed, &b->lock);
        sc_http_request *r = b->n_held ? b->held[--b->n_held] : NULL;
        pthread_mutex_unlock(&b->lock);
        if (!r) return NULL;
        sc_http_reply_header(
            r, "X-Echo", sc_arena_printf(sc_http_arena(r), "%.*s", SC_FMT(sc_http_query(r, "n"))));
        sc_http_reply(r, 200, "text/plain", sc_http_query(r, "n"));
    }
}

static void crowd_start(crowd *c, bench *b) {
    *c = (crowd){.b = b};
    for (int i = 0; i < REPLIERS; i++)
        assert_int_equal(pthread_create(&c->threads[i], NULL, reply_all, c), 0);
}

static void crowd_stop(crowd *c) {
    pthread_mutex_lock(&c->b->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->b->changed);
    pthread_mutex_unlock(&c->b->lock);
    for (int i = 0; i < REPLIERS; i++) pthread_join(c->threads[i], NULL);
}

typedef struct client {
    bench *b;
    pthread_t thread;
    int id, answered, wrong;
} client;

/* Three pipelined requests a round, a third of them over fresh connections. */
static void *ask_often(void *arg) {
    client *c = arg;
    static _Thread_local answer a;
    int fd = -1;
    for (int i = 0; i < ROUNDS; i++) {
        char text[400];
        int n = 0;
        if (fd < 0) fd = dial(c->b);
        for (int k = 0; k < 3; k++)
            n += snprintf(text + n, sizeof text - (size_t)n,
                          "GET /defer?n=%d-%d-%d HTTP/1.1\r\n" HOST "\r\n", c->id, i, k);
        say(fd, text);
        for (int k = 0; k < 3; k++) {
            char want[64];
            snprintf(want, sizeof want, "%d-%d-%d", c->id, i, k);
            hear(fd, &a, false);
            c->answered++;
            const char *echo = header_of(&a, "X-Echo");
            if (a.status != 200 || strcmp(a.body, want) != 0 || !echo) c->wrong++;
        }
        if (i % 3 == 0) close(fd), fd = -1;
    }
    if (fd >= 0) close(fd);
    return NULL;
}

static void sixty_four_threads_reply_to_pipelining_clients(void **state) {
    bench *b = *state;
    crowd repliers;
    client clients[CLIENTS] = {0};
    serve(b);
    crowd_start(&repliers, b);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.b = b, .id = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask_often, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i].thread, NULL);
    bool all = reaches(b, &b->closed, CLIENTS * 3 * ROUNDS);
    crowd_stop(&repliers);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].answered, 3 * ROUNDS);
        assert_int_equal(clients[i].wrong, 0);
    }
    assert_true(all);
    assert_int_equal(value(b, &b->closed), CLIENTS * 3 * ROUNDS);
}

/* ---- Clients that leave ---------------------------------------------------------------------- */

static void clients_may_leave_while_their_requests_wait(void **state) {
    bench *b = *state;
    sc_http_request *kept[100];
    int n = 0;
    serve(b);
    for (int i = 0; i < 100; i++) {
        int fd = dial(b);
        say(fd,
            i % 2 ? GET("/defer") : "POST /defer HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
        sc_http_request *r = take_held(b);
        struct linger reset = {.l_onoff = 1};
        if (i % 4 < 2) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
        if (i % 10)
            kept[n++] = r;
        else
            sc_http_reply(r, 200, "text/plain", SC_STR("nobody hears"));
    }
    assert_int_equal(n, 90);
    wait_for(b, &b->closed, 10);
    assert_int_equal(value(b, &b->closed), 10); /* those that wait are not closed */
    for (int i = 0; i < n; i++) sc_http_reply(kept[i], 200, "text/plain", SC_STR("late"));
    wait_for(b, &b->closed, 100);
    assert_int_equal(value(b, &b->closed), 100);
}

/* A reply may come before the step that would suspend has returned, and a resume before the pause. */
static void *reply_held(void *arg) {
    bench *b = arg;
    for (int i = 0; i < 500 / SLOWER; i++) {
        sc_http_request *r = take_held(b);
        if (path_is(r, "/pause"))
            sc_http_resume(r);
        else
            sc_http_reply(r, 200, "text/plain", SC_STR("quick"));
    }
    return NULL;
}

static void replies_and_resumes_race_with_the_suspension(void **state) {
    bench *b = *state;
    static answer a;
    pthread_t t;
    serve(b);
    assert_int_equal(pthread_create(&t, NULL, reply_held, b), 0);
    int fd = dial(b);
    for (int i = 0; i < 500 / SLOWER; i++) {
        say(fd, i % 2 ? GET("/defer")
                      : "POST /pause HTTP/1.1\r\n" HOST
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        assert_int_equal(hear(fd, &a, false)->status, 200);
    }
    pthread_join(t, NULL);
    close(fd);
}

/* ---- Streams --------------------------------------------------------------------------------- */

enum { STREAMS = 16, WRITERS = 4, EVENTS = 200 / SLOWER };

typedef struct hub {
    bench *b;
    sc_http_request *streams[STREAMS];
    _Atomic int refused;
} hub;

static void *write_all(void *arg) {
    hub *h = arg;
    for (int i = 0; i < EVENTS; i++)
        for (int k = 0; k < STREAMS; k++)
            if (!sc_http_stream_write(h->streams[k], SC_STR("data: 0123456789\n\n"))) h->refused++;
    return NULL;
}

static void many_writers_share_streams(void **state) {
    bench *b = *state;
    static answer a;
    hub h = {.b = b};
    int fd[STREAMS];
    pthread_t t[WRITERS];
    serve(b);
    for (int i = 0; i < STREAMS; i++) {
        fd[i] = dial(b);
        say(fd[i], "GET /sse HTTP/1.0\r\n\r\n"); /* no chunks: the bytes are countable */
        h.streams[i] = take_held(b);
    }
    for (int i = 0; i < WRITERS; i++) pthread_create(&t[i], NULL, write_all, &h);
    for (int i = 0; i < WRITERS; i++) pthread_join(t[i], NULL);
    assert_int_equal(h.refused, 0);
    for (int i = 0; i < STREAMS; i++) sc_http_stream_end(h.streams[i]);
    for (int i = 0; i < STREAMS; i++) {
        hear_all(fd[i], &a);
        assert_int_equal(a.n_body, WRITERS * EVENTS * 18);
        close(fd[i]);
    }
    wait_for(b, &b->closed, STREAMS);
}

/* ---- Shutting down under load ---------------------------------------------------------------- */

static void *ask_until_closed(void *arg) {
    client *c = arg;
    static _Thread_local answer a;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->b->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool up = !connect(fd, (struct sockaddr *)&to, sizeof to);
        while (up && say(fd, GET("/defer?n=x"))) {
            hear(fd, &a, false);
            if (a.closed) break;
            if (a.status != 200) c->wrong++;
            c->answered++;
        }
        close(fd);
        if (!up) return NULL;
    }
}

static void a_drain_under_load_cuts_nothing_off(void **state) {
    bench *b = *state;
    crowd repliers;
    client clients[CLIENTS] = {0};
    serve(b);
    crowd_start(&repliers, b);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.b = b, .id = i};
        pthread_create(&clients[i].thread, NULL, ask_until_closed, &clients[i]);
    }
    bool loaded = reaches(b, &b->closed, 500 / SLOWER);
    unsigned cut = sc_http_server_drain(b->server, PATIENCE_S * 1000);
    for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i].thread, NULL);
    crowd_stop(&repliers);
    assert_true(loaded);
    assert_int_equal(cut, 0);
    for (int i = 0; i < CLIENTS; i++) assert_int_equal(clients[i].wrong, 0);
    assert_int_equal(value(b, &b->closed), value(b, &b->heads));
}

/* Holds the shard's thread where it has seen that a request is there, and has not counted it yet: until
 * the drain is over, which it must not be, or for as long as a drain that forgets it would take. */
enum { HOLD_MS = 200 };
typedef struct slow_reader {
    bench *b;
    sc_clock clock;
    int reads, drained; /* under b->lock */
} slow_reader;

static int64_t wall_ms(void *self) {
    (void)self;
    return sc_now_ms(&sc_clock_system);
}

static int64_t read_slowly(void *self) {
    slow_reader *slow = self;
    bench *b = slow->b;
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (strcmp(name, "http") != 0) return sc_mono_us(&sc_clock_system);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += HOLD_MS * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&b->lock);
    bool first = !slow->reads++;
    pthread_cond_broadcast(&b->changed);
    while (first && !slow->drained)
        if (pthread_cond_timedwait(&b->changed, &b->lock, &until)) break;
    pthread_mutex_unlock(&b->lock);
    return sc_mono_us(&sc_clock_system);
}

static void a_drain_waits_for_a_request_that_is_not_read_yet(void **state) {
    bench *b = *state;
    static answer a;
    static slow_reader slow = {.clock = {wall_ms, read_slowly, &slow}}; /* the server outlives us */
    slow.b = b;
    b->conf.clock = &slow.clock;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/hello"));
    wait_for(b, &slow.reads, 1);
    unsigned cut = sc_http_server_drain(b->server, PATIENCE_S * 1000);
    int closed = value(b, &b->closed);
    count(b, &slow.drained);
    assert_int_equal(cut, 0);
    assert_int_equal(closed, 1);
    assert_int_equal(hear(fd, &a, false)->status, 200);
    assert_true(is_closed(fd));
    close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_new, bench_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(sixty_four_threads_reply_to_pipelining_clients),
        T(clients_may_leave_while_their_requests_wait),
        T(replies_and_resumes_race_with_the_suspension),
        T(many_writers_share_streams),
        T(a_drain_under_load_cuts_nothing_off),
        T(a_drain_waits_for_a_request_that_is_not_read_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
