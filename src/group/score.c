#include "group/score.h"

#include <math.h>
#include <stdlib.h>

#include "text/prepare.h"
#include "vec/kernels.h"
#include "vec/sum.h"

/* 1 + ln tf, for tf = 0..63: the usual damping of repeated words. */
static const float tf_weight[SC_TERM_TF_MAX + 1] = {
    0.000f, 1.000f, 1.693f, 2.099f, 2.386f, 2.609f, 2.792f, 2.946f, 3.079f, 3.197f, 3.303f,
    3.398f, 3.485f, 3.565f, 3.639f, 3.708f, 3.773f, 3.833f, 3.890f, 3.944f, 3.996f, 4.045f,
    4.091f, 4.135f, 4.178f, 4.219f, 4.258f, 4.296f, 4.332f, 4.367f, 4.401f, 4.434f, 4.466f,
    4.497f, 4.526f, 4.555f, 4.584f, 4.611f, 4.638f, 4.664f, 4.689f, 4.714f, 4.738f, 4.761f,
    4.784f, 4.807f, 4.829f, 4.850f, 4.871f, 4.892f, 4.912f, 4.932f, 4.951f, 4.970f, 4.989f,
    5.007f, 5.025f, 5.043f, 5.060f, 5.078f, 5.094f, 5.111f, 5.127f, 5.143f,
};

static inline float tf_of(uint32_t packed) { return tf_weight[packed & SC_TERM_TF_MAX]; }
static inline uint32_t id_of(uint32_t packed) { return packed >> SC_TERM_TF_BITS; }

static inline float vec_part(const sc_score *s, int32_t dot) {
    return s->epoch->vec_k * (float)dot - s->epoch->vec_0;
}

static float k_of(const sc_score *s, int kind) {
    const sc_weights *k = &s->epoch->k;
    return kind == SC_TERM_WORD ? k->word : kind == SC_TERM_TITLE ? k->title : k->frame;
}

static inline float idf_at(const sc_score *s, uint32_t id) {
    float w = s->terms->idf[id];
    return w < 0 ? s->epoch->idf_new : w; /* new since the epoch began */
}

float sc_score_idf(const sc_score *s, uint32_t term_id) { return idf_at(s, term_id); }
float sc_score_tf(uint32_t packed) { return tf_of(packed); }
const float *sc_score_tfs(void) { return tf_weight; }
float sc_score_kind(const sc_score *s, int kind) { return k_of(s, kind); }

static void norms_of(const sc_score *s, const uint32_t *feats, const uint16_t *count,
                     unsigned unknown, float *ret_inv) {
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) {
        float sum = 0;
        for (unsigned i = 0; i < count[k]; i++) {
            float w = tf_of(feats[i]) * idf_at(s, id_of(feats[i]));
            sum += w * w;
        }
        if (k == SC_TERM_WORD) sum += (float)unknown * s->epoch->idf_new * s->epoch->idf_new;
        ret_inv[k] = sum > 0 ? 1.0f / sqrtf(sum) : 0;
        feats += count[k];
    }
}

void sc_score_set_norms(const sc_score *s, sc_items *items, uint32_t slot) {
    const sc_item *x = &items->v[slot];
    float inv[SC_TERM_WEIGHTED];
    norms_of(s, x->feats, x->count, 0, inv);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) items->inv[k][slot] = inv[k];
}

sc_query sc_score_query(const sc_score *s, uint32_t slot) {
    const sc_item *x = &s->items->v[slot];
    sc_query q = {.vec = sc_items_vec(s->items, slot),
                  .feats = x->feats,
                  .facets = sc_items_facets(x),
                  .n_facets = x->n_facets,
                  .slot = slot};
    memcpy(q.count, x->count, sizeof q.count);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) q.inv[k] = s->items->inv[k][slot];
    return q;
}

sc_query sc_score_query_of(const sc_score *s, const sc_repr *r, const sc_feats *feats) {
    sc_query q = {.vec = r->vec,
                  .feats = feats->v,
                  .facets = r->facets,
                  .n_facets = r->n_facets,
                  .slot = SC_GROUP_NONE};
    memcpy(q.count, feats->count, sizeof q.count);
    norms_of(s, q.feats, q.count, feats->unknown, q.inv);
    return q;
}

/* ---- One against all ---------------------------------------------------------------------------- */

static void scan_vectors(const sc_items *t, const int8_t *query, int32_t *dots) {
    const sc_vec_kernel *kernel = sc_kernels_get();
    for (uint32_t i = 0; i < t->n; i += SC_ITEMS_BLOCK)
        kernel->scan(query, t->blocks[i / SC_ITEMS_BLOCK],
                     SC_MIN(t->n - i, (uint32_t)SC_ITEMS_BLOCK), t->dim, dots + i);
}

/* Term at a time; the items' norms are multiplied in afterwards for words (long lists) and at once
 * for the other kinds (short lists). */
static void walk_words(const sc_score *s, const sc_query *q, float *acc) {
    for (unsigned i = 0; i < q->count[SC_TERM_WORD]; i++) {
        const sc_term *x = &s->terms->v[id_of(q->feats[i])];
        const uint32_t *list = sc_terms_list(x);
        float idf = idf_at(s, id_of(q->feats[i]));
        float w = s->epoch->k.word * q->inv[SC_TERM_WORD] * tf_of(q->feats[i]) * idf * idf;
        if (w == 0) continue;
        for (uint32_t j = 0; j < x->n; j++) acc[id_of(list[j])] += w * tf_of(list[j]);
    }
}

static void walk_rest(const sc_score *s, const sc_query *q, float *raw) {
    const uint32_t *f = q->feats + q->count[SC_TERM_WORD];
    for (int k = SC_TERM_TITLE; k < SC_TERM_WEIGHTED; k++) {
        const float *inv = s->items->inv[k];
        for (unsigned i = 0; i < q->count[k]; i++, f++) {
            const sc_term *x = &s->terms->v[id_of(*f)];
            const uint32_t *list = sc_terms_list(x);
            float idf = idf_at(s, id_of(*f));
            float w = k_of(s, k) * q->inv[k] * tf_of(*f) * idf * idf;
            if (w == 0) continue;
            for (uint32_t j = 0; j < x->n; j++)
                raw[id_of(list[j])] += w * tf_of(list[j]) * inv[id_of(list[j])];
        }
    }
}

void sc_score_all(const sc_score *s, const sc_query *q, int32_t *dots, float *ret_raw) {
    const uint32_t n = s->items->n;
    memset(ret_raw, 0, n * sizeof *ret_raw);
    scan_vectors(s->items, q->vec, dots);
    walk_words(s, q, ret_raw);
    const float *inv = s->items->inv[SC_TERM_WORD];
    const float k = s->epoch->vec_k, zero = s->epoch->vec_0;
    for (uint32_t i = 0; i < n; i++) ret_raw[i] = ret_raw[i] * inv[i] + (k * (float)dots[i] - zero);
    walk_rest(s, q, ret_raw);
}

/* Adds to `sum` what the features of one kind that both hold give, each times `inv`. */
static float walk_pair(const sc_score *s, const sc_query *q, int kind, const uint32_t *a,
                       const uint32_t *b, unsigned n_b, float inv, float sum) {
    for (unsigned i = 0, j = 0; i < q->count[kind] && j < n_b;) {
        const uint32_t x = id_of(a[i]), y = id_of(b[j]);
        if (x == y) {
            const float idf = idf_at(s, x);
            const float w = k_of(s, kind) * q->inv[kind] * tf_of(a[i]) * idf * idf;
            sum += w * tf_of(b[j]) * inv;
        }
        i += x <= y;
        j += y <= x;
    }
    return sum;
}

float sc_score_one(const sc_score *s, const sc_query *q, uint32_t slot) {
    const sc_item *x = &s->items->v[slot];
    const uint32_t *a = q->feats, *b = x->feats;
    const int32_t dot = sc_kernels_get()->dot(q->vec, sc_items_vec(s->items, slot), s->items->dim);
    float raw = walk_pair(s, q, SC_TERM_WORD, a, b, x->count[SC_TERM_WORD], 1, 0);
    raw =
        raw * s->items->inv[SC_TERM_WORD][slot] + (s->epoch->vec_k * (float)dot - s->epoch->vec_0);
    for (int k = SC_TERM_TITLE; k < SC_TERM_WEIGHTED; k++) {
        a += q->count[k - 1];
        b += x->count[k - 1];
        raw = walk_pair(s, q, k, a, b, x->count[k], s->items->inv[k][slot], raw);
    }
    return raw;
}

/* ---- Pairs -------------------------------------------------------------------------------------- */

static float cosine(const sc_score *s, const uint32_t *a, unsigned n_a, float inv_a,
                    const uint32_t *b, unsigned n_b, float inv_b) {
    float sum = 0;
    for (unsigned i = 0, j = 0; i < n_a && j < n_b;) {
        uint32_t x = id_of(a[i]), y = id_of(b[j]);
        if (x == y) {
            float idf = idf_at(s, x);
            sum += tf_of(a[i]) * tf_of(b[j]) * idf * idf;
        }
        i += x <= y;
        j += y <= x;
    }
    return SC_MIN(1.0f, sum * inv_a * inv_b);
}

void sc_score_parts(const sc_score *s, const sc_query *q, uint32_t slot, sc_parts *ret) {
    const sc_query x = sc_score_query(s, slot);
    float cos[SC_TERM_WEIGHTED];
    const uint32_t *a = q->feats, *b = x.feats;
    for (int i = 0; i < SC_TERM_WEIGHTED; i++) {
        cos[i] = cosine(s, a, q->count[i], q->inv[i], b, x.count[i], x.inv[i]);
        a += q->count[i];
        b += x.count[i];
    }
    float vec = vec_part(s, sc_kernels_get()->dot(q->vec, x.vec, s->items->dim));
    const sc_weights *k = &s->epoch->k;
    *ret = (sc_parts){.vec = k->vec > 0 ? SC_MIN(1.0f, SC_MAX(0.0f, vec / k->vec)) : 0,
                      .word = cos[SC_TERM_WORD],
                      .title = cos[SC_TERM_TITLE],
                      .frame = cos[SC_TERM_FRAME]};
    ret->raw = vec + k->word * ret->word + k->title * ret->title + k->frame * ret->frame;
}

double sc_score_self(const sc_score *s, uint32_t slot) {
    const int8_t *v = sc_items_vec(s->items, slot);
    double sum = vec_part(s, sc_kernels_get()->dot(v, v, s->items->dim));
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        if (s->items->inv[k][slot] > 0) sum += k_of(s, k);
    return sum;
}

unsigned sc_score_kinds(const uint32_t *facets, unsigned n) {
    unsigned kinds = 0;
    for (unsigned i = 0; i < n; i++) kinds |= 1u << (facets[i] >> 28);
    return kinds;
}

/* Those of the kinds, of which both have some, in which they have none in common. */
static unsigned contradictions(unsigned kinds, const uint32_t *a, unsigned n_a, const uint32_t *b,
                               unsigned n_b) {
    for (unsigned i = 0; kinds && i < n_a; i++)
        for (unsigned j = 0; j < n_b; j++)
            if (a[i] == b[j]) kinds &= ~(1u << (a[i] >> 28));
    return kinds;
}

float sc_score_contradiction(const sc_score *s, unsigned both, const uint32_t *a, unsigned n_a,
                             const uint32_t *b, unsigned n_b) {
    const unsigned kinds = contradictions(both, a, n_a, b, n_b);
    if (!kinds) return 0;
    float sum = 0;
    if (kinds & 1u << SC_FACET_CODE) sum += s->profile->conflict_code;
    if (kinds & 1u << SC_FACET_PLATFORM) sum += s->profile->conflict_place;
    if (kinds & 1u << SC_FACET_VERSION) sum += s->profile->conflict_place / 2;
    return sum * s->epoch->cut;
}

float sc_score_conflict(const sc_score *s, const sc_query *q, uint32_t slot) {
    const sc_item *x = &s->items->v[slot];
    const uint32_t *facets = sc_items_facets(x);
    const unsigned both =
        sc_score_kinds(q->facets, q->n_facets) & sc_score_kinds(facets, x->n_facets);
    return sc_score_contradiction(s, both, q->facets, q->n_facets, facets, x->n_facets);
}

/* Linear up to the cut, then towards 1 as the project's own spread says. */
double sc_score_shown(const sc_score *s, double raw) {
    const double at_cut = 0.7, cut = s->epoch->cut;
    if (raw <= 0) return 0;
    if (raw < cut) return at_cut * raw / cut;
    return 1 - (1 - at_cut) * exp((cut - raw) / s->epoch->scale);
}

double sc_score_probability(const sc_score *s, double x) {
    return 1 / (1 + exp(-(double)s->profile->slope * (x / s->epoch->cut - 1)));
}

/* ---- Sums --------------------------------------------------------------------------------------- */

bool sc_accum_init(sc_accum *a, const sc_score *s) {
    *a = (sc_accum){0};
    a->sum = sc_alloc_array(s->items->dim ? s->items->dim : 1, sizeof *a->sum);
    if (a->sum && sc_accum_fit(a, s)) return true;
    sc_accum_done(a);
    return false;
}

bool sc_accum_fit(sc_accum *a, const sc_score *s) {
    if (a->n_terms >= s->terms->n && a->words) return true;
    uint32_t n = s->terms->n + s->terms->n / 8 + 64;
    float *p = sc_realloc_array(a->words, n, sizeof *p);
    if (!p) return false;
    memset(p + a->n_terms, 0, (n - a->n_terms) * sizeof *p);
    a->words = p;
    a->n_terms = n;
    return true;
}

/* words[id] = sum over members of k * idf^2 * tf * inv: what remains of a product with an item. */
static void spread(sc_accum *a, const sc_score *s, uint32_t slot) {
    const sc_item *x = &s->items->v[slot];
    const uint32_t *f = x->feats;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) {
        float c = k_of(s, k) * s->items->inv[k][slot];
        for (unsigned i = 0; i < x->count[k]; i++, f++) {
            float idf = idf_at(s, id_of(*f));
            a->words[id_of(*f)] += c * tf_of(*f) * idf * idf;
        }
    }
}

void sc_accum_add(sc_accum *a, const sc_score *s, uint32_t slot) {
    spread(a, s, slot);
    sc_sum_add(a->sum, sc_items_vec(s->items, slot), s->items->dim);
    a->n++;
}

void sc_accum_add_all(sc_accum *a, const sc_score *s, const uint32_t *slots, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (i + SC_ITEMS_AHEAD < n) sc_items_fetch(s->items, slots[i + SC_ITEMS_AHEAD]);
        sc_accum_add(a, s, slots[i]);
    }
}

static float dot_words(const float *words, const sc_items *t, uint32_t slot) {
    const sc_item *x = &t->v[slot];
    const uint32_t *f = x->feats;
    float total = 0;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) {
        float sum = 0;
        for (unsigned i = 0; i < x->count[k]; i++, f++) sum += words[id_of(*f)] * tf_of(*f);
        total += sum * t->inv[k][slot];
    }
    return total;
}

double sc_accum_dot(const sc_accum *a, const sc_score *s, uint32_t slot) {
    int64_t d = sc_sum_dot(a->sum, sc_items_vec(s->items, slot), s->items->dim);
    return (double)s->epoch->vec_k * (double)d - (double)s->epoch->vec_0 * a->n +
           (double)dot_words(a->words, s->items, slot);
}

void sc_accum_clear(sc_accum *a, const sc_score *s, const uint32_t *slots, uint32_t n) {
    for (uint32_t m = 0; m < n; m++) {
        const sc_item *x = &s->items->v[slots[m]];
        for (unsigned i = 0; i < x->n_feats; i++) a->words[id_of(x->feats[i])] = 0;
    }
    memset(a->sum, 0, s->items->dim * sizeof *a->sum);
    a->n = 0;
}

void sc_accum_done(sc_accum *a) {
    sc_free(a->sum);
    sc_free(a->words);
    *a = (sc_accum){0};
}
