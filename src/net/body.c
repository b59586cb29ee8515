/* Request bodies: kept whole, or handed on piece by piece; decompressed on the way. */
#include "net/http_internal.h"

enum { FIRST_BYTES = 16 << 10, PIECE_BYTES = 16 << 10, BUSY_RETRY_MS = 1000 };

static sc_rc over_budget(sc_err *err) {
    sc_rc rc = sc_fail_field(err, SC_LIMITED, "buffered_bytes",
                             "too many bytes of requests are in memory; try again");
    if (err) err->retry_after_ms = BUSY_RETRY_MS;
    return rc;
}

/* Room for `more` bytes and no more than `max` in all; grows by doubling so that a client pays in
 * bytes sent for the memory it gets, whatever Content-Length it declared. */
static sc_rc reserve(sc_http_request *r, sc_http_bytes *b, size_t more, size_t max, sc_err *err) {
    size_t need = b->n + more;
    if (need <= b->cap) return SC_OK;
    size_t cap = SC_MAX(need, SC_MIN(b->cap ? b->cap * 2 : (size_t)FIRST_BYTES, max));
    if (!b->charged && b->cap) return sc_fail(err, SC_INTERNAL, "a small body grew");
    if (!sc_limits_charge(&sc_request_server(r)->limits, cap - b->charged)) return over_budget(err);
    char *p = sc_realloc(b->p, cap);
    if (!p) {
        sc_limits_release(&sc_request_server(r)->limits, cap - b->charged);
        return sc_fail(err, SC_NOMEM, "no memory for the body");
    }
    b->p = p;
    b->charged = b->cap = cap;
    return SC_OK;
}

static void drop(sc_http_request *r, sc_http_bytes *b) {
    if (b->charged) {
        sc_free(b->p);
        sc_limits_release(&sc_request_server(r)->limits, b->charged);
    }
    *b = (sc_http_bytes){0};
}

void sc_body_drop(sc_http_request *r) {
    drop(r, &r->body);
    drop(r, &r->raw);
    sc_inflate_free(r->inflate);
    r->inflate = NULL;
    sc_limits_release(&sc_request_server(r)->limits, r->inflate_charged);
    r->inflate_charged = 0;
}

static sc_rc charge_decoder(sc_http_request *r, sc_err *err) {
    size_t now = sc_inflate_memory(r->inflate);
    if (now <= r->inflate_charged) return SC_OK;
    if (!sc_limits_charge(&sc_request_server(r)->limits, now - r->inflate_charged))
        return over_budget(err);
    r->inflate_charged = now;
    return SC_OK;
}

sc_rc sc_body_open(sc_http_request *r, sc_err *err) {
    sc_http_server *s = sc_request_server(r);
    sc_rc rc = sc_coding_parse(sc_http_header(r, "Content-Encoding"), &r->coding, err);
    if (rc) return rc;
    if (r->content_length > 0 && (uint64_t)r->content_length > r->max_body)
        return sc_fail(err, SC_TOO_LARGE, "the body is over %zu bytes", r->max_body);
    size_t expected = r->content_length > 0 ? (size_t)r->content_length : (size_t)FIRST_BYTES;
    bool plain = r->coding == SC_CODING_IDENTITY;
    bool small = plain && r->content_length > 0 && r->content_length <= SC_HTTP_SMALL_BODY_BYTES;
    if ((!r->stream_body || r->keep_raw || !plain) && !small &&
        !sc_limits_room(&s->limits, expected))
        return over_budget(err);
    if (!plain) {
        rc = sc_inflate_new(r->coding, r->max_body, &r->inflate, err);
        return rc ? rc : charge_decoder(r, err);
    }
    if (small && !r->stream_body) {
        r->body.p = sc_arena_take(&r->arena, expected);
        if (!r->body.p) return sc_fail(err, SC_NOMEM, "no memory for the body");
        r->body.cap = expected;
    }
    return SC_OK;
}

static sc_rc append(sc_http_request *r, sc_http_bytes *b, sc_str s, size_t max, sc_err *err) {
    if (s.n > max - SC_MIN(b->n, max))
        return sc_fail(err, SC_TOO_LARGE, "the body is over %zu bytes", max);
    sc_rc rc = reserve(r, b, s.n, max, err);
    if (rc) return rc;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return SC_OK;
}

/* Decodes straight into the body's buffer. */
static sc_rc inflate_whole(sc_http_request *r, sc_str *in, sc_err *err) {
    for (;;) {
        size_t n = 0;
        /* max_body + 1: the decoder needs to write one byte too many to know that it is too many. */
        sc_rc rc = reserve(r, &r->body, 1, r->max_body + 1, err);
        if (!rc)
            rc = sc_inflate_step(r->inflate, in, r->body.p + r->body.n, r->body.cap - r->body.n, &n,
                                 err);
        if (!rc) rc = charge_decoder(r, err);
        if (rc) return rc;
        if (!n) return SC_OK;
        r->body.n += n;
    }
}

static bool hand_on(sc_http_request *r, sc_str piece) {
    const sc_http_handler *h = &sc_request_server(r)->handler;
    pthread_mutex_lock(&r->lock);
    r->wake = false; /* a resume that comes from now on is for this piece */
    pthread_mutex_unlock(&r->lock);
    r->paused = h->chunk(h->self, r, piece) == SC_HTTP_PAUSE;
    return !r->paused && !sc_http_replied(r);
}

static sc_rc inflate_pieces(sc_http_request *r, sc_str *in, sc_err *err) {
    char piece[PIECE_BYTES];
    for (;;) {
        size_t n = 0;
        sc_rc rc = sc_inflate_step(r->inflate, in, piece, sizeof piece, &n, err);
        if (!rc) rc = charge_decoder(r, err);
        if (rc || !n) return rc;
        if (!hand_on(r, (sc_str){piece, n})) return SC_OK;
    }
}

static sc_rc stream_plain(sc_http_request *r, sc_str *in, sc_err *err) {
    if (in->n > r->max_body - SC_MIN(r->taken, r->max_body))
        return sc_fail(err, SC_TOO_LARGE, "the body is over %zu bytes", r->max_body);
    sc_str piece = *in;
    r->taken += piece.n;
    *in = (sc_str){piece.p + piece.n, 0};
    if (piece.n) hand_on(r, piece);
    return SC_OK;
}

sc_rc sc_body_feed(sc_http_request *r, sc_str *in, sc_err *err) {
    r->paused = false;
    /* libmicrohttpd must be left one byte when a piece pauses (it would go on with the next chunk of
     * the transfer coding, suspended or not, if it had none); that byte was dealt with already. */
    if (r->skip) {
        *in = (sc_str){in->p + 1, in->n - 1};
        r->skip = false;
    }
    sc_str before = *in;
    sc_rc rc = r->stream_body ? (r->inflate ? inflate_pieces(r, in, err) : stream_plain(r, in, err))
               : r->inflate   ? inflate_whole(r, in, err)
                              : append(r, &r->body, *in, r->max_body, err);
    if (!rc && !r->stream_body) *in = (sc_str){in->p + in->n, 0};
    if (!rc && r->keep_raw && (r->inflate || r->stream_body))
        rc = append(r, &r->raw, (sc_str){before.p, before.n - in->n}, r->max_body, err);
    if (!rc && r->paused && !in->n) {
        r->skip = true;
        *in = (sc_str){in->p - 1, 1};
    }
    return rc;
}

sc_rc sc_body_end(sc_http_request *r, sc_err *err) {
    return r->inflate ? sc_inflate_end(r->inflate, err) : SC_OK;
}
