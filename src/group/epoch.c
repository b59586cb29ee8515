#include "group/epoch.h"

#include <math.h>
#include <stdlib.h>

#include "vec/kernels.h"

enum {
    VECTOR_PAIRS = 512,
    PAIRS = 8192, /* fewer, and a few hundred texts in another order get another cut */
    /* A renewal in steps: all of them are fewer than the reports that come in an epoch. */
    TERM_STEPS = 32,
    ITEM_STEPS = 512,
    PAIRS_A_STEP = 128,
    MOST_VAIN = 4, /* where slots change too often, it is done at once all the same */
};
static const float unit = 1.0f / (127.0f * 127.0f); /* int8 vectors are unit vectors times 127 */

static uint64_t mix(uint64_t z) { /* splitmix64's step: the sample must not depend on rand() */
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* ---- Calibration: the project's kind, its weights and its cut ---------------------------------- */

enum { COMMON, KIND, CUT };

struct sc_calibration {
    int stage;
    uint64_t k; /* the next pair */
    size_t m;   /* pairs in v */
    float common;
    float v[PAIRS];
};

/* Similarities of random pairs, of the whole or of the vectors alone, into c->v, at most `budget` now. True:
 * all `max` are there, sorted. */
static bool sample_pairs(sc_calibration *c, const sc_score *s, bool vectors, size_t max,
                         size_t budget) {
    const uint32_t n = s->items->n;
    for (; n > 1 && c->k < max && c->k < (uint64_t)n * n; c->k++) {
        if (!budget--) return false;
        uint32_t i = (uint32_t)(mix(2 * c->k) % n), j = (uint32_t)(mix(2 * c->k + 1) % n);
        if (i == j) continue;
        sc_query q = sc_score_query(s, i);
        sc_parts p = {0};
        if (vectors)
            p.raw = unit *
                    (float)sc_kernels_get()->dot(q.vec, sc_items_vec(s->items, j), s->items->dim);
        else
            sc_score_parts(s, &q, j, &p);
        c->v[c->m++] = p.raw;
    }
    qsort(c->v, c->m, sizeof *c->v, by_value);
    return true;
}

/* How much of the project's own figures to believe, against the profile's. */
static float own_share(const sc_score *s) {
    float n = (float)s->items->n, half = s->profile->null_items;
    return n * n / (n * n + half * half);
}

static void set_weights(sc_epoch *e, const sc_weights *k, float common) {
    e->k = *k;
    e->vec_k = k->vec * unit / (1 - common);
    e->vec_0 = k->vec * common / (1 - common);
}

static float median_words(const sc_score *s) {
    const uint32_t n = s->items->n;
    float v[PAIRS];
    const size_t m = SC_MIN(n, (uint32_t)PAIRS);
    for (size_t k = 0; k < m; k++)
        v[k] = s->items->v[n <= PAIRS ? k : mix(k) % n].count[SC_TERM_WORD];
    qsort(v, m, sizeof *v, by_value);
    return m ? v[m / 2] : 0;
}

/* Which kind of project this is (profile.h), 0..1, judged by m random pairs with the
 * weights of long reports. */
static float kind_of(const sc_score *s, const float *v, size_t m) {
    const sc_profile *p = s->profile;
    const float words = median_words(s);
    if (m < 2 || words < 1) return 0;
    /* The spread by the upper quartile, which the few true pairs at the top cannot move. */
    float median = v[m / 2], spread = SC_MAX(0.01f, (v[m * 3 / 4] - median) / 0.6745f);
    float tail = ((v[m * 99 / 100] - median) / spread - p->kind_tail) / p->kind_tail_step;
    float most = p->kind_tail_most;
    float x = logf(p->kind_words / words) / logf(2) + SC_MAX(-most, SC_MIN(most, tail));
    return 1 / (1 + expf(-p->kind_slope * x));
}

static float between(float a, float b, float share) { return a + share * (b - a); }

/* Where the cut lies among v, the sorted similarities of m random pairs. */
static float cut_among(const sc_score *s, const sc_epoch *e, const float *v, size_t m) {
    const sc_profile *p = s->profile;
    const float n = (float)s->items->n;
    float upper = SC_MIN(0.5f, p->cut_topic / sqrtf(n));
    float floor = SC_MAX(p->cut_min, p->cut_tail * e->null_q99);
    float topic = SC_MAX(floor, v[(size_t)((float)(m - 1) * (1 - upper))]);
    /* A few dozen short texts say little about their topics yet: better apart than wrongly together. */
    float known = n * n * n / (n * n * n + p->topic_items * p->topic_items * p->topic_items);
    topic += (1 - known) * SC_MAX(0.0f, p->null_cut - topic);
    return between(p->null_cut, between(p->cut_report, topic, e->topics), own_share(s));
}

/* Between the profile's two, by what kind of project this is. */
static sc_weights weights_of(const sc_profile *p, float topics) {
    const sc_weights *a = &p->k_report, *b = &p->k_topic;
    return (sc_weights){.vec = between(a->vec, b->vec, topics),
                        .word = between(a->word, b->word, topics),
                        .title = between(a->title, b->title, topics),
                        .frame = between(a->frame, b->frame, topics)};
}

static void end_stage(sc_calibration *c, const sc_score *s, sc_epoch *e) {
    const sc_profile *p = s->profile;
    const float *v = c->v;
    const size_t m = c->m;
    if (c->stage ==
        COMMON) { /* what a random pair's vectors have in common, as any two texts have */
        c->common = m ? own_share(s) * SC_MAX(0.0f, SC_MIN(p->vec_max, v[m / 2])) : 0;
        set_weights(e, &p->k_report, c->common);
    } else if (c->stage == KIND) {
        e->topics = kind_of(s, v, m);
        const sc_weights k = weights_of(p, e->topics);
        set_weights(e, &k, c->common);
    } else {
        e->own_cut = p->null_cut;
        if (m > 1) {
            e->null_median = v[m / 2];
            e->null_q99 = v[m * 99 / 100];
            e->own_cut = cut_among(s, e, v, m);
        }
        sc_epoch_set_cut(p, e, e->own_cut);
    }
    c->stage++;
    c->k = c->m = 0;
}

/* Looks at about `budget` pairs; true: e is whole. */
static bool calibrate(sc_calibration *c, const sc_score *s, sc_epoch *e, size_t budget) {
    const bool vectors = c->stage == COMMON;
    if (sample_pairs(c, s, vectors, vectors ? VECTOR_PAIRS : PAIRS, budget)) end_stage(c, s, e);
    return c->stage > CUT;
}

/* ---- All at once --------------------------------------------------------------------------------- */

/* A few imagined reports keep the first weights of a project even. */
static float idf_of(uint32_t n, uint32_t df) {
    enum { PRIOR = 8 };
    float x = logf((float)(n + PRIOR) / ((float)df + 0.5f));
    return x > 0 ? x : 0;
}

static bool outgrown(const sc_epoch *e, uint32_t n) {
    return !e->n || n < e->n || n > e->n + e->n / 16;
}

void sc_epoch_set_cut(const sc_profile *p, sc_epoch *e, float cut) {
    e->cut = cut;
    e->margin = p->margin * cut;
    e->scale = cut / 2;
}

static void begin_epoch(sc_epoch *e, uint32_t n) {
    e->n = n ? n : 1;
    e->idf_new = idf_of(e->n, 1);
}

static void weigh_terms(const sc_terms *t, uint32_t n, uint32_t from, uint32_t to, float *idf) {
    for (uint32_t id = from; id < to; id++) idf[id] = t->v[id].n ? idf_of(n, t->v[id].n) : -1;
}

bool sc_epoch_refresh(sc_items *items, sc_terms *terms, const sc_profile *p, sc_epoch *e) {
    if (!outgrown(e, items->n)) return false;
    const sc_score s = {items, terms, p, e};
    sc_calibration c = {.stage = COMMON};
    begin_epoch(e, items->n);
    weigh_terms(terms, e->n, 0, terms->n, terms->idf);
    for (uint32_t i = 0; i < items->n; i++) sc_score_set_norms(&s, items, i);
    while (!calibrate(&c, &s, e, SIZE_MAX)) {
    }
    return true;
}

/* ---- Step by step -------------------------------------------------------------------------------- */

enum { NONE, TERMS, ITEMS, CALIBRATE };

void sc_renewal_done(sc_renewal *r) {
    sc_free(r->idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(r->inv[k]);
    sc_free(r->calibration);
    *r = (sc_renewal){.vain = r->vain};
}

size_t sc_renewal_bytes(const sc_renewal *r) {
    return r->stage ? sizeof *r->calibration +
                          ((size_t)r->n_terms + (size_t)SC_TERM_WEIGHTED * r->n) * sizeof(float)
                    : 0;
}

bool sc_epoch_due_at_once(const sc_renewal *r, const sc_epoch *e, uint32_t n) {
    return outgrown(e, n) && (n < SC_EPOCH_AT_ONCE || !e->n || r->vain > MOST_VAIN);
}

static bool begin(sc_renewal *r, uint32_t layout, const sc_items *items, const sc_terms *terms) {
    *r = (sc_renewal){.vain = r->vain, .layout = layout, .n = items->n, .n_terms = terms->n};
    r->idf = sc_alloc_array(r->n_terms, sizeof *r->idf);
    r->calibration = sc_alloc(sizeof *r->calibration);
    bool whole = r->idf && r->calibration;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        whole &= (r->inv[k] = sc_alloc_array(r->n, sizeof(float))) != NULL;
    if (!whole) {
        sc_renewal_done(r);
        return false;
    }
    r->calibration->stage = COMMON;
    begin_epoch(&r->epoch, r->n);
    r->stage = TERMS;
    return true;
}

/* From the new weights to the engine's; what came meanwhile gets its norms by them. */
static void take_over(sc_renewal *r, sc_items *items, sc_terms *terms, const sc_profile *p,
                      sc_epoch *e) {
    const sc_score s = {items, terms, p, e};
    memcpy(terms->idf, r->idf, r->n_terms * sizeof *r->idf);
    for (uint32_t id = r->n_terms; id < terms->n; id++) terms->idf[id] = -1;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        memcpy(items->inv[k], r->inv[k], r->n * sizeof(float));
    *e = r->epoch;
    for (uint32_t i = r->n; i < items->n; i++) sc_score_set_norms(&s, items, i);
    r->vain = 0;
    sc_renewal_done(r);
}

bool sc_renewal_step(sc_renewal *r, uint32_t layout, sc_items *items, sc_terms *terms,
                     const sc_profile *p, sc_epoch *e) {
    if (r->stage && r->layout != layout) {
        r->vain++;
        sc_renewal_done(r);
    }
    if (!r->stage) {
        if (outgrown(e, items->n)) begin(r, layout, items, terms);
        return false;
    }
    sc_items ours = *items; /* the reports of when it began, with norms of their own */
    sc_terms words = *terms;
    const sc_score s = {&ours, &words, p, &r->epoch};
    ours.n = r->n;
    words.idf = r->idf;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) ours.inv[k] = r->inv[k];
    const uint32_t most = r->stage == TERMS ? r->n_terms : r->n;
    const uint32_t to =
        SC_MIN(r->at + most / (r->stage == TERMS ? TERM_STEPS : ITEM_STEPS) + 1, most);
    if (r->stage == TERMS)
        weigh_terms(terms, r->epoch.n, r->at, to, r->idf);
    else if (r->stage == ITEMS)
        for (uint32_t i = r->at; i < to; i++) sc_score_set_norms(&s, &ours, i);
    else if (calibrate(r->calibration, &s, &r->epoch, PAIRS_A_STEP)) {
        take_over(r, items, terms, p, e);
        return true;
    }
    r->at = to;
    if (r->stage < CALIBRATE && to == most) {
        r->stage++;
        r->at = 0;
    }
    return false;
}
