/* What no kernel limit keeps: the size of the work tree, a full disk, and without control groups memory and processes.
 * Looked at while the sandbox runs, from the launching thread. */
#ifndef SC_RUNNERS_LOCAL_WATCH_H
#define SC_RUNNERS_LOCAL_WATCH_H

#include <sys/types.h>

#include "runners/local/cgroup.h"

typedef struct sc_watch {
    const char *work_dir;
    const sc_runner_limits *limits;
    const sc_cgroup *group;
    int64_t bytes_before;
    pid_t init; /* of the pid namespace, as we see it; 0: not known yet */
    int64_t disk_at_us, tree_at_us;
    int64_t peak_bytes;
} sc_watch;

/* SC_NOT_FOUND, SC_TOO_LARGE: the work tree as it is. */
sc_rc sc_watch_begin(sc_watch *w, const char *work_dir, const sc_runner_limits *limits,
                     const sc_cgroup *group, sc_err *err);
/* NULL, or the SC_RUNNER_* that was met. Does what is due. */
const char *sc_watch_look(sc_watch *w);

#endif
