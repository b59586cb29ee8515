/* The pass over everything, in idle time.
 *
 * Two clusters can only be joined at a mean similarity of `cut` if some pair of their items reaches
 * `cut`: so the connected components of the graph of such pairs (each cluster counted as connected)
 * can be solved one by one, exactly. A component too large for one matrix is gone through cluster by
 * cluster, each with its nearest. */
#include <stdlib.h>

#include "group/recluster.h"

enum {
    MATRIX_ITEMS = 3000, /* 36 MB of similarities */
    NEAR_GROUPS = 24,
    NEAR_ITEMS = 1000,
};

typedef struct pass {
    sc_journal *j;
    sc_engine *e;
    uint32_t *parent; /* of groups: union-find */
    bool *chosen;     /* groups of this pass */
    uint32_t *list;   /* groups, component by component */
} pass;

static uint32_t root(pass *p, uint32_t g) {
    while (p->parent[g] != g) g = p->parent[g] = p->parent[p->parent[g]];
    return g;
}

static void unite(pass *p, uint32_t a, uint32_t b) {
    a = root(p, a);
    b = root(p, b);
    if (a != b) p->parent[a > b ? a : b] = a > b ? b : a;
}

/* Whole clusters from the cursor on, round and round, until the bound. */
static void choose(pass *p, size_t max_items) {
    sc_engine *e = p->e;
    const sc_groups *t = &e->groups;
    size_t items = 0;
    uint32_t g = t->n ? e->cursor % t->n : 0;
    for (uint32_t k = 0; k < t->n; k++, g = g + 1 == t->n ? 0 : g + 1) {
        p->parent[g] = g;
        if (!t->v[g].n || sc_group_frozen(&t->v[g])) continue;
        if (max_items && items + t->v[g].n > max_items && items) continue;
        items += t->v[g].n;
        p->chosen[g] = true;
        e->cursor = g + 1;
    }
}

/* Unites the chosen clusters that some pair of items connects. Only items of chosen clusters are
 * compared with all; a bounded pass therefore also draws the other end in. */
static void connect(pass *p) {
    sc_engine *e = p->e;
    const sc_score s = sc_state_score(e);
    const float need = e->epoch.cut + e->epoch.margin;
    for (uint32_t i = 0; i < e->items.n; i++) {
        uint32_t g = e->items.group[i];
        if (g == SC_GROUP_NONE || !p->chosen[g]) continue;
        const sc_query q = sc_score_query(&s, i);
        sc_score_all(&s, &q, e->dots, e->raw);
        for (uint32_t k = 0; k < e->items.n; k++) {
            uint32_t other = e->items.group[k];
            if (e->raw[k] < need || other == SC_GROUP_NONE || other == g) continue;
            if (sc_state_may_meet(e, g, other)) unite(p, g, other);
        }
    }
}

static int by_root(const void *a, const void *b, void *pp) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t rx = root(pp, x), ry = root(pp, y);
    return rx != ry ? (rx > ry) - (rx < ry) : (x > y) - (x < y);
}

/* One cluster of a large component with the nearest of the component. */
static sc_rc with_nearest(pass *p, uint32_t g, const uint32_t *groups, size_t n, sc_err *err) {
    sc_engine *e = p->e;
    const sc_score s = sc_state_score(e);
    const sc_group *x = &e->groups.v[g];
    uint32_t near[NEAR_GROUPS + 1] = {g};
    double mean[NEAR_GROUPS + 1];
    size_t m = 1, items = x->n;
    if (!sc_accum_fit(&e->accum, &s)) return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    for (uint32_t i = 0; i < x->n; i++) sc_accum_add(&e->accum, &s, x->members[i]);
    for (size_t i = 0; i < n; i++) {
        if (groups[i] == g || !e->groups.v[groups[i]].n) continue;
        double v = sc_state_linkage(e, &e->accum, groups[i]);
        if (v <= 0) continue;
        size_t at = m;
        while (at > 1 && mean[at - 1] < v) at--;
        if (at > NEAR_GROUPS) continue;
        if (m <= NEAR_GROUPS) m++;
        for (size_t k = m - 1; k > at; k--) {
            near[k] = near[k - 1];
            mean[k] = mean[k - 1];
        }
        near[at] = groups[i];
        mean[at] = v;
    }
    sc_accum_clear(&e->accum, &s, x->members, x->n);
    size_t kept = 1;
    while (kept < m && items + e->groups.v[near[kept]].n <= NEAR_ITEMS)
        items += e->groups.v[near[kept++]].n;
    if (items > MATRIX_ITEMS) /* one huge cluster: joins it may get, apart it is not taken */
        return m > 1 && mean[1] >= (double)(e->epoch.cut + e->epoch.margin) &&
                       sc_state_may_meet(e, g, near[1])
                   ? sc_recluster_merge(p->j, g, near[1], err)
                   : SC_OK;
    return sc_recluster_groups(p->j, near, kept, SC_GROUP_NONE, err);
}

static sc_rc solve(pass *p, const uint32_t *groups, size_t n, sc_err *err) {
    sc_engine *e = p->e;
    size_t items = 0;
    for (size_t i = 0; i < n; i++) items += e->groups.v[groups[i]].n;
    if (items < 2) return SC_OK;
    if (items <= MATRIX_ITEMS) return sc_recluster_groups(p->j, groups, n, SC_GROUP_NONE, err);
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++)
        if (e->groups.v[groups[i]].n) rc = with_nearest(p, groups[i], groups, n, err);
    return rc;
}

static sc_rc run(pass *p, sc_err *err) {
    const sc_groups *t = &p->e->groups;
    uint32_t n = 0, n_groups = t->n;
    connect(p);
    /* A class counts when one of its clusters was chosen: a bounded pass draws neighbours in. */
    for (uint32_t g = 0; g < n_groups; g++)
        if (p->chosen[g]) p->chosen[root(p, g)] = true;
    for (uint32_t g = 0; g < n_groups; g++)
        if (t->v[g].n && !sc_group_frozen(&t->v[g]) && p->chosen[root(p, g)]) p->list[n++] = g;
    qsort_r(p->list, n, sizeof *p->list, by_root, p);
    sc_rc rc = SC_OK;
    for (uint32_t i = 0, k; !rc && i < n; i = k) {
        uint32_t r = root(p, p->list[i]);
        for (k = i + 1; k < n && root(p, p->list[k]) == r;) k++;
        rc = solve(p, p->list + i, k - i, err);
    }
    return rc;
}

sc_rc sc_engine_consolidate(sc_engine *e, size_t max_items, sc_arena *arena, sc_change *ret,
                            sc_err *err) {
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    pass p = {.j = &j, .e = e};
    const size_t n = e->groups.n;
    p.parent = sc_alloc_array(n, sizeof *p.parent);
    p.chosen = sc_alloc_array(n, sizeof *p.chosen);
    p.list = sc_alloc_array(n, sizeof *p.list);
    sc_rc rc = SC_OK;
    if (!p.parent || !p.chosen || !p.list || !sc_state_grow(e))
        rc = sc_fail(err, SC_NOMEM, "no memory to consolidate");
    if (!rc) {
        sc_score_refresh(&e->items, &e->terms, e->profile, &e->epoch);
        choose(&p, max_items);
        rc = run(&p, err);
    }
    sc_free(p.parent);
    sc_free(p.chosen);
    sc_free(p.list);
    if (!rc) rc = sc_journal_end(&j, ret, err);
    if (rc) sc_journal_undo(&j);
    return rc;
}
