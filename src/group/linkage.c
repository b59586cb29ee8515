#include "group/linkage.h"

#define GONE (-1.0f) /* size of a node that was merged or is finished */

static inline float *row(sc_linkage *l, uint32_t i) { return l->sum + (size_t)i * l->n; }

static float mean(sc_linkage *l, uint32_t i, uint32_t j) {
    float s = row(l, i)[j];
    return s <= SC_LINKAGE_NEVER / 2 ? SC_LINKAGE_NEVER : s / (l->size[i] * l->size[j]);
}

/* The most similar living node; `prefer` wins a tie, so that the chain ends. */
static uint32_t nearest(sc_linkage *l, uint32_t i, uint32_t prefer, float *ret_mean) {
    uint32_t best = prefer;
    float most = prefer == UINT32_MAX ? SC_LINKAGE_NEVER : mean(l, i, prefer);
    const float *r = row(l, i);
    for (uint32_t j = 0; j < l->n; j++) {
        if (l->size[j] < 0 || j == i || r[j] <= SC_LINKAGE_NEVER / 2) continue;
        float m = r[j] / (l->size[i] * l->size[j]);
        if (m > most) {
            most = m;
            best = j;
        }
    }
    *ret_mean = most;
    return best;
}

/* b goes into a: sums add up, and what was forbidden to either stays forbidden. */
static void merge(sc_linkage *l, uint32_t a, uint32_t b, float at) {
    float *ra = row(l, a), *rb = row(l, b);
    for (uint32_t k = 0; k < l->n; k++) {
        if (k == a || k == b || l->size[k] < 0) continue;
        bool never = ra[k] <= SC_LINKAGE_NEVER / 2 || rb[k] <= SC_LINKAGE_NEVER / 2;
        ra[k] = never ? SC_LINKAGE_NEVER : ra[k] + rb[k];
        row(l, k)[a] = ra[k];
    }
    l->size[a] += l->size[b];
    l->size[b] = GONE;
    l->head[b] = a;
    if (l->height) l->height[b] = at;
}

static uint32_t root(sc_linkage *l, uint32_t i) {
    while (l->head[i] != i) i = l->head[i] = l->head[l->head[i]];
    return i;
}

void sc_linkage_run(sc_linkage *l, float cut) {
    uint32_t *chain = l->work, n_chain = 0, next_seed = 0;
    for (uint32_t i = 0; i < l->n; i++) l->head[i] = i;
    for (;;) {
        if (!n_chain) {
            while (next_seed < l->n && l->size[next_seed] < 0) next_seed++;
            if (next_seed == l->n) break;
            chain[n_chain++] = next_seed;
        }
        uint32_t top = chain[n_chain - 1], before = n_chain > 1 ? chain[n_chain - 2] : UINT32_MAX;
        float m;
        uint32_t near = nearest(l, top, before, &m);
        if (near == UINT32_MAX || m < cut) {
            /* Nothing is near enough now, and by reducibility nothing ever will be. */
            l->size[top] = GONE;
            n_chain--;
        } else if (near == before) {
            n_chain -= 2;
            merge(l, top < near ? top : near, top < near ? near : top, m);
        } else {
            chain[n_chain++] = near;
        }
    }
    for (uint32_t i = 0; i < l->n && !l->height; i++) l->head[i] = root(l, i);
}
