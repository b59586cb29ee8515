#include "app/views.h"

#include "app/internal.h"
#include "base/json.h"

#define PREFIX "view."
enum { PREFIX_BYTES = sizeof PREFIX - 1, VALUE_BYTES = SC_VIEW_MAX_QUERY + 1024 };

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory for the views"); }

/* Text that outlives the JSON value it stands in. */
static bool keep(sc_arena *arena, sc_str s, sc_str *ret) {
    const char *copy = sc_arena_copy(arena, s.p, s.n);
    *ret = (sc_str){copy, s.n};
    return copy;
}

static sc_rc read_row(const sc_setting_row *row, sc_arena *arena, sc_view *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_json_parse(row->value, &v, err);
    if (rc) return rc;
    *ret = (sc_view){.id = sc_id_of(sc_json_str_at(v, "id")),
                     .name = {row->name.p + PREFIX_BYTES, row->name.n - PREFIX_BYTES},
                     .saved_at_ms = row->updated_at_ms};
    SC_AUTO(sc_buf_done) sc_buf query;
    sc_buf_init(&query, VALUE_BYTES);
    const bool kept = sc_json_dump(json_object_get(v, "query"), &query) &&
                      keep(arena, sc_buf_str(&query), &ret->query) &&
                      keep(arena, sc_json_str_at(v, "by"), &ret->by);
    return kept ? SC_OK : no_memory(err);
}

sc_rc sc_views_list(sc_app *app, const sc_id *project, sc_arena *arena, sc_view **ret,
                    size_t *ret_n, sc_err *err) {
    sc_setting_row *rows;
    size_t n;
    sc_rc rc = STORE(app)->setting_list(SELF(app), project, SC_STR(PREFIX), arena, &rows, &n, err);
    if (rc) return rc;
    sc_view *list = sc_arena_take_array(arena, n + 1, sizeof *list);
    if (!list) return no_memory(err);
    for (size_t i = 0; !rc && i < n; i++) rc = read_row(&rows[i], arena, &list[i], err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

static sc_rc put_setting(sc_app *app, const sc_id *project, sc_str view, sc_str value,
                         int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf name;
    sc_buf_init(&name, PREFIX_BYTES + SC_VIEW_MAX_NAME * 4);
    sc_buf_puts(&name, PREFIX);
    sc_buf_put_str(&name, view);
    sc_rc rc = sc_buf_check(&name, "the name", err);
    return rc ? rc
              : STORE(app)->setting_put(SELF(app), project, sc_buf_str(&name), value, now_ms, err);
}

static sc_rc write_one(sc_app *app, const sc_id *project, const sc_view *v, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf value;
    sc_buf_init(&value, VALUE_BYTES);
    sc_buf_putf(&value, "{\"id\":\"%s\",\"by\":", v->id.text);
    sc_buf_put_json(&value, v->by);
    sc_buf_puts(&value, ",\"query\":");
    sc_buf_put_str(&value, v->query);
    sc_buf_putc(&value, '}');
    sc_rc rc = sc_buf_check(&value, "the view", err);
    return rc ? rc : put_setting(app, project, v->name, sc_buf_str(&value), v->saved_at_ms, err);
}

static sc_rc query_text(const json_t *query, sc_arena *arena, sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, SC_VIEW_MAX_QUERY);
    if (!sc_json_dump(query, &text))
        return sc_fail_field(err, SC_UNPROCESSABLE, "query", "is over %d bytes long",
                             SC_VIEW_MAX_QUERY);
    return keep(arena, sc_buf_str(&text), ret) ? SC_OK : no_memory(err);
}

sc_rc sc_views_save(sc_app *app, const sc_id *project, sc_str name, const json_t *query, sc_str by,
                    sc_arena *arena, sc_view *ret, bool *ret_replaced, sc_err *err) {
    sc_view *list, view = {.id = sc_id_new(app->conf.clock),
                           .name = sc_str_trim(name),
                           .by = by,
                           .saved_at_ms = sc_now_ms(app->conf.clock)};
    size_t n, at = 0;
    if (view.name.n == 0) return sc_fail_field(err, SC_UNPROCESSABLE, "name", "must not be empty");
    sc_rc rc = query_text(query, arena, &view.query, err);
    if (!rc) rc = sc_views_list(app, project, arena, &list, &n, err);
    if (rc) return rc;
    while (at < n && !sc_str_eq(list[at].name, view.name)) at++;
    if (at < n) view.id = list[at].id;
    if (at == n && n >= SC_VIEWS_MAX)
        return sc_fail(err, SC_CONFLICT, "this project has %d views already: remove one first",
                       SC_VIEWS_MAX);
    rc = write_one(app, project, &view, err);
    if (rc) return rc;
    *ret = view;
    *ret_replaced = at < n;
    return SC_OK;
}

sc_rc sc_views_drop(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_view *list;
    size_t n;
    sc_rc rc = sc_views_list(app, project, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++)
        if (sc_id_eq(&list[i].id, id))
            return put_setting(app, project, list[i].name, SC_STR_NONE, sc_now_ms(app->conf.clock),
                               err);
    return rc ? rc : sc_fail(err, SC_NOT_FOUND, "no such view");
}
