/* Unicode: hygiene (what nobody sees goes), NFKC and case folding (Unicode Standard Annex 15, by
 * utf8proc), all in linear time whatever the bytes are.
 *
 * Runs of combining marks are cut after SC_FOLD_MAX_MARKS, so canonical ordering stays cheap and
 * "zalgo" text stays readable. Threads: pure functions. */
#ifndef SC_TEXT_FOLD_H
#define SC_TEXT_FOLD_H

#include "base/mem.h"
#include "base/str.h"

enum { SC_FOLD_MAX_MARKS = 8 };

/* True for code points that draw nothing: controls, zero-width, bidi, fillers, tags, variation
 * selectors, non-characters. Tab and newline are not hidden. */
bool sc_fold_hidden(uint32_t cp);

/* Writes s as well-formed UTF-8 without hidden code points and without ANSI escape sequences into
 * dst (room for 3 * s.n + 1 bytes): line ends become \n, every other white space a space, an
 * ill-formed byte U+FFFD. Returns the bytes written. */
size_t sc_fold_clean(sc_str s, char *dst);

/* NFKC of well-formed s with typographic quotes and dashes as ASCII. ASCII text is returned as it is;
 * otherwise the result lives in the arena and holds at most 3 * s.n + 64 bytes (an expansion beyond
 * that is dropped). False when the arena is full. */
bool sc_fold_nfkc(sc_str s, sc_arena *arena, sc_str *ret);

/* Case-folded NFKC of one word into dst (at most cap bytes, whole code points). Returns the bytes. */
size_t sc_fold_case(sc_str word, char *dst, size_t cap);

#endif
