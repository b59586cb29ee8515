/* Reports: list, one, change. */
#include "web/handlers.h"

sc_rc sc_reply_feedback_list(sc_req *q, const sc_feedback_list *list, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < list->n; i++) {
        sc_render_comma(&b);
        sc_render_feedback(&b, &list->items[i]);
    }
    sc_render_list_close(&b, list->total, list->next_cursor);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_listFeedback(sc_req *q, sc_err *err) {
    sc_feedback_filter f = {
        .project_id = q->project,
        .cluster_id = sc_req_id(q, "cluster_id"),
        .unclustered = sc_req_bool(q, "unclustered"),
        .status = sc_req_param(q, "status"),
        .since_ms = sc_req_time(q, "since"),
        .until_ms = sc_req_time(q, "until"),
    };
    f.by_source = sc_feedback_source_parse(sc_req_param(q, "source"), &f.source);
    f.by_state = sc_feedback_state_parse(sc_req_param(q, "state"), &f.state);
    sc_page page = sc_req_page(q);
    sc_feedback_list list;
    sc_rc rc = sc_read_feedback(sc_req_app(q), &f, sc_req_param(q, "q"), &page, sc_req_arena(q),
                                &list, err);
    return rc ? rc : sc_reply_feedback_list(q, &list, err);
}

static sc_rc reply_one(sc_req *q, const sc_feedback *f, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_feedback(&b, f);
    return sc_req_reply_buf(q, 200, &b, err);
}

static sc_rc load(sc_req *q, sc_feedback *ret, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    const sc_store *s = sc_req_store(q);
    return s->ops->feedback_get(s->self, &q->project, &id, sc_req_arena(q), ret, err);
}

sc_rc sc_on_getFeedback(sc_req *q, sc_err *err) {
    sc_feedback f;
    sc_rc rc = load(q, &f, err);
    return rc ? rc : reply_one(q, &f, err);
}

/* null empties, absent leaves alone. */
static void change_text(const sc_req *q, const char *name, sc_str *value) {
    if (json_object_get(q->body, name)) *value = sc_req_text(q, name);
}

typedef struct change {
    const sc_req *q;
    sc_buf metadata;
} change;

static sc_rc apply_change(void *self, sc_feedback *f, sc_err *err) {
    change *c = self;
    change_text(c->q, "title", &f->title);
    change_text(c->q, "body", &f->body);
    change_text(c->q, "stack", &f->stack);
    change_text(c->q, "url", &f->url);
    change_text(c->q, "status", &f->status);
    const json_t *given = json_object_get(c->q->body, "metadata");
    if (given && !sc_json_dump(given, &c->metadata))
        return sc_fail_field(err, SC_UNPROCESSABLE, "metadata", "metadata is over %d bytes of JSON",
                             (int)SC_FEEDBACK_MAX_METADATA);
    if (given) f->metadata = sc_buf_str(&c->metadata);
    return sc_feedback_normalise(f, err);
}

sc_rc sc_on_updateFeedback(sc_req *q, sc_err *err) {
    change c = {.q = q};
    sc_feedback changed;
    sc_id id = sc_req_id(q, "id");
    sc_buf_init(&c.metadata, SC_FEEDBACK_MAX_METADATA);
    sc_rc rc = sc_triage_edit(sc_req_app(q), &q->project, &id, apply_change, &c, sc_req_arena(q),
                              &changed, err);
    sc_buf_done(&c.metadata);
    return rc ? rc : reply_one(q, &changed, err);
}

sc_rc sc_on_removeFeedback(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = sc_triage_remove(sc_req_app(q), &q->project, &id, sc_req_actor(q), err);
    if (!rc) sc_req_reply(q, 204, "application/json", SC_STR_NONE);
    return rc;
}
