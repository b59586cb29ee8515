/* Whether this machine can run agents, tried beside the rest of the start: a sandbox takes longer than all of it.
 * Threads: sc_runner_trial_known may be called by any, from the opening to the end. */
#ifndef SC_RUNNERS_TRIAL_H
#define SC_RUNNERS_TRIAL_H

#include <pthread.h>

#include "ports/runner.h"

typedef struct sc_runner_trial {
    const sc_runner_ops *ops; /* the runner that is looked at; NULL: none */
    bool works;               /* fixes run in this process: a sandbox is tried */
    sc_runner runner;         /* ops NULL: there is none, and `why` says why */
    char why[256];
    pthread_t thread;
    bool started, known;
    pthread_mutex_t lock;
    pthread_cond_t told;
} sc_runner_trial;

/* name: a runner's, or "none". SC_INVALID: there is no such runner. Ended by sc_runner_trial_close in any case. */
sc_rc sc_runner_trial_open(sc_runner_trial *ret, const char *name, bool works, sc_err *err);
/* self: the trial. Waits until it is over; *ret_why (may be NULL) lasts as long as the trial. */
void sc_runner_trial_known(void *self, sc_runner *ret, const char **ret_why);
void sc_runner_trial_close(sc_runner_trial *t);

#endif
