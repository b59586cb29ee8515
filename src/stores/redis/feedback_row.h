/* The facts of a report that scripts keep beside its text (scripts/reports.lua). */
#ifndef SC_STORES_REDIS_FEEDBACK_ROW_H
#define SC_STORES_REDIS_FEEDBACK_ROW_H

#include "core/feedback.h"
#include "stores/redis/pack.h"

typedef struct sc_rd_facts {
    sc_feedback_state state; /* SC_FEEDBACK_STATE_COUNT: it was removed */
    sc_feedback_source source;
    int64_t created_ms, version;
    sc_id cluster_id, id;
} sc_rd_facts;

/* False when that is not how a script writes them. */
bool sc_rd_facts_of(sc_str x, sc_rd_facts *ret);

#endif
