/* A plan carried out: bubblewrap started with it, watched, and everything of it gone at the end. Threads: any number. */
#ifndef SC_RUNNERS_LOCAL_LAUNCH_H
#define SC_RUNNERS_LOCAL_LAUNCH_H

#include "runners/local/cgroup.h"
#include "runners/local/plan.h"

typedef void (*sc_launch_output)(void *at, int stream, sc_str bytes);

/* As sc_runner_ops.run. */
sc_rc sc_launch(const sc_runner_spec *spec, const sc_local_facts *facts, const sc_cgroups *groups,
                sc_launch_output output, void *at, const _Atomic bool *stop, sc_runner_end *ret,
                sc_err *err);

/* The spec as it will be used: sources of binds followed through their links (they are refused or shown as what they
 * are). In the arena. SC_NOT_FOUND names a source that is not there. */
sc_rc sc_launch_resolve(const sc_runner_spec *spec, sc_arena *arena, sc_runner_spec *ret,
                        sc_err *err);

#endif
