#include "group/average.h"

#include <stdlib.h>

#include "group/bind.h"

enum { SAMPLE = 4096, CONFLICT_PAIRS = 64, CONFLICT_SIDE = 8 };

void sc_average_done(sc_average *a) {
    for (uint32_t i = 0; a->nodes && i < a->n; i++) sc_free(a->nodes[i].v);
    sc_free(a->nodes);
    sc_free(a->slots);
    sc_free(a->head);
    sc_free(a->next);
    sc_free(a->chain);
    sc_free(a->scratch);
    *a = (sc_average){0};
}

/* ---- Nodes ---------------------------------------------------------------------------------------- */

static sc_average_node *node_for(sc_average *a, uint32_t i, uint32_t first) {
    uint32_t *number = a->chain; /* free until the chain begins: first item -> node */
    if (first == i) {
        number[i] = a->n_nodes++;
        a->nodes[number[i]] =
            (sc_average_node){.head = number[i], .first = i, .last = i, .touched = SC_GROUP_NONE};
    } else {
        sc_average_node *x = &a->nodes[number[first]];
        a->next[x->last] = i;
        x->last = i;
    }
    a->next[i] = UINT32_MAX;
    a->scratch[i] = number[first];
    return &a->nodes[number[first]];
}

static void fill_nodes(sc_average *a) {
    const sc_engine *e = a->e;
    for (uint32_t i = 0; i < a->n;
         i++) { /* the smallest item of a node is its root: it comes first */
        sc_average_node *x = node_for(a, i, a->head[i]);
        const sc_item *it = &e->items.v[a->slots[i]];
        const sc_group *g = &e->groups.v[e->items.group[a->slots[i]]];
        x->size++;
        if (g->ruled || g->n_pinned) x->touched = e->items.group[a->slots[i]];
        x->nevers |= it->has_never;
        x->facets |= it->n_facets > 0;
    }
    if (a->n) memcpy(a->head, a->scratch, a->n * sizeof *a->head);
}

/* ---- Pairs of nodes ------------------------------------------------------------------------------- */

static bool never_meets(const sc_average *a, const sc_average_node *x, uint32_t group) {
    if (!x->nevers || group == SC_GROUP_NONE) return false;
    for (uint32_t i = x->first; i != UINT32_MAX; i = a->next[i])
        if (sc_rules_never(&a->e->rules, &a->e->items.v[a->slots[i]], &a->e->groups.v[group]))
            return true;
    return false;
}

/* Two clusters that a person has had a hand in are theirs to bring together. */
static bool forbidden(const sc_average *a, uint32_t x, uint32_t y) {
    const sc_average_node *p = &a->nodes[x], *q = &a->nodes[y];
    if (p->touched != SC_GROUP_NONE && q->touched != SC_GROUP_NONE && p->touched != q->touched)
        return true;
    return never_meets(a, p, q->touched) || never_meets(a, q, p->touched);
}

/* How many members apart the looked-at ones stand. */
static uint32_t stride(uint32_t size, uint32_t most) { return (size + most - 1) / most; }

static uint32_t skip(const sc_average *a, uint32_t i, uint32_t by) {
    for (; by && i != UINT32_MAX; by--) i = a->next[i];
    return i;
}

/* Mean contradiction of two nodes' reports. */
static double conflict(const sc_average *a, const sc_average_node *x, const sc_average_node *y) {
    if (!x->facets || !y->facets) return 0;
    const sc_score s = sc_state_score(a->e);
    const bool all = (uint64_t)x->size * y->size <= CONFLICT_PAIRS;
    const uint32_t by_x = all ? 1 : stride(x->size, CONFLICT_SIDE);
    const uint32_t by_y = all ? 1 : stride(y->size, CONFLICT_SIDE);
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t i = x->first; i != UINT32_MAX; i = skip(a, i, by_x)) {
        const sc_query p = sc_score_query(&s, a->slots[i]);
        for (uint32_t k = y->first; k != UINT32_MAX; k = skip(a, k, by_y), n++)
            sum += (double)sc_score_conflict(&s, &p, a->slots[k]);
    }
    return sum / n;
}

/* The sum over all pairs of x and y; `accum` holds x. */
static float against(const sc_average *a, const sc_average_node *x, const sc_average_node *y) {
    const sc_score s = sc_state_score(a->e);
    const uint32_t by = stride(y->size, SAMPLE);
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t i = y->first; i != UINT32_MAX; i = skip(a, i, by), n++)
        sum += sc_accum_dot(a->accum, &s, a->slots[i]);
    const double pairs = (double)x->size * y->size;
    return (float)(sum / ((double)a->accum->n * n) * pairs - conflict(a, x, y) * pairs);
}

static uint32_t take_up(sc_average *a, const sc_average_node *x) {
    const sc_score s = sc_state_score(a->e);
    const uint32_t by = stride(x->size, SAMPLE);
    uint32_t n = 0;
    for (uint32_t i = x->first; i != UINT32_MAX; i = skip(a, i, by)) {
        a->scratch[n++] = a->slots[i];
        sc_accum_add(a->accum, &s, a->slots[i]);
    }
    return n;
}

static void put_down(sc_average *a, uint32_t n) {
    const sc_score s = sc_state_score(a->e);
    sc_accum_clear(a->accum, &s, a->scratch, n);
}

/* ---- Lists of near nodes -------------------------------------------------------------------------- */

static uint32_t place_in(const sc_average_node *x, uint32_t node) {
    uint32_t lo = 0, hi = x->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (x->v[mid].node < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void leave_out(sc_average_node *x, uint32_t node) {
    uint32_t at = place_in(x, node);
    if (at == x->n || x->v[at].node != node) return;
    memmove(x->v + at, x->v + at + 1, (x->n - at - 1) * sizeof *x->v);
    x->n--;
}

static bool list_room(sc_average_node *x, uint32_t n) {
    if (n <= x->cap) return true;
    uint32_t cap = n + n / 2 + 2;
    sc_average_near *v = sc_realloc_array(x->v, cap, sizeof *v);
    if (!v) return false;
    x->v = v;
    x->cap = cap;
    return true;
}

static bool put_in(sc_average_node *x, uint32_t node, float sum) {
    uint32_t at = place_in(x, node);
    if (at < x->n && x->v[at].node == node) {
        x->v[at].sum = sum;
        return true;
    }
    if (!list_room(x, x->n + 1)) return false;
    memmove(x->v + at + 1, x->v + at, (x->n - at) * sizeof *x->v);
    x->v[at] = (sc_average_near){node, sum};
    x->n++;
    return true;
}

static float mean(const sc_average *a, uint32_t x, const sc_average_near *y) {
    return y->sum / ((float)a->nodes[x].size * (float)a->nodes[y->node].size);
}

/* ---- From the graph's edges ----------------------------------------------------------------------- */

static int by_node(const void *pa, const void *pb) {
    const sc_average_near *a = pa, *b = pb;
    return (a->node > b->node) - (a->node < b->node);
}

typedef struct edge {
    uint32_t a, b; /* nodes */
    float raw;
} edge;

/* The graph's edges among our items. */
static bool next_edge(const sc_average *a, const sc_graph *g, const uint32_t *item_of, uint32_t i,
                      size_t *at, edge *ret) {
    const uint32_t slot = a->slots[i];
    for (size_t k = g->from[slot] + *at; k < g->from[slot + 1]; k++) {
        uint32_t other = item_of[g->edges[k].slot];
        *at = k - g->from[slot] + 1;
        if (other >= a->n || a->slots[other] != g->edges[k].slot) continue;
        *ret = (edge){a->head[i], a->head[other], g->edges[k].raw};
        if (ret->a != ret->b) return true;
    }
    return false;
}

static bool gather(sc_average *a, const sc_graph *g, const uint32_t *item_of) {
    edge x;
    for (int turn = 0; turn < 2; turn++) { /* count, then fill */
        for (uint32_t i = 0; i < a->n; i++)
            for (size_t at = 0; next_edge(a, g, item_of, i, &at, &x);) {
                sc_average_node *p = &a->nodes[x.a], *q = &a->nodes[x.b];
                if (turn) {
                    p->v[p->n] = (sc_average_near){x.b, x.raw};
                    q->v[q->n] = (sc_average_near){x.a, x.raw};
                }
                p->n++;
                q->n++;
            }
        for (uint32_t u = 0; !turn && u < a->n_nodes; u++) {
            if (!list_room(&a->nodes[u], a->nodes[u].n)) return false;
            a->nodes[u].n = 0;
        }
    }
    return true;
}

/* One entry a pair, with the sum over all of it, and none that cannot be joined. */
static void clean(sc_average *a) {
    const float cut = a->e->epoch.cut;
    for (uint32_t u = 0; u < a->n_nodes; u++) {
        sc_average_node *x = &a->nodes[u];
        if (x->n) qsort(x->v, x->n, sizeof *x->v, by_node);
        uint32_t kept = 0, held = 0;
        for (uint32_t k = 0; k < x->n; k++) {
            const uint32_t y = x->v[k].node;
            if (k && x->v[k - 1].node == y) continue;
            float sum = x->v[k].sum;
            if (forbidden(a, u, y)) continue;
            if (x->size > 1 || a->nodes[y].size > 1) {
                if (y < u) { /* it has been computed from there, and must be the same number */
                    const sc_average_node *other = &a->nodes[y];
                    uint32_t at = place_in(other, u);
                    if (at == other->n || other->v[at].node != u) continue;
                    sum = other->v[at].sum;
                } else {
                    if (!held) held = take_up(a, x);
                    sum = against(a, x, &a->nodes[y]);
                }
            }
            const sc_average_near near = {y, sum};
            if (mean(a, u, &near) >= cut) x->v[kept++] = near;
        }
        if (held) put_down(a, held);
        x->n = kept;
    }
}

sc_rc sc_average_init(sc_average *a, const sc_engine *e, const sc_graph *g, const uint32_t *groups,
                      size_t n, uint32_t *item_of, sc_accum *accum, sc_err *err) {
    *a = (sc_average){.e = e, .accum = accum};
    size_t items = 0;
    for (size_t i = 0; i < n; i++) items += e->groups.v[groups[i]].n;
    const sc_score s = sc_state_score(e);
    a->slots = sc_alloc_array(items, sizeof *a->slots);
    a->head = sc_alloc_array(items, sizeof *a->head);
    a->next = sc_alloc_array(items, sizeof *a->next);
    a->chain = sc_alloc_array(items, sizeof *a->chain);
    a->scratch = sc_alloc_array(items, sizeof *a->scratch);
    a->nodes = sc_alloc_array(items, sizeof *a->nodes);
    if (!a->slots || !a->head || !a->next || !a->chain || !a->scratch || !a->nodes ||
        !sc_accum_fit(accum, &s))
        return sc_fail(err, SC_NOMEM, "no memory to group %zu reports anew", items);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < e->groups.v[groups[i]].n; k++) {
            const uint32_t slot = e->groups.v[groups[i]].members[k];
            if (slot >= g->n) continue; /* it came since */
            item_of[slot] = a->n;
            a->slots[a->n++] = slot;
        }
    if (!sc_bind(e, a->slots, a->n, SC_GROUP_NONE, a->head))
        return sc_fail(err, SC_NOMEM, "no memory to group reports anew");
    fill_nodes(a);
    if (!gather(a, g, item_of)) return sc_fail(err, SC_NOMEM, "no memory to group reports anew");
    clean(a);
    return SC_OK;
}

/* ---- The chain ------------------------------------------------------------------------------------ */

/* `prefer` wins a tie, so that the chain ends. */
static uint32_t nearest(const sc_average *a, uint32_t x, uint32_t prefer) {
    const sc_average_node *p = &a->nodes[x];
    uint32_t best = UINT32_MAX;
    float most = 0;
    for (uint32_t k = 0; k < p->n; k++) {
        float m = mean(a, x, &p->v[k]);
        if (best == UINT32_MAX || m > most || (m == most && p->v[k].node == prefer)) {
            most = m;
            best = p->v[k].node;
        }
    }
    return best;
}

/* Fills in, for each near node of `of` that is none of x's, what the sum with x is: the list then has
 * the sum with both. */
static void complete(sc_average *a, uint32_t x, uint32_t of, sc_average_near *out) {
    const sc_average_node *p = &a->nodes[x], *q = &a->nodes[of];
    uint32_t held = 0;
    for (uint32_t k = 0; k < q->n; k++) {
        const uint32_t y = q->v[k].node;
        out[k] = q->v[k];
        if (y == x) continue;
        uint32_t at = place_in(p, y);
        if (at < p->n && p->v[at].node == y) {
            out[k].sum += p->v[at].sum;
        } else if (forbidden(a, x, y)) {
            out[k].sum = SC_LINKAGE_NEVER;
        } else {
            if (!held) held = take_up(a, p);
            out[k].sum += against(a, p, &a->nodes[y]);
        }
    }
    if (held) put_down(a, held);
}

/* y goes into x. */
static bool join(sc_average *a, uint32_t x, uint32_t y) {
    sc_average_node *p = &a->nodes[x], *q = &a->nodes[y];
    const uint32_t n_p = p->n, n_q = q->n;
    SC_AUTO(sc_auto_free) sc_average_near *all = sc_alloc_array((size_t)n_p + n_q, sizeof *all);
    if (!all) return false;
    complete(a, y, x, all);       /* x's near nodes, with y's part   */
    complete(a, x, y, all + n_p); /* y's, with x's part              */
    const float cut = a->e->epoch.cut;
    a->next[p->last] = q->first;
    p->last = q->last;
    p->size += q->size;
    if (p->touched == SC_GROUP_NONE) p->touched = q->touched;
    p->nevers |= q->nevers;
    p->facets |= q->facets;
    q->head = x;
    p->n = q->n = 0;
    qsort(all, (size_t)n_p + n_q, sizeof *all, by_node);
    for (uint32_t k = 0; k < n_p + n_q; k++) {
        const uint32_t z = all[k].node;
        if (z == x || z == y) continue;
        if (k && all[k - 1].node == z) continue;
        leave_out(&a->nodes[z], y);
        if (all[k].sum > SC_LINKAGE_NEVER / 2 && mean(a, x, &all[k]) >= cut) {
            if (!list_room(p, p->n + 1) || !put_in(&a->nodes[z], x, all[k].sum)) return false;
            p->v[p->n++] = all[k];
        } else {
            leave_out(&a->nodes[z], x);
        }
    }
    sc_free(q->v);
    q->v = NULL;
    q->cap = 0;
    return true;
}

static void push(sc_average *a, uint32_t x) {
    a->chain[a->n_chain++] = x;
    a->nodes[x].chained = true;
}

static void pop(sc_average *a) { a->nodes[a->chain[--a->n_chain]].chained = false; }

/* One look at the end of the chain; false: out of memory. */
static bool go_on(sc_average *a) {
    const uint32_t top = a->chain[a->n_chain - 1];
    const uint32_t before = a->n_chain > 1 ? a->chain[a->n_chain - 2] : UINT32_MAX;
    const uint32_t near = nearest(a, top, before);
    if (near == UINT32_MAX) { /* by reducibility nothing will ever be near again */
        a->nodes[top].ended = true;
        pop(a);
    } else if (near == before) {
        pop(a);
        pop(a);
        /* The one with the longer list stays: the other's is gone through. */
        const bool keep_top = a->nodes[top].n > a->nodes[near].n ||
                              (a->nodes[top].n == a->nodes[near].n && top < near);
        return join(a, keep_top ? top : near, keep_top ? near : top);
    } else if (a->nodes[near].chained) { /* rounding, or a sample, made the chain turn back */
        while (a->chain[a->n_chain - 1] != near) pop(a);
    } else {
        push(a, near);
    }
    return true;
}

static bool is_over(const sc_average_node *x, uint32_t number) {
    return x->ended || x->head != number;
}

static uint32_t head_of(sc_average *a, uint32_t x) {
    while (a->nodes[x].head != x) x = a->nodes[x].head = a->nodes[a->nodes[x].head].head;
    return x;
}

sc_rc sc_average_run(sc_average *a, int64_t budget_us, bool *ret_done, sc_err *err) {
    const int64_t until = budget_us ? sc_mono_us(a->e->clock) + budget_us : INT64_MAX;
    const sc_score s = sc_state_score(a->e);
    *ret_done = false;
    if (!sc_accum_fit(a->accum, &s)) return sc_fail(err, SC_NOMEM, "no memory to group anew");
    do {
        while (!a->n_chain && a->seed < a->n_nodes && is_over(&a->nodes[a->seed], a->seed))
            a->seed++;
        if (!a->n_chain && a->seed == a->n_nodes) {
            for (uint32_t i = 0; i < a->n; i++) a->head[i] = head_of(a, a->head[i]);
            *ret_done = true;
            return SC_OK;
        }
        if (!a->n_chain) push(a, a->seed);
        if (!go_on(a)) return sc_fail(err, SC_NOMEM, "no memory to group reports anew");
    } while (budget_us == 0 || sc_mono_us(a->e->clock) < until);
    return SC_OK;
}
