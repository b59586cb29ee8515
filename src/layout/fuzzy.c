#include "layout/fuzzy.h"

#include <math.h>

enum { ROUNDS = 48 };

static float distance(int32_t dot, float norm2) {
    const float cosine = (float)dot / norm2;
    return sqrtf(SC_MAX(2.0f - 2.0f * cosine, 0.0f));
}

static float sum_at(const float *d, uint32_t n, float nearest, float scale) {
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += expf(-SC_MAX(d[i] - nearest, 0.0f) / scale);
    return sum;
}

/* The scale is chosen so that the weights sum up to log2(k), by bisection. */
void sc_fuzzy_row(const sc_near *near, uint32_t k, float norm2, float *ret_weights) {
    uint32_t n = 0;
    float mean = 0;
    for (; n < k && near[n].at != UINT32_MAX; n++) {
        ret_weights[n] = distance(near[n].dot, norm2);
        mean += ret_weights[n];
    }
    for (uint32_t i = n; i < k; i++) ret_weights[i] = 0;
    if (!n) return;
    const float nearest = ret_weights[0], want = log2f((float)SC_MAX(n, 2u));
    float lo = 0, hi = INFINITY, scale = 1;
    mean /= (float)n;
    for (int round = 0; round < ROUNDS; round++) {
        if (sum_at(ret_weights, n, nearest, scale) > want)
            hi = scale;
        else
            lo = scale;
        scale = isinf(hi) ? scale * 2 : (lo + hi) / 2;
    }
    scale = SC_MAX(scale, 1e-3f * SC_MAX(mean, 1e-6f));
    for (uint32_t i = 0; i < n; i++)
        ret_weights[i] = expf(-SC_MAX(ret_weights[i] - nearest, 0.0f) / scale);
}

/* What i gives its neighbour j; 0 when that is none of its. */
static float given(const sc_near *near, const float *weights, uint32_t k, uint32_t i, uint32_t j) {
    for (uint32_t m = 0; m < k; m++)
        if (near[(size_t)i * k + m].at == j) return weights[(size_t)i * k + m];
    return 0;
}

sc_rc sc_fuzzy_union(const sc_near *near, const float *weights, uint32_t n, uint32_t k,
                     const uint32_t *group, float across, sc_fuzzy_edge **ret, size_t *ret_n,
                     sc_err *err) {
    sc_fuzzy_edge *e = sc_alloc_array((size_t)n * k + 1, sizeof *e);
    if (!e) return sc_fail(err, SC_NOMEM, "no memory for the neighbours of %u reports", n);
    size_t m = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < k; j++) {
            const uint32_t at = near[(size_t)i * k + j].at;
            if (at == UINT32_MAX) break;
            const float here = weights[(size_t)i * k + j], there = given(near, weights, k, at, i);
            if (at < i && there > 0) continue; /* it was met from the other side */
            const float same = group && group[i] != group[at] ? across : 1;
            e[m++] = (sc_fuzzy_edge){i, at, same * (here + there - here * there)};
        }
    *ret = e;
    *ret_n = m;
    return SC_OK;
}
