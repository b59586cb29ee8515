#include "app/lane.h"

#include <stdio.h>
#include <unistd.h>

#include "app/internal.h"
#include "base/log.h"

enum { BACKOFF_BASE_MS = 500, BACKOFF_CAP_MS = 60000 };

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

void sc_lane_stop(sc_lane *l) {
    if (!l->running) return;
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->stop, true);
    pthread_cond_signal(&l->rest);
    pthread_mutex_unlock(&l->lock);
    sc_lane_poke(l);
    pthread_join(l->thread, NULL);
    l->running = false;
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

bool sc_lane_rest(sc_lane *l, int64_t ms) {
    pthread_mutex_lock(&l->lock);
    if (!l->stop && ms > 0) sc_cond_wait_ms(&l->rest, &l->lock, ms);
    bool go_on = !l->stop;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

void sc_lane_end_job(sc_app *app, const sc_job *job, int64_t later_ms, const sc_err *err) {
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
        end.run_at_ms = end.now_ms + sc_job_backoff_ms(job->attempts, BACKOFF_BASE_MS,
                                                       BACKOFF_CAP_MS, random, err->retry_after_ms);
    } else {
        end.event = SC_JOB_EV_BURY;
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
