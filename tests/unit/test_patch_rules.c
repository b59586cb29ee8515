/* What a patch may do: each rule finds what it is for, and an ordinary fix passes.
 * `unit_test_patch_rules print` prints docs/patch-rules.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "patch/rules.h"
#include "patch/secret.h"

#define IDS \
    "index 0123456789012345678901234567890123456789..abcdef0123abcdef0123abcdef0123abcdef0123"

static sc_arena arena;
static sc_err err;
static const sc_patch_limits open_limits = {.max_files = 0};

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 32 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

static sc_patch_findings judged(const char *text, const sc_patch_limits *limits) {
    sc_patch p;
    sc_patch_findings f;
    if (sc_patch_parse(sc_str_of(text), &arena, &p, &err)) fail_msg("%s\n%s", err.msg, text);
    assert_int_equal(sc_patch_check(&p, strlen(text), limits, &arena, &f, &err), SC_OK);
    return f;
}

/* A patch that adds a file of one line. */
static const char *adding(const char *quoted, const char *mode, const char *line) {
    bool quote = strchr(quoted, '\\') != NULL;
    const char *q = quote ? "\"" : "", *tab = strchr(quoted, ' ') ? "\t" : "";
    return sc_arena_printf(&arena,
                           "diff --git %sa/%s%s %sb/%s%s\nnew file mode %s\n" IDS
                           "\n--- /dev/null\n+++ %sb/%s%s%s\n@@ -0,0 +1 @@\n+%s\n",
                           q, quoted, q, q, quoted, q, mode, q, quoted, q, tab, line);
}

static void finds(const char *text, const sc_patch_limits *limits, sc_patch_rule rule) {
    sc_patch_findings f = judged(text, limits);
    for (size_t i = 0; i < f.n; i++)
        if (f.v[i].rule == rule) return;
    fail_msg("%s: not found in\n%s", sc_patch_rule_name(rule), text);
}

static void passes(const char *text, const sc_patch_limits *limits) {
    sc_patch_findings f = judged(text, limits);
    if (f.n)
        fail_msg("%s: %.*s in\n%s", sc_patch_rule_name(f.v[0].rule), SC_FMT(f.v[0].words), text);
}

static void paths_that_no_fix_touches_are_found(void **state) {
    (void)state;
    static const struct {
        const char *path;
        sc_patch_rule rule;
    } rows[] = {
        {".git/config", SC_PATCH_RULE_git},
        {".git/config", SC_PATCH_RULE_path},
        {".GIT/hooks/pre-commit", SC_PATCH_RULE_path},
        {"a/.git. /config", SC_PATCH_RULE_path},
        {"git~1/config", SC_PATCH_RULE_path},
        {"a/GIT~2", SC_PATCH_RULE_path},
        {".git::$INDEX_ALLOCATION/x", SC_PATCH_RULE_path},
        {".g\\342\\200\\214it/config", SC_PATCH_RULE_path},
        {"../x", SC_PATCH_RULE_path},
        {"a/../../x", SC_PATCH_RULE_path},
        {"./x", SC_PATCH_RULE_path},
        {"/etc/passwd", SC_PATCH_RULE_path},
        {"a//b", SC_PATCH_RULE_path},
        {"a\\nb", SC_PATCH_RULE_path},
        {"a\\033[2J", SC_PATCH_RULE_path},
        {"a\\\\b", SC_PATCH_RULE_path},
        {"a\\342\\200\\256txt.exe", SC_PATCH_RULE_path},
        {"a\\377", SC_PATCH_RULE_path},
        {".gitmodules", SC_PATCH_RULE_git},
        {"deep/.gitattributes", SC_PATCH_RULE_git},
        {".github/workflows/ci.yml", SC_PATCH_RULE_ci},
        {".GitHub/Workflows/ci.yml", SC_PATCH_RULE_ci},
        {".github/CODEOWNERS", SC_PATCH_RULE_ci},
        {"docs/CODEOWNERS", SC_PATCH_RULE_ci},
        {".gitlab-ci.yml", SC_PATCH_RULE_ci},
        {"ci/build.gitlab-ci.yml", SC_PATCH_RULE_ci},
        {".circleci/config.yml", SC_PATCH_RULE_ci},
        {".travis.yml", SC_PATCH_RULE_ci},
        {"Jenkinsfile", SC_PATCH_RULE_ci},
        {"jenkinsfile.release", SC_PATCH_RULE_ci},
        {"azure-pipelines-nightly.yml", SC_PATCH_RULE_ci},
        {".buildkite/pipeline.yml", SC_PATCH_RULE_ci},
        {".drone.yml", SC_PATCH_RULE_ci},
        {".husky/pre-commit", SC_PATCH_RULE_ci},
        {"CLAUDE.md", SC_PATCH_RULE_agent},
        {"pkg/agents.md", SC_PATCH_RULE_agent},
        {".claude/settings.json", SC_PATCH_RULE_agent},
        {".cursor/rules/x.mdc", SC_PATCH_RULE_agent},
        {".aider.conf.yml", SC_PATCH_RULE_agent},
        {".codex/config.toml", SC_PATCH_RULE_agent},
        {".gemini/settings.json", SC_PATCH_RULE_agent},
        {".github/copilot-instructions.md", SC_PATCH_RULE_agent},
        {".vscode/tasks.json", SC_PATCH_RULE_agent},
        {"package-lock.json", SC_PATCH_RULE_lock},
        {"web/yarn.lock", SC_PATCH_RULE_lock},
        {"Cargo.lock", SC_PATCH_RULE_lock},
        {".env", SC_PATCH_RULE_secret},
        {"deploy/server.key", SC_PATCH_RULE_secret},
        {".ssh/authorized_keys", SC_PATCH_RULE_secret},
        /* as other systems see names: NTFS, its short names, APFS */
        {".gitmodules. ", SC_PATCH_RULE_git},
        {".github /workflows/ci.yml", SC_PATCH_RULE_ci},
        {"CLAUDE.md::$DATA", SC_PATCH_RULE_agent},
        {".v\\305\\277code/tasks.json", SC_PATCH_RULE_agent},
        {"ma\\342\\204\\252e.pem.", SC_PATCH_RULE_secret},
        {"GITMOD~1", SC_PATCH_RULE_git},
        {"a/github~1/workflows/ci.yml", SC_PATCH_RULE_ci},
        {"CLAUDE~2/settings.json", SC_PATCH_RULE_agent},
        {"VSCODE~1/tasks.json", SC_PATCH_RULE_agent},
        {"PACKAG~1.JSO", SC_PATCH_RULE_lock},
        {"xoxb-1234567890-abcdefghijklmnop.txt", SC_PATCH_RULE_secret},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        finds(adding(rows[i].path, "100644", "x"), &open_limits, rows[i].rule);
    static const char *const fine[] = {
        "src/main.c", "github/x", "src/git.c", ".gitignore", "a/git",          "docs/claude.html",
        "gitx~1",     "git~x",    "lock.c",    "sp ace/x",   "\\303\\274.txt", ".env.example",
        "README.md",  "digit~1",  "a.git/x",   "test/.keep", "ci/readme.txt",  "a: b.md",
        "x~1",        "backup~",  "claude~x"};
    for (size_t i = 0; i < SC_LEN(fine); i++) passes(adding(fine[i], "100644", "x"), &open_limits);
}

static void a_path_is_shown_without_what_it_hides(void **state) {
    (void)state;
    sc_patch_findings f = judged(adding("a\\033[2J\\342\\200\\256b", "100644", "x"), &open_limits);
    assert_true(f.n > 0);
    assert_true(sc_str_is(f.v[0].path, "a\\x1b[2J\\xe2\\x80\\xaeb"));
}

static void a_project_says_where(void **state) {
    (void)state;
    const sc_str allow[] = {SC_STR("src/**"), SC_STR("*.md")}, deny[] = {SC_STR("src/vendor/")};
    const sc_patch_limits l = {.allow = allow, .n_allow = 2, .deny = deny, .n_deny = 1};
    passes(adding("src/a/b.c", "100644", "x"), &l);
    passes(adding("docs/x.md", "100644", "x"), &l);
    finds(adding("docs/x.txt", "100644", "x"), &l, SC_PATCH_RULE_outside);
    finds(adding("src/vendor/x/y.c", "100644", "x"), &l, SC_PATCH_RULE_denied);
    /* what is allowed by name is still a lock file, unless that rule is off */
    const sc_str all[] = {SC_STR("**")};
    sc_patch_limits off = {.allow = all, .n_allow = 1};
    finds(adding("go.sum", "100644", "x"), &off, SC_PATCH_RULE_lock);
    off.off = SC_PATCH_OFF(SC_PATCH_RULE_lock);
    passes(adding("go.sum", "100644", "x"), &off);
    /* and some cannot be off */
    off.off = UINT32_MAX;
    finds(adding(".git/config", "100644", "x"), &off, SC_PATCH_RULE_git);
    finds(adding("x", "120000", "/etc/passwd"), &off, SC_PATCH_RULE_link);
    finds(adding("x", "160000", "Subproject commit 1"), &off, SC_PATCH_RULE_gitlink);
    finds(adding("x", "100644", "ghp_0123456789abcdefghijABCDEFGHIJ012345"), &off,
          SC_PATCH_RULE_secret);
}

static void globs_match_as_they_say(void **state) {
    (void)state;
    static const struct {
        const char *glob, *path;
        bool match;
    } rows[] = {
        {"*.c", "a.c", true},
        {"*.c", "x/y/a.c", true},
        {"*.c", "a.cc", false},
        {"/*.c", "x/a.c", false},
        {"/*.c", "a.c", true},
        {"src/*.c", "src/a.c", true},
        {"src/*.c", "src/x/a.c", false},
        {"src/**", "src/x/y", true},
        {"src/**/z", "src/z", true},
        {"src/**/z", "src/a/b/z", true},
        {"src/**/z", "srcz", false},
        {"**/z", "z", true},
        {"**/z", "az", false},
        {"**", "a/b", true},
        {"a/", "a/b/c", true},
        {"a/", "x/a/c", true},
        {"a/", "a", false},
        {"/a/", "x/a/c", false},
        {"x/a/", "x/a/c", true},
        {"x/a/", "y/x/a/c", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[!a-c]x", "dx", true},
        {"[]]", "]", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbY", false},
        {"", "a", false},
        {"a.b", "aXb", false},
        {"A", "a", false},
        {"*", "a/b/c", true},
        {"a/*/c/**/d", "a/b/c/d", true},
        {"a/**/b/**/c", "a/x/b/y/b/z/c", true},
        {"a/**/b/**/c", "a/x/c", false},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        if (sc_patch_glob(sc_str_of(rows[i].glob), sc_str_of(rows[i].path), false) != rows[i].match)
            fail_msg("%s over %s", rows[i].glob, rows[i].path);
    assert_true(sc_patch_glob(SC_STR("claude.MD"), SC_STR("x/CLAUDE.md"), true));
    static const char *const bad[] = {"",       "/",   "a//b",  "[a",  "a\\b",
                                      "a/../b", "./a", "[a/b]", "a\nb"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        if (sc_patch_glob_check(sc_str_of(bad[i]), &err) != SC_INVALID)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(sc_patch_glob_check(SC_STR("/src/**/[a-z]*.c"), &err), SC_OK);
    assert_int_equal(sc_patch_glob_check(SC_STR("a/"), &err), SC_OK);
    /* stars upon stars end all the same */
    char stars[256], as[2000];
    memset(as, 'a', sizeof as - 1);
    as[sizeof as - 1] = 0;
    for (size_t i = 0; i + 1 < sizeof stars; i++) stars[i] = i % 2 ? 'a' : '*';
    stars[sizeof stars - 1] = 'b';
    assert_false(sc_patch_glob((sc_str){stars, sizeof stars}, sc_str_of(as), false));
}

static void kinds_of_files_are_found(void **state) {
    (void)state;
    finds(adding("x", "100755", "x"), &open_limits, SC_PATCH_RULE_mode);
    finds("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", &open_limits,
          SC_PATCH_RULE_mode);
    passes("diff --git a/x b/x\nold mode 100755\nnew mode 100644\n", &open_limits);
    finds("diff --git a/x b/x\ndeleted file mode 160000\n" IDS
          "\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-Subproject commit 1\n",
          &open_limits, SC_PATCH_RULE_gitlink);
    finds("diff --git a/x b/x\n" IDS " 100644\nBinary files a/x and b/x differ\n", &open_limits,
          SC_PATCH_RULE_binary);
    finds("diff --git a/x b/x\ndeleted file mode 100644\n" IDS
          "\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\ndiff --git a/x b/x\nnew file mode "
          "120000\n" IDS
          "\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n\\ No newline at end of file\n",
          &open_limits, SC_PATCH_RULE_mode);
}

static void a_link_stays_in_the_tree(void **state) {
    (void)state;
    static const char *const out[] = {"/etc/passwd", "../x",     "../../x",       "a/../../../x",
                                      "..",          "",         "b/.git/config", ".git",
                                      "../.GIT/x",   "..\\..\\x"};
    for (size_t i = 0; i < SC_LEN(out); i++)
        finds(adding(i == 1 ? "l" : "d/l", "120000",
                     i == 3   ? "a/../../../x"
                     : i == 4 ? "../.."
                              : out[i]),
              &open_limits, SC_PATCH_RULE_link);
    /* A folder on the way may be a link that leads up: what comes back up behind it is somewhere else. */
    static const char *const up_again[] = {"a/../x", "a/b/l/../../etc", "./a/..", "../d/../x"};
    for (size_t i = 0; i < SC_LEN(up_again); i++)
        finds(adding("d/l", "120000", up_again[i]), &open_limits, SC_PATCH_RULE_link);
    static const char *const in[] = {"x", "../x", "./a/b", "../d/x", "./../x"};
    for (size_t i = 0; i < SC_LEN(in); i++) passes(adding("d/l", "120000", in[i]), &open_limits);
}

static void more_than_the_caps_is_found(void **state) {
    (void)state;
    sc_patch_limits l = {.max_files = 1, .max_bytes = 10, .max_lines = 1};
    sc_buf two;
    sc_buf_init(&two, 1 << 16);
    sc_buf_puts(&two, adding("a", "100644", "x"));
    sc_buf_puts(&two, adding("b", "100644", "x"));
    finds(two.p, &l, SC_PATCH_RULE_files);
    finds(two.p, &l, SC_PATCH_RULE_bytes);
    finds(two.p, &l, SC_PATCH_RULE_lines);
    l = (sc_patch_limits){.max_files = 2, .max_bytes = two.n, .max_lines = 2};
    passes(two.p, &l);
    sc_buf_done(&two);
}

/* Made of parts, so that no scanner of this repository takes them for real ones. */
static void secrets_are_found_and_not_told(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"gh", "p_0123456789abcdefghijABCDEFGHIJ012345"},
        {"github", "_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz0123"},
        {"x = 'AK", "IAIOSFODNN7EXAMPLE'"},
        {"url(AIz", "aSyA0123456789abcdefghijklmnopqrstuv)"},
        {"sk-a", "nt-api03-0123456789abcdefghij"},
        {"sk", "-0123456789abcdefghijABCDEFGHIJ0123456789"},
        {"xo", "xb-123456789012-abcdefghijkl"},
        {"-----BE", "GIN RSA PRIVATE KEY-----"},
        {"-----BE", "GIN OPENSSH PRIVATE KEY-----"},
        {"Authorization: Bearer e",
         "yJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"},
        {"postgres://admin:hun", "ter2222@db.example.org/x"},
        {"password = \"x9f2K", "q8Lm3Zr7Tw5\""},
        {"\"client_secret\": \"8c1f0a7e", "5d2b49f6a3e0c7d1\""},
        {"API_KEY=q7Zt2", "mX9rB4kV8nL"},
        {"token: ab12", "cd34ef56gh78ij90"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        const char *line = sc_arena_printf(&arena, "%s%s", bad[i][0], bad[i][1]);
        sc_patch_findings f = judged(adding("x", "100644", line), &open_limits);
        if (!f.n || f.v[0].rule != SC_PATCH_RULE_secret) fail_msg("not found: %s", line);
        assert_int_equal(f.v[0].line, 1);
        if (sc_str_find(f.v[0].words, sc_str_of(bad[i][1])) != SIZE_MAX) fail_msg("told: %s", line);
    }
    static const char *const fine[] = {
        "token = get_token_from_request(request)",
        "password = os.environ[\"DATABASE_PASSWORD\"]",
        "if (!token) return 401;",
        "const secret = process.env.SESSION_SECRET_NUMBER_1;",
        "sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "tokens[i].prefix, tokens[i].least, strlen(line))",
        "https://user:$PASSWORD@example.org/",
        "https://example.org/a:b@c",
        "skip-this-and-that-and-everything-else-too",
        "id = \"3f2504e0-4f89-11d3-9a0c-0305e82c3301\"",
        "# the token's length is 40",
        "-----BEGIN CERTIFICATE-----",
    };
    for (size_t i = 0; i < SC_LEN(fine); i++)
        if (sc_patch_secret(sc_str_of(fine[i])))
            fail_msg("%s: %s", sc_patch_secret(sc_str_of(fine[i])), fine[i]);
    /* what is taken away is no finding */
    passes(sc_arena_printf(&arena,
                           "diff --git a/x b/x\n" IDS
                           " 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-gh%s\n+x\n",
                           "p_0123456789abcdefghijABCDEFGHIJ012345"),
           &open_limits);
    /* far into a long line */
    char *line = sc_arena_take(&arena, 300000);
    memset(line, ' ', 200000);
    snprintf(line + 200000, 1000, "gh%s", "p_0123456789abcdefghijABCDEFGHIJ012345");
    finds(adding("x", "100644", line), &open_limits, SC_PATCH_RULE_secret);
}

static void what_nobody_sees_is_found(void **state) {
    (void)state;
    static const char *const bad[] = {
        "if (a\u202e) {", "a\u2066b",    "x\u200by", "\ufeffx",  "a\u00adb", "\x1b[2Jx", "a\rb",
        "a\x01",          "\U000E0049x", "\u2060",   "a\u200db", "x\u3164y", "a\u2028b"};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        finds(adding("x", "100644", bad[i]), &open_limits, SC_PATCH_RULE_hidden);
    static const char *const fine[] = {"tab\there",          "dos\r",
                                       "\u00fc\u4e2d\u05d0", "\U0001F468\u200d\U0001F469",
                                       "\u2764\ufe0f",       "latin\xe9"};
    for (size_t i = 0; i < SC_LEN(fine); i++) passes(adding("x", "100644", fine[i]), &open_limits);
    sc_patch_limits off = {.off = SC_PATCH_OFF(SC_PATCH_RULE_hidden)};
    passes(adding("x", "100644", bad[0]), &off);
}

static void findings_are_counted_beyond_those_kept(void **state) {
    (void)state;
    sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_puts(&b, "diff --git a/x b/x\nnew file mode 100644\n" IDS
                    "\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,500 @@\n");
    for (int i = 0; i < 500; i++) sc_buf_puts(&b, "+\u202e\n");
    sc_patch_findings f = judged(b.p, &open_limits);
    assert_int_equal(f.n, SC_PATCH_MAX_FINDINGS);
    assert_int_equal(f.all, 500);
    sc_buf_done(&b);
}

static void rules_have_names(void **state) {
    (void)state;
    for (int i = 0; i < SC_PATCH_RULE_COUNT; i++)
        assert_int_equal(sc_patch_rule_find(sc_str_of(sc_patch_rule_name((sc_patch_rule)i))), i);
    assert_int_equal(sc_patch_rule_find(SC_STR("nothing")), SC_PATCH_RULE_COUNT);
}

static void the_page_is_what_the_table_says(void **state) {
    (void)state;
    sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_patch_rules_markdown(&b);
    static char page[1 << 16];
    FILE *in = fopen("docs/patch-rules.md", "r");
    assert_non_null(in);
    page[fread(page, 1, sizeof page - 1, in)] = 0;
    fclose(in);
    if (strcmp(page, b.p) != 0)
        fail_msg("docs/patch-rules.md: print it anew (see the top of this file)");
    sc_buf_done(&b);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "print")) {
        sc_buf b;
        sc_buf_init(&b, 1 << 20);
        sc_patch_rules_markdown(&b);
        fwrite(b.p, 1, b.n, stdout);
        sc_buf_done(&b);
        return 0;
    }
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(paths_that_no_fix_touches_are_found),
        T(a_path_is_shown_without_what_it_hides),
        T(a_project_says_where),
        T(globs_match_as_they_say),
        T(kinds_of_files_are_found),
        T(a_link_stays_in_the_tree),
        T(more_than_the_caps_is_found),
        T(secrets_are_found_and_not_told),
        T(what_nobody_sees_is_found),
        T(findings_are_counted_beyond_those_kept),
        T(rules_have_names),
        T(the_page_is_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
