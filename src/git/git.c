#include "git/git.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/lock.h"
#include "git/run.h"

enum { MAX_SMALL = 4096, MAX_REFS = 1 << 20, MAX_REF = 256, MIN_MAJOR = 2, MIN_MINOR = 38 };
enum {
    MAX_FILES = 1000000,
    MAX_LISTING = 16 << 20
}; /* of a checkout, and what naming their sizes takes */
#define MAX_CHECKOUT ((uint64_t)16 << 30)

/* A run that prints one id. */
static sc_rc ask_id(const sc_git *g, const sc_git_run *r, sc_git_id *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_SMALL);
    sc_git_run with = *r;
    with.out = &out;
    sc_rc rc = sc_git_exec(g, &with, NULL, err);
    return rc ? rc : sc_git_id_printed(&out, ret, err);
}

sc_rc sc_git_version(const sc_git *g, sc_arena *arena, sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_SMALL);
    const char *const args[] = {"version", NULL};
    sc_rc rc =
        sc_git_exec(g, &(sc_git_run){.what = "version", .args = args, .out = &out}, NULL, err);
    if (rc) return rc;
    sc_str s = sc_str_trim(sc_buf_str(&out)), major, minor;
    if (sc_str_starts(s, "git version ")) s = (sc_str){s.p + 12, s.n - 12};
    char *copy = sc_arena_copy(arena, s.p, s.n);
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory for git's version");
    *ret = (sc_str){copy, s.n};
    int64_t a = 0, b = 0;
    if (!sc_str_next(&s, '.', &major) || !sc_str_next(&s, '.', &minor) ||
        sc_num_i64(major, 0, 1000, &a, NULL) || sc_num_i64(minor, 0, 1000, &b, NULL))
        return sc_fail(err, SC_UNPROCESSABLE, "git does not tell its version");
    if (a < MIN_MAJOR || (a == MIN_MAJOR && b < MIN_MINOR))
        return sc_fail(err, SC_UNPROCESSABLE, "git %.*s is older than %d.%d", SC_FMT(*ret),
                       MIN_MAJOR, MIN_MINOR);
    return SC_OK;
}

/* ---- The repository ------------------------------------------------------------------------------------------ */

/* Above every .gitattributes of a tree: bytes stay what they are, and what is text is told by its contents. */
static sc_rc write_attributes(const char *dir, sc_err *err) {
    static const char text[] =
        "* -text !eol -ident !filter !diff !merge !working-tree-encoding !whitespace\n";
    char path[SC_GIT_MAX_PATH];
    int n = snprintf(path, sizeof path, "%s/info", dir);
    if (n < 0 || n + 16 >= (int)sizeof path)
        return sc_fail(err, SC_INVALID, "the repository's path is too long");
    if (mkdir(path, 0700) && errno != EEXIST)
        return sc_fail_sys(err, SC_IO, errno, "the repository's info folder");
    memcpy(path + n, "/attributes", sizeof "/attributes");
    SC_AUTO(sc_auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, sizeof text - 1) != sizeof text - 1)
        return sc_fail_sys(err, SC_IO, errno, "the repository's attributes");
    return SC_OK;
}

/* With the lock, which is the caller's. Also where there is a repository: what a crash left half made is made whole. */
static sc_rc prepare(const sc_git *g, const char *dir, int *ret_lock, sc_err *err) {
    if (dir[0] != '/')
        return sc_fail(err, SC_INVALID, "the repository's folder must be an absolute path");
    sc_err why;
    sc_rc rc;
    int lock, left = 100;
    do { /* again where it was removed before we had its lock */
        why = (sc_err){0};
        if (mkdir(dir, 0700) && errno != EEXIST)
            return sc_fail_sys(err, SC_IO, errno, "make the repository's folder");
        rc = sc_git_lock(g, dir, true, &lock, &why);
    } while (rc && why.sys == ENOENT && --left);
    if (rc) {
        if (err) *err = why;
        return rc;
    }
    sc_git_sweep(dir);
    const char *const args[] = {"init", "--quiet", "--bare", "--template=", "--", dir, NULL};
    rc = sc_git_exec(g, &(sc_git_run){.what = "init", .args = args, .hold = lock}, NULL, err);
    if (!rc) rc = write_attributes(dir, err);
    if (rc)
        close(lock);
    else
        *ret_lock = lock;
    return rc;
}

sc_rc sc_git_init(const sc_git *g, const char *dir, sc_err *err) {
    SC_AUTO(sc_auto_close) int lock = -1;
    return prepare(g, dir, &lock, err);
}

/* Where the newest commit of a branch is kept. A hash, since `a` and `a/b` cannot both be names of refs. */
static void base_ref(sc_str branch, char ret[MAX_REF]) {
    snprintf(ret, MAX_REF, "refs/soulcaster/base/%016llx",
             (unsigned long long)sc_hash64(branch.p, branch.n, 0));
}

sc_rc sc_git_fetch(const sc_git *g, const char *dir, const sc_git_remote *r, sc_str branch,
                   sc_git_id *ret_commit, sc_err *err) {
    char ref[MAX_REF], spec[2 * MAX_REF], url[1024];
    if (branch.n && !sc_git_branch_ok(branch))
        return sc_fail(err, SC_INVALID, "\"%.*s\" is no name for a branch",
                       SC_FMT(sc_str_clip(branch, 60)));
    SC_AUTO(sc_auto_close) int lock = -1;
    sc_rc rc = sc_git_url_check(r, err);
    if (!rc) rc = prepare(g, dir, &lock, err);
    if (rc) return rc;
    base_ref(branch, ref);
    snprintf(spec, sizeof spec, "+%s%.*s:%s", branch.n ? "refs/heads/" : "HEAD", SC_FMT(branch),
             ref);
    snprintf(url, sizeof url, "%.*s", SC_FMT(r->url));
    const char *const args[] = {"fetch",
                                "--quiet",
                                "--no-tags",
                                "--no-write-fetch-head",
                                "--depth=1",
                                "--force",
                                "--no-auto-maintenance",
                                "--no-recurse-submodules",
                                "--",
                                url,
                                spec,
                                NULL};
    rc = sc_git_exec(
        g, &(sc_git_run){.what = "fetch", .args = args, .dir = dir, .remote = r, .hold = lock},
        NULL, err);
    if (rc) return rc;
    char commit[MAX_REF + 16];
    snprintf(commit, sizeof commit, "%s^{commit}", ref);
    const char *const parse[] = {"rev-parse", "--verify", "--end-of-options", commit, NULL};
    return ask_id(g, &(sc_git_run){.what = "rev-parse", .args = parse, .dir = dir}, ret_commit,
                  err);
}

sc_rc sc_git_remote_head(const sc_git *g, const sc_git_remote *r, sc_str branch,
                         sc_git_id *ret_commit, sc_err *err) {
    char ref[MAX_REF], url[1024];
    if (branch.n && !sc_git_branch_ok(branch))
        return sc_fail(err, SC_INVALID, "no name for a branch");
    sc_rc rc = sc_git_url_check(r, err);
    if (rc) return rc;
    snprintf(ref, sizeof ref, "%s%.*s", branch.n ? "refs/heads/" : "HEAD", SC_FMT(branch));
    snprintf(url, sizeof url, "%.*s", SC_FMT(r->url));
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_REFS);
    const char *const args[] = {"ls-remote", "--quiet", "--", url, ref, NULL};
    rc = sc_git_exec(g, &(sc_git_run){.what = "ls-remote", .args = args, .remote = r, .out = &out},
                     NULL, err);
    if (rc) return rc;
    sc_git_id found = {.text = ""};
    sc_str rest = sc_buf_str(&out), line, id;
    while (
        sc_str_next(&rest, '\n', &line)) /* the name is matched at its end: others may come, too */
        if (sc_str_next(&line, '\t', &id) && sc_str_is(line, ref)) found = sc_git_id_of(id);
    *ret_commit = found;
    return SC_OK;
}

/* ---- Files out, differences, commits ------------------------------------------------------------------------- */

static sc_rc check_empty(const char *work_dir, sc_err *err) {
    DIR *d = opendir(work_dir);
    if (!d) return sc_fail_sys(err, SC_IO, errno, "the work folder");
    size_t n = 0;
    while (n < 3 && readdir(d)) n++;
    closedir(d);
    return n < 3 ? SC_OK : sc_fail(err, SC_CONFLICT, "the work folder is not empty");
}

static void remove_file(char (*path)[SC_GIT_MAX_PATH]) {
    if (**path) unlink(*path);
}

/* A tree that names itself over and over is small, and its files are more than any disk holds: so they are counted
 * before. */
static sc_rc check_size(const sc_git *g, const char *dir, const sc_git_id *commit, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_LISTING);
    const char *const args[] = {"ls-tree",    "-r", "-z", "--full-tree", "--format=%(objectsize)",
                                commit->text, NULL};
    sc_rc rc = sc_git_exec(
        g, &(sc_git_run){.what = "ls-tree", .args = args, .dir = dir, .out = &out}, NULL, err);
    if (rc == SC_TOO_LARGE)
        return sc_fail(err, SC_UNPROCESSABLE, "the repository has too many files");
    uint64_t bytes = 0, files = 0;
    sc_str rest = sc_buf_str(&out), size;
    for (int64_t n; !rc && sc_str_next(&rest, 0, &size); files++)
        if (sc_num_i64(size, 0, INT64_MAX, &n, NULL) == SC_OK) /* a submodule has "-" */
            bytes += SC_MIN((uint64_t)n, (uint64_t)MAX_CHECKOUT);
    if (!rc && (files > MAX_FILES || bytes > MAX_CHECKOUT))
        return sc_fail(err, SC_UNPROCESSABLE, "the repository's files are too many or too large");
    return rc;
}

sc_rc sc_git_checkout(const sc_git *g, const char *dir, const sc_git_id *commit,
                      const char *work_dir, sc_err *err) {
    SC_AUTO(remove_file) char index[SC_GIT_MAX_PATH] = "";
    sc_rc rc = check_empty(work_dir, err);
    if (!rc) rc = check_size(g, dir, commit, err);
    if (!rc) rc = write_attributes(dir, err);
    if (!rc) rc = sc_git_temp_name(dir, "index", index, err);
    if (rc) return rc;
    const char *const args[] = {"read-tree",  "-m", "-u", "--no-recurse-submodules",
                                commit->text, NULL};
    return sc_git_exec(
        g,
        &(sc_git_run){
            .what = "checkout", .args = args, .dir = dir, .work_dir = work_dir, .index = index},
        NULL, err);
}

sc_rc sc_git_diff(const sc_git *g, const char *dir, const sc_git_id *from, const sc_git_id *to,
                  sc_buf *out, sc_err *err) {
    const char *const args[] = {"diff-tree",
                                "-r",
                                "-p",
                                "--binary",
                                "--full-index",
                                "--no-renames",
                                "--no-ext-diff",
                                "--no-textconv",
                                "--no-color",
                                "--ignore-submodules=none",
                                "--submodule=short",
                                "--src-prefix=a/",
                                "--dst-prefix=b/",
                                from->text,
                                to->text,
                                NULL};
    return sc_git_exec(g, &(sc_git_run){.what = "diff", .args = args, .dir = dir, .out = out}, NULL,
                       err);
}

static bool person_ok(const sc_git_person *p) {
    const sc_str both[] = {p->name, p->email};
    for (size_t k = 0; k < SC_LEN(both); k++) {
        if (!both[k].n || both[k].n > 200 || !sc_utf8_valid(both[k])) return false;
        for (size_t i = 0; i < both[k].n; i++)
            if ((unsigned char)both[k].p[i] < ' ' || strchr("<>", both[k].p[i])) return false;
    }
    return true;
}

static sc_rc commit_of(const sc_git *g, const char *dir, const char *const *args,
                       const sc_git_person *by, int64_t at_ms, sc_str message,
                       sc_git_id *ret_commit, sc_err *err) {
    if (!person_ok(by)) return sc_fail(err, SC_INVALID, "a commit needs a name and an address");
    if (!message.n) return sc_fail(err, SC_INVALID, "a commit needs a message");
    return ask_id(g,
                  &(sc_git_run){.what = "commit-tree",
                                .args = args,
                                .dir = dir,
                                .by = by,
                                .at_ms = at_ms,
                                .input = message},
                  ret_commit, err);
}

sc_rc sc_git_commit(const sc_git *g, const char *dir, const sc_git_id *tree,
                    const sc_git_id *parent, const sc_git_person *by, int64_t at_ms, sc_str message,
                    sc_git_id *ret_commit, sc_err *err) {
    bool has = sc_git_id_is_set(parent);
    const char *const args[] = {"commit-tree",     "-F",         "-", tree->text,
                                has ? "-p" : NULL, parent->text, NULL};
    return commit_of(g, dir, args, by, at_ms, message, ret_commit, err);
}

/* An answer that is lost says nothing of the push: the transport may have sent it twice, and the second one is refused. */
static bool is_there(const sc_git *g, const sc_git_remote *r, const sc_git_id *commit,
                     sc_str branch) {
    sc_git_id there;
    return !sc_git_remote_head(g, r, branch, &there, NULL) && !strcmp(there.text, commit->text);
}

sc_rc sc_git_push(const sc_git *g, const char *dir, const sc_git_remote *r, const sc_git_id *commit,
                  sc_str branch, const sc_git_id *expect, sc_err *err) {
    char lease[2 * MAX_REF + SC_GIT_ID_TEXT], spec[MAX_REF + SC_GIT_ID_TEXT + 16], url[1024];
    if (!sc_git_branch_ok(branch)) return sc_fail(err, SC_INVALID, "no name for a branch");
    sc_rc rc = sc_git_url_check(r, err);
    if (rc) return rc;
    snprintf(lease, sizeof lease, "--force-with-lease=refs/heads/%.*s:%s", SC_FMT(branch),
             expect->text);
    snprintf(spec, sizeof spec, "%s:refs/heads/%.*s", commit->text, SC_FMT(branch));
    snprintf(url, sizeof url, "%.*s", SC_FMT(r->url));
    const char *const args[] = {"push",        "--quiet",
                                "--no-verify", "--no-follow-tags",
                                "--no-signed", "--recurse-submodules=no",
                                lease,         "--",
                                url,           spec,
                                NULL};
    rc = sc_git_exec(g, &(sc_git_run){.what = "push", .args = args, .dir = dir, .remote = r}, NULL,
                     err);
    return rc && rc != SC_CANCELLED && is_there(g, r, commit, branch) ? SC_OK : rc;
}

/* ---- Where the repository itself is the forge ---------------------------------------------------------------- */

sc_rc sc_git_branch(const sc_git *g, const char *dir, sc_str name, sc_git_id *ret_commit,
                    sc_err *err) {
    char ref[MAX_REF];
    if (name.n && !sc_git_branch_ok(name)) return sc_fail(err, SC_INVALID, "no name for a branch");
    snprintf(ref, sizeof ref, "%s%.*s^{commit}", name.n ? "refs/heads/" : "HEAD", SC_FMT(name));
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_SMALL);
    const char *const args[] = {"rev-parse", "--verify", "--quiet", "--end-of-options", ref, NULL};
    int exit = 0;
    sc_rc rc = sc_git_exec(
        g, &(sc_git_run){.what = "rev-parse", .args = args, .dir = dir, .out = &out, .also_ok = 1},
        &exit, err);
    if (rc) return rc;
    if (exit) {
        *ret_commit = (sc_git_id){.text = ""};
        return SC_OK;
    }
    return sc_git_id_printed(&out, ret_commit, err);
}

sc_rc sc_git_head_name(const sc_git *g, const char *dir, sc_arena *arena, sc_str *ret,
                       sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_SMALL);
    const char *const args[] = {"symbolic-ref", "--short", "HEAD", NULL};
    sc_rc rc = sc_git_exec(
        g, &(sc_git_run){.what = "symbolic-ref", .args = args, .dir = dir, .out = &out}, NULL, err);
    if (rc) return rc;
    sc_str name = sc_str_trim(sc_buf_str(&out));
    char *copy = sc_arena_copy(arena, name.p, name.n);
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory for a branch's name");
    *ret = (sc_str){copy, name.n};
    return SC_OK;
}

sc_rc sc_git_branch_move(const sc_git *g, const char *dir, sc_str name, const sc_git_id *commit,
                         const sc_git_id *expect, sc_err *err) {
    char ref[MAX_REF], zero[SC_GIT_ID_TEXT];
    if (!sc_git_branch_ok(name)) return sc_fail(err, SC_INVALID, "no name for a branch");
    snprintf(ref, sizeof ref, "refs/heads/%.*s", SC_FMT(name));
    snprintf(zero, sizeof zero, "%.*d", (int)strlen(commit->text), 0);
    const char *const args[] = {"update-ref",
                                "--no-deref",
                                ref,
                                commit->text,
                                sc_git_id_is_set(expect) ? expect->text : zero,
                                NULL};
    return sc_git_exec(g, &(sc_git_run){.what = "update-ref", .args = args, .dir = dir}, NULL, err);
}

sc_rc sc_git_contains(const sc_git *g, const char *dir, const sc_git_id *in,
                      const sc_git_id *commit, bool *ret, sc_err *err) {
    const char *const args[] = {"merge-base", "--is-ancestor", commit->text, in->text, NULL};
    int exit = 0;
    sc_rc rc = sc_git_exec(
        g, &(sc_git_run){.what = "merge-base", .args = args, .dir = dir, .also_ok = 1}, &exit, err);
    if (!rc) *ret = exit == 0;
    return rc;
}

sc_rc sc_git_merge(const sc_git *g, const char *dir, const sc_git_id *ours, const sc_git_id *theirs,
                   const sc_git_person *by, int64_t at_ms, sc_str message, sc_git_id *ret_commit,
                   sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, MAX_REFS);
    const char *const merge[] = {"merge-tree", "--write-tree", "--no-messages",
                                 ours->text,   theirs->text,   NULL};
    int exit = 0;
    sc_rc rc = sc_git_exec(
        g,
        &(sc_git_run){.what = "merge-tree", .args = merge, .dir = dir, .out = &out, .also_ok = 1},
        &exit, err);
    if (rc) return rc;
    if (exit) return sc_fail(err, SC_CONFLICT, "the branches do not merge cleanly");
    sc_git_id tree;
    rc = sc_git_id_printed(&out, &tree, err);
    if (rc) return rc;
    const char *const args[] = {"commit-tree", "-F",         "-",       "-p", ours->text,
                                "-p",          theirs->text, tree.text, NULL};
    return commit_of(g, dir, args, by, at_ms, message, ret_commit, err);
}
