#include "stores/redis/feedback_row.h"

enum {
    STATE,
    SOURCE,
    TIME = 5,
    ISSUE = TIME + SC_RD_TIME,
    VERSION = ISSUE + 16,
    ID = VERSION + 6,
    ALL = ID + 16,
    REMOVED = 9
};

static sc_id id_at(const unsigned char *p) {
    static const unsigned char none[16];
    return memcmp(p, none, sizeof none) ? sc_id_from_bytes(p) : (sc_id){{0}};
}

bool sc_rd_facts_of(sc_str x, sc_rd_facts *ret) {
    const unsigned char *p = (const unsigned char *)x.p;
    *ret = (sc_rd_facts){.state = SC_FEEDBACK_STATE_COUNT};
    if (x.n < ALL || p[SOURCE] >= SC_SOURCE_COUNT ||
        (p[STATE] >= SC_FEEDBACK_STATE_COUNT && p[STATE] != REMOVED))
        return false;
    if (p[STATE] != REMOVED) ret->state = (sc_feedback_state)p[STATE];
    ret->source = (sc_feedback_source)p[SOURCE];
    ret->created_ms = sc_rd_get_time(p + TIME);
    ret->cluster_id = id_at(p + ISSUE);
    for (int i = 0; i < 6; i++) ret->version = ret->version << 8 | p[VERSION + i];
    ret->id = id_at(p + ID);
    return true;
}
