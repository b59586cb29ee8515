/* Reading: a cluster's cohesion and most central members, the case for one placement, and what could
 * be merged. */
#include <math.h>

#include "group/state.h"

/* A sum over the members of group g; the caller ends it with sc_accum_done. */
static bool sum_of(const sc_engine *e, uint32_t g, sc_accum *ret) {
    const sc_score s = sc_state_score(e);
    if (!sc_accum_init(ret, &s)) return false;
    sc_accum_add_all(ret, &s, e->groups.v[g].members, e->groups.v[g].n);
    return true;
}

/* Keeps the most central members, best first; the older wins a tie. */
static void offer(int64_t *keys, double *means, unsigned *n, int64_t key, double mean) {
    unsigned at = *n;
    while (at > 0 && means[at - 1] < mean) at--;
    if (at == SC_CLUSTER_REPRESENTATIVES) return;
    if (*n < SC_CLUSTER_REPRESENTATIVES) ++*n;
    for (unsigned i = *n - 1; i > at; i--) {
        keys[i] = keys[i - 1];
        means[i] = means[i - 1];
    }
    keys[at] = key;
    means[at] = mean;
}

static void measure(const sc_engine *e, const sc_group *g, const sc_accum *a, sc_cluster_view *v) {
    const sc_score s = sc_state_score(e);
    double total = 0, least = INFINITY, means[SC_CLUSTER_REPRESENTATIVES];
    unsigned n = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        uint32_t slot = g->members[i];
        if (i + SC_ITEMS_AHEAD < g->n) sc_items_fetch(&e->items, g->members[i + SC_ITEMS_AHEAD]);
        double m = (sc_accum_dot(a, &s, slot) - sc_score_self(&s, slot)) / (g->n - 1);
        total += m;
        least = SC_MIN(least, m);
        offer(v->representatives, means, &n, e->items.v[slot].key, m);
    }
    v->cohesion_mean = sc_score_shown(&s, total / g->n);
    v->cohesion_min = sc_score_shown(&s, least);
}

/* All but the cohesion and the representatives of more than one report. */
static sc_rc begin_view(const sc_engine *e, const sc_id *cluster, const sc_group **ret_group,
                        sc_cluster_view *ret, sc_err *err) {
    uint32_t at = sc_groups_find_id(&e->groups, cluster);
    if (at == SC_GROUP_NONE || !e->groups.v[at].n)
        return sc_fail(err, SC_NOT_FOUND, "issue %s is not known",
                       cluster ? cluster->text : "(none)");
    const sc_group *g = &e->groups.v[at];
    sc_cluster_view v = {.count = g->n,
                         .cohesion_mean = 1,
                         .cohesion_min = 1,
                         .first_ms = INT64_MAX,
                         .last_ms = INT64_MIN};
    for (uint32_t i = 0; i < g->n; i++) {
        int64_t t = e->items.v[g->members[i]].created_ms;
        v.first_ms = SC_MIN(v.first_ms, t);
        v.last_ms = SC_MAX(v.last_ms, t);
    }
    if (g->n == 1) v.representatives[0] = e->items.v[g->members[0]].key;
    *ret_group = g;
    *ret = v;
    return SC_OK;
}

sc_rc sc_engine_view(const sc_engine *e, const sc_id *cluster, sc_cluster_view *ret, sc_err *err) {
    const sc_group *g;
    sc_cluster_view v;
    sc_rc rc = begin_view(e, cluster, &g, &v, err);
    if (!rc && g->n > 1) {
        SC_AUTO(sc_accum_done) sc_accum a = {0};
        if (!sum_of(e, (uint32_t)(g - e->groups.v), &a))
            return sc_fail(err, SC_NOMEM, "no memory to look at an issue");
        measure(e, g, &a, &v);
    }
    if (!rc) *ret = v;
    return rc;
}

sc_rc sc_engine_view_mine(sc_engine *e, const sc_id *cluster, sc_cluster_view *ret, sc_err *err) {
    const sc_group *g;
    const sc_score s = sc_state_score(e);
    sc_cluster_view v;
    sc_rc rc = begin_view(e, cluster, &g, &v, err);
    if (!rc && g->n > 1) {
        if (!sc_accum_fit(&e->accum, &s))
            return sc_fail(err, SC_NOMEM, "no memory to look at an issue");
        sc_accum_add_all(&e->accum, &s, g->members, g->n);
        measure(e, g, &e->accum, &v);
        sc_accum_clear(&e->accum, &s, g->members, g->n);
    }
    if (!rc) *ret = v;
    return rc;
}

sc_rc sc_engine_explain(const sc_engine *e, int64_t key, sc_move *ret, sc_err *err) {
    uint32_t slot = sc_items_find(&e->items, key);
    if (slot == SC_MAP_NONE || e->items.group[slot] == SC_GROUP_NONE)
        return sc_fail(err, SC_NOT_FOUND, "report %lld is in no issue", (long long)key);
    const sc_score s = sc_state_score(e);
    const sc_query q = sc_score_query(&s, slot);
    uint32_t g = e->items.group[slot];
    sc_standing st = {.group = g, .nearest = SC_GROUP_NONE};
    bool alone = e->groups.v[g].n == 1;
    if (!alone) st = sc_standing_slow(e, &q, g, UINT32_MAX);
    sc_why why;
    sc_standing_why(e, &q, &st, &why);
    *ret = (sc_move){.key = key,
                     .to = sc_groups_id(&e->groups, g),
                     .reason = alone ? SC_REASON_first : SC_REASON_similar,
                     .evidence = why.evidence,
                     .nearest = alone ? 0 : e->items.v[st.nearest].key};
    memcpy(ret->shared, why.shared, sizeof ret->shared);
    return SC_OK;
}

/* ---- Neighbours ----------------------------------------------------------------------------------- */

static bool ahead(const sc_engine *e, uint32_t a, double mean_a, uint32_t b, double mean_b) {
    if (mean_a != mean_b) return mean_a > mean_b;
    return memcmp(e->groups.v[a].id, e->groups.v[b].id, 16) < 0;
}

static sc_neighbour neighbour(const sc_engine *e, uint32_t g, uint32_t other, double mean) {
    const sc_score s = sc_state_score(e);
    sc_neighbour n = {.cluster = sc_groups_id(&e->groups, other),
                      .apart = sc_rules_apart(&e->rules, &e->groups.v[g], &e->groups.v[other])};
    /* The parts: of the newest report here against its nearest there. */
    const sc_query q = sc_score_query(&s, e->groups.v[g].members[e->groups.v[g].n - 1]);
    sc_standing st = sc_standing_slow(e, &q, other, UINT32_MAX);
    sc_why why;
    st.probability = sc_score_probability(&s, mean - st.conflict);
    sc_standing_why(e, &q, &st, &why);
    n.evidence = why.evidence;
    n.evidence.mean = sc_score_shown(&s, mean);
    return n;
}

sc_rc sc_engine_neighbours(const sc_engine *e, const sc_id *cluster, size_t limit, sc_arena *arena,
                           sc_neighbour **ret, size_t *ret_n, sc_err *err) {
    uint32_t g = sc_groups_find_id(&e->groups, cluster);
    if (g == SC_GROUP_NONE || !e->groups.v[g].n)
        return sc_fail(err, SC_NOT_FOUND, "issue %s is not known",
                       cluster ? cluster->text : "(none)");
    SC_AUTO(sc_accum_done) sc_accum a = {0};
    if (!sum_of(e, g, &a)) return sc_fail(err, SC_NOMEM, "no memory to look at an issue");
    limit = SC_MIN(limit, (size_t)e->groups.n);
    SC_AUTO(sc_auto_free) uint32_t *best = sc_alloc_array(limit + 1, sizeof *best);
    SC_AUTO(sc_auto_free) double *means = sc_alloc_array(limit + 1, sizeof *means);
    sc_neighbour *out = sc_arena_take_array(arena, limit + 1, sizeof *out);
    if (!best || !means || !out) return sc_fail(err, SC_NOMEM, "no memory to look at an issue");
    size_t n = 0;
    for (uint32_t other = 0; other < e->groups.n; other++) {
        if (other == g || !e->groups.v[other].n) continue;
        double m = sc_state_linkage(e, &a, other, -INFINITY);
        if (m <= 0) continue;
        size_t at = n;
        while (at > 0 && ahead(e, other, m, best[at - 1], means[at - 1])) at--;
        if (at == limit) continue;
        if (n < limit) n++;
        for (size_t i = n - 1; i > at; i--) {
            best[i] = best[i - 1];
            means[i] = means[i - 1];
        }
        best[at] = other;
        means[at] = m;
    }
    for (size_t i = 0; i < n; i++) out[i] = neighbour(e, g, best[i], means[i]);
    *ret = out;
    *ret_n = n;
    return SC_OK;
}
