#include "group/pass.h"

#include <math.h>
#include <stdlib.h>

#include "group/average.h"
#include "group/claims.h"
#include "group/settle.h"

enum { WITNESSES = 128 /* members of a target that a move is explained by, evenly spread */ };

typedef enum stage { SETTLE, SCAN, PARTS, SOLVE, DONE } stage;

typedef struct planned {
    uint32_t slot, from, head;
    sc_decision_reason reason;
} planned;

/* The items of each head side by side: from[h]..from[h + 1]. */
typedef struct byhead {
    uint32_t *from, *slots;
} byhead;

struct sc_pass {
    stage at;
    uint32_t layout, epoch_n, n; /* what it holds for; n: slots that it knows */
    float cut;
    sc_settled *settled;
    sc_graph graph;
    uint32_t *list; /* groups, part by part */
    uint32_t n_list, next;
    uint32_t *item_of;
    sc_accum accum;
    bool has_accum;
    /* The part being solved, and what came out of it. */
    sc_average average;
    bool solving;
    uint32_t *target; /* head -> group, SC_GROUP_NONE = to be opened */
    byhead by;
    planned *plan;
    size_t n_plan, cap_plan, done_plan;
    sc_pass_stats stats;
};

sc_rc sc_pass_new(sc_pass **ret, sc_err *err) {
    sc_pass *p = sc_alloc(sizeof *p);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    *ret = p;
    return SC_OK;
}

static void drop_part(sc_pass *p) {
    sc_average_done(&p->average);
    sc_free(p->target);
    sc_free(p->by.from);
    sc_free(p->by.slots);
    p->target = NULL;
    p->by = (byhead){0};
    p->solving = false;
    p->n_plan = p->done_plan = 0;
}

void sc_pass_free(sc_pass *p) {
    if (!p) return;
    drop_part(p);
    sc_settle_free(p->settled);
    sc_graph_done(&p->graph);
    if (p->has_accum) sc_accum_done(&p->accum);
    sc_free(p->list);
    sc_free(p->item_of);
    sc_free(p->plan);
    sc_free(p);
}

void sc_pass_stats_get(const sc_pass *p, sc_pass_stats *ret) {
    *ret = p->stats;
    ret->items = p->n;
    ret->edges = p->graph.n_edges;
    ret->capped = p->graph.capped;
    ret->bytes = sc_graph_bytes(&p->graph) + p->n * sizeof *p->item_of +
                 p->n_list * sizeof *p->list + p->accum.n_terms * sizeof(float);
}

/* ---- From the graph to parts that can be solved one by one --------------------------------------- */

static uint32_t root(uint32_t *parent, uint32_t g) {
    while (parent[g] != g) g = parent[g] = parent[parent[g]];
    return g;
}

static void unite(uint32_t *parent, uint32_t a, uint32_t b) {
    a = root(parent, a);
    b = root(parent, b);
    if (a != b) parent[a > b ? a : b] = a > b ? b : a;
}

static bool open_to_us(const sc_engine *e, uint32_t g) {
    return g != SC_GROUP_NONE && e->groups.v[g].n && !sc_group_frozen(&e->groups.v[g]);
}

static void unite_edges(const sc_pass *p, const sc_engine *e, uint32_t *parent) {
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t g = e->items.group[i];
        if (!open_to_us(e, g)) continue;
        for (size_t k = p->graph.from[i]; k < p->graph.from[i + 1]; k++) {
            uint32_t other = e->items.group[p->graph.edges[k].slot];
            if (other != g && open_to_us(e, other)) unite(parent, g, other);
        }
    }
}

static void unite_alike(const sc_engine *e, uint32_t *parent) {
    for (uint32_t id = 0; id < e->terms.n; id++) {
        const sc_term *x = &e->terms.v[id];
        if (x->kind < SC_TERM_WEIGHTED || x->n < 2) continue;
        uint32_t first = SC_GROUP_NONE;
        for (uint32_t k = 0; k < x->n; k++) {
            uint32_t g = e->items.group[sc_terms_list(x)[k] >> SC_TERM_TF_BITS];
            if (!open_to_us(e, g)) continue;
            if (first == SC_GROUP_NONE) first = g;
            unite(parent, g, first);
        }
    }
}

static int by_root(const void *a, const void *b, void *parent) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t rx = root(parent, x), ry = root(parent, y);
    return rx != ry ? (rx > ry) - (rx < ry) : (x > y) - (x < y);
}

/* The groups, part after part; the last of each part is marked by its top bit. */
#define LAST_OF_PART ((uint32_t)1 << 31)

static sc_rc list_parts(sc_pass *p, const sc_engine *e, sc_err *err) {
    const uint32_t n = e->groups.n;
    SC_AUTO(sc_auto_free) uint32_t *parent = sc_alloc_array(n, sizeof *parent);
    sc_free(p->list);
    p->list = sc_alloc_array(n, sizeof *p->list);
    p->n_list = p->next = 0;
    if (!parent || !p->list) return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    for (uint32_t g = 0; g < n; g++) parent[g] = g;
    unite_edges(p, e, parent);
    unite_alike(e, parent);
    for (uint32_t g = 0; g < n; g++)
        if (open_to_us(e, g)) p->list[p->n_list++] = g;
    qsort_r(p->list, p->n_list, sizeof *p->list, by_root, parent);
    p->stats.parts = 0;
    for (uint32_t i = 0; i < p->n_list; i++)
        if (i + 1 == p->n_list ||
            root(parent, p->list[i]) != root(parent, p->list[i + 1] & ~LAST_OF_PART)) {
            p->list[i] |= LAST_OF_PART;
            p->stats.parts++;
        }
    return SC_OK;
}

/* ---- One part ------------------------------------------------------------------------------------- */

/* Takes up the next part that has more than one report; false: there is none. */
static bool next_part(sc_pass *p, const sc_engine *e, uint32_t **ret, size_t *ret_n) {
    while (p->next < p->n_list) {
        uint32_t *from = p->list + p->next;
        size_t n = 0, kept = 0, items = 0;
        for (bool last = false; !last; n++) {
            last = from[n] & LAST_OF_PART;
            from[n] &= ~LAST_OF_PART;
            if (from[n] < e->groups.n && open_to_us(e, from[n])) { /* it may be gone since */
                items += e->groups.v[from[n]].n;
                from[kept++] = from[n];
            }
        }
        p->next += (uint32_t)n;
        if (items < 2) continue;
        *ret = from;
        *ret_n = kept;
        return true;
    }
    return false;
}

/* What speaks for an item's going to the group that `head` stands for: the members that are to be
 * there with it. */
static void explain(const sc_pass *p, const sc_engine *e, const planned *m, sc_why *ret) {
    const uint32_t *members = p->by.slots + p->by.from[m->head];
    const uint32_t n = p->by.from[m->head + 1] - p->by.from[m->head];
    const sc_score s = sc_state_score(e);
    const sc_query q = sc_score_query(&s, m->slot);
    sc_standing st = {.nearest = SC_GROUP_NONE, .probability = NAN};
    const uint32_t step = (n + WITNESSES - 1) / WITNESSES;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < n; i += step) {
        if (members[i] == m->slot) continue;
        sc_parts parts;
        sc_score_parts(&s, &q, members[i], &parts);
        st.conflict += (double)sc_score_conflict(&s, &q, members[i]);
        if (!seen || (double)parts.raw > st.best) {
            st.best = (double)parts.raw;
            st.nearest = members[i];
        }
        st.worst = seen ? SC_MIN(st.worst, (double)parts.raw) : (double)parts.raw;
        st.mean += (double)parts.raw;
        seen++;
    }
    if (seen) {
        st.mean /= seen;
        st.conflict /= seen;
        st.probability = sc_score_probability(&s, st.mean - st.conflict);
    }
    sc_standing_why(e, &q, &st, ret);
    ret->reason = m->reason;
}

static bool sort_by_head(const sc_average *a, byhead *b) {
    b->from = sc_alloc_array(a->n_nodes + 2u, sizeof *b->from);
    b->slots = sc_alloc_array(a->n, sizeof *b->slots);
    if (!b->from || !b->slots) return false;
    for (uint32_t i = 0; i < a->n; i++) b->from[a->head[i] + 2]++;
    for (uint32_t h = 1; h < a->n_nodes + 2u; h++) b->from[h] += b->from[h - 1];
    for (uint32_t i = 0; i < a->n; i++) b->slots[b->from[a->head[i] + 1]++] = a->slots[i];
    return true;
}

static sc_decision_reason reason_of(const sc_map *taken, uint32_t from, uint32_t target) {
    if (target == SC_GROUP_NONE) return SC_REASON_loosened;
    return sc_map_get(taken, from) == SC_MAP_NONE ? SC_REASON_consolidated : SC_REASON_linkage;
}

static bool plan_room(sc_pass *p, size_t n) {
    if (n <= p->cap_plan) return true;
    planned *v = sc_realloc_array(p->plan, n, sizeof *v);
    if (!v) return false;
    p->plan = v;
    p->cap_plan = n;
    return true;
}

/* From heads to moves. */
static sc_rc make_plan(sc_pass *p, const sc_engine *e, sc_err *err) {
    const sc_average *a = &p->average;
    SC_AUTO(sc_map_done) sc_map taken = {0};
    byhead *b = &p->by;
    const sc_regrouped r = {a->slots, NULL, a->head, a->n, a->n_nodes};
    p->target = sc_alloc_array(a->n_nodes, sizeof *p->target);
    if (!p->target || !sort_by_head(a, b) || !sc_claims_assign(e, &r, p->target, &taken))
        return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    size_t moving = 0;
    for (uint32_t i = 0; i < a->n; i++)
        moving += e->items.group[a->slots[i]] != p->target[a->head[i]];
    if (!plan_room(p, moving)) return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    p->n_plan = p->done_plan = 0;
    for (uint32_t h = 0; h < a->n_nodes; h++)
        for (uint32_t k = b->from[h]; k < b->from[h + 1]; k++) {
            uint32_t slot = b->slots[k], from = e->items.group[slot];
            if (from == p->target[h]) continue;
            p->plan[p->n_plan++] = (planned){slot, from, h, reason_of(&taken, from, p->target[h])};
        }
    return SC_OK;
}

/* A person may have changed something since the plan was made. */
static bool still_fits(const sc_pass *p, const sc_engine *e, const planned *m) {
    const uint32_t to = p->target[m->head];
    const sc_item *x = &e->items.v[m->slot];
    if (e->items.group[m->slot] != m->from || !open_to_us(e, m->from)) return false;
    if (to == SC_GROUP_NONE) return true;
    const sc_group *g = &e->groups.v[to];
    return to < e->groups.n && g->used && !sc_group_frozen(g) && !sc_rules_never(&e->rules, x, g) &&
           !sc_rules_apart(&e->rules, &e->groups.v[m->from], g);
}

/* ---- Thinking ------------------------------------------------------------------------------------- */

static sc_rc begin_anew(sc_pass *p, const sc_engine *e, sc_err *err) {
    drop_part(p);
    sc_settle_free(p->settled);
    p->settled = NULL;
    sc_graph_clear(&p->graph);
    p->layout = e->layout;
    p->at = SETTLE;
    if (sc_settle_fits(e)) {
        p->epoch_n = e->epoch.n;
        p->cut = e->epoch.cut;
        p->at = SCAN;
        return SC_OK;
    }
    return sc_settle_prepare(e, &p->settled, err);
}

static sc_rc end_of_scan(sc_pass *p, const sc_engine *e, sc_err *err) {
    const sc_score s = sc_state_score(e);
    p->n = e->items.n;
    sc_free(p->item_of);
    p->item_of = sc_alloc_array(p->n, sizeof *p->item_of);
    if (!p->has_accum) p->has_accum = sc_accum_init(&p->accum, &s);
    if (!p->item_of || !p->has_accum) return sc_fail(err, SC_NOMEM, "no memory to consolidate");
    p->at = PARTS;
    return SC_OK;
}

static sc_rc solve(sc_pass *p, const sc_engine *e, int64_t budget_us, sc_err *err) {
    bool solved = false;
    sc_rc rc = SC_OK;
    if (!p->solving) {
        uint32_t *groups;
        size_t n;
        drop_part(p);
        if (!next_part(p, e, &groups, &n)) {
            p->at = DONE;
            return SC_OK;
        }
        p->solving = true;
        rc = sc_average_init(&p->average, e, &p->graph, groups, n, p->item_of, &p->accum, err);
    }
    if (!rc) rc = sc_average_run(&p->average, budget_us, &solved, err);
    if (!rc && solved) {
        p->solving = false;
        rc = make_plan(p, e, err);
    }
    return rc;
}

static bool outdated(const sc_pass *p, const sc_engine *e) {
    return p->layout != e->layout ||
           (p->at > SETTLE &&
            (p->epoch_n != e->epoch.n || p->cut < e->epoch.cut || p->cut > e->epoch.cut));
}

static sc_rc think_once(sc_pass *p, const sc_engine *e, int64_t budget_us, sc_err *err) {
    switch (p->at) {
    case SETTLE: return p->settled ? SC_OK : begin_anew(p, e, err);
    case SCAN:
        return p->graph.n < e->items.n ? sc_graph_scan(&p->graph, e, err) : end_of_scan(p, e, err);
    case PARTS: p->at = SOLVE; return list_parts(p, e, err);
    case SOLVE: return solve(p, e, budget_us, err);
    case DONE: break;
    }
    return SC_OK;
}

static bool may_act(const sc_pass *p) {
    return (p->at == SETTLE && p->settled) || p->done_plan < p->n_plan;
}

sc_rc sc_pass_think(sc_pass *p, const sc_engine *e, int64_t budget_us, sc_pass_next *ret,
                    sc_err *err) {
    const int64_t until = budget_us ? sc_mono_us(e->clock) + budget_us : INT64_MAX;
    sc_rc rc = SC_OK;
    *ret = SC_PASS_THINK;
    if (outdated(p, e)) rc = begin_anew(p, e, err);
    while (!rc && !may_act(p) && p->at != DONE) {
        rc = think_once(p, e, budget_us, err);
        if (budget_us && sc_mono_us(e->clock) >= until) break;
    }
    if (rc) return rc;
    if (may_act(p))
        *ret = SC_PASS_ACT;
    else if (p->at == DONE)
        *ret = SC_PASS_DONE;
    return SC_OK;
}

/* ---- Acting --------------------------------------------------------------------------------------- */

static sc_rc move_some(sc_pass *p, sc_journal *j, size_t most, sc_err *err) {
    sc_engine *e = j->e;
    size_t moved = 0;
    for (; p->done_plan < p->n_plan && (!most || moved < most); p->done_plan++) {
        const planned *m = &p->plan[p->done_plan];
        if (!still_fits(p, e, m)) continue;
        sc_rc rc = SC_OK;
        if (p->target[m->head] == SC_GROUP_NONE) rc = sc_journal_open(j, &p->target[m->head], err);
        sc_why why;
        explain(p, e, m, &why);
        if (!rc) rc = sc_journal_move(j, m->slot, p->target[m->head], &why, err);
        if (rc) return rc;
        moved++;
    }
    p->stats.moves += moved;
    return SC_OK;
}

static sc_rc act(sc_pass *p, sc_journal *j, size_t most, sc_err *err) {
    sc_engine *e = j->e;
    if (p->at == SETTLE && p->settled) {
        if (p->layout == e->layout && e->items.n >= 1) sc_settle_apply(e, p->settled);
        sc_settle_free(p->settled);
        p->settled = NULL;
        p->epoch_n = e->epoch.n;
        p->cut = e->epoch.cut;
        p->at = SCAN;
        return SC_OK;
    }
    return p->layout == e->layout ? move_some(p, j, most, err) : SC_OK;
}

sc_rc sc_pass_act(sc_pass *p, sc_engine *e, size_t most, sc_arena *arena, sc_change *ret,
                  sc_err *err) {
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    sc_rc rc = act(p, &j, most, err);
    if (!rc) rc = sc_journal_end(&j, ret, err);
    if (rc) sc_journal_undo(&j);
    return rc;
}

sc_rc sc_engine_consolidate(sc_engine *e, size_t max_items, sc_arena *arena, sc_change *ret,
                            sc_err *err) {
    sc_journal j;
    sc_pass *p = NULL;
    sc_journal_begin(&j, e, arena);
    sc_pass_next next = SC_PASS_THINK;
    sc_rc rc = sc_pass_new(&p, err);
    while (!rc && next != SC_PASS_DONE && (!max_items || p->stats.moves < max_items)) {
        rc = sc_pass_think(p, e, 0, &next, err);
        if (!rc && next == SC_PASS_ACT) rc = act(p, &j, max_items, err);
    }
    sc_pass_free(p);
    if (!rc) rc = sc_journal_end(&j, ret, err);
    if (rc) sc_journal_undo(&j);
    return rc;
}
