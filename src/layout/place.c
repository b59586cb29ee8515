/* New points go to their nearest ones, and are then drawn and pushed a little, alone. */
#include <math.h>

#include "layout/fuzzy.h"
#include "layout/pull.h"

enum { ROUNDS = 30, PUSHES = 8 };
#define RATE 0.5f

static sc_point settle(const sc_layout_base *base, const sc_near *near, const float *weights,
                       uint32_t k, sc_point at) {
    /* The same vector goes to the same place: its neighbours seed the generator. */
    uint64_t random = UINT64_C(0x9E3779B97F4A7C15) ^ ((uint64_t)near[0].at + 1) << 20;
    for (int round = 0; round < ROUNDS; round++) {
        const float rate = RATE * (1.0f - (float)round / ROUNDS);
        for (uint32_t j = 0; j < k && near[j].at != UINT32_MAX; j++) {
            if ((float)(sc_pull_random(&random) >> 8) / 16777216.0f > weights[j]) continue;
            const sc_point step = sc_pull_step(at, base->points[near[j].at], rate);
            at = (sc_point){at.x + step.x, at.y + step.y};
            for (int i = 0; i < PUSHES; i++) {
                const sc_point other = base->points[sc_pull_random(&random) % base->n];
                const sc_point away = sc_push_step(at, other, rate);
                at = (sc_point){at.x + away.x, at.y + away.y};
            }
        }
    }
    return at;
}

void sc_layout_place(const sc_layout_base *base, const int8_t *vecs, uint32_t n, int32_t *scratch,
                     sc_point *ret) {
    sc_near near[SC_KNN_BATCH * SC_LAYOUT_NEAR];
    float weights[SC_LAYOUT_NEAR];
    const uint32_t k = SC_LAYOUT_NEAR;
    const sc_knn_rows rows = {base->vecs, base->n, base->dim};
    sc_knn_find(&rows, vecs, n, UINT32_MAX, k, scratch, near);
    for (uint32_t i = 0; i < n; i++) {
        const sc_near *mine = near + (size_t)i * k;
        const int8_t *v = vecs + (size_t)i * base->dim;
        float norm2 = 0, sum = 0;
        sc_point at = {0, 0};
        for (size_t d = 0; d < base->dim; d++) norm2 += (float)(v[d] * v[d]);
        sc_fuzzy_row(mine, k, SC_MAX(norm2, 1.0f), weights);
        for (uint32_t j = 0; j < k && mine[j].at != UINT32_MAX; j++) {
            at.x += weights[j] * base->points[mine[j].at].x;
            at.y += weights[j] * base->points[mine[j].at].y;
            sum += weights[j];
        }
        if (sum > 0) at = (sc_point){at.x / sum, at.y / sum};
        ret[i] = base->n ? settle(base, mine, weights, k, at) : at;
    }
}
