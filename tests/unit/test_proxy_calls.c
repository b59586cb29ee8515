/* Model calls through the proxy: what is refused, what goes up, what comes back, what is booked. */
#include "test_proxy_support.h"

/* ---- Refused ------------------------------------------------------------------------------------- */

static void refused(world *w, const char *path, const char *body, int status, const char *words) {
    char *got = post(w, path, "", body);
    if (status_of(got) != status) fail_msg("%s: %s", body, got);
    must_hold(got, words);
    assert_int_equal(w->n_asked, 0);
    assert_int_equal(w->n_spent, 0);
}

static void ways_out_through_the_service_are_refused(void **state) {
    world *w = *state;
    start(w);
    static const struct {
        const char *path, *body;
    } cases[] = {
        {CHAT, "{\"model\":\"m-1\",\"web_search_options\":{},\"messages\":[]}"},
        {CHAT,
         "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
         "\"image_url\":{\"url\":\"https://evil.example/?code=1\"}}]}]}"},
        {"/v1/responses",
         "{\"model\":\"m-1\",\"tools\":[{\"type\":\"web_search\"}],\"input\":\"x\"}"},
        {"/v1/responses", "{\"model\":\"m-1\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},"
                          "{\"type\":\"mcp\",\"server_url\":\"https://evil.example\"}]}"},
        {"/v1/responses", "{\"model\":\"m-1\",\"background\":true,\"input\":\"x\"}"},
        {"/v1/responses", "{\"model\":\"m-1\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
                          "\"input_file\",\"file_url\":\"https://evil.example/a.pdf\"}]}]}"},
        {"/v1/messages",
         "{\"model\":\"m-1\",\"max_tokens\":9,\"tools\":[{\"type\":\"web_fetch_20250910\","
         "\"name\":\"web_fetch\"}]}"},
        {"/v1/messages",
         "{\"model\":\"m-1\",\"mcp_servers\":[{\"url\":\"https://evil.example\"}]}"},
        {"/v1/messages",
         "{\"model\":\"m-1\",\"messages\":[{\"content\":[{\"type\":\"image\",\"source\":{"
         "\"type\":\"url\",\"url\":\"https://evil.example\"}}]}]}"},
        {"/v1beta/models/m-1:generateContent", "{\"tools\":[{\"googleSearch\":{}}]}"},
        {"/v1beta/models/m-1:generateContent",
         "{\"tools\":[{\"functionDeclarations\":[],\"urlContext\":{}}]}"},
        {"/v1beta/models/m-1:generateContent",
         "{\"contents\":[{\"parts\":[{\"fileData\":{\"fileUri\":\"https://evil.example\"}}]}]}"},
    };
    for (size_t i = 0; i < SC_LEN(cases); i++)
        refused(w, cases[i].path, cases[i].body, 403, "error");
    assert_int_equal(w->n_may, 0);
}

static void what_cannot_be_counted_is_refused(void **state) {
    world *w = *state;
    start(w);
    refused(w, CHAT, "{\"model\":\"m-2\",\"messages\":[]}", 403, "no price");
    refused(w, CHAT, "{\"messages\":[]}", 400, "names no model");
    refused(w, CHAT, "{\"model\":\"m-2\",\"model\":\"m-1\"}", 400, "error"); /* which one? */
    refused(w, CHAT, "{\"model\":\"m-1\"", 400, "error");
    refused(w, CHAT, "[]", 400, "no JSON object");
    refused(w, "/v1/messages", "{\"model\":\"m-2\"}", 403, "\"type\":\"error\"");
    refused(w, "/v1beta/models/m-2:generateContent", "{}", 403, "PERMISSION_DENIED");
    refused(w, "/v1beta/models/..%2Ffiles:generateContent", "{}", 404, "NOT_FOUND");
    refused(w, "/v1/files", "{}", 404, "not_found");
    refused(w, "/v1/../v1/chat/completions", ASK, 404, "not_found");
    char *got = post(w, CHAT, "Content-Encoding: gzip\r\n", ASK);
    assert_int_equal(status_of(got), 415);
}

static void a_cap_refuses_with_a_status_that_is_not_tried_again(void **state) {
    world *w = *state;
    w->refuse = SC_LIMITED;
    start(w);
    refused(w, CHAT, ASK, 402, "the job's cap of $1.00 is used up");
    char *got = post(w, "/v1/messages", "", ASK);
    must_hold(got, "x-should-retry: false");
    must_hold(got, "\"billing_error\"");
    w->refuse = SC_OK;
    w->key = NULL;
    refused(w, CHAT, ASK, 403, "no key");
}

/* ---- Up ------------------------------------------------------------------------------------------ */

static void the_clients_credentials_stay_here_and_ours_go_up(void **state) {
    world *w = *state;
    w->script[0] = REPLY_JSON("{\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":100}}");
    start(w);
    char *got = post(w, CHAT "?key=dummy",
                     "Authorization: Bearer dummy\r\nx-api-key: dummy\r\nCookie: dummy\r\n"
                     "X-Forwarded-For: dummy\r\nOpenAI-Beta: a=1\r\nConnection: dummy\r\n",
                     ASK);
    assert_int_equal(status_of(got), 200);
    must_hold(w->asked, "POST /v1/chat/completions HTTP/1.1\r\n");
    must_hold(w->asked, "Authorization: Bearer " KEY "\r\n");
    must_hold(w->asked, "openai-beta: a=1\r\n");
    must_not_hold(w->asked, "dummy");
    assert_string_equal(w->model, "m-1");
    assert_int_equal(w->n_counted, 1);
    assert_int_equal(w->took.tokens_in, 1000);
    assert_int_equal(w->took.micro_usd, 1000 + 1000); /* 1000 at $1, 100 at $10 a million */
}

static void each_shape_goes_where_it_belongs(void **state) {
    world *w = *state;
    start(w);
    w->script[0] = REPLY_JSON("{\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":1000,"
                              "\"cache_creation_input_tokens\":100,\"output_tokens\":5}}");
    post(w, "/v1/messages?beta=true", "anthropic-beta: b\r\n", ASK);
    must_hold(w->asked, "POST /v1/messages?beta=true HTTP/1.1\r\n");
    must_hold(w->asked, "x-api-key: " KEY "\r\n");
    must_hold(w->asked, "anthropic-version: 2023-06-01\r\n");
    assert_int_equal(w->took.tokens_in, 1110);
    assert_int_equal(w->took.micro_usd, 10 + 100 + 125 + 50);
    w->script[0] =
        REPLY_JSON("{\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,"
                   "\"thoughtsTokenCount\":3}}");
    post(w, "/v1beta/models/m-1:generateContent?key=dummy", "x-goog-api-key: dummy\r\n", "{}");
    must_hold(w->asked, "POST /v1beta/models/m-1:generateContent HTTP/1.1\r\n");
    must_hold(w->asked, "x-goog-api-key: " KEY "\r\n");
    must_not_hold(w->asked, "dummy");
    assert_int_equal(w->took.tokens_out, 5);
    w->script[0] = REPLY_JSON("{\"usage\":{\"input_tokens\":7,\"output_tokens\":8}}");
    post(w, "/v1/responses", "",
         "{\"model\":\"m-1\",\"input\":\"x\",\"service_tier\":\"priority\"}");
    must_hold(w->asked, "POST /v1/responses HTTP/1.1\r\n");
    must_not_hold(w->asked, "priority");
    assert_int_equal(w->took.tokens_out, 8);
    w->script[0] = REPLY_JSON("{\"input_tokens\":70000}");
    post(w, "/v1/messages/count_tokens", "", ASK);
    assert_int_equal(w->took.micro_usd, 0);
    assert_int_equal(w->n_counted, 4);
    char *got = talk(w, "GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n");
    must_hold(got, "\"id\":\"m-1\"");
    assert_int_equal(w->n_asked, 4); /* answered here */
}

static void the_agents_own_tools_pass(void **state) {
    world *w = *state;
    w->script[0] = REPLY_JSON("{}");
    start(w);
    static const struct {
        const char *path, *body;
    } cases[] = {
        {CHAT, "{\"model\":\"m-1\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
               "\"parameters\":{\"properties\":{\"url\":{\"type\":\"string\"}}}}}]}"},
        {CHAT,
         "{\"model\":\"m-1\",\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"data:image/png;base64,AA\"}}]}]}"},
        {"/v1/messages",
         "{\"model\":\"m-1\",\"tools\":[{\"name\":\"f\",\"input_schema\":{}},"
         "{\"type\":\"bash_20250124\",\"name\":\"bash\"}],\"messages\":[{\"content\":"
         "[{\"type\":\"tool_use\",\"input\":{\"type\":\"url\",\"url\":\"https://a\"}}]}]}"},
        {"/v1beta/models/m-1:generateContent", "{\"contents\":[{\"parts\":[{\"functionCall\":{"
                                               "\"name\":\"f\",\"args\":{\"fileData\":{}}}}]}],"
                                               "\"tools\":[{\"functionDeclarations\":[]}]}"},
    };
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        char *got = post(w, cases[i].path, "", cases[i].body);
        if (status_of(got) != 200) fail_msg("%s", got);
    }
}

/* ---- Back ---------------------------------------------------------------------------------------- */

static void an_event_stream_flows_and_is_counted(void **state) {
    world *w = *state;
    w->script[0] = REPLY_SSE("data: {\"choices\":[{\"delta\":{\"content\":\"he\"}}]}\n\nda");
    w->script[1] =
        "ta: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\n"
        "data: [DONE]\n\n";
    start(w);
    char *got =
        post(w, CHAT, "",
             "{\"model\":\"m-1\",\"stream\":true,\"stream_options\":{\"include_usage\":false}}");
    must_hold(got, "text/event-stream");
    must_hold(got, "[DONE]\n\n\r\n0\r\n\r\n");
    must_hold(w->asked, "\"stream_options\":{\"include_usage\":true}");
    assert_int_equal(w->took.tokens_in, 9);
    assert_int_equal(w->took.tokens_out, 4);
    w->script[0] =
        REPLY_SSE("data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":30,"
                  "\"output_tokens\":1}}}\n\n");
    w->script[1] = "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":40}}\n\n";
    post(w, "/v1/messages", "", "{\"model\":\"m-1\",\"stream\":true}");
    assert_int_equal(w->took.tokens_in, 30);
    assert_int_equal(w->took.tokens_out, 40);
    w->script[0] = REPLY_SSE("data: {\"usageMetadata\":{\"promptTokenCount\":5}}\r\n\r\n");
    w->script[1] =
        "data: {\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":6}}\r\n\r\n";
    post(w, "/v1beta/models/m-1:streamGenerateContent?alt=sse", "", "{}");
    must_hold(w->asked, ":streamGenerateContent?alt=sse HTTP");
    assert_int_equal(w->took.tokens_out, 6);
    assert_int_equal(w->n_counted, 3);
}

static void a_stream_comes_piece_by_piece(void **state) {
    world *w = *state;
    w->script[0] = REPLY_SSE("data: {\"n\":1}\n\n");
    w->holds = true; /* the service waits: what it said must be here already */
    start(w);
    static char text[MAX_TEXT];
    int fd = dial(w);
    say(fd, "POST " CHAT " HTTP/1.1\r\nContent-Length: 15\r\n\r\n{\"model\":\"m-1\"}");
    memset(text, 0, sizeof text);
    hear(fd, "{\"n\":1}", text);
    close(fd); /* the agent is killed: the service must see that */
    wait_for(w, &w->n_left, 1);
    wait_for(w, &w->n_spent, 1);
    assert_int_equal(w->n_counted, 0);
    assert_true(w->took.tokens_in > 0); /* booked by what was seen */
}

static void the_key_is_in_no_reply(void **state) {
    world *w = *state;
    w->script[0] = "HTTP/1.1 401 No\r\nContent-Type: application/json\r\nX-Echo: " KEY
                   "\r\nConnection: close\r\n\r\n{\"error\":\"bad key sk-cana";
    w->script[1] = "ry-0123456789abcdef c2stY2FuYXJ5LTAxMjM0NTY3ODlhYmNkZWY=\"}";
    start(w);
    char *got = post(w, CHAT, "", ASK);
    assert_int_equal(status_of(got), 401);
    must_hold(got, "[redacted] [redacted]");
    must_not_hold(got, "sk-cana");
    must_not_hold(got, "c2stY2FuYXJ5");
    assert_int_equal(w->took.micro_usd, 0); /* a refusal costs nothing */
    assert_int_equal(w->n_counted, 1);
}

/* ---- Bad luck ------------------------------------------------------------------------------------ */

static void errors_of_the_service_reach_the_agent(void **state) {
    world *w = *state;
    w->script[0] = "HTTP/1.1 429 Slow\r\nContent-Type: application/json\r\nRetry-After: 7\r\n"
                   "Connection: close\r\n\r\n{\"error\":\"slow down\"}";
    start(w);
    char *got = post(w, CHAT, "", ASK);
    assert_int_equal(status_of(got), 429);
    must_hold(got, "Retry-After: 7\r\n");
    must_hold(got, "slow down");
    w->script[0] = "HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n<html>";
    assert_int_equal(status_of(post(w, CHAT, "", ASK)), 500);
    assert_int_equal(w->n_spent, 2);
    assert_int_equal(w->took.micro_usd, 0);
    w->script[0] = "SSH-2.0-x\r\n"; /* no HTTP at all */
    assert_int_equal(status_of(post(w, CHAT, "", ASK)), 502);
    w->script[0] = NULL; /* it hangs up without a word: it may have worked */
    got = post(w, "/v1/messages", "", ASK);
    assert_int_equal(status_of(got), 502);
    must_hold(got, "api_error");
    assert_true(w->took.micro_usd > 0);
    assert_int_equal(w->n_spent, 4);
}

static void a_service_that_is_not_there_costs_nothing(void **state) {
    world *w = *state;
    w->ups[0].base = "http://127.0.0.1:1/v1";
    start(w);
    assert_int_equal(status_of(post(w, CHAT, "", ASK)), 502);
    assert_int_equal(w->took.tokens_in, 0);
    assert_int_equal(w->n_counted, 1);
}

static void a_slow_service_is_given_up(void **state) {
    world *w = *state;
    w->holds = true;
    w->conf.call_timeout_ms = 200;
    start(w);
    char *got = post(w, CHAT, "", ASK);
    assert_int_equal(status_of(got), 504);
    assert_true(w->took.tokens_in > 0);
    assert_true(w->took.tokens_out >= 100); /* it may have thought all the time */
    assert_true(w->took.micro_usd >= 100 * w->models[0].price_out / 1000000);
    assert_true(w->took.tokens_out <= w->estimate.tokens_out);
    assert_int_equal(w->n_counted, 0);
    assert_int_equal(w->n_spent, 1);
}

static int64_t at_zero(void *self) {
    (void)self;
    return 0;
}

static void a_reply_that_is_cut_off_is_seen_to_be_cut_off(void **state) {
    world *w = *state;
    w->script[0] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"0123456789\"}}]}\n\n";
    static const sc_clock stands_still = {.wall_ms = at_zero, .mono_us = at_zero};
    w->conf.clock = &stands_still;
    start(w);
    char *got = post(w, CHAT, "", "{\"model\":\"m-1\",\"stream\":true}");
    must_hold(got, "0123456789");
    must_not_hold(got, "\r\n0\r\n\r\n"); /* no end */
    assert_int_equal(w->took.tokens_out, 10 / 2 + 1);
    assert_int_equal(w->n_counted, 0);
}

static void nonsense_counts_upward(void **state) {
    world *w = *state;
    w->script[0] = REPLY_JSON("not json at all");
    start(w);
    post(w, CHAT, "", ASK);
    assert_int_equal(w->n_counted, 0);
    assert_int_equal(w->took.tokens_in, w->estimate.tokens_in);
    assert_int_equal(w->took.tokens_out, 15 / 2 + 1);
    w->script[0] = REPLY_JSON("{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e300}}");
    post(w, CHAT, "", ASK);
    assert_int_equal(w->n_counted, 0);
    assert_true(w->took.tokens_in > 0);
}

static void a_reply_over_the_limit_is_cut(void **state) {
    world *w = *state;
    w->conf.max_reply_bytes = 10;
    w->script[0] = REPLY_JSON("0123456789ABCDEF");
    start(w);
    char *got = post(w, CHAT, "", ASK);
    must_not_hold(got, "ABCDEF");
    must_not_hold(got, "\r\n0\r\n\r\n");
    assert_int_equal(w->n_spent, 1);
}

static void a_stop_ends_calls_and_books_them(void **state) {
    world *w = *state;
    w->holds = true;
    start(w);
    int fd = dial(w);
    say(fd, "POST " CHAT " HTTP/1.1\r\nContent-Length: 15\r\n\r\n{\"model\":\"m-1\"}");
    wait_for(w, &w->n_asked, 1);
    sc_proxy_stop(w->proxy);
    w->proxy = NULL;
    assert_int_equal(w->n_spent, 1);
    assert_int_equal(access(w->path, F_OK), -1);
    close(fd);
}

static void wrong_tables_do_not_start(void **state) {
    world *w = *state;
    sc_err err = {0};
    sc_proxy *p = NULL;
    w->ups[1].shape = SC_PROXY_OPENAI;
    assert_int_equal(sc_proxy_start(&w->conf, &p, &err), SC_INVALID);
    w->ups[1].shape = SC_PROXY_ANTHROPIC;
    w->ups[1].base = "ftp://x";
    assert_int_equal(sc_proxy_start(&w->conf, &p, &err), SC_INVALID);
    w->ups[1].base = w->base;
    w->models[0].name = "a\"b";
    assert_int_equal(sc_proxy_start(&w->conf, &p, &err), SC_INVALID);
    w->models[0].name = "m-1";
    start(w);
    assert_int_equal(sc_proxy_start(&w->conf, &p, &err), SC_CONFLICT); /* the socket is there */
    struct stat s;
    assert_int_equal(stat(w->path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void a_start_without_memory_leaves_nothing(void **state) {
    world *w = *state;
    w->hosts[0] = (sc_proxy_host){.name = "a.example"};
    w->conf.n_hosts = 1;
    for (uint64_t nth = 1;; nth++) {
        sc_err err = {0};
        sc_mem_fail_after(nth);
        sc_rc rc = sc_proxy_start(&w->conf, &w->proxy, &err);
        sc_mem_fail_after(0);
        if (!rc) break;
        assert_int_equal(rc, SC_NOMEM);
        assert_int_equal(access(w->path, F_OK), -1);
        assert_true(nth < 1000);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        TEST(ways_out_through_the_service_are_refused),
        TEST(what_cannot_be_counted_is_refused),
        TEST(a_cap_refuses_with_a_status_that_is_not_tried_again),
        TEST(the_clients_credentials_stay_here_and_ours_go_up),
        TEST(each_shape_goes_where_it_belongs),
        TEST(the_agents_own_tools_pass),
        TEST(an_event_stream_flows_and_is_counted),
        TEST(a_stream_comes_piece_by_piece),
        TEST(the_key_is_in_no_reply),
        TEST(errors_of_the_service_reach_the_agent),
        TEST(a_service_that_is_not_there_costs_nothing),
        TEST(a_slow_service_is_given_up),
        TEST(a_reply_that_is_cut_off_is_seen_to_be_cut_off),
        TEST(nonsense_counts_upward),
        TEST(a_reply_over_the_limit_is_cut),
        TEST(a_stop_ends_calls_and_books_them),
        TEST(wrong_tables_do_not_start),
        TEST(a_start_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
