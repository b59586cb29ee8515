/* What a plan needs to know of this machine: found out once, when the runner is opened. Threads: plain data. */
#ifndef SC_RUNNERS_LOCAL_FACTS_H
#define SC_RUNNERS_LOCAL_FACTS_H

#include "runners/local/plan.h"

typedef struct sc_local_found {
    sc_local_facts facts;
    char bwrap[1024], self[1024], home[1024];
    char links[8][64];
    char java[8][64];
} sc_local_found;

/* SC_NOT_FOUND: no bubblewrap on PATH, or none that knows --bind-fd (facts.bwrap is NULL then, the rest is there). */
sc_rc sc_local_find(sc_local_found *ret, sc_err *err);

/* "bubblewrap 0.8.0", from bwrap --version. */
sc_rc sc_local_bwrap_version(const char *bwrap, char *ret_text, size_t room, sc_err *err);

#endif
