/* The sandbox on this machine: bubblewrap's namespaces, a filter of system calls, control groups where there are any. */
#ifndef SC_RUNNERS_LOCAL_LOCAL_H
#define SC_RUNNERS_LOCAL_LOCAL_H

#include "ports/runner.h"

extern const sc_runner_ops sc_runner_local;

#endif
