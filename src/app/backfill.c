#include "app/backfill.h"

#include <stdio.h>

#include "app/ahead.h"
#include "app/tidy.h"
#include "app/write.h"
#include "base/json.h"
#include "base/log.h"

enum {
    BATCH = 64,    /* bare ones that are mended in one write     */
    CHUNK = 8,     /* of these, in one change: readers wait      */
    JOB_MS = 1000, /* a job that did this much ends well         */
    LOOK_MS = 1000,
    ARENA_BYTES = 512 << 20,
};

/* ---- Mending ------------------------------------------------------------------------------------ */

/* Some bare reports on their way; `writer` of the space is held from `mend` on. */
typedef struct mending {
    sc_app *app;
    const sc_job *job;
    sc_space *space;
    sc_arena *arena;
    sc_write_item *anew;        /* to be placed anew, in order of seq      */
    sc_engine_item *engine_new; /* beside them                             */
    sc_assign *kept;            /* to get their vector where they are      */
    sc_engine_item *engine_kept;
    size_t n_anew, n_kept, n_refused;
    sc_change changes[BATCH / CHUNK + 1];
    size_t n_changes;
    sc_err refusal; /* the last one */
} mending;

static sc_rc mending_init(mending *m, size_t n, sc_err *err) {
    m->anew = sc_arena_take_array(m->arena, n + 1, sizeof *m->anew);
    m->engine_new = sc_arena_take_array(m->arena, n + 1, sizeof *m->engine_new);
    m->kept = sc_arena_take_array(m->arena, n + 1, sizeof *m->kept);
    m->engine_kept = sc_arena_take_array(m->arena, n + 1, sizeof *m->engine_kept);
    return m->anew && m->engine_new && m->kept && m->engine_kept
               ? SC_OK
               : sc_fail(err, SC_NOMEM, "no memory to embed %zu reports", n);
}

/* A text that the service does not take: its report stays where words put it, and a job of its own
 * tries it a few times more and ends as a dead letter with the reason. */
static sc_rc set_aside(mending *m, const sc_feedback *f, const sc_err *why, sc_err *err) {
    sc_app *app = m->app;
    m->refusal = *why;
    m->n_refused++;
    sc_bare_remove(&m->space->bare, f->seq); /* not again before the next start */
    return sc_work_ask_report(app, "reembed", &m->space->project_id, &f->id,
                              sc_now_ms(app->conf.clock) + LOOK_MS, err);
}

/* One report: what the embedder said of it decides where it goes. `alone`: its own job. */
static sc_rc sort_in(mending *m, const sc_feedback *f, bool alone, sc_err *err) {
    sc_bare_how how = SC_BARE_PLACE;
    sc_bare *bare = &m->space->bare;
    bool known = sc_bare_has(bare, f->seq, &how);
    if (f->state != SC_FEEDBACK_grouped || (!known && !alone)) {
        sc_bare_remove(bare, f->seq); /* edited or parked meanwhile: grouping sees to it */
        return SC_OK;
    }
    sc_prepared *prepared = sc_arena_take(m->arena, sizeof *prepared);
    sc_repr *repr = sc_arena_take(m->arena, sizeof *repr);
    if (!prepared || !repr) return sc_fail(err, SC_NOMEM, "no memory to embed a report");
    sc_err why = {0};
    sc_rc rc = sc_space_represent(m->space, f, m->arena, repr, prepared, &why);
    if (rc == SC_CONFLICT || (!rc && !repr->dim)) return SC_OK; /* not now */
    if (rc && (alone || rc == SC_NOMEM)) {
        if (err) *err = why;
        return rc;
    }
    if (rc) return set_aside(m, f, &why, err);
    SC_AUTO(sc_buf_done) sc_buf blob;
    sc_buf_init(&blob, 64 * 1024);
    char *kept = sc_repr_encode(repr, &blob) ? sc_arena_copy(m->arena, blob.p, blob.n) : NULL;
    if (!kept) return sc_fail(err, SC_NOMEM, "no memory to embed a report");
    sc_engine_item item = {.key = f->seq, .created_ms = f->created_at_ms, .repr = repr};
    if (how == SC_BARE_KEEP) {
        m->kept[m->n_kept] =
            (sc_assign){.seq = f->seq, .cluster_id = f->cluster_id, .repr = {kept, blob.n}};
        m->engine_kept[m->n_kept++] = item;
        return SC_OK;
    }
    m->anew[m->n_anew] = (sc_write_item){
        .feedback = *f, .prepared = prepared, .repr = {kept, blob.n}, .again = true};
    item.home = &m->anew[m->n_anew].feedback.cluster_id;
    m->engine_new[m->n_anew++] = item;
    return SC_OK;
}

static sc_rc place_anew(mending *m, sc_err *err) {
    sc_space *s = m->space;
    sc_rc rc = SC_OK;
    for (size_t at = 0; !rc && at < m->n_anew; at += CHUNK) {
        size_t n = SC_MIN(m->n_anew - at, (size_t)CHUNK);
        pthread_rwlock_wrlock(&s->lock);
        for (size_t i = at; i < at + n; i++) {
            if (sc_engine_has(s->engine, m->engine_new[i].key))
                sc_engine_remove(s->engine, m->engine_new[i].key);
            sc_bare_learn(&s->bare, m->engine_new[i].repr->vec);
        }
        rc = sc_engine_place(s->engine, m->engine_new + at, n, m->arena, &m->changes[m->n_changes],
                             err);
        pthread_rwlock_unlock(&s->lock);
        if (!rc) m->n_changes++;
    }
    if (rc) { /* some are out of the engine and in the store only */
        sc_space_forget(s);
        return rc;
    }
    if (!m->n_anew) return SC_OK;
    sc_write w = {.space = s,
                  .arena = m->arena,
                  .items = m->anew,
                  .n_items = m->n_anew,
                  .changes = m->changes,
                  .n_changes = m->n_changes,
                  .job_id = m->job->id,
                  .job_fence = m->job->fence,
                  .actor = SC_STR("worker"),
                  .now_ms = sc_now_ms(m->app->conf.clock)};
    rc = sc_write_changes(&w, err);
    for (size_t i = 0; !rc && i < m->n_anew; i++) sc_bare_remove(&s->bare, m->anew[i].feedback.seq);
    return rc;
}

static sc_rc keep_in_place(mending *m, sc_err *err) {
    sc_space *s = m->space;
    if (!m->n_kept) return SC_OK;
    sc_group_write gw = {.project_id = s->project_id,
                         .expect_version = s->version,
                         .job_id = m->job->id,
                         .job_fence = m->job->fence,
                         .model = m->space->lens->model,
                         .assigns = m->kept,
                         .n_assigns = m->n_kept,
                         .now_ms = sc_now_ms(m->app->conf.clock)};
    sc_rc rc = STORE(m->app)->group_write(SELF(m->app), &gw, &s->version, err);
    if (rc) return rc;
    for (size_t at = 0; at < m->n_kept; at++) {
        pthread_rwlock_wrlock(&s->lock);
        sc_bare_learn(&s->bare, m->engine_kept[at].repr->vec);
        /* It is stored: without memory for it the index is made again from the store. */
        if (sc_engine_put(s->engine, &m->engine_kept[at], &m->kept[at].cluster_id, NULL))
            sc_space_forget(s);
        pthread_rwlock_unlock(&s->lock);
        sc_bare_remove(&s->bare, m->kept[at].seq);
    }
    return SC_OK;
}

static int by_seq(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static sc_rc reports(mending *m, const int64_t *seqs, size_t n, sc_feedback_list *ret,
                     sc_err *err) {
    sc_feedback_filter filter = {
        .project_id = m->space->project_id, .by_seqs = true, .seqs = seqs, .n_seqs = n};
    sc_page page = {.limit = SC_MAX(n, (size_t)1)};
    return STORE(m->app)->feedback_list(SELF(m->app), &filter, &page, m->arena, ret, err);
}

/* With `writer` held and the vectors fetched. The reports are read again: they may have changed. */
static sc_rc mend(mending *m, const int64_t *seqs, size_t n, bool alone, sc_err *err) {
    sc_feedback_list list;
    sc_rc rc = reports(m, seqs, n, &list, err);
    if (!rc) rc = mending_init(m, n, err);
    size_t found = 0;
    for (size_t i = 0; !rc && i < n; i++) {
        if (found < list.n && list.items[found].seq == seqs[i])
            rc = sort_in(m, &list.items[found++], alone, err);
        else
            sc_bare_remove(&m->space->bare, seqs[i]); /* gone */
    }
    if (!rc) rc = keep_in_place(m, err);
    if (!rc) rc = place_anew(m, err);
    if (!rc) sc_tidy_note(m->space, m->n_kept + m->n_anew);
    return rc;
}

/* One write's worth. *ret_done: reports that need no vector any more. */
static sc_rc some(sc_app *app, const sc_job *job, sc_space *space, size_t *ret_done, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    mending m = {.app = app, .job = job, .space = space, .arena = &arena};
    int64_t seqs[BATCH];
    *ret_done = 0;
    sc_rc rc = sc_space_lock(space, err);
    if (rc) return rc;
    size_t n = sc_bare_next(&space->bare, BATCH, seqs);
    sc_space_unlock(space);
    if (!n) return SC_OK;
    qsort(seqs, n, sizeof *seqs, by_seq);
    sc_feedback_list list;
    rc = reports(&m, seqs, n, &list, err);
    if (!rc) rc = sc_ahead_ask(app, list.items, list.n, &arena, err);
    if (!rc) rc = sc_space_lock(space, err);
    if (rc) return rc;
    int64_t before = atomic_load(&space->bare.count);
    rc = mend(&m, seqs, n, false, err);
    *ret_done = (size_t)SC_MAX(before - atomic_load(&space->bare.count), (int64_t)0);
    sc_space_unlock(space);
    if (m.n_refused) sc_log_err(SC_LOG_WARN, "text not taken by the embedder", &m.refusal);
    return rc;
}

/* The report of a job of its own, after its text was refused. */
static sc_rc one(sc_app *app, const sc_job *job, sc_space *space, const sc_id *id, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    mending m = {.app = app, .job = job, .space = space, .arena = &arena};
    sc_feedback f;
    int64_t wait = 0;
    sc_rc rc = STORE(app)->feedback_get(SELF(app), &space->project_id, id, &arena, &f, err);
    if (rc == SC_NOT_FOUND) return SC_OK;
    if (!rc) rc = sc_ahead_ask(app, &f, 1, &arena, err);
    int64_t again;
    if (!rc && !sc_embed_available(app->embed, &again, NULL))
        wait = SC_MAX(again - sc_now_ms(app->conf.clock), (int64_t)1);
    if (wait) {
        rc = sc_fail(err, SC_CANCELLED, "the embedder cannot be asked now");
        if (err) err->retry_after_ms = wait;
    }
    if (!rc) rc = sc_space_lock(space, err);
    if (rc) return rc;
    rc = mend(&m, &f.seq, 1, true, err);
    sc_space_unlock(space);
    return rc;
}

sc_rc sc_backfill_work(sc_app *app, const sc_job *job, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *payload = NULL;
    sc_space *space;
    sc_rc rc = sc_json_parse(job->payload, &payload, err);
    if (!rc) rc = sc_space_get(app, &job->project_id, &space, err);
    if (rc || !sc_space_embed(space)) return rc; /* another embedder is at work there */
    sc_id id = sc_id_of(sc_json_str_at(payload, "feedback_id"));
    if (sc_id_is_set(&id)) return one(app, job, space, &id, err);
    int64_t start = sc_mono_us(app->conf.clock);
    size_t done = 1;
    while (!rc && done && !atomic_load(&app->worker.stop) &&
           (sc_mono_us(app->conf.clock) - start) / 1000 < JOB_MS)
        rc = some(app, job, space, &done, err);
    return rc == SC_CONFLICT ? SC_OK : rc; /* someone was faster: what is left is asked for again */
}

void sc_backfill_look(sc_app *app) {
    int64_t now = sc_now_ms(app->conf.clock), mono = sc_mono_us(app->conf.clock) / 1000;
    sc_err err = {0};
    if (!app->embed || mono < app->next_backfill_ms) return;
    app->next_backfill_ms = mono + LOOK_MS;
    if (!sc_embed_available(app->embed, NULL, NULL)) return;
    pthread_mutex_lock(&app->spaces.lock);
    sc_space *s = app->spaces.head;
    pthread_mutex_unlock(&app->spaces.lock);
    for (; s; s = s->next) /* spaces are only added, at the head */
        if (atomic_load(&s->ready) && sc_space_embed(s) && atomic_load(&s->bare.count) &&
            sc_work_ask(app, "reembed", &s->project_id, SC_STR_NONE, now, &err))
            sc_log_err(SC_LOG_WARN, "back-filling not asked for", &err);
}
