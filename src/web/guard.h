/* How it stands with a service that we ask: the same lines for the embedder and the language model. */
#ifndef SC_WEB_GUARD_H
#define SC_WEB_GUARD_H

#include "app/guard.h"
#include "base/str.h"

/* Members of an object: breaker, capped, reason, asked_again_at, today. */
void sc_render_guard(sc_buf *b, const sc_guard_state *g);
/* Families soulcaster_NAME_...; `what` is "the remote embedder". */
void sc_metrics_guard(sc_buf *b, const char *name, const char *what, const sc_guard_state *g);
bool sc_guard_state_down(const sc_guard_state *g);

#endif
