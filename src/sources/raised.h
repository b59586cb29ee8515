/* What was raised, in words: entries of an exception list, {"type", "value", ...}, as Sentry and PostHog write
 * them. Threads: pure. */
#ifndef SC_SOURCES_RAISED_H
#define SC_SOURCES_RAISED_H

#include "sources/fields.h"

/* "Type: value", "Type" or "value"; empty when the entry has neither. */
sc_str sc_raised_words(sc_fields *r, const json_t *exception);

/* Adds `before` and the line to a body, unless it is empty, the title, or said already. */
void sc_raised_put_line(sc_buf *b, const char *before, sc_str line, sc_str title);

#endif
