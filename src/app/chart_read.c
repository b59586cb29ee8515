/* The map as it is asked for: the stored points, with the issues that the reports are in now. */
#include "app/chart.h"
#include "app/internal.h"
#include "base/log.h"
#include "group/visit.h"

enum { BLOB_BYTES = 256 << 20 };

sc_rc sc_chart_follow(sc_space *s, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, BLOB_BYTES);
    sc_app *app = s->app;
    sc_str blob;
    int64_t version;
    sc_rc rc = STORE(app)->chart_get(SELF(app), &s->project_id, s->chart.version, &arena, &blob,
                                     &version, err);
    if (rc || version == s->chart.version) return rc;
    sc_chart fresh;
    sc_err why = {0};
    rc = sc_chart_decode(blob, &fresh, &why);
    if (rc == SC_INVALID) { /* it is drawn anew */
        sc_log_err(SC_LOG_WARN, "map not read", &why);
        fresh = (sc_chart){.n = 0};
        rc = SC_OK;
    }
    if (rc) {
        if (err) *err = why;
        return rc;
    }
    sc_chart_done(&s->chart);
    s->chart = fresh;
    s->chart.version = version;
    return SC_OK;
}

typedef struct reading {
    const sc_chart_filter *f;
    const sc_cluster_name *names; /* by id */
    size_t n_names;
    uint32_t *seen; /* of the engine's groups: index into view->groups + 1; UINT32_MAX: filtered */
    sc_chart_view *view;
} reading;

static const sc_cluster_name *name_of(const reading *r, const sc_id *id) {
    size_t lo = 0, hi = r->n_names;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const int c = strcmp(r->names[mid].id.text, id->text);
        if (c == 0) return &r->names[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool is_asked_for(const sc_chart_filter *f, const sc_cluster_name *name) {
    return (!f->statuses || f->statuses & 1u << name->status) &&
           (!f->sources || f->sources & name->sources);
}

/* The group's row; NULL when the filter leaves it out, or it is so new that the store's list lacks it. */
static sc_chart_group *group_of(reading *r, const sc_engine *e, uint32_t g) {
    if (g == SC_VISIT_NONE || r->seen[g] == UINT32_MAX) return NULL;
    if (!r->seen[g]) {
        const sc_id id = sc_engine_group_id(e, g);
        const sc_cluster_name *name = name_of(r, &id);
        if (!name || !is_asked_for(r->f, name)) {
            r->seen[g] = UINT32_MAX;
            return NULL;
        }
        r->view->groups[r->view->n_groups++] = (sc_chart_group){
            .id = id, .title = name->title, .status = name->status, .count = name->count};
        r->seen[g] = (uint32_t)r->view->n_groups;
    }
    return &r->view->groups[r->seen[g] - 1];
}

static void take(reading *r, const sc_engine *e, const sc_chart_point *p, size_t *drawn) {
    const uint32_t slot = sc_engine_slot(e, p->key);
    sc_visit v;
    if (slot == SC_VISIT_NONE) return;
    ++*drawn;
    sc_engine_visit(e, slot, &v);
    if (v.created_ms < r->f->since_ms) return;
    sc_chart_group *g = group_of(r, e, v.group);
    if (!g) return;
    sc_chart_view *view = r->view;
    if (view->total++ >= r->f->limit) return;
    struct sc_chart_shown *shown = &view->points[view->n++];
    *shown = (struct sc_chart_shown){.x = p->x, .y = p->y, .group = (uint32_t)(g - view->groups)};
    memcpy(shown->id, p->id, sizeof shown->id);
    g->shown++;
    g->sum_x += p->x;
    g->sum_y += p->y;
}

static sc_rc read_all(reading *r, sc_space *s, sc_arena *arena, sc_err *err) {
    const sc_chart *c = &s->chart;
    const sc_engine *e = s->engine;
    sc_chart_view *v = r->view;
    const uint32_t groups = sc_engine_groups(e);
    size_t drawn = 0;
    v->points =
        sc_arena_take_array(arena, SC_MIN(r->f->limit, (size_t)c->n) + 1, sizeof *v->points);
    v->groups = sc_arena_take_array(arena, (size_t)groups + 1, sizeof *v->groups);
    r->seen = sc_arena_take_array(arena, (size_t)groups + 1, sizeof *r->seen);
    if (!v->points || !v->groups || !r->seen)
        return sc_fail(err, SC_NOMEM, "no memory for a map of %u reports", c->n);
    for (uint32_t i = c->n; i-- > 0;) take(r, e, &c->points[i], &drawn);
    v->laid_ms = c->laid_ms;
    v->undrawn = sc_engine_slots(e) - drawn;
    return SC_OK;
}

/* Nothing need be grouped for a map to be missed: a project from before there were any. */
static void ask(sc_space *s) {
    sc_err err = {0};
    atomic_store(&s->undrawn, true);
    if (sc_chart_ask(s, &err)) sc_log_err(SC_LOG_WARN, "map not asked for", &err);
}

sc_rc sc_chart_read(sc_app *app, const sc_id *project, const sc_chart_filter *f, sc_arena *arena,
                    sc_chart_view *ret, sc_err *err) {
    sc_space *s;
    sc_cluster_name *names;
    sc_chart_view view = {.draws = app->conf.tidy_ms > 0};
    reading r = {.f = f, .view = &view};
    sc_rc rc = sc_space_get(app, project, &s, err);
    if (!rc) rc = STORE(app)->cluster_names(SELF(app), project, arena, &names, &r.n_names, err);
    if (rc) return rc;
    r.names = names;
    pthread_mutex_lock(&s->chart_lock);
    rc = sc_chart_follow(s, err);
    pthread_rwlock_rdlock(&s->lock);
    if (!rc) rc = read_all(&r, s, arena, err);
    pthread_rwlock_unlock(&s->lock);
    pthread_mutex_unlock(&s->chart_lock);
    if (rc) return rc;
    *ret = view;
    if (view.undrawn) ask(s);
    return SC_OK;
}
