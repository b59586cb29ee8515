/* Port: an embedder turns prepared texts into unit vectors.
 *
 * A backend is constant ops + an option table + a zeroed instance of ops->size bytes. It holds no
 * retry and no logging; threads only where its work is arithmetic that several cores share (it says so,
 * and ends them with close). `model` names vectors that may be compared with each other: change it
 * whenever the numbers change. */
#ifndef SC_PORTS_EMBEDDER_H
#define SC_PORTS_EMBEDDER_H

#include "base/conf.h"
#include "base/err.h"
#include "text/prepare.h"

/* What only a backend behind a network has. Its errors tell the app what to do:
 *   SC_LIMITED      wait (retry_after_ms), then again; SC_UPSTREAM, SC_TIMEOUT  again, with back-off
 *   SC_INVALID, SC_TOO_LARGE, SC_UNPROCESSABLE     these texts are not taken
 *   SC_UNAUTHORIZED, SC_FORBIDDEN, SC_NOT_FOUND    the set-up is wrong: no text will be taken
 * A reply is either n whole vectors, finite and of the right length, or an error: never some. */
typedef struct sc_embedder_remote {
    /* As ops->embed; *ret_tokens is what the service counted, 0 when it did not say. stop: set by another thread, the call
     * is given up (SC_CANCELLED); may be NULL. */
    sc_rc (*embed)(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   const _Atomic bool *stop, int8_t *ret_vecs, int64_t *ret_tokens, sc_err *err);
    size_t (*max_batch)(const void *self);
    /* The text as it is sent, in the arena; empty: it says nothing and is not sent. */
    sc_rc (*text)(const void *self, const sc_prepared *text, sc_arena *arena, sc_str *ret,
                  sc_err *err);
    int64_t (*price)(const void *self); /* millionths of a dollar for a million tokens; 0 = free */
} sc_embedder_remote;

typedef struct sc_embedder_ops {
    const char *name; /* "builtin" */
    const char *summary;
    const sc_opt *opts; /* may be NULL */
    size_t n_opts;
    size_t size; /* of the instance */
    /* Required. `conf` is the parsed option struct (NULL when there are no options). */
    sc_rc (*open)(void *self, const void *conf, sc_err *err);
    /* Required. Embeds n texts into ret_vecs, n x dim int8, each a unit vector scaled by 127; an
     * all-zero vector where a text says nothing. Thread-safe. deadline_ms is wall time. */
    sc_rc (*embed)(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   int8_t *ret_vecs, sc_err *err);
    uint16_t (*dim)(const void *self);      /* required, at most SC_REPR_MAX_DIM */
    const char *(*model)(const void *self); /* required: "builtin-1/prepare-1"  */
    void (*close)(void *self);              /* optional */
    bool together; /* local: n texts at once take much less time than n times one */
    const sc_embedder_remote *remote; /* NULL: local, it answers in milliseconds */
} sc_embedder_ops;

/* An opened embedder, as the app hands it round. */
typedef struct sc_embedder {
    const sc_embedder_ops *ops;
    void *self;
} sc_embedder;

#endif
