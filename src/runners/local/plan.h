/* The sandbox as a plan: a pure function from a spec (and what was found out about the machine) to ordered, typed steps,
 * which are printed for people and programs, checked, and turned into bubblewrap's arguments. Nothing else says what a
 * sandbox looks like; launch.c only carries it out.
 *
 * Threads: plain data in an arena. */
#ifndef SC_RUNNERS_LOCAL_PLAN_H
#define SC_RUNNERS_LOCAL_PLAN_H

#include "ports/runner.h"

/* What the plan needs to know of the machine (facts.c asks it; tests make it up). Strings outlive the plan. */
typedef struct sc_local_facts {
    const char *bwrap; /* absolute */
    const char *self;  /* our own program, absolute */
    const char *home;  /* of the user we run as, absolute; NULL: none */
    struct {
        const char *inside; /* "/lib64" */
        const char *link;   /* what the symlink says; NULL: it is a folder */
    } top[8];
    size_t n_top;
    const char *java[8]; /* folders of /etc that a Java points into: "/etc/java-17-openjdk" */
    size_t n_java;
    bool cgroup; /* limits are kept by control groups; else by rlimits and looking */
} sc_local_facts;

/* kind, word for people */
#define SC_PLAN_TABLE(X)                                              \
    X(NAMESPACES, "namespaces") /* a: their names                  */ \
    X(USER, "user")             /* n: uid and gid inside           */ \
    X(HOST, "hostname")         /* a                               */ \
    X(CAPS, "capabilities")     /* a: "none"                       */ \
    X(SESSION, "session")       /* a new one, dying with us        */ \
    X(RO, "read-only")          /* a: of the machine, b: inside    */ \
    X(RO_TRY, "read-only?")     /* the same, where it is there     */ \
    X(LINK, "link")             /* a: what it says, b: inside      */ \
    X(DIR, "folder")            /* b                               */ \
    X(PROC, "proc")             /* b                               */ \
    X(DEV, "dev")               /* b                               */ \
    X(TMPFS, "memory")          /* b, n: bytes                     */ \
    X(WORK, "work tree")        /* a: of the machine, b; writable  */ \
    X(DATA, "file")             /* b, n: its bytes, mode           */ \
    X(SOCKET, "socket")         /* a: of the machine, b            */ \
    X(SEAL, "sealed")           /* b: a mount made read-only       */ \
    X(ENV, "environment")       /* a: name, b: value               */ \
    X(LIMIT, "limit")           /* a: which, n                     */ \
    X(FILTER, "system calls")   /* a: the filter's name            */ \
    X(CHDIR, "working folder")  /* b                               */ \
    X(RUN, "run")               /* a: one word of the command      */

typedef enum sc_plan_kind {
#define X(name, word) SC_PLAN_##name,
    SC_PLAN_TABLE(X)
#undef X
        SC_PLAN_KINDS
} sc_plan_kind;

typedef struct sc_plan_step {
    sc_plan_kind kind;
    const char *a, *b;
    int64_t n;
    int mode;     /* DATA: permissions                        */
    int fd;       /* DATA, WORK, FILTER: as bubblewrap has it */
    sc_str bytes; /* DATA                                     */
} sc_plan_step;

/* Descriptors that bubblewrap gets. */
enum {
    SC_PLAN_FD_ARGS = 3,
    SC_PLAN_FD_STATUS,
    SC_PLAN_FD_BLOCK,
    SC_PLAN_FD_FILTER,
    SC_PLAN_FD_WORK,
    SC_PLAN_FD_DATA
};
enum { SC_PLAN_MAX_FILES = 16 };

typedef struct sc_plan {
    const sc_plan_step *steps;
    size_t n;
    sc_runner_limits limits; /* none is 0 */
    const char *bwrap;
} sc_plan;

/* SC_INVALID names what is wrong with the spec. Everything is in the arena or borrowed from spec and facts. */
sc_rc sc_plan_make(const sc_runner_spec *spec, const sc_local_facts *facts, sc_arena *arena,
                   sc_plan *ret, sc_err *err);

/* The invariants, looked for in the steps alone, by code that shares nothing with what makes them: one writable mount
 * and that is the work tree; plain paths; nothing mounted over or into what protects; no capability, every namespace, the
 * filter, sealed root and /dev. SC_INTERNAL names the one that is broken. Run before every launch. */
sc_rc sc_plan_check(const sc_plan *p, const char *work_dir, sc_err *err);

/* bubblewrap's arguments up to the command, NUL-terminated each, for --args. */
bool sc_plan_args(const sc_plan *p, sc_buf *out);
/* The command, NULL-terminated. */
sc_rc sc_plan_command(const sc_plan *p, sc_arena *arena, const char *const **ret, sc_err *err);

/* One step a line, or one JSON object. */
bool sc_plan_text(const sc_plan *p, sc_buf *out);
bool sc_plan_json(const sc_plan *p, sc_buf *out);

/* Absolute, no empty, "." or ".." part, no "/" at the end, no control character, at most 1000 bytes. */
bool sc_path_plain(const char *path);
/* path is dir, or lies in it. Both plain; "/" as dir holds all. */
bool sc_path_within(const char *path, const char *dir);

#endif
