/* The built-in agent against a scripted model, over the real proxy, on a small project with a bug. The model is a
 * script: what is tested is the loop, the three protocols and what goes wrong, not how clever a model is. */
#include "agents/loop.h"
#include "test_proxy_support.h"

typedef struct stage {
    world *w;
    char work[96];
    sc_loop_conf conf;
    sc_loop_end end;
    sc_err err;
    sc_buf said;
    sc_proxy_shape shape;
} stage;

static void on_line(void *self, const char *line) {
    stage *s = self;
    sc_buf_puts(&s->said, line);
    sc_buf_putc(&s->said, '\n');
}

static void put(const stage *s, const char *name, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", s->work, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int stage_new(void **state) {
    stage *s = sc_alloc(sizeof *s);
    void *w = NULL;
    static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    if (!s || world_new(&w)) return -1;
    s->w = w;
    snprintf(s->work, sizeof s->work, "%s/work", s->w->folder);
    mkdir(s->work, 0700);
    put(s, "sum.sh", "echo $(($1 - $2))\n");
    put(s, "test.sh", "test \"$(sh sum.sh 2 3)\" = 5 && echo passed\n");
    sc_buf_init(&s->said, 1 << 20);
    s->conf = (sc_loop_conf){
        .model = {.url = "http://model",
                  .unix_path = s->w->path,
                  .model = "m-1",
                  .max_tokens = 1000,
                  .context_bytes = 400 << 10},
        .box = {.work = s->work, .env = env, .run_ms = 10000},
        .system = "You mend things.",
        .task = SC_STR("sum.sh subtracts"),
        .max_steps = 20,
        .ask_ms = 20000,
        .retry_ms = 1,
        .say = on_line,
        .self = s,
    };
    *state = s;
    return 0;
}

static int stage_free(void **state) {
    stage *s = *state;
    sc_buf out;
    sc_buf_init(&out, 1 << 20);
    json_t *args = json_pack("{s:s}", "command", "rm -r ../work");
    sc_tool_call(&s->conf.box, "run", args, &out);
    json_decref(args);
    sc_buf_done(&out);
    sc_buf_done(&s->said);
    void *w = s->w;
    sc_free(s);
    return world_free(&w);
}

/* ---- What the model says ------------------------------------------------------------------------- */

static void reply_raw(stage *s, int status, const char *body) {
    char **at = &s->w->replies[s->w->n_replies++];
    if (asprintf(at,
                 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n%s",
                 status, body) < 0)
        fail_msg("no memory");
}

/* A call in the protocol of the stage; args is JSON text. */
static void reply_call(stage *s, const char *name, const char *args) {
    char *body = NULL;
    int n;
    if (s->shape == SC_PROXY_OPENAI) {
        sc_buf quoted;
        sc_buf_init(&quoted, 1 << 20);
        sc_buf_put_json(&quoted, sc_str_of(args));
        n = asprintf(
            &body,
            "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{"
            "\"id\":"
            "\"c%d\",\"type\":\"function\",\"function\":{\"name\":\"%s\",\"arguments\":%s}}]},"
            "\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":100,\"completion_"
            "tokens\":10}}",
            s->w->n_replies, name, quoted.p);
        sc_buf_done(&quoted);
    } else if (s->shape == SC_PROXY_ANTHROPIC) {
        n = asprintf(&body,
                     "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"sig%"
                     "d\"},{\"type\":"
                     "\"tool_use\",\"id\":\"c%d\",\"name\":\"%s\",\"input\":%s}],\"stop_reason\":"
                     "\"tool_use\","
                     "\"usage\":{\"input_tokens\":100,\"output_tokens\":10}}",
                     s->w->n_replies, s->w->n_replies, name, args);
    } else {
        n = asprintf(&body,
                     "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
                     "\"functionCall\":{\"name\":\"%s\","
                     "\"args\":%s},\"thoughtSignature\":\"sig%d\"}]},\"finishReason\":\"STOP\"}],"
                     "\"usageMetadata\":"
                     "{\"promptTokenCount\":100,\"candidatesTokenCount\":10}}",
                     name, args, s->w->n_replies);
    }
    if (n < 0) fail_msg("no memory");
    reply_raw(s, 200, body);
    free(body);
}

static void script_of_a_fix(stage *s) {
    reply_call(s, "list", "{}");
    reply_call(s, "read", "{\"path\":\"sum.sh\"}");
    reply_call(s, "edit", "{\"path\":\"sum.sh\",\"old\":\"$1 - $2\",\"new\":\"$1 + $2\"}");
    reply_call(s, "run", "{\"command\":\"sh test.sh\"}");
    reply_call(s, "done", "{\"summary\":\"It subtracted.\"}");
}

static sc_rc run(stage *s) {
    s->conf.model.shape = s->shape;
    start(s->w);
    sc_rc rc = sc_loop_run(&s->conf, &s->end, &s->err);
    look(s->w);
    return rc;
}

static void gave_up(stage *s, const char *why) {
    sc_rc rc = run(s);
    if (rc) fail_msg("%s", s->err.msg);
    assert_int_equal(s->end.outcome, SC_LOOP_GAVE_UP);
    must_hold(s->end.why, why);
}

/* ---- It works ------------------------------------------------------------------------------------ */

static void mends(stage *s) {
    script_of_a_fix(s);
    if (run(s)) fail_msg("%s", s->err.msg);
    assert_int_equal(s->end.outcome, SC_LOOP_DONE);
    assert_string_equal(s->end.why, "It subtracted.");
    assert_int_equal(s->end.steps, 5);
    assert_int_equal(s->end.edits, 1);
    assert_int_equal(s->end.tokens_in, 500);
    assert_int_equal(s->w->n_spent, 5);
    assert_int_equal(s->w->n_counted, 5);
    must_hold(s->said.p, "step 3: edit {\"path\":\"sum.sh\"");
    must_hold(s->w->asked, "passed"); /* what the run said went to the model */
    must_hold(s->w->asked, "sum.sh subtracts");
    must_hold(s->w->asked, "You mend things.");
}

static void it_mends_with_openai(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_OPENAI;
    mends(s);
    must_hold(s->w->asked, "\"role\":\"tool\",\"tool_call_id\":\"c3\"");
    must_hold(s->w->asked, "\"max_completion_tokens\":1000");
    assert_int_equal(s->w->estimate.tokens_out, 1000);
}

static void it_mends_with_anthropic(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_ANTHROPIC;
    mends(s);
    must_hold(s->w->asked, "\"signature\":\"sig3\""); /* thoughts go back as they came */
    must_hold(s->w->asked, "\"tool_use_id\":\"c3\"");
    must_hold(s->w->asked, "\"cache_control\":{\"type\":\"ephemeral\"}");
}

static void it_mends_with_gemini(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_GEMINI;
    mends(s);
    must_hold(s->w->asked, "\"thoughtSignature\":\"sig3\"");
    must_hold(s->w->asked, "\"functionResponse\":{\"name\":\"run\"");
    must_hold(s->w->asked, "\"type\":\"OBJECT\"");
}

/* ---- It does not ---------------------------------------------------------------------------------- */

static void circles_are_told_once_and_then_end(void **state) {
    stage *s = *state;
    reply_call(s, "read", "{\"path\":\"sum.sh\"}"); /* again and again */
    gave_up(s, "the same call");
    assert_int_equal(s->end.steps, 6); /* three, a word, three */
    must_hold(s->said.p, "told the model: the same call");
    must_hold(s->w->asked, "You are not getting on");
}

static void the_same_error_is_a_circle_too(void **state) {
    stage *s = *state;
    for (int i = 0; i < 12; i++) {
        char args[96];
        snprintf(args, sizeof args, "{\"path\":\"sum.sh\",\"old\":\"none %d\",\"new\":\"x\"}", i);
        reply_call(s, "edit", args);
    }
    gave_up(s, "the same error");
    assert_int_equal(s->end.steps, 6);
}

static void a_change_is_progress(void **state) {
    stage *s = *state;
    for (int i = 0; i < 4; i++) {
        reply_call(s, "read", "{\"path\":\"sum.sh\"}");
        reply_call(s, "read", "{\"path\":\"sum.sh\"}");
        reply_call(s, "edit",
                   i % 2 ? "{\"path\":\"sum.sh\",\"old\":\"+\",\"new\":\"-\"}"
                         : "{\"path\":\"sum.sh\",\"old\":\"-\",\"new\":\"+\"}");
    }
    reply_call(s, "done", "{\"summary\":\"ok\"}");
    assert_int_equal(run(s), SC_OK);
    assert_int_equal(s->end.outcome, SC_LOOP_DONE);
    must_not_hold(s->said.p, "told the model");
}

static void a_model_that_only_talks_is_given_up(void **state) {
    stage *s = *state;
    reply_raw(s, 200,
              "{\"choices\":[{\"message\":{\"content\":\"I would add "
              "them.\"},\"finish_reason\":\"stop\"}]}");
    gave_up(s, "called no tool");
    assert_int_equal(s->end.steps, 2);
}

static void steps_are_capped(void **state) {
    stage *s = *state;
    for (int i = 0; i < 8; i++) {
        char args[96];
        snprintf(args, sizeof args, "{\"command\":\"echo %d\"}", i);
        reply_call(s, "run", args);
    }
    s->conf.max_steps = 7;
    gave_up(s, "used all its steps");
    assert_int_equal(s->end.steps, 7);
}

static void odd_calls_get_an_answer(void **state) {
    stage *s = *state;
    reply_call(s, "run", "{\"command\": ");
    reply_call(s, "fly", "{}");
    reply_call(s, "run", "{\"command\":\"printf '\\\\377\\\\000x'\"}"); /* no UTF-8 */
    reply_call(s, "done", "{\"summary\":\"ok\"}");
    assert_int_equal(run(s), SC_OK);
    must_hold(s->w->asked, "the arguments are no JSON object");
    must_hold(s->w->asked, "there is no such tool");
    must_hold(s->w->asked, "\xEF\xBF\xBD\xEF\xBF\xBDx");
}

static void failures_of_the_service_are_waited_out(void **state) {
    stage *s = *state;
    reply_raw(s, 500, "oh");
    reply_raw(s, 429, "{\"error\":{\"message\":\"slow down\"}}");
    reply_raw(s, 200, "no json");
    script_of_a_fix(s);
    assert_int_equal(run(s), SC_OK);
    assert_int_equal(s->end.outcome, SC_LOOP_DONE);
    must_hold(s->said.p, "the model does not answer: the service answered 429: slow down");
}

static void an_older_server_gets_no_limit(void **state) {
    stage *s = *state;
    reply_raw(s, 400, "{\"error\":{\"message\":\"unknown field max_completion_tokens\"}}");
    script_of_a_fix(s);
    assert_int_equal(run(s), SC_OK);
    assert_int_equal(s->end.outcome, SC_LOOP_DONE);
    assert_int_equal(s->w->n_asked, 6);
    must_not_hold(s->w->asked, "max_completion_tokens");
}

static void a_service_that_stays_down_is_an_error(void **state) {
    stage *s = *state;
    reply_raw(s, 503, "{}");
    assert_int_equal(run(s), SC_UPSTREAM);
    assert_int_equal(s->w->n_asked, 5);
}

static void a_cap_ends_it_with_its_words(void **state) {
    stage *s = *state;
    s->w->refuse = SC_LIMITED;
    script_of_a_fix(s);
    assert_int_equal(run(s), SC_FORBIDDEN);
    must_hold(s->err.msg, "the job's cap of $1.00 is used up");
    assert_int_equal(s->w->n_may, 1); /* not tried again */
}

static void old_results_are_shortened(void **state) {
    stage *s = *state;
    for (int i = 0; i < 10; i++) {
        char args[128];
        snprintf(args, sizeof args, "{\"command\":\"echo FIRST%d; yes %d | head -c 9000\"}", i, i);
        reply_call(s, "run", args);
    }
    reply_call(s, "done", "{\"summary\":\"ok\"}");
    s->conf.model.context_bytes = 80000;
    assert_int_equal(run(s), SC_OK);
    must_hold(s->w->asked, "bytes were here; ask for them again");
    must_not_hold(s->w->asked, "\"content\":\"FIRST0");
    must_hold(s->w->asked, "\"content\":\"FIRST9");
    must_hold(s->w->asked, "sum.sh subtracts"); /* the task stays */
    assert_true(strlen(s->w->asked) < 80100);
}

/* Whichever allocation fails: an error or an end, no crash, nothing lost. */
static void no_memory(stage *s) {
    reply_call(s, "read", "{\"path\":\"sum.sh\"}");
    s->conf.model.shape = s->shape;
    s->conf.max_steps = 2;
    s->conf.retry_ms = 1;
    start(s->w);
    for (uint64_t nth = 1;; nth += nth < 100 ? 1 : 7) {
        sc_mem_fail_after(nth);
        sc_rc rc = sc_loop_run(&s->conf, &s->end, &s->err);
        bool failed = sc_mem_fail_after(0) >= nth;
        sc_buf_reset(&s->said);
        if (!failed) {
            assert_int_equal(rc, SC_OK);
            break;
        }
        assert_true(nth < 20000);
    }
}

static void no_memory_with_openai(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_OPENAI;
    no_memory(s);
}

static void no_memory_with_anthropic(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_ANTHROPIC;
    no_memory(s);
}

static void no_memory_with_gemini(void **state) {
    stage *s = *state;
    s->shape = SC_PROXY_GEMINI;
    no_memory(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, stage_new, stage_free)

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        TEST(it_mends_with_openai),
        TEST(it_mends_with_anthropic),
        TEST(it_mends_with_gemini),
        TEST(circles_are_told_once_and_then_end),
        TEST(the_same_error_is_a_circle_too),
        TEST(a_change_is_progress),
        TEST(a_model_that_only_talks_is_given_up),
        TEST(steps_are_capped),
        TEST(odd_calls_get_an_answer),
        TEST(failures_of_the_service_are_waited_out),
        TEST(an_older_server_gets_no_limit),
        TEST(a_service_that_stays_down_is_an_error),
        TEST(a_cap_ends_it_with_its_words),
        TEST(old_results_are_shortened),
        TEST(no_memory_with_openai),
        TEST(no_memory_with_anthropic),
        TEST(no_memory_with_gemini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
