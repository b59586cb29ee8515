/* The inverted index: which items hold a feature. Features are words, words of the title, in-app
 * stack frames and the two fingerprints, all in one vocabulary, so that one way of walking lists
 * serves lexical similarity, fingerprint joins and search.
 *
 * An item's features are a list of packed numbers: vocabulary id << 6 | occurrences (1..63), in the
 * order words, title, frames, fingerprints, ascending within each. A posting is packed the same way: item slot << 6 |
 * occurrences; a term's postings ascend. Growing may fail and is done first (resolve); linking never fails.
 * Threads: plain data; const functions may run side by side. */
#ifndef SC_GROUP_TERMS_H
#define SC_GROUP_TERMS_H

#include "core/repr.h"

enum { SC_TERM_TF_BITS = 6, SC_TERM_TF_MAX = 63 };
#define SC_TERM_NONE UINT32_MAX
#define SC_TERM_MAX ((uint32_t)1 << 26) /* ids and slots must fit 26 bits */

typedef enum sc_term_kind {
    SC_TERM_WORD,
    SC_TERM_TITLE,
    SC_TERM_FRAME,
    SC_TERM_WEIGHTED, /* how many kinds carry a weight; those after are looked up only */
    SC_TERM_FP_TEXT = SC_TERM_WEIGHTED,
    SC_TERM_FP_STACK,
} sc_term_kind;

typedef struct sc_term {
    uint64_t key; /* kind << 32 | hash; for fingerprints a mix of kind and value */
    union {
        uint32_t one;   /* cap == 0: the only posting, if n == 1 */
        uint32_t *list; /* cap > 0 */
    } at;
    uint32_t n, cap; /* n is the document frequency */
    uint32_t kind;
} sc_term;

typedef struct sc_terms {
    sc_term *v;
    float *idf; /* beside v: as of the last epoch; -1: that saw none of it */
    uint32_t n, cap;
    uint32_t *table; /* open addressing over v by key; SC_TERM_NONE = free */
    uint32_t table_cap;
    size_t list_bytes;
} sc_terms;

/* One item's (or query's) features. */
enum { SC_FEATS_MAX = SC_REPR_MAX_TERMS + SC_REPR_MAX_TITLE_TERMS + SC_REPR_MAX_FRAMES + 2 };
typedef struct sc_feats {
    uint32_t v[SC_FEATS_MAX];
    uint16_t count[SC_TERM_WEIGHTED]; /* of each weighted kind, in this order */
    uint8_t n_fps;
    uint16_t n;       /* all */
    uint16_t unknown; /* words of a query that no item holds (find only) */
} sc_feats;

/* Features of r; unknown ones enter the vocabulary, and every list gets room for one more posting.
 * SC_NOMEM leaves at most unused vocabulary behind. */
sc_rc sc_terms_resolve(sc_terms *t, const sc_repr *r, sc_feats *ret, sc_err *err);
/* As resolve, for a query: unknown features are left out. */
void sc_terms_find(const sc_terms *t, const sc_repr *r, sc_feats *ret);
/* A word's id, or SC_TERM_NONE. */
uint32_t sc_terms_word(const sc_terms *t, uint32_t hash);

/* Adds the postings of item `slot`, which is above all that were added, or takes them away; room was made
 * by resolve. */
void sc_terms_link(sc_terms *t, uint32_t slot, const uint32_t *feats, size_t n);
void sc_terms_unlink(sc_terms *t, uint32_t slot, const uint32_t *feats, size_t n);
/* The item in slot `from` now sits in slot `to`, a lower one that is free. */
void sc_terms_renumber(sc_terms *t, uint32_t from, uint32_t to, const uint32_t *feats, size_t n);

/* A term's postings (borrowed until the next change). */
static inline const uint32_t *sc_terms_list(const sc_term *x) {
    return x->cap ? x->at.list : &x->at.one;
}
size_t sc_terms_bytes(const sc_terms *t);
void sc_terms_done(sc_terms *t);

#endif
