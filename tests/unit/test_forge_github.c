/* GitHub: what its answers mean, what happens when one does not come, and whose token is used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_upstream.h"
#include "forge_fixture.h"
#include "forges/github/github.h"

static int setup(void **state) {
    forge_fixture *f = calloc(1, sizeof *f);
    forge_fixture_init(f, &sc_forge_github);
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

static void each_status_says_what_to_do(void **state) {
    forge_fixture *f = *state;
    static const struct {
        const char *repo;
        sc_rc rc;
        int64_t wait_from, wait_to;
    } rows[] = {
        {"o/s401", SC_UNAUTHORIZED, 0, 0},
        {"o/s403", SC_FORBIDDEN, 0, 0},
        {"o/missing", SC_NOT_FOUND, 0, 0},
        {"o/s409", SC_CONFLICT, 0, 0},
        {"o/s410", SC_UNPROCESSABLE, 0, 0},
        {"o/s422", SC_UNPROCESSABLE, 0, 0},
        {"o/s429", SC_LIMITED, 7000, 7000},
        {"o/primary", SC_LIMITED, 500000, 600000},
        {"o/secondary", SC_LIMITED, 60000, 60000},
        {"o/s500", SC_UPSTREAM, 0, 0},
        {"o/s502", SC_UPSTREAM, 0, 0},
        {"o/s503", SC_UPSTREAM, 0, 0},
        {"o/s301", SC_NOT_FOUND, 0, 0},
        {"o/echo", SC_UNPROCESSABLE, 0, 0},
        {"owner/garbage", SC_UPSTREAM, 0, 0},
        {"owner/garbage2", SC_UPSTREAM, 0, 0},
        {"owner/garbage3", SC_UPSTREAM, 0, 0},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_forge_call c = forge_call_of(f, rows[i].repo);
        sc_forge_repo repo;
        f->err = (sc_err){.rc = SC_OK};
        sc_rc rc = f->ops->check(f->self, &c, &repo, &f->err);
        int64_t wait = f->err.retry_after_ms;
        if (rc != rows[i].rc || wait < rows[i].wait_from || wait > rows[i].wait_to)
            fail_msg("%s: %s, %lld ms: %s", rows[i].repo, sc_rc_name(rc), (long long)wait,
                     f->err.msg);
        if (strstr(f->err.msg, FORGE_TOKEN)) fail_msg("told: %s", f->err.msg);
    }
}

static void words_that_help_are_kept(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call_of(f, "o/s422");
    sc_forge_repo repo;
    f->ops->check(f->self, &c, &repo, &f->err);
    assert_non_null(strstr(f->err.msg, "No commits between main and x"));
}

static void no_answer_is_an_error_and_find_comes_first(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call_of(f, "owner/slam");
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr, found;
    /* it is made, and nobody says so; on a connection that worked before, libcurl by itself would ask again */
    sc_forge_call first = forge_call(f);
    sc_forge_repo repo;
    good(f, f->ops->check(f->self, &first, &repo, &f->err));
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_UPSTREAM);
    good(f, f->ops->pr_find(f->self, &c, new.branch, &found, &f->err));
    assert_true(found.number > 0);
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_CONFLICT);
    c = forge_call_of(f, "owner/hang");
    c.deadline_ms = sc_now_ms(&sc_clock_system) + 200;
    assert_int_equal(f->ops->pr_create(f->self, &c, &new, &pr, &f->err), SC_TIMEOUT);
}

static void replies_that_are_none_are_upstream(void **state) {
    forge_fixture *f = *state;
    fake_upstream *up = fake_upstream_new();
    sc_forge_conf conf = {.api = fake_upstream_url(up), .token = FORGE_TOKEN};
    void *self = sc_alloc(f->ops->size);
    good(f, f->ops->open(self, &conf, &f->err));
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "null",
                                      "7",
                                      "{\"number\":0}",
                                      "{\"number\":-1,\"state\":\"open\"}",
                                      "{\"number\":1,\"state\":\"odd\"}",
                                      "{\"number\":\"1\",\"state\":\"open\"}",
                                      "<html>",
                                      "{\"number\":1,\"state\":\"open\""};
    sc_forge_pr pr;
    sc_forge_comments said;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_forge_call c = forge_call(f);
        fake_upstream_answer(up, FAKE_WHOLE, 200, "", bad[i]);
        if (f->ops->pr_get(self, &c, 1, &pr, &f->err) != SC_UPSTREAM) fail_msg("taken: %s", bad[i]);
        if (!strcmp(bad[i], "[]")) continue;
        fake_upstream_answer(up, FAKE_WHOLE, 200, "", bad[i]);
        if (f->ops->pr_find(self, &c, SC_STR("x"), &pr, &f->err) != SC_UPSTREAM)
            fail_msg("taken: %s", bad[i]);
        fake_upstream_answer(up, FAKE_WHOLE, 200, "", bad[i]);
        if (f->ops->comments(self, &c, 1, 0, &said, &f->err) != SC_UPSTREAM)
            fail_msg("taken: %s", bad[i]);
    }
    sc_forge_call c = forge_call(f);
    fake_upstream_answer(up, FAKE_CUT, 200, "",
                         "{\"number\":1,\"state\":\"open\",\"title\":\"a long one\"}");
    assert_int_equal(f->ops->pr_get(self, &c, 1, &pr, &f->err), SC_UPSTREAM);
    /* a list of pull requests of other branches holds none of ours */
    fake_upstream_answer(
        up, FAKE_WHOLE, 200, "",
        "[{\"number\":9,\"state\":\"open\",\"head\":{\"ref\":\"x\",\"label\":\"evil:x\"}},7,null]");
    good(f, f->ops->pr_find(self, &c, SC_STR("x"), &pr, &f->err));
    assert_int_equal(pr.number, 0);
    const char *sent = fake_upstream_request(up);
    assert_non_null(strstr(sent, "head=owner:x HTTP/1.1"));
    assert_non_null(strstr(sent, "Authorization: Bearer " FORGE_TOKEN));
    assert_non_null(strstr(sent, "X-GitHub-Api-Version: 2022-11-28"));
    f->ops->close(self);
    sc_free(self);
    fake_upstream_free(up);
}

static void where_drafts_are_refused_it_is_an_open_one_with_a_label(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call_of(f, "owner/nodraft");
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr;
    good(f, f->ops->pr_create(f->self, &c, &new, &pr, &f->err));
    assert_false(pr.draft);
    const char *now = forge_tell(f, "state", "{}");
    assert_non_null(strstr(now, "\"name\": \"draft\""));
    assert_non_null(strstr(now, "\"name\": \"soulcaster\""));
}

static void labels_that_are_refused_do_not_undo_it(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call_of(f, "owner/nolabel");
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr;
    good(f, f->ops->pr_create(f->self, &c, &new, &pr, &f->err));
    assert_true(pr.draft && pr.number > 0);
}

static void all_places_are_listened_to_in_order(void **state) {
    forge_fixture *f = *state;
    sc_forge_call c = forge_call(f);
    sc_forge_pr_new new = forge_new("fix");
    sc_forge_pr pr;
    sc_forge_comments said;
    good(f, f->ops->pr_create(f->self, &c, &new, &pr, &f->err));
    const char *say = sc_arena_printf(&f->arena, "say/%lld", (long long)pr.number);
    forge_tell(f, say,
               "{\"kind\":\"reviews\",\"body\":\"third\",\"by\":\"ann\",\"association\":\"MEMBER\","
               "\"ahead\":300}");
    forge_tell(f, say,
               "{\"kind\":\"reviews\",\"body\":\"\",\"by\":\"ann\",\"association\":\"MEMBER\","
               "\"ahead\":300}");
    forge_tell(f, say,
               "{\"kind\":\"review\",\"body\":\"second\",\"by\":\"bob\",\"association\":\"NONE\","
               "\"ahead\":200}");
    forge_tell(f, say,
               "{\"kind\":\"issue\",\"body\":\"first\",\"by\":\"eve\",\"association\":"
               "\"CONTRIBUTOR\",\"ahead\":100}");
    good(f, f->ops->comments(f->self, &c, pr.number, 0, &said, &f->err));
    assert_int_equal(said.n, 3);
    static const struct {
        const char *body, *author;
        bool may_write;
        char letter;
    } want[] = {
        {"first", "eve", false, 'c'}, {"second", "bob", false, 'r'}, {"third", "ann", true, 'v'}};
    for (size_t i = 0; i < SC_LEN(want); i++) {
        assert_true(sc_str_is(said.v[i].body, want[i].body) &&
                    sc_str_is(said.v[i].author, want[i].author));
        assert_int_equal(said.v[i].may_write, want[i].may_write);
        assert_false(said.v[i].by_bot);
        assert_int_equal(said.v[i].id.p[0], want[i].letter);
    }
    good(f, f->ops->comments(f->self, &c, pr.number, said.v[1].updated_at_ms, &said, &f->err));
    assert_int_equal(said.n, 2);
    forge_tell(f, sc_arena_printf(&f->arena, "flood/%lld/250", (long long)pr.number), "{}");
    good(f, f->ops->comments(f->self, &c, pr.number, 0, &said, &f->err));
    assert_int_equal(said.n, 253);
    assert_false(said.more);
}

static void a_set_up_that_cannot_work_is_refused_and_names_the_fix(void **state) {
    forge_fixture *f = *state;
    void *self = sc_alloc(f->ops->size);
    static const struct {
        sc_forge_conf conf;
        const char *words;
    } rows[] = {
        {{.api = "https://x"}, "--github-token"},
        {{.api = "ftp://x", .token = "t"}, "GITHUB_API_URL"},
        {{.api = "http://github.example.org", .token = "t"}, "GITHUB_API_URL"},
        {{.api = "https://u:p@x", .token = "t"}, "GITHUB_API_URL"},
        {{.token = "two words"}, "--github-token"},
        {{.token = "a\nb"}, "--github-token"},
        {{.app_id = "7"}, "--github-app-key"},
        {{.app_id = "7", .app_key = "/nowhere"}, "PEM"},
        {{.app_id = "7", .app_key = "tests/unit/test_forge_github.c"}, "PEM"},
        {{.app_id = "7\",\"iss\":\"8", .app_key = "/nowhere"}, "--github-app"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_rc rc = f->ops->open(self, &rows[i].conf, &f->err);
        if (rc != SC_INVALID || !strstr(f->err.msg, rows[i].words))
            fail_msg("%zu: %s", i, f->err.msg);
        assert_null(strstr(f->err.msg, "two words"));
    }
    sc_free(self);
}

static void the_place_of_the_repositories_follows_from_the_apis(void **state) {
    forge_fixture *f = *state;
    static const char *const rows[][2] = {
        {NULL, "https://github.com/o/r.git"},
        {"https://api.github.com/", "https://github.com/o/r.git"},
        {"https://git.example.org/api/v3", "https://git.example.org/o/r.git"},
        {"https://api.acme.ghe.com", "https://acme.ghe.com/o/r.git"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        void *self = sc_alloc(f->ops->size);
        sc_forge_conf conf = {.api = rows[i][0]};
        setenv("GITHUB_TOKEN", "t", 1);
        good(f, f->ops->open(self, &conf, &f->err));
        sc_forge_call c = forge_call_of(f, "o/r");
        sc_forge_remote remote;
        good(f, f->ops->remote(self, &c, &remote, &f->err));
        assert_true(sc_str_is(remote.url, rows[i][1]));
        assert_true(sc_str_is(remote.user, "x-access-token") && sc_str_is(remote.token, "t"));
        f->ops->close(self);
        sc_free(self);
    }
    unsetenv("GITHUB_TOKEN");
}

static int64_t counted(forge_fixture *f, const char *what) {
    const char *now = forge_tell(f, "state", "{}"), *at = strstr(now, what);
    assert_non_null(at);
    return strtoll(strchr(at, ':') + 1, NULL, 10);
}

static void an_app_gets_a_token_of_an_hour_and_keeps_it(void **state) {
    forge_fixture *f = *state;
    git_sh(&f->git, "openssl genrsa -out app.pem 2048 2>/dev/null && openssl rsa -in app.pem "
                    "-pubout -out app.pub 2>/dev/null");
    sc_forge_conf conf = {.api = f->git.url, .app_id = "app-7"};
    conf.app_key = sc_arena_printf(&f->arena, "%s/app.pem", f->git.dir);
    void *self = sc_alloc(f->ops->size);
    good(f, f->ops->open(self, &conf, &f->err));
    sc_forge_call c = forge_call(f);
    sc_forge_repo repo;
    sc_forge_remote remote;
    for (int i = 0; i < 3; i++) good(f, f->ops->check(self, &c, &repo, &f->err));
    good(f, f->ops->remote(self, &c, &remote, &f->err));
    assert_true(sc_str_is(remote.token, "ghs_made1"));
    assert_int_equal(counted(f, "app_tokens"), 1);
    assert_int_equal(counted(f, "claims"), 2); /* the installation, and the token */
    /* taken back: told once, and then there is another */
    forge_tell(f, "revoke", "{}");
    assert_int_equal(f->ops->check(self, &c, &repo, &f->err), SC_UNAUTHORIZED);
    good(f, f->ops->check(self, &c, &repo, &f->err));
    assert_int_equal(counted(f, "app_tokens"), 2);
    /* one that ends in a minute is not used twice */
    forge_tell(f, "revoke", "{}");
    assert_int_equal(f->ops->check(self, &c, &repo, &f->err), SC_UNAUTHORIZED);
    good(f, f->ops->check(self, &c, &repo, &f->err));
    good(f, f->ops->check(self, &c, &repo, &f->err));
    assert_int_equal(counted(f, "app_tokens"), 4);
    /* another repository is not this token's */
    c = forge_call_of(f, "owner/other");
    assert_int_equal(f->ops->check(self, &c, &repo, &f->err), SC_UNPROCESSABLE);
    f->ops->close(self);
    /* a key that is not the App's */
    git_sh(&f->git, "openssl genrsa -out app.pem 2048 2>/dev/null");
    memset(self, 0, f->ops->size);
    conf.app_installation = 4711;
    good(f, f->ops->open(self, &conf, &f->err));
    c = forge_call(f);
    assert_int_equal(f->ops->check(self, &c, &repo, &f->err), SC_UNAUTHORIZED);
    f->ops->close(self);
    sc_free(self);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_status_says_what_to_do),
        T(words_that_help_are_kept),
        T(no_answer_is_an_error_and_find_comes_first),
        T(replies_that_are_none_are_upstream),
        T(where_drafts_are_refused_it_is_an_open_one_with_a_label),
        T(labels_that_are_refused_do_not_undo_it),
        T(all_places_are_listened_to_in_order),
        T(a_set_up_that_cannot_work_is_refused_and_names_the_fix),
        T(the_place_of_the_repositories_follows_from_the_apis),
        T(an_app_gets_a_token_of_an_hour_and_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
