#include "sources/plain.h"

#include "sources/shape.h"

enum { MAX_STATUS = 50, MAX_REPO = 200, MAX_STACK = 64 * 1024 };

static const char *const known[] = {
    "title", "body",   "text", "external_id",         "created_at", "url",
    "stack", "status", "repo", "github_issue_number", "metadata",
};

static const char *const names[] = {"external_id", "status", "repo"};

static bool is_known(const char *key) {
    for (size_t i = 0; i < SC_LEN(known); i++)
        if (strcmp(known[i], key) == 0) return true;
    return false;
}

static sc_str limited(sc_fields *r, const json_t *obj, const char *key, bool block, size_t max) {
    sc_str raw = sc_fields_str(r, obj, "", key);
    sc_str s = block ? sc_shape_block(r, raw) : sc_shape_line(r, raw);
    if (s.n > max)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", key, "%s is over %zu bytes long", key, max);
    return s;
}

/* What names something is taken as it is or not at all: a character dropped could make two names one. */
static void check_name(sc_fields *r, const json_t *obj, const char *key) {
    const json_t *v = json_object_get(obj, key);
    if (json_is_string(v) &&
        sc_shape_has_control((sc_str){json_string_value(v), json_string_length(v)}))
        sc_fields_fail(r, SC_UNPROCESSABLE, "", key, "%s holds a control character", key);
}

static void read_text(sc_fields *r, const json_t *obj, sc_feedback *f) {
    f->title = limited(r, obj, "title", false, SC_FEEDBACK_MAX_TITLE);
    f->body = limited(r, obj, "body", true, SC_FEEDBACK_MAX_BODY);
    sc_str text = limited(r, obj, "text", true, SC_FEEDBACK_MAX_BODY);
    if (text.n && f->body.n && !sc_str_eq(text, f->body))
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "text", "give body or text, not both");
    if (f->body.n == 0) f->body = text;
    if (f->title.n == 0 && f->body.n == 0)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "body", "give a title or a body that is not empty");
}

static void read_url(sc_fields *r, const json_t *obj, sc_feedback *f) {
    sc_str raw = sc_fields_str(r, obj, "", "url");
    f->url = sc_shape_url(r, raw);
    if (raw.n && f->url.n == 0)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "url",
                       "url must be an http or https address of at most %d bytes",
                       (int)SC_SHAPE_MAX_URL);
}

static void read_metadata(sc_fields *r, const json_t *obj, bool keep_unknown, sc_feedback *f) {
    const json_t *given = sc_fields_obj(r, obj, "", "metadata");
    SC_AUTO(sc_json_auto) json_t *meta = given ? json_copy((json_t *)given) : json_object();
    const char *key;
    json_t *v;
    /* jansson's copy leaves out what it finds no memory for. */
    bool ok = meta && json_object_size(meta) == json_object_size(given);
    if (ok && keep_unknown) {
        json_object_foreach((json_t *)obj, key, v) {
            if (is_known(key) || json_object_get(meta, key)) continue;
            ok = ok && json_object_set(meta, key, v) == 0;
        }
    }
    sc_shape_metadata(r, f, ok ? meta : NULL, "");
}

sc_rc sc_plain_item(const json_t *obj, sc_feedback_source source, bool keep_unknown, int64_t now_ms,
                    sc_arena *arena, sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_source_item item = {.feedback = {.source = source}};
    sc_feedback *f = &item.feedback;
    if (!json_is_object(obj))
        return sc_fail_field(err, SC_UNPROCESSABLE, "$", "an item is a JSON object");
    read_text(&r, obj, f);
    for (size_t i = 0; i < SC_LEN(names); i++) check_name(&r, obj, names[i]);
    sc_shape_external_id(&r, f, "", "external_id", sc_fields_id(&r, obj, "", "external_id"));
    f->created_at_ms = sc_fields_time(&r, obj, "", "created_at", now_ms);
    read_url(&r, obj, f);
    f->stack = limited(&r, obj, "stack", true, MAX_STACK);
    f->status = limited(&r, obj, "status", false, MAX_STATUS);
    f->repo = limited(&r, obj, "repo", false, MAX_REPO);
    f->issue_number = sc_fields_int(&r, obj, "", "github_issue_number", 0);
    if (f->issue_number < 0)
        sc_fields_fail(&r, SC_UNPROCESSABLE, "", "github_issue_number",
                       "an issue number is positive");
    read_metadata(&r, obj, keep_unknown, f);
    if (r.rc) return r.rc;
    *ret = item;
    return SC_OK;
}
