/* The real weights, where they are installed (SOULCASTER_MODELS, or data/models): what the vectors mean, and
 * that they are the pinned ones to the bit on every path. Skipped with a word elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "embedders/encoder/encoder.h"
#include "embedders/encoder/forward.h"
#include "text/wordpiece.h"

#define MODEL "all-minilm-l6-v2.encoder"
enum { DIM = 384, TEXTS = 6 };

static const char *const titles[TEXTS] = {
    "The app crashes when I sign in",
    "Login makes the application quit unexpectedly",
    "Please add a dark theme",
    "A night mode would be easier on my eyes",
    "I was charged twice for my subscription",
    "My card was billed two times this month",
};
/* sc_hash64 of the six vectors by the pinned weights. */
static const char pinned[] = "f8e82d8abb9aeb382af0365aece9513ceae7551897653139515b2ea5370779df";
static const uint64_t pinned_hash = 0x0fb0bd5dab12905du;

static char path[512];

static bool find(void) {
    const char *folder = getenv("SOULCASTER_MODELS");
    snprintf(path, sizeof path, "%s/" MODEL, folder && *folder ? folder : "data/models");
    return access(path, R_OK) == 0;
}

static void embed_all(int8_t ret[TEXTS][DIM]) {
    const sc_encoder_conf conf = {.model = path};
    sc_prepared t[TEXTS] = {0};
    sc_err err;
    void *self = sc_alloc(sc_embedder_encoder.size);
    for (size_t i = 0; i < TEXTS; i++) t[i].title = sc_str_of(titles[i]);
    assert_int_equal(sc_embedder_encoder.open(self, &conf, &err), SC_OK);
    assert_int_equal(sc_embedder_encoder.dim(self), DIM);
    assert_int_equal(sc_embedder_encoder.embed(self, t, TEXTS, INT64_MAX, ret[0], &err), SC_OK);
    sc_embedder_encoder.close(self);
    sc_free(self);
}

static double cosine(const int8_t *a, const int8_t *b) {
    double dot = 0;
    for (size_t i = 0; i < DIM; i++) dot += a[i] * b[i];
    return dot / (127 * 127);
}

static void the_same_said_otherwise_is_near(void **state) {
    (void)state;
    int8_t v[TEXTS][DIM];
    if (!find()) {
        print_message("no %s: skipped; tools/fetch_encoder installs it\n", path);
        skip();
    }
    embed_all(v);
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t k = 0; k < TEXTS; k++)
            if (i / 2 != k / 2) assert_true(cosine(v[i], v[i ^ 1]) > cosine(v[i], v[k]) + 0.1);
}

static void every_path_gives_the_pinned_bits(void **state) {
    (void)state;
    static const char *const names[] = {"avx512vnni", "avx2", "scalar"};
    sc_model *m;
    sc_wordpiece *words;
    uint32_t ids[TEXTS * 64], lengths[TEXTS];
    size_t n = 0;
    if (!find()) {
        print_message("no %s: skipped; tools/fetch_encoder installs it\n", path);
        skip();
    }
    assert_int_equal(sc_model_open(path, &m, NULL), SC_OK);
    assert_int_equal(sc_wordpiece_new(m->vocab, m->dims.lower_case, &words, NULL), SC_OK);
    for (size_t i = 0; i < TEXTS; n += lengths[i++])
        lengths[i] = (uint32_t)sc_wordpiece_encode(words, sc_str_of(titles[i]), ids + n, 64);
    for (size_t i = 0; i < SC_LEN(names); i++) {
        const sc_enc_kernel *k = sc_enc_kernels_find(names[i]);
        int8_t v[TEXTS][DIM];
        sc_forward *f;
        if (!k) continue;
        assert_int_equal(sc_forward_new(m, k, n, &f, NULL), SC_OK);
        sc_forward_run(f, ids, lengths, TEXTS, v[0]);
        sc_forward_free(f);
        uint64_t hash = sc_hash64(v, sizeof v, 0);
        print_message("%s: %016llx\n", names[i], (unsigned long long)hash);
        if (!strcmp(m->sha256, pinned)) assert_true(hash == pinned_hash);
    }
    sc_wordpiece_free(words);
    sc_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_said_otherwise_is_near),
        cmocka_unit_test(every_path_gives_the_pinned_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
