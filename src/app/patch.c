/* Changes to one issue that move no report: title, status, snooze, repository; and edits of a report. */
#include "app/describe.h"
#include "app/internal.h"
#include "app/triage.h"
#include "app/turn.h"

enum { ARENA_BYTES = 64 << 20, MAX_TRIES = 5 };

static sc_rc apply_patch(const sc_cluster_patch *p, sc_describe_row *row, sc_err *err) {
    sc_cluster *c = &row->cluster;
    if (p->if_version && p->if_version != c->version)
        return sc_fail(err, SC_CONFLICT, "the issue has changed since version %lld",
                       (long long)p->if_version);
    if (p->has_title) {
        c->title_locked = p->title.n > 0;
        c->title = p->title; /* empty: derived again below */
        c->title_told = false;
        if (!p->title.n) c->told = 0;
    }
    if (p->has_repo_url) c->repo_url = p->repo_url;
    if (p->has_fix && p->branch.p) c->branch = p->branch;
    if (p->has_fix && p->pr_url.p) c->pr_url = p->pr_url;
    if (p->has_fix) c->error_message = p->error_message;
    if (!p->has_event && !p->has_restore) return SC_OK;
    sc_cluster_status next = p->restore;
    sc_rc rc = p->has_restore ? sc_cluster_restore(c->status, next, err)
                              : sc_cluster_next(c->status, p->event, &next, err);
    if (rc) return rc;
    row->status_changed = next != c->status;
    c->status = next;
    c->snooze_until_ms = next == SC_CLUSTER_snoozed ? p->snooze_until_ms : 0;
    return SC_OK;
}

sc_rc sc_patch_write_row(sc_space *s, const sc_describe_row *row, const sc_job *job, int64_t now_ms,
                         sc_arena *arena, sc_err *err) {
    sc_event ev;
    sc_rc rc = sc_describe_cluster_event(row, now_ms, arena, &ev, err);
    if (rc) return rc;
    sc_group_write gw = {.project_id = s->project_id,
                         .expect_version = s->version,
                         .clusters = &row->cluster,
                         .n_clusters = 1,
                         .events = &ev,
                         .n_events = 1,
                         .model = s->lens->model,
                         .now_ms = now_ms};
    if (job) {
        gw.job_id = job->id;
        gw.job_fence = job->fence;
    }
    int64_t version;
    rc = STORE(s->app)->group_write(SELF(s->app), &gw, &version, err);
    if (rc) return rc;
    s->version = version;
    sc_err late = {0};
    pthread_rwlock_wrlock(&s->lock);
    sc_rc told = sc_engine_set_status(s->engine, &row->cluster.id, row->cluster.status, &late);
    pthread_rwlock_unlock(&s->lock);
    if (told && told != SC_NOT_FOUND) sc_space_forget(s);
    sc_pump_poke(s->app);
    return SC_OK;
}

static sc_rc patch_once(sc_space *s, const sc_id *cluster, const sc_cluster_patch *p,
                        int64_t now_ms, sc_arena *arena, sc_describe_row *ret, sc_err *err) {
    sc_cluster have;
    sc_rc rc = STORE(s->app)->cluster_get(SELF(s->app), &s->project_id, cluster, arena, &have, err);
    if (!rc && sc_cluster_deserted(&have))
        return sc_fail(err, SC_CONFLICT, "this issue has no reports any more");
    if (!rc && sc_id_is_set(&have.merged_into))
        rc = sc_fail(err, SC_CONFLICT, "this issue was merged into %s", have.merged_into.text);
    if (rc) return rc;
    *ret = (sc_describe_row){.cluster = have, .stored = true};
    rc = apply_patch(p, ret, err);
    if (!rc) rc = sc_describe_finish(s, ret, 1, NULL, 0, now_ms, arena, err);
    return rc ? rc : sc_patch_write_row(s, ret, NULL, now_ms, arena, err);
}

sc_rc sc_triage_patch(sc_app *app, const sc_id *project, const sc_id *cluster,
                      const sc_cluster_patch *p, sc_str actor, sc_arena *arena, sc_cluster *ret,
                      sc_err *err) {
    (void)actor; /* who did it is in the request log */
    sc_space *s;
    sc_rc rc = sc_space_get(app, project, &s, err);
    if (rc) return rc;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        sc_describe_row row;
        if ((rc = sc_space_lock(s, err))) return rc;
        int64_t before = s->version;
        rc = patch_once(s, cluster, p, sc_now_ms(app->conf.clock), arena, &row, err);
        bool raced = rc == SC_CONFLICT && sc_space_follow(s, NULL) == SC_OK && s->version != before;
        sc_space_unlock(s);
        if (!rc) *ret = row.cluster;
        if (!raced) break;
    }
    return rc;
}

static sc_rc edit_once(sc_space *s, const sc_id *feedback, sc_edit_fn edit, void *self,
                       sc_arena *arena, bool *ret_regroup, sc_err *err) {
    sc_app *app = s->app;
    sc_feedback old, f;
    sc_rc rc = STORE(app)->feedback_get(SELF(app), &s->project_id, feedback, arena, &old, err);
    if (rc) return rc;
    f = old;
    if ((rc = edit(self, &f, err))) return rc;
    *ret_regroup = !sc_str_eq(old.title, f.title) || !sc_str_eq(old.body, f.body) ||
                   !sc_str_eq(old.stack, f.stack);
    sc_id job = sc_id_new(app->conf.clock);
    return STORE(app)->feedback_update(SELF(app), &f, *ret_regroup, &job,
                                       sc_now_ms(app->conf.clock), err);
}

sc_rc sc_triage_edit(sc_app *app, const sc_id *project, const sc_id *feedback, sc_edit_fn edit,
                     void *self, sc_arena *arena, sc_feedback *ret, sc_err *err) {
    sc_space *s;
    bool regroup = false;
    sc_rc rc = sc_space_get(app, project, &s, err);
    if (!rc) rc = sc_space_lock(s, err);
    if (rc) return rc;
    rc = edit_once(s, feedback, edit, self, arena, &regroup, err);
    sc_space_unlock(s);
    if (rc) return rc;
    if (regroup) sc_worker_poke(app);
    return STORE(app)->feedback_get(SELF(app), project, feedback, arena, ret, err);
}

static sc_rc wake_page(sc_app *app, const sc_id *project, const sc_cluster_list *list,
                       int64_t now_ms, sc_arena *arena, sc_turn *turn, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t k = 0; !rc && k < list->n; k++) {
        const sc_cluster *c = &list->items[k];
        if (!c->snooze_until_ms || c->snooze_until_ms > now_ms) continue;
        sc_cluster_patch p = {.has_event = true, .event = SC_CLUSTER_EV_WAKE};
        sc_cluster woken;
        sc_err one = {0};
        if (sc_triage_patch(app, project, &c->id, &p, SC_STR("clock"), arena, &woken, &one))
            rc = sc_turn_failed(turn, &c->id, &one, err);
    }
    return rc;
}

sc_rc sc_triage_wake_snoozed(sc_app *app, const sc_id *project, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_turn turn = {.app = app, .failed = "a snoozed issue was not woken"};
    sc_cluster_filter f = {.project_id = *project, .statuses = 1u << SC_CLUSTER_snoozed};
    sc_cluster_list list = {0};
    sc_rc rc;
    do {
        sc_page page = {.limit = 1000, .cursor = list.next_cursor};
        rc = STORE(app)->cluster_list(SELF(app), &f, &page, now_ms, &arena, &list, err);
        if (!rc) rc = wake_page(app, project, &list, now_ms, &arena, &turn, err);
    } while (!rc && list.next_cursor.n);
    sc_turn_end(&turn);
    return rc;
}
