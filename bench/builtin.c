/* The builtin embedder on short texts: builtin TITLES SECONDS
 *
 * TITLES has one a line. They are prepared once and embedded over and over for SECONDS, 64 at a time, on one
 * thread; then for as long again prepared and embedded. Prints one line of JSON: titles a second of CPU time
 * in the best pass, for both, and a hash of all vectors. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "common.h"
#include "embedders/builtin.h"

enum { BATCH = 64 };

static void die(const char *what) {
    fprintf(stderr, "builtin: %s\n", what);
    exit(1);
}

static void *self;
static size_t dim;

static void embed(const sc_prepared *texts, size_t n, int8_t *vecs) {
    sc_err err = {0};
    for (size_t i = 0; i < n; i += BATCH)
        if (sc_embedder_builtin.embed(self, texts + i, SC_MIN(n - i, (size_t)BATCH), INT64_MAX,
                                      vecs + i * dim, &err))
            die(err.msg);
}

static void prepare(sc_str title, sc_arena *a, sc_prepared *ret) {
    sc_err err = {0};
    if (sc_prepare(title, SC_STR_NONE, SC_STR_NONE, a, ret, &err)) die(err.msg);
}

int main(int argc, char **argv) {
    if (argc != 3) die("usage: builtin TITLES SECONDS");
    sc_str file = read_file(argv[1]), rest = file, title;
    const double seconds = strtod(argv[2], NULL);
    size_t n = 0;
    while (rest.n && sc_str_next(&rest, '\n', &title)) n += title.n > 0;
    sc_str *titles = calloc(n + 1, sizeof *titles);
    sc_prepared *texts = calloc(n + 1, sizeof *texts);
    sc_arena a, one;
    sc_arena_init(&a, (size_t)4 << 30);
    sc_arena_init(&one, 64 << 20);
    sc_err err = {0};
    self = sc_alloc(sc_embedder_builtin.size);
    if (!n || !titles || !texts || !self || sc_embedder_builtin.open(self, NULL, &err))
        die("cannot begin");
    dim = sc_embedder_builtin.dim(self);
    int8_t *vecs = calloc(n, dim);
    if (!vecs) die("no memory");
    n = 0;
    for (rest = file; rest.n && sc_str_next(&rest, '\n', &title);)
        if (title.n) titles[n++] = title;
    for (size_t i = 0; i < n; i++) prepare(titles[i], &a, &texts[i]);
    embed(texts, n, vecs); /* makes the tokenizer */
    const uint64_t hash = sc_hash64(vecs, n * dim, 0);
    double best[2] = {1e9, 1e9};
    for (int whole = 0; whole < 2; whole++)
        for (const double started = cpu_s(); cpu_s() - started < seconds;) {
            const double before = cpu_s();
            if (!whole) embed(texts, n, vecs);
            for (size_t i = 0; whole && i < n; i++) {
                sc_prepared p;
                sc_arena_reset(&one);
                prepare(titles[i], &one, &p);
                embed(&p, 1, vecs + i * dim);
            }
            best[whole] = SC_MIN(best[whole], cpu_s() - before);
        }
    printf("{\"titles\": %zu, \"per_cpu_s\": %.0f, \"whole_per_cpu_s\": %.0f, \"hash\": "
           "\"%016llx\"}\n",
           n, (double)n / best[0], (double)n / best[1], (unsigned long long)hash);
    sc_embedder_builtin.close(self);
    return 0;
}
