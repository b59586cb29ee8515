/* The grouping worker: claims "group" jobs (a project has pending reports), "regroup" jobs (one report
 * that failed before), "tidy" jobs (tidy.h) and "reembed" jobs (backfill.h), places the reports, and writes the
 * result under the job's fence. */
#include "app/ahead.h"
#include "app/backfill.h"
#include "app/chart.h"
#include "app/internal.h"
#include "app/remodel.h"
#include "app/represent.h"
#include "app/retention.h"
#include "app/tidy.h"
#include "app/write.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PASS_ITEMS = 256,  /* reports a write holds at most */
    PASS_CHANGES = 64, /* changes of the engine that a refused write can take back */
    PASS_US = 15000,   /* time a write's reports may take */
    LONG_US =
        120000,      /* the same where more wait than one write takes: fewer writes are less work */
    CHUNK_US = 4000, /* time that readers of the engine may have to wait */
    LOOKED_UP = 16,  /* reports that are looked up in the engine at once */
    LINGER_MS = 40,  /* a drained job waits this long for more before it ends */
    JOB_MS = 1000,   /* a job that did this much ends well and asks for the next */
    FULL_COMMIT = 6, /* reports a commit from which on many requests wait for it */
    GIVE_WAY = 4,    /* then rest this many times as long as a pass took ... */
    GIVE_WAY_MS = 250, /* ... but not longer */
    TURN_US = 1000000,
    IDLE_MS = 200, /* how often another process's jobs are looked for */
    MAX_CONFLICTS = 20,
    PARKED_MS = 500, /* then it is tried again, by itself */
    ARENA_BYTES = 512 << 20,
};

typedef struct pass {
    sc_app *app;
    const sc_job *job;
    sc_space *space;
    sc_arena *arena;
    sc_write_item *items; /* n represented ones; the first n_placed are in the engine */
    sc_engine_item *engine_items;
    size_t n, n_placed;
    sc_change changes[PASS_CHANGES];
    size_t n_changes;
    const sc_feedback *failed; /* the first that could not be represented or placed, or NULL */
    sc_err why;
    bool later; /* the next one is not embedded yet */
} pass;

static sc_rc pass_init(pass *p, size_t room, sc_err *err) {
    p->items = sc_arena_take_array(p->arena, room + 1, sizeof *p->items);
    p->engine_items = sc_arena_take_array(p->arena, room + 1, sizeof *p->engine_items);
    if (p->items && p->engine_items) return SC_OK;
    sc_fail(err, SC_NOMEM, "no memory to group %zu reports", room);
    return SC_NOMEM;
}

/* Prepares and embeds one report. What it makes stays in the arena until the pass is written. */
static sc_rc represent(pass *p, const sc_feedback *f, sc_err *err) {
    sc_prepared *prepared = sc_arena_take(p->arena, sizeof *prepared);
    sc_repr *repr = sc_arena_take(p->arena, sizeof *repr);
    if (!prepared || !repr) return sc_fail(err, SC_NOMEM, "no memory to group a report");
    sc_rc rc = sc_space_represent(p->space, f, p->arena, repr, prepared, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf blob;
    sc_buf_init(&blob, 64 * 1024);
    char *kept = sc_repr_encode(repr, &blob) ? sc_arena_copy(p->arena, blob.p, blob.n) : NULL;
    if (!kept) return sc_fail(err, SC_NOMEM, "no memory to group a report");
    p->items[p->n] = (sc_write_item){.feedback = *f,
                                     .prepared = prepared,
                                     .repr = {kept, blob.n},
                                     .fresh = true,
                                     .bare = !repr->dim};
    sc_space_stand_in(p->space, repr);
    p->engine_items[p->n] =
        (sc_engine_item){.key = f->seq, .created_ms = f->created_at_ms, .repr = repr};
    if (sc_id_is_set(&f->cluster_id))
        p->engine_items[p->n].home = &p->items[p->n].feedback.cluster_id;
    p->n++;
    return SC_OK;
}

/* Lets the engine look up what is represented but not placed. */
static void look_up(pass *p) {
    sc_space *s = p->space;
    const sc_engine_item *items = p->engine_items + p->n_placed;
    const size_t n = p->n - p->n_placed;
    pthread_rwlock_wrlock(&s->lock);
    for (size_t i = 0; i < n; i++) /* an edited report is placed anew */
        if (sc_engine_has(s->engine, items[i].key)) sc_engine_remove(s->engine, items[i].key);
    sc_engine_lookup(s->engine, items, n);
    pthread_rwlock_unlock(&s->lock);
    sc_engine_lookup_compare(s->engine); /* readers go on; nobody else writes */
}

/* Places the next n as one change of the engine. */
static sc_rc place_chunk(pass *p, size_t n, sc_err *err) {
    const sc_engine_item *items = p->engine_items + p->n_placed;
    sc_space *s = p->space;
    pthread_rwlock_wrlock(&s->lock);
    const int64_t start = sc_mono_us(p->app->conf.clock);
    for (size_t i = 0; i < n; i++)
        if (!p->items[p->n_placed + i].bare) sc_bare_learn(&s->bare, items[i].repr->vec);
    sc_rc rc = sc_engine_place(s->engine, items, n, p->arena, &p->changes[p->n_changes], err);
    s->place_us = (s->place_us * 7 +
                   (sc_mono_us(p->app->conf.clock) - start) / (int64_t)SC_MAX(n, (size_t)1)) /
                  8;
    pthread_rwlock_unlock(&s->lock);
    if (rc) return rc;
    p->n_placed += n;
    p->n_changes++;
    return SC_OK;
}

/* How many reports one change may hold: the engine is locked while it is made, and readers wait. */
static size_t chunk_size(const pass *p) {
    return (size_t)SC_MAX(CHUNK_US / SC_MAX(p->space->place_us, (int64_t)CHUNK_US / LOOKED_UP),
                          (int64_t)1);
}

/* Places all that are represented. A chunk that fails is taken apart, so that the failure has a name. */
static void place_represented(pass *p, const sc_feedback *list) {
    bool singly = false;
    look_up(p);
    while (p->n_placed < p->n) {
        sc_err why = {0};
        const size_t n = singly ? 1 : SC_MIN(chunk_size(p), p->n - p->n_placed);
        if (!place_chunk(p, n, &why)) continue;
        if (singly || n == 1) {
            p->failed = &list[p->n_placed];
            p->why = why;
            p->later = false;
            break;
        }
        singly = true;
    }
    p->n = p->n_placed; /* what comes after a failure is represented again with the next write */
}

/* Places reports until the time or the room is used up, or one fails. */
static void place(pass *p, const sc_feedback *list, size_t n) {
    const int64_t start = sc_mono_us(p->app->conf.clock);
    const int64_t most_us = n < PASS_ITEMS ? PASS_US : LONG_US;
    while (p->n < n && !p->failed && !p->later && p->n_changes + LOOKED_UP <= PASS_CHANGES &&
           sc_mono_us(p->app->conf.clock) - start < most_us) {
        const size_t until = SC_MIN(p->n + LOOKED_UP, n);
        while (p->n < until && !p->failed && !p->later) {
            /* The first is embedded here, if need be: so there is progress whatever happens. */
            p->later = p->n && !sc_ahead_ready(p->space, &list[p->n]);
            if (p->later) break;
            const sc_feedback *f = &list[p->n];
            sc_rc rc = represent(p, f, &p->why);
            p->later = rc == SC_CONFLICT;
            if (rc && !p->later) p->failed = f;
        }
        place_represented(p, list);
    }
}

/* Each report's own trace tells when it was placed, and by which job. */
static void put_spans(const pass *p) {
    for (size_t i = 0; i < p->n_placed && sc_span_wanted(); i++) {
        const sc_feedback *f = &p->items[i].feedback;
        sc_span s = {.ctx = sc_span_ctx_of(f->request_id),
                     .name = "group report",
                     .kind = SC_SPAN_INTERNAL,
                     .start_us = f->received_at_ms * 1000,
                     .end_us = sc_span_now_us()};
        sc_span_set_text(&s, "soulcaster.feedback.id", sc_id_str(&f->id));
        sc_span_set_text(&s, "soulcaster.project.id", sc_id_str(&f->project_id));
        sc_span_set_text(&s, "soulcaster.job.id", sc_id_str(&p->job->id));
        sc_span_put(&s);
    }
}

static sc_rc write_pass(pass *p, sc_err *err) {
    if (!p->n_placed) return SC_OK;
    sc_write w = {.space = p->space,
                  .arena = p->arena,
                  .items = p->items,
                  .n_items = p->n_placed,
                  .changes = p->changes,
                  .n_changes = p->n_changes,
                  .job_id = p->job->id,
                  .job_fence = p->job->fence,
                  .actor = SC_STR("worker"),
                  .now_ms = sc_now_ms(p->app->conf.clock)};
    sc_rc rc = sc_write_changes(&w, err);
    for (size_t i = 0; !rc && i < p->n_placed; i++) {
        sc_bare_remove(&p->space->bare, p->items[i].feedback.seq);
        if (p->items[i].bare) /* without memory for that it is found at the next start */
            sc_bare_add(&p->space->bare, p->items[i].feedback.seq, SC_BARE_PLACE, NULL);
    }
    if (!rc) put_spans(p);
    return rc;
}

/* A report that cannot be grouped must not hold up the others: it is parked, and a job of its own tries it
 * again with back-off and ends as a dead letter with the reason. */
static sc_rc park(pass *p, sc_err *err) {
    sc_app *app = p->app;
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_rc rc = sc_work_ask_report(app, "regroup", &p->space->project_id, &p->failed->id,
                                  now + PARKED_MS, err);
    if (rc) return rc;
    /* An edited report is still counted where it was, and its old text may still stand in the engine. */
    pthread_rwlock_wrlock(&p->space->lock);
    if (sc_engine_has(p->space->engine, p->failed->seq))
        sc_engine_remove(p->space->engine, p->failed->seq);
    pthread_rwlock_unlock(&p->space->lock);
    sc_write w = {.space = p->space,
                  .arena = p->arena,
                  .parked = p->failed,
                  .job_id = p->job->id,
                  .job_fence = p->job->fence,
                  .actor = SC_STR("worker"),
                  .now_ms = now};
    rc = sc_write_changes(&w, err);
    if (!rc) sc_bare_remove(&p->space->bare, p->failed->seq);
    sc_log_err(SC_LOG_WARN, "report parked", &p->why);
    atomic_fetch_add(&app->group_errors, 1);
    return rc;
}

/* The write was refused, and it may be one of the reports: half as many the next time, until the one that does it stands
 * alone and is parked. */
static sc_rc take_apart(pass *p, const sc_feedback *list, size_t *most, sc_err *err) {
    if (p->n_placed > 1) {
        *most = p->n_placed / 2;
        return SC_OK;
    }
    p->failed = list;
    p->why = *err;
    return park(p, err);
}

/* One write's worth of the project's pending reports, at most *most. *ret_left: there may be more. */
static sc_rc group_some(sc_app *app, const sc_job *job, sc_space *space, size_t *most,
                        bool *ret_left, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = sc_space_lock(space, err);
    if (rc) return rc;
    int64_t start = sc_mono_us(app->conf.clock);
    sc_feedback *list = NULL;
    size_t n = 0;
    rc = STORE(app)->feedback_pending(SELF(app), &space->project_id, 0, *most, &arena, &list, &n,
                                      err);
    pass p = {.app = app, .job = job, .space = space, .arena = &arena};
    if (!rc) rc = pass_init(&p, n, err);
    if (!rc && list) place(&p, list, n);
    sc_rc wrote = rc ? SC_OK : write_pass(&p, err);
    if (!rc && !wrote) {
        sc_tidy_note(space, p.n_placed);
        if (p.failed) rc = park(&p, err);
        *most = SC_MIN(*most * 2, (size_t)PASS_ITEMS);
    } else if (list && sc_work_blames_input(wrote)) {
        rc = take_apart(&p, list, most, err);
        p.n_placed = 0;
    } else if (wrote) {
        rc = wrote;
    }
    sc_space_unlock(space);
    *ret_left = n > 0;
    if (!rc && p.n_placed) {
        atomic_fetch_add(&app->grouped, (int64_t)p.n_placed);
        atomic_fetch_add(&app->group_us_total, sc_mono_us(app->conf.clock) - start);
    }
    return rc;
}

/* Its worker died each time, with this report the next one. */
static sc_rc set_apart(sc_app *app, const sc_job *job, sc_space *space, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_feedback *list;
    size_t n = 0;
    sc_rc rc = sc_space_lock(space, err);
    if (rc) return rc;
    rc = STORE(app)->feedback_pending(SELF(app), &space->project_id, 0, 1, &arena, &list, &n, err);
    if (!rc && n) {
        pass p = {.app = app, .job = job, .space = space, .arena = &arena, .failed = list};
        sc_fail(&p.why, SC_INTERNAL, "%d workers died one after the other when this was the next",
                job->attempts - 1);
        rc = park(&p, err);
    }
    sc_space_unlock(space);
    return rc;
}

/* Asks for a group job of the project, unless one is pending already. */
sc_rc sc_worker_ask(sc_app *app, const sc_id *project, sc_err *err) {
    return sc_work_ask(app, "group", project, SC_STR_NONE, sc_now_ms(app->conf.clock), err);
}

/* What ingest did since the first look. */
typedef struct ingest_look {
    int64_t us, commits, reports;
} ingest_look;

static ingest_look look_at_ingest(sc_app *app) {
    return (ingest_look){.us = sc_mono_us(app->conf.clock),
                         .commits = atomic_load(&app->commits),
                         .reports = atomic_load(&app->committed) + atomic_load(&app->duplicates)};
}

/* What waits to be stored comes before what waits to be grouped: both need the processor and the store's one
 * writer. While commits are full, many requests wait for each: then the worker rests after a pass. */
static void give_way(sc_app *app, const ingest_look *before) {
    ingest_look now = look_at_ingest(app);
    if (now.reports - before->reports < (now.commits - before->commits) * FULL_COMMIT ||
        now.commits == before->commits)
        return;
    int64_t ms = SC_MIN((now.us - before->us) * GIVE_WAY / 1000, (int64_t)GIVE_WAY_MS);
    sc_lane_rest(&app->worker, ms);
}

/* The job is not at fault: no attempt is burnt. */
static sc_rc give_back_for(int64_t wait_ms, sc_err *err) {
    sc_fail(err, SC_CANCELLED, "the reports wait for the embedder");
    if (err) err->retry_after_ms = wait_ms;
    return SC_CANCELLED;
}

/* Groups the project's pending reports until none comes for a while, or for JOB_MS: attempts are counted by
 * job, so a long backlog must not be one job that a few restarts turn into a dead letter. */
static sc_rc work_group(sc_app *app, const sc_job *job, sc_err *err) {
    sc_space *space;
    sc_rc rc = sc_space_get(app, &job->project_id, &space, err);
    const int64_t start = sc_mono_us(app->conf.clock);
    /* A worker dies once for many a reason. After the second death one report a write, so that the next one has one
     * report to blame. */
    const bool singly = sc_job_died(job) && job->attempts > 2;
    size_t most = singly ? 1 : PASS_ITEMS, alone = 0;
    int conflicts = 0;
    if (!rc && singly && job->attempts >= job->max_attempts) rc = set_apart(app, job, space, err);
    while (!rc && !atomic_load(&app->worker.stop)) {
        bool left = false;
        ingest_look before = look_at_ingest(app);
        int64_t wait_ms = 0;
        if (!singly || sc_space_embed(space)) rc = sc_ahead_pending(app, space, &wait_ms, err);
        if (!rc && wait_ms) return give_back_for(wait_ms, err);
        if (!rc) rc = group_some(app, job, space, &most, &left, err);
        if (singly) most = 1;
        if (singly) alone++;
        if (rc == SC_CONFLICT && ++conflicts < MAX_CONFLICTS) {
            atomic_fetch_add(&app->conflicts,
                             1); /* another process corrected something: compute again */
            rc = SC_OK;
            continue;
        }
        if (!rc) rc = sc_lane_holds(&app->worker, app, err);
        if (!rc && left) give_way(app, &before);
        const bool late = (sc_mono_us(app->conf.clock) - start) / 1000 > JOB_MS;
        /* The one that others died of is among those that a write would have held: until then, however long it takes. */
        if (!rc && left && (singly ? alone >= PASS_ITEMS : late))
            return sc_worker_ask(app, &job->project_id, err);
        /* A change of the model, if one is under way, has the time in which nothing waits. */
        const bool enough = sc_remodel_goes_on(app) || late;
        if (!rc && !left && (enough || !sc_lane_wait(&app->worker, LINGER_MS))) break;
    }
    if (!rc && atomic_load(&app->worker.stop))
        return sc_fail(err, SC_CANCELLED, "the worker is shutting down");
    if (!rc) rc = sc_tidy_ask(space, err);
    return rc ? rc : sc_chart_ask(space, err);
}

/* Places a report for which nothing has to be looked ahead. The space is locked. */
static sc_rc place_one(sc_app *app, const sc_job *job, sc_space *space, const sc_feedback *f,
                       sc_arena *arena, sc_err *err) {
    pass p = {.app = app, .job = job, .space = space, .arena = arena};
    sc_rc rc = pass_init(&p, 1, err);
    if (!rc) rc = represent(&p, f, err);
    if (!rc) look_up(&p);
    if (!rc) rc = place_chunk(&p, 1, err);
    return rc ? rc : write_pass(&p, err);
}

/* For a person, who waits: there is no job, and no fence. *ret_raced: another process was faster, the space follows it. */
static sc_rc place_now(sc_app *app, sc_space *space, const sc_id *id, bool *ret_placed,
                       bool *ret_raced, sc_err *err) {
    static const sc_job nobody = {0};
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_feedback f;
    *ret_raced = false;
    sc_rc rc = sc_space_lock(space, err);
    if (rc) return rc;
    const int64_t before = space->version;
    rc = STORE(app)->feedback_get(SELF(app), &space->project_id, id, &arena, &f, err);
    *ret_placed = !rc && !sc_id_is_set(&f.cluster_id);
    if (*ret_placed) rc = place_one(app, &nobody, space, &f, &arena, err);
    *ret_raced =
        rc == SC_CONFLICT && sc_space_follow(space, NULL) == SC_OK && space->version != before;
    sc_space_unlock(space);
    return rc;
}

sc_rc sc_worker_place(sc_app *app, const sc_id *project, const sc_id *id, bool *ret_placed,
                      sc_err *err) {
    sc_space *space;
    sc_rc rc = sc_space_get(app, project, &space, err);
    bool raced = !rc;
    for (int tries = 0; raced && tries < MAX_CONFLICTS; tries++)
        rc = place_now(app, space, id, ret_placed, &raced, err);
    return rc;
}

/* One report that could not be grouped before. */
static sc_rc work_regroup(sc_app *app, const sc_job *job, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    SC_AUTO(sc_json_auto) json_t *payload = NULL;
    sc_rc rc = sc_json_parse(job->payload, &payload, err);
    if (rc) return rc;
    sc_id id = sc_id_of(sc_json_str_at(payload, "feedback_id"));
    sc_feedback f;
    rc = STORE(app)->feedback_get(SELF(app), &job->project_id, &id, &arena, &f, err);
    if (rc == SC_NOT_FOUND || (!rc && f.state != SC_FEEDBACK_parked))
        return SC_OK; /* gone, or placed since */
    sc_space *space;
    int64_t wait_ms = 0;
    if (!rc) rc = sc_space_get(app, &job->project_id, &space, err);
    if (!rc) rc = sc_ahead_one(app, space, &f, &wait_ms, err);
    if (!rc && wait_ms) return give_back_for(wait_ms, err);
    if (!rc) rc = sc_space_lock(space, err);
    if (rc) return rc;
    rc = place_one(app, job, space, &f, &arena, err);
    sc_space_unlock(space);
    return rc;
}

static sc_rc work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    if (sc_str_is(job->kind, "remodel")) return sc_remodel_work(app, job, ret_later_ms, err);
    if (sc_str_is(job->kind, "tidy")) return sc_tidy_work(app, job, ret_later_ms, err);
    if (sc_str_is(job->kind, "chart")) return sc_chart_work(app, job, ret_later_ms, err);
    if (sc_str_is(job->kind, "retention")) return sc_retention_job(app, job, err);
    if (sc_str_is(job->kind, "reembed")) return sc_backfill_work(app, job, err);
    return sc_str_is(job->kind, "group") ? work_group(app, job, err) : work_regroup(app, job, err);
}

/* The oldest job that is ready; a change of a model or the map only when there is no other, or when it had no turn
 * for a second: where reports never cease, it would never come to its end. */
static bool work_once(sc_app *app) {
    static const sc_str kinds[] = {{"group", 5}, {"regroup", 7}, {"reembed", 7}, {"tidy", 4}};
    static const sc_str last[] = {{"remodel", 7}, {"chart", 5}, {"retention", 9}};
    const int64_t mono = sc_mono_us(app->conf.clock);
    const bool turn = mono - app->remodel_turn_us > TURN_US;
    if (turn) app->remodel_turn_us = mono;
    if (turn && sc_lane_work(&app->worker, app, last, SC_LEN(last), work)) return true;
    if (sc_lane_work(&app->worker, app, kinds, SC_LEN(kinds), work)) return true;
    if (turn) return false;
    app->remodel_turn_us = mono;
    return sc_lane_work(&app->worker, app, last, SC_LEN(last), work);
}

/* Jobs of a worker that died on this machine need not wait for their leases to run out. The attempt counts. */
static void release_orphans(sc_app *app) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    char host[32] = "host";
    gethostname(host, sizeof host - 1);
    sc_job_filter f = {.by_state = true, .state = SC_JOB_running};
    sc_page page = {.limit = 100};
    sc_job_list list = {0};
    sc_err err = {0};
    if (STORE(app)->job_list(SELF(app), &f, &page, &arena, &list, &err))
        sc_log_err(SC_LOG_WARN, "running jobs not read", &err);
    for (size_t i = 0; i < list.n; i++) {
        sc_str rest = list.items[i].lease_owner, name, pid;
        int64_t p;
        if (!sc_str_next(&rest, ':', &name) || !sc_str_is(name, host) ||
            !sc_str_next(&rest, ':', &pid) || sc_num_i64(pid, 1, INT32_MAX, &p, NULL) ||
            !kill((pid_t)p, 0) || errno != ESRCH)
            continue;
        int64_t now = sc_now_ms(app->conf.clock);
        sc_job_end end = {.id = list.items[i].id,
                          .fence = list.items[i].fence,
                          .event = SC_JOB_EV_RETRY,
                          .run_at_ms = now,
                          .error = SC_STR(SC_JOB_DIED),
                          .now_ms = now};
        err = (sc_err){0};
        if (STORE(app)->job_end(SELF(app), &end, &err) && err.rc != SC_FENCED)
            sc_log_err(SC_LOG_WARN, "a dead worker's job was not released", &err);
    }
}

static void *run(void *arg) {
    sc_app *app = arg;
    release_orphans(app);
    sc_lane_give_way(SC_LANE_GROUPING_NICE);
    while (!atomic_load(&app->worker.stop)) {
        if (!work_once(app)) sc_lane_wait(&app->worker, sc_lane_look_ms(app, IDLE_MS));
        sc_backfill_look(app);
        sc_remodel_look(app);
    }
    return NULL;
}

sc_rc sc_worker_start(sc_app *app, sc_err *err) {
    return sc_lane_start(&app->worker, app, run, "group", err);
}

bool sc_worker_wanted(sc_app *app) { return sc_lane_wanted(&app->worker); }

void sc_worker_poke(sc_app *app) { sc_lane_poke(&app->worker); }

void sc_worker_stop(sc_app *app) { sc_lane_stop(&app->worker); }
