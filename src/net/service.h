/* A JSON service that is asked over HTTP with a key: what backends behind a network share. One POST,
 * status codes mapped to ours once, Retry-After in whatever form it comes, and a key that never gets
 * into an error's words.
 *
 * Its errors tell who calls what to do:
 *   SC_LIMITED      wait (retry_after_ms), then again; SC_UPSTREAM, SC_TIMEOUT  again, with back-off
 *   SC_INVALID, SC_TOO_LARGE, SC_UNPROCESSABLE     what was sent is not taken
 *   SC_UNAUTHORIZED, SC_FORBIDDEN, SC_NOT_FOUND    the set-up is wrong: nothing will be taken
 *
 * Threads: an sc_service is thread-safe; it keeps a few idle HTTP clients, so that connections and
 * TLS sessions live on between calls. It waits for nothing but the call and tries nothing twice. */
#ifndef SC_NET_SERVICE_H
#define SC_NET_SERVICE_H

#include "base/mem.h"
#include "net/http_pool.h"

enum {
    SC_SERVICE_MAX_URL = 1024,
    SC_SERVICE_MAX_AUTH = 1024,
    SC_SERVICE_MAX_NAME = 128,
};

typedef struct sc_service {
    /* Set by the backend's open, constant afterwards. */
    char url[SC_SERVICE_MAX_URL];
    char auth[SC_SERVICE_MAX_AUTH]; /* a header line; empty = none */
    const char *secret;    /* the part of it that is never in an error's words; NULL = none */
    const char *header;    /* one more header line, static; NULL = none */
    const char *unix_path; /* a socket that it is asked through; NULL = none */
    size_t max_reply_bytes;
    sc_http_pool pool;
} sc_service;

/* Last step of a backend's open; nothing before it needs sc_service_done. */
void sc_service_start(sc_service *s);
void sc_service_done(sc_service *s);

/* Posts a JSON body; *ret is the body of a 2xx reply, in the arena. deadline_ms is wall time. `stop` (may be
 * NULL) is another thread's way to end it: SC_CANCELLED. */
sc_rc sc_service_post(sc_service *s, sc_str body, int64_t deadline_ms, const _Atomic bool *stop,
                      sc_arena *arena, sc_str *ret, sc_err *err);

/* ---- For a backend's open ---------------------------------------------------------------------- */

/* base without slashes at its end + path into s->url; SC_INVALID unless it is an http(s) URL that fits. */
sc_rc sc_service_set_url(sc_service *s, const char *base, const char *path, sc_err *err);
/* start ("x-api-key: ", "Authorization: Bearer ") + key as the call's header; no key: no header.
 * SC_INVALID for what cannot be one. */
sc_rc sc_service_set_auth(sc_service *s, const char *start, const char *key, sc_err *err);
/* The name of a model without what cannot stand in a path or a stored model's name. */
sc_rc sc_service_name(const char *option, const char *name, sc_err *err);
/* "0.15" dollars to millionths; SC_INVALID otherwise. */
sc_rc sc_service_price(const char *usd, int64_t *ret, sc_err *err);
/* `given` where it says something, else the first of the environment's variables that does (NULL ends
 * them); else NULL. */
const char *sc_service_given(const char *given, const char *const *variables);

/* Retry-After in ms (RFC 9110, 10.2.3: seconds or a date); 0 when it says nothing. At most a day. */
int64_t sc_service_retry_after_ms(sc_str value, int64_t now_ms);

#endif
