#include "app/lane.h"

#include <stdio.h>
#include <unistd.h>

#include "app/internal.h"
#include "base/log.h"

enum { SILENT_US = 15 * 60 * 1000000 }; /* who says nothing for so long hangs */

void sc_lane_init(sc_lane *l) {
    pthread_mutex_init(&l->lock, NULL);
    sc_cond_init(&l->wake);
    sc_cond_init(&l->rest);
}

void sc_lane_done(sc_lane *l) {
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wake);
    pthread_cond_destroy(&l->rest);
}

sc_rc sc_lane_start(sc_lane *l, void *arg, void *(*run)(void *), const char *name, sc_err *err) {
    char host[32] = "host";
    gethostname(host, sizeof host - 1);
    uint32_t random;
    sc_random(&random, sizeof random);
    snprintf(l->owner, sizeof l->owner, "%s:%d:%08x", host, (int)getpid(), random);
    sc_rc rc = sc_thread_start(&l->thread, run, arg, name, err);
    l->running = rc == SC_OK;
    return rc;
}

void sc_lane_tell_end(sc_lane *l) {
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->stop, true);
    pthread_cond_signal(&l->rest);
    pthread_mutex_unlock(&l->lock);
    sc_lane_poke(l);
}

void sc_lane_stop(sc_lane *l) {
    if (!l->running) return;
    sc_lane_tell_end(l);
    pthread_join(l->thread, NULL);
    l->running = false;
}

void sc_lane_give_way(int by) {
    if (nice(by) == -1) { /* -1 is also a valid niceness: nothing to tell */
    }
}

void sc_lane_poke(sc_lane *l) {
    pthread_mutex_lock(&l->lock);
    l->poked = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

bool sc_lane_wanted(sc_lane *l) {
    pthread_mutex_lock(&l->lock);
    bool wanted = l->poked || l->stop;
    pthread_mutex_unlock(&l->lock);
    return wanted;
}

bool sc_lane_wait(sc_lane *l, int64_t ms) {
    pthread_mutex_lock(&l->lock);
    if (!l->poked && !l->stop) sc_cond_wait_ms(&l->wake, &l->lock, ms);
    bool poked = l->poked;
    l->poked = false;
    pthread_mutex_unlock(&l->lock);
    return poked;
}

int64_t sc_lane_look_ms(const sc_app *app, int64_t ms) {
    return STORE(app)->look_ms ? SC_MAX(ms, STORE(app)->look_ms(SELF(app))) : ms;
}

bool sc_lane_rest(sc_lane *l, int64_t ms) {
    pthread_mutex_lock(&l->lock);
    if (!l->stop && ms > 0) sc_cond_wait_ms(&l->rest, &l->lock, ms);
    bool go_on = !l->stop;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

/* ---- The job under way --------------------------------------------------------------------------- */

static void hold(sc_lane *l, const sc_app *app, const sc_job *job) {
    pthread_mutex_lock(&l->lock);
    l->held = (sc_job){.fence = 0};
    if (job) l->held = (sc_job){.id = job->id, .fence = job->fence};
    l->lost = false;
    l->sign_us = sc_mono_us(app->conf.clock);
    pthread_mutex_unlock(&l->lock);
}

bool sc_lane_work(sc_lane *l, sc_app *app, const sc_str *kinds, size_t n_kinds, sc_lane_fn work) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_job job;
    sc_err err = {0};
    int64_t later_ms = 0;
    sc_rc rc =
        STORE(app)->job_claim(SELF(app), kinds, n_kinds, sc_str_of(l->owner), app->conf.lease_ms,
                              sc_now_ms(app->conf.clock), &arena, &job, &err);
    if (rc) {
        if (rc != SC_NOT_FOUND) sc_log_err(SC_LOG_WARN, "no job could be claimed", &err);
        return false;
    }
    hold(l, app, &job);
    err = (sc_err){0};
    sc_log_context(job.request_id.n ? job.request_id.p : job.id.text);
    sc_span span;
    sc_lane_begin_span(&span, &job);
    rc = work(app, &job, &later_ms, &err);
    hold(l, app, NULL);
    if (!rc) err = (sc_err){0}; /* whatever was met on the way was dealt with */
    if (rc != SC_FENCED) sc_lane_end_job(app, &job, later_ms, &err);
    sc_span_end(&span, rc != SC_OK);
    sc_log_context("");
    return true;
}

sc_rc sc_lane_holds(sc_lane *l, sc_app *app, sc_err *err) {
    pthread_mutex_lock(&l->lock);
    const bool lost = l->lost;
    l->sign_us = sc_mono_us(app->conf.clock);
    pthread_mutex_unlock(&l->lock);
    return lost ? sc_fail(err, SC_FENCED, "the job is no longer ours: its lease ran out") : SC_OK;
}

sc_rc sc_pulse_beat(void *self, int64_t ms, sc_err *err) {
    const sc_pulse *p = self;
    (void)ms; /* no request takes as long as a lane may be silent */
    return sc_lane_holds(p->lane, p->app, err);
}

void sc_lane_beat(sc_lane *l, sc_app *app) {
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_err err = {0};
    pthread_mutex_lock(&l->lock);
    const sc_job job = l->held;
    const bool silent = sc_mono_us(app->conf.clock) - l->sign_us > SILENT_US;
    pthread_mutex_unlock(&l->lock);
    if (!sc_id_is_set(&job.id) || silent) return;
    sc_rc rc =
        STORE(app)->job_heartbeat(SELF(app), &job.id, job.fence, app->conf.lease_ms, now, &err);
    if (rc && rc != SC_FENCED) sc_log_err(SC_LOG_WARN, "a lease was not kept", &err);
    if (rc != SC_FENCED) return;
    pthread_mutex_lock(&l->lock); /* unless it ended by itself meanwhile */
    if (sc_id_eq(&l->held.id, &job.id) && l->held.fence == job.fence) l->lost = true;
    pthread_mutex_unlock(&l->lock);
}

void sc_lane_end_job(sc_app *app, const sc_job *job, int64_t later_ms, const sc_err *err) {
    const sc_work *work = sc_work_find(job->kind);
    sc_job_end end = {.id = job->id,
                      .fence = job->fence,
                      .now_ms = sc_now_ms(app->conf.clock),
                      .error = sc_str_of(err->msg)};
    uint32_t random;
    sc_random(&random, sizeof random);
    if (!err->rc && later_ms) {
        end.event = SC_JOB_EV_RELEASE;
        end.run_at_ms = later_ms;
    } else if (!err->rc) {
        end.event = SC_JOB_EV_FINISH;
    } else if (err->rc == SC_CANCELLED) {
        end.event = SC_JOB_EV_RELEASE;
        if (err->retry_after_ms) end.run_at_ms = end.now_ms + err->retry_after_ms;
    } else if (sc_rc_retryable(err->rc) && job->attempts < job->max_attempts) {
        end.event = SC_JOB_EV_RETRY;
        end.run_at_ms = end.now_ms + sc_job_backoff_ms(job->attempts, work->base_ms, work->cap_ms,
                                                       random, err->retry_after_ms);
    } else {
        end.event = work->periodic ? SC_JOB_EV_FAIL : SC_JOB_EV_BURY;
    }
    if (err->rc && err->rc != SC_CANCELLED) sc_log_err(SC_LOG_WARN, "job failed", err);
    sc_err e = {0};
    /* When this fails too, the lease runs out and the job is claimed again. */
    if (STORE(app)->job_end(SELF(app), &end, &e) && e.rc != SC_FENCED)
        sc_log_err(SC_LOG_ERROR, "end of job not stored", &e);
}

void sc_lane_begin_span(sc_span *s, const sc_job *job) {
    sc_span_begin(s, "job", SC_SPAN_INTERNAL,
                  job->request_id.n ? job->request_id : sc_id_str(&job->id));
    sc_span_set_text(s, "soulcaster.job.kind", job->kind);
    sc_span_set_text(s, "soulcaster.job.id", sc_id_str(&job->id));
    sc_span_set_text(s, "soulcaster.project.id", sc_id_str(&job->project_id));
    sc_span_set_int(s, "soulcaster.job.attempt", job->attempts);
}
