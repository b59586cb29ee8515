#include "web/audit.h"

#include "app/ingest.h"
#include "base/json.h"
#include "base/log.h"
#include "core/audit.h"
#include "web/handlers.h"

enum { LOOK_BYTES = 16 << 20, REPLY_BYTES = 64 << 10 };

static bool is_audited(const sc_req *q) {
    const unsigned changes = SC_SCOPE_triage | SC_SCOPE_fix | SC_SCOPE_admin;
    return q->op && q->op->access == SC_ACCESS_KEY && q->op->method != SC_GET &&
           (q->op->scope & changes) != 0;
}

/* ---- How it is ----------------------------------------------------------------------------------- */

static sc_rc look_cluster(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_cluster c;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = s->ops->cluster_get(s->self, &q->project, &id, arena, &c, NULL);
    if (rc) return rc;
    sc_buf_putc(b, '{');
    sc_render_str(b, "status", sc_str_of(sc_cluster_status_name(c.status)));
    sc_render_str(b, "title", c.title);
    sc_render_int(b, "count", c.count);
    if (sc_id_is_set(&c.merged_into)) sc_render_id(b, "merged_into", &c.merged_into);
    sc_buf_putc(b, '}');
    return SC_OK;
}

/* No word of the report: it may be gone for good one day. */
static sc_rc look_feedback(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_feedback f;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = s->ops->feedback_get(s->self, &q->project, &id, arena, &f, NULL);
    if (rc) return rc;
    sc_buf_putc(b, '{');
    sc_render_id(b, "cluster_id", &f.cluster_id);
    sc_render_str(b, "state", sc_str_of(sc_feedback_state_name(f.state)));
    sc_buf_putc(b, '}');
    return SC_OK;
}

static sc_rc look_fix(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_fix f;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = s->ops->fix_get(s->self, &q->project, &id, arena, &f, NULL);
    if (rc) return rc;
    sc_buf_putc(b, '{');
    sc_render_str(b, "status", sc_str_of(sc_job_state_name(f.status)));
    sc_render_str(b, "step", sc_str_of(sc_fix_step_name(f.step)));
    sc_render_str(b, "pr_state", sc_str_of(sc_fix_pull_name(f.pull)));
    sc_render_id(b, "cluster_id", &f.cluster_id);
    sc_buf_putc(b, '}');
    return SC_OK;
}

static sc_rc look_dead_letter(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_job j;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_rc rc = s->ops->job_get(s->self, &q->project, &id, arena, &j, NULL);
    if (rc) return rc;
    sc_buf_putc(b, '{');
    sc_render_str(b, "kind", j.kind);
    sc_render_str(b, "status", sc_str_of(sc_job_state_name(j.state)));
    sc_buf_putc(b, '}');
    return SC_OK;
}

static sc_rc look_key(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_key *list;
    size_t n;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id"), none = {{0}};
    sc_rc rc = s->ops->key_list(s->self, &none, arena, &list, &n, NULL);
    for (size_t i = 0; !rc && i < n; i++) {
        if (!sc_id_eq(&list[i].id, &id)) continue;
        sc_buf_putc(b, '{');
        sc_render_str(b, "name", list[i].name);
        sc_render_scopes(b, list[i].scopes);
        sc_render_bool(b, "revoked", list[i].revoked_at_ms != 0);
        sc_buf_putc(b, '}');
    }
    return rc;
}

static sc_rc look_model(const sc_req *q, sc_arena *arena, sc_buf *b) {
    sc_model_state m;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->model_state(s->self, &q->project, arena, &m, NULL);
    if (rc) return rc;
    sc_buf_putc(b, '{');
    sc_render_str(b, "model", m.active);
    sc_render_str(b, "target", m.target);
    sc_buf_putc(b, '}');
    return SC_OK;
}

static void redact(json_t *v);

static void redact_members(json_t *v) {
    static const char *const secret[] = {"secret", "secrets", "key", "token", "password"};
    const char *name;
    json_t *member;
    for (size_t i = 0; i < SC_LEN(secret); i++)
        if (json_object_get(v, secret[i])) json_object_set_new(v, secret[i], json_string("-"));
    json_object_foreach(v, name, member) redact(member);
}

static void redact(json_t *v) {
    size_t i;
    json_t *item;
    if (json_is_object(v)) redact_members(v);
    if (json_is_array(v)) json_array_foreach(v, i, item) redact(item);
}

static sc_rc look_setting(const sc_req *q, sc_arena *arena, sc_buf *b) {
    const sc_store *s = sc_req_store(q);
    sc_str source = sc_req_param(q, "source"), last = sc_str_of(strrchr(q->op->path, '/') + 1),
           text;
    const char *name = source.p ? sc_arena_printf(arena, "source.%.*s", SC_FMT(source))
                                : sc_arena_printf(arena, "%.*s", SC_FMT(last));
    if (!name) return SC_NOMEM;
    sc_rc rc = s->ops->setting_get(s->self, &q->project, sc_str_of(name), arena, &text, NULL);
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (rc || !text.n || (rc = sc_json_parse(text, &v, NULL))) return rc;
    redact(v);
    return sc_json_dump(v, b) ? SC_OK : SC_NOMEM;
}

static const struct {
    const char *path; /* begins with */
    sc_rc (*look)(const sc_req *q, sc_arena *arena, sc_buf *b);
} looks[] = {
    {"/api/clusters/{id}", look_cluster}, {"/api/feedback/{id}", look_feedback},
    {"/api/jobs/{id}", look_fix},         {"/api/dead-letters/{id}", look_dead_letter},
    {"/api/keys/{id}", look_key},         {"/api/model", look_model},
    {"/api/config/", look_setting},
};

/* Empty where there is nothing to look at, or it cannot be read now. */
static sc_str look(const sc_req *q) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_arena_init(&arena, LOOK_BYTES);
    sc_buf_init(&b, SC_AUDIT_MAX_JSON);
    for (size_t i = 0; i < SC_LEN(looks); i++) {
        if (!sc_str_starts(sc_str_of(q->op->path), looks[i].path)) continue;
        if (looks[i].look(q, &arena, &b) || b.failed) return SC_STR_NONE;
        char *kept = sc_arena_copy(sc_req_arena(q), b.p ? b.p : "", b.n);
        return kept ? (sc_str){kept, b.n} : SC_STR_NONE;
    }
    return SC_STR_NONE;
}

void sc_audit_begin(sc_req *q) {
    if (!is_audited(q)) return;
    q->audited = true;
    q->before = look(q);
}

/* ---- The row ------------------------------------------------------------------------------------- */

static sc_str asked(const sc_req *q) {
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_json_auto) json_t *v = q->body ? json_deep_copy(q->body) : NULL;
    sc_buf_init(&b, SC_AUDIT_MAX_JSON);
    if (!v) return SC_STR_NONE;
    redact(v);
    if (!sc_json_dump(v, &b) || b.failed) return SC_STR("{\"cut\":true}");
    char *kept = sc_arena_copy(sc_req_arena(q), b.p, b.n);
    return kept ? (sc_str){kept, b.n} : SC_STR_NONE;
}

static sc_str text_of(const sc_req *q, const json_t *v, const char *name) {
    sc_str s = sc_json_str_at(v, name);
    char *kept = s.n ? sc_arena_copy(sc_req_arena(q), s.p, s.n) : NULL;
    return kept ? (sc_str){kept, s.n} : SC_STR_NONE;
}

/* What the address names, else what the answer does. */
static sc_str target_of(const sc_req *q, const json_t *reply) {
    static const char *const params[] = {"id", "source"};
    for (size_t i = 0; i < SC_LEN(params); i++)
        if (sc_req_param(q, params[i]).p) return sc_req_param(q, params[i]);
    return text_of(q, reply, "id");
}

/* How it is afterwards; an action's id besides, by which it can be undone. */
static sc_str after_of(const sc_req *q, const json_t *reply) {
    sc_str now = look(q), action = text_of(q, reply, "action_id");
    if (!action.n) return now;
    const char *rest = now.n > 2 ? "," : "}";
    char *both =
        sc_arena_printf(sc_req_arena(q), "{\"action_id\":\"%.*s\"%s%.*s", SC_FMT(action), rest,
                        (int)(now.n > 2 ? now.n - 1 : 0), now.n > 2 ? now.p + 1 : "");
    return both ? sc_str_of(both) : now;
}

void sc_audit_end(sc_req *q, int status, sc_str reply) {
    if (!q->audited || status >= 300) return;
    q->audited = false;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (reply.n && reply.n <= REPLY_BYTES && sc_json_parse(reply, &v, NULL)) v = NULL;
    const sc_audit row = {.id = sc_id_new(sc_app_clock(q->web->conf.app)),
                          .project_id = q->op->has_project ? q->project : q->who.project_id,
                          .at_ms = sc_req_now_ms(q),
                          .actor = sc_req_actor(q),
                          .key_id = q->who.key_id,
                          .action = sc_str_of(q->op->id),
                          .target = target_of(q, v),
                          .before = q->before,
                          .after = after_of(q, v),
                          .asked = asked(q),
                          .request_id = sc_http_cause(q->http)};
    sc_err err = {0};
    const sc_store *s = sc_req_store(q);
    size_t fresh;
    if (!s->ops->audit_put(s->self, &row, 1, &fresh, &err)) return;
    atomic_fetch_add(&q->web->audit_lost, 1);
    sc_wrap(&err, "%s by %.*s is not in the audit log", q->op->id, SC_FMT(row.actor));
    sc_log_err(SC_LOG_ERROR, "audit", &err);
}

/* ---- Reading ------------------------------------------------------------------------------------- */

static void put_row(sc_buf *b, const sc_audit *a) {
    sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &a->id);
    sc_render_id(b, "project_id", &a->project_id);
    sc_render_time(b, "at", a->at_ms);
    sc_render_str(b, "actor", a->actor);
    sc_render_id(b, "key_id", &a->key_id);
    sc_render_str(b, "action", a->action);
    sc_render_str_or_null(b, "target", a->target);
    sc_render_raw(b, "before", a->before, "null");
    sc_render_raw(b, "after", a->after, "null");
    sc_render_raw(b, "asked", a->asked, "null");
    sc_render_str_or_null(b, "request_id", a->request_id);
    sc_buf_putc(b, '}');
}

sc_rc sc_on_listAudit(sc_req *q, sc_err *err) {
    bool all = !sc_id_is_set(&q->who.project_id) && !sc_req_param(q, "project_id").p;
    sc_audit_filter f = {.actor = sc_req_param(q, "actor"),
                         .action = sc_req_param(q, "action"),
                         .target = sc_req_param(q, "target")};
    if (!all) f.project_id = q->project;
    sc_page page = sc_req_page(q);
    sc_audit_list list;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->audit_list(s->self, &f, &page, sc_req_arena(q), &list, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < list.n; i++) put_row(&b, &list.items[i]);
    sc_render_list_close(&b, -1, list.next_cursor);
    return sc_req_reply_buf(q, 200, &b, err);
}
