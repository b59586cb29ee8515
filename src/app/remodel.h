/* Changing the model that a project is grouped with, in the background.
 *
 * A "remodel" job a project, asked for while its model is not the wanted one (app/lens.h). In small
 * steps, whenever nothing waits to be grouped: the new embedder represents every report, beside the
 * representations in use; an engine of its own is filled with them and the issues as they are, and a
 * pass over everything (group/pass.h) finds what moves; then one group_write moves the reports and
 * makes the new representations the ones in use. Until then the project is grouped and searched with the
 * old model, and nothing that anyone sees has changed. What people fixed holds; what came or changed
 * meanwhile is caught up; when people corrected something, the pass begins anew.
 *
 * Going back to the model before is the same without the pass: what the change moved, and nobody
 * moved since, goes back to where it was.
 *
 * Threads: the worker's alone, but for the state. */
#ifndef SC_APP_REMODEL_H
#define SC_APP_REMODEL_H

#include "app/space.h"
#include "core/job.h"

/* Works on a job for a while. *ret_later_ms: when it is to go on, or 0. */
sc_rc sc_remodel_work(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err);
/* Asks for jobs where a model is to change; every two seconds at most, whoever calls. */
void sc_remodel_look(struct sc_app *app);
/* A choice was made: look at once. Any thread. */
void sc_remodel_poke(struct sc_app *app);
/* One is under way, and does not wait for a remote embedder. */
bool sc_remodel_goes_on(const struct sc_app *app);
/* Lets go what is in memory of a change; the next job begins where the store is. */
void sc_remodel_drop(struct sc_app *app);

typedef enum sc_remodel_state {
    SC_REMODEL_settled,    /* the model is the wanted one                            */
    SC_REMODEL_waiting,    /* asked for, or about to be                              */
    SC_REMODEL_embedding,  /* reports are being represented                          */
    SC_REMODEL_regrouping, /* all are; the change itself is near                    */
    SC_REMODEL_failed,     /* given up: a dead letter says why; the old one goes on  */
} sc_remodel_state;
const char *sc_remodel_state_name(sc_remodel_state s);

typedef struct sc_remodel_status {
    sc_remodel_state state;
    sc_str model;    /* the project is grouped with; of one without reports: will be */
    sc_str wanted;   /* where it is another one, else empty */
    sc_str chosen;   /* a person's choice, else empty       */
    sc_str previous; /* the one before, else empty         */
    int64_t done, total, switched_at_ms;
    sc_str reason; /* why it failed or cannot go on; or why the model at work is blind; or empty */
    sc_id job_id;  /* or empty */
} sc_remodel_status;
sc_rc sc_remodel_status_get(struct sc_app *app, const sc_id *project, sc_arena *arena,
                            sc_remodel_status *ret, sc_err *err);

#endif
