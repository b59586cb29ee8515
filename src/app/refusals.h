/* Refusals: the last delivery of each source that was not taken, and why.
 *
 * Whoever does not hold the secret can make them by the thousand, so they are noted in memory and reach
 * the store at most once a minute, and when the process ends. Of several processes the store keeps the
 * last one's. Threads: any. */
#ifndef SC_APP_REFUSALS_H
#define SC_APP_REFUSALS_H

#include <pthread.h>

#include "app/app.h"

typedef struct sc_refusal {
    int64_t at_ms; /* 0: none */
    sc_rc rc;
    char detail[224]; /* for people; as the sender was told */
} sc_refusal;

enum { SC_REFUSALS = 64 };
typedef struct sc_refusal_entry {
    sc_id project;
    const sc_source_ops *source; /* NULL: free */
    sc_refusal last;
    bool stored;
} sc_refusal_entry;

/* Of the app; the one that is longest ago makes room. */
typedef struct sc_refusals {
    pthread_mutex_t lock;
    sc_refusal_entry entries[SC_REFUSALS];
} sc_refusals;

void sc_refusals_init(sc_refusals *r);
void sc_refusals_done(sc_refusals *r);

void sc_refusal_note(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     const sc_err *why);
sc_rc sc_refusal_get(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     sc_refusal *ret, sc_err *err);
/* Stores those that are not stored yet. */
sc_rc sc_refusals_store(sc_app *app, sc_err *err);

#endif
