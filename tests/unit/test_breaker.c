/* The circuit breaker, on a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/breaker.h"

static const sc_err down = {.rc = SC_UPSTREAM, .msg = "no answer"};

static void fail_times(sc_breaker *b, int n, int64_t now) {
    for (int i = 0; i < n; i++) sc_breaker_failure(b, now, UINT32_MAX, &down);
}

static void fewer_failures_than_its_patience_leave_it_closed(void **state) {
    (void)state;
    sc_breaker b = {0};
    for (int round = 0; round < 5; round++) {
        fail_times(&b, SC_BREAKER_FAILURES - 1, 1000);
        assert_int_equal(sc_breaker_look(&b, 1000), SC_BREAKER_closed);
        sc_breaker_success(&b);
    }
    assert_int_equal(b.why.rc, SC_OK);
}

static void it_opens_waits_tries_and_waits_longer(void **state) {
    (void)state;
    sc_breaker b = {0};
    int64_t now = 1000, last = 0;
    fail_times(&b, SC_BREAKER_FAILURES, now);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(sc_breaker_look(&b, now), SC_BREAKER_open);
        int64_t wait = b.until_ms - now;
        assert_true(wait >= last && wait <= 600000);
        assert_int_equal(sc_breaker_look(&b, b.until_ms - 1), SC_BREAKER_open);
        last = wait;
        now = b.until_ms;
        assert_int_equal(sc_breaker_look(&b, now), SC_BREAKER_half_open);
        fail_times(&b, 1, now); /* one is enough now */
    }
    assert_true(last > 590000);
    now = b.until_ms;
    assert_int_equal(sc_breaker_look(&b, now), SC_BREAKER_half_open);
    sc_breaker_success(&b);
    fail_times(&b, SC_BREAKER_FAILURES, now);
    assert_true(b.until_ms - now <= 5000); /* begins anew */
}

static void a_fault_of_the_set_up_opens_it_at_once(void **state) {
    (void)state;
    sc_breaker b = {0};
    sc_err why = {.rc = SC_UNAUTHORIZED};
    sc_breaker_failure(&b, 1000, 0, &why);
    assert_int_equal(sc_breaker_look(&b, 1000), SC_BREAKER_open);
    assert_true(b.until_ms >= 31000);
    assert_int_equal(b.why.rc, SC_UNAUTHORIZED);
}

static void told_to_wait_it_waits_that_long_and_the_next_wait_is_not_longer_for_it(void **state) {
    (void)state;
    sc_breaker b = {0};
    sc_err why = {.rc = SC_LIMITED, .retry_after_ms = 40000};
    sc_breaker_hold(&b, 41000, &why);
    assert_int_equal(sc_breaker_look(&b, 40999), SC_BREAKER_open);
    assert_int_equal(sc_breaker_look(&b, 41000), SC_BREAKER_half_open);
    assert_int_equal(b.openings, 0);
}

static void retry_after_is_a_floor(void **state) {
    (void)state;
    sc_breaker b = {0};
    sc_err why = {.rc = SC_UPSTREAM, .retry_after_ms = 90000};
    for (int i = 0; i < SC_BREAKER_FAILURES; i++) sc_breaker_failure(&b, 0, 0, &why);
    assert_int_equal(b.until_ms, 90000);
}

static void states_have_names(void **state) {
    (void)state;
    assert_string_equal(sc_breaker_state_name(SC_BREAKER_half_open), "half_open");
    assert_string_equal(sc_breaker_state_name((sc_breaker_state)9), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_failures_than_its_patience_leave_it_closed),
        cmocka_unit_test(it_opens_waits_tries_and_waits_longer),
        cmocka_unit_test(a_fault_of_the_set_up_opens_it_at_once),
        cmocka_unit_test(told_to_wait_it_waits_that_long_and_the_next_wait_is_not_longer_for_it),
        cmocka_unit_test(retry_after_is_a_floor),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
