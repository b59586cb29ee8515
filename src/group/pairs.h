/* The similarities of all pairs of some reports: the vectors by the scan kernel over rows that lie side by
 * side, the words by a small inverted index of these reports alone. Each is what sc_score_parts gives for the
 * pair, less the contradiction, but for the cap of the cosines at 1. Threads: plain data. */
#ifndef SC_GROUP_PAIRS_H
#define SC_GROUP_PAIRS_H

#include "group/score.h"

typedef struct sc_posting {
    uint32_t item;
    float tf;
} sc_posting;

typedef struct sc_pairs {
    sc_score s;
    const uint32_t *slots; /* borrowed */
    uint32_t n;
    int8_t *rows;
    int32_t *dots;
    float *acc, *raw;
    uint32_t
        *local; /* each item's weighted features as numbers of the index, one after the other */
    uint32_t *first;      /* where an item's begin; n + 1 */
    uint32_t *at, *end;   /* of each list: its postings of items not yet gone by */
    sc_posting *postings; /* item ascending within a list */
    struct sc_pairs_facets {
        unsigned n, kinds; /* sc_score_kinds */
        uint32_t v[SC_REPR_MAX_FACETS];
    } * facets;
} sc_pairs;

/* mark: room for every term there is, all zero, and again so afterwards. False: no memory; either way
 * sc_pairs_done ends it. */
bool sc_pairs_init(sc_pairs *p, const sc_score *s, const uint32_t *slots, uint32_t n,
                   uint32_t *mark);
/* The similarity of item i to each that comes after it, by number; i must go up from 0, one by one. */
const float *sc_pairs_row(sc_pairs *p, uint32_t i);
void sc_pairs_done(sc_pairs *p);

#endif
