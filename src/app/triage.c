/* Corrections: merge, split, move, apart, undo. Each takes the project's writer lock, lets the engine
 * compute the change, and writes change and constraints in one step. */
#include "app/triage.h"

#include "app/internal.h"
#include "app/write.h"

enum { ARENA_BYTES = 512 << 20, WAY_BYTES = 64 << 20, PAGE = 250, MAX_TRIES = 5, MOVE_PINS = 32 };

/* One action under way. */
typedef struct action {
    sc_app *app;
    sc_space *space;
    const sc_id *project;
    sc_arena arena;
    sc_id id;
    sc_str actor;
    int64_t now_ms;
    sc_correction *corrections;
    size_t n_corrections, cap;
    sc_id undoes;
    const sc_advice *advice; /* NULL: a person acts */
} action;

static sc_rc begin(action *a, sc_app *app, const sc_id *project, sc_str actor, sc_err *err) {
    *a = (action){.app = app,
                  .project = project,
                  .actor = actor,
                  .id = sc_id_new(app->conf.clock),
                  .now_ms = sc_now_ms(app->conf.clock)};
    sc_arena_init(&a->arena, app->conf.action_bytes);
    sc_rc rc = sc_space_get(app, project, &a->space, err);
    if (!rc) rc = sc_space_lock(a->space, err);
    if (rc) sc_arena_done(&a->arena);
    return rc;
}

static void finish(action *a) {
    sc_space_unlock(a->space);
    sc_arena_done(&a->arena);
}

static sc_rc constrain(action *a, sc_correction c, sc_err *err) {
    if (a->n_corrections == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 64;
        sc_correction *more = sc_arena_take_array(&a->arena, cap, sizeof *more);
        if (!more) return sc_fail(err, SC_NOMEM, "no memory for the corrections");
        if (a->n_corrections) memcpy(more, a->corrections, a->n_corrections * sizeof *more);
        a->corrections = more;
        a->cap = cap;
    }
    c.id = sc_id_new(a->app->conf.clock);
    c.action_id = a->id;
    c.actor = a->actor;
    c.at_ms = a->now_ms;
    a->corrections[a->n_corrections++] = c;
    return SC_OK;
}

static sc_rc pin_moves(action *a, const sc_change *change, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < change->n_moves; i++)
        rc = constrain(a,
                       (sc_correction){.kind = SC_CORRECTION_pin,
                                       .feedback_seq = change->moves[i].key,
                                       .cluster_id = change->moves[i].to},
                       err);
    return rc;
}

/* Pins what is in the cluster now, so that no later pass takes it away from what a person put beside it: all of it,
 * or the newest `most` of a cluster so big that it will not dissolve around one report. */
static sc_rc pin_members(action *a, const sc_id *cluster, size_t most, sc_err *err) {
    char cursor[256] = "";
    size_t pinned = 0;
    do {
        SC_AUTO(sc_arena_done) sc_arena page_arena; /* whole reports come: keep one page of them */
        sc_arena_init(&page_arena, ARENA_BYTES);
        sc_feedback_filter f = {.project_id = *a->project, .cluster_id = *cluster};
        sc_page page = {.limit = SC_MIN((size_t)PAGE, most), .cursor = sc_str_of(cursor)};
        sc_feedback_list list;
        sc_rc rc = STORE(a->app)->feedback_list(SELF(a->app), &f, &page, &page_arena, &list, err);
        for (size_t i = 0; !rc && i < list.n; i++)
            rc = constrain(a,
                           (sc_correction){.kind = SC_CORRECTION_pin,
                                           .feedback_seq = list.items[i].seq,
                                           .cluster_id = *cluster},
                           err);
        if (!rc && list.next_cursor.n >= sizeof cursor)
            rc = sc_fail(err, SC_INTERNAL, "the cursor is too long");
        if (rc) return rc;
        if (list.next_cursor.n) memcpy(cursor, list.next_cursor.p, list.next_cursor.n);
        cursor[list.next_cursor.n] = 0;
        pinned += list.n;
    } while (cursor[0] && pinned < most);
    return SC_OK;
}

static bool is_named(const sc_id *id, const sc_id *into, const sc_id *from, size_t n) {
    bool found = sc_id_eq(id, into);
    for (size_t i = 0; !found && i < n; i++) found = sc_id_eq(id, &from[i]);
    return found;
}

/* SC_CONFLICT when an earlier correction keeps any two apart of those that would become one. */
static sc_rc check_apart(action *a, const sc_id *into, const sc_id *from, size_t n, sc_err *err) {
    sc_correction *list;
    size_t n_list;
    sc_rc rc = STORE(a->app)->corrections(SELF(a->app), a->project, &a->arena, &list, &n_list, err);
    for (size_t i = 0; !rc && i < n_list; i++) {
        sc_id *p = &list[i].cluster_id, *q = &list[i].other_id;
        if (list[i].kind != SC_CORRECTION_apart) continue;
        rc = sc_space_heir(a->space, p, &a->arena, err);
        if (!rc) rc = sc_space_heir(a->space, q, &a->arena, err);
        if (!rc && !sc_id_eq(p, q) && is_named(p, into, from, n) && is_named(q, into, from, n))
            rc = sc_fail(err, SC_CONFLICT,
                         "these issues were kept apart by action %s: undo that first",
                         list[i].action_id.text);
    }
    return rc;
}

/* Writes the change with the action's corrections; the engine then knows the corrections too. */
static sc_rc commit(action *a, const sc_change *change, sc_err *err) {
    sc_write w = {.space = a->space,
                  .arena = &a->arena,
                  .changes = change,
                  .n_changes = 1,
                  .corrections = a->corrections,
                  .n_corrections = a->n_corrections,
                  .undo_action = a->undoes,
                  .actor = a->actor,
                  .now_ms = a->now_ms};
    if (a->advice) {
        w.note = a->advice->note;
        w.job_id = a->advice->job->id;
        w.job_fence = a->advice->job->fence;
    }
    sc_rc rc = sc_write_changes(&w, err);
    if (rc) return rc;
    sc_err late = {0};
    pthread_rwlock_wrlock(&a->space->lock);
    if (sc_space_load_corrections(a->space, &late))
        sc_space_forget(a->space); /* stored all the same */
    pthread_rwlock_unlock(&a->space->lock);
    return SC_OK;
}

static sc_rc live_cluster(action *a, const sc_id *id, sc_err *err) {
    sc_cluster c;
    sc_rc rc = STORE(a->app)->cluster_get(SELF(a->app), a->project, id, &a->arena, &c, err);
    if (!rc && sc_cluster_deserted(&c))
        return sc_fail(err, SC_CONFLICT, "this issue has no reports any more");
    if (!rc && sc_id_is_set(&c.merged_into))
        rc = sc_fail(err, SC_CONFLICT, "this issue was merged into %s", c.merged_into.text);
    return rc;
}

static void result(const action *a, const sc_id *cluster, size_t moved, sc_triage_result *ret) {
    *ret = (sc_triage_result){.action_id = a->id, .cluster_id = *cluster, .moved = (int64_t)moved};
}

/* What an action was asked to do; each one uses the members it needs. */
typedef struct request {
    const sc_id *one;   /* into, cluster, report, action */
    const sc_id *other; /* destination, second cluster   */
    const sc_id *ids;   /* merged clusters, split reports */
    size_t n_ids;
    const sc_advice *advice; /* of a merge that a language model advised */
    bool waited;             /* it was in no cluster until this request */
} request;

typedef sc_rc (*act_fn)(action *a, const request *r, sc_triage_result *ret, sc_err *err);

/* Another process may have been faster: an action is then computed again on what is there now. */
static sc_rc perform(sc_app *app, const sc_id *project, sc_str actor, act_fn act, const request *r,
                     sc_triage_result *ret, sc_err *err) {
    sc_rc rc = SC_OK;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        action a;
        rc = begin(&a, app, project, actor, err);
        if (rc) return rc;
        int64_t before = a.space->version;
        a.advice = r->advice;
        rc = act(&a, r, ret, err);
        bool raced = rc == SC_CONFLICT && sc_space_follow(a.space, NULL) == SC_OK &&
                     a.space->version != before;
        finish(&a);
        if (!raced) break;
    }
    return rc;
}

/* The model saw other issues than there are now. */
static sc_rc check_counts(action *a, const sc_id *into, const sc_id *from, sc_err *err) {
    const sc_advice *d = a->advice;
    sc_cluster x, y;
    sc_rc rc = STORE(a->app)->cluster_get(SELF(a->app), a->project, into, &a->arena, &x, err);
    if (!rc) rc = STORE(a->app)->cluster_get(SELF(a->app), a->project, from, &a->arena, &y, err);
    if (!rc && (x.count != d->into_count || y.count != d->from_count))
        rc = sc_fail(err, SC_CONFLICT, "the issues have changed since they were judged");
    return rc;
}

static void mark_advised(const sc_advice *d, sc_change *change) {
    for (size_t i = 0; i < change->n_moves; i++) {
        sc_move *m = &change->moves[i];
        m->reason = SC_REASON_llm_merged;
        m->evidence = d->evidence;
        m->nearest = d->nearest;
        memcpy(m->shared, d->shared, sizeof m->shared);
    }
}

static sc_rc merge_once(action *a, const request *r, sc_triage_result *ret, sc_err *err) {
    const sc_id *into = r->one, *from = r->ids;
    size_t n_from = r->n_ids;
    sc_rc rc = live_cluster(a, into, err);
    for (size_t i = 0; !rc && i < n_from; i++) {
        if (sc_id_eq(&from[i], into))
            rc = sc_fail_field(err, SC_UNPROCESSABLE, "cluster_ids",
                               "an issue cannot be merged into itself");
        else
            rc = live_cluster(a, &from[i], err);
    }
    if (!rc) rc = check_apart(a, into, from, n_from, err);
    if (!rc && a->advice) rc = check_counts(a, into, from, err);
    if (!rc) rc = pin_members(a, into, SIZE_MAX, err);
    if (rc) return rc;
    sc_change change;
    pthread_rwlock_wrlock(&a->space->lock);
    rc = sc_engine_merge(a->space->engine, into, from, n_from, &a->arena, &change, err);
    pthread_rwlock_unlock(&a->space->lock);
    if (rc) return rc;
    if (a->advice) mark_advised(a->advice, &change);
    if ((rc = pin_moves(a, &change, err))) {
        sc_space_forget(a->space);
        return rc;
    }
    rc = commit(a, &change, err);
    if (!rc) result(a, into, change.n_moves, ret);
    return rc;
}

sc_rc sc_triage_merge(sc_app *app, const sc_id *project, const sc_id *into, const sc_id *from,
                      size_t n_from, sc_str actor, sc_triage_result *ret, sc_err *err) {
    if (!n_from)
        return sc_fail_field(err, SC_UNPROCESSABLE, "cluster_ids",
                             "name at least one issue to merge");
    request r = {.one = into, .ids = from, .n_ids = n_from};
    return perform(app, project, actor, merge_once, &r, ret, err);
}

sc_rc sc_triage_merge_advised(sc_app *app, const sc_id *project, const sc_id *into,
                              const sc_id *from, const sc_advice *advice, sc_str actor,
                              sc_triage_result *ret, sc_err *err) {
    request r = {.one = into, .ids = from, .n_ids = 1, .advice = advice};
    return perform(app, project, actor, merge_once, &r, ret, err);
}

/* Report ids to seqs; each must be in the cluster (when one is given). */
static sc_rc seqs_of(action *a, const sc_id *feedback, size_t n, const sc_id *cluster,
                     int64_t **ret, sc_err *err) {
    int64_t *seqs = sc_arena_take_array(&a->arena, n + 1, sizeof *seqs);
    if (!seqs) return sc_fail(err, SC_NOMEM, "no memory for %zu reports", n);
    for (size_t i = 0; i < n; i++) {
        sc_feedback f;
        sc_rc rc =
            STORE(a->app)->feedback_get(SELF(a->app), a->project, &feedback[i], &a->arena, &f, err);
        if (rc) return rc;
        if (cluster && !sc_id_eq(&f.cluster_id, cluster))
            return sc_fail_field(err, SC_UNPROCESSABLE, "feedback_ids",
                                 "report %s is not in this issue", feedback[i].text);
        for (size_t k = 0; k < i; k++)
            if (seqs[k] == f.seq)
                return sc_fail_field(err, SC_UNPROCESSABLE, "feedback_ids",
                                     "report %s is named twice", f.id.text);
        seqs[i] = f.seq;
    }
    *ret = seqs;
    return SC_OK;
}

static sc_rc split_once(action *a, const request *r, sc_triage_result *ret, sc_err *err) {
    const sc_id *cluster = r->one, *feedback = r->ids;
    size_t n = r->n_ids;
    int64_t *seqs = NULL;
    sc_change change;
    sc_id fresh;
    sc_rc rc = live_cluster(a, cluster, err);
    if (!rc) rc = seqs_of(a, feedback, n, cluster, &seqs, err);
    if (rc) return rc;
    pthread_rwlock_wrlock(&a->space->lock);
    rc = sc_engine_split(a->space->engine, cluster, seqs, n, &a->arena, &fresh, &change, err);
    pthread_rwlock_unlock(&a->space->lock);
    if (rc) return rc;
    rc = pin_moves(a, &change, err);
    if (!rc)
        rc = constrain(
            a,
            (sc_correction){.kind = SC_CORRECTION_apart, .cluster_id = *cluster, .other_id = fresh},
            err);
    if (rc) {
        sc_space_forget(a->space);
        return rc;
    }
    rc = commit(a, &change, err);
    if (!rc) result(a, &fresh, change.n_moves, ret);
    return rc;
}

sc_rc sc_triage_split(sc_app *app, const sc_id *project, const sc_id *cluster,
                      const sc_id *feedback, size_t n, sc_str actor, sc_triage_result *ret,
                      sc_err *err) {
    if (!n)
        return sc_fail_field(err, SC_UNPROCESSABLE, "feedback_ids",
                             "name at least one report to split off");
    request r = {.one = cluster, .ids = feedback, .n_ids = n};
    return perform(app, project, actor, split_once, &r, ret, err);
}

/* Was a report that had waited grouped just now to where a person wants it? *to NULL: into an issue of its own. */
static sc_rc is_there(action *a, const sc_feedback *f, const sc_id *to, bool *ret, sc_err *err) {
    sc_cluster c;
    *ret = to && sc_id_eq(&f->cluster_id, to);
    if (to) return SC_OK;
    sc_rc rc =
        STORE(a->app)->cluster_get(SELF(a->app), a->project, &f->cluster_id, &a->arena, &c, err);
    *ret = !rc && c.count == 1;
    return rc;
}

/* It is there already, and stays from now on. */
static sc_rc stay(action *a, const sc_feedback *f, sc_triage_result *ret, sc_err *err) {
    sc_change nothing = {0};
    sc_rc rc = constrain(a,
                         (sc_correction){.kind = SC_CORRECTION_pin,
                                         .feedback_seq = f->seq,
                                         .cluster_id = f->cluster_id},
                         err);
    if (!rc) rc = commit(a, &nothing, err);
    if (!rc) result(a, &f->cluster_id, 1, ret);
    return rc;
}

static sc_rc move_once(action *a, const request *r, sc_triage_result *ret, sc_err *err) {
    const sc_id *feedback = r->one, *to = r->other;
    sc_feedback f;
    sc_rc rc = STORE(a->app)->feedback_get(SELF(a->app), a->project, feedback, &a->arena, &f, err);
    if (!rc && to) rc = live_cluster(a, to, err);
    if (!rc && !sc_id_is_set(&f.cluster_id))
        rc = sc_fail(err, SC_CONFLICT, "this report is not grouped");
    bool there = false;
    if (!rc && r->waited) rc = is_there(a, &f, to, &there, err);
    if (!rc && there) return stay(a, &f, ret, err);
    if (!rc && to && sc_id_eq(&f.cluster_id, to))
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "cluster_id",
                           "the report is in this issue already");
    if (!rc && to) rc = pin_members(a, to, MOVE_PINS, err);
    if (rc) return rc;
    sc_id dest;
    sc_change change;
    pthread_rwlock_wrlock(&a->space->lock);
    rc = sc_engine_move(a->space->engine, f.seq, to, &a->arena, &dest, &change, err);
    pthread_rwlock_unlock(&a->space->lock);
    if (rc) return rc;
    rc = pin_moves(a, &change, err);
    if (!rc)
        rc = constrain(a,
                       (sc_correction){.kind = SC_CORRECTION_never,
                                       .feedback_seq = f.seq,
                                       .cluster_id = f.cluster_id},
                       err);
    if (rc) {
        sc_space_forget(a->space);
        return rc;
    }
    rc = commit(a, &change, err);
    if (!rc) result(a, &dest, change.n_moves, ret);
    return rc;
}

sc_rc sc_triage_move(sc_app *app, const sc_id *project, const sc_id *feedback, const sc_id *to,
                     sc_str actor, sc_triage_result *ret, sc_err *err) {
    request r = {.one = feedback, .other = to};
    /* One that still waits, or was given up, has to be somewhere before it can be moved away. */
    sc_rc rc = sc_worker_place(app, project, feedback, &r.waited, err);
    return rc ? rc : perform(app, project, actor, move_once, &r, ret, err);
}

static sc_rc apart_once(action *a, const request *r, sc_triage_result *ret, sc_err *err) {
    const sc_id *x = r->one, *y = r->other;
    sc_rc rc = live_cluster(a, x, err);
    if (!rc) rc = live_cluster(a, y, err);
    if (!rc)
        rc = constrain(
            a, (sc_correction){.kind = SC_CORRECTION_apart, .cluster_id = *x, .other_id = *y}, err);
    sc_change nothing = {0};
    if (!rc) rc = commit(a, &nothing, err);
    if (!rc) result(a, x, 0, ret);
    return rc;
}

sc_rc sc_triage_apart(sc_app *app, const sc_id *project, const sc_id *x, const sc_id *y,
                      sc_str actor, sc_triage_result *ret, sc_err *err) {
    if (sc_id_eq(x, y))
        return sc_fail_field(err, SC_UNPROCESSABLE, "cluster_id",
                             "an issue cannot be kept apart from itself");
    request r = {.one = x, .other = y};
    return perform(app, project, actor, apart_once, &r, ret, err);
}

/* ---- Undo ----------------------------------------------------------------------------------------- */

/* What a report's way comes to: steps that were undone and steps that left it where it was drop out. Returns
 * how many are left. */
static size_t effective(sc_decision *d, size_t n) {
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = top;
        if (d[i].reason == SC_REASON_person_undid)
            while (k && !sc_id_eq(&d[k - 1].cluster_id, &d[i].cluster_id)) k--;
        if (k && sc_id_eq(&d[k - 1].cluster_id, &d[i].cluster_id))
            top = k;
        else
            d[top++] = d[i];
    }
    return top;
}

typedef struct corrections {
    const sc_correction *v;
    size_t n;
} corrections;

/* Did a person, or a language model, put the report there, and was that undone since (when it could not be moved back)? */
static bool was_undone(const sc_decision *d, const corrections *in_force) {
    if (d->reason != SC_REASON_person_moved && d->reason != SC_REASON_person_merged &&
        d->reason != SC_REASON_person_split && d->reason != SC_REASON_llm_merged)
        return false;
    for (size_t i = 0; i < in_force->n; i++) {
        const sc_correction *c = &in_force->v[i];
        if (c->kind == SC_CORRECTION_pin && c->feedback_seq == d->feedback_seq &&
            c->at_ms == d->at_ms && sc_id_eq(&c->cluster_id, &d->cluster_id))
            return false;
    }
    return true;
}

/* Where the action took the report from; empty when the report has gone on since. */
static sc_rc origin(action *a, const sc_correction *c, const corrections *in_force, sc_id *ret_from,
                    sc_err *err) {
    *ret_from = (sc_id){{0}};
    sc_decision *d;
    size_t n;
    SC_AUTO(sc_arena_done) sc_arena way; /* of one report: let go before the next one's is read */
    sc_arena_init(&way, WAY_BYTES);
    sc_rc rc =
        STORE(a->app)->decisions(SELF(a->app), a->project, c->feedback_seq, &way, &d, &n, err);
    if (rc || !(n = effective(d, n))) return rc;
    const sc_decision *last = &d[n - 1];
    bool ours = last->at_ms == c->at_ms && sc_id_eq(&last->cluster_id, &c->cluster_id);
    if (!ours) return SC_OK;
    *ret_from = last->from_id;
    for (n--; n && was_undone(&d[n - 1], in_force); n--) *ret_from = d[n - 1].from_id;
    return SC_OK;
}

/* The moves that take the action's reports back, not applied yet. */
static sc_rc plan_undo(action *a, const sc_id *undone, sc_change *ret, size_t *ret_found,
                       sc_err *err) {
    sc_correction *all;
    size_t n;
    *ret = (sc_change){0};
    *ret_found = 0;
    sc_rc rc = STORE(a->app)->corrections(SELF(a->app), a->project, &a->arena, &all, &n, err);
    if (rc) return rc;
    sc_move *moves = sc_arena_take_array(&a->arena, n + 1, sizeof *moves);
    if (!moves) return sc_fail(err, SC_NOMEM, "no memory to undo");
    for (size_t i = 0; i < n; i++) {
        if (!sc_id_eq(&all[i].action_id, undone)) continue;
        ++*ret_found;
        if (all[i].kind != SC_CORRECTION_pin) continue;
        sc_id from;
        if ((rc = origin(a, &all[i], &(corrections){all, n}, &from, err))) return rc;
        if (!sc_id_is_set(&from) || sc_id_eq(&from, &all[i].cluster_id)) continue;
        moves[ret->n_moves++] = (sc_move){.key = all[i].feedback_seq,
                                          .from = all[i].cluster_id,
                                          .to = from,
                                          .reason = SC_REASON_person_undid};
    }
    ret->moves = moves;
    return SC_OK;
}

static sc_rc undo_once(action *a, const request *r, sc_triage_result *ret, sc_err *err) {
    const sc_id *undone = r->one;
    sc_change change;
    size_t found;
    sc_rc rc = plan_undo(a, undone, &change, &found, err);
    if (!rc && !found) rc = sc_fail(err, SC_NOT_FOUND, "no such action, or it was undone already");
    if (rc) return rc;
    a->undoes = *undone;
    pthread_rwlock_wrlock(&a->space->lock);
    size_t done = 0;
    while (!rc && done < change.n_moves) {
        rc = sc_engine_set_cluster(a->space->engine, change.moves[done].key, &change.moves[done].to,
                                   err);
        if (!rc) done++;
    }
    pthread_rwlock_unlock(&a->space->lock);
    if (rc) {
        sc_space_forget(a->space);
        return rc;
    }
    rc = commit(a, &change, err);
    if (!rc) result(a, change.n_moves ? &change.moves[0].to : undone, change.n_moves, ret);
    return rc;
}

sc_rc sc_triage_undo(sc_app *app, const sc_id *project, const sc_id *undone, sc_str actor,
                     sc_triage_result *ret, sc_err *err) {
    request r = {.one = undone};
    return perform(app, project, actor, undo_once, &r, ret, err);
}
