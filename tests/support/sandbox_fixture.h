/* For tests that start real sandboxes: folders, a runner, and what came of one run. As root everything is done a second
 * time as the user nobody. Linux with user namespaces and bubblewrap is needed; where they are not, tests are skipped
 * with the reason. */
#ifndef TEST_SANDBOX_FIXTURE_H
#define TEST_SANDBOX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runners/local/local.h"

typedef struct boxed {
    void *self; /* of sc_runner_local */
    char top[64], work[80], state[80], remove[80];
    sc_buf out, err; /* of the last run */
    sc_runner_end end;
    sc_err why;
} boxed;

/* cmocka set-up and tear-down; *state is a boxed. */
int boxed_begin(void **state);
int boxed_end(void **state);

/* A spec for a shell script in the work tree. Borrowed until the next call. */
sc_runner_spec boxed_script(const boxed *b, const char *script);
/* Runs; asserts that it ran. */
void boxed_run(boxed *b, const sc_runner_spec *spec);
sc_rc boxed_try(boxed *b, const sc_runner_spec *spec, const _Atomic bool *stop);
/* Both streams of the last run hold that text. */
bool boxed_said(const boxed *b, const char *text);

/* The whole group of tests, and where we are root again as nobody. For main. */
int boxed_main(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
