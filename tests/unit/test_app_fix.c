/* The fix loop where bad luck meets it between two steps: stopped, cut off,
 * asked for twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "fix_fixture.h"

#define EDIT(more)                                                \
    "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"date +%N " \
    ">>a.txt\"],\"test_"                                          \
    "command\":\"\"" more

static fix_fixture f;

static bool is_set(void *self) { return atomic_load((const _Atomic bool *)self); }

static sc_cluster_status status_of(const sc_id *issue) { return app_cluster(&f.app, issue).status; }

/* The issue's fixes, newest first; how many there are. */
static int64_t fixes_of(const sc_id *issue, sc_arena *arena, sc_fix_list *ret) {
    const sc_fix_filter of = {.project_id = f.app.project.id, .cluster_id = *issue};
    fix_ok(&f, f.app.store.ops->fix_list(f.app.store.self, &of, &(sc_page){.limit = 9}, arena, ret,
                                         &f.err));
    return ret->total;
}

static int64_t count_of(const sc_id *issue) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_fix_list list;
    return fixes_of(issue, &arena, &list);
}

/* As when somebody's webhook says that the first pull request was answered. */
static void look_at_the_forge(void) {
    fix_ok(&f, sc_fix_pull_hint(f.app.app, &f.app.project.id, SC_STR("toy"), 1, &f.err));
}

/* ---- Stopped while the pull request is made
 * ----------------------------------------------------- */

static sc_rc time_is_up(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    (void)err;
    w->app.now_ms += 11000; /* its lease is longer */
    app_wait(is_set, (void *)(uintptr_t)c->stop, "the time limit to be seen");
    return SC_OK;
}

static bool is_merged(void *self) { return fix_get(&f, self).pull == SC_FIX_PULL_merged; }

static void merge_and_look(const sc_id *id) {
    pthread_mutex_lock(&f.lock);
    f.pulls[0].state = SC_FORGE_MERGED;
    pthread_mutex_unlock(&f.lock);
    look_at_the_forge();
    app_wait(is_merged, (void *)(uintptr_t)id, "the merge to be seen");
}

static sc_rc time_is_up_before_the_answer(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    time_is_up(w, c, err);
    return sc_fail(err, SC_CANCELLED, "given up");
}

static void a_pull_request_whose_answer_came_too_late_is_known(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    f.app.fix.max_ms = 10000;
    fix_restart(&f);
    sc_id issue = fix_issue(&f, "Time is up before the answer");
    f.made = time_is_up_before_the_answer;
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_timed_out);
    assert_int_equal(fix.pull, SC_FIX_PULL_open);
    assert_int_equal(fix.pull_number, 1);
    merge_and_look(&id);
    assert_int_equal(status_of(&issue), SC_CLUSTER_resolved);
    fix_fixture_close(&f);
}

static sc_id asked_for;
static _Atomic bool is_known; /* the id above */

static sc_rc somebody_cancels(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    sc_fix fix;
    app_wait(is_set, &is_known, "the fix's id");
    sc_rc rc = sc_fix_cancel(w->app.app, &w->app.project.id, &asked_for, c->arena, &fix, err);
    app_wait(is_set, (void *)(uintptr_t)c->stop, "the cancel to be seen");
    return rc;
}

static void a_pull_request_made_as_time_ran_out_is_a_success(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    f.app.fix.max_ms = 10000;
    fix_restart(&f);
    sc_id issue = fix_issue(&f, "Time is up");
    f.made = time_is_up;
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(fix.step, SC_FIX_opened);
    assert_int_equal(fix.pull, SC_FIX_PULL_open);
    assert_int_equal(status_of(&issue), SC_CLUSTER_pr_opened);
    fix_fixture_close(&f);
}

static bool knows_its_pull(void *self) { return fix_get(&f, self).pull == SC_FIX_PULL_open; }

static void a_pull_request_made_while_a_person_cancelled_is_known_and_watched(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_id issue = fix_issue(&f, "Cancelled at the last moment");
    f.made = somebody_cancels;
    sc_id id = asked_for = fix_start(&f, &issue);
    atomic_store(&is_known, true);
    app_wait(knows_its_pull, &id, "its pull request to be noted");
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_cancelled);
    assert_int_equal(fix.reason, SC_FIX_REASON_cancelled);
    assert_int_equal(fix.pull_number, 1);
    merge_and_look(&id);
    assert_int_equal(status_of(&issue), SC_CLUSTER_resolved);
    fix_fixture_close(&f);
}

/* Ended without success, and yet there is a pull request: whoever cancels, or a
 * worker's death, came between. */
static void an_open_pull_request_is_watched_however_its_fix_ended(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(",\"max_minutes\":1"));
    sc_id issue = fix_issue(&f, "Ended badly");
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    fix_settings(&f, "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"exit 3\"]");
    sc_id other = fix_issue(&f, "Something else, which nobody could mend");
    sc_id bad = fix_start(&f, &other);
    sc_fix worse = fix_ended(&f, &bad);
    assert_int_equal(worse.status, SC_JOB_failed);
    worse.pull = SC_FIX_PULL_open;
    worse.pull_number = fix.pull_number;
    worse.repository = fix.repository;
    fix_keep(&f, &worse);
    merge_and_look(&bad);
    fix_fixture_close(&f);
}

/* ---- A branch that is there
 * --------------------------------------------------------------------- */

static sc_rc refused(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    (void)w, (void)c;
    return sc_fail(err, SC_FORBIDDEN, "no");
}

/* A fix whose branch was pushed and whose pull request is there, of which it
 * knows nothing. */
static sc_fix left_at_the_forge(const char *title, sc_id *ret_issue) {
    *ret_issue = fix_issue(&f, title);
    f.made = refused;
    sc_id id = fix_start(&f, ret_issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_failed);
    assert_int_equal(fix.reason, SC_FIX_REASON_forge);
    assert_int_equal(fix.pull, SC_FIX_PULL_none);
    return fix;
}

static sc_fix retried(const sc_id *id) {
    sc_fix fix;
    fix_ok(&f, sc_fix_retry(f.app.app, &f.app.project.id, id, &f.app.arena, &fix, &f.err));
    return fix_ended(&f, id);
}

static void a_branch_that_was_pushed_is_not_used_by_the_next_fix(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_id issue;
    sc_fix first = left_at_the_forge("Pushed and forgotten", &issue);
    sc_id id = fix_start(&f, &issue);
    sc_fix second = fix_ended(&f, &id);
    assert_int_equal(second.status, SC_JOB_success);
    assert_true(sc_str_starts(second.branch, first.branch.p) && sc_str_ends(second.branch, "-2"));
    fix_fixture_close(&f);
}

static void a_mirror_that_is_gone_costs_no_second_pull_request(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_id issue;
    sc_fix first = left_at_the_forge("The mirror is gone", &issue);
    git_sh(&f.git, "rm -rf fix/mirrors/*");
    sc_fix again = retried(&first.id);
    assert_int_equal(again.status, SC_JOB_success);
    assert_true(sc_str_eq(again.head_commit, first.head_commit)); /* no second run of the agent */
    assert_int_equal(f.n_pulls, 1);
    fix_fixture_close(&f);
}

static void a_mirror_that_is_gone_and_a_branch_that_moved_begin_anew_beside(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_id issue;
    sc_fix first = left_at_the_forge("Mirror gone, branch moved", &issue);
    git_sh(&f.git,
           "rm -rf fix/mirrors/*; git clone -q -b %s origin.git other && cd "
           "other && echo x >"
           "theirs.txt && git add -A && git commit -q -m theirs && git push -q",
           first.branch.p);
    sc_fix again = retried(&first.id);
    assert_int_equal(again.status, SC_JOB_success);
    assert_true(sc_str_ends(again.branch, "-2"));
    assert_string_equal(
        git_says(&f.git, "git -C origin.git log -1 --format=%%s %s", first.branch.p), "theirs");
    fix_fixture_close(&f);
}

/* ---- Comments
 * -----------------------------------------------------------------------------------
 */

static void somebody_says(const char *words) {
    pthread_mutex_lock(&f.lock);
    snprintf(f.comments[f.n_comments++], sizeof f.comments[0], "@soulcaster %s", words);
    pthread_mutex_unlock(&f.lock);
}

typedef struct number_of {
    const sc_id *issue;
    int64_t n;
} number_of;

static bool are_so_many(void *self) {
    const number_of *x = self;
    return count_of(x->issue) == x->n;
}

/* Looks at the forge until the issue has n fixes, and waits for the last one's
 * end. */
static sc_fix follow_up(const sc_id *issue, int64_t n) {
    sc_fix_list list;
    number_of want = {issue, n};
    look_at_the_forge();
    app_wait(are_so_many, &want, "a follow-up");
    fixes_of(issue, &f.app.arena, &list);
    return fix_ended(&f, &list.items[0].id);
}

/* Looks at a fix's pull request in this thread. */
static sc_rc look(const sc_id *id) {
    return sc_fix_watch_one(f.app.app, &f.app.project.id, id, &f.err);
}

static void a_word_said_while_a_follow_up_runs_is_taken_up_after_it(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(",\"draft\":false"));
    sc_id issue = fix_issue(&f, "Two wishes at once");
    sc_id id = fix_start(&f, &issue);
    sc_fix first = fix_ended(&f, &id);
    assert_int_equal(first.status, SC_JOB_success);
    somebody_says("one");
    somebody_says("two");
    sc_fix second = follow_up(&issue, 2);
    assert_true(sc_str_is(second.instructions, "@soulcaster one"));
    assert_int_equal(second.status, SC_JOB_success);
    sc_fix third = follow_up(&issue, 3);
    assert_true(sc_str_is(third.instructions, "@soulcaster two"));
    assert_true(sc_id_eq(&third.follows, &second.id));
    assert_int_equal(look(&third.id), SC_OK);
    assert_int_equal(count_of(&issue), 3);
    assert_int_equal(f.n_pulls, 1);
    fix_fixture_close(&f);
}

/* The process dies right after the former fix's comments were handed over. */
static _Atomic bool watching_saves, dead;
static const sc_store_ops *real_store;

static sc_rc mortal_save(void *self, const sc_fix_write *w, sc_err *err) {
    if (atomic_load(&dead)) return sc_fail(err, SC_STORE, "dead");
    sc_rc rc = real_store->fix_save(self, w, err);
    if (!rc && atomic_load(&watching_saves) && w->fix->seen_comments == INT64_MAX)
        atomic_store(&dead, true);
    return rc;
}

static sc_rc mortal_end(void *self, const sc_job_end *e, sc_err *err) {
    if (atomic_load(&dead)) return sc_fail(err, SC_STORE, "dead");
    return real_store->job_end(self, e, err);
}

static sc_store_ops mortal(const sc_store_ops *real) {
    real_store = real;
    sc_store_ops ops = *real;
    ops.fix_save = mortal_save;
    ops.job_end = mortal_end;
    return ops;
}

static bool is_dead(void *self) {
    (void)self;
    return atomic_load(&dead);
}

static void comments_are_read_once_though_a_worker_dies_taking_them_over(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    f.app.wrap = mortal;
    fix_restart(&f);
    sc_id issue = fix_issue(&f, "Dies while it takes over");
    sc_id id = fix_start(&f, &issue);
    fix_ended(&f, &id);
    somebody_says("one");
    atomic_store(&watching_saves, true);
    look_at_the_forge();
    app_wait(is_dead, NULL, "the worker's death");
    atomic_store(&watching_saves, false);
    sc_app_stop(f.app.app);
    atomic_store(&dead, false);
    f.app.now_ms += 16000; /* its lease */
    fix_restart(&f);
    sc_fix second = follow_up(&issue, 2);
    assert_int_equal(second.status, SC_JOB_success);
    assert_int_equal(look(&second.id), SC_OK);
    assert_int_equal(count_of(&issue), 2);
    fix_fixture_close(&f);
}

/* ---- The plan
 * -----------------------------------------------------------------------------------
 */

static void a_retry_works_by_the_newest_plan(void **state) {
    (void)state;
    fix_fixture_open(&f, "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"exit 3\"]");
    sc_id issue = fix_issue(&f, "The first plan was no good");
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.plan_version, 1);
    sc_plan plan;
    const sc_plan_edit edit = {.problem = SC_STR("Look elsewhere")};
    fix_ok(&f, sc_fix_plan_save(f.app.app, &f.app.project.id, &issue, &edit, SC_STR("ann"),
                                &f.app.arena, &plan, &f.err));
    fix_settings(&f, EDIT(""));
    fix = retried(&id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(fix.plan_version, 2);
    assert_non_null(strstr(f.pulls[0].body, "Look elsewhere"));
    fix_fixture_close(&f);
}

/* ---- An issue instead of a pull request ---------------------------------------------------------- */

static sc_rc dies(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    (void)w, (void)c;
    atomic_store(&dead, true);
    return sc_fail(err, SC_CANCELLED, "dead");
}

static sc_rc no_answer(fix_fixture *w, const sc_forge_call *c, sc_err *err) {
    (void)c;
    atomic_store(&w->down, true);
    return sc_fail(err, SC_TIMEOUT, "no answer");
}

static void open_for_issues(void) {
    fix_fixture_open(&f, EDIT(",\"output\":\"issue\""));
    f.app.wrap = mortal;
    fix_restart(&f);
}

/* While it waits for its next attempt, time goes on to just that moment: no lease runs out. */
static bool is_over_at_last(void *self) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_job job;
    fix_ok(&f, f.app.store.ops->job_get(f.app.store.self, &f.app.project.id, self, &arena, &job,
                                        &f.err));
    if (job.state == SC_JOB_pending && job.run_at_ms > f.app.now_ms) f.app.now_ms = job.run_at_ms;
    return sc_job_state_ended(job.state);
}

static sc_fix at_last(sc_id *id) {
    app_wait(is_over_at_last, id, "the end of all attempts");
    return fix_get(&f, id);
}

static void an_issue_is_filed_once_though_its_worker_dies(void **state) {
    (void)state;
    open_for_issues();
    sc_id issue = fix_issue(&f, "Filed, and dead");
    f.made = dies;
    sc_id id = fix_start(&f, &issue);
    app_wait(is_dead, NULL, "the worker's death");
    sc_app_stop(f.app.app);
    atomic_store(&dead, false);
    fix_restart(&f);
    f.app.now_ms += 16000; /* its lease */
    sc_fix fix = at_last(&id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(fix.pull, SC_FIX_PULL_issue);
    assert_int_equal(fix.pull_number, 1);
    assert_int_equal(f.n_issues, 1);
    assert_int_equal(f.n_pulls, 0);
    fix_fixture_close(&f);
}

static void an_issue_whose_answer_was_lost_is_looked_for_before_it_is_filed_again(void **state) {
    (void)state;
    open_for_issues();
    sc_id issue = fix_issue(&f, "Filed, and no answer");
    f.made = no_answer;
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = at_last(&id); /* the forge cannot be asked: whether it is there, nobody knows */
    assert_int_equal(fix.status, SC_JOB_failed);
    assert_int_equal(fix.reason, SC_FIX_REASON_forge);
    assert_true(sc_str_find(fix.error, SC_STR("may be filed already")) != SIZE_MAX);
    assert_int_equal(f.n_issues, 1);
    atomic_store(&f.down, false);
    fix = retried(&id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(fix.pull_number, 1);
    assert_int_equal(f.n_issues, 1);
    fix_fixture_close(&f);
}

static void an_issue_that_was_refused_is_filed_when_it_is_tried_again(void **state) {
    (void)state;
    open_for_issues();
    sc_id issue = fix_issue(&f, "Refused at first");
    f.made = refused;
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.reason, SC_FIX_REASON_forge);
    assert_int_equal(fix.pull, SC_FIX_PULL_none);
    f.n_issues = 0; /* it was not made */
    fix = retried(&id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(f.n_issues, 1);
    fix_fixture_close(&f);
}

/* ---- The same cause ----------------------------------------------------------------------------- */

static sc_rc start_of(const char *id, const char *body) {
    sc_id report = app_put(&f.app, id, id, body);
    app_settle(&f.app);
    sc_feedback got = app_get(&f.app, &report);
    sc_fix fix;
    sc_fix_ask ask = {.by = SC_STR("ann")};
    return sc_fix_start(f.app.app, &f.app.project.id, &got.cluster_id, &ask, &f.app.arena, &fix,
                        &f.err);
}

static void a_trace_that_names_a_file_by_url_has_the_same_cause(void **state) {
    (void)state;
    fix_fixture_open(&f, "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"echo c >dir/b.js\"]");
    sc_id issue = fix_issue(&f, "It changes dir/b.js");
    sc_id id = fix_start(&f, &issue);
    assert_int_equal(fix_ended(&f, &id).status, SC_JOB_success);
    static const char *const same[] = {
        "TypeError: x\n    at render (https://shop.example/dir/b.js:10:5)\n",
        "TypeError: y\n    at render (https://shop.example:8443/dir/b.js:7)\n",
        "TypeError: z\n    at render (/srv/shop/dir/b.js:7:1)\n",
    };
    for (size_t i = 0; i < SC_LEN(same); i++) {
        assert_int_equal(start_of(same[i], same[i]), SC_CONFLICT);
        assert_non_null(strstr(f.err.msg, id.text));
    }
    const char *other =
        "Everything is slow since Tuesday\n    at draw (https://b.js:10/dir/c.js:3)\n";
    assert_int_equal(start_of(other, other), SC_OK);
    fix_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pull_request_whose_answer_came_too_late_is_known),
        cmocka_unit_test(a_pull_request_made_as_time_ran_out_is_a_success),
        cmocka_unit_test(a_pull_request_made_while_a_person_cancelled_is_known_and_watched),
        cmocka_unit_test(an_open_pull_request_is_watched_however_its_fix_ended),
        cmocka_unit_test(a_branch_that_was_pushed_is_not_used_by_the_next_fix),
        cmocka_unit_test(a_mirror_that_is_gone_costs_no_second_pull_request),
        cmocka_unit_test(a_mirror_that_is_gone_and_a_branch_that_moved_begin_anew_beside),
        cmocka_unit_test(a_word_said_while_a_follow_up_runs_is_taken_up_after_it),
        cmocka_unit_test(comments_are_read_once_though_a_worker_dies_taking_them_over),
        cmocka_unit_test(a_retry_works_by_the_newest_plan),
        cmocka_unit_test(an_issue_is_filed_once_though_its_worker_dies),
        cmocka_unit_test(an_issue_whose_answer_was_lost_is_looked_for_before_it_is_filed_again),
        cmocka_unit_test(an_issue_that_was_refused_is_filed_when_it_is_tried_again),
        cmocka_unit_test(a_trace_that_names_a_file_by_url_has_the_same_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
