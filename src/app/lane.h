/* A lane: a thread of its own that claims jobs of its own kinds from the store, one after the other, so
 * that slow work (asking a language model) never holds up quick work (grouping). The jobs are the
 * store's: lease, fence, attempts at the claim, back-off, dead letters. Threads: each function says. */
#ifndef SC_APP_LANE_H
#define SC_APP_LANE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/span.h"
#include "core/job.h"

struct sc_app;

typedef struct sc_lane {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t rest; /* signalled only to end */
    bool poked;          /* something was stored since the lane last looked */
    _Atomic bool stop;
    char owner[80]; /* lease owner: host, pid, random */
} sc_lane;

void sc_lane_init(sc_lane *l);
void sc_lane_done(sc_lane *l);
/* `run` is the thread's body: it works until `stop`. */
sc_rc sc_lane_start(sc_lane *l, void *arg, void *(*run)(void *arg), const char *name, sc_err *err);
/* Tells it to end and waits for that. */
void sc_lane_stop(sc_lane *l);

/* Any thread: there may be something to do. */
void sc_lane_poke(sc_lane *l);
/* Any thread: new work came, or the lane is to end: a long job must make room. */
bool sc_lane_wanted(sc_lane *l);
/* The lane's: waits for a poke; true when there was one. */
bool sc_lane_wait(sc_lane *l, int64_t ms);
/* The lane's: rests, pokes or not; false: it is to end. */
bool sc_lane_rest(sc_lane *l, int64_t ms);

/* The lane's: what the thread does from now on is in the trace of the request that caused the job. */
void sc_lane_begin_span(sc_span *s, const sc_job *job);
/* The lane's: how a job ends that came back with *err (rc 0: well). later_ms: when one that ended well is
 * to go on, or 0. SC_CANCELLED burns no attempt (retry_after_ms: not before); what may be tried again
 * is, with back-off, as long as attempts are left; the rest becomes a dead letter. */
void sc_lane_end_job(struct sc_app *app, const sc_job *job, int64_t later_ms, const sc_err *err);

#endif
