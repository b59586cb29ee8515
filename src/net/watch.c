/* The watch: one thread that accepts connections and cuts off those that miss a deadline. Accepting
 * here, not in libmicrohttpd, makes the limits exact, spreads connections evenly over the shards, and
 * lets the listening socket be closed without a race. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_internal.h"

enum { ACCEPTS_A_TURN = 64, CUTS_A_TURN = 64, MIN_TICK_MS = 5, MAX_TICK_MS = 250, RETRY_MS = 1000 };

void sc_watch_wake(sc_http_server *s) {
    uint64_t one = 1;
    if (write(s->wake_fd, &one, sizeof one) < 0) return; /* full: it is awake anyway */
}

/* ---- Accepting ------------------------------------------------------------------------------- */

/* Says why, in the way of all other errors, on a connection that libmicrohttpd never sees. */
static void refuse(sc_http_server *s, int fd, const char *limit, const char *why) {
    sc_err err;
    sc_fail_field(&err, SC_LIMITED, limit, "%s", why);
    err.retry_after_ms = RETRY_MS;
    atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
    sc_http_request *r = sc_request_take(&s->shards[0], NULL);
    if (r) {
        sc_reply_error(r, &err);
        sc_reply_send_raw(r, fd);
        s->handler.closed(s->handler.self, r);
        sc_request_give_back(r);
    }
    shutdown(fd, SHUT_WR);
    close(fd);
}

static sc_http_shard *emptiest(sc_http_server *s) {
    sc_http_shard *best = &s->shards[0];
    for (unsigned i = 1; i < s->n_shards; i++)
        if (atomic_load(&s->shards[i].n_conns) < atomic_load(&best->n_conns)) best = &s->shards[i];
    return best;
}

static void welcome(sc_http_server *s, int fd, const struct sockaddr *addr, socklen_t addr_n) {
    sc_listen_key who = sc_listen_key_of(addr);
    if (atomic_load(&s->connections) >= (int64_t)s->conf.max_connections) {
        refuse(s, fd, "connections", "the server has all the connections it can take");
        return;
    }
    if (!sc_limits_enter(&s->limits, who)) {
        refuse(s, fd, "connections_of_address", "too many connections from this address");
        return;
    }
    sc_http_conn *c = sc_alloc(sizeof *c);
    if (!c) {
        sc_limits_leave(&s->limits, who);
        refuse(s, fd, "memory", "no memory for another connection");
        return;
    }
    sc_http_shard *shard = emptiest(s);
    c->shard = shard;
    c->fd = fd;
    c->who = who;
    c->addr_n = SC_MIN(addr_n, (socklen_t)sizeof c->addr);
    memcpy(&c->addr, addr, c->addr_n);
    sc_listen_peer(addr, c->peer);
    atomic_store(&c->since_us, sc_server_now_us(s));
    atomic_fetch_add(&shard->n_conns, 1);
    atomic_fetch_add(&s->connections, 1);
    sc_shard_put_conn(shard, c);
}

/* False: the process has no descriptor left; better to let the others finish first. */
static bool accept_some(sc_http_server *s) {
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage addr = {0};
        socklen_t n = sizeof addr;
        int fd = accept4(s->listen_fd, (struct sockaddr *)&addr, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(s, fd, (struct sockaddr *)&addr, n);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return false;
        if (errno != ECONNABORTED && errno != EINTR) return true;
    }
    return true;
}

/* ---- Deadlines ------------------------------------------------------------------------------- */

static bool head_is_late(const sc_http_server *s, sc_http_conn *c, int64_t now) {
    bool fresh = atomic_load(&c->line_seen) || !atomic_load(&c->n_requests);
    int64_t allowed_ms = fresh ? s->conf.head_timeout_ms : s->conf.idle_timeout_ms;
    return now - atomic_load(&c->since_us) > allowed_ms * 1000;
}

static bool body_is_slow(const sc_http_server *s, sc_http_conn *c, int64_t now) {
    int64_t window = now - atomic_load(&c->window_us);
    if (window <= s->conf.head_timeout_ms * 1000) return false;
    int64_t received = atomic_load(&c->received), got = received - atomic_load(&c->window_bytes);
    if (got < s->conf.min_body_bytes_per_s * window / 1000000) return true;
    atomic_store(&c->window_us, now);
    atomic_store(&c->window_bytes, received);
    return false;
}

/* Cut off now? Then the connection is the watch's (and lives) until cut_done. */
static bool is_due(sc_http_server *s, sc_http_conn *c, int64_t now) {
    int phase = atomic_load(&c->phase);
    bool due = (phase == SC_PHASE_WAIT && head_is_late(s, c, now)) ||
               (phase == SC_PHASE_BODY && body_is_slow(s, c, now)) ||
               (phase == SC_PHASE_LINGER &&
                now - atomic_load(&c->since_us) > s->conf.head_timeout_ms * 1000);
    return due && atomic_compare_exchange_strong(&c->phase, &phase, SC_PHASE_CUT);
}

/* An idle connection is closed without a word, as every server does; one that began a head is told. */
static bool began_head(sc_http_conn *c) {
    if (atomic_load(&c->line_seen)) return true;
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    return !atomic_load(&c->n_requests) && !getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &n) &&
           n >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
           info.tcpi_bytes_received > 0;
}

static void cut_off(sc_http_server *s, sc_http_conn *c, bool in_body) {
    sc_err err;
    if (in_body) {
        /* Its request is under way, and no step of it runs or will: phase CUT sees to that. */
        sc_http_request *r = atomic_load(&c->r);
        if (!sc_http_replied(r)) {
            sc_fail(&err, SC_TIMEOUT, "the body came too slowly");
            r->mhd = NULL; /* trailers may be arriving: its headers are not ours to read */
            sc_reply_error(r, &err);
        }
        if (r->step != SC_STEP_LINGER) sc_reply_send_raw(r, c->fd);
    } else if (began_head(c)) {
        sc_http_request *r = sc_request_take(c->shard, NULL);
        sc_fail(&err, SC_TIMEOUT, "the request's head came too slowly");
        if (r) {
            sc_reply_error(r, &err);
            sc_reply_send_raw(r, c->fd);
            s->handler.closed(s->handler.self, r);
            sc_request_give_back(r);
        }
    }
    shutdown(c->fd, SHUT_RDWR); /* wakes libmicrohttpd, which closes it */
    pthread_mutex_lock(&s->lock);
    c->cut_done = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void check_shard(sc_http_server *s, sc_http_shard *shard, int64_t now) {
    sc_http_conn *due[CUTS_A_TURN];
    bool in_body[CUTS_A_TURN];
    size_t n = 0;
    pthread_mutex_lock(&shard->lock);
    for (sc_http_conn *c = shard->conns; c && n < CUTS_A_TURN; c = c->next) {
        bool body = atomic_load(&c->phase) != SC_PHASE_WAIT;
        if (is_due(s, c, now)) {
            in_body[n] = body;
            due[n++] = c;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    for (size_t i = 0; i < n; i++) cut_off(s, due[i], in_body[i]);
}

static int tick_ms(const sc_http_server *s) {
    int64_t ms = SC_MIN(s->conf.head_timeout_ms, s->conf.idle_timeout_ms) / 8;
    return (int)SC_MAX(SC_MIN(ms, (int64_t)MAX_TICK_MS), (int64_t)MIN_TICK_MS);
}

/* Who is connected already, as far as he knows, is let in first. */
static void close_listener(sc_http_server *s) {
    accept_some(s);
    shutdown(s->listen_fd, SHUT_RDWR);
    close(s->listen_fd);
    pthread_mutex_lock(&s->lock);
    s->listen_fd = -1;
    s->listener_closed = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void *sc_watch_run(void *server) {
    sc_http_server *s = server;
    int tick = tick_ms(s);
    int64_t next_us = sc_mono_us(&sc_clock_system) + tick * 1000;
    bool accepting = true;
    while (!atomic_load(&s->stop)) {
        if (atomic_load(&s->draining) && s->listen_fd >= 0) close_listener(s);
        struct pollfd fds[] = {{.fd = s->wake_fd, .events = POLLIN},
                               {.fd = accepting ? s->listen_fd : -1, .events = POLLIN}};
        int64_t now_us = sc_mono_us(&sc_clock_system);
        int wait = now_us < next_us ? (int)((next_us - now_us + 999) / 1000) : 0;
        int n = poll(fds, 2, wait);
        uint64_t count;
        if (n > 0 && fds[0].revents && read(s->wake_fd, &count, sizeof count) < 0) continue;
        if (n > 0 && fds[1].revents && !atomic_load(&s->draining)) accepting = accept_some(s);
        if (sc_mono_us(&sc_clock_system) < next_us) continue;
        next_us = sc_mono_us(&sc_clock_system) + tick * 1000;
        accepting = true;
        for (unsigned i = 0; i < s->n_shards; i++)
            check_shard(s, &s->shards[i], sc_server_now_us(s));
    }
    if (s->listen_fd >= 0) close_listener(s);
    return NULL;
}
