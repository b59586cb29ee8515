/* The pass over everything as the worker makes it: when, how it is stored, and that it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/read.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"

static const char *const EXPORT =
    "Exporting my pantry to CSV drops the last row of the file every time";
static const char *const EXPORT2 =
    "CSV export of the pantry: the last row of the exported file is dropped every time";

/* Two reports of one issue that another process put into two. */
typedef struct torn {
    app_fixture f;
    sc_id a, b, kept, extra; /* extra: the issue that b was put into */
} torn;

static void tear_apart(torn *t) {
    app_fixture *f = &t->f;
    sc_feedback b = app_get(f, &t->b);
    sc_cluster kept = app_cluster(f, &b.cluster_id), extra = kept;
    t->kept = kept.id;
    t->extra = extra.id = sc_id_new(&f->clock);
    assert_int_equal(kept.count, 2);
    kept.count = extra.count = 1;
    kept.version++;
    const sc_cluster clusters[] = {kept, extra};
    const sc_assign assign = {.seq = b.seq, .cluster_id = extra.id};
    sc_project p;
    ok(f->store.ops->project_get(f->store.self, SC_STR("default"), &f->arena, &p, &failure));
    const sc_group_write w = {.project_id = f->project.id,
                              .expect_version = p.group_version,
                              .model = sc_app_model(f->app),
                              .assigns = &assign,
                              .n_assigns = 1,
                              .clusters = clusters,
                              .n_clusters = 2,
                              .now_ms = f->now_ms};
    int64_t version;
    ok(f->store.ops->group_write(f->store.self, &w, &version, &failure));
}

static int setup(void **state) {
    static torn t;
    app_fixture_open(&t.f, NULL, true);
    t.a = app_put(&t.f, "1", EXPORT, "");
    t.b = app_put(&t.f, "2", EXPORT2, "");
    app_settle(&t.f);
    tear_apart(&t);
    *state = &t;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(&((torn *)*state)->f);
    return 0;
}

static sc_job_counts jobs(app_fixture *f) {
    sc_job_counts c;
    ok(f->store.ops->job_counts(f->store.self, &f->project.id, SC_STR("tidy"), &c, &failure));
    return c;
}

static int64_t version_of(app_fixture *f) {
    sc_project p;
    ok(f->store.ops->project_get(f->store.self, SC_STR("default"), &f->arena, &p, &failure));
    return p.group_version;
}

static bool tidied(void *self) {
    app_fixture *f = self;
    f->now_ms += 10; /* the job's time comes */
    sc_app_stats s;
    sc_app_stats_get(f->app, &s);
    return s.tidied > 0 && jobs(f).by_state[SC_JOB_success] == 1;
}

/* A third report comes, and then it is quiet. */
static void tidy(torn *t) {
    t->f.tidy_ms = 30;
    app_fixture_restart(&t->f, true);
    app_put(&t->f, "3", "The login code sent by text message never arrives on my phone", "");
    app_settle(&t->f);
    app_wait(tidied, &t->f, "the project to be tidied");
}

static void what_belongs_together_is_brought_together_with_its_reason(void **state) {
    torn *t = *state;
    app_fixture *f = &t->f;
    tidy(t);
    sc_feedback a = app_get(f, &t->a), b = app_get(f, &t->b);
    assert_true(sc_id_eq(&a.cluster_id, &b.cluster_id));
    assert_true(sc_id_eq(&a.cluster_id, &t->kept)); /* the older keeps its name */
    assert_int_equal(app_cluster(f, &t->kept).count, 2);
    sc_cluster gone = app_cluster(f, &t->extra);
    assert_true(sc_id_eq(&gone.merged_into, &t->kept));
    sc_trace trace;
    ok(sc_read_trace(f->app, &f->project.id, &t->b, &f->arena, &trace, &failure));
    const sc_trace_step *last = &trace.steps[trace.n - 1];
    assert_non_null(last->decision);
    assert_int_equal(last->decision->reason, SC_REASON_consolidated);
    assert_true(sc_id_is_set(&last->job_id));
    assert_true(last->decision->evidence.probability > 0.5);
}

static void it_ends_and_writes_nothing_more(void **state) {
    torn *t = *state;
    app_fixture *f = &t->f;
    tidy(t);
    assert_int_equal(jobs(f).by_state[SC_JOB_pending], 0);
    const int64_t then = version_of(f);
    f->now_ms += 3600000;
    app_fixture_restart(f, true); /* the index is loaded again: still nothing to do */
    app_put(f, "4", "Dark mode makes the recipe list unreadable at night", "");
    app_settle(f);
    sc_app_stats s;
    do {
        f->now_ms += 10;
        sc_app_stats_get(f->app, &s);
    } while (!s.tidied || jobs(f).by_state[SC_JOB_pending] || jobs(f).by_state[SC_JOB_running]);
    assert_int_equal(s.tidy_moves, 0);
    assert_int_equal(version_of(f), then + 1); /* the new report's */
}

static void what_a_person_keeps_apart_stays_apart(void **state) {
    torn *t = *state;
    app_fixture *f = &t->f;
    sc_triage_result r;
    ok(sc_triage_apart(f->app, &f->project.id, &t->kept, &t->extra, SC_STR("t"), &r, &failure));
    tidy(t);
    sc_feedback a = app_get(f, &t->a), b = app_get(f, &t->b);
    assert_false(sc_id_eq(&a.cluster_id, &b.cluster_id));
    assert_true(sc_id_eq(&b.cluster_id, &t->extra));
}

static void it_can_be_switched_off(void **state) {
    torn *t = *state;
    app_fixture *f = &t->f;
    app_put(f, "3", "The login code sent by text message never arrives on my phone", "");
    app_settle(f);
    f->now_ms += 3600000;
    app_put(f, "4", "Dark mode makes the recipe list unreadable at night", "");
    app_settle(f);
    sc_job_counts c = jobs(f);
    for (int i = 0; i < SC_JOB_STATE_COUNT; i++) assert_int_equal(c.by_state[i], 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(what_belongs_together_is_brought_together_with_its_reason),
        test(it_ends_and_writes_nothing_more),
        test(what_a_person_keeps_apart_stays_apart),
        test(it_can_be_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
