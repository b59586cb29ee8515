/* Grouping's state, background jobs, and dead letters. */
#include <stdio.h>

#include "app/remodel.h"
#include "web/guard.h"
#include "web/handlers.h"

/* Whether what turns texts into vectors is at work, and what is to be mended when it is again. */
static void put_embedder(sc_buf *b, const sc_grouping_status *st) {
    sc_render_name(b, "embedder");
    sc_buf_putc(b, '{');
    sc_render_bool(b, "remote", st->remote);
    bool down = st->remote && sc_guard_state_down(&st->embed.guard);
    sc_render_bool(b, "degraded", down || st->bare > 0);
    sc_render_int(b, "without_vector", st->bare);
    if (st->remote) sc_render_guard(b, &st->embed.guard);
    sc_buf_putc(b, '}');
}

static void put_llm(sc_buf *b, const sc_grouping_status *st) {
    if (!st->llm) return;
    sc_render_name(b, "llm");
    sc_buf_putc(b, '{');
    sc_render_str(b, "model", sc_str_of(st->llm));
    sc_render_bool(b, "degraded", sc_guard_state_down(&st->ask.guard));
    sc_render_bool(b, "due", st->due);
    sc_render_guard(b, &st->ask.guard);
    sc_buf_putc(b, '}');
}

sc_rc sc_on_getClusteringStatus(sc_req *q, sc_err *err) {
    sc_grouping_status st;
    sc_remodel_status model;
    sc_rc rc = sc_read_grouping(sc_req_app(q), &q->project, sc_req_arena(q), &st, err);
    if (!rc) rc = sc_remodel_status_get(sc_req_app(q), &q->project, sc_req_arena(q), &model, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_putc(&b, '{');
    sc_render_id(&b, "project_id", &q->project);
    sc_render_int(&b, "pending_unclustered", st.pending);
    sc_render_int(&b, "parked", st.parked);
    sc_render_bool(&b, "is_clustering", st.running);
    sc_render_name(&b, "last_job");
    if (sc_id_is_set(&st.last_job.id))
        sc_render_job(&b, &st.last_job);
    else
        sc_buf_puts(&b, "null");
    sc_buf_puts(&b, ",\"indexed\":{");
    sc_render_int(&b, "reports", (int64_t)st.indexed_items);
    sc_render_int(&b, "clusters", (int64_t)st.indexed_clusters);
    sc_buf_putc(&b, '}');
    sc_render_str(&b, "model", model.model);
    sc_render_name(&b, "remodel");
    if (model.state == SC_REMODEL_settled) {
        sc_buf_puts(&b, "null");
    } else {
        sc_buf_putc(&b, '{');
        sc_render_model(&b, &model);
        sc_buf_putc(&b, '}');
    }
    const char *hint = sc_app_embedder_hint(sc_req_app(q));
    if (*hint) sc_render_str(&b, "hint", sc_str_of(hint));
    put_embedder(&b, &st);
    put_llm(&b, &st);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

/* The same job, by its unique key, as storing a report asks for: at most one is pending a project. */
sc_rc sc_on_startClusterJob(sc_req *q, sc_err *err) {
    char key[64];
    snprintf(key, sizeof key, "group:%s", q->project.text);
    int64_t now = sc_req_now_ms(q);
    sc_job job = {.id = sc_id_new(sc_app_clock(sc_req_app(q))),
                  .project_id = q->project,
                  .kind = SC_STR("group"),
                  .unique_key = sc_str_of(key),
                  .payload = SC_STR("{}"),
                  .state = SC_JOB_pending,
                  .max_attempts = sc_work_find(SC_STR("group"))->attempts,
                  .run_at_ms = now,
                  .created_at_ms = now,
                  .updated_at_ms = now,
                  .request_id = sc_http_cause(q->http)};
    const sc_store *s = sc_req_store(q);
    sc_id id;
    sc_rc rc = s->ops->job_enqueue(s->self, &job, &id, err);
    if (rc) return rc;
    sc_job stored;
    rc = s->ops->job_get(s->self, &q->project, &id, sc_req_arena(q), &stored, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_id(&b, "job_id", &id);
    sc_render_str(&b, "status", sc_str_of(sc_job_state_name(stored.state)));
    sc_render_id(&b, "project_id", &q->project);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 202, &b, err);
}

sc_rc sc_reply_job_list(sc_req *q, const sc_job_filter *f, sc_err *err) {
    sc_page page = sc_req_page(q);
    sc_job_list list;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->job_list(s->self, f, &page, sc_req_arena(q), &list, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < list.n; i++) {
        sc_render_comma(&b);
        sc_render_job(&b, &list.items[i]);
    }
    sc_render_list_close(&b, list.total, list.next_cursor);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_reply_job(sc_req *q, const sc_id *id, sc_err *err) {
    sc_job job;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->job_get(s->self, &q->project, id, sc_req_arena(q), &job, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_job(&b, &job);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_listClusterJobs(sc_req *q, sc_err *err) {
    sc_job_filter f = {.project_id = q->project, .kind = SC_STR("group")};
    f.by_state = sc_job_state_parse(sc_req_param(q, "status"), &f.state);
    return sc_reply_job_list(q, &f, err);
}

sc_rc sc_on_listWork(sc_req *q, sc_err *err) {
    sc_job_filter f = {.project_id = q->project, .kind = sc_req_param(q, "kind")};
    f.by_state = sc_job_state_parse(sc_req_param(q, "status"), &f.state);
    return sc_reply_job_list(q, &f, err);
}

sc_rc sc_on_getClusterJob(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    return sc_reply_job(q, &id, err);
}

/* ---- Dead letters ------------------------------------------------------------------------------- */

sc_rc sc_on_listDeadLetters(sc_req *q, sc_err *err) {
    sc_job_filter f = {.project_id = q->project, .by_state = true, .state = SC_JOB_dead};
    return sc_reply_job_list(q, &f, err);
}

/* Other jobs are no dead letters: for this address they do not exist. */
static sc_rc dead_letter(const sc_req *q, const sc_id *id, sc_err *err) {
    sc_job job;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->job_get(s->self, &q->project, id, sc_req_arena(q), &job, err);
    if (!rc && job.state != SC_JOB_dead)
        rc = sc_fail(err, SC_NOT_FOUND, "there is no such dead letter");
    return rc;
}

sc_rc sc_on_retryDeadLetter(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    const sc_store *s = sc_req_store(q);
    sc_rc rc = dead_letter(q, &id, err);
    if (!rc)
        rc = s->ops->job_act(s->self, &q->project, &id, SC_JOB_EV_REPLAY, sc_req_now_ms(q), err);
    return rc ? rc : sc_reply_job(q, &id, err);
}

sc_rc sc_on_dropDeadLetter(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    const sc_store *s = sc_req_store(q);
    sc_rc rc = dead_letter(q, &id, err);
    if (!rc) rc = s->ops->job_drop(s->self, &q->project, &id, err);
    if (!rc) sc_req_reply(q, 204, "application/json", SC_STR_NONE);
    return rc;
}
