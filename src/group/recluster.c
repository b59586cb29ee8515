/* Exact re-clustering of a neighbourhood by average linkage, with hysteresis.
 *
 * Hysteresis is a bonus: similarities within a present cluster count `margin` more, those between two
 * present clusters `margin` less, so that a change must gain that much; an item placed just now is
 * free. What a person fixed becomes one node (it cannot be taken apart), and forbidden pairs are
 * forbidden to the linkage. */
#include "group/recluster.h"

#include <math.h>

#include "group/bind.h"
#include "group/claims.h"
#include "group/pairs.h"

static const double LARGE_NEEDS =
    1.25; /* times the cut, to merge beyond the bound of the exact pass */

typedef struct local {
    sc_journal *j;
    sc_engine *e;
    uint32_t fresh;
    const uint32_t *groups;
    uint32_t *slots;    /* items, group by group */
    uint32_t *group_of; /* item -> index of its group */
    uint32_t *node_of;  /* item -> node */
    bool *meet;         /* n_groups x n_groups: the machine may bring them together */
    uint32_t n, n_nodes, n_groups;
    sc_linkage link;
    sc_pairs pairs;
} local;

static void local_done(local *l) {
    sc_free(l->slots);
    sc_free(l->group_of);
    sc_free(l->node_of);
    sc_free(l->meet);
    sc_free(l->link.sum);
    sc_free(l->link.size);
    sc_free(l->link.head);
    sc_free(l->link.work);
    sc_pairs_done(&l->pairs);
}

/* Items and nodes. */
static bool gather(local *l, const uint32_t *groups, size_t n_groups) {
    const sc_engine *e = l->e;
    size_t n = 0;
    for (size_t i = 0; i < n_groups; i++) n += e->groups.v[groups[i]].n;
    l->slots = sc_alloc_array(n, sizeof *l->slots);
    l->group_of = sc_alloc_array(n, sizeof *l->group_of);
    l->node_of = sc_alloc_array(n, sizeof *l->node_of);
    l->meet = sc_alloc_array(n_groups * n_groups, sizeof *l->meet);
    if (!l->slots || !l->group_of || !l->node_of || !l->meet) return false;
    l->groups = groups;
    l->n_groups = (uint32_t)n_groups;
    for (uint32_t i = 0; i < n_groups; i++) {
        const sc_group *g = &e->groups.v[groups[i]];
        memcpy(l->slots + l->n, g->members, g->n * sizeof *l->slots);
        for (uint32_t k = 0; k < g->n; k++) l->group_of[l->n + k] = i;
        l->n += g->n;
        for (uint32_t k = 0; k < n_groups; k++)
            l->meet[i * n_groups + k] = i == k || sc_state_may_meet(e, groups[i], groups[k]);
    }
    if (!sc_bind(e, l->slots, l->n, l->fresh, l->node_of)) return false;
    for (uint32_t i = 0; i < l->n; i++) /* a node's first item has its number already */
        l->node_of[i] = l->node_of[i] == i ? l->n_nodes++ : l->node_of[l->node_of[i]];
    return true;
}

static bool allocate(local *l) {
    sc_linkage *k = &l->link;
    k->n = l->n_nodes;
    k->sum = sc_alloc_array((size_t)k->n * k->n, sizeof *k->sum);
    k->size = sc_alloc_array(k->n, sizeof *k->size);
    k->head = sc_alloc_array(k->n, sizeof *k->head);
    k->work = sc_alloc_array(k->n, 2 * sizeof *k->work);
    const sc_score s = sc_state_score(l->e);
    return k->sum && k->size && k->head && k->work && sc_state_grow_mark(l->e) &&
           sc_pairs_init(&l->pairs, &s, l->slots, l->n, l->e->mark);
}

static bool forbidden(const local *l, uint32_t i, uint32_t k) {
    const sc_engine *e = l->e;
    const uint32_t a = l->group_of[i], b = l->group_of[k];
    if (a == b) return false;
    if (!l->meet[a * l->n_groups + b]) return true;
    const sc_item *x = &e->items.v[l->slots[i]], *y = &e->items.v[l->slots[k]];
    return (x->has_never && sc_rules_never(&e->rules, x, &e->groups.v[l->groups[b]])) ||
           (y->has_never && sc_rules_never(&e->rules, y, &e->groups.v[l->groups[a]]));
}

static void enter(sc_linkage *k, uint32_t a, uint32_t b, float s) {
    float *cell = &k->sum[(size_t)a * k->n + b];
    float v =
        s <= SC_LINKAGE_NEVER / 2 || *cell <= SC_LINKAGE_NEVER / 2 ? SC_LINKAGE_NEVER : *cell + s;
    *cell = v;
    k->sum[(size_t)b * k->n + a] = v;
}

static void fill(local *l) {
    const float margin = l->e->epoch.margin;
    for (uint32_t i = 0; i < l->n; i++) l->link.size[l->node_of[i]]++;
    for (uint32_t i = 0; i + 1 < l->n; i++) {
        const float *row = sc_pairs_row(&l->pairs, i);
        for (uint32_t k = i + 1; k < l->n; k++) {
            if (l->node_of[i] == l->node_of[k]) continue;
            float raw = row[k];
            if (l->slots[i] != l->fresh && l->slots[k] != l->fresh)
                raw += l->group_of[i] == l->group_of[k] ? margin : -margin;
            if (forbidden(l, i, k)) raw = SC_LINKAGE_NEVER;
            enter(&l->link, l->node_of[i], l->node_of[k], raw);
        }
    }
}

/* ---- From groups of nodes back to clusters ------------------------------------------------------- */

/* Why an item moves: its cluster is left without members (consolidated), its target is new
 * (loosened), or it just fits better. */
static sc_decision_reason reason_of(uint32_t from, bool target_is_new, const sc_map *taken) {
    if (target_is_new) return SC_REASON_loosened;
    return sc_map_get(taken, from) == SC_MAP_NONE ? SC_REASON_consolidated : SC_REASON_linkage;
}

static sc_rc apply(local *l, sc_err *err) {
    sc_engine *e = l->e;
    SC_AUTO(sc_map_done) sc_map taken = {0};
    uint32_t *target = l->link.work; /* free now; 2 n_nodes long */
    uint32_t *opened = l->link.work + l->n_nodes;
    const sc_regrouped r = {l->slots, l->node_of, l->link.head, l->n, l->n_nodes};
    if (!sc_claims_assign(e, &r, target, &taken))
        return sc_fail(err, SC_NOMEM, "no memory to re-cluster");
    memset(opened, 0, l->n_nodes * sizeof *opened);
    sc_rc rc = SC_OK;
    for (uint32_t i = 0; !rc && i < l->n; i++) {
        uint32_t head = l->link.head[l->node_of[i]], slot = l->slots[i];
        if (target[head] == SC_GROUP_NONE) {
            if ((rc = sc_journal_open(l->j, &target[head], err))) break;
            opened[head] = 1;
        }
        uint32_t from = e->items.group[slot];
        if (from == target[head]) continue;
        const sc_score s = sc_state_score(e);
        const sc_query q = sc_score_query(&s, slot);
        sc_why why = {.reason = reason_of(from, opened[head], &taken)};
        sc_standing st = {.nearest = SC_GROUP_NONE, .probability = NAN};
        if (e->groups.v[target[head]].n)
            st = sc_standing_slow(e, &q, target[head], SC_STANDING_SAMPLE);
        sc_standing_why(e, &q, &st, &why);
        rc = sc_journal_move(l->j, slot, target[head], &why, err);
    }
    return rc;
}

sc_rc sc_recluster_groups(sc_journal *j, const uint32_t *groups, size_t n, uint32_t fresh,
                          sc_err *err) {
    local l = {.j = j, .e = j->e, .fresh = fresh};
    sc_rc rc = SC_OK;
    if (!gather(&l, groups, n) || !allocate(&l))
        rc = sc_fail(err, SC_NOMEM, "no memory to re-cluster %u reports", l.n);
    if (!rc && l.n > 1) {
        fill(&l);
        sc_linkage_run(&l.link, j->e->epoch.cut);
        rc = apply(&l, err);
    }
    local_done(&l);
    return rc;
}

/* ---- After an insert ------------------------------------------------------------------------------ */

/* Where comparing a report with all others takes milliseconds, the neighbourhood gets fewer. */
static size_t most_items(const sc_engine *e) {
    enum { MANY = 65536 };
    return e->items.n < MANY ? e->local_items : e->local_items * 3 / 4;
}

/* The touched cluster against its neighbours as wholes, by their sums: the cheap pass for clusters
 * too large to be looked at item by item now. Joins the best pair, if any. */
static sc_rc merge_whole(sc_journal *j, uint32_t g, const uint32_t *near, size_t n_near,
                         sc_err *err) {
    sc_engine *e = j->e;
    const sc_score s = sc_state_score(e);
    const sc_group *a = &e->groups.v[g];
    const double need = (double)(e->epoch.cut + e->epoch.margin);
    uint32_t best = SC_GROUP_NONE;
    double most = need;
    if (!sc_accum_fit(&e->accum, &s)) return sc_fail(err, SC_NOMEM, "no memory to re-cluster");
    sc_accum_add_all(&e->accum, &s, a->members, a->n);
    for (size_t k = 0; k < n_near; k++) {
        if (near[k] == g || !e->groups.v[near[k]].n || !sc_state_may_meet(e, g, near[k])) continue;
        /* What would be too large to be looked at item by item again must be clearer. */
        const bool large = a->n + e->groups.v[near[k]].n > most_items(e);
        const double least = SC_MAX(most, large ? need * LARGE_NEEDS : 0);
        const double m = sc_state_linkage(e, &e->accum, near[k], least);
        if (m >= least) {
            most = m;
            best = near[k];
        }
    }
    sc_accum_clear(&e->accum, &s, a->members, a->n);
    return best == SC_GROUP_NONE ? SC_OK : sc_recluster_merge(j, g, best, err);
}

/* All members of the younger (or less fixed) cluster go to the other. */
sc_rc sc_recluster_merge(sc_journal *j, uint32_t a, uint32_t b, sc_err *err) {
    sc_engine *e = j->e;
    const sc_group *x = &e->groups.v[a], *y = &e->groups.v[b];
    bool fixed_x = x->ruled || x->n_pinned, fixed_y = y->ruled || y->n_pinned;
    bool keep_a = fixed_x != fixed_y ? fixed_x : memcmp(x->id, y->id, 16) < 0;
    uint32_t to = keep_a ? a : b, from = keep_a ? b : a;
    for (uint32_t i = 0; i < e->groups.v[from].n; i++) {
        const sc_item *m = &e->items.v[e->groups.v[from].members[i]];
        if (sc_rules_never(&e->rules, m, &e->groups.v[to])) return SC_OK;
    }
    sc_rc rc = SC_OK;
    while (!rc && e->groups.v[from].n) {
        const sc_score s = sc_state_score(e);
        uint32_t slot = e->groups.v[from].members[e->groups.v[from].n - 1];
        const sc_query q = sc_score_query(&s, slot);
        sc_why why = {.reason = SC_REASON_consolidated};
        sc_standing st = sc_standing_slow(e, &q, to, SC_STANDING_SAMPLE);
        sc_standing_why(e, &q, &st, &why);
        rc = sc_journal_move(j, slot, to, &why, err);
    }
    return rc;
}

/* A mean over many pairs hardly moves with one report more: from 128 members on a cluster is compared with its
 * neighbours as a whole 64 times while it doubles, so that a report costs the same however many there are. */
static bool has_grown(const sc_group *g) {
    enum { TIMES = 64 };
    const uint32_t by = g->n / TIMES;
    return by < 2 || g->n % by == 0;
}

sc_rc sc_recluster_around(sc_journal *j, uint32_t slot, const uint32_t *near, size_t n_near,
                          sc_err *err) {
    sc_engine *e = j->e;
    uint32_t g = e->items.group[slot], list[SC_CANDIDATES + 1];
    e->credit = SC_MIN(e->credit + SC_LOCAL_PAIRS, (uint64_t)SC_LOCAL_PAIRS * 20);
    if (sc_group_frozen(&e->groups.v[g])) return SC_OK;
    /* As many neighbours as the bound and the credit allow, the nearest first. */
    const size_t most = most_items(e);
    size_t n = 0, items = e->groups.v[g].n;
    list[n++] = g;
    size_t left_out = 0;
    for (size_t k = 0; k < n_near && n < SC_LEN(list); k++) {
        size_t more = e->groups.v[near[k]].n;
        if (near[k] == g || !more || sc_group_frozen(&e->groups.v[near[k]])) continue;
        if (items + more > most || (items + more) * (items + more) / 2 > e->credit) {
            left_out++;
            continue;
        }
        items += more;
        list[n++] = near[k];
    }
    sc_rc rc = SC_OK;
    if (items <= most && items * items / 2 <= e->credit) {
        e->credit -= items * items / 2;
        if (items > 1) rc = sc_recluster_groups(j, list, n, slot, err);
    } else {
        left_out = n_near;
    }
    if (!rc && left_out && has_grown(&e->groups.v[e->items.group[slot]]))
        rc = merge_whole(j, e->items.group[slot], near, n_near, err);
    return rc;
}
