#include "app/memo.h"

#include <string.h>

#include "base/mem.h"

static const uint64_t second_seed = 0x5ca1ab1e;

sc_rc sc_memo_init(sc_memo *m, size_t room, uint16_t dim, sc_err *err) {
    *m = (sc_memo){.room = room, .dim = dim};
    m->keys = sc_alloc_array(room, sizeof *m->keys);
    m->vecs = sc_alloc_array(room, dim);
    if (m->keys && m->vecs) return SC_OK;
    sc_memo_done(m);
    return sc_fail(err, SC_NOMEM, "no memory for %zu vectors", room);
}

void sc_memo_done(sc_memo *m) {
    sc_free(m->keys);
    sc_free(m->vecs);
    *m = (sc_memo){0};
}

sc_memo_key sc_memo_key_of(const sc_str *parts, size_t n) {
    sc_memo_key key = {{0, second_seed}};
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++)
            key.bits[k] = sc_hash64(parts[i].p, parts[i].n, key.bits[k] + parts[i].n);
    key.bits[1] |= 1; /* never that of no text */
    return key;
}

size_t sc_memo_find(const sc_memo *m, const sc_memo_key *key) {
    for (size_t i = 0; i < m->room; i++)
        if (sc_memo_key_eq(&m->keys[i], key)) return i;
    return SC_MEMO_NONE;
}

size_t sc_memo_put(sc_memo *m, const sc_memo_key *key) {
    size_t at = sc_memo_find(m, key);
    if (at != SC_MEMO_NONE) return at;
    at = m->next;
    m->next = (m->next + 1) % m->room;
    m->keys[at] = *key;
    return at;
}

void sc_memo_forget(sc_memo *m, size_t slot) { m->keys[slot] = (sc_memo_key){{0, 0}}; }

int8_t *sc_memo_vec(const sc_memo *m, size_t slot) { return m->vecs + slot * m->dim; }
