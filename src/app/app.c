#include "app/app.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "app/advise.h"
#include "app/fix_internal.h"
#include "app/internal.h"
#include "app/remodel.h"
#include "app/schedule.h"
#include "base/log.h"

void sc_app_conf_default(sc_app_conf *c) {
    *c = (sc_app_conf){
        .clock = &sc_clock_system,
        .serves = true,
        .queues = SC_QUEUES_ALL,
        .schedules = true,
        .embedder_hint = "",
        .max_queued_bytes = 64 << 20,
        .lease_ms = 3000,
        .tidy_ms = 5000,
        .embed_timeout_ms = 10000,
        .llm_tasks = SC_ADVISE_titles | SC_ADVISE_merges,
        .llm_timeout_ms = 60000,
        .llm_settle_ms = 5000,
        .keep_ended_jobs_ms = 24 * 3600 * 1000LL,
        .keep_events_ms = 24 * 3600 * 1000LL,
        .max_dead_letters = 1000,
        .max_dead_bytes = 16 << 20,
        .keep_decisions = 8,
        .action_bytes = 512 << 20,
    };
    sc_fix_conf_default(&c->fix);
}

void sc_cond_init(pthread_cond_t *c) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

void sc_cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    pthread_cond_timedwait(c, m, &t);
}

sc_rc sc_thread_start(pthread_t *t, void *(*fn)(void *), void *arg, const char *name, sc_err *err) {
    int e = pthread_create(t, NULL, fn, arg);
    if (e) return sc_fail_sys(err, SC_NOMEM, e, "start the %s thread", name);
    pthread_setname_np(*t, name);
    return SC_OK;
}

static sc_rc first_project(sc_app *app, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_project *list;
    size_t n;
    sc_rc rc = STORE(app)->project_list(SELF(app), &arena, &list, &n, err);
    if (rc || n) return rc;
    sc_project p = {.id = sc_id_new(app->conf.clock),
                    .name = SC_STR("default"),
                    .created_at_ms = sc_now_ms(app->conf.clock)};
    rc = STORE(app)->project_put(SELF(app), &p, err);
    return rc == SC_CONFLICT ? SC_OK : rc; /* another process was first */
}

static void end_waits(sc_ending *e) {
    pthread_mutex_lock(&e->lock);
    atomic_store(&e->now, true);
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

/* Between two tries of a service, on any thread; false: the process ends. */
static bool wait_for_service(void *self, int64_t ms) {
    sc_ending *e = self;
    const int64_t until_us = sc_mono_us(&sc_clock_system) + ms * 1000;
    int64_t left_us = ms * 1000;
    pthread_mutex_lock(&e->lock);
    while (!atomic_load(&e->now) && left_us > 0) {
        sc_cond_wait_ms(&e->wake, &e->lock, left_us / 1000 + 1);
        left_us = until_us - sc_mono_us(&sc_clock_system);
    }
    const bool go_on = !atomic_load(&e->now);
    pthread_mutex_unlock(&e->lock);
    return go_on;
}

static sc_rc open_remote(sc_app *app, sc_err *err) {
    const sc_app_conf *c = &app->conf;
    if (!c->embedder.ops->remote) return SC_OK;
    sc_embed_conf conf = {.embedder = c->embedder,
                          .store = &app->conf.store,
                          .clock = c->clock,
                          .timeout_ms = c->embed_timeout_ms,
                          .cap = c->embed_cap,
                          .wait = wait_for_service,
                          .wait_self = &app->ending,
                          .stop = &app->ending.now};
    return sc_embed_new(&conf, &app->embed, err);
}

static sc_rc open_llm(sc_app *app, sc_err *err) {
    const sc_app_conf *c = &app->conf;
    if (!c->llm.ops) return SC_OK;
    sc_ask_conf conf = {.llm = c->llm,
                        .prompts = c->prompts,
                        .store = &app->conf.store,
                        .clock = c->clock,
                        .timeout_ms = c->llm_timeout_ms,
                        .cap = c->llm_cap,
                        .wait = wait_for_service,
                        .wait_self = &app->ending,
                        .stop = &app->ending.now};
    return sc_ask_new(&conf, &app->ask, err);
}

sc_rc sc_app_new(const sc_app_conf *conf, sc_app **ret, sc_err *err) {
    sc_app *app = sc_alloc(sizeof *app);
    if (!app) return sc_fail(err, SC_NOMEM, "no memory for the application");
    app->conf = *conf;
    pthread_mutex_init(&app->ending.lock, NULL);
    sc_cond_init(&app->ending.wake);
    pthread_mutex_init(&app->committer.lock, NULL);
    sc_cond_init(&app->committer.wake);
    app->committer.tail = &app->committer.head;
    sc_lane_init(&app->worker);
    sc_lane_init(&app->advisor);
    sc_lane_init(&app->beat);
    pthread_mutex_init(&app->pump.lock, NULL);
    sc_cond_init(&app->pump.wake);
    sc_access_init(&app->access);
    sc_settings_cache_init(&app->settings);
    sc_refusals_init(&app->refusals);
    sc_rates_init(&app->rates);
    sc_quotas_init(&app->quotas);
    sc_spaces_init(&app->spaces);
    sc_schedule_init(&app->schedule);
    sc_rc rc = sc_lenses_init(app, err);
    if (!rc) rc = open_remote(app, err);
    if (!rc) rc = open_llm(app, err);
    if (!rc) rc = first_project(app, err);
    if (!rc) rc = sc_fixes_new(app, err);
    if (rc) {
        sc_app_free(app);
        return rc;
    }
    *ret = app;
    return SC_OK;
}

/* Keeps the leases of what is under way, whatever it is busy with. */
static void *beat(void *arg) {
    sc_app *app = arg;
    while (sc_lane_rest(&app->beat, app->conf.lease_ms / 3)) {
        sc_lane_beat(&app->worker, app);
        sc_lane_beat(&app->advisor, app);
        sc_fixes_beat(app);
    }
    return NULL;
}

/* A process that is only there to lead needs nothing but the scheduler. */
sc_rc sc_app_start(sc_app *app, sc_err *err) {
    const sc_app_conf *c = &app->conf;
    sc_rc rc = c->decides ? sc_lenses_record(app, err) : SC_OK;
    if (!rc && c->serves) rc = sc_committer_start(app, err);
    if (!rc && (c->serves || c->queues)) rc = sc_pump_start(app, err);
    if (!rc && c->queues) rc = sc_lane_start(&app->beat, app, beat, "beat", err);
    if (!rc && c->queues & 1u << SC_QUEUE_group) rc = sc_worker_start(app, err);
    if (!rc && c->queues & 1u << SC_QUEUE_summarise) rc = sc_advise_start(app, err);
    if (!rc) rc = sc_fixes_start(app, err);
    if (!rc && c->schedules) rc = sc_schedule_start(app, err);
    if (rc) sc_app_stop(app);
    return rc;
}

/* Whoever is given up on a call is not to take up the same job again. */
static void tell_end(sc_app *app) {
    sc_lane_tell_end(&app->worker);
    sc_lane_tell_end(&app->advisor);
    if (app->fixes) sc_lane_tell_end(&app->fixes->watch);
    end_waits(&app->ending);
}

void sc_app_stop(sc_app *app) {
    tell_end(app);
    sc_schedule_stop(app);
    sc_committer_stop(app);
    sc_fixes_stop(app);
    sc_advise_stop(app);
    sc_worker_stop(app);
    sc_lane_stop(&app->beat);
    sc_pump_stop(app);
}

void sc_app_free(sc_app *app) {
    if (!app) return;
    sc_app_stop(app);
    sc_fixes_free(app);
    sc_remodel_drop(app);
    sc_spaces_free(&app->spaces);
    sc_embed_free(app->embed);
    sc_ask_free(app->ask);
    sc_lenses_done(app);
    sc_access_done(&app->access);
    sc_settings_cache_done(&app->settings);
    sc_refusals_done(&app->refusals);
    sc_rates_done(&app->rates);
    sc_quotas_done(&app->quotas);
    pthread_mutex_destroy(&app->committer.lock);
    pthread_cond_destroy(&app->committer.wake);
    sc_lane_done(&app->worker);
    sc_lane_done(&app->advisor);
    sc_lane_done(&app->beat);
    pthread_mutex_destroy(&app->pump.lock);
    pthread_cond_destroy(&app->pump.wake);
    sc_schedule_done(&app->schedule);
    pthread_mutex_destroy(&app->ending.lock);
    pthread_cond_destroy(&app->ending.wake);
    sc_free(app);
}

const sc_store *sc_app_store(sc_app *app) { return &app->conf.store; }

const sc_clock *sc_app_clock(sc_app *app) { return app->conf.clock; }

const char *sc_app_model(sc_app *app) {
    return app->conf.embedder.ops->model(app->conf.embedder.self);
}

const char *sc_app_embedder_hint(sc_app *app) { return app->conf.embedder_hint; }

const sc_source_ops *sc_app_source(sc_app *app, sc_str name) {
    for (size_t i = 0; i < app->conf.n_sources; i++)
        if (sc_str_is(name, app->conf.sources[i]->name)) return app->conf.sources[i];
    return NULL;
}

bool sc_app_remote(sc_app *app, bool *ret_degraded) {
    *ret_degraded = app->embed && sc_embed_degraded(app->embed);
    return app->embed != NULL;
}

bool sc_app_llm(sc_app *app, bool *ret_degraded) {
    *ret_degraded = app->ask && sc_ask_degraded(app->ask);
    return app->ask != NULL;
}

void sc_app_stats_get(sc_app *app, sc_app_stats *ret) {
    *ret = (sc_app_stats){
        .commits = atomic_load(&app->commits),
        .committed = atomic_load(&app->committed),
        .duplicates = atomic_load(&app->duplicates),
        .refused = atomic_load(&app->refused),
        .queued_bytes = atomic_load(&app->committer.queued_bytes),
        .grouped = atomic_load(&app->grouped),
        .group_errors = atomic_load(&app->group_errors),
        .conflicts = atomic_load(&app->conflicts),
        .regressions = atomic_load(&app->regressions),
        .tidied = atomic_load(&app->tidied),
        .tidy_moves = atomic_load(&app->tidy_moves),
        .group_us_total = atomic_load(&app->group_us_total),
        .commit_us_total = atomic_load(&app->commit_us_total),
        .limited_keys = atomic_load(&app->rates.refused[SC_RATE_KEY]),
        .limited_addresses = atomic_load(&app->rates.refused[SC_RATE_ADDRESS]),
        .limited_reports = atomic_load(&app->quotas.refused_reports),
        .limited_fixes = atomic_load(&app->quotas.refused_fixes),
        .expired = atomic_load(&app->expired),
        .limited_alone = atomic_load(&app->rates.alone),
    };
    pthread_mutex_lock(&app->spaces.lock);
    for (sc_space *s = app->spaces.head; s; s = s->next) {
        if (!atomic_load(&s->ready)) continue;
        sc_engine_stats es;
        pthread_rwlock_rdlock(&s->lock);
        sc_engine_stats_get(s->engine, &es);
        pthread_rwlock_unlock(&s->lock);
        ret->spaces++;
        ret->items += (int64_t)es.items;
        ret->clusters += (int64_t)es.clusters;
        ret->index_bytes += (int64_t)es.bytes;
        ret->bare += atomic_load(&s->bare.count);
    }
    pthread_mutex_unlock(&app->spaces.lock);
    pthread_mutex_lock(&app->pump.lock);
    ret->subscribers = (int64_t)app->pump.n_subscribers;
    pthread_mutex_unlock(&app->pump.lock);
    ret->queues = app->conf.queues;
    ret->schedules = app->conf.schedules;
    ret->leads = atomic_load(&app->schedule.leads);
    for (size_t i = 0; i < SC_FIX_REASON_COUNT; i++)
        ret->fixes.ended[i] = atomic_load(&app->fixes_ended[i]);
    ret->fixes.calls = atomic_load(&app->fix_calls);
    ret->fixes.tokens = atomic_load(&app->fix_tokens);
    ret->fixes.micro_usd = atomic_load(&app->fix_micro_usd);
    ret->remote = app->embed != NULL;
    if (app->embed) sc_embed_stats_get(app->embed, &ret->embed);
    ret->llm = app->ask != NULL;
    ret->told = atomic_load(&app->told);
    ret->judged_one = atomic_load(&app->judged_one);
    ret->judged_two = atomic_load(&app->judged_two);
    if (app->ask) sc_ask_stats_get(app->ask, &ret->ask);
}
