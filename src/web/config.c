/* A source's settings in a project. */
#include "app/ingest.h"
#include "web/handlers.h"

static sc_rc source_of(const sc_req *q, const sc_source_ops **ret, sc_err *err) {
    *ret = sc_app_source(sc_req_app(q), sc_req_param(q, "source"));
    return *ret ? SC_OK
                : sc_fail_field(err, SC_NOT_FOUND, "source", "this server has no such source");
}

static sc_rc reply_settings(sc_req *q, const sc_source_ops *source, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_settings_get(sc_req_app(q), &q->project, source, &v, err);
    if (rc) return rc;
    sc_settings_redact(v);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    if (!sc_json_dump(v, &b)) return sc_fail(err, SC_NOMEM, "no memory for the settings");
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_getConfig(sc_req *q, sc_err *err) {
    const sc_source_ops *source;
    sc_rc rc = source_of(q, &source, err);
    return rc ? rc : reply_settings(q, source, err);
}

/* What GET answered may be changed and sent back: "secret_set": true then stands for the secrets. */
static sc_rc keep_secrets(sc_req *q, const sc_source_ops *source, json_t *v, sc_err *err) {
    bool keep = json_is_true(json_object_get(v, "secret_set"));
    json_object_del(v, "secret_set");
    if (!keep || json_object_get(v, "secret") || json_object_get(v, "secrets")) return SC_OK;
    SC_AUTO(sc_json_auto) json_t *old = NULL;
    sc_rc rc = sc_settings_get(sc_req_app(q), &q->project, source, &old, err);
    static const char *const names[] = {"secret", "secrets"};
    for (size_t i = 0; !rc && i < SC_LEN(names); i++) {
        json_t *kept = json_object_get(old, names[i]);
        if (kept && json_object_set(v, names[i], kept)) rc = sc_fail(err, SC_NOMEM, "no memory");
    }
    return rc;
}

sc_rc sc_on_putConfig(sc_req *q, sc_err *err) {
    const sc_source_ops *source;
    sc_rc rc = source_of(q, &source, err);
    if (!rc) rc = keep_secrets(q, source, q->body, err);
    if (!rc) rc = sc_settings_put(sc_req_app(q), &q->project, source, q->body, err);
    return rc ? rc : reply_settings(q, source, err);
}
