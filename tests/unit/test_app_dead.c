/* Dead letters have bounds (docs/failure-policy.md): a warning before, then the oldest go, and nothing silently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/dead.h"
#include "app/internal.h"
#include "app_fixture.h"

/* Nobody else looks at dead letters. */
static void open_alone(app_fixture *f) {
    app_fixture_open(f, NULL, false);
    f->unscheduled = true;
    app_fixture_restart(f, false);
}

static bool is_there(app_fixture *f, const sc_id *id) {
    sc_job j;
    return !f->store.ops->job_get(f->store.self, &f->project.id, id, &f->arena, &j, NULL);
}

static sc_dead look(app_fixture *f) {
    sc_dead d;
    assert_int_equal(sc_dead_look(f->app, NULL), SC_OK);
    assert_int_equal(sc_dead_get(f->app, &d, NULL), SC_OK);
    return d;
}

static void nothing_is_dropped_below_the_bounds_but_a_warning_comes(void **state) {
    (void)state;
    app_fixture f;
    open_alone(&f);
    f.app->conf.max_dead_letters = 10;
    assert_int_equal(sc_dead_level_of(&(sc_dead){.n = 0}), SC_DEAD_ok);
    for (int i = 0; i < 7; i++) app_bury(&f, &f.project.id, "regroup", "it cannot be");
    sc_dead d = look(&f);
    assert_int_equal(d.n, 7);
    assert_int_equal(d.bytes, 7 * (2 + 12));
    assert_int_equal(sc_dead_level_of(&d), SC_DEAD_ok);
    app_bury(&f, &f.project.id, "regroup", "it cannot be");
    d = look(&f);
    assert_int_equal(sc_dead_level_of(&d), SC_DEAD_near);
    assert_int_equal(d.dropped, 0);
    assert_true(sc_id_eq(&d.project, &f.project.id));
    app_fixture_close(&f);
}

static void the_oldest_go_when_there_are_too_many(void **state) {
    (void)state;
    sc_id ids[6];
    app_fixture f;
    open_alone(&f);
    f.app->conf.max_dead_letters = 4;
    for (int i = 0; i < 6; i++) ids[i] = app_bury(&f, &f.project.id, "regroup", "no");
    sc_dead d = look(&f);
    for (int i = 0; i < 6; i++) assert_int_equal(is_there(&f, &ids[i]), i >= 2);
    assert_int_equal(d.dropped, 2);
    assert_int_equal(d.n, 4);
    assert_int_equal(sc_dead_level_of(&d), SC_DEAD_full);
    d = look(&f);
    assert_int_equal(d.dropped, 2);
    app_fixture_close(&f);
}

static void the_oldest_go_when_they_take_too_much(void **state) {
    (void)state;
    char why[201];
    sc_id ids[5];
    app_fixture f;
    memset(why, 'x', 200);
    why[200] = 0;
    open_alone(&f);
    f.app->conf.max_dead_bytes = 500;
    for (int i = 0; i < 5; i++) ids[i] = app_bury(&f, &f.project.id, "reembed", why);
    sc_dead d = look(&f);
    for (int i = 0; i < 5; i++) assert_int_equal(is_there(&f, &ids[i]), i >= 3);
    assert_int_equal(d.dropped, 3);
    assert_int_equal(d.bytes, 404);
    app_fixture_close(&f);
}

static void more_than_a_page_of_them_is_looked_at(void **state) {
    (void)state;
    app_fixture f;
    open_alone(&f);
    f.app->conf.max_dead_letters = 150;
    for (int i = 0; i < 330; i++) app_bury(&f, &f.project.id, "regroup", "no");
    sc_dead d = look(&f);
    assert_int_equal(d.n, 150);
    assert_int_equal(d.dropped, 180);
    app_fixture_close(&f);
}

static void what_a_person_dropped_makes_room(void **state) {
    (void)state;
    app_fixture f;
    open_alone(&f);
    f.app->conf.max_dead_letters = 2;
    sc_id a = app_bury(&f, &f.project.id, "regroup", "no"),
          b = app_bury(&f, &f.project.id, "regroup", "no");
    sc_dead d = look(&f);
    assert_int_equal(sc_dead_level_of(&d), SC_DEAD_full);
    assert_int_equal(f.store.ops->job_drop(f.store.self, &f.project.id, &a, NULL), SC_OK);
    d = look(&f);
    assert_int_equal(sc_dead_level_of(&d), SC_DEAD_ok);
    assert_int_equal(d.n, 1);
    assert_true(is_there(&f, &b));
    app_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_dropped_below_the_bounds_but_a_warning_comes),
        cmocka_unit_test(the_oldest_go_when_there_are_too_many),
        cmocka_unit_test(the_oldest_go_when_they_take_too_much),
        cmocka_unit_test(more_than_a_page_of_them_is_looked_at),
        cmocka_unit_test(what_a_person_dropped_makes_room),
    };
    return cmocka_run_group_tests_name("app_dead", tests, NULL, NULL);
}
