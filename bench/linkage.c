/* Average linkage of N made-up vectors of D dimensions, from nothing, by the pass over everything; then
 * reports placed one by one into them:
 *
 *   linkage N D [--write FILE]     the vectors, as int8 rows, for a peer
 *
 * Prints one line of JSON. No words, so that a peer that knows vectors alone does the same work. */
#include "base/json.h"
#include "group/metrics.h"
#include "group/pass.h"
#include "group/state.h"
#include "made_up.h"

enum { INSERTS = 1000, TILE_MS = 8000 };

static sc_pass_stats consolidate(sc_engine *e, sc_arena *arena, int64_t *ret_longest_us) {
    sc_pass *p;
    sc_pass_next what = SC_PASS_THINK;
    sc_pass_stats st;
    sc_err err;
    if (sc_pass_new(&p, &err)) die("begin", &err);
    *ret_longest_us = 0;
    while (what != SC_PASS_DONE) {
        sc_change change;
        int64_t start = sc_mono_us(&sc_clock_system);
        if (sc_pass_think(p, e, TILE_MS, &what, &err)) die("think", &err);
        if (what == SC_PASS_ACT) {
            start = sc_mono_us(&sc_clock_system); /* this is what readers wait for */
            if (sc_pass_act(p, e, 64, arena, &change, &err)) die("act", &err);
            *ret_longest_us = SC_MAX(*ret_longest_us, sc_mono_us(&sc_clock_system) - start);
        }
        sc_arena_reset(arena);
    }
    sc_pass_stats_get(p, &st);
    sc_pass_free(p);
    return st;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double insert_p99_us(sc_engine *e, size_t n, uint16_t dim, sc_arena *arena) {
    static int64_t took[INSERTS];
    int8_t vec[MAX_DIM];
    sc_err err;
    uint64_t seed = 99;
    for (size_t i = 0; i < INSERTS; i++) {
        const sc_repr r = {.vec = vec, .dim = dim};
        const sc_engine_item item = {.key = (int64_t)(n + i) + 1, .repr = &r};
        sc_change change;
        const size_t at = i % 2 ? (size_t)(next(&seed) % n) : n + i * PER_TOPIC;
        make(at / PER_TOPIC, at, dim, vec);
        int64_t start = sc_mono_us(&sc_clock_system);
        if (sc_engine_place(e, &item, 1, arena, &change, &err)) die("place", &err);
        took[i] = sc_mono_us(&sc_clock_system) - start;
        sc_arena_reset(arena);
    }
    qsort(took, INSERTS, sizeof *took, ascending);
    return (double)took[INSERTS * 99 / 100];
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const size_t n = strtoull(argv[1], NULL, 10);
    const uint16_t dim = (uint16_t)strtoul(argv[2], NULL, 10);
    if (!n || !dim || dim > MAX_DIM) return 2;
    FILE *copy = argc == 5 && !strcmp(argv[3], "--write") ? fopen(argv[4], "wb") : NULL;
    const sc_engine_conf conf = {
        .dim = dim, .profile = &made_up_profile, .clock = &sc_clock_system};
    sc_engine *e;
    sc_err err;
    sc_arena arena;
    sc_arena_init(&arena, (size_t)1 << 30);
    if (sc_engine_new(&conf, &e, &err)) die("engine", &err);
    put_all(e, n, dim, copy);
    if (copy && fclose(copy)) return 1;
    int64_t start = sc_mono_us(&sc_clock_system), longest_us;
    sc_pass_stats st = consolidate(e, &arena, &longest_us);
    const double seconds = (double)(sc_mono_us(&sc_clock_system) - start) / 1e6;
    int32_t *truth = sc_alloc_array(n, sizeof *truth), *found = sc_alloc_array(n, sizeof *found);
    for (size_t i = 0; i < n; i++) {
        truth[i] = (int32_t)(i / PER_TOPIC);
        found[i] = (int32_t)e->items.group[sc_items_find(&e->items, (int64_t)i + 1)];
    }
    sc_metrics m;
    sc_engine_stats es;
    if (sc_metrics_compare(truth, found, n, &m, &err)) die("compare", &err);
    sc_engine_stats_get(e, &es);
    printf("{\"seconds\":%.3f,\"groups\":%lld,\"ari\":%.4f,\"edges\":%zu,\"pass_bytes\":%zu,"
           "\"engine_bytes\":%zu,"
           "\"act_ms\":%.2f,\"insert_p99_ms\":%.3f}\n",
           seconds, (long long)m.found_groups, m.ari, st.edges, st.bytes, es.bytes,
           (double)longest_us / 1000, insert_p99_us(e, n, dim, &arena) / 1000);
    sc_free(truth);
    sc_free(found);
    sc_engine_free(e);
    sc_arena_done(&arena);
    return 0;
}
