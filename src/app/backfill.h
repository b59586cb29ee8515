/* Mending bare reports, when the remote embedder that could not be asked for them answers again. */
#ifndef SC_APP_BACKFILL_H
#define SC_APP_BACKFILL_H

#include "app/internal.h"

/* A "reembed" job: gives bare reports of a project their vectors, a second's worth, and places those
 * anew that were placed without. With {"feedback_id"}: that one, whose text the service refused. */
sc_rc sc_backfill_work(sc_app *app, const sc_job *job, sc_err *err);
/* Asks for such jobs where there is something to do and the service may be asked; at most once a
 * second, whoever calls. */
void sc_backfill_look(sc_app *app);

#endif
