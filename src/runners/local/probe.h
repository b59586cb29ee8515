/* What this machine allows, tried for real: for `doctor`. */
#ifndef SC_RUNNERS_LOCAL_PROBE_H
#define SC_RUNNERS_LOCAL_PROBE_H

#include "runners/local/cgroup.h"
#include "runners/local/plan.h"

/* As sc_runner_ops.check. */
sc_rc sc_local_probe(const sc_local_facts *facts, const sc_cgroups *groups, sc_arena *arena,
                     sc_runner_check **ret, size_t *ret_n, sc_err *err);

#endif
