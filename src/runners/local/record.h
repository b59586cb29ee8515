/* What is running, on disk: so that who comes after a dead owner can end it and clean up.
 *
 * A record is STATE/ID.json, made and locked (flock) before anything is started. The lock is the owner's life: the kernel
 * lets go of it when the owner dies, in whatever container it lived. The process that holds the sandbox together is
 * named by its number, the clock tick it started at, the boot and the pid namespace: a number that came round again is
 * somebody else. Threads: one record, one thread. */
#ifndef SC_RUNNERS_LOCAL_RECORD_H
#define SC_RUNNERS_LOCAL_RECORD_H

#include <sys/types.h>

#include "runners/local/cgroup.h"

typedef struct sc_record {
    int fd;
    char path[1200];
} sc_record;

/* SC_CONFLICT: that id is running. What a dead owner of the same id left running is ended first; its folder stays. */
sc_rc sc_record_open(const char *state_dir, const char *id, sc_record *ret, sc_err *err);
/* Written before it counts: the groups before anybody is in them, the process before it goes on. pid 0: none yet. */
sc_rc sc_record_write(sc_record *r, pid_t pid, const sc_cgroup *g, const char *remove_dir,
                      sc_err *err);
/* Everything is over: forgotten. */
void sc_record_close(sc_record *r);

/* Ends and removes what dead owners left. *ret_n: how many. */
sc_rc sc_record_sweep(const char *state_dir, size_t *ret_n, sc_err *err);

#endif
