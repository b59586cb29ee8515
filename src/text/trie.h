/* A set of byte strings with a number each, for walking byte by byte: a double-array trie (Aoe 1989),
 * two of them in one array, because a vocabulary has two kinds of tokens.
 *
 * A step is one addition, one load and one comparison, and needs no bounds check. Threads: constant
 * after sc_trie_build. */
#ifndef SC_TEXT_TRIE_H
#define SC_TEXT_TRIE_H

#include "base/err.h"
#include "base/str.h"

#define SC_TRIE_NONE UINT32_MAX

/* States: walks begin at a root; every step from SC_TRIE_DEAD stays there. */
enum { SC_TRIE_DEAD = 0, SC_TRIE_ROOT = 1, SC_TRIE_ROOT_2 = 2 };

typedef struct sc_trie_key {
    sc_str s; /* not empty, no byte 0 */
    uint32_t id;
    uint32_t root; /* SC_TRIE_ROOT or SC_TRIE_ROOT_2 */
} sc_trie_key;

typedef struct sc_trie_cell {
    uint32_t base;  /* where the children are: base + byte                  */
    uint32_t check; /* the parent's state; SC_TRIE_NONE: free               */
    uint32_t id;    /* of the key that ends here; SC_TRIE_NONE: none does   */
} sc_trie_cell;

typedef struct sc_trie {
    sc_trie_cell *cells; /* n_cells; every base is at most n_cells - 256 */
    size_t n_cells;
} sc_trie;

/* Builds *t from n keys (at most 2^24), which it sorts; of equal keys the highest id counts. SC_NOMEM. */
sc_rc sc_trie_build(sc_trie *t, sc_trie_key *keys, size_t n, sc_err *err);
void sc_trie_done(sc_trie *t);

static inline uint32_t sc_trie_step(const sc_trie *t, uint32_t at, unsigned char byte) {
    uint32_t next = t->cells[at].base + byte;
    return t->cells[next].check == at ? next : SC_TRIE_DEAD;
}

#endif
