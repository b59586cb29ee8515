/* An application on a real SQLite store in a folder of its own, for tests. The clock stands still until a test
 * moves it; waiting is for conditions, with a deadline that only a hang reaches. */
#ifndef APP_FIXTURE_H
#define APP_FIXTURE_H

#include "app/app.h"
#include "app/ingest.h"

typedef struct app_fixture {
    char dir[64];
    _Atomic int64_t now_ms;         /* wall time of the fixture's clock */
    _Atomic int64_t mono_ahead_us;  /* monotonic time runs by itself; this much further */
    _Atomic int64_t mono_stands_us; /* ... unless this is set: then it is always this   */
    sc_clock clock;
    sc_embedder embedder;
    sc_store store;
    sc_app *app;
    sc_project project;
    char project_name[64];
    sc_arena arena;
    sc_store_ops (*wrap)(const sc_store_ops *real);
    sc_store_ops wrapped;
    /* Of the next start: further embedders; whether its own is the installation's. */
    sc_rc (*open_embedder)(void *self, sc_str name, sc_embedder *ret, sc_err *err);
    void (*close_embedder)(sc_embedder *em);
    bool decides;
    bool unscheduled; /* of the next start: nobody leads the schedule */
    int64_t tidy_ms;  /* of the next start; 0: nothing is tidied */
    sc_llm llm;       /* of the next start; ops NULL: none       */
    sc_budget_use llm_cap;
    sc_prompts prompts;
    sc_fix_conf fix; /* of the next start; dir NULL: no fixes */
} app_fixture;

/* Opens everything; `embedder` may be NULL for the builtin one. Asserts on failure. */
void app_fixture_open(app_fixture *f, const sc_embedder *embedder, bool worker);
/* The same over ops that wrap the store's (for faults); `wrap` may be NULL. */
void app_fixture_open_with(app_fixture *f, const sc_embedder *embedder, bool worker,
                           sc_store_ops (*wrap)(const sc_store_ops *real));
/* Waits until the project's index is loaded. */
void app_loaded(app_fixture *f);
/* Stops and opens again on the same folder, as after a restart. */
void app_fixture_restart(app_fixture *f, bool worker);
void app_fixture_close(app_fixture *f);

/* One report, durably stored; returns its id. */
sc_id app_put(app_fixture *f, const char *external_id, const char *title, const char *body);
/* Waits until no report is pending. */
void app_settle(app_fixture *f);
sc_feedback app_get(app_fixture *f, const sc_id *id);
sc_cluster app_cluster(app_fixture *f, const sc_id *id);
/* A job of the project's that was given up: a dead letter. Returns its id. */
sc_id app_bury(app_fixture *f, const sc_id *project, const char *kind, const char *why);

/* Waits until done(self) says so; fails the test after a minute. */
void app_wait(bool (*done)(void *self), void *self, const char *what);

#endif
