#include "embedders/encoder/model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_BYTES = 16, AT_SHA = 24, AT_HASHED = 64, AT_NAME = 112, AT_NAME_END = 176, ALIGN = 64 };

static const char magic[8] = {'S', 'C', 'E', 'N', 'C', 'O', 'D', 'R'};

typedef enum type { S8, S32, F32, TEXT } type;
static const uint8_t type_bytes[] = {[S8] = 1, [S32] = 4, [F32] = 4, [TEXT] = 1};

typedef enum kind {
    VOCAB = 1,
    WORDS,
    WORD_SCALE,
    PLACES,
    TOKEN_KIND,
    NORM_GAMMA,
    NORM_BETA,
    WEIGHTS, /* + 10 for each of qkv, out, up, down */
    SUMS,
    SCALES,
    BIASES,
} kind;

typedef struct row {
    uint32_t kind, layer, type, rows, cols;
    uint64_t offset;
} row;

/* 9 of the whole; 4 matrices of 4 tensors and 2 norms of 2 a layer. */
enum { LINEAR_ROWS = 4, LAYER_ROWS = 20, MAX_ROWS = 9 + LAYER_ROWS * SC_MODEL_MAX_LAYERS };

typedef struct plan {
    row rows[MAX_ROWS];
    size_t n;
    uint64_t bytes;
} plan;

/* ---- Dims ----------------------------------------------------------------------------------------- */

static bool name_ok(const char *s) {
    size_t n = strnlen(s, SC_MODEL_NAME);
    if (n == 0 || n == SC_MODEL_NAME) return false;
    for (size_t i = 0; i < SC_MODEL_NAME; i++) {
        char c = s[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (i < n ? !letter : c != 0) return false;
    }
    return true;
}

static sc_rc bounds(const char *what, uint32_t v, uint32_t min, uint32_t max, uint32_t step,
                    sc_err *err) {
    if (v >= min && v <= max && v % step == 0) return SC_OK;
    if (step == 1)
        return sc_fail(err, SC_INVALID, "the model has %u %s; it may be %u to %u", v, what, min,
                       max);
    return sc_fail(err, SC_INVALID, "the model has %u %s; it may be %u to %u in steps of %u", v,
                   what, min, max, step);
}

sc_rc sc_model_dims_check(const sc_model_dims *d, sc_err *err) {
    sc_rc rc = bounds("layers", d->layers, 1, SC_MODEL_MAX_LAYERS, 1, err);
    if (!rc) rc = bounds("hidden values", d->hidden, 64, SC_MODEL_MAX_HIDDEN, 64, err);
    if (!rc) rc = bounds("values between", d->ffn, 64, SC_ENC_MAX_WIDTH, 64, err);
    if (!rc) rc = bounds("words", d->vocab, 5, SC_MODEL_MAX_VOCAB, 1, err);
    if (!rc) rc = bounds("positions", d->positions, 8, SC_MODEL_MAX_POSITIONS, 1, err);
    if (!rc)
        rc = bounds("tokens at most", d->max_tokens, 8,
                    SC_MIN(d->positions, (uint32_t)SC_ENC_MAX_TOKENS), 1, err);
    if (!rc) rc = bounds("heads", d->heads, 1, d->hidden / SC_ENC_HEAD_STEP, 1, err);
    if (rc) return rc;
    uint32_t head = d->hidden / d->heads;
    if (head * d->heads != d->hidden || head % SC_ENC_HEAD_STEP || head > SC_ENC_MAX_HEAD)
        return sc_fail(err, SC_INVALID,
                       "%u heads do not share %u values in parts of 32, 64, 96 or 128", d->heads,
                       d->hidden);
    if (d->pooling != SC_POOLING_MEAN && d->pooling != SC_POOLING_CLS)
        return sc_fail(err, SC_INVALID, "the model's pooling is unknown");
    if (!(d->eps >= 0 && d->eps <= 0.1f)) /* NaN too */
        return sc_fail(err, SC_INVALID, "the model's LayerNorm epsilon is not between 0 and 0.1");
    if (!name_ok(d->name))
        return sc_fail(err, SC_INVALID, "the model's name is not 1 to 63 of a-z 0-9 . _ -");
    return SC_OK;
}

/* ---- Plan ----------------------------------------------------------------------------------------- */

static void add(plan *p, uint32_t k, uint32_t layer, type t, uint32_t rows, uint32_t cols) {
    p->bytes = (p->bytes + ALIGN - 1) / ALIGN * ALIGN;
    p->rows[p->n++] = (row){k, layer, t, rows, cols, p->bytes};
    p->bytes += (uint64_t)rows * cols * type_bytes[t];
}

static void add_norm(plan *p, uint32_t layer, uint32_t which, uint32_t n) {
    add(p, NORM_GAMMA + 10 * which, layer, F32, 1, n);
    add(p, NORM_BETA + 10 * which, layer, F32, 1, n);
}

static void add_linear(plan *p, uint32_t layer, uint32_t which, uint32_t n, uint32_t k) {
    add(p, WEIGHTS + 10 * which, layer, S8, n, k);
    add(p, SUMS + 10 * which, layer, S32, 1, n);
    add(p, SCALES + 10 * which, layer, F32, 1, n);
    add(p, BIASES + 10 * which, layer, F32, 1, n);
}

static void make_plan(const sc_model_dims *d, size_t vocab_bytes, plan *p) {
    p->n = 0;
    p->bytes = SC_MODEL_HEADER + (uint64_t)SC_MODEL_ROW * (7 + LAYER_ROWS * d->layers);
    add(p, VOCAB, 0, TEXT, 1, (uint32_t)vocab_bytes);
    add(p, WORDS, 0, S8, d->vocab, d->hidden);
    add(p, WORD_SCALE, 0, F32, 1, d->vocab);
    add(p, PLACES, 0, F32, d->positions, d->hidden);
    add(p, TOKEN_KIND, 0, F32, 1, d->hidden);
    add_norm(p, 0, 0, d->hidden);
    for (uint32_t i = 0; i < d->layers; i++) {
        add_linear(p, i, 0, 3 * d->hidden, d->hidden);
        add_linear(p, i, 1, d->hidden, d->hidden);
        add_norm(p, i, 1, d->hidden);
        add_linear(p, i, 2, d->ffn, d->hidden);
        add_linear(p, i, 3, d->hidden, d->ffn);
        add_norm(p, i, 2, d->hidden);
    }
}

/* ---- Views ---------------------------------------------------------------------------------------- */

/* Takes the plan's tensors one after the other, in the order of make_plan. */
typedef struct walk {
    const unsigned char *base;
    const plan *plan;
    size_t i;
} walk;

static const void *next(walk *w) { return w->base + w->plan->rows[w->i++].offset; }

static sc_enc_norm next_norm(walk *w, float eps) {
    sc_enc_norm n = {.eps = eps};
    n.gamma = next(w);
    n.beta = next(w);
    return n;
}

static sc_enc_linear next_linear(walk *w) {
    const row *r = &w->plan->rows[w->i];
    sc_enc_linear l = {.n = r->rows, .k = r->cols};
    l.w = next(w);
    l.sum = next(w);
    l.scale = next(w);
    l.bias = next(w);
    return l;
}

static void set_views(const unsigned char *base, const plan *p, sc_model *m) {
    walk w = {base, p, 0};
    m->vocab = (sc_str){(const char *)base + p->rows[0].offset, p->rows[0].cols};
    w.i = 1;
    m->words = next(&w);
    m->word_scale = next(&w);
    m->places = next(&w);
    m->kind = next(&w);
    m->after_embedding = next_norm(&w, m->dims.eps);
    for (uint32_t i = 0; i < m->dims.layers; i++) {
        sc_model_layer *l = &m->layer[i];
        l->qkv = next_linear(&w);
        l->out = next_linear(&w);
        l->after_attention = next_norm(&w, m->dims.eps);
        l->up = next_linear(&w);
        l->down = next_linear(&w);
        l->after_ffn = next_norm(&w, m->dims.eps);
    }
}

/* ---- Bytes ---------------------------------------------------------------------------------------- */

static uint32_t u32_at(const unsigned char *p) { /* little-endian hosts only, as sc_hash64 */
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}
static uint64_t u64_at(const unsigned char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}
static void put32(unsigned char *p, uint32_t v) { memcpy(p, &v, 4); }
static void put64(unsigned char *p, uint64_t v) { memcpy(p, &v, 8); }

static sc_rc sha256(const unsigned char *p, size_t n, unsigned char ret[32], sc_err *err) {
    if (!EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL))
        return sc_fail(err, SC_INTERNAL, "SHA-256 is not to be had from libcrypto");
    return SC_OK;
}

static void put_row(unsigned char *p, const row *r) {
    const uint32_t v[] = {r->kind, r->layer, r->type, r->rows, r->cols, 0};
    for (size_t i = 0; i < SC_LEN(v); i++) put32(p + 4 * i, v[i]);
    put64(p + 24, r->offset);
}

/* ---- Numbers -------------------------------------------------------------------------------------- */

static bool floats_ok(const float *v, size_t n, float min, float max) {
    bool ok = true;
    for (size_t i = 0; i < n; i++) ok &= v[i] >= min && v[i] <= max; /* NaN is neither */
    return ok;
}

static bool numbers_ok(const float *v, size_t n) {
    return floats_ok(v, n, -SC_MODEL_MAX_NUMBER, SC_MODEL_MAX_NUMBER);
}

static sc_rc check_linear(const sc_enc_linear *l, uint32_t layer, const char *what, sc_err *err) {
    if (!floats_ok(l->scale, l->n, 0, SC_MODEL_MAX_SCALE))
        return sc_fail(err, SC_INVALID, "layer %u, %s: a scale is not a number between 0 and %d",
                       layer, what, SC_MODEL_MAX_SCALE);
    if (!numbers_ok(l->bias, l->n))
        return sc_fail(err, SC_INVALID, "layer %u, %s: a bias is not a number within %d", layer,
                       what, SC_MODEL_MAX_NUMBER);
    const int32_t most = 127 * (int32_t)l->k;
    bool ok = true;
    for (uint32_t i = 0; i < l->n; i++) ok &= l->sum[i] >= -most && l->sum[i] <= most;
    if (!ok)
        return sc_fail(err, SC_INVALID, "layer %u, %s: a sum of weights cannot be right", layer,
                       what);
    return SC_OK;
}

static sc_rc check_norm(const sc_enc_norm *n, uint32_t width, const char *what, sc_err *err) {
    if (numbers_ok(n->gamma, width) && numbers_ok(n->beta, width)) return SC_OK;
    return sc_fail(err, SC_INVALID,
                   "the LayerNorm after %s has a value that is not a number within %d", what,
                   SC_MODEL_MAX_NUMBER);
}

static sc_rc check_vocab(const sc_model *m, sc_err *err) {
    uint32_t lines = 0;
    sc_str rest = m->vocab, line;
    if (memchr(rest.p, 0, rest.n) || !sc_utf8_valid(rest))
        return sc_fail(err, SC_INVALID, "the vocabulary is not UTF-8 text");
    while (lines <= m->dims.vocab && sc_str_next(&rest, '\n', &line)) {
        if (line.n == 0)
            return sc_fail(err, SC_INVALID, "line %u of the vocabulary is empty", lines + 1);
        lines++;
    }
    if (lines == m->dims.vocab) return SC_OK;
    return sc_fail(err, SC_INVALID, "the vocabulary does not have %u lines, as the model has words",
                   m->dims.vocab);
}

static sc_rc check_numbers(const sc_model *m, sc_err *err) {
    const sc_model_dims *d = &m->dims;
    if (!floats_ok(m->word_scale, d->vocab, 0, SC_MODEL_MAX_SCALE))
        return sc_fail(err, SC_INVALID, "a word's scale is not a number between 0 and %d",
                       SC_MODEL_MAX_SCALE);
    if (!numbers_ok(m->places, (size_t)d->positions * d->hidden) || !numbers_ok(m->kind, d->hidden))
        return sc_fail(err, SC_INVALID, "a position's value is not a number within %d",
                       SC_MODEL_MAX_NUMBER);
    sc_rc rc = check_norm(&m->after_embedding, d->hidden, "the embedding", err);
    for (uint32_t i = 0; i < d->layers && !rc; i++) {
        const sc_model_layer *l = &m->layer[i];
        rc = check_linear(&l->qkv, i, "queries, keys, values", err);
        if (!rc) rc = check_linear(&l->out, i, "attention's output", err);
        if (!rc) rc = check_linear(&l->up, i, "the way up", err);
        if (!rc) rc = check_linear(&l->down, i, "the way down", err);
        if (!rc) rc = check_norm(&l->after_attention, d->hidden, "attention", err);
        if (!rc) rc = check_norm(&l->after_ffn, d->hidden, "the way down", err);
    }
    return rc;
}

/* ---- Reading -------------------------------------------------------------------------------------- */

static sc_rc check_header(const unsigned char *p, size_t n, sc_model *m, sc_err *err) {
    if (n < SC_MODEL_HEADER || memcmp(p, magic, sizeof magic) != 0)
        return sc_fail(err, SC_INVALID, "not a model of the encoder");
    if (u32_at(p + 8) != SC_MODEL_FORMAT)
        return sc_fail(err, SC_INVALID, "the model is of format %u, this program reads %d",
                       u32_at(p + 8), SC_MODEL_FORMAT);
    if (u64_at(p + AT_BYTES) != n)
        return sc_fail(err, SC_INVALID, "the model says it has %llu bytes, the file has %zu",
                       (unsigned long long)u64_at(p + AT_BYTES), n);
    unsigned char sum[32];
    sc_rc rc = sha256(p + AT_HASHED, n - AT_HASHED, sum, err);
    if (rc) return rc;
    if (memcmp(sum, p + AT_SHA, sizeof sum) != 0)
        return sc_fail(err, SC_INVALID, "the model is damaged: its checksum differs");
    sc_hex_encode(sum, sizeof sum, m->sha256);
    sc_model_dims *d = &m->dims;
    *d = (sc_model_dims){.layers = u32_at(p + 64),
                         .hidden = u32_at(p + 68),
                         .heads = u32_at(p + 72),
                         .ffn = u32_at(p + 76),
                         .vocab = u32_at(p + 80),
                         .positions = u32_at(p + 84),
                         .max_tokens = u32_at(p + 96),
                         .pooling = (sc_pooling)(u32_at(p + 88) & 0xFF),
                         .lower_case = u32_at(p + 92) & 1};
    memcpy(&d->eps, p + 100, 4);
    memcpy(d->name, p + AT_NAME, sizeof d->name);
    bool zeros = u32_at(p + 12) == 0 && u64_at(p + 56) == 0 && u32_at(p + 108) == 0;
    for (size_t i = AT_NAME_END; i < SC_MODEL_HEADER; i++) zeros &= p[i] == 0;
    if (!zeros || u32_at(p + 92) > 1 || u32_at(p + 88) > SC_POOLING_CLS)
        return sc_fail(err, SC_INVALID, "the model's header has bits that mean nothing");
    return sc_model_dims_check(d, err);
}

/* The rows must be those of the plan; only the vocabulary's length is taken from the file. */
static sc_rc check_rows(const unsigned char *p, size_t n, const sc_model_dims *d, plan *ret,
                        sc_err *err) {
    size_t rows = 7 + (size_t)LAYER_ROWS * d->layers;
    if (u32_at(p + 104) != rows || n < SC_MODEL_HEADER + rows * SC_MODEL_ROW)
        return sc_fail(err, SC_INVALID, "the model's table does not have %zu tensors", rows);
    uint32_t vocab_bytes = u32_at(p + SC_MODEL_HEADER + 16);
    if (vocab_bytes == 0 || vocab_bytes > SC_MODEL_MAX_VOCAB_BYTES)
        return sc_fail(err, SC_INVALID, "the vocabulary has %u bytes", vocab_bytes);
    make_plan(d, vocab_bytes, ret);
    for (size_t i = 0; i < rows; i++) {
        unsigned char want[SC_MODEL_ROW];
        put_row(want, &ret->rows[i]);
        if (memcmp(want, p + SC_MODEL_HEADER + i * SC_MODEL_ROW, sizeof want) != 0)
            return sc_fail(err, SC_INVALID,
                           "tensor %zu of the model's table is not what belongs there", i);
    }
    if (ret->bytes != n)
        return sc_fail(err, SC_INVALID, "the model's tensors need %llu bytes, the file has %zu",
                       (unsigned long long)ret->bytes, n);
    return SC_OK;
}

sc_rc sc_model_check(const void *bytes, size_t n, sc_model *ret, sc_err *err) {
    const unsigned char *p = bytes;
    plan rows = {.n = 0};
    *ret = (sc_model){0};
    if ((uintptr_t)p % ALIGN) return sc_fail(err, SC_INTERNAL, "the model's bytes are not aligned");
    sc_rc rc = check_header(p, n, ret, err);
    if (!rc) rc = check_rows(p, n, &ret->dims, &rows, err);
    if (rc) return rc;
    set_views(p, &rows, ret);
    rc = check_vocab(ret, err);
    return rc ? rc : check_numbers(ret, err);
}

sc_rc sc_model_open(const char *path, sc_model **ret, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 && errno == ENOENT) return sc_fail(err, SC_NOT_FOUND, "there is no %.150s", path);
    if (fd < 0 || fstat(fd, &st)) return sc_fail_sys(err, SC_IO, errno, "open %.150s", path);
    if (!S_ISREG(st.st_mode) || st.st_size < SC_MODEL_HEADER)
        return sc_fail(err, SC_INVALID, "%.150s is not a model of the encoder", path);
    sc_model *m = sc_alloc(sizeof *m);
    if (!m) return sc_fail(err, SC_NOMEM, "no memory for the model");
    size_t n = (size_t)st.st_size;
    void *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        sc_free(m);
        return sc_fail_sys(err, SC_IO, errno, "map %.150s", path);
    }
    sc_rc rc = sc_model_check(map, n, m, err);
    m->map = map;
    m->map_bytes = n;
    if (rc) {
        sc_model_close(m);
        sc_wrap(err, "%.100s", path);
        return rc;
    }
    madvise(map, n,
            MADV_DONTNEED); /* the check touched all of it; an idle process need not hold it */
    *ret = m;
    return SC_OK;
}

void sc_model_close(sc_model *m) {
    if (!m) return;
    munmap((void *)(uintptr_t)m->map, m->map_bytes);
    sc_free(m);
}

/* ---- Making --------------------------------------------------------------------------------------- */

sc_rc sc_model_image_init(sc_model_image *im, const sc_model_dims *d, sc_str vocab, sc_err *err) {
    plan rows = {.n = 0};
    *im = (sc_model_image){0};
    sc_rc rc = sc_model_dims_check(d, err);
    if (rc) return rc;
    if (vocab.n == 0 || vocab.n > SC_MODEL_MAX_VOCAB_BYTES)
        return sc_fail(err, SC_INVALID, "the vocabulary has %zu bytes", vocab.n);
    make_plan(d, vocab.n, &rows);
    im->block = sc_alloc(rows.bytes + ALIGN);
    if (!im->block) return sc_fail(err, SC_NOMEM, "no memory for the model");
    unsigned char *p = (unsigned char *)im->block;
    p += (ALIGN - (uintptr_t)p % ALIGN) % ALIGN;
    im->p = p;
    im->n = rows.bytes;
    memcpy(p, magic, sizeof magic);
    put32(p + 8, SC_MODEL_FORMAT);
    put64(p + AT_BYTES, rows.bytes);
    const uint32_t v[] = {
        d->layers,     d->hidden,    d->heads, d->ffn, d->vocab, d->positions, (uint32_t)d->pooling,
        d->lower_case, d->max_tokens};
    for (size_t i = 0; i < SC_LEN(v); i++) put32(p + AT_HASHED + 4 * i, v[i]);
    memcpy(p + 100, &d->eps, 4);
    put32(p + 104, (uint32_t)rows.n);
    memcpy(p + AT_NAME, d->name, sizeof d->name);
    for (size_t i = 0; i < rows.n; i++)
        put_row(p + SC_MODEL_HEADER + i * SC_MODEL_ROW, &rows.rows[i]);
    memcpy(p + rows.rows[0].offset, vocab.p, vocab.n);
    im->views.dims = *d;
    set_views(p, &rows, &im->views);
    return SC_OK;
}

void sc_model_image_done(sc_model_image *im) {
    sc_free(im->block);
    *im = (sc_model_image){0};
}

sc_rc sc_model_seal(sc_model_image *im, sc_err *err) {
    sc_rc rc = sha256(im->p + AT_HASHED, im->n - AT_HASHED, im->p + AT_SHA, err);
    return rc ? rc : sc_model_check(im->p, im->n, &im->views, err);
}

static sc_rc write_all(int fd, const unsigned char *p, size_t n) {
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return SC_IO;
        p += w;
        n -= (size_t)w;
    }
    return fsync(fd) ? SC_IO : SC_OK;
}

/* So that the rename itself is on disk. */
static void sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    SC_AUTO(sc_auto_close)
    int fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) fsync(fd);
}

sc_rc sc_model_save(const sc_model_image *im, const char *path, sc_err *err) {
    char part[4096];
    int n = snprintf(part, sizeof part, "%s.%ld.part", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof part) return sc_fail(err, SC_INVALID, "the path is too long");
    SC_AUTO(sc_auto_close) int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "write %.150s", part);
    if (write_all(fd, im->p, im->n) || rename(part, path)) {
        int sys = errno;
        unlink(part);
        return sc_fail_sys(err, SC_IO, sys, "write %.150s", path);
    }
    sync_folder(path);
    return SC_OK;
}
