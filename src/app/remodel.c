#include "app/remodel.h"

#include <stdio.h>

#include "app/internal.h"
#include "app/remodel_steps.h"
#include "app/turn.h"
#include "base/json.h"
#include "base/log.h"

enum {
    SLICE_MS = 500,  /* then others' jobs are looked for */
    TURN_MS = 150,   /* so long also when reports wait; it has a turn a second then */
    BLIND_MS = 5000, /* another process may be able to open what this one cannot */
    LOOK_US = 2000000,
    ARENA_SMALL = 1 << 20,
};

/* ---- The job ------------------------------------------------------------------------------------ */

static sc_rc ask(sc_app *app, const sc_id *project, const char *model, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_puts(&b, "{\"model\":");
    sc_buf_put_json(&b, sc_str_of(model));
    sc_buf_putc(&b, '}');
    return sc_work_ask(app, "remodel", project, sc_buf_str(&b), sc_now_ms(app->conf.clock), err);
}

static sc_rc steps(sc_app *app, const sc_job *job, const sc_lens *lens, int64_t *ret_later_ms,
                   sc_err *err) {
    sc_remodel *r = app->remodel;
    int64_t start = sc_mono_us(app->conf.clock), spent_ms = 0;
    bool stuck = false;
    sc_space *s;
    sc_rc rc = sc_space_get(app, &job->project_id, &s, err);
    do {
        if (!rc) rc = sc_remodel_step(r, job, s, &stuck, err);
        if (rc == SC_CONFLICT) { /* another process was faster: look again */
            atomic_fetch_add(&app->conflicts, 1);
            rc = SC_OK;
        }
        spent_ms = (sc_mono_us(app->conf.clock) - start) / 1000;
    } while (!rc && !sc_remodel_done(r) && !stuck && !sc_remodel_later_ms(r) &&
             !atomic_load(&app->worker.stop) &&
             spent_ms < (sc_worker_wanted(app) ? TURN_MS : SLICE_MS));
    if (rc || sc_remodel_done(r)) {
        sc_remodel_drop(app);
        return rc;
    }
    if (stuck) *ret_later_ms = sc_now_ms(app->conf.clock) + 1000;
    if (sc_remodel_later_ms(r)) *ret_later_ms = sc_remodel_later_ms(r);
    /* It came further: attempts count anew. */
    return *ret_later_ms ? SC_OK : ask(app, &job->project_id, lens->model, err);
}

sc_rc sc_remodel_work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_SMALL);
    sc_model_state st;
    sc_lens *lens;
    sc_rc rc = STORE(app)->model_state(SELF(app), &job->project_id, &arena, &st, err);
    if (!rc) rc = sc_lens_wanted(app, &job->project_id, &lens, err);
    if (rc) return rc;
    if (!st.active.n || sc_str_is(st.active, lens->model)) {
        sc_remodel_drop(app);
        return SC_OK;
    }
    if (!lens->em.ops) {
        *ret_later_ms = sc_now_ms(app->conf.clock) + BLIND_MS;
        return SC_OK;
    }
    if (!sc_remodel_is(app->remodel, &job->project_id, lens))
        rc = sc_remodel_begin(app, job, lens, &st, err);
    return rc ? rc : steps(app, job, lens, ret_later_ms, err);
}

bool sc_remodel_goes_on(const sc_app *app) {
    return app->remodel && !sc_remodel_later_ms(app->remodel);
}

/* The project's last job of the kind; its id is empty when there is none. */
static sc_rc last_job(sc_app *app, const sc_id *project, sc_arena *arena, sc_job *ret,
                      sc_err *err) {
    sc_job_filter f = {.project_id = *project, .kind = SC_STR("remodel")};
    sc_job_list list = {0};
    sc_rc rc = STORE(app)->job_list(SELF(app), &f, &(sc_page){.limit = 1}, arena, &list, err);
    if (!rc) *ret = list.n ? list.items[0] : (sc_job){.payload = SC_STR_NONE};
    return rc;
}

/* A change that was given up, or that a person cancelled, is not tried again by itself. */
static bool given_up(const sc_job *job, const char *model) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    return sc_id_is_set(&job->id) &&
           (job->state == SC_JOB_dead || job->state == SC_JOB_cancelled) &&
           !sc_json_parse(job->payload, &v, NULL) && sc_str_is(sc_json_str_at(v, "model"), model);
}

static sc_rc look_at(sc_app *app, const sc_project *p, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_SMALL);
    sc_lens *lens;
    sc_job job;
    if (!p->model.n) return SC_OK;
    sc_rc rc = sc_lens_wanted(app, &p->id, &lens, err);
    if (rc || sc_str_is(p->model, lens->model)) return rc;
    rc = last_job(app, &p->id, &arena, &job, err);
    if (rc || given_up(&job, lens->model)) return rc;
    if (sc_id_is_set(&job.id) && (job.state == SC_JOB_pending || job.state == SC_JOB_running))
        return SC_OK;
    return ask(app, &p->id, lens->model, err);
}

void sc_remodel_look(sc_app *app) {
    int64_t now = sc_mono_us(app->conf.clock);
    if (now < atomic_load(&app->next_remodel_look_us)) return;
    atomic_store(&app->next_remodel_look_us, now + LOOK_US);
    const char *failed = "models not looked at";
    sc_err err = {0};
    if (sc_turn_projects(app, failed, &app->worker.stop, look_at, &err))
        sc_log_err(SC_LOG_WARN, failed, &err);
}

void sc_remodel_poke(sc_app *app) {
    atomic_store(&app->next_remodel_look_us, 0);
    sc_worker_poke(app);
}

/* ---- The state ---------------------------------------------------------------------------------- */

const char *sc_remodel_state_name(sc_remodel_state s) {
    static const char *const names[] = {"settled", "waiting", "embedding", "regrouping", "failed"};
    return names[s];
}

static sc_rc tell_job(sc_app *app, const sc_id *project, const sc_lens *wanted, sc_arena *arena,
                      sc_remodel_status *s, sc_err *err) {
    sc_job job;
    sc_rc rc = last_job(app, project, arena, &job, err);
    if (rc) return rc;
    s->state = given_up(&job, wanted->model) ? SC_REMODEL_failed
               : !s->total                   ? SC_REMODEL_waiting
               : s->done < s->total          ? SC_REMODEL_embedding
                                             : SC_REMODEL_regrouping;
    s->job_id = job.id;
    s->reason = wanted->em.ops ? job.error : sc_str_of(wanted->why.msg);
    return SC_OK;
}

sc_rc sc_remodel_status_get(sc_app *app, const sc_id *project, sc_arena *arena,
                            sc_remodel_status *ret, sc_err *err) {
    sc_model_state st;
    sc_lens *wanted, *active;
    sc_remodel_status s = {.state = SC_REMODEL_settled};
    sc_rc rc = STORE(app)->model_state(SELF(app), project, arena, &st, err);
    if (!rc) rc = sc_lens_wanted(app, project, &wanted, err);
    if (!rc) rc = sc_lens_chosen(app, project, arena, &s.chosen, err);
    if (!rc)
        rc = sc_lens_get(app, st.active.n ? st.active : sc_str_of(wanted->model), &active, err);
    if (rc) return rc;
    s.model = sc_str_of(active->model);
    s.previous = st.previous;
    s.switched_at_ms = st.switched_at_ms;
    if (active != wanted) {
        s.wanted = sc_str_of(wanted->model);
        if (sc_str_is(st.target, wanted->model)) {
            s.done = st.done;
            s.total = st.total;
        }
        rc = tell_job(app, project, wanted, arena, &s, err);
    }
    if (!rc && !active->em.ops && !s.reason.n) s.reason = sc_str_of(active->why.msg);
    if (!rc) *ret = s;
    return rc;
}
