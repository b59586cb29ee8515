#include "runners/local/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME "soulcaster-"
enum { END_STEPS = 3000, END_STEP_MS = 1 };

/* ---- Small files ------------------------------------------------------------------------------------------------- */

/* What the file says, cut at room; empty when it can not be read. */
static sc_str read_file(const char *path, char *room, size_t n) {
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, room, n - 1);
    if (got < 0) got = 0;
    room[got] = 0;
    return (sc_str){room, (size_t)got};
}

static bool path_of(char path[SC_CGROUP_PATH], const char *dir, const char *file) {
    return snprintf(path, SC_CGROUP_PATH, "%s/%s", dir, file) < SC_CGROUP_PATH;
}

static bool write_file(const char *dir, const char *file, const char *text) {
    char path[SC_CGROUP_PATH];
    if (!path_of(path, dir, file)) return false;
    SC_AUTO(sc_auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* "KEY N" in a file of such lines; -1: not there. */
static int64_t count_of(const char *dir, const char *file, const char *key) {
    char path[SC_CGROUP_PATH], room[4096];
    if (!path_of(path, dir, file)) return -1;
    sc_str rest = read_file(path, room, sizeof room), line, word;
    while (sc_str_next(&rest, '\n', &line)) {
        int64_t n = -1;
        if (sc_str_next(&line, ' ', &word) && sc_str_is(word, key) &&
            !sc_num_i64(sc_str_trim(line), 0, INT64_MAX, &n, NULL))
            return n;
    }
    return -1;
}

static bool has_word(sc_str list, char sep, const char *name) {
    sc_str word;
    while (sc_str_next(&list, sep, &word))
        if (sc_str_is(sc_str_trim(word), name)) return true;
    return false;
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

/* Where a hierarchy is mounted: of version 2, or of version 1 with that controller. */
static bool find_mount(const char *controller, char ret_dir[SC_CGROUP_PATH]) {
    char room[32 << 10];
    sc_str rest = read_file("/proc/self/mounts", room, sizeof room), line, at, type, options, skip;
    while (sc_str_next(&rest, '\n', &line)) {
        if (!sc_str_next(&line, ' ', &skip) || !sc_str_next(&line, ' ', &at) ||
            !sc_str_next(&line, ' ', &type) || !sc_str_next(&line, ' ', &options))
            continue;
        bool fits = controller ? sc_str_is(type, "cgroup") && has_word(options, ',', controller)
                               : sc_str_is(type, "cgroup2");
        if (fits && snprintf(ret_dir, SC_CGROUP_PATH, "%.*s", SC_FMT(at)) < SC_CGROUP_PATH)
            return true;
    }
    return false;
}

/* Our own group's folder in that hierarchy: lines "ID:controllers:path". */
static bool find_own(const char *controller, char ret_dir[SC_CGROUP_PATH]) {
    char room[8192], mount[SC_CGROUP_PATH];
    if (!find_mount(controller, mount)) return false;
    sc_str rest = read_file("/proc/self/cgroup", room, sizeof room), line, id, names;
    while (sc_str_next(&rest, '\n', &line)) {
        if (!sc_str_next(&line, ':', &id) || !sc_str_next(&line, ':', &names)) continue;
        if (controller ? !has_word(names, ',', controller) : names.n > 0) continue;
        if (sc_str_is(line, "/")) line.n = 0;
        if (snprintf(ret_dir, SC_CGROUP_PATH, "%s%.*s", mount, SC_FMT(line)) >= SC_CGROUP_PATH)
            return false;
        if (access(ret_dir, F_OK))
            snprintf(ret_dir, SC_CGROUP_PATH, "%s", mount); /* a container's own view */
        return true;
    }
    return false;
}

static bool may_make_in(const char *dir) { return access(dir, W_OK | X_OK) == 0; }

static bool find_v1(sc_cgroups *c) {
    static const char *const names[] = {"memory", "pids", "cpu"};
    for (size_t i = 0; i < SC_LEN(names); i++) {
        if (!find_own(names[i], c->dirs[c->n]) || !may_make_in(c->dirs[c->n])) {
            if (i == 2) continue; /* a smaller share of the processor is welcome, not needed */
            c->n = 0;
            return false;
        }
        c->n++;
    }
    c->version = 1;
    return true;
}

static bool delegate(const char *dir) {
    if (!write_file(dir, "cgroup.subtree_control", "+memory +pids")) return false;
    (void)write_file(dir, "cgroup.subtree_control", "+cpu"); /* as in version 1 */
    return true;
}

static bool find_v2(sc_cgroups *c) {
    char path[SC_CGROUP_PATH], room[512], leaf[SC_CGROUP_PATH];
    char *own = c->dirs[0];
    if (!find_own(NULL, own) || !path_of(path, own, "cgroup.controllers")) return false;
    sc_str has = read_file(path, room, sizeof room);
    if (!has_word(has, ' ', "memory") || !has_word(has, ' ', "pids") || !may_make_in(own))
        return false;
    if (!delegate(own)) {
        bool moved = path_of(leaf, own, NAME "server") && (!mkdir(leaf, 0755) || errno == EEXIST) &&
                     write_file(leaf, "cgroup.procs", "0");
        if (!moved || !delegate(own)) return false;
    }
    c->version = 2;
    c->n = 1;
    return true;
}

void sc_cgroups_find(sc_cgroups *ret) {
    *ret = (sc_cgroups){.version = 0};
    if (find_v2(ret) || find_v1(ret)) return;
    char dir[SC_CGROUP_PATH];
    bool any = find_mount(NULL, dir) || find_mount("memory", dir);
    snprintf(ret->why, sizeof ret->why, "%s",
             any ? "our group may not make others with limits on memory and processes (systemd: "
                   "Delegate=yes)"
                 : "none are mounted");
}

/* ---- One group --------------------------------------------------------------------------------------------------- */

static bool put_number(const char *dir, const char *file, int64_t n) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)n);
    return write_file(dir, file, text);
}

static bool set_limits(const sc_cgroup *g, const sc_runner_limits *l) {
    const int64_t pids = l->pids + 2; /* the launcher's two processes count as well */
    if (g->version == 2) {
        const char *d = g->dirs[0];
        (void)write_file(d, "memory.swap.max", "0"); /* there may be no swap at all */
        (void)write_file(d, "memory.oom.group", "1");
        return put_number(d, "memory.max", l->memory_bytes) && put_number(d, "pids.max", pids);
    }
    return put_number(g->dirs[0], "memory.limit_in_bytes", l->memory_bytes) &&
           put_number(g->dirs[1], "pids.max", pids);
}

sc_rc sc_cgroup_make(const sc_cgroups *base, const char *id, const sc_runner_limits *limits,
                     sc_cgroup *ret, sc_err *err) {
    static _Atomic unsigned long made; /* with our pid: two servers may run a job of one name */
    const unsigned long number = made++;
    *ret = (sc_cgroup){.version = base->version};
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < base->n; i++) {
        char *dir = ret->dirs[i], path[SC_CGROUP_PATH];
        if (snprintf(dir, SC_CGROUP_PATH, "%s/" NAME "%s-%ld-%lu", base->dirs[i], id,
                     (long)getpid(), number) >= SC_CGROUP_PATH) {
            rc = sc_fail(err, SC_IO, "the control groups lie too deep");
            break;
        }
        rc = sc_cgroup_end_dir(dir, err);
        if (rc) break;
        if (mkdir(dir, 0755)) {
            rc = sc_fail_sys(err, SC_IO, errno, "make the control group %s", dir);
            break;
        }
        ret->n++;
        int fd = path_of(path, dir, "cgroup.procs") ? open(path, O_WRONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            rc = sc_fail_sys(err, SC_IO, errno, "open the control group %s", dir);
        else
            ret->join[ret->n_join++] = fd;
    }
    if (!rc && ret->n && !set_limits(ret, limits))
        rc = sc_fail_sys(err, SC_IO, errno, "limit the control group %s", ret->dirs[0]);
    if (rc) sc_cgroup_end(ret, NULL);
    return rc;
}

void sc_cgroup_give_way(const sc_cgroup *g) {
    if (g->version == 2) (void)write_file(g->dirs[0], "cpu.weight", "25");
    if (g->version == 1 && g->n > 2) (void)write_file(g->dirs[2], "cpu.shares", "256");
}

const char *sc_cgroup_met(const sc_cgroup *g) {
    if (!g->n) return NULL;
    const char *pids = g->dirs[g->version == 1 ? 1 : 0];
    if (count_of(g->dirs[0], g->version == 1 ? "memory.oom_control" : "memory.events", "oom_kill") >
        0)
        return SC_RUNNER_MEMORY;
    return count_of(pids, "pids.events", "max") > 0 ? SC_RUNNER_PIDS : NULL;
}

int64_t sc_cgroup_peak_bytes(const sc_cgroup *g) {
    char path[SC_CGROUP_PATH], room[64];
    int64_t n = 0;
    if (!g->n ||
        !path_of(path, g->dirs[0], g->version == 1 ? "memory.max_usage_in_bytes" : "memory.peak"))
        return 0;
    return sc_num_i64(sc_str_trim(read_file(path, room, sizeof room)), 0, INT64_MAX, &n, NULL) ? 0
                                                                                               : n;
}

/* ---- Its end ----------------------------------------------------------------------------------------------------- */

/* By descriptor, and only if it is still in the group then: a number alone may be someone else's by now. */
static void kill_member(pid_t pid, const char *name) {
    char path[64], room[8192];
    SC_AUTO(sc_auto_close) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return;
    snprintf(path, sizeof path, "/proc/%ld/cgroup", (long)pid);
    if (sc_str_find(read_file(path, room, sizeof room), sc_str_of(name)) == SIZE_MAX) return;
    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

static void kill_members(const char *dir, const char *name) {
    char path[SC_CGROUP_PATH], room[16 << 10];
    if (write_file(dir, "cgroup.kill", "1") || !path_of(path, dir, "cgroup.procs")) return;
    sc_str rest = read_file(path, room, sizeof room), line;
    while (sc_str_next(&rest, '\n', &line)) {
        int64_t pid;
        if (!sc_num_i64(line, 1, INT32_MAX, &pid, NULL)) kill_member((pid_t)pid, name);
    }
}

sc_rc sc_cgroup_end_dir(const char *dir, sc_err *err) {
    const char *name = strrchr(dir, '/');
    if (!name || strncmp(name + 1, NAME, strlen(NAME)) != 0)
        return sc_fail(err, SC_INVALID, "%.120s is no group of ours", dir);
    for (int i = 0; i < END_STEPS; i++) {
        if (!rmdir(dir) || errno == ENOENT) return SC_OK;
        if (errno != EBUSY) break;
        kill_members(dir, name + 1);
        poll(NULL, 0, END_STEP_MS);
    }
    return sc_fail_sys(err, SC_IO, errno, "end the control group %s", dir);
}

sc_rc sc_cgroup_end(sc_cgroup *g, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < g->n_join; i++) sc_auto_close(&g->join[i]);
    g->n_join = 0;
    for (size_t i = 0; i < g->n; i++) {
        sc_rc one = sc_cgroup_end_dir(g->dirs[i], rc ? NULL : err);
        if (!rc) rc = one;
    }
    g->n = 0;
    return rc;
}
