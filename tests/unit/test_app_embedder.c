/* Grouping with an embedder behind a network that is down, slow to trust, or picky: nothing is lost, what was
 * grouped by words is mended later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/read.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "base/json.h"
#include "toy_embedder.h"

enum { TOPICS = 60 };

/* ---- A service that knows two topics ------------------------------------------------------------- */

static struct service {
    _Atomic bool down, holds, lean; /* lean: any two of its vectors are alike by 0.6 */
    _Atomic int calls;
} service;

static bool is_set(void *self) { return atomic_load((const _Atomic bool *)self); }

static bool says(const sc_prepared *p, const char *word) {
    return sc_str_find(p->title, sc_str_of(word)) != SIZE_MAX;
}

static sc_rc embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   const _Atomic bool *stop, int8_t *ret_vecs, int64_t *ret_tokens, sc_err *err) {
    (void)deadline_ms;
    struct service *s = self;
    atomic_fetch_add(&s->calls, 1);
    *ret_tokens = 0;
    if (atomic_load(&s->down)) return sc_fail(err, SC_UPSTREAM, "no answer");
    if (atomic_load(&s->holds)) {
        assert_non_null(stop);
        app_wait(is_set, (void *)(uintptr_t)stop, "the call to be given up");
        return sc_fail(err, SC_CANCELLED, "given up");
    }
    for (size_t i = 0; i < n; i++)
        if (says(&texts[i], "poison")) return sc_fail(err, SC_INVALID, "I do not read such words");
    memset(ret_vecs, 0, n * TOY_DIM);
    for (size_t i = 0; i < n; i++) {
        bool files = says(&texts[i], "CSV") || says(&texts[i], "spreadsheet");
        bool login = says(&texts[i], "login") || says(&texts[i], "password");
        bool lean = atomic_load(&s->lean);
        size_t other = 4 + sc_hash64(texts[i].title.p, texts[i].title.n, 1) % TOPICS;
        if (lean) ret_vecs[i * TOY_DIM + 3] = 98;
        ret_vecs[i * TOY_DIM + (files ? 0 : login ? 1 : lean ? other : 2)] = lean ? 80 : 127;
    }
    return SC_OK;
}

static sc_rc embed_plain(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                         int8_t *ret_vecs, sc_err *err) {
    int64_t tokens;
    return embed(self, texts, n, deadline_ms, NULL, ret_vecs, &tokens, err);
}

static sc_rc text_of(const void *self, const sc_prepared *p, sc_arena *arena, sc_str *ret,
                     sc_err *err) {
    (void)self;
    (void)arena;
    (void)err;
    *ret = p->title;
    return SC_OK;
}
static size_t max_batch(const void *self) {
    (void)self;
    return 16;
}
static int64_t price(const void *self) {
    (void)self;
    return 0;
}

static const sc_embedder_remote remote = {
    .embed = embed, .max_batch = max_batch, .text = text_of, .price = price};
static const sc_embedder_ops ops = {
    .name = "toy", .embed = embed_plain, .dim = toy_dim, .model = toy_model, .remote = &remote};
static const sc_embedder toy = {&ops, &service};

/* ---- The world ----------------------------------------------------------------------------------- */

static int setup(void **state) {
    static app_fixture f;
    atomic_store(&service.down, false);
    atomic_store(&service.lean, false);
    atomic_store(&service.holds, false);
    atomic_store(&service.calls, 0);
    app_fixture_open(&f, &toy, true);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(*state);
    return 0;
}

static sc_app_stats stats(app_fixture *f) {
    sc_app_stats s;
    sc_app_stats_get(f->app, &s);
    return s;
}

static bool together(app_fixture *f, const sc_id *a, const sc_id *b) {
    sc_feedback x = app_get(f, a), y = app_get(f, b);
    return sc_id_is_set(&x.cluster_id) && sc_id_eq(&x.cluster_id, &y.cluster_id);
}

/* Time goes on until the service is asked again and everything is mended. */
static bool mended(void *self) {
    app_fixture *f = self;
    f->now_ms += 1000;
    return stats(f).bare == 0;
}

static void put_odd(app_fixture *f, int i) {
    char id[32], title[64];
    snprintf(id, sizeof id, "odd-%d", i);
    snprintf(title, sizeof title, "Something else %c%c is odd", 'a' + i % 26, 'a' + i % 26);
    app_put(f, id, title, "");
    app_settle(f);
}

static void cut_off(app_fixture *f) { /* until the breaker knows it */
    atomic_store(&service.down, true);
    for (int i = 0; stats(f).embed.guard.breaker != SC_BREAKER_open; i++) put_odd(f, i);
}

static const char *const CSV = "CSV loses rows";
#define CSV_LONG "Exporting the pantry list to CSV drops the last row"
static const char *const SHEET = "Saving a spreadsheet drops lines";
static const char *const LOGIN = "The login code never arrives";

static const sc_decision *last_decision(app_fixture *f, const sc_id *id) {
    sc_trace t;
    ok(sc_read_trace(f->app, &f->project.id, id, &f->arena, &t, &failure));
    const sc_decision *d = NULL;
    for (size_t i = 0; i < t.n; i++)
        if (t.steps[i].decision) d = t.steps[i].decision;
    assert_non_null(d);
    return d;
}

/* ---- Tests --------------------------------------------------------------------------------------- */

/* The count follows the write that settles a report. */
static bool all_bare(void *self) {
    app_fixture *f = self;
    sc_store_stats all;
    ok(f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &all, &failure));
    return stats(f).bare == all.feedback;
}

static void while_it_is_down_words_group_and_later_the_vectors_mend(void **state) {
    app_fixture *f = *state;
    cut_off(f);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", SHEET, ""),
          c = app_put(f, "3", CSV, ""), d = app_put(f, "4", LOGIN, "");
    app_settle(f);
    assert_true(together(f, &a, &c)); /* the same words */
    assert_false(together(f, &a, &b));
    app_wait(all_bare, f, "the count");
    assert_true(stats(f).bare >= 4);
    assert_true(sc_str_is(last_decision(f, &b)->model, "words"));
    int calls = atomic_load(&service.calls);
    app_put(f, "5", "CSV and more", "");
    app_settle(f);
    assert_int_equal(atomic_load(&service.calls), calls); /* it is left alone */
    atomic_store(&service.down, false);
    app_wait(mended, f, "the vectors");
    assert_true(together(f, &a, &b));
    assert_true(together(f, &a, &c));
    assert_false(together(f, &a, &d));
    assert_true(sc_str_is(last_decision(f, &b)->model, "toy/1"));
    assert_int_equal(stats(f).embed.guard.breaker, SC_BREAKER_closed);
}

/* Vectors as services make them: all in one corner. A report without one must not be drawn into what is there. */
static void without_a_vector_a_report_is_not_like_all_the_others(void **state) {
    app_fixture *f = *state;
    char id[32], title[96];
    sc_id odd[20];
    atomic_store(&service.lean, true);
    for (int i = 0; i < 60; i++) {
        snprintf(id, sizeof id, "w-%d", i);
        snprintf(title, sizeof title, "zu%dxa breaks when ko%dma opens the ri%dto", i, i, i);
        app_put(f, id, title, "");
    }
    sc_id csv = app_put(f, "csv", CSV_LONG, "");
    app_settle(f);
    cut_off(f);
    sc_id again = app_put(f, "again", "CSV export of the pantry list: last row dropped", ""),
          same = app_put(f, "same", CSV_LONG "!", "");
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "o-%d", i);
        snprintf(title, sizeof title, "va%dlu never fi%dso any gu%dmi", i, i, i);
        odd[i] = app_put(f, id, title, "");
    }
    app_settle(f);
    assert_true(together(f, &csv, &same)); /* the fingerprint */
    for (int i = 0; i < 20; i++) {
        assert_false(together(f, &odd[i], &csv));
        for (int k = 0; k < i; k++) assert_false(together(f, &odd[i], &odd[k]));
    }
    atomic_store(&service.down, false);
    app_wait(mended, f, "the vectors");
    assert_true(together(f, &csv, &again));
}

static void what_is_bare_is_remembered_over_a_restart(void **state) {
    app_fixture *f = *state;
    cut_off(f);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", SHEET, "");
    app_settle(f);
    app_wait(all_bare, f, "the count");
    int64_t bare = stats(f).bare;
    app_fixture_restart(f, false);
    app_loaded(f);
    assert_int_equal(stats(f).bare, bare);
    atomic_store(&service.down, false);
    app_fixture_restart(f, true);
    app_loaded(f);
    app_wait(mended, f, "the vectors");
    assert_true(together(f, &a, &b));
    app_fixture_restart(f, true);
    app_loaded(f);
    assert_int_equal(stats(f).bare, 0);
}

static void mending_is_no_news_for_a_resolved_issue(void **state) {
    app_fixture *f = *state;
    cut_off(f);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", CSV, "");
    app_settle(f);
    sc_id in = app_get(f, &a).cluster_id;
    sc_cluster_patch p = {.has_event = true, .event = SC_CLUSTER_EV_RESOLVE};
    sc_cluster c;
    ok(sc_triage_patch(f->app, &f->project.id, &in, &p, SC_STR("t"), &f->arena, &c, &failure));
    atomic_store(&service.down, false);
    app_wait(mended, f, "the vectors");
    assert_true(together(f, &a, &b));
    in = app_get(f, &a).cluster_id;
    assert_int_equal(app_cluster(f, &in).status, SC_CLUSTER_resolved);
    assert_int_equal(app_cluster(f, &in).count, 2);
}

static void what_a_person_placed_stays_when_it_is_mended(void **state) {
    app_fixture *f = *state;
    cut_off(f);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", LOGIN, ""),
          c = app_put(f, "3", SHEET, "");
    app_settle(f);
    sc_id to = app_get(f, &b).cluster_id;
    sc_triage_result r;
    ok(sc_triage_move(f->app, &f->project.id, &a, &to, SC_STR("t"), &r, &failure));
    atomic_store(&service.down, false);
    app_wait(mended, f, "the vectors");
    assert_true(together(f, &a, &b));
    assert_false(together(f, &a, &c));
}

static bool dead(void *self) {
    app_fixture *f = self;
    sc_job_counts n;
    f->now_ms += 1000;
    ok(f->store.ops->job_counts(f->store.self, &f->project.id, SC_STR_NONE, &n, &failure));
    return n.by_state[SC_JOB_dead] > 0;
}

static sc_job dead_letter(app_fixture *f) {
    sc_job_filter filter = {.project_id = f->project.id, .by_state = true, .state = SC_JOB_dead};
    sc_page page = {.limit = 10};
    sc_job_list list;
    ok(f->store.ops->job_list(f->store.self, &filter, &page, &f->arena, &list, &failure));
    assert_int_equal(list.n, 1);
    return list.items[0];
}

static void a_text_that_it_refuses_is_parked_with_its_reason_and_the_others_go_on(void **state) {
    app_fixture *f = *state;
    for (int i = 0; i < 4; i++) put_odd(f, i);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", "This poison is refused", ""),
          c = app_put(f, "3", SHEET, "");
    app_settle(f);
    assert_true(together(f, &a, &c));
    app_wait(dead, f, "the dead letter");
    sc_job letter = dead_letter(f);
    assert_true(sc_str_find(letter.error, SC_STR("I do not read such words")) != SIZE_MAX);
    assert_true(sc_str_find(letter.payload, sc_id_str(&b)) != SIZE_MAX);
    assert_int_equal(app_get(f, &b).state, SC_FEEDBACK_parked);
    assert_int_equal(stats(f).embed.guard.breaker, SC_BREAKER_closed);
}

static void a_text_that_is_refused_when_mended_stays_where_it_is_and_says_why(void **state) {
    app_fixture *f = *state;
    cut_off(f);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", "This poison is refused", ""),
          c = app_put(f, "3", SHEET, "");
    app_settle(f);
    sc_id in = app_get(f, &b).cluster_id;
    atomic_store(&service.down, false);
    app_wait(mended, f, "the vectors");
    app_wait(dead, f, "the dead letter");
    assert_true(together(f, &a, &c));
    sc_feedback got = app_get(f, &b);
    assert_int_equal(got.state, SC_FEEDBACK_grouped);
    assert_true(sc_id_eq(&got.cluster_id, &in));
    sc_job letter = dead_letter(f);
    assert_true(sc_str_find(letter.error, SC_STR("I do not read such words")) != SIZE_MAX);
}

/* As the fixture opens it, but reports wait. */
static void reopen_waiting(app_fixture *f) {
    sc_app_stop(f->app);
    sc_app_free(f->app);
    sc_app_conf c;
    sc_app_conf_default(&c);
    c.store = f->store;
    c.embedder = f->embedder;
    c.clock = &f->clock;
    c.embed_wait = true;
    ok(sc_app_new(&c, &f->app, &failure));
    ok(sc_app_start(f->app, &failure));
}

static bool breaker_open(void *self) { return stats(self).embed.guard.breaker == SC_BREAKER_open; }

static bool grouped(void *self) {
    app_fixture *f = self;
    f->now_ms += 500;
    sc_store_stats s;
    ok(f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &s, &failure));
    return s.pending == 0;
}

static int calls_before;
static bool asked_again(void *self) {
    app_fixture *f = self;
    f->now_ms += 1000;
    return atomic_load(&service.calls) > calls_before;
}

static void where_reports_wait_they_wait_and_nothing_dies(void **state) {
    app_fixture *f = *state;
    for (int i = 0; i < 4; i++) put_odd(f, i);
    reopen_waiting(f);
    atomic_store(&service.down, true);
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", SHEET, "");
    app_wait(breaker_open, f, "the breaker");
    for (int i = 0; i < 12; i++) { /* through many openings: more than a job has attempts */
        calls_before = atomic_load(&service.calls);
        app_wait(asked_again, f, "another try");
    }
    assert_int_equal(app_get(f, &a).state, SC_FEEDBACK_pending);
    assert_false(dead(f));
    atomic_store(&service.down, false);
    app_wait(grouped, f, "the reports");
    assert_true(together(f, &a, &b));
    assert_int_equal(stats(f).bare, 0);
}

static bool of_the_toy(void *self) {
    app_fixture *f = self;
    sc_project p;
    ok(f->store.ops->project_get(f->store.self, SC_STR("default"), &f->arena, &p, &failure));
    return sc_str_is(p.model, toy.ops->model(toy.self));
}

static void a_change_to_a_remote_embedder_is_made_in_the_background(void **state) {
    app_fixture *f = *state;
    app_fixture_close(f);
    app_fixture_open(f, NULL, true); /* the builtin one */
    sc_id a = app_put(f, "1", CSV, ""), b = app_put(f, "2", CSV, "again"),
          c = app_put(f, "3", SHEET, "");
    app_settle(f);
    assert_true(together(f, &a, &b));
    assert_false(together(f, &a, &c));
    sc_embedder builtin = f->embedder;
    f->embedder = toy;
    atomic_store(&service.down, true);
    f->decides = true;
    app_fixture_restart(f, false);
    app_loaded(f); /* loading asks nobody: what the other one made is used */
    assert_int_equal(atomic_load(&service.calls), 0);
    assert_int_equal(stats(f).bare, 0);
    assert_false(of_the_toy(f));
    atomic_store(&service.down, false);
    app_fixture_restart(f, true);
    app_loaded(f);
    app_wait(of_the_toy, f, "the change of the model");
    assert_true(together(f, &a, &b));
    assert_true(together(f, &a, &c)); /* by meaning, which the builtin one did not see */
    app_fixture_restart(f, false);
    app_loaded(f);
    assert_int_equal(stats(f).bare, 0);
    builtin.ops->close(builtin.self);
    sc_free(builtin.self);
}

static void search_works_with_and_without_it(void **state) {
    app_fixture *f = *state;
    sc_search_result r;
    app_put(f, "1", CSV, "");
    app_put(f, "2", LOGIN, "");
    app_settle(f);
    ok(sc_read_search(f->app, &f->project.id, SC_STR("spreadsheet"), 5, &f->arena, &r, &failure));
    assert_true(r.n > 0 && sc_str_is(r.hits[0].feedback.title, CSV)); /* by meaning alone */
    cut_off(f);
    ok(sc_read_search(f->app, &f->project.id, SC_STR("arrives"), 5, &f->arena, &r, &failure));
    assert_true(r.n > 0 && sc_str_is(r.hits[0].feedback.title, LOGIN)); /* by words */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static bool was_asked(void *self) {
    (void)self;
    return atomic_load(&service.calls) > 0;
}

static void a_service_that_holds_its_answer_is_left_at_the_end(void **state) {
    app_fixture *f = *state;
    atomic_store(&service.holds, true);
    sc_id id = app_put(f, "held", "The login button does nothing", "");
    app_wait(was_asked, NULL, "the service to be asked");
    app_fixture_restart(f, false);
    assert_int_equal(app_get(f, &id).state, SC_FEEDBACK_pending);
    atomic_store(&service.holds, false);
    app_fixture_restart(f, true);
    app_settle(f);
    assert_int_equal(app_get(f, &id).state, SC_FEEDBACK_grouped);
    assert_int_equal(stats(f).embed.guard.breaker, SC_BREAKER_closed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(while_it_is_down_words_group_and_later_the_vectors_mend),
        T(without_a_vector_a_report_is_not_like_all_the_others),
        T(what_is_bare_is_remembered_over_a_restart),
        T(mending_is_no_news_for_a_resolved_issue),
        T(what_a_person_placed_stays_when_it_is_mended),
        T(a_text_that_it_refuses_is_parked_with_its_reason_and_the_others_go_on),
        T(a_text_that_is_refused_when_mended_stays_where_it_is_and_says_why),
        T(where_reports_wait_they_wait_and_nothing_dies),
        T(a_change_to_a_remote_embedder_is_made_in_the_background),
        T(search_works_with_and_without_it),
        T(a_service_that_holds_its_answer_is_left_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
