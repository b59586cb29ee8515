/* Vectors by the text that they were made from: a ring in which the newest displaces the oldest. A text
 * is known by 128 bits of its hash. Not thread-safe: whoever owns one has a lock. */
#ifndef SC_APP_MEMO_H
#define SC_APP_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef struct sc_memo_key {
    uint64_t bits[2]; /* both 0: of no text */
} sc_memo_key;

typedef struct sc_memo {
    size_t room, next;
    uint16_t dim;
    sc_memo_key *keys; /* room       */
    int8_t *vecs;      /* room x dim */
} sc_memo;

#define SC_MEMO_NONE SIZE_MAX

/* SC_NOMEM leaves it empty. */
sc_rc sc_memo_init(sc_memo *m, size_t room, uint16_t dim, sc_err *err);
void sc_memo_done(sc_memo *m);

/* Of the concatenation of parts; their borders count. */
sc_memo_key sc_memo_key_of(const sc_str *parts, size_t n);

static inline bool sc_memo_key_eq(const sc_memo_key *a, const sc_memo_key *b) {
    return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1];
}

/* The slot of a text, or SC_MEMO_NONE. */
size_t sc_memo_find(const sc_memo *m, const sc_memo_key *key);
/* The slot where its vector is to be written: its own, else the oldest one's. */
size_t sc_memo_put(sc_memo *m, const sc_memo_key *key);
void sc_memo_forget(sc_memo *m, size_t slot);
/* dim values. */
int8_t *sc_memo_vec(const sc_memo *m, size_t slot);

#endif
