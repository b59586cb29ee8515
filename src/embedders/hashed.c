#include "embedders/hashed.h"

#include "embedders/unit.h"

/* Chosen on several labelled sets at once (docs/quality.md), not tuned to one. Pairs of words
 * were tried and cost more, as noise of the projection, than they told. */
enum {
    SPREAD = 2,       /* components that one feature touches                        */
    WORD_WEIGHT = 16, /* of a whole word, in sixteenths                              */
    GRAM_WEIGHT = 24, /* of all its n-grams                                           */
    STOP_WEIGHT = 8,  /* of a function word; its idf is low besides                  */
    FRAME_WEIGHT = 8, /* of a frame of the stack, as if it were in two lines of text  */
    MAX_FRAMES = 16,  /* the top ones                                                 */
    GRAM_MIN = 3,
    GRAM_MAX = 5,
    MAX_WORDS = 400,    /* distinct ones of a text; the first count                    */
    MAX_GRAM_WORD = 24, /* bytes of a word that give n-grams                           */
    MAX_GRAMS = (GRAM_MAX - GRAM_MIN + 1) * (MAX_GRAM_WORD + 2),
    SLOTS = 1024,
    NO_TOKEN = 0xFFFF,
};

/* One distinct word of a text, or one frame of its stack. */
typedef struct word {
    uint32_t hash;
    uint32_t count; /* weighted by place */
    uint16_t first; /* the token it was first seen as, or NO_TOKEN */
} word;

typedef struct bag {
    word words[MAX_WORDS];
    size_t n;
    uint16_t slots[SLOTS]; /* index + 1 into words; open addressing */
} bag;

static const uint8_t place_weight[] = {
    [SC_TOKEN_TITLE] = 16, [SC_TOKEN_BODY] = 4, [SC_TOKEN_CODE] = 2};

static void count(bag *b, uint32_t hash, uint32_t weight, uint16_t first) {
    size_t i = hash % SLOTS;
    for (; b->slots[i]; i = (i + 1) % SLOTS) {
        word *w = &b->words[b->slots[i] - 1];
        if (w->hash != hash) continue;
        w->count += weight;
        return;
    }
    if (b->n >= MAX_WORDS) return;
    b->words[b->n] = (word){hash, weight, first};
    b->slots[i] = (uint16_t)++b->n;
}

static void fill(bag *b, const sc_prepared *p) {
    b->n = 0;
    memset(b->slots, 0, sizeof b->slots);
    for (size_t i = 0; i < p->n_tokens; i++) {
        const sc_token *t = &p->tokens[i];
        bool mask = t->text.n && t->text.p[0] == '<';
        if (!mask) count(b, t->hash, place_weight[t->place], (uint16_t)i);
    }
    for (size_t i = 0; i < p->n_frames && i < MAX_FRAMES;
         i++) /* times an odd number: no word's hash */
        count(b, p->frames[i] * 0x9E3779B1u, FRAME_WEIGHT, NO_TOKEN);
}

/* The hashes of the n-grams of ^word$ (bytes: of other scripts they are parts of characters, which
 * serves as well). Returns how many. */
static size_t grams(sc_str w, uint64_t ret[MAX_GRAMS]) {
    char s[MAX_GRAM_WORD + 2 + sizeof(uint64_t)] = {0};
    size_t n = SC_MIN(w.n, (size_t)MAX_GRAM_WORD), out = 0;
    if (n < GRAM_MIN) return 0;
    s[0] = '^';
    memcpy(s + 1, w.p, n);
    s[n + 1] = '$';
    n += 2;
    for (uint64_t len = GRAM_MIN; len <= GRAM_MAX; len++)
        for (size_t i = 0; i + len <= n; i++) {
            uint64_t x; /* at most 5 bytes: the value itself, mixed */
            memcpy(&x, s + i, sizeof x);
            x &= (1ull << 8 * len) - 1;
            x = (x ^ len << 56) * 0x9E3779B97F4A7C15u;
            x ^= x >> 29;
            x *= 0xBF58476D1CE4E5B9u;
            ret[out++] = x ^ x >> 32;
        }
    return out;
}

static uint32_t word_bucket(uint32_t hash, uint32_t buckets) {
    return (hash * 0x9E3779B1u >> 7) & (buckets - 1);
}
static uint32_t gram_bucket(uint64_t hash, uint32_t buckets) {
    return (uint32_t)(hash >> 40) & (buckets - 1);
}

static size_t grams_of(const sc_prepared *text, const word *w, uint64_t ret[MAX_GRAMS]) {
    return w->first == NO_TOKEN ? 0 : grams(text->tokens[w->first].text, ret);
}

void sc_hashed_features(uint32_t buckets, const sc_prepared *text,
                        void (*see)(void *self, uint32_t bucket), void *self) {
    bag b;
    uint64_t g[MAX_GRAMS];
    fill(&b, text);
    for (size_t i = 0; i < b.n; i++) {
        see(self, word_bucket(b.words[i].hash, buckets));
        size_t n = grams_of(text, &b.words[i], g);
        for (size_t k = 0; k < n; k++) see(self, gram_bucket(g[k], buckets));
    }
}

/* About 16 * (log2(n) + 1/2), in whole numbers. */
static int32_t sublinear(uint32_t n) {
    uint32_t log2 = 31 - (uint32_t)__builtin_clz(n | 1);
    uint32_t fraction = ((n << (31 - log2)) >> 27) & 15;
    return (int32_t)(16 * log2 + fraction + 8);
}

/* Adds weight with the feature's signs to its components. */
static void spread(int32_t *v, uint32_t dim, uint64_t h, int32_t weight) {
    h = (h ^ h >> 31) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
    for (int k = 0; k < SPREAD; k++) {
        uint32_t x = (uint32_t)(h >> 16 * k) & 0xFFFF;
        v[(x >> 1) * dim >> 15] += x & 1 ? weight : -weight;
    }
}

bool sc_hashed_project(const sc_hashed *m, const sc_prepared *text, int32_t *ret) {
    bag b;
    uint64_t g[MAX_GRAMS];
    fill(&b, text);
    memset(ret, 0, m->dim * sizeof *ret);
    for (size_t i = 0; i < b.n; i++) {
        const word *w = &b.words[i];
        bool stop = w->first != NO_TOKEN && text->tokens[w->first].stop;
        int32_t tf = sublinear(w->count), idf = m->idf[word_bucket(w->hash, m->buckets)];
        if (stop) tf = tf * STOP_WEIGHT / 16;
        spread(ret, m->dim, w->hash, tf * idf * WORD_WEIGHT / 64);
        size_t n = grams_of(text, w, g);
        if (!n) continue;
        /* All n-grams of a word together weigh GRAM_WEIGHT: sum of squares, hence the root. */
        int32_t share = tf * GRAM_WEIGHT * 64 / (int32_t)sc_unit_root(n * 4096);
        for (size_t k = 0; k < n; k++)
            spread(ret, m->dim, g[k], share * m->idf[gram_bucket(g[k], m->buckets)] / 64);
    }
    return sc_unit_scale(ret, m->dim, SC_HASHED_ONE);
}

bool sc_hashed_centred(const sc_hashed *m, const sc_prepared *text, double length, int32_t *ret) {
    if (!sc_hashed_project(m, text, ret)) return false;
    for (uint32_t i = 0; i < m->dim; i++) {
        int16_t mean;
        memcpy(&mean, m->mean + 2 * i, 2);
        ret[i] -= mean;
    }
    return sc_unit_scale(ret, m->dim, length);
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

sc_rc sc_hashed_load(sc_hashed *b, const void *table, size_t n, sc_err *err) {
    const unsigned char *p = table;
    if (n < SC_HASHED_HEADER || memcmp(p, "SCBUILTN", 8) != 0)
        return sc_fail(err, SC_INVALID, "not a table of the hashed words");
    if (u32_at(p + 8) != SC_HASHED_FORMAT)
        return sc_fail(err, SC_INVALID, "the builtin table is of format %u, this program reads %d",
                       u32_at(p + 8), SC_HASHED_FORMAT);
    if (u32_at(p + 12) != SC_PREPARE_VERSION)
        return sc_fail(err, SC_INVALID,
                       "the builtin table was made for text preparation %u, this program has %d",
                       u32_at(p + 12), SC_PREPARE_VERSION);
    uint32_t dim = u32_at(p + 16), buckets = u32_at(p + 20);
    bool sizes = dim >= 8 && dim <= SC_HASHED_MAX_DIM && buckets >= 1024 &&
                 buckets <= SC_HASHED_MAX_BUCKETS && (buckets & (buckets - 1)) == 0;
    if (!sizes || n != SC_HASHED_HEADER + (size_t)buckets + 2 * (size_t)dim)
        return sc_fail(err, SC_INVALID,
                       "the builtin table's sizes do not fit its length of %zu bytes", n);
    if (sc_hash64(p + SC_HASHED_HEADER, n - SC_HASHED_HEADER, 0) != u64_at(p + 32))
        return sc_fail(err, SC_INVALID, "the builtin table is damaged: its checksum differs");
    *b = (sc_hashed){.dim = dim,
                     .buckets = buckets,
                     .n_texts = u64_at(p + 24),
                     .idf = p + SC_HASHED_HEADER,
                     .mean = p + SC_HASHED_HEADER + buckets};
    return SC_OK;
}
