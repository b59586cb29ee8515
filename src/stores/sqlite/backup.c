/* A consistent copy into a new file, while others read and write. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stores/sqlite/steps.h"

enum { PAGES_A_STEP = 256 };

typedef struct backup_step {
    const char *path;    /* where it will be                        */
    char part[PATH_MAX]; /* where it grows                        */
    char dir[PATH_MAX];
    sc_progress_fn progress;
    void *progress_self;
} backup_step;

static sc_rc plan(backup_step *b, sc_err *err) {
    unsigned char r[6];
    char hex[13];
    const char *slash = strrchr(b->path, '/');
    sc_random(r, sizeof r);
    sc_hex_encode(r, sizeof r, hex);
    int n = snprintf(b->part, sizeof b->part, "%s.%s.part", b->path, hex);
    if (n < 0 || (size_t)n >= sizeof b->part || !*b->path)
        return sc_fail_field(err, SC_INVALID, "path", "not a usable file name");
    snprintf(b->dir, sizeof b->dir, "%.*s", slash ? (int)(slash - b->path) + 1 : 1,
             slash ? b->path : ".");
    struct stat st;
    if (lstat(b->path, &st) == 0)
        return sc_fail_field(err, SC_CONFLICT, "path", "%.150s exists already: name a new file",
                             b->path);
    int fd = open(b->part, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "make %.150s", b->part);
    close(fd);
    return SC_OK;
}

static sc_rc to_failed(sqlite3 *to, const backup_step *b, int code, sc_err *err) {
    if ((code & 0xff) == SQLITE_NOMEM) return sc_fail(err, SC_NOMEM, "no memory for the backup");
    return sc_fail(err, SC_IO, "write the backup %.100s: %s", b->path,
                   to ? sqlite3_errmsg(to) : sqlite3_errstr(code));
}

static sc_rc copy_pages(sc_sq_conn *c, sqlite3 *to, backup_step *b, sc_err *err) {
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", c->db, "main");
    if (!copy) return to_failed(to, b, sqlite3_errcode(to), err);
    int code = SQLITE_OK;
    bool stopped = false;
    while (code == SQLITE_OK && !stopped) {
        code = sqlite3_backup_step(copy, PAGES_A_STEP);
        int64_t total = sqlite3_backup_pagecount(copy), left = sqlite3_backup_remaining(copy);
        if (b->progress && !b->progress(b->progress_self, total - left, total)) stopped = true;
    }
    int end = sqlite3_backup_finish(copy);
    if (code == SQLITE_DONE && end == SQLITE_OK) return SC_OK; /* stopped too late: it is whole */
    if (stopped && code == SQLITE_OK) return sc_fail(err, SC_CANCELLED, "the backup was stopped");
    code = end ? end : code;
    /* Which side failed shows in whose error it is. */
    return (sqlite3_errcode(c->db) & 0xff) == (code & 0xff) ? sc_sq_fail(c, code, err)
                                                            : to_failed(to, b, code, err);
}

/* The reader's transaction stays open throughout: all steps copy the same snapshot, and writers do
 * not make it start over. No syncing page by page: one fsync at the end is enough. */
static sc_rc copy(sc_sq_conn *c, backup_step *b, sc_err *err) {
    sqlite3 *to = NULL;
    int64_t projects;
    sc_rc rc = sc_query_scalar(c, "SELECT count(*) FROM project", 0, &projects,
                               err); /* takes the snapshot */
    if (rc) return rc;
    int code = sqlite3_open_v2(b->part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!code)
        code = sqlite3_exec(to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", NULL, NULL,
                            NULL);
    rc = code ? to_failed(to, b, code, err) : copy_pages(c, to, b, err);
    if (sqlite3_close(to) && !rc) rc = sc_fail(err, SC_IO, "close the backup %.100s", b->path);
    return rc;
}

static sc_rc sync_path(const char *path, int flags, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 || fsync(fd)) return sc_fail_sys(err, SC_IO, errno, "write %.150s to disk", path);
    return SC_OK;
}

/* Takes its name only when all of it is on disk, and never over another file. */
static sc_rc publish(backup_step *b, sc_err *err) {
    sc_rc rc = sync_path(b->part, O_RDWR, err);
    if (rc) return rc;
    if (renameat2(AT_FDCWD, b->part, AT_FDCWD, b->path, RENAME_NOREPLACE) == 0)
        return sync_path(b->dir, O_RDONLY | O_DIRECTORY, err);
    int sys = errno;
    if (sys == EINVAL ||
        sys == ENOSYS) { /* a file system without it: link refuses to replace too */
        if (link(b->part, b->path) == 0) {
            unlink(b->part);
            return sync_path(b->dir, O_RDONLY | O_DIRECTORY, err);
        }
        sys = errno;
    }
    if (sys == EEXIST)
        return sc_fail_field(err, SC_CONFLICT, "path", "%.150s exists already: name a new file",
                             b->path);
    return sc_fail_sys(err, SC_IO, sys, "name the backup %.150s", b->path);
}

sc_rc sc_sq_backup(void *self, const char *path, sc_progress_fn progress, void *progress_self,
                   sc_err *err) {
    backup_step b = {.path = path, .progress = progress, .progress_self = progress_self};
    sc_sq_conn *c;
    sc_rc rc = plan(&b, err);
    if (rc) return rc;
    rc = sc_sq_read_begin(self, &c, err);
    if (!rc) rc = sc_sq_read_end(c, copy(c, &b, err));
    if (!rc) rc = publish(&b, err);
    if (rc) unlink(b.part);
    return rc;
}
