/* Foreign text as data for a language model: a JSON string that nothing in it can end, without what nobody
 * sees (control, zero-width, bidi and tag characters, ANSI sequences, HTML comments), cut to a length.
 * Threads: pure functions. */
#ifndef SC_TEXT_QUOTE_H
#define SC_TEXT_QUOTE_H

#include "base/mem.h"
#include "base/str.h"

/* Appends it with its quotes. Angle brackets and the ampersand are escaped too, so that no tag stands in the
 * prompt; a backtick, so that no fence does; runs of white space are one. At most max_bytes of text,
 * with an ellipsis where more was. SC_NOMEM. */
sc_rc sc_quote(sc_buf *out, sc_str text, size_t max_bytes, sc_err *err);

/* Appends it as a fenced block of Markdown, for people and for agents: cleaned in the same way, its lines kept; inside
 * a fence no markup, mention, link or picture comes to life, and the fence is one that the text does not
 * hold. At most max_bytes of text. SC_NOMEM. */
sc_rc sc_quote_block(sc_buf *out, sc_str text, size_t max_bytes, sc_err *err);

/* One line for people out of a model's mouth? UTF-8 without hidden or control characters, without markup
 * (tags, Markdown links, emphasis, headings and fences) and without addresses; min..max bytes. Else SC_UNPROCESSABLE and why. */
sc_rc sc_quote_check_line(sc_str text, size_t min_bytes, size_t max_bytes, sc_err *err);

#endif
