/* The local forge: what happens in the repository behind its back, damage, and many at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "forge_fixture.h"
#include "forges/local/local.h"

static int setup(void **state) {
    forge_fixture *f = calloc(1, sizeof *f);
    forge_fixture_init(f, &sc_forge_local);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    forge_fixture_done(*state);
    free(*state);
    return 0;
}

static void good(forge_fixture *f, sc_rc rc) {
    if (rc) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
}

static sc_forge_pr made(forge_fixture *f, const char *branch) {
    sc_forge_call c = forge_call(f);
    sc_forge_pr_new new = forge_new(branch);
    sc_forge_pr pr;
    good(f, f->ops->pr_create(f->self, &c, &new, &pr, &f->err));
    return pr;
}

static sc_forge_pr got(forge_fixture *f, int64_t number) {
    sc_forge_call c = forge_call(f);
    sc_forge_pr pr;
    good(f, f->ops->pr_get(f->self, &c, number, &pr, &f->err));
    return pr;
}

static void what_is_no_repository_is_not_opened(void **state) {
    forge_fixture *f = *state;
    git_sh(&f->git, "mkdir repositories/plain");
    sc_forge_call c = forge_call_of(f, "plain");
    sc_forge_repo repo;
    assert_int_equal(f->ops->check(f->self, &c, &repo, &f->err), SC_NOT_FOUND);
    sc_forge_conf conf = {.root = "relative"};
    void *self = sc_alloc(f->ops->size);
    assert_int_equal(f->ops->open(self, &conf, &f->err), SC_INVALID);
    assert_non_null(strstr(f->err.msg, "--repositories"));
    conf = (sc_forge_conf){.root = f->conf.root, .git = "no-such-git"};
    assert_int_equal(f->ops->open(self, &conf, &f->err), SC_NOT_FOUND);
    sc_free(self);
}

static void a_branch_that_clashes_is_not_merged(void **state) {
    forge_fixture *f = *state;
    git_sh(&f->git, "cd seed && git checkout -q -b clash main && echo 1 >a.txt && git commit -qam "
                    "1 && git checkout -q main "
                    "&& echo 2 >a.txt && git commit -qam 2 && git push -q "
                    "../repositories/owner/repo clash main");
    sc_forge_pr pr = made(f, "clash"), same;
    sc_forge_call c = forge_call(f);
    assert_int_equal(f->ops->pr_merge(f->self, &c, pr.number, &same, &f->err), SC_CONFLICT);
    assert_int_equal(got(f, pr.number).state, SC_FORGE_OPEN);
    assert_string_equal(
        git_says(&f->git, "git --git-dir=repositories/owner/repo log -1 --format=%%s main"), "2");
}

static void a_merge_is_a_commit_and_happens_once(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr pr = made(f, "fix"), merged;
    sc_forge_call c = forge_call(f);
    good(f, f->ops->pr_merge(f->self, &c, pr.number, &merged, &f->err));
    sc_str commit = merged.merge_commit;
    good(f, f->ops->pr_merge(f->self, &c, pr.number, &merged, &f->err));
    assert_true(sc_str_eq(commit, merged.merge_commit));
    assert_string_equal(git_says(&f->git, "git --git-dir=repositories/owner/repo log "
                                          "--first-parent --format=%%s main | tr '\\n' ' '"),
                        "Merge pull request 1 from fix first ");
    assert_int_equal(f->ops->pr_close(f->self, &c, pr.number, &merged, &f->err), SC_CONFLICT);
    /* a closed one is not merged */
    pr = made(f, "other");
    good(f, f->ops->pr_close(f->self, &c, pr.number, &merged, &f->err));
    assert_int_equal(f->ops->pr_merge(f->self, &c, pr.number, &merged, &f->err), SC_CONFLICT);
}

static void what_git_did_is_noticed(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr pr = made(f, "fix");
    /* a new head */
    git_sh(&f->git, "cd seed && git checkout -q fix && echo more >>fix.txt && git commit -qam more "
                    "&& git push -q "
                    "../repositories/owner/repo fix");
    sc_forge_pr now = got(f, pr.number);
    assert_false(sc_str_eq(now.head_commit, pr.head_commit));
    assert_int_equal(now.state, SC_FORGE_OPEN);
    /* merged by hand, and the branch removed: also what a crash between merge and note leaves */
    git_sh(&f->git,
           "cd seed && git checkout -q main && git merge -q --no-ff -m by-hand fix && git push -q "
           "../repositories/owner/repo main :fix");
    now = got(f, pr.number);
    assert_int_equal(now.state, SC_FORGE_MERGED);
    assert_true(now.merged_at_ms > 0);
    now = got(f, pr.number);
    assert_int_equal(now.state, SC_FORGE_MERGED);
}

static void a_branch_that_brings_nothing_is_refused(void **state) {
    forge_fixture *f = *state;
    git_sh(&f->git, "git --git-dir=repositories/owner/repo branch same main");
    sc_forge_call c = forge_call(f);
    sc_forge_pr_new new = forge_new("same");
    sc_forge_pr pr;
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_UNPROCESSABLE);
    new = forge_new("fix");
    new.title = SC_STR("");
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_UNPROCESSABLE);
    new.title = SC_STR("\xff");
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_UNPROCESSABLE);
}

static void a_damaged_file_is_told_and_hurts_no_other(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr first = made(f, "fix"), second = made(f, "other"), pr;
    sc_forge_call c = forge_call(f);
    git_sh(&f->git, "cd repositories/owner/repo/soulcaster-pulls && truncate -s 20 1.json && echo "
                    "x >x.json && echo y "
                    ">99999999999.json && touch 3.json.part");
    assert_int_equal(f->ops->pr_get(f->self, &c, first.number, &pr, &f->err), SC_STORE);
    assert_int_equal(got(f, second.number).number, second.number);
    git_sh(&f->git,
           "cd repositories/owner/repo/soulcaster-pulls && rm 1.json && ln -s /etc/passwd 1.json");
    assert_int_equal(f->ops->pr_get(f->self, &c, first.number, &pr, &f->err), SC_IO);
}

static void a_folder_may_have_any_name(void **state) {
    forge_fixture *f = *state;
    git_sh(&f->git, "mkdir -p 'a b%%25\u00e9' && cp -r repositories/owner 'a b%%25\u00e9'/");
    sc_forge_conf conf = {.root = sc_arena_printf(&f->arena, "%s/a b%%25\u00e9", f->git.dir)};
    void *self = sc_alloc(f->ops->size);
    good(f, f->ops->open(self, &conf, &f->err));
    sc_forge_call c = forge_call(f);
    sc_forge_remote r;
    good(f, f->ops->remote(self, &c, &r, &f->err));
    const sc_git_remote remote = {.url = r.url, .may_be_file = r.may_be_file};
    sc_git_id id;
    good(f, sc_git_fetch(&f->git.git, f->git.mirror, &remote, SC_STR("fix"), &id, &f->err));
    f->ops->close(self);
    sc_free(self);
}

static void another_users_repository_is_told_as_that(void **state) {
    forge_fixture *f = *state;
    if (geteuid()) {
        print_message("SKIP: only root can give a folder to another user\n");
        skip();
    }
    git_sh(&f->git, "chown -R 12345 repositories");
    sc_forge_call c = forge_call(f);
    sc_forge_remote r;
    good(f, f->ops->remote(f->self, &c, &r, &f->err));
    const sc_git_remote remote = {.url = r.url, .may_be_file = r.may_be_file};
    sc_git_id id;
    sc_rc rc = sc_git_fetch(&f->git.git, f->git.mirror, &remote, SC_STR("fix"), &id, &f->err);
    /* older gits do not look at that */
    if (rc && rc != SC_FORBIDDEN) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
}

enum { THREADS = 4, EACH = 8 };

typedef struct racer {
    forge_fixture *f;
    int64_t numbers[EACH];
} racer;

static void *race(void *arg) {
    racer *r = arg;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_forge_call c = forge_call(r->f);
    c.arena = &arena;
    const sc_forge_issue_new new = {.title = SC_STR("T"), .body = SC_STR("B")};
    sc_forge_issue made_one;
    for (int i = 0; i < EACH; i++) {
        if (r->f->ops->issue_create(r->f->self, &c, &new, &made_one, NULL)) return r;
        r->numbers[i] = made_one.number;
    }
    return NULL;
}

static void many_at_once_get_numbers_of_their_own(void **state) {
    forge_fixture *f = *state;
    pthread_t threads[THREADS];
    racer racers[THREADS];
    bool seen[THREADS * EACH + 1] = {false};
    for (size_t i = 0; i < THREADS; i++) {
        racers[i].f = f;
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
        for (size_t k = 0; k < EACH; k++) {
            int64_t n = racers[i].numbers[k];
            assert_true(n >= 1 && n <= THREADS * EACH && !seen[n]);
            seen[n] = true;
        }
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_no_repository_is_not_opened),
        T(a_branch_that_clashes_is_not_merged),
        T(a_merge_is_a_commit_and_happens_once),
        T(what_git_did_is_noticed),
        T(a_branch_that_brings_nothing_is_refused),
        T(a_damaged_file_is_told_and_hurts_no_other),
        T(a_folder_may_have_any_name),
        T(another_users_repository_is_told_as_that),
        T(many_at_once_get_numbers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
