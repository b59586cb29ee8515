/* The forges this program knows. Threads: constants. */
#ifndef SC_FORGES_REGISTRY_H
#define SC_FORGES_REGISTRY_H

#include "base/str.h"
#include "forges/conf.h"
#include "ports/forge.h"

extern const sc_forge_ops *const sc_forges[];
extern const size_t sc_forges_n;

/* The ops of that name, or NULL. Each is opened with an sc_forge_conf. */
const sc_forge_ops *sc_forge_find(sc_str name);

#endif
