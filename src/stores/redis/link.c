#include "stores/redis/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stores/redis/rest.h"

struct sc_rd_link {
    sc_rd_rest *rest; /* instead of all below */
    int fd;
    SSL_CTX *context;
    SSL *tls;
    redisReader *reader;
    char name[128]; /* for people */
};

static sc_rc failed(const sc_rd_link *l, const char *what, int sys, sc_err *err) {
    if (sys == EAGAIN || sys == EWOULDBLOCK)
        return sc_fail(err, SC_STORE, "Redis at %.100s: %s took too long", l->name, what);
    return sc_fail_sys(err, SC_STORE, sys, "Redis at %.100s: %s", l->name, what);
}

static sc_rc tls_failed(const sc_rd_link *l, const char *what, sc_err *err) {
    unsigned long code = ERR_get_error();
    long verify = l->tls ? SSL_get_verify_result(l->tls) : X509_V_OK;
    const char *why = verify != X509_V_OK ? X509_verify_cert_error_string(verify)
                      : code              ? ERR_reason_error_string(code)
                                          : "the connection ended";
    return sc_fail(err, SC_STORE, "Redis at %.80s: %s: %.80s", l->name, what, why ? why : "TLS");
}

/* ---- Connecting -------------------------------------------------------------------------------- */

static sc_rc connect_within(sc_rd_link *l, const struct sockaddr *to, socklen_t n, int timeout_ms,
                            sc_err *err) {
    int flags = fcntl(l->fd, F_GETFL), sys = 0;
    socklen_t size = sizeof sys;
    fcntl(l->fd, F_SETFL, flags | O_NONBLOCK);
    if (connect(l->fd, to, n) && errno != EINPROGRESS) return failed(l, "connect", errno, err);
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};
    int ready;
    do ready = poll(&p, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready == 0) return failed(l, "connect", EAGAIN, err);
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &sys, &size) || sys)
        return failed(l, "connect", sys ? sys : errno, err);
    fcntl(l->fd, F_SETFL, flags);
    struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    return SC_OK;
}

static sc_rc connect_local(sc_rd_link *l, const sc_rd_address *to, sc_err *err) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(to->host) >= sizeof a.sun_path)
        return sc_fail(err, SC_STORE, "Redis at %.100s: the path is too long", l->name);
    memcpy(a.sun_path, to->host, strlen(to->host));
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0) return failed(l, "socket", errno, err);
    return connect_within(l, (struct sockaddr *)&a, sizeof a, to->timeout_ms, err);
}

static sc_rc connect_tcp(sc_rd_link *l, const sc_rd_address *to, sc_err *err) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    char port[8];
    int one = 1;
    snprintf(port, sizeof port, "%d", to->port);
    int code = getaddrinfo(to->host, port, &hints, &list);
    if (code) return sc_fail(err, SC_STORE, "Redis at %.100s: %s", l->name, gai_strerror(code));
    sc_rc rc = SC_STORE;
    for (struct addrinfo *a = list; a && rc; a = a->ai_next) {
        if (l->fd >= 0) close(l->fd);
        l->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        rc = l->fd < 0 ? failed(l, "socket", errno, err)
                       : connect_within(l, a->ai_addr, a->ai_addrlen, to->timeout_ms, err);
    }
    freeaddrinfo(list);
    if (!rc) setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return rc;
}

static sc_rc start_tls(sc_rd_link *l, const sc_rd_address *to, sc_err *err) {
    l->context = SSL_CTX_new(TLS_client_method());
    if (!l->context) return sc_fail(err, SC_NOMEM, "no memory for TLS");
    SSL_CTX_set_min_proto_version(l->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(l->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(l->context, SSL_MODE_AUTO_RETRY);
    int ok = to->ca_file[0] ? SSL_CTX_load_verify_locations(l->context, to->ca_file, NULL)
                            : SSL_CTX_set_default_verify_paths(l->context);
    if (ok != 1) return tls_failed(l, "read the certificates to trust", err);
    l->tls = SSL_new(l->context);
    if (!l->tls) return sc_fail(err, SC_NOMEM, "no memory for TLS");
    struct in6_addr bytes;
    bool number =
        inet_pton(AF_INET, to->host, &bytes) == 1 || inet_pton(AF_INET6, to->host, &bytes) == 1;
    ok = number ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->tls), to->host)
                : SSL_set1_host(l->tls, to->host) && SSL_set_tlsext_host_name(l->tls, to->host);
    if (ok != 1 || SSL_set_fd(l->tls, l->fd) != 1) return tls_failed(l, "prepare TLS", err);
    ERR_clear_error();
    return SSL_connect(l->tls) == 1 ? SC_OK : tls_failed(l, "begin TLS", err);
}

/* ---- Bytes ------------------------------------------------------------------------------------- */

static sc_rc send_all(sc_rd_link *l, const char *p, size_t n, sc_err *err) {
    while (n) {
        ssize_t sent;
        if (l->tls) {
            ERR_clear_error();
            sent = SSL_write(l->tls, p, (int)SC_MIN(n, (size_t)1 << 20));
            if (sent <= 0) return tls_failed(l, "send", err);
        } else {
            sent = send(l->fd, p, n, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) return failed(l, "send", errno, err);
        }
        p += sent;
        n -= (size_t)sent;
    }
    return SC_OK;
}

static sc_rc receive(sc_rd_link *l, sc_err *err) {
    char block[64 << 10];
    ssize_t n;
    if (l->tls) {
        ERR_clear_error();
        n = SSL_read(l->tls, block, sizeof block);
        if (n <= 0) return tls_failed(l, "receive", err);
    } else {
        do n = recv(l->fd, block, sizeof block, 0);
        while (n < 0 && errno == EINTR);
        if (n == 0) return failed(l, "receive", ECONNRESET, err);
        if (n < 0) return failed(l, "receive", errno, err);
    }
    if (redisReaderFeed(l->reader, block, (size_t)n) != REDIS_OK)
        return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
    return SC_OK;
}

static sc_rc next_reply(sc_rd_link *l, redisReply **ret, sc_err *err) {
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(l->reader, &reply) != REDIS_OK)
            return sc_fail(err, SC_STORE, "Redis at %.80s answered what is no answer: %.80s",
                           l->name, l->reader->errstr);
        if (reply) {
            *ret = reply;
            return SC_OK;
        }
        sc_rc rc = receive(l, err);
        if (rc) return rc;
    }
}

sc_rc sc_rd_link_send(sc_rd_link *l, const char *p, size_t n, sc_err *err) {
    return l->rest ? sc_rd_rest_send(l->rest, p, n, err) : send_all(l, p, n, err);
}

sc_rc sc_rd_link_reply(sc_rd_link *l, redisReply **ret, sc_err *err) {
    return l->rest ? sc_rd_rest_reply(l->rest, ret, err) : next_reply(l, ret, err);
}

bool sc_rd_link_fresh(sc_rd_link *l) {
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    if (l->rest) return true;   /* libcurl looks by itself */
    return poll(&p, 1, 0) == 0; /* between commands there is nothing to read */
}

/* ---- Life -------------------------------------------------------------------------------------- */

static sc_rc say(sc_rd_link *l, int argc, const char **argv, sc_err *err) {
    char *text = NULL;
    redisReply *reply = NULL;
    int n = redisFormatCommandArgv(&text, argc, argv, NULL);
    if (n < 0) return sc_fail(err, SC_NOMEM, "no memory for a command of Redis");
    sc_rc rc = send_all(l, text, (size_t)n, err);
    redisFreeCommand(text);
    if (!rc) rc = next_reply(l, &reply, err);
    if (!reply) return rc;
    if (reply->type == REDIS_REPLY_ERROR)
        rc = sc_fail(err, SC_STORE, "Redis at %.60s refuses %s: %.100s", l->name, argv[0],
                     reply->str);
    freeReplyObject(reply);
    return rc;
}

static sc_rc introduce(sc_rd_link *l, const sc_rd_address *to, sc_err *err) {
    char number[16];
    sc_rc rc = SC_OK;
    if (to->user[0] && to->password[0])
        rc = say(l, 3, (const char *[]){"AUTH", to->user, to->password}, err);
    else if (to->password[0])
        rc = say(l, 2, (const char *[]){"AUTH", to->password}, err);
    snprintf(number, sizeof number, "%d", to->database);
    if (!rc && to->database) rc = say(l, 2, (const char *[]){"SELECT", number}, err);
    return rc;
}

sc_rc sc_rd_link_open(const sc_rd_address *to, sc_rd_link **ret, sc_err *err) {
    sc_rd_link *l = sc_alloc(sizeof *l);
    if (!l) return sc_fail(err, SC_NOMEM, "no memory for a connection");
    l->fd = -1;
    if (to->rest) {
        sc_rc rc = sc_rd_rest_open(to, &l->rest, err);
        if (rc)
            sc_rd_link_close(l);
        else
            *ret = l;
        return rc;
    }
    if (to->local)
        snprintf(l->name, sizeof l->name, "%.120s", to->host);
    else
        snprintf(l->name, sizeof l->name, "%.100s:%d", to->host, to->port);
    l->reader = redisReaderCreate();
    sc_rc rc = l->reader ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a connection");
    if (!rc) rc = to->local ? connect_local(l, to, err) : connect_tcp(l, to, err);
    if (!rc && to->tls) rc = start_tls(l, to, err);
    if (!rc) rc = introduce(l, to, err);
    if (rc)
        sc_rd_link_close(l);
    else
        *ret = l;
    return rc;
}

void sc_rd_link_close(sc_rd_link *l) {
    if (!l) return;
    sc_rd_rest_close(l->rest);
    if (l->tls) SSL_free(l->tls);
    if (l->context) SSL_CTX_free(l->context);
    if (l->fd >= 0) close(l->fd);
    if (l->reader) redisReaderFree(l->reader);
    sc_free(l);
}
