#include "git/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "git/run.h"

enum { LOOK_EVERY_MS = 10, OLD_S = 24 * 3600 };

static sc_rc wait_for(const sc_git *g, int fd, int how, sc_err *err) {
    const struct timespec rest = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    int64_t start_us = sc_mono_us(&sc_clock_system);
    while (flock(fd, how | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return sc_fail_sys(err, SC_IO, errno, "lock the repository");
        if (g->stop && *g->stop) return sc_fail(err, SC_CANCELLED, "given up");
        if (g->timeout_ms && sc_mono_us(&sc_clock_system) - start_us > g->timeout_ms * 1000)
            return sc_fail(err, SC_TIMEOUT, "the repository is in use");
        nanosleep(&rest, NULL);
    }
    return SC_OK;
}

/* Whoever held it meanwhile may have removed the folder with it. */
static bool is_there(int fd, const char *path) {
    struct stat held, there;
    return !fstat(fd, &held) && !lstat(path, &there) && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

sc_rc sc_git_lock(const sc_git *g, const char *dir, bool alone, int *ret_fd, sc_err *err) {
    char path[SC_GIT_MAX_PATH];
    int n = snprintf(path, sizeof path, "%s/soulcaster.lock", dir);
    if (n < 0 || n >= (int)sizeof path)
        return sc_fail(err, SC_INVALID, "the repository's path is too long");
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "the repository's lock");
        sc_rc rc = wait_for(g, fd, alone ? LOCK_EX : LOCK_SH, err);
        if (!rc && is_there(fd, path)) {
            *ret_fd = fd;
            return SC_OK;
        }
        close(fd);
        if (rc) return rc;
    }
}

static void sweep_folder(const char *dir, const char *below, bool indexes) {
    char path[2 * SC_GIT_MAX_PATH];
    snprintf(path, sizeof path, "%s%s", dir, below);
    DIR *d = opendir(path);
    if (!d) return; /* nothing was kept there yet */
    time_t now = time(NULL);
    for (const struct dirent *e; (e = readdir(d));) {
        sc_str name = sc_str_of(e->d_name);
        struct stat st;
        /* A checkout has an index of its own, and holds no lock of ours. */
        bool index = sc_str_starts(name, "soulcaster-index-");
        bool lock = sc_str_ends(name, ".lock") && !index && !sc_str_is(name, "soulcaster.lock");
        bool old = indexes && index && !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
                   st.st_mtime + OLD_S < now;
        if (lock || old) unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

void sc_git_sweep(const char *dir) {
    sweep_folder(dir, "", true); /* shallow.lock, packed-refs.lock, ... */
    sweep_folder(dir, "/refs/soulcaster/base", false);
}
