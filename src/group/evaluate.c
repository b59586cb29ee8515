#include "group/evaluate.h"

#include <stdlib.h>

#include "group/map.h"
#include "group/state.h"

enum { ARENA_BYTES = 1 << 28, ASK = 6 /* the report itself and five more */ };

typedef struct run {
    const sc_evaluate_conf *conf;
    const sc_repr *reprs;
    const int32_t *labels;
    size_t n;
    sc_engine *e;
    uint32_t *order;
    int64_t *took_us;
    int32_t *found;
    sc_evaluation out;
} run;

static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void shuffle(uint32_t *v, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++) v[i] = (uint32_t)i;
    for (size_t i = n; seed && i > 1; i--) {
        size_t k = (size_t)(next(&seed) % i);
        uint32_t x = v[i - 1];
        v[i - 1] = v[k];
        v[k] = x;
    }
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static sc_rc stream(run *r, sc_arena *arena, sc_err *err) {
    const sc_clock *clock = r->conf->clock;
    int64_t total = 0;
    for (size_t i = 0; i < r->n; i++) {
        const sc_engine_item item = {.key = (int64_t)i + 1, .repr = &r->reprs[r->order[i]]};
        sc_change change;
        int64_t start = sc_mono_us(clock);
        sc_rc rc = sc_engine_place(r->e, &item, 1, arena, &change, err);
        if (rc) return rc;
        total += r->took_us[i] = sc_mono_us(clock) - start;
        r->out.moves += (int64_t)change.n_moves - 1;
        r->out.suggestions += (int64_t)change.n_suggestions;
        sc_arena_reset(arena);
    }
    qsort(r->took_us, r->n, sizeof *r->took_us, ascending);
    r->out.place_us_mean = (double)total / (double)r->n;
    r->out.place_us_p99 = (double)r->took_us[r->n * 99 / 100];
    return SC_OK;
}

static bool has_sibling(const sc_map *sizes, int32_t label) {
    return sc_map_get(sizes, (uint64_t)label) > 1;
}

static sc_rc ask(run *r, sc_arena *arena, sc_err *err) {
    SC_AUTO(sc_map_done) sc_map sizes = {0};
    if (!sc_map_reserve(&sizes, r->n)) return sc_fail(err, SC_NOMEM, "no memory to evaluate");
    for (size_t i = 0; i < r->n; i++) {
        uint32_t size = sc_map_get(&sizes, (uint64_t)r->labels[i]);
        sc_map_set(&sizes, (uint64_t)r->labels[i], size == SC_MAP_NONE ? 1 : size + 1);
    }
    int64_t at_1 = 0, at_5 = 0, start = sc_mono_us(r->conf->clock);
    for (size_t i = 0; i < r->n; i++) {
        uint32_t me = r->order[i];
        if (!has_sibling(&sizes, r->labels[me])) continue;
        sc_hit *hits;
        size_t n_hits, rank = 0;
        sc_rc rc = sc_engine_search(r->e, &r->reprs[me], ASK, arena, &hits, &n_hits, err);
        if (rc) return rc;
        for (size_t k = 0; k < n_hits && rank < ASK - 1; k++) {
            if (hits[k].key == (int64_t)i + 1) continue;
            rank++;
            if (r->labels[r->order[hits[k].key - 1]] != r->labels[me]) continue;
            at_1 += rank == 1;
            at_5++;
            break;
        }
        r->out.queries++;
        sc_arena_reset(arena);
    }
    if (!r->out.queries) return SC_OK;
    const double n = (double)r->out.queries;
    r->out.recall_at_1 = (double)at_1 / n;
    r->out.recall_at_5 = (double)at_5 / n;
    r->out.search_us_mean = (double)(sc_mono_us(r->conf->clock) - start) / n;
    return SC_OK;
}

static sc_rc go(run *r, sc_arena *arena, sc_err *err) {
    const sc_engine_conf conf = {
        .dim = r->reprs[0].dim, .profile = r->conf->profile, .clock = r->conf->clock};
    r->order = sc_alloc_array(r->n, sizeof *r->order);
    r->took_us = sc_alloc_array(r->n, sizeof *r->took_us);
    r->found = sc_alloc_array(r->n, sizeof *r->found);
    if (!r->order || !r->took_us || !r->found)
        return sc_fail(err, SC_NOMEM, "no memory to evaluate");
    shuffle(r->order, r->n, r->conf->shuffle);
    sc_change change;
    sc_rc rc = sc_engine_new(&conf, &r->e, err);
    if (!rc) rc = stream(r, arena, err);
    if (!rc && r->conf->consolidate) rc = sc_engine_consolidate(r->e, 0, arena, &change, err);
    sc_arena_reset(arena);
    if (!rc && !r->conf->skip_search) rc = ask(r, arena, err);
    if (rc) return rc;
    sc_engine_stats stats;
    sc_engine_stats_get(r->e, &stats);
    r->out.bytes = stats.bytes;
    r->out.cut = (double)r->e->epoch.cut;
    r->out.topics = (double)r->e->epoch.topics;
    for (size_t i = 0; i < r->n; i++)
        r->found[r->order[i]] =
            (int32_t)r->e->items.group[sc_items_find(&r->e->items, (int64_t)i + 1)];
    return sc_metrics_compare(r->labels, r->found, r->n, &r->out.metrics, err);
}

sc_rc sc_evaluate_run(const sc_evaluate_conf *conf, const sc_repr *reprs, const int32_t *labels,
                      size_t n, int32_t *ret_found, sc_evaluation *ret, sc_err *err) {
    if (!n) return sc_fail(err, SC_INVALID, "nothing to evaluate");
    run r = {.conf = conf, .reprs = reprs, .labels = labels, .n = n};
    sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = go(&r, &arena, err);
    if (!rc) {
        *ret = r.out;
        if (ret_found) memcpy(ret_found, r.found, n * sizeof *ret_found);
    }
    sc_arena_done(&arena);
    sc_engine_free(r.e);
    sc_free(r.order);
    sc_free(r.took_us);
    sc_free(r.found);
    return rc;
}
