/* Representations by further models: what a change of a project's model makes, and keeps. */
#include "stores/sqlite/steps.h"

/* ---- The state --------------------------------------------------------------------------------- */

static sc_rc model_state(sc_sq_conn *c, const sc_id *project, sc_arena *arena, sc_model_state *ret,
                         sc_err *err) {
    int64_t no;
    bool row;
    sc_model_state s = {.done = 0};
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT a.name, t.name, r.done, r.total, f.name, w.at, w.version FROM project p"
           " LEFT JOIN model a ON a.model_no = p.model_no"
           " LEFT JOIN remodel r ON r.project_no = p.project_no"
           " LEFT JOIN model t ON t.model_no = r.model_no"
           " LEFT JOIN model_switch w ON w.switch_no = (SELECT max(switch_no) FROM model_switch"
           " INDEXED BY model_switch_project WHERE project_no = p.project_no)"
           " LEFT JOIN model f ON f.model_no = w.from_no WHERE p.project_no = ?");
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    s.active = sc_query_get_text(&q, arena);
    s.target = sc_query_get_text(&q, arena);
    s.done = sc_query_get_int(&q);
    s.total = sc_query_get_int(&q);
    s.previous = sc_query_get_text(&q, arena);
    s.switched_at_ms = sc_query_get_int(&q);
    s.switched_version = sc_query_get_int(&q);
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = s;
    return rc;
}

sc_rc sc_sq_model_state(void *self, const sc_id *project, sc_arena *arena, sc_model_state *ret,
                        sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, model_state(c, project, arena, ret, err));
}

/* ---- What is missing --------------------------------------------------------------------------- */

#define MISSING                                                                            \
    " FROM item i NOT INDEXED WHERE i.project_no = ?1 AND i.seq > ?3 AND i.cluster_no > 0" \
    " AND i.model_no <> ?2 AND NOT EXISTS (SELECT 1 FROM side s WHERE s.project_no = ?1"   \
    " AND s.model_no = ?2 AND s.seq = i.seq)"

static sc_rc bind_missing(sc_sq_conn *c, const sc_id *project, const char *model, int64_t after_seq,
                          sc_query *q, sc_err *err) {
    int64_t no, model_no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (!rc) rc = sc_sq_model_no(c, sc_str_of(model), false, &model_no, err);
    if (rc) return rc;
    sc_query_int(q, no);
    sc_query_int(q, model_no ? model_no : -1);
    sc_query_int(q, after_seq);
    return SC_OK;
}

static sc_rc items_without(sc_sq_conn *c, const sc_id *project, const char *model,
                           int64_t after_seq, size_t limit, sc_side_item *ret, size_t *ret_n,
                           sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT i.seq, i.version" MISSING " ORDER BY i.seq LIMIT ?4");
    size_t n = 0;
    bool row;
    sc_rc rc = bind_missing(c, project, model, after_seq, &q, err);
    if (rc) return rc;
    sc_query_int(&q, (int64_t)limit);
    while (!(rc = sc_query_next(&q, &row, err)) && row && n < limit) {
        ret[n] = (sc_side_item){.seq = sc_query_get_int(&q)};
        ret[n++].version = sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (!rc) *ret_n = n;
    return rc;
}

sc_rc sc_sq_items_without(void *self, const sc_id *project, const char *model, int64_t after_seq,
                          size_t limit, sc_side_item *ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    return sc_sq_read_end(c, items_without(c, project, model, after_seq, limit, ret, ret_n, err));
}

static sc_rc count_without(sc_sq_conn *c, const sc_id *project, const char *model, int64_t *ret,
                           sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT count(*)" MISSING);
    bool row;
    sc_rc rc = bind_missing(c, project, model, 0, &q, err);
    if (!rc) rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

sc_rc sc_sq_count_without(void *self, const sc_id *project, const char *model, int64_t *ret,
                          sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, count_without(c, project, model, ret, err));
}

/* ---- Writing ----------------------------------------------------------------------------------- */

/* Only where the report is as it was when its text was read. */
static sc_rc put_one(sc_sq_conn *c, int64_t no, int64_t model_no, const sc_side_item *it,
                     size_t *ret_stored, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO side (project_no, model_no, seq, repr)"
           " SELECT ?1, ?2, seq, ?5 FROM item WHERE seq = ?3 AND version = ?4"
           " AND project_no = ?1 AND model_no <> ?2"
           " ON CONFLICT DO UPDATE SET repr = excluded.repr WHERE repr <> excluded.repr");
    sc_query_int(&q, no);
    sc_query_int(&q, model_no);
    sc_query_int(&q, it->seq);
    sc_query_int(&q, it->version);
    sc_query_blob(&q, it->repr.p, it->repr.n);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc) *ret_stored += sc_query_changes(&q) > 0;
    return rc;
}

static sc_rc put_progress(sc_sq_conn *c, int64_t no, int64_t model_no, const sc_side_write *w,
                          sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO remodel (project_no, model_no, done, total, updated_at)"
           " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET model_no = excluded.model_no,"
           " done = excluded.done, total = excluded.total, updated_at = excluded.updated_at");
    sc_query_int(&q, no);
    sc_query_int(&q, model_no);
    sc_query_int(&q, w->done);
    sc_query_int(&q, w->total);
    sc_query_int(&q, w->now_ms);
    return sc_query_run(&q, err);
}

static sc_rc side_put(sc_sq_conn *c, const sc_side_write *w, size_t *ret_stored, sc_err *err) {
    int64_t no, model_no;
    size_t stored = 0;
    sc_rc rc = sc_sq_project_no(c, &w->project_id, &no, err);
    const bool job = sc_id_is_set(&w->job_id);
    if (!rc && job) rc = sc_sq_job_check_fence(c, no, &w->job_id, w->job_fence, err);
    if (!rc) rc = sc_sq_model_no(c, sc_str_of(w->model), true, &model_no, err);
    for (size_t i = 0; !rc && i < w->n; i++)
        rc = put_one(c, no, model_no, &w->items[i], &stored, err);
    if (!rc && job) rc = put_progress(c, no, model_no, w, err);
    for (size_t i = 0; !rc && i < w->n_events; i++) rc = sc_sq_event_add(c, no, &w->events[i], err);
    if (!rc) *ret_stored = stored;
    return rc;
}

sc_rc sc_sq_side_put(void *self, const sc_side_write *w, size_t *ret_stored, sc_err *err) {
    sc_sq_conn *c;
    if (!w->model || !*w->model)
        return sc_fail_field(err, SC_INVALID, "model", "a representation needs its model's name");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, side_put(c, w, ret_stored, err), err);
}

static sc_rc side_prune(sc_sq_conn *c, const sc_id *project, const char *keep, size_t limit,
                        size_t *ret_n, sc_err *err) {
    int64_t no, keep_no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (!rc) rc = sc_sq_model_no(c, sc_str_of(keep), false, &keep_no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "DELETE FROM side WHERE project_no = ?1 AND (model_no, seq) IN (SELECT s.model_no, s.seq"
           " FROM model m CROSS JOIN side s WHERE s.project_no = ?1 AND s.model_no = m.model_no"
           " AND m.model_no NOT IN (?2, (SELECT model_no FROM project WHERE project_no = ?1))"
           " LIMIT ?3)");
    sc_query_int(&q, no);
    sc_query_int(&q, keep_no);
    sc_query_int(&q, (int64_t)limit);
    rc = sc_query_run(&q, err);
    if (!rc) *ret_n = (size_t)sc_query_changes(&q);
    return rc;
}

sc_rc sc_sq_side_prune(void *self, const sc_id *project, const char *keep, size_t limit,
                       size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, side_prune(c, project, keep, limit, ret_n, err), err);
}

/* ---- Parts of a group_write -------------------------------------------------------------------- */

sc_rc sc_sq_side_forget(sc_sq_conn *c, int64_t project_no, int64_t seq, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "DELETE FROM side WHERE project_no = ?1 AND seq = ?2"
                                " AND model_no IN (SELECT model_no FROM model)");
    sc_query_int(&q, project_no);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

static sc_rc set_active(sc_sq_conn *c, int64_t project_no, int64_t model_no, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE project SET model_no = ?2 WHERE project_no = ?1");
    sc_query_int(&q, project_no);
    sc_query_int(&q, model_no);
    return sc_query_run(&q, err);
}

static sc_rc note_switch(sc_sq_conn *c, int64_t no, int64_t from, int64_t to, int64_t version,
                         int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT INTO model_switch (project_no, from_no, to_no, version, at)"
                                " VALUES (?, ?, ?, ?, ?)");
    sc_query_int(&q, no);
    sc_query_int(&q, from);
    sc_query_int(&q, to);
    sc_query_int(&q, version);
    sc_query_int(&q, now_ms);
    sc_rc rc = sc_query_run(&q, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query d = sc_query_of(c, "DELETE FROM remodel WHERE project_no = ?");
    sc_query_int(&d, no);
    return sc_query_run(&d, err);
}

sc_rc sc_sq_model_settle(sc_sq_conn *c, int64_t project_no, int64_t model_no, bool activate,
                         int64_t version, int64_t now_ms, sc_err *err) {
    int64_t active = 0;
    bool row;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT model_no FROM project WHERE project_no = ?");
        sc_query_int(&q, project_no);
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        active = sc_query_get_int(&q);
    }
    if (active && !activate) return SC_OK;
    sc_rc rc = set_active(c, project_no, model_no, err);
    if (!rc && activate) rc = note_switch(c, project_no, active, model_no, version, now_ms, err);
    return rc;
}

/* ---- Going back -------------------------------------------------------------------------------- */

static sc_rc moved_by_switch(sc_sq_conn *c, const sc_id *project, int64_t version, sc_arena *arena,
                             sc_moved_item **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c,
        "SELECT i.seq, o.id, k.id FROM item i INDEXED BY item_version"
        " JOIN decision d ON d.decision_no = (SELECT max(decision_no) FROM decision"
        " INDEXED BY decision_seq WHERE seq = i.seq)"
        " JOIN cluster o ON o.cluster_no = d.from_no JOIN cluster k ON k.cluster_no = i.cluster_no"
        " WHERE i.project_no = ? AND i.version = ? AND d.cluster_no = i.cluster_no"
        " AND d.from_no <> d.cluster_no ORDER BY i.seq");
    sc_query_int(&q, no);
    sc_query_int(&q, version);
    sc_moved_item *list = NULL;
    size_t n = 0, cap = 0;
    bool row;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        list = sc_sq_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_sq_no_memory(err);
        list[n] = (sc_moved_item){.seq = sc_query_get_int(&q)};
        list[n].was_in = sc_query_get_id(&q);
        list[n++].is_in = sc_query_get_id(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_moved_by_switch(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                            sc_moved_item **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    return sc_sq_read_end(c, moved_by_switch(c, project, version, arena, ret, ret_n, err));
}
