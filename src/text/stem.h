/* Light stemming of English words: plurals, -ed, -ing, -ly, -tion and their kin, after the ideas of
 * Porter (1980, "An algorithm for suffix stripping") and of light plural stemmers. Words of other
 * languages mostly pass unchanged. Threads: pure functions. */
#ifndef SC_TEXT_STEM_H
#define SC_TEXT_STEM_H

#include "base/str.h"

/* The stem of a folded word, written to dst (room for word.n + 1 bytes). Returns its bytes. Only
 * words of lower-case ASCII letters change. */
size_t sc_stem_word(sc_str word, char *dst);

#endif
