/* Fixes: start, look, stop, send round again; plans; settings; pull requests. */
#include "web/fix_render.h"
#include "web/handlers.h"

enum {
    ARENA_BYTES = 64 << 20, /* for what a request's own memory is too small for */
    CLUSTER_BYTES = 8 << 20,
};

/* ---- One, many ---------------------------------------------------------------------------------- */

static sc_rc put_fix(sc_req *q, const sc_fix *f, const sc_id *plan, sc_buf *b, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, CLUSTER_BYTES);
    sc_cluster c = {.title = SC_STR_NONE};
    sc_rc rc = s->ops->cluster_get(s->self, &q->project, &f->cluster_id, &arena, &c, err);
    if (rc && rc != SC_NOT_FOUND) return rc;
    sc_render_fix(b, f, rc ? SC_STR_NONE : c.title, plan);
    return SC_OK;
}

static sc_rc reply_fix(sc_req *q, int status, const sc_fix *f, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    sc_plan plan = {.id = {""}};
    sc_rc rc = SC_OK;
    if (f->plan_version)
        rc = s->ops->plan_get(s->self, &q->project, &f->cluster_id, f->plan_version,
                              sc_req_arena(q), &plan, err);
    if (rc && rc != SC_NOT_FOUND) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    rc = put_fix(q, f, rc ? NULL : &plan.id, &b, err);
    return rc ? rc : sc_req_reply_buf(q, status, &b, err);
}

static sc_rc reply_list(sc_req *q, const sc_fix_filter *f, sc_err *err) {
    sc_page page = sc_req_page(q);
    sc_fix_list list;
    const sc_store *s = sc_req_store(q);
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = s->ops->fix_list(s->self, f, &page, &arena, &list, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; !rc && i < list.n; i++) {
        sc_render_comma(&b);
        rc = put_fix(q, &list.items[i], NULL, &b, err);
    }
    if (rc) return rc;
    sc_render_list_close(&b, list.total, list.next_cursor);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_listFixes(sc_req *q, sc_err *err) {
    sc_fix_filter f = {.project_id = q->project};
    f.by_state = sc_job_state_parse(sc_req_param(q, "status"), &f.state);
    f.by_pull = sc_fix_pull_parse(sc_req_param(q, "pr_state"), &f.pull);
    if (sc_req_param(q, "cluster_id").n) f.cluster_id = sc_req_id(q, "cluster_id");
    return reply_list(q, &f, err);
}

sc_rc sc_on_listClusterFixes(sc_req *q, sc_err *err) {
    sc_fix_filter f = {.project_id = q->project, .cluster_id = sc_req_id(q, "id")};
    return reply_list(q, &f, err);
}

static sc_rc get_fix(const sc_req *q, sc_fix *ret, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    return s->ops->fix_get(s->self, &q->project, &id, sc_req_arena(q), ret, err);
}

sc_rc sc_on_getFix(sc_req *q, sc_err *err) {
    sc_fix f;
    sc_rc rc = get_fix(q, &f, err);
    return rc ? rc : reply_fix(q, 200, &f, err);
}

/* ---- Doing -------------------------------------------------------------------------------------- */

static sc_rc start(sc_req *q, const sc_id *cluster, sc_err *err) {
    sc_fix_ask ask = {.agent = sc_req_text(q, "agent"),
                      .instructions = sc_req_text(q, "instructions"),
                      .by = sc_req_actor(q),
                      .request_id = sc_http_cause(q->http),
                      .force = json_is_true(json_object_get(q->body, "force"))};
    sc_fix f;
    sc_rc rc = sc_fix_start(sc_req_app(q), &q->project, cluster, &ask, sc_req_arena(q), &f, err);
    return rc ? rc : reply_fix(q, 202, &f, err);
}

sc_rc sc_on_startFix(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    return start(q, &id, err);
}

sc_rc sc_on_createFix(sc_req *q, sc_err *err) {
    sc_id id = sc_id_of(sc_req_text(q, "cluster_id"));
    return start(q, &id, err);
}

static sc_rc stop_or_go(sc_req *q, bool go, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_fix f;
    sc_rc rc = go ? sc_fix_retry(sc_req_app(q), &q->project, &id, sc_req_arena(q), &f, err)
                  : sc_fix_cancel(sc_req_app(q), &q->project, &id, sc_req_arena(q), &f, err);
    return rc ? rc : reply_fix(q, 200, &f, err);
}

sc_rc sc_on_cancelFix(sc_req *q, sc_err *err) { return stop_or_go(q, false, err); }

sc_rc sc_on_retryFix(sc_req *q, sc_err *err) { return stop_or_go(q, true, err); }

sc_rc sc_on_patchFix(sc_req *q, sc_err *err) {
    return stop_or_go(q, sc_str_is(sc_req_text(q, "status"), "pending"), err);
}

sc_rc sc_on_getFixPatch(sc_req *q, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_str patch;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = s->ops->fix_patch(s->self, &q->project, &id, &arena, &patch, err);
    if (!rc && !patch.n) rc = sc_fail(err, SC_NOT_FOUND, "this fix has no patch");
    if (!rc) sc_req_reply(q, 200, "text/plain; charset=utf-8", patch);
    return rc;
}

/* ---- Plans -------------------------------------------------------------------------------------- */

static sc_rc reply_plan(sc_req *q, const sc_plan *p, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_render_plan(&b, p);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_getPlan(sc_req *q, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_plan p;
    sc_rc rc = s->ops->plan_get(s->self, &q->project, &id, sc_req_int(q, "version", 0),
                                sc_req_arena(q), &p, err);
    return rc ? rc : reply_plan(q, &p, err);
}

sc_rc sc_on_savePlan(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_plan p;
    sc_plan_edit e = {.problem = sc_req_text(q, "problem"),
                      .expected = sc_req_text(q, "expected"),
                      .evidence = sc_req_text(q, "evidence"),
                      .acceptance = sc_req_text(q, "acceptance"),
                      .seen = json_integer_value(json_object_get(q->body, "version"))};
    bool edits = e.problem.p || e.expected.p || e.evidence.p || e.acceptance.p;
    sc_rc rc =
        edits ? sc_fix_plan_save(sc_req_app(q), &q->project, &id, &e, sc_req_actor(q),
                                 sc_req_arena(q), &p, err)
              : sc_fix_plan_make(sc_req_app(q), &q->project, &id, true, sc_req_arena(q), &p, err);
    return rc ? rc : reply_plan(q, &p, err);
}

/* ---- Settings and state ------------------------------------------------------------------------- */

sc_rc sc_on_getFixConfig(sc_req *q, sc_err *err) {
    sc_fix_settings s;
    sc_rc rc = sc_fix_settings_get(sc_req_app(q), &q->project, sc_req_arena(q), &s, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_fix_settings_write(&s, &b);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_putFixConfig(sc_req *q, sc_err *err) {
    sc_rc rc = sc_fix_settings_put(sc_req_app(q), &q->project, q->body, err);
    return rc ? rc : sc_on_getFixConfig(q, err);
}

sc_rc sc_on_getFixState(sc_req *q, sc_err *err) {
    sc_fix_state s;
    sc_rc rc = sc_fix_state_get(sc_req_app(q), &q->project, sc_req_arena(q), &s, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_render_fix_state(&b, &s);
    return sc_req_reply_buf(q, 200, &b, err);
}

/* ---- Pull requests ------------------------------------------------------------------------------ */

static sc_rc reply_pull(sc_req *q, const sc_fix_pull_view *v, sc_err *err) {
    sc_fix f;
    sc_rc rc = get_fix(q, &f, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_render_pull(&b, &f, v);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_getFixPull(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_fix_pull_view v;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = sc_fix_pull_get(sc_req_app(q), &q->project, &id, &arena, &v, err);
    return rc ? rc : reply_pull(q, &v, err);
}

sc_rc sc_on_actOnFixPull(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_str action = sc_req_text(q, "action"), body = sc_req_text(q, "body");
    sc_fix_act act = sc_str_is(action, "merge")   ? SC_FIX_MERGE
                     : sc_str_is(action, "close") ? SC_FIX_CLOSE
                                                  : SC_FIX_COMMENT;
    sc_fix_pull_view v;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    if (act == SC_FIX_COMMENT && !body.n)
        return sc_fail_field(err, SC_UNPROCESSABLE, "body", "a comment has a text");
    sc_rc rc = sc_fix_pull_act(sc_req_app(q), &q->project, &id, act, sc_req_actor(q), body, &arena,
                               &v, err);
    return rc ? rc : reply_pull(q, &v, err);
}
