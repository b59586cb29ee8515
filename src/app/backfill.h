/* A remote embedder and the grouping worker: asking for a project's pending reports before they are
 * grouped, and mending bare ones later. */
#ifndef SC_APP_BACKFILL_H
#define SC_APP_BACKFILL_H

#include "app/internal.h"

/* Asks for the vectors of the reports that the next pass will group. No lock of the space is held
 * meanwhile; the job's lease is prolonged before each request. *ret_wait_ms: they must wait that long
 * (only where the installation says "wait"), else 0. Nothing to do with a local embedder. */
sc_rc sc_backfill_ahead(sc_app *app, const sc_job *job, sc_space *space, int64_t *ret_wait_ms,
                        sc_err *err);
/* The same for one report that failed before. */
sc_rc sc_backfill_one(sc_app *app, const sc_job *job, sc_space *space, const sc_feedback *f,
                      int64_t *ret_wait_ms, sc_err *err);

/* A "reembed" job: gives bare reports of a project their vectors, a second's worth, and places those
 * anew that were placed without. With {"feedback_id"}: that one, whose text the service refused. */
sc_rc sc_backfill_work(sc_app *app, const sc_job *job, sc_err *err);
/* Asks for such jobs where there is something to do and the service may be asked; at most once a
 * second, whoever calls. */
void sc_backfill_look(sc_app *app);

#endif
