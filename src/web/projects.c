/* Projects: list, make. */
#include "web/handlers.h"

sc_rc sc_on_listProjects(sc_req *q, sc_err *err) {
    sc_project *list;
    size_t n, shown = 0;
    int64_t last_event; /* read first: what is listed is never older */
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->last_event(s->self, &last_event, err);
    if (!rc) rc = s->ops->project_list(s->self, sc_req_arena(q), &list, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < n; i++) {
        if (sc_id_is_set(&q->who.project_id) && !sc_id_eq(&list[i].id, &q->who.project_id))
            continue;
        sc_render_comma(&b);
        sc_render_project(&b, &list[i]);
        shown++;
    }
    sc_render_list_end(&b, (int64_t)shown, SC_STR_NONE);
    sc_render_int(&b, "last_event", last_event);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_createProject(sc_req *q, sc_err *err) {
    if (sc_id_is_set(&q->who.project_id))
        return sc_fail(err, SC_FORBIDDEN,
                       "a key that is bound to a project cannot make another one");
    sc_project p = {.id = sc_id_new(sc_app_clock(sc_req_app(q))),
                    .name = sc_req_text(q, "name"),
                    .created_at_ms = sc_req_now_ms(q)};
    const sc_store *s = sc_req_store(q);
    sc_rc rc = sc_project_check_name(p.name, err);
    if (!rc) rc = s->ops->project_put(s->self, &p, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_render_project(&b, &p);
    return sc_req_reply_buf(q, 201, &b, err);
}
