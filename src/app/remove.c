/* A report is removed for good: out of its issue, out of the index, out of the store, in one write. */
#include "app/internal.h"
#include "app/triage.h"
#include "app/write.h"

enum { ARENA_BYTES = 64 << 20, MAX_TRIES = 5 };

static void take_out(sc_space *s, int64_t seq) {
    pthread_rwlock_wrlock(&s->lock);
    if (sc_engine_has(s->engine, seq)) sc_engine_remove(s->engine, seq);
    pthread_rwlock_unlock(&s->lock);
    sc_bare_remove(&s->bare, seq);
}

/* With `writer` held. What was decided about the report went with it. */
static sc_rc remove_once(sc_space *s, const sc_id *feedback, const sc_remove_if *only, sc_str actor,
                         sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_feedback f;
    sc_app *app = s->app;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = STORE(app)->feedback_get(SELF(app), &s->project_id, feedback, &arena, &f, err);
    if (!rc && only->holds) rc = only->holds(only->self, &f, &arena, err);
    if (rc) return rc;
    take_out(s, f.seq);
    sc_write w = {.space = s,
                  .arena = &arena,
                  .parked = &f,
                  .removed = true,
                  .unless_job = only->unless_job,
                  .actor = actor,
                  .now_ms = sc_now_ms(app->conf.clock)};
    rc = sc_write_changes(&w, err);
    if (rc) return rc;
    sc_err late = {0};
    pthread_rwlock_wrlock(&s->lock);
    if (sc_space_load_corrections(s, &late)) sc_space_forget(s); /* stored all the same */
    pthread_rwlock_unlock(&s->lock);
    return SC_OK;
}

sc_rc sc_triage_remove_if(sc_app *app, const sc_id *project, const sc_id *feedback,
                          const sc_remove_if *only, sc_str actor, sc_err *err) {
    sc_space *s;
    sc_rc rc = sc_space_get(app, project, &s, err);
    bool raced = !rc;
    for (int tries = 0; raced && tries < MAX_TRIES; tries++) {
        rc = sc_space_lock(s, err);
        if (rc) return rc;
        const int64_t before = s->version;
        rc = remove_once(s, feedback, only, actor, err);
        /* Another process was faster; else something else forbids it. */
        raced = rc == SC_CONFLICT && sc_space_follow(s, NULL) == SC_OK && s->version != before;
        sc_space_unlock(s);
    }
    return rc;
}

sc_rc sc_triage_remove(sc_app *app, const sc_id *project, const sc_id *feedback, sc_str actor,
                       sc_err *err) {
    return sc_triage_remove_if(app, project, feedback, &(sc_remove_if){NULL}, actor, err);
}
