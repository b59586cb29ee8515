#include "group/review.h"

#include <math.h>
#include <stdlib.h>

#include "group/bind.h"
#include "group/linkage.h"
#include "group/state.h"

enum {
    ASKED = 4,         /* reports of a cluster that look for neighbours       */
    NEAR = 6,          /* clusters that are then looked at closely            */
    PAIR_ITEMS = 64,   /* reports of a cluster that a pair is judged by       */
    SPLIT_ITEMS = 400, /* a larger cluster is not looked at for a split       */
    SUGGESTIONS = 100, /* a page ends at about so many                         */
    BUDGET_US = 250000 /* ... or after so long, wherever it is                 */
};

static const double STRICT = 1.15; /* times the cut: what a split's parts fail to reach */

typedef struct review {
    const sc_engine *e;
    sc_arena *arena;
    int32_t *dots; /* items */
    float *raw;
    float *sums;  /* groups */
    bool any_age; /* merges with newer clusters, too: they are not looked at by themselves */
    sc_review *out;
    size_t cap;
} review;

static sc_rc no_memory(sc_err *err) {
    return sc_fail(err, SC_NOMEM, "no memory to look for what to tidy");
}

static bool usable(const sc_group *g) { return g->used && g->n && !sc_group_frozen(g); }

static bool older(const sc_engine *e, uint32_t a, uint32_t b) {
    return memcmp(e->groups.v[a].id, e->groups.v[b].id, 16) < 0;
}

static uint32_t stride(uint32_t n, uint32_t most) { return (n + most - 1) / most; }

/* ---- Two parts ------------------------------------------------------------------------------------ */

typedef struct part {
    const uint32_t *slots;
    uint32_t n;
} part;

/* The evidence between two parts; the nearer pair speaks for both. */
static void compare(const sc_engine *e, part a, part b, sc_review_item *ret) {
    const sc_score s = sc_state_score(e);
    double sum = 0, conflict = 0, best = -INFINITY, worst = INFINITY;
    uint32_t n = 0, x = 0, y = 0;
    const uint32_t by_a = stride(a.n, PAIR_ITEMS), by_b = stride(b.n, PAIR_ITEMS);
    for (uint32_t i = 0; i < a.n; i += by_a) {
        const sc_query q = sc_score_query(&s, a.slots[i]);
        for (uint32_t k = 0; k < b.n; k += by_b, n++) {
            sc_parts p;
            sc_score_parts(&s, &q, b.slots[k], &p);
            sum += (double)p.raw;
            conflict += (double)sc_score_conflict(&s, &q, b.slots[k]);
            worst = SC_MIN(worst, (double)p.raw);
            if ((double)p.raw <= best) continue;
            best = (double)p.raw;
            x = a.slots[i];
            y = b.slots[k];
        }
    }
    const sc_query q = sc_score_query(&s, x);
    const sc_standing st = {.nearest = y,
                            .mean = sum / n,
                            .best = best,
                            .worst = worst,
                            .conflict = conflict / n,
                            .probability = sc_score_probability(&s, (sum - conflict) / n)};
    sc_why why;
    sc_standing_why(e, &q, &st, &why);
    ret->evidence = why.evidence;
    memcpy(ret->shared, why.shared, sizeof ret->shared);
    ret->here = e->items.v[x].key;
    ret->there = e->items.v[y].key;
}

/* ---- Merges --------------------------------------------------------------------------------------- */

static bool any_never(const sc_engine *e, uint32_t from, uint32_t to) {
    const sc_group *g = &e->groups.v[from];
    for (uint32_t i = 0; e->groups.v[to].ruled && i < g->n; i++)
        if (sc_rules_never(&e->rules, &e->items.v[g->members[i]], &e->groups.v[to])) return true;
    return false;
}

static bool judge_pair(const sc_engine *e, uint32_t a, uint32_t b, sc_review_item *ret) {
    const uint32_t to = older(e, a, b) ? a : b, from = to == a ? b : a;
    const sc_group *x = &e->groups.v[to], *y = &e->groups.v[from];
    if (!usable(x) || !usable(y) || sc_rules_apart(&e->rules, x, y)) return false;
    if (any_never(e, from, to) || any_never(e, to, from)) return false;
    *ret = (sc_review_item){.kind = SC_REVIEW_MERGE,
                            .cluster = sc_groups_id(&e->groups, to),
                            .other = sc_groups_id(&e->groups, from),
                            .count = x->n,
                            .other_count = y->n,
                            .pinned = x->n_pinned,
                            .other_pinned = y->n_pinned};
    compare(e, (part){x->members, x->n}, (part){y->members, y->n}, ret);
    ret->id = sc_hash64(x->id, 16, sc_hash64(y->id, 16, 7));
    return ret->evidence.probability >= (double)e->profile->suggest;
}

sc_rc sc_review_pair(const sc_engine *e, const sc_id *a, const sc_id *b, sc_arena *arena,
                     sc_review_item *ret, size_t *ret_n, sc_err *err) {
    (void)arena;
    const uint32_t x = sc_groups_find_id(&e->groups, a), y = sc_groups_find_id(&e->groups, b);
    if (x == SC_GROUP_NONE || y == SC_GROUP_NONE || x == y)
        return sc_fail(err, SC_NOT_FOUND, "one of the issues is not known any more");
    *ret_n = judge_pair(e, x, y, ret);
    return SC_OK;
}

static sc_rc put(review *r, const sc_review_item *item, sc_err *err) {
    if (r->out->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 32;
        sc_review_item *v = sc_arena_take_array(r->arena, cap, sizeof *v);
        if (!v) return no_memory(err);
        if (r->out->n) memcpy(v, r->out->items, r->out->n * sizeof *v);
        r->out->items = v;
        r->cap = cap;
    }
    r->out->items[r->out->n++] = *item;
    return SC_OK;
}

/* The clusters most similar to some reports of g. */
static size_t near_groups(review *r, uint32_t g, uint32_t ret[NEAR]) {
    const sc_engine *e = r->e;
    const sc_score s = sc_state_score(e);
    const sc_group *x = &e->groups.v[g];
    float means[NEAR];
    size_t n = 0;
    memset(r->sums, 0, e->groups.n * sizeof *r->sums);
    for (uint32_t i = 0; i < x->n; i += stride(x->n, ASKED)) {
        const sc_query q = sc_score_query(&s, x->members[i]);
        sc_score_all(&s, &q, r->dots, r->raw);
        for (uint32_t k = 0; k < e->items.n; k++)
            if (e->items.group[k] != SC_GROUP_NONE) r->sums[e->items.group[k]] += r->raw[k];
    }
    for (uint32_t k = 0; k < e->groups.n; k++) {
        if (k == g || !usable(&e->groups.v[k]) || r->sums[k] <= 0) continue;
        if (!r->any_age && !older(e, k, g)) continue;
        const float mean = r->sums[k] / (float)e->groups.v[k].n;
        size_t at = n;
        while (at > 0 && means[at - 1] < mean) at--;
        if (at == NEAR) continue;
        if (n < NEAR) n++;
        for (size_t i = n - 1; i > at; i--) {
            means[i] = means[i - 1];
            ret[i] = ret[i - 1];
        }
        means[at] = mean;
        ret[at] = k;
    }
    return n;
}

static sc_rc look_for_merges(review *r, uint32_t g, sc_err *err) {
    uint32_t near[NEAR];
    const size_t n = near_groups(r, g, near);
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        sc_review_item item;
        if (judge_pair(r->e, g, near[i], &item)) rc = put(r, &item, err);
    }
    return rc;
}

/* ---- Splits --------------------------------------------------------------------------------------- */

typedef struct matrix {
    sc_linkage l;
    uint32_t *node_of;
    uint32_t n_nodes;
} matrix;

static void matrix_done(matrix *m) {
    sc_free(m->l.sum);
    sc_free(m->l.size);
    sc_free(m->l.head);
    sc_free(m->l.work);
    sc_free(m->node_of);
}

static bool matrix_fill(matrix *m, const sc_engine *e, const sc_group *g) {
    m->node_of = sc_alloc_array(g->n, sizeof *m->node_of);
    if (!m->node_of || !sc_bind(e, g->members, g->n, SC_GROUP_NONE, m->node_of)) return false;
    for (uint32_t i = 0; i < g->n; i++)
        m->node_of[i] = m->node_of[i] == i ? m->n_nodes++ : m->node_of[m->node_of[i]];
    const uint32_t n = m->l.n = m->n_nodes;
    m->l.sum = sc_alloc_array((size_t)n * n, sizeof *m->l.sum);
    m->l.size = sc_alloc_array(n, sizeof *m->l.size);
    m->l.head = sc_alloc_array(n, sizeof *m->l.head);
    m->l.work = sc_alloc_array(n, 2 * sizeof *m->l.work);
    if (!m->l.sum || !m->l.size || !m->l.head || !m->l.work) return false;
    const sc_score s = sc_state_score(e);
    for (uint32_t i = 0; i < g->n; i++) {
        const sc_query q = sc_score_query(&s, g->members[i]);
        m->l.size[m->node_of[i]]++;
        for (uint32_t k = 0; k < i; k++) {
            const uint32_t a = m->node_of[i], b = m->node_of[k];
            sc_parts p;
            if (a == b) continue;
            sc_score_parts(&s, &q, g->members[k], &p);
            m->l.sum[(size_t)a * n + b] += p.raw;
            m->l.sum[(size_t)b * n + a] += p.raw;
        }
    }
    return true;
}

/* The head of the largest part: it stays. */
static uint32_t largest(const matrix *m, const sc_group *g, uint32_t *count) {
    uint32_t best = 0;
    memset(count, 0, m->n_nodes * sizeof *count);
    for (uint32_t i = 0; i < g->n; i++) count[m->l.head[m->node_of[i]]]++;
    for (uint32_t h = 1; h < m->n_nodes; h++)
        if (count[h] > count[best]) best = h;
    return best;
}

/* The largest of the other parts would leave. false: it all hangs together, or is not looked at. */
static bool find_part(const matrix *m, const sc_group *g, uint32_t *stay, uint32_t *leave, part *a,
                      part *b) {
    uint32_t *count = m->l.work; /* free now */
    const uint32_t keep = largest(m, g, count);
    uint32_t go = UINT32_MAX;
    for (uint32_t h = 0; h < m->n_nodes; h++)
        if (h != keep && count[h] && (go == UINT32_MAX || count[h] > count[go])) go = h;
    if (go == UINT32_MAX || count[go] > SC_REVIEW_LEAVING) return false;
    *a = (part){stay, 0};
    *b = (part){leave, 0};
    for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t h = m->l.head[m->node_of[i]];
        if (h == go)
            leave[b->n++] = g->members[i];
        else
            stay[a->n++] = g->members[i];
    }
    return true;
}

static sc_rc judge_split(const sc_engine *e, uint32_t at, sc_arena *arena, sc_review_item *ret,
                         bool *ret_found, sc_err *err) {
    const sc_group *g = &e->groups.v[at];
    *ret_found = false;
    if (!usable(g) || g->n < 2 || g->n > SPLIT_ITEMS || g->ruled) return SC_OK;
    SC_AUTO(matrix_done) matrix m = {0};
    SC_AUTO(sc_auto_free) uint32_t *slots = sc_alloc_array(2 * (size_t)g->n, sizeof *slots);
    if (!slots || !matrix_fill(&m, e, g)) return no_memory(err);
    sc_linkage_run(&m.l, (float)((double)e->epoch.cut * STRICT));
    part a, b;
    if (!find_part(&m, g, slots, slots + g->n, &a, &b)) return SC_OK;
    *ret = (sc_review_item){.kind = SC_REVIEW_SPLIT,
                            .cluster = sc_groups_id(&e->groups, at),
                            .count = g->n,
                            .other_count = b.n,
                            .n_leaving = b.n};
    compare(e, a, b, ret);
    sc_cluster_view v;
    sc_rc rc = sc_engine_view(e, &ret->cluster, &v, err);
    if (rc) return rc;
    ret->cohesion = v.cohesion_mean;
    if (!(ret->leaving = sc_arena_take_array(arena, b.n, sizeof *ret->leaving)))
        return no_memory(err);
    ret->id = sc_hash64(g->id, 16, 11);
    for (uint32_t i = 0; i < b.n; i++) {
        ret->leaving[i] = e->items.v[b.slots[i]].key;
        ret->id = sc_hash64(&ret->leaving[i], sizeof(int64_t), ret->id);
    }
    *ret_found = true;
    return SC_OK;
}

sc_rc sc_review_split(const sc_engine *e, const sc_id *cluster, sc_arena *arena,
                      sc_review_item *ret, size_t *ret_n, sc_err *err) {
    const uint32_t g = sc_groups_find_id(&e->groups, cluster);
    bool found = false;
    if (g == SC_GROUP_NONE) return sc_fail(err, SC_NOT_FOUND, "the issue is not known any more");
    sc_rc rc = judge_split(e, g, arena, ret, &found, err);
    if (!rc) *ret_n = found;
    return rc;
}

/* ---- Pages ---------------------------------------------------------------------------------------- */

static int newest_first(const void *pa, const void *pb, void *pe) {
    const sc_engine *e = pe;
    return -memcmp(e->groups.v[*(const uint32_t *)pa].id, e->groups.v[*(const uint32_t *)pb].id,
                   16);
}

static size_t list_after(const sc_engine *e, const sc_id *after, uint32_t *list) {
    unsigned char id[16];
    const bool all = !after || !sc_id_is_set(after) || !sc_id_to_bytes(after, id);
    size_t n = 0;
    for (uint32_t g = 0; g < e->groups.n; g++)
        if (usable(&e->groups.v[g]) && (all || memcmp(e->groups.v[g].id, id, 16) < 0))
            list[n++] = g;
    qsort_r(list, n, sizeof *list, newest_first, (void *)(uintptr_t)e);
    return n;
}

static sc_rc look_at(review *r, uint32_t g, sc_err *err) {
    sc_review_item split;
    bool found;
    sc_rc rc = judge_split(r->e, g, r->arena, &split, &found, err);
    if (!rc && found) rc = put(r, &split, err);
    return rc ? rc : look_for_merges(r, g, err);
}

static void review_done(review *r) {
    sc_free(r->dots);
    sc_free(r->raw);
    sc_free(r->sums);
}

static sc_rc review_begin(review *r, sc_err *err) {
    *r->out = (sc_review){.n = 0};
    r->dots = sc_alloc_array(r->e->items.n, sizeof *r->dots);
    r->raw = sc_alloc_array(r->e->items.n, sizeof *r->raw);
    r->sums = sc_alloc_array(r->e->groups.n, sizeof *r->sums);
    return r->dots && r->raw && r->sums ? SC_OK : no_memory(err);
}

sc_rc sc_review_one(const sc_engine *e, const sc_id *cluster, sc_arena *arena, sc_review *ret,
                    sc_err *err) {
    SC_AUTO(review_done) review r = {.e = e, .arena = arena, .any_age = true, .out = ret};
    sc_rc rc = review_begin(&r, err);
    if (rc) return rc;
    const uint32_t g = sc_groups_find_id(&e->groups, cluster);
    if (g == SC_GROUP_NONE) return sc_fail(err, SC_NOT_FOUND, "the issue is not known any more");
    ret->looked = 1;
    return usable(&e->groups.v[g]) ? look_at(&r, g, err) : SC_OK;
}

sc_rc sc_review_page(const sc_engine *e, const sc_id *after, size_t most, sc_arena *arena,
                     sc_review *ret, sc_err *err) {
    SC_AUTO(review_done) review r = {.e = e, .arena = arena, .out = ret};
    SC_AUTO(sc_auto_free) uint32_t *list = sc_alloc_array(e->groups.n, sizeof *list);
    sc_rc rc = list ? review_begin(&r, err) : no_memory(err);
    if (rc) return rc;
    const size_t n = list_after(e, after, list);
    const int64_t until = sc_mono_us(e->clock) + BUDGET_US;
    while (!rc && ret->looked < SC_MIN(n, most)) {
        rc = look_at(&r, list[ret->looked++], err);
        if (sc_mono_us(e->clock) > until || ret->n >= SUGGESTIONS) break;
    }
    if (!rc && ret->looked < n) ret->next = sc_groups_id(&e->groups, list[ret->looked - 1]);
    return rc;
}

void sc_review_count(const sc_engine *e, sc_review_sizes *ret) {
    *ret = (sc_review_sizes){.items = e->items.n, .clusters = e->groups.n_filled};
    for (uint32_t g = 0; g < e->groups.n; g++) {
        ret->singletons += e->groups.v[g].n == 1;
        ret->largest = SC_MAX(ret->largest, (size_t)e->groups.v[g].n);
    }
}
