/* Turns over all projects: one that fails does not keep the others from theirs; a store that is down ends the turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "base/log.h"

enum { PROJECTS = 20 };

static app_fixture f;
static sc_id projects[PROJECTS];

/* ---- The log ------------------------------------------------------------------------------------ */

static const char *counted;
static _Atomic int lines;
static char last[512]; /* what the first of them said; read when nobody logs any more */

static void hear(void *self, sc_log_level level, const char *event, const char *request_id,
                 const sc_log_field *fields, size_t n) {
    (void)self, (void)level, (void)request_id;
    if (strcmp(event, counted) != 0 || atomic_fetch_add(&lines, 1)) return;
    for (size_t i = 0; i < n; i++)
        if (fields[i].key && !strcmp(fields[i].key, "error"))
            snprintf(last, sizeof last, "%.*s", SC_FMT(fields[i].s));
}

static const sc_log_sink ear = {.put = hear};

static void listen_for(const char *event) {
    counted = event;
    atomic_store(&lines, 0);
    last[0] = 0;
    sc_log_sink_set(&ear);
}

/* ---- A store that fails where a test says ------------------------------------------------------- */

static const sc_store_ops *real;
static _Atomic bool down, armed;
static sc_id damaged; /* the project whose settings the store cannot read */
static _Atomic int reads;

static sc_rc setting_get(void *self, const sc_id *project, sc_str name, sc_arena *arena,
                         sc_str *ret, sc_err *err) {
    if (atomic_load(&armed) && sc_str_is(name, "fix")) {
        atomic_fetch_add(&reads, 1);
        if (atomic_load(&down)) return sc_fail(err, SC_STORE, "the disk is gone");
        if (sc_id_eq(project, &damaged)) return sc_fail(err, SC_STORE, "the data are damaged");
    }
    return real->setting_get(self, project, name, arena, ret, err);
}

static sc_rc probe(void *self, int64_t now_ms, sc_err *err) {
    if (atomic_load(&down)) return sc_fail(err, SC_STORE, "the disk is gone");
    return real->probe(self, now_ms, err);
}

static sc_store_ops wrap(const sc_store_ops *ops) {
    sc_store_ops o = *ops;
    real = ops;
    o.setting_get = setting_get;
    o.probe = probe;
    return o;
}

/* ---- The scheduler ------------------------------------------------------------------------------ */

static void set_fix(const sc_id *project, const char *text) {
    ok(f.store.ops->setting_put(f.store.self, project, SC_STR("fix"), sc_str_of(text), f.now_ms,
                                &failure));
}

/* The last one has a policy, so that it is to be looked at. */
static void open_many(void) {
    char name[32];
    atomic_store(&down, false);
    atomic_store(&armed, false);
    damaged = (sc_id){""};
    app_fixture_open_with(&f, NULL, false, wrap);
    f.unscheduled = true;
    app_fixture_restart(&f, false);
    for (size_t i = 0; i < PROJECTS; i++) {
        f.now_ms += 10;
        snprintf(name, sizeof name, "project-%02zu", i);
        const sc_project p = {
            .id = sc_id_new(&f.clock), .name = sc_str_of(name), .created_at_ms = f.now_ms};
        ok(f.store.ops->project_put(f.store.self, &p, &failure));
    }
    sc_project *list;
    size_t n;
    ok(f.store.ops->project_list(f.store.self, &f.arena, &list, &n, &failure));
    assert_int_equal(n, PROJECTS + 1);
    for (size_t i = 0; i < PROJECTS; i++) projects[i] = list[i + 1].id;
    set_fix(&projects[PROJECTS - 1], "{\"repository\":\"toy\",\"policy\":{\"enabled\":true}}");
}

/* A new leader looks at once. */
static void look(void) {
    f.unscheduled = false;
    listen_for("fixes were not looked at");
    atomic_store(&reads, 0);
    atomic_store(&armed, true);
    app_fixture_restart(&f, false);
}

static bool is_asked_for(void *self) {
    sc_job_counts c;
    ok(f.store.ops->job_counts(f.store.self, self, SC_STR("verify"), &c, &failure));
    return c.by_state[SC_JOB_pending] > 0;
}

static bool was_told(void *self) { return atomic_load(&lines) >= *(const int *)self; }

static void close_all(void) {
    atomic_store(&armed, false);
    app_fixture_close(&f);
    sc_log_sink_set(NULL);
}

static void a_project_that_cannot_be_read_does_not_keep_the_others(void **state) {
    (void)state;
    open_many();
    set_fix(&projects[3], "{no JSON");
    damaged = projects[5]; /* the store works, but for that */
    look();
    app_wait(is_asked_for, &projects[PROJECTS - 1], "the last project to be looked at");
    sc_app_stop(f.app);
    assert_int_equal(atomic_load(&lines), 2); /* once each */
    assert_non_null(strstr(last, projects[3].text));
    assert_non_null(strstr(last, "JSON"));
    close_all();
}

static void many_that_fail_are_counted_and_not_told_of_one_by_one(void **state) {
    (void)state;
    open_many();
    for (size_t i = 0; i + 1 < PROJECTS; i++) set_fix(&projects[i], "{no JSON");
    look();
    app_wait(is_asked_for, &projects[PROJECTS - 1], "the last project to be looked at");
    int some = 9;
    app_wait(was_told, &some, "the count of the others");
    sc_app_stop(f.app);
    assert_int_equal(atomic_load(&lines), some);
    close_all();
}

static void a_store_that_is_down_ends_the_turn_with_one_line(void **state) {
    (void)state;
    open_many();
    atomic_store(&down, true);
    look();
    int one = 1;
    app_wait(was_told, &one, "the failure to be told");
    sc_app_stop(f.app);
    assert_int_equal(atomic_load(&lines), one);
    assert_int_equal(atomic_load(&reads), one);
    assert_string_equal(last, "the disk is gone");
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_project_that_cannot_be_read_does_not_keep_the_others),
        cmocka_unit_test(many_that_fail_are_counted_and_not_told_of_one_by_one),
        cmocka_unit_test(a_store_that_is_down_ends_the_turn_with_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
