#include "group/shape.h"

#include <math.h>

#include "group/linkage.h"
#include "group/pairs.h"

enum { MOST = SC_SHAPE_SAMPLE };
static const float step = 0.02f;
/* Cuts whose silhouettes differ by this much count e times as much: what is chosen moves by little
 * when the texts change by little. */
static const float even = 0.003f;

typedef struct sample {
    uint32_t n, slots[MOST];
    float *sum; /* n x n similarities, for the linkage */
    float *to;  /* n x n: a report to each group's members, itself not among them */
    float link_size[MOST], height[MOST], size[MOST];
    uint32_t into[MOST], work[2 * MOST]; /* the tree; see linkage.h */
    uint32_t head[MOST];                 /* the groups at the level that is looked at */
    uint32_t heads[MOST], n_heads;
} sample;

static float level(size_t i) { return step * (float)(i + 1); }

static void fill(sample *x, sc_pairs *pairs) {
    for (uint32_t i = 0; i < x->n; i++) {
        const float *row = sc_pairs_row(pairs, i);
        for (uint32_t k = i + 1; k < x->n; k++)
            x->sum[i * x->n + k] = x->sum[k * x->n + i] = row[k];
        x->link_size[i] = x->size[i] = 1;
        x->head[i] = i;
    }
    memcpy(x->to, x->sum, (size_t)x->n * x->n * sizeof *x->to);
}

static uint32_t head_of(const sample *x, uint32_t i) {
    while (x->head[i] != i) i = x->head[i];
    return i;
}

/* Brings together what the tree has together at this cut. False: nothing new. */
static bool join(sample *x, float cut) {
    bool any = false;
    for (uint32_t b = 0; b < x->n; b++) {
        if (x->head[b] != b || x->into[b] == b || x->height[b] < cut) continue;
        const uint32_t a = head_of(x, x->into[b]);
        for (uint32_t i = 0; i < x->n; i++) x->to[i * x->n + a] += x->to[i * x->n + b];
        x->size[a] += x->size[b];
        x->head[b] = a;
        any = true;
    }
    x->n_heads = 0;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->head[i] == i) x->heads[x->n_heads++] = i;
    return any;
}

static float silhouette(const sample *x) {
    const float least = 0.05f; /* of a distance: copies of one text have none */
    float sum = 0;
    if (x->n_heads == 1) return 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const uint32_t own = head_of(x, i);
        const float *to = x->to + i * x->n;
        float next = -1;
        if (x->size[own] < 2) continue;
        for (uint32_t k = 0; k < x->n_heads; k++)
            if (x->heads[k] != own) next = SC_MAX(next, to[x->heads[k]] / x->size[x->heads[k]]);
        float in = to[own] / (x->size[own] - 1);
        sum += (in - next) / SC_MAX(least, SC_MAX(1 - in, 1 - next));
    }
    return sum / (float)x->n;
}

static void look(sample *x, sc_shape *ret) {
    sc_linkage l = {.n = x->n,
                    .sum = x->sum,
                    .size = x->link_size,
                    .head = x->into,
                    .work = x->work,
                    .height = x->height};
    sc_linkage_run(&l, level(0));
    for (size_t i = SC_SHAPE_LEVELS; i-- > 0;) {
        bool same = !join(x, level(i)) && i + 1 < SC_SHAPE_LEVELS;
        ret->silhouette[i] = same ? ret->silhouette[i + 1] : silhouette(x);
        ret->groups[i] = (float)x->n_heads / (float)x->n;
    }
}

sc_rc sc_shape_look(const sc_score *s, sc_shape *ret, sc_err *err) {
    sample x = {.n = SC_MIN(s->items->n, (uint32_t)MOST)};
    const size_t cells = (size_t)x.n * x.n;
    /* Contradictions count in units of the cut, which is what we look for. */
    sc_epoch epoch = *s->epoch;
    epoch.cut = 0;
    const sc_score without = {s->items, s->terms, s->profile, &epoch};
    SC_AUTO(sc_pairs_done) sc_pairs pairs = {0};
    SC_AUTO(sc_auto_free) float *sum = sc_alloc_array(cells, sizeof *sum);
    SC_AUTO(sc_auto_free) float *to = sc_alloc_array(cells, sizeof *to);
    SC_AUTO(sc_auto_free) uint32_t *mark = sc_alloc_array(s->terms->n, sizeof *mark);
    for (uint32_t i = 0; i < x.n; i++) x.slots[i] = (uint32_t)((uint64_t)i * s->items->n / x.n);
    if (!sum || !to || !mark || !sc_pairs_init(&pairs, &without, x.slots, x.n, mark))
        return sc_fail(err, SC_NOMEM, "no memory to look at the shape of a project");
    *ret = (sc_shape){0};
    if (!x.n) return SC_OK;
    x.sum = sum;
    x.to = to;
    fill(&x, &pairs);
    look(&x, ret);
    return SC_OK;
}

float sc_shape_cut(const sc_shape *h, float prior, float hold, float *ret_groups) {
    float y[SC_SHAPE_LEVELS], top = -INFINITY, all = 0, cut = 0, groups = 0;
    for (size_t i = 0; i < SC_SHAPE_LEVELS; i++) {
        const float off = level(i) - prior;
        y[i] = h->silhouette[i] - hold * off * off;
        top = SC_MAX(top, y[i]);
    }
    for (size_t i = 0; i < SC_SHAPE_LEVELS; i++) {
        const float w = expf((y[i] - top) / even);
        all += w;
        cut += w * level(i);
        groups += w * h->groups[i];
    }
    *ret_groups = groups / all;
    return cut / all;
}
