#include "group/terms.h"

static uint64_t key_of(sc_term_kind kind, uint64_t value) {
    if (kind < SC_TERM_WEIGHTED) return (uint64_t)kind << 32 | (uint32_t)value;
    return sc_hash64(&value, sizeof value, kind) | (uint64_t)1 << 63;
}

static uint32_t home(const sc_terms *t, uint64_t key) {
    uint64_t z = (key ^ (key >> 31)) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(z >> 32) & (t->table_cap - 1);
}

static uint32_t lookup(const sc_terms *t, uint64_t key) {
    if (!t->table_cap) return SC_TERM_NONE;
    for (uint32_t i = home(t, key);; i = (i + 1) & (t->table_cap - 1)) {
        uint32_t id = t->table[i];
        if (id == SC_TERM_NONE || t->v[id].key == key) return id;
    }
}

static void enter(sc_terms *t, uint32_t id) {
    uint32_t i = home(t, t->v[id].key);
    while (t->table[i] != SC_TERM_NONE) i = (i + 1) & (t->table_cap - 1);
    t->table[i] = id;
}

static bool grow_table(sc_terms *t) {
    if ((uint64_t)(t->n + 1) * 4 <= (uint64_t)t->table_cap * 3) return true;
    uint32_t cap = t->table_cap ? t->table_cap * 2 : 1024;
    uint32_t *table = sc_alloc_array(cap, sizeof *table);
    if (!table) return false;
    memset(table, 0xff, cap * sizeof *table);
    sc_free(t->table);
    t->table = table;
    t->table_cap = cap;
    for (uint32_t id = 0; id < t->n; id++) enter(t, id);
    return true;
}

/* Room for n + 1 more by a quarter: large arrays are moved by the kernel, not copied. */
static uint32_t more(uint32_t n) { return n + n / 4 + 2; }

static uint32_t intern(sc_terms *t, sc_term_kind kind, uint64_t value) {
    uint64_t key = key_of(kind, value);
    uint32_t id = lookup(t, key);
    if (id != SC_TERM_NONE) return id;
    if (t->n + 1 >= SC_TERM_MAX || !grow_table(t)) return SC_TERM_NONE;
    if (t->n == t->cap) {
        uint32_t cap = t->cap ? more(t->cap) : 512;
        sc_term *v = sc_realloc_array(t->v, cap, sizeof *v);
        if (v) t->v = v;
        float *idf = sc_realloc_array(t->idf, cap, sizeof *idf);
        if (idf) t->idf = idf;
        if (!v || !idf) return SC_TERM_NONE;
        t->cap = cap;
    }
    id = t->n++;
    t->v[id] = (sc_term){.key = key, .kind = kind};
    t->idf[id] = -1;
    enter(t, id);
    return id;
}

/* Room for one more posting. */
static bool reserve_one(sc_terms *t, sc_term *x) {
    if (x->cap ? x->n < x->cap : x->n == 0) return true;
    uint32_t cap = x->cap ? more(x->cap) : 4;
    uint32_t *list = sc_realloc_array(x->cap ? x->at.list : NULL, cap, sizeof *list);
    if (!list) return false;
    if (!x->cap) list[0] = x->at.one;
    t->list_bytes += (cap - x->cap) * sizeof *list;
    x->at.list = list;
    x->cap = cap;
    return true;
}

typedef struct builder {
    sc_terms *grow; /* NULL: look up only */
    const sc_terms *t;
    sc_feats *out;
    bool failed;
} builder;

static void add(builder *b, sc_term_kind kind, uint64_t value, unsigned tf) {
    uint32_t id = b->grow ? intern(b->grow, kind, value) : lookup(b->t, key_of(kind, value));
    if (id == SC_TERM_NONE) {
        if (b->grow) b->failed = true;
        if (kind == SC_TERM_WORD) b->out->unknown++;
        return;
    }
    if (b->grow && !reserve_one(b->grow, &b->grow->v[id])) {
        b->failed = true;
        return;
    }
    b->out->v[b->out->n++] = id << SC_TERM_TF_BITS | SC_MIN(tf, (unsigned)SC_TERM_TF_MAX);
    if (kind < SC_TERM_WEIGHTED)
        b->out->count[kind]++;
    else
        b->out->n_fps++;
}

/* A frame nearer to the top of the stack says more: it counts as if it occurred more often. */
static unsigned frame_tf(size_t i) { return i == 0 ? 4 : i < 3 ? 3 : i < 8 ? 2 : 1; }

static bool held(const uint32_t *v, size_t n, uint32_t x) {
    for (size_t i = 0; i < n; i++)
        if (v[i] == x) return true;
    return false;
}

/* By vocabulary id, so that two items' words are compared by merging. */
static void sort(uint32_t *v, unsigned n) {
    for (unsigned gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) /* Shell */
        for (unsigned i = gap; i < n; i++) {
            uint32_t x = v[i];
            unsigned k = i;
            for (; k >= gap && v[k - gap] > x; k -= gap) v[k] = v[k - gap];
            v[k] = x;
        }
}

static void build(builder *b, const sc_repr *r) {
    *b->out = (sc_feats){0};
    for (size_t i = 0; i < r->n_terms; i++) add(b, SC_TERM_WORD, r->terms[i], r->tfs[i]);
    for (size_t i = 0; i < r->n_title_terms; i++)
        if (i == 0 || r->title_terms[i] != r->title_terms[i - 1])
            add(b, SC_TERM_TITLE, r->title_terms[i], 1);
    for (size_t i = 0; i < r->n_frames; i++)
        if (!held(r->frames, i, r->frames[i])) add(b, SC_TERM_FRAME, r->frames[i], frame_tf(i));
    uint32_t *v = b->out->v;
    for (int k = 0; k < SC_TERM_WEIGHTED; v += b->out->count[k++]) sort(v, b->out->count[k]);
    if (r->fp_text) add(b, SC_TERM_FP_TEXT, r->fp_text, 1);
    if (r->fp_stack) add(b, SC_TERM_FP_STACK, r->fp_stack, 1);
}

sc_rc sc_terms_resolve(sc_terms *t, const sc_repr *r, sc_feats *ret, sc_err *err) {
    builder b = {.grow = t, .t = t, .out = ret};
    build(&b, r);
    return b.failed ? sc_fail(err, SC_NOMEM, "no memory for the inverted index") : SC_OK;
}

void sc_terms_find(const sc_terms *t, const sc_repr *r, sc_feats *ret) {
    builder b = {.t = t, .out = ret};
    build(&b, r);
}

uint32_t sc_terms_word(const sc_terms *t, uint32_t hash) {
    return lookup(t, key_of(SC_TERM_WORD, hash));
}

void sc_terms_link(sc_terms *t, uint32_t slot, const uint32_t *feats, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sc_term *x = &t->v[feats[i] >> SC_TERM_TF_BITS];
        uint32_t posting = slot << SC_TERM_TF_BITS | (feats[i] & SC_TERM_TF_MAX);
        if (x->cap)
            x->at.list[x->n] = posting;
        else
            x->at.one = posting;
        x->n++;
    }
}

static uint32_t *list_of(sc_term *x) { return x->cap ? x->at.list : &x->at.one; }

/* Where the first posting stands whose slot is not below `slot`. */
static uint32_t place_of(sc_term *x, uint32_t slot) {
    const uint32_t *list = list_of(x);
    uint32_t lo = 0, hi = x->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (list[mid] >> SC_TERM_TF_BITS < slot)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool stands_at(sc_term *x, uint32_t at, uint32_t slot) {
    return at < x->n && list_of(x)[at] >> SC_TERM_TF_BITS == slot;
}

void sc_terms_unlink(sc_terms *t, uint32_t slot, const uint32_t *feats, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sc_term *x = &t->v[feats[i] >> SC_TERM_TF_BITS];
        uint32_t *list = list_of(x), at = place_of(x, slot);
        if (!stands_at(x, at, slot)) continue;
        x->n--;
        memmove(list + at, list + at + 1, (x->n - at) * sizeof *list);
    }
}

void sc_terms_renumber(sc_terms *t, uint32_t from, uint32_t to, const uint32_t *feats, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sc_term *x = &t->v[feats[i] >> SC_TERM_TF_BITS];
        uint32_t *list = list_of(x), at = place_of(x, from), posting;
        if (!stands_at(x, at, from)) continue;
        posting = to << SC_TERM_TF_BITS | (list[at] & SC_TERM_TF_MAX);
        const uint32_t lo = place_of(x, to); /* it moves down: others make room */
        memmove(list + lo + 1, list + lo, (at - lo) * sizeof *list);
        list[lo] = posting;
    }
}

size_t sc_terms_bytes(const sc_terms *t) {
    return t->cap * (sizeof *t->v + sizeof *t->idf) + t->table_cap * sizeof *t->table +
           t->list_bytes;
}

void sc_terms_done(sc_terms *t) {
    for (uint32_t i = 0; i < t->n; i++)
        if (t->v[i].cap) sc_free(t->v[i].at.list);
    sc_free(t->v);
    sc_free(t->idf);
    sc_free(t->table);
    *t = (sc_terms){0};
}
