/* Threads for operations that wait for others (x-waits in the contract: a language model, git): what waits must not hold
 * up the requests that are read by the same thread.
 *
 * Threads: all functions from any thread; `fn` runs on a thread of these. */
#ifndef SC_WEB_ASIDE_H
#define SC_WEB_ASIDE_H

#include <pthread.h>

#include "base/err.h"

enum { SC_ASIDE_THREADS = 4, SC_ASIDE_MOST = 64 };

/* Belongs to its owner's memory, which `fn` and `late` may free; one of them is called. */
typedef struct sc_errand {
    void (*fn)(void *self);
    void (*late)(void *self); /* it was not begun before the end; on the thread that ends */
    void *self;
    struct sc_errand *next; /* private */
} sc_errand;

typedef struct sc_aside {
    pthread_t threads[SC_ASIDE_THREADS];
    size_t n_threads, n_waiting;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    sc_errand *first, **last;
    bool stop;
} sc_aside;

sc_rc sc_aside_start(sc_aside *a, sc_err *err);
/* Nothing more is begun: what waits is `late`, and nothing more is taken. What is begun goes on. */
void sc_aside_end(sc_aside *a);
/* The same, and waits for what was begun; it may be asked to take more all the same. */
void sc_aside_stop(sc_aside *a);
/* The same, and nobody may ask it any more. */
void sc_aside_done(sc_aside *a);
/* SC_LIMITED: SC_ASIDE_MOST wait already. SC_CANCELLED: after the end. */
sc_rc sc_aside_put(sc_aside *a, sc_errand *e, sc_err *err);

#endif
