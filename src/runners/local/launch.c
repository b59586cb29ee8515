#include "runners/local/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/proc.h"
#include "runners/local/record.h"
#include "runners/local/seccomp.h"
#include "runners/local/watch.h"

enum { READY_WITHIN_MS = 10000, GONE_WITHIN_MS = 3000, SAID_ROOM = 400 };

typedef struct launch {
    const sc_runner_spec *spec;
    const sc_plan *plan;
    sc_launch_output output;
    void *at;
    sc_record record;
    sc_cgroup group;
    sc_watch watch;
    /* Ours first, bubblewrap's second. */
    int status[2], block[2];
    int given[8 + SC_PLAN_MAX_FILES]; /* the rest of bubblewrap's */
    sc_proc_fd fds[8 + SC_PLAN_MAX_FILES];
    size_t n_given, n_fds;
    unsigned ticks;
    int init; /* pidfd of the namespace's init; -1: there is none (yet) */
    char status_text[1024];
    size_t n_status;
    char said[SAID_ROOM]; /* the beginning of stderr: bubblewrap's own complaints */
    size_t n_said;
    sc_rc rc; /* of what a callback could not do */
    sc_err err;
} launch;

/* ---- Descriptors that bubblewrap gets ------------------------------------------------------------------------------ */

static void give(launch *l, int fd, int as) {
    l->given[l->n_given++] = fd;
    l->fds[l->n_fds++] = (sc_proc_fd){fd, as};
}

static sc_rc give_bytes(launch *l, sc_str bytes, int as, sc_err *err) {
    int fd = memfd_create("sandbox", MFD_CLOEXEC);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "make a file in memory");
    give(l, fd, as);
    for (size_t done = 0; done < bytes.n;) {
        ssize_t n = write(fd, bytes.p + done, bytes.n - done);
        if (n < 0 && errno != EINTR)
            return sc_fail_sys(err, SC_IO, errno, "write a file in memory");
        if (n > 0) done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return SC_OK;
}

/* By descriptor: what is mounted is what was looked at. A link on the way to it would be another folder. */
static sc_rc give_work_tree(launch *l, sc_err *err) {
    const char *dir = l->spec->work_dir;
    char self[64], real[1100];
    int fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return sc_fail_sys(err, SC_INVALID, errno, "the work tree %s", dir);
    give(l, fd, SC_PLAN_FD_WORK);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(self, real, sizeof real - 1);
    real[n > 0 ? n : 0] = 0;
    return strcmp(real, dir)
               ? sc_fail(err, SC_INVALID, "the work tree %.80s is really %.80s", dir, real)
               : SC_OK;
}

static sc_rc give_all(launch *l, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf args;
    struct sock_filter filter[SC_SECCOMP_ROOM];
    size_t n = sc_seccomp_filter(filter);
    if (!n) return sc_fail(err, SC_IO, "there is no system call filter for this processor");
    sc_buf_init(&args, 1 << 20);
    if (!sc_plan_args(l->plan, &args)) return sc_buf_check(&args, "the sandbox's arguments", err);
    sc_rc rc = give_bytes(l, sc_buf_str(&args), SC_PLAN_FD_ARGS, err);
    if (!rc)
        rc = give_bytes(l, (sc_str){(const char *)filter, n * sizeof *filter}, SC_PLAN_FD_FILTER,
                        err);
    if (!rc) rc = give_work_tree(l, err);
    for (size_t i = 0; !rc && i < l->plan->n; i++)
        if (l->plan->steps[i].kind == SC_PLAN_DATA)
            rc = give_bytes(l, l->plan->steps[i].bytes, l->plan->steps[i].fd, err);
    if (rc) return rc;
    if (pipe2(l->status, O_CLOEXEC) || pipe2(l->block, O_CLOEXEC))
        return sc_fail_sys(err, SC_IO, errno, "make a pipe");
    l->fds[l->n_fds++] = (sc_proc_fd){l->status[1], SC_PLAN_FD_STATUS};
    l->fds[l->n_fds++] = (sc_proc_fd){l->block[0], SC_PLAN_FD_BLOCK};
    return SC_OK;
}

static void close_one(int *fd) {
    sc_auto_close(fd);
    *fd = -1;
}

/* ---- While it runs -------------------------------------------------------------------------------------------------- */

static void on_output(void *self, sc_proc_stream stream, sc_str bytes) {
    launch *l = self;
    if (stream == SC_PROC_ERR && l->n_said < SAID_ROOM - 1) {
        size_t n = SC_MIN(bytes.n, SAID_ROOM - 1 - l->n_said);
        memcpy(l->said + l->n_said, bytes.p, n);
        l->n_said += n;
    }
    if (l->output) l->output(l->at, (int)stream, bytes);
}

/* More of bubblewrap's status: 1; its end: 0; -1: nothing in time. */
static int read_status(launch *l, int within_ms) {
    struct pollfd p = {l->status[0], POLLIN, 0};
    int n;
    while ((n = poll(&p, 1, within_ms)) < 0 && errno == EINTR) {
    }
    if (n <= 0 || l->n_status >= sizeof l->status_text) return -1;
    ssize_t got =
        read(l->status[0], l->status_text + l->n_status, sizeof l->status_text - l->n_status);
    if (got > 0) l->n_status += (size_t)got;
    return got > 0;
}

/* A member of bubblewrap's status, lines of JSON objects with a number each; -1: not said. A whole line only. */
static int64_t status_of(const launch *l, const char *key) {
    sc_str rest = {l->status_text, l->n_status};
    int64_t n;
    for (size_t end; (end = sc_str_find(rest, SC_STR("\n"))) != SIZE_MAX;
         rest.p += end + 1, rest.n -= end + 1) {
        size_t at = sc_str_find((sc_str){rest.p, end}, sc_str_of(key));
        if (at == SIZE_MAX) continue;
        sc_str value = {rest.p + at + strlen(key), end - at - strlen(key)};
        while (value.n && (value.p[0] == ' ' || value.p[0] == ':')) value.p++, value.n--;
        for (size_t i = 0; i < value.n; i++)
            if (value.p[i] < '0' || value.p[i] > '9') value.n = i;
        if (!sc_num_i64(value, 0, INT32_MAX, &n, NULL)) return n;
    }
    return -1;
}

/* Processes are counted from here on: limited earlier, the number would count all of this user's. */
static sc_rc limit_init(const launch *l, pid_t pid, sc_err *err) {
    const struct rlimit pids = {(rlim_t)l->plan->limits.pids, (rlim_t)l->plan->limits.pids};
    return prlimit(pid, RLIMIT_NPROC, &pids, NULL)
               ? sc_fail_sys(err, SC_IO, errno, "limit the sandbox")
               : SC_OK;
}

/* bubblewrap has made the namespaces and waits. Its init is noted down before anything of the program runs. */
static void on_started(void *self, pid_t bwrap) {
    launch *l = self;
    (void)bwrap;
    close_one(&l->status[1]);
    close_one(&l->block[0]);
    int64_t pid = -1;
    while ((pid = status_of(l, "\"child-pid\"")) < 0) {
        int more = read_status(l, READY_WITHIN_MS);
        if (more < 0)
            l->rc = sc_fail(&l->err, SC_TIMEOUT, "the sandbox is not ready after %d s",
                            READY_WITHIN_MS / 1000);
        if (more <= 0) return; /* at its end it failed, and says why on stderr */
    }
    l->init = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (l->init < 0) {
        l->rc = sc_fail_sys(&l->err, SC_IO, errno, "watch the sandbox");
    } else {
        l->rc = sc_record_write(&l->record, (pid_t)pid, &l->group, l->spec->remove_dir, &l->err);
        if (!l->rc) l->rc = limit_init(l, (pid_t)pid, &l->err);
    }
    l->watch.init = (pid_t)pid;
    if (!l->rc && write(l->block[1], "1", 1) != 1)
        l->rc = sc_fail_sys(&l->err, SC_IO, errno, "start the sandbox");
}

static const char *on_tick(void *self) {
    launch *l = self;
    if (l->ticks++ == 1)
        sc_cgroup_give_way(&l->group); /* the first comes at once: starting is not slowed down */
    return l->rc ? "failed" : sc_watch_look(&l->watch);
}

/* ---- Its end --------------------------------------------------------------------------------------------------------- */

/* The namespace's init ends when everything in it has. */
static sc_rc see_it_gone(launch *l, sc_err *err) {
    sc_rc rc = SC_OK;
    if (l->init >= 0) {
        struct pollfd p = {l->init, POLLIN, 0};
        syscall(SYS_pidfd_send_signal, l->init, SIGKILL, NULL, 0);
        while (poll(&p, 1, GONE_WITHIN_MS) < 0 && errno == EINTR) {
        }
        if (!p.revents) rc = sc_fail(err, SC_IO, "the sandbox does not end");
    }
    sc_rc ended = sc_cgroup_end(&l->group, rc ? NULL : err);
    return rc ? rc : ended;
}

static sc_rc could_not(const launch *l, const sc_proc_end *end, sc_err *err) {
    if (end->signal)
        return sc_fail(err, SC_IO, "the sandbox was ended by signal %d from outside", end->signal);
    sc_str said = sc_str_trim((sc_str){l->said, l->n_said});
    sc_rc rc = sc_str_starts(said, "bwrap: execvp") ? SC_NOT_FOUND : SC_IO;
    return sc_fail(err, rc, "the sandbox could not be started: %.*s", SC_FMT(said));
}

static sc_rc conclude(launch *l, const sc_proc_end *end, const char *met, sc_runner_end *ret,
                      sc_err *err) {
    while (read_status(l, 0) > 0) {
    }
    int64_t exit = status_of(l, "\"exit-code\"");
    *ret = (sc_runner_end){.exit = exit >= 0 ? (int)exit : 128 + SIGKILL,
                           .killed_for = end->ended_for,
                           .wall_us = end->wall_us,
                           .memory_peak_bytes = l->watch.peak_bytes};
    if (ret->killed_for) return SC_OK;
    if (ret->exit && met) { /* it ended by itself, of what the kernel did to it */
        ret->killed_for = met;
        return SC_OK;
    }
    if (exit < 0) return could_not(l, end, err);
    if (ret->exit == 128 + SIGXCPU) ret->killed_for = SC_RUNNER_CPU;
    return SC_OK;
}

/* 1 where that can be had (keep_core_limit of seccomp.c says why); under a hard limit of 0 it is 0, unless the kernel would start
 * a program of the machine all the same. */
static sc_rc core_limit(uint64_t *ret, sc_err *err) {
    struct rlimit has;
    if (getrlimit(RLIMIT_CORE, &has)) return sc_fail_sys(err, SC_IO, errno, "read our limits");
    *ret = has.rlim_max ? 1 : 0;
    if (*ret) return SC_OK;
    char first = 0;
    SC_AUTO(sc_auto_close)
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, &first, 1) != 1)
        return sc_fail_sys(err, SC_IO, errno, "read kernel.core_pattern");
    if (first != '|' && first != '@') return SC_OK; /* a program; a socket, of newer kernels */
    return sc_fail(err, SC_UNPROCESSABLE,
                   "a crash in a sandbox would start a program outside (kernel.core_pattern), and "
                   "our hard limit on core files is 0: make it at least 1 (LimitCORE=1, ulimit "
                   "-Hc 1)");
}

static sc_rc run_it(launch *l, sc_arena *arena, const _Atomic bool *stop, sc_proc_end *end,
                    sc_err *err) {
    const sc_runner_limits *m = &l->plan->limits;
    uint64_t core;
    sc_rc rc = core_limit(&core, err);
    if (rc) return rc;
    const sc_proc_limit limits[] = {
        {RLIMIT_CORE, core, 0},
        {RLIMIT_CPU, (uint64_t)m->cpu_s, 5}, /* SIGXCPU first: so it can be told from other ends */
        {RLIMIT_FSIZE, (uint64_t)m->disk_bytes, 0},
        {RLIMIT_NOFILE, SC_MIN(4096, (uint64_t)sysconf(_SC_OPEN_MAX)), 0},
        {RLIMIT_MEMLOCK, 1 << 20, 0},
        {RLIMIT_MSGQUEUE, 0, 0}};
    char fd[16];
    const char *const *command = NULL;
    rc = sc_plan_command(l->plan, arena, &command, err);
    size_t n = 0;
    while (!rc && command[n]) n++;
    const char **argv = rc ? NULL : sc_arena_take_array(arena, n + 5, sizeof *argv);
    if (!argv) return rc ? rc : sc_fail(err, SC_NOMEM, "no memory for the command");
    snprintf(fd, sizeof fd, "%d", SC_PLAN_FD_ARGS);
    argv[0] = l->plan->bwrap;
    argv[1] = "--args";
    argv[2] = fd;
    argv[3] = "--";
    memcpy(argv + 4, command, n * sizeof *argv);
    return sc_proc_run(&(sc_proc_spec){.argv = argv,
                                       .cwd = "/",
                                       .fds = l->fds,
                                       .n_fds = l->n_fds,
                                       .limits = limits,
                                       .n_limits = SC_LEN(limits),
                                       .join = l->group.join,
                                       .n_join = l->group.n_join,
                                       .nice = l->group.n ? 0 : 5,
                                       .first_to_die = true,
                                       .output = on_output,
                                       .started = on_started,
                                       .tick = on_tick,
                                       .self = l,
                                       .timeout_ms = m->wall_ms,
                                       .stop = stop,
                                       .max_output_bytes = m->output_bytes},
                       end, err);
}

/* Everything that was opened is ended here, whatever happened. */
static sc_rc carry_out(launch *l, const sc_cgroups *groups, sc_arena *arena,
                       const _Atomic bool *stop, sc_runner_end *ret, sc_err *err) {
    sc_proc_end end = {.exit = -1};
    sc_rc rc = give_all(l, err);
    if (!rc) rc = sc_cgroup_make(groups, l->spec->id, &l->plan->limits, &l->group, err);
    if (!rc) rc = sc_record_write(&l->record, 0, &l->group, l->spec->remove_dir, err);
    if (!rc) rc = sc_watch_begin(&l->watch, l->spec->work_dir, &l->plan->limits, &l->group, err);
    if (!rc) rc = run_it(l, arena, stop, &end, err);
    const char *met = sc_cgroup_met(&l->group);
    l->watch.peak_bytes = SC_MAX(l->watch.peak_bytes, sc_cgroup_peak_bytes(&l->group));
    if (rc)
        see_it_gone(l, NULL);
    else
        rc = see_it_gone(l, err);
    if (!rc && l->rc) {
        rc = l->rc;
        if (err) *err = l->err;
    }
    return rc ? rc : conclude(l, &end, met, ret, err);
}

sc_rc sc_launch(const sc_runner_spec *spec, const sc_local_facts *facts, const sc_cgroups *groups,
                sc_launch_output output, void *at, const _Atomic bool *stop, sc_runner_end *ret,
                sc_err *err) {
    if (!facts->bwrap) return sc_fail(err, SC_IO, "bubblewrap is missing: see soulcaster doctor");
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_runner_spec real;
    sc_plan plan;
    sc_rc rc = sc_plan_make(spec, facts, &arena, &plan, err); /* first as it was asked for */
    if (!rc) rc = sc_launch_resolve(spec, &arena, &real, err);
    if (!rc) rc = sc_plan_make(&real, facts, &arena, &plan, err);
    if (!rc) rc = sc_plan_check(&plan, real.work_dir, err);
    if (rc) return rc;
    launch l = {.spec = &real,
                .plan = &plan,
                .output = output,
                .at = at,
                .status = {-1, -1},
                .block = {-1, -1},
                .init = -1};
    rc = sc_record_open(spec->state_dir, spec->id, &l.record, err);
    if (rc) return rc;
    rc = carry_out(&l, groups, &arena, stop, ret, err);
    int *all[] = {&l.status[0], &l.status[1], &l.block[0], &l.block[1], &l.init};
    for (size_t i = 0; i < SC_LEN(all); i++) sc_auto_close(all[i]);
    for (size_t i = 0; i < l.n_given; i++) sc_auto_close(&l.given[i]);
    sc_record_close(&l.record);
    return rc;
}

sc_rc sc_launch_resolve(const sc_runner_spec *spec, sc_arena *arena, sc_runner_spec *ret,
                        sc_err *err) {
    *ret = *spec;
    sc_runner_bind *binds = sc_arena_take_array(arena, spec->n_binds + 1, sizeof *binds);
    char *real = sc_arena_take(arena, 4097);
    if (!binds || !real) return sc_fail(err, SC_NOMEM, "no memory for the sandbox's plan");
    for (size_t i = 0; i < spec->n_binds; i++) {
        if (!realpath(spec->binds[i].host, real))
            return sc_fail_sys(err, SC_NOT_FOUND, errno, "bind %s", spec->binds[i].host);
        bool same = !strcmp(real, spec->binds[i].host);
        binds[i] =
            (sc_runner_bind){same ? spec->binds[i].host : sc_arena_copy(arena, real, strlen(real)),
                             spec->binds[i].inside};
        if (!binds[i].host) return sc_fail(err, SC_NOMEM, "no memory for the sandbox's plan");
    }
    ret->binds = binds;
    for (size_t i = 0; i < spec->n_sockets; i++) {
        struct stat st;
        if (lstat(spec->sockets[i].host, &st) || !S_ISSOCK(st.st_mode))
            return sc_fail(err, SC_NOT_FOUND, "%.150s is no socket", spec->sockets[i].host);
    }
    return SC_OK;
}
