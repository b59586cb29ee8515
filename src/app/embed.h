/* Asking a remote embedder with care: in batches, with retries (full jitter, Retry-After), within the
 * day's caps, behind a circuit breaker; what it answered is remembered.
 *
 * It never blocks grouping: a text has a vector, or is refused for good, or is to be grouped without
 * one for now ("bare") and embedded later (app/backfill.h). When a call fails and the cause may be the
 * texts (refused, or nonsense for an answer), a text that any service takes is tried: if that fails
 * too, the service is at fault and the breaker counts it; if not, the batch is halved until the text
 * that does it stands alone.
 *
 * Threads: thread-safe. sc_embed_fetch is for one thread, the grouping worker; sc_embed_look for it
 * after a fetch; sc_embed_query for any. */
#ifndef SC_APP_EMBED_H
#define SC_APP_EMBED_H

#include "app/guard.h"
#include "ports/embedder.h"

typedef struct sc_embed sc_embed;

typedef struct sc_embed_conf {
    sc_embedder embedder; /* with ops->remote */
    const sc_store *store;
    const sc_clock *clock;
    int64_t timeout_ms; /* of one request */
    sc_budget_use cap;  /* a day; 0 = none */
    /* Waits at most ms; false = the process is ending. NULL: does not wait (tests). */
    bool (*wait)(void *self, int64_t ms);
    void *wait_self;
    const _Atomic bool
        *stop; /* set when the process ends: a call under way is given up; may be NULL */
} sc_embed_conf;

sc_rc sc_embed_new(const sc_embed_conf *conf, sc_embed **ret, sc_err *err);
void sc_embed_free(sc_embed *e);

/* Called before each request with the time that it may take: the worker's lease must outlive it.
 * An error ends the fetch. */
typedef sc_rc (*sc_embed_beat)(void *self, int64_t ms, sc_err *err);

/* Asks for what is not remembered of n texts. SC_OK also when the service gave nothing: look says.
 * SC_CANCELLED at the end of the process; store errors (the books could not be kept). */
sc_rc sc_embed_fetch(sc_embed *e, const sc_prepared *texts, size_t n, sc_embed_beat beat,
                     void *beat_self, sc_err *err);

typedef enum sc_embed_state {
    SC_EMBED_READY,   /* ret_vec is written; a text that says nothing has an all-zero one */
    SC_EMBED_BARE,    /* no vector for now                                                */
    SC_EMBED_REFUSED, /* the service works and does not take this text: why is written    */
    SC_EMBED_UNKNOWN, /* was not in the last fetch                                        */
} sc_embed_state;
sc_embed_state sc_embed_look(sc_embed *e, const sc_prepared *text, int8_t *ret_vec, sc_err *why);

/* For a search: remembered, or one short request when all is well; false = without a vector. */
bool sc_embed_query(sc_embed *e, const sc_prepared *text, int8_t *ret_vec);

/* May the service be asked now, as far as we know? Else when, and why not. */
bool sc_embed_available(sc_embed *e, int64_t *ret_again_ms, sc_err *ret_why);

/* The breaker is not closed, or a cap is reached. Takes no lock and asks nobody (for /health). */
bool sc_embed_degraded(sc_embed *e);

typedef struct sc_embed_stats {
    int64_t texts, tokens, remembered, refused; /* since start */
    sc_guard_state guard;
} sc_embed_stats;
void sc_embed_stats_get(sc_embed *e, sc_embed_stats *ret);

#endif
