/* The clusters of a project: an id, a status and the members' slots, ascending by key, so that sums
 * over members come out the same whatever the history.
 *
 * An emptied cluster stays (without members, with its memory) for some changes more: taking a
 * change back must not need memory. Growing may fail and is done first.
 * Threads: plain data. */
#ifndef SC_GROUP_GROUPS_H
#define SC_GROUP_GROUPS_H

#include "base/id.h"
#include "core/cluster.h"
#include "group/items.h"

typedef struct sc_group {
    unsigned char id[16];
    uint32_t *members;
    uint32_t n, cap;
    uint32_t emptied_at; /* generation in which it lost its last member */
    uint32_t n_pinned;   /* members that are pinned */
    uint8_t status;      /* sc_cluster_status */
    bool used;           /* false: a free record */
    bool ruled;          /* a never or an apart names it */
    uint64_t changed;    /* the clock when it last won or lost a member, or began */
} sc_group;

typedef struct sc_groups {
    sc_group *v;
    uint32_t n, cap; /* records, free ones included */
    uint32_t n_free, n_filled;
    uint32_t free_from; /* no free record is below */
    uint64_t clock;     /* grows with each change of a member */
    sc_map by_id;
    size_t member_bytes;
} sc_groups;

/* Index of the cluster with this id, or SC_GROUP_NONE. */
uint32_t sc_groups_find(const sc_groups *t, const unsigned char id[16]);
/* The same by text; an empty or malformed id is none. */
uint32_t sc_groups_find_id(const sc_groups *t, const sc_id *id);
/* Finds it or makes an empty one; SC_GROUP_NONE when out of memory. */
uint32_t sc_groups_open(sc_groups *t, const unsigned char id[16]);
/* Forgets an empty cluster. */
void sc_groups_drop(sc_groups *t, uint32_t g);
/* Forgets those that were emptied before `generation`. */
void sc_groups_sweep(sc_groups *t, uint32_t generation);

bool sc_groups_reserve(sc_groups *t, uint32_t g, uint32_t more);
/* Room was reserved, or the item was a member before. */
void sc_groups_join(sc_groups *t, sc_items *items, uint32_t g, uint32_t slot);
void sc_groups_leave(sc_groups *t, sc_items *items, uint32_t slot, uint32_t generation);
/* The item now in slot `to` was in slot `from`. */
void sc_groups_renumber(sc_groups *t, const sc_items *items, uint32_t from, uint32_t to);

/* Neither merged nor split by the machine. */
static inline bool sc_group_frozen(const sc_group *g) {
    return g->status == SC_CLUSTER_resolved || g->status == SC_CLUSTER_ignored;
}
sc_id sc_groups_id(const sc_groups *t, uint32_t g); /* empty for SC_GROUP_NONE */
size_t sc_groups_bytes(const sc_groups *t);
void sc_groups_done(sc_groups *t);

#endif
