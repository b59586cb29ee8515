/* One thread for what has to happen later: heartbeats of streams, another try for a batch, the last
 * steps of a request that the committer thread must not do itself.
 *
 * A tick belongs to its owner's memory. Threads: all functions from any thread; `fn` runs on the
 * ticker's thread, without its lock, and may arm its own tick again. */
#ifndef SC_WEB_TICKER_H
#define SC_WEB_TICKER_H

#include <pthread.h>

#include "base/err.h"

typedef struct sc_tick {
    void (*fn)(void *self);
    void *self;
    /* Private. */
    struct sc_tick *next;
    int64_t due_us;
    bool armed, cancelled;
} sc_tick;

typedef struct sc_ticker {
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    sc_tick *armed;
    const sc_tick *running;
} sc_ticker;

sc_rc sc_ticker_start(sc_ticker *t, sc_err *err);
/* Ticks that are still armed do not run any more. */
void sc_ticker_stop(sc_ticker *t);
/* fn is called once, after delay_ms or earlier if it was armed for an earlier time already. Nothing
 * after sc_ticker_cancel. */
void sc_ticker_arm(sc_ticker *t, sc_tick *k, int64_t delay_ms);
/* For good. When it returns fn is not running and will not run (from inside fn: will not again). */
void sc_ticker_cancel(sc_ticker *t, sc_tick *k);

#endif
