#include "sources/registry.h"

const sc_source_ops *const sc_source_registry[SC_SOURCE_COUNT] = {
#define X(id) [SC_SOURCE_##id] = &sc_source_##id,
    SC_FEEDBACK_SOURCES(X)
#undef X
};

const sc_source_ops *sc_source_find(sc_str name) {
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        if (sc_str_is(name, sc_source_registry[i]->name)) return sc_source_registry[i];
    return NULL;
}
