/* The epoch of a pass over everything: word weights, norms and the cut, taken from the reports as they
 * are now and not depending on the order in which they came.
 *
 * sc_epoch_refresh looks at a sample by slot, so by order of arrival, and the cut that it finds
 * varies by some percent between orders. Here it looks at the reports in several orders that follow
 * from their content alone, and the mean of what it finds counts. Threads: preparing only reads the
 * engine; applying writes it, and only copies (a few ms for a million of words). */
#ifndef SC_GROUP_SETTLE_H
#define SC_GROUP_SETTLE_H

#include "group/state.h"

typedef struct sc_settled sc_settled;

/* True when the engine's epoch is that of a settling of (nearly) what it holds now. */
bool sc_settle_fits(const sc_engine *e);
/* The engine must not be changed until it is applied. SC_NOMEM. */
sc_rc sc_settle_prepare(const sc_engine *e, sc_settled **ret, sc_err *err);
void sc_settle_apply(sc_engine *e, const sc_settled *s);
void sc_settle_free(sc_settled *s);

#endif
