#include "git/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "git/run.h"

sc_rc sc_git_walk_open(sc_git_walk *w, const char *dir, size_t max_entries, sc_err *err) {
    *w = (sc_git_walk){.max_entries = max_entries};
    sc_arena_init(&w->arena, (size_t)512 << 20);
    w->root = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return w->root >= 0 ? SC_OK : sc_fail_sys(err, SC_IO, errno, "the work folder");
}

void sc_git_walk_close(sc_git_walk *w) {
    if (w->root >= 0) close(w->root);
    sc_arena_done(&w->arena);
    sc_free(w->v);
    *w = (sc_git_walk){.root = -1};
}

/* The folder that holds the last part of path; *ret_name is that part. */
static int parent_of(const sc_git_walk *w, sc_str path, char name[NAME_MAX + 1]) {
    int at = dup(w->root);
    sc_str part = SC_STR_NONE;
    name[0] = 0;
    while (at >= 0 && sc_str_next(&path, '/', &part)) {
        int next = at;
        if (name[0]) next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next != at) {
            int keep = errno;
            close(at);
            errno = keep;
            at = next;
        }
        if (part.n > NAME_MAX) part.n = 0;
        memcpy(name, part.p, part.n);
        name[part.n] = 0;
    }
    return at;
}

int sc_git_walk_file(const sc_git_walk *w, sc_str path, int flags) {
    char name[NAME_MAX + 1];
    SC_AUTO(sc_auto_close) int at = parent_of(w, path, name);
    if (at < 0) return -1;
    return openat(at, name[0] ? name : ".", flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

sc_rc sc_git_walk_link(const sc_git_walk *w, sc_str path, sc_buf *out, sc_err *err) {
    char name[NAME_MAX + 1], target[SC_GIT_MAX_PATH];
    SC_AUTO(sc_auto_close) int at = parent_of(w, path, name);
    ssize_t n = at < 0 ? -1 : readlinkat(at, name, target, sizeof target);
    if (n < 0) return sc_fail_sys(err, SC_IO, errno, "read the link %.*s", SC_FMT(path));
    sc_buf_put(out, target, (size_t)n);
    return SC_OK;
}

static sc_rc add(sc_git_walk *w, int at, sc_str folder, const char *name, sc_err *err) {
    struct stat st;
    if (++w->seen > w->max_entries)
        return sc_fail(err, SC_UNPROCESSABLE, "the work folder holds more than %zu files",
                       w->max_entries);
    if (folder.n + 1 + strlen(name) >= SC_GIT_MAX_PATH)
        return sc_fail(err, SC_UNPROCESSABLE, "a path in the work folder is over %d bytes",
                       SC_GIT_MAX_PATH);
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
        return sc_fail_sys(err, SC_IO, errno, "look at a file of the work folder");
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 256;
        sc_git_found *v = sc_realloc_array(w->v, cap, sizeof *v);
        if (!v) return sc_fail(err, SC_NOMEM, "no memory for the work folder's files");
        w->v = v;
        w->cap = cap;
    }
    char *path = sc_arena_printf(&w->arena, "%.*s%s%s", SC_FMT(folder), folder.n ? "/" : "", name);
    if (!path) return sc_fail(err, SC_NOMEM, "no memory for the work folder's files");
    w->v[w->n++] = (sc_git_found){.path = sc_str_of(path), .st = st};
    return SC_OK;
}

static void close_folder(DIR **d) {
    if (*d) closedir(*d);
}

sc_rc sc_git_walk_folder(sc_git_walk *w, sc_str path, sc_err *err) {
    int fd = sc_git_walk_file(w, path, O_RDONLY | O_DIRECTORY);
    SC_AUTO(close_folder) DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        int why = errno;
        if (fd >= 0) close(fd);
        return sc_fail_sys(err, SC_UNPROCESSABLE, why, "open the folder %.*s", SC_FMT(path));
    }
    sc_rc rc = SC_OK;
    for (const struct dirent *e; !rc && (errno = 0, e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = add(w, dirfd(d), path, e->d_name, err);
    if (!rc && errno) return sc_fail_sys(err, SC_IO, errno, "read a folder");
    return rc;
}
