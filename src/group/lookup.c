#include "group/lookup.h"

#include <stdlib.h>

#include "group/learn.h"
#include "group/state.h"

enum { FEW_ITEMS = 512 /* below that, one at a time is as good */ };

void sc_lookup_done(sc_lookup *a) {
    sc_many_done(&a->many);
    sc_free(a->feats);
    sc_free(a->raw);
    sc_free(a->sums);
    sc_free(a->tail);
    *a = (sc_lookup){0};
}

size_t sc_lookup_bytes(const sc_lookup *a) {
    return sc_many_bytes(&a->many) + (a->feats ? SC_MANY * sizeof *a->feats : 0) +
           (a->raw_cap + a->sums_cap + a->tail_cap) * sizeof(float);
}

static uint64_t print_of(const sc_repr *r) {
    uint64_t h = sc_hash64(r->vec, r->dim, r->n_terms);
    h = sc_hash64(r->terms, r->n_terms * sizeof *r->terms, h);
    h = sc_hash64(r->tfs, r->n_terms, h);
    h = sc_hash64(r->title_terms, r->n_title_terms * sizeof *r->title_terms, h);
    return sc_hash64(r->frames, r->n_frames * sizeof *r->frames, h);
}

void sc_engine_lookup(sc_engine *e, const sc_engine_item *items, size_t n) {
    sc_lookup *a = &e->lookup;
    const sc_score s = sc_state_score(e);
    sc_learn_refresh(e);
    a->n = 0;
    a->compared = false;
    if (e->items.n < FEW_ITEMS || n < 2 || !e->epoch.n) return;
    if (!a->feats) a->feats = sc_alloc_array(SC_MANY, sizeof *a->feats);
    if (!a->feats) return;
    n = SC_MIN(n, (size_t)SC_MANY);
    for (uint32_t i = 0; i < n; i++) {
        if (sc_state_check(e, &items[i], NULL) ||
            sc_terms_resolve(&e->terms, items[i].repr, &a->feats[i], NULL))
            return;
        a->keys[i] = items[i].key;
        a->prints[i] = print_of(items[i].repr);
        a->queries[i] = sc_score_query_of(&s, items[i].repr, &a->feats[i]);
    }
    a->n = (uint32_t)n;
}

static bool grow(float **p, size_t *cap, size_t n) {
    if (n <= *cap) return true;
    const size_t to = n + n / 16 + 1024;
    sc_free(*p); /* nothing of it is needed any more: no copying */
    *cap = 0;
    *p = sc_alloc_array(to, sizeof **p);
    if (*p) *cap = to;
    return *p != NULL;
}

static void see(void *self, uint32_t from, uint32_t n, const float *raw) {
    sc_lookup *a = self;
    memcpy(a->raw + (size_t)from * SC_MANY, raw, (size_t)n * SC_MANY * sizeof *raw);
    for (uint32_t i = 0; i < n; i++, raw += SC_MANY) {
        if (a->group[from + i] == SC_GROUP_NONE) continue;
        float *sum = a->sums + (size_t)a->group[from + i] * SC_MANY;
        for (int q = 0; q < SC_MANY; q++) sum[q] += raw[q];
    }
}

void sc_engine_lookup_compare(sc_engine *e) {
    sc_lookup *a = &e->lookup;
    const sc_score s = sc_state_score(e);
    a->compared = false;
    if (!a->n) return;
    a->n_items = e->items.n;
    a->n_groups = e->groups.n;
    a->layout = e->layout;
    a->epoch_no = e->epoch_no;
    a->groups_clock = e->groups.clock;
    a->group = e->items.group;
    if (!grow(&a->raw, &a->raw_cap, (size_t)a->n_items * SC_MANY) ||
        !grow(&a->sums, &a->sums_cap, (size_t)a->n_groups * SC_MANY))
        return;
    memset(a->sums, 0, (size_t)a->n_groups * SC_MANY * sizeof *a->sums);
    a->compared = sc_many_run(&a->many, &s, a->queries, a->n, a->n_items, see, a);
}

/* SC_MANY: it was not looked up, or that holds no more. */
static uint32_t lane_of(const sc_engine *e, const sc_engine_item *item) {
    const sc_lookup *a = &e->lookup;
    uint32_t lane = 0;
    if (!a->compared || a->layout != e->layout || a->epoch_no != e->epoch_no) return SC_MANY;
    while (lane < a->n && a->keys[lane] != item->key) lane++;
    return lane < a->n && a->prints[lane] == print_of(item->repr) ? lane : SC_MANY;
}

bool sc_lookup_has(const sc_engine *e, const sc_engine_item *item) {
    return lane_of(e, item) < SC_MANY;
}

bool sc_lookup_find(sc_engine *e, const sc_engine_item *item, const sc_query *q, sc_raws *ret,
                    uint32_t *ret_lane) {
    sc_lookup *a = &e->lookup;
    const uint32_t lane = lane_of(e, item);
    if (lane == SC_MANY || !grow(&a->tail, &a->tail_cap, e->items.n - a->n_items)) return false;
    const sc_score s = sc_state_score(e);
    for (uint32_t i = a->n_items; i < e->items.n; i++)
        a->tail[i - a->n_items] = sc_score_one(&s, q, i);
    *ret = (sc_raws){a->raw + lane, a->tail, a->n_items, SC_MANY};
    *ret_lane = lane;
    return true;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* In the order of slots, as a look at all items adds them up. */
static float sum_members(const sc_group *g, const sc_raws *raws) {
    float sum = 0;
    bool in_order = true;
    for (uint32_t i = 1; i < g->n && in_order; i++) in_order = g->members[i - 1] < g->members[i];
    SC_AUTO(sc_auto_free) uint32_t *sorted = NULL;
    const uint32_t *slots = g->members;
    if (!in_order && (sorted = sc_alloc_array(g->n, sizeof *sorted))) {
        memcpy(sorted, g->members, g->n * sizeof *sorted);
        qsort(sorted, g->n, sizeof *sorted, ascending);
        slots = sorted;
    }
    for (uint32_t i = 0; i < g->n; i++) sum += sc_raw_of(raws, slots[i]);
    return sum;
}

float sc_lookup_sum(const sc_engine *e, const sc_raws *raws, uint32_t lane, uint32_t g) {
    const sc_lookup *a = &e->lookup;
    const sc_group *x = &e->groups.v[g];
    if (g < a->n_groups && x->changed <= a->groups_clock)
        return a->sums[(size_t)g * SC_MANY + lane];
    return sum_members(x, raws);
}
