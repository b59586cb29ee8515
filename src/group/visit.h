/* The engine's reports one by one: for who draws them (app/chart). Slots change when the engine does: look a
 * key up again after each lock. Threads: readers. */
#ifndef SC_GROUP_VISIT_H
#define SC_GROUP_VISIT_H

#include "group/engine.h"

#define SC_VISIT_NONE UINT32_MAX

typedef struct sc_visit {
    int64_t key, created_ms;
    uint32_t group;    /* 0 .. sc_engine_groups - 1, or SC_VISIT_NONE */
    const int8_t *vec; /* sc_engine_dim numbers, borrowed */
} sc_visit;

uint32_t sc_engine_slots(const sc_engine *e);
/* Of a key, or SC_VISIT_NONE. */
uint32_t sc_engine_slot(const sc_engine *e, int64_t key);
void sc_engine_visit(const sc_engine *e, uint32_t slot, sc_visit *ret);
/* More than the largest number of a group. */
uint32_t sc_engine_groups(const sc_engine *e);
sc_id sc_engine_group_id(const sc_engine *e, uint32_t group);

#endif
