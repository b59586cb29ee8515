#include "embedders/encoder/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, TRIES = 21, MAX_TEXT = 64 << 20, ARENA = 192 << 20 };

/* ---- Numbers -------------------------------------------------------------------------------------- */

static int8_t step_of(float x, float per_step) {
    float v = x * per_step;
    v = v < -127 ? -127 : v > 127 ? 127 : v;
    return (int8_t)lrintf(v);
}

static double error_of(const float *x, size_t n, float scale) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - (double)step_of(x[i], 1 / scale) * scale;
        sum += d * d;
    }
    return sum;
}

/* The scale with the least squared error, of TRIES from 60 % of the greatest value to all of it. */
static float best_scale(const float *x, size_t n) {
    float top = 0, best = 0;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) top = fmaxf(top, fabsf(x[i]));
    if (!(top > 1e-30f)) return 0;
    for (int t = 0; t < TRIES; t++) {
        float scale = top / 127 * (1.0f - 0.4f * (float)t / (TRIES - 1));
        double e = error_of(x, n, scale);
        if (e >= least) continue;
        least = e;
        best = scale;
    }
    return best;
}

/* A tensor as fp32, in the arena. */
static sc_rc load(const sc_weights *w, const char *name, size_t rows, size_t cols, sc_arena *arena,
                  float **ret, sc_err *err) {
    const sc_weight *t;
    sc_rc rc = sc_weights_find(w, name, &t, err);
    if (rc) return rc;
    float *v = sc_arena_take_array(arena, rows * cols, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for %s", name);
    rc = sc_weight_read(t, rows, cols, v, err);
    if (!rc) *ret = v;
    return rc;
}

/* The image's views are constant for readers; until it is sealed its maker writes through them. */
static float *floats(const float *view) { return (float *)(uintptr_t)view; }

static sc_rc put_floats(const sc_weights *w, const char *name, size_t rows, size_t cols,
                        const float *to, sc_err *err) {
    const sc_weight *t;
    sc_rc rc = sc_weights_find(w, name, &t, err);
    return rc ? rc : sc_weight_read(t, rows, cols, floats(to), err);
}

/* ---- Tensors --------------------------------------------------------------------------------------- */

typedef struct job {
    const sc_weights *w;
    const sc_model_dims *d;
    sc_model *m; /* of the image */
    sc_arena arena;
} job;

static sc_rc put_norm(job *j, const char *stem, const sc_enc_norm *to, sc_err *err) {
    char name[128];
    snprintf(name, sizeof name, "%s.weight", stem);
    sc_rc rc = put_floats(j->w, name, j->d->hidden, 1, to->gamma, err);
    snprintf(name, sizeof name, "%s.bias", stem);
    return rc ? rc : put_floats(j->w, name, j->d->hidden, 1, to->beta, err);
}

/* Outputs from..from + n of a product, out of one matrix (n x k) and its bias. */
static sc_rc put_linear(job *j, const char *stem, const sc_enc_linear *to, size_t from, size_t n,
                        sc_err *err) {
    char name[128];
    float *v = NULL, *scale = floats(to->scale);
    int8_t *w = (int8_t *)(uintptr_t)to->w;
    int32_t *sum = (int32_t *)(uintptr_t)to->sum;
    const size_t k = to->k;
    snprintf(name, sizeof name, "%s.bias", stem);
    sc_rc rc = put_floats(j->w, name, n, 1, to->bias + from, err);
    snprintf(name, sizeof name, "%s.weight", stem);
    sc_arena_reset(&j->arena);
    if (!rc) rc = load(j->w, name, n, k, &j->arena, &v, err);
    if (rc || !v) return rc;
    for (size_t o = 0; o < n; o++) {
        const size_t out = from + o;
        const float s = best_scale(v + o * k, k), per_step = s > 0 ? 1 / s : 0;
        int8_t *tile = w + out / SC_ENC_TILE_COLS * SC_ENC_TILE_COLS * k;
        scale[out] = s;
        for (size_t i = 0; i < k; i++) {
            int8_t q = step_of(v[o * k + i], per_step);
            tile[(i / 4 * SC_ENC_TILE_COLS + out % SC_ENC_TILE_COLS) * 4 + i % 4] = q;
            sum[out] += q;
        }
    }
    return SC_OK;
}

static sc_rc put_layer(job *j, uint32_t i, sc_err *err) {
    static const char *const parts[] = {"query", "key", "value"};
    const size_t h = j->d->hidden;
    const sc_model_layer *l = &j->m->layer[i];
    char stem[96];
    sc_rc rc = SC_OK;
    for (size_t p = 0; p < SC_LEN(parts) && !rc; p++) {
        snprintf(stem, sizeof stem, "encoder.layer.%u.attention.self.%s", i, parts[p]);
        rc = put_linear(j, stem, &l->qkv, p * h, h, err);
    }
    snprintf(stem, sizeof stem, "encoder.layer.%u.attention.output.dense", i);
    if (!rc) rc = put_linear(j, stem, &l->out, 0, h, err);
    snprintf(stem, sizeof stem, "encoder.layer.%u.attention.output.LayerNorm", i);
    if (!rc) rc = put_norm(j, stem, &l->after_attention, err);
    snprintf(stem, sizeof stem, "encoder.layer.%u.intermediate.dense", i);
    if (!rc) rc = put_linear(j, stem, &l->up, 0, j->d->ffn, err);
    snprintf(stem, sizeof stem, "encoder.layer.%u.output.dense", i);
    if (!rc) rc = put_linear(j, stem, &l->down, 0, h, err);
    snprintf(stem, sizeof stem, "encoder.layer.%u.output.LayerNorm", i);
    return rc ? rc : put_norm(j, stem, &l->after_ffn, err);
}

static sc_rc put_words(job *j, sc_err *err) {
    const size_t h = j->d->hidden, n = j->d->vocab;
    float *v = NULL, *scale = floats(j->m->word_scale);
    int8_t *to = (int8_t *)(uintptr_t)j->m->words;
    sc_arena_reset(&j->arena);
    sc_rc rc = load(j->w, "embeddings.word_embeddings.weight", n, h, &j->arena, &v, err);
    if (rc || !v) return rc;
    for (size_t r = 0; r < n; r++) {
        float top = 0;
        for (size_t i = 0; i < h; i++) top = fmaxf(top, fabsf(v[r * h + i]));
        scale[r] = top / 127;
        const float per_step = top > 1e-30f ? 127 / top : 0;
        for (size_t i = 0; i < h; i++) to[r * h + i] = step_of(v[r * h + i], per_step);
    }
    return SC_OK;
}

/* Two token types as a rule; texts alone are of type 0. */
static sc_rc put_kind(job *j, sc_err *err) {
    const char *name = "embeddings.token_type_embeddings.weight";
    const sc_weight *t;
    float *v = NULL;
    sc_rc rc = sc_weights_find(j->w, name, &t, err);
    if (rc) return rc;
    size_t types = t->rank == 2 && t->dims[0] >= 1 && t->dims[0] <= 16 ? (size_t)t->dims[0] : 2;
    sc_arena_reset(&j->arena);
    rc = load(j->w, name, types, j->d->hidden, &j->arena, &v, err);
    if (!rc && v) memcpy(floats(j->m->kind), v, j->d->hidden * sizeof *v);
    return rc;
}

sc_rc sc_convert_weights(const sc_weights *w, const sc_model_dims *d, sc_str vocab,
                         sc_model_image *ret, sc_err *err) {
    sc_model_image im;
    sc_rc rc = sc_model_image_init(&im, d, vocab, err);
    if (rc) return rc;
    job j = {.w = w, .d = d, .m = &im.views};
    sc_arena_init(&j.arena, SC_MAX((size_t)d->vocab, (size_t)4 * SC_ENC_MAX_WIDTH) * d->hidden * 4 +
                                (1 << 20));
    rc = put_words(&j, err);
    if (!rc) rc = put_kind(&j, err);
    if (!rc)
        rc = put_floats(w, "embeddings.position_embeddings.weight", d->positions, d->hidden,
                        im.views.places, err);
    if (!rc) rc = put_norm(&j, "embeddings.LayerNorm", &im.views.after_embedding, err);
    for (uint32_t i = 0; i < d->layers && !rc; i++) rc = put_layer(&j, i, err);
    if (!rc) rc = sc_model_seal(&im, err);
    sc_arena_done(&j.arena);
    if (rc)
        sc_model_image_done(&im);
    else
        *ret = im;
    return rc;
}

/* ---- Files ----------------------------------------------------------------------------------------- */

typedef struct mapped {
    void *p;
    size_t n;
} mapped;

static void unmap(mapped *m) {
    if (m->p) munmap(m->p, m->n);
    *m = (mapped){0};
}

static sc_rc map_file(const char *path, mapped *ret, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return sc_fail(err, SC_NOT_FOUND, "there is no %.150s", path);
    if (fd < 0 || fstat(fd, &st)) return sc_fail_sys(err, SC_IO, errno, "open %.150s", path);
    if (!S_ISREG(st.st_mode)) return sc_fail(err, SC_INVALID, "%.150s is not a file", path);
    if (st.st_size == 0) return sc_fail(err, SC_INVALID, "%.150s is empty", path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return sc_fail_sys(err, SC_IO, errno, "read %.150s", path);
    *ret = (mapped){p, (size_t)st.st_size};
    return SC_OK;
}

static bool join(char ret[PATH], const char *folder, const char *name) {
    int n = snprintf(ret, PATH, "%s/%s", folder, name);
    return n > 0 && n < PATH;
}

/* A file of the checkpoint: in its folder, or in the one above ("onnx/model.onnx"). Empty when it is in
 * neither. */
static sc_rc read_text(const char *folder, const char *name, sc_arena *arena, sc_str *ret,
                       sc_err *err) {
    static const char *const ups[] = {"", "../"};
    for (size_t i = 0; i < SC_LEN(ups); i++) {
        SC_AUTO(unmap) mapped m = {0};
        char path[PATH], part[128];
        snprintf(part, sizeof part, "%s%s", ups[i], name);
        if (!join(path, folder, part)) return sc_fail(err, SC_INVALID, "the path is too long");
        sc_rc rc = map_file(path, &m, err);
        if (rc == SC_NOT_FOUND) continue;
        if (rc) return rc;
        if (m.n > MAX_TEXT) return sc_fail(err, SC_INVALID, "%.150s is too large", path);
        char *p = sc_arena_copy(arena, m.p, m.n);
        if (!p) return sc_fail(err, SC_NOMEM, "no memory for %s", name);
        *ret = (sc_str){p, m.n};
        return SC_OK;
    }
    return SC_OK;
}

static sc_rc read_texts(const char *folder, sc_arena *arena, sc_convert_texts *t, sc_err *err) {
    const struct {
        const char *name;
        sc_str *to;
    } all[] = {{"config.json", &t->config},
               {"tokenizer.json", &t->tokenizer},
               {"tokenizer_config.json", &t->tokenizer_config},
               {"sentence_bert_config.json", &t->sentence_config},
               {"modules.json", &t->modules},
               {"1_Pooling/config.json", &t->pooling},
               {"vocab.txt", &t->vocab_txt}};
    sc_rc rc = SC_OK;
    *t = (sc_convert_texts){0};
    for (size_t i = 0; i < SC_LEN(all) && !rc; i++)
        rc = read_text(folder, all[i].name, arena, all[i].to, err);
    if (!rc && !t->config.n)
        rc = sc_fail(err, SC_NOT_FOUND, "there is no config.json in %.120s", folder);
    return rc;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The file of weights and its folder. */
static sc_rc find_weights(const char *from, char weights[PATH], char folder[PATH], sc_err *err) {
    static const char *const names[] = {"model.safetensors", "model.onnx", "onnx/model.onnx"};
    if (strlen(from) >= PATH - 64) return sc_fail(err, SC_INVALID, "the path is too long");
    if (!is_folder(from)) {
        const char *slash = strrchr(from, '/');
        snprintf(weights, PATH, "%s", from);
        snprintf(folder, PATH, "%.*s", slash ? (int)(slash - from) + 1 : 1, slash ? from : ".");
        return SC_OK;
    }
    snprintf(folder, PATH, "%s", from);
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (join(weights, from, names[i]) && access(weights, F_OK) == 0) return SC_OK;
    return sc_fail(err, SC_NOT_FOUND, "neither model.safetensors nor model.onnx is in %.120s",
                   from);
}

/* What the folder is called, in the letters of a model's name. */
static void name_of_folder(const char *folder, char ret[SC_MODEL_NAME]) {
    char real[PATH];
    size_t n = 0;
    char *whole = realpath(folder, real);
    const char *base = whole ? strrchr(whole, '/') : NULL;
    memset(ret, 0, SC_MODEL_NAME);
    for (const char *p = base ? base + 1 : ""; *p && n < SC_MODEL_NAME - 1; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
        ret[n++] = fine ? c : '-';
    }
    if (!n) memcpy(ret, "model", sizeof "model");
}

static sc_rc convert(const char *weights, const char *folder, const char *name, const char *to,
                     sc_arena *arena, sc_convert_result *ret, sc_err *err) {
    SC_AUTO(unmap) mapped file = {0};
    SC_AUTO(sc_model_image_done) sc_model_image image = {0};
    sc_convert_texts texts;
    sc_str vocab = SC_STR_NONE;
    sc_weights w;
    sc_rc rc = map_file(weights, &file, err);
    if (!rc) rc = read_texts(folder, arena, &texts, err);
    if (!rc) rc = sc_convert_dims(&texts, arena, &ret->dims, &vocab, err);
    if (rc) return rc;
    if (name && strlen(name) >= SC_MODEL_NAME)
        return sc_fail(err, SC_INVALID, "the name is too long");
    if (name)
        memcpy(ret->dims.name, name, strlen(name));
    else
        name_of_folder(folder, ret->dims.name);
    const sc_str bytes = {file.p, file.n};
    rc = sc_str_ends(sc_str_of(weights), ".onnx") ? sc_weights_onnx(bytes, arena, &w, err)
                                                  : sc_weights_safetensors(bytes, arena, &w, err);
    if (!rc) rc = sc_convert_weights(&w, &ret->dims, vocab, &image, err);
    if (!rc) rc = sc_model_save(&image, to, err);
    if (rc) return rc;
    memcpy(ret->sha256, image.views.sha256, sizeof ret->sha256);
    snprintf(ret->source, sizeof ret->source, "%.500s", weights);
    return SC_OK;
}

sc_rc sc_convert(const char *from, const char *name, const char *to, sc_convert_result *ret,
                 sc_err *err) {
    char weights[PATH], folder[PATH];
    sc_convert_result r = {0};
    sc_arena arena;
    sc_rc rc = find_weights(from, weights, folder, err);
    if (rc) return rc;
    sc_arena_init(&arena, ARENA);
    rc = convert(weights, folder, name, to, &arena, &r, err);
    sc_arena_done(&arena);
    if (!rc) *ret = r;
    return rc;
}
