/* Running another program: one call from its start to its end.
 *
 * No shell, no inherited environment, no inherited descriptor: the child gets exactly what the spec names. It has a
 * session and a process group of its own, no controlling terminal, every signal at its default and none blocked. When
 * the program ends, or is ended, what is left of its group is killed before it is reaped, so the number can not have
 * gone to someone else meanwhile. A process that left the group (setsid) lives on: who runs what may do that puts it
 * in a sandbox (ports/runner.h).
 *
 * It is no scheduler and tries nothing twice. Threads: any number of calls at once; callbacks come on the caller's
 * thread. The child is made with vfork: starting costs the same however large this process is. */
#ifndef SC_PROC_PROC_H
#define SC_PROC_PROC_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

typedef enum sc_proc_stream { SC_PROC_OUT = 1, SC_PROC_ERR = 2 } sc_proc_stream;

typedef struct sc_proc_fd { /* descriptor `from` of ours is `to` (3 or more) in the child */
    int from, to;
} sc_proc_fd;

typedef struct sc_proc_limit { /* setrlimit(which) in the child: soft most, hard most + over */
    int which;
    uint64_t most, over;
} sc_proc_limit;

typedef struct sc_proc_spec {
    const char *const *
        argv; /* NULL-terminated; argv[0] with a slash is the file, else it is looked for on our PATH */
    const char *const *env; /* NULL-terminated "NAME=value"; NULL: an empty environment */
    const char *cwd;        /* NULL: ours */
    sc_str input;           /* stdin, all of it; empty: /dev/null */
    const sc_proc_fd *fds;  /* besides 0, 1, 2; at most SC_PROC_MAX_FDS, each `to` once */
    size_t n_fds;
    const sc_proc_limit *limits;
    size_t n_limits;
    const int
        *join; /* descriptors that the child writes "0" to before it is the program: cgroup.procs */
    size_t n_join;
    int nice;          /* added to our own niceness                                 */
    bool first_to_die; /* where the machine runs out of memory: before anything else */
    /* What it writes, as it comes; bytes may cut a character. NULL: it is dropped. */
    void (*output)(void *self, sc_proc_stream stream, sc_str bytes);
    /* Once, right after it was started. May be NULL. */
    void (*started)(void *self, pid_t pid);
    /* About every tick_ms while it runs; anything but NULL ends it, and is ret->ended_for. May be NULL. */
    const char *(*tick)(void *self);
    int64_t tick_ms; /* 0: 100 */
    void *self;
    int64_t timeout_ms; /* 0: none */
    int64_t grace_ms;   /* from SIGTERM to SIGKILL; 0: SIGKILL at once */
    const _Atomic bool
        *stop; /* set by another thread: it is ended (noticed within 50 ms); may be NULL */
    int64_t
        max_output_bytes; /* both streams together, the rest is not handed on and it is ended; 0: no limit */
} sc_proc_spec;

enum { SC_PROC_MAX_FDS = 32 };

/* For ended_for: a static word each. */
#define SC_PROC_TIMEOUT "timeout"
#define SC_PROC_STOPPED "stopped"
#define SC_PROC_OUTPUT "output"

typedef struct sc_proc_end {
    int exit;              /* its exit status; -1: a signal ended it */
    int signal;            /* that signal, or 0 */
    const char *ended_for; /* NULL: of its own accord; SC_PROC_*, or what tick said */
    int64_t wall_us, cpu_us;
    int64_t max_rss_bytes;
} sc_proc_end;

/* Blocks until the program ended and its output was handed on. SC_OK: it ran, however it ended. SC_NOT_FOUND: there is
 * no such program (or it may not be executed). SC_INVALID: the spec. SC_IO: it could not be started. */
sc_rc sc_proc_run(const sc_proc_spec *spec, sc_proc_end *ret, sc_err *err);

/* The absolute path of a program: `name` itself where it has a slash, else the first executable file on our PATH.
 * SC_NOT_FOUND otherwise. */
sc_rc sc_proc_find(const char *name, char *ret_path, size_t room, sc_err *err);
/* The same, in those folders of our PATH that `fits` takes. */
sc_rc sc_proc_find_where(const char *name, bool (*fits)(sc_str dir), char *ret_path, size_t room,
                         sc_err *err);

/* When a process started, in clock ticks since boot (/proc/PID/stat, field 22): with the pid it names one process of
 * one boot. 0: there is no such process. */
uint64_t sc_proc_start_time(pid_t pid);

/* What is kept of a run's output where only its beginning and end matter: for `output`, or called from it. */
typedef struct sc_proc_keep {
    sc_buf head;     /* the first bytes, up to its maximum */
    char tail[2048]; /* the last bytes of what came after */
    size_t n_tail;
    int64_t cut_bytes; /* between them */
} sc_proc_keep;

void sc_proc_keep_init(sc_proc_keep *k, size_t max_head_bytes);
void sc_proc_keep_done(sc_proc_keep *k);
void sc_proc_keep_put(sc_proc_keep *k, sc_str bytes);
/* head, a line that says how much is missing, tail; appended to out. */
bool sc_proc_keep_text(const sc_proc_keep *k, sc_buf *out);

#endif
