#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static bool is_dots(const char *name) {
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Opens a folder that is ours even where its mode says no. */
static DIR *open_dir(int at, const char *name) {
    int fd = openat(at, name, DIR_FLAGS);
    if (fd < 0 && errno == EACCES && !fchmodat(at, name, 0700, 0)) fd = openat(at, name, DIR_FLAGS);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d && fd >= 0) close(fd);
    return d;
}

/* ---- Size ---------------------------------------------------------------------------------------- */

typedef struct measure {
    sc_tree_size size;
    int64_t max_bytes, max_entries;
    bool over;
} measure;

static void count(measure *m, const struct stat *st) {
    m->size.bytes += st->st_blocks * INT64_C(512);
    m->size.entries++;
    if (m->max_bytes && m->size.bytes > m->max_bytes) m->over = true;
    if (m->max_entries && m->size.entries > m->max_entries) m->over = true;
}

static void walk(measure *m, DIR *d, int depth) {
    if (depth > SC_TREE_MAX_DEPTH) m->over = true;
    for (struct dirent *e; !m->over && (e = readdir(d));) {
        struct stat st;
        if (is_dots(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        count(m, &st);
        if (!S_ISDIR(st.st_mode) || m->over) continue;
        int fd = openat(dirfd(d), e->d_name, DIR_FLAGS);
        if (fd < 0 && errno == EACCES) m->over = true; /* hidden from us: not to be believed */
        DIR *sub = fd < 0 ? NULL : fdopendir(fd);
        if (!sub) {
            if (fd >= 0) close(fd);
            continue;
        }
        walk(m, sub, depth + 1);
        closedir(sub);
    }
}

sc_rc sc_tree_measure(const char *path, int64_t max_bytes, int64_t max_entries, sc_tree_size *ret,
                      sc_err *err) {
    measure m = {.max_bytes = max_bytes, .max_entries = max_entries};
    int fd = open(path, DIR_FLAGS);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        sc_rc rc =
            sc_fail_sys(err, errno == ENOMEM ? SC_NOMEM : SC_NOT_FOUND, errno, "measure %s", path);
        if (fd >= 0) close(fd);
        return rc;
    }
    walk(&m, d, 0);
    closedir(d);
    *ret = m.size;
    return m.over ? sc_fail(err, SC_TOO_LARGE, "%s is larger or deeper than it may be", path)
                  : SC_OK;
}

/* ---- Removal ------------------------------------------------------------------------------------- */

/* What lies too deep is first moved up into the top folder, under a name of our own, and removed in its turn. */
typedef struct removal {
    int top;
    unsigned long moved;
    int sys; /* the first failure */
} removal;

static void keep_first(removal *r) {
    if (!r->sys && errno != ENOENT) r->sys = errno;
}

static bool move_up(removal *r, int at, const char *name) {
    char to[48];
    do snprintf(to, sizeof to, ".soulcaster-deep-%lu", r->moved++);
    while (renameat(at, name, r->top, to) &&
           (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
    return faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

static void clear(removal *r, DIR *d, int depth);

static void remove_entry(removal *r, DIR *d, const char *name, int depth) {
    if (!unlinkat(dirfd(d), name, 0) || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM) { /* EPERM: what POSIX says of a folder */
        keep_first(r);
        return;
    }
    if (depth >= SC_TREE_MAX_DEPTH && move_up(r, dirfd(d), name)) return;
    DIR *sub = open_dir(dirfd(d), name);
    if (sub) {
        clear(r, sub, depth + 1);
        closedir(sub);
    }
    if (unlinkat(dirfd(d), name, AT_REMOVEDIR)) keep_first(r);
}

static void clear(removal *r, DIR *d, int depth) {
    fchmod(dirfd(d), 0700); /* may fail where it is not ours; then unlinkat says so */
    for (struct dirent *e; (e = readdir(d));)
        if (!is_dots(e->d_name)) remove_entry(r, d, e->d_name, depth);
}

sc_rc sc_tree_remove(const char *path, sc_err *err) {
    removal r = {.top = -1};
    if (!unlinkat(AT_FDCWD, path, 0) || errno == ENOENT) return SC_OK;
    if (errno != EISDIR && errno != EPERM) return sc_fail_sys(err, SC_IO, errno, "remove %s", path);
    DIR *d = open_dir(AT_FDCWD, path);
    if (!d) return sc_fail_sys(err, SC_IO, errno, "remove %s", path);
    r.top = dirfd(d);
    unsigned long moved;
    do { /* again while something was moved up: readdir may have been past it */
        moved = r.moved;
        rewinddir(d);
        clear(&r, d, 0);
    } while (r.moved > moved && !r.sys);
    closedir(d);
    if (rmdir(path) && errno != ENOENT) keep_first(&r);
    return r.sys ? sc_fail_sys(err, SC_IO, r.sys, "remove %s", path) : SC_OK;
}
