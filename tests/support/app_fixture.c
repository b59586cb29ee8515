#include "app_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/read.h"
#include "base/json.h"
#include "embedders/registry.h"
#include "sources/registry.h"
#include "stores/registry.h"
#include "stores/sqlite/sqlite.h"

static int64_t fixture_wall(void *self) { return ((app_fixture *)self)->now_ms; }

static int64_t fixture_mono(void *self) {
    const app_fixture *f = self;
    return f->mono_stands_us ? f->mono_stands_us : sc_mono_us(&sc_clock_system) + f->mono_ahead_us;
}

#define must(call)                                                        \
    do {                                                                  \
        sc_err err_ = {0};                                                \
        sc_rc rc_ = (call);                                               \
        if (rc_) fail_msg("%s: %s %s", #call, sc_rc_name(rc_), err_.msg); \
    } while (0)

static void open_app(app_fixture *f, bool worker) {
    sc_sqlite_conf conf = {.dir = f->dir, .busy_timeout_ms = 5000};
    must(sc_store_open(&sc_store_sqlite, &conf, &f->store, &err_));
    if (f->wrap) {
        f->wrapped = f->wrap(f->store.ops);
        f->store.ops = &f->wrapped;
    }
    sc_app_conf app;
    sc_app_conf_default(&app);
    app.store = f->store;
    app.embedder = f->embedder;
    app.sources = sc_source_registry;
    app.n_sources = SC_SOURCE_COUNT;
    app.clock = &f->clock;
    app.queues = worker ? SC_QUEUES_ALL : 0;
    app.schedules = !f->unscheduled;
    app.tidy_ms = f->tidy_ms;
    app.open_embedder = f->open_embedder;
    app.close_embedder = f->close_embedder;
    app.decides = f->decides;
    app.llm = f->llm;
    app.llm_cap = f->llm_cap;
    app.llm_settle_ms = 0;
    if (!f->prompts.v[0].name) must(sc_prompts_load(NULL, &f->prompts, &err_));
    app.prompts = &f->prompts;
    if (f->fix.dir) app.fix = f->fix;
    must(sc_app_new(&app, &f->app, &err_));
    must(sc_app_start(f->app, &err_));
    sc_project p;
    must(f->store.ops->project_get(f->store.self, SC_STR("default"), &f->arena, &p, &err_));
    f->project = p;
}

void app_fixture_open(app_fixture *f, const sc_embedder *embedder, bool worker) {
    app_fixture_open_with(f, embedder, worker, NULL);
}

void app_fixture_open_with(app_fixture *f, const sc_embedder *embedder, bool worker,
                           sc_store_ops (*wrap)(const sc_store_ops *real)) {
    memset(f, 0, sizeof *f);
    f->wrap = wrap;
    sc_json_setup();
    snprintf(f->dir, sizeof f->dir, "/tmp/soulcaster-test-XXXXXX");
    if (!mkdtemp(f->dir)) fail_msg("no temporary folder");
    f->now_ms = 1790000000000;
    f->clock = (sc_clock){fixture_wall, fixture_mono, f};
    sc_arena_init(&f->arena, 256 << 20);
    if (embedder) {
        f->embedder = *embedder;
    } else {
        const sc_embedder_ops *ops = sc_embedder_find(SC_STR("builtin"));
        f->embedder = (sc_embedder){.ops = ops, .self = sc_alloc(ops->size)};
        must(ops->open(f->embedder.self, NULL, &err_));
    }
    open_app(f, worker);
}

static void close_app(app_fixture *f) {
    sc_app_stop(f->app);
    sc_app_free(f->app);
    f->store.ops = &sc_store_sqlite;
    sc_store_close(&f->store);
}

void app_fixture_restart(app_fixture *f, bool worker) {
    close_app(f);
    open_app(f, worker);
}

void app_fixture_close(app_fixture *f) {
    close_app(f);
    if (f->embedder.ops->close) f->embedder.ops->close(f->embedder.self);
    if (sc_embedder_find(sc_str_of(f->embedder.ops->name)) == f->embedder.ops)
        sc_free(f->embedder.self);
    sc_prompts_done(&f->prompts);
    sc_arena_done(&f->arena);
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", f->dir, e->d_name);
        unlink(path);
    }
    if (d) closedir(d);
    rmdir(f->dir);
}

sc_id app_put(app_fixture *f, const char *external_id, const char *title, const char *body) {
    sc_feedback item = {.project_id = f->project.id,
                        .source = SC_SOURCE_manual,
                        .external_id = sc_str_of(external_id),
                        .title = sc_str_of(title),
                        .body = sc_str_of(body),
                        .metadata = SC_STR("{}"),
                        .created_at_ms = f->now_ms};
    must(sc_feedback_normalise(&item, &err_));
    sc_put_result result;
    must(sc_ingest_now(f->app, &item, 1, &result, &f->arena, &err_));
    return result.id;
}

enum { PATIENCE_US = 240000000 }; /* only what hangs reaches it */

void app_wait(bool (*done)(void *self), void *self, const char *what) {
    int64_t deadline = sc_mono_us(&sc_clock_system) + PATIENCE_US;
    while (!done(self)) {
        if (sc_mono_us(&sc_clock_system) > deadline) fail_msg("waited in vain for: %s", what);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static bool settled(void *self) {
    app_fixture *f = self;
    sc_store_stats stats;
    must(f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &stats, &err_));
    return stats.pending == 0;
}

void app_settle(app_fixture *f) { app_wait(settled, f, "all reports to be grouped"); }

void app_loaded(app_fixture *f) {
    sc_grouping_status s;
    must(sc_read_grouping(f->app, &f->project.id, &f->arena, &s, &err_));
}

sc_feedback app_get(app_fixture *f, const sc_id *id) {
    sc_feedback got;
    must(f->store.ops->feedback_get(f->store.self, &f->project.id, id, &f->arena, &got, &err_));
    return got;
}

sc_cluster app_cluster(app_fixture *f, const sc_id *id) {
    sc_cluster got;
    must(f->store.ops->cluster_get(f->store.self, &f->project.id, id, &f->arena, &got, &err_));
    return got;
}

sc_id app_bury(app_fixture *f, const sc_id *project, const char *kind, const char *why) {
    const sc_store_ops *o = f->store.ops;
    const sc_str kinds[] = {sc_str_of(kind)};
    sc_id id = sc_id_new(&f->clock);
    f->now_ms += 10;
    sc_job job = {.id = id,
                  .project_id = *project,
                  .kind = kinds[0],
                  .payload = SC_STR("{}"),
                  .max_attempts = 1,
                  .run_at_ms = f->now_ms,
                  .created_at_ms = f->now_ms};
    must(o->job_enqueue(f->store.self, &job, &id, &err_));
    must(o->job_claim(f->store.self, kinds, 1, SC_STR("w"), 1000, f->now_ms, &f->arena, &job,
                      &err_));
    const sc_job_end end = {.id = id,
                            .fence = job.fence,
                            .event = SC_JOB_EV_BURY,
                            .error = sc_str_of(why),
                            .now_ms = f->now_ms};
    must(o->job_end(f->store.self, &end, &err_));
    return id;
}
