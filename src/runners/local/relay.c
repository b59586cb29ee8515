#include "runners/local/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

extern char **environ;

enum { PIPE_ROOM = 16 << 10 };

typedef struct half { /* what one side said and the other has not taken yet */
    char bytes[PIPE_ROOM];
    size_t from, to;
    bool ended, told; /* nothing more comes; the other side knows */
} half;

/* fd[0] is the program's, fd[1] ours outside. */
typedef struct relay {
    int fd[2];
    half said[2]; /* by fd[0], by fd[1] */
    bool deaf;    /* the far side takes no more; what it said before may be on its way still */
} relay;

typedef struct forward {
    int listener, signals;
    const char *path;
    pid_t program;
    relay *relays[SC_RELAY_MAX];
    size_t n;
    int exit; /* -1: it runs */
} forward;

/* ---- Relaying ---------------------------------------------------------------------------------------------------- */

static int reach(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof at.sun_path) return -1;
    memcpy(at.sun_path, path, n + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at,
                           sizeof at)) { /* on a unix socket it is done, or refused */
        close(fd);
        return -1;
    }
    return fd;
}

static void take_caller(forward *f) {
    int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
    if (fd < 0) return;
    int far = reach(f->path);
    relay *r = far < 0 ? NULL : sc_alloc(sizeof *r);
    if (!r) {
        if (far >= 0) close(far);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    r->fd[0] = fd;
    r->fd[1] = far;
    f->relays[f->n++] = r;
}

static bool would_wait(void) { return errno == EAGAIN || errno == EINTR; }

/* Reads from side i; false: the program is gone. */
static bool hear_side(relay *r, int i) {
    half *h = &r->said[i];
    if (h->from == h->to) h->from = h->to = 0;
    if (h->to == PIPE_ROOM) return true;
    ssize_t n = read(r->fd[i], h->bytes + h->to, PIPE_ROOM - h->to);
    if (n < 0 && would_wait()) return true;
    if (n < 0 && i == 0) return false;
    if (n <= 0) h->ended = true;
    if (n > 0) h->to += (size_t)n;
    return true;
}

/* Passes on what side i said; false: the program is gone. A far side that has answered and left hears nothing more, but
 * the program goes on being read: closed with unread bytes, its connection would lose the answer. */
static bool pass_on(relay *r, int i) {
    half *h = &r->said[i];
    while (h->from < h->to && !(i == 0 && r->deaf)) {
        ssize_t n = send(r->fd[1 - i], h->bytes + h->from, h->to - h->from, MSG_NOSIGNAL);
        if (n >= 0) h->from += (size_t)n;
        if (n < 0 && would_wait()) return true;
        if (n < 0 && i == 1) return false;
        if (n < 0) r->deaf = true;
    }
    if (i == 0 && r->deaf) h->from = h->to;
    if (h->ended && !h->told) {
        h->told = true;
        shutdown(r->fd[1 - i], SHUT_WR); /* who is gone needs no word of it */
    }
    return true;
}

static short wishes(const relay *r, int i) {
    const half *in = &r->said[i], *out = &r->said[1 - i];
    bool room = !in->ended && (in->from == in->to || in->to < PIPE_ROOM);
    return (short)((room ? POLLIN : 0) | (out->from < out->to ? POLLOUT : 0));
}

/* A hang-up is told to whoever polls, asked for or not, again and again. So the far side is looked at only where there is
 * something to do; the program's side as long as a hang-up there can only mean that it is gone. */
static struct pollfd look_at(const relay *r, int i) {
    short events = wishes(r, i);
    bool look = events || (i == 0 && !r->said[1].told);
    return (struct pollfd){look ? r->fd[i] : -1, events, 0};
}

/* True when the connection is over. */
static bool serve_relay(relay *r, const struct pollfd p[2]) {
    if (p[0].revents && !p[0].events) return true;
    for (int i = 0; i < 2; i++)
        if ((p[i].revents & (POLLIN | POLLHUP | POLLERR)) && (p[i].events & POLLIN) &&
            !hear_side(r, i))
            return true;
    if (!pass_on(r, 0) || !pass_on(r, 1)) return true;
    return r->said[0].told && r->said[1].told;
}

static void drop(forward *f, size_t i) {
    close(f->relays[i]->fd[0]);
    close(f->relays[i]->fd[1]);
    sc_free(f->relays[i]);
    f->relays[i] = f->relays[--f->n];
}

/* ---- The program --------------------------------------------------------------------------------------------------- */

static void hear_signals(forward *f) {
    struct signalfd_siginfo s;
    if (read(f->signals, &s, sizeof s) != sizeof s) return;
    if (s.ssi_signo != SIGCHLD) {
        kill(f->program, (int)s.ssi_signo);
        return;
    }
    int status;
    if (waitpid(f->program, &status, WNOHANG) != f->program) return;
    f->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void relay_until_it_ends(forward *f) {
    struct pollfd p[2 + 2 * SC_RELAY_MAX];
    while (f->exit < 0) {
        size_t n = f->n;
        p[0] = (struct pollfd){f->signals, POLLIN, 0};
        p[1] = (struct pollfd){n < SC_RELAY_MAX ? f->listener : -1, POLLIN, 0};
        for (size_t i = 0; i < 2 * n; i++) p[2 + i] = look_at(f->relays[i / 2], (int)(i % 2));
        if (poll(p, 2 + 2 * n, -1) < 0) continue;
        for (size_t i = n; i-- > 0;)
            if (serve_relay(f->relays[i], &p[2 + 2 * i])) drop(f, i);
        if (p[1].revents) take_caller(f);
        if (p[0].revents) hear_signals(f);
    }
}

static sc_rc listen_at(int port, int *ret, sc_err *err) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64)) {
        sc_rc rc = sc_fail_sys(err, SC_IO, errno, "listen on 127.0.0.1:%d", port);
        if (fd >= 0) close(fd);
        return rc;
    }
    *ret = fd;
    return SC_OK;
}

/* With the signals that we were given: ours are blocked for signalfd. */
static sc_rc start_program(forward *f, const char *const *argv, const sigset_t *signals,
                           sc_err *err) {
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&how, signals);
    sigset_t plain;
    sigemptyset(&plain);
    sigaddset(&plain, SIGPIPE);
    posix_spawnattr_setsigdefault(&how, &plain);
    int why = posix_spawnp(&f->program, argv[0], NULL, &how, (char *const *)argv, environ);
    posix_spawnattr_destroy(&how);
    return why ? sc_fail_sys(err, why == ENOENT || why == EACCES ? SC_NOT_FOUND : SC_IO, why,
                             "start %s", argv[0])
               : SC_OK;
}

sc_rc sc_relay_run(int port, const char *socket_path, const char *const *argv, int *ret_exit,
                   sc_err *err) {
    static const int ours[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    forward f = {.listener = -1, .path = socket_path, .exit = -1};
    sigset_t set, was;
    sigemptyset(&set);
    for (size_t i = 0; i < SC_LEN(ours); i++) sigaddset(&set, ours[i]);
    sc_rc rc = listen_at(port, &f.listener, err);
    if (rc) return rc;
    sigprocmask(SIG_BLOCK, &set, &was);
    f.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    rc = f.signals < 0 ? sc_fail_sys(err, SC_IO, errno, "listen to signals")
                       : start_program(&f, argv, &was, err);
    if (!rc) {
        relay_until_it_ends(&f);
        *ret_exit = f.exit;
    }
    while (f.n) drop(&f, f.n - 1);
    close(f.listener);
    sc_auto_close(&f.signals);
    sigprocmask(SIG_SETMASK, &was, NULL);
    return rc;
}
