#include "encoder_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void must(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "encoder_fixture: %s\n", what);
    abort();
}

uint64_t fixture_next(uint64_t *seed) {
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static float uniform(uint64_t *seed) { /* -1 to 1 */
    return (float)((double)(fixture_next(seed) >> 40) / (1 << 23) - 1.0);
}

sc_model_dims fixture_dims(void) {
    return (sc_model_dims){.layers = 2,
                           .hidden = FIXTURE_HIDDEN,
                           .heads = 2,
                           .ffn = FIXTURE_FFN,
                           .vocab = FIXTURE_WORDS,
                           .positions = FIXTURE_POSITIONS,
                           .max_tokens = FIXTURE_POSITIONS,
                           .pooling = SC_POOLING_MEAN,
                           .lower_case = true,
                           .eps = 1e-12f,
                           .name = "tiny"};
}

sc_str fixture_vocab(void) {
    static char text[1024];
    if (*text) return sc_str_of(text);
    size_t n = (size_t)snprintf(text, sizeof text, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]");
    for (char c = 'a'; c <= 'z'; c++) n += (size_t)snprintf(text + n, sizeof text - n, "\n%c", c);
    for (char c = 'a'; c <= 'z'; c++) n += (size_t)snprintf(text + n, sizeof text - n, "\n##%c", c);
    snprintf(text + n, sizeof text - n, "\ncrash\n##ing\n.");
    return sc_str_of(text);
}

/* ---- Weights -------------------------------------------------------------------------------------- */

static void add(sc_weights *w, sc_arena *a, const char *name, uint64_t rows, uint64_t cols,
                float middle, float spread, uint64_t *seed) {
    float *v = sc_arena_take_array(a, rows * cols, sizeof *v);
    char *copy = sc_arena_copy(a, name, strlen(name));
    must(v && copy, "the arena is too small");
    for (size_t i = 0; i < rows * cols; i++) v[i] = middle + spread * uniform(seed);
    w->v[w->n++] = (sc_weight){.name = sc_str_of(copy),
                               .type = SC_WEIGHT_F32,
                               .rank = cols == 1 ? 1 : 2,
                               .dims = {rows, cols == 1 ? 0 : cols},
                               .data = (const unsigned char *)v,
                               .bytes = rows * cols * sizeof *v};
}

static void add_linear(sc_weights *w, sc_arena *a, uint32_t layer, const char *part, uint32_t n,
                       uint32_t k, uint64_t *seed) {
    char name[128];
    snprintf(name, sizeof name, "encoder.layer.%u.%s.weight", layer, part);
    add(w, a, name, n, k, 0, 2.0f / sqrtf((float)k), seed);
    snprintf(name, sizeof name, "encoder.layer.%u.%s.bias", layer, part);
    add(w, a, name, n, 1, 0, 0.3f, seed);
}

static void add_norm(sc_weights *w, sc_arena *a, const char *stem, uint32_t n, uint64_t *seed) {
    char name[128];
    snprintf(name, sizeof name, "%s.weight", stem);
    add(w, a, name, n, 1, 1, 0.4f, seed);
    snprintf(name, sizeof name, "%s.bias", stem);
    add(w, a, name, n, 1, 0, 0.3f, seed);
}

void fixture_weights(const sc_model_dims *d, uint64_t seed, sc_arena *a, sc_weights *ret) {
    char stem[96];
    *ret = (sc_weights){sc_arena_take_array(a, 5 + 16 * (size_t)d->layers, sizeof *ret->v), 0};
    must(ret->v, "the arena is too small");
    add(ret, a, "embeddings.word_embeddings.weight", d->vocab, d->hidden, 0, 1, &seed);
    add(ret, a, "embeddings.position_embeddings.weight", d->positions, d->hidden, 0, 0.3f, &seed);
    add(ret, a, "embeddings.token_type_embeddings.weight", 2, d->hidden, 0, 0.1f, &seed);
    add_norm(ret, a, "embeddings.LayerNorm", d->hidden, &seed);
    for (uint32_t i = 0; i < d->layers; i++) {
        add_linear(ret, a, i, "attention.self.query", d->hidden, d->hidden, &seed);
        add_linear(ret, a, i, "attention.self.key", d->hidden, d->hidden, &seed);
        add_linear(ret, a, i, "attention.self.value", d->hidden, d->hidden, &seed);
        add_linear(ret, a, i, "attention.output.dense", d->hidden, d->hidden, &seed);
        snprintf(stem, sizeof stem, "encoder.layer.%u.attention.output.LayerNorm", i);
        add_norm(ret, a, stem, d->hidden, &seed);
        add_linear(ret, a, i, "intermediate.dense", d->ffn, d->hidden, &seed);
        add_linear(ret, a, i, "output.dense", d->hidden, d->ffn, &seed);
        snprintf(stem, sizeof stem, "encoder.layer.%u.output.LayerNorm", i);
        add_norm(ret, a, stem, d->hidden, &seed);
    }
}

/* ---- Files ---------------------------------------------------------------------------------------- */

void fixture_safetensors(const sc_weights *w, sc_buf *out) {
    SC_AUTO(sc_buf_done) sc_buf head;
    sc_buf_init(&head, 1 << 20);
    size_t at = 0;
    sc_buf_puts(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < w->n; i++) {
        const sc_weight *t = &w->v[i];
        sc_buf_putf(&head, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%llu", t->name.p,
                    (unsigned long long)t->dims[0]);
        if (t->rank == 2) sc_buf_putf(&head, ",%llu", (unsigned long long)t->dims[1]);
        sc_buf_putf(&head, "],\"data_offsets\":[%zu,%zu]}", at, at + t->bytes);
        at += t->bytes;
    }
    sc_buf_putc(&head, '}');
    uint64_t n = head.n;
    sc_buf_put(out, &n, 8);
    sc_buf_put_str(out, sc_buf_str(&head));
    for (size_t i = 0; i < w->n; i++) sc_buf_put(out, w->v[i].data, w->v[i].bytes);
    must(!out->failed && !head.failed, "a buffer is too small");
}

static void put_file(const char *folder, const char *name, sc_str bytes) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    must(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0, path);
}

void fixture_folder(const char *path, uint64_t seed) {
    const sc_model_dims d = fixture_dims();
    sc_arena a;
    sc_weights w;
    SC_AUTO(sc_buf_done) sc_buf file;
    SC_AUTO(sc_buf_done) sc_buf config;
    sc_arena_init(&a, 4 << 20);
    sc_buf_init(&file, 4 << 20);
    sc_buf_init(&config, 4096);
    mkdir(path, 0755);
    fixture_weights(&d, seed, &a, &w);
    fixture_safetensors(&w, &file);
    sc_buf_putf(&config,
                "{\"model_type\":\"bert\",\"hidden_act\":\"gelu\",\"num_hidden_layers\":%u,"
                "\"hidden_size\":%u,\"num_attention_heads\":%u,\"intermediate_size\":%u,"
                "\"vocab_size\":%u,\"max_position_embeddings\":%u,\"layer_norm_eps\":1e-12}",
                d.layers, d.hidden, d.heads, d.ffn, d.vocab, d.positions);
    put_file(path, "model.safetensors", sc_buf_str(&file));
    put_file(path, "config.json", sc_buf_str(&config));
    put_file(path, "vocab.txt", fixture_vocab());
    sc_arena_done(&a);
}

void fixture_model(const char *path, uint64_t seed) {
    const sc_model_dims d = fixture_dims();
    sc_arena a;
    sc_weights w;
    sc_model_image im;
    sc_arena_init(&a, 4 << 20);
    fixture_weights(&d, seed, &a, &w);
    must(!sc_convert_weights(&w, &d, fixture_vocab(), &im, NULL), "convert");
    must(!sc_model_save(&im, path, NULL), path);
    sc_model_image_done(&im);
    sc_arena_done(&a);
}

/* ---- The forward pass, in doubles, straight from the paper ------------------------------------------ */

static const float *named(const sc_weights *w, uint32_t layer, const char *part, const char *what) {
    char name[128];
    const sc_weight *t = NULL;
    snprintf(name, sizeof name, "encoder.layer.%u.%s.%s", layer, part, what);
    if (layer == UINT32_MAX) snprintf(name, sizeof name, "%s.%s", part, what);
    must(!sc_weights_find(w, name, &t, NULL), name);
    return (const float *)(const void *)t->data;
}

static void norm(const sc_weights *w, uint32_t layer, const char *part, size_t n, size_t h,
                 double *x) {
    const float *g = named(w, layer, part, "weight"), *b = named(w, layer, part, "bias");
    for (size_t r = 0; r < n; r++, x += h) {
        double mean = 0, var = 0;
        for (size_t i = 0; i < h; i++) mean += x[i] / (double)h;
        for (size_t i = 0; i < h; i++) var += (x[i] - mean) * (x[i] - mean) / (double)h;
        for (size_t i = 0; i < h; i++) x[i] = (x[i] - mean) / sqrt(var + 1e-12) * g[i] + b[i];
    }
}

static double *product(const sc_weights *w, uint32_t layer, const char *part, const double *x,
                       size_t n, size_t k, size_t out) {
    const float *m = named(w, layer, part, "weight"), *b = named(w, layer, part, "bias");
    double *y = sc_alloc_array(n * out, sizeof *y);
    must(y, "memory");
    for (size_t r = 0; r < n; r++)
        for (size_t o = 0; o < out; o++) {
            double s = b[o];
            for (size_t i = 0; i < k; i++) s += x[r * k + i] * m[o * k + i];
            y[r * out + o] = s;
        }
    return y;
}

static double *attend(const double *q, const double *k, const double *v, size_t n, size_t h,
                      size_t heads) {
    const size_t head = h / heads;
    double *y = sc_alloc_array(n * h, sizeof *y), *s = sc_alloc_array(n, sizeof *s);
    must(y && s, "memory");
    for (size_t at = 0; at < h; at += head)
        for (size_t i = 0; i < n; i++) {
            double top = -INFINITY, sum = 0;
            for (size_t j = 0; j < n; j++) {
                s[j] = 0;
                for (size_t d = at; d < at + head; d++) s[j] += q[i * h + d] * k[j * h + d];
                s[j] /= sqrt((double)head);
                top = fmax(top, s[j]);
            }
            for (size_t j = 0; j < n; j++) sum += s[j] = exp(s[j] - top);
            for (size_t j = 0; j < n; j++)
                for (size_t d = at; d < at + head; d++) y[i * h + d] += s[j] / sum * v[j * h + d];
        }
    sc_free(s);
    return y;
}

static void add_to(double *x, double *y, size_t n) { /* and frees y */
    for (size_t i = 0; i < n; i++) x[i] += y[i];
    sc_free(y);
}

static void run_layer(const sc_weights *w, const sc_model_dims *d, uint32_t l, double *x,
                      size_t n) {
    const size_t h = d->hidden;
    double *q = product(w, l, "attention.self.query", x, n, h, h);
    double *k = product(w, l, "attention.self.key", x, n, h, h);
    double *v = product(w, l, "attention.self.value", x, n, h, h);
    double *mixed = attend(q, k, v, n, h, d->heads);
    add_to(x, product(w, l, "attention.output.dense", mixed, n, h, h), n * h);
    norm(w, l, "attention.output.LayerNorm", n, h, x);
    double *up = product(w, l, "intermediate.dense", x, n, h, d->ffn);
    for (size_t i = 0; i < n * d->ffn; i++) up[i] *= 0.5 * (1 + erf(up[i] / sqrt(2)));
    add_to(x, product(w, l, "output.dense", up, n, d->ffn, h), n * h);
    norm(w, l, "output.LayerNorm", n, h, x);
    sc_free(q);
    sc_free(k);
    sc_free(v);
    sc_free(mixed);
    sc_free(up);
}

void fixture_forward(const sc_weights *w, const sc_model_dims *d, const uint32_t *ids, size_t n,
                     double *ret) {
    const size_t h = d->hidden;
    const uint32_t whole = UINT32_MAX;
    const float *words = named(w, whole, "embeddings", "word_embeddings.weight");
    const float *places = named(w, whole, "embeddings", "position_embeddings.weight");
    const float *kinds = named(w, whole, "embeddings", "token_type_embeddings.weight");
    double *x = sc_alloc_array(n * h, sizeof *x), length = 0;
    must(x, "memory");
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < h; i++)
            x[r * h + i] = (double)words[ids[r] * h + i] + places[r * h + i] + kinds[i];
    norm(w, whole, "embeddings.LayerNorm", n, h, x);
    for (uint32_t l = 0; l < d->layers; l++) run_layer(w, d, l, x, n);
    memset(ret, 0, h * sizeof *ret);
    const size_t rows = d->pooling == SC_POOLING_CLS ? 1 : n;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < h; i++) ret[i] += x[r * h + i];
    for (size_t i = 0; i < h; i++) length += ret[i] * ret[i];
    for (size_t i = 0; i < h; i++) ret[i] /= sqrt(length);
    sc_free(x);
}
