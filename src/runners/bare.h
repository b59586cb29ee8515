/* No sandbox: for machines that allow none and people who say so by name. The program is this user on this machine, with
 * everything that this user may read and do; only time, output and its own process group are bounded. */
#ifndef SC_RUNNERS_BARE_H
#define SC_RUNNERS_BARE_H

#include "ports/runner.h"

extern const sc_runner_ops sc_runner_bare;

#endif
