/* The nth allocation fails: what takes a repository and a patch says so, leaks nothing, and works the next time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "forge_fixture.h"
#include "forges/local/local.h"
#include "patch/rules.h"

enum { ENOUGH = 400 };

typedef sc_rc (*step)(void *self);

/* Until it succeeds although the nth was to fail: then it makes fewer than n. Some failures are made good on the way. */
static void sweep(const char *what, step run, void *self) {
    for (uint64_t nth = 1; nth < ENOUGH; nth++) {
        sc_mem_fail_after(nth);
        sc_rc rc = run(self);
        bool all = sc_mem_fail_after(0) < nth;
        if (rc && rc != SC_NOMEM && rc != SC_TOO_LARGE)
            fail_msg("%s: %s at %d", what, sc_rc_name(rc), (int)nth);
        if (all && rc) fail_msg("%s: %s without a failure", what, sc_rc_name(rc));
        if (all) return;
    }
    fail_msg("%s: never enough", what);
}

typedef struct git_steps {
    git_fixture f;
    sc_git_remote remote;
    sc_git_id base, tree, commit;
} git_steps;

static sc_rc fetch(void *self) {
    git_steps *s = self;
    return sc_git_fetch(&s->f.git, s->f.mirror, &s->remote, SC_STR("main"), &s->base, &s->f.err);
}

static sc_rc snapshot(void *self) {
    git_steps *s = self;
    const sc_git_limits limits = {1000, 100, 1 << 20, 1 << 20};
    return sc_git_snapshot(&s->f.git, s->f.mirror, &s->base, s->f.work, &limits, &s->tree,
                           &s->f.err);
}

static sc_rc diff(void *self) {
    git_steps *s = self;
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 1 << 20);
    return sc_git_diff(&s->f.git, s->f.mirror, &s->base, &s->tree, &out, &s->f.err);
}

static sc_rc commit(void *self) {
    git_steps *s = self;
    const sc_git_person us = {SC_STR("S"), SC_STR("s@example.org")};
    return sc_git_commit(&s->f.git, s->f.mirror, &s->tree, &s->base, &us, 0, SC_STR("m"),
                         &s->commit, &s->f.err);
}

static sc_rc push(void *self) {
    git_steps *s = self;
    const sc_git_id none = {.text = ""};
    return sc_git_push(&s->f.git, s->f.mirror, &s->remote, &s->commit, SC_STR("x"), &none,
                       &s->f.err);
}

static void git_survives_every_failing_allocation(void **state) {
    (void)state;
    git_steps s = {.base = {.text = ""}};
    git_fixture_init(&s.f);
    git_origin(&s.f);
    s.remote = git_on_disk(&s.f);
    sweep("fetch", fetch, &s);
    assert_int_equal(mkdir(s.f.work, 0700), 0);
    assert_int_equal(sc_git_checkout(&s.f.git, s.f.mirror, &s.base, s.f.work, &s.f.err), SC_OK);
    git_sh(&s.f,
           "cd work && echo x >>a.txt && rm run.sh && mkdir new && echo n >new/n && ln -s n new/l");
    sweep("snapshot", snapshot, &s);
    sweep("diff", diff, &s);
    sweep("commit", commit, &s);
    sweep("push", push, &s);
    assert_string_equal(git_says(&s.f, "git --git-dir=origin.git rev-parse x"), s.commit.text);
    git_fixture_done(&s.f);
}

static const char text[] = "diff --git \"a/q\\\"\" \"b/q\\\"\"\nnew file mode 120000\nindex "
                           "0123456789012345678901234567890123456789.."
                           "abcdef0123abcdef0123abcdef0123abcdef0123\n--- /dev/null\n+++ "
                           "\"b/q\\\"\"\n@@ -0,0 +1 @@\n+/etc\n";

static sc_rc judge(void *self) {
    (void)self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    const sc_patch_limits limits = {.max_bytes = 1};
    sc_patch p;
    sc_patch_findings found;
    sc_err err;
    sc_rc rc = sc_patch_parse(sc_str_of(text), &arena, &p, &err);
    return rc ? rc : sc_patch_check(&p, sizeof text, &limits, &arena, &found, &err);
}

static void judging_survives_every_failing_allocation(void **state) {
    (void)state;
    sweep("judge", judge, NULL);
}

static sc_rc open_request(void *self) {
    forge_fixture *f = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_forge_call c = forge_call(f);
    c.arena = &arena;
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr;
    sc_rc rc = f->ops->pr_find(f->self, &c, new.branch, &pr, &f->err);
    if (!rc && !pr.number) rc = f->ops->pr_create(f->self, &c, &new, &pr, &f->err);
    return rc ? rc : f->ops->comment(f->self, &c, pr.number, SC_STR("x"), &f->err);
}

static void a_pull_request_survives_every_failing_allocation_and_is_one(void **state) {
    (void)state;
    forge_fixture f;
    forge_fixture_init(&f, &sc_forge_local);
    sweep("pull request", open_request, &f);
    git_sh(&f.git, "test \"$(ls repositories/owner/repo/soulcaster-pulls)\" = 1.json");
    forge_fixture_done(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(git_survives_every_failing_allocation),
        cmocka_unit_test(judging_survives_every_failing_allocation),
        cmocka_unit_test(a_pull_request_survives_every_failing_allocation_and_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
