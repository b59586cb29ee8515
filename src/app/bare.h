/* Reports without a vector ("bare"): a remote embedder could not be asked when they were grouped, or
 * the project was grouped with another embedder before. Which they are, and what stands in for their
 * vectors meanwhile.
 *
 * A bare report is stored with a representation of 0 dimensions and is compared by words, titles,
 * frames and fingerprints alone. In the engine it must still have a vector, one that says nothing.
 * That is not zero: remote vectors are not centred, any two texts are alike by some m (0.5 is usual),
 * the engine takes m off, and a zero vector would count as unlike everything. The mean of the
 * project's vectors is as alike to each as a random pair is, so it says nothing. Of few vectors the
 * engine believes the m only in part, n^2 / (n^2 + 16^2) (group/profile.h, null_items), and so is the
 * mean scaled.
 *
 * Threads: the space's `writer` guards all; the stand-in also changes only under the write side of its
 * `lock`, so that readers may look at it. */
#ifndef SC_APP_BARE_H
#define SC_APP_BARE_H

#include <stdatomic.h>

#include "base/err.h"
#include "group/map.h"

/* What to do when the vector comes. */
typedef enum sc_bare_how {
    SC_BARE_PLACE, /* decide anew where it belongs: it was placed by less than there is      */
    SC_BARE_KEEP,  /* leave it where it is: it was placed with another embedder's whole vector */
} sc_bare_how;

typedef struct sc_bare {
    uint16_t dim; /* 0: the embedder is local, nothing here does anything */
    int64_t *sum;
    size_t n, renewed_at;
    int8_t *stand_in;
    sc_map todo;    /* seq -> sc_bare_how */
    int64_t *queue; /* oldest first; holds some that are not to do any more */
    size_t first, n_queue, cap;
    _Atomic int64_t count;
} sc_bare;

/* dim 0: for a local embedder. SC_NOMEM leaves it empty. */
sc_rc sc_bare_init(sc_bare *b, uint16_t dim, sc_err *err);
void sc_bare_done(sc_bare *b);
/* Forgets everything; the memory stays. */
void sc_bare_reset(sc_bare *b);

/* Exchanges the two; what is counted may be read meanwhile. */
void sc_bare_swap(sc_bare *a, sc_bare *b);

/* A whole vector of the project has been put into the engine. */
void sc_bare_learn(sc_bare *b, const int8_t *vec);
/* dim values, borrowed. */
const int8_t *sc_bare_stand_in(const sc_bare *b);

sc_rc sc_bare_add(sc_bare *b, int64_t seq, sc_bare_how how, sc_err *err);
void sc_bare_remove(sc_bare *b, int64_t seq);
/* Is it one, and how is it mended? */
bool sc_bare_has(const sc_bare *b, int64_t seq, sc_bare_how *ret_how);
/* At most max of them, longest waiting first. They stay until removed; returns how many. */
size_t sc_bare_next(const sc_bare *b, size_t max, int64_t *ret_seqs);

#endif
