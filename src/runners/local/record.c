#include "runners/local/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json.h"
#include "base/tree.h"
#include "proc/proc.h"
#include "runners/local/plan.h"

enum { MAX_RECORD = 16 << 10, ENDS_WITHIN_MS = 3000 };

/* ---- Which process ----------------------------------------------------------------------------------------------- */

/* Boot and pid namespace: numbers mean something only within both. */
static void world(char ret[96]) {
    char boot[40] = "";
    struct stat ns = {.st_ino = 0};
    SC_AUTO(sc_auto_close) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, boot, 36);
    boot[n > 0 ? n : 0] = 0;
    if (stat("/proc/self/ns/pid", &ns)) ns.st_ino = 0;
    snprintf(ret, 96, "%s/%llu", boot, (unsigned long long)ns.st_ino);
}

static sc_rc end_process(pid_t pid, uint64_t start, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0 || sc_proc_start_time(pid) != start) return SC_OK; /* gone, or somebody else */
    if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) && errno != ESRCH)
        return sc_fail_sys(err, SC_IO, errno, "end process %ld", (long)pid);
    struct pollfd p = {fd, POLLIN, 0};
    while (poll(&p, 1, ENDS_WITHIN_MS) < 0 && errno == EINTR) {
    }
    return p.revents ? SC_OK : sc_fail(err, SC_TIMEOUT, "process %ld does not end", (long)pid);
}

/* Processes and groups of a record; *ret_remove (room bytes) is the folder that it names, or empty. */
static sc_rc end_recorded(sc_str text, char *ret_remove, size_t room, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    ret_remove[0] = 0;
    if (sc_json_parse(text, &v, NULL))
        return SC_OK; /* its owner died before anything was started */
    char here[96];
    world(here);
    sc_rc rc = SC_OK;
    json_int_t pid = json_integer_value(json_object_get(v, "pid"));
    if (pid > 0 && pid <= INT32_MAX && sc_str_is(sc_json_str_at(v, "world"), here))
        rc =
            end_process((pid_t)pid, (uint64_t)json_integer_value(json_object_get(v, "start")), err);
    size_t i;
    json_t *dir;
    json_array_foreach(json_object_get(v, "groups"), i, dir) {
        if (!rc && json_is_string(dir)) rc = sc_cgroup_end_dir(json_string_value(dir), err);
    }
    snprintf(ret_remove, room, "%.*s", SC_FMT(sc_json_str_at(v, "remove")));
    return rc;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* The file is still the one of that name: its last holder may have removed it while we waited for nothing. */
static bool is_still(int fd, const char *path) {
    struct stat a, b;
    return !fstat(fd, &a) && !lstat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* SC_CONFLICT: locked by who lives. */
static sc_rc take(const char *path, int flags, int *ret_fd, sc_err *err) {
    for (;;) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
        if (fd < 0)
            return sc_fail_sys(err, errno == ENOENT ? SC_NOT_FOUND : SC_IO, errno, "open %s", path);
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            sc_rc rc = errno == EWOULDBLOCK ? sc_fail(err, SC_CONFLICT, "it is running already")
                                            : sc_fail_sys(err, SC_IO, errno, "lock %s", path);
            close(fd);
            return rc;
        }
        if (is_still(fd, path)) {
            *ret_fd = fd;
            return SC_OK;
        }
        close(fd);
    }
}

static sc_str read_record(int fd, char room[MAX_RECORD]) {
    ssize_t n = pread(fd, room, MAX_RECORD, 0);
    return (sc_str){room, n > 0 ? (size_t)n : 0};
}

sc_rc sc_record_open(const char *state_dir, const char *id, sc_record *ret, sc_err *err) {
    sc_record r = {.fd = -1};
    if (snprintf(r.path, sizeof r.path, "%s/%s.json", state_dir, id) >= (int)sizeof r.path)
        return sc_fail(err, SC_INVALID, "the state's folder lies too deep");
    if (mkdir(state_dir, 0700) && errno != EEXIST)
        return sc_fail_sys(err, SC_IO, errno, "make %s", state_dir);
    sc_rc rc = take(r.path, O_CREAT, &r.fd, err);
    if (rc) return rc;
    char text[MAX_RECORD], remove[1100];
    rc = end_recorded(read_record(r.fd, text), remove, sizeof remove, err);
    if (!rc && ftruncate(r.fd, 0)) rc = sc_fail_sys(err, SC_IO, errno, "write %s", r.path);
    if (rc)
        close(r.fd);
    else
        *ret = r;
    return rc;
}

sc_rc sc_record_write(sc_record *r, pid_t pid, const sc_cgroup *g, const char *remove_dir,
                      sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    char here[96];
    world(here);
    sc_buf_init(&b, MAX_RECORD);
    sc_buf_puts(&b, "{\"world\":");
    sc_buf_put_json(&b, sc_str_of(here));
    sc_buf_putf(&b, ",\"pid\":%ld,\"start\":%llu,\"groups\":[", (long)pid,
                (unsigned long long)(pid ? sc_proc_start_time(pid) : 0));
    for (size_t i = 0; i < g->n; i++) {
        sc_buf_puts(&b, i ? "," : "");
        sc_buf_put_json(&b, sc_str_of(g->dirs[i]));
    }
    sc_buf_puts(&b, "],\"remove\":");
    sc_buf_put_json(&b, sc_str_of(remove_dir ? remove_dir : ""));
    sc_buf_puts(&b, "}\n");
    sc_rc rc = sc_buf_check(&b, "the sandbox's record", err);
    if (!rc && (pwrite(r->fd, b.p, b.n, 0) != (ssize_t)b.n || ftruncate(r->fd, (off_t)b.n)))
        rc = sc_fail_sys(err, SC_IO, errno, "write %s", r->path);
    return rc;
}

void sc_record_close(sc_record *r) {
    unlink(r->path);
    sc_auto_close(&r->fd);
    r->fd = -1;
}

/* ---- Sweeping ---------------------------------------------------------------------------------------------------- */

/* The folder goes first, the record last, so that a crash repeats it. */
static sc_rc sweep_one(const char *path, size_t *n, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = -1;
    sc_rc rc = take(path, 0, &fd, err);
    if (rc == SC_CONFLICT || rc == SC_NOT_FOUND) return SC_OK; /* alive, or just over */
    if (rc) return rc;
    char text[MAX_RECORD], remove[1100];
    rc = end_recorded(read_record(fd, text), remove, sizeof remove, err);
    if (!rc && sc_path_plain(remove)) rc = sc_tree_remove(remove, err);
    if (rc) return rc;
    unlink(path);
    ++*n;
    return SC_OK;
}

sc_rc sc_record_sweep(const char *state_dir, size_t *ret_n, sc_err *err) {
    size_t n = 0;
    sc_rc rc = SC_OK;
    DIR *d = opendir(state_dir);
    if (!d && errno != ENOENT) return sc_fail_sys(err, SC_IO, errno, "open %s", state_dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[1200];
        if (!sc_str_ends(sc_str_of(e->d_name), ".json") ||
            snprintf(path, sizeof path, "%s/%s", state_dir, e->d_name) >= (int)sizeof path)
            continue;
        sc_rc one =
            sweep_one(path, &n, rc ? NULL : err); /* one that fails does not keep the others */
        if (!rc) rc = one;
    }
    if (d) closedir(d);
    *ret_n = n;
    return rc;
}
