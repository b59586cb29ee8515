#include "app/sources.h"

#include <stdio.h>

#include "app/internal.h"
#include "base/json.h"

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory for the sources"); }

/* ---- What is missing ------------------------------------------------------------------------------ */

static sc_rc may_anybody_send(sc_app *app, const sc_id *project, sc_arena *arena, bool *ret,
                              sc_err *err) {
    sc_key *keys;
    size_t n;
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_rc rc = STORE(app)->key_list(SELF(app), NULL, arena, &keys, &n, err);
    *ret = false;
    for (size_t i = 0; !rc && i < n && !*ret; i++) {
        const sc_key *k = &keys[i];
        *ret = (!sc_id_is_set(&k->project_id) || sc_id_eq(&k->project_id, project)) &&
               !k->revoked_at_ms && (!k->expires_at_ms || k->expires_at_ms > now) &&
               sc_key_allows(k->scopes, SC_SCOPE_ingest);
    }
    return rc;
}

static sc_rc has_secret(sc_app *app, const sc_id *project, const sc_source_ops *source, bool *ret,
                        sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_settings_get(app, project, source, &v, err);
    if (rc) return rc;
    sc_settings_redact(v);
    *ret = json_is_true(json_object_get(v, "secret_set"));
    return SC_OK;
}

static sc_rc form_missing(sc_app *app, const sc_id *project, const sc_source_ops *form,
                          const char **ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_settings_get(app, project, form, &v, err);
    if (rc) return rc;
    *ret = json_is_true(json_object_get(v, "enabled"))
               ? NULL
               : "the public form is off: its settings turn it on";
    return SC_OK;
}

static sc_rc missing_of(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        bool can_send, sc_arena *arena, const char **ret, sc_err *err) {
    *ret = can_send ? NULL : "no key may send reports: make one with the scope ingest";
    if (sc_str_is(sc_str_of(source->name), "form"))
        return form_missing(app, project, source, ret, err);
    if (!source->webhook) return SC_OK;
    bool secret;
    sc_rc rc = has_secret(app, project, source, &secret, err);
    if (rc) return rc;
    *ret = secret ? NULL
                  : sc_arena_printf(arena,
                                    "no secret is set: its webhooks are refused until the settings "
                                    "of %s hold the one that it uses",
                                    source->name);
    return secret || *ret ? SC_OK : no_memory(err);
}

/* ---- The list --------------------------------------------------------------------------------------- */

static sc_rc state_of(sc_app *app, const sc_id *project, const sc_source_ops *source,
                      const sc_store_stats *stats, bool can_send, sc_arena *arena,
                      sc_source_state *ret, sc_err *err) {
    sc_feedback_source i;
    if (!sc_feedback_source_parse(sc_str_of(source->name), &i))
        return sc_fail(err, SC_INTERNAL, "the source %s has no name", source->name);
    *ret = (sc_source_state){.source = source,
                             .received = stats->by_source[i],
                             .received_24h = stats->by_source_24h[i],
                             .last_received_ms = stats->by_source_last_ms[i]};
    sc_rc rc = missing_of(app, project, source, can_send, arena, &ret->missing, err);
    return rc ? rc : sc_refusal_get(app, project, source, &ret->refused, err);
}

sc_rc sc_sources_list(sc_app *app, const sc_id *project, sc_arena *arena, sc_source_state **ret,
                      size_t *ret_n, sc_err *err) {
    const size_t n = app->conf.n_sources;
    sc_store_stats stats;
    bool can_send = false;
    sc_source_state *list = sc_arena_take_array(arena, n + 1, sizeof *list);
    if (!list) return no_memory(err);
    sc_rc rc = STORE(app)->stats(SELF(app), project, sc_now_ms(app->conf.clock), &stats, err);
    if (!rc) rc = may_anybody_send(app, project, arena, &can_send, err);
    for (size_t i = 0; !rc && i < n; i++)
        rc = state_of(app, project, app->conf.sources[i], &stats, can_send, arena, &list[i], err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

/* ---- Test reports ----------------------------------------------------------------------------------- */

static sc_rc mark(sc_feedback *f, sc_arena *arena, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_FEEDBACK_MAX_METADATA);
    sc_rc rc = sc_json_parse(f->metadata, &v, err);
    if (rc) return rc;
    if (json_object_set_new(v, "soulcaster_test", json_true()) || !sc_json_dump(v, &b))
        return no_memory(err);
    const char *text = sc_arena_copy(arena, b.p, b.n);
    f->metadata = (sc_str){text, b.n};
    return text ? SC_OK : no_memory(err);
}

static sc_rc take_plain(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        const sc_source_sample *s, sc_arena *arena, sc_source_item **ret,
                        size_t *ret_n, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *obj = NULL;
    sc_source_item *item = sc_arena_take(arena, sizeof *item);
    if (!item) return no_memory(err);
    sc_rc rc = sc_json_parse(s->body, &obj, err);
    if (!rc) rc = sc_ingest_item(app, project, source, obj, arena, item, err);
    if (rc) return rc;
    *ret = item;
    *ret_n = 1;
    return SC_OK;
}

sc_rc sc_sources_sample(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        sc_arena *arena, sc_source_item **ret, size_t *ret_n, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *settings = NULL;
    sc_source_sample s = {.n_headers = 0};
    char name[16 + SC_ID_TEXT];
    sc_source_item *items = NULL;
    size_t n = 0;
    const sc_id id = sc_id_new(app->conf.clock);
    snprintf(name, sizeof name, "test-%s", id.text);
    sc_rc rc = sc_settings_get(app, project, source, &settings, err);
    if (!rc)
        rc = source->sample(settings, sc_str_of(name), sc_now_ms(app->conf.clock), arena, &s, err);
    if (rc == SC_FORBIDDEN) { /* not the caller's doing: the source lacks its secret */
        if (err) err->rc = SC_UNPROCESSABLE;
        return SC_UNPROCESSABLE;
    }
    if (!rc && source->webhook)
        rc = sc_ingest_webhook(
            app, project, source,
            &(sc_source_request){
                .body = s.body, .headers = s.headers, .n_headers = s.n_headers, .token = s.token},
            arena, &items, &n, err);
    else if (!rc)
        rc = take_plain(app, project, source, &s, arena, &items, &n, err);
    for (size_t i = 0; !rc && i < n; i++)
        if (items[i].verdict == SC_ITEM_OK) rc = mark(&items[i].feedback, arena, err);
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}
