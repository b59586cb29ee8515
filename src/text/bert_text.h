/* What BERT's normaliser and pre-tokeniser make of one code point.
 *
 * The rules are those of the reference (the Rust library `tokenizers`, BertNormalizer and
 * BertPreTokenizer, held against version 0.23): drop controls, format and private-use characters,
 * U+0000 and U+FFFD; turn white space into a space; put spaces around CJK ideographs; when folding,
 * decompose (NFD), drop non-spacing marks (Mn), lower-case each character by itself; then cut at
 * white space and make each punctuation character (ASCII signs included) a word of its own.
 *
 * Categories, decompositions and case come from utf8proc, whatever its Unicode version. The
 * reference's tables are older (Unicode 8 for categories, 9 for decompositions and their order) or
 * newer (lower case), so bert_text.c corrects what differs; bench/peers/wordpiece.py checks every
 * code point. Threads: pure functions. */
#ifndef SC_TEXT_BERT_TEXT_H
#define SC_TEXT_BERT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sc_bert_kind {
    SC_BERT_SPACE, /* ends a word                                                  */
    SC_BERT_PART,  /* belongs to a word                                            */
    SC_BERT_ALONE, /* is a word                                                    */
    SC_BERT_MARK,  /* dropped, but with order 0 it ends a run that is put in order */
} sc_bert_kind;

typedef struct sc_bert_char {
    uint32_t cp;
    uint8_t kind;  /* sc_bert_kind */
    uint8_t order; /* Canonical_Combining_Class when folding, else 0 */
} sc_bert_char;

/* The longest decomposition has 4 characters; an ideograph comes with 2 spaces. */
enum { SC_BERT_MAX_CHARS = 8 };

/* The characters of code point cp (any number) in ret[SC_BERT_MAX_CHARS]; 0 of them when it is
 * dropped. With `fold`: decomposed, lower-cased. A run of characters with an order above 0 is still
 * to be sorted by it, stably (Unicode Standard Annex 15, canonical ordering). */
size_t sc_bert_chars(uint32_t cp, bool fold, sc_bert_char *ret);

#endif
