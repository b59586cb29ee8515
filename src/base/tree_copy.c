/* A folder twice. See tree.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tree.h"

enum { MAX_LINK = 4096, STEP = 1 << 20 };

typedef struct copying {
    int64_t bytes, max_bytes, entries, max_entries;
    const _Atomic bool *stop;
    sc_err *err;
} copying;

static sc_rc failed(copying *c, const char *name) {
    return sc_fail_sys(c->err, SC_IO, errno, "copy %.100s", name);
}

static sc_rc count(copying *c, int64_t bytes) {
    c->bytes += bytes;
    if (c->stop && *c->stop) return sc_fail(c->err, SC_CANCELLED, "given up");
    return ++c->entries > c->max_entries || c->bytes > c->max_bytes
               ? sc_fail(c->err, SC_TOO_LARGE, "too much to be copied")
               : SC_OK;
}

/* Exactly what was counted, wherever the file ends by now; holes become what they read as. */
static bool copy_bytes(int from, int to, off_t left) {
    while (left > 0) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)SC_MIN(left, (off_t)STEP), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n == 0;
        left -= n;
    }
    return true;
}

static sc_rc copy_file(copying *c, int from_dir, int to_dir, const char *name,
                       const struct stat *st) {
    sc_rc rc = count(c, st->st_size);
    if (rc) return rc;
    SC_AUTO(sc_auto_close)
    int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    SC_AUTO(sc_auto_close)
    int to = from < 0 ? -1 : openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (to < 0 || !copy_bytes(from, to, st->st_size) || fchmod(to, st->st_mode & 0777) ||
        futimens(to, times))
        return failed(c, name);
    return SC_OK;
}

static sc_rc copy_link(copying *c, int from_dir, int to_dir, const char *name) {
    char target[MAX_LINK];
    sc_rc rc = count(c, 0);
    if (rc) return rc;
    ssize_t n = readlinkat(from_dir, name, target, sizeof target - 1);
    if (n < 0) return failed(c, name);
    target[n] = 0;
    return symlinkat(target, to_dir, name) ? failed(c, name) : SC_OK;
}

static void close_folder(DIR **d) {
    if (*d) closedir(*d);
}

static DIR *open_folder(int at, const char *name) {
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d && fd >= 0) close(fd);
    return d;
}

static sc_rc copy_folder(copying *c, int from_at, int to_at, const char *name, int depth);

static sc_rc copy_entry(copying *c, int from, int to, const char *name, int depth) {
    struct stat st;
    if (!strcmp(name, ".") || !strcmp(name, "..")) return SC_OK;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW)) return failed(c, name);
    if (S_ISREG(st.st_mode)) return copy_file(c, from, to, name, &st);
    if (S_ISLNK(st.st_mode)) return copy_link(c, from, to, name);
    if (!S_ISDIR(st.st_mode)) return SC_OK; /* pipes and sockets are nobody's who is gone */
    if (mkdirat(to, name, 0700)) return failed(c, name);
    sc_rc rc = copy_folder(c, from, to, name, depth + 1);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (!rc && (fchmodat(to, name, st.st_mode & 0777, 0) ||
                utimensat(to, name, times, AT_SYMLINK_NOFOLLOW)))
        rc = failed(c, name);
    return rc;
}

static sc_rc copy_folder(copying *c, int from_at, int to_at, const char *name, int depth) {
    sc_rc rc = count(c, 0);
    if (rc) return rc;
    if (depth > SC_TREE_MAX_DEPTH) return sc_fail(c->err, SC_TOO_LARGE, "too deep to be copied");
    SC_AUTO(close_folder) DIR *from = open_folder(from_at, name);
    SC_AUTO(close_folder) DIR *to = from ? open_folder(to_at, name) : NULL;
    if (!to) return failed(c, name);
    for (const struct dirent *e; !rc && (errno = 0, e = readdir(from));)
        rc = copy_entry(c, dirfd(from), dirfd(to), e->d_name, depth);
    return !rc && errno ? failed(c, name) : rc;
}

sc_rc sc_tree_copy(const char *from, const char *to, int64_t max_bytes, int64_t max_entries,
                   const _Atomic bool *stop, sc_err *err) {
    copying c = {.max_bytes = max_bytes, .max_entries = max_entries, .stop = stop, .err = err};
    SC_AUTO(sc_auto_close)
    int from_at = open(from, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from_at < 0) return sc_fail_sys(err, SC_NOT_FOUND, errno, "copy %s", from);
    if (mkdir(to, 0700)) return sc_fail_sys(err, SC_IO, errno, "make %s", to);
    SC_AUTO(sc_auto_close) int to_at = open(to, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to_at < 0) return sc_fail_sys(err, SC_IO, errno, "make %s", to);
    return copy_folder(&c, from_at, to_at, ".", 0);
}
