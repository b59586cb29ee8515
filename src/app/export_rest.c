/* Settings, and by name what does not travel. */
#include "app/export.h"

enum { MAX_ARENA = 256 << 20 };

static sc_rc put_behind(sc_exporter *x, const char *what, const sc_id *project, sc_str name,
                        sc_err *err) {
    sc_buf_putf(&x->line, "{\"kind\":\"%s\"", what);
    if (project) sc_export_id(&x->line, "project_id", project);
    sc_export_str(&x->line, "name", name);
    sc_buf_putc(&x->line, '}');
    return sc_export_line(x, err);
}

/* Takes secrets out; true when there were some. */
static bool strip(json_t *v) {
    bool had = json_object_get(v, "secret") || json_array_size(json_object_get(v, "secrets"));
    json_object_del(v, "secret");
    json_object_del(v, "secrets");
    return had;
}

static sc_rc put_setting(sc_exporter *x, const sc_id *project, const sc_setting_row *row,
                         sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (!sc_transfer_setting(row->name)) return SC_OK;
    sc_rc rc = sc_json_parse(row->value, &v, err);
    if (rc) return sc_wrap(err, "setting %.*s", SC_FMT(row->name));
    bool secret = sc_str_starts(row->name, "source.") && strip(v);
    sc_buf *b = &x->line;
    sc_buf_puts(b, "{\"kind\":\"setting\"");
    if (project) sc_export_id(b, "project_id", project);
    sc_export_str(b, "name", row->name);
    sc_buf_puts(b, ",\"value\":");
    sc_json_dump(v, b);
    sc_export_int(b, "updated_at_ms", row->updated_at_ms);
    sc_buf_putc(b, '}');
    x->counts->settings++;
    rc = sc_export_line(x, err);
    return rc || !secret ? rc : put_behind(x, "secret", project, row->name, err);
}

sc_rc sc_export_settings(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    sc_setting_row *rows;
    size_t n;
    sc_rc rc =
        STORE(x->app)->setting_list(SELF(x->app), project, SC_STR_NONE, &arena, &rows, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_setting(x, project, &rows[i], err);
    return rc;
}

sc_rc sc_export_keys(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    sc_key *list;
    size_t n;
    sc_rc rc = STORE(x->app)->key_list(SELF(x->app), project, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        const sc_id *of = sc_id_is_set(&list[i].project_id) ? &list[i].project_id : NULL;
        if (!list[i].revoked_at_ms && sc_export_has_project(x, &list[i].project_id))
            rc = put_behind(x, "key", of, list[i].name, err);
    }
    return rc;
}
