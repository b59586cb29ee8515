/* What a Redis may do to what it was given (sc_store_ops.risks). */
#ifndef SC_STORES_REDIS_RISKS_H
#define SC_STORES_REDIS_RISKS_H

#include <stdint.h>

/* How far our clock is ahead of the server's (below 0: behind), at least, in ms: the server read its own at some time
 * between our asking and its answer. */
int64_t sc_rd_clock_apart(int64_t asked_ms, int64_t theirs_ms, int64_t answered_ms);

#endif
