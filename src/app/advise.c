#include "app/advise.h"

#include <stdio.h>

#include "app/internal.h"
#include "app/turn.h"
#include "base/log.h"
#include "text/quote.h"

enum {
    IDLE_MS = 200,
    LOOK_US = 1000000,
    LONGEST_MS = 5 * 60 * 1000, /* a job is given back for no longer */
    PAGE_BYTES = 64 << 20,
    TITLE_BYTES = 240,
    TEXT_BYTES = 1400,
    STACK_BYTES = 500,
};

/* ---- Reports as data ----------------------------------------------------------------------------- */

static sc_rc quote_one(const sc_feedback *f, sc_buf *out, sc_err *err) {
    sc_buf_puts(out, "{\"title\":");
    sc_rc rc = sc_quote(out, f->title, TITLE_BYTES, err);
    if (!rc && f->body.n) {
        sc_buf_puts(out, ",\"text\":");
        rc = sc_quote(out, f->body, TEXT_BYTES, err);
    }
    if (!rc && f->stack.n) {
        sc_buf_puts(out, ",\"stack\":");
        rc = sc_quote(out, f->stack, STACK_BYTES, err);
    }
    sc_buf_putc(out, '}');
    return rc;
}

static bool is_representative(const sc_cluster *c, const sc_id *id) {
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++)
        if (sc_id_eq(&c->representative_ids[i], id)) return true;
    return false;
}

sc_rc sc_advise_reports(sc_app *app, const sc_cluster *c, size_t most, sc_arena *arena,
                        sc_feedback *ret, size_t *ret_n, sc_err *err) {
    size_t n = 0;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < SC_CLUSTER_REPRESENTATIVES && n < most; i++) {
        if (!sc_id_is_set(&c->representative_ids[i])) continue;
        rc = STORE(app)->feedback_get(SELF(app), &c->project_id, &c->representative_ids[i], arena,
                                      &ret[n], err);
        if (rc == SC_NOT_FOUND) /* the row is a moment older than the reports */
            rc = SC_OK;
        else if (!rc)
            n++;
    }
    sc_feedback_filter filter = {.project_id = c->project_id, .cluster_id = c->id};
    sc_page page = {.limit = most + SC_CLUSTER_REPRESENTATIVES};
    sc_feedback_list list = {0};
    if (!rc && n < most)
        rc = STORE(app)->feedback_list(SELF(app), &filter, &page, arena, &list, err);
    for (size_t i = 0; !rc && i < list.n && n < most; i++)
        if (!is_representative(c, &list.items[i].id)) ret[n++] = list.items[i];
    if (!rc) *ret_n = n;
    return rc;
}

sc_rc sc_advise_quote(sc_app *app, const sc_cluster *c, size_t most, sc_buf *out, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, PAGE_BYTES);
    size_t n = 0;
    sc_feedback *reports = sc_arena_take_array(&arena, most, sizeof *reports);
    if (!reports) return sc_fail(err, SC_NOMEM, "no memory for the reports");
    sc_rc rc = sc_advise_reports(app, c, most, &arena, reports, &n, err);
    sc_buf_putc(out, '[');
    for (size_t i = 0; !rc && i < n; i++) {
        if (i) sc_buf_putc(out, ',');
        rc = quote_one(&reports[i], out, err);
    }
    sc_buf_putc(out, ']');
    return rc;
}

/* ---- Looking for work ---------------------------------------------------------------------------- */

/* One that was given up, or that a person cancelled a moment ago, is not asked for again by itself. */
static sc_rc ask_for(sc_app *app, const sc_id *project, const char *kind, sc_err *err) {
    sc_job_counts n = {0};
    sc_rc rc = STORE(app)->job_counts(SELF(app), project, sc_str_of(kind), &n, err);
    if (rc || n.by_state[SC_JOB_pending] || n.by_state[SC_JOB_running] || n.by_state[SC_JOB_dead])
        return rc;
    return sc_work_ask(app, kind, project, SC_STR_NONE,
                       sc_now_ms(app->conf.clock) + app->conf.llm_settle_ms, err);
}

static sc_rc look_at(sc_app *app, const sc_project *p, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    const sc_id *project = &p->id;
    sc_cluster_filter due = {.project_id = *project, .due = true};
    sc_cluster_list list = {0};
    sc_rc rc = SC_OK;
    if (app->conf.llm_tasks & SC_ADVISE_titles)
        rc = STORE(app)->cluster_list(SELF(app), &due, &(sc_page){.limit = 1},
                                      sc_now_ms(app->conf.clock), &arena, &list, err);
    if (!rc && list.n) rc = ask_for(app, project, "summarise", err);
    sc_pair pair;
    size_t n = 0;
    if (!rc && app->conf.llm_tasks & SC_ADVISE_merges)
        rc = STORE(app)->pairs_open(SELF(app), project, 1, &arena, &pair, &n, err);
    if (!rc && n) rc = ask_for(app, project, "judge", err);
    return rc;
}

static void look(sc_app *app) {
    const int64_t now = sc_mono_us(app->conf.clock);
    if (now < app->next_advise_look_us) return;
    app->next_advise_look_us = now + LOOK_US;
    const char *failed = "nothing to ask the language model was found";
    sc_err err = {0};
    if (sc_turn_projects(app, failed, &app->advisor.stop, look_at, &err))
        sc_log_err(SC_LOG_WARN, failed, &err);
}

/* ---- The lane ------------------------------------------------------------------------------------ */

/* A model that is not asked now is no fault of the job: it is given back, no attempt is burnt. */
static sc_rc work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    sc_rc rc = sc_str_is(job->kind, "judge") ? sc_judge_work(app, job, ret_later_ms, err)
                                             : sc_summarise_work(app, job, ret_later_ms, err);
    if (rc != SC_LIMITED) return rc;
    err->retry_after_ms = SC_MIN(SC_MAX(err->retry_after_ms, (int64_t)1), (int64_t)LONGEST_MS);
    return err->rc = SC_CANCELLED;
}

static bool work_once(sc_app *app) {
    static const sc_str kinds[] = {{"summarise", 9}, {"judge", 5}};
    return sc_lane_work(&app->advisor, app, kinds, SC_LEN(kinds), work);
}

static void *run(void *arg) {
    sc_app *app = arg;
    while (!atomic_load(&app->advisor.stop)) {
        if (!work_once(app) && sc_lane_wait(&app->advisor, sc_lane_look_ms(app, IDLE_MS)))
            app->next_advise_look_us = 0;
        look(app);
    }
    return NULL;
}

sc_rc sc_advise_start(sc_app *app, sc_err *err) {
    return app->ask ? sc_lane_start(&app->advisor, app, run, "advise", err) : SC_OK;
}

void sc_advise_stop(sc_app *app) { sc_lane_stop(&app->advisor); }

void sc_advise_poke(sc_app *app) {
    if (app->advisor.running) sc_lane_poke(&app->advisor);
}
