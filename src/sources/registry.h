/* All sources, in the order of core/feedback.h's table: sc_source_registry[SC_SOURCE_sentry] is sentry.
 * Threads: constant data. */
#ifndef SC_SOURCES_REGISTRY_H
#define SC_SOURCES_REGISTRY_H

#include "ports/source.h"

#define X(id) extern const sc_source_ops sc_source_##id;
SC_FEEDBACK_SOURCES(X)
#undef X

extern const sc_source_ops *const sc_source_registry[SC_SOURCE_COUNT];

/* NULL when there is no such source. */
const sc_source_ops *sc_source_find(sc_str name);

#endif
