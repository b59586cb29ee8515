/* The workers of fixes: claiming, heartbeats, the end of a job. */
#include <stdarg.h>
#include <stdio.h>

#include "app/fix_internal.h"
#include "app/fix_log.h"
#include "app/fix_steps.h"
#include "base/log.h"

enum {
    IDLE_MS = 500,
    BEAT_MS = 1000,
    LEASE_MS = 15000,
    FULL_MS = 2000, /* a project that is at its concurrency is asked again after it */
    MINUTE_MS = 60000,
};

/* ---- Keeping ------------------------------------------------------------------------------------ */

enum { EVENT_BYTES = 400 };

static sc_event event_for(const sc_fix *f, int64_t now_ms, char data[EVENT_BYTES]) {
    int n = snprintf(
        data, EVENT_BYTES,
        "{\"job_id\":\"%s\",\"cluster_id\":\"%s\",\"step\":\"%s\",\"pr_state\":\"%s\"}", f->id.text,
        f->cluster_id.text, sc_fix_step_name(f->step), sc_fix_pull_name(f->pull));
    return (sc_event){.project_id = f->project_id,
                      .kind = SC_STR("fix.updated"),
                      .data = {data, (size_t)n},
                      .at_ms = now_ms};
}

static sc_rc keep(sc_app *app, sc_fix *f, int64_t fence, const sc_str *patch, sc_err *err) {
    char data[EVENT_BYTES];
    const int64_t now = sc_now_ms(app->conf.clock);
    const sc_event ev = event_for(f, now, data);
    sc_fix_write w = {
        .fix = f, .job_fence = fence, .patch = patch, .events = &ev, .n_events = 1, .now_ms = now};
    sc_rc rc = STORE(app)->fix_save(SELF(app), &w, err);
    if (rc) return rc;
    f->version++;
    sc_pump_poke(app);
    return SC_OK;
}

sc_rc sc_fix_keep(sc_fix_run *r, const sc_str *patch, sc_err *err) {
    pthread_mutex_lock(&r->spend_lock);
    r->fix.cost = r->cost;
    sc_rc rc = keep(r->app, &r->fix, r->job.fence, patch, err);
    pthread_mutex_unlock(&r->spend_lock);
    return rc;
}

sc_rc sc_fix_keep_ended(sc_app *app, sc_fix *fix, sc_err *err) {
    return keep(app, fix, 0, NULL, err);
}

sc_rc sc_fix_refuse(sc_fix_run *r, sc_fix_reason reason, sc_err *err, const char *fmt, ...) {
    char words[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    r->fix.reason = reason;
    const char *what = sc_fix_reason_words(reason);
    return *words ? sc_fail(err, SC_UNPROCESSABLE, "%s: %s", what, words)
                  : sc_fail(err, SC_UNPROCESSABLE, "%s", what);
}

/* ---- Runs --------------------------------------------------------------------------------------- */

static void tell_stop(sc_fix_run *r, sc_fix_stop why) {
    int none = SC_FIX_GO_ON;
    atomic_compare_exchange_strong(&r->why, &none, (int)why);
    atomic_store(&r->stop, true);
}

static void enter(struct sc_fixes *x, sc_fix_run *r) {
    pthread_mutex_lock(&x->lock);
    r->next = x->runs;
    x->runs = r;
    pthread_mutex_unlock(&x->lock);
}

static void leave(struct sc_fixes *x, const sc_fix_run *r) {
    pthread_mutex_lock(&x->lock);
    sc_fix_run **at = &x->runs;
    while (*at && *at != r) at = &(*at)->next;
    if (*at) *at = r->next;
    pthread_mutex_unlock(&x->lock);
}

static void run_free(sc_fix_run *r) {
    if (!r) return;
    sc_fix_sink_done(&r->sink);
    sc_redact_free(r->redact);
    sc_arena_done(&r->arena);
    pthread_mutex_destroy(&r->spend_lock);
    sc_free(r);
}

static sc_rc add_secrets(const sc_fix_conf *c, sc_redact *set, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < c->n_secrets; i++)
        if (c->secrets[i].n >= SC_REDACT_MIN) rc = sc_redact_add(set, c->secrets[i], err);
    return rc;
}

static sc_rc run_new(sc_app *app, const sc_job *job, sc_fix_run **ret, sc_err *err) {
    const sc_fix_conf *c = &app->conf.fix;
    sc_fix_run *r = sc_alloc(sizeof *r);
    if (!r) return sc_fail(err, SC_NOMEM, "no memory for a fix");
    r->app = app;
    r->job = *job;
    pthread_mutex_init(&r->spend_lock, NULL);
    sc_arena_init(&r->arena, SC_FIX_ARENA_BYTES);
    sc_rc rc = sc_redact_new(&r->redact, err);
    if (!rc) rc = add_secrets(c, r->redact, err);
    sc_fix_sink_init(&r->sink, app, &job->id, r->redact);
    if (!rc)
        rc = STORE(app)->fix_get(SELF(app), &job->project_id, &job->id, &r->arena, &r->fix, err);
    if (!rc) rc = sc_fix_settings_get(app, &job->project_id, &r->arena, &r->set, err);
    if (rc) {
        run_free(r);
        return rc;
    }
    r->cost = r->fix.cost;
    if (!r->fix.started_at_ms) r->fix.started_at_ms = sc_now_ms(app->conf.clock);
    r->deadline_ms = r->fix.started_at_ms + SC_MIN(r->set.max_minutes * MINUTE_MS, c->max_ms);
    /* With the fence: whoever lost the job clears his own folder away, not his successor's. */
    snprintf(r->name, sizeof r->name, "%s-%lld", job->id.text, (long long)job->fence);
    snprintf(r->dir, sizeof r->dir, "%s/jobs/%s", c->dir, r->name);
    *ret = r;
    return SC_OK;
}

/* ---- The end ------------------------------------------------------------------------------------ */

/* What a step's failure is called when nobody said. */
static const sc_fix_reason step_reasons[SC_FIX_STEP_COUNT] = {
    [SC_FIX_queued] = SC_FIX_REASON_lost,
    [SC_FIX_preparing] = SC_FIX_REASON_repository,
    [SC_FIX_base_tests] = SC_FIX_REASON_no_sandbox,
    [SC_FIX_agent] = SC_FIX_REASON_agent_failed,
    [SC_FIX_checking] = SC_FIX_REASON_patch_refused,
    [SC_FIX_patched_tests] = SC_FIX_REASON_tests_failed,
    [SC_FIX_pushing] = SC_FIX_REASON_forge,
    [SC_FIX_opened] = SC_FIX_REASON_forge,
};

static sc_job_event event_of(sc_fix_run *r, sc_rc rc, const sc_err *err, int64_t *ret_run_at) {
    const int why = atomic_load(&r->why);
    uint32_t random;
    if (!rc) return SC_JOB_EV_FINISH;
    /* what waited for a model is given up first, and may come back before the run is told */
    if (why == SC_FIX_STOP_SHUTDOWN || (why == SC_FIX_GO_ON && rc == SC_CANCELLED))
        return SC_JOB_EV_RELEASE;
    if (why == SC_FIX_STOP_TIME) {
        r->fix.reason = SC_FIX_REASON_time_limit;
        return SC_JOB_EV_TIMEOUT;
    }
    if (!r->fix.reason && sc_rc_retryable(rc) && r->job.attempts < r->job.max_attempts) {
        const sc_work *work = sc_work_find(r->job.kind);
        sc_random(&random, sizeof random);
        *ret_run_at = sc_now_ms(r->app->conf.clock) +
                      sc_job_backoff_ms(r->job.attempts, work->base_ms, work->cap_ms, random,
                                        err->retry_after_ms);
        return SC_JOB_EV_RETRY;
    }
    if (!r->fix.reason) r->fix.reason = step_reasons[r->fix.step];
    return SC_JOB_EV_FAIL;
}

/* A person cancelled it while its pull request was made: people and the watch are to know of that. */
static sc_rc note_pull(sc_fix_run *r, sc_err *err) {
    sc_app *app = r->app;
    sc_fix f;
    sc_rc rc = SC_CONFLICT;
    for (int i = 0; rc == SC_CONFLICT && i < 3; i++) {
        rc = STORE(app)->fix_get(SELF(app), &r->fix.project_id, &r->fix.id, &r->arena, &f, err);
        if (rc || f.status != SC_JOB_cancelled || f.pull_number) return rc;
        f.pull = r->fix.pull;
        f.pull_number = r->fix.pull_number;
        f.pull_url = r->fix.pull_url;
        f.opened_at_ms = r->fix.opened_at_ms;
        f.seen_comments = r->fix.seen_comments;
        rc = sc_fix_keep_ended(app, &f, err);
    }
    return rc ? rc : sc_fix_tell_cluster(app, &f, SC_CLUSTER_EV_PR, SC_STR_NONE, err);
}

static sc_rc keep_end(sc_fix_run *r) {
    sc_err err = {0};
    const sc_rc rc = sc_fix_keep(r, NULL, &err);
    if (rc) sc_log_err(SC_LOG_WARN, "a fix's end is not kept", &err);
    return rc;
}

/* The reason comes last: without it, whoever finds the fix dead tells its issue. False: who lost the fix has no more to say, and an
 * end that cannot be told is none yet: the lease runs out, and the job is claimed again, or buried as lost. */
static bool tell_end(sc_fix_run *r, bool over, sc_str words) {
    sc_err err = {0};
    const sc_fix_reason reason = r->fix.reason;
    if (over) r->fix.reason = SC_FIX_REASON_none;
    const sc_rc kept = keep_end(r);
    r->fix.reason = reason;
    if (kept == SC_FENCED || !over) return kept != SC_FENCED;
    if (kept) return false;
    const sc_rc rc = sc_fix_tell_cluster(r->app, &r->fix, sc_fix_event_of(&r->fix), words, &err);
    if (rc) sc_log_err(SC_LOG_WARN, "an issue does not say that its fix failed", &err);
    return !rc && !keep_end(r);
}

static void end_run(sc_fix_run *r, sc_rc rc, sc_err *err) {
    sc_app *app = r->app;
    sc_err late = {0};
    if (rc == SC_FENCED || atomic_load(&r->why) == SC_FIX_STOP_LOST) {
        sc_fix_last_look(r, rc);
        if (r->fix.pull_number && note_pull(r, &late))
            sc_log_err(SC_LOG_WARN, "a cancelled fix's pull request is not noted", &late);
        return;
    }
    sc_job_end end = {.id = r->job.id, .fence = r->job.fence};
    end.event = event_of(r, rc, err, &end.run_at_ms);
    if (end.event == SC_JOB_EV_TIMEOUT)
        sc_fail(err, SC_TIMEOUT, "%s", sc_fix_reason_words(r->fix.reason));
    SC_AUTO(sc_buf_done) sc_buf words;
    sc_buf_init(&words, 4096);
    if (rc) sc_redact_text(r->redact, sc_str_of(err->msg), &words);
    if (rc && end.event != SC_JOB_EV_RELEASE) sc_fix_say(r, "%.*s", SC_FMT(sc_buf_str(&words)));
    end.error = sc_buf_str(&words);
    end.now_ms = sc_now_ms(app->conf.clock);
    const bool over = end.event == SC_JOB_EV_FAIL || end.event == SC_JOB_EV_TIMEOUT;
    if (over) sc_fix_last_look(r, rc);
    if (!tell_end(r, over, end.error)) return;
    char data[EVENT_BYTES];
    const sc_event ev = event_for(&r->fix, end.now_ms, data);
    end.events = &ev;
    end.n_events = 1;
    /* When this fails, the lease runs out and the job is claimed again. */
    if (STORE(app)->job_end(SELF(app), &end, &late)) {
        if (late.rc != SC_FENCED) sc_log_err(SC_LOG_ERROR, "end of a fix not stored", &late);
    } else if (over || end.event == SC_JOB_EV_FINISH) {
        atomic_fetch_add(&app->fixes_ended[r->fix.reason], 1);
    }
    sc_pump_poke(app);
}

/* ---- A worker ----------------------------------------------------------------------------------- */

/* Claimed beyond the project's concurrency: it goes back unworked. */
static bool too_many(sc_fix_run *r) {
    sc_job_counts n = {0};
    sc_app *app = r->app;
    sc_err err = {0};
    if (STORE(app)->job_counts(SELF(app), &r->job.project_id, SC_STR("fix"), &n, &err))
        return false; /* whoever cannot read will not get far */
    if (n.by_state[SC_JOB_running] <= r->set.concurrency) return false;
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_job_end end = {.id = r->job.id,
                      .fence = r->job.fence,
                      .event = SC_JOB_EV_RELEASE,
                      .run_at_ms = now + FULL_MS,
                      .now_ms = now};
    if (STORE(app)->job_end(SELF(app), &end, &err) && err.rc != SC_FENCED)
        sc_log_err(SC_LOG_WARN, "a fix was not given back", &err);
    return true;
}

static void work(sc_fix_worker *w, const sc_job *job) {
    struct sc_fixes *x = w->app->fixes;
    sc_fix_run *r = NULL;
    sc_err err = {0};
    sc_rc rc = run_new(w->app, job, &r, &err);
    if (rc || !r) { /* the compiler does not see that it is set */
        sc_lane_end_job(w->app, job, 0, &err);
        return;
    }
    if (!too_many(r)) {
        enter(x, r);
        if (atomic_load(&w->lane.stop)) tell_stop(r, SC_FIX_STOP_SHUTDOWN);
        err = (sc_err){0};
        rc = sc_fix_work(r, &err);
        leave(x, r);
        end_run(r, rc, &err);
        sc_fix_clear(r);
    }
    run_free(r);
}

static bool work_once(sc_fix_worker *w) {
    static const sc_str kinds[] = {{"fix", 3}};
    sc_app *app = w->app;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_job job;
    sc_err err = {0};
    sc_rc rc = STORE(app)->job_claim(SELF(app), kinds, SC_LEN(kinds), sc_str_of(w->lane.owner),
                                     LEASE_MS, sc_now_ms(app->conf.clock), &arena, &job, &err);
    if (rc) {
        if (rc != SC_NOT_FOUND) sc_log_err(SC_LOG_WARN, "no fix could be claimed", &err);
        return false;
    }
    sc_log_context(job.request_id.n ? job.request_id.p : job.id.text);
    sc_span span;
    sc_lane_begin_span(&span, &job);
    work(w, &job);
    sc_span_end(&span, false); /* what became of it stands in its row */
    sc_log_context("");
    return true;
}

static void *run(void *arg) {
    sc_fix_worker *w = arg;
    sc_lane_give_way(SC_LANE_FIX_NICE);
    while (!atomic_load(&w->lane.stop))
        if (!work_once(w)) sc_lane_wait(&w->lane, sc_lane_look_ms(w->app, IDLE_MS));
    return NULL;
}

/* ---- Heartbeats --------------------------------------------------------------------------------- */

static void beat_one(sc_app *app, sc_fix_run *r) {
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_err err = {0};
    sc_rc rc = STORE(app)->job_heartbeat(SELF(app), &r->job.id, r->job.fence, LEASE_MS, now, &err);
    if (rc == SC_FENCED) tell_stop(r, SC_FIX_STOP_LOST);
    if (now >= r->deadline_ms) tell_stop(r, SC_FIX_STOP_TIME);
}

static void *beat(void *arg) {
    struct sc_fixes *x = arg;
    while (!atomic_load(&x->beat.stop)) {
        pthread_mutex_lock(&x->lock);
        for (sc_fix_run *r = x->runs; r; r = r->next) beat_one(x->app, r);
        pthread_mutex_unlock(&x->lock);
        sc_lane_wait(&x->beat, BEAT_MS);
    }
    return NULL;
}

/* ---- All of them -------------------------------------------------------------------------------- */

static size_t n_guards(const sc_app *app) {
    return SC_MIN(app->conf.fix.n_forges, (size_t)SC_FIX_MAX_FORGES);
}

size_t sc_fix_forges_look(sc_app *app, sc_forge_guard_state *ret) {
    for (size_t i = 0; i < n_guards(app); i++) sc_forge_guard_look(&app->fixes->guards[i], &ret[i]);
    return n_guards(app);
}

sc_rc sc_fixes_new(sc_app *app, sc_err *err) {
    struct sc_fixes *x = sc_alloc(sizeof *x);
    if (!x) return sc_fail(err, SC_NOMEM, "no memory for fixes");
    x->app = app;
    x->n_workers = SC_MIN((size_t)app->conf.fix.workers, (size_t)SC_FIX_MAX_WORKERS);
    for (size_t i = 0; i < SC_FIX_MAX_WORKERS; i++) sc_lane_init(&x->workers[i].lane);
    sc_lane_init(&x->beat);
    sc_lane_init(&x->tidy);
    sc_lane_init(&x->watch);
    pthread_mutex_init(&x->lock, NULL);
    pthread_mutex_init(&x->looking, NULL);
    for (size_t i = 0; i < n_guards(app); i++)
        sc_forge_guard_init(&x->guards[i], &app->conf.fix.forges[i], app->conf.clock);
    app->fixes = x;
    return SC_OK;
}

void sc_fixes_free(sc_app *app) {
    struct sc_fixes *x = app->fixes;
    if (!x) return;
    for (size_t i = 0; i < SC_FIX_MAX_WORKERS; i++) sc_lane_done(&x->workers[i].lane);
    sc_lane_done(&x->beat);
    sc_lane_done(&x->tidy);
    sc_lane_done(&x->watch);
    pthread_mutex_destroy(&x->lock);
    pthread_mutex_destroy(&x->looking);
    for (size_t i = 0; i < n_guards(app); i++) sc_forge_guard_done(&x->guards[i]);
    sc_free(x);
    app->fixes = NULL;
}

sc_rc sc_fixes_start(sc_app *app, sc_err *err) {
    struct sc_fixes *x = app->fixes;
    const unsigned queues = app->conf.queues;
    const unsigned watching = 1u << SC_QUEUE_poll | 1u << SC_QUEUE_verify;
    const bool works = x->n_workers && queues & 1u << SC_QUEUE_fix;
    sc_rc rc = works ? sc_fix_folders(app, err) : SC_OK;
    if (!rc && works) rc = sc_lane_start(&x->beat, x, beat, "fix-beat", err);
    if (!rc && works) rc = sc_lane_start(&x->tidy, x, sc_fix_tidy_run, "fix-tidy", err);
    for (size_t i = 0; !rc && works && i < x->n_workers; i++) {
        x->workers[i].app = app;
        rc = sc_lane_start(&x->workers[i].lane, &x->workers[i], run, "fix", err);
    }
    if (!rc && queues & watching)
        rc = sc_lane_start(&x->watch, x, sc_fix_watch_run, "fix-watch", err);
    return rc;
}

void sc_fixes_beat(sc_app *app) { sc_lane_beat(&app->fixes->watch, app); }

void sc_fixes_stop(sc_app *app) {
    struct sc_fixes *x = app->fixes;
    if (!x) return;
    for (size_t i = 0; i < x->n_workers; i++) atomic_store(&x->workers[i].lane.stop, true);
    pthread_mutex_lock(&x->lock);
    for (sc_fix_run *r = x->runs; r; r = r->next) tell_stop(r, SC_FIX_STOP_SHUTDOWN);
    pthread_mutex_unlock(&x->lock);
    for (size_t i = 0; i < x->n_workers; i++) sc_lane_stop(&x->workers[i].lane);
    sc_lane_stop(&x->watch);
    sc_lane_stop(&x->tidy);
    sc_lane_stop(&x->beat);
}

void sc_fixes_poke(sc_app *app) {
    if (!app->fixes) return;
    for (size_t i = 0; i < app->fixes->n_workers; i++) sc_lane_poke(&app->fixes->workers[i].lane);
}
