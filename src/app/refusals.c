#include "app/refusals.h"

#include <stdio.h>

#include "app/internal.h"
#include "base/json.h"

void sc_refusals_init(sc_refusals *r) { pthread_mutex_init(&r->lock, NULL); }

void sc_refusals_done(sc_refusals *r) { pthread_mutex_destroy(&r->lock); }

/* Its entry, else a free one, else the oldest; `lock` held. */
static sc_refusal_entry *entry_of(sc_refusals *r, const sc_id *project,
                                  const sc_source_ops *source) {
    sc_refusal_entry *oldest = &r->entries[0];
    for (size_t i = 0; i < SC_REFUSALS; i++) {
        sc_refusal_entry *e = &r->entries[i];
        if (e->source == source && sc_id_eq(&e->project, project)) return e;
        if (e->last.at_ms < oldest->last.at_ms) oldest = e;
    }
    return oldest;
}

void sc_refusal_note(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     const sc_err *why) {
    sc_refusals *r = &app->refusals;
    pthread_mutex_lock(&r->lock);
    sc_refusal_entry *e = entry_of(r, project, source);
    *e = (sc_refusal_entry){.project = *project,
                            .source = source,
                            .last = {.at_ms = sc_now_ms(app->conf.clock), .rc = why->rc}};
    snprintf(e->last.detail, sizeof e->last.detail, "%s", why->msg);
    pthread_mutex_unlock(&r->lock);
}

static void setting_name(const sc_source_ops *source, char ret[64]) {
    snprintf(ret, 64, "refused.%s", source->name);
}

static sc_rc read_stored(sc_app *app, const sc_id *project, const sc_source_ops *source,
                         sc_refusal *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    char name[64];
    sc_str text;
    int64_t rc_stored = 0;
    sc_arena_init(&arena, 1 << 20);
    setting_name(source, name);
    *ret = (sc_refusal){.at_ms = 0};
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, sc_str_of(name), &arena, &text, err);
    if (rc || !text.n) return rc;
    rc = sc_json_parse(text, &v, err);
    if (!rc) rc = sc_json_int(v, "at_ms", 0, &ret->at_ms, err);
    if (!rc) rc = sc_json_int(v, "rc", SC_INTERNAL, &rc_stored, err);
    if (rc) return rc;
    ret->rc = (sc_rc)rc_stored;
    snprintf(ret->detail, sizeof ret->detail, "%.*s", SC_FMT(sc_json_str_at(v, "detail")));
    return SC_OK;
}

sc_rc sc_refusal_get(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     sc_refusal *ret, sc_err *err) {
    sc_refusal here;
    sc_rc rc = read_stored(app, project, source, &here, err);
    if (rc) return rc;
    pthread_mutex_lock(&app->refusals.lock);
    for (size_t i = 0; i < SC_REFUSALS; i++) {
        const sc_refusal_entry *e = &app->refusals.entries[i];
        if (e->source == source && sc_id_eq(&e->project, project) && e->last.at_ms >= here.at_ms)
            here = e->last;
    }
    pthread_mutex_unlock(&app->refusals.lock);
    *ret = here;
    return SC_OK;
}

static sc_rc store_one(sc_app *app, const sc_refusal_entry *e, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    char name[64];
    sc_buf_init(&b, 4096);
    setting_name(e->source, name);
    sc_buf_putf(&b, "{\"at_ms\":%lld,\"rc\":%d,\"detail\":", (long long)e->last.at_ms,
                (int)e->last.rc);
    sc_buf_put_json(&b, sc_str_of(e->last.detail));
    sc_buf_putc(&b, '}');
    sc_rc rc = sc_buf_check(&b, "the refusal", err);
    return rc ? rc
              : STORE(app)->setting_put(SELF(app), &e->project, sc_str_of(name), sc_buf_str(&b),
                                        sc_now_ms(app->conf.clock), err);
}

sc_rc sc_refusals_store(sc_app *app, sc_err *err) {
    sc_refusals *r = &app->refusals;
    sc_rc first = SC_OK;
    for (size_t i = 0; i < SC_REFUSALS; i++) {
        pthread_mutex_lock(&r->lock);
        const sc_refusal_entry e = r->entries[i];
        r->entries[i].stored = true;
        pthread_mutex_unlock(&r->lock);
        if (!e.source || e.stored) continue;
        sc_rc rc = store_one(app, &e, err);
        if (!rc) continue;
        if (!first) first = rc;
        pthread_mutex_lock(&r->lock);
        r->entries[i].stored = false;
        pthread_mutex_unlock(&r->lock);
    }
    return first;
}
