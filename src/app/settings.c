/* A source's settings in a project: stored as JSON, looked up for every report, changed by a person now and then.
 * So their text is remembered for two seconds, as keys are; this process's own changes count at once. */
#include <stdio.h>

#include "app/internal.h"
#include "base/json.h"

enum { REMEMBER_US = 2000000, MAX_TEXT = 64 * 1024 };

void sc_settings_cache_init(sc_settings_cache *c) { pthread_mutex_init(&c->lock, NULL); }

static void clear(sc_settings_cache *c) {
    for (size_t i = 0; i < SC_SETTINGS_CACHE; i++) {
        sc_free(c->entries[i].text);
        c->entries[i] = (sc_settings_entry){.text = NULL};
    }
}

void sc_settings_cache_done(sc_settings_cache *c) {
    clear(c);
    pthread_mutex_destroy(&c->lock);
}

static void settings_name(const sc_source_ops *source, char ret[64]) {
    snprintf(ret, 64, "source.%s", source->name);
}

static sc_rc read_text(sc_app *app, const sc_id *project, const sc_source_ops *source,
                       sc_arena *arena, sc_str *ret, sc_err *err) {
    char name[64];
    settings_name(source, name);
    return STORE(app)->setting_get(SELF(app), project, sc_str_of(name), arena, ret, err);
}

/* The remembered text into the arena (none: unset). False when it is not remembered, or memory is short. */
static bool remembered(sc_app *app, const sc_id *project, const sc_source_ops *source,
                       sc_arena *arena, sc_str *ret) {
    sc_settings_cache *c = &app->settings;
    int64_t now = sc_mono_us(app->conf.clock);
    bool hit = false;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < SC_SETTINGS_CACHE && !hit; i++) {
        const sc_settings_entry *e = &c->entries[i];
        if (e->source != source || e->until_us <= now || !sc_id_eq(&e->project, project)) continue;
        size_t n = strlen(e->text);
        char *copy = n ? sc_arena_copy(arena, e->text, n) : NULL;
        *ret = copy ? (sc_str){copy, n} : SC_STR_NONE;
        hit = copy || !n;
    }
    pthread_mutex_unlock(&c->lock);
    return hit;
}

static void remember(sc_app *app, const sc_id *project, const sc_source_ops *source, sc_str text) {
    char *copy = sc_alloc(text.n + 1);
    if (!copy) return; /* it is read again the next time */
    if (text.n) memcpy(copy, text.p, text.n);
    sc_settings_cache *c = &app->settings;
    pthread_mutex_lock(&c->lock);
    size_t oldest = 0;
    for (size_t i = 1; i < SC_SETTINGS_CACHE; i++)
        if (c->entries[i].until_us < c->entries[oldest].until_us) oldest = i;
    sc_settings_entry *e = &c->entries[oldest];
    sc_free(e->text);
    *e = (sc_settings_entry){.project = *project,
                             .source = source,
                             .until_us = sc_mono_us(app->conf.clock) + REMEMBER_US,
                             .text = copy};
    pthread_mutex_unlock(&c->lock);
}

sc_rc sc_settings_look(sc_app *app, const sc_id *project, const sc_source_ops *source, json_t **ret,
                       sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_str text = SC_STR_NONE;
    *ret = NULL;
    if (!remembered(app, project, source, &arena, &text)) {
        sc_rc rc = read_text(app, project, source, &arena, &text, err);
        if (rc) return rc;
        remember(app, project, source, text);
    }
    return text.n ? sc_json_parse(text, ret, err) : SC_OK;
}

sc_rc sc_settings_get(sc_app *app, const sc_id *project, const sc_source_ops *source, json_t **ret,
                      sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_str text;
    sc_rc rc = read_text(app, project, source, &arena, &text, err);
    if (rc) return rc;
    if (text.n) return sc_json_parse(text, ret, err);
    *ret = json_object();
    return *ret ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the settings");
}

sc_rc sc_settings_put(sc_app *app, const sc_id *project, const sc_source_ops *source,
                      const json_t *v, sc_err *err) {
    sc_rc rc = source->check_settings ? source->check_settings(v, err) : SC_OK;
    if (rc) return rc;
    char name[64];
    settings_name(source, name);
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, MAX_TEXT);
    if (!sc_json_dump(v, &text)) return sc_fail(err, SC_TOO_LARGE, "the settings are over 64 KiB");
    rc = STORE(app)->setting_put(SELF(app), project, sc_str_of(name), sc_buf_str(&text),
                                 sc_now_ms(app->conf.clock), err);
    pthread_mutex_lock(&app->settings.lock);
    clear(&app->settings);
    pthread_mutex_unlock(&app->settings.lock);
    return rc;
}

void sc_settings_redact(json_t *v) {
    bool set = json_object_get(v, "secret") || json_array_size(json_object_get(v, "secrets"));
    json_object_del(v, "secret");
    json_object_del(v, "secrets");
    json_object_set_new(v, "secret_set", json_boolean(set));
}
