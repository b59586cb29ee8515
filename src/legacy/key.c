#include "legacy/key.h"

/* Parts between colons: P is a project, I an id, * all that follows, anything else itself. The first that fits. */
static const struct {
    const char *form;
    sc_legacy_kind kind;
} forms[] = {
    {"feedback:created", SC_LEGACY_INDEX},
    {"feedback:created:P", SC_LEGACY_INDEX},
    {"feedback:source:*", SC_LEGACY_INDEX},
    {"feedback:external:*", SC_LEGACY_INDEX},
    {"feedback:unclustered", SC_LEGACY_INDEX},
    {"feedback:unclustered:P", SC_LEGACY_INDEX},
    {"feedback:P:I", SC_LEGACY_FEEDBACK},
    {"feedback:I", SC_LEGACY_FEEDBACK},
    {"clusters:*", SC_LEGACY_INDEX},
    {"cluster:items:P:I", SC_LEGACY_ITEMS},
    {"cluster:items:I", SC_LEGACY_ITEMS},
    {"cluster:jobs:*", SC_LEGACY_INDEX},
    {"cluster:lock:*", SC_LEGACY_INDEX},
    {"cluster:all:*", SC_LEGACY_INDEX},
    {"cluster:P:I:items", SC_LEGACY_ITEMS},
    {"cluster:P:I", SC_LEGACY_CLUSTER},
    {"cluster:I", SC_LEGACY_CLUSTER},
    {"cluster_job:*", SC_LEGACY_RUN},
    {"cluster_jobs:*", SC_LEGACY_INDEX},
    {"coding_plan:P:I", SC_LEGACY_PLAN},
    {"coding_plan:I", SC_LEGACY_PLAN},
    {"job:I:logs", SC_LEGACY_LOGS},
    {"job:I", SC_LEGACY_JOB},
    {"config:reddit:subreddits", SC_LEGACY_SUBREDDITS},
    {"config:reddit:subreddits:P", SC_LEGACY_SUBREDDITS},
    {"config:*", SC_LEGACY_SETTING},
    {"project:I", SC_LEGACY_PROJECT},
    {"user:projects:*", SC_LEGACY_INDEX},
    {"user:I", SC_LEGACY_USER},
};

static bool fits(sc_str form, sc_str name, sc_legacy_key *k) {
    sc_str want, part;
    while (sc_str_next(&form, ':', &want)) {
        if (sc_str_is(want, "*")) return name.n > 0;
        if (!sc_str_next(&name, ':', &part) || !part.n) return false;
        if (sc_str_is(want, "P"))
            k->project = part;
        else if (sc_str_is(want, "I"))
            k->id = part;
        else if (!sc_str_eq(want, part))
            return false;
    }
    return !name.p;
}

sc_legacy_key sc_legacy_key_of(sc_str name) {
    for (size_t i = 0; i < SC_LEN(forms); i++) {
        sc_legacy_key k = {.kind = forms[i].kind};
        if (fits(sc_str_of(forms[i].form), name, &k)) return k;
    }
    return (sc_legacy_key){.kind = SC_LEGACY_FOREIGN};
}
