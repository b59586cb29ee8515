/* A decision as bytes: reason, where to and where from in fixed places (scripts look at them), then the rest. */
#ifndef SC_STORES_REDIS_DECISION_ROW_H
#define SC_STORES_REDIS_DECISION_ROW_H

#include "core/decision.h"
#include "stores/redis/pack.h"

void sc_rd_put_decision(sc_buf *b, const sc_decision *d);
void sc_rd_decision_of(sc_str bytes, int64_t seq, sc_arena *arena, sc_decision *ret, bool *bad,
                       bool *nomem);

#endif
