/* Replies: kept in the request by whoever replies, given to libmicrohttpd by the shard's thread. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/id.h"
#include "net/http_internal.h"

static bool printable(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 && *s != '\t') return false;
    return true;
}

void sc_http_reply_header(sc_http_request *r, const char *name, const char *value) {
    assert(!sc_http_replied(r));
    if (!printable(name) || !printable(value)) return; /* it would begin a header of its own */
    sc_http_line *line = sc_arena_take(&r->arena, sizeof *line);
    const char *n = sc_arena_copy(&r->arena, name, strlen(name));
    const char *v = sc_arena_copy(&r->arena, value, strlen(value));
    if (!line || !n || !v) {
        r->header_failed = true;
        return;
    }
    *line = (sc_http_line){.name = n, .value = v};
    if (r->last_line)
        r->last_line->next = line;
    else
        r->lines = line;
    r->last_line = line;
    sc_str key = sc_str_of(n);
    r->has_cache_control |= sc_str_ieq(key, SC_STR("Cache-Control"));
    r->has_retry_after |= sc_str_ieq(key, SC_STR("Retry-After"));
    r->has_encoding |= sc_str_ieq(key, SC_STR("Content-Encoding"));
}

/* A reply is given once; the server's own error may only come second by a race that is nobody's bug. */
static bool begin(sc_http_request *r) {
    bool first = !atomic_exchange(&r->replying, true);
    assert(first || r->erring);
    return first;
}

/* From here on the request may be over at any moment. */
static void publish(sc_http_request *r, int status) {
    pthread_mutex_lock(&r->lock);
    atomic_store_explicit(&r->status, status, memory_order_release);
    sc_request_wake_locked(r);
    pthread_mutex_unlock(&r->lock);
}

static bool worth_compressing(const sc_http_request *r, sc_str body) {
    if (body.n <= SC_HTTP_COMPRESS_BYTES || r->has_encoding || !r->content_type) return false;
    sc_str type = sc_str_of(r->content_type);
    return sc_str_starts(type, "text/") || sc_str_find(type, SC_STR("json")) != SIZE_MAX ||
           sc_str_starts(type, "image/svg") || sc_str_find(type, SC_STR("javascript")) != SIZE_MAX;
}

/* Level 1: half the size for text at some 200 MB/s. False: sent as it is. */
static bool compress_body(sc_http_request *r, sc_str body) {
    z_stream z = {0};
    if (body.n > UINT32_MAX / 2 ||
        deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = body.n - body.n / 8; /* not worth it above that */
    char *p = sc_realloc(NULL, room);
    z.next_in = (Bytef *)(uintptr_t)body.p;
    z.avail_in = (uInt)body.n;
    z.next_out = (Bytef *)p;
    z.avail_out = (uInt)room;
    bool ok = p && deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    if (!ok) {
        sc_free(p);
        return false;
    }
    r->reply_p = p;
    r->reply_n = room - z.avail_out;
    r->reply_heap = r->gzip = true;
    return true;
}

static bool keep_body(sc_http_request *r, sc_str body) {
    if (worth_compressing(r, body)) {
        r->vary = true;
        if (r->accept_gzip && compress_body(r, body)) return true;
    }
    if (body.n <= sizeof r->small) {
        r->reply_p = r->small;
    } else {
        r->reply_p = sc_realloc(NULL, body.n);
        r->reply_heap = true;
        if (!r->reply_p) return false;
    }
    if (body.n) memcpy(r->reply_p, body.p, body.n);
    r->reply_n = body.n;
    return true;
}

void sc_http_reply(sc_http_request *r, int status, const char *content_type, sc_str body) {
    if (!begin(r)) return;
    r->kind = SC_REPLY_BODY;
    r->content_type = content_type;
    if (!keep_body(r, body) || r->header_failed) {
        /* Without its headers or body it would say something else: the client gets a plain 503. */
        status = sc_rc_http(SC_NOMEM);
        r->reply_n = 0;
        r->content_type = NULL;
        r->gzip = false;
    }
    publish(r, status);
}

void sc_http_reply_fd(sc_http_request *r, int status, const char *content_type, int fd,
                      int64_t size) {
    if (!begin(r)) {
        close(fd);
        return;
    }
    r->kind = SC_REPLY_FD;
    r->content_type = content_type;
    r->fd = fd;
    r->fd_size = size;
    publish(r, status);
}

void sc_http_reply_stream(sc_http_request *r, int status, const char *content_type,
                          size_t max_pending, sc_str ask) {
    if (!begin(r)) return;
    pthread_mutex_lock(&r->lock);
    r->kind = SC_REPLY_STREAM;
    r->content_type = content_type;
    r->max_pending = max_pending;
    r->ask = ask;
    sc_buf_init(&r->out, max_pending < SIZE_MAX / 4 ? 2 * max_pending + 64 : max_pending);
    r->ended = atomic_load(&sc_request_server(r)->draining);
    pthread_mutex_unlock(&r->lock);
    publish(r, status);
}

void sc_reply_error(sc_http_request *r, const sc_err *err) {
    sc_http_server *s = sc_request_server(r);
    if (atomic_load(&r->replying)) return;
    r->met = r->erring = true;
    if (!r->id[0]) {
        sc_id id = sc_id_new(s->conf.clock);
        memcpy(r->id, id.text, SC_ID_TEXT);
    }
    s->handler.error(s->handler.self, r, err);
    if (!atomic_load(&r->replying))
        sc_http_reply(r, sc_rc_http(err->rc), "text/plain", sc_str_of(err->msg));
    /* A client that is too slow is told 408; 504 would say that we waited for somebody else. */
    if (err->rc == SC_TIMEOUT && sc_http_replied(r) == 504) atomic_store(&r->status, 408);
}

/* ---- On the wire ----------------------------------------------------------------------------- */

typedef void (*put_line)(void *to, const char *name, const char *value);

static void each_line(sc_http_request *r, put_line put, void *to) {
    if (r->content_type) put(to, "Content-Type", r->content_type);
    if (r->gzip) put(to, "Content-Encoding", "gzip");
    if (r->vary) put(to, "Vary", "Accept-Encoding");
    for (sc_http_line *l = r->lines; l; l = l->next) put(to, l->name, l->value);
    put(to, "X-Request-ID", r->id);
    put(to, "X-Content-Type-Options", "nosniff");
    if (!r->has_cache_control) put(to, "Cache-Control", "no-store");
    if (r->refuse_more ||
        atomic_load_explicit(&sc_request_server(r)->draining, memory_order_relaxed))
        put(to, "Connection", "close");
}

static void put_mhd(void *to, const char *name, const char *value) {
    MHD_add_response_header(to, name, value);
}

static struct MHD_Response *response_of(sc_http_request *r) {
    if (r->kind == SC_REPLY_STREAM) return sc_stream_response(r);
    if (r->kind == SC_REPLY_FD) {
        struct MHD_Response *m = MHD_create_response_from_fd64((uint64_t)r->fd_size, r->fd);
        if (m) r->fd = -1;
        return m;
    }
    return MHD_create_response_from_buffer(r->reply_n, r->reply_p, MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result sc_reply_queue(sc_http_request *r) {
    struct MHD_Response *m = response_of(r);
    if (!m) return MHD_NO;
    each_line(r, put_mhd, m);
    pthread_mutex_lock(&r->lock);
    r->queued = true;
    pthread_mutex_unlock(&r->lock);
    enum MHD_Result ok = MHD_queue_response(r->mhd, (unsigned)sc_http_replied(r), m);
    MHD_destroy_response(m);
    return ok;
}

static void put_text(void *to, const char *name, const char *value) {
    sc_buf_putf(to, "%s: %s\r\n", name, value);
}

bool sc_reply_send_raw(sc_http_request *r, int fd) {
    if (r->kind != SC_REPLY_BODY || r->reply_n > SC_HTTP_RAW_REPLY_BYTES) return false;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, 2 * SC_HTTP_RAW_REPLY_BYTES);
    int status = sc_http_replied(r);
    r->refuse_more = true;
    sc_buf_putf(&text, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", status,
                MHD_get_reason_phrase_for((unsigned)status), r->reply_n);
    each_line(r, put_text, &text);
    sc_buf_puts(&text, "\r\n");
    if (r->method != SC_HEAD) sc_buf_put(&text, r->reply_p, r->reply_n);
    if (text.failed) return false;
    /* Nothing else is on its way on this socket, so a reply of this size fits its empty buffer. */
    return send(fd, text.p, text.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)text.n;
}

void sc_reply_done(sc_http_request *r) {
    if (r->reply_heap) sc_free(r->reply_p);
    r->reply_p = NULL;
    r->reply_heap = false;
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
}
