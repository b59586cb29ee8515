#include "embedders/builtin.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "assets.h"
#include "embedders/hashed.h"
#include "embedders/static.h"
#include "embedders/unit.h"

/* Lengths of the halves: their squares are the weights of the two cosines, .60 and .40 of 127^2. Chosen on the labelled
 * sets of docs/quality.md, one choice for all. */
static const double meaning = 98.3737771, words = 80.3218500, whole = 127;

typedef struct builtin {
    sc_hashed hashed;
    sc_static table;
    /* Made with the first text: that takes longer than all the rest of a start. */
    pthread_mutex_t lock;
    _Atomic(sc_wordpiece *) tokenizer;
    char model[40];
} builtin;

static sc_rc open_builtin(void *self, const void *conf, sc_err *err) {
    (void)conf;
    builtin *b = self;
    sc_rc rc = sc_hashed_load(&b->hashed, sc_asset_hashed, sc_asset_hashed_len, err);
    if (!rc) rc = sc_static_load(&b->table, sc_asset_static, sc_asset_static_len, err);
    pthread_mutex_init(&b->lock, NULL);
    if (!rc) snprintf(b->model, sizeof b->model, "builtin-2/prepare-%d", SC_PREPARE_VERSION);
    return rc;
}

static void close_builtin(void *self) {
    builtin *b = self;
    sc_wordpiece_free(atomic_load(&b->tokenizer));
    pthread_mutex_destroy(&b->lock);
}

static sc_rc tokenizer(builtin *b, const sc_wordpiece **ret, sc_err *err) {
    sc_wordpiece *w = atomic_load_explicit(&b->tokenizer, memory_order_acquire);
    sc_rc rc = SC_OK;
    if (!w) {
        pthread_mutex_lock(&b->lock);
        w = atomic_load(&b->tokenizer);
        if (!w) rc = sc_wordpiece_new(b->table.vocab, true, &w, err);
        if (!rc) atomic_store_explicit(&b->tokenizer, w, memory_order_release);
        pthread_mutex_unlock(&b->lock);
    }
    *ret = w;
    return rc;
}

static uint32_t dim_of(const builtin *b) { return b->table.dim + b->hashed.dim; }

static void embed_one(const builtin *b, const sc_wordpiece *w, const sc_prepared *text,
                      int8_t *ret_vec) {
    int32_t v[SC_STATIC_MAX_DIM + SC_HASHED_MAX_DIM], *hashed = v + b->table.dim;
    /* Without a word it says nothing: numbers and addresses, too, have token vectors. */
    if (!sc_hashed_centred(&b->hashed, text, words, hashed))
        memset(v, 0, sizeof v);
    else if (!sc_static_project(&b->table, w, text, meaning, v))
        sc_unit_scale(hashed, b->hashed.dim, whole);
    for (uint32_t i = 0; i < dim_of(b); i++) ret_vec[i] = (int8_t)v[i];
}

static sc_rc embed_builtin(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                           int8_t *ret_vecs, sc_err *err) {
    (void)deadline_ms; /* a batch takes microseconds a text */
    builtin *b = self;
    const sc_wordpiece *w;
    sc_rc rc = tokenizer(b, &w, err);
    for (size_t i = 0; !rc && i < n; i++) embed_one(b, w, &texts[i], ret_vecs + i * dim_of(b));
    return rc;
}

static uint16_t dim_builtin(const void *self) { return (uint16_t)dim_of(self); }

static const char *model_builtin(const void *self) { return ((const builtin *)self)->model; }

const sc_embedder_ops sc_embedder_builtin = {
    .name = "builtin",
    .summary =
        "Token vectors distilled from an encoder, and hashed words; no download, works offline.",
    .size = sizeof(builtin),
    .open = open_builtin,
    .embed = embed_builtin,
    .dim = dim_builtin,
    .model = model_builtin,
    .close = close_builtin,
};
