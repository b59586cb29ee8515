#include "core/work.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

const sc_work sc_works[] = {
    {"group", SC_QUEUE_group, 5, 500, MINUTE, false, "reports into issues",
     "dead letter; the reports stay pending, and the scheduler asks again within a minute"},
    {"regroup", SC_QUEUE_group, 5, 500, MINUTE, false, "one report that could not be grouped",
     "dead letter; the report stays parked"},
    {"reembed", SC_QUEUE_group, 5, 500, MINUTE, false,
     "vectors that were missing; one report alone",
     "dead letter; the report stays where words put it"},
    {"tidy", SC_QUEUE_group, 5, 500, MINUTE, false, "looking at a project as a whole",
     "dead letter; asked for again when 2 % is new"},
    {"remodel", SC_QUEUE_group, 5, 500, MINUTE, false, "a change of a project's model",
     "dead letter; the old model goes on"},
    {"chart", SC_QUEUE_group, 5, 500, MINUTE, false, "the map",
     "dead letter; the old map stays; asked for again when something came"},
    {"retention", SC_QUEUE_group, 5, 500, MINUTE, true, "removing what is too old to be kept",
     "failed; the scheduler asks again within a minute"},
    {"summarise", SC_QUEUE_summarise, 5, 500, MINUTE, false, "titles and summaries",
     "dead letter; not asked for again before that is retried or dropped; the reports' own words "
     "stay"},
    {"judge", SC_QUEUE_summarise, 5, 500, MINUTE, false, "doubtful pairs of issues",
     "dead letter; not asked for again before that is retried or dropped; they stay two"},
    {"fix", SC_QUEUE_fix, 3, 5 * SECOND, 5 * MINUTE, false, "a fix",
     "failed with its reason, the issue goes back; with its worker gone each time: lost"},
    {"poll", SC_QUEUE_poll, 5, 500, MINUTE, true, "open pull requests",
     "failed; the scheduler asks again after --fix-watch-ms"},
    {"verify", SC_QUEUE_verify, 5, 500, MINUTE, true, "merged fixes, lost fixes, the policy",
     "failed; the scheduler asks again after --fix-watch-ms"},
};
const size_t sc_works_n = SC_LEN(sc_works);

const char *sc_queue_name(sc_queue q) {
    static const char *const names[] = {
#define X(name) #name,
        SC_QUEUES(X)
#undef X
    };
    return (unsigned)q < SC_LEN(names) ? names[q] : "?";
}

sc_rc sc_queues_parse(sc_str list, unsigned *ret, sc_err *err) {
    sc_str name;
    unsigned set = 0;
    while (list.n && sc_str_next(&list, ',', &name)) {
        unsigned q = 0;
        name = sc_str_trim(name);
        while (q < SC_QUEUE_COUNT && !sc_str_is(name, sc_queue_name((sc_queue)q))) q++;
        if (q == SC_QUEUE_COUNT)
            return sc_fail(err, SC_INVALID,
                           "there is no queue \"%.*s\": group, summarise, fix, poll, verify",
                           SC_FMT(sc_str_clip(name, 40)));
        set |= 1u << q;
    }
    *ret = set;
    return SC_OK;
}

const sc_work *sc_work_find(sc_str kind) {
    for (size_t i = 0; i < sc_works_n; i++)
        if (sc_str_is(kind, sc_works[i].kind)) return &sc_works[i];
    return NULL;
}

size_t sc_work_kinds(unsigned queues, sc_str *ret, size_t room) {
    size_t n = 0;
    for (size_t i = 0; i < sc_works_n && n < room; i++)
        if (queues & 1u << sc_works[i].queue) ret[n++] = sc_str_of(sc_works[i].kind);
    return n;
}

bool sc_work_blames_input(sc_rc rc) {
    return rc == SC_INVALID || rc == SC_UNPROCESSABLE || rc == SC_TOO_LARGE || rc == SC_NOT_FOUND ||
           rc == SC_INTERNAL;
}
