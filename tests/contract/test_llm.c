/* Every language model's backend keeps the port's word: the same answer out of each vendor's reply, the same
 * code for the same failure, and nothing guessed from a reply that is not what the vendor sends. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "fake_upstream.h"
#include "llms/chat.h"
#include "llms/registry.h"

/* What each service says: an answer, half of one, a refusal, nothing, and replies that are no replies of its. */
typedef struct vendor {
    const char *name, *path, *answer, *cut, *refused, *silent;
    const char *bad[6];
} vendor;

#define ANSWER "{\\\"title\\\":\\\"Export fails\\\",\\\"sure\\\":true}"

static const vendor vendors[] = {
    {"gemini",
     "POST /v1beta/models/toy:generateContent HTTP/1.1",
     "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thought\":"
     "true},{\"text\":\"" ANSWER "\"}]},\"finishReason\":\"STOP\"}],\"modelVersion\":\"toy-1\","
     "\"usageMetadata\":{\"promptTokenCount\":40,\"candidatesTokenCount\":5,"
     "\"thoughtsTokenCount\":7}}",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{\\\"title\\\":\\\"Exp\"}]},"
     "\"finishReason\":\"MAX_TOKENS\"}],\"modelVersion\":\"toy-1\",\"usageMetadata\":{"
     "\"promptTokenCount\":40,\"candidatesTokenCount\":12}}",
     "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"modelVersion\":\"toy-1\","
     "\"usageMetadata\":{\"promptTokenCount\":40}}",
     "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":40}}",
     {"{}", "{\"candidates\":[]}", "{\"candidates\":{}}", "{\"candidates\":[17]}",
      "{\"candidates\":null}", "[]"}},
    {"openai",
     "POST /chat/completions HTTP/1.1",
     "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" ANSWER
     "\",\"refusal\":null},\"finish_reason\":\"stop\"}],\"model\":\"toy-1\",\"usage\":{"
     "\"prompt_tokens\":40,\"completion_tokens\":12,\"total_tokens\":52}}",
     "{\"choices\":[{\"message\":{\"content\":\"{\\\"title\\\":\\\"Exp\"},\"finish_reason\":"
     "\"length\"}],\"model\":\"toy-1\",\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":12}}",
     "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"I cannot\"},\"finish_reason\":"
     "\"stop\"}],\"model\":\"toy-1\",\"usage\":{\"prompt_tokens\":40}}",
     "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],"
     "\"usage\":{\"prompt_tokens\":40}}",
     {"{}", "{\"choices\":[]}", "{\"choices\":[{}]}", "{\"choices\":[{\"message\":\"no\"}]}",
      "{\"choices\":{\"0\":1}}", "null"}},
    {"anthropic",
     "POST /v1/messages HTTP/1.1",
     "{\"type\":\"message\",\"role\":\"assistant\",\"model\":\"toy-1\",\"content\":[{\"type\":"
     "\"text\",\"text\":\"hm\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"issue\","
     "\"input\":{\"title\":\"Export fails\",\"sure\":true}}],\"stop_reason\":\"tool_use\","
     "\"usage\":{\"input_tokens\":30,\"cache_read_input_tokens\":10,\"output_tokens\":12}}",
     "{\"model\":\"toy-1\",\"content\":[{\"type\":\"tool_use\",\"name\":\"issue\",\"input\":{"
     "\"title\":\"Exp\"}}],\"stop_reason\":\"max_tokens\",\"usage\":{\"input_tokens\":40,"
     "\"output_tokens\":12}}",
     "{\"model\":\"toy-1\",\"content\":[],\"stop_reason\":\"refusal\",\"usage\":{"
     "\"input_tokens\":40}}",
     "{\"content\":[{\"type\":\"tool_use\",\"name\":\"other\",\"input\":{}}],\"stop_reason\":"
     "\"tool_use\",\"usage\":{\"input_tokens\":40}}",
     {"{}", "{\"content\":\"text\"}", "{\"content\":null}", "{\"content\":{}}",
      "{\"type\":\"error\",\"error\":{\"type\":\"api_error\"}}", "17"}},
};

typedef struct world {
    fake_upstream *up;
    const vendor *v;
    sc_llm llm;
    sc_arena arena;
    sc_llm_answer answer;
    sc_err err;
} world;

static const sc_llm_field fields[] = {{"title", SC_LLM_TEXT, "a title"},
                                      {"sure", SC_LLM_FLAG, "whether you are sure"}};
static const sc_llm_question question = {.name = "issue",
                                         .system = {"Do as told.", 11},
                                         .content = {"{\"reports\":[\"a \\\"b\\\"\"]}", 23},
                                         .fields = fields,
                                         .n_fields = 2,
                                         .max_tokens = 321};

static void begin(world *w, const vendor *v) {
    char base[96];
    *w = (world){.up = fake_upstream_new(), .v = v};
    sc_arena_init(&w->arena, 16 << 20);
    w->llm.ops = sc_llm_find(sc_str_of(v->name));
    assert_non_null(w->llm.ops);
    w->llm.self = sc_alloc(w->llm.ops->size);
    snprintf(base, sizeof base, "%s/", fake_upstream_url(w->up));
    const sc_llm_conf conf = {.key = "k-SECRET", .base = base, .model = "toy", .usd_in = "1"};
    if (w->llm.ops->open(w->llm.self, &conf, &w->err)) fail_msg("%s", w->err.msg);
}

static void end(world *w) {
    w->llm.ops->close(w->llm.self);
    sc_free(w->llm.self);
    fake_upstream_free(w->up);
    sc_arena_done(&w->arena);
}

static sc_rc ask_for(world *w, int64_t ms) {
    w->err = (sc_err){0};
    w->answer = (sc_llm_answer){.tokens_in = -7};
    sc_rc rc = w->llm.ops->ask(w->llm.self, &question, sc_now_ms(&sc_clock_system) + ms, &w->arena,
                               &w->answer, &w->err);
    assert_null(strstr(w->err.msg, "SECRET"));
    if (rc) { /* nothing of it reaches the caller */
        assert_int_equal(w->answer.tokens_in, -7);
        assert_int_equal(w->err.rc, rc);
    }
    return rc;
}

static sc_rc ask(world *w, int status, const char *head, const char *body) {
    fake_upstream_answer(w->up, FAKE_WHOLE, status, head, body);
    return ask_for(w, 20000);
}

/* ---- First what must not be taken ---------------------------------------------------------------- */

static void a_reply_that_is_none_is_upstream(world *w) {
    static const char *const any[] = {"", "no json", "<html>", "{\"a\":", "{\"a\":1}trailing"};
    for (size_t i = 0; i < SC_LEN(any); i++)
        if (ask(w, 200, "", any[i]) != SC_UPSTREAM) fail_msg("taken: %s", any[i]);
    for (size_t i = 0; i < SC_LEN(w->v->bad); i++)
        if (ask(w, 200, "", w->v->bad[i]) != SC_UPSTREAM) fail_msg("taken: %s", w->v->bad[i]);
}

static void half_an_answer_and_a_refusal_are_counted_and_have_no_text(world *w) {
    const char *const replies[] = {w->v->cut, w->v->refused, w->v->silent};
    for (size_t i = 0; i < SC_LEN(replies); i++) {
        if (ask(w, 200, "", replies[i])) fail_msg("%s: %s", replies[i], w->err.msg);
        assert_int_equal(w->answer.text.n, 0);
        assert_non_null(w->answer.why);
        assert_int_equal(w->answer.tokens_in, 40);
        assert_int_equal(w->answer.tokens_out, i ? 0 : 12);
    }
}

static void late_cut_too_big_or_gone_is_no_answer(world *w) {
    char *big = sc_alloc(3 << 20);
    memset(big, ' ', (3 << 20) - 1);
    fake_upstream_answer(w->up, FAKE_HANG, 200, "", w->v->answer);
    assert_int_equal(ask_for(w, 60), SC_TIMEOUT);
    fake_upstream_answer(w->up, FAKE_DRIP, 200, "", w->v->answer);
    assert_int_equal(ask_for(w, 60), SC_TIMEOUT);
    assert_int_equal(ask_for(w, 0), SC_TIMEOUT);
    fake_upstream_answer(w->up, FAKE_CUT, 200, "", w->v->answer);
    assert_int_equal(ask_for(w, 20000), SC_UPSTREAM);
    fake_upstream_answer(w->up, FAKE_SLAM, 200, "", w->v->answer);
    assert_int_equal(ask_for(w, 20000), SC_UPSTREAM);
    assert_int_equal(ask(w, 200, "", big), SC_UPSTREAM);
    sc_free(big);
}

static void each_status_says_what_to_do(world *w) {
    static const struct {
        int status;
        const char *head, *body;
        sc_rc rc;
        int64_t wait_ms;
    } rows[] = {
        {400, "", "{\"error\":{\"message\":\"too long\"}}", SC_INVALID, 0},
        {400, "",
         "{\"error\":{\"message\":\"API key not valid\",\"details\":[{\"reason\":"
         "\"API_KEY_INVALID\"}]}}",
         SC_UNAUTHORIZED, 0},
        {401, "", "{\"error\":{\"message\":\"Incorrect API key: k-SECRET\"}}", SC_UNAUTHORIZED, 0},
        {403, "", "", SC_FORBIDDEN, 0},
        {404, "", "not json", SC_NOT_FOUND, 0},
        {413, "", "", SC_TOO_LARGE, 0},
        {422, "", "", SC_UNPROCESSABLE, 0},
        {429, "retry-after: 7\r\n", "", SC_LIMITED, 7000},
        {429, "", "{\"error\":{\"details\":[{\"retryDelay\":\"46s\"}]}}", SC_LIMITED, 46000},
        {429, "", "{\"error\":{\"code\":\"insufficient_quota\"}}", SC_LIMITED, 900000},
        {429, "",
         "{\"error\":{\"type\":\"rate_limit_error\",\"details\":{\"error_code\":"
         "\"enforced_spend_limit_reached\"}}}",
         SC_LIMITED, 900000},
        {500, "", "{\"error\":{\"message\":\"key k-SECRET leaked\"}}", SC_UPSTREAM, 0},
        {529, "", "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
         SC_UPSTREAM, 0},
        {503, "Retry-After: 30\r\n", "", SC_UPSTREAM, 30000},
        {504, "", "", SC_TIMEOUT, 0},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_rc rc = ask(w, rows[i].status, rows[i].head, rows[i].body);
        if (rc != rows[i].rc || w->err.retry_after_ms != rows[i].wait_ms)
            fail_msg("%d: %s, %lld ms: %s", rows[i].status, sc_rc_name(rc),
                     (long long)w->err.retry_after_ms, w->err.msg);
    }
}

static void a_set_up_that_cannot_work_is_refused_and_names_the_fix(world *w) {
    const sc_llm_ops *ops = w->llm.ops;
    void *self = sc_alloc(ops->size);
    sc_llm_conf conf = {0};
    assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    assert_non_null(strstr(w->err.msg, "SOULCASTER_LLM_KEY"));
    conf.key = "two words";
    assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    assert_null(strstr(w->err.msg, "two words"));
    conf.key = "k";
    conf.model = "nobody-knows-it"; /* a cap on money needs a price */
    assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    assert_non_null(strstr(w->err.msg, "--llm-usd-in"));
    conf.usd_in = "cheap";
    conf.usd_out = "1";
    assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    static const char *const models[] = {"x?y", "a b", "a\"b", "a%20b"};
    for (size_t i = 0; i < SC_LEN(models); i++) {
        conf = (sc_llm_conf){.key = "k", .model = models[i], .usd_in = "1", .usd_out = "1"};
        assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    }
    static const char *const bases[] = {"ftp://x", "127.0.0.1", "http://x/?key=1", "http://a b"};
    for (size_t i = 0; i < SC_LEN(bases); i++) {
        conf = (sc_llm_conf){.key = "k", .model = "toy", .base = bases[i]};
        assert_int_equal(ops->open(self, &conf, &w->err), SC_INVALID);
    }
    sc_free(self);
}

/* ---- Then what they send and take ---------------------------------------------------------------- */

static void an_answer_is_what_the_model_said(world *w) {
    assert_int_equal(ask(w, 200, "", w->v->answer), SC_OK);
    SC_AUTO(sc_json_auto) json_t *said = NULL;
    assert_int_equal(sc_json_parse(w->answer.text, &said, NULL), SC_OK);
    assert_true(sc_str_is(sc_json_str_at(said, "title"), "Export fails"));
    assert_true(json_is_true(json_object_get(said, "sure")));
    assert_true(sc_str_is(w->answer.model, "toy-1"));
    assert_int_equal(w->answer.tokens_in, 40);
    assert_int_equal(w->answer.tokens_out, 12);
    assert_null(w->answer.why);
}

static void a_question_holds_the_instructions_the_data_and_the_schema(world *w) {
    assert_int_equal(ask(w, 200, "", w->v->answer), SC_OK);
    const char *sent = fake_upstream_request(w->up), *body = strstr(sent, "\r\n\r\n");
    if (!strstr(sent, w->v->path)) fail_msg("%s", sent);
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    assert_int_equal(sc_json_parse(sc_str_of(body + 4), &v, NULL), SC_OK);
    assert_non_null(strstr(body, "\"Do as told.\""));
    /* the data is one string of the request, whatever it holds */
    assert_non_null(strstr(body, "\"{\\\"reports\\\":[\\\"a \\\\\\\"b\\\\\\\"\\\"]}\""));
    assert_non_null(strstr(body, "\"required\":[\"title\",\"sure\"]"));
    assert_non_null(strstr(body, ":321"));
    assert_non_null(strstr(sent, "k-SECRET"));
}

static void the_environment_and_the_vendors_own_place_are_known(world *w) {
    const sc_llm_ops *ops = w->llm.ops;
    static const char *const names[] = {"GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"};
    sc_chat *self = sc_alloc(ops->size);
    const sc_llm_conf conf = {0};
    for (size_t i = 0; i < SC_LEN(names); i++) setenv(names[i], "old-key", 1);
    assert_int_equal(ops->open(self, &conf, &w->err), SC_OK);
    assert_non_null(strstr(self->service.auth, "old-key"));
    assert_int_equal(strncmp(self->service.url, "https://", 8), 0);
    assert_true(ops->price(self).in > 0 && ops->price(self).out > ops->price(self).in);
    assert_true(sc_str_starts(sc_str_of(ops->model(self)), ops->name));
    ops->close(self);
    for (size_t i = 0; i < SC_LEN(names); i++) unsetenv(names[i]);
    sc_free(self);
}

static void names_and_prices(world *w) {
    assert_true(*w->llm.ops->summary && w->llm.ops->n_opts);
    assert_true(sc_str_ends(sc_str_of(w->llm.ops->model(w->llm.self)), "/toy"));
    assert_int_equal(w->llm.ops->price(w->llm.self).in, 1000000);
    assert_int_equal(w->llm.ops->price(w->llm.self).out, 0);
}

/* ---- Threads and memory -------------------------------------------------------------------------- */

static void *call(void *self) {
    world *w = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_llm_answer a;
    for (int i = 0; i < 8; i++)
        if (w->llm.ops->ask(w->llm.self, &question, sc_now_ms(&sc_clock_system) + 20000, &arena, &a,
                            NULL) ||
            !sc_str_is(a.model, "toy-1"))
            return self;
    return NULL;
}

static void threads_do_not_disturb_each_other(world *w) {
    enum { CALLERS = 4 };
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS * 8; i++)
        fake_upstream_answer(w->up, FAKE_WHOLE, 200, "", w->v->answer);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call, w), 0);
    for (size_t i = 0; i < CALLERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void failing_memory_is_an_error_and_no_more(world *w) {
    for (uint64_t nth = 1; nth <= 24; nth++) {
        fake_upstream_answer(w->up, FAKE_WHOLE, 200, "", w->v->answer);
        w->err = (sc_err){0};
        sc_mem_fail_after(nth);
        sc_rc rc = w->llm.ops->ask(w->llm.self, &question, sc_now_ms(&sc_clock_system) + 20000,
                                   &w->arena, &w->answer, &w->err);
        sc_mem_fail_after(0);
        if (rc && rc != SC_NOMEM && rc != SC_UPSTREAM && rc != SC_TOO_LARGE)
            fail_msg("%llu: %s: %s", (unsigned long long)nth, sc_rc_name(rc), w->err.msg);
    }
}

#define TEST(name)                                     \
    static void test_##name(void **state) {            \
        (void)state;                                   \
        for (size_t i = 0; i < SC_LEN(vendors); i++) { \
            world w;                                   \
            begin(&w, &vendors[i]);                    \
            name(&w);                                  \
            end(&w);                                   \
        }                                              \
    }
TEST(a_reply_that_is_none_is_upstream)
TEST(half_an_answer_and_a_refusal_are_counted_and_have_no_text)
TEST(late_cut_too_big_or_gone_is_no_answer)
TEST(each_status_says_what_to_do)
TEST(a_set_up_that_cannot_work_is_refused_and_names_the_fix)
TEST(an_answer_is_what_the_model_said)
TEST(a_question_holds_the_instructions_the_data_and_the_schema)
TEST(the_environment_and_the_vendors_own_place_are_known)
TEST(names_and_prices)
TEST(threads_do_not_disturb_each_other)
TEST(failing_memory_is_an_error_and_no_more)

static int setup(void **state) {
    static const char *const unset[] = {"GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY",
                                        "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"};
    (void)state;
    sc_json_setup();
    setenv("no_proxy", "127.0.0.1", 1);
    for (size_t i = 0; i < SC_LEN(unset); i++) unsetenv(unset[i]);
    return sc_llms_n == SC_LEN(vendors) ? 0 : -1; /* none is left out */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_that_is_none_is_upstream),
        cmocka_unit_test(test_half_an_answer_and_a_refusal_are_counted_and_have_no_text),
        cmocka_unit_test(test_late_cut_too_big_or_gone_is_no_answer),
        cmocka_unit_test(test_each_status_says_what_to_do),
        cmocka_unit_test(test_a_set_up_that_cannot_work_is_refused_and_names_the_fix),
        cmocka_unit_test(test_an_answer_is_what_the_model_said),
        cmocka_unit_test(test_a_question_holds_the_instructions_the_data_and_the_schema),
        cmocka_unit_test(test_the_environment_and_the_vendors_own_place_are_known),
        cmocka_unit_test(test_names_and_prices),
        cmocka_unit_test(test_threads_do_not_disturb_each_other),
        cmocka_unit_test(test_failing_memory_is_an_error_and_no_more),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
