/* What the embedders behind a network share: the text as it is sent, and the way from numbers in JSON to
 * a unit vector of int8. The call itself is net/service.h's.
 *
 * Threads: an sc_remote is thread-safe. It waits for nothing but the call and tries nothing twice. */
#ifndef SC_EMBEDDERS_REMOTE_H
#define SC_EMBEDDERS_REMOTE_H

#include <jansson.h>

#include "base/mem.h"
#include "net/service.h"
#include "ports/embedder.h"

enum {
    SC_REMOTE_MAX_REPLY = 64 << 20,
    SC_REMOTE_MAX_BATCH = 256,
    SC_REMOTE_MAX_NAME = SC_SERVICE_MAX_NAME,
};

typedef struct sc_remote sc_remote;
struct sc_remote {
    /* Set by the backend's open, constant afterwards. */
    sc_service service;
    const char *prefix;                  /* put in front of every text; NULL = nothing */
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
};

/* What both backends' ops point to; `self` is an sc_remote. */
extern const sc_embedder_remote sc_remote_ops;
sc_rc sc_remote_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                      int8_t *ret_vecs, sc_err *err);
uint16_t sc_remote_dim(const void *self);
const char *sc_remote_model(const void *self);
void sc_remote_close(void *self);

/* prefix, title, an empty line, body: at most max_bytes of it. Empty when there is nothing to read. */
sc_rc sc_remote_text(const char *prefix, const sc_prepared *p, size_t max_bytes, sc_arena *arena,
                     sc_str *ret, sc_err *err);

/* An array of exactly dim finite numbers, not all zero, to a unit vector times 127. SC_UPSTREAM for
 * anything else. */
sc_rc sc_remote_vector(const json_t *values, uint16_t dim, int8_t *ret, sc_err *err);

#endif
