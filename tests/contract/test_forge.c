/* Every forge keeps the port's word. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "forge_fixture.h"
#include "forges/registry.h"
#include "git/git.h"

static const sc_forge_ops *backend;

static int setup(void **state) {
    forge_fixture *f = calloc(1, sizeof *f);
    forge_fixture_init(f, backend);
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

/* By whatever means people do it there. */
static void ended(forge_fixture *f, int64_t number, bool merged) {
    sc_forge_call c = forge_call(f);
    sc_forge_pr pr;
    if (f->ops->pr_merge && merged)
        good(f, f->ops->pr_merge(f->self, &c, number, &pr, &f->err));
    else if (f->ops->pr_close && !merged)
        good(f, f->ops->pr_close(f->self, &c, number, &pr, &f->err));
    else
        forge_tell(
            f, sc_arena_printf(&f->arena, "%s/%lld", merged ? "merge" : "close", (long long)number),
            "{}");
}

/* ---- What must not be taken ---------------------------------------------------------------------------------- */

static void a_name_that_is_none_is_refused(void **state) {
    forge_fixture *f = *state;
    static const char *const bad[] = {
        "",      "..",     "../x",  "a/..",  "/etc",   "a//b",       "a/",  "-x/y",  "a/.git",
        "a b/c", "a\nb/c", "a/b?c", "a/b#c", "a/b%2e", "a/\xc3\xa9", "./a", ".home", "a/b/c/d/e/f"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_forge_call c = forge_call_of(f, bad[i]);
        sc_forge_repo repo;
        sc_forge_remote remote;
        sc_forge_pr pr;
        if (f->ops->repo_ok(f->self, c.repo)) fail_msg("taken: %s", bad[i]);
        assert_int_equal(f->ops->check(f->self, &c, &repo, &f->err), SC_INVALID);
        assert_int_equal(f->ops->remote(f->self, &c, &remote, &f->err), SC_INVALID);
        assert_int_equal(f->ops->pr_get(f->self, &c, 1, &pr, &f->err), SC_INVALID);
    }
    assert_true(f->ops->repo_ok(f->self, SC_STR("owner/repo")));
    assert_true(f->ops->repo_ok(f->self, SC_STR("Own-er1/re.po_2")));
}

static void what_is_not_there_is_not_found(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call_of(f, "owner/missing");
    sc_forge_repo repo;
    sc_forge_pr pr;
    const sc_forge_pr_change change = {.title = SC_STR("x")};
    assert_int_equal(f->ops->check(f->self, &c, &repo, &f->err), SC_NOT_FOUND);
    c = forge_call(f);
    assert_int_equal(f->ops->pr_get(f->self, &c, 99, &pr, &f->err), SC_NOT_FOUND);
    assert_int_equal(f->ops->pr_update(f->self, &c, 99, &change, &pr, &f->err), SC_NOT_FOUND);
    assert_int_equal(f->ops->comment(f->self, &c, 99, SC_STR("x"), &f->err), SC_NOT_FOUND);
}

static void late_or_given_up_is_nothing_done(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr;
    sc_forge_call c = forge_call(f);
    c.deadline_ms = 1;
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_TIMEOUT);
    _Atomic bool stop = true;
    c = forge_call(f);
    c.stop = &stop;
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_CANCELLED);
    c = forge_call(f);
    sc_arena small;
    sc_arena_init(&small, 1);
    c.arena = &small;
    sc_forge_repo repo;
    assert_int_equal(f->ops->check(f->self, &c, &repo, &f->err), SC_NOMEM);
    sc_arena_done(&small);
}

static void a_branch_has_one_open_pull_request(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr first = made(f, "fix"), pr;
    sc_forge_call c = forge_call(f);
    sc_forge_pr_new new = forge_new("fix");
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_CONFLICT);
    new = forge_new("missing");
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_UNPROCESSABLE);
    /* another branch's is another one; after the end of the first there may be a second */
    sc_forge_pr other = made(f, "other");
    assert_int_not_equal(other.number, first.number);
    ended(f, first.number, false);
    sc_forge_pr second = made(f, "fix");
    assert_true(second.number > first.number);
    good(f, f->ops->pr_find(f->self, &c, SC_STR("fix"), &pr, &f->err));
    assert_int_equal(pr.number, second.number);
}

/* ---- What it is for ------------------------------------------------------------------------------------------ */

static void a_repository_is_described(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call(f);
    sc_forge_repo repo;
    sc_forge_remote remote;
    good(f, f->ops->check(f->self, &c, &repo, &f->err));
    assert_true(sc_str_is(repo.default_branch, "main"));
    assert_true(repo.may_push && repo.is_private && !repo.archived);
    good(f, f->ops->remote(f->self, &c, &remote, &f->err));
    const sc_git_remote git = {remote.url, remote.user, remote.token, remote.may_be_file};
    assert_int_equal(sc_git_url_check(&git, &f->err), SC_OK);
    assert_true(*f->ops->summary && f->ops->n_opts);
}

static void a_pull_request_is_found_once_it_is_made(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call(f);
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr, again;
    good(f, f->ops->pr_find(f->self, &c, new.branch, &pr, &f->err));
    assert_int_equal(pr.number, 0);
    pr = made(f, "fix");
    assert_true(pr.number > 0 && pr.draft && pr.state == SC_FORGE_OPEN);
    assert_true(sc_str_eq(pr.title, new.title) && sc_str_eq(pr.body, new.body));
    assert_true(sc_str_is(pr.branch, "fix") && sc_str_is(pr.base, "main"));
    assert_int_equal(pr.head_commit.n, 40);
    assert_int_equal(pr.merge_commit.n, 0);
    assert_true(pr.created_at_ms > 1700000000000 && !pr.merged_at_ms && !pr.closed_at_ms);
    good(f, f->ops->pr_find(f->self, &c, new.branch, &again, &f->err));
    assert_int_equal(again.number, pr.number);
    assert_true(sc_str_eq(again.title, pr.title) && sc_str_eq(again.head_commit, pr.head_commit));
    good(f, f->ops->pr_find(f->self, &c, SC_STR("fi"), &again, &f->err));
    assert_int_equal(again.number, 0);
    good(f, f->ops->pr_find(f->self, &c, SC_STR("a+b%&c"), &again, &f->err));
    assert_int_equal(again.number, 0);
}

static void a_pull_request_is_changed(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr pr = made(f, "fix"), now;
    sc_forge_call c = forge_call(f);
    const sc_forge_pr_change body = {.body = SC_STR("new\n")}, title = {.title = SC_STR("New")};
    good(f, f->ops->pr_update(f->self, &c, pr.number, &body, &now, &f->err));
    assert_true(sc_str_is(now.body, "new\n") && sc_str_eq(now.title, pr.title));
    good(f, f->ops->pr_update(f->self, &c, pr.number, &title, &now, &f->err));
    good(f, f->ops->pr_get(f->self, &c, pr.number, &now, &f->err));
    assert_true(sc_str_is(now.body, "new\n") && sc_str_is(now.title, "New"));
}

static void its_end_is_seen(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr merged = made(f, "fix"), closed = made(f, "other"), pr;
    sc_forge_call c = forge_call(f);
    ended(f, closed.number, false);
    good(f, f->ops->pr_get(f->self, &c, closed.number, &pr, &f->err));
    assert_int_equal(pr.state, SC_FORGE_CLOSED);
    assert_true(pr.closed_at_ms && !pr.merged_at_ms);
    ended(f, merged.number, true);
    good(f, f->ops->pr_find(f->self, &c, SC_STR("fix"), &pr, &f->err));
    assert_int_equal(pr.state, SC_FORGE_MERGED);
    assert_true(pr.closed_at_ms && pr.merged_at_ms);
    assert_int_equal(pr.merge_commit.n, 40);
    assert_true(sc_str_eq(pr.head_commit, merged.head_commit));
}

static void what_is_said_is_heard(void **state) {
    forge_fixture *f = *state;
    sc_forge_pr pr = made(f, "fix");
    sc_forge_call c = forge_call(f);
    sc_forge_comments said;
    good(f, f->ops->comments(f->self, &c, pr.number, 0, &said, &f->err));
    assert_int_equal(said.n, 0);
    good(f, f->ops->comment(f->self, &c, pr.number, SC_STR("first \u00e9"), &f->err));
    good(f, f->ops->comment(f->self, &c, pr.number, SC_STR("second"), &f->err));
    good(f, f->ops->comments(f->self, &c, pr.number, 0, &said, &f->err));
    assert_int_equal(said.n, 2);
    assert_false(said.more);
    assert_true(sc_str_is(said.v[0].body, "first \u00e9") && sc_str_is(said.v[1].body, "second"));
    assert_false(sc_str_eq(said.v[0].id, said.v[1].id));
    assert_true(said.v[0].by_bot && said.v[0].author.n && said.v[0].created_at_ms);
    good(f, f->ops->comments(f->self, &c, pr.number, sc_now_ms(&sc_clock_system) + 3600000, &said,
                             &f->err));
    assert_int_equal(said.n, 0);
}

static void an_issue_is_made(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call(f);
    const sc_str labels[] = {SC_STR("bug")};
    const sc_forge_issue_new new = {SC_STR("T"), SC_STR("B"), labels, 1};
    sc_forge_issue one, two;
    good(f, f->ops->issue_create(f->self, &c, &new, &one, &f->err));
    good(f, f->ops->issue_create(f->self, &c, &new, &two, &f->err));
    assert_true(one.number > 0 && two.number > one.number);
}

static void an_issue_is_found_by_what_its_text_holds(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call(f);
    const int64_t before = sc_now_ms(&sc_clock_system);
    sc_forge_pr_new pull = forge_new("fix");
    pull.body = SC_STR("a pull request is no issue: mark-1");
    sc_forge_pr pr;
    good(f, f->ops->pr_create(f->self, &c, &pull, &pr, &f->err));
    sc_forge_issue_new new = {SC_STR("T"), SC_STR("one\n| x | mark-1 |\n"), NULL, 0};
    sc_forge_issue one, two, got = {.number = 7};
    good(f, f->ops->issue_find(f->self, &c, SC_STR("mark-1"), before, &got, &f->err));
    assert_int_equal(got.number, 0);
    good(f, f->ops->issue_create(f->self, &c, &new, &one, &f->err));
    new.body = SC_STR("two: mark-2");
    good(f, f->ops->issue_create(f->self, &c, &new, &two, &f->err));
    good(f, f->ops->issue_find(f->self, &c, SC_STR("| mark-1 |"), before, &got, &f->err));
    assert_int_equal(got.number, one.number);
    assert_true(sc_str_eq(got.url, one.url));
    good(f, f->ops->issue_find(f->self, &c, SC_STR("mark-3"), before, &got, &f->err));
    assert_int_equal(got.number, 0);
    good(f, f->ops->issue_find(f->self, &c, SC_STR("mark-2"), before + 3600000, &got, &f->err));
    assert_int_equal(got.number, 0);
}

static void *ask_often(void *self) {
    forge_fixture *f = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 32 << 20);
    sc_forge_call c = forge_call(f);
    c.arena = &arena;
    sc_forge_repo repo;
    sc_forge_remote remote;
    sc_forge_pr pr;
    for (int i = 0; i < 6; i++)
        if (f->ops->check(f->self, &c, &repo, NULL) || f->ops->remote(f->self, &c, &remote, NULL) ||
            f->ops->pr_find(f->self, &c, SC_STR("fix"), &pr, NULL) || !pr.number)
            return self;
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    forge_fixture *f = *state;
    pthread_t threads[4];
    made(f, "fix");
    for (size_t i = 0; i < SC_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, f), 0);
    for (size_t i = 0; i < SC_LEN(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(void) {
    int failed = 0;
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_name_that_is_none_is_refused),
        T(what_is_not_there_is_not_found),
        T(late_or_given_up_is_nothing_done),
        T(a_branch_has_one_open_pull_request),
        T(a_repository_is_described),
        T(a_pull_request_is_found_once_it_is_made),
        T(a_pull_request_is_changed),
        T(its_end_is_seen),
        T(what_is_said_is_heard),
        T(an_issue_is_made),
        T(an_issue_is_found_by_what_its_text_holds),
        T(threads_do_not_disturb_each_other),
    };
    for (size_t i = 0; i < sc_forges_n; i++) {
        backend = sc_forges[i];
        assert_ptr_equal(sc_forge_find(sc_str_of(backend->name)), backend);
        failed += _cmocka_run_group_tests(backend->name, tests, SC_LEN(tests), NULL, NULL);
    }
    return failed;
}
