/* A few threads that share out numbered pieces of work with the thread that asks. Nothing waits in a
 * queue: sc_team_run returns when its pieces are done, and any number of threads may call it at once.
 * The threads block all signals. */
#ifndef SC_EMBEDDERS_ENCODER_TEAM_H
#define SC_EMBEDDERS_ENCODER_TEAM_H

#include "base/err.h"

enum { SC_TEAM_MAX = 64 };

typedef struct sc_team sc_team;

/* `helpers` threads beside the callers', 0 to SC_TEAM_MAX. SC_NOMEM; SC_INTERNAL when the system gives no
 * thread. */
sc_rc sc_team_new(size_t helpers, sc_team **ret, sc_err *err);
/* No sc_team_run may be under way. NULL ok. */
void sc_team_free(sc_team *t);

/* work(self, i) once for each i < n, in any order, on the caller's thread and those that are idle. */
void sc_team_run(sc_team *t, void (*work)(void *self, size_t i), void *self, size_t n);

#endif
