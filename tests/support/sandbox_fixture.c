#include "sandbox_fixture.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/tree.h"

static const char *unusable; /* why there can be no sandbox here */

int boxed_begin(void **state) {
    boxed *b = sc_alloc(sizeof *b);
    assert_non_null(b);
    snprintf(b->top, sizeof b->top, "/tmp/sc-box-XXXXXX");
    assert_non_null(mkdtemp(b->top));
    snprintf(b->remove, sizeof b->remove, "%s/job", b->top);
    snprintf(b->work, sizeof b->work, "%s/job/work", b->top);
    snprintf(b->state, sizeof b->state, "%s/state", b->top);
    assert_int_equal(mkdir(b->remove, 0755), 0);
    assert_int_equal(mkdir(b->work, 0755), 0);
    b->self = sc_alloc(sc_runner_local.size);
    assert_int_equal(sc_runner_local.open(b->self, NULL, &b->why), SC_OK);
    sc_buf_init(&b->out, 16 << 20);
    sc_buf_init(&b->err, 16 << 20);
    *state = b;
    return 0;
}

int boxed_end(void **state) {
    boxed *b = *state;
    assert_int_equal(sc_tree_remove(b->top, NULL), SC_OK);
    sc_buf_done(&b->out);
    sc_buf_done(&b->err);
    sc_free(b->self);
    sc_free(b);
    return 0;
}

sc_runner_spec boxed_script(const boxed *b, const char *script) {
    static const char *argv[4] = {"/bin/sh", "-c"};
    argv[2] = script;
    return (sc_runner_spec){.id = "test",
                            .work_dir = b->work,
                            .state_dir = b->state,
                            .argv = argv,
                            .limits = {.wall_ms = 60000}};
}

static void hear(void *at, int stream, sc_str bytes) {
    boxed *b = at;
    sc_buf_put_str(stream == 1 ? &b->out : &b->err, bytes);
}

sc_rc boxed_try(boxed *b, const sc_runner_spec *spec, const _Atomic bool *stop) {
    if (unusable) skip();
    sc_buf_reset(&b->out);
    sc_buf_reset(&b->err);
    b->why.msg[0] = 0;
    return sc_runner_local.run(b->self, spec, hear, b, stop, &b->end, &b->why);
}

void boxed_run(boxed *b, const sc_runner_spec *spec) {
    sc_rc rc = boxed_try(b, spec, NULL);
    if (rc) print_error("%s: %s\n", sc_rc_name(rc), b->why.msg);
    assert_int_equal(rc, SC_OK);
}

bool boxed_said(const boxed *b, const char *text) {
    return sc_str_find(sc_buf_str(&b->out), sc_str_of(text)) != SIZE_MAX ||
           sc_str_find(sc_buf_str(&b->err), sc_str_of(text)) != SIZE_MAX;
}

/* What the machine does not allow can not be tested: said once, aloud. */
static void find_out(void) {
    static char words[256];
    void *self = sc_alloc(sc_runner_local.size);
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_runner_check *rows = NULL;
    size_t n = 0;
    sc_err err = {0};
    sc_rc rc = sc_runner_local.open(self, NULL, &err);
    if (!rc) rc = sc_runner_local.check(self, &arena, &rows, &n, &err);
    if (rc) unusable = "it can not be checked";
    for (size_t i = 0; i < n; i++) {
        if (rows[i].is != SC_RUNNER_BAD) continue;
        snprintf(words, sizeof words, "%s: %s", rows[i].what, rows[i].words);
        unusable = words;
    }
    if (unusable) print_message("Skipped, no sandbox here: %s\n", unusable);
    sc_free(self);
}

static int once(const char *name, const struct CMUnitTest *tests, size_t n) {
    unusable = NULL;
    find_out();
    return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

static int as_nobody(const char *name, const struct CMUnitTest *tests, size_t n) {
    enum { NOBODY = 65534 };
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
            setresuid(NOBODY, NOBODY, NOBODY))
            exit(99);
        prctl(PR_SET_DUMPABLE, 1); /* or /proc/self would not be ours */
        exit(once(name, tests, n));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int boxed_main(const char *name, const struct CMUnitTest *tests, size_t n) {
    char second[80];
    snprintf(second, sizeof second, "%s, as nobody", name);
    sc_json_setup();
    int failed = once(name, tests, n);
    if (geteuid() == 0) failed += as_nobody(second, tests, n);
    return failed;
}
