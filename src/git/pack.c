/* A repository of ours over the years: packed, or removed. See git.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "git/lock.h"
#include "git/run.h"

sc_rc sc_git_has(const sc_git *g, const char *dir, const sc_git_id *id, bool *ret, sc_err *err) {
    const char *const args[] = {"cat-file", "-e", id->text, NULL};
    int exit = 1;
    sc_rc rc =
        sc_git_id_is_set(id)
            ? sc_git_exec(g,
                          &(sc_git_run){.what = "cat-file", .args = args, .dir = dir, .also_ok = 1},
                          &exit, err)
            : SC_OK;
    if (rc && rc != SC_NOT_FOUND) return rc;
    *ret = !rc && exit == 0;
    return SC_OK;
}

static sc_rc note(const char *dir, sc_err *err) {
    char path[SC_GIT_MAX_PATH];
    int n = snprintf(path, sizeof path, "%s/" SC_GIT_PACKED, dir);
    if (n < 0 || n >= (int)sizeof path)
        return sc_fail(err, SC_INVALID, "the repository's path is too long");
    SC_AUTO(sc_auto_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 || futimens(fd, NULL) ? sc_fail_sys(err, SC_IO, errno, "note a packing") : SC_OK;
}

/* Noted first: one that fails is not tried again every hour. */
sc_rc sc_git_pack(const sc_git *g, const char *dir, sc_err *err) {
    SC_AUTO(sc_auto_close) int lock = -1;
    sc_rc rc = sc_git_lock(g, dir, true, &lock, err);
    if (!rc) rc = note(dir, err);
    if (rc) return rc;
    const char *const args[] = {"gc", "--quiet", "--prune=14.days.ago", NULL};
    return sc_git_exec(g, &(sc_git_run){.what = "gc", .args = args, .dir = dir, .hold = lock}, NULL,
                       err);
}

/* Attributes are written anew by every fetch and checkout. */
int64_t sc_git_used_s(const char *dir) {
    char path[SC_GIT_MAX_PATH];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/info/attributes", dir);
    if (n < 0 || n >= (int)sizeof path || (stat(path, &st) && stat(dir, &st))) return INT64_MAX;
    return st.st_mtime;
}

/* *ret: its name from now on. Whoever waits for the lock sees that it is another folder's now. */
static sc_rc take_away(const sc_git *g, const char *dir, int64_t used_s, char ret[SC_GIT_MAX_PATH],
                       sc_err *err) {
    char beside[SC_GIT_MAX_PATH];
    const char *slash = strrchr(dir, '/');
    SC_AUTO(sc_auto_close) int lock = -1;
    if (!slash || slash - dir >= SC_GIT_MAX_PATH)
        return sc_fail(err, SC_INVALID, "the repository's folder must be an absolute path");
    snprintf(beside, sizeof beside, "%.*s", (int)(slash - dir), dir);
    sc_rc rc = sc_git_temp_name(beside, "gone", ret, err);
    if (!rc) rc = sc_git_lock(g, dir, true, &lock, err);
    if (rc) return rc;
    if (sc_git_used_s(dir) > used_s) return sc_fail(err, SC_CONFLICT, "the repository was used");
    return rename(dir, ret) ? sc_fail_sys(err, SC_IO, errno, "remove %s", dir) : SC_OK;
}

sc_rc sc_git_remove(const sc_git *g, const char *dir, int64_t used_s, sc_err *err) {
    char gone[SC_GIT_MAX_PATH];
    sc_err why = {0};
    sc_rc rc = take_away(g, dir, used_s, gone, &why);
    if (!rc) return sc_tree_remove(gone, err);
    if (why.sys == ENOENT) return SC_OK; /* another process was faster */
    if (err) *err = why;
    return rc;
}
