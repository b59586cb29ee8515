/* What is looked after beside fixes, where one thing fails: the others are looked after all the same. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "base/log.h"
#include "fix_fixture.h"

#define EDIT(more)                                                                         \
    "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"date +%N >>a.txt\"],\"test_command" \
    "\":\"\"" more

enum { LEFT = 6 };

static fix_fixture f;

/* ---- The log ------------------------------------------------------------------------------------ */

static const char *counted;
static _Atomic int lines;

static void hear(void *self, sc_log_level level, const char *event, const char *request_id,
                 const sc_log_field *fields, size_t n) {
    (void)self, (void)level, (void)request_id, (void)fields, (void)n;
    if (!strcmp(event, counted)) atomic_fetch_add(&lines, 1);
}

static const sc_log_sink ear = {.put = hear};

static void listen_for(const char *event) {
    counted = event;
    atomic_store(&lines, 0);
    sc_log_sink_set(&ear);
}

static void close_world(void) {
    fix_fixture_close(&f);
    sc_log_sink_set(NULL);
}

/* ---- What dead workers left --------------------------------------------------------------------- */

static char stuck[64]; /* the first one that is to go does not */
static _Atomic bool sticks;

/* Instead of the C library's. */
int unlinkat(int at, const char *path, int flags) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (atomic_load(&sticks) && !strncmp(name, "left-", 5)) {
        if (!*stuck) snprintf(stuck, sizeof stuck, "%s", name);
        if (!strcmp(name, stuck)) {
            errno = EACCES;
            return -1;
        }
    }
    return (int)syscall(SYS_unlinkat, at, path, flags);
}

static sc_rc no_sweep(void *self, const char *state_dir, size_t *ret_n, sc_err *err) {
    (void)self, (void)state_dir;
    *ret_n = 0;
    return sc_fail(err, SC_IO, "the sandboxes cannot be seen");
}

static bool is_left(int i) {
    return !access(sc_arena_printf(&f.app.arena, "%s/jobs/left-%d", f.app.fix.dir, i), F_OK);
}

static bool one_is_left(void *self) {
    (void)self;
    int n = 0;
    for (int i = 0; i < LEFT; i++) n += is_left(i);
    return n == 1;
}

static void what_cannot_be_removed_does_not_keep_the_rest(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_app_stop(f.app.app);
    for (int i = 0; i < LEFT; i++) git_sh(&f.git, "mkdir -p fix/jobs/left-%d/work", i);
    f.runner.sweep = no_sweep;
    stuck[0] = 0;
    atomic_store(&sticks, true);
    listen_for("what dead workers left is not cleared away");
    fix_restart(&f);
    app_wait(one_is_left, NULL, "what can be removed to go");
    sc_app_stop(f.app.app);
    assert_int_equal(atomic_load(&lines), 2); /* the sandboxes, and the one */
    atomic_store(&sticks, false);
    close_world();
}

/* Of a fix that runs elsewhere: its lease is another worker's. */
static sc_job run_elsewhere(void) {
    const sc_str kind = SC_STR("fix");
    sc_job job;
    sc_id issue = fix_issue(&f, "It does not save");
    sc_app_stop(f.app.app);
    fix_start(&f, &issue);
    fix_ok(&f, f.app.store.ops->job_claim(f.app.store.self, &kind, 1, SC_STR("elsewhere:1:0"),
                                          3600000, f.app.now_ms, &f.app.arena, &job, &f.err));
    return job;
}

static bool is_gone(void *path) { return access(path, F_OK) != 0; }

static void a_dead_workers_socket_goes_and_that_of_a_run_stays(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    const sc_job job = run_elsewhere();
    const char *dir = git_says(&f.git, "mkdir -p fix/s; echo $PWD/fix/s");
    char *dead = sc_arena_printf(&f.app.arena, "%s/%s-7", dir, job.id.text + 24),
         *run = sc_arena_printf(&f.app.arena, "%s/%s-%lld", dir, job.id.text + 24,
                                (long long)job.fence);
    git_sh(&f.git, "touch %s %s", dead, run);
    fix_restart(&f);
    app_wait(is_gone, dead, "the dead worker's socket to go");
    sc_app_stop(f.app.app);
    assert_false(is_gone(run));
    close_world();
}

/* ---- Mirrors ------------------------------------------------------------------------------------ */

static bool is_packed(void *mirror) {
    return !access(sc_arena_printf(&f.app.arena, "%s/soulcaster.packed", (const char *)mirror),
                   F_OK);
}

static void set_fix(const sc_id *project, const char *text) {
    fix_ok(&f, f.app.store.ops->setting_put(f.app.store.self, project, SC_STR("fix"),
                                            sc_str_of(text), f.app.now_ms, &f.err));
}

static void a_project_that_cannot_be_read_keeps_no_mirror_from_being_packed(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(""));
    sc_id issue = fix_issue(&f, "It does not save"), id = fix_start(&f, &issue);
    assert_int_equal(fix_ended(&f, &id).status, SC_JOB_success);
    sc_app_stop(f.app.app);
    const char *dir = git_says(&f.git, "echo $PWD/fix/mirrors"),
               *mirror = git_says(&f.git, "ls -d %s/*", dir);
    const sc_project other = {
        .id = sc_id_new(&f.app.clock), .name = SC_STR("other"), .created_at_ms = f.app.now_ms};
    fix_ok(&f, f.app.store.ops->project_put(f.app.store.self, &other, &f.err));
    set_fix(&other.id, "{no JSON");
    git_sh(&f.git, "cp -r %s %s/0123456789abcdef", mirror,
           dir); /* the other's, as far as we know */
    git_sh(&f.git, "touch -d @%lld %s/*/info/attributes",
           (long long)(f.app.now_ms / 1000 - 3 * 24 * 3600), dir);
    char *rest = sc_arena_printf(&f.app.arena, "%s/" SC_GIT_GONE "00", dir);
    git_sh(&f.git, "mkdir -p %s/refs", rest); /* who removed it was killed */
    listen_for("which repository a project names is not known");
    fix_restart(&f);
    app_wait(is_gone, rest, "the rest of a mirror to go");
    app_wait(is_packed, (void *)(uintptr_t)mirror, "the mirror to be packed");
    sc_app_stop(f.app.app);
    assert_int_equal(atomic_load(&lines), 1);
    char *stray = sc_arena_printf(&f.app.arena, "%s/0123456789abcdef", dir);
    assert_false(is_gone(stray));
    set_fix(&other.id, "{}");
    fix_restart(&f);
    app_wait(is_gone, stray, "the mirror that nobody names to go");
    assert_true(is_packed((void *)(uintptr_t)mirror));
    close_world();
}

/* ---- What follows from the store ---------------------------------------------------------------- */

static const sc_store_ops *real;
static _Atomic bool no_lost;

static sc_rc fix_list(void *self, const sc_fix_filter *filter, const sc_page *page, sc_arena *arena,
                      sc_fix_list *ret, sc_err *err) {
    if (atomic_load(&no_lost) && filter->by_state && filter->state == SC_JOB_dead)
        return sc_fail(err, SC_INVALID, "a lost fix cannot be read");
    return real->fix_list(self, filter, page, arena, ret, err);
}

static sc_store_ops wrap(const sc_store_ops *ops) {
    sc_store_ops o = *ops;
    real = ops;
    o.fix_list = fix_list;
    return o;
}

static bool has_a_fix(void *issue) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    const sc_fix_filter of = {.project_id = f.app.project.id, .cluster_id = *(const sc_id *)issue};
    sc_fix_list list;
    fix_ok(&f,
           real->fix_list(f.app.store.self, &of, &(sc_page){.limit = 1}, &arena, &list, &f.err));
    return list.n > 0;
}

static bool was_told(void *self) {
    (void)self;
    return atomic_load(&lines) > 0;
}

static void a_part_of_the_verify_job_that_fails_does_not_keep_the_others(void **state) {
    (void)state;
    fix_fixture_open(&f, EDIT(",\"policy\":{\"enabled\":true,\"min_reports\":1}"));
    f.app.wrap = wrap;
    f.app.unscheduled = true; /* nobody else asks for the job */
    fix_restart(&f);
    sc_id issue = fix_issue(&f, "It does not save");
    atomic_store(&no_lost, true);
    listen_for("job failed");
    fix_ok(&f,
           sc_work_ask(f.app.app, "verify", &f.app.project.id, SC_STR_NONE, f.app.now_ms, &f.err));
    app_wait(has_a_fix, &issue, "the fix that the policy wants");
    app_wait(was_told, NULL, "the job to say what failed");
    sc_app_stop(f.app.app);
    assert_int_equal(atomic_load(&lines), 1);
    atomic_store(&no_lost, false);
    close_world();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_removed_does_not_keep_the_rest),
        cmocka_unit_test(a_dead_workers_socket_goes_and_that_of_a_run_stays),
        cmocka_unit_test(a_project_that_cannot_be_read_keeps_no_mirror_from_being_packed),
        cmocka_unit_test(a_part_of_the_verify_job_that_fails_does_not_keep_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
