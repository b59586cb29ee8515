#include "group/pairs.h"

#include "vec/kernels.h"

void sc_pairs_done(sc_pairs *p) {
    sc_free(p->rows);
    sc_free(p->dots);
    sc_free(p->acc);
    sc_free(p->raw);
    sc_free(p->local);
    sc_free(p->first);
    sc_free(p->at);
    sc_free(p->end);
    sc_free(p->postings);
    sc_free(p->facets);
}

static const sc_item *item_of(const sc_pairs *p, uint32_t i) { return &p->s.items->v[p->slots[i]]; }

static uint32_t weighted(const sc_item *x) {
    uint32_t n = 0;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) n += x->count[k];
    return n;
}

/* Numbers the terms that occur, counts each; mark[term] is its number + 1. */
static uint32_t number_terms(sc_pairs *p, uint32_t *mark) {
    uint32_t n_lists = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const sc_item *x = item_of(p, i);
        uint32_t *local = p->local + p->first[i];
        for (uint32_t k = 0; k < p->first[i + 1] - p->first[i]; k++) {
            uint32_t *m = &mark[x->feats[k] >> SC_TERM_TF_BITS];
            if (!*m) *m = ++n_lists;
            local[k] = *m - 1;
            p->end[*m - 1]++;
        }
    }
    for (uint32_t i = 0; i < p->n; i++) {
        const sc_item *x = item_of(p, i);
        for (uint32_t k = 0; k < p->first[i + 1] - p->first[i]; k++)
            mark[x->feats[k] >> SC_TERM_TF_BITS] = 0;
    }
    return n_lists;
}

static void fill_lists(sc_pairs *p, uint32_t n_lists) {
    for (uint32_t l = 0, sum = 0; l < n_lists; l++) {
        p->at[l] = sum;
        sum += p->end[l];
        p->end[l] = p->at[l];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        const sc_item *x = item_of(p, i);
        for (uint32_t k = p->first[i]; k < p->first[i + 1]; k++)
            p->postings[p->end[p->local[k]]++] =
                (sc_posting){i, sc_score_tf(x->feats[k - p->first[i]])};
    }
}

static void fill_rows(sc_pairs *p) {
    const size_t dim = p->s.items->dim;
    for (uint32_t i = 0; i < p->n; i++) {
        const sc_item *x = item_of(p, i);
        memcpy(p->rows + i * dim, sc_items_vec(p->s.items, p->slots[i]), dim);
        struct sc_pairs_facets *f = &p->facets[i];
        f->n = x->n_facets;
        for (unsigned k = 0; k < f->n; k++) f->v[k] = sc_items_facets(x)[k];
        f->kinds = sc_score_kinds(f->v, f->n);
    }
}

bool sc_pairs_init(sc_pairs *p, const sc_score *s, const uint32_t *slots, uint32_t n,
                   uint32_t *mark) {
    *p = (sc_pairs){.s = *s, .slots = slots, .n = n};
    p->first = sc_alloc_array(n + 1u, sizeof *p->first);
    if (!p->first) return false;
    for (uint32_t i = 0; i < n; i++) p->first[i + 1] = p->first[i] + weighted(item_of(p, i));
    const size_t feats = p->first[n];
    p->rows = sc_alloc_array(n, s->items->dim + 1u);
    p->dots = sc_alloc_array(n, sizeof *p->dots);
    p->acc = sc_alloc_array(n, sizeof *p->acc);
    p->raw = sc_alloc_array(n, sizeof *p->raw);
    p->local = sc_alloc_array(feats, sizeof *p->local);
    p->at = sc_alloc_array(feats, sizeof *p->at);
    p->end = sc_alloc_array(feats, sizeof *p->end);
    p->postings = sc_alloc_array(feats, sizeof *p->postings);
    p->facets = sc_alloc_array(n, sizeof *p->facets);
    if (!p->rows || !p->dots || !p->acc || !p->raw || !p->local || !p->at || !p->end ||
        !p->postings || !p->facets)
        return false;
    fill_lists(p, number_terms(p, mark));
    fill_rows(p);
    return true;
}

/* Adds what item i's features of one kind have in common with those of the items after it. */
static void add_kind(sc_pairs *p, uint32_t i, int kind, uint32_t from, uint32_t n) {
    const sc_score *s = &p->s;
    const sc_item *x = item_of(p, i);
    const uint32_t slot = p->slots[i];
    const float *inv = p->s.items->inv[kind];
    const float c = sc_score_kind(s, kind) * inv[slot];
    memset(p->acc + i + 1, 0, (p->n - i - 1) * sizeof *p->acc);
    for (uint32_t k = from; k < from + n; k++) {
        const uint32_t feat = x->feats[k], list = p->local[p->first[i] + k];
        const float idf = sc_score_idf(s, feat >> SC_TERM_TF_BITS);
        const float w = c * sc_score_tf(feat) * idf * idf;
        p->at[list]++; /* its own comes first now */
        for (uint32_t j = p->at[list]; j < p->end[list]; j++)
            p->acc[p->postings[j].item] += w * p->postings[j].tf;
    }
    for (uint32_t k = i + 1; k < p->n; k++) p->raw[k] += p->acc[k] * inv[p->slots[k]];
}

const float *sc_pairs_row(sc_pairs *p, uint32_t i) {
    const sc_item *x = item_of(p, i);
    const size_t dim = p->s.items->dim;
    const uint32_t rest = p->n - i - 1;
    memset(p->raw + i + 1, 0, rest * sizeof *p->raw);
    uint32_t from = 0;
    for (int kind = 0; kind < SC_TERM_WEIGHTED; from += x->count[kind++])
        if (x->count[kind]) add_kind(p, i, kind, from, x->count[kind]);
    sc_kernels_get()->scan(p->rows + i * dim, p->rows + (i + 1) * dim, rest, dim, p->dots + i + 1);
    const float by = p->s.epoch->vec_k, zero = p->s.epoch->vec_0;
    for (uint32_t k = i + 1; k < p->n; k++) p->raw[k] = (by * (float)p->dots[k] - zero) + p->raw[k];
    const struct sc_pairs_facets *f = &p->facets[i], *g = f + 1;
    for (uint32_t k = i + 1; f->n && k < p->n; k++, g++) {
        const unsigned both = f->kinds & g->kinds;
        if (both) p->raw[k] -= sc_score_contradiction(&p->s, both, f->v, f->n, g->v, g->n);
    }
    return p->raw;
}
