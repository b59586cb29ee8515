#include "sources/fields.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

static const int64_t max_ms = 253402300799999; /* 9999-12-31T23:59:59.999Z */

sc_rc sc_fields_fail(sc_fields *r, sc_rc rc, const char *at, const char *key, const char *fmt,
                     ...) {
    if (r->rc) return r->rc;
    char path[64], words[200];
    snprintf(path, sizeof path, "%s%s%s", at, *at && *key ? "." : "", key);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    return r->rc = sc_fail_field(r->err, rc, path, "%s", words);
}

sc_rc sc_fields_nomem(sc_fields *r) {
    return r->rc ? r->rc : (r->rc = sc_fail(r->err, SC_NOMEM, "no memory for this report"));
}

/* The member, or NULL when absent, null, or after a failure. */
static const json_t *get(const sc_fields *r, const json_t *obj, const char *key) {
    const json_t *v = r->rc ? NULL : json_object_get(obj, key);
    return json_is_null(v) ? NULL : v;
}

static void wrong(sc_fields *r, const char *at, const char *key, const char *wanted) {
    sc_fields_fail(r, SC_UNPROCESSABLE, at, key, "expected %s", wanted);
}

sc_str sc_fields_str(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = get(r, obj, key);
    if (json_is_string(v)) return (sc_str){json_string_value(v), json_string_length(v)};
    if (v) wrong(r, at, key, "a string");
    return SC_STR_NONE;
}

sc_str sc_fields_id(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = get(r, obj, key);
    if (json_is_string(v)) return (sc_str){json_string_value(v), json_string_length(v)};
    if (json_is_integer(v)) {
        char *text = sc_arena_printf(r->arena, "%lld", (long long)json_integer_value(v));
        if (!text) sc_fields_nomem(r);
        return sc_str_of(text);
    }
    if (v) wrong(r, at, key, "a string or a whole number");
    return SC_STR_NONE;
}

int64_t sc_fields_int(sc_fields *r, const json_t *obj, const char *at, const char *key,
                      int64_t fallback) {
    const json_t *v = get(r, obj, key);
    if (json_is_integer(v)) return json_integer_value(v);
    if (v) wrong(r, at, key, "a whole number");
    return fallback;
}

bool sc_fields_bool(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = get(r, obj, key);
    if (v && !json_is_boolean(v)) wrong(r, at, key, "true or false");
    return json_is_true(v);
}

const json_t *sc_fields_obj(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = get(r, obj, key);
    if (!v || json_is_object(v)) return v;
    wrong(r, at, key, "an object");
    return NULL;
}

const json_t *sc_fields_list(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = get(r, obj, key);
    if (!v || json_is_array(v)) return v;
    wrong(r, at, key, "an array");
    return NULL;
}

int64_t sc_fields_time(sc_fields *r, const json_t *obj, const char *at, const char *key,
                       int64_t fallback) {
    sc_str text = sc_fields_str(r, obj, at, key);
    int64_t ms;
    if (!text.p) return fallback;
    if (sc_time_parse(text, &ms, NULL)) {
        wrong(r, at, key, "an RFC 3339 time like 2026-11-21T22:44:35Z");
        return fallback;
    }
    if (ms >= 0 && ms <= max_ms) return ms;
    wrong(r, at, key, "a time in the years 1970 to 9999");
    return fallback;
}

int64_t sc_fields_epoch(sc_fields *r, const json_t *obj, const char *at, const char *key,
                        int64_t fallback) {
    const json_t *v = get(r, obj, key);
    if (!v) return fallback;
    double s = json_number_value(v);
    if (!json_is_number(v))
        wrong(r, at, key, "a number of seconds since 1970");
    else if (!(s >= 0 && s <= (double)(max_ms / 1000)))
        wrong(r, at, key, "seconds since 1970 in the years 1970 to 9999");
    else
        return (int64_t)(s * 1000 + 0.5);
    return fallback;
}
