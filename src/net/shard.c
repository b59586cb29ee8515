/* A shard: one libmicrohttpd daemon, the thread that runs it, and what others ask of that thread.
 *
 * The loop is ours (libmicrohttpd's "external" mode), for two reasons. Its own one, when it gets
 * exactly as many events as it has room for (128), waits for more, with the full timeout, before it
 * handles any; ours does the waiting itself, and libmicrohttpd only looks. And while a connection is
 * suspended, libmicrohttpd does not see its socket; ours does, and notices a reader that leaves.
 *
 * What we wait on is libmicrohttpd's epoll set and one of ours: an event descriptor, and each
 * connection's socket for the end of its input alone (edge-triggered: an event or two a connection). As
 * long as there is work to do, we let libmicrohttpd look for more instead, which saves the waiting.
 * Others hand over new connections and woken requests on two stacks that the thread takes whole; they
 * write to the event descriptor only when the thread sleeps or is about to. So libmicrohttpd is asked
 * everything on this one thread: it promises no more of threads in this mode, and would not wake. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_internal.h"

enum { EVENTS_A_TURN = 64, TURNS_A_LOOK = 16 };

/* ---- libmicrohttpd ---------------------------------------------------------------------------- */

/* Paths and parameters are decoded by us, from the target as it came. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *s) {
    (void)cls, (void)mhd;
    return strlen(s);
}

/* A connection's pool holds the head twice (its text, and what is parsed out of it) and the reply's
 * head; it is cleared after each request, so a larger one costs time too. */
static size_t pool_bytes(const sc_http_conf *c) {
    return SC_MAX(2 * c->max_head_bytes, (size_t)4096);
}

/* Only replies that nobody reads are left to libmicrohttpd's clock; the watch has closer ones. */
static unsigned timeout_s(const sc_http_conf *c) {
    return (unsigned)(SC_MAX(c->head_timeout_ms, c->idle_timeout_ms) / 1000 + 5);
}

static struct MHD_Daemon *start_mhd(sc_http_shard *shard) {
    const sc_http_conf *c = &shard->server->conf;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        sc_exchange_step, shard, MHD_OPTION_URI_LOG_CALLBACK, sc_exchange_line, shard,
        MHD_OPTION_NOTIFY_COMPLETED, sc_exchange_end, shard, MHD_OPTION_NOTIFY_CONNECTION,
        sc_exchange_connection, shard, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool_bytes(c), MHD_OPTION_CONNECTION_LIMIT,
        c->max_connections + 1, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s(c),
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

void sc_shard_suspend(sc_http_request *r) {
    MHD_set_connection_option(r->mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                              timeout_s(&sc_request_server(r)->conf) + 1);
    r->apart = true;
    MHD_suspend_connection(r->mhd);
}

void sc_shard_went_on(sc_http_request *r) {
    if (!r->apart) return;
    r->apart = false;
    MHD_set_connection_option(r->mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                              timeout_s(&sc_request_server(r)->conf));
}

void sc_shard_see_off(sc_http_shard *shard, struct MHD_Connection *mhd) {
    MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                              timeout_s(&shard->server->conf) + 1);
    shard->busy = true;
}

/* ---- What other threads ask -------------------------------------------------------------------- */

static void rouse(sc_http_shard *shard) {
    uint64_t one = 1;
    if (!atomic_exchange(&shard->asleep, false)) return;     /* it looks before it sleeps */
    if (write(shard->wake_fd, &one, sizeof one) < 0) return; /* full: it is awake anyway */
}

void sc_shard_put_conn(sc_http_shard *shard, sc_http_conn *c) {
    c->next = atomic_load(&shard->pending);
    while (!atomic_compare_exchange_weak(&shard->pending, &c->next, c)) {
    }
    rouse(shard);
}

void sc_shard_put_woken(sc_http_request *r) {
    sc_http_shard *shard = r->shard;
    r->next_woken = atomic_load(&shard->woken);
    while (!atomic_compare_exchange_weak(&shard->woken, &r->next_woken, r)) {
    }
    rouse(shard);
}

/* ---- The thread --------------------------------------------------------------------------------- */

void sc_shard_forget(sc_http_shard *shard, sc_http_conn *c) {
    sc_limits_leave(&shard->server->limits, c->who);
    sc_free(c);
    atomic_fetch_sub(&shard->n_conns, 1);
    atomic_fetch_sub(&shard->server->connections, 1);
    sc_server_tell_of_end(shard->server);
}

/* libmicrohttpd owns the socket from here on, and tells of the connection (sc_exchange_connection)
 * before it returns, or, when it has no memory for one, never. */
static void take_conns(sc_http_shard *shard) {
    for (sc_http_conn *c = atomic_exchange(&shard->pending, NULL), *next; c; c = next) {
        next = c->next;
        c->next = NULL;
        shard->adding = c;
        MHD_add_connection(shard->mhd, c->fd, (struct sockaddr *)&c->addr, c->addr_n);
        if (shard->adding) sc_shard_forget(shard, c);
        shard->adding = NULL;
    }
}

static void take_woken(sc_http_shard *shard) {
    for (sc_http_request *r = atomic_exchange(&shard->woken, NULL), *next; r; r = next) {
        next = r->next_woken;
        MHD_resume_connection(r->mhd);
    }
}

static bool is_asked(sc_http_shard *shard) {
    return atomic_load(&shard->pending) || atomic_load(&shard->woken) || atomic_load(&shard->stop);
}

void sc_shard_watch_conn(sc_http_shard *shard, sc_http_conn *c) {
    struct epoll_event e = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = c};
    /* Without it, a departure is noticed when something is sent. */
    c->watched = !epoll_ctl(shard->epoll_fd, EPOLL_CTL_ADD, c->fd, &e);
}

void sc_shard_unwatch_conn(sc_http_shard *shard, sc_http_conn *c) {
    struct epoll_event none = {0};
    if (c->watched) epoll_ctl(shard->epoll_fd, EPOLL_CTL_DEL, c->fd, &none);
    if (!c->ending) return;
    sc_http_conn **at = &shard->ending;
    while (*at != c) at = &(*at)->next_ending;
    *at = c->next_ending;
}

/* The client has said its last word. Who waits for an answer gets it. */
static void end_of_input(sc_http_conn *c, bool broken) {
    sc_http_request *r = atomic_load_explicit(&c->r, memory_order_relaxed);
    if (!c->ended) {
        c->ended = c->ending = true;
        c->next_ending = c->shard->ending;
        c->shard->ending = c;
    }
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    if (sc_http_replied(r) && r->kind == SC_REPLY_STREAM) {
        if (broken)
            sc_stream_cut_locked(r);
        else
            sc_stream_ask_locked(r);
    }
    pthread_mutex_unlock(&r->lock);
}

/* The end of input that came together with the last bytes gave libmicrohttpd one event for both. A read
 * that got fewer bytes than it had room for then makes it wait for another event, which would never
 * come: shutdown, of what is over anyway, makes one. Bytes that are not read yet come first. */
static void tell_of_ends(sc_http_shard *shard) {
    for (sc_http_conn **at = &shard->ending; *at;) {
        sc_http_conn *c = *at;
        int unread = 0;
        if (!ioctl(c->fd, FIONREAD, &unread) && unread) {
            at = &c->next_ending;
            continue;
        }
        *at = c->next_ending;
        c->ending = false;
        shutdown(c->fd, SHUT_RD);
    }
}

static int wait_ms(sc_http_shard *shard) {
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(shard->mhd, &ms) != MHD_YES) return -1;
    return (int)SC_MIN(ms, (MHD_UNSIGNED_LONG_LONG)INT_MAX);
}

static void rest(sc_http_shard *shard) {
    struct epoll_event events[EVENTS_A_TURN];
    int wait = shard->busy ? 0 : wait_ms(shard);
    if (wait) {
        atomic_store(&shard->asleep, true);
        if (is_asked(shard)) wait = 0;
    }
    struct pollfd fds[] = {{.fd = shard->mhd_fd, .events = POLLIN},
                           {.fd = shard->epoll_fd, .events = POLLIN}};
    if (poll(fds, 2, wait) < 0) fds[1].revents = 0;
    atomic_store(&shard->asleep, false);
    int n = fds[1].revents ? epoll_wait(shard->epoll_fd, events, EVENTS_A_TURN, 0) : 0;
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr)
            end_of_input(events[i].data.ptr, events[i].events & (EPOLLHUP | EPOLLERR));
}

static void *run(void *arg) {
    sc_http_shard *shard = arg;
    sigset_t pipe;
    unsigned turns = 0;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    while (!atomic_load(&shard->stop)) {
        take_conns(shard);
        take_woken(shard);
        shard->busy = false;
        MHD_run_wait(shard->mhd, 0);
        tell_of_ends(shard);
        if (!shard->busy || ++turns % TURNS_A_LOOK == 0) rest(shard);
    }
    return NULL;
}

/* ---- Its life ----------------------------------------------------------------------------------- */

void sc_shard_init(sc_http_shard *shard, sc_http_server *s) {
    shard->server = s;
    shard->epoll_fd = shard->wake_fd = -1;
    pthread_mutex_init(&shard->lock, NULL);
}

static bool add_fd(sc_http_shard *shard, int fd, uint32_t events) {
    struct epoll_event e = {.events = events};
    return !epoll_ctl(shard->epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

sc_rc sc_shard_start(sc_http_shard *shard, sc_err *err) {
    shard->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    shard->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shard->epoll_fd < 0 || shard->wake_fd < 0)
        return sc_fail_sys(err, SC_IO, errno, "open an event descriptor");
    shard->mhd = start_mhd(shard);
    const union MHD_DaemonInfo *mhd =
        shard->mhd ? MHD_get_daemon_info(shard->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    /* Edge-triggered, the event descriptor need never be read. */
    if (!mhd || !add_fd(shard, shard->wake_fd, EPOLLIN | EPOLLET))
        return sc_fail_sys(err, SC_INTERNAL, errno, "start libmicrohttpd");
    shard->mhd_fd = mhd->epoll_fd;
    int failed = pthread_create(&shard->thread, NULL, run, shard);
    if (failed) return sc_fail_sys(err, SC_INTERNAL, failed, "start an HTTP thread");
    pthread_setname_np(shard->thread, "http");
    shard->running = true;
    return SC_OK;
}

void sc_shard_stop(sc_http_shard *shard) {
    atomic_store(&shard->stop, true);
    if (shard->running) {
        rouse(shard);
        pthread_join(shard->thread, NULL);
    }
    for (sc_http_conn *c = atomic_load(&shard->pending), *next; c; c = next) {
        next = c->next;
        close(c->fd);
        sc_shard_forget(shard, c);
    }
    if (shard->mhd) MHD_stop_daemon(shard->mhd);
    for (sc_http_request *r = shard->pool, *next; r; r = next) {
        next = r->next_pooled;
        sc_request_free(r);
    }
    if (shard->epoll_fd >= 0) close(shard->epoll_fd);
    if (shard->wake_fd >= 0) close(shard->wake_fd);
    pthread_mutex_destroy(&shard->lock);
}
