/* A turn over many things (projects, pull requests, folders) of which each may fail alone: one that does is told of in
 * the log, and the others have their turn. Where the store itself is down, or the process ends, the turn is over.
 * Threads: a turn belongs to one; the rest is thread-safe. */
#ifndef SC_APP_TURN_H
#define SC_APP_TURN_H

#include "app/app.h"

typedef struct sc_turn {
    sc_app *app;
    const char *failed; /* the log's line; static */
    int64_t n_failed;
} sc_turn;

/* Is it the fault of more than what failed? The store is asked where it may be. */
bool sc_turn_over(sc_app *app, const sc_err *why);
/* One of them failed (`which` may be NULL): told of, at most eight times a turn. */
void sc_turn_note(sc_turn *t, const sc_id *which, const sc_err *why);
/* The same, unless the turn is over: then it is *why. */
sc_rc sc_turn_failed(sc_turn *t, const sc_id *which, const sc_err *why, sc_err *err);
/* How many were not told of one by one. */
void sc_turn_end(const sc_turn *t);

/* A turn over all projects; *stop ends it. */
typedef sc_rc (*sc_project_fn)(sc_app *app, const sc_project *project, sc_err *err);
sc_rc sc_turn_projects(sc_app *app, const char *failed, const _Atomic bool *stop, sc_project_fn fn,
                       sc_err *err);

#endif
