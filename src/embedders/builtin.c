#include "embedders/builtin.h"

#include <math.h>

#include "assets.h"

#ifndef K_SPREAD
#define K_SPREAD 4
#endif
#ifndef W_WORD
#define W_WORD 16
#endif
#ifndef W_PAIR
#define W_PAIR 6
#endif
#ifndef W_GRAM
#define W_GRAM 10
#endif
#ifndef W_TITLE
#define W_TITLE 12
#endif
#ifndef W_BODY
#define W_BODY 4
#endif
#ifndef W_CODE
#define W_CODE 2
#endif
#ifndef W_STOP
#define W_STOP 16
#endif
#ifndef MAXW
#define MAXW 400
#endif
#ifndef GMIN
#define GMIN 3
#endif
#ifndef GMAX
#define GMAX 5
#endif

enum { SEED_PAIR = 0x9a17, SEED_GRAM = 0x96a3, SLOTS = 2048, MAX_WORDS = MAXW, MAX_GRAM_WORD = 24 };

/* One distinct word of a text. */
typedef struct word {
    uint32_t hash;
    uint32_t count; /* weighted by place */
    uint32_t first; /* token it was first seen as */
} word;

typedef struct bag {
    word words[MAX_WORDS], pairs[MAX_WORDS];
    size_t n_words, n_pairs;
    uint16_t slots[SLOTS]; /* index + 1 into words; words and pairs use halves of it */
} bag;

static const uint8_t place_weight[] = {[SC_TOKEN_TITLE] = W_TITLE, [SC_TOKEN_BODY] = W_BODY, [SC_TOKEN_CODE] = W_CODE};

static void count(word *v, size_t *n, uint16_t *slots, uint32_t hash, uint32_t weight, uint32_t first) {
    enum { HALF = SLOTS / 2 };
    size_t i = hash % HALF;
    for (; slots[i]; i = (i + 1) % HALF)
        if (v[slots[i] - 1].hash == hash) {
            v[slots[i] - 1].count += weight;
            return;
        }
    if (*n >= MAX_WORDS) return;
    v[*n] = (word){hash, weight, first};
    slots[i] = (uint16_t)++*n;
}

static void fill(bag *b, const sc_prepared *p) {
    b->n_words = b->n_pairs = 0;
    memset(b->slots, 0, sizeof b->slots);
    uint32_t before = 0;
    for (size_t i = 0; i < p->n_tokens; i++) {
        const sc_token *t = &p->tokens[i];
        if (t->text.p[0] == '<') { before = 0; continue; } /* a mask */
        uint32_t weight = place_weight[t->place];
        if (i == p->n_title_tokens) before = 0;
        count(b->words, &b->n_words, b->slots, t->hash, weight, (uint32_t)i);
        if (before && W_PAIR) {
            uint32_t pair[2] = {before, t->hash};
            count(b->pairs, &b->n_pairs, b->slots + SLOTS / 2, (uint32_t)sc_hash64(pair, sizeof pair, SEED_PAIR), weight,
                  (uint32_t)i);
        }
        before = t->hash;
    }
}

/* Calls `see` for each n-gram of " word ". */
static size_t grams(sc_str w, uint64_t *ret) {
    char s[MAX_GRAM_WORD + 2];
    size_t n = SC_MIN(w.n, (size_t)MAX_GRAM_WORD), out = 0;
    if (n < 3) return 0;
    s[0] = '^';
    memcpy(s + 1, w.p, n);
    s[n + 1] = '$';
    n += 2;
    for (size_t len = GMIN; len <= GMAX; len++)
        for (size_t i = 0; i + len <= n; i++) {
            uint64_t x = 0;
            memcpy(&x, s + i, len);
            x = (x ^ len << 56) * 0x9E3779B97F4A7C15u;
            x ^= x >> 29;
            x *= 0xBF58476D1CE4E5B9u;
            x ^= x >> 32;
            ret[out++] = x;
        }
    return out;
}

static uint32_t word_bucket(uint32_t hash, uint32_t buckets) { return (hash * 0x9E3779B1u >> 7) & (buckets - 1); }
static uint32_t pair_bucket(uint32_t hash, uint32_t buckets) { return (hash * 0x85EBCA77u >> 5) & (buckets - 1); }
static uint32_t gram_bucket(uint64_t hash, uint32_t buckets) { return (uint32_t)(hash >> 40) & (buckets - 1); }

void sc_builtin_features(uint32_t buckets, const sc_prepared *text, void (*see)(void *self, uint32_t bucket),
                         void *self) {
    bag b;
    fill(&b, text);
    for (size_t i = 0; i < b.n_words; i++) {
        uint64_t g[3 * (MAX_GRAM_WORD + 2)];
        see(self, word_bucket(b.words[i].hash, buckets));
        size_t n = grams(text->tokens[b.words[i].first].text, g);
        for (size_t k = 0; k < n; k++) see(self, gram_bucket(g[k], buckets));
    }
    for (size_t i = 0; i < b.n_pairs; i++) see(self, pair_bucket(b.pairs[i].hash, buckets));
}

/* 16 * (1 + log2(n)) roughly: */
static uint32_t sublinear(uint32_t n) {
    uint32_t log2 = 31 - (uint32_t)__builtin_clz(n | 1);
    uint32_t frac = ((n << (31 - log2)) >> 27) & 15;
    return 16 * log2 + frac + 8;
}

static void spread(int32_t *v, uint32_t dim, uint64_t h, int32_t w) {
    h = (h ^ h >> 31) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
    for (int k = 0; k < K_SPREAD; k++) {
        uint32_t x = (uint32_t)(h >> (16 * (k & 3)) & 0xFFFF);
        uint32_t at = (x >> 1) * dim >> 15;
        v[at] += x & 1 ? w : -w;
        if ((k & 3) == 3) h = (h ^ h >> 29) * 0xBF58476D1CE4E5B9u;
    }
}

static uint32_t root(uint64_t x) {
    uint64_t r = (uint64_t)sqrt((double)x);
    while (r * r > x) r--;
    while ((r + 1) * (r + 1) <= x) r++;
    return (uint32_t)r;
}

static void scale(int32_t *v, uint32_t dim, int64_t to) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < dim; i++) sum += (uint64_t)((int64_t)v[i] * v[i]);
    int64_t norm = root(sum);
    for (uint32_t i = 0; i < dim; i++) {
        int64_t x = norm ? (int64_t)v[i] * to * 2 : 0;
        v[i] = norm ? (int32_t)((x + (x < 0 ? -norm : norm)) / (2 * norm)) : 0;
    }
}

void sc_builtin_project(const sc_builtin *m, const sc_prepared *text, int32_t *ret) {
    bag b;
    fill(&b, text);
    memset(ret, 0, m->dim * sizeof *ret);
    for (size_t i = 0; i < b.n_words; i++) {
        const word *w = &b.words[i];
        uint64_t g[3 * (MAX_GRAM_WORD + 2)];
        const sc_token *t = &text->tokens[w->first];
        int32_t tf = (int32_t)sublinear(w->count), idf = m->idf[word_bucket(w->hash, m->buckets)];
        if (t->stop) tf = tf * W_STOP / 16;
        spread(ret, m->dim, w->hash, tf * idf * W_WORD / 64);
        size_t n = W_GRAM ? grams(t->text, g) : 0;
        if (!n) continue;
        int32_t share = tf * W_GRAM * 64 / (int32_t)root(n * 4096); /* sum of squares as of one feature */
        for (size_t k = 0; k < n; k++) spread(ret, m->dim, g[k], share * m->idf[gram_bucket(g[k], m->buckets)] / 64);
    }
    for (size_t i = 0; i < b.n_pairs; i++) {
        const word *w = &b.pairs[i];
        int32_t tf = (int32_t)sublinear(w->count), idf = m->idf[pair_bucket(w->hash, m->buckets)];
        spread(ret, m->dim, (uint64_t)w->hash << 32, tf * idf * W_PAIR / 64);
    }
    scale(ret, m->dim, SC_BUILTIN_ONE);
}

void sc_builtin_embed(const sc_builtin *m, const sc_prepared *text, int8_t *ret_vec) {
    int32_t v[SC_BUILTIN_MAX_DIM];
    sc_builtin_project(m, text, v);
    bool any = false;
    for (uint32_t i = 0; i < m->dim; i++) any |= v[i] != 0;
    for (uint32_t i = 0; i < m->dim; i++) {
        int16_t mean;
        memcpy(&mean, m->mean + 2 * i, 2);
        v[i] -= mean;
    }
    scale(v, m->dim, 127);
    for (uint32_t i = 0; i < m->dim; i++) ret_vec[i] = any ? (int8_t)v[i] : 0;
}

/* ---- Table ---------------------------------------------------------------------------------- */

static uint32_t u32_at(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, 4); /* little-endian hosts only, as sc_hash64 */
    return v;
}

static uint64_t u64_at(const unsigned char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

sc_rc sc_builtin_load(sc_builtin *b, const void *table, size_t n, sc_err *err) {
    const unsigned char *p = table;
    if (n < SC_BUILTIN_HEADER || memcmp(p, "SCBUILTN", 8) != 0)
        return sc_fail(err, SC_INVALID, "not a table of the builtin embedder");
    if (u32_at(p + 8) != SC_BUILTIN_FORMAT)
        return sc_fail(err, SC_INVALID, "the builtin table is of format %u, this program reads %d", u32_at(p + 8),
                       SC_BUILTIN_FORMAT);
    if (u32_at(p + 12) != SC_PREPARE_VERSION)
        return sc_fail(err, SC_INVALID, "the builtin table was made for text preparation %u, this program has %d",
                       u32_at(p + 12), SC_PREPARE_VERSION);
    uint32_t dim = u32_at(p + 16), buckets = u32_at(p + 20);
    bool sizes = dim >= 8 && dim <= SC_BUILTIN_MAX_DIM && buckets >= 1024 && buckets <= SC_BUILTIN_MAX_BUCKETS &&
                 (buckets & (buckets - 1)) == 0;
    if (!sizes || n != SC_BUILTIN_HEADER + (size_t)buckets + 2 * (size_t)dim)
        return sc_fail(err, SC_INVALID, "the builtin table's sizes do not fit its length of %zu bytes", n);
    if (sc_hash64(p + SC_BUILTIN_HEADER, n - SC_BUILTIN_HEADER, 0) != u64_at(p + 32))
        return sc_fail(err, SC_INVALID, "the builtin table is damaged: its checksum differs");
    *b = (sc_builtin){.dim = dim,
                      .buckets = buckets,
                      .n_texts = u64_at(p + 24),
                      .idf = p + SC_BUILTIN_HEADER,
                      .mean = p + SC_BUILTIN_HEADER + buckets};
    return SC_OK;
}

/* ---- Port ----------------------------------------------------------------------------------- */

static sc_rc open_builtin(void *self, const void *conf, sc_err *err) {
    (void)conf;
    return sc_builtin_load(self, sc_asset_builtin, sc_asset_builtin_len, err);
}

static sc_rc embed_builtin(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms, int8_t *ret_vecs,
                           sc_err *err) {
    (void)deadline_ms; /* a batch takes microseconds a text */
    (void)err;
    const sc_builtin *b = self;
    for (size_t i = 0; i < n; i++) sc_builtin_embed(b, &texts[i], ret_vecs + i * b->dim);
    return SC_OK;
}

static uint16_t dim_builtin(const void *self) { return (uint16_t)((const sc_builtin *)self)->dim; }

static const char *model_builtin(const void *self) {
    (void)self;
    return "builtin-1/prepare-1";
}

const sc_embedder_ops sc_embedder_builtin = {
    .name = "builtin",
    .summary = "Words and character n-grams, hashed; no download, works offline.",
    .size = sizeof(sc_builtin),
    .open = open_builtin,
    .embed = embed_builtin,
    .dim = dim_builtin,
    .model = model_builtin,
};
