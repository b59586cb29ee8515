/* The Redis store over REST, where the service, or the way there, is hostile. */
#include "fake_upstream.h"
#include "redis_use.h"

#include "stores/redis/link.h"
#include "stores/redis/store.h"

#define TOKEN "s3cret-token"

typedef struct bench {
    fake_upstream *u;
    sc_rd_address to;
    sc_rd s;
    sc_err err;
} bench;

static int bench_new(void **state) {
    bench *b = calloc(1, sizeof *b);
    char url[128];
    b->u = fake_upstream_new();
    snprintf(url, sizeof url, "http://:" TOKEN "@%s", fake_upstream_url(b->u) + strlen("http://"));
    const sc_redis_conf conf = {.url = url, .timeout_ms = 5000};
    redis_must(sc_rd_address_parse(sc_str_of(url), NULL, &b->to, &b->err), &b->err);
    redis_must(sc_rd_pool_open(&b->s, &conf, &b->err), &b->err);
    *state = b;
    return 0;
}

static int bench_free(void **state) {
    bench *b = *state;
    sc_rd_pool_close(&b->s);
    fake_upstream_free(b->u);
    free(b);
    return 0;
}

static void will(bench *b, fake_manner manner, int status, const char *body) {
    fake_upstream_answer(b->u, manner, status, "", body);
}

/* A read may be repeated, a write not. */
static sc_rc ask(bench *b, bool again, redisReply **ret) {
    const char *argv[] = {"GET", "k"};
    b->err = (sc_err){0};
    return sc_rd_command(&b->s, NULL, 2, argv, NULL, again, ret, &b->err);
}

static bool told(const bench *b, const char *words) { return strstr(b->err.msg, words) != NULL; }

/* ---- Answers ------------------------------------------------------------------------------------- */

static void good_answers_become_replies(void **state) {
    bench *b = *state;
    redisReply *r;
    will(b, FAKE_WHOLE, 200, "{\"result\":null}");
    redis_must(ask(b, true, &r), &b->err);
    assert_int_equal(r->type, REDIS_REPLY_NIL);
    freeReplyObject(r);
    assert_non_null(strstr(fake_upstream_request(b->u), "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(fake_upstream_request(b->u), "Authorization: Bearer " TOKEN "\r\n"));
    assert_non_null(strstr(fake_upstream_request(b->u), "\r\n\r\n[\"GET\",\"k\"]"));
    will(b, FAKE_WHOLE, 200, "{\"result\":-7}");
    redis_must(ask(b, true, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_INTEGER && r->integer == -7);
    freeReplyObject(r);
    will(b, FAKE_WHOLE, 200, "{\"result\":\"OK\"}");
    redis_must(ask(b, true, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_STATUS && !strcmp(r->str, "OK"));
    freeReplyObject(r);
    will(b, FAKE_WHOLE, 200, "{\"result\":[\"T0s=\",[\"/wAA/w==\",\"\"],null,3]}");
    redis_must(ask(b, true, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_ARRAY && r->elements == 4);
    assert_true(r->element[0]->type == REDIS_REPLY_STRING && !strcmp(r->element[0]->str, "OK"));
    assert_true(r->element[1]->elements == 2 && r->element[1]->element[0]->len == 4 &&
                !memcmp(r->element[1]->element[0]->str, "\xff\0\0\xff", 4));
    assert_int_equal(r->element[1]->element[1]->len, 0);
    freeReplyObject(r);
}

static void errors_of_redis_stay_errors_of_redis(void **state) {
    bench *b = *state;
    redisReply *r;
    will(b, FAKE_WHOLE, 400, "{\"error\":\"NOSCRIPT No matching\\r\\n+OK\"}");
    redis_must(ask(b, false, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_ERROR && !strcmp(r->str, "NOSCRIPT No matching  +OK"));
    freeReplyObject(r);
    will(b, FAKE_WHOLE, 400,
         "{\"error\":\"MOVED 1 127.0.0.1:1\"}"); /* nobody takes our token there */
    redis_must(ask(b, false, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_ERROR && !strcmp(r->str, "MOVED 1 127.0.0.1:1"));
    freeReplyObject(r);
    will(b, FAKE_WHOLE, 400, "{\"error\":\"bad token " TOKEN "\"}");
    redis_must(ask(b, false, &r), &b->err);
    assert_true(r->type == REDIS_REPLY_ERROR && !strstr(r->str, TOKEN));
    freeReplyObject(r);
    assert_int_equal(fake_upstream_count(b->u), 3);
}

/* Refused before anything was done: said in words, and neither repeated nor in doubt. */
static void refusals_are_told_in_words(void **state) {
    bench *b = *state;
    static const struct {
        int status;
        const char *body, *words;
    } cases[] = {
        {401, "{\"error\":\"WRONGPASS invalid or missing auth token\"}", "or token"},
        {401, "<html>who are you?</html>", "does not know the token"},
        {403, "", "may not"},
        {404, "<html>", "is that the REST address?"},
        {405, "{}", "is that the REST address?"},
        {413, "<html>too large " TOKEN "</html>", "larger than Redis takes in one request"},
        {429, "slow down", "too many requests"},
        {400, "<html>", "400"},
        {301, "", "leads elsewhere"},
        {400, "{\"error\":\"ERR max request size exceeded. Limit: 1 bytes, Actual: 2 bytes\"}",
         "larger than Redis takes in one request"},
        {400, "{\"error\":\"ERR max daily request limit exceeded.\"}", "plan"},
        {400, "{\"error\":\"ERR DB capacity quota exceeded\"}", "plan"},
    };
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        redisReply *r = NULL;
        will(b, FAKE_WHOLE, cases[i].status, cases[i].body);
        redis_must(ask(b, false, &r), &b->err);
        assert_int_equal(r->type, REDIS_REPLY_ERROR);
        sc_rd_refused((sc_str){r->str, r->len}, &b->err);
        freeReplyObject(r);
        if (!told(b, cases[i].words) || told(b, TOKEN)) fail_msg("%s", b->err.msg);
        assert_int_equal(fake_upstream_count(b->u), i + 1);
    }
}

/* Nothing was done, nothing is sent again by itself, and who asked is told when to. */
static void too_many_requests_say_when_to_come_back(void **state) {
    bench *b = *state;
    static const struct {
        const char *head, *body;
        int64_t wait_ms;
    } cases[] = {
        {"Retry-After: 7\r\n", "slow down", 7000},
        {"Retry-After: 7\r\n", "{\"error\":\"ERR max requests limit exceeded\"}", 7000},
        {"Retry-After: 7\r\n", "{\"error\":\"ERR so; again in 900000 ms\"}", 7000},
        {"Retry-After: 99999999\r\n", "", 600000},
        {"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "", 600000},
        {"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "", 1000},
        {"Retry-After: -1\r\n", "", 1000},
        {"Retry-After: soon\r\n", "", 1000},
        {"", "", 1000},
    };
    const char *argv[] = {"EVAL", "return 1", "0", "\xff"};
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        redisReply *r = NULL;
        const bool script = i % 2; /* it goes ahead, and is refused itself */
        fake_upstream_answer(b->u, FAKE_WHOLE, 429, cases[i].head, cases[i].body);
        redis_must(script ? sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err)
                          : ask(b, false, &r),
                   &b->err);
        assert_int_equal(r->type, REDIS_REPLY_ERROR);
        assert_int_equal(sc_rd_refused((sc_str){r->str, r->len}, &b->err), SC_STORE);
        freeReplyObject(r);
        assert_int_equal(b->err.retry_after_ms, cases[i].wait_ms);
        assert_int_equal(fake_upstream_count(b->u), i + 1);
    }
}

/* A time beside another refusal is not about asking again. */
static void only_what_is_over_soon_says_when_to_come_back(void **state) {
    bench *b = *state;
    redisReply *r = NULL;
    fake_upstream_answer(b->u, FAKE_WHOLE, 503, "Retry-After: 7\r\n", "");
    assert_int_equal(ask(b, false, &r), SC_STORE);
    assert_true(told(b, "it is not known whether this was written"));
    assert_int_equal(b->err.retry_after_ms, 7000);
    fake_upstream_answer(b->u, FAKE_WHOLE, 400, "Retry-After: 7\r\n",
                         "{\"error\":\"ERR max requests limit exceeded\"}");
    redis_must(ask(b, false, &r), &b->err);
    assert_int_equal(sc_rd_refused((sc_str){r->str, r->len}, &b->err), SC_STORE);
    assert_int_equal(b->err.retry_after_ms, 0);
    freeReplyObject(r);
}

/* The write may have been done: that is said, and it is not sent again. A read is. */
static void in_doubt(bench *b, fake_manner manner, int status, const char *body,
                     const char *words) {
    redisReply *r = NULL;
    size_t before = fake_upstream_count(b->u);
    will(b, manner, status, body);
    assert_int_equal(ask(b, false, &r), SC_STORE);
    if (!told(b, "it is not known whether this was written") || !told(b, words) || told(b, TOKEN))
        fail_msg("%s", b->err.msg);
    assert_int_equal(fake_upstream_count(b->u), before + 1);
    will(b, manner, status, body);
    will(b, FAKE_WHOLE, 200, "{\"result\":1}");
    redis_must(ask(b, true, &r), &b->err);
    freeReplyObject(r);
    assert_int_equal(fake_upstream_count(b->u), before + 3);
}

static void an_answer_that_is_none_leaves_a_write_in_doubt(void **state) {
    bench *b = *state;
    static const char *const none[] = {
        "",
        "<html><body>It works!</body></html>",
        "{\"result\":true}",
        "{\"result\":1.5}",
        "{\"result\":{\"a\":1}}",
        "{\"result\":123456789012345678901234567890}",
        "{}",
        "[]",
        "7",
        "{\"error\":\"\"}",
        "{\"error\":7}",
        "{\"result\":\"b k=\"}",
        "{\"result\":\"a\"}",
        "{\"result\":\"OK==\\n\"}",
        "{\"result\":\"A=BC\"}",
        "{\"result\":\"====\"}",
        "{\"result\":[\"T0s=\",\"T0s\"]}",
        "{\"result\":[\"T0s=\"",
        "{\"result\":\"\\u0000AAA\"}",
        "{\"result\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
    };
    for (size_t i = 0; i < SC_LEN(none); i++)
        in_doubt(b, FAKE_WHOLE, 200, none[i], "answered what is no answer");
}

static void a_service_that_fails_leaves_a_write_in_doubt(void **state) {
    bench *b = *state;
    in_doubt(b, FAKE_WHOLE, 500, "{\"error\":\"boom\"}", "answered 500");
    in_doubt(b, FAKE_WHOLE, 502, "<html>" TOKEN, "answered 502");
    in_doubt(b, FAKE_WHOLE, 408, "", "answered 408");
    in_doubt(b, FAKE_CUT, 200, "{\"result\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
             "no answer");
    in_doubt(b, FAKE_SLAM, 200, "", "no answer");
    fake_upstream_answer(b->u, FAKE_WHOLE, 200, "Content-Encoding: gzip\r\n", "no gzip");
    redisReply *r;
    assert_int_equal(ask(b, false, &r), SC_STORE);
    assert_true(told(b, "it is not known whether this was written"));
}

static void a_slow_service_ends_with_the_timeout(void **state) {
    bench *b = *state;
    b->s.nodes[0].address.timeout_ms = 100;
    redisReply *r;
    will(b, FAKE_HANG, 200, "");
    assert_int_equal(ask(b, false, &r), SC_STORE);
    assert_true(told(b, "in 100 ms") && told(b, "it is not known whether this was written"));
    will(b, FAKE_DRIP, 200,
         "{\"result\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
    assert_int_equal(ask(b, false, &r), SC_STORE);
    assert_true(told(b, "in 100 ms"));
}

static void what_was_never_sent_is_not_in_doubt(void **state) {
    bench *b = *state;
    redisReply *r;
    b->s.nodes[0].address.port = redis_free_port();
    assert_int_equal(ask(b, false, &r), SC_STORE);
    assert_true(told(b, "no answer") && !told(b, "it is not known"));
}

/* ---- Requests ------------------------------------------------------------------------------------ */

static void bytes_go_in_the_body_and_their_command_in_the_path(void **state) {
    bench *b = *state;
    redisReply *r;
    const char *argv[] = {"EVALSHA", "ab12", "1", "sc:{i}:p/\xff%", "\x92\x01\xff"};
    const size_t lens[] = {7, 4, 1, 11, 3};
    will(b, FAKE_WHOLE, 200, "{\"result\":1}");
    redis_must(sc_rd_command(&b->s, NULL, 5, argv, lens, false, &r, &b->err), &b->err);
    freeReplyObject(r);
    assert_non_null(strstr(fake_upstream_request(b->u),
                           "POST /EVALSHA/ab12/1/sc:%7Bi%7D:p%2F%FF%25 HTTP/1.1\r\n"));
    assert_non_null(strstr(fake_upstream_request(b->u), "\r\n\r\n\x92\x01\xff"));
}

static void a_script_goes_ahead_of_the_bytes_it_is_run_with(void **state) {
    bench *b = *state;
    redisReply *r;
    const char *argv[] = {"EVAL", "return \"/\"", "0", "\xff"};
    will(b, FAKE_WHOLE, 200, "{\"result\":\"YWIxMg==\"}");
    will(b, FAKE_WHOLE, 200, "{\"result\":1}");
    redis_must(sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err), &b->err);
    freeReplyObject(r);
    assert_non_null(strstr(fake_upstream_request(b->u), "POST /EVALSHA/ab12/0 HTTP/1.1\r\n"));
    /* As long as only the script was sent, nothing was written: it is tried again, and no doubt is left. */
    will(b, FAKE_SLAM, 200, "");
    will(b, FAKE_WHOLE, 500, "");
    assert_int_equal(sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err), SC_STORE);
    assert_false(told(b, "it is not known"));
    will(b, FAKE_WHOLE, 400, "{\"error\":\"ERR no scripts here\"}");
    redis_must(sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err), &b->err);
    assert_true(r->type == REDIS_REPLY_ERROR && !strcmp(r->str, "ERR no scripts here"));
    freeReplyObject(r);
    will(b, FAKE_WHOLE, 200, "{\"result\":7}");
    will(b, FAKE_WHOLE, 200, "{\"result\":7}");
    assert_int_equal(sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err), SC_STORE);
    assert_false(told(b, "it is not known"));
    will(b, FAKE_WHOLE, 200, "{\"result\":\"YWIxMg==\"}");
    will(b, FAKE_SLAM, 200, "");
    size_t before = fake_upstream_count(b->u);
    assert_int_equal(sc_rd_command(&b->s, NULL, 4, argv, NULL, false, &r, &b->err), SC_STORE);
    assert_true(told(b, "it is not known"));
    assert_int_equal(fake_upstream_count(b->u), before + 2);
}

static void commands_that_are_sent_together_go_together(void **state) {
    bench *b = *state;
    static const char text[] = "*2\r\n$4\r\nTYPE\r\n$1\r\na\r\n*2\r\n$4\r\nTYPE\r\n$1\r\n\"\r\n"
                               "*2\r\n$4\r\nTYPE\r\n$1\r\n\xff\r\n*2\r\n$4\r\nTYPE\r\n$1\r\nb\r\n";
    static const char *const want[] = {"hash", "WRONGTYPE", "set", "none"};
    sc_rd_link *l;
    redis_must(sc_rd_link_open(&b->to, &l, &b->err), &b->err);
    will(b, FAKE_WHOLE, 200, "[{\"result\":\"aGFzaA==\"},{\"error\":\"WRONGTYPE\"}]");
    will(b, FAKE_WHOLE, 200, "{\"result\":\"c2V0\"}"); /* a name that is no text goes alone */
    will(b, FAKE_WHOLE, 200, "{\"result\":\"bm9uZQ==\"}");
    redis_must(sc_rd_link_send(l, text, sizeof text - 1, &b->err), &b->err);
    for (size_t i = 0; i < SC_LEN(want); i++) {
        redisReply *r;
        redis_must(sc_rd_link_reply(l, &r, &b->err), &b->err);
        assert_string_equal(r->str, want[i]);
        freeReplyObject(r);
    }
    assert_int_equal(fake_upstream_count(b->u), 3);
    sc_rd_link_close(l);
}

static void a_pipeline_answered_in_part_is_not_answered(void **state) {
    bench *b = *state;
    static const char text[] = "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n";
    static const char *const bad[] = {"[{\"result\":1}]", "{\"result\":1}", "[{\"result\":1},7]",
                                      "[{\"result\":1},{\"result\":1},{\"result\":1}]"};
    redisReply *r;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_rd_link *l;
        redis_must(sc_rd_link_open(&b->to, &l, &b->err), &b->err);
        will(b, FAKE_WHOLE, 200, bad[i]);
        redis_must(sc_rd_link_send(l, text, sizeof text - 1, &b->err), &b->err);
        assert_int_equal(sc_rd_link_reply(l, &r, &b->err), SC_STORE);
        sc_rd_link_close(l);
    }
}

/* ---- A real one ---------------------------------------------------------------------------------- */

static rest_server *open_behind(sc_fx *f, const char *const *options) {
    char url[80];
    rest_server *rest = rest_server_start(redis_server_socket(redis_server_shared()), options);
    assert_non_null(rest);
    redis_server_empty();
    *f = (sc_fx){.clock_ms = T0};
    sc_arena_init(&f->arena, 1 << 20);
    snprintf(url, sizeof url, "http://:" REST_TOKEN "@127.0.0.1:%d", rest_server_port(rest));
    fx_rc(f, redis_open_at(url, NULL, &f->store, &f->err), SC_OK);
    f->ops = f->store.ops;
    f->s = f->store.self;
    return rest;
}

static void close_behind(sc_fx *f, rest_server *rest) {
    sc_store_close(&f->store);
    sc_arena_done(&f->arena);
    rest_server_end(rest);
}

static void a_request_over_the_limit_is_an_understandable_error(void **state) {
    (void)state;
    sc_fx f;
    static char text[8000];
    const char *const options[] = {"--max-request", "6000", "--forbid", "CONFIG", NULL};
    rest_server *rest = open_behind(&f, options);
    sc_id p = fx_project(&f, "p"), job = fx_id(&f);
    sc_feedback r = fx_feedback(&f, &p);
    sc_put_result out;
    memset(text, 'a', sizeof text - 1);
    r.body = sc_str_of(text);
    fx_rc(&f, f.ops->feedback_put(f.s, &r, &job, 1, &out, &f.err), SC_TOO_LARGE);
    assert_non_null(strstr(f.err.msg, "larger than Redis takes"));
    sc_str *words;
    size_t n;
    fx_ok(&f, f.ops->risks(f.s, &f.arena, &words, &n, &f.err));
    assert_true(n == 1 && sc_str_find(words[0], SC_STR("over REST")) != SIZE_MAX);
    close_behind(&f, rest);
}

static void a_service_that_has_enough_is_told_with_its_time_and_nothing_is_written(void **state) {
    (void)state;
    sc_fx f;
    char dir[128], busy[160];
    fx_make_dir(dir, sizeof dir);
    snprintf(busy, sizeof busy, "%s/busy", dir);
    const char *const options[] = {"--busy", busy, NULL};
    rest_server *rest = open_behind(&f, options);
    sc_id p = fx_project(&f, "p"), job = fx_id(&f);
    const sc_feedback r = fx_feedback(&f, &p);
    sc_put_result out;
    FILE *file = fopen(busy, "w");
    assert_non_null(file);
    fputs("429 40", file);
    fclose(file);
    fx_rc(&f, f.ops->feedback_put(f.s, &r, &job, 1, &out, &f.err), SC_STORE);
    assert_non_null(strstr(f.err.msg, "429"));
    assert_int_equal(f.err.retry_after_ms, 40000);
    unlink(busy);
    fx_ok(&f, f.ops->feedback_put(f.s, &r, &job, 1, &out, &f.err));
    assert_int_equal(out.status, SC_PUT_NEW);
    close_behind(&f, rest);
    rmdir(dir);
}

static sc_rc run_script(const sc_rd_address *to, sc_err *err) {
    static const char text[] =
        "*4\r\n$4\r\nEVAL\r\n$14\r\nreturn ARGV[1]\r\n$1\r\n0\r\n$1\r\n\xff\r\n";
    sc_rd_link *l = NULL;
    redisReply *r = NULL;
    sc_rc rc = sc_rd_link_open(to, &l, err);
    if (!rc) rc = sc_rd_link_send(l, text, sizeof text - 1, err);
    if (!rc) rc = sc_rd_link_reply(l, &r, err);
    if (!rc) assert_string_equal(r->str, "\xff");
    if (r) freeReplyObject(r);
    sc_rd_link_close(l);
    return rc;
}

static void any_allocation_may_fail(void **state) {
    (void)state;
    sc_rd_address to;
    sc_err err = {0};
    uint64_t nth = 1;
    redis_must(sc_rd_address_parse(sc_str_of(rest_server_url()), NULL, &to, &err), &err);
    redis_must(run_script(&to, &err), &err);
    for (bool all = false; !all; nth++) {
        sc_mem_fail_after(nth);
        sc_rc rc = run_script(&to, &err);
        all = sc_mem_fail_after(0) < nth;
        if (all) redis_must(rc, &err);
        if (rc && rc != SC_NOMEM && rc != SC_STORE) fail_msg("%s at %d", err.msg, (int)nth);
    }
    assert_true(nth > 10);
}

static void where_looks_are_paid_for_they_are_few(void **state) {
    (void)state;
    const struct {
        const char *url;
        int64_t said, kept;
    } cases[] = {
        {rest_server_url(), 0, 1000}, {rest_server_url(), 20, 20}, {redis_server_url(), 0, 0}};
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        const sc_redis_conf conf = {
            .url = cases[i].url, .timeout_ms = 5000, .look_ms = cases[i].said};
        sc_store s;
        sc_err err = {0};
        redis_must(sc_store_open(&sc_store_redis, &conf, &s, &err), &err);
        assert_int_equal(s.ops->look_ms(s.self), cases[i].kept);
        sc_store_close(&s);
    }
}

static void a_huge_answer_is_given_up(void **state) {
    (void)state;
    sc_rd_address to;
    sc_rd_link *l;
    sc_err err = {0};
    redisReply *r;
    const char *const put[] = {"SETRANGE", "huge", "52000000", "x"};
    static const char get[] = "*2\r\n$3\r\nGET\r\n$4\r\nhuge\r\n";
    assert_true(redis_server_say(redis_server_shared(), 4, put) > 0);
    redis_must(sc_rd_address_parse(sc_str_of(rest_server_url()), NULL, &to, &err), &err);
    to.timeout_ms = 20000;
    redis_must(sc_rd_link_open(&to, &l, &err), &err);
    redis_must(sc_rd_link_send(l, get, sizeof get - 1, &err), &err);
    assert_int_equal(sc_rd_link_reply(l, &r, &err), SC_STORE);
    assert_non_null(strstr(err.msg, "over 67108864 bytes"));
    sc_rd_link_close(l);
    redis_server_empty();
}

/* ASan's own count; there is none without it. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static void say(sc_rd_link *l, const char *p, size_t n) {
    sc_err err = {0};
    redisReply *r;
    redis_must(sc_rd_link_send(l, p, n, &err), &err);
    redis_must(sc_rd_link_reply(l, &r, &err), &err);
    freeReplyObject(r);
}

static void what_one_large_request_took_is_given_back(void **state) {
    (void)state;
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    static const char get[] = "*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n";
    const size_t large = 3 << 20;
    sc_rd_address to;
    sc_rd_link *l;
    sc_err err = {0};
    if (!__sanitizer_get_current_allocated_bytes) {
        print_message("bytes are counted by ASan only\n");
        skip();
    }
    SC_AUTO(sc_buf_done) sc_buf set;
    sc_buf_init(&set, 2 * large);
    sc_buf_putf(&set, "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%zu\r\n", large);
    assert_true(sc_buf_reserve(&set, large + 2));
    memset(set.p + set.n, 'a', large);
    set.n += large;
    sc_buf_puts(&set, "\r\n");
    redis_must(sc_rd_address_parse(sc_str_of(rest_server_url()), NULL, &to, &err), &err);
    to.timeout_ms = 20000;
    redis_must(sc_rd_link_open(&to, &l, &err), &err);
    say(l, ping, sizeof ping - 1);
    const size_t before = __sanitizer_get_current_allocated_bytes();
    say(l, set.p, set.n);
    say(l, get, sizeof get - 1);
    say(l, ping, sizeof ping - 1); /* the readers of hiredis shrink when they are fed again */
    assert_in_range(__sanitizer_get_current_allocated_bytes(), 0, before + (1 << 20));
    sc_rd_link_close(l);
    redis_server_empty();
}

static void tls_is_spoken_and_only_to_a_service_that_proves_its_name(void **state) {
    (void)state;
    char dir[128], key[160], cert[160], url[80];
    sc_store s = {NULL, NULL};
    sc_err err = {0};
    fx_make_dir(dir, sizeof dir);
    snprintf(key, sizeof key, "%s/k.pem", dir);
    snprintf(cert, sizeof cert, "%s/c.pem", dir);
    redis_certificate(key, cert);
    const char *const options[] = {"--tls", cert, key, NULL};
    rest_server *rest = rest_server_start(redis_server_socket(redis_server_shared()), options);
    assert_non_null(rest);
    int port = rest_server_port(rest);
    snprintf(url, sizeof url, "https://:" REST_TOKEN "@localhost:%d", port);
    assert_int_equal(redis_open_at(url, NULL, &s, &err), SC_STORE); /* nobody vouches for it */
    assert_int_equal(redis_open_at(url, "/no/such/file", &s, &err), SC_STORE);
    redis_must(redis_open_at(url, cert, &s, &err), &err);
    redis_use(&s);
    sc_store_close(&s);
    snprintf(url, sizeof url, "https://:" REST_TOKEN "@127.0.0.1:%d", port);
    assert_int_equal(redis_open_at(url, cert, &s, &err), SC_STORE); /* another name's certificate */
    snprintf(url, sizeof url, "http://:" REST_TOKEN "@localhost:%d", port);
    assert_int_equal(redis_open_at(url, cert, &s, &err), SC_STORE);
    snprintf(url, sizeof url, "https://:wr0ng@localhost:%d", port);
    assert_int_equal(redis_open_at(url, cert, &s, &err), SC_STORE);
    assert_true(strstr(err.msg, "token") && !strstr(err.msg, "wr0ng"));
    rest_server_end(rest);
    unlink(key);
    unlink(cert);
    rmdir(dir);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_new, bench_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(good_answers_become_replies),
        T(errors_of_redis_stay_errors_of_redis),
        T(refusals_are_told_in_words),
        T(too_many_requests_say_when_to_come_back),
        T(only_what_is_over_soon_says_when_to_come_back),
        T(an_answer_that_is_none_leaves_a_write_in_doubt),
        T(a_service_that_fails_leaves_a_write_in_doubt),
        T(a_slow_service_ends_with_the_timeout),
        T(what_was_never_sent_is_not_in_doubt),
        T(bytes_go_in_the_body_and_their_command_in_the_path),
        T(a_script_goes_ahead_of_the_bytes_it_is_run_with),
        T(commands_that_are_sent_together_go_together),
        T(a_pipeline_answered_in_part_is_not_answered),
    };
    const struct CMUnitTest real[] = {
        cmocka_unit_test(a_request_over_the_limit_is_an_understandable_error),
        cmocka_unit_test(a_service_that_has_enough_is_told_with_its_time_and_nothing_is_written),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(where_looks_are_paid_for_they_are_few),
        cmocka_unit_test(a_huge_answer_is_given_up),
        cmocka_unit_test(what_one_large_request_took_is_given_back),
        cmocka_unit_test(tls_is_spoken_and_only_to_a_service_that_proves_its_name),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fx_backend = &sc_store_redis;
    if (!redis_server_url()) return failed; /* said by it */
    return failed + cmocka_run_group_tests(real, NULL, NULL);
}
