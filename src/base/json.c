#include "base/json.h"

#include <stdio.h>

#include "base/json_read.h"

/* jansson 2.14 takes a failed allocation inside a string for a syntax error, or drops characters: so
 * each failure is noted here and looked at when it returns. */
static _Thread_local bool out_of_memory;

static void *noting_alloc(size_t n) {
    void *p = sc_realloc(NULL, n); /* not zeroed */
    if (!p) out_of_memory = true;
    return p;
}

void sc_json_setup(void) {
    json_set_alloc_funcs(noting_alloc, sc_free);
    json_object_seed(0);
}

/* jansson's own limit is 2048 levels, at compile time; ours is checked before it recurses. */
static bool too_deep(sc_str t) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > SC_JSON_MAX_DEPTH) return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

static sc_rc parse_any(sc_str text, json_t **ret, sc_err *err) {
    if (too_deep(text))
        return sc_fail(err, SC_INVALID, "the JSON is nested over %d levels deep",
                       SC_JSON_MAX_DEPTH);
    json_error_t e;
    json_t *v =
        json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (out_of_memory || (!v && json_error_code(&e) == json_error_out_of_memory)) {
        json_decref(v);
        return sc_fail(err, SC_NOMEM, "no memory to read the JSON");
    }
    if (!v)
        return sc_fail(err, SC_INVALID, "not valid JSON: %.120s (line %d, column %d)", e.text,
                       e.line, e.column);
    *ret = v;
    return SC_OK;
}

sc_rc sc_json_parse(sc_str text, json_t **ret, sc_err *err) {
    out_of_memory = false;
    json_t *v = sc_json_read_plain(text, SC_JSON_MAX_DEPTH);
    if (!v && out_of_memory) return sc_fail(err, SC_NOMEM, "no memory to read the JSON");
    if (!v) return parse_any(text, ret, err);
    *ret = v;
    return SC_OK;
}

void sc_json_auto(json_t **v) { json_decref(*v); }

sc_rc sc_json_str(const json_t *obj, const char *key, sc_str *ret, sc_err *err) {
    const json_t *v = json_object_get(obj, key);
    *ret = SC_STR_NONE;
    if (!v || json_is_null(v)) return SC_OK;
    if (!json_is_string(v)) return sc_fail_field(err, SC_INVALID, key, "expected a string");
    *ret = (sc_str){json_string_value(v), json_string_length(v)};
    return SC_OK;
}

sc_rc sc_json_int(const json_t *obj, const char *key, int64_t fallback, int64_t *ret, sc_err *err) {
    const json_t *v = json_object_get(obj, key);
    *ret = fallback;
    if (!v || json_is_null(v)) return SC_OK;
    if (!json_is_integer(v)) return sc_fail_field(err, SC_INVALID, key, "expected a whole number");
    *ret = json_integer_value(v);
    return SC_OK;
}

sc_rc sc_json_bool(const json_t *obj, const char *key, bool fallback, bool *ret, sc_err *err) {
    const json_t *v = json_object_get(obj, key);
    *ret = fallback;
    if (!v || json_is_null(v)) return SC_OK;
    if (!json_is_boolean(v)) return sc_fail_field(err, SC_INVALID, key, "expected true or false");
    *ret = json_is_true(v);
    return SC_OK;
}

const json_t *sc_json_at(const json_t *root, const char *path) {
    const json_t *v = root;
    while (v && *path) {
        size_t n = strcspn(path, ".");
        char key[64];
        if (n >= sizeof key) return NULL;
        memcpy(key, path, n);
        key[n] = 0;
        int64_t index;
        if (json_is_array(v))
            v = sc_num_i64((sc_str){key, n}, 0, 1 << 20, &index, NULL)
                    ? NULL
                    : json_array_get(v, (size_t)index);
        else
            v = json_object_get(v, key);
        path += n + (path[n] == '.');
    }
    return v;
}

sc_str sc_json_str_at(const json_t *root, const char *path) {
    const json_t *v = sc_json_at(root, path);
    return json_is_string(v) ? (sc_str){json_string_value(v), json_string_length(v)} : SC_STR_NONE;
}

static int to_buf(const char *p, size_t n, void *out) { return sc_buf_put(out, p, n) ? 0 : -1; }

bool sc_json_dump(const json_t *v, sc_buf *out) {
    out_of_memory = false;
    int failed = json_dump_callback(v, to_buf, out, JSON_COMPACT | JSON_ENCODE_ANY);
    if (out_of_memory) out->failed = out->no_memory = true;
    return !failed && !out->failed;
}

bool sc_json_set_str(json_t *obj, const char *key, sc_str s) {
    return json_object_set_new(obj, key, json_stringn(s.p ? s.p : "", s.n)) == 0;
}
