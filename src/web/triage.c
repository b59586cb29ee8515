/* Corrections: merge, split, move, never together, undo. */
#include "web/handlers.h"

static sc_rc reply_action(sc_req *q, const sc_triage_result *r, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_render_action(&b, &q->project, r);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_mergeClusters(sc_req *q, sc_err *err) {
    sc_id into = sc_req_id(q, "id"), *from;
    size_t n;
    sc_triage_result r;
    sc_rc rc = sc_req_ids(q, "cluster_ids", &from, &n, err);
    if (!rc)
        rc = sc_triage_merge(sc_req_app(q), &q->project, &into, from, n, sc_req_actor(q), &r, err);
    return rc ? rc : reply_action(q, &r, err);
}

sc_rc sc_on_splitCluster(sc_req *q, sc_err *err) {
    sc_id cluster = sc_req_id(q, "id"), *feedback;
    size_t n;
    sc_triage_result r;
    sc_rc rc = sc_req_ids(q, "feedback_ids", &feedback, &n, err);
    if (!rc)
        rc = sc_triage_split(sc_req_app(q), &q->project, &cluster, feedback, n, sc_req_actor(q), &r,
                             err);
    return rc ? rc : reply_action(q, &r, err);
}

sc_rc sc_on_keepApart(sc_req *q, sc_err *err) {
    sc_id a = sc_req_id(q, "id"), b = sc_id_of(sc_req_text(q, "cluster_id"));
    sc_triage_result r;
    sc_rc rc = sc_triage_apart(sc_req_app(q), &q->project, &a, &b, sc_req_actor(q), &r, err);
    return rc ? rc : reply_action(q, &r, err);
}

sc_rc sc_on_moveFeedback(sc_req *q, sc_err *err) {
    sc_id feedback = sc_req_id(q, "id");
    sc_str named = sc_req_text(q, "cluster_id");
    sc_id to = sc_id_of(named);
    sc_triage_result r;
    sc_rc rc = sc_triage_move(sc_req_app(q), &q->project, &feedback, named.p ? &to : NULL,
                              sc_req_actor(q), &r, err);
    return rc ? rc : reply_action(q, &r, err);
}

sc_rc sc_on_undoAction(sc_req *q, sc_err *err) {
    sc_id action = sc_req_id(q, "id");
    sc_triage_result r;
    sc_rc rc = sc_triage_undo(sc_req_app(q), &q->project, &action, sc_req_actor(q), &r, err);
    return rc ? rc : reply_action(q, &r, err);
}
