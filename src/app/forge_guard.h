/* A circuit breaker before each forge: who asks one that is down is told so at once, and when it is asked again. It looks like
 * the forge itself, so whoever calls one need not know.
 *
 * What a repository refuses (404, 403, 422) says that the forge answers; what counts is that it does not, or answers nonsense. Git's own
 * way there (fetch, push) is not behind it. Threads: any. */
#ifndef SC_APP_FORGE_GUARD_H
#define SC_APP_FORGE_GUARD_H

#include <pthread.h>

#include "app/breaker.h"
#include "base/clock.h"
#include "ports/forge.h"

typedef struct sc_forge_guard {
    sc_forge forge;   /* what others are given */
    sc_forge_ops ops; /* of it */
    const sc_forge *real;
    const sc_clock *clock;
    pthread_mutex_t lock; /* guards what follows; never held during a call */
    sc_breaker breaker;
    bool trying;                         /* half open: somebody finds out */
    bool told;                           /* the log knows that it is left alone */
    int64_t requests, failures, limited; /* since start */
} sc_forge_guard;

typedef struct sc_forge_guard_state {
    const char *name;
    sc_breaker_state breaker;
    int64_t requests, failures, limited;
    int64_t again_ms; /* when it is asked again; 0: at any time */
} sc_forge_guard_state;

/* `real` and `clock` outlive it. */
void sc_forge_guard_init(sc_forge_guard *g, const sc_forge *real, const sc_clock *clock);
void sc_forge_guard_done(sc_forge_guard *g);
void sc_forge_guard_look(sc_forge_guard *g, sc_forge_guard_state *ret);

#endif
