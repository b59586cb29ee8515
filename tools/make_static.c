/*
 * Makes the table of token vectors (src/embedders/static.h): make_static OUT.bin DIM ROWS.f32 VOCAB.txt
 *
 * ROWS.f32 holds one row of DIM little-endian floats for each line of VOCAB.txt (tools/train/distill.py writes it). Rows of
 * "[unused...]" tokens are left out. A row is kept as int8 with a scale of its own: the longest row's is 4095.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "embedders/static.h"

static unsigned char *read_all(const char *path, size_t *ret_n) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    long n = ftell(f);
    rewind(f);
    unsigned char *p = sc_alloc((size_t)n + 1);
    if (!p || fread(p, 1, (size_t)n, f) != (size_t)n) {
        perror(path);
        exit(1);
    }
    fclose(f);
    *ret_n = (size_t)n;
    return p;
}

static size_t padded(size_t n) { return (n + 63) & ~(size_t)63; }

static float greatest(const float *row, uint32_t dim) {
    float max = 0;
    for (uint32_t k = 0; k < dim; k++) max = fmaxf(max, fabsf(row[k]));
    return max;
}

/* The lines to keep, moved together in place with their rows; returns how many. */
static uint32_t keep(char *vocab, size_t *n_vocab, float *rows, uint32_t dim, uint32_t *ret_lines) {
    uint32_t kept = 0, line = 0;
    size_t to = 0;
    sc_str rest = {vocab, *n_vocab}, token;
    while (rest.n && sc_str_next(&rest, '\n', &token)) {
        uint32_t at = line++;
        if (sc_str_starts(token, "[unused")) continue;
        memmove(rows + (size_t)kept * dim, rows + (size_t)at * dim, dim * sizeof *rows);
        memmove(vocab + to, token.p, token.n);
        to += token.n;
        vocab[to++] = '\n';
        kept++;
    }
    *n_vocab = to;
    *ret_lines = line;
    return kept;
}

static void put32(unsigned char *p, uint32_t v) { memcpy(p, &v, 4); }

static void quantise(const float *rows, uint32_t n, uint32_t dim, unsigned char *scale,
                     int8_t *out) {
    float max = 0;
    for (uint32_t i = 0; i < n; i++) max = fmaxf(max, greatest(rows + (size_t)i * dim, dim));
    for (uint32_t i = 0; i < n; i++) {
        const float *row = rows + (size_t)i * dim;
        float step = max / SC_STATIC_MAX_SCALE / 127; /* one unit of scale, one of the int8 */
        uint16_t s = (uint16_t)ceilf(greatest(row, dim) / max * SC_STATIC_MAX_SCALE);
        memcpy(scale + 2 * (size_t)i, &s, 2);
        for (uint32_t k = 0; s && k < dim; k++)
            out[(size_t)i * dim + k] = (int8_t)lrintf(row[k] / (step * (float)s));
    }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: make_static OUT.bin DIM ROWS.f32 VOCAB.txt\n", stderr);
        return 2;
    }
    uint32_t dim = (uint32_t)strtoul(argv[2], NULL, 10), lines;
    size_t n_rows, n_vocab;
    float *rows = (float *)(void *)read_all(argv[3], &n_rows);
    char *vocab = (char *)read_all(argv[4], &n_vocab);
    uint32_t n = keep(vocab, &n_vocab, rows, dim, &lines);
    if (n_rows != (size_t)lines * dim * sizeof *rows) {
        fprintf(stderr, "make_static: %u lines of vocabulary, %zu bytes of rows\n", lines, n_rows);
        return 1;
    }
    size_t scale_at = SC_STATIC_HEADER + padded(n_vocab), row_at = scale_at + padded(2 * (size_t)n);
    size_t bytes = row_at + padded((size_t)n * dim);
    unsigned char *p = sc_alloc(bytes);
    if (!p) return 1;
    memcpy(p, "SCSTATIC", 8);
    put32(p + 8, SC_STATIC_FORMAT);
    put32(p + 12, n);
    put32(p + 16, dim);
    put32(p + 20, (uint32_t)n_vocab);
    memcpy(p + SC_STATIC_HEADER, vocab, n_vocab);
    quantise(rows, n, dim, p + scale_at, (int8_t *)p + row_at);
    uint64_t sum = sc_hash64(p + SC_STATIC_HEADER, bytes - SC_STATIC_HEADER, 0);
    memcpy(p + 24, &sum, 8);
    sc_static t;
    sc_err err;
    FILE *f = fopen(argv[1], "wb");
    bool ok = !sc_static_load(&t, p, bytes, &err) && f && fwrite(p, 1, bytes, f) == bytes;
    if (f && fclose(f)) ok = false;
    if (!ok) {
        fprintf(stderr, "make_static: cannot write %s\n", argv[1]);
        return 1;
    }
    printf("%u rows of %u, %zu bytes\n", n, dim, bytes);
    sc_free(p);
    sc_free(rows);
    sc_free(vocab);
    return 0;
}
