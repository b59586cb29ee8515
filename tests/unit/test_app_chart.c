/* The map as the worker draws it and people see it: when, how stable, and what it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/chart.h"
#include "app/internal.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"

enum { REPORTS = 24 };

static const char *const topics[] = {
    "the export to CSV drops the last row of the pantry",
    "the login code by text message never arrives",
    "the app crashes when a photo is taken at night",
};

static void put(app_fixture *f, int i) {
    char id[16], title[120];
    snprintf(id, sizeof id, "r%d", i);
    snprintf(title, sizeof title, "%s, seen on device number %d", topics[i % 3], i / 3);
    app_put(f, id, title, "");
}

static int setup(void **state) {
    static app_fixture f;
    app_fixture_open(&f, NULL, true);
    for (int i = 0; i < REPORTS; i++) put(&f, i);
    app_settle(&f);
    f.tidy_ms = 1;
    app_fixture_restart(&f, true);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    app_fixture *f = *state;
    f->tidy_ms = 0;
    app_fixture_close(f);
    return 0;
}

static sc_chart_view read_some(app_fixture *f, const sc_chart_filter *filter) {
    sc_chart_view v;
    ok(sc_chart_read(f->app, &f->project.id, filter, &f->arena, &v, &failure));
    return v;
}

static sc_chart_view read_all(app_fixture *f) {
    const sc_chart_filter filter = {.limit = 1000};
    return read_some(f, &filter);
}

typedef struct want {
    app_fixture *f;
    size_t total;
} want;

static bool is_drawn(void *self) {
    const want *w = self;
    w->f->now_ms += 1000; /* jobs that wait for a quiet time are ready */
    const sc_chart_view v = read_all(w->f);
    return v.laid_ms && !v.undrawn && v.total == w->total;
}

static sc_chart_view drawn(app_fixture *f, size_t total) {
    want w = {f, total};
    app_wait(is_drawn, &w, "the map is drawn");
    return read_all(f);
}

static void a_project_without_a_map_gets_one_when_it_is_asked_for(void **state) {
    app_fixture *f = *state;
    const sc_chart_view v = drawn(f, REPORTS);
    assert_int_equal(v.n, REPORTS);
    size_t count = 0;
    for (size_t i = 0; i < v.n_groups; i++) count += v.groups[i].shown;
    assert_int_equal(count, REPORTS);
    for (size_t i = 0; i < v.n; i++) {
        const sc_id id = sc_id_from_bytes(v.points[i].id);
        assert_true(v.points[i].group < v.n_groups);
        assert_string_equal(app_get(f, &id).cluster_id.text, v.groups[v.points[i].group].id.text);
    }
}

static void the_same_reports_give_the_same_picture_over_a_restart(void **state) {
    app_fixture *f = *state;
    const sc_chart_view a = drawn(f, REPORTS);
    app_fixture_restart(f, false);
    app_loaded(f);
    const sc_chart_view b = read_all(f);
    assert_int_equal(b.n, a.n);
    for (size_t i = 0; i < a.n; i++) {
        assert_memory_equal(a.points[i].id, b.points[i].id, sizeof a.points[i].id);
        assert_int_equal(a.points[i].x, b.points[i].x);
        assert_int_equal(a.points[i].y, b.points[i].y);
    }
    assert_int_equal(a.laid_ms, b.laid_ms);
}

static void a_new_report_moves_no_other(void **state) {
    app_fixture *f = *state;
    const sc_chart_view a = drawn(f, REPORTS);
    put(f, REPORTS);
    const sc_chart_view b = drawn(f, REPORTS + 1);
    assert_int_equal(b.laid_ms, a.laid_ms);
    for (size_t i = 0; i < a.n; i++) { /* newest first: the new one is in front */
        assert_memory_equal(a.points[i].id, b.points[i + 1].id, sizeof a.points[i].id);
        assert_int_equal(a.points[i].x, b.points[i + 1].x);
        assert_int_equal(a.points[i].y, b.points[i + 1].y);
    }
    for (int i = 1; i < REPORTS / 2; i++) put(f, REPORTS + i);
    const sc_chart_view c = drawn(f, REPORTS + REPORTS / 2);
    assert_true(c.laid_ms > a.laid_ms); /* more than a quarter came: all is laid out anew */
}

static void filters_and_the_limit_keep_the_newest_that_fit(void **state) {
    app_fixture *f = *state;
    const sc_chart_view a = drawn(f, REPORTS);
    sc_chart_filter filter = {.limit = 5};
    sc_chart_view v = read_some(f, &filter);
    assert_int_equal(v.n, 5);
    assert_int_equal(v.total, REPORTS);
    assert_memory_equal(v.points[0].id, a.points[0].id, sizeof a.points[0].id);
    filter = (sc_chart_filter){.limit = 1000, .statuses = 1u << SC_CLUSTER_ignored};
    assert_int_equal(read_some(f, &filter).total, 0);
    filter = (sc_chart_filter){.limit = 1000, .sources = 1u << SC_SOURCE_sentry};
    assert_int_equal(read_some(f, &filter).total, 0);
    filter.sources |= 1u << SC_SOURCE_manual;
    assert_int_equal(read_some(f, &filter).total, REPORTS);
    filter = (sc_chart_filter){.limit = 1000, .since_ms = f->now_ms + 1};
    assert_int_equal(read_some(f, &filter).total, 0);
}

static void a_removed_report_is_not_drawn(void **state) {
    app_fixture *f = *state;
    const sc_chart_view a = drawn(f, REPORTS);
    const sc_id id = sc_id_from_bytes(a.points[3].id);
    ok(sc_triage_remove(f->app, &f->project.id, &id, SC_STR("t"), &failure));
    const sc_chart_view b = read_all(f);
    assert_int_equal(b.total, REPORTS - 1);
    for (size_t i = 0; i < b.n; i++)
        assert_memory_not_equal(b.points[i].id, a.points[3].id, sizeof a.points[3].id);
}

static void a_damaged_map_is_none(void **state) {
    (void)state;
    sc_chart_point points[2] = {{.key = 1, .x = -5, .y = 7, .flags = SC_CHART_LAID}, {.key = 9}};
    sc_chart c = {.unit = 100, .laid_ms = 5, .n = 2, .points = points}, got;
    snprintf(c.model, sizeof c.model, "m1");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    ok(sc_chart_encode(&c, &b, &failure));
    ok(sc_chart_decode(sc_buf_str(&b), &got, &failure));
    assert_true(got.n == 2 && got.points[0].x == -5 && got.points[1].key == 9 && got.unit == 100);
    assert_non_null(sc_chart_find(&got, 9));
    assert_null(sc_chart_find(&got, 5));
    sc_chart_done(&got);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(sc_chart_decode((sc_str){b.p, n}, &got, &failure), SC_INVALID);
    for (size_t at = 0; at < 10; at++) { /* magic, number of points */
        if (at >= 8) continue;
        b.p[at] ^= 0x55;
        assert_int_equal(sc_chart_decode(sc_buf_str(&b), &got, &failure), SC_INVALID);
        b.p[at] ^= 0x55;
    }
    points[1].key = 1; /* not in order */
    sc_buf_reset(&b);
    ok(sc_chart_encode(&c, &b, &failure));
    assert_int_equal(sc_chart_decode(sc_buf_str(&b), &got, &failure), SC_INVALID);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_project_without_a_map_gets_one_when_it_is_asked_for),
        T(the_same_reports_give_the_same_picture_over_a_restart),
        T(a_new_report_moves_no_other),
        T(filters_and_the_limit_keep_the_newest_that_fit),
        T(a_removed_report_is_not_drawn),
        cmocka_unit_test(a_damaged_map_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
