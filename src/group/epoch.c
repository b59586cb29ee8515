#include "group/epoch.h"

#include <math.h>

enum {
    /* A renewal in steps: all of them are fewer than the reports that come in an epoch. */
    TERM_STEPS = 32,
    ITEM_STEPS = 512,
    MOST_VAIN = 4, /* where slots change too often, it is done at once all the same */
};

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
    sc_calibration c = {0};
    begin_epoch(e, items->n);
    weigh_terms(terms, e->n, 0, terms->n, terms->idf);
    for (uint32_t i = 0; i < items->n; i++) sc_score_set_norms(&s, items, i);
    while (!sc_calibrate(&c, &s, e)) {
    }
    sc_epoch_set_cut(p, e, e->own_cut);
    return true;
}

/* ---- Step by step -------------------------------------------------------------------------------- */

enum { NONE, TERMS, ITEMS, CALIBRATE };

void sc_renewal_done(sc_renewal *r) {
    sc_free(r->idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(r->inv[k]);
    *r = (sc_renewal){.vain = r->vain};
}

size_t sc_renewal_bytes(const sc_renewal *r) {
    return r->stage ? ((size_t)r->n_terms + (size_t)SC_TERM_WEIGHTED * r->n) * sizeof(float) : 0;
}

bool sc_epoch_due_at_once(const sc_renewal *r, const sc_epoch *e, uint32_t n) {
    return outgrown(e, n) && (n < SC_EPOCH_AT_ONCE || !e->n || r->vain > MOST_VAIN);
}

static bool begin(sc_renewal *r, uint32_t layout, const sc_items *items, const sc_terms *terms) {
    *r = (sc_renewal){.vain = r->vain, .layout = layout, .n = items->n, .n_terms = terms->n};
    r->idf = sc_alloc_array(r->n_terms, sizeof *r->idf);
    bool whole = r->idf != NULL;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        whole &= (r->inv[k] = sc_alloc_array(r->n, sizeof(float))) != NULL;
    if (!whole) {
        sc_renewal_done(r);
        return false;
    }
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
    else if (sc_calibrate(&r->calibration, &s, &r->epoch)) {
        sc_epoch_set_cut(p, &r->epoch, r->epoch.own_cut);
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
