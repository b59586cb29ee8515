/* Sources as people see them: what is set up, what came, what was refused; and test reports.
 * Threads: any. */
#ifndef SC_APP_SOURCES_H
#define SC_APP_SOURCES_H

#include "app/refusals.h"

typedef struct sc_source_state {
    const sc_source_ops *source;
    const char *missing; /* in words; NULL: it is set up */
    int64_t received, received_24h, last_received_ms;
    sc_refusal refused;
} sc_source_state;

/* All sources of this server. */
sc_rc sc_sources_list(sc_app *app, const sc_id *project, sc_arena *arena, sc_source_state **ret,
                      size_t *ret_n, sc_err *err);

/* A delivery made by us, taken the source's own way: a webhook's is signed, verified and read as one from
 * the vendor would be. Items come normalised and with "soulcaster_test" in their metadata; whoever asked
 * submits them. SC_UNPROCESSABLE when the source is not set up. */
sc_rc sc_sources_sample(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        sc_arena *arena, sc_source_item **ret, size_t *ret_n, sc_err *err);

#endif
