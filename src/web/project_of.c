#include "web/project_of.h"

enum { FALLBACK_US = 2000000 };

void sc_projects_init(sc_projects *p) { pthread_rwlock_init(&p->lock, NULL); }

void sc_projects_done(sc_projects *p) { pthread_rwlock_destroy(&p->lock); }

static bool remembered(sc_projects *p, sc_str named, sc_id *ret) {
    bool hit = false;
    pthread_rwlock_rdlock(&p->lock);
    for (size_t i = 0; i < SC_PROJECTS_CACHE && !hit; i++)
        if (p->entries[i].name[0] && sc_str_is(named, p->entries[i].name)) {
            *ret = p->entries[i].id;
            hit = true;
        }
    pthread_rwlock_unlock(&p->lock);
    return hit;
}

static void remember(sc_projects *p, sc_str named, const sc_id *id) {
    if (named.n >= sizeof p->entries[0].name) return;
    pthread_rwlock_wrlock(&p->lock);
    size_t i = p->next++ % SC_PROJECTS_CACHE;
    memcpy(p->entries[i].name, named.p, named.n);
    p->entries[i].name[named.n] = 0;
    p->entries[i].id = *id;
    pthread_rwlock_unlock(&p->lock);
}

static sc_rc unknown(sc_err *err) {
    return sc_fail_field(err, SC_NOT_FOUND, "project_id", "there is no such project");
}

static sc_rc by_name(sc_projects *p, sc_app *app, sc_str named, sc_id *ret, sc_err *err) {
    if (remembered(p, named, ret)) return SC_OK;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_project found;
    const sc_store *s = sc_app_store(app);
    sc_rc rc = s->ops->project_get(s->self, named, &arena, &found, err);
    if (rc == SC_NOT_FOUND) return unknown(err);
    if (rc) return rc;
    remember(p, named, &found.id);
    *ret = found.id;
    return SC_OK;
}

static sc_rc fallback(sc_projects *p, sc_app *app, sc_id *ret, sc_err *err) {
    int64_t now = sc_mono_us(sc_app_clock(app));
    pthread_rwlock_rdlock(&p->lock);
    bool fresh = p->fallback_until_us > now;
    if (fresh) *ret = p->fallback;
    pthread_rwlock_unlock(&p->lock);
    if (fresh) return SC_OK;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_project *list = NULL;
    size_t n = 0;
    const sc_store *s = sc_app_store(app);
    sc_rc rc = s->ops->project_list(s->self, &arena, &list, &n, err);
    if (rc) return rc;
    const sc_project *meant = list && n == 1 ? list : NULL;
    for (size_t i = 0; list && !meant && i < n; i++)
        if (sc_str_is(list[i].name, "default")) meant = &list[i];
    if (!meant)
        return sc_fail_field(err, SC_INVALID, "project_id", "there are several projects: name one");
    pthread_rwlock_wrlock(&p->lock);
    p->fallback = meant->id;
    p->fallback_until_us = now + FALLBACK_US;
    pthread_rwlock_unlock(&p->lock);
    *ret = meant->id;
    return SC_OK;
}

sc_rc sc_projects_resolve(sc_projects *p, sc_app *app, const sc_id *bound_to, sc_str named,
                          sc_id *ret, sc_err *err) {
    bool bound = sc_id_is_set(bound_to);
    if (!named.p || (bound && sc_str_is(named, bound_to->text))) {
        if (!bound) return fallback(p, app, ret, err);
        *ret = *bound_to;
        return SC_OK;
    }
    sc_id found;
    sc_rc rc = by_name(p, app, named, &found, err);
    if (rc) return rc;
    if (bound && !sc_id_eq(&found, bound_to)) return unknown(err);
    *ret = found;
    return SC_OK;
}
