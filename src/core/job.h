/* A job: durable work with a lease.
 *
 * The words are beanstalkd's and the field's: ready, reserved under a lease, delayed (ready in the
 * future), dead letter (buried). Attempts are counted when a job is claimed, so a crash costs one.
 * The fencing token grows with every claim: a holder whose lease ran out cannot record a result. */
#ifndef SC_CORE_JOB_H
#define SC_CORE_JOB_H

#include "base/id.h"
#include "base/str.h"

#define SC_JOB_STATES(X)                                      \
    X(pending) /* ready at run_at                          */ \
    X(running) /* leased                                   */ \
    X(success)                                                \
    X(failed) /* gave up by its own word, no dead letter  */  \
    X(cancelled)                                              \
    X(timed_out)                                              \
    X(dead) /* dead letter: attempts spent, or poison   */

typedef enum sc_job_state {
#define X(name) SC_JOB_##name,
    SC_JOB_STATES(X)
#undef X
        SC_JOB_STATE_COUNT
} sc_job_state;

const char *sc_job_state_name(sc_job_state s);
bool sc_job_state_parse(sc_str name, sc_job_state *ret);
bool sc_job_state_ended(sc_job_state s);

typedef enum sc_job_event {
    SC_JOB_EV_CLAIM,
    SC_JOB_EV_FINISH,
    SC_JOB_EV_RETRY,   /* failed this time; again later, attempts left          */
    SC_JOB_EV_BURY,    /* attempts spent or not retryable -> dead letter        */
    SC_JOB_EV_FAIL,    /* an honest no, for work that is not tried again        */
    SC_JOB_EV_RELEASE, /* given back unworked (shutdown); the attempt is undone */
    SC_JOB_EV_EXPIRE,  /* the lease ran out                                     */
    SC_JOB_EV_CANCEL,
    SC_JOB_EV_TIMEOUT,
    SC_JOB_EV_REPLAY, /* a person sends a dead letter round again              */
    SC_JOB_EV_AGAIN,  /* a person tries a fix again that ended without success   */
    SC_JOB_EV_COUNT
} sc_job_event;

/* The one transition function; SC_CONFLICT where the event does not fit. */
sc_rc sc_job_next(sc_job_state from, sc_job_event ev, sc_job_state *ret, sc_err *err);

/* Neither a back-off nor a lease is as long as this. */
#define SC_JOB_LONGEST_WAIT_MS (INT64_C(3600) * 1000)

/* Full-jitter exponential back-off (M. Brooker, "Exponential Backoff And Jitter", AWS 2015):
 * uniform in [0, min(cap, base * 2^(attempt-1))]; `random` is 32 random bits. Never below
 * retry_after_ms when the upstream named one. */
int64_t sc_job_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint32_t random,
                          int64_t retry_after_ms);

/* The error of an attempt that ended with its worker; the store writes none where a lease ran out. */
#define SC_JOB_DIED "its worker died"

typedef struct sc_job {
    sc_id id;
    sc_id project_id;  /* empty: the whole installation                            */
    sc_str kind;       /* queue name: "group", later "fix", "poll", ...            */
    sc_str unique_key; /* at most one pending or running job has it; empty = none  */
    sc_str payload;    /* JSON object                                              */
    sc_job_state state;
    int attempts, max_attempts;
    int64_t fence; /* fencing token of the last claim                          */
    sc_str lease_owner;
    int64_t lease_until_ms; /* 0 unless running                                         */
    int64_t run_at_ms;
    int64_t created_at_ms, updated_at_ms, ended_at_ms;
    sc_str error;      /* of the last attempt                                      */
    sc_str request_id; /* of the request that caused it                            */
    bool again;        /* asked for again while running: pending after it ends     */
} sc_job;

/* The attempt before this one ended with its worker, as far as is known. */
bool sc_job_died(const sc_job *j);

#endif
