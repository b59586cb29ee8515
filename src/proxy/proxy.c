/* Its life: the socket, the thread that accepts, a thread a connection. */
#include "proxy/proxy.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/conn.h"

enum { MAX_CONNECTIONS = 256, BACKLOG = 64, ARENA = 1 << 20 };

void sc_proxy_conf_default(sc_proxy_conf *c) {
    *c = (sc_proxy_conf){
        .max_connections = 32,
        .max_request_bytes = 8 << 20,
        .max_buffered_bytes = 32 << 20,
        .max_reply_bytes = 64 << 20,
        .max_tunnel_bytes = (int64_t)1 << 30,
        .max_output_tokens = 32 << 10,
        .head_timeout_ms = 30000,
        .call_timeout_ms = 10 * 60000,
        .idle_timeout_ms = 2 * 60000,
        .clock = &sc_clock_system,
        .resolve = getaddrinfo,
    };
}

/* ---- One connection ------------------------------------------------------------------------------ */

/* "http://host/...": a plain proxy's request. Only CONNECT leads out of here. */
static bool refuse_absolute(sc_proxy_conn *c, const sc_proxy_request *r) {
    const sc_proxy_conf *conf = &c->proxy->conf;
    char host[SC_HEAD_MAX_HOST], authority[SC_HEAD_MAX_HOST + 8];
    int port = 0;
    sc_err err;
    sc_str rest = r->head.target;
    size_t at = sc_str_find(rest, SC_STR("://"));
    rest = (sc_str){rest.p + at + 3, rest.n - at - 3};
    size_t n = 0;
    while (n < rest.n && !strchr("/?#", rest.p[n])) n++;
    bool has_port = n && memrchr(rest.p, ':', n) != NULL && rest.p[n - 1] != ']';
    int wrote =
        snprintf(authority, sizeof authority, "%.*s%s", (int)n, rest.p, has_port ? "" : ":80");
    if (wrote > 0 && (size_t)wrote < sizeof authority &&
        !sc_head_authority(sc_str_of(authority), host, &port, NULL))
        conf->blocked(conf->self, sc_str_of(host), port, "plain HTTP is not passed on");
    sc_fail(&err, SC_FORBIDDEN,
            "plain HTTP is not passed on; hosts on the list are reached over TLS");
    return sc_proxy_refuse(c, r, SC_PROXY_OPENAI, &err);
}

static bool serve_one(sc_proxy_conn *c, const sc_proxy_request *r) {
    sc_proxy_route route;
    sc_err err = {0};
    if (sc_str_is(r->head.method, "CONNECT")) return sc_proxy_tunnel_run(c, r);
    if (r->head.target.p[0] != '/' && sc_str_find(r->head.target, SC_STR("://")) != SIZE_MAX)
        return refuse_absolute(c, r);
    bool anthropic = sc_head_get(&r->head, "anthropic-version").n > 0;
    sc_rc rc = sc_proxy_route_of(r->head.method, r->head.target, anthropic, &route, &err);
    if (rc) return sc_proxy_refuse(c, r, sc_proxy_shape_of(r->head.target), &err);
    if (route.kind != SC_PROXY_MODELS) return sc_proxy_call_run(c, r, &route);
    if (r->head.chunked || r->head.length) {
        sc_fail(&err, SC_INVALID, "this address takes no body");
        return sc_proxy_refuse(c, r, route.shape, &err);
    }
    return sc_proxy_list(c, r, route.shape);
}

static void serve(sc_proxy_conn *c) {
    SC_AUTO(sc_buf_done) sc_buf keep;
    sc_buf_init(&keep, SC_HEAD_MAX_BYTES);
    for (bool goes_on = true; goes_on && !atomic_load(&c->gone);) {
        sc_proxy_request r = {.until_us = 0};
        sc_err err = {0};
        sc_rc rc = sc_wire_head(&c->wire, &keep, &r.head, &r.until_us, &err);
        if (rc == SC_NOT_FOUND || rc == SC_CANCELLED || rc == SC_TIMEOUT) return;
        if (rc) { /* nobody knows where the next request would begin */
            r = (sc_proxy_request){.head = {.closes = true}};
            sc_proxy_refuse(c, &r, SC_PROXY_OPENAI, &err);
            return;
        }
        goes_on = serve_one(c, &r);
    }
}

/* Half-closed first, and what still comes read for a moment: a close with unread bytes would take the reply away
 * from the client. */
static void part(const sc_proxy_conn *c) {
    char waste[4096];
    shutdown(c->fd, SHUT_WR);
    for (int i = 0; i < 256; i++) {
        struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN},
                              {.fd = c->proxy->stop_fd, .events = POLLIN}};
        if (poll(p, 2, 1000) <= 0 || p[1].revents ||
            recv(c->fd, waste, sizeof waste, MSG_DONTWAIT) <= 0)
            return;
    }
}

static void *run_conn(void *self) {
    sc_proxy_conn *c = self;
    sc_proxy *p = c->proxy;
    if (p->traced) sc_span_enter(&p->trace);
    sc_wire_init(&c->wire, c->fd, p->stop_fd, p->conf.idle_timeout_ms, p->conf.head_timeout_ms);
    serve(c);
    part(c);
    sc_wire_done(&c->wire);
    sc_http_client_free(c->client);
    pthread_mutex_lock(&p->lock);
    sc_proxy_conn **at = &p->conns;
    while (*at != c) at = &(*at)->next;
    *at = c->next;
    close(c->fd);
    sc_free(c);
    p->n_conns--;
    pthread_cond_broadcast(&p->ended); /* last: the proxy may end now */
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- Accepting ----------------------------------------------------------------------------------- */

static bool start_conn(sc_proxy *p, int fd) {
    pthread_t thread;
    pthread_attr_t attr;
    sc_proxy_conn *c = sc_alloc(sizeof *c);
    if (!c) return false;
    c->proxy = p;
    c->fd = fd;
    pthread_mutex_lock(&p->lock);
    bool ok = p->n_conns < p->conf.max_connections;
    if (ok) {
        c->id = ++p->last_id;
        c->next = p->conns;
        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        ok = !pthread_create(&thread, &attr, run_conn, c);
        pthread_attr_destroy(&attr);
    }
    if (ok) {
        p->conns = c;
        p->n_conns++;
    }
    pthread_mutex_unlock(&p->lock);
    if (!ok) sc_free(c);
    return ok;
}

static void accept_one(sc_proxy *p) {
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n";
    int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 || start_conn(p, fd)) return;
    /* It fits the socket's buffer; a client that does not take it has lost nothing. */
    ssize_t sent = send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
    close(fd);
}

/* Whose client has hung up: its call is given up, or it would be paid for nobody. */
static void mark_gone(sc_proxy *p, const struct pollfd *polled, const uint64_t *ids, nfds_t n) {
    pthread_mutex_lock(&p->lock);
    for (sc_proxy_conn *c = p->conns; c; c = c->next)
        for (nfds_t i = 0; i < n; i++)
            if (c->id == ids[i] && polled[i].revents) atomic_store(&c->gone, true);
    pthread_mutex_unlock(&p->lock);
}

static void *run_accept(void *self) {
    sc_proxy *p = self;
    struct pollfd polled[MAX_CONNECTIONS + 2];
    uint64_t ids[MAX_CONNECTIONS + 2] = {0};
    for (;;) {
        polled[0] = (struct pollfd){.fd = p->listen_fd, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = p->stop_fd, .events = POLLIN};
        nfds_t n = 2;
        pthread_mutex_lock(&p->lock);
        for (const sc_proxy_conn *c = p->conns; c && n < SC_LEN(polled); c = c->next) {
            if (atomic_load(&c->gone)) continue;
            ids[n] = c->id;
            polled[n++] = (struct pollfd){.fd = c->fd, .events = 0}; /* a hang-up comes unasked */
        }
        pthread_mutex_unlock(&p->lock);
        if (poll(polled, n, -1) < 0) continue;
        if (polled[1].revents) return NULL;
        mark_gone(p, polled + 2, ids + 2, n - 2);
        if (polled[0].revents) accept_one(p);
    }
}

/* ---- Start and stop ------------------------------------------------------------------------------ */

static char *copy(sc_proxy *p, const char *s) { return sc_arena_copy(&p->arena, s, strlen(s)); }

static bool name_is_plain(const char *s) {
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\') return false;
    return n && n < 128;
}

static sc_rc copy_upstream(sc_proxy *p, const sc_proxy_upstream *from, sc_proxy_upstream *to,
                           sc_err *err) {
    bool http = from->base && (sc_str_starts(sc_str_of(from->base), "http://") ||
                               sc_str_starts(sc_str_of(from->base), "https://"));
    if (!http || strpbrk(from->base, " \r\n\t?#") || strlen(from->base) > 512)
        return sc_fail(err, SC_INVALID, "the model service's address is no http or https URL");
    char *base = copy(p, from->base);
    sc_proxy_model *models = sc_arena_take_array(&p->arena, from->n_models, sizeof *models);
    bool ok = base && models;
    for (size_t n = ok ? strlen(base) : 0; n && base[n - 1] == '/'; n--) base[n - 1] = 0;
    for (size_t i = 0; ok && i < from->n_models; i++) {
        models[i] = from->models[i];
        if (!name_is_plain(models[i].name) || models[i].price_in < 0 || models[i].price_out < 0 ||
            models[i].price_cached < 0)
            return sc_fail(err, SC_INVALID, "row %zu of the models has no proper name or price",
                           i + 1);
        models[i].name = copy(p, models[i].name);
        ok = models[i].name != NULL;
    }
    *to = (sc_proxy_upstream){from->shape, base, models, from->n_models};
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the model proxy");
}

static sc_rc copy_tables(sc_proxy *p, sc_err *err) {
    sc_proxy_conf *c = &p->conf;
    sc_proxy_upstream *ups = sc_arena_take_array(&p->arena, c->n_upstreams, sizeof *ups);
    sc_proxy_host *hosts = sc_arena_take_array(&p->arena, c->n_hosts, sizeof *hosts);
    c->socket_path = copy(p, c->socket_path);
    bool ok = ups && hosts && c->socket_path;
    for (size_t i = 0; ok && i < c->n_upstreams; i++) {
        sc_rc rc = copy_upstream(p, &c->upstreams[i], &ups[i], err);
        if (rc) return rc;
        for (size_t k = 0; k < i; k++)
            if (ups[k].shape == ups[i].shape)
                return sc_fail(err, SC_INVALID, "two model services of one shape");
    }
    for (size_t i = 0; ok && i < c->n_hosts; i++) {
        hosts[i] = c->hosts[i];
        if (!name_is_plain(hosts[i].name) || !strcmp(hosts[i].name, "*.") || hosts[i].port < 0 ||
            hosts[i].port > 65535)
            return sc_fail(err, SC_INVALID, "row %zu of the hosts has no proper name or port",
                           i + 1);
        hosts[i].name = copy(p, hosts[i].name);
        ok = hosts[i].name != NULL;
    }
    c->upstreams = ups;
    c->hosts = hosts;
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the model proxy");
}

static sc_rc listen_on(sc_proxy *p, sc_err *err) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(p->conf.socket_path);
    if (!n || n >= sizeof a.sun_path)
        return sc_fail(err, SC_INVALID, "a socket's path has 1 to %zu bytes",
                       sizeof a.sun_path - 1);
    memcpy(a.sun_path, p->conf.socket_path, n);
    p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->listen_fd < 0) return sc_fail_sys(err, SC_IO, errno, "open a socket");
    /* Of the descriptor, so that the file is born with it; the umask may only take more away. */
    if (fchmod(p->listen_fd, 0600)) return sc_fail_sys(err, SC_IO, errno, "set a socket's mode");
    if (bind(p->listen_fd, (struct sockaddr *)&a, sizeof a))
        return sc_fail_sys(err, errno == EADDRINUSE ? SC_CONFLICT : SC_IO, errno,
                           "make the model proxy's socket");
    p->bound = true;
    if (chmod(p->conf.socket_path, 0600) || listen(p->listen_fd, BACKLOG))
        return sc_fail_sys(err, SC_IO, errno, "listen on the model proxy's socket");
    return SC_OK;
}

sc_rc sc_proxy_start(const sc_proxy_conf *conf, sc_proxy **ret, sc_err *err) {
    if (!conf->socket_path || !conf->key || !conf->may_spend || !conf->spent || !conf->blocked)
        return sc_fail(err, SC_INVALID, "the model proxy lacks a socket or a callback");
    sc_proxy *p = sc_alloc(sizeof *p);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory for the model proxy");
    p->conf = *conf;
    p->traced = sc_span_current() != NULL;
    if (p->traced) p->trace = *sc_span_current();
    p->trace.state = NULL; /* it may not live as long */
    p->conf.max_connections = SC_MIN(SC_MAX(conf->max_connections, 1u), (unsigned)MAX_CONNECTIONS);
    p->listen_fd = p->stop_fd = -1;
    sc_arena_init(&p->arena, ARENA);
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->reading, NULL);
    pthread_cond_init(&p->ended, NULL);
    sc_rc rc = copy_tables(p, err);
    if (!rc && (p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        rc = sc_fail_sys(err, SC_IO, errno, "open an event descriptor");
    if (!rc) rc = listen_on(p, err);
    int failed = rc ? 0 : pthread_create(&p->acceptor, NULL, run_accept, p);
    if (failed) rc = sc_fail_sys(err, SC_INTERNAL, failed, "start the model proxy");
    p->accepting = !rc;
    if (rc)
        sc_proxy_stop(p);
    else
        *ret = p;
    return rc;
}

void sc_proxy_stop(sc_proxy *p) {
    if (!p) return;
    if (p->stop_fd >= 0) eventfd_write(p->stop_fd, 1); /* stays readable: nobody reads it */
    if (p->accepting) pthread_join(p->acceptor, NULL);
    pthread_mutex_lock(&p->lock);
    for (sc_proxy_conn *c = p->conns; c; c = c->next) atomic_store(&c->gone, true);
    while (p->n_conns) pthread_cond_wait(&p->ended, &p->lock);
    pthread_mutex_unlock(&p->lock);
    if (p->bound) unlink(p->conf.socket_path);
    if (p->listen_fd >= 0) close(p->listen_fd);
    if (p->stop_fd >= 0) close(p->stop_fd);
    pthread_cond_destroy(&p->ended);
    pthread_mutex_destroy(&p->reading);
    pthread_mutex_destroy(&p->lock);
    sc_arena_done(&p->arena);
    sc_free(p);
}
