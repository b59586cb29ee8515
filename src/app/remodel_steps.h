/* The steps of a change of the model (app/remodel.h): representing, filling an engine, the pass over
 * everything, the change itself. What is in memory of it lives from one job to the next; what is lost
 * is found in the store. Threads: the worker's alone. */
#ifndef SC_APP_REMODEL_STEPS_H
#define SC_APP_REMODEL_STEPS_H

#include "app/remodel.h"
#include "ports/store.h"

typedef struct sc_remodel sc_remodel;

/* Begins a change to `lens`, as app->remodel; drops what was there. */
sc_rc sc_remodel_begin(struct sc_app *app, const sc_job *job, sc_lens *lens,
                       const sc_model_state *st, sc_err *err);
/* One step under the job's fence, a fraction of a second but for the change itself. *ret_stuck: no
 * report could be stored, all were changed meanwhile. */
sc_rc sc_remodel_step(sc_remodel *r, const sc_job *job, sc_space *s, bool *ret_stuck, sc_err *err);
bool sc_remodel_done(const sc_remodel *r);
/* When a remote embedder may be asked again; 0: now. */
int64_t sc_remodel_later_ms(const sc_remodel *r);
bool sc_remodel_is(const sc_remodel *r, const sc_id *project, const sc_lens *lens);

#endif
