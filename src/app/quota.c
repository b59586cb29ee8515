#include "app/quota.h"

#include <stddef.h>

#include "app/internal.h"

#define SETTING SC_STR("limits")

enum { REMEMBER_US = 2000000, FULL_RETRY_MS = 600 * 1000, DAY_MS = 86400000 };

static const struct {
    const char *name;
    size_t at;
} members[] = {
    {"requests_a_minute", offsetof(sc_quota, requests_a_minute)},
    {"max_reports", offsetof(sc_quota, max_reports)},
    {"max_fixes_a_day", offsetof(sc_quota, max_fixes_a_day)},
    {"keep_days", offsetof(sc_quota, keep_days)},
};

void sc_quotas_init(sc_quotas *c) { pthread_mutex_init(&c->lock, NULL); }

void sc_quotas_done(sc_quotas *c) { pthread_mutex_destroy(&c->lock); }

static sc_quota read_quota(const json_t *v) {
    sc_quota l = {0};
    for (size_t i = 0; i < SC_LEN(members); i++)
        *(int64_t *)(void *)((char *)&l + members[i].at) =
            json_integer_value(json_object_get(v, members[i].name));
    return l;
}

void sc_quota_write(const sc_quota *l, sc_buf *out) {
    for (size_t i = 0; i < SC_LEN(members); i++)
        sc_buf_putf(out, "%s\"%s\":%lld", i ? "," : "{", members[i].name,
                    (long long)*(const int64_t *)(const void *)((const char *)l + members[i].at));
    sc_buf_putc(out, '}');
}

/* The project's row, or the one that was read longest ago. The lock is held. */
static struct sc_quota_row *row_of(sc_quotas *c, const sc_id *project) {
    struct sc_quota_row *oldest = &c->rows[0];
    for (size_t i = 0; i < SC_QUOTAS; i++) {
        if (sc_id_eq(&c->rows[i].project, project)) return &c->rows[i];
        if (c->rows[i].until_us < oldest->until_us) oldest = &c->rows[i];
    }
    *oldest = (struct sc_quota_row){.project = *project};
    return oldest;
}

static sc_rc load(sc_app *app, const sc_id *project, sc_quota *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_str text;
    sc_arena_init(&arena, 1 << 16);
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, SETTING, &arena, &text, err);
    if (!rc && text.n) rc = sc_json_parse(text, &v, err);
    if (!rc) *ret = read_quota(v);
    return rc;
}

sc_rc sc_quota_look(sc_app *app, const sc_id *project, sc_quota *ret, sc_err *err) {
    sc_quotas *c = &app->quotas;
    int64_t now = sc_mono_us(app->conf.clock);
    pthread_mutex_lock(&c->lock);
    struct sc_quota_row *row = row_of(c, project);
    bool fresh = row->until_us > now;
    if (fresh) *ret = row->limits;
    pthread_mutex_unlock(&c->lock);
    if (fresh) return SC_OK;
    sc_quota l;
    sc_rc rc = load(app, project, &l, err);
    if (rc) return rc;
    pthread_mutex_lock(&c->lock);
    row = row_of(c, project);
    row->limits = l;
    row->until_us = now + REMEMBER_US;
    pthread_mutex_unlock(&c->lock);
    *ret = l;
    return SC_OK;
}

sc_rc sc_quota_put(sc_app *app, const sc_id *project, const json_t *v, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_quota l = read_quota(v);
    sc_buf_init(&text, 1 << 16);
    sc_quota_write(&l, &text);
    sc_rc rc = sc_buf_check(&text, "the limits", err);
    if (!rc)
        rc = STORE(app)->setting_put(SELF(app), project, SETTING, sc_buf_str(&text),
                                     sc_now_ms(app->conf.clock), err);
    if (rc) return rc;
    pthread_mutex_lock(&app->quotas.lock);
    *row_of(&app->quotas, project) = (struct sc_quota_row){.project = *project};
    pthread_mutex_unlock(&app->quotas.lock);
    return SC_OK;
}

/* ---- Quotas ------------------------------------------------------------------------------------- */

static sc_rc count(sc_app *app, const sc_id *project, int64_t now_us, sc_err *err) {
    sc_store_stats s;
    sc_rc rc = STORE(app)->stats(SELF(app), project, sc_now_ms(app->conf.clock), &s, err);
    if (rc) return rc;
    pthread_mutex_lock(&app->quotas.lock);
    struct sc_quota_row *row = row_of(&app->quotas, project);
    row->stored = s.feedback;
    row->admitted = 0;
    row->counted_until_us = now_us + REMEMBER_US;
    pthread_mutex_unlock(&app->quotas.lock);
    return SC_OK;
}

sc_rc sc_quota_reports(sc_app *app, const sc_id *project, size_t n, sc_err *err) {
    sc_quota l;
    sc_quotas *c = &app->quotas;
    int64_t now = sc_mono_us(app->conf.clock);
    sc_rc rc = sc_quota_look(app, project, &l, err);
    if (rc || !l.max_reports) return rc;
    pthread_mutex_lock(&c->lock);
    bool stale = row_of(c, project)->counted_until_us <= now;
    pthread_mutex_unlock(&c->lock);
    if (stale) rc = count(app, project, now, err);
    if (rc) return rc;
    pthread_mutex_lock(&c->lock);
    struct sc_quota_row *row = row_of(c, project);
    bool fits = row->stored + row->admitted + (int64_t)n <= l.max_reports;
    if (fits) row->admitted += (int64_t)n;
    pthread_mutex_unlock(&c->lock);
    if (fits) return SC_OK;
    atomic_fetch_add(&c->refused_reports, (int64_t)n);
    sc_fail_field(
        err, SC_LIMITED, "max_reports",
        "the project's quota of %lld stored reports is reached: raise it, remove some, or "
        "let old ones go (keep_days)",
        (long long)l.max_reports);
    if (err) err->retry_after_ms = FULL_RETRY_MS;
    return SC_LIMITED;
}

sc_rc sc_quota_fixes(sc_app *app, const sc_id *project, int64_t started, sc_err *err) {
    sc_quota l;
    sc_rc rc = sc_quota_look(app, project, &l, err);
    if (rc || !l.max_fixes_a_day || started < l.max_fixes_a_day) return rc;
    int64_t now = sc_now_ms(app->conf.clock);
    atomic_fetch_add(&app->quotas.refused_fixes, 1);
    sc_fail_field(
        err, SC_LIMITED, "max_fixes_a_day",
        "the project's quota of %lld fixes a day is reached; it begins anew at midnight UTC",
        (long long)l.max_fixes_a_day);
    if (err) err->retry_after_ms = DAY_MS - now % DAY_MS;
    return SC_LIMITED;
}
