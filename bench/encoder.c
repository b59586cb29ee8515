/* The neural encoder on texts of one length: encoder MODEL TOKENS TEXTS SECONDS THREADS [IDS VECS]
 *
 * Embeds TEXTS texts of random words, TOKENS tokens each, over and over for SECONDS through the embedder's
 * port, and prints one line of JSON: texts/s of the mean and of the best pass, texts a second of CPU time
 * (of use with one thread on a busy machine), and billions of int8 operations a second that the products
 * alone make of the mean. THREADS 0: the machine's int8 peak instead
 * (vpdpbusd on registers, one thread and then one a core), TOKENS and TEXTS being of no use.
 * With IDS (records of u32 count, ids) and VECS: embeds those and writes the vectors, for the cosine. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "common.h"
#include "embedders/encoder/encoder.h"
#include "embedders/encoder/forward.h"

static void die(const char *what) {
    fprintf(stderr, "encoder: %s\n", what);
    exit(1);
}

static double now_s(void) { return (double)sc_mono_us(&sc_clock_system) * 1e-6; }

/* ---- The machine's peak ------------------------------------------------------------------------------ */

#if defined(__x86_64__)
enum { LOOPS = 200000, SUMS = 24, OPS = 128 /* 64 products and as many sums */ };

__attribute__((target("avx512f,avx512vnni"))) static void *spin(void *self) {
    double *best = self;
    for (int round = 0; round < 40; round++) {
        double started = now_s();
        for (long i = 0; i < LOOPS; i++) {
#define D(n) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #n "\n\t"
            __asm__ volatile(D(0) D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9) D(10) D(11) D(12)
                                 D(13) D(14) D(15) D(16) D(17) D(18) D(19) D(20) D(21) D(22) D(23)
                             :
                             :
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                               "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",
                               "xmm23");
        }
        double gops = (double)LOOPS * SUMS * OPS / (now_s() - started) * 1e-9;
        if (gops > *best) *best = gops;
    }
    return NULL;
}
#endif

static int peak(void) {
    double one = 0, sum = 0, each[64] = {0};
#if defined(__x86_64__)
    if (sc_enc_kernels_find("avx512vnni")) {
        pthread_t threads[64];
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        size_t n = cores > 64 ? 64 : (size_t)cores;
        spin(&one);
        for (size_t i = 0; i < n; i++) pthread_create(&threads[i], NULL, spin, &each[i]);
        for (size_t i = 0; i < n; i++) {
            pthread_join(threads[i], NULL);
            sum += each[i];
        }
    }
#endif
    printf("{\"one\": %.1f, \"all\": %.1f}\n", one, sum);
    return 0;
}

/* ---- The encoder -------------------------------------------------------------------------------------- */

/* Words that are one token each, so that a text has exactly `tokens` with [CLS] and [SEP]. */
static sc_prepared *make_texts(const sc_model *m, size_t tokens, size_t texts, sc_arena *a) {
    sc_str words[4096], rest = m->vocab, word;
    size_t n = 0;
    while (n < SC_LEN(words) && sc_str_next(&rest, '\n', &word)) {
        bool plain = word.n >= 3;
        for (size_t i = 0; i < word.n; i++) plain &= word.p[i] >= 'a' && word.p[i] <= 'z';
        if (plain) words[n++] = word;
    }
    sc_prepared *t = sc_arena_take_array(a, texts, sizeof *t);
    if (n < 100 || !t) die("no words");
    uint64_t seed = 1;
    for (size_t i = 0; i < texts; i++) {
        sc_buf b;
        sc_buf_init(&b, 1 << 20);
        for (size_t k = 2; k < tokens; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            sc_buf_put_str(&b, words[(seed >> 33) % n]);
            sc_buf_putc(&b, ' ');
        }
        t[i].title = (sc_str){sc_arena_copy(a, b.p, b.n), b.n};
        sc_buf_done(&b);
    }
    return t;
}

static int speed(const char *path, size_t tokens, size_t texts, double seconds, int threads) {
    const sc_encoder_conf conf = {.model = path, .threads = threads, .max_tokens = (int64_t)tokens};
    sc_err err = {0};
    sc_model *m;
    sc_arena a;
    sc_arena_init(&a, 256 << 20);
    void *self = sc_alloc(sc_embedder_encoder.size);
    if (sc_model_open(path, &m, &err) || sc_embedder_encoder.open(self, &conf, &err)) die(err.msg);
    sc_prepared *t = make_texts(m, tokens, texts, &a);
    int8_t *vecs = sc_alloc_array(texts, m->dims.hidden);
    double best = 0, started, cpu, took = 0;
    size_t passes = 0;
    sc_embedder_encoder.embed(self, t, texts, INT64_MAX, vecs, &err); /* touches the weights */
    cpu = cpu_s();
    for (started = now_s(); took < seconds; passes++) {
        double before = now_s();
        if (sc_embedder_encoder.embed(self, t, texts, INT64_MAX, vecs, &err)) die(err.msg);
        took = now_s() - started;
        double rate = (double)texts / (now_s() - before);
        if (rate > best) best = rate;
    }
    double rate = (double)(passes * texts) / took,
           per_cpu = (double)(passes * texts) / (cpu_s() - cpu);
    double macs = 0;
    for (uint32_t i = 0; i < m->dims.layers; i++)
        macs += 4.0 * m->dims.hidden * m->dims.hidden + 2.0 * m->dims.hidden * m->dims.ffn;
    printf("{\"texts_per_s\": %.1f, \"best\": %.1f, \"texts_per_cpu_s\": %.1f, \"gops\": %.1f, "
           "\"model\": \"%s\"}\n",
           rate, best, per_cpu, rate * (double)tokens * macs * 2e-9,
           sc_embedder_encoder.model(self));
    sc_embedder_encoder.close(self);
    return 0;
}

static int embed_ids(const char *path, const char *from, const char *to) {
    sc_model *m;
    sc_forward *f;
    sc_err err = {0};
    uint32_t n, ids[SC_ENC_MAX_TOKENS];
    int8_t vec[SC_MODEL_MAX_HIDDEN];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    if (!in || !out) die("cannot open the files");
    if (sc_model_open(path, &m, &err) || sc_forward_new(m, NULL, SC_ENC_MAX_TOKENS, &f, &err))
        die(err.msg);
    while (fread(&n, sizeof n, 1, in) == 1) {
        if (n == 0 || n > m->dims.max_tokens || fread(ids, sizeof *ids, n, in) != n) die("bad ids");
        for (uint32_t i = 0; i < n; i++)
            if (ids[i] >= m->dims.vocab) die("bad ids");
        sc_forward_run(f, ids, &n, 1, vec);
        fwrite(vec, 1, m->dims.hidden, out);
    }
    return fclose(out) ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc < 6) die("usage: encoder MODEL TOKENS TEXTS SECONDS THREADS [IDS VECS]");
    sc_json_setup();
    if (argc == 8) return embed_ids(argv[1], argv[6], argv[7]);
    int threads = (int)strtol(argv[5], NULL, 10);
    if (threads == 0) return peak();
    return speed(argv[1], strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
                 strtod(argv[4], NULL), threads);
}
