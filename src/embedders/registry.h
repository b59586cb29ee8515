/* The embedders this program has. Threads: constants. */
#ifndef SC_EMBEDDERS_REGISTRY_H
#define SC_EMBEDDERS_REGISTRY_H

#include "ports/embedder.h"

extern const sc_embedder_ops *const sc_embedders[];
extern const size_t sc_embedders_n;

/* The ops of that name, or NULL. */
const sc_embedder_ops *sc_embedder_find(sc_str name);

#endif
