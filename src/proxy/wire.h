/* One client connection: bytes in with deadlines, requests read whole, replies written.
 * Each wait also ends when the proxy stops. Threads: a wire belongs to its connection's thread. */
#ifndef SC_PROXY_WIRE_H
#define SC_PROXY_WIRE_H

#include "proxy/head.h"

typedef struct sc_wire {
    int fd, stop_fd; /* stop_fd is readable once the proxy stops */
    int64_t idle_ms, request_ms;
    sc_buf in;      /* read, not used up yet */
    bool expecting; /* the client waits for "100 Continue" */
    bool chunks;    /* the reply under way is chunked      */
    bool dead;      /* what is sent does not arrive        */
} sc_wire;

void sc_wire_init(sc_wire *w, int fd, int stop_fd, int64_t idle_ms, int64_t request_ms);
void sc_wire_done(sc_wire *w);

/* The next request. Waits idle_ms for its first byte (SC_NOT_FOUND: none came, or the client left), then request_ms
 * for the whole of it (SC_TIMEOUT). `keep` holds what the head's views point into. SC_CANCELLED: the proxy
 * stops. Else as sc_head_parse. */
sc_rc sc_wire_head(sc_wire *w, sc_buf *keep, sc_head *ret, int64_t *ret_until_us, sc_err *err);
/* Its body, at most ret->max bytes: SC_TOO_LARGE (told before it is read, where it has a length). */
sc_rc sc_wire_body(sc_wire *w, const sc_head *h, int64_t until_us, sc_buf *ret, sc_err *err);

/* ---- Replies ------------------------------------------------------------------------------------- */

/* A whole one. extra: further header lines with their CRLF. `head_only`: the answer to HEAD. False: it cannot be
 * written. */
bool sc_wire_reply(sc_wire *w, int status, const char *type, const char *extra, sc_str body,
                   bool closes, bool head_only);
/* One whose length is not known; to an HTTP/1.0 client it ends with the connection. */
bool sc_wire_begin(sc_wire *w, int status, sc_str type, const char *extra, const sc_head *h);
bool sc_wire_piece(sc_wire *w, sc_str bytes);
bool sc_wire_end(sc_wire *w);
bool sc_wire_raw(sc_wire *w, sc_str bytes);

#endif
