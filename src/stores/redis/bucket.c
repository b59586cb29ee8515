/* Token buckets, which the processes share. */
#include "stores/redis/steps.h"

sc_rc sc_rd_bucket_take(void *self, sc_str name, int64_t interval_us, int64_t burst, int64_t want,
                        int64_t *ret_got, int64_t *ret_wait_us, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 4);
    sc_pack_str(&r.args, name);
    sc_pack_int(&r.args, interval_us);
    sc_pack_int(&r.args, burst);
    sc_pack_int(&r.args, want);
    sc_rc rc = sc_rd_put(self, SC_RD_bucket_take, &r, err);
    if (rc) return rc;
    int64_t got = sc_unpack_int(&r.body), wait = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (rc) return rc;
    *ret_got = got;
    *ret_wait_us = wait;
    return SC_OK;
}
