#include "core/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_fits_no_transition_is_a_conflict_that_names_both(void **state) {
    /* Every pair is either in this list or refused. */
    static const struct {
        sc_job_state from;
        sc_job_event ev;
        sc_job_state to;
    } fits[] = {
        {SC_JOB_pending, SC_JOB_EV_CLAIM, SC_JOB_running},
        {SC_JOB_pending, SC_JOB_EV_CANCEL, SC_JOB_cancelled},
        {SC_JOB_running, SC_JOB_EV_FINISH, SC_JOB_success},
        {SC_JOB_running, SC_JOB_EV_RETRY, SC_JOB_pending},
        {SC_JOB_running, SC_JOB_EV_BURY, SC_JOB_dead},
        {SC_JOB_running, SC_JOB_EV_FAIL, SC_JOB_failed},
        {SC_JOB_running, SC_JOB_EV_RELEASE, SC_JOB_pending},
        {SC_JOB_running, SC_JOB_EV_EXPIRE, SC_JOB_pending},
        {SC_JOB_running, SC_JOB_EV_CANCEL, SC_JOB_cancelled},
        {SC_JOB_running, SC_JOB_EV_TIMEOUT, SC_JOB_timed_out},
        {SC_JOB_dead, SC_JOB_EV_REPLAY, SC_JOB_pending},
        {SC_JOB_dead, SC_JOB_EV_AGAIN, SC_JOB_pending},
        {SC_JOB_failed, SC_JOB_EV_AGAIN, SC_JOB_pending},
        {SC_JOB_cancelled, SC_JOB_EV_AGAIN, SC_JOB_pending},
        {SC_JOB_timed_out, SC_JOB_EV_AGAIN, SC_JOB_pending},
    };
    (void)state;
    int allowed = 0;
    for (int s = 0; s < SC_JOB_STATE_COUNT; s++)
        for (int e = 0; e < SC_JOB_EV_COUNT; e++) {
            sc_job_state to = SC_JOB_STATE_COUNT;
            sc_err err;
            sc_rc rc = sc_job_next((sc_job_state)s, (sc_job_event)e, &to, &err);
            size_t i = 0;
            while (i < SC_LEN(fits) && !((int)fits[i].from == s && (int)fits[i].ev == e)) i++;
            if (i < SC_LEN(fits)) {
                assert_int_equal(rc, SC_OK);
                assert_int_equal(to, fits[i].to);
                allowed++;
            } else {
                assert_int_equal(rc, SC_CONFLICT);
                assert_int_equal(to, SC_JOB_STATE_COUNT);
                assert_non_null(strstr(err.msg, sc_job_state_name((sc_job_state)s)));
            }
        }
    assert_int_equal(allowed, SC_LEN(fits));
    sc_job_state to;
    assert_int_equal(sc_job_next((sc_job_state)99, (sc_job_event)99, &to, NULL), SC_CONFLICT);
}

static void names_go_both_ways_and_others_are_refused(void **state) {
    (void)state;
    sc_job_state s;
    for (int i = 0; i < SC_JOB_STATE_COUNT; i++) {
        assert_true(sc_job_state_parse(sc_str_of(sc_job_state_name((sc_job_state)i)), &s));
        assert_int_equal(s, i);
        assert_int_equal(sc_job_state_ended(s), i >= SC_JOB_success);
    }
    assert_false(sc_job_state_parse(SC_STR("Pending"), &s));
    assert_false(sc_job_state_parse(SC_STR_NONE, &s));
    assert_string_equal(sc_job_state_name((sc_job_state)-1), "unknown");
}

static void back_off_never_leaves_its_bounds_nor_overflows(void **state) {
    (void)state;
    static const uint32_t draws[] = {0, 1, 0x80000000u, UINT32_MAX};
    static const int64_t bases[] = {INT64_MIN, -1, 0, 1, 1000, INT64_MAX};
    static const int attempts[] = {INT32_MIN, -1, 0, 1, 2, 63, 64, INT32_MAX};
    for (size_t d = 0; d < SC_LEN(draws); d++)
        for (size_t b = 0; b < SC_LEN(bases); b++)
            for (size_t c = 0; c < SC_LEN(bases); c++)
                for (size_t a = 0; a < SC_LEN(attempts); a++) {
                    int64_t cap = SC_MAX(bases[c], 0);
                    int64_t w = sc_job_backoff_ms(attempts[a], bases[b], bases[c], draws[d], 0);
                    assert_true(w >= 0 && w <= cap);
                }
}

static void back_off_doubles_up_to_the_cap_and_is_drawn_from_all_of_it(void **state) {
    (void)state;
    assert_int_equal(sc_job_backoff_ms(1, 1000, 60000, UINT32_MAX, 0), 1000);
    assert_int_equal(sc_job_backoff_ms(2, 1000, 60000, UINT32_MAX, 0), 2000);
    assert_int_equal(sc_job_backoff_ms(6, 1000, 60000, UINT32_MAX, 0), 32000);
    assert_int_equal(sc_job_backoff_ms(7, 1000, 60000, UINT32_MAX, 0), 60000);
    assert_int_equal(sc_job_backoff_ms(1000000, 1000, 60000, UINT32_MAX, 0), 60000);
    assert_int_equal(sc_job_backoff_ms(3, 1000, 60000, 0, 0), 0);
    assert_in_range(sc_job_backoff_ms(3, 1000, 60000, 0x80000000u, 0), 1999, 2001);
}

static void an_upstream_that_named_a_time_is_waited_for(void **state) {
    (void)state;
    assert_int_equal(sc_job_backoff_ms(1, 1000, 60000, 0, 7000), 7000);
    assert_int_equal(sc_job_backoff_ms(1, 1000, 60000, UINT32_MAX, 100000), 100000);
    assert_int_equal(sc_job_backoff_ms(4, 1000, 60000, UINT32_MAX, 7000), 8000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_no_transition_is_a_conflict_that_names_both),
        cmocka_unit_test(names_go_both_ways_and_others_are_refused),
        cmocka_unit_test(back_off_never_leaves_its_bounds_nor_overflows),
        cmocka_unit_test(back_off_doubles_up_to_the_cap_and_is_drawn_from_all_of_it),
        cmocka_unit_test(an_upstream_that_named_a_time_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
