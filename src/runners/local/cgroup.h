/* Control groups: the kernel's own limits on memory and processes, where we may make groups (version 1 or 2).
 *
 * Version 2 wants that our own group delegates: under systemd `Delegate=yes`; we then move ourselves into a leaf of it,
 * because a group with processes of its own can not limit groups below it. Threads: base is constant after finding. */
#ifndef SC_RUNNERS_LOCAL_CGROUP_H
#define SC_RUNNERS_LOCAL_CGROUP_H

#include "ports/runner.h"

enum { SC_CGROUP_PATH = 512, SC_CGROUP_DIRS = 3 };

typedef struct sc_cgroups {
    int version; /* 0: none that we may use                             */
    char dirs[SC_CGROUP_DIRS]
             [SC_CGROUP_PATH]; /* where groups are made: memory, pids, cpu; v2: one   */
    size_t n;
    char why[160]; /* version 0: why not, for people */
} sc_cgroups;

typedef struct sc_cgroup { /* one run's */
    int version;
    char dirs[SC_CGROUP_DIRS][SC_CGROUP_PATH];
    size_t n;
    int join[SC_CGROUP_DIRS]; /* cgroup.procs of each */
    size_t n_join;
} sc_cgroup;

/* Looks at /proc/self/cgroup and the mounts; tries. Never fails: version 0 says why. */
void sc_cgroups_find(sc_cgroups *ret);

/* A group soulcaster-ID-PID-N with the limits; what a dead process of that number left is ended first. */
sc_rc sc_cgroup_make(const sc_cgroups *base, const char *id, const sc_runner_limits *limits,
                     sc_cgroup *ret, sc_err *err);
/* From now on a quarter of the usual share of the processor, where others want it. */
void sc_cgroup_give_way(const sc_cgroup *g);
/* SC_RUNNER_MEMORY or SC_RUNNER_PIDS once that limit was met, else NULL. */
const char *sc_cgroup_met(const sc_cgroup *g);
int64_t sc_cgroup_peak_bytes(const sc_cgroup *g);
/* Kills what is in it until nothing is (at most 3 s), removes it, closes. */
sc_rc sc_cgroup_end(sc_cgroup *g, sc_err *err);
/* The same for a folder known by name, of a dead owner. Only folders called soulcaster-*; what is not there is ended. */
sc_rc sc_cgroup_end_dir(const char *dir, sc_err *err);

#endif
