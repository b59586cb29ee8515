/* Which specs are refused, and what may be mounted where. Threads: pure functions. */
#ifndef SC_RUNNERS_LOCAL_REFUSE_H
#define SC_RUNNERS_LOCAL_REFUSE_H

#include "runners/local/plan.h"

/* SC_INVALID names the first fault. */
sc_rc sc_local_refuse(const sc_runner_spec *spec, const sc_local_facts *facts, sc_err *err);

/* The limits with their defaults filled in; SC_INVALID: one that makes no sense. */
sc_rc sc_local_limits(const sc_runner_limits *wanted, sc_runner_limits *ret, sc_err *err);

#endif
