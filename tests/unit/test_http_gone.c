/* Clients that all come at once, that leave, and that have said all they have to say. No deadline may
 * be what ends these: all are far beyond the patience of the tests. */
#include "test_http_support.h"

static answer a;

enum { DEADLINE_MS = 3600 * 1000 };

static void serve_patiently(bench *b) {
    b->conf.head_timeout_ms = b->conf.idle_timeout_ms = DEADLINE_MS;
    serve(b);
}

/* Until n connections are left, of those that libmicrohttpd knows. */
static void wait_for_connections(bench *b, int64_t n) {
    struct timespec until = patience(), now;
    sc_http_stats st;
    do {
        sc_http_server_stats(b->server, &st);
        clock_gettime(CLOCK_REALTIME, &now);
    } while (st.connections > n && now.tv_sec < until.tv_sec);
    assert_int_equal(st.connections, n);
}

static void reset(int fd) {
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* ---- Many at once ---------------------------------------------------------------------------- */

/* libmicrohttpd looks for 128 events at a time, and waits for more when it found exactly as many. */
static void any_number_of_requests_may_come_at_once(void **state) {
    bench *b = *state;
    enum { MOST = 130 };
    static int fd[MOST];
    b->conf.threads = 1;
    serve_patiently(b);
    int first = dial(b);
    for (int i = 0; i < MOST; i++) { /* known to the shard, and idle */
        say(fd[i] = dial(b), GET("/hello"));
        assert_int_equal(hear(fd[i], &a, false)->status, 200);
    }
    for (int n = 126; n <= MOST; n++) {
        set_gate(b, true);
        int before = value(b, &b->gated);
        say(first, GET("/gate"));
        wait_for(b, &b->gated, before + 1);
        for (int i = 0; i < n; i++) say(fd[i], GET("/hello"));
        set_gate(b, false);
        assert_int_equal(hear(first, &a, false)->status, 200);
        for (int i = 0; i < n; i++) assert_int_equal(hear(fd[i], &a, false)->status, 200);
    }
    for (int i = 0; i < MOST; i++) close(fd[i]);
    close(first);
}

static void any_number_of_replies_may_come_at_once(void **state) {
    bench *b = *state;
    enum { MOST = 128 };
    static int fd[MOST];
    b->conf.threads = 1;
    serve_patiently(b);
    for (int i = 0; i < MOST; i++) say(fd[i] = dial(b), GET("/defer"));
    for (int i = 0; i < MOST; i++)
        sc_http_reply(take_held(b), 200, "text/plain", SC_STR("together"));
    for (int i = 0; i < MOST; i++) assert_int_equal(hear(fd[i], &a, false)->status, 200);
    for (int i = 0; i < MOST; i++) close(fd[i]);
}

/* ---- Streams whose reader leaves -------------------------------------------------------------- */

static void a_reader_that_left_is_noticed_at_once(void **state) {
    bench *b = *state;
    enum { N = 40 };
    int fd[N];
    serve_patiently(b);
    int other = dial(b);
    say(other, GET("/hello"));
    assert_int_equal(hear(other, &a, false)->status, 200);
    for (int i = 0; i < N; i++) {
        say(fd[i] = dial(b), GET("/sse"));
        take_held(b);
        if (i % 4 >= 2) hear(fd[i], &a, true);
    }
    for (int i = 0; i < N; i++) {
        if (i % 2)
            reset(fd[i]);
        else
            close(fd[i]);
    }
    wait_for(b, &b->closed, N + 1);
    wait_for_connections(b, 1);
    close(other);
}

/* The end of its input may be there before the stream's head is. */
static void a_reader_that_left_early_gets_no_stream(void **state) {
    bench *b = *state;
    b->conf.threads = 1;
    serve_patiently(b);
    int gate = dial(b), fd = dial(b);
    set_gate(b, true);
    say(gate, GET("/gate"));
    wait_for(b, &b->gated, 1);
    say(fd, GET("/sse"));
    close(fd);
    set_gate(b, false);
    wait_for(b, &b->closed, 2);
    wait_for_connections(b, 1);
    close(gate);
}

/* The word that asks whether it is there reaches who only ended its input; nothing else happens. */
static void a_reader_may_end_its_input(void **state) {
    bench *b = *state;
    serve_patiently(b);
    for (int early = 0; early < 2; early++) {
        int fd = dial(b);
        say(fd, "GET /sse HTTP/1.0\r\n\r\n"); /* no chunks */
        if (early) shutdown(fd, SHUT_WR);
        sc_http_request *r = take_held(b);
        assert_true(sc_http_stream_write(r, SC_STR("data: 1\n\n")));
        hear(fd, &a, true);
        if (!early) shutdown(fd, SHUT_WR);
        while (!strstr(a.body, ASK)) assert_true(read_more(fd, a.body, sizeof a.body, &a.n_body));
        assert_true(sc_http_stream_write(r, SC_STR("data: 2\n\n")));
        while (!strstr(a.body, "data: 2\n\n"))
            assert_true(read_more(fd, a.body, sizeof a.body, &a.n_body));
        assert_non_null(strstr(a.body, "data: 1\n\n"));
        assert_int_equal(value(b, &b->closed), early);
        sc_http_stream_end(r);
        assert_true(is_closed(fd));
        close(fd);
        wait_for(b, &b->closed, early + 1);
    }
}

static void a_reader_that_is_too_slow_leaves_nothing_behind(void **state) {
    bench *b = *state;
    enum { N = 20 };
    static char event[8000];
    int fd[N];
    serve_patiently(b);
    int other = dial(b);
    say(other, GET("/hello"));
    assert_int_equal(hear(other, &a, false)->status, 200);
    for (int i = 0; i < N; i++) {
        say(fd[i] = dial(b), GET("/sse"));
        sc_http_request *r = take_held(b);
        while (sc_http_stream_write(r, (sc_str){event, sizeof event})) {
        }
    }
    wait_for(b, &b->closed, N + 1);
    wait_for_connections(b, 1);
    for (int i = 0; i < N; i++) close(fd[i]);
    close(other);
}

/* ---- Bodies whose sender leaves ---------------------------------------------------------------- */

/* What had come before the end may be handed on, and paused at, before the end is met. */
static void resume_until_closed(bench *b, int n) {
    struct timespec until = patience();
    bool done = false;
    while (!done) {
        pthread_mutex_lock(&b->lock);
        while (!b->n_held && b->closed < n)
            assert_int_equal(pthread_cond_timedwait(&b->changed, &b->lock, &until), 0);
        done = b->closed >= n;
        sc_http_request *r = b->n_held ? b->held[--b->n_held] : NULL;
        pthread_mutex_unlock(&b->lock);
        if (r) sc_http_resume(r);
    }
}

static void a_sender_that_leaves_during_a_pause_is_noticed_after_it(void **state) {
    bench *b = *state;
    serve_patiently(b);
    for (int i = 0; i < 8; i++) {
        int fd = dial(b);
        say(fd, i % 4 < 2 ? "POST /pause HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhello"
                          : "POST /pause HTTP/1.1\r\n" HOST
                            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        sc_http_request *r = take_held(b);
        if (i >= 4) say(fd, i % 4 < 2 ? "more" : "4\r\nmore\r\n");
        if (i % 2)
            reset(fd);
        else
            close(fd);
        sc_http_resume(r);
        resume_until_closed(b, i + 1);
    }
    assert_int_equal(value(b, &b->dones), 0);
    wait_for_connections(b, 0);
}

/* ---- Clients that end their input and wait for the answer -------------------------------------- */

/* Serves, on one thread, with a connection of another client: libmicrohttpd looks at the oldest one
 * before all others, and what these tests are about must not depend on that. */
static int serve_two(bench *b) {
    b->conf.threads = 1;
    serve_patiently(b);
    int other = dial(b);
    say(other, GET("/hello"));
    assert_int_equal(hear(other, &a, false)->status, 200);
    return other;
}

static const char post[] = "POST /defer HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";

static void a_late_answer_reaches_who_has_ended_its_input(void **state) {
    bench *b = *state;
    int other = serve_two(b);
    static char text[100000];
    memset(text, 't', sizeof text);
    for (int i = 0; i < 4; i++) {
        int fd = dial(b);
        say(fd, post);
        if (i % 2) shutdown(fd, SHUT_WR);
        sc_http_request *r = take_held(b);
        shutdown(fd, SHUT_WR);
        sc_http_reply(r, 200, "text/plain", i < 2 ? SC_STR("late") : (sc_str){text, sizeof text});
        assert_int_equal(hear(fd, &a, false)->status, 200);
        assert_int_equal(a.n_body, i < 2 ? 4 : sizeof text);
        assert_false(a.closed);
        assert_true(is_closed(fd));
        close(fd);
        wait_for(b, &b->closed, i + 2);
    }
    close(other);
}

static void so_do_answers_to_pipelined_requests(void **state) {
    bench *b = *state;
    int other = serve_two(b);
    int fd = dial(b);
    say(fd, GET("/defer") GET("/hello") GET("/defer"));
    shutdown(fd, SHUT_WR);
    sc_http_reply(take_held(b), 201, "text/plain", SC_STR("first"));
    sc_http_reply(take_held(b), 202, "text/plain", SC_STR("third"));
    assert_int_equal(hear(fd, &a, false)->status, 201);
    assert_int_equal(hear(fd, &a, false)->status, 200);
    assert_int_equal(hear(fd, &a, false)->status, 202);
    assert_true(is_closed(fd));
    close(fd);
    close(other);
}

static void so_do_answers_to_bodies_that_were_paused(void **state) {
    bench *b = *state;
    int other = serve_two(b);
    static const char *const bodies[] = {
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < SC_LEN(bodies); i++) {
        int fd = dial(b);
        say(fd, "POST /pause HTTP/1.1\r\n" HOST);
        say(fd, bodies[i]);
        shutdown(fd, SHUT_WR);
        sc_http_resume(take_held(b));
        assert_int_equal(hear(fd, &a, false)->status, 200);
        assert_true(is_closed(fd));
        close(fd);
    }
    close(other);
}

/* However the bytes and the end arrive, together or not. */
static void whoever_ends_its_input_is_let_go(void **state) {
    bench *b = *state;
    static const char *const last[] = {
        "",
        "GET /hel",
        "GET /hello HTTP/1.1\r\nHost: ",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nab",
        "POST /forbidden HTTP/1.1\r\n" HOST "Content-Length: 500000\r\n\r\nabc",
        GET("/hello"),
        GET("/hello") GET("/hello") "GET /",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
    };
    int other = serve_two(b);
    for (size_t i = 0; i < 2 * SC_LEN(last); i++) {
        int fd = dial(b), before = value(b, &b->gated);
        bool together = i % 2;
        set_gate(b, together);
        if (together) { /* the shard is busy until both have come */
            say(other, GET("/gate"));
            wait_for(b, &b->gated, before + 1);
        }
        say(fd, last[i / 2]);
        shutdown(fd, SHUT_WR);
        set_gate(b, false);
        if (together) assert_int_equal(hear(other, &a, false)->status, 200);
        do hear(fd, &a, false);
        while (!a.closed);
        close(fd);
    }
    wait_for_connections(b, 1);
    close(other);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_new, bench_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(any_number_of_requests_may_come_at_once),
        T(any_number_of_replies_may_come_at_once),
        T(a_reader_that_left_is_noticed_at_once),
        T(a_reader_that_left_early_gets_no_stream),
        T(a_reader_may_end_its_input),
        T(a_reader_that_is_too_slow_leaves_nothing_behind),
        T(a_sender_that_leaves_during_a_pause_is_noticed_after_it),
        T(a_late_answer_reaches_who_has_ended_its_input),
        T(so_do_answers_to_pipelined_requests),
        T(so_do_answers_to_bodies_that_were_paused),
        T(whoever_ends_its_input_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
