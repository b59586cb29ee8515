#include "runners/registry.h"

#include "runners/bare.h"
#include "runners/local/local.h"

const sc_runner_ops *const sc_runners[] = {&sc_runner_local, &sc_runner_bare};
const size_t sc_runners_n = SC_LEN(sc_runners);

const sc_runner_ops *sc_runner_find(sc_str name) {
    for (size_t i = 0; i < sc_runners_n; i++)
        if (sc_str_is(name, sc_runners[i]->name)) return sc_runners[i];
    return NULL;
}
