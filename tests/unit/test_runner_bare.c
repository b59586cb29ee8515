/* What is run without a sandbox: runners/bare.c. It promises little, and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tree.h"
#include "runners/bare.h"
#include "runners/registry.h"

static void hear(void *at, int stream, sc_str bytes) {
    (void)stream;
    sc_buf_put_str(at, bytes);
}

static void it_is_called_by_its_name_and_says_what_it_is(void **state) {
    (void)state;
    assert_ptr_equal(sc_runner_find(SC_STR("no-sandbox")), &sc_runner_bare);
    assert_true(sc_runner_find(SC_STR("local"))->sandbox);
    assert_false(sc_runner_bare.sandbox);
    assert_non_null(strstr(sc_runner_bare.summary, "can read your files and keys"));
    assert_null(sc_runner_find(SC_STR("")));
}

static void paths_of_the_sandbox_lead_to_folders_of_its_own(void **state) {
    (void)state;
    char top[] = "/tmp/sc-bare-XXXXXX", work[64], at[64];
    assert_non_null(mkdtemp(top));
    snprintf(work, sizeof work, "%s/work", top);
    snprintf(at, sizeof at, "%s/state", top);
    assert_int_equal(mkdir(work, 0755), 0);
    setenv("SC_TEST_SECRET", "leaked", 1);
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "cat " SC_RUNNER_OURS "/task.md $CONF; cd " SC_RUNNER_WORK
                                       "; pwd; echo x > made;"
                                       " echo $SC_TEST_SECRET; exit 6",
                                       NULL};
    static const char *const env[] = {"CONF=" SC_RUNNER_HOME "/.config/a.json", NULL};
    static const sc_runner_file files[] = {{SC_RUNNER_OURS "/task.md", {"task ", 5}},
                                           {SC_RUNNER_HOME "/.config/a.json", {"conf\n", 5}}};
    const sc_runner_spec spec = {.id = "a",
                                 .work_dir = work,
                                 .state_dir = at,
                                 .argv = argv,
                                 .env = env,
                                 .files = files,
                                 .n_files = 2};
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 4096);
    sc_runner_end end;
    sc_err err = {0};
    if (sc_runner_bare.run(NULL, &spec, hear, &out, NULL, &end, &err)) fail_msg("%s", err.msg);
    assert_int_equal(end.exit, 6);
    char expected[128];
    snprintf(expected, sizeof expected, "task conf\n%s\n\n", work);
    assert_string_equal(out.p, expected);
    sc_tree_size size;
    assert_int_equal(sc_tree_measure(at, 0, 0, &size, NULL), SC_OK);
    assert_int_equal(size.entries, 0); /* home and files are gone */
    assert_int_equal(sc_tree_measure(work, 0, 0, &size, NULL), SC_OK);
    assert_int_equal(size.entries, 1);
    assert_int_equal(sc_tree_remove(top, NULL), SC_OK);
}

static void time_ends_it(void **state) {
    (void)state;
    char top[] = "/tmp/sc-bare-XXXXXX";
    assert_non_null(mkdtemp(top));
    static const char *const argv[] = {"/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait", NULL};
    const sc_runner_spec spec = {
        .id = "a", .work_dir = "/tmp", .state_dir = top, .argv = argv, .limits = {.wall_ms = 100}};
    sc_runner_end end;
    assert_int_equal(sc_runner_bare.run(NULL, &spec, NULL, NULL, NULL, &end, NULL), SC_OK);
    assert_string_equal(end.killed_for, SC_RUNNER_TIMEOUT);
    assert_int_equal(sc_tree_remove(top, NULL), SC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_called_by_its_name_and_says_what_it_is),
        cmocka_unit_test(paths_of_the_sandbox_lead_to_folders_of_its_own),
        cmocka_unit_test(time_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
