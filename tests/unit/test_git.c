/* Running git on what nobody vouches for: hostile repositories and work folders first. */
#include "test_git_support.h"

/* "M a.txt" and so on, of what changed. */
static const char *names(git_fixture *f, const sc_git_id *base, const sc_git_id *tree) {
    return git_says(
        f, "git --git-dir=mirror diff-tree -r --no-renames --name-status %s %s | tr '\\t\\n' '  '",
        base->text, tree->text);
}

static void untouched(git_fixture *f) {
    char path[256];
    snprintf(path, sizeof path, "%s/canary", f->dir);
    if (!access(path, F_OK)) fail_msg("something ran");
}

/* ---- What must not happen ------------------------------------------------------------------------------------ */

static void what_is_no_url_of_a_repository_is_refused(void **state) {
    git_fixture *f = *state;
    static const char *const bad[] = {
        "",
        "-u",
        "--upload-pack=touch canary",
        "ext::sh -c touch% canary",
        "ssh://x/y",
        "git@x:y",
        "git://x/y",
        "/etc",
        "https://",
        "https:///x",
        "https://a",
        "https://user@x/y",
        "https://u:p@x/y",
        "http://example.org/x",
        "https://x/y?z",
        "https://x/y#z",
        "https://x/\ny",
        "https://x/y z",
        "https://-x/y",
        "https://x/\"y",
        "http://127.0.0.1.example.org/x",
        "file:///etc",
        "file://x/y",
        "https://x/$(id)",
        "http://[::1/x",
    };
    sc_git_id id;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_git_remote r = {.url = sc_str_of(bad[i])};
        if (sc_git_url_check(&r, &f->err) != SC_INVALID) fail_msg("taken: %s", bad[i]);
        assert_int_equal(sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err),
                         SC_INVALID);
    }
    sc_git_remote r = {.url = SC_STR("https://x/y"), .user = SC_STR("u"), .token = SC_STR("a\nb")};
    assert_int_equal(sc_git_url_check(&r, &f->err), SC_INVALID);
    static const char *const ok[] = {"https://github.com/a/b.git", "https://x:8443/a/b",
                                     "http://127.0.0.1:80/x", "http://[::1]:80/x"};
    for (size_t i = 0; i < SC_LEN(ok); i++) {
        r = (sc_git_remote){.url = sc_str_of(ok[i])};
        if (sc_git_url_check(&r, &f->err)) fail_msg("%s: %s", ok[i], f->err.msg);
    }
}

static void what_is_no_branch_is_refused(void **state) {
    git_fixture *f = *state;
    static const char *const bad[] = {
        "",     "-x",   "--all",    "a..b",     "a b", "a\nb", "/a",  "a/", "a//b",
        ".a",   "a/.b", "a.lock",   "a.lock/b", "a~1", "a^",   "a:b", "@",  "a@{1}",
        "HEAD", "a.",   "\xc3\xa9", "$(id)",    "a*",  "a\\b", "#a"};
    sc_git_remote r = git_on_disk(f);
    sc_git_id base = begin(f), id;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        if (sc_git_branch_ok(sc_str_of(bad[i]))) fail_msg("taken: %s", bad[i]);
        if (*bad[i])
            assert_int_equal(sc_git_fetch(&f->git, f->mirror, &r, sc_str_of(bad[i]), &id, &f->err),
                             SC_INVALID);
        assert_int_equal(
            sc_git_push(&f->git, f->mirror, &r, &base, sc_str_of(bad[i]), &none, &f->err),
            SC_INVALID);
    }
    assert_true(sc_git_branch_ok(SC_STR("soulcaster/1a2b3c4d-export-fails")));
    assert_true(sc_git_branch_ok(SC_STR("release-1.2_x+y")));
}

static void nothing_of_a_repository_runs(void **state) {
    git_fixture *f = *state;
    /* hooks where we push to, settings and hooks where an agent can write, filters that a tree asks for */
    git_sh(f, "cd seed && printf '* filter=evil diff=evil merge=evil\\n' >.gitattributes && "
              "printf '[submodule \"s\"]\\npath = s\\nurl = ../nowhere\\n' "
              ">.gitmodules && git add -A && git commit -q -m evil && git push -q origin main");
    git_sh(
        f,
        "for h in pre-receive update post-receive post-update reference-transaction; do printf "
        "'#!/bin/sh\\ntouch %s/canary\\n' >origin.git/hooks/$h; chmod +x origin.git/hooks/$h; done",
        f->dir);
    sc_git_id base = begin(f);
    git_sh(
        f,
        "cd work && git init -q . && printf '[core]\\nfsmonitor = touch ../canary\\nhooksPath = "
        ".git/hooks\\npager = touch ../canary\\nsshCommand = touch ../canary\\n[filter \"evil\"]\\n"
        "clean = touch %s/canary\\nsmudge = touch %s/canary\\nprocess = touch %s/canary\\n[diff "
        "\"evil\"]\\ntextconv = touch %s/canary\\ncommand = touch %s/canary\\n' >.git/config",
        f->dir, f->dir, f->dir, f->dir, f->dir);
    git_sh(f, "cp origin.git/hooks/update work/.git/hooks/post-index-change; cp work/.git/config "
              "home/.gitconfig; "
              "mkdir -p home/git && cp work/.git/config home/git/config; echo new >>work/a.txt");
    sc_git_id tree = snap(f, &base), commit;
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_buf_init(&diff, 1 << 20);
    good(f, sc_git_diff(&f->git, f->mirror, &base, &tree, &diff, &f->err));
    assert_non_null(strstr(diff.p, "\n+new\n"));
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 1700000000000, SC_STR("fix"),
                          &commit, &f->err));
    sc_git_remote r = git_on_disk(f);
    good(f, sc_git_push(&f->git, f->mirror, &r, &commit, SC_STR("fix"), &none, &f->err));
    untouched(f);
}

static void attributes_of_a_tree_change_no_byte(void **state) {
    git_fixture *f = *state;
    git_sh(
        f,
        "cd seed && printf '$Id$\\n' >id.txt && git add -A && git commit -q -m x && printf '* text "
        "eol=crlf ident -diff\\n*.txt working-tree-encoding=UTF-16\\n' >.gitattributes && git add "
        ".gitattributes && git commit -q -m y && git push -q origin main");
    sc_git_id base = begin(f), tree = snap(f, &base);
    assert_string_equal(names(f, &base, &tree), "");
    assert_string_equal(git_says(f, "cat work/run.sh"), "#!/bin/sh");
    git_sh(f, "printf 'one\\nTWO\\n' >work/a.txt");
    tree = snap(f, &base);
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_buf_init(&diff, 1 << 20);
    good(f, sc_git_diff(&f->git, f->mirror, &base, &tree, &diff, &f->err));
    assert_non_null(strstr(diff.p, "\n+TWO\n"));
}

static void a_repository_of_the_agents_is_not_opened(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), tree, other;
    /* at the top: a folder, a file, a link; none of them counts */
    static const char *const tops[] = {"mkdir work/.git && echo x >work/.git/HEAD",
                                       "echo 'gitdir: /etc' >work/.git", "ln -s /etc work/.git"};
    for (size_t i = 0; i < SC_LEN(tops); i++) {
        git_sh(f, "%s", tops[i]);
        tree = snap(f, &base);
        assert_string_equal(names(f, &base, &tree), "");
        git_sh(f, "rm -rf work/.git");
    }
    /* further down: refused, whatever it is */
    static const char *const within[] = {"git init -q work/dir", "git init -q work/new",
                                         "mkdir work/new; echo 'gitdir: /etc' >work/new/.git",
                                         "mkdir work/new; ln -s /etc work/new/.git",
                                         "mkdir -p work/new/x/y/.git"};
    for (size_t i = 0; i < SC_LEN(within); i++) {
        git_sh(f, "%s", within[i]);
        assert_int_equal(snap_within(f, &base, &roomy, &other), SC_UNPROCESSABLE);
        assert_non_null(strstr(f->err.msg, "repository within"));
        git_sh(f, "rm -rf work/new work/dir/.git");
    }
}

static void links_are_links(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f);
    git_sh(
        f,
        "echo SECRET >outside; mkdir out; echo SECRET >out/b.txt; cd work; ln -s ../outside leak; "
        "ln -sfn /etc/passwd link; rm -r dir; ln -s ../out dir; ln -s ../outside .gitignore");
    sc_git_id tree = snap(f, &base);
    assert_string_equal(names(f, &base, &tree), "A .gitignore A dir D dir/b.txt A leak M link ");
    assert_string_equal(git_says(f, "git --git-dir=mirror cat-file blob %s:dir", tree.text),
                        "../out");
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_buf_init(&diff, 1 << 20);
    good(f, sc_git_diff(&f->git, f->mirror, &base, &tree, &diff, &f->err));
    assert_null(strstr(diff.p, "SECRET"));
    assert_null(strstr(diff.p, "root:"));
}

/* git reads them while it is asked what is ignored: a pipe is waited at, and a file of any size is read whole. */
static void what_says_what_is_ignored_is_a_small_file(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), tree;
    static const char *const bad[] = {
        "mkfifo work/.gitignore", "mkdir work/new && mkfifo work/new/.gitignore",
        "truncate -s 100G work/.gitignore",
        "mkdir work/new && touch work/new/x && truncate -s 2M work/new/.gitignore"};
    f->git.timeout_ms = 5000;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        git_sh(f, "%s && touch work/y", bad[i]);
        assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
        assert_non_null(strstr(f->err.msg, ".gitignore"));
        git_sh(f, "rm -rf work/new work/.gitignore work/y");
    }
    git_sh(f, "mkdir -p work/.gitignore work/a && touch work/.gitignore/x");
    good(f, snap_within(f, &base, &roomy, &tree));
}

static void names_are_only_names(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f);
    git_sh(
        f,
        "cd work && for n in -x --all ':(top)a' \"$(printf 'new\\nline')\" 'q\"uote' 'back\\slash' "
        "\"$(printf 'b\\377d')\" 'sp ace' '*' '!x' '#x' \"$(printf 'tab\\there')\" \"$(printf "
        "'\\001')\"; "
        "do echo new >\"$n\"; mkdir \"d$n\"; echo new >\"d$n/$n\"; done; mkdir .GIT; echo x "
        ">.GIT/config; "
        "echo x >'git~1'");
    sc_git_id tree = snap(f, &base);
    assert_string_equal(
        git_says(f, "git --git-dir=mirror diff-tree -r --name-only -z %s %s | tr -dc '\\0' | wc -c",
                 base.text, tree.text),
        "28");
    /* names that are a repository's to other systems do not come out again; the others do */
    sc_git_id commit;
    char second[200];
    snprintf(second, sizeof second, "%s/second", f->dir);
    assert_int_equal(mkdir(second, 0700), 0);
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 0, SC_STR("m"), &commit, &f->err));
    assert_int_equal(sc_git_checkout(&f->git, f->mirror, &commit, second, &f->err),
                     SC_UNPROCESSABLE);
    git_sh(f, "rm -rf second work/.GIT work/git~1 && mkdir second");
    tree = snap(f, &base);
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 0, SC_STR("m"), &commit, &f->err));
    good(f, sc_git_checkout(&f->git, f->mirror, &commit, second, &f->err));
    git_sh(f, "diff -r work second");
}

static void a_tree_that_holds_a_repository_is_refused(void **state) {
    git_fixture *f = *state;
    git_sh(f, "cd seed && b=$(echo x | git hash-object -w --stdin) && t=$(printf \"100644 blob "
              "$b\\tconfig\\n\" "
              "| git mktree) && t=$(printf \"040000 tree $t\\t.git\\n\" | git mktree) && c=$(git "
              "commit-tree $t -m "
              "x) && git update-ref refs/heads/evil $c && cp -r .git/objects/* "
              "../origin.git/objects/ && git "
              "--git-dir=../origin.git update-ref refs/heads/evil $c");
    sc_git_remote r = git_on_disk(f);
    sc_git_id id;
    sc_rc rc = sc_git_fetch(&f->git, f->mirror, &r, SC_STR("evil"), &id, &f->err);
    if (rc != SC_UNPROCESSABLE) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
}

static void a_submodules_url_that_is_an_option_is_refused(void **state) {
    git_fixture *f = *state;
    git_sh(
        f,
        "cd seed && printf '[submodule \"s\"]\\npath = s\\nurl = --upload-pack=touch ../canary\\n' "
        ">.gitmodules && git add -A && git commit -q -m evil && git push -q origin main");
    sc_git_remote r = git_on_disk(f);
    sc_git_id id;
    assert_int_equal(sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &id, &f->err),
                     SC_UNPROCESSABLE);
    untouched(f);
}

static void a_tree_that_unfolds_without_end_is_refused(void **state) {
    git_fixture *f = *state;
    git_sh(
        f,
        "cd origin.git && t=$(printf \"100644 blob $(echo x | git hash-object -w --stdin)\\tf\\n\" "
        "| git mktree) && "
        "for i in 1 2 3 4 5 6 7 8 9 10; do t=$(for n in a b c d e f g h i j; do printf \"040000 "
        "tree $t\\t$n\\n\"; "
        "done | git mktree); done && git update-ref refs/heads/bomb $(git commit-tree $t -m boom)");
    sc_git_remote r = git_on_disk(f);
    sc_git_id base;
    good(f, sc_git_fetch(&f->git, f->mirror, &r, SC_STR("bomb"), &base, &f->err));
    assert_int_equal(mkdir(f->work, 0700), 0);
    sc_rc rc = sc_git_checkout(&f->git, f->mirror, &base, f->work, &f->err);
    if (rc != SC_UNPROCESSABLE) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
    git_sh(f, "test -z \"$(ls work)\"");
}

static void more_than_the_limits_is_refused(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), tree;
    sc_git_limits l = roomy;
    git_sh(f, "cd work && mkdir many && (cd many && seq 1 60 | xargs touch)");
    l.max_entries = 50;
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_UNPROCESSABLE);
    l = roomy;
    l.max_changed = 59;
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_UNPROCESSABLE);
    l.max_changed = 60;
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_OK);
    git_sh(f, "cd work && rm -r many && truncate -s 100G big");
    assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
    assert_non_null(strstr(f->err.msg, "big"));
    /* also where there is such a file, and only its hole is new; one that stays as it is may be large */
    git_sh(f, "cd work && rm big && truncate -s 100G a.txt");
    assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
    git_sh(f, "cd work && printf 'one\\ntwo\\n' >a.txt");
    l = roomy;
    l.max_file_bytes = 3;
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_OK);
    git_sh(f, "cd work && printf 'one\\nTWO\\n' >a.txt");
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_UNPROCESSABLE);
    _Atomic bool stop = true;
    f->git.stop = &stop;
    assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_CANCELLED);
    f->git.stop = NULL;
    git_sh(f, "cd work && printf 'one\\ntwo\\n' >a.txt && for i in 1 2 3; do head -c 1000 "
              "/dev/zero >z$i; done");
    l = roomy;
    l.max_bytes = 2999;
    assert_int_equal(snap_within(f, &base, &l, &tree), SC_UNPROCESSABLE);
    git_sh(f, "cd work && rm z? && p=x; for i in $(seq 1 70); do p=$p/x; done; mkdir -p $p && "
              "touch $p/f");
    assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
    assert_non_null(strstr(f->err.msg, "deep"));
    git_sh(f, "cd work && rm -r x && mkfifo pipe && chmod 0 a.txt");
    if (geteuid()) assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
}

static void a_submodules_folder_stays_empty(void **state) {
    git_fixture *f = *state;
    git_sh(f, "cd seed && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub && "
              "git commit -q -m "
              "sub && git push -q origin main");
    sc_git_id base = begin(f), tree = snap(f, &base);
    assert_string_equal(names(f, &base, &tree), "");
    git_sh(f, "test -d work/sub && echo x >work/sub/x");
    assert_int_equal(snap_within(f, &base, &roomy, &tree), SC_UNPROCESSABLE);
    git_sh(f, "rm -r work/sub");
    tree = snap(f, &base);
    assert_string_equal(names(f, &base, &tree), "");
}

/* ---- What it is for ------------------------------------------------------------------------------------------ */

static void an_unchanged_folder_is_the_bases_tree(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), tree = snap(f, &base);
    assert_string_equal(tree.text,
                        git_says(f, "git --git-dir=mirror rev-parse '%s^{tree}'", base.text));
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_buf_init(&diff, 1 << 20);
    good(f, sc_git_diff(&f->git, f->mirror, &base, &tree, &diff, &f->err));
    assert_int_equal(diff.n, 0);
    git_sh(
        f,
        "test -x work/run.sh && test ! -x work/a.txt && test -L work/link && test ! -e work/.git");
    assert_int_equal(sc_git_checkout(&f->git, f->mirror, &base, f->work, &f->err), SC_CONFLICT);
}

static void a_snapshot_is_what_git_would_have_made(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f);
    git_sh(
        f,
        "cd work && printf '*.o\\n/build/\\n!keep.o\\n' >.gitignore && mkdir -p build/deep "
        "sub/build && "
        "echo x >build/deep/x && echo x >a.o && echo x >keep.o && echo x >sub/build/y && echo 'y' "
        ">sub/.gitignore && touch sub/y sub/z && chmod +x a.txt && rm link && mkdir link && echo f "
        ">link/f "
        "&& rm -r dir && echo file >dir && mkfifo pipe");
    sc_git_id tree = snap(f, &base);
    assert_string_equal(
        tree.text,
        git_says(
            f,
            "cp -r mirror peer && GIT_INDEX_FILE=peer/i git --git-dir=peer --work-tree=work "
            "read-tree %s && "
            "cd work && GIT_INDEX_FILE=../peer/i git --git-dir=../peer --work-tree=. add -A && "
            "GIT_INDEX_FILE=../peer/i git --git-dir=../peer write-tree",
            base.text));
    assert_string_equal(names(f, &base, &tree),
                        "A .gitignore M a.txt A dir D dir/b.txt A keep.o D link A link/f "
                        "A sub/.gitignore A sub/z ");
    git_sh(f, "test -z \"$(git --git-dir=mirror for-each-ref 'refs/work*' 'refs/soulcaster-*')\"; "
              "test -z \"$(find mirror -name 'soulcaster-*')\"");
    /* everything gone */
    git_sh(f, "rm -rf work/* work/.gitignore");
    tree = snap(f, &base);
    assert_string_equal(tree.text, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

static void a_file_that_git_has_counts_though_it_is_ignored(void **state) {
    git_fixture *f = *state;
    git_sh(f, "cd seed && mkdir out && echo 1 >out/kept.txt && git add -A && git commit -q -m k && "
              "git push -q origin main");
    sc_git_id base = begin(f);
    git_sh(f, "cd work && echo /out/ >.gitignore && echo 2 >out/kept.txt && echo 2 >out/new.txt");
    sc_git_id tree = snap(f, &base);
    assert_string_equal(names(f, &base, &tree), "A .gitignore M out/kept.txt ");
}

static void a_first_commit_comes_from_a_folder(void **state) {
    git_fixture *f = *state;
    sc_git_id tree, commit, again, at;
    good(f, sc_git_init(&f->git, f->mirror, &f->err));
    good(f, sc_git_init(&f->git, f->mirror, &f->err));
    git_sh(f, "mkdir work && cd work && echo a >a && mkdir b && echo c >b/c");
    tree = snap(f, &none);
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &none, &us, 1700000000000, SC_STR("first\n"),
                          &commit, &f->err));
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &none, &us, 1700000000000, SC_STR("first\n"),
                          &again, &f->err));
    assert_string_equal(commit.text, again.text);
    good(f, sc_git_branch(&f->git, f->mirror, SC_STR("main"), &at, &f->err));
    assert_string_equal(at.text, "");
    good(f, sc_git_branch_move(&f->git, f->mirror, SC_STR("main"), &commit, &none, &f->err));
    assert_int_equal(
        sc_git_branch_move(&f->git, f->mirror, SC_STR("main"), &commit, &none, &f->err),
        SC_CONFLICT);
    good(f, sc_git_branch(&f->git, f->mirror, SC_STR(""), &at, &f->err));
    assert_string_equal(at.text, commit.text);
    sc_str head;
    good(f, sc_git_head_name(&f->git, f->mirror, &f->arena, &head, &f->err));
    assert_true(sc_str_is(head, "main"));
    assert_string_equal(
        git_says(f, "git --git-dir=mirror log -1 --format='%%an %%ae %%ct %%s' main"),
        "Soulcaster soulcaster@example.org 1700000000 first");
}

static void a_push_knows_where_the_branch_was(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), tree, commit, other, head;
    sc_git_remote r = git_on_disk(f);
    git_sh(f, "echo x >>work/a.txt");
    tree = snap(f, &base);
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 0, SC_STR("m"), &commit, &f->err));
    good(f, sc_git_commit(&f->git, f->mirror, &tree, &base, &us, 0, SC_STR("n"), &other, &f->err));
    good(f, sc_git_remote_head(&f->git, &r, SC_STR("x"), &head, &f->err));
    assert_string_equal(head.text, "");
    good(f, sc_git_push(&f->git, f->mirror, &r, &commit, SC_STR("x"), &none, &f->err));
    /* again, as after a crash */
    good(f, sc_git_push(&f->git, f->mirror, &r, &commit, SC_STR("x"), &none, &f->err));
    sc_rc rc = sc_git_push(&f->git, f->mirror, &r, &other, SC_STR("x"), &none, &f->err);
    if (rc != SC_CONFLICT) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
    assert_int_equal(sc_git_push(&f->git, f->mirror, &r, &other, SC_STR("x"), &base, &f->err),
                     SC_CONFLICT);
    good(f, sc_git_remote_head(&f->git, &r, SC_STR("x"), &head, &f->err));
    assert_string_equal(head.text, commit.text);
    good(f, sc_git_push(&f->git, f->mirror, &r, &other, SC_STR("x"), &commit, &f->err));
    /* a branch x and a branch x/y cannot both be */
    rc = sc_git_push(&f->git, f->mirror, &r, &commit, SC_STR("x/y"), &none, &f->err);
    assert_true(rc == SC_CONFLICT || rc == SC_UNPROCESSABLE);
}

static void branches_merge_or_conflict(void **state) {
    git_fixture *f = *state;
    git_sh(f, "cd seed && git checkout -q -b theirs && echo t >t && git add -A && git commit -q -m "
              "t && git checkout -q "
              "main && echo o >o && git add -A && git commit -q -m o && git checkout -q -b clash "
              "&& echo 1 >t && git "
              "add -A && git commit -q -m c && git push -q origin main theirs clash");
    sc_git_id ours, theirs, clash, merged, none_yet;
    good(f, sc_git_branch(&f->git, f->origin, SC_STR("main"), &ours, &f->err));
    good(f, sc_git_branch(&f->git, f->origin, SC_STR("theirs"), &theirs, &f->err));
    good(f, sc_git_branch(&f->git, f->origin, SC_STR("clash"), &clash, &f->err));
    bool has = true;
    good(f, sc_git_contains(&f->git, f->origin, &ours, &theirs, &has, &f->err));
    assert_false(has);
    good(f, sc_git_merge(&f->git, f->origin, &ours, &theirs, &us, 0, SC_STR("merge"), &merged,
                         &f->err));
    good(f, sc_git_contains(&f->git, f->origin, &merged, &theirs, &has, &f->err));
    assert_true(has);
    assert_string_equal(
        git_says(f, "git --git-dir=origin.git ls-tree --name-only %s | tr '\\n' ' '", merged.text),
        "a.txt dir link o run.sh t ");
    assert_int_equal(
        sc_git_merge(&f->git, f->origin, &clash, &theirs, &us, 0, SC_STR("m"), &none_yet, &f->err),
        SC_CONFLICT);
}

static void a_diff_that_does_not_fit_is_an_error(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f);
    git_sh(f, "seq 1 10000 >work/a.txt");
    sc_git_id tree = snap(f, &base);
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_buf_init(&diff, 1000);
    assert_int_equal(sc_git_diff(&f->git, f->mirror, &base, &tree, &diff, &f->err), SC_TOO_LARGE);
}

static void a_version_is_told(void **state) {
    git_fixture *f = *state;
    sc_str version;
    good(f, sc_git_version(&f->git, &f->arena, &version, &f->err));
    assert_true(version.n > 3);
    sc_git broken = f->git;
    broken.program = "/nowhere/git";
    assert_int_equal(sc_git_version(&broken, &f->arena, &version, &f->err), SC_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(what_is_no_url_of_a_repository_is_refused),
        T(what_is_no_branch_is_refused),
        T(nothing_of_a_repository_runs),
        T(attributes_of_a_tree_change_no_byte),
        T(a_repository_of_the_agents_is_not_opened),
        T(links_are_links),
        T(what_says_what_is_ignored_is_a_small_file),
        T(names_are_only_names),
        T(a_tree_that_holds_a_repository_is_refused),
        T(a_submodules_url_that_is_an_option_is_refused),
        T(a_tree_that_unfolds_without_end_is_refused),
        T(more_than_the_limits_is_refused),
        T(a_submodules_folder_stays_empty),
        T(an_unchanged_folder_is_the_bases_tree),
        T(a_snapshot_is_what_git_would_have_made),
        T(a_file_that_git_has_counts_though_it_is_ignored),
        T(a_first_commit_comes_from_a_folder),
        T(a_push_knows_where_the_branch_was),
        T(branches_merge_or_conflict),
        T(a_diff_that_does_not_fit_is_an_error),
        T(a_version_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
