#include "app/space.h"

#include "app/chart.h"
#include "app/internal.h"
#include "app/keep.h"
#include "app/represent.h"
#include "base/log.h"

enum { EMBED_MS = 30000, QUERY_BYTES = 4 << 20 };
#include "group/pass.h"

void sc_spaces_init(sc_spaces *s) {
    pthread_mutex_init(&s->lock, NULL);
    s->head = NULL;
}

static void space_free(sc_space *s) {
    if (!s) return;
    sc_pass_free(s->pass);
    sc_chart_forget(s);
    sc_engine_free(s->engine);
    sc_bare_done(&s->bare);
    pthread_mutex_destroy(&s->writer);
    pthread_mutex_destroy(&s->chart_lock);
    pthread_rwlock_destroy(&s->lock);
    sc_free(s);
}

void sc_spaces_free(sc_spaces *s) {
    for (sc_space *i = s->head, *next; i; i = next) {
        next = i->next;
        space_free(i);
    }
    s->head = NULL;
    pthread_mutex_destroy(&s->lock);
}

/* ---- Dimensions --------------------------------------------------------------------------------- */

typedef struct first_repr {
    sc_arena arena;
    uint16_t dim;
} first_repr;

static bool see_dim(void *self, const sc_stored_item *item) {
    first_repr *f = self;
    sc_repr r;
    if (!item->repr.n || sc_repr_decode(item->repr, &f->arena, &r, NULL)) return true;
    f->dim = r.dim;
    sc_arena_reset(&f->arena);
    return !f->dim;
}

static sc_rc dim_of(sc_space *s, const sc_lens *lens, uint16_t *ret, sc_err *err) {
    int64_t version;
    first_repr f = {.dim = 0};
    if (lens->em.ops) {
        *ret = lens->em.ops->dim(lens->em.self);
        return SC_OK;
    }
    sc_arena_init(&f.arena, 4 << 20);
    sc_rc rc = STORE(s->app)->items_since(SELF(s->app), &s->project_id, 0, lens->model, see_dim, &f,
                                          &version, err);
    sc_arena_done(&f.arena);
    if (!rc) *ret = f.dim;
    return rc;
}

sc_rc sc_space_engine(sc_space *s, const sc_lens *lens, sc_engine **ret, sc_err *err) {
    uint16_t dim;
    sc_rc rc = dim_of(s, lens, &dim, err);
    if (rc) return rc;
    dim = SC_MAX(dim, (uint16_t)1); /* blind, and nothing stored: words alone */
    sc_engine_conf conf = {
        .dim = dim, .profile = sc_profile_get(lens->model), .clock = s->app->conf.clock};
    return sc_engine_new(&conf, ret, err);
}

/* Reports may be without a vector where the embedder is remote, or blind. */
static sc_rc new_bare(const sc_space *s, sc_bare *ret, sc_err *err) {
    return sc_bare_init(ret, sc_space_embed(s) || !s->lens->em.ops ? s->dim : 0, err);
}

static sc_rc space_new(sc_app *app, const sc_id *project, sc_space **ret, sc_err *err) {
    sc_space *s = sc_alloc(sizeof *s);
    if (!s) {
        sc_fail(err, SC_NOMEM, "no memory for the project's index");
        return SC_NOMEM;
    }
    s->app = app;
    s->project_id = *project;
    pthread_mutex_init(&s->writer, NULL);
    pthread_mutex_init(&s->chart_lock, NULL);
    atomic_store(&s->undrawn, true);
    /* A change must not starve behind a stream of searches. */
    pthread_rwlockattr_t a;
    pthread_rwlockattr_init(&a);
    pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&s->lock, &a);
    pthread_rwlockattr_destroy(&a);
    sc_lens *lens;
    sc_rc rc = sc_lens_get(app, SC_STR_NONE, &lens, err);
    if (!rc) s->lens = lens;
    if (!rc) rc = sc_space_engine(s, s->lens, &s->engine, err);
    if (!rc) s->dim = sc_engine_dim(s->engine);
    if (!rc) rc = new_bare(s, &s->bare, err);
    if (rc) {
        space_free(s);
        return rc;
    }
    *ret = s;
    return SC_OK;
}

sc_rc sc_space_get(sc_app *app, const sc_id *project, sc_space **ret, sc_err *err) {
    sc_rc rc = SC_OK;
    pthread_mutex_lock(&app->spaces.lock);
    sc_space *s = app->spaces.head;
    while (s && !sc_id_eq(&s->project_id, project)) s = s->next;
    if (!s) {
        rc = space_new(app, project, &s, err);
        if (!rc) {
            s->next = app->spaces.head;
            app->spaces.head = s;
        }
    }
    pthread_mutex_unlock(&app->spaces.lock);
    if (rc) return rc;
    if (!atomic_load(&s->ready)) {
        rc = sc_space_lock(s, err);
        if (rc) return rc;
        sc_space_unlock(s);
    }
    *ret = s;
    return SC_OK;
}

/* ---- Representing ------------------------------------------------------------------------------- */

/* The remote embedder is the configured one, or none. */
static sc_embed *embed_of(const sc_app *app, const sc_lens *lens) {
    return lens->em.self == app->conf.embedder.self ? app->embed : NULL;
}

sc_embed *sc_space_embed(const sc_space *s) { return embed_of(s->app, s->lens); }

/* What a remote embedder has answered for a report. *ret_dim 0: nothing for now. */
static sc_rc look_up(sc_space *s, const sc_prepared *p, int8_t *vec, uint16_t *ret_dim,
                     sc_err *err) {
    sc_err why = {0};
    switch (sc_embed_look(sc_space_embed(s), p, vec, &why)) {
    case SC_EMBED_READY: return SC_OK;
    case SC_EMBED_REFUSED:
        if (err) *err = why;
        sc_wrap(err, "embed with %s", s->app->conf.embedder.ops->name);
        return why.rc;
    case SC_EMBED_BARE:
        if (s->app->conf.embed_wait)
            return sc_fail(err, SC_CONFLICT, "the report waits for the embedder");
        *ret_dim = 0;
        return SC_OK;
    case SC_EMBED_UNKNOWN: break;
    }
    return sc_fail(err, SC_CONFLICT, "the report is not embedded yet");
}

/* *ret_dim 0: nothing for now. */
static sc_rc vector_of(sc_space *s, const sc_feedback *f, const sc_prepared *p, int8_t *vec,
                       uint16_t *ret_dim, sc_err *err) {
    sc_lens *lens = s->lens;
    const sc_embedder *em = &lens->em;
    if (sc_space_embed(s)) return look_up(s, p, vec, ret_dim, err);
    if (sc_lens_recall(lens, f, vec)) return SC_OK;
    sc_rc rc = em->ops->embed(em->self, p, 1, sc_now_ms(s->app->conf.clock) + EMBED_MS, vec, err);
    return rc ? sc_wrap(err, "embed with %s", em->ops->name) : SC_OK;
}

sc_rc sc_space_represent(sc_space *s, const sc_feedback *f, sc_arena *arena, sc_repr *ret,
                         sc_prepared *ret_prepared, sc_err *err) {
    const sc_lens *lens = s->lens;
    uint16_t dim = lens->em.ops ? s->dim : 0;
    sc_prepared p;
    sc_rc rc = sc_prepare(f->title, f->body, f->stack, arena, &p, err);
    int8_t *vec = rc || !dim ? NULL : sc_arena_take(arena, dim);
    if (!rc && dim && !vec) rc = sc_fail(err, SC_NOMEM, "no memory for the report's vector");
    if (!rc && dim) rc = vector_of(s, f, &p, vec, &dim, err);
    if (!rc) rc = sc_represent_pack(&p, vec, dim, arena, ret, err);
    if (!rc && ret_prepared) *ret_prepared = p;
    return rc;
}

/* A remote embedder is asked when that is quick, else 0 dimensions. */
static sc_rc represent_query(sc_app *app, const sc_lens *lens, sc_str query, sc_arena *arena,
                             sc_repr *ret, sc_err *err) {
    const sc_feedback as_report = {.title = query};
    sc_embed *embed = embed_of(app, lens);
    int64_t deadline_ms = sc_now_ms(app->conf.clock) + EMBED_MS;
    if (lens->em.ops && !embed)
        return sc_represent(&lens->em, &as_report, deadline_ms, arena, ret, NULL, err);
    uint16_t dim = lens->em.ops ? lens->em.ops->dim(lens->em.self) : 0;
    sc_prepared p;
    sc_rc rc = sc_prepare(query, SC_STR_NONE, SC_STR_NONE, arena, &p, err);
    int8_t *vec = rc || !dim ? NULL : sc_arena_take(arena, dim);
    if (!rc && dim && !vec) rc = sc_fail(err, SC_NOMEM, "no memory for the query's vector");
    if (!rc && dim && !sc_embed_query(embed, &p, vec)) dim = 0;
    return rc ? rc : sc_represent_pack(&p, vec, dim, arena, ret, err);
}

void sc_space_stand_in(const sc_space *s, sc_repr *r) {
    if (r->dim || !s->bare.dim) return;
    r->vec = sc_bare_stand_in(&s->bare);
    r->dim = s->bare.dim;
}

sc_rc sc_space_search(sc_space *s, sc_str query, size_t limit, sc_arena *arena, sc_hit **ret,
                      size_t *ret_n, const char **ret_model, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena tmp;
    sc_arena_init(&tmp, QUERY_BYTES);
    const sc_lens *lens = NULL;
    sc_repr repr = {.dim = 0};
    for (;;) { /* until the model did not change while the query was embedded */
        pthread_rwlock_rdlock(&s->lock);
        if (lens == s->lens) break;
        lens = s->lens;
        pthread_rwlock_unlock(&s->lock);
        sc_arena_reset(&tmp);
        sc_rc rc = represent_query(s->app, lens, query, &tmp, &repr, err);
        if (rc) return rc;
    }
    sc_space_stand_in(s, &repr);
    sc_rc rc = sc_engine_search(s->engine, &repr, limit, arena, ret, ret_n, err);
    pthread_rwlock_unlock(&s->lock);
    *ret_model = lens->model;
    return rc;
}

/* ---- Following ---------------------------------------------------------------------------------- */

/* A report that the engine must know but whose stored representation is of another model, or none. */
typedef struct missing {
    int64_t seq, version; /* of its item */
    sc_bare_how how;      /* for a remote embedder */
} missing;

typedef struct follow {
    sc_space *s;
    sc_engine *engine;
    missing *todo;
    size_t n_todo, cap;
    sc_arena arena;
    sc_keep keep;
    int64_t *ret_made; /* texts that were embedded */
    sc_err err;
} follow;

static bool remember_missing(follow *f, const sc_stored_item *item, sc_bare_how how) {
    if (f->n_todo == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 256;
        missing *p = sc_realloc_array(f->todo, cap, sizeof *p);
        if (!p) {
            sc_fail(&f->err, SC_NOMEM, "no memory to load the project's index");
            return false;
        }
        f->todo = p;
        f->cap = cap;
    }
    f->todo[f->n_todo++] = (missing){item->seq, item->version, how};
    return true;
}

static bool follow_item(void *self, const sc_stored_item *item) {
    follow *f = self;
    sc_engine *e = f->engine;
    bool known = sc_engine_has(e, item->seq);
    if (!sc_id_is_set(&item->cluster_id)) {
        if (known) sc_engine_remove(e, item->seq); /* parked */
        sc_bare_remove(&f->s->bare, item->seq);
        return true;
    }
    if (!item->repr.n && known)
        return sc_engine_set_cluster(e, item->seq, &item->cluster_id, &f->err) == SC_OK;
    if (!item->repr.n) return remember_missing(f, item, SC_BARE_KEEP);
    sc_arena_reset(&f->arena);
    sc_repr r;
    sc_engine_item ei = {.key = item->seq, .created_ms = item->created_ms, .repr = &r};
    sc_rc rc = sc_repr_decode(item->repr, &f->arena, &r, &f->err);
    if (rc == SC_INVALID) { /* damaged: it can be made again from the text */
        f->err = (sc_err){0};
        return remember_missing(f, item, SC_BARE_KEEP);
    }
    if (rc) return false;
    if (!r.dim) /* bare: put when the mean of the others is known */
        return remember_missing(f, item, SC_BARE_PLACE);
    sc_bare_remove(&f->s->bare, item->seq);
    sc_bare_learn(&f->s->bare, r.vec);
    return !sc_engine_put(e, &ei, &item->cluster_id, &f->err);
}

/* A remote embedder is not asked while a project loads: that is back-filled. */
static sc_rc represent_one(follow *f, const sc_feedback *fb, const missing *m, sc_repr *ret,
                           sc_err *err) {
    if (f->s->lens->em.ops && !sc_space_embed(f->s)) {
        sc_rc rc = sc_space_represent(f->s, fb, &f->arena, ret, NULL, err);
        if (rc) return rc;
        ++*f->ret_made;
        sc_keep_add(&f->keep, m->seq, m->version, ret);
        return SC_OK;
    }
    sc_prepared p;
    sc_rc rc = sc_prepare(fb->title, fb->body, fb->stack, &f->arena, &p, err);
    if (!rc) rc = sc_represent_pack(&p, NULL, 0, &f->arena, ret, err);
    if (!rc) rc = sc_bare_add(&f->s->bare, fb->seq, m->how, err);
    if (!rc) sc_space_stand_in(f->s, ret);
    return rc;
}

/* Reports come in the order of the numbers asked for; one may have gone. A process that ends does not wait for all of them. */
static sc_rc put_missing(follow *f, const sc_feedback_list *list, const missing *m, size_t n,
                         sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0, at = 0; !rc && i < list->n; i++) {
        const sc_feedback *fb = &list->items[i];
        sc_repr r;
        while (at + 1 < n && m[at].seq != fb->seq) at++;
        sc_arena_reset(&f->arena);
        if (atomic_load(&f->s->app->ending.now))
            return sc_fail(err, SC_CANCELLED, "the process ends");
        rc = represent_one(f, fb, &m[at], &r, err);
        sc_engine_item ei = {.key = fb->seq, .created_ms = fb->created_at_ms, .repr = &r};
        if (!rc) rc = sc_engine_put(f->engine, &ei, &fb->cluster_id, err);
    }
    return rc;
}

static sc_rc represent_missing(follow *f, sc_err *err) {
    sc_app *app = f->s->app;
    sc_rc rc = SC_OK;
    for (size_t at = 0; !rc && at < f->n_todo; at += SC_KEEP_BATCH) {
        SC_AUTO(sc_arena_done) sc_arena list_arena;
        sc_arena_init(&list_arena, (size_t)256 << 20);
        int64_t seqs[SC_KEEP_BATCH];
        const size_t n = SC_MIN((size_t)SC_KEEP_BATCH, f->n_todo - at);
        for (size_t i = 0; i < n; i++) seqs[i] = f->todo[at + i].seq;
        sc_feedback_filter filter = {
            .project_id = f->s->project_id, .by_seqs = true, .seqs = seqs, .n_seqs = n};
        sc_page page = {.limit = SC_KEEP_BATCH};
        sc_feedback_list list;
        rc = STORE(app)->feedback_list(SELF(app), &filter, &page, &list_arena, &list, err);
        if (!rc) rc = put_missing(f, &list, f->todo + at, n, err);
        sc_keep_flush(&f->keep); /* also what was made before a failure, or the end */
    }
    return rc;
}

static sc_rc follow_clusters(sc_space *s, sc_engine *e, int64_t since, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)512 << 20);
    sc_cluster *list;
    size_t n;
    sc_rc rc =
        STORE(s->app)->clusters_since(SELF(s->app), &s->project_id, since, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++)
        if (!sc_id_is_set(&list[i].merged_into)) {
            rc = sc_engine_set_status(e, &list[i].id, list[i].status, err);
            if (rc == SC_NOT_FOUND) rc = SC_OK; /* empty cluster: nothing to know */
        }
    return rc;
}

/* A rule about an issue that was merged away holds for the one its reports are in now. */
sc_rc sc_space_heir(sc_space *s, sc_id *id, sc_arena *arena, sc_err *err) {
    for (int hops = 0; hops < 32; hops++) {
        sc_cluster c;
        sc_rc rc = STORE(s->app)->cluster_get(SELF(s->app), &s->project_id, id, arena, &c, err);
        if (rc == SC_NOT_FOUND) return SC_OK;
        if (rc || !sc_id_is_set(&c.merged_into) || sc_cluster_deserted(&c)) return rc;
        *id = c.merged_into;
    }
    return sc_fail(err, SC_INTERNAL, "the merges of issue %s go round in a circle", id->text);
}

static sc_rc resolve(sc_space *s, sc_correction *c, sc_arena *arena, sc_err *err) {
    if (c->kind == SC_CORRECTION_pin) return SC_OK; /* holds the report wherever it is */
    sc_rc rc = sc_space_heir(s, &c->cluster_id, arena, err);
    return !rc && c->kind == SC_CORRECTION_apart ? sc_space_heir(s, &c->other_id, arena, err) : rc;
}

static sc_rc load_corrections(sc_space *s, sc_engine *e, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)512 << 20);
    sc_correction *list;
    size_t n;
    sc_rc rc = STORE(s->app)->corrections(SELF(s->app), &s->project_id, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = resolve(s, &list[i], &arena, err);
    return rc ? rc : sc_engine_set_corrections(e, list, n, err);
}

sc_rc sc_space_load_corrections(sc_space *s, sc_err *err) {
    return load_corrections(s, s->engine, err);
}

sc_rc sc_space_tell_rules(sc_space *s, sc_engine *e, int64_t since, sc_err *err) {
    sc_engine_weigh(e);
    sc_rc rc = follow_clusters(s, e, since, err);
    return rc ? rc : load_corrections(s, e, err);
}

/* Is there anything new at all? Asked before the write lock is taken. *ret_lens: what the project is
 * grouped with. */
static sc_rc stored_version(sc_space *s, int64_t *ret, sc_lens **ret_lens, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_project p;
    sc_rc rc = STORE(s->app)->project_get(SELF(s->app), sc_id_str(&s->project_id), &arena, &p, err);
    if (!rc && s->loaded && (!p.model.n || sc_str_is(p.model, s->lens->model)))
        *ret_lens = s->lens;
    else if (!rc)
        rc = p.model.n ? sc_lens_get(s->app, p.model, ret_lens, err)
                       : sc_lens_wanted(s->app, &s->project_id, ret_lens, err);
    if (!rc) *ret = p.group_version;
    return rc;
}

static sc_rc apply(sc_space *s, sc_engine *e, int64_t since, int64_t *ret_version,
                   int64_t *ret_made, sc_err *err) {
    follow f = {.s = s, .engine = e, .ret_made = ret_made};
    sc_arena_init(&f.arena, 16 << 20);
    sc_keep_init(&f.keep, s->app, &s->project_id, s->lens->model);
    *ret_made = 0;
    sc_rc rc = STORE(s->app)->items_since(SELF(s->app), &s->project_id, since, s->lens->model,
                                          follow_item, &f, ret_version, err);
    if (!rc && f.err.rc) {
        rc = f.err.rc;
        if (err) *err = f.err;
    }
    if (!rc) rc = represent_missing(&f, err);
    if (!rc) rc = sc_space_tell_rules(s, e, since, err);
    sc_keep_done(&f.keep);
    sc_arena_done(&f.arena);
    sc_free(f.todo);
    return rc;
}

void sc_space_exchange(sc_space *s, sc_space *with) {
    sc_engine *engine = s->engine;
    sc_lens *lens = s->lens;
    sc_pass_free(s->pass); /* it thinks about the old one */
    s->pass = NULL;
    atomic_store(&s->undrawn, true);
    pthread_rwlock_wrlock(&s->lock);
    s->engine = with->engine;
    s->lens = with->lens;
    s->dim = with->dim;
    sc_bare_swap(&s->bare, &with->bare);
    pthread_rwlock_unlock(&s->lock);
    with->engine = engine;
    with->lens = lens;
}

static sc_rc follow_on(sc_space *s, sc_err *err) {
    int64_t version = s->version, made;
    pthread_rwlock_wrlock(&s->lock);
    sc_rc rc = apply(s, s->engine, s->version, &version, &made, err);
    pthread_rwlock_unlock(&s->lock);
    s->loaded = rc == SC_OK;
    if (!rc) s->version = version;
    return rc;
}

/* A fresh engine, filled before anyone sees it. */
static sc_rc reload(sc_space *s, sc_lens *lens, sc_err *err) {
    int64_t start = sc_mono_us(s->app->conf.clock), version = 0, made = 0;
    sc_engine *e;
    sc_rc rc = sc_space_engine(s, lens, &e, err);
    if (rc) return rc;
    sc_space filling = {.app = s->app,
                        .project_id = s->project_id,
                        .engine = e,
                        .lens = lens,
                        .dim = sc_engine_dim(e)};
    rc = new_bare(&filling, &filling.bare, err);
    if (!rc) rc = apply(&filling, e, 0, &version, &made, err);
    if (!rc) sc_space_exchange(s, &filling);
    sc_engine_free(filling.engine);
    sc_bare_done(&filling.bare);
    if (rc) return rc;
    s->version = version;
    s->loaded = true;
    sc_engine_stats es;
    sc_engine_stats_get(e, &es);
    if (es.items)
        sc_log(SC_LOG_INFO, "index loaded", SC_F_TXT("project", s->project_id.text),
               SC_F_TXT("model", s->lens->model), SC_F_INT("items", es.items),
               SC_F_INT("embedded", made), SC_F_INT("clusters", es.clusters),
               SC_F_INT("bytes", es.bytes),
               SC_F_INT("ms", (sc_mono_us(s->app->conf.clock) - start) / 1000));
    return SC_OK;
}

sc_rc sc_space_follow(sc_space *s, sc_err *err) {
    enum { TRIES = 5 };
    for (int i = 0; i < TRIES; i++) {
        int64_t version = 0;
        sc_lens *lens = NULL;
        sc_rc rc = stored_version(s, &version, &lens, err);
        if (rc) return rc;
        if (s->loaded && lens == s->lens && version == s->version) return SC_OK;
        if (i && s->loaded && lens == s->lens) return SC_OK; /* what came meanwhile can wait */
        rc = s->loaded && lens == s->lens ? follow_on(s, err) : reload(s, lens, err);
        if (rc) return sc_wrap(err, "load the project's index");
        atomic_store(&s->ready, true);
        /* The model may have changed between the two reads: look again. */
    }
    return sc_fail(err, SC_CONFLICT, "the project's model changes all the time");
}

sc_rc sc_space_lock(sc_space *s, sc_err *err) {
    pthread_mutex_lock(&s->writer);
    sc_rc rc = sc_space_follow(s, err);
    if (rc) pthread_mutex_unlock(&s->writer);
    return rc;
}

void sc_space_unlock(sc_space *s) { pthread_mutex_unlock(&s->writer); }

void sc_space_forget(sc_space *s) { s->loaded = false; }

void sc_spaces_follow(sc_app *app) {
    pthread_mutex_lock(&app->spaces.lock);
    sc_space *s = app->spaces.head;
    pthread_mutex_unlock(&app->spaces.lock);
    /* Spaces are only ever added at the head and live as long as the app. */
    for (; s; s = s->next) {
        sc_err err = {0};
        if (!atomic_load(&s->ready) || pthread_mutex_trylock(&s->writer))
            continue; /* busy: it follows itself */
        if (sc_space_follow(s, &err)) sc_log_err(SC_LOG_WARN, "follow failed", &err);
        pthread_mutex_unlock(&s->writer);
    }
}
