/* The runners this program has. Threads: constants. */
#ifndef SC_RUNNERS_REGISTRY_H
#define SC_RUNNERS_REGISTRY_H

#include "ports/runner.h"

extern const sc_runner_ops *const sc_runners[];
extern const size_t sc_runners_n;

/* The ops of that name, or NULL. */
const sc_runner_ops *sc_runner_find(sc_str name);

#endif
