/* How one item stands to a group: the evidence, and what it is worth. */
#include <math.h>

#include "group/state.h"

/* Conflicts are looked for among this many members, evenly spread. */
enum { CONFLICT_SAMPLE = 8 };

static double conflict_with(const sc_engine *e, const sc_query *q, const sc_group *g) {
    if (!q->n_facets) return 0;
    const sc_score s = sc_state_score(e);
    uint32_t step = g->n / CONFLICT_SAMPLE + 1, seen = 0;
    double sum = 0;
    for (uint32_t i = 0; i < g->n; i += step) {
        if (g->members[i] == q->slot) continue;
        sum += (double)sc_score_conflict(&s, q, g->members[i]);
        seen++;
    }
    return seen ? sum / seen : 0;
}

static void take(sc_standing *st, uint32_t slot, double raw, uint32_t *n) {
    if (!*n || raw > st->best) {
        st->best = raw;
        st->nearest = slot;
    }
    if (!*n || raw < st->worst) st->worst = raw;
    st->mean += raw;
    ++*n;
}

static void judge(const sc_engine *e, const sc_query *q, sc_standing *st, uint32_t n) {
    const sc_score s = sc_state_score(e);
    if (!n) return;
    st->mean /= n;
    st->conflict = conflict_with(e, q, &e->groups.v[st->group]);
    double w = (double)e->profile->best_weight;
    double x = (1 - w) * st->mean + w * st->best - st->conflict;
    st->probability = sc_score_probability(&s, x);
}

sc_standing sc_standing_of(const sc_engine *e, const sc_query *q, const sc_raws *raws,
                           uint32_t group) {
    const sc_group *g = &e->groups.v[group];
    sc_standing st = {.group = group, .nearest = SC_GROUP_NONE};
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n; i++)
        if (g->members[i] != q->slot)
            take(&st, g->members[i], (double)sc_raw_of(raws, g->members[i]), &n);
    judge(e, q, &st, n);
    return st;
}

sc_standing sc_standing_slow(const sc_engine *e, const sc_query *q, uint32_t group, uint32_t most) {
    const sc_group *g = &e->groups.v[group];
    const sc_score s = sc_state_score(e);
    sc_standing st = {.group = group, .nearest = SC_GROUP_NONE};
    const uint32_t step = SC_MAX(1, g->n / most + (g->n % most > 0));
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n; i += step) {
        if (g->members[i] == q->slot) continue;
        sc_parts p;
        sc_score_parts(&s, q, g->members[i], &p);
        take(&st, g->members[i], (double)p.raw, &n);
    }
    judge(e, q, &st, n);
    return st;
}

/* The rarest words that both hold. */
static void shared_words(const sc_engine *e, const sc_query *q, uint32_t slot, uint32_t ret[6]) {
    const sc_item *x = &e->items.v[slot];
    const sc_score s = sc_state_score(e);
    float idf[6];
    unsigned n = 0;
    memset(ret, 0, 6 * sizeof *ret);
    for (unsigned i = 0; i < q->count[SC_TERM_WORD]; i++) {
        uint32_t id = q->feats[i] >> SC_TERM_TF_BITS;
        bool both = false;
        for (unsigned k = 0; k < x->count[SC_TERM_WORD] && !both; k++)
            both = x->feats[k] >> SC_TERM_TF_BITS == id;
        if (!both) continue;
        float w = sc_score_idf(&s, id);
        unsigned at = n;
        while (at > 0 && idf[at - 1] < w) at--;
        if (at == 6) continue;
        if (n < 6) n++;
        for (unsigned k = n - 1; k > at; k--) {
            idf[k] = idf[k - 1];
            ret[k] = ret[k - 1];
        }
        idf[at] = w;
        ret[at] = (uint32_t)e->terms.v[id].key;
    }
}

void sc_standing_why(const sc_engine *e, const sc_query *q, const sc_standing *st, sc_why *ret) {
    const sc_score s = sc_state_score(e);
    ret->nearest = st->nearest;
    ret->evidence = (sc_evidence){.probability = st->probability,
                                  .mean = NAN,
                                  .best = NAN,
                                  .worst = NAN,
                                  .semantic = NAN,
                                  .lexical = NAN,
                                  .title = NAN,
                                  .stack = NAN};
    memset(ret->shared, 0, sizeof ret->shared);
    if (st->nearest == SC_GROUP_NONE) return;
    sc_parts p;
    sc_score_parts(&s, q, st->nearest, &p);
    ret->evidence.mean = sc_score_shown(&s, st->mean);
    ret->evidence.best = sc_score_shown(&s, st->best);
    ret->evidence.worst = sc_score_shown(&s, st->worst);
    ret->evidence.semantic = (double)p.vec;
    ret->evidence.lexical = (double)p.word;
    ret->evidence.title = (double)p.title;
    ret->evidence.stack = (double)p.frame;
    ret->evidence.conflict = st->conflict > 0;
    shared_words(e, q, st->nearest, ret->shared);
}

/* A step that comes to every member before any comes again, and spreads those of any beginning evenly:
 * near the golden section of n, without a factor in common with it. */
static uint32_t even_step(uint32_t n) {
    for (uint32_t step = (uint32_t)(0.618034 * n); step > 1; step--) {
        uint32_t a = n, b = step; /* Euclid's */
        while (b) {
            const uint32_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return step;
    }
    return 1;
}

/* n values of this sum and sum of squares leave no doubt that the mean of all is below `least`. */
static bool clearly_below(double sum, double squares, uint32_t n, double least) {
    static const double errors = 4;
    const double mean = sum / n, variance = SC_MAX(0.0, squares / n - mean * mean);
    return mean + errors * sqrt(variance / n) < least;
}

double sc_state_linkage(const sc_engine *e, const sc_accum *a, uint32_t other, double least) {
    enum { FEW = 32 };
    const sc_group *g = &e->groups.v[other];
    const sc_score s = sc_state_score(e);
    if (!a->n || !g->n) return 0;
    const uint32_t step = even_step(g->n);
    uint32_t look = FEW, at = 0, ahead = (uint32_t)((uint64_t)step * SC_ITEMS_AHEAD % g->n);
    double sum = 0, squares = 0;
    for (uint32_t n = 0; n < g->n; n++) {
        if (n == look) {
            if (clearly_below(sum, squares, n, least)) return sum / n;
            look *= 2;
        }
        sc_items_fetch(&e->items, g->members[ahead]);
        const double x = sc_accum_dot(a, &s, g->members[at]) / a->n;
        sum += x;
        squares += x * x;
        at = (uint32_t)(((uint64_t)at + step) % g->n);
        ahead = (uint32_t)(((uint64_t)ahead + step) % g->n);
    }
    return sum / g->n;
}

bool sc_state_may_meet(const sc_engine *e, uint32_t a, uint32_t b) {
    const sc_group *x = &e->groups.v[a], *y = &e->groups.v[b];
    if (sc_group_frozen(x) || sc_group_frozen(y)) return false;
    /* Two clusters that a person has had a hand in are theirs to bring together. */
    return !((x->ruled || x->n_pinned) && (y->ruled || y->n_pinned));
}
