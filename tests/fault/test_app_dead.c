/* The look over all projects' dead letters, where the store fails in one of them: the others are looked at, what is known of it
 * stays, and what was dropped is counted. */
#include <stdio.h>

#include "app/dead.h"
#include "app/internal.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "base/log.h"

enum { PROJECTS = 4, LETTERS = 5 };

static app_fixture f;
static sc_id projects[PROJECTS]; /* in the order of the look */

/* ---- A store that fails where a test says ------------------------------------------------------- */

static const sc_store_ops *real;
static sc_id uncounted, unlisted, undropped; /* whose letters it cannot ... */
static bool down;
static int counted;

static sc_rc job_counts(void *self, const sc_id *project, sc_str kind, sc_job_counts *ret,
                        sc_err *err) {
    counted++;
    if (down) return sc_fail(err, SC_STORE, "the disk is gone");
    if (sc_id_eq(project, &uncounted)) return sc_fail(err, SC_STORE, "the data are damaged");
    return real->job_counts(self, project, kind, ret, err);
}

static sc_rc job_list(void *self, const sc_job_filter *filter, const sc_page *page, sc_arena *arena,
                      sc_job_list *ret, sc_err *err) {
    if (sc_id_eq(&filter->project_id, &unlisted)) return sc_fail(err, SC_NOMEM, "too large");
    return real->job_list(self, filter, page, arena, ret, err);
}

static sc_rc job_drop(void *self, const sc_id *project, const sc_id *id, sc_err *err) {
    if (sc_id_eq(project, &undropped)) return sc_fail(err, SC_STORE, "the data are damaged");
    return real->job_drop(self, project, id, err);
}

static sc_rc probe(void *self, int64_t now_ms, sc_err *err) {
    if (down) return sc_fail(err, SC_STORE, "the disk is gone");
    return real->probe(self, now_ms, err);
}

static sc_store_ops wrap(const sc_store_ops *ops) {
    sc_store_ops o = *ops;
    real = ops;
    o.job_counts = job_counts;
    o.job_list = job_list;
    o.job_drop = job_drop;
    o.probe = probe;
    return o;
}

/* ---- Projects with letters ----------------------------------------------------------------------- */

/* Each has `each` dead letters; nobody else looks at them. */
static void open_many(int each) {
    char name[32];
    sc_project *list;
    size_t n;
    uncounted = unlisted = undropped = (sc_id){""};
    down = false;
    app_fixture_open_with(&f, NULL, false, wrap);
    f.unscheduled = true;
    app_fixture_restart(&f, false);
    for (size_t i = 1; i < PROJECTS; i++) {
        f.now_ms += 10;
        snprintf(name, sizeof name, "project-%zu", i);
        const sc_project p = {
            .id = sc_id_new(&f.clock), .name = sc_str_of(name), .created_at_ms = f.now_ms};
        ok(f.store.ops->project_put(f.store.self, &p, &failure));
    }
    ok(f.store.ops->project_list(f.store.self, &f.arena, &list, &n, &failure));
    assert_int_equal(n, PROJECTS);
    for (size_t i = 0; i < n; i++) projects[i] = list[i].id;
    for (int i = 0; i < each; i++)
        for (size_t k = 0; k < n; k++) app_bury(&f, &projects[k], "regroup", "it cannot be");
}

static int letters_of(const sc_id *project) {
    sc_job_counts c;
    ok(real->job_counts(f.store.self, project, SC_STR_NONE, &c, &failure));
    return (int)c.by_state[SC_JOB_dead];
}

static sc_dead seen(void) {
    sc_dead d;
    ok(sc_dead_get(f.app, &d, &failure));
    return d;
}

/* The first three fail, each in another step; the last one is looked at, and then all of them. */
static void one_project_keeps_no_other_from_it(void **state) {
    (void)state;
    open_many(LETTERS);
    f.app->conf.max_dead_letters = 2;
    uncounted = projects[0];
    unlisted = projects[1];
    undropped = projects[2];
    ok(sc_dead_look(f.app, &failure));
    for (size_t i = 0; i < 3; i++) assert_int_equal(letters_of(&projects[i]), LETTERS);
    assert_int_equal(letters_of(&projects[3]), 2);
    assert_int_equal(seen().dropped, LETTERS - 2);
    assert_int_equal(sc_dead_level_of(&(sc_dead){.fullness = seen().fullness}), SC_DEAD_full);
    uncounted = unlisted = undropped = (sc_id){""};
    ok(sc_dead_look(f.app, &failure));
    for (size_t i = 0; i < PROJECTS; i++) assert_int_equal(letters_of(&projects[i]), 2);
    assert_int_equal(seen().dropped, PROJECTS * (LETTERS - 2));
    assert_int_equal(seen().n, PROJECTS * 2);
    app_fixture_close(&f);
}

/* Else the warning would go, and come again when the project can be read. */
static void what_was_known_of_it_stays(void **state) {
    (void)state;
    open_many(1);
    f.app->conf.max_dead_letters = 10;
    for (int i = 0; i < 7; i++) app_bury(&f, &projects[1], "regroup", "it cannot be");
    ok(sc_dead_look(f.app, &failure));
    const sc_dead was = seen();
    assert_int_equal(sc_dead_level_of(&was), SC_DEAD_near);
    assert_true(sc_id_eq(&was.project, &projects[1]));
    uncounted = projects[1];
    ok(sc_dead_look(f.app, &failure));
    const sc_dead is = seen();
    assert_int_equal(is.n, was.n);
    assert_int_equal(is.bytes, was.bytes);
    assert_int_equal(sc_dead_level_of(&is), SC_DEAD_near);
    assert_true(sc_id_eq(&is.project, &projects[1]));
    app_fixture_close(&f);
}

static void a_store_that_is_down_is_asked_once_and_told_of(void **state) {
    (void)state;
    sc_err err = {0};
    open_many(1);
    down = true;
    counted = 0;
    assert_int_equal(sc_dead_look(f.app, &err), SC_STORE);
    assert_string_equal(err.msg, "the disk is gone");
    assert_int_equal(counted, 1);
    app_fixture_close(&f);
}

int main(void) {
    sc_log_setup(SC_LOG_OFF, false); /* the faults are meant */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_project_keeps_no_other_from_it),
        cmocka_unit_test(what_was_known_of_it_stays),
        cmocka_unit_test(a_store_that_is_down_is_asked_once_and_told_of),
    };
    return cmocka_run_group_tests_name("app_dead_faults", tests, NULL, NULL);
}
