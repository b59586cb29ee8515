/* form: what people write into the public form of a project (web/form.c). Opt-in: nothing is served before
 * the project's settings say so. */
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"

enum { MAX_ORIGINS = 20 };

static const sc_setting rows[] = {
    {"enabled", SC_SETTING_BOOL, NULL, "serve the form at /f/{project} (default false)"},
    {"origins", SC_SETTING_NAMES, NULL,
     "pages that may show the form inside themselves, as https://www.example.com; the widget needs "
     "it"},
    {"ask_contact", SC_SETTING_BOOL, NULL,
     "ask how to answer; what is given stands in the report's metadata (default false)"},
};

/* A scheme, a host, maybe a port. It becomes part of a header, so each character counts. */
static bool is_origin(sc_str s) {
    const size_t at = sc_str_starts(s, "https://") ? 8 : sc_str_starts(s, "http://") ? 7 : 0;
    if (!at || s.n == at) return false;
    for (size_t i = at; i < s.n; i++) {
        const char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == ':'))
            return false;
    }
    return true;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    const json_t *origins = json_object_get(settings, "origins");
    size_t i;
    const json_t *v;
    sc_rc rc = sc_settings_check(rows, SC_LEN(rows), settings, err);
    if (rc) return rc;
    if (json_array_size(origins) > MAX_ORIGINS)
        return sc_fail_field(err, SC_UNPROCESSABLE, "origins", "origins: at most %d", MAX_ORIGINS);
    json_array_foreach((json_t *)origins, i, v) {
        if (!is_origin((sc_str){json_string_value(v), json_string_length(v)}))
            return sc_fail_field(err, SC_UNPROCESSABLE, "origins",
                                 "origins: give each as https://www.example.com, without a path");
    }
    return SC_OK;
}

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    (void)settings;
    return sc_plain_item(obj, SC_SOURCE_form, false, now_ms, arena, ret, err);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    if (!sc_settings_bool(settings, "enabled", false))
        return sc_fail(err, SC_FORBIDDEN, "the public form is off: its settings turn it on");
    return sc_sample_plain(settings, mark, now_ms, arena, ret, err);
}

const sc_source_ops sc_source_form = {
    .name = "form",
    .summary = "The public feedback form, and the widget that shows it in any page.",
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
