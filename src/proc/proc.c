#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    READ_STEP = 64 << 10,
    STOP_EVERY_MS = 50,   /* how late a stop flag may be noticed                     */
    LATE_OUTPUT_MS = 500, /* for what escaped the group and still holds the streams */
};

/* ---- Starting: everything is ready before the fork, the child only calls what is async-signal-safe ------------- */

typedef struct launch {
    const sc_proc_spec *spec;
    char path[4096];
    char *const *env;
    int std[3];  /* 0, 1, 2 of the child                                       */
    int told[2]; /* closed by a successful exec, else the errno comes through  */
    int base;    /* above every descriptor number that the child is to have    */
} launch;

static void give_up(int told) {
    int why = errno;
    while (write(told, &why, sizeof why) < 0 && errno == EINTR) {
    }
    _exit(127);
}

/* A wish: without /proc, or that file, there is none. */
static void wish(const char *path, const char *value, size_t n) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!write(fd, value, n);
    close(fd);
}

/* A new session is a group of its own to the scheduler, as long as no control group is over it: of niceness
 * 0, whatever its processes' is among themselves (sched(7), "The autogroup feature"). A 0 in front would make it octal. */
static void give_way(int nice) {
    const char text[] = {(char)('0' + nice / 10), (char)('0' + nice % 10)};
    const size_t from = nice < 10;
    wish("/proc/self/autogroup", text + from, sizeof text - from);
}

/* The child, in our memory until it is the program (vfork): it writes to nothing but its own stack. */
static void become(const launch *l) {
    const sc_proc_spec *s = l->spec;
    int high[3 + SC_PROC_MAX_FDS], told = fcntl(l->told[1], F_DUPFD_CLOEXEC, l->base);
    if (told < 0) give_up(l->told[1]);
    for (int i = 0; i < 3; i++)
        if ((high[i] = fcntl(l->std[i], F_DUPFD_CLOEXEC, l->base)) < 0) give_up(told);
    for (size_t i = 0; i < s->n_fds; i++)
        if ((high[3 + i] = fcntl(s->fds[i].from, F_DUPFD_CLOEXEC, l->base)) < 0) give_up(told);
    for (size_t i = 0; i < s->n_join; i++)
        if (write(s->join[i], "0", 1) != 1) give_up(told);
    if (syscall(SYS_close_range, 0U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */)) give_up(told);
    for (int i = 0; i < 3; i++)
        if (dup2(high[i], i) < 0) give_up(told);
    for (size_t i = 0; i < s->n_fds; i++)
        if (dup2(high[3 + i], s->fds[i].to) < 0) give_up(told);
    if (setsid() < 0) give_up(told);
    int nice = SC_MIN(getpriority(PRIO_PROCESS, 0) + s->nice, 19);
    if (s->nice && setpriority(PRIO_PROCESS, 0, nice)) give_up(told);
    if (nice > 0) give_way(nice);
    if (s->first_to_die) wish("/proc/self/oom_score_adj", "1000", 4);
    if (s->cwd && chdir(s->cwd)) give_up(told);
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &plain, NULL); /* the C library's own are refused: fine */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Last: a limit on memory is not for what a sanitizer does in the calls above. */
    for (size_t i = 0; i < s->n_limits; i++) {
        struct rlimit most = {s->limits[i].most, s->limits[i].most + s->limits[i].over};
        if (setrlimit((__rlimit_resource_t)s->limits[i].which, &most)) give_up(told);
    }
    execve(l->path, (char *const *)s->argv, l->env);
    give_up(told);
}

/* Signals are blocked meanwhile: a handler must not run twice in one memory. */
static __attribute__((noinline)) pid_t split(const launch *l) {
    sigset_t all, was;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    /* As posix_spawn does it, which can not set limits; become() keeps to what a vfork's child may do. */
    pid_t pid = vfork();     // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid == 0) become(l); // NOLINT(clang-analyzer-unix.Vfork)
    int keep = errno;
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    errno = keep;
    return pid;
}

/* ---- While it runs ---------------------------------------------------------------------------------------------- */

typedef struct child {
    const sc_proc_spec *spec;
    pid_t pid;
    int pidfd, streams[2];
    char *buf;
    int64_t began_us, output_bytes;
    int64_t kill_at_us; /* SIGTERM was sent: SIGKILL then; 0: neither yet */
    int64_t tick_at_us;
    const char *ended_for;
    bool over;   /* a zombie, not reaped yet */
    bool killed; /* SIGKILL was sent */
} child;

static int64_t now_us(void) { return sc_mono_us(&sc_clock_system); }

static void close_end(int *fd) {
    sc_auto_close(fd);
    *fd = -1;
}

/* The group is ours as long as its leader is not reaped. */
static void end_it(child *c, const char *why) {
    if (c->ended_for) return;
    c->ended_for = why;
    if (c->spec->grace_ms > 0) {
        kill(-c->pid, SIGTERM);
        c->kill_at_us = now_us() + c->spec->grace_ms * 1000;
    } else {
        kill(-c->pid, SIGKILL);
        c->killed = true;
    }
}

static void hand_on(child *c, int which, size_t n) {
    const sc_proc_spec *s = c->spec;
    if (s->max_output_bytes && c->output_bytes + (int64_t)n > s->max_output_bytes) {
        n = (size_t)(s->max_output_bytes - c->output_bytes);
        end_it(c, SC_PROC_OUTPUT);
    }
    c->output_bytes += (int64_t)n;
    if (n && s->output) s->output(s->self, (sc_proc_stream)(which + 1), (sc_str){c->buf, n});
}

static void read_stream(child *c, int which) {
    ssize_t n = read(c->streams[which], c->buf, READ_STEP);
    if (n > 0)
        hand_on(c, which, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(&c->streams[which]);
}

static void look_at_time(child *c, int64_t now) {
    const sc_proc_spec *s = c->spec;
    if (s->stop && atomic_load_explicit(s->stop, memory_order_relaxed)) end_it(c, SC_PROC_STOPPED);
    if (s->timeout_ms && now - c->began_us >= s->timeout_ms * 1000) end_it(c, SC_PROC_TIMEOUT);
    if (s->tick && !c->ended_for && now >= c->tick_at_us) {
        const char *why = s->tick(s->self);
        if (why) end_it(c, why);
        c->tick_at_us = now_us() + (s->tick_ms ? s->tick_ms : 100) * 1000;
    }
    if (c->kill_at_us && !c->killed && now >= c->kill_at_us) {
        kill(-c->pid, SIGKILL);
        c->killed = true;
    }
}

/* Milliseconds until something has to be looked at again; -1: nothing but the descriptors. */
static int patience(const child *c, int64_t now) {
    const sc_proc_spec *s = c->spec;
    int64_t at = INT64_MAX;
    if (!c->ended_for && s->timeout_ms) at = SC_MIN(at, c->began_us + s->timeout_ms * 1000);
    if (!c->ended_for && s->tick) at = SC_MIN(at, c->tick_at_us);
    if (!c->ended_for && s->stop) at = SC_MIN(at, now + STOP_EVERY_MS * 1000);
    if (c->kill_at_us && !c->killed) at = SC_MIN(at, c->kill_at_us);
    if (at == INT64_MAX) return -1;
    return at <= now ? 0 : (int)SC_MIN((at - now + 999) / 1000, INT64_C(1) << 30);
}

static void watch(child *c) {
    while (!c->over) {
        int64_t now = now_us();
        look_at_time(c, now);
        struct pollfd p[3] = {
            {c->streams[0], POLLIN, 0}, {c->streams[1], POLLIN, 0}, {c->pidfd, POLLIN, 0}};
        int n = poll(p, 3, patience(c, now));
        if (n < 0) continue; /* EINTR */
        for (int i = 0; i < 2; i++)
            if (p[i].revents) read_stream(c, i);
        c->over = p[2].revents != 0;
    }
}

/* It is over, and its group is killed: what the streams still hold, and a moment for who holds them elsewhere. */
static void drain(child *c) {
    int64_t until = now_us() + LATE_OUTPUT_MS * 1000;
    while (c->streams[0] >= 0 || c->streams[1] >= 0) {
        int64_t left = until - now_us();
        struct pollfd p[2] = {{c->streams[0], POLLIN, 0}, {c->streams[1], POLLIN, 0}};
        if (left <= 0 || (poll(p, 2, (int)(left / 1000) + 1) < 0 && errno != EINTR)) return;
        for (int i = 0; i < 2; i++)
            if (p[i].revents) read_stream(c, i);
    }
}

static void reap(child *c, sc_proc_end *ret) {
    int status = 0;
    struct rusage used = {.ru_maxrss = 0};
    while (wait4(c->pid, &status, 0, &used) < 0 && errno == EINTR) {
    }
    *ret = (sc_proc_end){
        .exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .ended_for = c->ended_for,
        .wall_us = now_us() - c->began_us,
        .cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
                  used.ru_utime.tv_usec + used.ru_stime.tv_usec,
        .max_rss_bytes = used.ru_maxrss * INT64_C(1024),
    };
}

/* ---- The call ---------------------------------------------------------------------------------------------------- */

/* Stdin: bytes that never have to be pumped. */
static sc_rc open_input(sc_str input, int *ret, sc_err *err) {
    int fd = input.n ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "make the program's input");
    for (size_t at = 0; at < input.n;) {
        ssize_t n = write(fd, input.p + at, input.n - at);
        if (n < 0 && errno != EINTR) {
            sc_rc rc = sc_fail_sys(err, SC_IO, errno, "write the program's input");
            close(fd);
            return rc;
        }
        if (n > 0) at += (size_t)n;
    }
    if (input.n) lseek(fd, 0, SEEK_SET);
    *ret = fd;
    return SC_OK;
}

static sc_rc check_spec(const sc_proc_spec *s, int *ret_base, sc_err *err) {
    if (!s->argv || !s->argv[0] || !*s->argv[0])
        return sc_fail(err, SC_INVALID, "no program to run");
    if (s->n_fds > SC_PROC_MAX_FDS) return sc_fail(err, SC_INVALID, "too many descriptors");
    int base = 3;
    for (size_t i = 0; i < s->n_fds; i++) {
        if (s->fds[i].from < 0 || s->fds[i].to < 3 || s->fds[i].to > 1000)
            return sc_fail(err, SC_INVALID, "descriptor %d as %d", s->fds[i].from, s->fds[i].to);
        for (size_t k = 0; k < i; k++)
            if (s->fds[k].to == s->fds[i].to)
                return sc_fail(err, SC_INVALID, "two descriptors as %d", s->fds[i].to);
        base = SC_MAX(base, s->fds[i].to + 1);
    }
    *ret_base = base;
    return SC_OK;
}

/* errno of the child's way to the program, 0 when it became it. */
static int how_it_went(int told) {
    int why = 0;
    ssize_t n;
    do n = read(told, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    return n == sizeof why ? why : 0;
}

static sc_rc could_not(const launch *l, int why, sc_err *err) {
    bool missing = why == ENOENT || why == EACCES || why == ENOTDIR;
    return sc_fail_sys(err, missing ? SC_NOT_FOUND : SC_IO, why, "start %s", l->spec->argv[0]);
}

/* The pipes' and input's ends of one launch; all closed at the end, whatever happened. */
typedef struct ends {
    int input, out[2], err[2], told[2];
} ends;

static void close_ends(ends *e) {
    int *all[] = {&e->input,  &e->out[0],  &e->out[1], &e->err[0],
                  &e->err[1], &e->told[0], &e->told[1]};
    for (size_t i = 0; i < SC_LEN(all); i++) close_end(all[i]);
}

static sc_rc start(launch *l, ends *e, child *c, sc_err *err) {
    sc_rc rc = open_input(l->spec->input, &e->input, err);
    if (rc) return rc;
    if (pipe2(e->out, O_CLOEXEC) || pipe2(e->err, O_CLOEXEC) || pipe2(e->told, O_CLOEXEC))
        return sc_fail_sys(err, SC_IO, errno, "make a pipe");
    l->std[0] = e->input;
    l->std[1] = e->out[1];
    l->std[2] = e->err[1];
    l->told[1] = e->told[1];
    c->began_us = now_us();
    c->pid = split(l);
    if (c->pid < 0) return sc_fail_sys(err, SC_IO, errno, "start a process");
    close_end(&e->input);
    close_end(&e->out[1]);
    close_end(&e->err[1]);
    close_end(&e->told[1]);
    int why = how_it_went(e->told[0]);
    if (!why) {
        c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
        if (c->pidfd >= 0) return SC_OK;
        why = errno;
        kill(-c->pid, SIGKILL);
    }
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return could_not(l, why, err);
}

sc_rc sc_proc_run(const sc_proc_spec *spec, sc_proc_end *ret, sc_err *err) {
    static char *const no_env[] = {NULL};
    launch l = {.spec = spec, .env = spec->env ? (char *const *)spec->env : no_env};
    sc_rc rc = check_spec(spec, &l.base, err);
    if (!rc) rc = sc_proc_find(spec->argv[0], l.path, sizeof l.path, err);
    if (rc) return rc;
    SC_AUTO(close_ends) ends e = {-1, {-1, -1}, {-1, -1}, {-1, -1}};
    SC_AUTO(sc_auto_free) char *buf = sc_alloc(READ_STEP);
    if (!buf) return sc_fail(err, SC_NOMEM, "no memory to run %s", spec->argv[0]);
    child c = {.spec = spec, .pidfd = -1, .buf = buf};
    rc = start(&l, &e, &c, err);
    if (rc) return rc;
    c.streams[0] = e.out[0];
    c.streams[1] = e.err[0];
    e.out[0] = e.err[0] = -1; /* closed by who reads them */
    if (spec->started) spec->started(spec->self, c.pid);
    c.tick_at_us = c.began_us;
    watch(&c);
    kill(-c.pid, SIGKILL); /* before it is reaped: the number is still its own */
    drain(&c);
    close_end(&c.streams[0]);
    close_end(&c.streams[1]);
    close_end(&c.pidfd);
    reap(&c, ret);
    return SC_OK;
}

/* ---- Finding programs and processes ------------------------------------------------------------------------------ */

static bool may_run(const char *path) { return access(path, X_OK) == 0; }

static bool any(sc_str dir) {
    (void)dir;
    return true;
}

sc_rc sc_proc_find(const char *name, char *ret_path, size_t room, sc_err *err) {
    return sc_proc_find_where(name, any, ret_path, room, err);
}

sc_rc sc_proc_find_where(const char *name, bool (*fits)(sc_str dir), char *ret_path, size_t room,
                         sc_err *err) {
    if (strchr(name, '/')) {
        if (snprintf(ret_path, room, "%s", name) >= (int)room)
            return sc_fail(err, SC_INVALID, "the program's path is too long");
        return SC_OK; /* exec says what is wrong with it */
    }
    const char *path = getenv("PATH");
    sc_str rest = sc_str_of(path && *path ? path : "/usr/local/bin:/usr/bin:/bin"), dir;
    while (sc_str_next(&rest, ':', &dir)) {
        if (!dir.n || dir.p[0] != '/') continue; /* never from wherever we happen to stand */
        if (!fits(dir)) continue;
        int n = snprintf(ret_path, room, "%.*s/%s", SC_FMT(dir), name);
        if (n > 0 && n < (int)room && may_run(ret_path)) return SC_OK;
    }
    return sc_fail(err, SC_NOT_FOUND, "no program %s on PATH", name);
}

uint64_t sc_proc_start_time(pid_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0) return 0;
    text[n] = 0;
    const char *at = strrchr(text, ')'); /* the name may hold anything; field 3 follows it */
    for (int field = 3; at && field <= 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}
