#include "app/bare.h"

#include <math.h>

#include "base/mem.h"

enum { HALF_BELIEVED = 16, RENEW_PART = 8 };

sc_rc sc_bare_init(sc_bare *b, uint16_t dim, sc_err *err) {
    *b = (sc_bare){.dim = dim};
    if (!dim) return SC_OK;
    b->sum = sc_alloc_array(dim, sizeof *b->sum);
    b->stand_in = sc_alloc(dim);
    if (b->sum && b->stand_in) return SC_OK;
    sc_bare_done(b);
    return sc_fail(err, SC_NOMEM, "no memory for the project's index");
}

void sc_bare_done(sc_bare *b) {
    sc_free(b->sum);
    sc_free(b->stand_in);
    sc_free(b->queue);
    sc_map_done(&b->todo);
    *b = (sc_bare){.dim = 0};
}

#define SWAP(x, y)              \
    do {                        \
        __typeof__(x) t_ = (x); \
        (x) = (y);              \
        (y) = t_;               \
    } while (0)

void sc_bare_swap(sc_bare *a, sc_bare *b) {
    SWAP(a->dim, b->dim);
    SWAP(a->sum, b->sum);
    SWAP(a->n, b->n);
    SWAP(a->renewed_at, b->renewed_at);
    SWAP(a->stand_in, b->stand_in);
    SWAP(a->todo, b->todo);
    SWAP(a->queue, b->queue);
    SWAP(a->first, b->first);
    SWAP(a->n_queue, b->n_queue);
    SWAP(a->cap, b->cap);
    int64_t count = atomic_load(&a->count);
    atomic_store(&a->count, atomic_load(&b->count));
    atomic_store(&b->count, count);
}

void sc_bare_reset(sc_bare *b) {
    if (!b->dim) return;
    memset(b->sum, 0, b->dim * sizeof *b->sum);
    memset(b->stand_in, 0, b->dim);
    sc_map_done(&b->todo);
    b->n = b->renewed_at = b->first = b->n_queue = 0;
    atomic_store(&b->count, 0);
}

static void renew(sc_bare *b) {
    double n = (double)b->n, scale = n / (n * n + HALF_BELIEVED * HALF_BELIEVED);
    for (uint16_t i = 0; i < b->dim; i++) b->stand_in[i] = (int8_t)lrint((double)b->sum[i] * scale);
    b->renewed_at = b->n;
}

void sc_bare_learn(sc_bare *b, const int8_t *vec) {
    if (!b->dim) return;
    bool any = false;
    for (uint16_t i = 0; i < b->dim; i++) {
        b->sum[i] += vec[i];
        any |= vec[i] != 0;
    }
    b->n += any;
    if (b->n > b->renewed_at + b->renewed_at / RENEW_PART) renew(b);
}

const int8_t *sc_bare_stand_in(const sc_bare *b) { return b->stand_in; }

static bool has(const sc_bare *b, int64_t seq) {
    return b->todo.n && sc_map_get(&b->todo, (uint64_t)seq) != SC_MAP_NONE;
}

/* Drops what is done from the front, then makes room for one more. */
static bool reserve(sc_bare *b) {
    while (b->first < b->n_queue && !has(b, b->queue[b->first])) b->first++;
    if (b->first > b->n_queue / 2) {
        memmove(b->queue, b->queue + b->first, (b->n_queue - b->first) * sizeof *b->queue);
        b->n_queue -= b->first;
        b->first = 0;
    }
    if (b->n_queue < b->cap) return true;
    size_t cap = b->cap * 2 + 64;
    int64_t *p = sc_realloc_array(b->queue, cap, sizeof *p);
    if (!p) return false;
    b->queue = p;
    b->cap = cap;
    return true;
}

sc_rc sc_bare_add(sc_bare *b, int64_t seq, sc_bare_how how, sc_err *err) {
    if (!b->dim) return SC_OK;
    bool known = has(b, seq);
    if (!known && (!reserve(b) || !sc_map_reserve(&b->todo, 1)))
        return sc_fail(err, SC_NOMEM, "no memory for the project's index");
    sc_map_set(&b->todo, (uint64_t)seq, how);
    if (!known) b->queue[b->n_queue++] = seq;
    atomic_store(&b->count, (int64_t)b->todo.n);
    return SC_OK;
}

void sc_bare_remove(sc_bare *b, int64_t seq) {
    if (!has(b, seq)) return;
    sc_map_remove(&b->todo, (uint64_t)seq);
    atomic_store(&b->count, (int64_t)b->todo.n);
}

bool sc_bare_has(const sc_bare *b, int64_t seq, sc_bare_how *ret_how) {
    if (!has(b, seq)) return false;
    *ret_how = (sc_bare_how)sc_map_get(&b->todo, (uint64_t)seq);
    return true;
}

size_t sc_bare_next(const sc_bare *b, size_t max, int64_t *ret_seqs) {
    size_t n = 0;
    for (size_t i = b->first; i < b->n_queue && n < max; i++) {
        if (!has(b, b->queue[i])) continue;
        bool twice = false; /* one that came back may stand in the queue twice */
        for (size_t k = 0; k < n && !twice; k++) twice = ret_seqs[k] == b->queue[i];
        if (!twice) ret_seqs[n++] = b->queue[i];
    }
    return n;
}
