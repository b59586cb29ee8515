/* Where a new report belongs: fingerprint, candidates, decision, then the neighbourhood. */
#include <math.h>

#include "group/learn.h"
#include "group/recluster.h"

enum { MAX_SUGGESTIONS = 3, SMALL_GROUP = 32 };

typedef struct placing {
    sc_journal *j;
    sc_engine *e;
    uint32_t slot;
    const sc_engine_item *item;
    sc_query q;
    sc_raws raws;
    uint32_t near[SC_CANDIDATES]; /* clusters by mean similarity, best first */
    float near_mean[SC_CANDIDATES];
    size_t n_near;
} placing;

/* ---- 1. Fingerprints ------------------------------------------------------------------------------ */

static bool fits(const sc_engine *e, uint32_t slot, uint32_t other) {
    uint32_t g = e->items.group[other];
    return other != slot && g != SC_GROUP_NONE &&
           !sc_rules_never(&e->rules, &e->items.v[slot], &e->groups.v[g]);
}

/* Open ones before frozen ones, then the one with more reports of this fingerprint, then the oldest. */
static bool better(const sc_engine *e, uint32_t a, uint32_t b) {
    const sc_group *x = &e->groups.v[a], *y = &e->groups.v[b];
    if (sc_group_frozen(x) != sc_group_frozen(y)) return sc_group_frozen(y);
    if (e->sums[a] != e->sums[b]) return e->sums[a] > e->sums[b];
    return memcmp(x->id, y->id, 16) < 0;
}

/* The cluster of the reports that share this fingerprint; *ret_nearest is the newest of those. */
static uint32_t holder(const sc_engine *e, uint32_t slot, const sc_term *fp,
                       uint32_t *ret_nearest) {
    const uint32_t *list = sc_terms_list(fp);
    uint32_t best = SC_GROUP_NONE;
    for (uint32_t i = 0; i < fp->n; i++) {
        uint32_t other = list[i] >> SC_TERM_TF_BITS;
        if (fits(e, slot, other)) e->sums[e->items.group[other]] = 0;
    }
    for (uint32_t i = 0; i < fp->n; i++) {
        uint32_t other = list[i] >> SC_TERM_TF_BITS;
        if (fits(e, slot, other)) e->sums[e->items.group[other]]++;
    }
    for (uint32_t i = 0; i < fp->n; i++) {
        uint32_t other = list[i] >> SC_TERM_TF_BITS, g = e->items.group[other];
        if (fits(e, slot, other) && g != best && (best == SC_GROUP_NONE || better(e, g, best)))
            best = g;
    }
    *ret_nearest = SC_GROUP_NONE;
    for (uint32_t i = 0; i < fp->n; i++) {
        uint32_t other = list[i] >> SC_TERM_TF_BITS;
        if (best == SC_GROUP_NONE || e->items.group[other] != best || other == slot) continue;
        if (*ret_nearest == SC_GROUP_NONE || e->items.v[other].key > e->items.v[*ret_nearest].key)
            *ret_nearest = other;
    }
    return best;
}

static uint32_t by_fingerprint(placing *p, sc_why *why) {
    sc_engine *e = p->e;
    const sc_item *x = &e->items.v[p->slot];
    for (unsigned i = 0; i < x->n_feats; i++) {
        const sc_term *fp = &e->terms.v[x->feats[i] >> SC_TERM_TF_BITS];
        uint32_t nearest, g;
        if (fp->kind < SC_TERM_WEIGHTED) continue;
        if ((g = holder(e, p->slot, fp, &nearest)) == SC_GROUP_NONE) continue;
        sc_standing st = {.group = g, .nearest = nearest, .mean = NAN, .worst = NAN, .best = NAN};
        if (e->groups.v[g].n <= SMALL_GROUP) st = sc_standing_slow(e, &p->q, g, SMALL_GROUP);
        st.probability = 1;
        sc_standing_why(e, &p->q, &st, why);
        why->reason = fp->kind == SC_TERM_FP_TEXT ? SC_REASON_fingerprint : SC_REASON_stack;
        return g;
    }
    return SC_GROUP_NONE;
}

/* ---- 2. Candidates -------------------------------------------------------------------------------- */

static void offer(placing *p, uint32_t g, float mean) {
    size_t at = p->n_near;
    if (at == SC_CANDIDATES && mean <= p->near_mean[at - 1]) return;
    if (at < SC_CANDIDATES)
        p->n_near++;
    else
        at--;
    for (; at > 0 && p->near_mean[at - 1] < mean; at--) {
        p->near[at] = p->near[at - 1];
        p->near_mean[at] = p->near_mean[at - 1];
    }
    p->near[at] = g;
    p->near_mean[at] = mean;
}

/* The mean similarity to every cluster, exactly: one pass over the items' similarities. */
static void sum_up(sc_engine *e) {
    const uint32_t n = e->items.n, *group = e->items.group;
    memset(e->sums, 0, e->groups.n * sizeof *e->sums);
    for (uint32_t i = 0; i < n; i++)
        if (group[i] != SC_GROUP_NONE) e->sums[group[i]] += e->raw[i];
}

static void find_near(placing *p, bool known, uint32_t lane) {
    sc_engine *e = p->e;
    if (!known) sum_up(e);
    for (uint32_t g = 0; g < e->groups.n; g++) {
        const sc_group *x = &e->groups.v[g];
        if (!x->n) continue;
        const float sum = known ? sc_lookup_sum(e, &p->raws, lane, g) : e->sums[g];
        if (sum > 0 && !sc_rules_never(&e->rules, &e->items.v[p->slot], x))
            offer(p, g, sum / (float)x->n);
    }
}

/* The similarities to all items, and from them the nearest clusters. */
static void compare(placing *p) {
    sc_engine *e = p->e;
    uint32_t lane = 0;
    const bool known = sc_lookup_find(e, p->item, &p->q, &p->raws, &lane);
    if (!known) {
        const sc_score s = sc_state_score(e);
        sc_score_all(&s, &p->q, e->dots, e->raw);
        p->raws = (sc_raws){.head = e->raw, .n_head = e->items.n, .stride = 1};
    }
    find_near(p, known, lane);
}

/* The cluster an edited report was in; SC_GROUP_NONE for a new report. */
static sc_rc home_of(const placing *p, uint32_t *ret, sc_err *err) {
    unsigned char bytes[16];
    *ret = SC_GROUP_NONE;
    if (!p->item->home || !sc_id_to_bytes(p->item->home, bytes)) return SC_OK;
    *ret = sc_groups_open(&p->e->groups, bytes);
    if (*ret == SC_GROUP_NONE) return sc_fail(err, SC_NOMEM, "no memory for an issue");
    sc_group *g = &p->e->groups.v[*ret];
    if (!g->n) {
        g->emptied_at = p->e->generation;
        sc_rules_mark_group(&p->e->rules, g);
    }
    return SC_OK;
}

static sc_rc hold(placing *p, sc_err *err) {
    uint32_t g;
    const sc_why why = {.reason = SC_REASON_held,
                        .evidence = {.probability = 1,
                                     .mean = NAN,
                                     .best = NAN,
                                     .worst = NAN,
                                     .semantic = NAN,
                                     .lexical = NAN,
                                     .title = NAN,
                                     .stack = NAN},
                        .nearest = SC_GROUP_NONE};
    sc_rc rc = home_of(p, &g, err);
    return rc ? rc : sc_journal_move(p->j, p->slot, g, &why, err);
}

/* A cluster for a report that fits nowhere. */
static sc_rc open_for(placing *p, uint32_t *ret, sc_err *err) {
    sc_rc rc = home_of(p, ret, err);
    if (rc || (*ret != SC_GROUP_NONE && !p->e->groups.v[*ret].n)) return rc;
    return sc_journal_open(p->j, ret, err);
}

/* ---- 3. Decision ---------------------------------------------------------------------------------- */

static sc_rc suggest(placing *p, const sc_standing *st, sc_err *err) {
    sc_why why;
    sc_standing_why(p->e, &p->q, st, &why);
    const sc_suggestion s = {.key = p->e->items.v[p->slot].key,
                             .cluster = sc_groups_id(&p->e->groups, st->group),
                             .evidence = why.evidence};
    return sc_journal_suggest(p->j, &s, err);
}

static sc_rc decide(placing *p, sc_err *err) {
    sc_engine *e = p->e;
    sc_standing st[SC_CANDIDATES], best = {.group = SC_GROUP_NONE, .nearest = SC_GROUP_NONE};
    for (size_t i = 0; i < p->n_near; i++) {
        st[i] = sc_standing_of(e, &p->q, &p->raws, p->near[i]);
        if (best.group == SC_GROUP_NONE || st[i].probability > best.probability) best = st[i];
    }
    sc_why why;
    sc_standing_why(e, &p->q, &best, &why);
    uint32_t g = best.group;
    sc_rc rc = SC_OK;
    if (g != SC_GROUP_NONE && best.probability >= (double)e->profile->join) {
        why.reason = SC_REASON_similar;
    } else {
        bool near = g != SC_GROUP_NONE && best.probability >= (double)e->profile->suggest / 2;
        why.reason = near ? SC_REASON_unlike : SC_REASON_first;
        size_t n = 0;
        for (size_t i = 0; !rc && i < p->n_near && n < MAX_SUGGESTIONS; i++)
            if (st[i].probability >= (double)e->profile->suggest && ++n)
                rc = suggest(p, &st[i], err);
        if (!rc) rc = open_for(p, &g, err);
    }
    return rc ? rc : sc_journal_move(p->j, p->slot, g, &why, err);
}

/* ---- All three ------------------------------------------------------------------------------------ */

static sc_rc find_place(placing *p, sc_err *err) {
    sc_engine *e = p->e;
    sc_why why;
    if (!sc_state_grow(e)) return sc_fail(err, SC_NOMEM, "no memory to compare reports");
    uint32_t g = by_fingerprint(p, &why);
    if (g != SC_GROUP_NONE) {
        sc_rc rc = sc_journal_move(p->j, p->slot, g, &why, err);
        if (!rc && e->groups.v[g].status == SC_CLUSTER_resolved)
            rc = sc_journal_regressed(p->j, g, err);
        return rc;
    }
    compare(p);
    sc_rc rc = decide(p, err);
    if (rc) return rc;
    g = e->items.group[p->slot];
    if (e->groups.v[g].status == SC_CLUSTER_resolved) return sc_journal_regressed(p->j, g, err);
    return sc_recluster_around(p->j, p->slot, p->near, p->n_near, err);
}

static sc_rc place_one(sc_journal *j, const sc_engine_item *item, sc_err *err) {
    sc_engine *e = j->e;
    if (sc_items_find(&e->items, item->key) != SC_MAP_NONE) return SC_OK;
    sc_rc rc = sc_state_check(e, item, err);
    if (rc) return rc;
    const sc_score s = sc_state_score(e);
    placing p = {.j = j, .e = e, .item = item};
    rc = sc_items_add(&e->items, &e->terms, item->key, item->created_ms, item->repr, &p.slot, err);
    if (rc) return rc;
    sc_score_set_norms(&s, &e->items, p.slot);
    sc_rules_mark_item(&e->rules, &e->items.v[p.slot]);
    p.q = sc_score_query(&s, p.slot);
    rc = item->home && e->items.v[p.slot].pinned ? hold(&p, err) : find_place(&p, err);
    if (rc && e->items.group[p.slot] == SC_GROUP_NONE) sc_state_forget(e, p.slot);
    return rc;
}

sc_rc sc_engine_place(sc_engine *e, const sc_engine_item *items, size_t n, sc_arena *arena,
                      sc_change *ret, sc_err *err) {
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        sc_learn_refresh(e);
        sc_learn_step(e);
        if (n - i > 1 && !sc_lookup_has(e, &items[i])) {
            sc_engine_lookup(e, items + i, n - i);
            sc_engine_lookup_compare(e);
        }
        rc = place_one(&j, &items[i], err);
    }
    if (!rc) rc = sc_journal_end(&j, ret, err);
    if (rc) sc_journal_undo(&j);
    return rc;
}
