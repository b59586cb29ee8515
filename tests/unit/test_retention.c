/* Retention: what goes, what stays and why, and that it ends whatever interrupts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/internal.h"
#include "app/retention.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"

static const int64_t DAY = 86400000;

/* ---- Between two calls of the store -------------------------------------------------------------- */

static const sc_store_ops *real_store;
static _Thread_local bool mine; /* the test's own thread, not the worker's */
static struct {
    void (*chosen)(void); /* once, when an issue's reports are to be removed */
    void (*judged)(void); /* once, when a report's issue was looked at for the last time */
    bool removing;
    bool no_removal, no_setting; /* these writes fail */
    int pages, fix_lists, all_names;
    _Atomic int64_t *mono_ahead_us; /* a page takes a second of it; or NULL */
} between;

static void once(void (**fn)(void)) {
    void (*now)(void) = *fn;
    *fn = NULL;
    if (now) now();
}

static sc_rc told_feedback_list(void *self, const sc_feedback_filter *f, const sc_page *page,
                                sc_arena *arena, sc_feedback_list *ret, sc_err *err) {
    sc_rc rc = real_store->feedback_list(self, f, page, arena, ret, err);
    if (mine && sc_id_is_set(&f->cluster_id)) {
        between.removing = true;
        once(&between.chosen);
    }
    return rc;
}

static sc_rc told_fix_list(void *self, const sc_fix_filter *f, const sc_page *page, sc_arena *arena,
                           sc_fix_list *ret, sc_err *err) {
    sc_rc rc = real_store->fix_list(self, f, page, arena, ret, err);
    if (mine) between.fix_lists++;
    if (mine && between.removing) once(&between.judged);
    return rc;
}

static sc_rc told_cluster_list(void *self, const sc_cluster_filter *f, const sc_page *page,
                               int64_t now_ms, sc_arena *arena, sc_cluster_list *ret, sc_err *err) {
    if (mine && f->sort == SC_SORT_CREATED) between.pages++;
    if (mine && between.mono_ahead_us) *between.mono_ahead_us += 1000000;
    return real_store->cluster_list(self, f, page, now_ms, arena, ret, err);
}

static sc_rc told_names(void *self, const sc_id *project, sc_arena *arena, sc_cluster_name **ret,
                        size_t *ret_n, sc_err *err) {
    if (mine) between.all_names++;
    return real_store->cluster_names(self, project, arena, ret, ret_n, err);
}

static sc_rc told_group_write(void *self, const sc_group_write *w, int64_t *ret_version,
                              sc_err *err) {
    if (mine && between.no_removal) return sc_fail(err, SC_STORE, "no removal");
    return real_store->group_write(self, w, ret_version, err);
}

static sc_rc told_setting_put(void *self, const sc_id *project, sc_str name, sc_str value,
                              int64_t now_ms, sc_err *err) {
    if (mine && between.no_setting) return sc_fail(err, SC_STORE, "no setting");
    return real_store->setting_put(self, project, name, value, now_ms, err);
}

static sc_store_ops told(const sc_store_ops *real) {
    real_store = real;
    sc_store_ops ops = *real;
    ops.feedback_list = told_feedback_list;
    ops.fix_list = told_fix_list;
    ops.cluster_list = told_cluster_list;
    ops.cluster_names = told_names;
    ops.group_write = told_group_write;
    ops.setting_put = told_setting_put;
    return ops;
}

/* Three issues that have nothing in common. */
typedef struct old_world {
    app_fixture f;
    sc_id report[4];
    sc_id issue[3]; /* issue[0] has report 0 and 3 */
} old_world;

static old_world world; /* of the test under way */

static int setup(void **state) {
    old_world *w = &world;
    memset(&between, 0, sizeof between);
    mine = true;
    app_fixture_open_with(&w->f, NULL, true, told);
    w->report[0] = app_put(
        &w->f, "1", "Exporting my pantry to CSV drops the last row of the file every time", "");
    w->report[1] =
        app_put(&w->f, "2", "Login fails with a blank page after the password reset mail", "");
    w->report[2] =
        app_put(&w->f, "3", "The dark theme makes chart labels unreadable on Android tablets", "");
    w->report[3] = app_put(
        &w->f, "4", "Exporting my pantry to CSV drops the last row of the file every time", "");
    app_settle(&w->f);
    for (int i = 0; i < 3; i++) w->issue[i] = app_get(&w->f, &w->report[i]).cluster_id;
    assert_int_equal(app_cluster(&w->f, &w->issue[0]).count, 2);
    *state = w;
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
    sc_retention_turn t;
    ok(sc_retention_work(w->f.app, &w->f.project.id, days, budget_us, SC_STR_NONE, &w->f.arena, &t,
                         &failure));
    *ret_more = t.more;
    return t.reports;
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

static sc_id begin_fix(old_world *w, int i) {
    char key[SC_FIX_KEY];
    sc_fix_key(&w->issue[i], key);
    sc_job job = {.id = sc_id_new(&w->f.clock),
                  .project_id = w->f.project.id,
                  .kind = SC_STR("fix"),
                  .unique_key = sc_str_of(key),
                  .payload = SC_STR("{}"),
                  .max_attempts = 1,
                  .run_at_ms = w->f.now_ms,
                  .created_at_ms = w->f.now_ms};
    sc_fix fix = {.cluster_id = w->issue[i], .by = SC_STR("me"), .branch = SC_STR("b")};
    sc_id id;
    bool fresh;
    ok(w->f.store.ops->fix_start(w->f.store.self, &job, &fix, &id, &fresh, &failure));
    assert_true(fresh);
    return id;
}

static void cancel_fix(old_world *w, const sc_id *id) {
    ok(w->f.store.ops->job_act(w->f.store.self, &w->f.project.id, id, SC_JOB_EV_CANCEL, w->f.now_ms,
                               &failure));
}

static void give_pull(old_world *w, const sc_id *id) {
    const sc_store *s = &w->f.store;
    sc_fix fix;
    ok(s->ops->fix_get(s->self, &w->f.project.id, id, &w->f.arena, &fix, &failure));
    fix.pull = SC_FIX_PULL_merged;
    sc_fix_write write = {.fix = &fix, .now_ms = w->f.now_ms};
    ok(s->ops->fix_save(s->self, &write, &failure));
}

static void an_issue_with_a_pull_request_stays(void **state) {
    old_world *w = *state;
    sc_id id = begin_fix(w, 0);
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(plan(w, 10).kept_fixed, 1); /* it is under way */
    cancel_fix(w, &id);
    assert_int_equal(plan(w, 10).kept_fixed, 0);
    give_pull(w, &id);
    assert_int_equal(plan(w, 10).kept_fixed, 1);
}

/* ---- What happens meanwhile ---------------------------------------------------------------------- */

static void close_one_and_wait(old_world *w) {
    close_issue(w, 0, SC_CLUSTER_EV_IGNORE);
    w->f.now_ms += 11 * DAY;
}

/* Issue 1 comes first: what is to happen `chosen` does so as it goes, with issue 0 already chosen. */
static void close_two_and_wait(old_world *w) {
    close_issue(w, 1, SC_CLUSTER_EV_RESOLVE);
    close_one_and_wait(w);
}

static void stays_though_chosen(old_world *w, int64_t others) {
    bool more;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), others);
    assert_null(between.chosen);
    assert_null(between.judged);
    assert_false(more);
    assert_true(is_there(w, 0) && is_there(w, 3));
}

static void reopen_first(void) { close_issue(&world, 0, SC_CLUSTER_EV_REOPEN); }

static void an_issue_that_is_opened_again_after_it_was_chosen_stays(void **state) {
    old_world *w = *state;
    close_two_and_wait(w);
    between.chosen = reopen_first;
    stays_though_chosen(w, 1);
    assert_false(is_there(w, 1));
    /* It was not begun: when it is closed again its last change counts. */
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    assert_int_equal(plan(w, 10).kept_changed, 1);
}

static void reopen_and_close_first(void) {
    close_issue(&world, 0, SC_CLUSTER_EV_REOPEN);
    close_issue(&world, 0, SC_CLUSTER_EV_RESOLVE);
}

static void one_that_is_opened_and_closed_again_stays_as_one_that_was_closed_lately(void **state) {
    old_world *w = *state;
    close_two_and_wait(w);
    between.chosen = reopen_and_close_first;
    stays_though_chosen(w, 1);
}

static void report_again(void) {
    app_put(&world.f, "5", "Exporting my pantry to CSV drops the last row of the file every time",
            "");
    app_settle(&world.f);
}

static void an_issue_that_gets_a_report_after_it_was_chosen_stays(void **state) {
    old_world *w = *state;
    close_two_and_wait(w); /* ignored: a new report does not open it */
    between.chosen = report_again;
    stays_though_chosen(w, 1);
    sc_cluster c = app_cluster(&w->f, &w->issue[0]);
    assert_int_equal(c.status, SC_CLUSTER_ignored);
    assert_int_equal(c.count, 3);
}

static void begin_first_fix(void) { begin_fix(&world, 0); }

static void an_issue_whose_fix_begins_after_it_was_chosen_stays(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    between.chosen = begin_first_fix;
    stays_though_chosen(w, 0);
}

static void merge_first_fix(void) {
    sc_id id = begin_fix(&world, 0);
    cancel_fix(&world, &id); /* no job of it is open any more */
    give_pull(&world, &id);
}

static void an_issue_whose_fix_is_merged_after_it_was_chosen_stays(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    between.chosen = merge_first_fix;
    stays_though_chosen(w, 0);
}

static void a_fix_that_begins_at_the_last_moment_is_seen_by_the_write(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    between.judged = begin_first_fix;
    stays_though_chosen(w, 0);
    /* What was taken out of the index for it is there again. */
    sc_id again = app_put(
        &w->f, "5", "Exporting my pantry to CSV drops the last row of the file every time", "");
    app_settle(&w->f);
    assert_string_equal(app_get(&w->f, &again).cluster_id.text, w->issue[0].text);
}

/* As another process does it: this one's lock does not keep it out. */
static void reopen_elsewhere(void) {
    old_world *w = &world;
    sc_cluster c = app_cluster(&w->f, &w->issue[0]);
    sc_project p;
    int64_t version;
    ok(w->f.store.ops->project_get(w->f.store.self, sc_id_str(&w->f.project.id), &w->f.arena, &p,
                                   &failure));
    c.status = SC_CLUSTER_triaged;
    c.updated_at_ms = w->f.now_ms;
    sc_group_write gw = {.project_id = w->f.project.id,
                         .expect_version = p.group_version,
                         .clusters = &c,
                         .n_clusters = 1,
                         .now_ms = w->f.now_ms};
    ok(w->f.store.ops->group_write(w->f.store.self, &gw, &version, &failure));
}

static void one_that_another_process_opens_at_the_last_moment_stays(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    between.judged = reopen_elsewhere;
    stays_though_chosen(w, 0);
}

static void a_report_that_was_edited_waits_and_is_not_touched(void **state) {
    old_world *w = *state;
    close_two_and_wait(w);
    app_fixture_restart(&w->f, false); /* nobody groups it */
    sc_feedback f = app_get(&w->f, &w->report[3]);
    sc_id job = sc_id_new(&w->f.clock);
    f.title = SC_STR("Exporting my pantry to CSV drops two rows of the file every time");
    ok(w->f.store.ops->feedback_update(w->f.store.self, &f, true, &job, w->f.now_ms, &failure));
    bool more;
    work(w, 10, 60 * 1000000, &more);
    assert_true(is_there(w, 3));
    assert_false(more);
}

static void half_an_issue_that_is_opened_again_keeps_its_other_half(void **state) {
    old_world *w = *state;
    bool more;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(work(w, 10, 0, &more), 1);
    close_issue(w, 0, SC_CLUSTER_EV_REOPEN);
    assert_int_equal(work(w, 10, 0, &more), 0);
    assert_false(more);
    /* From now on it is an issue as any other: closed lately, it stays. */
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    assert_int_equal(plan(w, 10).kept_changed, 1);
    assert_int_equal(work(w, 10, 0, &more), 0);
    assert_int_equal(is_there(w, 0) + is_there(w, 3), 1);
}

/* ---- Chosen, but nothing is gone yet -------------------------------------------------------------- */

static void changed_it_stays_and_unchanged_it_goes(old_world *w) {
    bool more;
    assert_true(is_there(w, 0) && is_there(w, 3));
    sc_cluster_patch rename = {.has_title = true, .title = SC_STR("The last row is missing")};
    sc_cluster c;
    ok(sc_triage_patch(w->f.app, &w->f.project.id, &w->issue[0], &rename, SC_STR("me"), &w->f.arena,
                       &c, &failure));
    assert_int_equal(plan(w, 10).kept_changed, 1);
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 0);
    assert_true(is_there(w, 0) && is_there(w, 3));
    w->f.now_ms += 11 * DAY;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 2);
}

static void time_is_over(void) { world.f.mono_ahead_us += 60 * 1000000; }

static void time_is_over_at_the_next(void) { between.chosen = time_is_over; }

static void a_change_counts_where_the_time_was_over_before_the_first_report_went(void **state) {
    old_world *w = *state;
    bool more;
    close_two_and_wait(w);
    between.chosen = time_is_over_at_the_next;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 1);
    assert_null(between.chosen);
    assert_true(more);
    changed_it_stays_and_unchanged_it_goes(w);
}

static int failing_work(old_world *w) {
    sc_retention_turn t;
    return sc_retention_work(w->f.app, &w->f.project.id, 10, 60 * 1000000, SC_STR_NONE, &w->f.arena,
                             &t, &failure);
}

static void a_change_counts_where_the_first_removal_failed(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    between.no_removal = true;
    assert_int_equal(failing_work(w), SC_STORE);
    between.no_removal = false;
    changed_it_stays_and_unchanged_it_goes(w);
}

static void put_begun(old_world *w, const char *value) {
    ok(w->f.store.ops->setting_put(w->f.store.self, &w->f.project.id, SC_STR("retention"),
                                   sc_str_of(value), w->f.now_ms, &failure));
}

/* A former version stored it before anything was gone. */
static void a_change_counts_where_a_former_version_chose_the_issue(void **state) {
    old_world *w = *state;
    close_one_and_wait(w);
    put_begun(w, w->issue[0].text);
    changed_it_stays_and_unchanged_it_goes(w);
}

static void half_an_issue_of_which_that_is_not_known_waits_for_its_age(void **state) {
    old_world *w = *state;
    bool more;
    close_one_and_wait(w);
    between.no_setting = true; /* or the process is killed there */
    assert_int_equal(failing_work(w), SC_STORE);
    between.no_setting = false;
    assert_int_equal(is_there(w, 0) + is_there(w, 3), 1);
    assert_int_equal(plan(w, 10).kept_changed, 1);
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 0);
    w->f.now_ms += 11 * DAY;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 1);
}

static void an_issue_with_one_report_is_never_half_gone(void **state) {
    old_world *w = *state;
    bool more;
    close_issue(w, 1, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    between.no_setting = true;
    assert_int_equal(work(w, 10, 60 * 1000000, &more), 1);
}

/* ---- Very many ----------------------------------------------------------------------------------- */

enum { MANY = 250, LOOKED = 100 }; /* retention.c looks at so many before it looks at the clock */

/* Closed and old, but changed lately: they stay. Newer than the fixture's own. */
static void make_many(old_world *w) {
    static sc_cluster c[MANY];
    sc_project p;
    int64_t version;
    for (int i = 0; i < MANY; i++)
        c[i] = (sc_cluster){.id = sc_id_new(&w->f.clock),
                            .project_id = w->f.project.id,
                            .title = SC_STR("t"),
                            .keywords = SC_STR("[]"),
                            .status = SC_CLUSTER_resolved,
                            .count = 1,
                            .first_seen_ms = 1000,
                            .last_seen_ms = 1000,
                            .created_at_ms = w->f.now_ms + i,
                            .updated_at_ms = w->f.now_ms};
    ok(w->f.store.ops->project_get(w->f.store.self, sc_id_str(&w->f.project.id), &w->f.arena, &p,
                                   &failure));
    sc_group_write gw = {.project_id = w->f.project.id,
                         .expect_version = p.group_version,
                         .clusters = c,
                         .n_clusters = MANY,
                         .now_ms = w->f.now_ms};
    ok(w->f.store.ops->group_write(w->f.store.self, &gw, &version, &failure));
}

static void a_turn_over_issues_that_stay_ends_and_says_where_to_go_on(void **state) {
    old_world *w = *state;
    sc_retention_turn t = {.more = true};
    sc_triage_result done;
    ok(sc_triage_apart(w->f.app, &w->f.project.id, &w->issue[1], &w->issue[2], SC_STR("me"), &done,
                       &failure));
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    make_many(w);
    int turns = 0;
    for (; t.more; turns++) {
        ok(sc_retention_work(w->f.app, &w->f.project.id, 10, 0, t.at, &w->f.arena, &t, &failure));
        assert_true(t.at.n == 0 || t.more);
    }
    assert_true(turns >= MANY / LOOKED + 1);
    assert_false(is_there(w, 0) || is_there(w, 3));
    assert_int_equal(between.pages, turns);
    /* Whether somebody fixed them was asked of those alone that were to go: when chosen, and for each report. */
    assert_true(between.fix_lists <= 2 + 2);
    assert_int_equal(between.all_names, 0); /* nor is all read for the few that corrections touch */
    sc_retention r = plan(w, 10);
    assert_int_equal(r.kept_changed, MANY);
    assert_int_equal(sc_retention_work(w->f.app, &w->f.project.id, 10, 0, SC_STR("nonsense"),
                                       &w->f.arena, &t, &failure),
                     SC_INVALID);
}

static void keep_ten_days(old_world *w) {
    json_t *v = json_pack("{s:i}", "keep_days", 10);
    ok(sc_quota_put(w->f.app, &w->f.project.id, v, &failure));
    json_decref(v);
}

static void run_job(old_world *w) {
    const sc_job job = {.project_id = w->f.project.id, .kind = SC_STR("retention")};
    ok(sc_retention_job(w->f.app, &job, &failure));
}

static void put_place(old_world *w, const char *place) {
    ok(w->f.store.ops->setting_put(w->f.store.self, &w->f.project.id, SC_STR("retention.at"),
                                   sc_str_of(place), w->f.now_ms, &failure));
}

static void the_workers_next_turn_goes_on_where_its_last_one_stopped(void **state) {
    old_world *w = *state;
    close_issue(w, 0, SC_CLUSTER_EV_RESOLVE);
    w->f.now_ms += 11 * DAY;
    make_many(w);
    w->f.unscheduled = true;
    app_fixture_restart(&w->f, false);
    keep_ten_days(w);
    between.mono_ahead_us = &w->f.mono_ahead_us; /* a turn has time for one page */
    for (int turn = 1; turn <= MANY / LOOKED; turn++) {
        run_job(w);
        assert_int_equal(between.pages, turn);
        assert_true(is_there(w, 0));
    }
    app_fixture_restart(&w->f, false);
    run_job(w); /* the last page: the oldest issues */
    assert_false(is_there(w, 0) && is_there(w, 3));
    for (int turn = 0; turn < 2; turn++) run_job(w);
    assert_false(is_there(w, 0) || is_there(w, 3));
    /* A place that was something else in another version: from the beginning. */
    put_place(w, "nonsense");
    between.pages = 0;
    run_job(w);
    assert_int_equal(between.pages, 2);
    between.mono_ahead_us = NULL;
    run_job(w);
    run_job(w);
    sc_str place;
    ok(w->f.store.ops->setting_get(w->f.store.self, &w->f.project.id, SC_STR("retention.at"),
                                   &w->f.arena, &place, &failure));
    assert_int_equal(place.n, 0); /* the end was reached: nothing is stored for it */
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
        T(an_issue_that_is_opened_again_after_it_was_chosen_stays),
        T(one_that_is_opened_and_closed_again_stays_as_one_that_was_closed_lately),
        T(an_issue_that_gets_a_report_after_it_was_chosen_stays),
        T(an_issue_whose_fix_begins_after_it_was_chosen_stays),
        T(an_issue_whose_fix_is_merged_after_it_was_chosen_stays),
        T(a_fix_that_begins_at_the_last_moment_is_seen_by_the_write),
        T(one_that_another_process_opens_at_the_last_moment_stays),
        T(a_report_that_was_edited_waits_and_is_not_touched),
        T(half_an_issue_that_is_opened_again_keeps_its_other_half),
        T(a_change_counts_where_the_time_was_over_before_the_first_report_went),
        T(a_change_counts_where_the_first_removal_failed),
        T(a_change_counts_where_a_former_version_chose_the_issue),
        T(half_an_issue_of_which_that_is_not_known_waits_for_its_age),
        T(an_issue_with_one_report_is_never_half_gone),
        T(a_turn_over_issues_that_stay_ends_and_says_where_to_go_on),
        T(the_workers_next_turn_goes_on_where_its_last_one_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
