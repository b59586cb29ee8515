#include "core/decision.h"

static const struct {
    const char *name, *words;
} reasons[] = {
#define X(name, words) [SC_REASON_##name] = {#name, words},
    SC_DECISION_REASONS(X)
#undef X
};

const char *sc_decision_reason_name(sc_decision_reason r) {
    return (unsigned)r < SC_REASON_COUNT ? reasons[r].name : "unknown";
}

const char *sc_decision_reason_words(sc_decision_reason r) {
    return (unsigned)r < SC_REASON_COUNT ? reasons[r].words : "unknown";
}

bool sc_decision_reason_parse(sc_str name, sc_decision_reason *ret) {
    for (size_t i = 0; i < SC_REASON_COUNT; i++)
        if (sc_str_is(name, reasons[i].name)) {
            *ret = (sc_decision_reason)i;
            return true;
        }
    return false;
}

static bool of_person(sc_decision_reason r) {
    return r == SC_REASON_person_moved || r == SC_REASON_person_merged ||
           r == SC_REASON_person_split || r == SC_REASON_person_undid || r == SC_REASON_held;
}

void sc_decision_keep(const sc_decision_reason *r, size_t n, size_t newest, bool *ret_keep) {
    for (size_t i = 0; i < n; i++)
        ret_keep[i] = i == 0 || i + newest >= n || i + 1 == n || of_person(r[i]) ||
                      (i + 1 < n && of_person(r[i + 1]));
}
