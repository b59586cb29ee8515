#include "web/limit.h"

#include "app/quota.h"
#include "app/rate.h"
#include "web/handlers.h"

sc_rc sc_limit_address(const sc_req *q, sc_err *err) {
    int64_t a_minute = q->web->conf.address_rate;
    if (!a_minute || q->row->run == sc_on_getHealth || q->row->run == sc_on_getApiHealth)
        return SC_OK;
    unsigned char who[16];
    sc_http_peer_who(q->http, who);
    return sc_rate_take(sc_req_app(q), SC_RATE_ADDRESS, who, a_minute, err);
}

sc_rc sc_limit_key(const sc_req *q, sc_err *err) {
    unsigned char who[16];
    if (!sc_id_to_bytes(&q->who.key_id, who)) return SC_OK;
    sc_quota own = {0};
    sc_rc rc = sc_id_is_set(&q->who.project_id)
                   ? sc_quota_look(sc_req_app(q), &q->who.project_id, &own, err)
                   : SC_OK;
    int64_t a_minute = own.requests_a_minute ? own.requests_a_minute : q->web->conf.key_rate;
    return rc ? rc : sc_rate_take(sc_req_app(q), SC_RATE_KEY, who, a_minute, err);
}

/* ---- A project's limits ------------------------------------------------------------------------- */

sc_rc sc_on_getLimits(sc_req *q, sc_err *err) {
    sc_quota own;
    sc_rc rc = sc_quota_look(sc_req_app(q), &q->project, &own, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_quota_write(&own, &b);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_putLimits(sc_req *q, sc_err *err) {
    sc_rc rc = sc_quota_put(sc_req_app(q), &q->project, q->body, err);
    return rc ? rc : sc_on_getLimits(q, err);
}
