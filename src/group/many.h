/* A few reports against all others at once: memory is read once for all of them, a posting of a word that
 * several hold is looked at once. To the bit what sc_score_all gives for each.
 *
 * Items are taken tile by tile, so that the sums stay in the cache. Needs postings in order of slot.
 * Threads: plain data; the engine is only read. */
#ifndef SC_GROUP_MANY_H
#define SC_GROUP_MANY_H

#include "group/score.h"
#include "vec/kernels.h"

enum { SC_MANY = SC_VEC_MANY };

typedef struct sc_many_term {
    uint32_t id, at; /* at: the next posting */
    float w[SC_MANY];
} sc_many_term;

typedef struct sc_many {
    const sc_score *s;
    uint32_t n;   /* queries */
    void *packed; /* their vectors */
    sc_many_term *terms[SC_TERM_WEIGHTED];
    size_t n_terms[SC_TERM_WEIGHTED], cap_terms[SC_TERM_WEIGHTED];
    float *raw; /* one tile */
    int32_t *dots;
    uint32_t *order; /* scratch of taking up: features of all queries */
    size_t cap_order, cap_packed;
} sc_many;

/* What it takes to see the result: raw of slots from..from+n-1, SC_MANY side by side for each. */
typedef void sc_many_see(void *self, uint32_t from, uint32_t n, const float *raw);

/* Compares n <= SC_MANY queries with the items in slots 0..upto-1. False: no memory, and nothing seen. */
bool sc_many_run(sc_many *m, const sc_score *s, const sc_query *queries, uint32_t n, uint32_t upto,
                 sc_many_see *see, void *self);
size_t sc_many_bytes(const sc_many *m);
void sc_many_done(sc_many *m);

#endif
