#include "sources/settings.h"

#include <stdio.h>

#include "base/json.h"
#include "sources/hmac.h"

enum { MIN_SECRET = 8, MAX_SECRET = 1024, MAX_NAMES = 100, MAX_NAME = 200 };

static sc_str text_of(const json_t *v) {
    return json_is_string(v) ? (sc_str){json_string_value(v), json_string_length(v)} : SC_STR_NONE;
}

int sc_settings_choice(const char *choices, sc_str value) {
    sc_str rest = sc_str_of(choices), part;
    for (int i = 0; sc_str_next(&rest, '|', &part); i++)
        if (sc_str_ieq(part, value)) return i;
    return -1;
}

/* The words never hold the value: it may be a secret. */
static const char *wrong_secret(const json_t *v) {
    sc_str s = text_of(v);
    if (!json_is_string(v)) return "a secret is a string";
    if (s.n < MIN_SECRET) return "a secret has at least 8 bytes";
    if (s.n > MAX_SECRET) return "a secret has at most 1024 bytes";
    if (sc_str_trim(s).n != s.n) return "a secret has no white space at its ends";
    return NULL;
}

static const char *wrong_name(const json_t *v) {
    sc_str s = text_of(v);
    if (!json_is_string(v)) return "expected a string";
    if (sc_str_trim(s).n == 0) return "a name is not empty";
    return s.n > MAX_NAME ? "a name has at most 200 bytes" : NULL;
}

static const char *wrong_one(const sc_setting *row, const json_t *v) {
    switch (row->type) {
    case SC_SETTING_SECRET:
    case SC_SETTING_SECRETS: return wrong_secret(v);
    case SC_SETTING_BOOL: return json_is_boolean(v) ? NULL : "expected true or false";
    case SC_SETTING_INT: return json_is_integer(v) ? NULL : "expected a whole number";
    case SC_SETTING_NAMES: return wrong_name(v);
    case SC_SETTING_CHOICE:
    case SC_SETTING_CHOICES:
        if (!json_is_string(v)) return "expected a string";
        return sc_settings_choice(row->choices, text_of(v)) < 0 ? "not one of the choices" : NULL;
    }
    return "unknown type";
}

static sc_rc say(const sc_setting *row, const char *field, const char *why, sc_err *err) {
    if (row->choices)
        return sc_fail_field(err, SC_UNPROCESSABLE, field, "%s: %s (%s)", field, why, row->choices);
    return sc_fail_field(err, SC_UNPROCESSABLE, field, "%s: %s", field, why);
}

static sc_rc check(const sc_setting *row, const json_t *v, sc_err *err) {
    bool list = row->type == SC_SETTING_SECRETS || row->type == SC_SETTING_NAMES ||
                row->type == SC_SETTING_CHOICES;
    const char *why = NULL;
    if (!list) {
        why = wrong_one(row, v);
        return why ? say(row, row->key, why, err) : SC_OK;
    }
    if (!json_is_array(v)) return say(row, row->key, "expected a list", err);
    size_t max = row->type == SC_SETTING_SECRETS ? (size_t)SC_HMAC_MAX_SECRETS : (size_t)MAX_NAMES;
    if (json_array_size(v) > max) return say(row, row->key, "the list is too long", err);
    for (size_t i = 0; i < json_array_size(v); i++) {
        char field[64];
        snprintf(field, sizeof field, "%s[%zu]", row->key, i);
        why = wrong_one(row, json_array_get(v, i));
        if (why) return say(row, field, why, err);
    }
    return SC_OK;
}

sc_rc sc_settings_check(const sc_setting *rows, size_t n_rows, const json_t *settings,
                        sc_err *err) {
    const char *key;
    json_t *v;
    if (!settings || json_is_null(settings)) return SC_OK;
    if (!json_is_object(settings))
        return sc_fail_field(err, SC_UNPROCESSABLE, "$", "settings are a JSON object");
    json_object_foreach((json_t *)settings, key, v) {
        size_t i = 0;
        while (i < n_rows && strcmp(rows[i].key, key) != 0) i++;
        if (i == n_rows)
            return sc_fail_field(err, SC_UNPROCESSABLE, key, "this source has no setting \"%.60s\"",
                                 key);
        sc_rc rc = json_is_null(v) ? SC_OK : check(&rows[i], v, err);
        if (rc) return rc;
    }
    return SC_OK;
}

bool sc_settings_bool(const json_t *settings, const char *key, bool fallback) {
    const json_t *v = json_object_get(settings, key);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

int64_t sc_settings_int(const json_t *settings, const char *key, int64_t fallback) {
    const json_t *v = json_object_get(settings, key);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

sc_str sc_settings_str(const json_t *settings, const char *key) {
    return text_of(json_object_get(settings, key));
}

bool sc_settings_has_list(const json_t *settings, const char *key) {
    return json_array_size(json_object_get(settings, key)) > 0;
}

bool sc_settings_lists(const json_t *settings, const char *key, sc_str value) {
    const json_t *list = json_object_get(settings, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        if (json_is_string(v) && sc_str_ieq(sc_str_trim(text_of(v)), value)) return true;
    }
    return false;
}
