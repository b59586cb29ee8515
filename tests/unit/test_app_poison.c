/* One bad item must not hold up the others: commits and grouping steps are taken apart until it stands alone
 * (docs/failure-policy.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/internal.h"
#include "app_fixture.h"

enum { N = 40 };

static const sc_store_ops *real;
static _Atomic bool held;       /* commits wait */
static _Atomic int64_t bad_seq; /* a grouping step with it is refused */
static _Atomic int64_t
    *slow; /* a grouping step takes more than a job may, by this clock; or NULL */

static bool is_bad(sc_str title) { return sc_str_find(title, SC_STR("poison")) != SIZE_MAX; }

static sc_rc picky_put(void *self, const sc_feedback *items, const sc_id *jobs, size_t n,
                       sc_put_result *ret, sc_err *err) {
    while (held) sched_yield();
    for (size_t i = 0; i < n; i++)
        if (is_bad(items[i].title)) return sc_fail(err, SC_UNPROCESSABLE, "not this one");
    return real->feedback_put(self, items, jobs, n, ret, err);
}

static sc_rc picky_write(void *self, const sc_group_write *w, int64_t *ret, sc_err *err) {
    for (size_t i = 0; i < w->n_assigns; i++)
        if (w->assigns[i].seq == bad_seq && sc_id_is_set(&w->assigns[i].cluster_id))
            return sc_fail(err, SC_INTERNAL, "this one cannot be written");
    if (slow) atomic_fetch_add(slow, 1100000);
    return real->group_write(self, w, ret, err);
}

static sc_store_ops picky(const sc_store_ops *ops) {
    sc_store_ops mine = *ops;
    real = ops;
    mine.feedback_put = picky_put;
    mine.group_write = picky_write;
    return mine;
}

/* ---- Commits ------------------------------------------------------------------------------------ */

typedef struct sent {
    sc_ingest in;
    sc_feedback items[N];
    sc_put_result results[N];
    bool refused[N];
    _Atomic bool done;
    sc_err err;
} sent;

static void on_done(sc_ingest *in, const sc_err *err) {
    sent *s = in->self;
    s->err = *err;
    s->done = true;
}

static void on_refused(sc_ingest *in, size_t i, const sc_err *err) {
    sent *s = in->self;
    assert_int_equal(err->rc, SC_UNPROCESSABLE);
    s->refused[i] = true;
}

static void submit(app_fixture *f, sent *s, const char *title, size_t n, bool apart) {
    s->in =
        (sc_ingest){.items = s->items, .n = n, .results = s->results, .done = on_done, .self = s};
    if (apart) s->in.refused = on_refused;
    for (size_t i = 0; i < n; i++) {
        sc_feedback *item = &s->items[i];
        char *id = sc_arena_printf(&f->arena, "%p-%zu", (void *)s, i);
        *item = (sc_feedback){.project_id = f->project.id,
                              .source = SC_SOURCE_manual,
                              .external_id = sc_str_of(id),
                              .title = sc_str_of(apart && i == 7 ? "poison" : title),
                              .metadata = SC_STR("{}")};
        assert_int_equal(sc_feedback_normalise(item, NULL), SC_OK);
    }
    assert_int_equal(sc_ingest_submit(f->app, &s->in, &f->arena, NULL), SC_OK);
}

static bool is_done(void *self) { return ((sent *)self)->done; }

static void one_request_in_a_commit_fails_alone(void **state) {
    (void)state;
    static sent all[9];
    app_fixture f;
    app_fixture_open_with(&f, NULL, false, picky);
    held = true; /* the first one is under way, the others wait and are one commit */
    for (size_t i = 0; i < SC_LEN(all); i++) {
        memset(&all[i], 0, sizeof all[i]);
        submit(&f, &all[i], i == 5 ? "poison" : "the export fails", 2, false);
    }
    held = false;
    for (size_t i = 0; i < SC_LEN(all); i++) {
        app_wait(is_done, &all[i], "a request");
        assert_int_equal(all[i].err.rc, i == 5 ? SC_UNPROCESSABLE : SC_OK);
        for (int k = 0; k < 2 && i != 5; k++)
            assert_int_equal(all[i].results[k].status, SC_PUT_NEW);
    }
    sc_store_stats st;
    assert_int_equal(f.store.ops->stats(f.store.self, &f.project.id, f.now_ms, &st, NULL), SC_OK);
    assert_int_equal(st.feedback, 16);
    app_fixture_close(&f);
}

static void one_line_of_a_batch_is_refused_alone(void **state) {
    (void)state;
    static sent s;
    app_fixture f;
    app_fixture_open_with(&f, NULL, false, picky);
    submit(&f, &s, "the export fails", N, true);
    app_wait(is_done, &s, "the batch");
    assert_int_equal(s.err.rc, SC_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(s.refused[i], i == 7);
        assert_int_equal(sc_id_is_set(&s.results[i].id), i != 7);
    }
    sc_app_stats st;
    sc_app_stats_get(f.app, &st);
    assert_int_equal(st.committed, N - 1);
    app_fixture_close(&f);
}

/* ---- Grouping ----------------------------------------------------------------------------------- */

static void put_many(app_fixture *f, int n) {
    for (int i = 0; i < n; i++) {
        char id[20], title[60];
        snprintf(id, sizeof id, "e%d", i);
        snprintf(title, sizeof title, "the export of table %d fails with an error", i);
        app_put(f, id, title, "");
    }
}

static sc_store_stats stats(app_fixture *f) {
    sc_store_stats st;
    assert_int_equal(f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &st, NULL),
                     SC_OK);
    return st;
}

static bool regroup_is_dead(void *self) {
    app_fixture *f = self;
    f->now_ms += 120000;
    sc_job_counts c;
    return !f->store.ops->job_counts(f->store.self, &f->project.id, SC_STR("regroup"), &c, NULL) &&
           c.by_state[SC_JOB_dead] == 1;
}

static void a_report_that_no_step_can_hold_is_parked_alone(void **state) {
    (void)state;
    app_fixture f;
    bad_seq = 0;
    app_fixture_open_with(&f, NULL, false, picky);
    put_many(&f, N);
    sc_feedback *list;
    size_t n;
    assert_int_equal(f.store.ops->feedback_pending(f.store.self, &f.project.id, 0, 100, &f.arena,
                                                   &list, &n, NULL),
                     SC_OK);
    bad_seq = list[N / 3].seq;
    const sc_id bad = list[N / 3].id;
    app_fixture_restart(&f, true);
    app_settle(&f);
    assert_int_equal(stats(&f).parked, 1);
    assert_int_equal(app_get(&f, &bad).state, SC_FEEDBACK_parked);
    app_wait(regroup_is_dead, &f, "its own job to be given up");
    bad_seq = 0;
    app_fixture_close(&f);
}

/* As `deaths` workers leave it that took the group job and ended without a word. */
static void workers_die(app_fixture *f, int deaths) {
    const sc_str kinds[] = {SC_STR("group")};
    for (int i = 0; i < deaths; i++) {
        sc_job job;
        assert_int_equal(f->store.ops->job_claim(f->store.self, kinds, 1, SC_STR("gone:1:0"), 1000,
                                                 f->now_ms, &f->arena, &job, NULL),
                         SC_OK);
        assert_int_equal(job.attempts, i + 1);
        f->now_ms += 2000;
    }
}

static bool all_grouped(void *self) {
    sc_store_stats st = stats(self);
    return !st.pending && !st.parked;
}

/* The same while time goes on, to when jobs are tried again. A slow worker's lease runs out in it. */
static bool all_grouped_in_time(void *self) {
    app_fixture *f = self;
    f->now_ms += 1000;
    return all_grouped(f);
}

/* The report that was the next one each time is set apart; here it was not to blame, and comes back by its own job. */
static void what_its_workers_died_of_does_not_block_the_project(void **state) {
    (void)state;
    app_fixture f;
    app_fixture_open(&f, NULL, false);
    put_many(&f, 10);
    workers_die(&f, 4);
    app_fixture_restart(&f, true);
    app_wait(all_grouped_in_time, &f, "grouping");
    sc_app_stats st;
    sc_app_stats_get(f.app, &st);
    assert_int_equal(st.group_errors, 1); /* the one that was set apart */
    sc_job_counts c;
    assert_int_equal(f.store.ops->job_counts(f.store.self, &f.project.id, SC_STR_NONE, &c, NULL),
                     SC_OK);
    assert_int_equal(c.by_state[SC_JOB_dead], 0);
    app_fixture_close(&f);
}

/* How many writes it takes to place ten reports after so many deaths. */
static int64_t writes_after(int deaths, bool slowly) {
    app_fixture f;
    app_fixture_open_with(&f, NULL, false, picky);
    put_many(&f, 10);
    workers_die(&f, deaths);
    slow = slowly ? &f.mono_ahead_us : NULL;
    app_fixture_restart(&f, true);
    app_wait(all_grouped, &f, "grouping");
    sc_app_stats st;
    sc_app_stats_get(f.app, &st);
    assert_int_equal(st.group_errors, 0);
    sc_project p;
    assert_int_equal(
        f.store.ops->project_get(f.store.self, sc_id_str(&f.project.id), &f.arena, &p, NULL),
        SC_OK);
    app_fixture_close(&f);
    slow = NULL;
    return p.group_version;
}

static void a_single_death_changes_nothing(void **state) {
    (void)state;
    assert_int_equal(writes_after(1, false), writes_after(0, false));
}

static void after_two_deaths_reports_are_placed_one_by_one(void **state) {
    (void)state;
    assert_int_equal(writes_after(2, false), writes_after(0, false) + 9);
}

static void a_slow_worker_does_not_lose_its_care(void **state) {
    (void)state;
    assert_int_equal(writes_after(2, true), writes_after(0, false) + 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_request_in_a_commit_fails_alone),
        cmocka_unit_test(one_line_of_a_batch_is_refused_alone),
        cmocka_unit_test(a_report_that_no_step_can_hold_is_parked_alone),
        cmocka_unit_test(what_its_workers_died_of_does_not_block_the_project),
        cmocka_unit_test(a_single_death_changes_nothing),
        cmocka_unit_test(after_two_deaths_reports_are_placed_one_by_one),
        cmocka_unit_test(a_slow_worker_does_not_lose_its_care),
    };
    return cmocka_run_group_tests_name("app_poison", tests, NULL, NULL);
}
