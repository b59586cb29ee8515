/* Whether this machine can run agents is found out beside the start, and whoever asks waits for it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runners/trial.h"

static void none_is_known_at_once(void **state) {
    (void)state;
    sc_runner_trial t;
    sc_runner runner = {.ops = (const sc_runner_ops *)1};
    const char *why = NULL;
    sc_err err = {0};
    assert_int_equal(sc_runner_trial_open(&t, "none", true, &err), SC_OK);
    sc_runner_trial_known(&t, &runner, &why);
    assert_null(runner.ops);
    assert_non_null(strstr(why, "--fix-runner none"));
    sc_runner_trial_close(&t);
}

static void an_unknown_runner_is_refused(void **state) {
    (void)state;
    sc_runner_trial t;
    sc_err err = {0};
    assert_int_equal(sc_runner_trial_open(&t, "moon", true, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "moon"));
    sc_runner_trial_close(&t);
}

static void *ask(void *trial) {
    sc_runner runner;
    sc_runner_trial_known(trial, &runner, NULL);
    return (void *)runner.ops;
}

static void all_who_ask_hear_the_same(void **state) {
    (void)state;
    enum { ASKERS = 8 };
    static const char *const names[] = {"local", "no-sandbox"};
    for (size_t k = 0; k < SC_LEN(names); k++) {
        sc_runner_trial t;
        sc_runner runner;
        const char *why;
        sc_err err = {0};
        pthread_t threads[ASKERS];
        assert_int_equal(sc_runner_trial_open(&t, names[k], true, &err), SC_OK);
        for (int i = 0; i < ASKERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, ask, &t), 0);
        sc_runner_trial_known(&t, &runner, &why);
        assert_true(runner.ops ? !why : !!why); /* one or the other, never both */
        if (runner.ops) assert_string_equal(runner.ops->name, names[k]);
        if (k == 1) assert_non_null(runner.ops);
        for (int i = 0; i < ASKERS; i++) {
            void *heard;
            pthread_join(threads[i], &heard);
            assert_ptr_equal(heard, runner.ops);
        }
        sc_runner_trial_close(&t);
    }
}

static void a_trial_that_nobody_asked_about_ends(void **state) {
    (void)state;
    sc_runner_trial t;
    sc_err err = {0};
    assert_int_equal(sc_runner_trial_open(&t, "local", true, &err), SC_OK);
    sc_runner_trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_known_at_once),
        cmocka_unit_test(an_unknown_runner_is_refused),
        cmocka_unit_test(all_who_ask_hear_the_same),
        cmocka_unit_test(a_trial_that_nobody_asked_about_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
