#include "group/groups.h"

/* Two ids may hash alike: each of the next few keys is tried, at every look-up. */
enum { TRIES = 4 };

static uint64_t hash_of(const unsigned char id[16]) { return sc_hash64(id, 16, 0); }

uint32_t sc_groups_find(const sc_groups *t, const unsigned char id[16]) {
    uint64_t h = hash_of(id);
    for (unsigned k = 0; k < TRIES; k++) {
        uint32_t g = sc_map_get(&t->by_id, h + k);
        if (g != SC_MAP_NONE && !memcmp(t->v[g].id, id, 16)) return g;
    }
    return SC_GROUP_NONE;
}

uint32_t sc_groups_find_id(const sc_groups *t, const sc_id *id) {
    unsigned char bytes[16];
    return id && sc_id_is_set(id) && sc_id_to_bytes(id, bytes) ? sc_groups_find(t, bytes)
                                                               : SC_GROUP_NONE;
}

static uint32_t free_record(sc_groups *t) {
    if (t->n_free)
        for (; t->free_from < t->n; t->free_from++)
            if (!t->v[t->free_from].used) return t->free_from;
    if (t->n == t->cap) {
        uint32_t cap = t->cap + t->cap / 4 + 16;
        sc_group *v = sc_realloc_array(t->v, cap, sizeof *v);
        if (!v) return SC_GROUP_NONE;
        t->v = v;
        t->cap = cap;
    }
    t->v[t->n] = (sc_group){0};
    t->n_free++;
    return t->n++;
}

uint32_t sc_groups_open(sc_groups *t, const unsigned char id[16]) {
    uint32_t g = sc_groups_find(t, id);
    if (g != SC_GROUP_NONE) return g;
    if (!sc_map_reserve(&t->by_id, 1)) return SC_GROUP_NONE;
    g = free_record(t);
    if (g == SC_GROUP_NONE) return g;
    uint64_t h = hash_of(id);
    unsigned k = 0;
    while (k < TRIES - 1 && sc_map_get(&t->by_id, h + k) != SC_MAP_NONE) k++;
    t->v[g] = (sc_group){.used = true, .changed = ++t->clock};
    memcpy(t->v[g].id, id, 16);
    sc_map_set(&t->by_id, h + k, g);
    t->n_free--;
    return g;
}

void sc_groups_drop(sc_groups *t, uint32_t g) {
    sc_group *x = &t->v[g];
    uint64_t h = hash_of(x->id);
    for (unsigned k = 0; k < TRIES; k++)
        if (sc_map_get(&t->by_id, h + k) == g) sc_map_remove(&t->by_id, h + k);
    t->member_bytes -= x->cap * sizeof *x->members;
    sc_free(x->members);
    *x = (sc_group){0};
    t->n_free++;
    t->free_from = SC_MIN(t->free_from, g);
}

void sc_groups_sweep(sc_groups *t, uint32_t generation) {
    for (uint32_t g = 0; g < t->n; g++)
        if (t->v[g].used && !t->v[g].n && t->v[g].emptied_at < generation) sc_groups_drop(t, g);
}

bool sc_groups_reserve(sc_groups *t, uint32_t g, uint32_t more) {
    sc_group *x = &t->v[g];
    if (x->cap - x->n >= more) return true;
    uint32_t cap = SC_MAX(x->n + more, x->cap + x->cap / 4 + 1);
    uint32_t *p = sc_realloc_array(x->members, cap, sizeof *p);
    if (!p) return false;
    t->member_bytes += (cap - x->cap) * sizeof *p;
    x->members = p;
    x->cap = cap;
    return true;
}

/* Position of the first member whose key is not below `key`. */
static uint32_t place_of(const sc_group *x, const sc_items *items, int64_t key) {
    uint32_t lo = 0, hi = x->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (items->v[x->members[mid]].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void sc_groups_join(sc_groups *t, sc_items *items, uint32_t g, uint32_t slot) {
    sc_group *x = &t->v[g];
    uint32_t at = place_of(x, items, items->v[slot].key);
    memmove(x->members + at + 1, x->members + at, (x->n - at) * sizeof *x->members);
    x->members[at] = slot;
    if (!x->n++) t->n_filled++;
    x->changed = ++t->clock;
    if (items->v[slot].pinned) x->n_pinned++;
    items->group[slot] = g;
}

void sc_groups_leave(sc_groups *t, sc_items *items, uint32_t slot, uint32_t generation) {
    sc_group *x = &t->v[items->group[slot]];
    uint32_t at = place_of(x, items, items->v[slot].key);
    memmove(x->members + at, x->members + at + 1, (x->n - at - 1) * sizeof *x->members);
    if (items->v[slot].pinned) x->n_pinned--;
    x->changed = ++t->clock;
    if (!--x->n) {
        t->n_filled--;
        x->emptied_at = generation;
    }
    items->group[slot] = SC_GROUP_NONE;
}

void sc_groups_renumber(sc_groups *t, const sc_items *items, uint32_t from, uint32_t to) {
    if (from == to || items->group[to] == SC_GROUP_NONE) return;
    sc_group *x = &t->v[items->group[to]];
    /* Keys of members are read through slots, so search for the number itself. */
    for (uint32_t i = 0; i < x->n; i++)
        if (x->members[i] == from) x->members[i] = to;
}

sc_id sc_groups_id(const sc_groups *t, uint32_t g) {
    return g == SC_GROUP_NONE ? (sc_id){0} : sc_id_from_bytes(t->v[g].id);
}

size_t sc_groups_bytes(const sc_groups *t) {
    return t->cap * sizeof *t->v + t->member_bytes + sc_map_bytes(&t->by_id);
}

void sc_groups_done(sc_groups *t) {
    for (uint32_t g = 0; g < t->n; g++) sc_free(t->v[g].members);
    sc_free(t->v);
    sc_map_done(&t->by_id);
    *t = (sc_groups){0};
}
