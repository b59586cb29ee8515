#include "app/remodel_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/write.h"
#include "base/log.h"

enum {
    THINK_US = 50000,  /* one step of the pass */
    STEP_MOVES = 1024, /* what it moves at once */
    PASSES = 4,        /* at most; the second mostly moves nothing */
    INLINE_ITEMS = 64, /* late comers that are represented while grouping waits */
    PRUNE = 500,
    ARENA_BYTES = 512 << 20,
};

typedef sc_remodel remodel;
typedef sc_remodel_move moved;

static sc_rc holds(remodel *r, sc_err *err) { return sc_lane_holds(&r->app->worker, r->app, err); }

/* ---- Life --------------------------------------------------------------------------------------- */

static void drop_engine(remodel *r) {
    sc_pass_free(r->pass);
    sc_engine_free(r->engine);
    sc_map_done(&r->by_key);
    sc_free(r->moves);
    r->pass = NULL;
    r->engine = NULL;
    r->by_key = (sc_map){0};
    r->moves = NULL;
    r->n = r->cap = 0;
    r->passes = 0;
    r->version = 0;
}

void sc_remodel_drop(sc_app *app) {
    if (!app->remodel) return;
    drop_engine(app->remodel);
    sc_free(app->remodel);
    app->remodel = NULL;
}

/* Representations that neither this change nor its taking back needs. */
static sc_rc prune(remodel *r, sc_err *err) {
    size_t n = PRUNE;
    sc_rc rc = SC_OK;
    while (!rc && n == PRUNE) {
        rc =
            STORE(r->app)->side_prune(SELF(r->app), &r->project_id, r->lens->model, PRUNE, &n, err);
        if (!rc) rc = holds(r, err);
    }
    return rc;
}

sc_rc sc_remodel_count(remodel *r, sc_err *err) {
    sc_store_stats st;
    int64_t left;
    sc_app *app = r->app;
    sc_rc rc = STORE(app)->stats(SELF(app), &r->project_id, sc_now_ms(app->conf.clock), &st, err);
    if (!rc) rc = STORE(app)->count_without(SELF(app), &r->project_id, r->lens->model, &left, err);
    if (rc) return rc;
    r->total = SC_MAX(st.feedback - st.pending - st.parked, left);
    r->done = r->total - left;
    return SC_OK;
}

sc_rc sc_remodel_begin(sc_app *app, const sc_job *job, sc_lens *lens, const sc_model_state *st,
                       sc_err *err) {
    sc_remodel_drop(app);
    remodel *r = sc_alloc(sizeof *r);
    if (!r) return sc_fail(err, SC_NOMEM, "no memory to change the model");
    *r = (remodel){.app = app, .project_id = job->project_id, .lens = lens, .batch = 8};
    r->going_back = sc_str_is(st->previous, lens->model);
    r->switched_version = st->switched_version;
    app->remodel = r;
    sc_rc rc = prune(r, err);
    if (!rc) rc = sc_remodel_count(r, err);
    if (rc) sc_remodel_drop(app);
    return rc;
}

/* ---- The new engine ----------------------------------------------------------------------------- */

static moved *move_of(remodel *r, int64_t key) {
    uint32_t at = sc_map_get(&r->by_key, (uint64_t)key);
    return at == SC_MAP_NONE ? NULL : &r->moves[at];
}

static sc_rc note(remodel *r, const moved *m, sc_err *err) {
    moved *known = move_of(r, m->key);
    if (known) {
        known->to = m->to;
        known->evidence = m->evidence;
        known->nearest = m->nearest;
        return SC_OK;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        moved *p = sc_realloc_array(r->moves, cap, sizeof *p);
        if (!p) return sc_fail(err, SC_NOMEM, "no memory to change the model");
        r->moves = p;
        r->cap = cap;
    }
    if (!sc_map_reserve(&r->by_key, 1))
        return sc_fail(err, SC_NOMEM, "no memory to change the model");
    sc_map_set(&r->by_key, (uint64_t)m->key, (uint32_t)r->n);
    r->moves[r->n++] = *m;
    return SC_OK;
}

typedef struct filling {
    remodel *r;
    sc_arena arena;
    size_t missing;
    sc_err err;
} filling;

/* What was moved by the new model stays there; anything else is where the store has it. */
static bool fill_item(void *self, const sc_stored_item *item) {
    filling *f = self;
    remodel *r = f->r;
    moved *m = move_of(r, item->seq);
    if (!sc_id_is_set(&item->cluster_id)) { /* parked */
        if (sc_engine_has(r->engine, item->seq)) sc_engine_remove(r->engine, item->seq);
        if (m) m->from = m->to = item->cluster_id;
        return true;
    }
    if (!item->repr.n) {
        f->missing++;
        return true;
    }
    sc_repr repr;
    sc_engine_item ei = {.key = item->seq, .created_ms = item->created_ms, .repr = &repr};
    if (m && !sc_id_is_set(&m->to)) m->to = item->cluster_id;
    if (m) m->from = item->cluster_id;
    sc_arena_reset(&f->arena);
    if (sc_repr_decode(item->repr, &f->arena, &repr, &f->err)) return false;
    if (!repr.dim) { /* refused by a remote embedder: words alone */
        static const int8_t nothing[SC_REPR_MAX_DIM];
        repr.vec = nothing;
        repr.dim = sc_engine_dim(r->engine);
    }
    return !sc_engine_put(r->engine, &ei, m ? &m->to : &item->cluster_id, &f->err);
}

static sc_rc digest(remodel *r, uint64_t *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_correction *list;
    size_t n;
    uint64_t h = 0;
    sc_rc rc = STORE(r->app)->corrections(SELF(r->app), &r->project_id, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) h = sc_hash64(list[i].id.text, SC_ID_TEXT - 1, h + 1);
    if (!rc) *ret = h;
    return rc;
}

/* Brings the engine in step with the store. *ret_missing: reports without a representation; then it
 * is to be called again when they have one. */
static sc_rc follow(remodel *r, sc_space *s, size_t *ret_missing, sc_err *err) {
    filling f = {.r = r};
    int64_t version = r->version;
    sc_arena_init(&f.arena, 16 << 20);
    sc_rc rc = STORE(r->app)->items_since(SELF(r->app), &r->project_id, r->version, r->lens->model,
                                          fill_item, &f, &version, err);
    if (!rc && f.err.rc) {
        rc = f.err.rc;
        if (err) *err = f.err;
    }
    sc_arena_done(&f.arena);
    if (!rc) rc = sc_space_tell_rules(s, r->engine, r->version, err);
    *ret_missing = f.missing;
    if (!rc && !f.missing) r->version = version;
    return rc;
}

static sc_rc step_fill(remodel *r, sc_space *s, sc_err *err) {
    size_t missing = 0;
    drop_engine(r);
    sc_rc rc = digest(r, &r->rules, err);
    if (!rc) rc = sc_space_engine(s, r->lens, &r->engine, err);
    if (!rc) rc = follow(r, s, &missing, err);
    if (!rc && missing) drop_engine(r);
    r->after_seq = 0;
    r->stage = missing ? SC_REMODEL_EMBED : r->going_back ? SC_REMODEL_SWITCH : SC_REMODEL_THINK;
    return rc;
}

static sc_rc act(remodel *r, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_change change;
    sc_rc rc = sc_pass_act(r->pass, r->engine, STEP_MOVES, &arena, &change, err);
    for (size_t i = 0; !rc && i < change.n_moves; i++) {
        const sc_move *mv = &change.moves[i];
        moved m = {mv->key, mv->from, mv->to, mv->evidence, mv->nearest};
        rc = note(r, &m, err);
    }
    return rc;
}

static sc_rc step_think(remodel *r, sc_err *err) {
    sc_pass_next next = SC_PASS_THINK;
    sc_rc rc = r->pass ? SC_OK : sc_pass_new(&r->pass, err);
    if (!rc) rc = sc_pass_think(r->pass, r->engine, THINK_US, &next, err);
    if (!rc && next == SC_PASS_ACT) rc = act(r, err);
    if (rc || next != SC_PASS_DONE) return rc;
    sc_pass_stats st;
    sc_pass_stats_get(r->pass, &st);
    sc_pass_free(r->pass);
    r->pass = NULL;
    if (!st.moves || ++r->passes == PASSES) r->stage = SC_REMODEL_SWITCH;
    return SC_OK;
}

/* ---- The change itself -------------------------------------------------------------------------- */

/* Does a person hold the report where it is, or away from there? */
static bool held(const sc_correction *c, size_t n, const sc_moved_item *it) {
    for (size_t i = 0; i < n; i++) {
        if (c[i].feedback_seq != it->seq) continue;
        if (c[i].kind == SC_CORRECTION_pin) return true;
        if (c[i].kind == SC_CORRECTION_never && sc_id_eq(&c[i].cluster_id, &it->was_in))
            return true;
    }
    return false;
}

/* What the last change moved goes back. */
static sc_rc go_back(remodel *r, sc_arena *arena, sc_err *err) {
    sc_moved_item *items = NULL;
    sc_correction *c = NULL;
    size_t n = 0, n_c = 0;
    r->n = 0;
    sc_map_done(&r->by_key);
    r->by_key = (sc_map){0};
    sc_rc rc = STORE(r->app)->moved_by_switch(SELF(r->app), &r->project_id, r->switched_version,
                                              arena, &items, &n, err);
    if (!rc) rc = STORE(r->app)->corrections(SELF(r->app), &r->project_id, arena, &c, &n_c, err);
    for (size_t i = 0; !rc && i < n; i++) {
        if (held(c, n_c, &items[i])) continue;
        moved m = {.key = items[i].seq, .from = items[i].is_in, .to = items[i].was_in};
        sc_move now;
        if (!sc_engine_explain(r->engine, m.key, &now, NULL)) m.evidence = now.evidence;
        rc = sc_engine_set_cluster(r->engine, m.key, &m.to, err);
        if (!rc) rc = note(r, &m, err);
    }
    return rc;
}

static int by_place(const void *a, const void *b) {
    const sc_move *x = a, *y = b;
    int c = memcmp(x->from.text, y->from.text, sizeof x->from.text);
    if (!c) c = memcmp(x->to.text, y->to.text, sizeof x->to.text);
    return c ? c : (x->key > y->key) - (x->key < y->key);
}

/* All moves as one change; where an issue is left empty, it points to where most of it went. */
static sc_rc one_change(remodel *r, sc_arena *arena, sc_change *ret, sc_err *err) {
    *ret = (sc_change){.moves = sc_arena_take_array(arena, r->n + 1, sizeof *ret->moves),
                       .emptied = sc_arena_take_array(arena, r->n + 1, sizeof *ret->emptied)};
    if (!ret->moves || !ret->emptied) return sc_fail(err, SC_NOMEM, "no memory for the moves");
    for (size_t i = 0; r->moves && i < r->n; i++) {
        const moved *m = &r->moves[i];
        if (sc_id_eq(&m->from, &m->to)) continue;
        ret->moves[ret->n_moves++] =
            (sc_move){.key = m->key,
                      .from = m->from,
                      .to = m->to,
                      .reason = r->going_back ? SC_REASON_restored : SC_REASON_remodelled,
                      .evidence = m->evidence,
                      .nearest = m->nearest};
    }
    qsort(ret->moves, ret->n_moves, sizeof *ret->moves, by_place);
    size_t most = 0, run = 0;
    for (size_t i = 0; i < ret->n_moves; i++) {
        const sc_move *m = &ret->moves[i];
        bool same_from = i && sc_id_eq(&m->from, &m[-1].from);
        run = same_from && sc_id_eq(&m->to, &m[-1].to) ? run + 1 : 1;
        if (!same_from) {
            ret->emptied[ret->n_emptied++].gone = m->from;
            most = 0;
        }
        if (run > most) {
            most = run;
            ret->emptied[ret->n_emptied - 1].into = m->to;
        }
    }
    return SC_OK;
}

static sc_rc switched_event(remodel *r, const sc_space *s, size_t n_moves, sc_arena *arena,
                            sc_event *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_puts(&b, "{\"model\":");
    sc_buf_put_json(&b, sc_str_of(r->lens->model));
    sc_buf_puts(&b, ",\"previous\":");
    sc_buf_put_json(&b, sc_str_of(s->lens->model));
    sc_buf_putf(&b, ",\"moved\":%zu}", n_moves);
    char *text = b.failed ? NULL : sc_arena_copy(arena, b.p, b.n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for an event");
    *ret = (sc_event){.project_id = r->project_id,
                      .kind = SC_STR("model.switched"),
                      .data = {text, b.n},
                      .at_ms = sc_now_ms(r->app->conf.clock)};
    return SC_OK;
}

/* Writes; readers go on with the old engine until it is stored. */
static sc_rc write_change(remodel *r, const sc_job *job, sc_space *s, sc_arena *arena,
                          sc_err *err) {
    sc_space fresh = {.app = r->app,
                      .project_id = r->project_id,
                      .engine = r->engine,
                      .lens = r->lens,
                      .dim = sc_engine_dim(r->engine),
                      .version = s->version,
                      .loaded = true};
    sc_change change;
    sc_event event;
    int64_t start = sc_mono_us(r->app->conf.clock);
    sc_rc rc = one_change(r, arena, &change, err);
    if (!rc) rc = switched_event(r, s, change.n_moves, arena, &event, err);
    if (!rc) rc = holds(r, err);
    if (rc) return rc;
    pthread_rwlock_init(&fresh.lock, NULL);
    sc_write w = {.space = &fresh,
                  .arena = arena,
                  .changes = &change,
                  .n_changes = 1,
                  .activate = true,
                  .also = &event,
                  .job_id = job->id,
                  .job_fence = job->fence,
                  .actor = SC_STR("worker"),
                  .now_ms = event.at_ms};
    rc = sc_write_changes(&w, err);
    pthread_rwlock_destroy(&fresh.lock);
    if (rc) return rc;
    const sc_lens *was = s->lens;
    if (r->lens->em.ops->remote) {
        sc_space_forget(s); /* what is without a vector is found by loading */
    } else {
        sc_space_exchange(s, &fresh);
        r->engine = fresh.engine; /* the old one: it is freed with us */
        sc_bare_done(&fresh.bare);
        s->version = fresh.version;
        s->loaded = fresh.loaded;
    }
    s->changed = 0;
    r->stage = SC_REMODEL_DONE;
    sc_log(SC_LOG_INFO, "model changed", SC_F_TXT("project", r->project_id.text),
           SC_F_TXT("model", r->lens->model), SC_F_TXT("previous", was->model),
           SC_F_INT("moved", change.n_moves),
           SC_F_INT("ms", (sc_mono_us(r->app->conf.clock) - start) / 1000));
    return SC_OK;
}

/* With `writer` held. Late comers are represented now when they are few. */
static sc_rc catch_up(remodel *r, const sc_job *job, sc_space *s, bool *ret_ready, sc_err *err) {
    size_t missing = 0, n;
    uint64_t rules;
    *ret_ready = false;
    sc_rc rc = follow(r, s, &missing, err);
    if (!rc && missing && missing <= INLINE_ITEMS) {
        r->after_seq = 0;
        rc = sc_remodel_embed_some(r, job, SC_REMODEL_BATCH, &n, err);
        if (!rc) rc = follow(r, s, &missing, err);
    }
    if (!rc) rc = digest(r, &rules, err);
    if (rc) return rc;
    if (missing) {
        r->stage = SC_REMODEL_EMBED;
        r->after_seq = 0;
    } else if (rules != r->rules && !r->going_back) {
        r->stage = SC_REMODEL_FILL; /* a person corrected something: all anew */
    } else {
        *ret_ready = r->version == s->version;
    }
    return SC_OK;
}

static sc_rc step_switch(remodel *r, const sc_job *job, sc_space *s, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)4 << 30);
    bool ready;
    sc_rc rc = sc_space_lock(s, err);
    if (rc) return rc;
    if (s->lens == r->lens) { /* another process was faster */
        r->stage = SC_REMODEL_DONE;
        sc_space_unlock(s);
        return SC_OK;
    }
    rc = catch_up(r, job, s, &ready, err);
    if (!rc && ready) {
        if (r->going_back) rc = go_back(r, &arena, err);
        if (!rc) rc = write_change(r, job, s, &arena, err);
        if (rc) drop_engine(r);
        if (rc) r->stage = SC_REMODEL_FILL;
    }
    sc_space_unlock(s);
    return rc;
}

/* ---- One step ----------------------------------------------------------------------------------- */

sc_rc sc_remodel_step(sc_remodel *r, const sc_job *job, sc_space *s, bool *ret_stuck, sc_err *err) {
    r->later_ms = 0;
    sc_rc rc = holds(r, err);
    if (rc) return rc;
    switch (r->stage) {
    case SC_REMODEL_EMBED: return sc_remodel_step_embed(r, job, ret_stuck, err);
    case SC_REMODEL_FILL: return step_fill(r, s, err);
    case SC_REMODEL_THINK: return step_think(r, err);
    case SC_REMODEL_SWITCH: return step_switch(r, job, s, err);
    case SC_REMODEL_DONE: break;
    }
    return SC_OK;
}

bool sc_remodel_done(const sc_remodel *r) { return r->stage == SC_REMODEL_DONE; }

int64_t sc_remodel_later_ms(const sc_remodel *r) { return r->later_ms; }

bool sc_remodel_is(const sc_remodel *r, const sc_id *project, const sc_lens *lens) {
    return r && r->lens == lens && sc_id_eq(&r->project_id, project);
}
