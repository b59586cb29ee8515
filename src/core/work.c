#include "core/work.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

const sc_work sc_works[] = {
    {"group", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"regroup", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"reembed", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"tidy", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"remodel", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"chart", SC_QUEUE_group, 5, 500, MINUTE, false},
    {"retention", SC_QUEUE_group, 5, 500, MINUTE, true},
    {"summarise", SC_QUEUE_summarise, 5, 500, MINUTE, false},
    {"judge", SC_QUEUE_summarise, 5, 500, MINUTE, false},
    {"fix", SC_QUEUE_fix, 3, 5 * SECOND, 5 * MINUTE, false},
    {"poll", SC_QUEUE_poll, 5, 500, MINUTE, true},
    {"verify", SC_QUEUE_verify, 5, 500, MINUTE, true},
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
