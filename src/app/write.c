#include "app/write.h"

#include "app/advise.h"
#include "app/describe.h"
#include "app/internal.h"
#include "text/prepare.h"

/* A page of the longest reports takes about 100 MiB. */
enum { PAGE = 250, PAGE_BYTES = 256 << 20 };

/* ---- What the changes touch --------------------------------------------------------------------- */

/* Final place of each moved report, in order of first mention. */
typedef struct placed {
    int64_t key;
    sc_id from, to;      /* before all changes, after all changes */
    const sc_move *last; /* the move that put it where it is */
} placed;

typedef struct plan {
    const sc_write *w;
    sc_app *app;
    placed *placed;
    size_t n_placed;
    sc_id *clusters; /* every cluster that lost or won a report, distinct */
    size_t n_clusters;
    sc_describe_row *rows; /* one a cluster */
    sc_write_item *items;  /* one a placed report, same order */
} plan;

/* Items at hand come in seq order. */
static const sc_write_item *at_hand(const sc_write *w, int64_t key) {
    size_t lo = 0, hi = w->n_items;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (w->items[mid].feedback.seq < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < w->n_items && w->items[lo].feedback.seq == key ? &w->items[lo] : NULL;
}

static size_t count_moves(const sc_write *w) {
    size_t n = 0;
    for (size_t c = 0; c < w->n_changes; c++) n += w->changes[c].n_moves;
    return n;
}

/* Open addressing over small sets: key -> index + 1. */
typedef struct slots {
    uint32_t *slot;
    size_t mask;
} slots;

static bool slots_init(slots *x, size_t n, sc_arena *arena) {
    size_t size = 16;
    while (size < n * 2) size *= 2;
    x->slot = sc_arena_take_array(arena, size, sizeof *x->slot);
    x->mask = size - 1;
    return x->slot != NULL;
}

static size_t find_placed(const slots *x, const placed *v, int64_t key) {
    size_t at = sc_hash64(&key, sizeof key, 1) & x->mask;
    while (x->slot[at] && v[x->slot[at] - 1].key != key) at = (at + 1) & x->mask;
    return at;
}

static size_t find_cluster(const slots *x, const sc_id *v, const sc_id *id) {
    size_t at = sc_hash64(id->text, sizeof id->text, 2) & x->mask;
    while (x->slot[at] && !sc_id_eq(&v[x->slot[at] - 1], id)) at = (at + 1) & x->mask;
    return at;
}

static void add_cluster(plan *p, slots *x, const sc_id *id) {
    if (!sc_id_is_set(id)) return;
    size_t at = find_cluster(x, p->clusters, id);
    if (x->slot[at]) return;
    p->clusters[p->n_clusters++] = *id;
    x->slot[at] = (uint32_t)p->n_clusters;
}

static sc_rc collect(plan *p, sc_err *err) {
    const sc_write *w = p->w;
    size_t moves = count_moves(w);
    slots by_key, by_cluster;
    p->placed = sc_arena_take_array(w->arena, moves + 1, sizeof *p->placed);
    p->clusters = sc_arena_take_array(w->arena, 3 * moves + 2, sizeof *p->clusters);
    if (!p->placed || !p->clusters || !slots_init(&by_key, moves, w->arena) ||
        !slots_init(&by_cluster, 3 * moves + 1, w->arena))
        return sc_fail(err, SC_NOMEM, "no memory to write %zu placements", moves);
    for (size_t c = 0; c < w->n_changes; c++)
        for (size_t m = 0; m < w->changes[c].n_moves; m++) {
            const sc_move *mv = &w->changes[c].moves[m];
            size_t at = find_placed(&by_key, p->placed, mv->key);
            if (!by_key.slot[at]) {
                const sc_write_item *have = at_hand(w, mv->key);
                /* An edited report is new to the engine, but the store knows where it was. */
                sc_id from =
                    have && (have->fresh || have->again) ? have->feedback.cluster_id : mv->from;
                p->placed[p->n_placed++] = (placed){.key = mv->key, .from = from};
                by_key.slot[at] = (uint32_t)p->n_placed;
                add_cluster(p, &by_cluster, &from);
            }
            placed *pl = &p->placed[by_key.slot[at] - 1];
            pl->to = mv->to;
            pl->last = mv;
            add_cluster(p, &by_cluster, &mv->from);
            add_cluster(p, &by_cluster, &mv->to);
        }
    if (w->parked) add_cluster(p, &by_cluster, &w->parked->cluster_id);
    return SC_OK;
}

/* ---- The reports behind it ---------------------------------------------------------------------- */

/* What a report's move needs of it: a merge or an undo may move more text than fits into memory. */
static sc_feedback without_texts(const sc_feedback *f) {
    return (sc_feedback){.seq = f->seq,
                         .id = f->id,
                         .project_id = f->project_id,
                         .source = f->source,
                         .state = f->state,
                         .created_at_ms = f->created_at_ms,
                         .received_at_ms = f->received_at_ms,
                         .cluster_id = f->cluster_id};
}

static sc_rc fetch_light(plan *p, const int64_t *want, const size_t *where, size_t n, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena page;
    sc_arena_init(&page, PAGE_BYTES);
    sc_feedback *got = NULL;
    sc_rc rc = sc_describe_fetch(p->app, &p->w->space->project_id, want, n, &page, &got, err);
    for (size_t i = 0; !rc && i < n; i++)
        p->items[where[i]] = (sc_write_item){.feedback = without_texts(&got[i]), .light = true};
    return rc;
}

static sc_rc fetch_items(plan *p, sc_err *err) {
    const sc_write *w = p->w;
    p->items = sc_arena_take_array(w->arena, p->n_placed + 1, sizeof *p->items);
    int64_t *want = sc_arena_take_array(w->arena, p->n_placed + 1, sizeof *want);
    size_t *where = sc_arena_take_array(w->arena, p->n_placed + 1, sizeof *where);
    if (!p->items || !want || !where)
        return sc_fail(err, SC_NOMEM, "no memory to write the placements");
    size_t n = 0;
    for (size_t i = 0; i < p->n_placed; i++) {
        const sc_write_item *have = at_hand(w, p->placed[i].key);
        if (have) {
            p->items[i] = *have;
        } else {
            want[n] = p->placed[i].key;
            where[n++] = i;
        }
    }
    sc_rc rc = SC_OK;
    for (size_t at = 0; !rc && at < n; at += PAGE)
        rc = fetch_light(p, want + at, where + at, SC_MIN((size_t)PAGE, n - at), err);
    return rc;
}

/* ---- Rows ---------------------------------------------------------------------------------------- */

static sc_describe_row *row_of(plan *p, const slots *x, const sc_id *id) {
    size_t at = find_cluster(x, p->clusters, id);
    return x->slot[at] ? &p->rows[x->slot[at] - 1] : NULL;
}

static sc_rc count_members(plan *p, const slots *x, sc_err *err) {
    for (size_t i = 0; i < p->n_placed; i++) {
        const placed *pl = &p->placed[i];
        if (sc_id_eq(&pl->from, &pl->to)) continue;
        sc_describe_row *from = row_of(p, x, &pl->from), *to = row_of(p, x, &pl->to);
        if (from) sc_describe_count(from, &p->items[i].feedback, -1);
        if (to) sc_describe_count(to, &p->items[i].feedback, +1);
        if (to && p->items[i].fresh) {
            to->reports++;
            sc_rc rc = sc_describe_report(to, err);
            if (rc) return rc;
        }
    }
    const sc_feedback *parked = p->w->parked;
    sc_describe_row *left = parked ? row_of(p, x, &parked->cluster_id) : NULL;
    if (left) sc_describe_count(left, parked, -1);
    return SC_OK;
}

/* A cluster without reports points to where its last ones went; one that has some again does not. */
static void point_emptied(plan *p, const slots *x) {
    const sc_write *w = p->w;
    for (size_t i = 0; i < p->n_placed; i++) {
        sc_describe_row *from = row_of(p, x, &p->placed[i].from);
        if (from && !from->cluster.count) from->cluster.merged_into = p->placed[i].to;
    }
    for (size_t c = 0; c < w->n_changes; c++)
        for (size_t i = 0; i < w->changes[c].n_emptied; i++) {
            sc_describe_row *row = row_of(p, x, &w->changes[c].emptied[i].gone);
            if (row && !row->cluster.count)
                row->cluster.merged_into = w->changes[c].emptied[i].into;
        }
    sc_describe_row *left = w->parked ? row_of(p, x, &w->parked->cluster_id) : NULL;
    if (left && !left->cluster.count) left->cluster.merged_into = left->cluster.id;
    for (size_t i = 0; i < p->n_clusters; i++)
        if (p->rows[i].cluster.count) p->rows[i].cluster.merged_into = (sc_id){{0}};
}

static sc_rc build_rows(plan *p, sc_err *err) {
    const sc_write *w = p->w;
    slots x;
    p->rows = sc_arena_take_array(w->arena, p->n_clusters + 1, sizeof *p->rows);
    if (!p->rows || !slots_init(&x, p->n_clusters, w->arena))
        return sc_fail(err, SC_NOMEM, "no memory to describe %zu clusters", p->n_clusters);
    for (size_t i = 0; i < p->n_clusters; i++)
        x.slot[find_cluster(&x, p->clusters, &p->clusters[i])] = (uint32_t)(i + 1);
    sc_rc rc = sc_describe_load(w->space, p->clusters, p->n_clusters,
                                sc_id_is_set(&w->undo_action) || w->activate, w->now_ms, w->arena,
                                p->rows, err);
    if (!rc) rc = count_members(p, &x, err);
    if (!rc) point_emptied(p, &x);
    if (w->n_corrections || sc_id_is_set(&w->undo_action) || w->removed) /* not what was told of */
        for (size_t i = 0; i < p->n_clusters; i++) sc_cluster_untell(&p->rows[i].cluster);
    if (!rc)
        rc = sc_describe_finish(w->space, p->rows, p->n_clusters, p->items, p->n_placed, w->now_ms,
                                w->arena, err);
    return rc;
}

/* ---- The write ----------------------------------------------------------------------------------- */

/* The words that a report shares with its issue; its text is read again for them, and let go. */
static sc_rc terms_of(plan *p, size_t i, sc_str *ret, sc_err *err) {
    const sc_write *w = p->w;
    const sc_move *last = p->placed[i].last;
    sc_write_item item = p->items[i];
    SC_AUTO(sc_arena_done) sc_arena text;
    sc_arena_init(&text, PAGE_BYTES);
    sc_prepared prepared;
    sc_rc rc = SC_OK;
    if (item.light && last->shared[0]) {
        sc_feedback *f;
        rc = sc_describe_fetch(p->app, &w->space->project_id, &p->placed[i].key, 1, &text, &f, err);
        if (!rc) rc = sc_prepare(f->title, f->body, f->stack, &text, &prepared, err);
        item.prepared = &prepared;
    }
    return rc ? rc
              : sc_describe_terms(&item, last->shared, SC_LEN(last->shared), w->arena, ret, err);
}

static sc_rc fill_assigns(plan *p, sc_group_write *gw, sc_err *err) {
    const sc_write *w = p->w;
    sc_assign *a = sc_arena_take_array(w->arena, p->n_placed + 2, sizeof *a);
    sc_decision *d = sc_arena_take_array(w->arena, p->n_placed + 1, sizeof *d);
    if (!a || !d) return sc_fail(err, SC_NOMEM, "no memory for the decisions");
    for (size_t i = 0; i < p->n_placed; i++) {
        const placed *pl = &p->placed[i];
        a[i] = (sc_assign){.seq = pl->key, .cluster_id = pl->to, .repr = p->items[i].repr};
        d[i] = (sc_decision){.feedback_seq = pl->key,
                             .cluster_id = pl->to,
                             .from_id = pl->from,
                             .reason = pl->last->reason,
                             .evidence = pl->last->evidence,
                             .nearest_seq = pl->last->nearest,
                             .model = p->items[i].bare ? SC_STR("words")
                                                       : sc_str_of(w->space->lens->model),
                             .actor = w->actor,
                             .note = w->note,
                             .job_id = w->job_id,
                             .at_ms = w->now_ms};
        sc_rc rc = terms_of(p, i, &d[i].shared_terms, err);
        if (rc) return rc;
    }
    gw->assigns = a;
    gw->decisions = d;
    gw->n_assigns = gw->n_decisions = p->n_placed;
    if (w->removed) {
        gw->removed = &w->parked->seq;
        gw->n_removed = 1;
    } else if (w->parked) {
        a[gw->n_assigns++] = (sc_assign){.seq = w->parked->seq};
    }
    return SC_OK;
}

static sc_rc fill_clusters(plan *p, sc_group_write *gw, sc_err *err) {
    sc_cluster *c = sc_arena_take_array(p->w->arena, p->n_clusters + 1, sizeof *c);
    if (!c) return sc_fail(err, SC_NOMEM, "no memory for the clusters");
    size_t n = 0;
    for (size_t i = 0; i < p->n_clusters; i++) {
        /* Opened and emptied within one write: nobody ever saw it. */
        if (!p->rows[i].stored && !p->rows[i].cluster.count) continue;
        c[n++] = p->rows[i].cluster;
    }
    gw->clusters = c;
    gw->n_clusters = n;
    return SC_OK;
}

static sc_rc fill_events(plan *p, sc_group_write *gw, sc_err *err) {
    sc_event *e = sc_arena_take_array(p->w->arena, p->n_clusters + p->n_placed + 3, sizeof *e);
    if (!e) return sc_fail(err, SC_NOMEM, "no memory for the events");
    size_t n = 0;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < p->n_clusters; i++) {
        if (!p->rows[i].stored && !p->rows[i].cluster.count) continue;
        rc = sc_describe_cluster_event(&p->rows[i], p->w->now_ms, p->w->arena, &e[n++], err);
    }
    if (p->w->also) e[n++] = *p->w->also;
    /* A change of the model may move nearly everything: its issues' events say enough. */
    for (size_t i = 0; !rc && !p->w->activate && i < p->n_placed; i++)
        rc = sc_describe_feedback_event(&p->items[i].feedback, &p->placed[i].to,
                                        p->placed[i].last->reason, p->w->now_ms, p->w->arena,
                                        &e[n++], err);
    if (!rc && p->w->parked)
        rc = sc_describe_parked_event(p->w->parked, p->w->removed, p->w->now_ms, p->w->arena,
                                      &e[n++], err);
    gw->events = e;
    gw->n_events = n;
    return rc;
}

/* The cluster's row is in the store when this write is, and it has reports. */
static bool will_live(const plan *p, const sc_id *id) {
    for (size_t i = 0; i < p->n_clusters; i++)
        if (sc_id_eq(&p->clusters[i], id)) return p->rows[i].cluster.count > 0;
    return true;
}

/* What the engine left open, where there is somebody to ask. */
static sc_rc fill_suggestions(plan *p, sc_group_write *gw, sc_err *err) {
    const sc_write *w = p->w;
    size_t most = 0, n = 0;
    if (!p->app->ask || !(p->app->conf.llm_tasks & SC_ADVISE_merges) || w->activate) return SC_OK;
    for (size_t c = 0; c < w->n_changes; c++) most += w->changes[c].n_suggestions;
    sc_pair *v = sc_arena_take_array(w->arena, most + 1, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    for (size_t c = 0; c < w->n_changes; c++)
        for (size_t i = 0; i < w->changes[c].n_suggestions; i++) {
            const sc_suggestion *s = &w->changes[c].suggestions[i];
            size_t at = 0;
            while (at < p->n_placed && p->placed[at].key != s->key) at++;
            if (at == p->n_placed || sc_id_eq(&p->placed[at].to, &s->cluster) ||
                !will_live(p, &p->placed[at].to) || !will_live(p, &s->cluster))
                continue;
            v[n++] = (sc_pair){.a = p->placed[at].to,
                               .b = s->cluster,
                               .probability = s->evidence.probability,
                               .at_ms = w->now_ms};
        }
    gw->suggestions = v;
    gw->n_suggestions = n;
    return SC_OK;
}

static void take_back(const sc_write *w) {
    if (w->activate) return;
    pthread_rwlock_wrlock(&w->space->lock);
    for (size_t c = w->n_changes; c--;) sc_engine_revert(w->space->engine, &w->changes[c]);
    pthread_rwlock_unlock(&w->space->lock);
    /* An edited report was taken out of its old place before it was placed anew: only the store still knows it. */
    for (size_t i = 0; i < w->n_items; i++)
        if ((w->items[i].fresh || w->items[i].again) &&
            sc_id_is_set(&w->items[i].feedback.cluster_id))
            sc_space_forget(w->space);
    if (w->parked && sc_id_is_set(&w->parked->cluster_id)) sc_space_forget(w->space);
}

static sc_rc follow_statuses(plan *p, sc_err *err) {
    for (size_t i = 0; i < p->n_clusters; i++) {
        if (!p->rows[i].status_changed || !p->rows[i].cluster.count) continue;
        pthread_rwlock_wrlock(&p->w->space->lock);
        sc_rc rc = sc_engine_set_status(p->w->space->engine, &p->rows[i].cluster.id,
                                        p->rows[i].cluster.status, err);
        pthread_rwlock_unlock(&p->w->space->lock);
        if (rc && rc != SC_NOT_FOUND) return rc;
        if (p->rows[i].cluster.status == SC_CLUSTER_regressed)
            atomic_fetch_add(&p->app->regressions, 1);
    }
    return SC_OK;
}

sc_rc sc_write_changes(const sc_write *w, sc_err *err) {
    plan p = {.w = w, .app = w->space->app};
    sc_group_write gw = {.project_id = w->space->project_id,
                         .expect_version = w->space->version,
                         .job_id = w->job_id,
                         .job_fence = w->job_fence,
                         .model = w->space->lens->model,
                         .activate = w->activate,
                         .unless_job = w->unless_job,
                         .corrections = w->corrections,
                         .n_corrections = w->n_corrections,
                         .undo_action = w->undo_action,
                         .now_ms = w->now_ms};
    sc_rc rc = collect(&p, err);
    if (!rc) rc = fetch_items(&p, err);
    if (!rc) rc = build_rows(&p, err);
    if (!rc) rc = fill_assigns(&p, &gw, err);
    if (!rc) rc = fill_clusters(&p, &gw, err);
    if (!rc) rc = fill_suggestions(&p, &gw, err);
    if (!rc) rc = fill_events(&p, &gw, err);
    int64_t version = 0;
    if (!rc) rc = STORE(p.app)->group_write(SELF(p.app), &gw, &version, err);
    if (rc) {
        take_back(w);
        return rc;
    }
    w->space->version = version;
    /* What follows cannot undo what is stored: on an error the engine is rebuilt from the store. */
    sc_err late = {0};
    if (follow_statuses(&p, &late)) sc_space_forget(w->space);
    sc_pump_poke(p.app);
    sc_advise_poke(p.app);
    return SC_OK;
}
