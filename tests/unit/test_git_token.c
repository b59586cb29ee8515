/* A token for a server of git: where it reaches, and where it must not. */
#include "test_git_support.h"

#define TOKEN "ghp_CANARY0123456789abcdefTOKEN"

static sc_git_remote over_http(git_fixture *f, const char *path) {
    return (sc_git_remote){.url = sc_str_of(sc_arena_printf(&f->arena, "%s%s", f->url, path)),
                           .user = SC_STR("x-access-token"),
                           .token = SC_STR(TOKEN)};
}

static void a_token_reaches_the_server_and_nothing_else(void **state) {
    git_fixture *f = *state;
    git_sh(f, "git --git-dir=origin.git config http.receivepack true");
    git_serve(f, TOKEN);
    sc_git_remote r = over_http(f, "/origin.git");
    sc_git_id base, head, commit, tree;
    good(f, sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &base, &f->err));
    assert_int_equal(mkdir(f->work, 0700), 0);
    good(f, sc_git_checkout(&f->git, f->mirror, &base, f->work, &f->err));
    git_sh(f, "head -c 3000000 /dev/urandom | base64 >work/big.txt"); /* a push in chunks */
    tree = snap(f, &base);
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 0, SC_STR("m"), &commit, &f->err));
    good(f, sc_git_push(&f->git, f->mirror, &r, &commit, SC_STR("soulcaster/x"), &none, &f->err));
    good(f, sc_git_remote_head(&f->git, &r, SC_STR("soulcaster/x"), &head, &f->err));
    assert_string_equal(head.text, commit.text);
    /* every request had it, at once; and while it was served it stood in no argv and no environment */
    assert_string_equal(git_says(f, "grep -vc ' token nowhere$' seen || true"), "0");
    git_sh(f, "test $(wc -l <seen) -ge 5");
    git_sh(f,
           "! grep -rqaF -e %s -e $(printf x-access-token:%s | base64 -w0) mirror home origin.git "
           "work",
           TOKEN, TOKEN);
}

static void a_server_that_nobody_vouches_for_gets_no_token(void **state) {
    git_fixture *f = *state;
    git_sh(f, "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=x "
              "-addext "
              "subjectAltName=IP:127.0.0.1 2>/dev/null && cat key cert >pem");
    const char *const argv[] = {"python3", "tests/support/git_http.py", f->dir,
                                sc_arena_printf(&f->arena, "%s/pem", f->dir), NULL};
    f->server = git_start(argv, TOKEN, f->url);
    sc_git_remote r = over_http(f, "/origin.git");
    assert_true(sc_str_starts(r.url, "https://"));
    sc_git_id id;
    sc_rc rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err);
    if (rc != SC_UPSTREAM || !strstr(f->err.msg, "certificate"))
        fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
    git_sh(f, "test ! -e seen");
    const char *was = getenv("GIT_SSL_CAINFO"),
               *kept = was ? sc_arena_printf(&f->arena, "%s", was) : NULL;
    setenv("GIT_SSL_CAINFO", sc_arena_printf(&f->arena, "%s/cert", f->dir), 1);
    rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err);
    if (kept)
        setenv("GIT_SSL_CAINFO", kept, 1);
    else
        unsetenv("GIT_SSL_CAINFO");
    good(f, rc);
    git_sh(f, "grep -q 'token nowhere' seen");
}

static void an_error_says_what_and_not_the_token(void **state) {
    git_fixture *f = *state;
    git_serve(f, TOKEN);
    static const struct {
        const char *path, *token;
        sc_rc rc;
    } rows[] = {
        {"/origin.git", "wrong-token", SC_UNAUTHORIZED},
        {"/nowhere.git", TOKEN, SC_NOT_FOUND},
        {"/s401/x", TOKEN, SC_UNAUTHORIZED},
        {"/s403/x", TOKEN, SC_FORBIDDEN},
        {"/s404/x", TOKEN, SC_NOT_FOUND},
        {"/s429/x", TOKEN, SC_LIMITED},
        {"/s500/x", TOKEN, SC_UPSTREAM},
        {"/s503/x", TOKEN, SC_UPSTREAM},
        {"/moved/x", TOKEN, SC_NOT_FOUND},
    };
    sc_git_id id;
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_git_remote r = over_http(f, rows[i].path);
        r.token = sc_str_of(rows[i].token);
        sc_rc rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err);
        if (rc != rows[i].rc) fail_msg("%s: %s: %s", rows[i].path, sc_rc_name(rc), f->err.msg);
        if (strstr(f->err.msg, rows[i].token)) fail_msg("told: %s", f->err.msg);
        rc = sc_git_remote_head(&f->git, &r, SC_STR("main"), &id, &f->err);
        if (rc != rows[i].rc) fail_msg("%s: %s: %s", rows[i].path, sc_rc_name(rc), f->err.msg);
    }
    git_sh(f, "! grep -q elsewhere seen"); /* a redirect is not followed */
    sc_git_remote r = over_http(f, "/origin.git");
    sc_rc rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("nobranch"), &id, &f->err);
    if (rc != SC_NOT_FOUND) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
    r.url = SC_STR("http://127.0.0.1:9/x"); /* nobody there */
    rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err);
    if (rc != SC_UPSTREAM) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
}

static void a_server_that_says_nothing_is_given_up(void **state) {
    git_fixture *f = *state;
    git_serve(f, TOKEN);
    sc_git_remote r = over_http(f, "/hang/x");
    sc_git_id id;
    sc_git late = f->git;
    late.timeout_ms = 300;
    assert_int_equal(sc_git_remote_head(&late, &r, SC_STR("main"), &id, &f->err), SC_TIMEOUT);
    _Atomic bool stop = true;
    late = f->git;
    late.stop = &stop;
    assert_int_equal(sc_git_remote_head(&late, &r, SC_STR("main"), &id, &f->err), SC_CANCELLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_token_reaches_the_server_and_nothing_else),
        T(a_server_that_nobody_vouches_for_gets_no_token),
        T(an_error_says_what_and_not_the_token),
        T(a_server_that_says_nothing_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
