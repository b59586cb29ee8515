/* Search and trace. */
#include "web/handlers.h"

sc_rc sc_on_search(sc_req *q, sc_err *err) {
    sc_search_result r;
    sc_rc rc = sc_read_search(sc_req_app(q), &q->project, sc_req_param(q, "q"),
                              (size_t)sc_req_int(q, "limit", 20), sc_req_arena(q), &r, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_search(&b, &r);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_traceFeedback(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_trace t;
    sc_rc rc = sc_read_trace(sc_req_app(q), &q->project, &id, sc_req_arena(q), &t, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_trace(&b, &t);
    return sc_req_reply_buf(q, 200, &b, err);
}
