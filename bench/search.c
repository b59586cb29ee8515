/* Candidate search among N made-up vectors of D dimensions, one query at a time, on one thread:
 *
 *   search N D QUERIES K SECONDS [ROWS ASKED FOUND]
 *
 * The engine's own search, which also weighs words (there are none). Prints one line of JSON: queries a second
 * of CPU time in the best of the passes over all queries that SECONDS hold. With ROWS, ASKED and FOUND it
 * writes the vectors, the queries (int8) and the K best rows of each (int32), for a peer, and measures nothing. */
#include "base/json.h"
#include "common.h"
#include "made_up.h"

static FILE *file(const char *path) {
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

/* All queries; `found` (may be NULL) gets their answers. Every other one is of a topic that is there. */
static void ask(const sc_engine *e, const int8_t *asked, size_t queries, uint16_t dim, size_t best,
                FILE *found) {
    sc_err err;
    sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    for (size_t q = 0; q < queries; q++) {
        const sc_repr r = {.vec = asked + q * dim, .dim = dim};
        sc_hit *hits;
        size_t n;
        if (sc_engine_search(e, &r, best, &arena, &hits, &n, &err)) die("search", &err);
        for (size_t i = 0; found && i < best; i++) {
            int32_t row = i < n ? (int32_t)hits[i].key - 1 : -1;
            fwrite(&row, sizeof row, 1, found);
        }
        sc_arena_reset(&arena);
    }
    sc_arena_done(&arena);
}

int main(int argc, char **argv) {
    if (argc != 6 && argc != 9) return 2;
    const size_t n = strtoull(argv[1], NULL, 10), queries = strtoull(argv[3], NULL, 10),
                 best = strtoull(argv[4], NULL, 10);
    const uint16_t dim = (uint16_t)strtoul(argv[2], NULL, 10);
    const double seconds = strtod(argv[5], NULL);
    if (!n || !dim || dim > MAX_DIM || !queries || !best) return 2;
    const sc_engine_conf conf = {
        .dim = dim, .profile = &made_up_profile, .clock = &sc_clock_system};
    sc_engine *e;
    sc_err err;
    if (sc_engine_new(&conf, &e, &err)) die("engine", &err);
    FILE *rows = argc == 9 ? file(argv[6]) : NULL;
    put_all(e, n, dim, rows);
    int8_t *asked = sc_alloc_array(queries, dim);
    if (!asked) return 1;
    for (size_t q = 0; q < queries; q++)
        make(q % 2 ? q * 37 % (n / PER_TOPIC + 1) : n + q, n + q, dim, asked + q * dim);
    if (rows) {
        FILE *queries_to = file(argv[7]), *found = file(argv[8]);
        fwrite(asked, dim, queries, queries_to);
        ask(e, asked, queries, dim, best, found);
        return fclose(rows) || fclose(queries_to) || fclose(found);
    }
    double least = 1e9, started = cpu_s();
    do {
        const double before = cpu_s();
        ask(e, asked, queries, dim, best, NULL);
        least = SC_MIN(least, cpu_s() - before);
    } while (cpu_s() - started < seconds);
    printf("{\"per_cpu_s\": %.1f}\n", (double)queries / least);
    sc_free(asked);
    sc_engine_free(e);
    return 0;
}
