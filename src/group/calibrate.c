#include "group/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "group/shape.h"
#include "vec/kernels.h"

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

static float middle(float *v, size_t n) {
    qsort(v, n, sizeof *v, by_value);
    return n ? v[n / 2] : 0;
}

static float between(float a, float b, float share) { return a + share * (b - a); }

static sc_weights weights_between(const sc_weights *a, const sc_weights *b, float share) {
    return (sc_weights){.vec = between(a->vec, b->vec, share),
                        .word = between(a->word, b->word, share),
                        .title = between(a->title, b->title, share),
                        .frame = between(a->frame, b->frame, share)};
}

/* ---- What can be read off the texts --------------------------------------------------------------- */

/* How much of the project's own figures to believe, against the profile's. */
static float own_share(const sc_score *s) {
    float n = (float)s->items->n, half = s->profile->null_items;
    return n * n / (n * n + half * half);
}

/* What a random pair's vectors have in common: what any two texts have for this embedder. */
static float common_cosine(const sc_score *s) {
    enum { PAIRS = 512 };
    const uint32_t n = s->items->n;
    float v[PAIRS];
    size_t m = 0;
    for (uint64_t k = 0; n > 1 && k < PAIRS && k < (uint64_t)n * n; k++) {
        uint32_t i = (uint32_t)(mix(2 * k) % n), j = (uint32_t)(mix(2 * k + 1) % n);
        if (i == j) continue;
        v[m++] = unit * (float)sc_kernels_get()->dot(sc_items_vec(s->items, i),
                                                     sc_items_vec(s->items, j), s->items->dim);
    }
    float common = middle(v, m);
    return own_share(s) * SC_MAX(0.0f, SC_MIN(s->profile->vec_max, common));
}

enum { TEXTS = 8192 };

/* The k-th of the reports that are looked at: all, or a sample. */
static const sc_item *one_of(const sc_score *s, uint32_t k) {
    const uint32_t n = s->items->n;
    return &s->items->v[n <= TEXTS ? k : mix(k) % n];
}

static float median_words(const sc_score *s) {
    float v[TEXTS];
    const uint32_t m = SC_MIN(s->items->n, (uint32_t)TEXTS);
    for (uint32_t k = 0; k < m; k++) v[k] = one_of(s, k)->count[SC_TERM_WORD];
    return middle(v, m);
}

/* The share of reports that have a stack trace. */
static float traces(const sc_score *s) {
    const uint32_t n = s->items->n, m = SC_MIN(n, (uint32_t)TEXTS);
    uint32_t with = 0;
    for (uint32_t k = 0; k < m; k++) with += one_of(s, k)->count[SC_TERM_FRAME] > 0;
    return m ? (float)with / (float)m : 0;
}

/* ---- What follows from it ------------------------------------------------------------------------- */

static void set_weights(const sc_profile *p, sc_epoch *e, float common, float with_frames) {
    const sc_weights k = weights_between(&p->k_report, &p->k_topic, e->topics);
    e->k = weights_between(&k, &p->k_trace, with_frames);
    e->vec_k = e->k.vec * unit / (1 - common);
    e->vec_0 = e->k.vec * common / (1 - common);
}

/* Which kind of project this is (profile.h), 0..1, by its shape with the weights of long reports. */
static float kind_of(const sc_score *s, const sc_shape *shape) {
    const sc_profile *p = s->profile;
    float words = median_words(s), groups;
    if (words < 1) return 0;
    sc_shape_cut(shape, p->kind_cut, p->hold_topic, &groups);
    float by_groups = (p->kind_groups - groups) / p->kind_groups_step;
    float x = logf(p->kind_words / words) / logf(2) +
              SC_MAX(-p->kind_groups_most, SC_MIN(p->kind_groups_most, by_groups));
    return 1 / (1 + expf(-p->kind_slope * x));
}

static float cut_by(const sc_score *s, const sc_epoch *e, const sc_shape *shape) {
    const sc_profile *p = s->profile;
    const float n = (float)s->items->n;
    /* Where the kind is in doubt, what is expected of either says nothing. */
    float hold = between(p->hold_report, p->hold_topic, e->topics) * fabsf(2 * e->topics - 1);
    float groups,
        cut = sc_shape_cut(shape, between(p->cut_report, p->cut_topic, e->topics), hold, &groups);
    /* A few dozen texts say little about their topics yet: better apart than wrongly together. */
    float known = n * n * n / (n * n * n + p->topic_items * p->topic_items * p->topic_items);
    cut += (1 - known) * SC_MAX(0.0f, p->null_cut - cut);
    return between(p->null_cut, cut, own_share(s));
}

/* The project has not changed enough for another look, or is too small for one. */
static bool seen_enough(const sc_score *s, const sc_epoch *e) {
    const uint32_t n = s->items->n, then = e->shape_n;
    return n < 2 || (then && n >= then && n <= then + then / 4);
}

enum { TEXT, KIND, CUT };

bool sc_calibrate(sc_calibration *c, const sc_score *s, sc_epoch *e) {
    const sc_profile *p = s->profile;
    sc_shape shape;
    if (c->stage == TEXT) {
        c->common = common_cosine(s);
        c->with_frames = traces(s);
        if (!e->shape_n) e->own_cut = p->null_cut;
    }
    if (c->stage == TEXT && !seen_enough(s, e)) {
        c->kind = e->topics;
        e->topics = 0;
    } else if (c->stage == KIND) {
        e->topics = sc_shape_look(s, &shape, NULL) ? c->kind : kind_of(s, &shape);
    } else if (c->stage == CUT && !sc_shape_look(s, &shape, NULL)) {
        e->own_cut = cut_by(s, e, &shape);
        e->shape_n = s->items->n;
    }
    set_weights(p, e, c->common, c->with_frames);
    return c->stage++ == CUT || (c->stage == KIND && seen_enough(s, e));
}
