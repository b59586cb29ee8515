/* ASCII character classes as one table, and the few Unicode questions the tokeniser asks.
 *
 * Locale plays no part: the same byte has the same class on every machine. Threads: constants. */
#ifndef SC_TEXT_CHARS_H
#define SC_TEXT_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    SC_CHARS_UPPER = 1,
    SC_CHARS_LOWER = 2,
    SC_CHARS_DIGIT = 4,
    SC_CHARS_HEX = 8,    /* 0-9 a-f A-F                                       */
    SC_CHARS_SPACE = 16, /* space, tab, newline                               */
    SC_CHARS_JOIN = 32,  /* may stand inside a word: . _ - / \ : @ # + ' % ~ $ */
    SC_CHARS_HIGH = 64,  /* a byte of a sequence beyond ASCII                 */
    SC_CHARS_ALPHA = SC_CHARS_UPPER | SC_CHARS_LOWER,
    SC_CHARS_ALNUM = SC_CHARS_ALPHA | SC_CHARS_DIGIT,
};

extern const uint8_t sc_chars_class[256];

static inline bool sc_chars_is(char c, unsigned classes) {
    return (sc_chars_class[(unsigned char)c] & classes) != 0;
}
static inline char sc_chars_lower(char c) {
    return sc_chars_is(c, SC_CHARS_UPPER) ? (char)(c + 32) : c;
}

/* True when every byte of s is of one of the classes; true for an empty s. */
bool sc_chars_all(sc_str s, unsigned classes);
/* How many bytes at the start of s are of one of the classes. */
size_t sc_chars_span(sc_str s, unsigned classes);
/* The part of s from offset `at` (clamped). */
sc_str sc_chars_from(sc_str s, size_t at);
/* Offset of the first c in s, or SIZE_MAX. */
size_t sc_chars_find(sc_str s, char c);
/* Offset of the last c in s, or SIZE_MAX. */
size_t sc_chars_rfind(sc_str s, char c);
/* ASCII case-insensitive prefix test; `prefix` is lower case. */
bool sc_chars_istarts(sc_str s, const char *prefix);
/* ASCII case-insensitive substring test; `needle` is lower case. O(n * m) with short needles. */
bool sc_chars_icontains(sc_str s, const char *needle);

/* What a code point beyond ASCII is to the tokeniser. */
typedef enum sc_chars_kind { SC_CHARS_OTHER, SC_CHARS_WORD, SC_CHARS_CJK } sc_chars_kind;
sc_chars_kind sc_chars_kind_of(uint32_t cp);

#endif
