#include "app/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/internal.h"
#include "app/tidy.h"
#include "base/log.h"
#include "group/visit.h"
#include "layout/knn.h"
#include "layout/layout.h"

enum {
    ANEW_SHARE = 4, /* one in so many came or went since: all is laid out anew */
    SLICE_MS = 1000,
    PATIENCE = 20, /* times conf.tidy_ms, as in tidy.c */
    BATCHES = 8,   /* of SC_KNN_BATCH new points a step */
};
#define EXTENT 20000.0 /* of a first picture, from the middle to its edge */

/* A report as it was when the work began. */
typedef struct drawn {
    int64_t key;
    unsigned char id[16];
    sc_point at;
    uint8_t flags;
    bool placed;
} drawn;

/* Work under way. */
struct sc_chart_work {
    sc_layout *layout;   /* NULL: only new points are placed */
    sc_layout_base base; /* where they are placed; its arrays are ours without a layout */
    int8_t *base_vecs;
    sc_point *base_points;
    uint32_t *base_of; /* of the layout's points: index into items */
    bool laid;         /* the layout is done */
    drawn *items;      /* by key */
    uint32_t n, next;
    uint16_t dim;
    int32_t *dots;
    int8_t *vecs; /* of the batch that is placed */
    sc_fit fit;   /* from the layout's plane to the chart's */
    float old_unit;
    int64_t old_laid_ms; /* 0: nothing was drawn */
    char model[200];
};

static void work_free(struct sc_chart_work *w) {
    if (!w) return;
    sc_layout_free(w->layout);
    sc_free(w->base_vecs);
    sc_free(w->base_points);
    sc_free(w->base_of);
    sc_free(w->items);
    sc_free(w->dots);
    sc_free(w->vecs);
    sc_free(w);
}

void sc_chart_forget(sc_space *s) {
    work_free(s->chart_work);
    s->chart_work = NULL;
    sc_chart_done(&s->chart);
}

sc_rc sc_chart_ask(sc_space *s, sc_err *err) {
    sc_app *app = s->app;
    const int64_t now = sc_now_ms(app->conf.clock);
    if (!app->conf.tidy_ms || !atomic_load(&s->undrawn) || atomic_load(&s->chart_asked))
        return SC_OK;
    sc_rc rc = sc_work_ask(app, "chart", &s->project_id, SC_STR_NONE,
                           now + SC_MAX(sc_tidy_until_quiet_ms(s), (int64_t)0), err);
    atomic_store(&s->chart_asked, rc == SC_OK);
    return rc;
}

/* ---- The beginning: which reports, and what is to be done with them ------------------------------------ */

static int by_key(const void *a, const void *b) {
    const drawn *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory to draw the map"); }

/* What the engine knows, in the order of the keys. */
static sc_rc list_items(sc_space *s, struct sc_chart_work *w, sc_err *err) {
    pthread_rwlock_rdlock(&s->lock);
    const uint32_t n = sc_engine_slots(s->engine);
    w->dim = sc_engine_dim(s->engine);
    snprintf(w->model, sizeof w->model, "%s", s->lens->model);
    w->items = sc_alloc_array((size_t)n + 1, sizeof *w->items);
    for (uint32_t i = 0; w->items && i < n; i++) {
        sc_visit v;
        sc_engine_visit(s->engine, i, &v);
        if (v.group != SC_VISIT_NONE) w->items[w->n++].key = v.key;
    }
    pthread_rwlock_unlock(&s->lock);
    if (!w->items) return no_memory(err);
    qsort(w->items, w->n, sizeof *w->items, by_key);
    return SC_OK;
}

/* Takes over what is drawn already. *ret_anew: all is to be laid out. */
static void take_old(const sc_chart *c, struct sc_chart_work *w, bool *ret_anew) {
    uint32_t laid = 0, still = 0, since = 0;
    w->old_unit = c->unit;
    w->old_laid_ms = c->laid_ms;
    for (uint32_t i = 0; i < c->n; i++) laid += (c->points[i].flags & SC_CHART_LAID) != 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const sc_chart_point *p = sc_chart_find(c, w->items[i].key);
        if (p) {
            w->items[i].at = (sc_point){p->x, p->y};
            w->items[i].flags = p->flags;
            w->items[i].placed = true;
            memcpy(w->items[i].id, p->id, sizeof p->id);
        }
        if (p && p->flags & SC_CHART_LAID)
            still++;
        else
            since++;
    }
    *ret_anew = !laid || strcmp(c->model, w->model) != 0 ||
                (uint64_t)(since + laid - still) * ANEW_SHARE > laid;
}

static uint64_t rank_of(const drawn *d) { return sc_hash64(&d->key, sizeof d->key, 7); }

static int by_rank(const void *a, const void *b) {
    const uint64_t x = rank_of(a), y = rank_of(b);
    return x != y ? (x > y) - (x < y) : by_key(a, b);
}

/* The layout's points: all, or those whose numbers hash lowest, so that nearly the same are taken every time. */
static void choose_base(struct sc_chart_work *w) {
    const uint32_t n = SC_MIN(w->n, (uint32_t)SC_CHART_BASE_MAX);
    if (n < w->n) qsort(w->items, w->n, sizeof *w->items, by_rank);
    for (uint32_t i = 0; i < w->n; i++)
        w->items[i].flags = i < n ? SC_CHART_LAID | SC_CHART_BASE : SC_CHART_LAID;
    if (n < w->n) qsort(w->items, w->n, sizeof *w->items, by_key);
}

/* Vectors and groups of the base as they are now. A report that has gone since the list was made is left out. */
static uint32_t read_base(sc_space *s, struct sc_chart_work *w, int8_t *vecs, uint32_t *groups) {
    uint32_t n = 0;
    pthread_rwlock_rdlock(&s->lock);
    const bool same = sc_engine_dim(s->engine) == w->dim;
    for (uint32_t i = 0; same && i < w->n; i++) {
        if (!(w->items[i].flags & SC_CHART_BASE)) continue;
        const uint32_t slot = sc_engine_slot(s->engine, w->items[i].key);
        sc_visit v;
        if (slot == SC_VISIT_NONE) continue;
        sc_engine_visit(s->engine, slot, &v);
        memcpy(vecs + (size_t)n * w->dim, v.vec, w->dim);
        if (groups) groups[n] = v.group;
        w->base_of[n++] = i;
    }
    pthread_rwlock_unlock(&s->lock);
    return n;
}

static uint32_t count_base(const struct sc_chart_work *w) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) n += (w->items[i].flags & SC_CHART_BASE) != 0;
    return n;
}

/* Where the base was, in the layout's own units; NULL when fewer than half of it had a place. */
static sc_point *old_places(const struct sc_chart_work *w, uint32_t n, float unit) {
    uint32_t known = 0;
    sc_point *at = sc_alloc_array((size_t)n + 1, sizeof *at);
    for (uint32_t i = 0; at && i < n; i++) {
        const drawn *d = &w->items[w->base_of[i]];
        at[i] = d->placed ? (sc_point){d->at.x / unit, d->at.y / unit} : (sc_point){NAN, NAN};
        known += d->placed;
    }
    if (2 * known >= n) return at;
    sc_free(at);
    return NULL;
}

static sc_rc begin_anew(sc_space *s, struct sc_chart_work *w, sc_err *err) {
    choose_base(w);
    sc_layout_in in = {.dim = w->dim};
    const uint32_t n = count_base(w);
    in.vecs = sc_alloc_array((size_t)n + 1, w->dim);
    in.group = sc_alloc_array((size_t)n + 1, sizeof *in.group);
    w->base_of = sc_alloc_array((size_t)n + 1, sizeof *w->base_of);
    if (!in.vecs || !in.group || !w->base_of) {
        sc_free(in.vecs);
        sc_free(in.group);
        return no_memory(err);
    }
    in.n = read_base(s, w, in.vecs, in.group);
    if (w->old_laid_ms) in.start = old_places(w, in.n, w->old_unit);
    w->base = (sc_layout_base){.n = in.n, .dim = w->dim, .vecs = in.vecs};
    return sc_layout_new(&in, &w->layout, err);
}

static sc_rc begin_placing(sc_space *s, struct sc_chart_work *w, sc_err *err) {
    const uint32_t n = count_base(w);
    w->base_vecs = sc_alloc_array((size_t)n + 1, w->dim);
    w->base_points = sc_alloc_array((size_t)n + 1, sizeof *w->base_points);
    w->base_of = sc_alloc_array((size_t)n + 1, sizeof *w->base_of);
    if (!w->base_vecs || !w->base_points || !w->base_of) return no_memory(err);
    const uint32_t m = read_base(s, w, w->base_vecs, NULL);
    const float unit = w->old_unit;
    for (uint32_t i = 0; i < m; i++) {
        const drawn *d = &w->items[w->base_of[i]];
        w->base_points[i] = (sc_point){d->at.x / unit, d->at.y / unit};
    }
    w->base = (sc_layout_base){m, w->dim, w->base_vecs, w->base_points};
    w->fit = (sc_fit){.a = unit, .mirror = 1};
    w->laid = true;
    return SC_OK;
}

static sc_rc begin(sc_space *s, sc_err *err) {
    struct sc_chart_work *w = sc_alloc(sizeof *w);
    bool anew = false;
    if (!w) return no_memory(err);
    atomic_store(&s->undrawn, false);
    sc_rc rc = list_items(s, w, err);
    pthread_mutex_lock(&s->chart_lock);
    if (!rc) rc = sc_chart_follow(s, err);
    if (!rc) take_old(&s->chart, w, &anew);
    pthread_mutex_unlock(&s->chart_lock);
    if (!rc) {
        w->vecs = sc_alloc_array(SC_KNN_BATCH, w->dim);
        w->dots = sc_alloc_array((size_t)SC_KNN_BATCH * (SC_CHART_BASE_MAX + 1), sizeof *w->dots);
        if (!w->vecs || !w->dots) rc = no_memory(err);
    }
    if (!rc) rc = anew ? begin_anew(s, w, err) : begin_placing(s, w, err);
    if (rc) {
        work_free(w);
        atomic_store(&s->undrawn, true);
        return rc;
    }
    s->chart_work = w;
    return SC_OK;
}

/* ---- The picture ------------------------------------------------------------------------------------- */

/* A first picture is centred as it is and made to fill its frame; a later one is fitted to the former. */
static sc_rc fit_layout(struct sc_chart_work *w, sc_err *err) {
    const sc_point *p = sc_layout_points(w->layout);
    const uint32_t n = w->base.n;
    uint32_t known = 0;
    double widest = 1e-6;
    sc_point *old = sc_alloc_array((size_t)n + 1, sizeof *old);
    if (!old) return no_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        const drawn *d = &w->items[w->base_of[i]];
        old[i] = d->placed ? d->at : (sc_point){NAN, NAN};
        known += d->placed;
        widest = SC_MAX(widest, SC_MAX(fabs((double)p[i].x), fabs((double)p[i].y)));
    }
    w->fit = (sc_fit){.a = EXTENT / widest, .mirror = 1};
    if (known > 2 && 2 * known >= n) w->fit = sc_fit_points(p, old, n);
    sc_free(old);
    w->base.points = p;
    for (uint32_t i = 0; i < w->n; i++) w->items[i].placed = false;
    for (uint32_t i = 0; i < n; i++) {
        w->items[w->base_of[i]].at = p[i];
        w->items[w->base_of[i]].placed = true;
    }
    for (uint32_t i = 0; i < w->n; i++)
        if (w->items[i].placed) w->items[i].at = sc_fit_apply(&w->fit, w->items[i].at);
    w->laid = true;
    return SC_OK;
}

/* The next new points, as many as are placed at once; false when there are none left. */
static bool place_some(sc_space *s, struct sc_chart_work *w) {
    uint32_t at[SC_KNN_BATCH], n = 0;
    sc_point points[SC_KNN_BATCH];
    pthread_rwlock_rdlock(&s->lock);
    const bool same = sc_engine_dim(s->engine) == w->dim;
    for (; w->next < w->n && n < SC_KNN_BATCH; w->next++) {
        sc_visit v;
        if (w->items[w->next].placed || !same) continue;
        const uint32_t slot = sc_engine_slot(s->engine, w->items[w->next].key);
        if (slot == SC_VISIT_NONE) continue;
        sc_engine_visit(s->engine, slot, &v);
        memcpy(w->vecs + (size_t)n * w->dim, v.vec, w->dim);
        at[n++] = w->next;
    }
    pthread_rwlock_unlock(&s->lock);
    if (n) sc_layout_place(&w->base, w->vecs, n, w->dots, points);
    for (uint32_t i = 0; i < n; i++) {
        w->items[at[i]].at = sc_fit_apply(&w->fit, points[i]);
        w->items[at[i]].placed = true;
    }
    return w->next < w->n;
}

/* ---- The end ------------------------------------------------------------------------------------------- */

static bool take_id(void *self, const sc_stored_item *item) {
    struct sc_chart_work *w = self;
    while (w->next < w->n && w->items[w->next].key < item->seq) w->next++;
    if (w->next < w->n && w->items[w->next].key == item->seq)
        sc_id_to_bytes(&item->id, w->items[w->next].id);
    return w->next < w->n;
}

static int16_t rounded(float v) {
    return (int16_t)lrintf(SC_MAX(SC_MIN(v, (float)INT16_MAX), (float)-INT16_MAX));
}

static bool has_id(const drawn *d) {
    static const unsigned char none[16];
    return memcmp(d->id, none, sizeof none) != 0;
}

static sc_rc make_chart(sc_space *s, struct sc_chart_work *w, sc_chart *ret, sc_err *err) {
    sc_app *app = s->app;
    int64_t version;
    sc_chart c = {.laid_ms = w->layout ? sc_now_ms(app->conf.clock) : w->old_laid_ms,
                  .unit = (float)sqrt(w->fit.a * w->fit.a + w->fit.b * w->fit.b)};
    memcpy(c.model, w->model, sizeof c.model);
    w->next = 0;
    sc_rc rc = STORE(app)->items_since(SELF(app), &s->project_id, 0, "", take_id, w, &version, err);
    if (rc) return rc;
    c.points = sc_alloc_array((size_t)w->n + 1, sizeof *c.points);
    if (!c.points) return no_memory(err);
    for (uint32_t i = 0; i < w->n; i++) {
        const drawn *d = &w->items[i];
        if (!d->placed || !has_id(d)) continue; /* it has gone meanwhile */
        sc_chart_point *p = &c.points[c.n++];
        *p = (sc_chart_point){
            .key = d->key, .x = rounded(d->at.x), .y = rounded(d->at.y), .flags = d->flags};
        memcpy(p->id, d->id, sizeof p->id);
    }
    *ret = c;
    return SC_OK;
}

static sc_rc store_chart(sc_space *s, const sc_job *job, sc_chart *c, bool anew, sc_err *err) {
    sc_app *app = s->app;
    SC_AUTO(sc_buf_done) sc_buf blob;
    char data[96];
    sc_buf_init(&blob, (size_t)1 << 30);
    snprintf(data, sizeof data, "{\"points\":%u,\"laid_out\":%s}", c->n, anew ? "true" : "false");
    sc_event event = {.project_id = s->project_id,
                      .kind = SC_STR("map.updated"),
                      .data = sc_str_of(data),
                      .at_ms = sc_now_ms(app->conf.clock)};
    sc_chart_write w = {.project_id = s->project_id,
                        .job_id = job->id,
                        .job_fence = job->fence,
                        .event = &event,
                        .now_ms = event.at_ms};
    sc_rc rc = sc_chart_encode(c, &blob, err);
    w.chart = sc_buf_str(&blob);
    if (!rc) rc = STORE(app)->chart_put(SELF(app), &w, &c->version, err);
    if (!rc) sc_pump_poke(app);
    return rc;
}

static sc_rc finish(sc_space *s, const sc_job *job, sc_err *err) {
    struct sc_chart_work *w = s->chart_work;
    sc_chart c = {.n = 0};
    const bool anew = w->layout != NULL;
    sc_rc rc = make_chart(s, w, &c, err);
    if (!rc) rc = store_chart(s, job, &c, anew, err);
    if (rc) {
        sc_chart_done(&c);
        return rc;
    }
    pthread_mutex_lock(&s->chart_lock);
    sc_chart_done(&s->chart);
    s->chart = c;
    pthread_mutex_unlock(&s->chart_lock);
    sc_log(SC_LOG_INFO, "map drawn", SC_F_TXT("project", s->project_id.text),
           SC_F_INT("points", c.n), SC_F_TXT("how", anew ? "laid out" : "placed"));
    work_free(w);
    s->chart_work = NULL;
    return SC_OK;
}

/* ---- The job --------------------------------------------------------------------------------------------- */

static sc_rc step(sc_space *s, const sc_job *job, bool *ret_done, sc_err *err) {
    if (!s->chart_work) return begin(s, err);
    struct sc_chart_work *w = s->chart_work;
    bool laid = w->laid, more = true;
    sc_rc rc = SC_OK;
    if (!laid) {
        rc = sc_layout_step(w->layout, &laid, err);
        return rc || !laid ? rc : fit_layout(w, err);
    }
    for (int i = 0; more && i < BATCHES; i++) more = place_some(s, w);
    if (more) return SC_OK;
    *ret_done = true;
    return finish(s, job, err);
}

static sc_rc steps(sc_space *s, const sc_job *job, bool *ret_done, sc_err *err) {
    sc_app *app = s->app;
    const int64_t start = sc_mono_us(app->conf.clock);
    sc_rc rc = sc_lane_holds(&app->worker, app, err);
    while (!rc && !*ret_done && !sc_worker_wanted(app) &&
           (sc_mono_us(app->conf.clock) - start) / 1000 < SLICE_MS)
        rc = step(s, job, ret_done, err);
    if (!rc) return rc;
    work_free(s->chart_work);
    s->chart_work = NULL;
    atomic_store(&s->undrawn, true);
    return rc;
}

sc_rc sc_chart_work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    sc_space *s;
    bool done = false;
    sc_rc rc = sc_space_get(app, &job->project_id, &s, err);
    if (rc || !app->conf.tidy_ms) return rc;
    const int64_t now = sc_mono_us(app->conf.clock);
    atomic_store(&s->chart_asked, false);
    if (!s->chart_due_us) s->chart_due_us = now;
    const bool overdue = (now - s->chart_due_us) / 1000 > PATIENCE * app->conf.tidy_ms;
    if (sc_tidy_until_quiet_ms(s) <= 0 || overdue) rc = steps(s, job, &done, err);
    if (rc) return rc;
    if (done) {
        s->chart_due_us = 0;
        return sc_chart_ask(s, err); /* what came meanwhile waits for the next one */
    }
    atomic_store(&s->chart_asked, true);
    *ret_later_ms = sc_now_ms(app->conf.clock) + SC_MAX(sc_tidy_until_quiet_ms(s), (int64_t)1);
    return SC_OK;
}
