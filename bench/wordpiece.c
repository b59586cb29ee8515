/* The tokenizer of the encoder on many texts: wordpiece VOCAB TEXTS IDS MAX_IDS PASSES [cased]
 *
 * TEXTS holds records (u32 bytes, the bytes), IDS gets records (u32 ids, the ids as u32), all in this
 * machine's byte order. Prints one line of JSON: seconds of the best pass over all texts, and seconds
 * that making the tokenizer took. PASSES 0 only writes IDS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common.h"
#include "text/wordpiece.h"

static void die(const char *what) {
    fprintf(stderr, "wordpiece: %s\n", what);
    exit(1);
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool next_text(sc_str file, size_t *at, sc_str *ret) {
    uint32_t n;
    if (file.n - *at < sizeof n) return false;
    memcpy(&n, file.p + *at, sizeof n);
    *at += sizeof n;
    if (file.n - *at < n) die("a text is cut");
    *ret = (sc_str){file.p + *at, n};
    *at += n;
    return true;
}

int main(int argc, char **argv) {
    if (argc < 6) die("usage: wordpiece VOCAB TEXTS IDS MAX_IDS PASSES [cased]");
    sc_str vocab = read_file(argv[1]), file = read_file(argv[2]), text;
    size_t max_ids = strtoul(argv[4], NULL, 10), passes = strtoul(argv[5], NULL, 10);
    uint32_t *ids = calloc(max_ids ? max_ids : 1, sizeof *ids);
    FILE *out = fopen(argv[3], "wb");
    if (!ids || !out) die(argv[3]);

    sc_wordpiece *w;
    sc_err err;
    double started = now_s();
    if (sc_wordpiece_new(vocab, argc == 6, &w, &err)) die(err.msg);
    double new_s = now_s() - started;

    size_t n_texts = 0, n_ids = 0;
    for (size_t at = 0; next_text(file, &at, &text); n_texts++) {
        uint32_t n = (uint32_t)sc_wordpiece_encode(w, text, ids, max_ids);
        n_ids += n;
        if (fwrite(&n, sizeof n, 1, out) != 1 || fwrite(ids, sizeof *ids, n, out) != n)
            die(argv[3]);
    }
    if (fclose(out)) die(argv[3]);

    double best = 0;
    for (size_t i = 0; i < passes; i++) {
        started = now_s();
        for (size_t at = 0; next_text(file, &at, &text);)
            sc_wordpiece_encode(w, text, ids, max_ids);
        double s = now_s() - started;
        if (i == 0 || s < best) best = s;
    }
    printf("{\"texts\": %zu, \"ids\": %zu, \"seconds\": %.6f, \"new_s\": %.6f}\n", n_texts, n_ids,
           best, new_s);
    sc_wordpiece_free(w);
    free(ids);
    return 0;
}
