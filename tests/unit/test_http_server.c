/* The HTTP server, spoken to over real sockets: requests, replies, and what is malformed. */
#include "test_http_support.h"

static answer a;

static void expect(bench *b, const char *request, int status) {
    ask(b, &a, request);
    if (a.status != status) fail_msg("%.60s: %d instead of %d", request, a.status, status);
}

/* ---- Malformed requests ---------------------------------------------------------------------- */

static void what_is_not_a_request_is_400(void **state) {
    bench *b = *state;
    serve(b);
    expect(b, GET("/%zz"), 400);
    expect(b, GET("/a%2"), 400);
    expect(b, GET("/a%00b"), 400);
    expect(b, GET("/a?x=%ff"), 400);
    expect(b, GET("/a\x01"), 400);
    expect(b, "GET nopath HTTP/1.1\r\n" HOST "\r\n", 400);
    expect(b, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400);
    expect(b, "GET /hello HTTP/1.1\r\n\r\n", 400); /* no Host */
    assert_string_equal(header_of(&a, "Content-Type"), "application/problem+json");
    expect(b, GET("/a b"), 400);
    assert_string_equal(header_of(&a, "Content-Type"), "application/problem+json");
    expect(b, "GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400);
    expect(b, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n", 400);
    expect(b, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400);
    assert_int_equal(value(b, &b->dones), 0);
}

static void two_ways_to_frame_a_body_are_400_and_end_the_connection(void **state) {
    bench *b = *state;
    serve(b);
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\n" HOST
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < SC_LEN(requests); i++) {
        int fd = dial(b);
        say(fd, requests[i]);
        hear(fd, &a, false);
        if (a.status != 400) fail_msg("request %zu: %d", i, a.status);
        assert_string_equal(header_of(&a, "Connection"), "close");
        assert_non_null(strstr(a.body, "INVALID"));
        assert_true(is_closed(fd));
        close(fd);
    }
    assert_int_equal(value(b, &b->heads), 0);
}

static void a_nul_in_the_target_hides_nothing(void **state) {
    bench *b = *state;
    serve(b);
    static const char request[] = "GET /hello\0/secret HTTP/1.1\r\n" HOST "\r\n";
    int fd = dial(b);
    say_bytes(fd, request, sizeof request - 1);
    hear(fd, &a, false);
    assert_true(a.closed || a.status == 400);
    close(fd);
    assert_int_equal(value(b, &b->dones), 0);
}

static void a_long_head_is_refused(void **state) {
    bench *b = *state;
    serve(b);
    static char request[40000];
    static const size_t sizes[] = {8200, 10000, 30000}; /* over our limit, and over the pool's */
    for (size_t i = 0; i < SC_LEN(sizes); i++) {
        int n = snprintf(request, sizeof request, "GET /hello HTTP/1.1\r\n" HOST "X-Long: ");
        memset(request + n, 'x', sizes[i]);
        snprintf(request + n + sizes[i], sizeof request - (size_t)n - sizes[i], "\r\n\r\n");
        ask(b, &a, request);
        assert_true(a.closed || a.status == 413 || a.status == 431);
    }
    assert_int_equal(value(b, &b->dones), 0);
    expect(b, GET("/hello"), 200);
}

static void a_half_sent_request_leaves_nothing_behind(void **state) {
    bench *b = *state;
    serve(b);
    static const char *const halves[] = {"", "G", "GET /hel", "GET /hello HTTP/1.1\r\n",
                                         "GET /hello HTTP/1.1\r\nHost: t\r\n"};
    for (size_t i = 0; i < SC_LEN(halves); i++) {
        int fd = dial(b);
        say(fd, halves[i]);
        close(fd);
    }
    int fd = dial(b);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    wait_for(b, &b->heads, 1);
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd); /* a reset, in the middle of a body */
    wait_for(b, &b->closed, 1);
    expect(b, GET("/hello"), 200);
    assert_int_equal(value(b, &b->heads), 2);
    assert_int_equal(value(b, &b->dones), 1);
}

/* ---- Requests and replies -------------------------------------------------------------------- */

static void every_reply_carries_an_id_and_the_fixed_headers(void **state) {
    bench *b = *state;
    serve(b);
    expect(b, GET("/hello"), 200);
    assert_memory_equal(a.body, "hello", 5);
    assert_int_equal(strlen(header_of(&a, "X-Request-ID")), 36);
    assert_string_equal(header_of(&a, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(header_of(&a, "Cache-Control"), "no-store");
    expect(b, "GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: my.own-id_7\r\n\r\n", 200);
    assert_string_equal(header_of(&a, "X-Request-ID"), "my.own-id_7");
    expect(b, "GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: not <safe>\r\n\r\n", 200);
    assert_int_equal(strlen(header_of(&a, "X-Request-ID")), 36);
    expect(b, GET("/%zz"), 400);
    assert_int_equal(strlen(header_of(&a, "X-Request-ID")), 36);
}

static void target_peer_and_method_reach_the_handler(void **state) {
    bench *b = *state;
    serve(b);
    expect(b, GET("/a%20b/%c3%a9?p=0&q=x+%26y&q=second"), 404);
    assert_string_equal(header_of(&a, "X-Path"), "/a b/\xc3\xa9");
    assert_string_equal(header_of(&a, "X-Peer"), "127.0.0.1");
    assert_memory_equal(a.body, "x &y", 4);
    expect(b, "BREW http://any/pot HTTP/1.1\r\n" HOST "\r\n", 404);
    assert_string_equal(header_of(&a, "X-Path"), "/pot");
    assert_string_equal(header_of(&a, "X-Method"), "OTHER");
    expect(b, "OPTIONS /x HTTP/1.1\r\n" HOST "\r\n", 404);
    assert_string_equal(header_of(&a, "X-Method"), "OPTIONS");
}

static void head_gets_the_length_without_the_body(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n" GET("/hello"));
    hear(fd, &a, true);
    assert_int_equal(a.status, 200);
    assert_string_equal(header_of(&a, "Content-Length"), "5");
    hear(fd, &a, false);
    assert_memory_equal(a.body, "hello", 5);
    close(fd);
}

static void a_connection_serves_many_requests(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    for (int i = 0; i < 20; i++) {
        say(fd, i % 2 ? "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                      : GET("/forbidden"));
        hear(fd, &a, false);
        assert_int_equal(a.status, i % 2 ? 200 : 403);
    }
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_int_equal(hear(fd, &a, false)->status, 200);
    assert_true(is_closed(fd));
    close(fd);
    wait_for(b, &b->closed, 21);
    fd = dial(b);
    say(fd, "GET /hello HTTP/1.0\r\n\r\n");
    assert_int_equal(hear_all(fd, &a)->status, 200);
    assert_memory_equal(a.body, "hello", 5);
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, GET("/defer") GET("/defer") GET("/hello"));
    sc_http_reply(take_held(b), 201, "text/plain", SC_STR("first"));
    sc_http_reply(take_held(b), 202, "text/plain", SC_STR("second"));
    assert_int_equal(hear(fd, &a, false)->status, 201);
    assert_int_equal(hear(fd, &a, false)->status, 202);
    assert_int_equal(hear(fd, &a, false)->status, 200);
    for (int i = 0; i < 300; i++) say(fd, GET("/hello"));
    for (int i = 0; i < 300; i++) assert_int_equal(hear(fd, &a, false)->status, 200);
    close(fd);
}

static void a_file_is_sent_and_its_descriptor_closed(void **state) {
    bench *b = *state;
    serve(b);
    expect(b, GET("/fd"), 200);
    assert_int_equal(a.n_body, 3);
}

static void long_text_is_compressed_for_those_who_ask(void **state) {
    bench *b = *state;
    serve(b);
    expect(b, GET("/long"), 200);
    assert_int_equal(a.n_body, 60000);
    assert_null(header_of(&a, "Content-Encoding"));
    expect(b, "GET /long HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip;q=0.5\r\n\r\n", 200);
    assert_string_equal(header_of(&a, "Content-Encoding"), "gzip");
    assert_string_equal(header_of(&a, "Vary"), "Accept-Encoding");
    assert_true(a.n_body < 1000);
    expect(b, "GET /long HTTP/1.1\r\n" HOST "Accept-Encoding: gzip;q=0\r\n\r\n", 200);
    assert_int_equal(a.n_body, 60000);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static void bodies_arrive_whole_however_they_are_cut(void **state) {
    bench *b = *state;
    serve(b);
    expect(b,
           "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n",
           200);
    assert_int_equal(a.n_body, 8);
    assert_memory_equal(a.body, "abcdefgh", 8);
    expect(b, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200);
    assert_int_equal(a.n_body, 0);
    int fd = dial(b);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
    static char piece[1000];
    memset(piece, 'p', sizeof piece);
    for (int i = 0; i < 100; i++) say_bytes(fd, piece, sizeof piece);
    hear(fd, &a, false);
    assert_int_equal(a.n_body, 100000);
    assert_memory_equal(a.body + 99000, piece, sizeof piece);
    close(fd);
}

static void expect_continue_is_refused_before_the_body(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, "POST /limit HTTP/1.1\r\n" HOST "Content-Length: 101\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(hear(fd, &a, false)->status, 413);
    assert_true(is_closed(fd));
    close(fd);
    fd = dial(b);
    say(fd,
        "POST /forbidden HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(hear(fd, &a, false)->status, 403);
    close(fd);
    fd = dial(b);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(hear(fd, &a, true)->status, 100);
    say(fd, "later");
    assert_int_equal(hear(fd, &a, false)->status, 200);
    assert_memory_equal(a.body, "later", 5);
    close(fd);
}

static void an_unwanted_body_is_answered_whatever_its_size(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b); /* a small one is read, and the connection goes on */
    say(fd, "POST /forbidden HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" GET("/hello"));
    assert_int_equal(hear(fd, &a, false)->status, 403);
    assert_int_equal(hear(fd, &a, false)->status, 200);
    close(fd);
    fd = dial(b); /* a large one is answered before it is sent */
    say(fd, "POST /forbidden HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\nhello");
    assert_int_equal(hear(fd, &a, false)->status, 403);
    assert_string_equal(header_of(&a, "Connection"), "close");
    close(fd);
    fd = dial(b); /* one without a length is over the limit in the middle */
    say(fd, "POST /limit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    static char piece[4096 + 16];
    int n = snprintf(piece, sizeof piece, "1000\r\n");
    memset(piece + n, 'p', 4096);
    memcpy(piece + n + 4096, "\r\n", 2);
    for (int i = 0; i < 100; i++)
        if (!say_bytes(fd, piece, (size_t)n + 4098)) break;
    assert_int_equal(hear(fd, &a, false)->status, 413);
    close(fd);
}

static void a_streamed_body_comes_in_pieces(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, "POST /stream-body HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    say(fd, "4\r\nabcd\r\n");
    say(fd, "3\r\nefg\r\n0\r\n\r\n");
    hear(fd, &a, false);
    assert_memory_equal(a.body, "7", 1);
    close(fd);
}

static void a_reply_in_the_middle_ends_the_pieces(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    say(fd, "POST /early HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n");
    wait_for(b, &b->heads, 1);
    say(fd, "4\r\nabcd\r\n0\r\n\r\n");
    assert_int_equal(hear(fd, &a, false)->status, 422);
    assert_int_equal(b->piece_bytes, 4);
    assert_int_equal(value(b, &b->dones), 0);
    close(fd);
    wait_for(b, &b->closed, 1);
}

/* A pause must reach the sender: what it sends piles up in the kernel, not in the server. */
static void a_pause_holds_the_sender_back(void **state) {
    bench *b = *state;
    serve(b);
    int fd = dial(b);
    enum { ALL = 20000000 }; /* more than the kernel's buffers take */
    say(fd, "POST /pause HTTP/1.1\r\n" HOST "Content-Length: 20000000\r\n\r\n");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    static char piece[64 << 10];
    size_t sent = 0;
    int resumes = 0;
    bool blocked = false;
    while (sent < ALL) {
        ssize_t n = send(fd, piece, SC_MIN(sizeof piece, ALL - sent), MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            continue;
        }
        assert_int_equal(errno, EAGAIN);
        blocked = true;
        sc_http_request *r = take_held(b); /* on_chunk checks that one pause is out at a time */
        resumes++;
        sc_http_resume(r);
    }
    assert_true(blocked);
    while (resumes < value(b, &b->pauses) || !value(b, &b->dones)) {
        pthread_mutex_lock(&b->lock);
        struct timespec until = patience();
        while (!b->n_held && !b->dones)
            assert_int_equal(pthread_cond_timedwait(&b->changed, &b->lock, &until), 0);
        sc_http_request *r = b->n_held ? b->held[--b->n_held] : NULL;
        pthread_mutex_unlock(&b->lock);
        if (!r) continue;
        resumes++;
        sc_http_resume(r);
    }
    fcntl(fd, F_SETFL, 0);
    hear(fd, &a, false);
    assert_memory_equal(a.body, "20000000", 8);
    close(fd);
}

static void an_address_in_use_or_wrong_is_told(void **state) {
    bench *b = *state;
    serve(b);
    sc_http_conf conf = b->conf;
    char listen[64];
    snprintf(listen, sizeof listen, "127.0.0.1:%d", b->port);
    conf.listen = listen;
    sc_http_handler h = {0};
    sc_http_server *second = NULL;
    sc_err err = {0};
    assert_int_equal(sc_http_server_open(&conf, &h, &second, &err), SC_CONFLICT);
    static const char *const wrong[] = {
        "",       "8080",           "127.0.0.1", "127.0.0.1:",   "127.0.0.1:99999",
        "::1:80", "example.org:80", "[::1:80",   "127.0.0.1:80x"};
    for (size_t i = 0; i < SC_LEN(wrong); i++) {
        conf.listen = wrong[i];
        if (sc_http_server_open(&conf, &h, &second, &err) != SC_INVALID) fail_msg("%s", wrong[i]);
    }
    assert_null(second);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_new, bench_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(what_is_not_a_request_is_400),
        T(two_ways_to_frame_a_body_are_400_and_end_the_connection),
        T(a_nul_in_the_target_hides_nothing),
        T(a_long_head_is_refused),
        T(a_half_sent_request_leaves_nothing_behind),
        T(every_reply_carries_an_id_and_the_fixed_headers),
        T(target_peer_and_method_reach_the_handler),
        T(head_gets_the_length_without_the_body),
        T(a_connection_serves_many_requests),
        T(pipelined_requests_are_answered_in_order),
        T(a_file_is_sent_and_its_descriptor_closed),
        T(long_text_is_compressed_for_those_who_ask),
        T(bodies_arrive_whole_however_they_are_cut),
        T(expect_continue_is_refused_before_the_body),
        T(an_unwanted_body_is_answered_whatever_its_size),
        T(a_streamed_body_comes_in_pieces),
        T(a_reply_in_the_middle_ends_the_pieces),
        T(a_pause_holds_the_sender_back),
        T(an_address_in_use_or_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
