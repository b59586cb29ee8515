/* Asking a language model: a service that fails, lies or costs as each test wants, on a clock that stands still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/ask.h"
#include "app_fixture.h"
#include "base/json.h"
#include "toy_llm.h"

enum { DAY = 24 * 3600 * 1000 };

#define GOOD "{\"title\":\"Export fails\",\"summary\":\"Saving as PDF ends in an error.\"}"

static app_fixture *world;
static toy_llm toy;
static int64_t waited_ms;
static bool ending;
static int beats;
static sc_err err;

static bool wait_ms(void *self, int64_t ms) {
    (void)self;
    waited_ms += ms;
    world->now_ms += ms;
    return !ending;
}

static sc_rc beat(void *self, int64_t ms, sc_err *e) {
    (void)self;
    (void)e;
    assert_int_equal(ms, 1000);
    beats++;
    return SC_OK;
}

static int setup(void **state) {
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    world = &f;
    toy = (toy_llm){.says = {GOOD}};
    waited_ms = 0;
    ending = false;
    beats = 0;
    err = (sc_err){0};
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(*state);
    return 0;
}

static sc_ask *open_ask(sc_budget_use cap) {
    const sc_ask_conf conf = {.llm = toy_llm_of(&toy),
                              .prompts = &world->prompts,
                              .store = &world->store,
                              .clock = &world->clock,
                              .timeout_ms = 1000,
                              .cap = cap,
                              .wait = wait_ms};
    sc_ask *a = NULL;
    if (sc_ask_new(&conf, &a, &err)) fail_msg("%s", err.msg);
    return a;
}

static sc_rc ask(sc_ask *a, const char *content, const char **ret_title) {
    static char title[200];
    json_t *v = NULL;
    err = (sc_err){0};
    sc_rc rc = sc_ask_for(a, SC_PROMPT_issue, sc_str_of(content), beat, NULL, &v, &err);
    if (!rc) snprintf(title, sizeof title, "%.*s", SC_FMT(sc_json_str_at(v, "title")));
    if (ret_title) *ret_title = rc ? "" : title;
    json_decref(v);
    return rc;
}

static sc_ask_stats stats(sc_ask *a) {
    sc_ask_stats s;
    sc_ask_stats_get(a, &s);
    return s;
}

/* ---- Answers that are none ----------------------------------------------------------------------- */

static void a_bad_answer_is_asked_for_once_more_and_then_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "no json",
        "[]",
        "{}",
        "```json\n" GOOD "\n```",
        "<think>hm</think>" GOOD,
        "{\"title\":\"Export fails\"}",
        "{\"title\":7,\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"ab\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"Click [here](x)\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"<img src=x>\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"two\\nlines\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"dark\\u202eside\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"nul\\u0000byte\",\"summary\":\"Saving ends in an error.\"}",
        "{\"title\":\"Export fails\",\"summary\":\"see http://evil.example\"}",
        "{\"title\":\"Export fails\",\"title\":\"twice\",\"summary\":\"Saving ends in error.\"}",
    };
    sc_ask *a = open_ask((sc_budget_use){0});
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        char content[32];
        snprintf(content, sizeof content, "{\"n\":%zu}", i);
        toy.says[0] = bad[i];
        toy.why = "it refused";
        atomic_store(&toy.calls, 0);
        if (ask(a, content, NULL) != SC_UNPROCESSABLE) fail_msg("taken: %s", bad[i]);
        assert_int_equal(toy.calls, 2);
        assert_non_null(strstr(err.msg, "no answer to this"));
    }
    assert_int_equal(stats(a).refused, SC_LEN(bad));
    assert_int_equal(stats(a).guard.breaker, SC_BREAKER_closed); /* the service works */
    sc_ask_free(a);
}

static void the_second_answer_is_taken_when_it_is_good(void **state) {
    (void)state;
    const char *title;
    toy.says[0] = "hm";
    toy.says[1] = "{\"title\":\" Export fails \",\"summary\":\"Saving as PDF fails.\",\"x\":[1]}";
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", &title), SC_OK);
    assert_string_equal(title, "Export fails");
    assert_int_equal(toy.calls, 2);
    assert_int_equal(beats, 2);
    sc_ask_free(a);
}

/* ---- A service that fails ------------------------------------------------------------------------ */

static void a_service_that_is_down_is_tried_and_then_left_alone(void **state) {
    (void)state;
    toy.fails = (sc_err){.rc = SC_UPSTREAM, .msg = "no answer"};
    atomic_store(&toy.fail_times, -1);
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", NULL), SC_LIMITED);
    assert_int_equal(toy.calls, 3);
    assert_true(waited_ms > 0 && err.retry_after_ms > 0);
    assert_true(sc_ask_degraded(a));
    assert_int_equal(stats(a).guard.breaker, SC_BREAKER_open);
    assert_int_equal(ask(a, "{}", NULL), SC_LIMITED);
    assert_int_equal(toy.calls, 3); /* nothing was sent */
    int64_t again;
    assert_false(sc_ask_available(a, &again));
    world->now_ms = again; /* half open: a short question finds out */
    atomic_store(&toy.fail_times, 0);
    const int canaries = toy.canaries;
    assert_int_equal(ask(a, "{}", NULL), SC_OK);
    assert_int_equal(toy.canaries, canaries + 1);
    assert_false(sc_ask_degraded(a));
    sc_ask_free(a);
}

static void a_service_that_stumbles_is_asked_again(void **state) {
    (void)state;
    toy.fails = (sc_err){.rc = SC_TIMEOUT, .msg = "late"};
    atomic_store(&toy.fail_times, 2);
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", NULL), SC_OK);
    assert_int_equal(toy.calls, 3);
    sc_ask_free(a);
}

static void waiting_is_as_long_as_it_was_told(void **state) {
    (void)state;
    toy.fails = (sc_err){.rc = SC_LIMITED, .retry_after_ms = 60000};
    atomic_store(&toy.fail_times, 1);
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", NULL), SC_LIMITED);
    assert_true(err.retry_after_ms >= 60000);
    assert_int_equal(waited_ms, 0);
    world->now_ms += 61000;
    assert_int_equal(ask(a, "{}", NULL), SC_OK);
    sc_ask_free(a);
}

static void a_wrong_key_is_no_fault_of_the_question(void **state) {
    (void)state;
    static const sc_rc codes[] = {SC_UNAUTHORIZED, SC_FORBIDDEN, SC_NOT_FOUND, SC_INVALID};
    for (size_t i = 0; i < SC_LEN(codes); i++) {
        toy.fails = (sc_err){.rc = codes[i], .msg = "no"};
        atomic_store(&toy.fail_times, -1);
        sc_ask *a = open_ask((sc_budget_use){0});
        if (ask(a, "{}", NULL) != SC_LIMITED) fail_msg("%s", sc_rc_name(codes[i]));
        assert_int_equal(stats(a).guard.breaker, SC_BREAKER_open);
        assert_int_equal(stats(a).refused, 0);
        sc_ask_free(a);
    }
}

static void a_question_that_the_service_does_not_take_is_refused_alone(void **state) {
    (void)state;
    static const sc_rc codes[] = {SC_INVALID, SC_TOO_LARGE, SC_UNPROCESSABLE, SC_UPSTREAM};
    for (size_t i = 0; i < SC_LEN(codes); i++) {
        toy.poison = "poison";
        toy.poison_rc = codes[i];
        sc_ask *a = open_ask((sc_budget_use){0});
        assert_int_equal(ask(a, "{\"x\":\"poison\"}", NULL), SC_UNPROCESSABLE);
        assert_int_equal(ask(a, "{\"x\":\"fine\"}", NULL), SC_OK);
        assert_false(sc_ask_degraded(a));
        sc_ask_free(a);
    }
    assert_int_equal(toy.canaries, SC_LEN(codes));
}

static void another_form_is_tried_at_once(void **state) {
    (void)state;
    toy.fails = (sc_err){.rc = SC_CONFLICT, .msg = "no schemas here"};
    atomic_store(&toy.fail_times, 2);
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", NULL), SC_OK);
    assert_int_equal(waited_ms, 0);
    atomic_store(&toy.fail_times, -1); /* one that never learns */
    assert_int_equal(ask(a, "{\"n\":2}", NULL), SC_LIMITED);
    sc_ask_free(a);
}

static void the_end_of_the_process_ends_the_tries(void **state) {
    (void)state;
    toy.fails = (sc_err){.rc = SC_UPSTREAM};
    atomic_store(&toy.fail_times, -1);
    ending = true;
    sc_ask *a = open_ask((sc_budget_use){0});
    assert_int_equal(ask(a, "{}", NULL), SC_CANCELLED);
    assert_int_equal(toy.calls, 1);
    sc_ask_free(a);
}

/* ---- Money --------------------------------------------------------------------------------------- */

static void a_cap_is_checked_before_each_request(void **state) {
    (void)state;
    static const sc_budget_use caps[] = {{.requests = 2}, {.tokens = 8000}, {.micro_usd = 8000}};
    toy.price = (sc_llm_price){1000000, 1000000}; /* a millionth of a dollar a token */
    for (size_t i = 0; i < SC_LEN(caps); i++) {
        char content[64];
        int n = 0;
        sc_rc rc;
        atomic_store(&toy.calls, 0);
        toy.tokens_in = 3000;
        toy.tokens_out = 500;
        sc_ask *a = open_ask(caps[i]);
        do {
            snprintf(content, sizeof content, "{\"cap\":%zu,\"n\":%d}", i, n++);
            rc = ask(a, content, NULL);
        } while (!rc);
        assert_int_equal(rc, SC_LIMITED);
        assert_int_equal(toy.calls, 2); /* the third might pass the cap: it is not sent */
        assert_int_equal(err.retry_after_ms, DAY - world->now_ms % DAY);
        assert_true(stats(a).guard.capped && sc_ask_degraded(a));
        assert_int_equal(stats(a).guard.today.tokens, 7000);
        sc_ask_free(a);
        a = open_ask(caps[i]); /* a restart does not begin anew */
        assert_int_equal(ask(a, "{\"again\":1}", NULL), SC_LIMITED);
        assert_int_equal(toy.calls, 2);
        world->now_ms += DAY;
        assert_int_equal(ask(a, content, NULL), SC_OK);
        sc_ask_free(a);
        world->now_ms += DAY;
    }
}

static void what_was_bad_or_failed_is_paid_for_all_the_same(void **state) {
    (void)state;
    toy.says[0] = "hm";
    toy.tokens_in = 100;
    toy.tokens_out = 10;
    sc_ask *a = open_ask((sc_budget_use){.requests = 1000});
    assert_int_equal(ask(a, "{}", NULL), SC_UNPROCESSABLE);
    assert_int_equal(stats(a).guard.today.tokens, 220);
    assert_int_equal(stats(a).guard.today.requests, 2);
    sc_ask_free(a);
}

/* Two that share the books: together they pass no cap. */
static void a_cap_holds_for_all_processes(void **state) {
    (void)state;
    sc_ask *a = open_ask((sc_budget_use){.requests = 5}),
           *b = open_ask((sc_budget_use){.requests = 5});
    for (int i = 0; i < 10; i++) {
        char content[32];
        snprintf(content, sizeof content, "{\"n\":%d}", i);
        ask(i % 2 ? a : b, content, NULL);
    }
    assert_int_equal(toy.calls, 5);
    sc_ask_free(a);
    sc_ask_free(b);
}

static sc_rc full_disk(void *self, const sc_id *project, sc_str name, sc_str was, sc_str value,
                       int64_t now_ms, sc_err *e) {
    (void)self, (void)project, (void)name, (void)was, (void)value, (void)now_ms;
    return sc_fail(e, SC_STORE, "disk full");
}

static void nothing_is_sent_that_cannot_be_booked(void **state) {
    (void)state;
    sc_store_ops broken = *world->store.ops;
    broken.setting_swap = full_disk;
    sc_store real = world->store;
    world->store.ops = &broken;
    sc_ask *a = open_ask((sc_budget_use){.requests = 100});
    assert_int_equal(ask(a, "{}", NULL), SC_STORE);
    assert_int_equal(toy.calls, 0);
    world->store = real;
    sc_ask_free(a);
}

/* ---- What is remembered -------------------------------------------------------------------------- */

static void the_same_question_is_not_paid_for_twice(void **state) {
    (void)state;
    const char *title;
    sc_ask *a = open_ask((sc_budget_use){.requests = 1});
    assert_int_equal(ask(a, "{\"q\":1}", NULL), SC_OK);
    sc_ask_free(a);
    app_fixture_restart(world, false);
    a = open_ask((sc_budget_use){.requests = 1});
    toy.says[0] = "{\"title\":\"Something else\",\"summary\":\"Something else happens.\"}";
    assert_int_equal(ask(a, "{\"q\":1}", &title), SC_OK); /* capped, and yet answered */
    assert_string_equal(title, "Export fails");
    assert_int_equal(stats(a).remembered, 1);
    assert_int_equal(ask(a, "{\"q\":2}", NULL), SC_LIMITED);
    sc_ask_free(a);
}

static void another_prompt_is_another_question(void **state) {
    (void)state;
    char dir[] = "/tmp/soulcaster-prompts-XXXXXX", path[64];
    sc_prompts own;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/issue.md", dir);
    FILE *f = fopen(path, "w");
    assert_true(f && fputs("Name it.", f) >= 0 && fclose(f) == 0);
    assert_int_equal(sc_prompts_load(dir, &own, &err), SC_OK);
    assert_true(sc_str_starts(own.v[SC_PROMPT_issue].instructions, "Name it.\n- \"title\""));
    assert_true(sc_str_eq(own.v[SC_PROMPT_same].instructions,
                          world->prompts.v[SC_PROMPT_same].instructions));
    sc_ask *a = open_ask((sc_budget_use){0});
    ask(a, "{}", NULL);
    sc_ask_free(a);
    sc_prompts shipped = world->prompts;
    world->prompts = own;
    a = open_ask((sc_budget_use){0});
    ask(a, "{}", NULL);
    assert_int_equal(toy.calls, 2);
    sc_ask_free(a);
    world->prompts = shipped;
    sc_prompts_done(&own);
    f = fopen(path, "w");
    for (int i = 0; i < 3000; i++) fputs("too long ", f);
    fclose(f);
    assert_int_equal(sc_prompts_load(dir, &own, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "--llm-prompts"));
    unlink(path);
    rmdir(dir);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_bad_answer_is_asked_for_once_more_and_then_refused),
        T(the_second_answer_is_taken_when_it_is_good),
        T(a_service_that_is_down_is_tried_and_then_left_alone),
        T(a_service_that_stumbles_is_asked_again),
        T(waiting_is_as_long_as_it_was_told),
        T(a_wrong_key_is_no_fault_of_the_question),
        T(a_question_that_the_service_does_not_take_is_refused_alone),
        T(another_form_is_tried_at_once),
        T(the_end_of_the_process_ends_the_tries),
        T(a_cap_is_checked_before_each_request),
        T(what_was_bad_or_failed_is_paid_for_all_the_same),
        T(a_cap_holds_for_all_processes),
        T(nothing_is_sent_that_cannot_be_booked),
        T(the_same_question_is_not_paid_for_twice),
        T(another_prompt_is_another_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
