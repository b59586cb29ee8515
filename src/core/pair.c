#include "core/pair.h"

const char *sc_pair_state_name(sc_pair_state s) {
    static const char *const names[] = {
#define X(name) #name,
        SC_PAIR_STATES(X)
#undef X
    };
    return (unsigned)s < SC_LEN(names) ? names[s] : "?";
}
