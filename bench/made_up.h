/* Made-up vectors of topics, and an engine that knows vectors alone: for programs whose peers do, too. */
#ifndef SC_BENCH_MADE_UP_H
#define SC_BENCH_MADE_UP_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/repr.h"
#include "group/engine.h"
#include "group/profile.h"

enum { PER_TOPIC = 8, MAX_DIM = 4096 };

/* A pair is joined at a cosine of one half. */
static const sc_profile made_up_profile = {.model = "bench",
                                           .k_report = {.vec = 1},
                                           .k_topic = {.vec = 1},
                                           .k_trace = {.vec = 1},
                                           .cut_report = 0.5f,
                                           .cut_topic = 0.5f,
                                           .hold_report = 1000,
                                           .hold_topic = 1000,
                                           .null_cut = 0.5f,
                                           .null_items = 16,
                                           .topic_items = 60,
                                           .kind_words = 18,
                                           .kind_groups_step = 1,
                                           .kind_slope = 2,
                                           .slope = 9,
                                           .margin = 0.05f,
                                           .join = 0.5f,
                                           .suggest = 0.2f};

static inline uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline float unit(uint64_t *state) { return (float)(next(state) >> 40) / 8388608.0f - 1; }

/* Its topic's direction and as much of its own: cosines of about 0.6 within, 0 between. */
static inline void make(size_t topic, size_t i, size_t dim, int8_t *ret) {
    uint64_t of_topic = topic * 7919 + 1, own = i * 104729 + 3;
    float v[MAX_DIM], sum = 0;
    for (size_t k = 0; k < dim; k++) {
        v[k] = unit(&of_topic) + 0.8f * unit(&own);
        sum += v[k] * v[k];
    }
    for (size_t k = 0; k < dim; k++) ret[k] = (int8_t)lrintf(127 * v[k] / sqrtf(sum));
}

static inline void die(const char *what, const sc_err *err) {
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

/* n reports with the keys 1 .. n, each in a cluster of its own; `copy` (may be NULL) gets the rows. */
static inline void put_all(sc_engine *e, size_t n, uint16_t dim, FILE *copy) {
    int8_t vec[MAX_DIM];
    sc_err err;
    for (size_t i = 0; i < n; i++) {
        const sc_repr r = {.vec = vec, .dim = dim};
        const sc_engine_item item = {.key = (int64_t)i + 1, .repr = &r};
        const sc_id id = sc_id_new(&sc_clock_system);
        make(i / PER_TOPIC, i, dim, vec);
        if (copy && fwrite(vec, dim, 1, copy) != 1) {
            perror("write");
            exit(1);
        }
        if (sc_engine_put(e, &item, &id, &err)) die("put", &err);
    }
}

#endif
