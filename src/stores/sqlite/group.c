/* One step of grouping, written whole or not at all. */
#include "stores/sqlite/cluster_row.h"

typedef struct group_step {
    sc_sq_conn *c;
    const sc_group_write *w;
    int64_t project_no, version, model_no;
    sc_id last_id; /* clusters repeat in runs: the last one looked up */
    int64_t last_no;
    int64_t by_state[SC_FEEDBACK_STATE_COUNT], clustered; /* how the counters change */
} group_step;

/* ---- May it be written? ------------------------------------------------------------------------ */

static sc_rc check_version(group_step *s, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(s->c, "UPDATE project SET group_version = group_version + 1"
                                   " WHERE project_no = ? AND group_version = ?");
    sc_query_int(&q, s->project_no);
    sc_query_int(&q, s->w->expect_version);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q))
        return sc_fail(err, SC_CONFLICT, "grouping has changed since version %lld: look again",
                       (long long)s->w->expect_version);
    s->version = s->w->expect_version + 1;
    return rc;
}

static sc_rc check_job(group_step *s, sc_err *err) {
    sc_id id;
    bool found = false;
    if (!s->w->unless_job.n) return SC_OK;
    sc_rc rc = sc_sq_job_open(s->c, s->project_no, s->w->unless_job, &id, &found, err);
    return rc || !found ? rc : sc_fail(err, SC_CONFLICT, "job %s has begun", id.text);
}

static sc_rc cluster_no(group_step *s, const sc_id *id, int64_t *ret, sc_err *err) {
    if (!sc_id_is_set(id) || !sc_id_eq(id, &s->last_id)) {
        sc_rc rc = sc_sq_cluster_no(s->c, s->project_no, id, &s->last_no, err);
        if (rc) {
            sc_wrap(err, "%s", id->text);
            return rc;
        }
        s->last_id = *id;
    }
    *ret = s->last_no;
    return SC_OK;
}

/* ---- Placements -------------------------------------------------------------------------------- */

typedef struct place {
    int64_t state, cluster_no;
    bool known; /* it has an item row */
} place;

static sc_rc place_of(group_step *s, int64_t seq, place *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        s->c, "SELECT f.state, i.cluster_no, i.seq IS NOT NULL FROM feedback f"
              " LEFT JOIN item i ON i.seq = f.seq WHERE f.seq = ? AND f.project_no = ?");
    bool row;
    sc_query_int(&q, seq);
    sc_query_int(&q, s->project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no report %lld", (long long)seq);
    ret->state = sc_query_get_enum(&q, SC_FEEDBACK_STATE_COUNT);
    ret->cluster_no = sc_query_get_int(&q);
    ret->known = sc_query_get_int(&q) != 0;
    return sc_query_row_check(&q, err);
}

static sc_rc set_state(group_step *s, int64_t seq, int64_t from, int64_t to, sc_err *err) {
    if (from == to) return SC_OK;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(s->c, "UPDATE feedback SET state = ? WHERE seq = ?");
    sc_query_int(&q, to);
    sc_query_int(&q, seq);
    s->by_state[from]--;
    s->by_state[to]++;
    return sc_query_run(&q, err);
}

static const char make_item_sql[] =
    "INSERT INTO item (seq, project_no, cluster_no, version, created_at, id, model_no, repr)"
    " SELECT seq, project_no, ?2, ?3, created_at, id, ?4, ?5 FROM feedback WHERE seq = ?1";
static const char move_item_sql[] = "UPDATE item SET cluster_no = ?2, version = ?3 WHERE seq = ?1";
static const char remake_item_sql[] =
    "UPDATE item SET cluster_no = ?2, version = ?3, model_no = ?4, repr = ?5 WHERE seq = ?1";

static sc_rc assign(group_step *s, const sc_assign *a, sc_err *err) {
    place was = {0, 0, false};
    int64_t to;
    sc_rc rc = place_of(s, a->seq, &was, err);
    if (!rc) rc = cluster_no(s, &a->cluster_id, &to, err);
    if (rc) return rc;
    bool bare = was.known && a->repr.n == 0;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(s->c, bare        ? move_item_sql
                                       : was.known ? remake_item_sql
                                                   : make_item_sql);
        sc_query_int(&q, a->seq);
        sc_query_int(&q, to);
        sc_query_int(&q, s->version);
        if (!bare) {
            sc_query_int(&q, a->repr.n ? s->model_no : 0);
            sc_query_blob(&q, a->repr.p, a->repr.n);
        }
        rc = sc_query_run(&q, err);
    }
    s->clustered += (to != 0) - (was.cluster_no != 0);
    if (!rc && !bare && was.known) rc = sc_sq_side_forget(s->c, s->project_no, a->seq, err);
    if (rc) return rc;
    if (bare && to && was.state == SC_FEEDBACK_pending)
        return SC_OK; /* edited: still to be grouped */
    return set_state(s, a->seq, was.state, to ? SC_FEEDBACK_grouped : SC_FEEDBACK_parked, err);
}

static sc_rc remove_report(group_step *s, int64_t seq, sc_err *err) {
    place was = {0, 0, false};
    sc_rc rc = place_of(s, seq, &was, err);
    if (!rc) rc = sc_sq_remove(s->c, s->project_no, seq, s->version, err);
    if (rc) return rc;
    s->by_state[was.state]--;
    s->clustered -= was.cluster_no != 0;
    return SC_OK;
}

static sc_rc write_counters(group_step *s, sc_err *err) {
    sc_rc rc = sc_sq_tally_add(s->c, s->project_no, SC_TALLY_CLUSTERED, s->clustered, err);
    for (int i = 0; !rc && i < SC_FEEDBACK_STATE_COUNT; i++)
        rc = sc_sq_tally_add(s->c, s->project_no, SC_TALLY_STATE + i, s->by_state[i], err);
    return rc;
}

/* ---- Decisions, corrections -------------------------------------------------------------------- */

static void bind_evidence(sc_query *q, const sc_evidence *e) {
    sc_query_real(q, e->probability);
    sc_query_real(q, e->mean);
    sc_query_real(q, e->best);
    sc_query_real(q, e->worst);
    sc_query_real(q, e->semantic);
    sc_query_real(q, e->lexical);
    sc_query_real(q, e->title);
    sc_query_real(q, e->stack);
}

static sc_rc add_decision(group_step *s, const sc_decision *d, sc_err *err) {
    int64_t to, from, model;
    place at;
    if ((unsigned)d->reason >= SC_REASON_COUNT)
        return sc_fail_field(err, SC_INVALID, "decisions.reason", "not one of ours");
    sc_rc rc = place_of(s, d->feedback_seq, &at, err);
    if (!rc) rc = cluster_no(s, &d->from_id, &from, err);
    if (!rc) rc = cluster_no(s, &d->cluster_id, &to, err);
    if (!rc) rc = sc_sq_model_no(s->c, d->model, true, &model, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        s->c, "INSERT INTO decision (seq, cluster_no, from_no, reason, conflict, nearest_seq, at, "
              "model_no,"
              " probability, mean, best, worst, semantic, lexical, title, stack, job_id, actor,"
              " shared_terms, note)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sc_query_int(&q, d->feedback_seq);
    sc_query_int(&q, to);
    sc_query_int(&q, from);
    sc_query_int(&q, d->reason);
    sc_query_int(&q, d->evidence.conflict);
    sc_query_int(&q, d->nearest_seq);
    sc_query_int(&q, d->at_ms);
    sc_query_int(&q, model);
    bind_evidence(&q, &d->evidence);
    sc_query_id(&q, &d->job_id);
    sc_query_text(&q, d->actor);
    sc_query_text(&q, d->shared_terms);
    sc_query_text(&q, d->note);
    return sc_query_run(&q, err);
}

static sc_rc add_correction(group_step *s, const sc_correction *r, sc_err *err) {
    int64_t cluster, other;
    place at;
    unsigned char b[16];
    if ((unsigned)r->kind >= SC_CORRECTION_KIND_COUNT)
        return sc_fail_field(err, SC_INVALID, "corrections.kind", "not one of ours");
    if (!sc_id_to_bytes(&r->id, b) || !sc_id_to_bytes(&r->action_id, b))
        return sc_fail_field(err, SC_INVALID, "corrections.id", "not an id");
    sc_rc rc = r->feedback_seq ? place_of(s, r->feedback_seq, &at, err) : SC_OK;
    if (!rc) rc = cluster_no(s, &r->cluster_id, &cluster, err);
    if (!rc) rc = cluster_no(s, &r->other_id, &other, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        s->c, "INSERT INTO correction (project_no, id, action_id, kind, seq, cluster_no,"
              " other_no, at, ended_at, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)");
    sc_query_int(&q, s->project_no);
    sc_query_id(&q, &r->id);
    sc_query_id(&q, &r->action_id);
    sc_query_int(&q, r->kind);
    sc_query_int(&q, r->feedback_seq);
    sc_query_int(&q, cluster);
    sc_query_int(&q, other);
    sc_query_int(&q, r->at_ms);
    sc_query_text(&q, r->actor);
    return sc_query_run(&q, err);
}

static sc_rc undo(group_step *s, sc_err *err) {
    if (!sc_id_is_set(&s->w->undo_action)) return SC_OK;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(s->c, "UPDATE correction INDEXED BY correction_action SET ended_at = max(?1, 1)"
                          " WHERE action_id = ?2 AND project_no = ?3 AND ended_at = 0");
    sc_query_int(&q, s->w->now_ms);
    sc_query_id(&q, &s->w->undo_action);
    sc_query_int(&q, s->project_no);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q))
        return sc_fail(err, SC_NOT_FOUND, "no such correction, or it was undone already");
    return rc;
}

/* ---- All of it --------------------------------------------------------------------------------- */

/* Clusters first: everything else names them. */
static sc_rc write(group_step *s, sc_err *err) {
    const sc_group_write *w = s->w;
    sc_rc rc = sc_sq_project_no(s->c, &w->project_id, &s->project_no, err);
    if (!rc && sc_id_is_set(&w->job_id))
        rc = sc_sq_job_check_fence(s->c, s->project_no, &w->job_id, w->job_fence, err);
    if (!rc) rc = check_version(s, err);
    if (!rc) rc = check_job(s, err);
    if (!rc && (w->n_assigns || w->activate))
        rc = sc_sq_model_no(s->c, sc_str_of(w->model), true, &s->model_no, err);
    if (!rc && s->model_no)
        rc = sc_sq_model_settle(s->c, s->project_no, s->model_no, w->activate, s->version,
                                w->now_ms, err);
    for (size_t i = 0; !rc && i < w->n_clusters; i++)
        rc = sc_sq_cluster_put(s->c, s->project_no, s->version, &w->clusters[i], err);
    for (size_t i = 0; !rc && i < w->n_assigns; i++) rc = assign(s, &w->assigns[i], err);
    for (size_t i = 0; !rc && i < w->n_removed; i++) rc = remove_report(s, w->removed[i], err);
    if (!rc) rc = write_counters(s, err);
    for (size_t i = 0; !rc && i < w->n_decisions; i++) rc = add_decision(s, &w->decisions[i], err);
    if (!rc) rc = undo(s, err);
    for (size_t i = 0; !rc && i < w->n_corrections; i++)
        rc = add_correction(s, &w->corrections[i], err);
    for (size_t i = 0; !rc && i < w->n_suggestions; i++)
        rc = sc_sq_pair_suggest(s->c, s->project_no, &w->suggestions[i], err);
    for (size_t i = 0; !rc && i < w->n_events; i++)
        rc = sc_sq_event_add(s->c, s->project_no, &w->events[i], err);
    return rc;
}

static sc_rc check_models(const sc_group_write *w, sc_err *err) {
    if (w->model && *w->model) return SC_OK;
    if (w->activate) return sc_fail_field(err, SC_INVALID, "model", "no model to switch to");
    for (size_t i = 0; i < w->n_assigns; i++)
        if (w->assigns[i].repr.n)
            return sc_fail_field(err, SC_INVALID, "model",
                                 "a representation needs its model's name");
    return SC_OK;
}

sc_rc sc_sq_group_write(void *self, const sc_group_write *w, int64_t *ret_version, sc_err *err) {
    group_step s = {.w = w};
    sc_rc rc = check_models(w, err);
    if (!rc) rc = sc_sq_write_begin(self, &s.c, err);
    if (rc) return rc;
    rc = sc_sq_write_end(s.c, write(&s, err), err);
    if (!rc) *ret_version = s.version;
    return rc;
}
