/* A folder as a tree. git is not asked what is in it: `git add` follows a .git that it finds there, and with it whatever
 * path that names. We walk, hash what the base has, and tell git (fast-import) only which bytes are where. What a .gitignore
 * leaves out git says by name (check-ignore), a level of folders at a time. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "git/listing.h"
#include "git/lock.h"
#include "git/run.h"
#include "git/walk.h"

enum { MAX_IGNORED = 64 << 20, MAX_REF = 128, STEP = 64 << 10, MAX_IGNORE_FILE = 1 << 20 };

typedef struct snapshot {
    const sc_git *g;
    const char *dir, *work_dir, *index;
    const sc_git_limits *limits;
    sc_git_listing base;
    sc_git_walk walk;
    sc_str *folders; /* of the level below */
    size_t n_folders, cap_folders;
    size_t *maybe; /* of walk.v: not in the base, perhaps ignored; n is reset each level */
    size_t n_maybe, cap_maybe;
    sc_buf removed, changed; /* the script for fast-import */
    size_t n_changed, bytes;
} snapshot;

static sc_rc no_memory(sc_err *err) {
    return sc_fail(err, SC_NOMEM, "no memory for the work folder's files");
}

static sc_rc later(snapshot *s, sc_str folder, sc_err *err) {
    if (s->n_folders == s->cap_folders) {
        size_t cap = s->cap_folders ? 2 * s->cap_folders : 64;
        sc_str *v = sc_realloc_array(s->folders, cap, sizeof *v);
        if (!v) return no_memory(err);
        s->folders = v;
        s->cap_folders = cap;
    }
    s->folders[s->n_folders++] = folder;
    return SC_OK;
}

static sc_rc ask_later(snapshot *s, size_t found, sc_err *err) {
    if (s->n_maybe == s->cap_maybe) {
        size_t cap = s->cap_maybe ? 2 * s->cap_maybe : 64;
        size_t *v = sc_realloc_array(s->maybe, cap, sizeof *v);
        if (!v) return no_memory(err);
        s->maybe = v;
        s->cap_maybe = cap;
    }
    s->maybe[s->n_maybe++] = found;
    return SC_OK;
}

/* ---- The script for fast-import ------------------------------------------------------------------------------ */

static void put_path(sc_buf *b, sc_str path) {
    sc_buf_putc(b, '"');
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < ' ' || c >= 127 || c == '"' || c == '\\')
            sc_buf_putf(b, "\\%03o", c);
        else
            sc_buf_putc(b, (char)c);
    }
    sc_buf_putc(b, '"');
}

static sc_rc put_change(snapshot *s, sc_str path, unsigned mode, sc_str bytes, sc_err *err) {
    s->bytes += bytes.n;
    if (++s->n_changed > s->limits->max_changed || s->bytes > s->limits->max_bytes)
        return sc_fail(err, SC_UNPROCESSABLE,
                       "more is changed than %zu files and %zu bytes may hold",
                       s->limits->max_changed, s->limits->max_bytes);
    sc_buf_putf(&s->changed, "M %o inline ", mode);
    put_path(&s->changed, path);
    sc_buf_putf(&s->changed, "\ndata %zu\n", bytes.n);
    sc_buf_put_str(&s->changed, bytes);
    sc_buf_putc(&s->changed, '\n');
    return sc_buf_check(&s->changed, "what is changed", err);
}

static sc_rc put_removed(snapshot *s, sc_str path, sc_err *err) {
    if (++s->n_changed > s->limits->max_changed)
        return sc_fail(err, SC_UNPROCESSABLE, "more than %zu files are changed",
                       s->limits->max_changed);
    sc_buf_puts(&s->removed, "D ");
    put_path(&s->removed, path);
    sc_buf_putc(&s->removed, '\n');
    return sc_buf_check(&s->removed, "what is removed", err);
}

/* ---- One file ------------------------------------------------------------------------------------------------ */

static void free_digest(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }

static EVP_MD_CTX *start_digest(const sc_git_entry *e, size_t n) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    char head[40];
    int k = snprintf(head, sizeof head, "blob %zu", n);
    const EVP_MD *kind = strlen(e->id.text) == 40 ? EVP_sha1() : EVP_sha256();
    if (c && EVP_DigestInit_ex(c, kind, NULL) == 1 && EVP_DigestUpdate(c, head, (size_t)k + 1) == 1)
        return c;
    EVP_MD_CTX_free(c);
    return NULL;
}

static bool digest_is(EVP_MD_CTX *c, const sc_git_entry *e) {
    unsigned char d[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    if (EVP_DigestFinal_ex(c, d, &n) != 1) return false;
    sc_hex_encode(d, n, hex);
    return !strcmp(hex, e->id.text);
}

/* Exactly n bytes: into the digest, or appended to out. */
static sc_rc pump(int fd, size_t n, EVP_MD_CTX *digest, sc_buf *out, sc_err *err) {
    char step[STEP];
    size_t got = 0;
    for (;;) {
        ssize_t k = read(fd, step, sizeof step);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return sc_fail_sys(err, SC_IO, errno, "read a file of the work folder");
        got += (size_t)k;
        if (got > n || (!k && got < n))
            return sc_fail(err, SC_CONFLICT, "a file of the work folder changes while it is read");
        if (!k) return SC_OK;
        if (digest && EVP_DigestUpdate(digest, step, (size_t)k) != 1) return no_memory(err);
        if (out && !sc_buf_put(out, step, (size_t)k)) return no_memory(err);
    }
}

static sc_rc same_as_base(int fd, size_t n, const sc_git_entry *e, bool *ret, sc_err *err) {
    SC_AUTO(free_digest) EVP_MD_CTX *c = start_digest(e, n);
    if (!c) return no_memory(err);
    sc_rc rc = pump(fd, n, c, NULL, err);
    if (!rc) *ret = digest_is(c, e);
    return rc;
}

static sc_rc too_large(const snapshot *s, sc_str path, sc_err *err) {
    return sc_fail(err, SC_UNPROCESSABLE, "%.*s has over %zu bytes", SC_FMT(sc_str_clip(path, 120)),
                   s->limits->max_file_bytes);
}

/* A file over the limits may stay as it is, but is only read where it has the size that it had: one with a hole can be larger
 * than any disk. */
static sc_rc check_large(const snapshot *s, const sc_git_found *f, const sc_git_entry *e,
                         sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 256);
    const char *const args[] = {"cat-file", "-s", e->id.text, NULL};
    sc_rc rc = sc_git_exec(
        s->g, &(sc_git_run){.what = "cat-file", .args = args, .dir = s->dir, .out = &out}, NULL,
        err);
    int64_t n = -1;
    if (!rc && (sc_num_i64(sc_str_trim(sc_buf_str(&out)), 0, INT64_MAX, &n, NULL) ||
                n != (int64_t)f->st.st_size))
        rc = too_large(s, f->path, err);
    return rc;
}

static sc_rc take_file(snapshot *s, const sc_git_found *f, const sc_git_entry *e, sc_err *err) {
    size_t n = (size_t)f->st.st_size;
    unsigned mode = f->st.st_mode & 0100 ? 0100755 : 0100644;
    SC_AUTO(sc_auto_close) int fd = sc_git_walk_file(&s->walk, f->path, O_RDONLY);
    if (fd < 0) return sc_fail_sys(err, SC_UNPROCESSABLE, errno, "open %.*s", SC_FMT(f->path));
    if (e && e->mode >> 12 == 010) {
        bool same = false;
        sc_rc rc = n > s->limits->max_file_bytes ? check_large(s, f, e, err) : SC_OK;
        if (!rc) rc = same_as_base(fd, n, e, &same, err);
        if (rc || (same && (e->mode & 0100) == (mode & 0100))) return rc;
        if (lseek(fd, 0, SEEK_SET)) return sc_fail_sys(err, SC_IO, errno, "read a file again");
    }
    if (n > s->limits->max_file_bytes) return too_large(s, f->path, err);
    SC_AUTO(sc_buf_done) sc_buf bytes;
    sc_buf_init(&bytes, n + 1);
    sc_rc rc = pump(fd, n, NULL, &bytes, err);
    return rc ? rc : put_change(s, f->path, mode, sc_buf_str(&bytes), err);
}

static sc_rc take_link(snapshot *s, const sc_git_found *f, const sc_git_entry *e, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf target;
    sc_buf_init(&target, SC_GIT_MAX_PATH);
    sc_rc rc = sc_git_walk_link(&s->walk, f->path, &target, err);
    if (rc) return rc;
    if (e && e->mode == 0120000) {
        SC_AUTO(free_digest) EVP_MD_CTX *c = start_digest(e, target.n);
        if (!c || EVP_DigestUpdate(c, target.p, target.n) != 1) return no_memory(err);
        if (digest_is(c, e)) return SC_OK;
    }
    return put_change(s, f->path, 0120000, sc_buf_str(&target), err);
}

static sc_rc take(snapshot *s, const sc_git_found *f, sc_git_entry *e, sc_err *err) {
    if (e) e->seen = true;
    return S_ISLNK(f->st.st_mode) ? take_link(s, f, e, err) : take_file(s, f, e, err);
}

/* ---- The walk ------------------------------------------------------------------------------------------------ */

/* Sockets, pipes and devices are nothing to git. */
static bool counts(const struct stat *st) {
    return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode) || S_ISDIR(st->st_mode);
}

static sc_rc submodule(snapshot *s, const sc_git_found *f, sc_git_entry *e, sc_err *err) {
    e->seen = S_ISDIR(f->st.st_mode);
    if (!e->seen) return SC_OK; /* something else took its place */
    size_t before = s->walk.n;
    sc_str path = f->path; /* f moves with the list */
    sc_rc rc = sc_git_walk_folder(&s->walk, path, err);
    if (!rc && s->walk.n > before)
        rc = sc_fail(err, SC_UNPROCESSABLE, "there are files in the submodule %.*s",
                     SC_FMT(sc_str_clip(path, 120)));
    return rc;
}

/* git reads these files while it answers: it would wait at a pipe, and read any size. It follows no link to one. */
static bool may_be_read(const sc_git_found *f) {
    bool ignores = sc_str_is(f->path, ".gitignore") || sc_str_ends(f->path, "/.gitignore");
    return !ignores || S_ISDIR(f->st.st_mode) || S_ISLNK(f->st.st_mode) ||
           (S_ISREG(f->st.st_mode) && f->st.st_size <= MAX_IGNORE_FILE);
}

static sc_rc look(snapshot *s, size_t at, sc_err *err) {
    const sc_git_found *f = &s->walk.v[at];
    bool folder = S_ISDIR(f->st.st_mode);
    if (sc_str_is(f->path, ".git")) return SC_OK;
    if (sc_str_ends(f->path, "/.git"))
        return sc_fail(err, SC_UNPROCESSABLE, "there is a repository within: %.*s",
                       SC_FMT(sc_str_clip(f->path, 120)));
    if (!may_be_read(f))
        return sc_fail(err, SC_UNPROCESSABLE, "%.*s is no file, or too large",
                       SC_FMT(sc_str_clip(f->path, 120)));
    if (!counts(&f->st)) return SC_OK;
    sc_git_entry *e = sc_git_listing_get(&s->base, f->path);
    if (e && e->mode == 0160000 && folder) return submodule(s, f, e, err);
    if (folder && sc_git_listing_has_below(&s->base, f->path)) return later(s, f->path, err);
    if (e && !folder) return take(s, f, e, err);
    return ask_later(s, at, err);
}

/* Of what the base has not: what no .gitignore names. check-ignore answers in the order of its questions. */
static sc_rc sift(snapshot *s, sc_err *err) {
    if (!s->n_maybe) return SC_OK;
    SC_AUTO(sc_buf_done) sc_buf ask, SC_AUTO(sc_buf_done) answer;
    sc_buf_init(&ask, MAX_IGNORED);
    sc_buf_init(&answer, MAX_IGNORED);
    for (size_t i = 0; i < s->n_maybe; i++) { /* "./": a name with ':' first would be a pathspec */
        sc_buf_puts(&ask, "./");
        sc_buf_put(&ask, s->walk.v[s->maybe[i]].path.p, s->walk.v[s->maybe[i]].path.n + 1);
    }
    sc_rc rc = sc_buf_check(&ask, "the work folder's new files", err);
    if (rc) return rc;
    const char *const args[] = {"check-ignore", "--no-index", "-z", "--stdin", NULL};
    rc = sc_git_exec(s->g,
                     &(sc_git_run){.what = "check-ignore",
                                   .args = args,
                                   .dir = s->dir,
                                   .work_dir = s->work_dir,
                                   .index = s->index,
                                   .input = sc_buf_str(&ask),
                                   .out = &answer,
                                   .also_ok = 1},
                     NULL, err);
    if (rc == SC_TIMEOUT)
        return sc_fail(err, SC_UNPROCESSABLE, "the .gitignore files take too long to be read");
    sc_str ignored = sc_buf_str(&answer);
    for (size_t i = 0; i < s->n_maybe && !rc; i++) {
        const sc_git_found *f = &s->walk.v[s->maybe[i]];
        sc_str rest = ignored, first = SC_STR_NONE;
        if (sc_str_next(&rest, 0, &first) && sc_str_ends(first, f->path.p) &&
            first.n == f->path.n + 2) {
            ignored = rest;
            continue;
        }
        rc = S_ISDIR(f->st.st_mode) ? later(s, f->path, err)
                                    : take(s, f, sc_git_listing_get(&s->base, f->path), err);
    }
    s->n_maybe = 0;
    return rc;
}

static sc_rc walk(snapshot *s, sc_err *err) {
    sc_rc rc = later(s, SC_STR(""), err);
    for (size_t depth = 0; !rc && s->n_folders; depth++) {
        SC_AUTO(sc_auto_free) sc_str *level = s->folders;
        size_t n = s->n_folders;
        s->folders = NULL;
        s->n_folders = s->cap_folders = 0;
        if (depth > SC_GIT_MAX_DEPTH)
            return sc_fail(err, SC_UNPROCESSABLE, "folders are nested over %d deep",
                           SC_GIT_MAX_DEPTH);
        s->walk.n = 0;
        for (size_t i = 0; i < n && !rc; i++) {
            size_t from = s->walk.n;
            if (s->g->stop && *s->g->stop) return sc_fail(err, SC_CANCELLED, "given up");
            rc = sc_git_walk_folder(&s->walk, level[i], err);
            size_t to = s->walk.n;
            for (size_t k = from; k < to && !rc; k++) rc = look(s, k, err);
        }
        if (!rc) rc = sift(s, err);
    }
    for (size_t i = 0; i < s->base.n && !rc; i++) {
        const sc_git_entry *e = &s->base.v[i];
        if (!e->seen && e->mode != 0160000) rc = put_removed(s, e->path, err);
    }
    return rc;
}

/* ---- The tree ------------------------------------------------------------------------------------------------ */

static sc_rc tree_of(const snapshot *s, const char *what, sc_git_id *ret, sc_err *err) {
    char name[MAX_REF + 16];
    snprintf(name, sizeof name, "%s^{tree}", what);
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 256);
    const char *const args[] = {"rev-parse", "--verify", "--end-of-options", name, NULL};
    sc_rc rc = sc_git_exec(
        s->g, &(sc_git_run){.what = "rev-parse", .args = args, .dir = s->dir, .out = &out}, NULL,
        err);
    return rc ? rc : sc_git_id_printed(&out, ret, err);
}

static sc_rc import(snapshot *s, const sc_git_id *base, sc_git_id *ret_tree, sc_err *err) {
    char ref[SC_GIT_MAX_PATH];
    sc_rc rc = sc_git_temp_name("refs", "work", ref, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf script;
    sc_buf_init(&script, s->removed.n + s->changed.n + 4096);
    sc_buf_putf(&script, "feature done\ncommit %s\ncommitter s <s@localhost> 0 +0000\ndata 0\n\n",
                ref);
    if (sc_git_id_is_set(base)) sc_buf_putf(&script, "from %s\n", base->text);
    sc_buf_put_str(&script, sc_buf_str(&s->removed)); /* first: a folder may be a file now */
    sc_buf_put_str(&script, sc_buf_str(&s->changed));
    sc_buf_puts(&script, "\ndone\n");
    rc = sc_buf_check(&script, "what is changed", err);
    if (rc) return rc;
    const char *const args[] = {"fast-import", "--quiet", "--done", "--date-format=raw", NULL};
    rc = sc_git_exec(
        s->g,
        &(sc_git_run){
            .what = "fast-import", .args = args, .dir = s->dir, .input = sc_buf_str(&script)},
        NULL, err);
    if (!rc) rc = tree_of(s, ref, ret_tree, err);
    if (rc) return rc;
    SC_AUTO(sc_auto_close) int lock = -1; /* it locks the file of packed refs */
    rc = sc_git_lock(s->g, s->dir, false, &lock, err);
    if (rc) return rc;
    const char *const drop[] = {"update-ref", "-d", ref, NULL};
    return sc_git_exec(
        s->g, &(sc_git_run){.what = "update-ref", .args = drop, .dir = s->dir, .hold = lock}, NULL,
        err);
}

sc_rc sc_git_snapshot(const sc_git *g, const char *dir, const sc_git_id *base, const char *work_dir,
                      const sc_git_limits *limits, sc_git_id *ret_tree, sc_err *err) {
    char index[SC_GIT_MAX_PATH]; /* never written */
    sc_rc rc = sc_git_temp_name(dir, "index", index, err);
    if (rc) return rc;
    snapshot s = {.g = g, .dir = dir, .work_dir = work_dir, .index = index, .limits = limits};
    s.walk.root = -1;
    sc_buf_init(&s.removed, MAX_IGNORED);
    sc_buf_init(&s.changed, 2 * limits->max_bytes + 8192 * (limits->max_changed + 1));
    rc = sc_git_listing_read(g, dir, base, &s.base, err);
    if (!rc) rc = sc_git_walk_open(&s.walk, work_dir, limits->max_entries, err);
    if (!rc) rc = walk(&s, err);
    if (!rc && !s.n_changed && sc_git_id_is_set(base))
        rc = tree_of(&s, base->text, ret_tree, err);
    else if (!rc)
        rc = import(&s, base, ret_tree, err);
    sc_git_listing_done(&s.base);
    sc_git_walk_close(&s.walk);
    sc_free(s.folders);
    sc_free(s.maybe);
    sc_buf_done(&s.removed);
    sc_buf_done(&s.changed);
    return rc;
}
