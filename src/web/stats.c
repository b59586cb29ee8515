/* A project's numbers. */
#include "web/handlers.h"

sc_rc sc_on_getStats(sc_req *q, sc_err *err) {
    sc_store_stats st;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->stats(s->self, &q->project, sc_req_now_ms(q), &st, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16384);
    sc_buf_putc(&b, '{');
    sc_render_id(&b, "project_id", &q->project);
    sc_render_int(&b, "total_feedback", st.feedback);
    sc_buf_puts(&b, ",\"by_source\":{");
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        sc_render_int(&b, sc_feedback_source_name((sc_feedback_source)i), st.by_source[i]);
    sc_buf_putc(&b, '}');
    sc_render_int(&b, "pending", st.pending);
    sc_render_int(&b, "parked", st.parked);
    sc_render_int(&b, "last_24h", st.last_24h);
    sc_render_time(&b, "first_received", st.first_ms);
    sc_render_time(&b, "last_received", st.last_ms);
    sc_render_int(&b, "total_clusters", st.clusters);
    sc_buf_puts(&b, ",\"by_status\":{");
    for (size_t i = 0; i < SC_CLUSTER_STATUS_COUNT; i++)
        sc_render_int(&b, sc_cluster_status_name((sc_cluster_status)i), st.by_status[i]);
    sc_buf_puts(&b, "}}");
    return sc_req_reply_buf(q, 200, &b, err);
}
