#include "group/learn.h"

#include <math.h>

enum {
    EXAMPLES = 256, /* the first of each kind */
    SAMPLE = 8,     /* reports of an issue that are looked at: all take some ms at most */
    STEPS = 25,     /* to each side of no move */
};
static const double step = 0.02;  /* exp(25 * 0.02): at most a factor of 1.65 either way */
static const double prior = 0.15; /* standard deviation of the log of the factor */
/* Some corrections are about things that no text shows (or are slips): no single one may say much. */
static const double noise = 0.05;

typedef struct examples {
    double x[EXAMPLES]; /* similarity, in units of the project's own cut */
    bool same[EXAMPLES];
    size_t n;
} examples;

static void add(examples *l, const sc_engine *e, double similarity, bool same) {
    if (l->n == EXAMPLES) return;
    l->x[l->n] = SC_MAX(0.0, similarity / (double)e->epoch.own_cut);
    l->same[l->n++] = same;
}

static double similarity(const sc_engine *e, uint32_t a, uint32_t b) {
    const sc_score s = sc_state_score(e);
    const sc_query q = sc_score_query(&s, a);
    sc_parts parts;
    sc_score_parts(&s, &q, b, &parts);
    return (double)parts.raw;
}

static size_t count_lessons(const sc_engine *e, const sc_group *g) {
    size_t n = 0;
    for (uint32_t i = 0; i < g->n; i++) n += e->items.v[g->members[i]].lesson;
    return n;
}

/* Evenly spread members of a group, those that people put there or all, without the item `but`. */
static size_t sample(const sc_engine *e, const sc_group *g, bool lessons, uint32_t but,
                     uint32_t ret[SAMPLE]) {
    size_t all = lessons ? count_lessons(e, g) : g->n, n = 0, seen = 0;
    for (uint32_t i = 0; i < g->n && n < SAMPLE; i++) {
        uint32_t slot = g->members[i];
        if (slot == but || (lessons && !e->items.v[slot].lesson)) continue;
        if (seen++ * SAMPLE >= n * all) ret[n++] = slot;
    }
    return n;
}

static double mean_between(const sc_engine *e, const uint32_t *a, size_t n_a, const uint32_t *b,
                           size_t n_b) {
    double sum = 0;
    for (size_t i = 0; i < n_a; i++)
        for (size_t j = 0; j < n_b; j++) sum += similarity(e, a[i], b[j]);
    return sum / (double)(n_a * n_b);
}

static const sc_group *group_of(const sc_engine *e, const unsigned char id[16]) {
    uint32_t g = sc_groups_find(&e->groups, id);
    return g != SC_GROUP_NONE && e->groups.v[g].n ? &e->groups.v[g] : NULL;
}

static void kept_apart(examples *l, const sc_engine *e) {
    uint32_t a[SAMPLE], b[SAMPLE];
    for (size_t i = 0; i < e->rules.n_aparts && l->n < EXAMPLES; i++) {
        const sc_rule_apart *r = &e->rules.aparts[i];
        if (memcmp(r->a, r->b, 16) >= 0) continue; /* each is there both ways round */
        const sc_group *x = group_of(e, r->a), *y = group_of(e, r->b);
        if (!x || !y) continue;
        size_t n_a = sample(e, x, false, SC_GROUP_NONE, a),
               n_b = sample(e, y, false, SC_GROUP_NONE, b);
        add(l, e, mean_between(e, a, n_a, b, n_b), false);
    }
}

static void kept_out(examples *l, const sc_engine *e) {
    uint32_t b[SAMPLE];
    for (size_t i = 0; i < e->rules.n_nevers && l->n < EXAMPLES; i++) {
        const sc_rule_never *r = &e->rules.nevers[i];
        const sc_group *g = group_of(e, r->cluster);
        uint32_t slot = sc_items_find(&e->items, r->key);
        size_t n = g && slot != SC_MAP_NONE ? sample(e, g, false, slot, b) : 0;
        if (n) add(l, e, mean_between(e, &slot, 1, b, n), false);
    }
}

/* The similarity at which average linkage makes the reports one group: its last step. */
static double last_step(const sc_engine *e, const uint32_t *slots, size_t n) {
    double sum[SAMPLE][SAMPLE];
    size_t size[SAMPLE];
    for (size_t i = 0; i < n; i++) {
        size[i] = 1;
        for (size_t j = 0; j < i; j++) sum[i][j] = sum[j][i] = similarity(e, slots[i], slots[j]);
    }
    double last = 0;
    for (size_t left = n; left > 1; left--) {
        size_t a = 0, b = 0;
        double best = -INFINITY;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) {
                if (!size[i] || !size[j]) continue;
                double mean = sum[i][j] / (double)(size[i] * size[j]);
                if (mean > best) best = mean, a = j, b = i;
            }
        for (size_t k = 0; k < n; k++)
            if (k != a && k != b && size[k]) sum[a][k] = sum[k][a] = sum[a][k] + sum[b][k];
        size[a] += size[b];
        size[b] = 0;
        last = best;
    }
    return last;
}

static void put_together(examples *l, const sc_engine *e) {
    uint32_t a[SAMPLE];
    for (uint32_t g = 0; g < e->groups.n && l->n < EXAMPLES; g++) {
        const sc_group *x = &e->groups.v[g];
        if (!x->used || x->n_pinned < 2) continue;
        size_t n = sample(e, x, true, SC_GROUP_NONE, a);
        if (n > 1) add(l, e, last_step(e, a, n), true);
    }
}

/* log of the probability of the examples when the cut is exp(d) times the project's own, with the prior. */
static double log_posterior(const examples *l, double slope, double d) {
    double sum = -d * d / (2 * prior * prior);
    for (size_t i = 0; i < l->n; i++) {
        double odds = slope * (l->x[i] * exp(-d) - 1);
        sum += log(noise + (1 - 2 * noise) / (1 + exp(l->same[i] ? -odds : odds)));
    }
    return sum;
}

void sc_learn_cut(sc_engine *e) {
    examples l;
    l.n = 0;
    if (e->rules.n_aparts) kept_apart(&l, e);
    if (e->rules.n_nevers) kept_out(&l, e);
    if (e->rules.n_lessons) put_together(&l, e);
    double best = 0;
    if (l.n) {
        double top = log_posterior(&l, (double)e->profile->slope, 0);
        for (int k = -STEPS; k <= STEPS; k++) {
            double p = log_posterior(&l, (double)e->profile->slope, step * k);
            if (p > top) top = p, best = step * k;
        }
    }
    sc_epoch_set_cut(e->profile, &e->epoch, e->epoch.own_cut * (float)exp(best));
}

void sc_learn_refresh(sc_engine *e) {
    if (!sc_epoch_due_at_once(&e->renewal, &e->epoch, e->items.n) ||
        !sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch))
        return;
    sc_renewal_done(&e->renewal);
    e->renewal.vain = 0;
    e->epoch_no++;
    sc_learn_cut(e);
}

void sc_learn_step(sc_engine *e) {
    if (!sc_renewal_step(&e->renewal, e->layout, &e->items, &e->terms, e->profile, &e->epoch))
        return;
    e->epoch_no++;
    sc_learn_cut(e);
}
