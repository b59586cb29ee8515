/* The lead: a key that ends by itself. */
#include "stores/redis/steps.h"

static sc_rc lead(sc_rd *s, sc_str owner, int64_t lease_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 2);
    sc_pack_str(&r.args, owner);
    sc_pack_int(&r.args, lease_ms);
    return sc_rd_put(s, SC_RD_lead, &r, err);
}

sc_rc sc_rd_lead_take(void *self, sc_str owner, int64_t lease_ms, sc_err *err) {
    if (!owner.n) return sc_fail_field(err, SC_INVALID, "owner", "missing");
    if (lease_ms <= 0) return sc_fail_field(err, SC_INVALID, "lease_ms", "must be above 0");
    return lead(self, owner, lease_ms, err);
}

sc_rc sc_rd_lead_drop(void *self, sc_str owner, sc_err *err) { return lead(self, owner, 0, err); }
