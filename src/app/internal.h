/* What the files of app/ share and nobody else sees. */
#ifndef SC_APP_INTERNAL_H
#define SC_APP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/access.h"
#include "app/app.h"
#include "app/ask.h"
#include "app/embed.h"
#include "app/events.h"
#include "app/fix.h"
#include "app/ingest.h"
#include "app/lane.h"
#include "app/lens.h"
#include "app/quota.h"
#include "app/rate.h"
#include "app/refusals.h"
#include "app/schedule.h"
#include "app/space.h"
#include "app/work.h"

/* The group commit: requests wait in a list, one thread writes all of them at once. */
typedef struct sc_committer {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    sc_ingest *head, **tail;
    bool stop;
    _Atomic int64_t queued_bytes;
} sc_committer;

/* The pump: follows other processes' writes, hands events to subscribers, keeps house. */
typedef struct sc_pump {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards subscribers, poked, stop */
    pthread_cond_t wake;
    bool poked, stop;
    sc_subscriber *subscribers;
    size_t n_subscribers;
    int64_t last_event; /* pump thread alone */
    int64_t change_token;
    int64_t next_note_us; /* monotonic: when refused deliveries are noted again */
} sc_pump;

enum { SC_ACCESS_CACHE = 256 };
typedef struct sc_access_entry {
    unsigned char hash[32];
    int64_t until_us; /* monotonic; 0 = free */
    sc_principal who;
} sc_access_entry;

typedef struct sc_access_cache {
    pthread_rwlock_t lock;
    sc_access_entry entries[SC_ACCESS_CACHE];
    unsigned char local_hash[32];
    bool has_local;
    uint64_t turn; /* goes up when entries are forgotten */
} sc_access_cache;

enum { SC_SETTINGS_CACHE = 32 };
typedef struct sc_settings_entry {
    sc_id project;
    const sc_source_ops *source; /* NULL = free */
    int64_t until_us;
    char *text; /* JSON; "" = unset */
} sc_settings_entry;

typedef struct sc_settings_cache {
    pthread_mutex_t lock;
    sc_settings_entry entries[SC_SETTINGS_CACHE];
} sc_settings_cache;

/* The end of the process, for whoever waits for somebody else: a language model, an embedder, a forge. */
typedef struct sc_ending {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool now; /* set for good: calls under way are given up */
} sc_ending;

struct sc_app {
    sc_app_conf conf;
    sc_ending ending;
    sc_committer committer;
    sc_lane worker;                         /* claims what grouping needs */
    sc_lane advisor;                        /* claims what a language model is needed for */
    sc_lane beat;                           /* keeps the leases of both */
    sc_ask *ask;                            /* NULL: there is no language model */
    int64_t next_advise_look_us;            /* advisor thread alone */
    _Atomic int64_t told;                   /* titles and summaries written */
    _Atomic int64_t judged_one, judged_two; /* verdicts on pairs */
    struct sc_fixes *fixes;                 /* NULL until there is a folder for them */
    sc_pump pump;
    sc_schedule schedule;
    sc_access_cache access;
    sc_settings_cache settings;
    sc_refusals refusals;
    sc_rates rates;
    sc_quotas quotas;
    sc_spaces spaces;
    sc_embed *embed;          /* NULL: the embedder is local */
    int64_t next_backfill_ms; /* worker thread alone */
    sc_lenses lenses;
    struct sc_remodel *remodel; /* a change of a model that is under way; worker thread alone */
    _Atomic int64_t next_remodel_look_us;
    int64_t remodel_turn_us; /* worker thread alone: when a change was last looked for */
    _Atomic int64_t commits, committed, duplicates, refused, commit_us_total;
    _Atomic int64_t grouped, group_errors, conflicts, regressions, group_us_total;
    _Atomic int64_t tidied, tidy_moves;
    _Atomic int64_t fixes_ended[SC_FIX_REASON_COUNT], fix_calls, fix_tokens, fix_micro_usd;
    _Atomic int64_t expired; /* reports that were too old */
};

#define STORE(app) ((app)->conf.store.ops)
#define SELF(app) ((app)->conf.store.self)

struct sc_describe_row;

sc_rc sc_committer_start(sc_app *app, sc_err *err);
void sc_committer_stop(sc_app *app);
sc_rc sc_worker_start(sc_app *app, sc_err *err);
void sc_worker_stop(sc_app *app);
/* Asks for a group job of the project, unless one is pending already. */
sc_rc sc_worker_ask(sc_app *app, const sc_id *project, sc_err *err);
/* Groups one report now, in the caller's thread, if it is in no cluster yet: a person wants to put it somewhere. */
sc_rc sc_worker_place(sc_app *app, const sc_id *project, const sc_id *id, bool *ret_placed,
                      sc_err *err);
/* New work came, or the worker is to end: a long job must make room. */
bool sc_worker_wanted(sc_app *app);
/* There may be something to group. */
void sc_worker_poke(sc_app *app);
sc_rc sc_pump_start(sc_app *app, sc_err *err);
void sc_pump_stop(sc_app *app);
/* There may be events to hand out. */
void sc_pump_poke(sc_app *app);
/* Writes one issue's row, and tells of it; `writer` held. job NULL: a person. SC_CONFLICT: another process was
 * faster. */
sc_rc sc_patch_write_row(sc_space *s, const struct sc_describe_row *row, const sc_job *job,
                         int64_t now_ms, sc_arena *arena, sc_err *err);
/* A project's snoozed issues whose time has come are on the list again. */
sc_rc sc_triage_wake_snoozed(sc_app *app, const sc_id *project, int64_t now_ms, sc_err *err);
void sc_access_init(sc_access_cache *c);
void sc_access_done(sc_access_cache *c);
void sc_settings_cache_init(sc_settings_cache *c);
void sc_settings_cache_done(sc_settings_cache *c);
/* As sc_settings_get, but from memory where it is at most two seconds old; NULL when unset. */
sc_rc sc_settings_look(sc_app *app, const sc_id *project, const sc_source_ops *source, json_t **ret,
                       sc_err *err);

/* Waits on a condition at most ms milliseconds (monotonic clock; the condition must be made by
 * sc_cond_init). */
void sc_cond_init(pthread_cond_t *c);
void sc_cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms);
sc_rc sc_thread_start(pthread_t *t, void *(*fn)(void *), void *arg, const char *name, sc_err *err);

#endif
