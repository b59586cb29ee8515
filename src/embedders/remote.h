/* What the embedders behind a network share: the call with its status codes mapped once, the text
 * as it is sent, and the way from numbers in JSON to a unit vector of int8.
 *
 * Threads: an sc_remote is thread-safe; it keeps a few idle HTTP clients, so that connections and
 * TLS sessions live on between calls. It waits for nothing but the call and tries nothing twice. */
#ifndef SC_EMBEDDERS_REMOTE_H
#define SC_EMBEDDERS_REMOTE_H

#include <jansson.h>
#include <pthread.h>

#include "base/mem.h"
#include "net/http_client.h"
#include "ports/embedder.h"

enum {
    SC_REMOTE_IDLE = 4,
    SC_REMOTE_MAX_URL = 1024,
    SC_REMOTE_MAX_REPLY = 64 << 20,
    SC_REMOTE_MAX_BATCH = 256,
    SC_REMOTE_MAX_NAME = 128,
    SC_REMOTE_MAX_AUTH = 1024,
};

typedef struct sc_remote sc_remote;
struct sc_remote {
    /* Set by the backend's open, constant afterwards. */
    char url[SC_REMOTE_MAX_URL];
    char auth[SC_REMOTE_MAX_AUTH]; /* a header line; empty = none */
    const char *secret; /* the part of it that is never in an error's words; NULL = none */
    const char *prefix; /* put in front of every text; NULL = nothing */
    char name[SC_REMOTE_MAX_NAME + 16];  /* as the requests say it            */
    char model[SC_REMOTE_MAX_NAME + 96]; /* as the port says it              */
    uint16_t dim;
    size_t batch, max_text_bytes;
    int64_t price;
    bool ask_dims; /* the requests say how many dimensions */
    /* The body of a request for n texts. */
    sc_rc (*put)(const sc_remote *r, const sc_str *texts, size_t n, sc_buf *b, sc_err *err);
    /* Its reply: n vectors or an error; *ret_tokens stays 0 when it does not say. */
    sc_rc (*take)(const sc_remote *r, const json_t *reply, size_t n, int8_t *ret_vecs,
                  int64_t *ret_tokens, sc_err *err);
    pthread_mutex_t lock;
    sc_http_client *idle[SC_REMOTE_IDLE];
    size_t n_idle;
};

/* Last step of a backend's open. */
void sc_remote_start(sc_remote *r);

/* What both backends' ops point to; `self` is an sc_remote. */
extern const sc_embedder_remote sc_remote_ops;
sc_rc sc_remote_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                      int8_t *ret_vecs, sc_err *err);
uint16_t sc_remote_dim(const void *self);
const char *sc_remote_model(const void *self);
void sc_remote_close(void *self);

/* Retry-After in ms (RFC 9110, 10.2.3: seconds or a date); 0 when it says nothing. At most a day. */
int64_t sc_remote_retry_after_ms(sc_str value, int64_t now_ms);

/* prefix, title, an empty line, body: at most max_bytes of it. Empty when there is nothing to read. */
sc_rc sc_remote_text(const char *prefix, const sc_prepared *p, size_t max_bytes, sc_arena *arena,
                     sc_str *ret, sc_err *err);

/* An array of exactly dim finite numbers, not all zero, to a unit vector times 127. SC_UPSTREAM for
 * anything else. */
sc_rc sc_remote_vector(const json_t *values, uint16_t dim, int8_t *ret, sc_err *err);

/* "0.15" dollars to millionths; SC_INVALID otherwise. */
sc_rc sc_remote_price(const char *usd, int64_t *ret, sc_err *err);

/* "name: value" or "name: Bearer value" as the call's header. SC_INVALID for what cannot be one. */
sc_rc sc_remote_auth(sc_remote *r, const char *start, const char *key, sc_err *err);

/* The name of a model without what cannot stand in a path or a stored model's name. */
sc_rc sc_remote_name(const char *option, const char *name, sc_err *err);

/* base without slashes at its end + path; SC_INVALID unless it is an http(s) URL that fits. */
sc_rc sc_remote_url(const char *base, const char *path, char ret[SC_REMOTE_MAX_URL], sc_err *err);

#endif
