/* Port: running a program that is not trusted, on a work tree, and being sure that nothing of it is left.
 *
 * The promises, whatever the program does: it sees no file of ours but what the spec names, no environment, no
 * descriptor, no process and no network; it changes nothing outside the work tree; when run() returns, every process
 * of it is gone (within 3 s of the stop flag or of a limit). A backend tries nothing twice and logs nothing.
 *
 * Inside, everywhere alike: the work tree is SC_RUNNER_WORK (and the working directory), the home is SC_RUNNER_HOME
 * (fresh, lost at the end), /tmp is fresh, files and sockets of ours are under SC_RUNNER_OURS, and our own program is
 * SC_RUNNER_SELF. There is a loopback interface and nothing behind it; `forward` puts a port there. */
#ifndef SC_PORTS_RUNNER_H
#define SC_PORTS_RUNNER_H

#include "base/conf.h"
#include "base/err.h"
#include "base/mem.h"

#define SC_RUNNER_WORK "/workspace"
#define SC_RUNNER_HOME "/home/agent"
#define SC_RUNNER_OURS "/run/soulcaster"
#define SC_RUNNER_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
#define SC_RUNNER_SELF SC_RUNNER_OURS "/bin/soulcaster"

typedef struct sc_runner_bind { /* a file or folder of this machine, read-only */
    const char *host, *inside;  /* absolute and plain: no "..", no "//", no control character */
} sc_runner_bind;

typedef struct
    sc_runner_file { /* a file that is made: under SC_RUNNER_HOME (its own copy) or SC_RUNNER_OURS */
    const char *inside;
    sc_str bytes;
} sc_runner_file;

typedef struct sc_runner_socket { /* a unix socket of ours */
    const char *host, *inside;    /* inside: under SC_RUNNER_OURS */
} sc_runner_socket;

typedef struct sc_runner_forward { /* 127.0.0.1:port inside leads to a socket inside */
    int port;
    const char *inside; /* one of the spec's sockets */
} sc_runner_forward;

/* 0 in a member: the backend's default (printed by its plan). */
typedef struct sc_runner_limits {
    int64_t wall_ms;
    int64_t cpu_s; /* of each process */
    int64_t
        memory_bytes; /* all processes together; /tmp and the home are a part of it, at most a quarter each */
    int64_t pids;
    int64_t disk_bytes;   /* how much the work tree may grow */
    int64_t output_bytes; /* both streams */
} sc_runner_limits;

typedef struct sc_runner_spec {
    const char *id;        /* [a-z0-9-]{1,64}: the job; two at once may not have the same */
    const char *work_dir;  /* the one folder that can be written; no link on the way to it */
    const char *state_dir; /* ours, outside work_dir: what sweep needs to know is kept here */
    /* Removed by sweep when its owner died (not by run): usually the folder around work_dir. NULL: nothing. */
    const char *remove_dir;
    const char *const *argv; /* NULL-terminated; argv[0] as seen inside */
    const sc_runner_bind *binds;
    size_t n_binds;
    const sc_runner_file *files;
    size_t n_files;
    const sc_runner_socket *sockets;
    size_t n_sockets;
    sc_runner_forward forward; /* port 0: none */
    const char *const *
        env; /* NULL-terminated "NAME=value", besides PATH, HOME, LANG, TMPDIR, USER and the like */
    sc_runner_limits limits;
    /* Host folders that no bind may hold or lie in, besides the usual ones (system, home, keys): the data folder. */
    const char *const *hidden; /* NULL-terminated; may be NULL */
} sc_runner_spec;

/* For killed_for: static words. */
#define SC_RUNNER_TIMEOUT "timeout"
#define SC_RUNNER_STOPPED "stopped"
#define SC_RUNNER_OUTPUT "output"
#define SC_RUNNER_MEMORY "memory"
#define SC_RUNNER_PIDS "pids"
#define SC_RUNNER_DISK "disk"
#define SC_RUNNER_CPU "cpu"

typedef struct sc_runner_end {
    int exit;               /* as a shell says it: 128 + n for signal n */
    const char *killed_for; /* NULL: it ended of its own accord; else SC_RUNNER_* */
    int64_t wall_us;
    int64_t memory_peak_bytes; /* 0: not known */
} sc_runner_end;

typedef struct sc_runner_check { /* a row for people; words are in the arena or static */
    const char *what, *words;
    enum { SC_RUNNER_GOOD, SC_RUNNER_NOTE, SC_RUNNER_BAD } is; /* BAD: run() will refuse */
} sc_runner_check;

typedef struct sc_runner_ops {
    const char *name;
    const char *summary;
    const sc_opt *opts; /* may be NULL */
    size_t n_opts;
    size_t size; /* of the instance */
    bool
        sandbox; /* false: it holds nothing back, and may be used only by those who ask for it by name */
    /* Required. `conf` is the parsed option struct. */
    sc_rc (*open)(void *self, const void *conf, sc_err *err);
    /* Required. What run() would do, for people (text) or programs (JSON). Starts nothing. SC_INVALID: the spec is
     * refused, and why; run() refuses the same. */
    sc_rc (*plan)(const void *self, const sc_runner_spec *spec, bool as_json, sc_buf *out,
                  sc_err *err);
    /* Required. Blocks until everything is over. `stream` is 1 or 2; `stop` may be NULL. SC_OK: the program ran, however
     * it ended. SC_INVALID: the spec. SC_NOT_FOUND: no such program inside. SC_CONFLICT: the id is running. SC_IO: the
     * sandbox could not be made (the message says what the kernel or its launcher said). Thread-safe. */
    sc_rc (*run)(void *self, const sc_runner_spec *spec,
                 void (*output)(void *at, int stream, sc_str bytes), void *at,
                 const _Atomic bool *stop, sc_runner_end *ret, sc_err *err);
    /* Required. Ends what is left of runs whose owner (a process of this machine) is dead, and removes their folders.
     * *ret_n: how many. Cheap when there is nothing; call at start and every minute. Thread-safe. */
    sc_rc (*sweep)(void *self, const char *state_dir, size_t *ret_n, sc_err *err);
    /* Required. What this machine allows, tried for real. */
    sc_rc (*check)(const void *self, sc_arena *arena, sc_runner_check **ret, size_t *ret_n,
                   sc_err *err);
    void (*close)(void *self);
} sc_runner_ops;

/* An opened one, as the app hands it round; ops NULL: there is none. */
typedef struct sc_runner {
    const sc_runner_ops *ops;
    void *self;
} sc_runner;

#endif
