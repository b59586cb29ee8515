/* Ingest: from what a request brought to "it is on disk".
 *
 * Group commit: requests submit their reports; one committer thread takes all that wait and writes
 * them in one commit, so one fsync serves all. Nothing is acknowledged before. */
#ifndef SC_APP_INGEST_H
#define SC_APP_INGEST_H

#include "app/app.h"

typedef struct sc_ingest sc_ingest;
struct sc_ingest {
    /* Set by the caller; must stay valid until `done`. Items are normalised, project_id set; ids are
     * given by sc_ingest_submit where they are not set. An item without an external_id gets its own id as one. */
    sc_feedback *items;
    size_t n;
    sc_put_result *results; /* room for n */
    void (*done)(sc_ingest *in,
                 const sc_err *err); /* on the committer thread; err->rc SC_OK = durable */
    void *self;
    /* NULL: all of them are stored or none. Else the others are stored without the one that the store does not take,
     * which is told here, on the committer thread, before `done`; its result is none. */
    void (*refused)(sc_ingest *in, size_t i, const sc_err *why);
    /* NULL, or per item what to store it under when its external_id is known already but that report's issue
     * was resolved before this one was written: a recurrence, not a duplicate. Empty = always a duplicate. */
    const sc_str *again_ids;
    /* Private. */
    sc_ingest *next;
    size_t bytes;
};

/* Queues the reports, all of one project. SC_LIMITED with retry_after_ms when too much waits already, or the project's quota is
 * reached (then `done` is not
 * called); SC_CANCELLED when shutting down. What the items need more lives in `arena`. */
sc_rc sc_ingest_submit(sc_app *app, sc_ingest *in, sc_arena *arena, sc_err *err);
/* The same and waits. For the command line and tests. */
sc_rc sc_ingest_now(sc_app *app, sc_feedback *items, size_t n, sc_put_result *results,
                    sc_arena *arena, sc_err *err);

/* One object of any source (vendor shape or plain) to a normalised item of the project. `where` names it
 * in errors ("line 17"), may be NULL. */
sc_rc sc_ingest_item(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     const json_t *obj, sc_arena *arena, sc_source_item *ret, sc_err *err);
/* Verifies and reads a webhook with the project's settings for the source (`sent` has the rest). Items come
 * normalised. */
sc_rc sc_ingest_webhook(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        const sc_source_request *sent, sc_arena *arena, sc_source_item **ret_items,
                        size_t *ret_n, sc_err *err);

/* A source's settings in a project. get: a new reference, an empty object when unset; put: checked by the
 * source, SC_UNPROCESSABLE names the field. A secret is never given back: `sc_settings_redact` replaces
 * "secret"/"secrets" by "secret_set": true (changes v in place). */
sc_rc sc_settings_get(sc_app *app, const sc_id *project, const sc_source_ops *source, json_t **ret,
                      sc_err *err);
sc_rc sc_settings_put(sc_app *app, const sc_id *project, const sc_source_ops *source,
                      const json_t *v, sc_err *err);
void sc_settings_redact(json_t *v);

#endif
