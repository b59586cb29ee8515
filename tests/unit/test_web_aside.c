/* What waits for others, beside the threads that read requests. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "web/aside.h"

static sem_t begun, gate;
static atomic_int done;

static void wait_at_the_gate(void *self) {
    (void)self;
    sem_post(&begun);
    sem_wait(&gate);
    atomic_fetch_add(&done, 1);
}

static void what_waits_runs_and_what_is_too_much_is_refused(void **state) {
    (void)state;
    static sc_errand errands[SC_ASIDE_THREADS + SC_ASIDE_MOST + 1];
    sc_aside a;
    sc_err err = {0};
    sem_init(&begun, 0, 0);
    sem_init(&gate, 0, 0);
    assert_int_equal(sc_aside_start(&a, &err), SC_OK);
    for (size_t i = 0; i < SC_LEN(errands); i++) errands[i].fn = wait_at_the_gate;
    size_t n = 0;
    for (; n < SC_ASIDE_THREADS; n++) {
        assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_OK);
        sem_wait(&begun);
    }
    for (; n + 1 < SC_LEN(errands); n++)
        assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_OK);
    assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_LIMITED);
    assert_true(err.retry_after_ms > 0);
    for (size_t i = 0; i < n; i++) sem_post(&gate);
    sc_aside_stop(&a); /* what was taken is done, none is left behind */
    assert_int_equal(atomic_load(&done), n);
    sc_aside_stop(&a);
    sem_destroy(&begun);
    sem_destroy(&gate);
}

static void one_that_was_never_started_stops(void **state) {
    (void)state;
    sc_aside a = {0};
    sc_aside_stop(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_runs_and_what_is_too_much_is_refused),
        cmocka_unit_test(one_that_was_never_started_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
