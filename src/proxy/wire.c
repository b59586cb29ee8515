#include "proxy/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { READ_BYTES = 16 << 10, MAX_UNREAD = 64 << 10, MAX_CHUNK_LINE = 256 };

static int64_t now_us(void) { return sc_mono_us(&sc_clock_system); }

void sc_wire_init(sc_wire *w, int fd, int stop_fd, int64_t idle_ms, int64_t request_ms) {
    *w = (sc_wire){.fd = fd, .stop_fd = stop_fd, .idle_ms = idle_ms, .request_ms = request_ms};
    sc_buf_init(&w->in, MAX_UNREAD);
}

void sc_wire_done(sc_wire *w) { sc_buf_done(&w->in); }

static void use_up(sc_buf *b, size_t n) {
    if (!n) return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

static sc_rc wait_for(const sc_wire *w, short events, int64_t until_us, sc_err *err) {
    for (;;) {
        struct pollfd p[2] = {{.fd = w->fd, .events = events},
                              {.fd = w->stop_fd, .events = POLLIN}};
        int64_t left_ms = (until_us - now_us() + 999) / 1000;
        int got = left_ms > 0 ? poll(p, 2, (int)SC_MIN(left_ms, (int64_t)INT32_MAX)) : 0;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sc_fail_sys(err, SC_IO, errno, "wait for a client");
        if (p[1].revents) return sc_fail(err, SC_CANCELLED, "the proxy stops");
        if (got > 0) return SC_OK;
        return sc_fail(err, SC_TIMEOUT, "the request did not come in time");
    }
}

/* Reads what there is. SC_NOT_FOUND: the client has ended. */
static sc_rc fill(sc_wire *w, int64_t until_us, sc_err *err) {
    char room[READ_BYTES];
    sc_rc rc = wait_for(w, POLLIN, until_us, err);
    if (rc) return rc;
    size_t most = SC_MIN(sizeof room, (size_t)MAX_UNREAD - w->in.n);
    ssize_t n = recv(w->fd, room, most, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return SC_OK;
    if (n <= 0) return sc_fail(err, SC_NOT_FOUND, "the client is gone");
    return sc_buf_put(&w->in, room, (size_t)n)
               ? SC_OK
               : sc_fail(err, SC_NOMEM, "no memory for the request");
}

sc_rc sc_wire_head(sc_wire *w, sc_buf *keep, sc_head *ret, int64_t *ret_until_us, sc_err *err) {
    sc_rc rc = SC_OK;
    int64_t idle_us = now_us() + w->idle_ms * 1000;
    while (!rc && !w->in.n) rc = fill(w, idle_us, err);
    if (rc == SC_TIMEOUT) return sc_fail(err, SC_NOT_FOUND, "an idle client");
    int64_t until_us = now_us() + w->request_ms * 1000;
    while (!rc) {
        rc = sc_head_parse(sc_buf_str(&w->in), ret, err);
        if (rc != SC_NOT_FOUND) break;
        rc = fill(w, until_us, err);
    }
    if (rc) return rc;
    size_t n = ret->bytes;
    sc_buf_reset(keep);
    if (!sc_buf_put(keep, w->in.p, n)) return sc_fail(err, SC_NOMEM, "no memory for the request");
    use_up(&w->in, n);
    w->expecting = ret->expects;
    *ret_until_us = until_us;
    return sc_head_parse(sc_buf_str(keep), ret, err); /* again: views of what stays */
}

/* n more bytes of the body into ret. */
static sc_rc take(sc_wire *w, size_t n, int64_t until_us, sc_buf *ret, sc_err *err) {
    if (n > ret->max - ret->n) return sc_fail(err, SC_TOO_LARGE, "the body is over its limit");
    while (n) {
        size_t here = SC_MIN(n, w->in.n);
        if (!sc_buf_put(ret, w->in.p, here))
            return sc_fail(err, SC_NOMEM, "no memory for the request");
        use_up(&w->in, here);
        n -= here;
        sc_rc rc = n ? fill(w, until_us, err) : SC_OK;
        if (rc) return rc;
    }
    return SC_OK;
}

/* A line of the chunked coding, without its CRLF. */
static sc_rc take_line(sc_wire *w, int64_t until_us, char ret[MAX_CHUNK_LINE], size_t *ret_n,
                       sc_err *err) {
    for (;;) {
        const char *lf = w->in.n ? memchr(w->in.p, '\n', w->in.n) : NULL;
        size_t n = lf ? (size_t)(lf - w->in.p) : w->in.n;
        if (n >= MAX_CHUNK_LINE) return sc_fail(err, SC_INVALID, "a chunk's line is too long");
        if (lf) {
            if (!n || w->in.p[n - 1] != '\r' || memchr(w->in.p, '\r', n) != w->in.p + n - 1)
                return sc_fail(err, SC_INVALID, "a line of the body does not end with CRLF");
            memcpy(ret, w->in.p, n);
            *ret_n = n - 1;
            use_up(&w->in, n + 1);
            return SC_OK;
        }
        sc_rc rc = fill(w, until_us, err);
        if (rc) return rc;
    }
}

/* RFC 9112, 7.1. Trailers are refused: nothing here has a use for them. */
static sc_rc take_chunks(sc_wire *w, int64_t until_us, sc_buf *ret, sc_err *err) {
    char line[MAX_CHUNK_LINE];
    size_t n = 0, size = 0;
    for (;;) {
        sc_rc rc = take_line(w, until_us, line, &n, err);
        if (!rc) rc = sc_head_chunk_size((sc_str){line, n}, ret->max, &size, err);
        if (!rc) rc = take(w, size, until_us, ret, err);
        if (!rc) rc = take_line(w, until_us, line, &n, err);
        if (rc) return rc;
        if (n) return sc_fail(err, SC_INVALID, "a chunk that is longer than it said");
        if (!size) return SC_OK;
    }
}

sc_rc sc_wire_body(sc_wire *w, const sc_head *h, int64_t until_us, sc_buf *ret, sc_err *err) {
    if (h->length > (int64_t)ret->max)
        return sc_fail(err, SC_TOO_LARGE, "the body is over %zu bytes", ret->max);
    if (w->expecting && (h->chunked || h->length)) {
        w->expecting = false;
        if (!sc_wire_raw(w, SC_STR("HTTP/1.1 100 Continue\r\n\r\n")))
            return sc_fail(err, SC_NOT_FOUND, "the client is gone");
    }
    return h->chunked ? take_chunks(w, until_us, ret, err)
                      : take(w, (size_t)h->length, until_us, ret, err);
}

/* ---- Replies ------------------------------------------------------------------------------------- */

bool sc_wire_raw(sc_wire *w, sc_str bytes) {
    while (bytes.n && !w->dead) {
        ssize_t n = send(w->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            bytes.p += n;
            bytes.n -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            w->dead = wait_for(w, POLLOUT, now_us() + w->idle_ms * 1000, NULL) != SC_OK;
        } else if (n == 0 || errno != EINTR) {
            w->dead = true;
        }
    }
    return !w->dead;
}

static const char *reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Answer";
    }
}

static bool put_head(sc_buf *b, int status, sc_str type, const char *extra) {
    return sc_buf_putf(b, "HTTP/1.1 %d %s\r\nContent-Type: %.*s\r\n%s", status, reason(status),
                       SC_FMT(type), extra ? extra : "");
}

bool sc_wire_reply(sc_wire *w, int status, const char *type, const char *extra, sc_str body,
                   bool closes, bool head_only) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SIZE_MAX / 2);
    put_head(&b, status, sc_str_of(type), extra);
    sc_buf_putf(&b, "Content-Length: %zu\r\n%s\r\n", body.n, closes ? "Connection: close\r\n" : "");
    if (!head_only) sc_buf_put_str(&b, body);
    return !b.failed && sc_wire_raw(w, sc_buf_str(&b));
}

bool sc_wire_begin(sc_wire *w, int status, sc_str type, const char *extra, const sc_head *h) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SIZE_MAX / 2);
    w->chunks = !h->old;
    put_head(&b, status, type, extra);
    sc_buf_puts(&b, w->chunks ? "Transfer-Encoding: chunked\r\n" : "Connection: close\r\n");
    sc_buf_puts(&b, "\r\n");
    return !b.failed && sc_wire_raw(w, sc_buf_str(&b));
}

bool sc_wire_piece(sc_wire *w, sc_str bytes) {
    char size[32];
    if (!bytes.n) return !w->dead;
    if (!w->chunks) return sc_wire_raw(w, bytes);
    int n = snprintf(size, sizeof size, "%zx\r\n", bytes.n);
    return sc_wire_raw(w, (sc_str){size, (size_t)n}) && sc_wire_raw(w, bytes) &&
           sc_wire_raw(w, SC_STR("\r\n"));
}

bool sc_wire_end(sc_wire *w) { return !w->chunks || sc_wire_raw(w, SC_STR("0\r\n\r\n")); }
