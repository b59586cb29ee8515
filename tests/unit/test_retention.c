/* Retention: what goes, what stays and why, and that it ends whatever interrupts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/retention.h"
#include "app/triage.h"
#include "app_fixture.h"

static const int64_t DAY = 86400000;

static sc_err failure;
#define ok(call)                                                             \
    do {                                                                     \
        sc_rc rc_ = (call);                                                  \
        if (rc_) fail_msg("%s: %s %s", #call, sc_rc_name(rc_), failure.msg); \
    } while (0)

/* Three issues that have nothing in common. */
typedef struct old_world {
    app_fixture f;
    sc_id report[4];
    sc_id issue[3]; /* issue[0] has report 0 and 3 */
} old_world;

static int setup(void **state) {
    static old_world w;
    app_fixture_open(&w.f, NULL, true);
    w.report[0] = app_put(
        &w.f, "1", "Exporting my pantry to CSV drops the last row of the file every time", "");
    w.report[1] =
        app_put(&w.f, "2", "Login fails with a blank page after the password reset mail", "");
    w.report[2] =
        app_put(&w.f, "3", "The dark theme makes chart labels unreadable on Android tablets", "");
    w.report[3] = app_put(
        &w.f, "4", "Exporting my pantry to CSV drops the last row of the file every time", "");
    app_settle(&w.f);
    for (int i = 0; i < 3; i++) w.issue[i] = app_get(&w.f, &w.report[i]).cluster_id;
    assert_int_equal(app_cluster(&w.f, &w.issue[0]).count, 2);
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(&((old_world *)*state)->f);
    return 0;
}

static void close_issue(old_world *w, int i, sc_cluster_event ev) {
    sc_cluster_patch p = {.has_event = true, .event = ev};
    sc_cluster c;
    ok(sc_triage_patch(w->f.app, &w->f.project.id, &w->issue[i], &p, SC_STR("me"), &w->f.arena, &c,
                       &failure));
}

static sc_retention plan(old_world *w, int64_t days) {
    sc_retention r;
    ok(sc_retention_plan(w->f.app, &w->f.project.id, days, &w->f.arena, &r, &failure));
    return r;
}

static int64_t work(old_world *w, int64_t days, int64_t budget_us, bool *ret_more) {
    int64_t reports, issues;
    ok(sc_retention_work(w->f.app, &w->f.project.id, days, budget_us, &reports, &issues, ret_more,
                         &failure));
    return reports;
}

static bool is_there(old_world *w, int i) {
    sc_feedback got;
    sc_err err;
    return !w->f.store.ops->feedback_get(w->f.store.self, &w->f.project.id, &w->report[i],
                                         &w->f.arena, &got, &err);
}

static void open_issues_and_young_ones_stay(void **state) {
    old_world *w = *state;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 9 * DAY;
    assert_int_equal(plan(w, 0).issues, 0);
    assert_int_equal(plan(w, 0).before_ms, 0);
    assert_int_equal(plan(w, 10).issues, 0);
    w->f.now_ms += 2 * DAY;
    sc_retention r = plan(w, 10);
    assert_int_equal(r.issues, 1);
    assert_int_equal(r.reports, 2);
    assert_true(r.n_items == 1 && sc_id_eq(&r.items[0].id, &w->issue[0]));
    for (int i = 0; i < 4; i++) assert_true(is_there(w, i)); /* a plan is a plan */
}

static void what_is_closed_and_old_goes_for_good_and_nothing_else(void **state) {
    old_world *w = *state;
    bool more;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    close_issue(w, 1, SC_CLUSTER_EV_IGNORE);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 3);
    assert_false(more);
    assert_false(is_there(w, 0) || is_there(w, 1) || is_there(w, 3));
    assert_true(is_there(w, 2));
    assert_int_equal(plan(w, 10).issues, 0);
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 0);
    /* What comes again is a new issue. */
    sc_id again = app_put(
        &w->f, "5", "Exporting my pantry to CSV drops the last row of the file every time", "");
    app_settle(&w->f);
    sc_id place = app_get(&w->f, &again).cluster_id;
    assert_false(sc_id_eq(&place, &w->issue[0]));
}

static void an_issue_that_was_closed_lately_stays_however_old_its_reports_are(void **state) {
    old_world *w = *state;
    w->f.now_ms += 100 * DAY;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    sc_retention r = plan(w, 10);
    assert_int_equal(r.issues, 0);
    assert_int_equal(r.kept_changed, 1);
}

static void half_an_issue_is_gone_and_the_rest_goes_next(void **state) {
    old_world *w = *state;
    bool more;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(work(w, 10, 0, &more), 1); /* one is the least */
    assert_true(more);
    app_fixture_restart(&w->f, true);
    assert_int_equal(plan(w, 10).reports, 1); /* though it was changed just now */
    assert_int_equal(work(w, 10, 0, &more), 1);
    assert_false(is_there(w, 0) || is_there(w, 3));
}

static void what_a_person_tied_to_an_open_issue_stays(void **state) {
    old_world *w = *state;
    sc_triage_result done;
    ok(sc_triage_apart(w->f.app, &w->f.project.id, &w->issue[0], &w->issue[1], SC_STR("me"), &done,
                       &failure));
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    sc_retention r = plan(w, 10);
    assert_int_equal(r.issues, 0);
    assert_int_equal(r.kept_tied, 1);
    close_issue(w, 1, SC_CLUSTER_EV_RESOLVE); /* now both are closed, and need each other no more */
    r = plan(w, 10);
    assert_int_equal(r.issues, 1);
    assert_int_equal(r.kept_tied, 0);
}

static void a_report_that_was_moved_away_ties_its_new_issue_to_the_old_one(void **state) {
    old_world *w = *state;
    sc_triage_result done;
    ok(sc_triage_move(w->f.app, &w->f.project.id, &w->report[3], &w->issue[1], SC_STR("me"), &done,
                      &failure));
    close_issue(w, 1, SC_CLUSTER_EV_RESOLVE); /* undo would lead back to issue 0, which is open */
    w->f.now_ms += 11 * DAY;
    assert_int_equal(plan(w, 10).kept_tied, 1);
}

static void an_issue_with_a_pull_request_stays(void **state) {
    old_world *w = *state;
    sc_job job = {.id = sc_id_new(&w->f.clock),
                  .project_id = w->f.project.id,
                  .kind = SC_STR("fix"),
                  .payload = SC_STR("{}"),
                  .max_attempts = 1,
                  .run_at_ms = w->f.now_ms,
                  .created_at_ms = w->f.now_ms};
    sc_fix fix = {.cluster_id = w->issue[0], .by = SC_STR("me"), .branch = SC_STR("b")};
    sc_id id;
    bool fresh;
    const sc_store *s = &w->f.store;
    ok(s->ops->fix_start(s->self, &job, &fix, &id, &fresh, &failure));
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(plan(w, 10).kept_fixed, 1); /* it is under way */
    ok(s->ops->job_act(s->self, &w->f.project.id, &id, SC_JOB_EV_CANCEL, w->f.now_ms, &failure));
    assert_int_equal(plan(w, 10).kept_fixed, 0);
    ok(s->ops->fix_get(s->self, &w->f.project.id, &id, &w->f.arena, &fix, &failure));
    fix.pull = SC_FIX_PULL_merged;
    sc_fix_write write = {.fix = &fix, .now_ms = w->f.now_ms};
    ok(s->ops->fix_save(s->self, &write, &failure));
    assert_int_equal(plan(w, 10).kept_fixed, 1);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(open_issues_and_young_ones_stay),
        T(what_is_closed_and_old_goes_for_good_and_nothing_else),
        T(an_issue_that_was_closed_lately_stays_however_old_its_reports_are),
        T(half_an_issue_is_gone_and_the_rest_goes_next),
        T(what_a_person_tied_to_an_open_issue_stays),
        T(a_report_that_was_moved_away_ties_its_new_issue_to_the_old_one),
        T(an_issue_with_a_pull_request_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
