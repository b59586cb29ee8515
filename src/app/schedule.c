#include "app/schedule.h"

#include "app/dead.h"
#include "app/fix_internal.h"
#include "app/internal.h"
#include "app/retention.h"
#include "app/turn.h"
#include "base/log.h"

enum {
    HOUSE_MS = 60 * 1000,
    PRUNE_ROWS = 2000,
    PRUNE_REPORTS = 500,
    PRUNE_STEPS = 20,                  /* of either, each time */
    JUMP_MS = 600 * 1000,              /* so far apart, and the clock was set */
    HOLD_US = INT64_C(3600) * 1000000, /* then nothing is cleared away for so long */
};

/* ---- The tasks ---------------------------------------------------------------------------------- */

/* Wall time says how old things are, so a clock set far ahead would clear away all and wake every snooze. After a
 * jump either way nothing is done until the new time has held for an hour (a machine that slept waits too). */
static bool clock_settled(sc_schedule *s, int64_t wall_ms, int64_t mono_us) {
    int64_t drift = (wall_ms - s->seen_wall_ms) - (mono_us - s->seen_mono_us) / 1000;
    s->seen_wall_ms = wall_ms;
    s->seen_mono_us = mono_us;
    if (drift > JUMP_MS || drift < -JUMP_MS) {
        s->hold_until_us = mono_us + HOLD_US;
        sc_log(SC_LOG_WARN, "the clock was set; nothing is cleared away for an hour",
               SC_F_INT("by_ms", drift));
    }
    return mono_us >= s->hold_until_us;
}

/* Old jobs and events, and decisions that nobody asks for: a bounded share at a time, in short writes. */
static sc_rc prune(sc_app *app, sc_err *err) {
    sc_schedule *s = &app->schedule;
    const int64_t now = sc_now_ms(app->conf.clock);
    int64_t gone = PRUNE_ROWS, total = 0;
    sc_rc rc = SC_OK;
    for (int i = 0; !rc && i < PRUNE_STEPS && gone >= PRUNE_ROWS; i++) {
        rc = STORE(app)->prune(SELF(app), now - app->conf.keep_ended_jobs_ms,
                               now - app->conf.keep_events_ms, PRUNE_ROWS, &gone, err);
        if (!rc) total += gone;
    }
    for (int i = 0; !rc && i < PRUNE_STEPS; i++) {
        rc = STORE(app)->decision_prune(SELF(app), s->pruned_seq, PRUNE_REPORTS,
                                        app->conf.keep_decisions, &s->pruned_seq, &gone, err);
        if (!rc) total += gone;
        if (!s->pruned_seq) break; /* all were looked at */
    }
    if (total) sc_log(SC_LOG_DEBUG, "pruned", SC_F_INT("rows", total));
    return rc;
}

static sc_rc wake_snoozed(sc_app *app, const sc_project *p, sc_err *err) {
    return sc_triage_wake_snoozed(app, &p->id, sc_now_ms(app->conf.clock), err);
}

/* Pending reports without a job (theirs became a dead letter, or was cancelled) get a new one. */
static sc_rc find_pending(sc_app *app, const sc_project *p, sc_err *err) {
    sc_store_stats stats;
    sc_rc rc = STORE(app)->stats(SELF(app), &p->id, sc_now_ms(app->conf.clock), &stats, err);
    return rc || !stats.pending ? rc : sc_worker_ask(app, &p->id, err);
}

static sc_rc watch_fixes(sc_app *app, const sc_project *p, sc_err *err) {
    return sc_fix_watch_ask(app, &p->id, err);
}

static sc_rc retain(sc_app *app, const sc_project *p, sc_err *err) {
    return sc_retention_ask(app, &p->id, err);
}

typedef struct task {
    const char *failed; /* for the log */
    int64_t every_ms;   /* 0: as often as pull requests are looked at */
    bool by_age;        /* it trusts the clock */
    bool at_once;       /* as soon as there is a new leader */
    sc_rc (*run)(sc_app *app, sc_err *err);
    sc_project_fn each; /* instead of run: one project after the other */
} task;

static const task tasks[SC_SCHEDULE_TASKS] = {
    {"pending reports were not looked for", HOUSE_MS, false, true, .each = find_pending},
    {"pruning failed", HOUSE_MS, true, false, .run = prune},
    {"waking snoozed issues failed", HOUSE_MS, true, false, .each = wake_snoozed},
    {"retention was not asked for", HOUSE_MS, true, false, .each = retain},
    {"dead letters were not looked at", HOUSE_MS, false, true, .run = sc_dead_look},
    {"fixes were not looked at", 0, false, true, .each = watch_fixes},
};

static int64_t every_us(const sc_app *app, const task *t) {
    return (t->every_ms ? t->every_ms : app->conf.fix.watch_ms) * 1000;
}

static sc_rc run_task(sc_app *app, const task *t, sc_err *err) {
    return t->each ? sc_turn_projects(app, t->failed, &app->schedule.lane.stop, t->each, err)
                   : t->run(app, err);
}

static void run_due(sc_app *app) {
    sc_schedule *s = &app->schedule;
    for (size_t i = 0; i < SC_SCHEDULE_TASKS && !atomic_load(&s->lane.stop); i++) {
        const int64_t now = sc_mono_us(app->conf.clock);
        sc_err err = {0};
        if (now < s->next_us[i]) continue;
        s->next_us[i] = now + every_us(app, &tasks[i]);
        if (tasks[i].by_age && !clock_settled(s, sc_now_ms(app->conf.clock), now)) continue;
        if (run_task(app, &tasks[i], &err)) sc_log_err(SC_LOG_WARN, tasks[i].failed, &err);
    }
}

/* ---- The lead ----------------------------------------------------------------------------------- */

static void begin(sc_app *app) {
    sc_schedule *s = &app->schedule;
    const int64_t now = sc_mono_us(app->conf.clock);
    s->seen_wall_ms = sc_now_ms(app->conf.clock);
    s->seen_mono_us = now;
    for (size_t i = 0; i < SC_SCHEDULE_TASKS; i++)
        s->next_us[i] = tasks[i].at_once ? now : now + every_us(app, &tasks[i]);
    sc_log(SC_LOG_INFO, "leads the schedule");
}

static void seek_lead(sc_app *app) {
    sc_schedule *s = &app->schedule;
    const int64_t now = sc_mono_us(app->conf.clock);
    const bool led = atomic_load(&s->leads);
    sc_err err = {0};
    if (now < s->next_lead_us) return;
    s->next_lead_us = now + app->conf.lease_ms * 1000 / 3;
    sc_rc rc = STORE(app)->lead_take(SELF(app), sc_str_of(s->lane.owner), app->conf.lease_ms, &err);
    atomic_store(&s->leads, rc == SC_OK);
    if (!rc && !led) begin(app);
    if (rc && led) sc_log_err(SC_LOG_WARN, "no longer leads the schedule", &err);
    if (rc && !led && rc != SC_CONFLICT)
        sc_log_err(SC_LOG_WARN, "who leads the schedule is not known", &err);
}

static int64_t until_next_ms(const sc_app *app) {
    const sc_schedule *s = &app->schedule;
    int64_t next = s->next_lead_us;
    for (size_t i = 0; i < SC_SCHEDULE_TASKS && atomic_load(&s->leads); i++)
        next = SC_MIN(next, s->next_us[i]);
    return SC_MAX((next - sc_mono_us(app->conf.clock)) / 1000, (int64_t)1);
}

static void *run(void *arg) {
    sc_app *app = arg;
    sc_schedule *s = &app->schedule;
    sc_err err = {0};
    while (!atomic_load(&s->lane.stop)) {
        seek_lead(app);
        if (atomic_load(&s->leads)) run_due(app);
        sc_lane_rest(&s->lane, until_next_ms(app));
    }
    if (STORE(app)->lead_drop(SELF(app), sc_str_of(s->lane.owner), &err))
        sc_log_err(SC_LOG_WARN, "the lead was not given up", &err);
    atomic_store(&s->leads, false);
    return NULL;
}

void sc_schedule_init(sc_schedule *s) { sc_lane_init(&s->lane); }

void sc_schedule_done(sc_schedule *s) { sc_lane_done(&s->lane); }

sc_rc sc_schedule_start(sc_app *app, sc_err *err) {
    return sc_lane_start(&app->schedule.lane, app, run, "schedule", err);
}

void sc_schedule_stop(sc_app *app) { sc_lane_stop(&app->schedule.lane); }
