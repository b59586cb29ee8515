#include "group/visit.h"

#include "group/state.h"

uint32_t sc_engine_slots(const sc_engine *e) { return e->items.n; }

uint32_t sc_engine_slot(const sc_engine *e, int64_t key) {
    const uint32_t slot = sc_items_find(&e->items, key);
    return slot == SC_MAP_NONE ? SC_VISIT_NONE : slot;
}

void sc_engine_visit(const sc_engine *e, uint32_t slot, sc_visit *ret) {
    const uint32_t g = e->items.group[slot];
    *ret = (sc_visit){.key = e->items.v[slot].key,
                      .created_ms = e->items.v[slot].created_ms,
                      .group = g == SC_GROUP_NONE ? SC_VISIT_NONE : g,
                      .vec = sc_items_vec(&e->items, slot)};
}

uint32_t sc_engine_groups(const sc_engine *e) { return e->groups.n; }

sc_id sc_engine_group_id(const sc_engine *e, uint32_t group) {
    return sc_groups_id(&e->groups, group);
}
