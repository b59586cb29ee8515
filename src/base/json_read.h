/* A quick reader for plain JSON text, in front of jansson's.
 *
 * jansson's lexer takes a function call and a copy a byte, which is most of what a small request costs. This reads what
 * well-behaved senders send, in one pass over the bytes, into the same jansson values; whatever it does not know (escaped
 * surrogates, fractions, numbers of 19 digits and more, a key given twice, anything malformed) it leaves to jansson, which
 * then judges and explains. It never accepts what jansson would refuse, and never reads it otherwise: a fuzz target holds
 * the two against each other. */
#ifndef SC_BASE_JSON_READ_H
#define SC_BASE_JSON_READ_H

#include <jansson.h>

#include "base/str.h"

/* The value (the caller's), or NULL: not plain, not valid, nested over max_depth levels, or no memory. */
json_t *sc_json_read_plain(sc_str text, int max_depth);

#endif
