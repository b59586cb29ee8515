#include "group/linkage.h"

#include <string.h>

/* The nodes that are neither merged into another nor finished, ascending: the only ones looked at. */
typedef struct living {
    uint32_t *v, n;
} living;

static inline float *row(sc_linkage *l, uint32_t i) { return l->sum + (size_t)i * l->n; }

static float mean(sc_linkage *l, uint32_t i, uint32_t j) {
    float s = row(l, i)[j];
    return s <= SC_LINKAGE_NEVER / 2 ? SC_LINKAGE_NEVER : s / (l->size[i] * l->size[j]);
}

static void bury(living *a, uint32_t node) {
    uint32_t from = 0, to = a->n;
    while (to - from > 1) {
        const uint32_t middle = from + (to - from) / 2;
        if (a->v[middle] <= node)
            from = middle;
        else
            to = middle;
    }
    a->n--;
    memmove(a->v + from, a->v + from + 1, (a->n - from) * sizeof *a->v);
}

/* The most similar living node; `prefer` wins a tie, so that the chain ends. */
static uint32_t nearest(sc_linkage *l, const living *a, uint32_t i, uint32_t prefer,
                        float *ret_mean) {
    uint32_t best = prefer;
    float most = prefer == UINT32_MAX ? SC_LINKAGE_NEVER : mean(l, i, prefer);
    const float *r = row(l, i), size = l->size[i];
    for (uint32_t k = 0; k < a->n; k++) {
        const uint32_t j = a->v[k];
        if (j == i || r[j] <= SC_LINKAGE_NEVER / 2) continue;
        const float m = r[j] / (size * l->size[j]);
        if (m > most) {
            most = m;
            best = j;
        }
    }
    *ret_mean = most;
    return best;
}

/* b goes into a: sums add up, and what was forbidden to either stays forbidden. */
static void merge(sc_linkage *l, living *alive, uint32_t a, uint32_t b, float at) {
    float *ra = row(l, a), *rb = row(l, b);
    bury(alive, b);
    for (uint32_t i = 0; i < alive->n; i++) {
        const uint32_t k = alive->v[i];
        if (k == a) continue;
        bool never = ra[k] <= SC_LINKAGE_NEVER / 2 || rb[k] <= SC_LINKAGE_NEVER / 2;
        ra[k] = never ? SC_LINKAGE_NEVER : ra[k] + rb[k];
        row(l, k)[a] = ra[k];
    }
    l->size[a] += l->size[b];
    l->head[b] = a;
    if (l->height) l->height[b] = at;
}

static uint32_t root(sc_linkage *l, uint32_t i) {
    while (l->head[i] != i) i = l->head[i] = l->head[l->head[i]];
    return i;
}

void sc_linkage_run(sc_linkage *l, float cut) {
    uint32_t *chain = l->work, n_chain = 0;
    living alive = {.v = l->work + l->n, .n = l->n};
    for (uint32_t i = 0; i < l->n; i++) l->head[i] = alive.v[i] = i;
    while (alive.n) {
        if (!n_chain) chain[n_chain++] = alive.v[0];
        uint32_t top = chain[n_chain - 1], before = n_chain > 1 ? chain[n_chain - 2] : UINT32_MAX;
        float m;
        uint32_t near = nearest(l, &alive, top, before, &m);
        if (near == UINT32_MAX || m < cut) {
            /* Nothing is near enough now, and by reducibility nothing ever will be. */
            bury(&alive, top);
            n_chain--;
        } else if (near == before) {
            n_chain -= 2;
            merge(l, &alive, top < near ? top : near, top < near ? near : top, m);
        } else {
            chain[n_chain++] = near;
        }
    }
    for (uint32_t i = 0; i < l->n && !l->height; i++) l->head[i] = root(l, i);
}
