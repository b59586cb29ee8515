/*
 * Makes the builtin embedder's table: make_hashed OUT.bin DIM BUCKETS TEXTS.jsonl[.gz] ...
 *
 * Two passes over unlabelled texts, one JSON object a line with "text" (title, blank line, body) or
 * "title" and "body". The first counts in how many texts each feature bucket occurs; the second takes
 * the mean of the projected texts. Same texts in the same order give the same bytes. Prints what the
 * card models/README.md wants to know. Without any file: uniform weights and no mean.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/json.h"
#include "embedders/hashed.h"

enum { MAX_LINE = 1 << 22, ARENA = 16 << 20 };

typedef struct maker {
    uint32_t dim, buckets;
    uint32_t *df, *last; /* by bucket: texts, and the number of the last text */
    uint32_t n_texts;
    int64_t mean[SC_HASHED_MAX_DIM];
    unsigned char *table;
    sc_hashed model;
    bool second;
} maker;

static void see(void *self, uint32_t bucket) {
    maker *m = self;
    if (m->last[bucket] == m->n_texts) return;
    m->last[bucket] = m->n_texts;
    m->df[bucket]++;
}

static void take(maker *m, const sc_prepared *p) {
    m->n_texts++;
    if (!m->second) {
        sc_hashed_features(m->buckets, p, see, m);
        return;
    }
    int32_t v[SC_HASHED_MAX_DIM];
    sc_hashed_project(&m->model, p, v);
    for (uint32_t i = 0; i < m->dim; i++) m->mean[i] += v[i];
}

static int read_file(maker *m, const char *path) {
    gzFile f = gzopen(path, "rb");
    static char line[MAX_LINE];
    if (!f) {
        fprintf(stderr, "make_hashed: cannot read %s\n", path);
        return 1;
    }
    sc_arena arena;
    sc_arena_init(&arena, ARENA);
    while (gzgets(f, line, sizeof line)) {
        json_t *v = json_loads(line, 0, NULL);
        sc_str title = sc_json_str_at(v, "title"), body = sc_json_str_at(v, "body");
        if (!body.n) {
            sc_str text = sc_json_str_at(v, "text");
            size_t cut = sc_str_find(text, SC_STR("\n\n"));
            title = cut == SIZE_MAX ? SC_STR_NONE : (sc_str){text.p, cut};
            body = cut == SIZE_MAX ? text : (sc_str){text.p + cut, text.n - cut};
        }
        sc_prepared p;
        if (v && sc_prepare(title, body, SC_STR_NONE, &arena, &p, NULL) == SC_OK) take(m, &p);
        json_decref(v);
        sc_arena_reset(&arena);
    }
    sc_arena_done(&arena);
    gzclose(f);
    return 0;
}

static void put32(unsigned char *p, uint32_t v) { memcpy(p, &v, 4); }
static void put64(unsigned char *p, uint64_t v) { memcpy(p, &v, 8); }

/* Sixteenths of ln((1 + N) / (1 + df)) + 1/2. Half of one so that no word is without any weight. */
static unsigned char weight(uint32_t n, uint32_t df) {
    double idf = n ? log((1.0 + n) / (1.0 + df)) + 0.5 : 1.0;
    double q = floor(idf * 16 + 0.5);
    return (unsigned char)(q > 255 ? 255 : q);
}

static size_t finish(maker *m) {
    size_t n = SC_HASHED_HEADER + m->buckets + 2 * m->dim;
    unsigned char *p = m->table;
    memcpy(p, "SCBUILTN", 8);
    put32(p + 8, SC_HASHED_FORMAT);
    put32(p + 12, SC_PREPARE_VERSION);
    put32(p + 16, m->dim);
    put32(p + 20, m->buckets);
    put64(p + 24, m->n_texts);
    put64(p + 32, sc_hash64(p + SC_HASHED_HEADER, n - SC_HASHED_HEADER, 0));
    return n;
}

static int make(maker *m, const char *out, char **files, int n_files) {
    for (int i = 0; i < n_files; i++)
        if (read_file(m, files[i])) return 1;
    uint32_t used = 0;
    for (uint32_t i = 0; i < m->buckets; i++) {
        m->table[SC_HASHED_HEADER + i] = weight(m->n_texts, m->df[i]);
        used += m->df[i] > 0;
    }
    size_t n = finish(m);
    sc_err err;
    if (sc_hashed_load(&m->model, m->table, n, &err))
        return fprintf(stderr, "make_hashed: %s\n", err.msg), 1;
    m->second = true;
    m->n_texts = 0;
    for (int i = 0; i < n_files; i++)
        if (read_file(m, files[i])) return 1;
    unsigned char *mean = m->table + SC_HASHED_HEADER + m->buckets;
    for (uint32_t i = 0; i < m->dim && m->n_texts; i++) {
        int16_t v = (int16_t)(m->mean[i] / (int64_t)m->n_texts);
        memcpy(mean + 2 * i, &v, 2);
    }
    finish(m);
    FILE *f = fopen(out, "wb");
    if (!f || fwrite(m->table, 1, n, f) != n || fclose(f))
        return fprintf(stderr, "make_hashed: cannot write %s\n", out), 1;
    printf("%s: %zu bytes, %" PRIu32 " dimensions, %" PRIu32 " of %" PRIu32
           " buckets used, %" PRIu32 " texts\n",
           out, n, m->dim, used, m->buckets, m->n_texts);
    return 0;
}

int main(int argc, char **argv) {
    static maker m;
    if (argc < 4) {
        fprintf(stderr, "usage: make_hashed OUT.bin DIM BUCKETS [TEXTS.jsonl[.gz] ...]\n");
        return 2;
    }
    m.dim = (uint32_t)strtoul(argv[2], NULL, 10);
    m.buckets = (uint32_t)strtoul(argv[3], NULL, 10);
    if (m.dim < 8 || m.dim > SC_HASHED_MAX_DIM || m.buckets < 1024 ||
        m.buckets > SC_HASHED_MAX_BUCKETS)
        return 2;
    m.df = sc_alloc_array(m.buckets, sizeof *m.df);
    m.last = sc_alloc_array(m.buckets, sizeof *m.last);
    m.table = sc_alloc(SC_HASHED_HEADER + m.buckets + 2 * m.dim);
    if (!m.df || !m.last || !m.table) return 1;
    return make(&m, argv[1], argv + 4, argc - 4);
}
