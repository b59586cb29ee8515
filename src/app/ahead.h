/* Vectors of reports before they are needed: what is pending is embedded together, while nothing of the
 * project is locked. Then grouping only looks up what was made.
 *
 * A remote embedder is asked through sc_embed; a local one whose ops say `together` embeds batches, and its
 * vectors wait in the lens. For others it is not worth the trouble: nothing happens here. */
#ifndef SC_APP_AHEAD_H
#define SC_APP_AHEAD_H

#include "app/internal.h"

/* The reports that the next passes will group. No lock of the space is held meanwhile; the job's lease is
 * prolonged before each request or batch. *ret_wait_ms: they must wait that long (only for a remote
 * embedder, where the installation says "wait"), else 0. A local embedder's failure is not told here: the
 * report meets it again when it is grouped. */
sc_rc sc_ahead_pending(sc_app *app, sc_space *space, int64_t *ret_wait_ms, sc_err *err);
/* One report that failed before. */
sc_rc sc_ahead_one(sc_app *app, sc_space *space, const sc_feedback *f, int64_t *ret_wait_ms,
                   sc_err *err);
/* Asks a remote embedder for some reports. */
sc_rc sc_ahead_ask(sc_app *app, const sc_feedback *list, size_t n, sc_arena *arena, sc_err *err);

/* Is there nothing to wait for with this report? False: a batch is to come first. */
bool sc_ahead_ready(const sc_space *space, const sc_feedback *f);

#endif
