/* What placing needs of the reports that come next, looked up for several at once (many.h) before the first
 * of them is placed: their similarity to everything that the engine holds, and its sum for each cluster. What
 * changes from then on (the reports placed meanwhile, the clusters they changed) is made up for, so the
 * answers are to the bit those of one report at a time. Threads: the writer's own. */
#ifndef SC_GROUP_LOOKUP_H
#define SC_GROUP_LOOKUP_H

#include "group/many.h"

struct sc_engine;
struct sc_engine_item;

typedef struct sc_lookup {
    sc_many many;
    uint32_t n; /* reports looked up; 0 = nothing is known */
    int64_t keys[SC_MANY];
    uint64_t prints[SC_MANY]; /* of what they said: a report may be edited before it is placed */
    sc_feats *feats;          /* SC_MANY */
    sc_query queries[SC_MANY];
    bool compared;
    /* What the comparison holds for. */
    uint32_t n_items, n_groups, layout, epoch_no;
    uint64_t groups_clock;
    float *raw;  /* n_items x SC_MANY  */
    float *sums; /* n_groups x SC_MANY */
    float *tail; /* of one report: the items from n_items on */
    const uint32_t *group;
    size_t raw_cap, sums_cap, tail_cap;
} sc_lookup;

/* Raw similarities of one report to all items. */
typedef struct sc_raws {
    const float *head; /* of the first n_head, `stride` apart */
    const float *tail; /* of the others */
    uint32_t n_head, stride;
} sc_raws;

static inline float sc_raw_of(const sc_raws *r, uint32_t slot) {
    return slot < r->n_head ? r->head[(size_t)slot * r->stride] : r->tail[slot - r->n_head];
}

/* The report was looked up, and what was found holds. */
bool sc_lookup_has(const struct sc_engine *e, const struct sc_engine_item *item);
/* The similarities of the item, which q is, and their sum for cluster g. False: not looked up. */
bool sc_lookup_find(struct sc_engine *e, const struct sc_engine_item *item, const sc_query *q,
                    sc_raws *ret, uint32_t *ret_lane);
float sc_lookup_sum(const struct sc_engine *e, const sc_raws *raws, uint32_t lane, uint32_t g);
size_t sc_lookup_bytes(const sc_lookup *a);
void sc_lookup_done(sc_lookup *a);

#endif
