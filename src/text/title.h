/* Titles that read well, from whatever people or machines put first. Threads: pure functions. */
#ifndef SC_TEXT_TITLE_H
#define SC_TEXT_TITLE_H

#include "base/mem.h"
#include "base/str.h"

enum { SC_TITLE_MAX = 120, SC_TITLE_MIN = 3 };

/* s without what stands before the point: "[Bug]", "Re:", "Feature request:", time stamps, ids,
 * log levels. A view into s; what names a place ("Android:", "[iOS]") stays. Empty when s is a stack
 * frame or nothing is left. */
sc_str sc_title_core(sc_str s);

/* s in one line of at most max characters, cut after a word with an ellipsis, in the arena; none when
 * the arena is full. */
sc_str sc_title_shorten(sc_str s, size_t max, sc_arena *arena);

#endif
