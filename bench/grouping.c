/* The grouping engine alone on many reports, without store and HTTP:
 *
 *   grouping FILE N [CHUNK [pass]]
 *
 * Reads N lines of JSON with title and body, represents them with the builtin embedder and places them as the
 * worker does, CHUNK reports a change (default 16). A line of JSON for each tenth: processor time a report of
 * placing, and of looking at the clusters it touched; then p50 and p99 of single inserts and of searches; with
 * `pass`, the pass over everything. Times are of the processor, so that other work on the machine matters less. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/represent.h"
#include "base/json.h"
#include "embedders/registry.h"
#include "group/pass.h"
#include "group/state.h"

enum { MOST_CHUNK = 256, SINGLES = 1000, SEARCHES = 200, THINK_US = 8000, STEP_MOVES = 64 };

typedef struct bench {
    FILE *in;
    sc_embedder em;
    sc_engine *e;
    sc_arena texts, change;
    sc_repr reprs[MOST_CHUNK];
    sc_engine_item items[MOST_CHUNK];
    char *line;
    size_t line_cap, done;
    int64_t place_us, view_us, moves;
} bench;

static void die(const char *what, const sc_err *err) {
    fprintf(stderr, "grouping: %s: %s\n", what, err->msg);
    exit(1);
}

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

/* Represents the next reports; returns how many there were. */
static size_t read_some(bench *b, size_t n) {
    sc_err err = {0};
    size_t got = 0;
    sc_arena_reset(&b->texts);
    for (ssize_t len; got < n && (len = getline(&b->line, &b->line_cap, b->in)) > 0; got++) {
        json_t *obj;
        if (sc_json_parse((sc_str){b->line, (size_t)len}, &obj, &err)) die("read", &err);
        const sc_feedback f = {.title = sc_json_str_at(obj, "title"),
                               .body = sc_json_str_at(obj, "body")};
        if (sc_represent(&b->em, &f, INT64_MAX, &b->texts, &b->reprs[got], NULL, &err))
            die("represent", &err);
        b->items[got] = (sc_engine_item){.key = (int64_t)(b->done + got) + 1,
                                         .created_ms = (int64_t)(b->done + got) * 1000,
                                         .repr = &b->reprs[got]};
        json_decref(obj);
    }
    return got;
}

static void place(bench *b, size_t n) {
    sc_err err = {0};
    sc_change c;
    sc_arena_reset(&b->change);
    int64_t start = cpu_us();
    if (sc_engine_place(b->e, b->items, n, &b->change, &c, &err)) die("place", &err);
    int64_t placed = cpu_us();
    for (size_t i = 0; i < c.n_touched; i++) {
        sc_cluster_view v;
        if (sc_engine_view_mine(b->e, &c.touched[i], &v, &err)) die("view", &err);
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
            die("search", &err);
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
    if (sc_pass_new(&p, &err)) die("pass", &err);
    while (what != SC_PASS_DONE) {
        sc_change c;
        int64_t step = cpu_us();
        if (sc_pass_think(p, b->e, THINK_US, &what, &err)) die("think", &err);
        longest_us = SC_MAX(longest_us, cpu_us() - step);
        sc_arena_reset(&b->change);
        if (what == SC_PASS_ACT && sc_pass_act(p, b->e, STEP_MOVES, &b->change, &c, &err))
            die("act", &err);
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
    if (!n || !chunk || chunk > MOST_CHUNK || !(b.in = fopen(argv[1], "r"))) return 2;
    b.em.ops = sc_embedder_find(SC_STR("builtin"));
    b.em.self = sc_alloc(b.em.ops->size);
    if (!b.em.self || b.em.ops->open(b.em.self, NULL, &err)) die("embedder", &err);
    const char *model = b.em.ops->model(b.em.self);
    const sc_engine_conf conf = {.dim = b.em.ops->dim(b.em.self),
                                 .profile = sc_profile_get(model),
                                 .clock = &sc_clock_system};
    sc_arena_init(&b.texts, (size_t)256 << 20);
    sc_arena_init(&b.change, (size_t)1 << 30);
    if (sc_engine_new(&conf, &b.e, &err)) die("engine", &err);
    for (size_t got = 1, since = 0; b.done < n && got;) {
        got = read_some(&b, SC_MIN(chunk, n - b.done));
        place(&b, got);
        if (b.done - since < n / 10 && b.done < n) continue;
        report(&b, since);
        since = b.done;
    }
    digest(&b);
    singles(&b);
    searches(&b);
    if (argc > 4) {
        pass(&b);
        digest(&b);
    }
    sc_engine_free(b.e);
    if (b.em.ops->close) b.em.ops->close(b.em.self);
    sc_free(b.em.self);
    sc_arena_done(&b.texts);
    sc_arena_done(&b.change);
    free(b.line);
    fclose(b.in);
    return 0;
}
