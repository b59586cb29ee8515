/* The model that a project is grouped with, and changing it. */
#include "app/remodel.h"
#include "web/handlers.h"

void sc_render_model(sc_buf *b, const sc_remodel_status *s) {
    sc_render_str(b, "model", s->model);
    sc_render_str(b, "state", sc_str_of(sc_remodel_state_name(s->state)));
    sc_render_str_or_null(b, "wanted", s->wanted);
    sc_render_int(b, "done", s->done);
    sc_render_int(b, "total", s->total);
    sc_render_str_or_null(b, "chosen", s->chosen);
    sc_render_str_or_null(b, "previous", s->previous);
    sc_render_time(b, "changed_at", s->switched_at_ms);
    sc_render_str_or_null(b, "reason", s->reason);
    sc_render_id(b, "job_id", &s->job_id);
}

static sc_rc reply_model(sc_req *q, sc_err *err) {
    sc_remodel_status s;
    sc_rc rc = sc_remodel_status_get(sc_req_app(q), &q->project, sc_req_arena(q), &s, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_buf_putc(&b, '{');
    sc_render_id(&b, "project_id", &q->project);
    sc_render_model(&b, &s);
    const char *hint = sc_app_embedder_hint(sc_req_app(q));
    sc_render_str_or_null(&b, "hint", sc_str_of(hint));
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_getModel(sc_req *q, sc_err *err) { return reply_model(q, err); }

sc_rc sc_on_useModel(sc_req *q, sc_err *err) {
    sc_rc rc = sc_lens_use(sc_req_app(q), &q->project, sc_req_text(q, "use"), err);
    if (rc) return rc;
    sc_remodel_poke(sc_req_app(q));
    return reply_model(q, err);
}
