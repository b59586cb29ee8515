#include "agents/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 32, MAX_NAMES = 100000 };

typedef struct names {
    char **v;
    size_t n, cap;
} names;

static void names_done(names *l) {
    for (size_t i = 0; i < l->n; i++) sc_free(l->v[i]);
    sc_free(l->v);
}

static bool names_add(names *l, const char *name, bool folder) {
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        char **more = cap <= MAX_NAMES ? sc_realloc_array(l->v, cap, sizeof *more) : NULL;
        if (!more) return false;
        l->v = more;
        l->cap = cap;
    }
    size_t n = strlen(name);
    char *copy = sc_alloc(n + 2);
    if (!copy) return false;
    memcpy(copy, name, n + 1);
    if (folder) copy[n] = '/';
    l->v[l->n++] = copy;
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool skipped(const char *name) {
    return !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, ".git") ||
           !strcmp(name, "node_modules");
}

static sc_rc read_names(int dir_fd, names *l, sc_err *err) {
    DIR *d = fdopendir(dir_fd);
    if (!d) {
        int sys = errno;
        close(dir_fd);
        return sc_fail_sys(err, SC_IO, sys, "read a folder");
    }
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        struct stat s;
        if (skipped(e->d_name) || fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW)) continue;
        if (S_ISDIR(s.st_mode) || S_ISREG(s.st_mode))
            ok = names_add(l, e->d_name, S_ISDIR(s.st_mode));
    }
    closedir(d);
    if (!ok) return sc_fail(err, SC_NOMEM, "no memory for a folder's names");
    if (l->n) qsort(l->v, l->n, sizeof *l->v, by_name);
    return SC_OK;
}

typedef struct walk {
    const char *root;
    sc_walk_fn fn;
    void *self;
    bool ended;
} walk;

/* `path` is empty or ends with '/'; it is put back as it was. */
static sc_rc walk_one(walk *w, sc_buf *path, int depth, sc_err *err) {
    SC_AUTO(names_done) names l = {0};
    char full[PATH_MAX];
    int n = snprintf(full, sizeof full, "%s/%s", w->root, path->p ? path->p : "");
    if (n < 0 || (size_t)n >= sizeof full) return SC_OK; /* too deep for anyone */
    int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return depth ? SC_OK
                     : sc_fail_sys(err, SC_NOT_FOUND, errno, "open the folder %.100s", path->p);
    sc_rc rc = read_names(fd, &l, err);
    size_t base = path->n;
    for (size_t i = 0; i < l.n && !rc && !w->ended; i++) {
        if (!sc_buf_puts(path, l.v[i])) return sc_fail(err, SC_NOMEM, "no memory for a path");
        w->ended = !w->fn(w->self, path->p);
        if (!w->ended && sc_str_ends(sc_buf_str(path), "/") && depth < MAX_DEPTH)
            rc = walk_one(w, path, depth + 1, err);
        path->n = base;
        path->p[base] = 0;
    }
    return rc;
}

sc_rc sc_walk(const char *root, const char *below, sc_walk_fn fn, void *self, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, PATH_MAX);
    walk w = {.root = root, .fn = fn, .self = self};
    sc_buf_puts(&path, below);
    if (path.n && path.p[path.n - 1] != '/') sc_buf_putc(&path, '/');
    return path.failed ? sc_fail(err, SC_INVALID, "the path is too long")
                       : walk_one(&w, &path, 0, err);
}

/* ---- Paths --------------------------------------------------------------------------------------- */

/* Does what is there of the path lie below root? */
static bool leads_out(const char *root, const char *path) {
    char full[PATH_MAX], real_root[PATH_MAX], real[PATH_MAX];
    int n = snprintf(full, sizeof full, "%s/%s", root, path);
    if (n < 0 || (size_t)n >= sizeof full || !realpath(root, real_root)) return true;
    while (!realpath(full, real)) { /* the part of it that is not there yet leads nowhere */
        struct stat s;
        char *slash = strrchr(full, '/');
        if (errno != ENOENT || !lstat(full, &s) || !slash || slash == full) return true;
        *slash = 0;
    }
    size_t len = strlen(real_root);
    return strncmp(real, real_root, len) != 0 || (real[len] && real[len] != '/' && len > 1);
}

sc_rc sc_walk_path(const char *root, sc_str given, bool folder, char *ret, size_t room,
                   sc_err *err) {
    size_t n = 0, len = strlen(root);
    if (!given.p) given = SC_STR("");
    if (memchr(given.p, 0, given.n)) return sc_fail(err, SC_INVALID, "a path with a NUL");
    if (sc_str_starts(given, root) && (given.n == len || given.p[len] == '/'))
        given = (sc_str){given.p + len, given.n - len};
    else if (given.n && given.p[0] == '/')
        return sc_fail(err, SC_INVALID, "only paths below the work folder are allowed");
    sc_str part;
    while (sc_str_next(&given, '/', &part)) {
        if (!part.n || sc_str_is(part, ".")) continue;
        if (sc_str_is(part, "..") || sc_str_ieq(part, SC_STR(".git")))
            return sc_fail(err, SC_INVALID, "a path with %.*s in it is not allowed", SC_FMT(part));
        if (n + part.n + 2 > room) return sc_fail(err, SC_INVALID, "the path is too long");
        if (n) ret[n++] = '/';
        memcpy(ret + n, part.p, part.n);
        n += part.n;
    }
    ret[n] = 0;
    if (!n && !folder) return sc_fail(err, SC_INVALID, "a path is missing");
    return leads_out(root, ret)
               ? sc_fail(err, SC_FORBIDDEN, "%.100s leads out of the work folder", ret)
               : SC_OK;
}
