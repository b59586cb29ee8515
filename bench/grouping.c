/* The grouping engine alone on many reports, without store and HTTP:
 *
 *   grouping FILE N [CHUNK [pass | given | given-pass]]
 *
 * Reads N reports (FILE: `labelled` of reports.py), represents them with the builtin embedder and places them as
 * the worker does, CHUNK reports a change (default 16); `given`: puts them in as they truly are instead, as
 * loading does. A line of JSON for each tenth: processor time a report of placing, and of looking at the
 * clusters it touched; then p50 and p99 of single inserts and of searches; `pass`: the pass over everything.
 * Times are of the processor, so that other work on the machine matters less. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fed.h"
#include "group/pass.h"
#include "group/state.h"

enum { MOST_CHUNK = 256, SINGLES = 1000, SEARCHES = 200, THINK_US = 8000, STEP_MOVES = 64 };

typedef struct bench {
    fed in;
    sc_engine *e;
    sc_arena change;
    sc_feedback reports[MOST_CHUNK];
    sc_repr reprs[MOST_CHUNK];
    sc_engine_item items[MOST_CHUNK];
    size_t done;
    int64_t place_us, view_us, moves;
} bench;

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double resident_mib(const char *which) {
    char line[128];
    double kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, which, strlen(which))) kib = strtod(line + strlen(which) + 1, NULL);
    if (f) fclose(f);
    return kib / 1024;
}

static size_t read_some(bench *b, size_t n) {
    const size_t got = fed_read(&b->in, n, b->reports, b->reprs);
    for (size_t i = 0; i < got; i++)
        b->items[i] = (sc_engine_item){.key = (int64_t)(b->done + i) + 1,
                                       .created_ms = (int64_t)(b->done + i) * 1000,
                                       .repr = &b->reprs[i]};
    return got;
}

/* Puts them in as they truly are, as if a store were loaded. */
static void put(bench *b, size_t n) {
    sc_err err = {0};
    for (size_t i = 0; i < n; i++) {
        const sc_str label = b->reports[i].external_id;
        unsigned char bytes[16] = {0};
        const uint64_t h = sc_hash64(label.p, label.n, 0);
        memcpy(bytes, &h, sizeof h);
        const sc_id home = sc_id_from_bytes(bytes);
        if (sc_engine_put(b->e, &b->items[i], &home, &err)) fed_die("put", &err);
    }
    b->done += n;
}

static void place(bench *b, size_t n) {
    sc_err err = {0};
    sc_change c;
    sc_arena_reset(&b->change);
    int64_t start = cpu_us();
    if (sc_engine_place(b->e, b->items, n, &b->change, &c, &err)) fed_die("place", &err);
    int64_t placed = cpu_us();
    for (size_t i = 0; i < c.n_touched; i++) {
        sc_cluster_view v;
        if (sc_engine_view_mine(b->e, &c.touched[i], &v, &err)) fed_die("view", &err);
    }
    b->place_us += placed - start;
    b->view_us += cpu_us() - placed;
    b->moves += (int64_t)c.n_moves;
    b->done += n;
}

static void report(bench *b, size_t since) {
    sc_engine_stats st;
    const double n = (double)(b->done - since) * 1000;
    sc_engine_stats_get(b->e, &st);
    printf("{\"reports\":%zu,\"place_ms\":%.3f,\"view_ms\":%.3f,\"moves\":%.2f,\"clusters\":%zu,"
           "\"terms\":%zu,\"engine_mib\":%.0f,\"resident_mib\":%.0f,\"peak_mib\":%.0f}\n",
           b->done, (double)b->place_us / n, (double)b->view_us / n, (double)b->moves * 1000 / n,
           st.clusters, st.terms, (double)st.bytes / 1048576, resident_mib("VmRSS"),
           resident_mib("VmHWM"));
    fflush(stdout);
    b->place_us = b->view_us = b->moves = 0;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *us, size_t n) {
    if (!n) return;
    qsort(us, n, sizeof *us, ascending);
    printf("{\"what\":\"%s\",\"n\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"most_ms\":%.3f}\n", what,
           n, (double)us[n / 2] / 1000, (double)us[n * 99 / 100] / 1000, (double)us[n - 1] / 1000);
    fflush(stdout);
}

static void singles(bench *b) {
    static int64_t took[SINGLES];
    size_t n = 0;
    for (; n < SINGLES && read_some(b, 1); n++) {
        b->place_us = 0;
        place(b, 1);
        took[n] = b->place_us;
    }
    print_times("insert", took, n);
}

static void searches(bench *b) {
    static int64_t took[SEARCHES];
    size_t n = 0;
    for (; n < SEARCHES && read_some(b, 1); n++) {
        sc_hit *hits;
        size_t n_hits;
        sc_err err = {0};
        sc_arena_reset(&b->change);
        int64_t start = cpu_us();
        if (sc_engine_search(b->e, &b->reprs[0], 20, &b->change, &hits, &n_hits, &err))
            fed_die("search", &err);
        took[n] = cpu_us() - start;
    }
    print_times("search", took, n);
}

static void pass(bench *b) {
    sc_pass *p;
    sc_pass_next what = SC_PASS_THINK;
    sc_pass_stats st;
    sc_err err = {0};
    int64_t start = cpu_us(), longest_us = 0;
    if (sc_pass_new(&p, &err)) fed_die("pass", &err);
    while (what != SC_PASS_DONE) {
        sc_change c;
        int64_t step = cpu_us();
        if (sc_pass_think(p, b->e, THINK_US, &what, &err)) fed_die("think", &err);
        longest_us = SC_MAX(longest_us, cpu_us() - step);
        sc_arena_reset(&b->change);
        if (what == SC_PASS_ACT && sc_pass_act(p, b->e, STEP_MOVES, &b->change, &c, &err))
            fed_die("act", &err);
    }
    sc_pass_stats_get(p, &st);
    printf("{\"what\":\"pass\",\"seconds\":%.1f,\"moves\":%zu,\"parts\":%zu,\"edges\":%zu,"
           "\"capped\":%zu,\"mib\":%.0f,\"longest_step_ms\":%.1f,\"resident_mib\":%.0f,"
           "\"peak_mib\":%.0f}\n",
           (double)(cpu_us() - start) / 1e6, st.moves, st.parts, st.edges, st.capped,
           (double)st.bytes / 1048576, (double)longest_us / 1000, resident_mib("VmRSS"),
           resident_mib("VmHWM"));
    sc_pass_free(p);
}

/* The grouping as one number: who is with whom, whatever the ids. */
static void digest(const bench *b) {
    const sc_items *t = &b->e->items;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const sc_group *g = &b->e->groups.v[t->group[i]];
        int64_t pair[2] = {t->v[i].key, t->v[g->members[0]].key};
        sum += sc_hash64(pair, sizeof pair, 1);
    }
    printf("{\"what\":\"digest\",\"reports\":%u,\"clusters\":%u,\"digest\":\"%016llx\"}\n", t->n,
           b->e->groups.n_filled, (unsigned long long)sum);
}

int main(int argc, char **argv) {
    bench b = {0};
    sc_err err = {0};
    const size_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    const size_t chunk = argc > 3 ? strtoull(argv[3], NULL, 10) : 16;
    const char *how = argc > 4 ? argv[4] : "";
    if (!n || !chunk || chunk > MOST_CHUNK) return 2;
    fed_open(&b.in, argv[1]);
    const sc_embedder *em = &b.in.em;
    const sc_engine_conf conf = {.dim = em->ops->dim(em->self),
                                 .profile = sc_profile_get(em->ops->model(em->self)),
                                 .clock = &sc_clock_system};
    sc_arena_init(&b.change, (size_t)1 << 30);
    if (sc_engine_new(&conf, &b.e, &err)) fed_die("engine", &err);
    const bool given = !strncmp(how, "given", 5);
    for (size_t got = 1, since = 0; b.done < n && got;) {
        got = read_some(&b, SC_MIN(chunk, n - b.done));
        given ? put(&b, got) : place(&b, got);
        if (b.done - since < n / 10 && b.done < n) continue;
        report(&b, since);
        since = b.done;
    }
    if (given) sc_engine_weigh(b.e);
    digest(&b);
    singles(&b);
    searches(&b);
    if (strstr(how, "pass")) {
        pass(&b);
        digest(&b);
    }
    sc_engine_free(b.e);
    sc_arena_done(&b.change);
    fed_close(&b.in);
    return 0;
}
