/* The language models this program can ask. Threads: constants. */
#ifndef SC_LLMS_REGISTRY_H
#define SC_LLMS_REGISTRY_H

#include "base/str.h"
#include "ports/llm.h"

extern const sc_llm_ops *const sc_llms[];
extern const size_t sc_llms_n;

/* The ops of that name, or NULL. */
const sc_llm_ops *sc_llm_find(sc_str name);

#endif
