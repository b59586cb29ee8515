/* The grey band: what a language model may do to two issues that may be one, and what it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/advise.h"
#include "app/cleanup.h"
#include "app/read.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "base/json.h"
#include "toy_llm.h"

#define CAUSE "Both groups fail in the PDF writer when the page is wide."
#define YES "{\"same\":true,\"title\":\"Fix PDF export of wide pages\",\"cause\":\"" CAUSE "\"}"
#define NO                                                                                     \
    "{\"same\":false,\"title\":\"\",\"cause\":\"One is about the button, the other about the " \
    "file.\"}"

static toy_llm toy;

/* Two issues in the grey band, in a project with others; the lane sleeps until a test wakes it. */
typedef struct world {
    app_fixture f;
    sc_id report_a, report_b;
    sc_id a, b;
} world;

static const char *const A_TITLE = "PDF export fails with an error";
static const char *const B_TITLE = "PDF attachments do not open";

static sc_id put(app_fixture *f, const char *title, const char *body) {
    static int made;
    char external[32];
    snprintf(external, sizeof external, "x-%d", made++);
    sc_id id = app_put(f, external, title, body);
    app_settle(f);
    return id;
}

static sc_cluster of(app_fixture *f, const sc_id *report) {
    sc_feedback r = app_get(f, report);
    return app_cluster(f, &r.cluster_id);
}

static int setup(void **state) {
    static const char *const others[] = {
        "The login code never comes", "Dark mode flickers at night",
        "Invoice totals are wrong by a cent", "Map tiles are missing in Norway",
        "Keyboard shortcut for undo is ignored"};
    static world w;
    toy = (toy_llm){.issue = "{\"title\":\"Some title\",\"summary\":\"Something happens.\"}"};
    toy.same = NO;
    app_fixture_open(&w.f, NULL, false);
    app_fixture_restart(&w.f, true);
    for (size_t i = 0; i < SC_LEN(others); i++) put(&w.f, others[i], "");
    w.report_a = put(&w.f, A_TITLE, "It says: internal error.");
    w.report_b = put(&w.f, B_TITLE, "The file has no pages at all.");
    w.a = of(&w.f, &w.report_a).id;
    w.b = of(&w.f, &w.report_b).id;
    assert_false(sc_id_eq(&w.a, &w.b));
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(&((world *)*state)->f);
    return 0;
}

static void suggest(world *w) {
    sc_pair_write p = {.project_id = w->f.project.id,
                       .pair = {.a = w->a, .b = w->b, .probability = .4, .at_ms = w->f.now_ms}};
    ok(w->f.store.ops->pair_put(w->f.store.self, &p, &failure));
}

/* From now on with a language model. */
static void begin(world *w) {
    w->f.llm = toy_llm_of(&toy);
    app_fixture_restart(&w->f, true);
    app_loaded(&w->f);
}

static sc_pair pair_of(world *w) {
    sc_pair p = {.state = SC_PAIR_STATE_COUNT};
    w->f.store.ops->pair_get(w->f.store.self, &w->f.project.id, &w->a, &w->b, &w->f.arena, &p,
                             NULL);
    return p;
}

static bool judged(void *self) {
    world *w = self;
    w->f.now_ms += 100;
    sc_job_counts n;
    ok(w->f.store.ops->job_counts(w->f.store.self, &w->f.project.id, SC_STR("judge"), &n,
                                  &failure));
    return pair_of(w).state != SC_PAIR_open && !n.by_state[SC_JOB_pending] &&
           !n.by_state[SC_JOB_running];
}

static void wait_judged(world *w) { app_wait(judged, w, "a pair to be judged"); }

static bool together(world *w) {
    sc_feedback x = app_get(&w->f, &w->report_a), y = app_get(&w->f, &w->report_b);
    return sc_id_eq(&x.cluster_id, &y.cluster_id);
}

/* ---- What it may not ------------------------------------------------------------------------------ */

static void a_no_leaves_them_two_and_is_remembered(void **state) {
    world *w = *state;
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_false(together(w));
    sc_pair p = pair_of(w);
    assert_int_equal(p.state, SC_PAIR_two);
    assert_non_null(strstr(p.why.p, "the button"));
    assert_true(sc_str_is(p.model, "toy/1"));
    sc_cleanup page; /* whoever looks at the suggestions sees it */
    const sc_cleanup_ask all = {.most = 50};
    ok(sc_cleanup_list(w->f.app, &w->f.project.id, &all, &w->f.arena, &page, &failure));
    size_t shown = 0;
    for (size_t i = 0; i < page.n; i++) shown += page.items[i].judged.at_ms != 0;
    assert_int_equal(shown, 1);
}

static void a_yes_without_a_title_or_a_cause_is_a_no(void **state) {
    world *w = *state;
    static const char *const vague[] = {
        "{\"same\":true,\"title\":\"\",\"cause\":\"" CAUSE "\"}",
        "{\"same\":true,\"title\":\"Fix PDF\",\"cause\":\"" CAUSE "\"}",
        "{\"same\":true,\"title\":\"Fixeverythingthatisbroken\",\"cause\":\"" CAUSE "\"}",
        "{\"same\":true,\"title\":\"Fix PDF export of wide pages\",\"cause\":\"Yes, the same\"}",
    };
    begin(w);
    for (size_t i = 0; i < SC_LEN(vague); i++) {
        toy.same = vague[i];
        /* other words, so that it is another question */
        sc_pair_write drop = {.project_id = w->f.project.id, .pair = {.a = w->a, .b = w->b}};
        drop.drop = true;
        ok(w->f.store.ops->pair_put(w->f.store.self, &drop, &failure));
        put(&w->f, B_TITLE, "The file has no pages at all.");
        suggest(w);
        wait_judged(w);
        if (together(w)) fail_msg("merged: %s", vague[i]);
    }
}

static void a_bad_answer_is_no_verdict_for_one(void **state) {
    world *w = *state;
    static const char *const bad[] = {"yes", "{\"same\":\"true\"}",
                                      "{\"same\":true,\"title\":\"Fix PDF export\",\"cause\":\"see "
                                      "http://evil.example for why\"}"};
    for (size_t i = 0; i < SC_LEN(bad); i++) toy.says[i] = bad[i];
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_false(together(w));
    assert_int_equal(pair_of(w).state, SC_PAIR_two);
}

static void what_people_put_apart_is_not_even_asked_about(void **state) {
    world *w = *state;
    toy.same = YES;
    sc_triage_result r;
    ok(sc_triage_apart(w->f.app, &w->f.project.id, &w->a, &w->b, SC_STR("me"), &r, &failure));
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_false(together(w));
    assert_int_equal(toy.calls, 0);
    assert_int_equal(pair_of(w).state, SC_PAIR_STATE_COUNT); /* forgotten */
}

static void an_issue_that_is_closed_or_worked_on_is_left_alone(void **state) {
    world *w = *state;
    toy.same = YES;
    sc_cluster_patch p = {.has_event = true, .event = SC_CLUSTER_EV_RESOLVE};
    sc_cluster c;
    ok(sc_triage_patch(w->f.app, &w->f.project.id, &w->a, &p, SC_STR("me"), &w->f.arena, &c,
                       &failure));
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_false(together(w));
    assert_int_equal(toy.calls, 0);
}

static void grow_b(void *self) {
    world *w = self;
    toy.on_ask = NULL;
    put(&w->f, B_TITLE, "The file has no pages at all.");
}

static void an_issue_that_changed_while_it_was_judged_is_not_merged(void **state) {
    world *w = *state;
    toy.same = YES;
    toy.on_ask = grow_b;
    toy.on_self = w;
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_false(together(w));
    assert_int_equal(pair_of(w).state, SC_PAIR_STATE_COUNT); /* it may suggest itself again */
}

/* ---- What it may ---------------------------------------------------------------------------------- */

/* Of one report each. */
static void assert_asked_about_two(void) {
    char content[TOY_LLM_ASKED];
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    toy_llm_asked(&toy, true, content);
    ok(sc_json_parse(sc_str_of(content), &v, &failure));
    assert_int_equal(json_integer_value(sc_json_at(v, "a.count")), 1);
    assert_int_equal(json_integer_value(sc_json_at(v, "b.count")), 1);
}

static void a_yes_merges_with_its_reason_and_can_be_taken_back(void **state) {
    world *w = *state;
    toy.same = YES;
    suggest(w);
    begin(w);
    wait_judged(w);
    assert_true(together(w));
    assert_int_equal(pair_of(w).state, SC_PAIR_one);
    assert_asked_about_two();
    sc_trace t;
    ok(sc_read_trace(w->f.app, &w->f.project.id, &w->report_b, &w->f.arena, &t, &failure));
    const sc_trace_step *last = &t.steps[t.n - 1];
    assert_non_null(last->decision);
    assert_int_equal(last->decision->reason, SC_REASON_llm_merged);
    assert_true(sc_str_is(last->decision->actor, "llm:toy/1"));
    assert_non_null(strstr(last->decision->note.p, CAUSE));
    assert_non_null(strstr(last->words.p, "found one cause for both issues"));
    assert_true(last->decision->evidence.probability > 0 && sc_id_is_set(&last->job_id));
    assert_true(sc_id_is_set(&last->action_id) && sc_id_is_set(&last->nearest_id));
    sc_triage_result r;
    ok(sc_triage_undo(w->f.app, &w->f.project.id, &last->action_id, SC_STR("me"), &r, &failure));
    assert_false(together(w));
    /* a person meant it: it never comes again */
    sc_pair pair = {.a = w->a, .b = w->b, .probability = .5, .at_ms = w->f.now_ms};
    sc_project p;
    int64_t version;
    ok(w->f.store.ops->project_get(w->f.store.self, sc_id_str(&w->f.project.id), &w->f.arena, &p,
                                   &failure));
    sc_group_write gw = {.project_id = p.id,
                         .expect_version = p.group_version,
                         .suggestions = &pair,
                         .n_suggestions = 1,
                         .now_ms = w->f.now_ms};
    ok(w->f.store.ops->group_write(w->f.store.self, &gw, &version, &failure));
    assert_int_equal(pair_of(w).state, SC_PAIR_one);
}

static void what_a_person_put_in_its_place_stays_there(void **state) {
    world *w = *state;
    toy.same = YES;
    sc_id extra = put(&w->f, "An extra note about empty files", "");
    sc_triage_result r;
    ok(sc_triage_move(w->f.app, &w->f.project.id, &extra, &w->b, SC_STR("me"), &r, &failure));
    suggest(w);
    begin(w);
    wait_judged(w);
    sc_feedback e = app_get(&w->f, &extra);
    assert_true(sc_id_eq(&e.cluster_id, &w->b)); /* the other issue came to it, or nothing did */
}

static bool asked(void *self) {
    world *w = self;
    sc_job_counts n;
    w->f.now_ms += 100;
    ok(w->f.store.ops->job_counts(w->f.store.self, &w->f.project.id, SC_STR("judge"), &n,
                                  &failure));
    return n.by_state[SC_JOB_success] > 0;
}

static void the_engine_s_own_suggestions_are_asked_about(void **state) {
    world *w = *state;
    begin(w);
    put(&w->f, "Export button is greyed out", "");
    app_wait(asked, w, "a suggestion to be asked about");
    assert_asked_about_two();
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_no_leaves_them_two_and_is_remembered),
        T(a_yes_without_a_title_or_a_cause_is_a_no),
        T(a_bad_answer_is_no_verdict_for_one),
        T(what_people_put_apart_is_not_even_asked_about),
        T(an_issue_that_is_closed_or_worked_on_is_left_alone),
        T(an_issue_that_changed_while_it_was_judged_is_not_merged),
        T(a_yes_merges_with_its_reason_and_can_be_taken_back),
        T(what_a_person_put_in_its_place_stays_there),
        T(the_engine_s_own_suggestions_are_asked_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
