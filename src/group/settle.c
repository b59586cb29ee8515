#include "group/settle.h"
#include "group/epoch.h"
#include "group/learn.h"

#include <stdlib.h>

#include "group/pass.h"

enum {
    MOST_VIEWS = 8,
    VIEW_ITEMS = 1 << 17, /* reports that all views together may hold copies of   */
    EXACT_ITEMS = 4096,   /* up to here any growth counts, above a 64th            */
};

struct sc_settled {
    sc_epoch epoch;
    uint32_t n, n_terms;
    float *idf;                   /* n_terms */
    float *inv[SC_TERM_WEIGHTED]; /* n each  */
};

void sc_settle_free(sc_settled *s) {
    if (!s) return;
    sc_free(s->idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(s->inv[k]);
    sc_free(s);
}

bool sc_settle_fits(const sc_engine *e) {
    const uint32_t n = e->items.n, then = e->settled_n;
    if (!then || e->epoch.n != then) return false;
    const uint32_t apart = n > then ? n - then : then - n;
    return apart <= (n > EXACT_ITEMS ? n / 64 : 0);
}

/* ---- A view: the reports in an order that follows from their content ----------------------------- */

typedef struct ranked {
    uint64_t by;
    uint32_t slot;
} ranked;

typedef struct view {
    sc_items items; /* v, inv and blocks are its own */
    int8_t **blocks;
} view;

static uint64_t content_of(const sc_engine *e, uint32_t slot) {
    const sc_item *x = &e->items.v[slot];
    uint64_t sum = 0; /* ids follow the order of arrival, keys do not */
    for (unsigned i = 0; i < x->n_feats; i++) {
        uint64_t f[2] = {e->terms.v[x->feats[i] >> SC_TERM_TF_BITS].key,
                         x->feats[i] & SC_TERM_TF_MAX};
        sum += sc_hash64(f, sizeof f, 3);
    }
    return sc_hash64(sc_items_vec(&e->items, slot), e->items.dim, sum);
}

static int by_content(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->by != y->by) return x->by < y->by ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static void view_done(view *v) {
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) sc_free(v->items.inv[k]);
    sc_free(v->items.v);
    for (uint32_t b = 0; v->blocks && b < v->items.n_blocks; b++) sc_free(v->blocks[b]);
    sc_free(v->blocks);
}

static bool view_init(view *v, const sc_engine *e) {
    const sc_items *t = &e->items;
    *v = (view){.items = *t};
    v->items.n_blocks = (t->n + SC_ITEMS_BLOCK - 1) / SC_ITEMS_BLOCK;
    v->items.v = sc_alloc_array(t->n, sizeof *v->items.v);
    v->blocks = sc_alloc_array(v->items.n_blocks, sizeof *v->blocks);
    bool whole = v->items.v && v->blocks;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        whole &= (v->items.inv[k] = sc_alloc_array(t->n, sizeof(float))) != NULL;
    for (uint32_t b = 0; whole && b < v->items.n_blocks; b++) {
        size_t rows = SC_MIN(t->n - b * SC_ITEMS_BLOCK, (uint32_t)SC_ITEMS_BLOCK);
        whole = (v->blocks[b] = sc_alloc(rows * t->dim)) != NULL;
    }
    v->items.blocks = v->blocks;
    if (!whole) view_done(v);
    return whole;
}

static void view_order(view *v, const sc_engine *e, const uint64_t *content, ranked *order,
                       uint64_t turn) {
    const sc_items *t = &e->items;
    for (uint32_t i = 0; i < t->n; i++)
        order[i] = (ranked){sc_hash64(&content[i], sizeof content[i], turn), i};
    qsort(order, t->n, sizeof *order, by_content);
    for (uint32_t i = 0; i < t->n; i++) {
        v->items.v[i] = t->v[order[i].slot];
        memcpy(v->blocks[i / SC_ITEMS_BLOCK] + (size_t)(i % SC_ITEMS_BLOCK) * t->dim,
               sc_items_vec(t, order[i].slot), t->dim);
    }
}

/* ---- Settling ------------------------------------------------------------------------------------- */

typedef struct sums {
    double cut, vec_k, vec_0, margin, scale, topics, vec, word, title, frame;
} sums;

static void add(sums *s, const sc_epoch *e) {
    s->cut += (double)e->cut;
    s->vec_k += (double)e->vec_k;
    s->vec_0 += (double)e->vec_0;
    s->margin += (double)e->margin;
    s->scale += (double)e->scale;
    s->topics += (double)e->topics;
    s->vec += (double)e->k.vec;
    s->word += (double)e->k.word;
    s->title += (double)e->k.title;
    s->frame += (double)e->k.frame;
}

static void take_mean(const sums *s, double n, sc_epoch *e) {
    e->own_cut = e->cut = (float)(s->cut / n);
    e->vec_k = (float)(s->vec_k / n);
    e->vec_0 = (float)(s->vec_0 / n);
    e->margin = (float)(s->margin / n);
    e->scale = (float)(s->scale / n);
    e->topics = (float)(s->topics / n);
    e->k = (sc_weights){.vec = (float)(s->vec / n),
                        .word = (float)(s->word / n),
                        .title = (float)(s->title / n),
                        .frame = (float)(s->frame / n)};
}

/* The epoch by `turns` views, or by the engine's own order when it is too large to be copied. */
static bool look(const sc_engine *e, sc_terms *terms, sc_epoch *ret) {
    const uint32_t n = e->items.n;
    const unsigned turns = n ? SC_MIN(VIEW_ITEMS / n, (unsigned)MOST_VIEWS) : 0;
    view v;
    sums total = {0};
    if (!turns) return true;
    SC_AUTO(sc_auto_free) uint64_t *content = sc_alloc_array(n, sizeof *content);
    SC_AUTO(sc_auto_free) ranked *order = sc_alloc_array(n, sizeof *order);
    if (!content || !order || !view_init(&v, e)) return false;
    for (uint32_t i = 0; i < n; i++) content[i] = content_of(e, i);
    for (unsigned turn = 0; turn < turns; turn++) {
        view_order(&v, e, content, order, turn + 1);
        *ret = (sc_epoch){0};
        sc_epoch_refresh(&v.items, terms, e->profile, ret);
        add(&total, ret);
    }
    take_mean(&total, turns, ret);
    view_done(&v);
    return true;
}

/* Room for everything that sc_epoch_refresh writes, instead of the engine's. */
static sc_settled *make(const sc_engine *e) {
    sc_settled *s = sc_alloc(sizeof *s);
    if (!s) return NULL;
    s->n = e->items.n;
    s->n_terms = e->terms.n;
    bool whole = (s->idf = sc_alloc_array(s->n_terms, sizeof *s->idf)) != NULL;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        whole &= (s->inv[k] = sc_alloc_array(s->n, sizeof(float))) != NULL;
    if (whole) return s;
    sc_settle_free(s);
    return NULL;
}

sc_rc sc_settle_prepare(const sc_engine *e, sc_settled **ret, sc_err *err) {
    sc_settled *s = make(e);
    sc_terms terms = e->terms;
    if (s) terms.idf = s->idf; /* its weights go into our columns, as do the norms */
    if (!s || !look(e, &terms, &s->epoch)) {
        sc_settle_free(s);
        return sc_fail(err, SC_NOMEM, "no memory to weigh %u reports anew", e->items.n);
    }
    sc_items own = e->items;
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) own.inv[k] = s->inv[k];
    if (!s->epoch.n) {
        sc_epoch_refresh(&own, &terms, e->profile, &s->epoch);
    } else {
        const sc_score score = {&own, &terms, e->profile, &s->epoch};
        for (uint32_t i = 0; i < own.n; i++) sc_score_set_norms(&score, &own, i);
    }
    *ret = s;
    return SC_OK;
}

void sc_settle_apply(sc_engine *e, const sc_settled *s) {
    if (s->n_terms) memcpy(e->terms.idf, s->idf, s->n_terms * sizeof *s->idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        if (s->n) memcpy(e->items.inv[k], s->inv[k], s->n * sizeof(float));
    sc_renewal_done(&e->renewal); /* this is newer */
    e->epoch = s->epoch;
    e->epoch_no++;
    e->settled_n = s->n;
    sc_learn_cut(e);
}

void sc_engine_weigh(sc_engine *e) {
    sc_settled *s;
    const uint32_t n = e->items.n, then = e->epoch.n;
    if (n >= then && n <= then + then / 16) return;
    if (sc_settle_prepare(e, &s, NULL)) { /* no memory: by the order they came in */
        sc_learn_refresh(e);
        return;
    }
    sc_settle_apply(e, s);
    sc_settle_free(s);
}
