/* Facets: platform, version and error codes as (kind, value) hashes, to see whether two reports
 * contradict or confirm each other. Fed word by word in order of reading. Threads: plain data. */
#ifndef SC_TEXT_FACETS_H
#define SC_TEXT_FACETS_H

#include "text/mask.h"

enum { SC_FACETS_MAX = 16, SC_FACETS_PER_KIND = 8, SC_FACETS_WORD = 24 };

typedef struct sc_facets {
    uint32_t v[SC_FACETS_MAX]; /* kind << 28 | hash >> 4, in order of reading */
    size_t n;
    uint8_t of_kind[4];
    char previous[SC_FACETS_WORD]; /* the word before, folded */
    size_t previous_n;
    bool previous_named; /* that word could be a product: capitalised or a platform */
} sc_facets;

/* Looks at one chunk: as written, folded, and what it is. True when a plain number is an error code
 * here ("HTTP 502", "error 13", "exit code 137") and must not be masked. */
bool sc_facets_see(sc_facets *f, sc_str raw, sc_str folded, sc_mask mask, bool code);

/* Ascending order for sc_prepared. */
void sc_facets_sort(sc_facets *f);

#endif
