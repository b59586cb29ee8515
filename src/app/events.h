/* Events: what happened, as it happens, for SSE and for waiting in tests. The store's event log is the
 * truth; the pump reads it when this process or another one wrote. */
#ifndef SC_APP_EVENTS_H
#define SC_APP_EVENTS_H

#include "app/app.h"

typedef struct sc_subscriber sc_subscriber;
/* Called on the pump's thread for each event of the project after the one that was named, oldest first. false ends the subscription (the callback is not called again). Must not block. */
typedef bool (*sc_event_fn)(void *self, const sc_event *event);

/* Instead of the id of an event: those that come from now on. */
#define SC_EVENTS_NOW (-1)

/* project empty: all projects. What happened after the event `after_id` (0: ever) and is still stored comes first; of
 * one that is not there yet (the store was restored from a backup) it is not waited for. SC_LIMITED over 1,000 subscribers. */
sc_rc sc_events_subscribe(sc_app *app, const sc_id *project, int64_t after_id, sc_event_fn fn,
                          void *self, sc_subscriber **ret, sc_err *err);
/* After it returned the callback is not running and will not run. Not from inside the callback. */
void sc_events_unsubscribe(sc_app *app, sc_subscriber *s);

#endif
