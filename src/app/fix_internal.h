/* What the files of the fix loop share and nobody else sees. */
#ifndef SC_APP_FIX_INTERNAL_H
#define SC_APP_FIX_INTERNAL_H

#include "app/budget.h"
#include "app/internal.h"
#include "base/redact.h"
#include "git/git.h"

enum {
    SC_FIX_MAX_WORKERS = 8,
    SC_FIX_ARENA_BYTES = 96 << 20,
    SC_FIX_LOG_BYTES = 4 << 20, /* of one fix, kept in the store */
    SC_FIX_PATH = 1024,
    SC_FIX_SHORT_FROM = 24, /* of a run's name: the rest is its socket's, whose path is short */
};

/* Why a run is to stop; the first one counts. */
typedef enum sc_fix_stop {
    SC_FIX_GO_ON,
    SC_FIX_STOP_TIME,     /* its time is over                          */
    SC_FIX_STOP_LOST,     /* the lease is somebody else's, or cancelled */
    SC_FIX_STOP_SHUTDOWN, /* this process ends                         */
} sc_fix_stop;

/* One fix under way in this process. */
typedef struct sc_fix_run sc_fix_run;

/* What a run's programs say, on its way to the store: cleaned, redacted, whole lines, in pieces. */
typedef struct sc_fix_sink {
    sc_app *app;
    sc_id id;
    pthread_mutex_t lock; /* the proxy's threads write, too */
    sc_buf cut;           /* the beginning of a character */
    sc_redact_stream redact;
    sc_buf held;
    const char *stream;
    int64_t flushed_us;
} sc_fix_sink;

struct sc_fix_run {
    sc_app *app;
    sc_job job;
    sc_fix fix; /* as stored; its texts are in the arena */
    sc_fix_settings set;
    sc_plan plan;
    sc_cluster cluster;
    sc_arena arena;
    sc_redact *redact;
    sc_fix_sink sink;
    sc_git git;
    sc_forge forge;
    char name[64];            /* of this run: the job and its fence */
    char dir[SC_FIX_PATH];    /* its folder: work trees */
    char mirror[SC_FIX_PATH]; /* our bare repository of the project's */
    bool set_up;              /* `work` is: with what set-up made for the tests */
    _Atomic bool stop;
    _Atomic int why; /* sc_fix_stop */
    int64_t deadline_ms;
    /* What the proxy books; guarded by spend_lock. */
    pthread_mutex_t spend_lock;
    sc_fix_cost cost;
    int64_t set_aside_micro_usd, set_aside_tokens;
    sc_budget day; /* the project's books, which all its fixes write in */
    bool capped;   /* a cap refused a call */
    char blocked[32][128];
    size_t n_blocked;
    sc_fix_run *next;
};

/* A worker: a lane with its thread. */
typedef struct sc_fix_worker {
    sc_app *app;
    sc_lane lane;
} sc_fix_worker;

struct sc_fixes {
    sc_app *app;
    char dir[SC_FIX_PATH - 128]; /* the conf's, without links on the way */
    sc_fix_worker workers[SC_FIX_MAX_WORKERS];
    size_t n_workers;
    sc_lane beat;                             /* heartbeats, deadlines */
    sc_lane tidy;                             /* what is left on disk */
    sc_lane watch;                            /* pull requests, policy */
    pthread_mutex_t lock;                     /* guards `runs` */
    sc_fix_run *runs;                         /* under way in this process */
    pthread_mutex_t looking;                  /* at pull requests of a forge on this machine */
    sc_forge_guard guards[SC_FIX_MAX_FORGES]; /* the first conf.fix.n_forges */
};

sc_rc sc_fixes_new(sc_app *app, sc_err *err);
void sc_fixes_free(sc_app *app);
sc_rc sc_fixes_start(sc_app *app, sc_err *err);
void sc_fixes_stop(sc_app *app);
void sc_fixes_poke(sc_app *app);
/* Keeps the lease of what watches pull requests. */
void sc_fixes_beat(sc_app *app);
/* The scheduler's: asks for looks at the project's pull requests ("poll") and at what follows from the store ("verify"),
 * where there is anything to look at. */
sc_rc sc_fix_watch_ask(sc_app *app, const sc_id *project, sc_err *err);

/* ---- Shared steps ------------------------------------------------------------------------------- */

const sc_forge *sc_fix_forge(const sc_app *app, sc_str name);
/* Stores r->fix (under the job's fence) with an event; reads its version again. */
sc_rc sc_fix_keep(sc_fix_run *r, const sc_str *patch, sc_err *err);
/* The same for a fix that no job runs; fix->version grows. */
sc_rc sc_fix_keep_ended(sc_app *app, sc_fix *fix, sc_err *err);
/* A name for an issue's next branch. One that may have been pushed is not used again: the next one gets a number. */
sc_rc sc_fix_new_branch(sc_app *app, const sc_cluster *c, sc_buf *out, sc_err *err);
/* The status follows; branch and url (p NULL: stay) are shown with it. An event that does not fit its status
 * any more is no error: people may have changed it meanwhile. */
sc_rc sc_fix_tell_cluster(sc_app *app, const sc_fix *f, sc_cluster_event ev, sc_str words,
                          sc_err *err);
/* The issue says that a fix is under way. Who asks for one or works on it may be held up until it has ended elsewhere and
 * its issue was told: then the issue hears the end again. */
sc_rc sc_fix_tell_begun(sc_app *app, const sc_fix *f, sc_err *err);
/* The issue hears how a fix ended without success; where another one of it is under way, of that. */
sc_rc sc_fix_tell_ended(sc_app *app, const sc_fix *f, sc_err *err);
/* What the end of a fix without success is for its issue: a pull request that is there, or that a follow-up continued, is
 * still open. */
sc_cluster_event sc_fix_event_of(const sc_fix *f);
/* The issue, or the one that it was merged into. */
sc_rc sc_fix_cluster(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                     sc_cluster *ret, sc_err *err);
/* What its pull request's state means for the issue; comments that name us start a follow-up. SC_CONFLICT: another
 * process was faster. */
sc_rc sc_fix_watch_one(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err);
sc_rc sc_fix_copy(sc_arena *arena, sc_str s, sc_str *ret, sc_err *err);
/* Reasons for people; `reason` is kept and rc is returned. */
sc_rc sc_fix_refuse(sc_fix_run *r, sc_fix_reason reason, sc_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- Guards (fix_guard.c) ----------------------------------------------------------------------- */

typedef struct sc_fix_day {
    int64_t started, by_policy, micro_usd;
} sc_fix_day;
/* The books of what a project's fixes spend in a day, and its cap. */
void sc_fix_books(sc_app *app, const sc_id *project, const sc_fix_settings *s, sc_budget *ret);
/* What was started and spent since midnight (UTC). */
sc_rc sc_fix_day_read(sc_app *app, const sc_id *project, sc_fix_day *ret, sc_err *err);
/* SC_CONFLICT: an open pull request of ours touches what the reports are about. */
sc_rc sc_fix_same_cause(sc_app *app, const sc_cluster *c, sc_err *err);
/* ops NULL: there is none, and *ret_why (may be NULL) says why. At the start it may wait until that is known. */
sc_runner sc_fix_runner(const sc_app *app, const char **ret_why);
/* What is missing before a fix can start; at most 8. */
size_t sc_fix_missing(const sc_app *app, const sc_fix_settings *s, const char *ret[8]);
/* Starts fixes that the policy wants. */
sc_rc sc_fix_policy_look(sc_app *app, const sc_id *project, sc_err *err);

#endif
