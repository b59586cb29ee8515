/* An agent that means harm: requests that two readers would read differently, clients that never finish, and ways to
 * where the proxy may not go. */
#include "hello.h"
#include "proxy/head.h"
#include "test_proxy_support.h"

/* ---- The head ------------------------------------------------------------------------------------ */

#define LINE "POST /v1/messages HTTP/1.1\r\n"

static void a_head_is_read_in_one_way_or_not_at_all(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\r\nA: b\n\r\n",
        "GET / HTTP/1.1\rA: b\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "GET /\x80 HTTP/1.1\r\n\r\n",
        LINE "A : b\r\n\r\n",
        LINE " A: b\r\n\r\n",
        LINE "A: b\r\n c\r\n\r\n", /* folded */
        LINE ": b\r\n\r\n",
        LINE "no colon\r\n\r\n",
        LINE "A: b\001\r\n\r\n",
        LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        LINE "Content-Length: -1\r\n\r\n",
        LINE "Content-Length: -0\r\n\r\n",
        LINE "Content-Length: +5\r\n\r\n",
        LINE "Content-Length: 5, 5\r\n\r\n",
        LINE "Content-Length: 0x5\r\n\r\n",
        LINE "Content-Length: 99999999999999999999\r\n\r\n",
        LINE "Content-Length: \r\n\r\n",
        LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        LINE "Content-Length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE "Transfer-Encoding: gzip, chunked\r\n\r\n",
        LINE "Transfer-Encoding: identity\r\n\r\n",
        LINE "Transfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    sc_head h;
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        if (sc_head_parse(sc_str_of(wrong[i]), &h, NULL) != SC_INVALID)
            fail_msg("%zu: %s", i, wrong[i]);
    assert_int_equal(sc_head_parse((sc_str){LINE "A: \0\r\n\r\n", sizeof LINE + 8}, &h, NULL),
                     SC_INVALID);
    static const char whole[] =
        LINE "Host: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    for (size_t n = 0; n < sizeof whole - 6; n++)
        assert_int_equal(sc_head_parse((sc_str){whole, n}, &h, NULL), SC_NOT_FOUND);
    assert_int_equal(sc_head_parse(sc_str_of(whole), &h, NULL), SC_OK);
    assert_int_equal(h.length, 5);
    assert_true(h.closes && !h.chunked && !h.old);
    assert_int_equal(h.bytes, sizeof whole - 1 - 5);
    assert_string_equal(sc_head_get(&h, "hOST").p, whole + sizeof LINE - 1 + 6);
}

static void authorities_are_taken_apart_strictly(void **state) {
    (void)state;
    char host[SC_HEAD_MAX_HOST];
    int port;
    static const char *const wrong[] = {"",           "a",        ":443",     "a:",     "a:0",
                                        "a:65536",    "a:-1",     "a:443x",   "a b:1",  "a/b:1",
                                        "user@a:443", "::1:443",  "[::1:443", "[]:443", "a:b:443",
                                        "[::1]x:443", "a\\b:443", "%6c:443"};
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        if (!sc_head_authority(sc_str_of(wrong[i]), host, &port, NULL)) fail_msg("%s", wrong[i]);
    assert_int_equal(sc_head_authority((sc_str){"a\0b:1", 5}, host, &port, NULL), SC_INVALID);
    assert_int_equal(sc_head_authority(SC_STR("A.Example.ORG.:443"), host, &port, NULL), SC_OK);
    assert_string_equal(host, "a.example.org");
    assert_int_equal(sc_head_authority(SC_STR("[FE80::1]:80"), host, &port, NULL), SC_OK);
    assert_string_equal(host, "fe80::1");
}

/* ---- Over the socket ----------------------------------------------------------------------------- */

static void smuggling_ends_the_connection(void **state) {
    world *w = *state;
    start(w);
    static const char *const requests[] = {
        LINE "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models "
             "HTTP/1.1\r\n\r\n",
        "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: a\r\n\r\n",
        "POST /v1/unknown HTTP/1.1\r\nContent-Length: 27\r\n\r\nGET /v1/models HTTP/1.1\r\n\r\n",
    };
    for (size_t i = 0; i < SC_LEN(requests); i++) {
        char *got = talk(w, requests[i]);
        if (status_of(got) < 400) fail_msg("%zu: %s", i, got);
        must_not_hold(got, "\"object\":\"list\""); /* the inner request was not heard */
    }
    assert_int_equal(w->n_asked, 0);
}

static void chunked_bodies_and_pipelining_work(void **state) {
    world *w = *state;
    w->script[0] = REPLY_JSON("{\"id\":\"from the service\"}");
    start(w);
    char *got = talk(w, "GET /v1/models HTTP/1.1\r\n\r\nPOST " CHAT
                        " HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
                        "5;x=y\r\n{\"mod\r\na\r\nel\":\"m-1\"}\r\n0\r\n\r\n"
                        "GET /v1beta/models HTTP/1.1\r\nConnection: close\r\n\r\n");
    char *one = strstr(got, "\"object\":\"list\""), *two = strstr(got, "from the service");
    char *three = strstr(got, "models/m-free");
    assert_true(one && two && three && one < two && two < three);
    must_hold(got, "HTTP/1.1 100 Continue\r\n\r\n");
    must_hold(w->asked, "\r\n\r\n{\"model\":\"m-1\"}");
}

static void slow_clients_are_cut_off(void **state) {
    world *w = *state;
    w->conf.head_timeout_ms = 50;
    w->conf.idle_timeout_ms = 50;
    start(w);
    static const char *const halves[] = {"", "GET /v1/mod", LINE "Content-Length: 50\r\n\r\n{",
                                         LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nab"};
    for (size_t i = 0; i < SC_LEN(halves); i++) assert_string_equal(talk(w, halves[i]), "");
}

static void greedy_clients_are_cut_off(void **state) {
    world *w = *state;
    w->conf.max_request_bytes = 100;
    start(w);
    static char text[MAX_TEXT];
    memset(text, 'x', 200);
    assert_int_equal(status_of(post(w, CHAT, "", text)), 413);
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET /", 5);
    assert_int_equal(status_of(talk(w, text)), 413);
    memset(text, 0, sizeof text);
    strcpy(text, LINE);
    for (int i = 0; i < SC_HEAD_MAX_FIELDS + 1; i++) strcat(text, "A: b\r\n");
    strcat(text, "\r\n");
    assert_int_equal(status_of(talk(w, text)), 413);
}

/* A body as JSON takes many times its bytes; all agents' bodies together have one budget. */
static void many_large_requests_wait_outside(void **state) {
    world *w = *state;
    w->conf.max_request_bytes = 1000;
    w->conf.max_buffered_bytes = 1500;
    start(w);
    static char text[MAX_TEXT];
    memset(text, 0, sizeof text);
    int fd = dial(w);
    say(fd, "POST " CHAT " HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    hear(fd, "100 Continue\r\n\r\n", text); /* its place is taken */
    char *got = talk(w, "POST " CHAT " HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    assert_int_equal(status_of(got), 503);
    say(fd, "2\r\n[]\r\n0\r\n\r\n");
    memset(text, 0, sizeof text);
    hear(fd, "no JSON object", text);
    assert_int_equal(status_of(post(w, CHAT, "", "{}")), 400); /* it is free again */
    close(fd);
}

static void too_many_connections_are_told_so(void **state) {
    world *w = *state;
    w->conf.max_connections = 2;
    start(w);
    int a = dial(w), b = dial(w);
    static char text[MAX_TEXT];
    memset(text, 0, sizeof text);
    say(b, "GET /v1/models HTTP/1.1\r\n\r\n");
    hear(b, "]}", text); /* both are there */
    assert_int_equal(status_of(talk(w, "")), 503);
    close(a);
    close(b);
}

/* ---- Ways to elsewhere --------------------------------------------------------------------------- */

static void only_named_hosts_are_reached(void **state) {
    world *w = *state;
    w->hosts[0] = (sc_proxy_host){.name = "*.allowed.test"};
    w->conf.n_hosts = 1;
    start(w);
    static const char *const targets[] = {"evil.example:443",
                                          "169.254.169.254:80",
                                          "127.0.0.1:443",
                                          "[::1]:443",
                                          "0:80",
                                          "0.0.0.0:80",
                                          "2130706433:80",
                                          "0x7f000001:80",
                                          "017700000001:80",
                                          "localhost:443",
                                          "a.allowed.test:22",
                                          "allowed.test:443",
                                          "xallowed.test:443",
                                          "[::ffff:169.254.169.254]:80"};
    char request[256];
    for (size_t i = 0; i < SC_LEN(targets); i++) {
        snprintf(request, sizeof request, "CONNECT %s HTTP/1.1\r\n\r\n", targets[i]);
        char *got = talk(w, request);
        if (status_of(got) != 403) fail_msg("%s: %s", targets[i], got);
    }
    assert_int_equal(w->n_blocked, SC_LEN(targets));
    assert_string_equal(w->blocked, "::ffff:169.254.169.254:80");
    assert_int_equal(
        status_of(
            talk(w, "GET http://169.254.169.254/latest HTTP/1.1\r\nConnection: close\r\n\r\n")),
        403);
    assert_string_equal(w->blocked, "169.254.169.254:80");
    assert_int_equal(status_of(talk(w, "CONNECT /x HTTP/1.1\r\n\r\n")), 400);
}

/* A name on the list that leads inside, by a mistake or because whoever owns it says so now. */
static void a_named_host_in_a_private_network_is_not_reached(void **state) {
    world *w = *state;
    static const char *const inside[] = {"localhost", "127.0.0.1", "2130706433",      "0x7f.1",
                                         "0",         "::1",       "::ffff:127.0.0.1"};
    char request[256];
    w->conf.n_hosts = 1;
    for (size_t i = 0; i < SC_LEN(inside); i++) {
        w->hosts[0] = (sc_proxy_host){.name = inside[i], .port = w->port};
        start(w);
        snprintf(request, sizeof request, "CONNECT %s%s%s:%d HTTP/1.1\r\n\r\n",
                 strchr(inside[i], ':') ? "[" : "", inside[i], strchr(inside[i], ':') ? "]" : "",
                 w->port);
        char *got = talk(w, request);
        if (status_of(got) != 403) fail_msg("%s: %s", inside[i], got);
        must_hold(got, "private network");
        sc_proxy_stop(w->proxy);
        w->proxy = NULL;
    }
    assert_int_equal(w->n_blocked, SC_LEN(inside));
    assert_int_equal(w->n_asked, 0);
}

/* A name server of the attacker's: each time it is asked it says something else. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int n_asked;
    bool holds;
} dns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};

static int rebinding(const char *host, const char *service, const struct addrinfo *hints,
                     struct addrinfo **ret) {
    (void)host;
    struct addrinfo *more = NULL;
    struct addrinfo literal = *hints;
    literal.ai_flags = AI_NUMERICHOST;
    pthread_mutex_lock(&dns.lock);
    int n = ++dns.n_asked;
    pthread_cond_broadcast(&dns.changed);
    while (dns.holds) pthread_cond_wait(&dns.changed, &dns.lock);
    pthread_mutex_unlock(&dns.lock);
    /* 192.0.2.1 is nobody's (documentation), and not public either: nothing is ever sent out by this test. */
    int rc = getaddrinfo(n % 2 ? "127.0.0.1" : "192.0.2.1", service, &literal, ret);
    if (!rc && n == 3) rc = getaddrinfo("8.8.8.8", service, &literal, &more);
    if (more) { /* a public one first, a private one behind it */
        more->ai_next = *ret;
        *ret = more;
    }
    return rc;
}

static void a_name_that_moves_is_resolved_once_and_all_of_it_is_checked(void **state) {
    world *w = *state;
    w->hosts[0] = (sc_proxy_host){.name = "moving.test"};
    w->conf.n_hosts = 1;
    w->conf.resolve = rebinding;
    dns.n_asked = 0;
    start(w);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(status_of(talk(w, "CONNECT moving.test:443 HTTP/1.1\r\n\r\n")), 403);
        assert_int_equal(dns.n_asked, i);
        assert_int_equal(w->n_blocked, i);
    }
    must_hold(w->why, "private network");
}

static void a_slow_name_server_does_not_hold_the_end_up(void **state) {
    world *w = *state;
    w->hosts[0] = (sc_proxy_host){.name = "slow.test"};
    w->conf.n_hosts = 1;
    w->conf.resolve = rebinding;
    dns.n_asked = 0;
    dns.holds = true;
    start(w);
    int fd = dial(w);
    say(fd, "CONNECT slow.test:443 HTTP/1.1\r\n\r\n");
    pthread_mutex_lock(&dns.lock);
    while (!dns.n_asked) pthread_cond_wait(&dns.changed, &dns.lock);
    pthread_mutex_unlock(&dns.lock);
    sc_proxy_stop(w->proxy); /* the name server still says nothing */
    w->proxy = NULL;
    pthread_mutex_lock(&dns.lock);
    dns.holds = false;
    pthread_cond_broadcast(&dns.changed);
    pthread_mutex_unlock(&dns.lock);
    assert_int_equal(w->n_blocked, 0);
    close(fd);
}

static void a_tunnel_carries_bytes_up_to_its_cap(void **state) {
    world *w = *state;
    w->hosts[0] = (sc_proxy_host){.name = "localhost", .port = w->port, .local = true};
    w->conf.n_hosts = 1;
    w->conf.max_tunnel_bytes = 400;
    w->script[0] = "HTTP/1.1 200 OK\r\n\r\nfrom the mirror";
    start(w);
    char request[256];
    snprintf(request, sizeof request,
             "CONNECT LOCALHOST.:%d HTTP/1.1\r\n\r\nGET /package HTTP/1.1\r\n\r\n", w->port);
    char *got = talk(w, request);
    must_hold(got, "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK");
    must_hold(got, "from the mirror");
    must_hold(w->asked, "GET /package HTTP/1.1\r\n");
    static char large[1000];
    memset(large, 'x', sizeof large - 1);
    w->script[0] = large;
    must_not_hold(talk(w, request), large);
    assert_int_equal(status_of(talk(w, request)), 403);
    must_hold(w->why, "used up");
}

/* A tunnel to localhost with a first message; what comes out at the other end, empty: nothing does. */
static sc_str through(world *w, sc_str first, char room[4096]) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    static char text[MAX_TEXT];
    char request[256];
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(far, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(far, 1), 0);
    assert_int_equal(getsockname(far, (struct sockaddr *)&a, &n), 0);
    w->hosts[0] = (sc_proxy_host){.name = "localhost", .port = ntohs(a.sin_port), .local = true};
    w->conf.n_hosts = 1;
    start(w);
    int fd = dial(w);
    snprintf(request, sizeof request, "CONNECT localhost:%d HTTP/1.1\r\n\r\n",
             (int)ntohs(a.sin_port));
    say(fd, request);
    memset(text, 0, sizeof text);
    hear(fd, "established\r\n\r\n", text);
    int got = accept(far, NULL, NULL);
    for (size_t i = 0; i < first.n; i++) /* a byte at a time */
        if (send(fd, first.p + i, 1, MSG_NOSIGNAL) != 1) break;
    shutdown(fd, SHUT_WR);
    sc_str out = {room, 0};
    for (ssize_t k; (k = recv(got, room + out.n, 4096 - out.n, 0)) > 0;) out.n += (size_t)k;
    close(got);
    close(far);
    close(fd);
    sc_proxy_stop(w->proxy);
    w->proxy = NULL;
    return out;
}

/* One address has many names: who is let through to one of them must not speak to another. */
static void tls_in_a_tunnel_asks_for_the_tunnels_host(void **state) {
    world *w = *state;
    char room[4096];
    static const char *const others[] = {"evil.example", "xlocalhost", NULL};
    for (size_t i = 0; i < SC_LEN(others); i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 4096);
        hello_make(&b, others[i], SC_STR_NONE, 16000);
        assert_int_equal(through(w, sc_buf_str(&b), room).n, 0);
        assert_int_equal(w->n_blocked, (int)i + 1);
        must_hold(w->blocked, others[i] ? others[i] : "localhost");
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    hello_make(&b, "LocalHost", SC_STR_NONE, 16000);
    sc_buf_puts(&b, "and on");
    assert_true(sc_str_eq(through(w, sc_buf_str(&b), room), sc_buf_str(&b)));
    assert_true(sc_str_is(through(w, SC_STR("SSH-2.0-x"), room), "SSH-2.0-x"));
    assert_int_equal(through(w, (sc_str){b.p, 20}, room).n, 0); /* broken off */
    assert_int_equal(w->n_blocked, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_in_one_way_or_not_at_all),
        cmocka_unit_test(authorities_are_taken_apart_strictly),
        TEST(smuggling_ends_the_connection),
        TEST(chunked_bodies_and_pipelining_work),
        TEST(slow_clients_are_cut_off),
        TEST(greedy_clients_are_cut_off),
        TEST(many_large_requests_wait_outside),
        TEST(too_many_connections_are_told_so),
        TEST(only_named_hosts_are_reached),
        TEST(a_named_host_in_a_private_network_is_not_reached),
        TEST(a_name_that_moves_is_resolved_once_and_all_of_it_is_checked),
        TEST(a_slow_name_server_does_not_hold_the_end_up),
        TEST(tls_in_a_tunnel_asks_for_the_tunnels_host),
        TEST(a_tunnel_carries_bytes_up_to_its_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
