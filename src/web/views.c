/* Saved views of the issue list. */
#include "app/views.h"

#include "web/handlers.h"

static void put_view(sc_buf *b, const sc_view *v) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &v->id);
    sc_render_str(b, "name", v->name);
    sc_render_raw(b, "query", v->query, "{}");
    sc_render_str(b, "by", v->by);
    sc_render_time(b, "saved_at", v->saved_at_ms);
    sc_buf_putc(b, '}');
}

sc_rc sc_on_listViews(sc_req *q, sc_err *err) {
    sc_view *list;
    size_t n;
    sc_rc rc = sc_views_list(sc_req_app(q), &q->project, sc_req_arena(q), &list, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < n; i++) {
        sc_render_comma(&b);
        put_view(&b, &list[i]);
    }
    sc_render_list_close(&b, (int64_t)n, SC_STR_NONE);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_saveView(sc_req *q, sc_err *err) {
    sc_view view;
    bool replaced;
    sc_rc rc = sc_views_save(sc_req_app(q), &q->project, sc_req_text(q, "name"),
                             json_object_get(q->body, "query"), sc_req_actor(q), sc_req_arena(q),
                             &view, &replaced, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    put_view(&b, &view);
    return sc_req_reply_buf(q, replaced ? 200 : 201, &b, err);
}

sc_rc sc_on_dropView(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = sc_views_drop(sc_req_app(q), &q->project, &id, err);
    if (!rc) sc_req_reply(q, 204, "application/json", SC_STR_NONE);
    return rc;
}
