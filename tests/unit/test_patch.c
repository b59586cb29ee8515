/* Reading patches: what does not add up is refused, and what git makes is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "git_fixture.h"
#include "patch/patch.h"

#define IDS \
    "index 0123456789012345678901234567890123456789..abcdef0123abcdef0123abcdef0123abcdef0123"
#define HEAD "diff --git a/x b/x\n"
#define SIDES "--- a/x\n+++ b/x\n"

static sc_arena arena;
static sc_err err;

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 8 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

static void what_does_not_add_up_is_no_patch(void **state) {
    (void)state;
    static const char *const bad[] = {
        "x\n",
        "\n",
        "diff --git a/x b/x",
        HEAD,
        "diff --git a/x b/y\n" IDS " 100644\n",
        "diff --git a/ b/\n" IDS " 100644\n",
        "diff --git x x\n" IDS " 100644\n",
        "diff --git \"a/x\" b/x\n" IDS " 100644\n",
        "diff --git \"a/x b/x\n" IDS " 100644\n",
        "diff --git \"a/\\000\" \"b/\\000\"\n" IDS " 100644\n",
        "diff --git \"a/\\9\" \"b/\\9\"\n" IDS " 100644\n",
        HEAD "new file mode 100600\n" IDS "\n",
        HEAD "new file mode 040000\n" IDS "\n",
        HEAD "old mode 100644\n" IDS "\n",
        HEAD "index 01..02 100644\n",
        HEAD IDS "\n",
        HEAD IDS " 100644\n--- a/x\n",
        HEAD IDS " 100644\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n",
        HEAD IDS " 100644\n--- /dev/null\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        HEAD "new file mode 100644\n" IDS "\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+b\n",
        HEAD "deleted file mode 100644\n" IDS "\n--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-b\n",
        HEAD IDS " 100644\n" SIDES,
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n+b",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n+b\n+c\n",
        HEAD IDS " 100644\n" SIDES "@@ -1,2 +1 @@\n-a\n+b\n",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n*b\n",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n\n",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @\n-a\n+b\n",
        HEAD IDS " 100644\n" SIDES "@@ -1,0 +1,0 @@\n",
        HEAD IDS " 100644\n" SIDES "@@ -99999999999999999999 +1 @@\n-a\n+b\n",
        HEAD IDS " 100644\n" SIDES "@@ -1 +1 @@\n-a\n+b\n\\ what?\n",
        HEAD IDS " 100644\n" SIDES "@@ -5 +5 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n",
        HEAD IDS " 100644\nGIT binary patch\n",
        HEAD IDS " 100644\nGIT binary patch\nliteral 1\nIc$}\n\nliteral 0\n",
        HEAD IDS " 100644\nGIT binary patch\nliteral 1\nx\n\nliteral 0\nHcmV?d00001\n\n",
        HEAD IDS " 100644\nrename from x\nrename to y\n",
        HEAD "similarity index 100%\n" IDS " 100644\n",
        /* the same path twice, and out of order */
        HEAD "old mode 100644\nnew mode 100755\n" HEAD "old mode 100755\nnew mode 100644\n",
        "diff --git a/y b/y\nold mode 100644\nnew mode 100755\n" HEAD
        "old mode 100755\nnew mode 100644\n",
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_patch p;
        sc_rc rc = sc_patch_parse(sc_str_of(bad[i]), &arena, &p, &err);
        if (rc != SC_UNPROCESSABLE) fail_msg("%zu: %s: %s", i, sc_rc_name(rc), bad[i]);
        assert_non_null(strstr(err.msg, "line "));
    }
}

static void an_empty_text_changes_nothing(void **state) {
    (void)state;
    sc_patch p;
    assert_int_equal(sc_patch_parse(SC_STR(""), &arena, &p, &err), SC_OK);
    assert_int_equal(p.n_files, 0);
}

static void too_little_memory_is_an_error(void **state) {
    (void)state;
    sc_arena small;
    sc_arena_init(&small, 64);
    sc_patch p;
    assert_int_equal(sc_patch_parse(SC_STR(HEAD), &small, &p, &err), SC_NOMEM);
    sc_arena_done(&small);
}

static void lines_have_numbers(void **state) {
    (void)state;
    sc_patch p;
    assert_int_equal(
        sc_patch_parse(SC_STR(HEAD IDS " 100644\n" SIDES
                                       "@@ -10,3 +20,3 @@ f() {\n same\n-old\n+new\n last\n\\ No "
                                       "newline at end of file\n"),
                       &arena, &p, &err),
        SC_OK);
    assert_int_equal(p.n_files, 1);
    assert_int_equal(p.added, 1);
    assert_int_equal(p.removed, 1);
    assert_int_equal(p.files[0].new_mode, SC_PATCH_MODE_FILE);
    sc_patch_cursor c = sc_patch_lines(&p.files[0].hunks[0]);
    sc_patch_line l;
    static const struct {
        char kind;
        int64_t old_line, new_line;
        const char *text;
    } want[] = {
        {' ', 10, 20, "same"}, {'-', 11, 0, "old"}, {'+', 0, 21, "new"}, {' ', 12, 22, "last"}};
    for (size_t i = 0; i < SC_LEN(want); i++) {
        assert_true(sc_patch_next(&c, &l));
        assert_int_equal(l.kind, want[i].kind);
        assert_int_equal(l.old_line, want[i].old_line);
        assert_int_equal(l.new_line, want[i].new_line);
        assert_true(sc_str_is(l.text, want[i].text));
    }
    assert_false(sc_patch_next(&c, &l));
}

/* Everything that a folder can become, as git tells it. */
static void what_git_makes_is_read(void **state) {
    (void)state;
    git_fixture f;
    git_fixture_init(&f);
    git_origin(&f);
    sc_git_remote r = git_on_disk(&f);
    sc_git_id base, tree;
    assert_int_equal(sc_git_fetch(&f.git, f.mirror, &r, SC_STR("main"), &base, &f.err), SC_OK);
    assert_int_equal(mkdir(f.work, 0700), 0);
    assert_int_equal(sc_git_checkout(&f.git, f.mirror, &base, f.work, &f.err), SC_OK);
    git_sh(&f, "cd work && printf 'one\\nTWO' >a.txt && rm run.sh && echo new >'sp ace' && echo q "
               ">'q\"u\\o' && echo u "
               ">\"$(printf '\\303\\274')\" && echo n >\"$(printf 'n\\nl')\" && head -c 3000 "
               "/dev/urandom >bin && touch "
               "empty && chmod +x dir/b.txt && rm link && echo file >link && printf '\\r\\n--- "
               "a/x\\n+++ b/x\\n@@ -1 "
               "+1 @@\\n' >liar && ln -s 'a b' z");
    const sc_git_limits limits = {1000, 1000, 1 << 20, 1 << 20};
    assert_int_equal(sc_git_snapshot(&f.git, f.mirror, &base, f.work, &limits, &tree, &f.err),
                     SC_OK);
    sc_buf text;
    sc_buf_init(&text, 1 << 20);
    assert_int_equal(sc_git_diff(&f.git, f.mirror, &base, &tree, &text, &f.err), SC_OK);
    sc_patch p;
    if (sc_patch_parse(sc_buf_str(&text), &arena, &p, &err)) fail_msg("%s\n%s", err.msg, text.p);
    static const struct {
        const char *path;
        sc_patch_op op;
        unsigned old_mode, new_mode;
        bool binary;
        int64_t added, removed;
    } want[] = {
        {"a.txt", SC_PATCH_CHANGE, 0100644, 0100644, false, 1, 1},
        {"bin", SC_PATCH_ADD, 0, 0100644, true, 0, 0},
        {"dir/b.txt", SC_PATCH_CHANGE, 0100644, 0100755, false, 0, 0},
        {"empty", SC_PATCH_ADD, 0, 0100644, false, 0, 0},
        {"liar", SC_PATCH_ADD, 0, 0100644, false, 4, 0},
        {"link", SC_PATCH_DELETE, 0120000, 0, false, 0, 1},
        {"link", SC_PATCH_ADD, 0, 0100644, false, 1, 0},
        {"n\nl", SC_PATCH_ADD, 0, 0100644, false, 1, 0},
        {"q\"u\\o", SC_PATCH_ADD, 0, 0100644, false, 1, 0},
        {"run.sh", SC_PATCH_DELETE, 0100755, 0, false, 0, 1},
        {"sp ace", SC_PATCH_ADD, 0, 0100644, false, 1, 0},
        {"z", SC_PATCH_ADD, 0, 0120000, false, 1, 0},
        {"\xc3\xbc", SC_PATCH_ADD, 0, 0100644, false, 1, 0},
    };
    assert_int_equal(p.n_files, SC_LEN(want));
    size_t bytes = 0;
    for (size_t i = 0; i < SC_LEN(want); i++) {
        const sc_patch_file *x = &p.files[i];
        if (!sc_str_is(x->path, want[i].path) || x->op != want[i].op ||
            x->old_mode != want[i].old_mode || x->new_mode != want[i].new_mode ||
            x->binary != want[i].binary || x->added != want[i].added ||
            x->removed != want[i].removed)
            fail_msg("%s: %.*s %d %o %o +%lld -%lld", want[i].path, SC_FMT(x->path), x->op,
                     x->old_mode, x->new_mode, (long long)x->added, (long long)x->removed);
        bytes += x->bytes;
    }
    assert_int_equal(bytes, text.n);
    sc_buf_done(&text);
    git_fixture_done(&f);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_does_not_add_up_is_no_patch), T(an_empty_text_changes_nothing),
        T(too_little_memory_is_an_error),    T(lines_have_numbers),
        T(what_git_makes_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
