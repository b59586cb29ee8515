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
static atomic_int done, late;

enum { MOST = SC_ASIDE_THREADS + SC_ASIDE_MOST + 1 };

static void wait_at_the_gate(void *self) {
    (void)self;
    sem_post(&begun);
    sem_wait(&gate);
    atomic_fetch_add(&done, 1);
}

static void tell_late(void *self) {
    (void)self;
    atomic_fetch_add(&late, 1);
}

static size_t fill(sc_aside *a, sc_errand *errands) {
    sc_err err = {0};
    size_t n = 0;
    sem_init(&begun, 0, 0);
    sem_init(&gate, 0, 0);
    atomic_store(&done, 0);
    atomic_store(&late, 0);
    assert_int_equal(sc_aside_start(a, &err), SC_OK);
    for (size_t i = 0; i < MOST; i++)
        errands[i] = (sc_errand){.fn = wait_at_the_gate, .late = tell_late};
    for (; n < SC_ASIDE_THREADS; n++) {
        assert_int_equal(sc_aside_put(a, &errands[n], &err), SC_OK);
        sem_wait(&begun);
    }
    for (; n + 1 < MOST; n++) assert_int_equal(sc_aside_put(a, &errands[n], &err), SC_OK);
    return n;
}

static void empty(sc_aside *a) {
    sc_aside_done(a);
    sc_aside_done(a);
    sem_destroy(&begun);
    sem_destroy(&gate);
}

static void what_waits_runs_and_what_is_too_much_is_refused(void **state) {
    (void)state;
    static sc_errand errands[MOST];
    sc_aside a;
    sc_err err = {0};
    const size_t n = fill(&a, errands);
    assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_LIMITED);
    assert_true(err.retry_after_ms > 0);
    for (size_t i = 0; i < n; i++) sem_post(&gate);
    for (size_t i = SC_ASIDE_THREADS; i < n; i++) sem_wait(&begun);
    sc_aside_stop(&a);
    assert_int_equal(atomic_load(&done), n);
    assert_int_equal(atomic_load(&late), 0);
    empty(&a);
}

static void at_the_end_what_waits_is_refused_and_what_was_begun_is_waited_for(void **state) {
    (void)state;
    static sc_errand errands[MOST];
    sc_aside a;
    sc_err err = {0};
    const size_t n = fill(&a, errands);
    sc_aside_end(&a);
    assert_int_equal(atomic_load(&late), n - SC_ASIDE_THREADS);
    assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_CANCELLED);
    assert_int_equal(atomic_load(&done), 0);
    for (size_t i = 0; i < SC_ASIDE_THREADS; i++) sem_post(&gate);
    sc_aside_stop(&a);
    assert_int_equal(atomic_load(&done), SC_ASIDE_THREADS);
    assert_int_equal(sc_aside_put(&a, &errands[n], &err), SC_CANCELLED); /* a late request */
    assert_int_equal(atomic_load(&late), n - SC_ASIDE_THREADS);
    empty(&a);
}

static void one_that_was_never_started_stops(void **state) {
    (void)state;
    sc_aside a = {0};
    sc_aside_end(&a);
    sc_aside_stop(&a);
    sc_aside_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_runs_and_what_is_too_much_is_refused),
        cmocka_unit_test(at_the_end_what_waits_is_refused_and_what_was_begun_is_waited_for),
        cmocka_unit_test(one_that_was_never_started_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
