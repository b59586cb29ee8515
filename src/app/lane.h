/* A lane: a thread of its own that claims jobs of its own kinds from the store, one after the other, so
 * that slow work (asking a language model) never holds up quick work (grouping). The jobs are the
 * store's: lease, fence, attempts at the claim, back-off, dead letters. Threads: each function says. */
#ifndef SC_APP_LANE_H
#define SC_APP_LANE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/span.h"
#include "core/work.h"

struct sc_app;

typedef struct sc_lane {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t rest; /* signalled only to end */
    bool poked;          /* something was stored since the lane last looked */
    _Atomic bool stop;
    char owner[80];  /* lease owner: host, pid, random */
    sc_job held;     /* its id and fence; no id: no job is under way; under `lock` */
    bool lost;       /* its lease; under `lock` */
    int64_t sign_us; /* of life: when the lane last asked whether it holds it; under `lock` */
} sc_lane;

void sc_lane_init(sc_lane *l);
void sc_lane_done(sc_lane *l);
/* `run` is the thread's body: it works until `stop`. */
sc_rc sc_lane_start(sc_lane *l, void *arg, void *(*run)(void *arg), const char *name, sc_err *err);
/* Tells it to end: it takes up nothing new. */
void sc_lane_tell_end(sc_lane *l);
/* The same, and waits for that. */
void sc_lane_stop(sc_lane *l);

/* Any thread: there may be something to do. */
void sc_lane_poke(sc_lane *l);
/* Any thread: new work came, or the lane is to end: a long job must make room. */
bool sc_lane_wanted(sc_lane *l);
/* The lane's, and what it starts: to answer requests comes first where both want the processor. */
enum { SC_LANE_GROUPING_NICE = 5, SC_LANE_FIX_NICE = 10 };
void sc_lane_give_way(int by);
/* The lane's: waits for a poke; true when there was one. */
bool sc_lane_wait(sc_lane *l, int64_t ms);
/* How long to wait for what other processes ask for: `ms`, or longer where the store says that a look costs. */
int64_t sc_lane_look_ms(const struct sc_app *app, int64_t ms);
/* The lane's: rests, pokes or not; false: it is to end. */
bool sc_lane_rest(sc_lane *l, int64_t ms);

/* The lane's: what the thread does from now on is in the trace of the request that caused the job. */
void sc_lane_begin_span(sc_span *s, const sc_job *job);
/* The lane's: one job of the kinds, if one is ready: it is claimed, worked on and ended. false: there was none. While
 * `work` goes on, sc_lane_beat keeps its lease. */
typedef sc_rc (*sc_lane_fn)(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms,
                            sc_err *err);
bool sc_lane_work(sc_lane *l, struct sc_app *app, const sc_str *kinds, size_t n_kinds,
                  sc_lane_fn work);
/* The lane's, at least once in a quarter of an hour of a job: SC_FENCED when its lease was lost. */
sc_rc sc_lane_holds(sc_lane *l, struct sc_app *app, sc_err *err);
/* The same for who waits for a service (embed.h, ask.h). */
typedef struct sc_pulse {
    sc_lane *lane;
    struct sc_app *app;
} sc_pulse;
sc_rc sc_pulse_beat(void *self, int64_t ms, sc_err *err);
/* Any thread: keeps the lease of the job under way, as long as the lane gives signs of life. */
void sc_lane_beat(sc_lane *l, struct sc_app *app);

/* The lane's: how a job ends that came back with *err (rc 0: well). later_ms: when one that ended well is
 * to go on, or 0. SC_CANCELLED burns no attempt (retry_after_ms: not before); what may be tried again
 * is, with back-off, as long as attempts are left (core/work.h); the rest becomes a dead letter. */
void sc_lane_end_job(struct sc_app *app, const sc_job *job, int64_t later_ms, const sc_err *err);

#endif
