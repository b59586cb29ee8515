/* What stands between us and a service that costs money or fails: the day's caps, checked before each
 * request; a circuit breaker; and what a failure means for the next try. Threads: thread-safe; the
 * `lock` also serves its owner, for what is counted beside. */
#ifndef SC_APP_GUARD_H
#define SC_APP_GUARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/breaker.h"
#include "app/budget.h"
#include "base/clock.h"

typedef struct sc_guard {
    const char *who; /* in the log: "embedder" */
    const sc_clock *clock;
    pthread_mutex_t lock; /* guards what follows; never held during a request */
    sc_breaker breaker;
    sc_budget budget;
    sc_err capped_why;
    int64_t requests, failures, limited; /* since start */
    _Atomic int64_t capped_until_ms;     /* these two are also read without the lock */
    _Atomic bool left_alone;             /* the breaker is not closed */
} sc_guard;

/* `book` is the setting that the day's use is kept in; both strings are static. */
void sc_guard_init(sc_guard *g, const char *who, const char *book, const sc_store *store,
                   const sc_budget_use *cap, const sc_clock *clock);
void sc_guard_done(sc_guard *g);

/* ---- Around a request -------------------------------------------------------------------------- */

/* SC_LIMITED: a cap of the day would be passed, nothing may be sent; store errors likewise. */
sc_rc sc_guard_book(sc_guard *g, int64_t tokens, int64_t micro_usd, sc_err *err);
/* It came back with rc; `real` is what it took, as far as the service said (tokens 0: it did not). */
void sc_guard_count(sc_guard *g, sc_rc rc, const sc_budget_use *booked, const sc_budget_use *real);

void sc_guard_succeeded(sc_guard *g);
void sc_guard_failed(sc_guard *g, const sc_err *why);
/* The service works but wants to be left alone for so long. */
void sc_guard_hold(sc_guard *g, const sc_err *why, int64_t ms);

typedef enum sc_guard_next {
    SC_GUARD_AGAIN, /* after *ret_wait_ms                       */
    SC_GUARD_LEAVE, /* not now; the breaker knows               */
    SC_GUARD_BLAME, /* it may be what was asked: try a canary   */
} sc_guard_next;
/* After the kth of `attempts` tries failed for a reason that is not ours. */
sc_guard_next sc_guard_failure(sc_guard *g, const sc_err *why, int k, int attempts,
                               int64_t *ret_wait_ms);
/* The store, memory, the end of the process: nothing to do with the service. */
bool sc_guard_ours(sc_rc rc);
/* Waiting mends no key and no model's name. */
bool sc_guard_setup(sc_rc rc);

/* ---- Looking ----------------------------------------------------------------------------------- */

/* The breaker is not closed, or a cap is reached. Takes no lock and asks nobody (for /health). */
bool sc_guard_degraded(sc_guard *g);
sc_breaker_state sc_guard_breaker(sc_guard *g);
/* May the service be asked now, as far as we know? Else when, and why not. */
bool sc_guard_available(sc_guard *g, int64_t *ret_again_ms, sc_err *ret_why);

typedef struct sc_guard_state {
    int64_t requests, failures, limited; /* since start */
    sc_breaker_state breaker;
    bool capped;         /* a cap of the day is reached            */
    int64_t again_ms;    /* when it is asked again; 0 = at any time */
    sc_err why;          /* rc 0: all is well                       */
    sc_budget_use today; /* of all processes                        */
    sc_budget_use cap;
} sc_guard_state;
void sc_guard_state_get(sc_guard *g, sc_guard_state *ret);

#endif
