/* Asking a language model with care: within the day's caps, behind a circuit breaker, with retries (full
 * jitter, Retry-After), its answers checked and remembered in the store.
 *
 * A model's answer is data from outside, made of data from outside: one that breaks the prompt's rules is
 * asked for once more and then refused; nothing is ever guessed from it. When a call fails and the cause
 * may be the question, a question of our own that any service answers is tried: if that fails too, the
 * service is at fault. Threads: thread-safe. */
#ifndef SC_APP_ASK_H
#define SC_APP_ASK_H

#include "app/guard.h"
#include "app/prompts.h"

typedef struct sc_ask sc_ask;

typedef struct sc_ask_conf {
    sc_llm llm;
    const sc_prompts *prompts; /* outlive it */
    const sc_store *store;
    const sc_clock *clock;
    int64_t timeout_ms; /* of one request */
    sc_budget_use cap;  /* a day; 0 = none */
    /* Waits at most ms; false = the process is ending. NULL: does not wait (tests). */
    bool (*wait)(void *self, int64_t ms);
    void *wait_self;
    const _Atomic bool *stop; /* set: a call under way is given up; may be NULL */
} sc_ask_conf;

sc_rc sc_ask_new(const sc_ask_conf *conf, sc_ask **ret, sc_err *err);
void sc_ask_free(sc_ask *a);

/* Called before each request with the time that it may take: the lease must outlive it. */
typedef sc_rc (*sc_ask_beat)(void *self, int64_t ms, sc_err *err);

/* The answer to `content` as an object that keeps the prompt's rules (*ret, the caller's).
 *   SC_LIMITED        not now (a cap, the breaker): retry_after_ms says when
 *   SC_UNPROCESSABLE  the service works and has no fit answer to this: why is written
 *   SC_CANCELLED at the end of the process; store errors and those of `beat` as they are */
sc_rc sc_ask_for(sc_ask *a, sc_prompt_name what, sc_str content, sc_ask_beat beat, void *beat_self,
                 json_t **ret, sc_err *err);

const char *sc_ask_model(const sc_ask *a);
/* The breaker is not closed, or a cap is reached. Takes no lock (for /health). */
bool sc_ask_degraded(sc_ask *a);
/* May it be asked now, as far as we know? Else when. */
bool sc_ask_available(sc_ask *a, int64_t *ret_again_ms);

typedef struct sc_ask_stats {
    int64_t answers, remembered, refused, tokens_in, tokens_out; /* since start */
    sc_guard_state guard;
} sc_ask_stats;
void sc_ask_stats_get(sc_ask *a, sc_ask_stats *ret);

#endif
