#include "stores/redis/decision_row.h"

enum { FIXED = 1 + 16 + 16 };

void sc_rd_put_decision(sc_buf *b, const sc_decision *d) {
    unsigned char fixed[FIXED] = {(unsigned char)d->reason};
    sc_id_to_bytes(&d->cluster_id, fixed + 1); /* none stays zeros */
    sc_id_to_bytes(&d->from_id, fixed + 17);
    sc_buf_put(b, fixed, sizeof fixed);
    const double e[] = {d->evidence.probability, d->evidence.mean,     d->evidence.best,
                        d->evidence.worst,       d->evidence.semantic, d->evidence.lexical,
                        d->evidence.title,       d->evidence.stack};
    sc_pack_int(b, d->evidence.conflict);
    for (size_t i = 0; i < SC_LEN(e); i++) sc_pack_real(b, e[i]);
    sc_pack_int(b, d->nearest_seq);
    sc_pack_str(b, d->shared_terms);
    sc_pack_str(b, d->model);
    sc_pack_str(b, d->actor);
    sc_pack_id(b, &d->job_id);
    sc_pack_str(b, d->note);
    sc_pack_int(b, d->at_ms);
}

static sc_id id_at(const unsigned char *p) {
    static const unsigned char none[16];
    return memcmp(p, none, sizeof none) ? sc_id_from_bytes(p) : (sc_id){{0}};
}

void sc_rd_decision_of(sc_str bytes, int64_t seq, sc_arena *arena, sc_decision *ret, bool *bad,
                       bool *nomem) {
    const unsigned char *p = (const unsigned char *)bytes.p;
    sc_decision d = {.feedback_seq = seq};
    *ret = d;
    if (bytes.n < FIXED || p[0] >= SC_REASON_COUNT) {
        *bad = true;
        return;
    }
    d.reason = (sc_decision_reason)p[0];
    d.cluster_id = id_at(p + 1);
    d.from_id = id_at(p + 17);
    sc_unpack u = sc_unpack_of((sc_str){bytes.p + FIXED, bytes.n - FIXED});
    d.evidence.conflict = sc_unpack_int(&u) != 0;
    d.evidence.probability = sc_unpack_real(&u);
    d.evidence.mean = sc_unpack_real(&u);
    d.evidence.best = sc_unpack_real(&u);
    d.evidence.worst = sc_unpack_real(&u);
    d.evidence.semantic = sc_unpack_real(&u);
    d.evidence.lexical = sc_unpack_real(&u);
    d.evidence.title = sc_unpack_real(&u);
    d.evidence.stack = sc_unpack_real(&u);
    d.nearest_seq = sc_unpack_int(&u);
    d.shared_terms = sc_unpack_text(&u, arena, nomem);
    d.model = sc_unpack_text(&u, arena, nomem);
    d.actor = sc_unpack_text(&u, arena, nomem);
    d.job_id = sc_unpack_id(&u);
    d.note = sc_unpack_text(&u, arena, nomem);
    d.at_ms = sc_unpack_int(&u);
    *bad |= u.bad;
    *ret = d;
}
