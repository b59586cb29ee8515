#include "core/correction.h"

static const char *const names[] = {
#define X(name) [SC_CORRECTION_##name] = #name,
    SC_CORRECTION_KINDS(X)
#undef X
};

const char *sc_correction_kind_name(sc_correction_kind k) {
    return (unsigned)k < SC_CORRECTION_KIND_COUNT ? names[k] : "unknown";
}

bool sc_correction_kind_parse(sc_str name, sc_correction_kind *ret) {
    for (size_t i = 0; i < SC_CORRECTION_KIND_COUNT; i++)
        if (sc_str_is(name, names[i])) {
            *ret = (sc_correction_kind)i;
            return true;
        }
    return false;
}

bool sc_correction_by_person(const sc_correction *c) {
    return !sc_str_starts(c->actor, SC_ACTOR_LLM);
}
