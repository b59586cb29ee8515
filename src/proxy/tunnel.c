/* CONNECT: bytes to and from a host that the project named, and nowhere else. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "proxy/conn.h"
#include "proxy/hello.h"
#include "proxy/lookup.h"

enum { CONNECT_MS = 10000, PIECE = 20 << 10, HTTPS = 443 };

static bool name_matches(const char *rule, const char *host) {
    if (strncmp(rule, "*.", 2) != 0) return !strcasecmp(rule, host);
    size_t n = strlen(host), tail = strlen(rule) - 1; /* ".example.org" */
    return n > tail && !strcasecmp(host + n - tail, rule + 1);
}

static const sc_proxy_host *rule_for(const sc_proxy_conf *conf, const char *host, int port) {
    for (size_t i = 0; i < conf->n_hosts; i++) {
        const sc_proxy_host *h = &conf->hosts[i];
        bool port_fits = port == (h->port ? h->port : HTTPS);
        if (port_fits && name_matches(h->name, host)) return h;
    }
    return NULL;
}

/* Waits for a socket or the proxy's end. */
static bool ready(const sc_proxy_conn *c, int fd, short events, int64_t ms) {
    struct pollfd p[2] = {{.fd = fd, .events = events},
                          {.fd = c->proxy->stop_fd, .events = POLLIN}};
    int got;
    do got = poll(p, 2, (int)SC_MIN(ms, (int64_t)INT32_MAX));
    while (got < 0 && errno == EINTR);
    return got > 0 && !p[1].revents;
}

/* Is the socket connected in the end? */
static bool reach(const sc_proxy_conn *c, int fd, const struct addrinfo *a) {
    int failed = connect(fd, a->ai_addr, a->ai_addrlen) ? errno : 0;
    socklen_t n = sizeof failed;
    if (failed != EINPROGRESS) return !failed;
    return ready(c, fd, POLLOUT, CONNECT_MS) &&
           !getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n) && !failed;
}

/* A connected socket, or -1. */
static int dial(const sc_proxy_conn *c, const struct addrinfo *a) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || reach(c, fd, a)) return fd;
    close(fd);
    return -1;
}

/* Resolves once; what was checked is what is connected to, so a name that changes meanwhile changes nothing. */
static int open_checked(const sc_proxy_conn *c, const sc_proxy_host *rule, const char *host,
                        int port, const char **ret_blocked) {
    struct addrinfo *list = sc_proxy_lookup(c->proxy, host, port);
    for (const struct addrinfo *a = list; a && !rule->local; a = a->ai_next)
        if (!sc_address_public(a->ai_addr)) *ret_blocked = "its name leads into a private network";
    int fd = -1;
    for (const struct addrinfo *a = list; a && !*ret_blocked && fd < 0; a = a->ai_next)
        fd = dial(c, a);
    if (list) freeaddrinfo(list);
    return fd;
}

/* ---- Bytes --------------------------------------------------------------------------------------- */

typedef struct side {
    int from, to;
    char bytes[PIECE];
    size_t n, at;
    bool ended, shut; /* nothing more comes; and the other end knows */
    bool held;        /* what comes is looked at before it goes on    */
} side;

/* Where a tunnel leads, as it was asked for. */
typedef struct target {
    const char *host;
    int port;
} target;

/* False: the tunnel is over. */
static bool take_in(sc_proxy_conn *c, side *s) {
    ssize_t n = recv(s->from, s->bytes + s->n, sizeof s->bytes - s->n, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        s->ended = true;
        return true;
    }
    s->n += (size_t)n;
    int64_t all = atomic_fetch_add(&c->proxy->tunnel_bytes, n) + n;
    return all <= c->proxy->conf.max_tunnel_bytes;
}

static bool put_out(side *s) {
    ssize_t n = send(s->to, s->bytes + s->at, s->n - s->at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    s->at += (size_t)n;
    if (s->at == s->n) s->at = s->n = 0;
    return true;
}

static bool is_address(const char *host) {
    struct in6_addr room;
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1;
}

/* Lets go what was held once it may: TLS that asks for the host that the tunnel was made for. The port of HTTPS is for TLS
 * alone; elsewhere other protocols pass, which know no names. False: it is over. */
static bool look_at_hello(const sc_proxy_conn *c, side *s, const target *t) {
    const sc_proxy_conf *conf = &c->proxy->conf;
    char name[SC_HELLO_MAX_NAME];
    sc_hello is = sc_hello_look((sc_str){s->bytes, s->n}, name);
    if (is == SC_HELLO_MORE && s->n < sizeof s->bytes) return !s->ended;
    bool named = is == SC_HELLO_NAMED && !strcasecmp(name, t->host);
    s->held = false;
    if (named || is_address(t->host) || (is == SC_HELLO_NONE && t->port != HTTPS)) return true;
    bool other = is == SC_HELLO_NAMED;
    conf->blocked(conf->self, sc_str_of(other ? name : t->host), t->port,
                  other ? "another name than the tunnel's" : "no TLS that says its name");
    return false;
}

static bool step(sc_proxy_conn *c, side *s, const target *t, short in, short out) {
    if (s->n && !s->held && out & (POLLOUT | POLLERR | POLLHUP) && !put_out(s)) return false;
    if ((!s->n || s->held) && !s->ended && in & (POLLIN | POLLHUP | POLLERR) && !take_in(c, s))
        return false;
    if (s->held && !look_at_hello(c, s, t)) return false;
    if (s->n && !s->held && !put_out(s)) return false; /* at once, where it goes */
    if (s->ended && !s->n && !s->shut) {
        shutdown(s->to, SHUT_WR);
        s->shut = true;
    }
    return true;
}

static void relay(sc_proxy_conn *c, int outside, const target *t) {
    side up = {.from = c->fd, .to = outside, .held = true}, down = {.from = outside, .to = c->fd};
    sc_buf *early = &c->wire.in; /* what the client sent without waiting */
    if (early->n > sizeof up.bytes) return;
    if (early->n) memcpy(up.bytes, early->p, early->n);
    up.n = early->n;
    if (up.n && !look_at_hello(c, &up, t)) return;
    while (!up.shut || !down.shut) {
        short client =
            (short)(((!up.n || up.held) && !up.ended ? POLLIN : 0) | (down.n ? POLLOUT : 0));
        short far =
            (short)((!down.n && !down.ended ? POLLIN : 0) | (up.n && !up.held ? POLLOUT : 0));
        struct pollfd p[3] = {{.fd = client ? c->fd : -1, .events = client},
                              {.fd = far ? outside : -1, .events = far},
                              {.fd = c->proxy->stop_fd, .events = POLLIN}};
        int got = poll(p, 3, (int)SC_MIN(c->proxy->conf.idle_timeout_ms, (int64_t)INT32_MAX));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || p[2].revents) return;
        if (!step(c, &up, t, p[0].revents, p[1].revents)) return;
        if (!step(c, &down, t, p[1].revents, p[0].revents)) return;
    }
}

bool sc_proxy_tunnel_run(sc_proxy_conn *c, const sc_proxy_request *asked) {
    /* A client may send the tunnel's bytes without waiting; they are no requests. */
    sc_proxy_request ending = *asked;
    const sc_proxy_request *r = &ending;
    ending.head.closes = true;
    const sc_proxy_conf *conf = &c->proxy->conf;
    char host[SC_HEAD_MAX_HOST];
    int port = 0, fd = -1;
    const char *why = NULL;
    sc_err err = {0};
    if (sc_head_authority(r->head.target, host, &port, &err))
        return sc_proxy_refuse(c, r, SC_PROXY_OPENAI, &err);
    if (r->head.chunked || r->head.length) {
        sc_fail(&err, SC_INVALID, "CONNECT takes no body");
        return sc_proxy_refuse(c, r, SC_PROXY_OPENAI, &err);
    }
    const sc_proxy_host *rule = rule_for(conf, host, port);
    if (!rule)
        why = "not on the project's list of hosts";
    else if (atomic_load(&c->proxy->tunnel_bytes) >= conf->max_tunnel_bytes)
        why = "all the bytes that a job may fetch are used up";
    else
        fd = open_checked(c, rule, host, port, &why);
    if (why) {
        conf->blocked(conf->self, sc_str_of(host), port, why);
        sc_fail(&err, SC_FORBIDDEN, "%.128s:%d: %s", host, port, why);
        return sc_proxy_refuse(c, r, SC_PROXY_OPENAI, &err);
    }
    if (fd < 0) {
        sc_fail(&err, SC_UPSTREAM, "%.128s:%d does not answer", host, port);
        return sc_proxy_refuse(c, r, SC_PROXY_OPENAI, &err);
    }
    if (sc_wire_raw(&c->wire, SC_STR("HTTP/1.1 200 Connection established\r\n\r\n")))
        relay(c, fd, &(target){host, port});
    close(fd);
    return false;
}
