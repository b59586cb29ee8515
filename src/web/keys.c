/* API keys: list, make, revoke. */
#include "web/handlers.h"

/* Empty (all projects) for a key of all projects that names none. */
static sc_id scope_of(const sc_req *q) {
    bool all = !sc_id_is_set(&q->who.project_id) && !sc_req_param(q, "project_id").p;
    sc_id none = {{0}};
    return all ? none : q->project;
}

sc_rc sc_on_getSession(sc_req *q, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_str(&b, "name", sc_str_of(q->who.name));
    sc_render_str(&b, "by", q->by_session ? SC_STR("session") : SC_STR("key"));
    sc_render_scopes(&b, q->who.scopes);
    sc_render_id(&b, "project_id", &q->who.project_id);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_listKeys(sc_req *q, sc_err *err) {
    sc_id project = scope_of(q);
    sc_key *list;
    size_t n;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->key_list(s->self, &project, sc_req_arena(q), &list, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < n; i++) {
        sc_render_comma(&b);
        sc_render_key_open(&b, &list[i]);
        sc_buf_putc(&b, '}');
    }
    sc_render_list_close(&b, (int64_t)n, SC_STR_NONE);
    return sc_req_reply_buf(q, 200, &b, err);
}

static sc_rc read_scopes(const sc_req *q, unsigned *ret, sc_err *err) {
    size_t i;
    json_t *v;
    *ret = 0;
    json_array_foreach(json_object_get(q->body, "scopes"), i, v) {
        unsigned one;
        sc_rc rc = sc_key_scopes_parse(sc_str_of(json_string_value(v)), &one, err);
        if (rc) return rc;
        *ret |= one;
    }
    return SC_OK;
}

static sc_rc read_expiry(const sc_req *q, int64_t *ret, sc_err *err) {
    sc_str text = sc_req_text(q, "expires_at");
    *ret = 0;
    if (!text.p) return SC_OK;
    if (sc_time_parse(text, ret, NULL) || *ret <= sc_req_now_ms(q))
        return sc_fail_field(err, SC_UNPROCESSABLE, "expires_at", "give a time in the future");
    return SC_OK;
}

sc_rc sc_on_createKey(sc_req *q, sc_err *err) {
    bool everywhere = json_is_true(json_object_get(q->body, "all_projects"));
    if (everywhere && sc_id_is_set(&q->who.project_id))
        return sc_fail_field(err, SC_FORBIDDEN, "all_projects",
                             "a key that is bound to a project cannot make one that is not");
    unsigned scopes;
    int64_t expires;
    sc_key key;
    sc_secret secret;
    sc_rc rc = read_scopes(q, &scopes, err);
    if (!rc) rc = read_expiry(q, &expires, err);
    if (!rc)
        rc = sc_access_create_key(sc_req_app(q), everywhere ? NULL : &q->project,
                                  sc_req_text(q, "name"), scopes, expires, sc_req_arena(q), &key,
                                  &secret, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_render_key_open(&b, &key);
    sc_render_str(&b, "key", sc_str_of(secret.text));
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 201, &b, err);
}

sc_rc sc_on_revokeKey(sc_req *q, sc_err *err) {
    sc_id project = scope_of(q), id = sc_req_id(q, "id");
    sc_rc rc = sc_access_revoke_key(sc_req_app(q), &project, &id, err);
    if (!rc) sc_req_reply(q, 204, "application/json", SC_STR_NONE);
    return rc;
}
