/* After the push: what people did with our pull requests, and what that means for the issues. Looking twice does no
 * harm: a change is written only where nobody was faster. */
#include "app/fix.h"

#include <stdio.h>

#include "app/fix_internal.h"
#include "app/fix_steps.h"
#include "app/turn.h"
#include "base/log.h"

#define MENTION SC_STR("@soulcaster")

enum { CALL_MS = 30000, PAGE = 100, IDLE_MS = 500, ARENA_BYTES = 64 << 20, COMMENT_BYTES = 8000 };

static const int64_t WATCH_MS = INT64_C(7) * 24 * 3600 * 1000;

/* ---- One pull request --------------------------------------------------------------------------- */

static sc_rc on_merged(sc_app *app, sc_fix *f, const sc_forge_pr *pr, sc_err *err) {
    const int64_t now = sc_now_ms(app->conf.clock);
    f->pull = SC_FIX_PULL_merged;
    f->merged_at_ms = pr->merged_at_ms ? pr->merged_at_ms : now;
    f->watch_until_ms = f->merged_at_ms + WATCH_MS;
    sc_rc rc = sc_fix_tell_cluster(app, f, SC_CLUSTER_EV_RESOLVE, SC_STR_NONE, err);
    return rc ? rc : sc_fix_keep_ended(app, f, err);
}

static sc_rc on_closed(sc_app *app, sc_fix *f, sc_err *err) {
    f->pull = SC_FIX_PULL_closed;
    sc_rc rc = sc_fix_tell_cluster(app, f, SC_CLUSTER_EV_PR_CLOSED,
                                   SC_STR("its pull request was closed without a merge"), err);
    return rc ? rc : sc_fix_keep_ended(app, f, err);
}

/* A word to us by somebody who may write there. What it says is data for the agent. */
static bool is_for_us(const sc_forge_comment *c) {
    return c->may_write && !c->by_bot && sc_str_find(c->body, MENTION) != SIZE_MAX;
}

/* SC_CONFLICT: another fix of the issue is under way; what was said is read again after it. */
static sc_rc follow_up(sc_app *app, const sc_fix *f, const sc_forge_comment *c, sc_arena *arena,
                       sc_err *err) {
    char by[120];
    sc_fix fresh;
    snprintf(by, sizeof by, "comment by %.*s", SC_FMT(sc_str_clip(c->author, 80)));
    sc_fix_ask ask = {.agent = f->agent,
                      .instructions = sc_str_clip(c->body, COMMENT_BYTES),
                      .by = sc_str_of(by),
                      .follows = f->id};
    sc_rc rc = sc_fix_start(app, &f->project_id, &f->cluster_id, &ask, arena, &fresh, err);
    if (rc) return rc;
    const bool ours =
        sc_id_eq(&fresh.follows, &f->id) && sc_str_eq(fresh.instructions, ask.instructions);
    return ours ? SC_OK : sc_fail(err, SC_CONFLICT, "another fix of the issue is under way");
}

static sc_rc read_comments(sc_app *app, const sc_forge *forge, const sc_forge_call *call, sc_fix *f,
                           sc_err *err) {
    sc_forge_comments list;
    const int64_t seen = f->seen_comments;
    if (seen == INT64_MAX) return SC_OK; /* a later fix of the branch reads them */
    sc_rc rc = forge->ops->comments(forge->self, call, f->pull_number, seen, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++) {
        if (is_for_us(&list.v[i])) rc = follow_up(app, f, &list.v[i], call->arena, err);
        if (!rc) f->seen_comments = SC_MAX(f->seen_comments, list.v[i].updated_at_ms + 1);
    }
    if (f->seen_comments == seen) return rc;
    sc_err late = {0};
    sc_rc kept = sc_fix_keep_ended(app, f, rc ? &late : err);
    return rc ? rc : kept;
}

/* The watch after a merge: grouping says `regressed` when a report comes; we say that it was fixed once. */
static sc_rc look_back(sc_app *app, sc_fix *f, sc_arena *arena, sc_err *err) {
    sc_cluster c;
    char words[200], at[SC_TIME_TEXT];
    sc_rc rc = sc_fix_cluster(app, &f->project_id, &f->cluster_id, arena, &c, err);
    if (rc || c.status != SC_CLUSTER_regressed) return rc == SC_NOT_FOUND ? SC_OK : rc;
    sc_time_format(f->merged_at_ms, at);
    int n = snprintf(words, sizeof words,
                     "the fix did not hold: pull request %lld was merged %s, and a new report came",
                     (long long)f->pull_number, at);
    f->watch_until_ms = 0;
    rc = sc_fix_tell_cluster(app, f, SC_CLUSTER_EV_COUNT, (sc_str){words, (size_t)n}, err);
    return rc ? rc : sc_fix_keep_ended(app, f, err);
}

static sc_rc look(sc_app *app, const sc_forge *forge, sc_fix *f, sc_arena *arena, sc_err *err) {
    sc_forge_pr pr;
    sc_forge_call call = {.repo = f->repository,
                          .deadline_ms = sc_now_ms(app->conf.clock) + CALL_MS,
                          .stop = &app->ending.now,
                          .arena = arena};
    sc_rc rc = forge->ops->pr_get(forge->self, &call, f->pull_number, &pr, err);
    if (rc) return rc;
    switch (pr.state) {
    case SC_FORGE_MERGED: return on_merged(app, f, &pr, err);
    case SC_FORGE_CLOSED: return on_closed(app, f, err);
    case SC_FORGE_OPEN: break;
    }
    return read_comments(app, forge, &call, f, err);
}

/* Whoever merges on our page looks at the same time as the watcher does; where a forge is on this machine, and quick,
 * one waits for the other. */
sc_rc sc_fix_watch_one(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_settings s;
    sc_fix f;
    sc_rc rc = sc_fix_settings_get(app, project, &arena, &s, err);
    const sc_forge *forge = rc ? NULL : sc_fix_forge(app, s.forge);
    if (rc || !forge) return rc;
    const bool here = forge->ops->pr_merge != NULL;
    if (here) pthread_mutex_lock(&app->fixes->looking);
    rc = STORE(app)->fix_get(SELF(app), project, id, &arena, &f, err);
    if (!rc && f.pull == SC_FIX_PULL_merged)
        rc = look_back(app, &f, &arena, err);
    else if (!rc && f.pull == SC_FIX_PULL_open)
        rc = look(app, forge, &f, &arena, err);
    if (here) pthread_mutex_unlock(&app->fixes->looking);
    return rc;
}

/* ---- All of them -------------------------------------------------------------------------------- */

/* The reason comes last: without it, it is told again. */
static sc_rc say_lost(sc_app *app, sc_fix *f, sc_err *err) {
    sc_rc rc = sc_fix_tell_ended(app, f, err);
    return rc ? rc : sc_fix_keep_ended(app, f, err);
}

/* Fixes whose worker vanished with the last attempt: the store buried them, and nobody told their issues. */
static sc_rc tell_lost(sc_app *app, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_filter dead = {.project_id = *project, .by_state = true, .state = SC_JOB_dead};
    sc_fix_list list = {0};
    sc_turn turn = {.app = app, .failed = "an issue does not say that its fix is lost"};
    sc_rc rc =
        STORE(app)->fix_list(SELF(app), &dead, &(sc_page){.limit = PAGE}, &arena, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++) {
        sc_fix *f = &list.items[i];
        sc_err one = {0};
        if (f->reason) continue;
        f->reason = SC_FIX_REASON_lost;
        if (say_lost(app, f, &one)) rc = sc_turn_failed(&turn, &f->id, &one, err);
    }
    sc_turn_end(&turn);
    return rc;
}

/* Those with an open pull request, or merged ones whose watch goes on. One that cannot be looked at (its repository is
 * gone, its forge is down) does not keep the others from it: it is looked at again the next time. */
static sc_rc look_at_watched(sc_app *app, const sc_id *project, sc_fix_pull pull, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_filter f = {.project_id = *project,
                       .watched = true,
                       .by_pull = true,
                       .pull = pull,
                       .now_ms = sc_now_ms(app->conf.clock)};
    sc_fix_list list = {0};
    sc_turn turn = {.app = app, .failed = "a pull request was not looked at"};
    sc_rc rc;
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        rc = STORE(app)->fix_list(SELF(app), &f, &page, &arena, &list, err);
        for (size_t i = 0; !rc && i < list.n && !atomic_load(&app->fixes->watch.stop); i++) {
            sc_err one = {0};
            sc_rc is = sc_fix_watch_one(app, project, &list.items[i].id, &one);
            if (is && is != SC_CONFLICT) rc = sc_turn_failed(&turn, &list.items[i].id, &one, err);
        }
        if (!rc) rc = sc_lane_holds(&app->fixes->watch, app, err);
    } while (!rc && list.next_cursor.n && !atomic_load(&app->fixes->watch.stop));
    sc_turn_end(&turn);
    return rc;
}

static sc_rc look_at_merged(sc_app *app, const sc_id *project, sc_err *err) {
    return look_at_watched(app, project, SC_FIX_PULL_merged, err);
}

/* What follows from the store alone: merged fixes that did not hold, lost ones, and those that a policy wants. One part that fails
 * does not keep the others; the first failure is the job's. */
static sc_rc verify(sc_app *app, const sc_id *project, sc_err *err) {
    sc_rc (*const parts[])(sc_app *, const sc_id *, sc_err *) = {look_at_merged, tell_lost,
                                                                 sc_fix_policy_look};
    sc_err first = {0};
    for (size_t i = 0; i < SC_LEN(parts); i++) {
        sc_err one = {0};
        if (!parts[i](app, project, &one)) continue;
        if (first.rc) sc_log_err(SC_LOG_WARN, "another part of the job failed, too", &one);
        if (!first.rc) first = one;
        if (sc_turn_over(app, &one)) break;
    }
    if (first.rc && err) *err = first;
    return first.rc;
}

static sc_rc work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    (void)ret_later_ms;
    return sc_str_is(job->kind, "poll")
               ? look_at_watched(app, &job->project_id, SC_FIX_PULL_open, err)
               : verify(app, &job->project_id, err);
}

void *sc_fix_watch_run(void *arg) {
    struct sc_fixes *x = arg;
    const unsigned queues = 1u << SC_QUEUE_poll | 1u << SC_QUEUE_verify;
    sc_str kinds[2];
    const size_t n = sc_work_kinds(x->app->conf.queues & queues, kinds, SC_LEN(kinds));
    while (!atomic_load(&x->watch.stop))
        if (!sc_lane_work(&x->watch, x->app, kinds, n, work))
            sc_lane_wait(&x->watch, sc_lane_look_ms(x->app, IDLE_MS));
    return NULL;
}

sc_rc sc_fix_pull_hint(sc_app *app, const sc_id *project, sc_str repo, int64_t number,
                       sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_settings s;
    sc_rc rc = sc_fix_settings_get(app, project, &arena, &s, err);
    if (rc || !sc_str_ieq(s.repository, repo)) return rc;
    sc_fix_filter f = {
        .project_id = *project, .watched = true, .now_ms = sc_now_ms(app->conf.clock)};
    sc_fix_list list = {0};
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        rc = STORE(app)->fix_list(SELF(app), &f, &page, &arena, &list, err);
        for (size_t i = 0; !rc && i < list.n; i++) {
            if (list.items[i].pull_number != number) continue;
            rc = sc_work_ask(app, "poll", project, SC_STR_NONE, f.now_ms, err);
            sc_lane_poke(&app->fixes->watch);
            return rc;
        }
    } while (!rc && list.next_cursor.n);
    return rc;
}

static sc_rc has_some(sc_app *app, const sc_fix_filter *f, bool *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_list list = {0};
    sc_rc rc = STORE(app)->fix_list(SELF(app), f, &(sc_page){.limit = 1}, &arena, &list, err);
    *ret = !rc && list.n > 0;
    return rc;
}

static sc_rc has_lost(sc_app *app, const sc_id *project, bool *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_filter dead = {.project_id = *project, .by_state = true, .state = SC_JOB_dead};
    sc_fix_list list = {0};
    sc_rc rc =
        STORE(app)->fix_list(SELF(app), &dead, &(sc_page){.limit = PAGE}, &arena, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++) *ret |= !list.items[i].reason;
    return rc;
}

/* It reads only where there is nothing to look at: an idle installation writes nothing. */
sc_rc sc_fix_watch_ask(sc_app *app, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    const int64_t now = sc_now_ms(app->conf.clock);
    sc_fix_filter open = {.project_id = *project,
                          .watched = true,
                          .by_pull = true,
                          .pull = SC_FIX_PULL_open,
                          .now_ms = now},
                  merged = open;
    sc_fix_settings s;
    bool poll = false, verify = false;
    merged.pull = SC_FIX_PULL_merged;
    sc_rc rc = sc_fix_settings_get(app, project, &arena, &s, err);
    if (!rc) rc = has_some(app, &open, &poll, err);
    if (!rc) rc = has_some(app, &merged, &verify, err);
    if (!rc) rc = has_lost(app, project, &verify, err);
    if (!rc && poll) rc = sc_work_ask(app, "poll", project, SC_STR_NONE, now, err);
    if (!rc && (verify || s.policy.enabled))
        rc = sc_work_ask(app, "verify", project, SC_STR_NONE, now, err);
    return rc;
}
