/* A cluster's states, its label of quality and its trend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cluster.h"

static sc_cluster_status after(sc_cluster_status from, sc_cluster_event ev) {
    sc_cluster_status to;
    sc_err err = {0};
    if (sc_cluster_next(from, ev, &to, &err)) fail_msg("%s", err.msg);
    return to;
}

static void refuse(sc_cluster_status from, sc_cluster_event ev) {
    sc_cluster_status to = SC_CLUSTER_snoozed;
    sc_err err = {0};
    assert_int_equal(sc_cluster_next(from, ev, &to, &err), SC_CONFLICT);
    assert_non_null(strstr(err.msg, sc_cluster_status_name(from)));
    assert_int_equal(to, SC_CLUSTER_snoozed);
}

static void what_is_no_status_or_event_is_refused(void **state) {
    (void)state;
    sc_cluster_status s;
    sc_err err;
    assert_int_equal(sc_cluster_next((sc_cluster_status)50, SC_CLUSTER_EV_FIX, &s, &err),
                     SC_INVALID);
    assert_int_equal(sc_cluster_next(SC_CLUSTER_new, (sc_cluster_event)-1, &s, &err), SC_INVALID);
    assert_false(sc_cluster_status_parse(SC_STR("NEW"), &s));
    assert_string_equal(sc_cluster_status_name((sc_cluster_status)50), "unknown");
}

static void no_fix_starts_on_what_is_resolved_or_ignored(void **state) {
    (void)state;
    refuse(SC_CLUSTER_resolved, SC_CLUSTER_EV_FIX);
    refuse(SC_CLUSTER_ignored, SC_CLUSTER_EV_FIX);
    refuse(SC_CLUSTER_new, SC_CLUSTER_EV_WAKE);
    refuse(SC_CLUSTER_new, SC_CLUSTER_EV_PR_CLOSED);
    refuse(SC_CLUSTER_fixing, SC_CLUSTER_EV_SNOOZE);
}

static void nothing_is_put_back_while_a_fix_is_under_way(void **state) {
    (void)state;
    for (int from = 0; from < SC_CLUSTER_STATUS_COUNT; from++)
        for (int to = 0; to < SC_CLUSTER_STATUS_COUNT; to++) {
            bool busy = from == SC_CLUSTER_fixing || from == SC_CLUSTER_pr_opened ||
                        to == SC_CLUSTER_fixing || to == SC_CLUSTER_pr_opened;
            sc_err err;
            assert_int_equal(
                sc_cluster_restore((sc_cluster_status)from, (sc_cluster_status)to, &err),
                busy ? SC_CONFLICT : SC_OK);
        }
    sc_err err;
    assert_int_equal(sc_cluster_restore(SC_CLUSTER_new, (sc_cluster_status)50, &err), SC_INVALID);
}

static void a_report_reopens_only_what_was_resolved(void **state) {
    (void)state;
    for (int s = 0; s < SC_CLUSTER_STATUS_COUNT; s++) {
        sc_cluster_status want =
            s == SC_CLUSTER_resolved ? SC_CLUSTER_regressed : (sc_cluster_status)s;
        assert_int_equal(after((sc_cluster_status)s, SC_CLUSTER_EV_REPORT), want);
    }
}

static void a_fix_runs_its_course(void **state) {
    (void)state;
    sc_cluster_status s = after(SC_CLUSTER_new, SC_CLUSTER_EV_FIX);
    assert_int_equal(s, SC_CLUSTER_fixing);
    s = after(s, SC_CLUSTER_EV_PR);
    assert_int_equal(s, SC_CLUSTER_pr_opened);
    assert_int_equal(after(s, SC_CLUSTER_EV_PR_CLOSED), SC_CLUSTER_triaged);
    s = after(s, SC_CLUSTER_EV_RESOLVE);
    assert_int_equal(s, SC_CLUSTER_resolved);
    s = after(s, SC_CLUSTER_EV_REPORT);
    assert_int_equal(s, SC_CLUSTER_regressed);
    assert_int_equal(after(s, SC_CLUSTER_EV_FIX), SC_CLUSTER_fixing);
}

static void sleep_ends_in_the_triage_list(void **state) {
    (void)state;
    sc_cluster_status s = after(SC_CLUSTER_triaged, SC_CLUSTER_EV_SNOOZE);
    assert_int_equal(s, SC_CLUSTER_snoozed);
    assert_int_equal(after(s, SC_CLUSTER_EV_WAKE), SC_CLUSTER_triaged);
}

static void every_status_can_be_resolved_and_reads_back(void **state) {
    (void)state;
    for (int i = 0; i < SC_CLUSTER_STATUS_COUNT; i++) {
        sc_cluster_status s;
        assert_true(
            sc_cluster_status_parse(sc_str_of(sc_cluster_status_name((sc_cluster_status)i)), &s));
        assert_int_equal(s, i);
        assert_int_equal(after(s, SC_CLUSTER_EV_RESOLVE), SC_CLUSTER_resolved);
    }
}

static void quality_has_its_limits(void **state) {
    (void)state;
    const struct {
        int64_t count;
        double mean;
        const char *want;
    } rows[] = {{2, __builtin_nan(""), "unknown"},
                {0, 0, "single"},
                {1, 0.1, "single"},
                {2, 0.85, "tight"},
                {2, 0.849, "moderate"},
                {9, 0.70, "moderate"},
                {9, 0.699, "loose"}};
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        const sc_cluster c = {.count = rows[i].count, .cohesion_mean = rows[i].mean};
        assert_string_equal(sc_cluster_quality(&c), rows[i].want);
    }
}

static void the_trend_is_this_week_minus_the_week_before(void **state) {
    (void)state;
    sc_cluster c = {.trend_day = 100};
    for (int i = 0; i < 7; i++) c.trend[i] = 1;   /* days 87..93  */
    for (int i = 7; i < 14; i++) c.trend[i] = 10; /* days 94..100 */
    assert_int_equal(sc_cluster_trend_score(&c, 100), 63);
    assert_int_equal(sc_cluster_trend_score(&c, 99), 63 + 2); /* a clock behind: day 93 is recent */
    assert_int_equal(sc_cluster_trend_score(&c, 107), -70);
    assert_int_equal(sc_cluster_trend_score(&c, 200), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_status_or_event_is_refused),
        cmocka_unit_test(no_fix_starts_on_what_is_resolved_or_ignored),
        cmocka_unit_test(nothing_is_put_back_while_a_fix_is_under_way),
        cmocka_unit_test(a_report_reopens_only_what_was_resolved),
        cmocka_unit_test(a_fix_runs_its_course),
        cmocka_unit_test(sleep_ends_in_the_triage_list),
        cmocka_unit_test(every_status_can_be_resolved_and_reads_back),
        cmocka_unit_test(quality_has_its_limits),
        cmocka_unit_test(the_trend_is_this_week_minus_the_week_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
