/* The application: what the parts do together. `app` decides, ports say what the outside must do.
 *
 * One sc_app lives as long as the process. It owns the threads: the committer (group commit), the
 * grouping workers, the housekeeper (leases, snoozes, pruning, events). Every function here and in
 * the other app headers is thread-safe unless it says otherwise. Plain reads that need no decision
 * go straight to the store (sc_app_store). */
#ifndef SC_APP_APP_H
#define SC_APP_APP_H

#include "app/ask.h"
#include "app/embed.h"
#include "app/fix.h"
#include "base/clock.h"
#include "core/work.h"
#include "ports/embedder.h"
#include "ports/source.h"
#include "ports/store.h"

typedef struct sc_app sc_app;

typedef struct sc_app_conf {
    sc_store store;       /* opened; the app does not close it */
    sc_embedder embedder; /* opened; the app does not close it */
    /* Opens a further one by its name or by its model's; NULL: there are none. Called one at a time. */
    sc_rc (*open_embedder)(void *self, sc_str name, sc_embedder *ret, sc_err *err);
    void (*close_embedder)(sc_embedder *em);
    void *open_self;
    bool decides;              /* its embedder becomes the installation's (serve, worker) */
    const char *embedder_hint; /* how a better one is had; static; empty: nothing to say */
    const sc_source_ops *const *sources;
    size_t n_sources;
    const sc_clock *clock;
    bool serves;              /* the API is served from this process       */
    unsigned queues;          /* what it works on: bits 1 << sc_queue (core/work.h) */
    bool schedules;           /* stands for the lead (schedule.h)          */
    int64_t max_queued_bytes; /* reports that wait for the committer       */
    int64_t lease_ms;         /* of jobs but fixes, and of the lead        */
    int64_t tidy_ms;          /* quiet time before all is looked at together (tidy.h); 0 = never */
    int64_t keep_ended_jobs_ms, keep_events_ms;
    int64_t max_dead_letters, max_dead_bytes; /* of a project (dead.h) */
    size_t keep_decisions; /* of each report, the newest; besides those that are kept for ever */
    size_t action_bytes;   /* memory that a merge, split, move or undo may take */
    /* For an embedder behind a network (app/embed.h). */
    int64_t embed_timeout_ms;
    sc_budget_use embed_cap; /* a day; 0 = none */
    bool embed_wait; /* while it cannot be asked, reports wait; else they are grouped without it */
    /* A language model (app/ask.h, app/advise.h); ops NULL: none. */
    sc_llm llm;                /* opened; the app does not close it */
    const sc_prompts *prompts; /* outlive the app                   */
    unsigned llm_tasks;        /* SC_ADVISE_*                       */
    int64_t llm_timeout_ms;
    int64_t llm_settle_ms; /* a change waits so long for more of them before it is asked about */
    sc_budget_use llm_cap; /* a day; 0 = none */
    sc_fix_conf fix;
} sc_app_conf;

void sc_app_conf_default(sc_app_conf *c);

/* Makes the first project ("default") when the store has none. */
sc_rc sc_app_new(const sc_app_conf *conf, sc_app **ret, sc_err *err);
/* Starts the threads. */
sc_rc sc_app_start(sc_app *app, sc_err *err);
/* Commits what was submitted, gives leases back (no attempt is burnt), ends the threads. */
void sc_app_stop(sc_app *app);
void sc_app_free(sc_app *app);

const sc_store *sc_app_store(sc_app *app);
const sc_clock *sc_app_clock(sc_app *app);
const char *sc_app_model(sc_app *app); /* the configured embedder's model name */
const char *sc_app_embedder_hint(sc_app *app);
/* NULL when there is no such source. */
const sc_source_ops *sc_app_source(sc_app *app, sc_str name);

/* Of the fixes that this process worked on. */
typedef struct sc_fix_stats {
    int64_t ended[SC_FIX_REASON_COUNT]; /* none: well */
    int64_t calls, tokens, micro_usd;   /* of their models */
} sc_fix_stats;

/* Counters for /metrics and `doctor`; all since start unless named otherwise. */
typedef struct sc_app_stats {
    int64_t commits, committed, duplicates, refused; /* ingest */
    int64_t queued_bytes;                            /* now    */
    int64_t grouped, group_errors, conflicts, regressions;
    int64_t group_us_total, commit_us_total;
    int64_t tidied, tidy_moves; /* passes over everything that ended, and what they moved */
    int64_t spaces, items, clusters, index_bytes;                            /* loaded now */
    int64_t subscribers;                                                     /* now    */
    int64_t limited_keys, limited_addresses, limited_reports, limited_fixes; /* refused by limits */
    sc_fix_stats fixes;
    int64_t expired;       /* reports that retention removed */
    int64_t limited_alone; /* decided by this process because the store did not answer */
    unsigned queues;       /* bits 1 << sc_queue */
    bool schedules;        /* stands for the lead */
    bool leads;            /* now: the installation's periodic work is done here */
    bool remote;           /* the embedder is behind a network: */
    int64_t bare;          /* reports without its vector, now   */
    sc_embed_stats embed;
    bool llm; /* there is a language model: */
    int64_t told, judged_one, judged_two;
    sc_ask_stats ask;
} sc_app_stats;
void sc_app_stats_get(sc_app *app, sc_app_stats *ret);
/* Is there a remote embedder, and is it asked? Never waits. */
bool sc_app_remote(sc_app *app, bool *ret_degraded);
/* The same for a language model. */
bool sc_app_llm(sc_app *app, bool *ret_degraded);

#endif
