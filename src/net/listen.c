#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Cuts text at its last colon; the brackets of an IPv6 address are taken off. */
static bool split(sc_str text, sc_str *ret_host, sc_str *ret_port) {
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
    if (!colon) return false;
    sc_str host = {text.p, (size_t)(colon - text.p)};
    *ret_port = (sc_str){colon + 1, text.n - host.n - 1};
    bool brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (!brackets && host.n && memchr(host.p, ':', host.n)) return false;
    *ret_host = brackets ? (sc_str){host.p + 1, host.n - 2} : host;
    return true;
}

sc_rc sc_listen_parse(const char *text, struct sockaddr_storage *ret_addr, socklen_t *ret_n,
                      sc_err *err) {
    sc_str host, port_text;
    int64_t port;
    if (!text || !split(sc_str_of(text), &host, &port_text))
        return sc_fail(err, SC_INVALID, "expected ADDR:PORT or [ADDR6]:PORT, not \"%.60s\"",
                       text ? text : "");
    if (sc_num_i64(port_text, 0, 65535, &port, NULL))
        return sc_fail(err, SC_INVALID, "\"%.20s\" is not a port (0 to 65535)", port_text.p);
    char name[INET6_ADDRSTRLEN];
    if (sc_str_is(host, "localhost")) host = SC_STR("127.0.0.1");
    if (sc_str_is(host, "*")) host = SC_STR("0.0.0.0");
    if (host.n >= sizeof name)
        return sc_fail(err, SC_INVALID, "\"%.*s\" is not an address",
                       SC_FMT(sc_str_clip(host, 60)));
    memcpy(name, host.p, host.n);
    name[host.n] = 0;

    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, name, &v4.sin_addr) == 1) {
        *ret_n = sizeof v4;
        memcpy(ret_addr, &v4, sizeof v4);
    } else if (inet_pton(AF_INET6, name, &v6.sin6_addr) == 1) {
        *ret_n = sizeof v6;
        memcpy(ret_addr, &v6, sizeof v6);
    } else {
        return sc_fail(err, SC_INVALID,
                       "\"%s\" is not an IPv4 or IPv6 address (names are not looked up)", name);
    }
    return SC_OK;
}

static sc_rc url_of(int fd, char ret_url[SC_LISTEN_URL_BYTES], sc_err *err) {
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    char host[INET6_ADDRSTRLEN];
    if (getsockname(fd, (struct sockaddr *)&a, &n))
        return sc_fail_sys(err, SC_IO, errno, "ask for the address listened on");
    bool v6 = a.ss_family == AF_INET6;
    unsigned port =
        ntohs(v6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
    const void *bytes = v6 ? (const void *)&((struct sockaddr_in6 *)&a)->sin6_addr
                           : (const void *)&((struct sockaddr_in *)&a)->sin_addr;
    if (!inet_ntop(a.ss_family, bytes, host, sizeof host))
        return sc_fail_sys(err, SC_IO, errno, "write the address listened on");
    snprintf(ret_url, SC_LISTEN_URL_BYTES, v6 ? "http://[%s]:%u" : "http://%s:%u", host, port);
    return SC_OK;
}

sc_rc sc_listen_open(const char *text, int *ret_fd, char ret_url[SC_LISTEN_URL_BYTES],
                     sc_err *err) {
    struct sockaddr_storage addr = {0};
    socklen_t n = 0;
    sc_rc rc = sc_listen_parse(text, &addr, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_auto_close)
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "open a socket for %s", text);
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (addr.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (struct sockaddr *)&addr, n) || listen(fd, BACKLOG))
        return sc_fail_sys(err, errno == EADDRINUSE ? SC_CONFLICT : SC_IO, errno, "listen on %s",
                           text);
    rc = url_of(fd, ret_url, err);
    if (rc) return rc;
    *ret_fd = fd;
    fd = -1;
    return SC_OK;
}

static bool is_mapped(const struct sockaddr *addr) {
    return addr->sa_family == AF_INET6 &&
           IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

void sc_listen_peer(const struct sockaddr *addr, char ret_text[SC_LISTEN_PEER_BYTES]) {
    ret_text[0] = 0;
    if (addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)addr)->sin_addr, ret_text,
                  SC_LISTEN_PEER_BYTES);
    else if (is_mapped(addr))
        inet_ntop(AF_INET, ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr + 12, ret_text,
                  SC_LISTEN_PEER_BYTES);
    else if (addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)addr)->sin6_addr, ret_text,
                  SC_LISTEN_PEER_BYTES);
}

sc_listen_key sc_listen_key_of(const struct sockaddr *addr) {
    sc_listen_key k = {{0}};
    if (addr->sa_family == AF_INET)
        memcpy(k.bytes + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
    else if (is_mapped(addr))
        memcpy(k.bytes + 12, ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr + 12, 4);
    else if (addr->sa_family == AF_INET6)
        memcpy(k.bytes, ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr, 8);
    return k;
}
