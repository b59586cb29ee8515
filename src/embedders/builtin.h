/* The builtin embedder: microseconds a text, nothing to download, always there.
 *
 * Two halves side by side in one vector: what the text means (static.h) and which words and parts of words it is made of
 * (hashed.h), so that a cosine of two texts is their weighted mean. */
#ifndef SC_EMBEDDERS_BUILTIN_H
#define SC_EMBEDDERS_BUILTIN_H

#include "ports/embedder.h"

/* model() is "builtin-2/prepare-V". The first text takes some milliseconds (the tokenizer is made). */
extern const sc_embedder_ops sc_embedder_builtin;

#endif
