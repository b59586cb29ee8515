#include "forges/registry.h"

#include "base/mem.h"
#include "forges/github/github.h"
#include "forges/local/local.h"

const sc_forge_ops *const sc_forges[] = {&sc_forge_github, &sc_forge_local};
const size_t sc_forges_n = SC_LEN(sc_forges);

const sc_forge_ops *sc_forge_find(sc_str name) {
    for (size_t i = 0; i < sc_forges_n; i++)
        if (sc_str_is(name, sc_forges[i]->name)) return sc_forges[i];
    return NULL;
}
