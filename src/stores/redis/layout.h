/* Layouts of the keys (docs/schema-redis.md): which one a store has, and the way of a project from an older one to this program's.
 *
 * Opening a store says at once that no older program may open it; those that have it open work on. So a project is brought forward
 * bit by bit, by whoever looks for work, and everything is read as before until that is done: nothing waits for it, any process may
 * go on where another one died, and what an older program writes meanwhile has it done again. Threads: any. */
#ifndef SC_STORES_REDIS_LAYOUT_H
#define SC_STORES_REDIS_LAYOUT_H

#include "stores/redis/store.h"

enum { SC_RD_LAYOUT_SLICE = 200, SC_RD_LAYOUT_SLICES = 25 };

/* SC_STORE when a newer program made it. */
sc_rc sc_rd_layout_open(sc_rd *s, sc_err *err);
/* `slice` rows a script, `most` scripts at most; *ret_whole: there is nothing left to be done. */
sc_rc sc_rd_layout_bring(sc_rd *s, const sc_id *project, size_t slice, size_t most, bool *ret_whole,
                         sc_err *err);

#endif
