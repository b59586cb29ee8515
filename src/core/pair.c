#include "core/pair.h"

const char *sc_pair_state_name(sc_pair_state s) {
    static const char *const names[] = {
#define X(name) #name,
        SC_PAIR_STATES(X)
#undef X
    };
    return (unsigned)s < SC_LEN(names) ? names[s] : "?";
}

bool sc_pair_state_parse(sc_str name, sc_pair_state *ret) {
    for (unsigned i = 0; i < SC_PAIR_STATE_COUNT; i++) {
        if (!sc_str_is(name, sc_pair_state_name((sc_pair_state)i))) continue;
        *ret = (sc_pair_state)i;
        return true;
    }
    return false;
}
