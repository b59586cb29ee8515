/* The server's life: open, drain, close. */
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/http_internal.h"

void sc_http_conf_default(sc_http_conf *c) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *c = (sc_http_conf){
        .listen = "127.0.0.1:8080",
        .threads = (unsigned)SC_MAX(1L, SC_MIN(cpus, 4L)),
        .max_connections = 10000,
        .max_connections_per_address = 1024,
        .max_head_bytes = 8 << 10,
        .default_max_body_bytes = 1 << 20,
        .max_buffered_bytes = 64 << 20,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 60000,
        .min_body_bytes_per_s = 1024,
        .arena_bytes = 1 << 20,
        .clock = &sc_clock_system,
    };
}

static sc_rc start_all(sc_http_server *s, sc_err *err) {
    for (unsigned i = 0; i < s->n_shards; i++) {
        sc_rc rc = sc_shard_start(&s->shards[i], err);
        if (rc) return rc;
    }
    int failed = pthread_create(&s->watch, NULL, sc_watch_run, s);
    if (failed) return sc_fail_sys(err, SC_INTERNAL, failed, "start the HTTP watch");
    s->watching = true;
    return SC_OK;
}

sc_rc sc_http_server_open(const sc_http_conf *conf, const sc_http_handler *handler,
                          sc_http_server **ret, sc_err *err) {
    sc_http_server *s = sc_alloc(sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory for the HTTP server");
    s->conf = *conf;
    s->conf.listen = NULL; /* not ours to keep */
    s->handler = *handler;
    s->listen_fd = s->wake_fd = -1;
    sc_limits_init(&s->limits, conf->max_connections_per_address, conf->max_buffered_bytes);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    unsigned n = SC_MAX(conf->threads, 1u);
    s->shards = sc_alloc_array(n, sizeof *s->shards);
    sc_rc rc = s->shards ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the HTTP server");
    for (; !rc && s->n_shards < n; s->n_shards++) sc_shard_init(&s->shards[s->n_shards], s);
    if (!rc) rc = sc_listen_open(conf->listen, &s->listen_fd, s->url, err);
    if (!rc && (s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        rc = sc_fail_sys(err, SC_IO, errno, "open an event descriptor");
    if (!rc) rc = start_all(s, err);
    if (rc)
        sc_http_server_close(s);
    else
        *ret = s;
    return rc;
}

const char *sc_http_server_url(const sc_http_server *s) { return s->url; }

static int64_t in_flight(const sc_http_server *s) {
    int64_t n = 0;
    for (unsigned i = 0; i < s->n_shards; i++) n += atomic_load(&s->shards[i].in_flight);
    return n;
}

void sc_http_server_stats(const sc_http_server *s, sc_http_stats *ret) {
    *ret = (sc_http_stats){
        .connections = atomic_load(&s->connections),
        .in_flight = in_flight(s),
        .buffered_bytes = atomic_load(&s->limits.bytes),
        .refused = atomic_load(&s->refused),
    };
    for (unsigned i = 0; i < s->n_shards; i++) ret->requests += atomic_load(&s->shards[i].requests);
}

static bool has_requests(const sc_http_server *s) { return in_flight(s) > 0; }

/* A connection may hold a request that has arrived and that nobody has read yet. */
static bool has_connections(const sc_http_server *s) { return atomic_load(&s->connections) > 0; }

void sc_server_tell_of_end(sc_http_server *s) {
    if (!atomic_load(&s->draining)) return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* Waits until there are none, or until real time has passed. */
static bool wait_for_none(sc_http_server *s, bool (*has_any)(const sc_http_server *s),
                          int64_t wait_ms) {
    bool late = false;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&s->lock);
    bool any;
    while ((any = has_any(s)) && !late)
        late = pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT;
    pthread_mutex_unlock(&s->lock);
    return !any;
}

static void stop_accepting(sc_http_server *s) {
    atomic_store(&s->draining, true);
    if (!s->watching) return;
    sc_watch_wake(s);
    pthread_mutex_lock(&s->lock);
    while (!s->listener_closed) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* Ends streams, and idle connections: their next read is the end of input. A request whose bytes have
 * arrived is still read and answered. */
static void end_idle(sc_http_shard *shard) {
    pthread_mutex_lock(&shard->lock);
    for (sc_http_conn *c = shard->conns; c; c = c->next) {
        sc_http_request *r = atomic_load_explicit(&c->r, memory_order_acquire);
        if (atomic_load(&c->phase) == SC_PHASE_WAIT) shutdown(c->fd, SHUT_RD);
        if (!r) continue;
        pthread_mutex_lock(&r->lock);
        if (sc_http_replied(r) && r->kind == SC_REPLY_STREAM) sc_stream_end_locked(r);
        pthread_mutex_unlock(&r->lock);
    }
    pthread_mutex_unlock(&shard->lock);
}

/* A request whose handler still owes a reply or a resume stays until that comes (the handler may be
 * holding it at this moment); its client is gone already. */
static unsigned cut_shard(sc_http_shard *shard) {
    unsigned n = 0;
    pthread_mutex_lock(&shard->lock);
    for (sc_http_conn *c = shard->conns; c; c = c->next) {
        sc_http_request *r = atomic_load_explicit(&c->r, memory_order_acquire);
        shutdown(c->fd, SHUT_RDWR);
        if (!r || !atomic_load(&r->counted)) continue;
        n++;
        pthread_mutex_lock(&r->lock);
        if (sc_http_replied(r) && r->kind == SC_REPLY_STREAM) sc_stream_cut_locked(r);
        pthread_mutex_unlock(&r->lock);
    }
    pthread_mutex_unlock(&shard->lock);
    return n;
}

unsigned sc_http_server_drain(sc_http_server *s, int64_t wait_ms) {
    unsigned cut = 0;
    stop_accepting(s);
    for (unsigned i = 0; i < s->n_shards; i++) end_idle(&s->shards[i]);
    if (wait_for_none(s, has_connections, SC_MAX(wait_ms, (int64_t)0))) return 0;
    for (unsigned i = 0; i < s->n_shards; i++) cut += cut_shard(&s->shards[i]);
    return cut;
}

static void free_all(sc_http_server *s) {
    sc_free(s->shards);
    sc_limits_done(&s->limits);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    if (s->listen_fd >= 0) close(s->listen_fd);
    if (s->wake_fd >= 0) close(s->wake_fd);
    sc_free(s);
}

void sc_http_server_close(sc_http_server *s) {
    if (!s) return;
    stop_accepting(s);
    atomic_store(&s->closing, true);
    for (unsigned i = 0; i < s->n_shards; i++) end_idle(&s->shards[i]);
    for (unsigned i = 0; i < s->n_shards; i++) cut_shard(&s->shards[i]);
    bool quiet = wait_for_none(s, has_requests, SC_HTTP_CLOSE_WAIT_MS);
    atomic_store(&s->stop, true);
    if (s->watching) {
        sc_watch_wake(s);
        pthread_join(s->watch, NULL);
    }
    /* libmicrohttpd cannot be stopped over a suspended connection, and whoever holds the request may
     * still reply to it: better to leave it all where it is than to pull memory from under a thread. */
    if (!quiet) return;
    for (unsigned i = 0; i < s->n_shards; i++) sc_shard_stop(&s->shards[i]);
    free_all(s);
}
