/*
 * Runs a fuzz target without libFuzzer: DRIVER CORPUS_DIR
 *
 * First every file of the corpus as it is, then SC_FUZZ_RUNS (default 2000) mutations of them. The
 * mutations follow from SC_FUZZ_SEED (default 1) alone, so a failure repeats; the seed is printed, and
 * the input of a crash is left beside the program, in DRIVER.fuzz-crash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From the sanitizers' runtime: called before the process dies of a finding. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

enum { MAX_BYTES = 1 << 16, MAX_SEEDS = 4096 };

typedef struct seed {
    uint8_t *p;
    size_t n;
} seed;

static seed seeds[MAX_SEEDS];
static size_t n_seeds;
static uint64_t state;
static const uint8_t *current;
static size_t current_n;
static char crash_path[4096];

static uint64_t next(void) /* splitmix64 */
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t n) { return n ? (size_t)(next() % n) : 0; }

static void on_death(void) {
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && write(fd, current, current_n) == (ssize_t)current_n)
        fprintf(stderr, "fuzz: the input (%zu bytes) is in %s\n", current_n, crash_path);
}

/* The target sees an exact-size heap block, so that reading past the end is a finding. */
static void run(const uint8_t *p, size_t n) {
    uint8_t *block = malloc(n ? n : 1);
    if (!block) abort();
    memcpy(block, p, n);
    current = block;
    current_n = n;
    LLVMFuzzerTestOneInput(n ? block : block + 1, n);
    free(block);
    current_n = 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name); /* not the locale's order */
}

static void load(const char *dir) {
    struct dirent **names = NULL;
    int n = scandir(dir, &names, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        FILE *f = names[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        uint8_t *p = f && n_seeds < MAX_SEEDS ? malloc(MAX_BYTES) : NULL;
        if (p) seeds[n_seeds++] = (seed){p, fread(p, 1, MAX_BYTES, f)};
        if (f) fclose(f);
        free(names[i]);
    }
    free(names);
}

static size_t insert(uint8_t *p, size_t n, size_t at, const uint8_t *from, size_t m) {
    if (m > MAX_BYTES - n) m = MAX_BYTES - n;
    memmove(p + at + m, p + at, n - at);
    memcpy(p + at, from, m);
    return n + m;
}

/* One small change; returns the new size. */
static size_t mutate(uint8_t *p, size_t n) {
    static const char *const words[] = {"\"",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\\u0000",
                                        "\n",
                                        "\r\n",
                                        "-1",
                                        "1e999",
                                        "%00",
                                        "=",
                                        "&",
                                        "../",
                                        "\0",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        "18446744073709551616"};
    uint8_t piece[64];
    switch (below(7)) {
    case 0: /* flip a bit */
        if (n) p[below(n)] ^= (uint8_t)(1u << below(8));
        return n;
    case 1: /* any byte */
        if (n) p[below(n)] = (uint8_t)next();
        return n;
    case 2: /* cut the end off */ return below(n + 1);
    case 3: { /* cut a piece out */
        size_t at = below(n), m = below(n - at + 1);
        memmove(p + at, p + at + m, n - at - m);
        return n - m;
    }
    case 4: { /* a word that parsers trip over */
        const char *word = words[below(sizeof words / sizeof *words)];
        return insert(p, n, below(n + 1), (const uint8_t *)word, *word ? strlen(word) : 1);
    }
    case 5: { /* repeat a piece */
        size_t at = below(n), m = below((n - at < sizeof piece ? n - at : sizeof piece) + 1);
        memcpy(piece, p + at, m);
        return insert(p, n, below(n + 1), piece, m);
    }
    default: { /* splice in another seed */
        const seed *s = &seeds[below(n_seeds)];
        size_t from = below(s->n);
        return insert(p, n, below(n + 1), s->p + from, below(s->n - from + 1));
    }
    }
}

static uint64_t number(const char *name, uint64_t fallback) {
    const char *s = getenv(name);
    return s && *s ? strtoull(s, NULL, 10) : fallback;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
        return 2;
    }
    uint64_t runs = number("SC_FUZZ_RUNS", 2000);
    state = number("SC_FUZZ_SEED", 1);
    snprintf(crash_path, sizeof crash_path, "%s.fuzz-crash", argv[0]);
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(on_death);

    load(argv[1]);
    printf("fuzz: %zu corpus files of %s, %" PRIu64 " mutations, seed %" PRIu64 "\n", n_seeds,
           argv[1], runs, state);
    fflush(stdout);
    run((const uint8_t *)"", 0);
    for (size_t i = 0; i < n_seeds; i++) run(seeds[i].p, seeds[i].n);

    if (n_seeds == 0) seeds[n_seeds++] = (seed){calloc(1, MAX_BYTES), 0};
    static uint8_t buf[MAX_BYTES];
    for (uint64_t i = 0; i < runs; i++) {
        const seed *s = &seeds[below(n_seeds)];
        size_t n = s->n;
        memcpy(buf, s->p, n);
        for (size_t k = 1 + below(8); k > 0; k--) n = mutate(buf, n);
        run(buf, n);
    }
    for (size_t i = 0; i < n_seeds; i++) free(seeds[i].p);
    return 0;
}
