/* Replies without an end: any thread appends, the shard's thread sends.
 *
 * libmicrohttpd asks for bytes when the socket takes some; with none to give, the connection is
 * suspended, and the next write resumes it. What a slow reader leaves unsent piles up in `out` up to
 * max_pending; then it is cut off, since dropping events in the middle would lie to it. */
#include <sys/socket.h>

#include "net/http_internal.h"

enum {
    BLOCK_BYTES = 4096
}; /* for HTTP/1.0 clients alone: chunks are built in the connection's pool */

static ssize_t give(void *cls, uint64_t pos, char *into, size_t room) {
    (void)pos;
    sc_http_request *r = cls;
    ssize_t got = 0;
    pthread_mutex_lock(&r->lock);
    size_t left = r->out.n - r->out_at;
    if (r->cut) {
        got = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (left) {
        size_t n = SC_MIN(left, room);
        memcpy(into, r->out.p + r->out_at, n);
        r->out_at += n;
        if (r->out_at == r->out.n) {
            sc_buf_reset(&r->out);
            r->out_at = 0;
        }
        got = (ssize_t)n;
    } else if (r->ended) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        MHD_suspend_connection(r->mhd);
        r->suspended = true;
    }
    pthread_mutex_unlock(&r->lock);
    return got;
}

/* The unsent bytes move to the front when that frees half of the buffer. */
static void compact(sc_http_request *r) {
    if (r->out_at < 4096 || r->out_at < r->out.n / 2) return;
    memmove(r->out.p, r->out.p + r->out_at, r->out.n - r->out_at);
    r->out.n -= r->out_at;
    r->out_at = 0;
}

void sc_stream_cut_locked(sc_http_request *r) {
    r->cut = true;
    /* A send that waits for the reader ends here; the descriptor is ours until `gone`. */
    if (!r->gone) shutdown(r->conn->fd, SHUT_RDWR);
    sc_request_wake_locked(r);
}

void sc_stream_end_locked(sc_http_request *r) {
    r->ended = true;
    sc_request_wake_locked(r);
}

/* False: it does not fit. Under r->lock. */
static bool append(sc_http_request *r, sc_str bytes) {
    compact(r);
    bool ok = bytes.n <= r->max_pending && r->out.n - r->out_at <= r->max_pending - bytes.n &&
              sc_buf_put_str(&r->out, bytes);
    if (ok)
        sc_request_wake_locked(r);
    else
        sc_stream_cut_locked(r);
    return ok;
}

bool sc_http_stream_write(sc_http_request *r, sc_str bytes) {
    pthread_mutex_lock(&r->lock);
    bool ok = !r->gone && !r->cut && !r->ended;
    if (ok && bytes.n) ok = append(r, bytes);
    pthread_mutex_unlock(&r->lock);
    return ok;
}

void sc_stream_ask_locked(sc_http_request *r) {
    if (!r->gone && !r->cut && !r->ended && r->ask.n) append(r, r->ask);
}

void sc_http_stream_end(sc_http_request *r) {
    pthread_mutex_lock(&r->lock);
    if (!r->gone) sc_stream_end_locked(r);
    pthread_mutex_unlock(&r->lock);
}

struct MHD_Response *sc_stream_response(sc_http_request *r) {
    if (r->conn->ended) {
        pthread_mutex_lock(&r->lock);
        sc_stream_ask_locked(r);
        pthread_mutex_unlock(&r->lock);
    }
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, give, r, NULL);
}
