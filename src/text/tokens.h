/* The tokeniser: cleaned text to tokens, line after line.
 *
 * A chunk is what stands between white space and brackets. It is masked as a whole, kept as an error
 * code, or split: paths to their last part, dotted, snake_case and camelCase names into the whole and
 * its parts, hyphenated words likewise; scripts without spaces give bigrams of characters.
 * Everything lives in the arena. Threads: plain data. */
#ifndef SC_TEXT_TOKENS_H
#define SC_TEXT_TOKENS_H

#include "text/facets.h"
#include "text/prepare.h"

enum { SC_TOKENS_MAX = 4096 };

typedef struct sc_tokens {
    sc_arena *arena;
    sc_token *v;
    size_t n, cap;
    char *text; /* where folded words go */
    size_t text_n, text_cap;
    uint64_t fp;          /* over the words and masks as they follow each other, parts left out */
    size_t n_informative; /* distinct-enough words among them: no stop words, no masks          */
    sc_facets facets;
    sc_token_place place;
    bool nomem;
} sc_tokens;

/* `bytes` is about how much text will come (for the first allocation). */
void sc_tokens_init(sc_tokens *t, sc_arena *arena, size_t bytes);
/* Adds the tokens of one piece of well-formed text. False when the arena is full. Beyond
 * SC_TOKENS_MAX tokens nothing is added. */
bool sc_tokens_add(sc_tokens *t, sc_str text, sc_token_place place);

#endif
