#include "app/tidy.h"

#include <stdio.h>

#include "app/internal.h"
#include "app/write.h"
#include "base/log.h"
#include "group/pass.h"

enum {
    DUE_SHARE = 50,  /* one placed in so many makes a pass due */
    THINK_US = 8000, /* one step; a person's correction may have to wait for it */
    STEP_MOVES = 64, /* what one write moves, and readers of the engine wait for */
    SLICE_MS = 1000, /* then others' jobs are looked for */
    PATIENCE = 20,   /* times conf.tidy_ms, then a project that is never quiet is tidied too */
    ARENA_BYTES = 512 << 20,
};

void sc_tidy_note(sc_space *s, size_t placed) {
    if (!placed) return;
    atomic_store(&s->undrawn, true);
    s->changed += (int64_t)placed;
    atomic_store(&s->busy_us, sc_mono_us(s->app->conf.clock));
}

static bool is_due(const sc_space *s) {
    sc_engine_stats st;
    if (s->pass) return true;
    sc_engine_stats_get(s->engine, &st);
    return s->changed * DUE_SHARE > (int64_t)st.items;
}

sc_rc sc_tidy_ask(sc_space *s, sc_err *err) {
    sc_app *app = s->app;
    const int64_t now = sc_now_ms(app->conf.clock);
    if (!app->conf.tidy_ms || atomic_load(&s->asked)) return SC_OK;
    pthread_mutex_lock(&s->writer);
    bool due = is_due(s);
    pthread_mutex_unlock(&s->writer);
    if (!due) return SC_OK;
    const int64_t quiet_ms = (sc_mono_us(app->conf.clock) - atomic_load(&s->busy_us)) / 1000;
    sc_rc rc = sc_work_ask(app, "tidy", &s->project_id, SC_STR_NONE,
                           now + SC_MAX(app->conf.tidy_ms - quiet_ms, (int64_t)0), err);
    atomic_store(&s->asked, rc == SC_OK);
    return rc;
}

static void drop_pass(sc_space *s) {
    sc_pass_free(s->pass);
    s->pass = NULL;
}

/* A pass has come to its end. */
static void end_pass(sc_space *s, bool *ret_done) {
    sc_pass_stats st;
    sc_pass_stats_get(s->pass, &st);
    drop_pass(s);
    atomic_fetch_add(&s->app->tidied, 1);
    if (st.moves)
        sc_log(SC_LOG_INFO, "project tidied", SC_F_TXT("project", s->project_id.text),
               SC_F_INT("items", st.items), SC_F_INT("moves", st.moves),
               SC_F_INT("parts", st.parts), SC_F_INT("bytes", st.bytes));
    s->changed = 0;
    *ret_done = !st.moves; /* what a correction holds may draw more after it: look once more */
}

/* Makes the next moves and stores them. */
static sc_rc act(sc_space *s, const sc_job *job, sc_err *err) {
    sc_app *app = s->app;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_change change;
    pthread_rwlock_wrlock(&s->lock);
    sc_rc rc = sc_pass_act(s->pass, s->engine, STEP_MOVES, &arena, &change, err);
    pthread_rwlock_unlock(&s->lock);
    if (rc || !change.n_moves) return rc;
    sc_write w = {.space = s,
                  .arena = &arena,
                  .changes = &change,
                  .n_changes = 1,
                  .job_id = job->id,
                  .job_fence = job->fence,
                  .actor = SC_STR("worker"),
                  .now_ms = sc_now_ms(app->conf.clock)};
    rc = sc_write_changes(&w, err);
    if (!rc) atomic_fetch_add(&app->tidy_moves, (int64_t)change.n_moves);
    return rc;
}

/* One step. On any error the pass is over: the next job begins a new one. */
static sc_rc step(sc_space *s, const sc_job *job, bool *ret_done, sc_err *err) {
    sc_pass_next next;
    sc_rc rc = sc_space_lock(s, err);
    if (rc) return rc;
    if (!s->pass) rc = sc_pass_new(&s->pass, err);
    if (!rc) rc = sc_pass_think(s->pass, s->engine, THINK_US, &next, err);
    if (!rc && next == SC_PASS_ACT) rc = act(s, job, err);
    if (!rc && next == SC_PASS_DONE) end_pass(s, ret_done);
    if (rc) drop_pass(s);
    sc_space_unlock(s);
    return rc;
}

int64_t sc_tidy_until_quiet_ms(const sc_space *s) {
    const int64_t busy = atomic_load(&s->busy_us), now = sc_mono_us(s->app->conf.clock);
    return busy ? s->app->conf.tidy_ms - (now - busy) / 1000 : 0;
}

static bool is_overdue(const sc_space *s) {
    const int64_t waits_us = sc_mono_us(s->app->conf.clock) - s->due_us;
    return s->due_us && waits_us / 1000 > PATIENCE * s->app->conf.tidy_ms;
}

static sc_rc steps(sc_space *s, const sc_job *job, bool *ret_done, sc_err *err) {
    sc_app *app = s->app;
    const int64_t start = sc_mono_us(app->conf.clock);
    sc_rc rc = SC_OK;
    do {
        rc = step(s, job, ret_done, err);
        if (rc == SC_CONFLICT) { /* another process was faster: begin anew */
            atomic_fetch_add(&app->conflicts, 1);
            rc = SC_OK;
        }
        if (!rc) rc = sc_lane_holds(&app->worker, app, err);
    } while (!rc && !*ret_done && !sc_worker_wanted(app) &&
             (sc_mono_us(app->conf.clock) - start) / 1000 < SLICE_MS);
    return rc;
}

sc_rc sc_tidy_work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    sc_space *s;
    bool done = false;
    sc_rc rc = sc_space_get(app, &job->project_id, &s, err);
    if (rc) return rc;
    atomic_store(&s->asked, false);
    if (!s->due_us) s->due_us = sc_mono_us(app->conf.clock);
    const bool now = sc_tidy_until_quiet_ms(s) <= 0 || is_overdue(s);
    if (now && app->conf.tidy_ms) rc = steps(s, job, &done, err);
    if (rc) return rc;
    if (done || !app->conf.tidy_ms) {
        s->due_us = 0;
        return SC_OK;
    }
    atomic_store(&s->asked, true);
    *ret_later_ms = sc_now_ms(app->conf.clock) + SC_MAX(sc_tidy_until_quiet_ms(s), (int64_t)1);
    return SC_OK;
}
