#include "runners/local/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tree.h"

enum {
    DISK_EVERY_US = 250000,
    TREE_EVERY_US = 200000,
    REST_FACTOR = 20, /* a look that takes long is taken less often: 5 % of a core at most */
    MAX_ENTRIES = 2000000,
};
static const int64_t reserve_bytes = INT64_C(512) << 20;

static int64_t now_us(void) { return sc_mono_us(&sc_clock_system); }

static int64_t next_at(int64_t began, int64_t every) {
    int64_t now = now_us();
    return now + SC_MAX(every, (now - began) * REST_FACTOR);
}

/* ---- Disk -------------------------------------------------------------------------------------------------------- */

/* Files that were removed but are held open, or mapped, are in no folder; so the file system's own count is looked at as
 * well. The last of it (a twentieth, at most 512 MiB) is not for sandboxes: the store may be on the same. */
static bool nearly_full(const char *dir) {
    struct statvfs v;
    if (statvfs(dir, &v) || !v.f_blocks) return false;
    int64_t all = (int64_t)v.f_blocks * (int64_t)v.f_frsize,
            left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    if (left < SC_MIN(all / 20, reserve_bytes)) return true;
    return v.f_files && v.f_favail < SC_MIN(v.f_files / 20, (fsfilcnt_t)50000);
}

static const char *look_at_disk(sc_watch *w) {
    int64_t began = now_us();
    if (began < w->disk_at_us) return NULL;
    sc_tree_size size;
    sc_rc rc = sc_tree_measure(w->work_dir, w->bytes_before + w->limits->disk_bytes, MAX_ENTRIES,
                               &size, NULL);
    w->disk_at_us = next_at(began, DISK_EVERY_US);
    return rc == SC_TOO_LARGE || nearly_full(w->work_dir) ? SC_RUNNER_DISK : NULL;
}

/* ---- Processes, where no control group counts them ------------------------------------------------------------------ */

typedef struct member {
    pid_t pid, parent;
    int64_t bytes;
    bool ours;
} member;

/* /proc/PID/file as a string; false when the process is gone. */
static bool read_proc(pid_t pid, const char *file, char *text, size_t room) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* Memory of its own: resident without what is shared with others. */
static int64_t own_bytes(pid_t pid) {
    char text[128], *end = text;
    if (!read_proc(pid, "statm", text, sizeof text)) return 0;
    (void)strtoll(text, &end, 10);
    int64_t resident = strtoll(end, &end, 10), shared = strtoll(end, NULL, 10);
    return SC_MAX(resident - shared, 0) * sysconf(_SC_PAGESIZE);
}

static pid_t parent_of(pid_t pid) {
    char text[512];
    if (!read_proc(pid, "stat", text, sizeof text)) return 0;
    const char *at = strrchr(text, ')');
    return at && strlen(at) > 4 ? (pid_t)strtol(at + 4, NULL, 10) : 0;
}

static int by_pid(const void *a, const void *b) {
    pid_t x = ((const member *)a)->pid, y = ((const member *)b)->pid;
    return (x > y) - (x < y);
}

static size_t list_processes(member **ret) {
    size_t n = 0, room = 0;
    member *all = NULL;
    DIR *d = opendir("/proc");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9') continue;
        if (n == room) {
            member *more = sc_realloc_array(all, room ? room * 2 : 512, sizeof *all);
            if (!more) break;
            all = more;
            room = room ? room * 2 : 512;
        }
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        all[n++] = (member){.pid = pid, .parent = parent_of(pid)};
    }
    if (d) closedir(d);
    if (n) qsort(all, n, sizeof *all, by_pid);
    *ret = all;
    return n;
}

/* Whose parents lead to the namespace's init: there everyone who is orphaned inside goes. */
static bool leads_to(member *all, size_t n, member *m, pid_t init, int steps) {
    if (m->ours || m->pid == init) return m->ours = true;
    member key = {.pid = m->parent},
           *up = steps > 0 && m->parent ? bsearch(&key, all, n, sizeof *all, by_pid) : NULL;
    return m->ours = up && leads_to(all, n, up, init, steps - 1);
}

static const char *look_at_tree(sc_watch *w) {
    int64_t began = now_us(), bytes = 0, count = 0;
    if (w->group->n || !w->init || began < w->tree_at_us) return NULL;
    SC_AUTO(sc_auto_free) member *all = NULL;
    size_t n = list_processes(&all);
    for (size_t i = 0; i < n; i++) {
        if (!leads_to(all, n, &all[i], w->init, 1000)) continue;
        count++;
        bytes += own_bytes(all[i].pid);
    }
    w->peak_bytes = SC_MAX(w->peak_bytes, bytes);
    w->tree_at_us = next_at(began, TREE_EVERY_US);
    if (bytes > w->limits->memory_bytes) return SC_RUNNER_MEMORY;
    return count >= w->limits->pids ? SC_RUNNER_PIDS : NULL;
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

sc_rc sc_watch_begin(sc_watch *w, const char *work_dir, const sc_runner_limits *limits,
                     const sc_cgroup *group, sc_err *err) {
    *w = (sc_watch){.work_dir = work_dir, .limits = limits, .group = group};
    sc_tree_size size;
    sc_rc rc = sc_tree_measure(work_dir, 0, MAX_ENTRIES, &size, err);
    if (rc) return rc;
    w->bytes_before = size.bytes;
    w->disk_at_us = now_us() + DISK_EVERY_US;
    return SC_OK;
}

const char *sc_watch_look(sc_watch *w) {
    const char *met = sc_cgroup_met(w->group);
    if (!met) met = look_at_tree(w);
    return met ? met : look_at_disk(w);
}
