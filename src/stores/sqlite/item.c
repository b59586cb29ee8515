/* What grouping reads back: placements, corrections, decisions. */
#include "stores/sqlite/steps.h"

sc_rc sc_sq_model_no(sc_sq_conn *c, sc_str name, bool make, int64_t *ret, sc_err *err) {
    bool row = false;
    *ret = 0;
    if (name.n == 0) return SC_OK;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT model_no FROM model WHERE name = ?");
        sc_query_text(&q, name);
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        if (row) *ret = sc_query_get_int(&q);
    }
    if (row || !make) return SC_OK;
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "INSERT INTO model (name) VALUES (?)");
    sc_query_text(&q, name);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc) *ret = sqlite3_last_insert_rowid(c->db);
    return rc;
}

/* ---- Placements -------------------------------------------------------------------------------- */

#define ITEM_COLUMNS                                                                \
    "SELECT i.seq, i.created_at, i.id, k.id, i.version,"                            \
    " CASE i.model_no WHEN ?3 THEN i.repr ELSE coalesce((SELECT s.repr FROM side s" \
    " WHERE s.project_no = ?1 AND s.model_no = ?3 AND s.seq = i.seq), x'') END FROM item i "
#define ITEM_CLUSTER " LEFT JOIN cluster k ON k.cluster_no = i.cluster_no"

/* From the beginning nearly every row is wanted: in the order of the table. Later few are: by the
 * index of versions, then sorted. */
static const char all_items_sql[] = ITEM_COLUMNS
    "NOT INDEXED" ITEM_CLUSTER " WHERE i.project_no = ?1 AND i.version > ?2 ORDER BY i.seq";
static const char later_items_sql[] =
    ITEM_COLUMNS "INDEXED BY item_version" ITEM_CLUSTER
                 " WHERE i.project_no = ?1 AND i.version > ?2 ORDER BY i.seq";

static sc_rc version_of(sc_sq_conn *c, int64_t project_no, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT group_version FROM project WHERE project_no = ?");
    bool row;
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

static sc_rc items(sc_sq_conn *c, const sc_id *project, int64_t version, const char *model,
                   sc_item_fn fn, void *fn_self, int64_t *ret_version, sc_err *err) {
    int64_t no, model_no, now;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (!rc) rc = version_of(c, no, &now, err);
    if (!rc) rc = sc_sq_model_no(c, sc_str_of(model), false, &model_no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, version > 0 ? later_items_sql : all_items_sql);
    sc_query_int(&q, no);
    sc_query_int(&q, version);
    sc_query_int(&q, model_no ? model_no : -1);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        sc_stored_item it = {.seq = sc_query_get_int(&q)};
        it.created_ms = sc_query_get_int(&q);
        it.id = sc_query_get_id(&q);
        it.cluster_id = sc_query_get_id(&q);
        it.version = sc_query_get_int(&q);
        it.repr = sc_query_get_view(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
        if (!fn(fn_self, &it)) break;
    }
    if (!rc) *ret_version = now;
    return rc;
}

sc_rc sc_sq_items_since(void *self, const sc_id *project, int64_t version, const char *model,
                        sc_item_fn fn, void *fn_self, int64_t *ret_version, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    return sc_sq_read_end(c, items(c, project, version, model, fn, fn_self, ret_version, err));
}

/* ---- Corrections ------------------------------------------------------------------------------- */

static sc_rc corrections(sc_sq_conn *c, const sc_id *project, sc_arena *arena, sc_correction **ret,
                         size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT r.id, r.action_id, r.kind, r.seq, k.id, o.id, r.actor, r.at"
                       " FROM correction r INDEXED BY correction_force"
                       " LEFT JOIN cluster k ON k.cluster_no = r.cluster_no"
                       " LEFT JOIN cluster o ON o.cluster_no = r.other_no"
                       " WHERE r.project_no = ? AND r.ended_at = 0 ORDER BY r.correction_no");
    sc_query_int(&q, no);
    sc_correction *list = NULL;
    size_t n = 0, cap = 0;
    bool row;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        list = sc_sq_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_sq_no_memory(err);
        sc_correction *r = &list[n++];
        r->id = sc_query_get_id(&q);
        r->action_id = sc_query_get_id(&q);
        r->kind = (sc_correction_kind)sc_query_get_enum(&q, SC_CORRECTION_KIND_COUNT);
        r->feedback_seq = sc_query_get_int(&q);
        r->cluster_id = sc_query_get_id(&q);
        r->other_id = sc_query_get_id(&q);
        r->actor = sc_query_get_text(&q, arena);
        r->at_ms = sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_corrections(void *self, const sc_id *project, sc_arena *arena, sc_correction **ret,
                        size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, corrections(c, project, arena, ret, ret_n, err));
}

/* ---- Decisions --------------------------------------------------------------------------------- */

static sc_rc read_decision(sc_query *q, int64_t seq, sc_arena *arena, sc_decision *ret,
                           sc_err *err) {
    sc_decision d = {.feedback_seq = seq};
    d.cluster_id = sc_query_get_id(q);
    d.from_id = sc_query_get_id(q);
    d.reason = (sc_decision_reason)sc_query_get_enum(q, SC_REASON_COUNT);
    d.evidence.conflict = sc_query_get_int(q) != 0;
    d.evidence.probability = sc_query_get_real(q);
    d.evidence.mean = sc_query_get_real(q);
    d.evidence.best = sc_query_get_real(q);
    d.evidence.worst = sc_query_get_real(q);
    d.evidence.semantic = sc_query_get_real(q);
    d.evidence.lexical = sc_query_get_real(q);
    d.evidence.title = sc_query_get_real(q);
    d.evidence.stack = sc_query_get_real(q);
    d.nearest_seq = sc_query_get_int(q);
    d.shared_terms = sc_query_get_text(q, arena);
    d.model = sc_query_get_text(q, arena);
    d.actor = sc_query_get_text(q, arena);
    d.job_id = sc_query_get_id(q);
    d.at_ms = sc_query_get_int(q);
    d.note = sc_query_get_text(q, arena);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = d;
    return rc;
}

static sc_rc decisions(sc_sq_conn *c, const sc_id *project, int64_t seq, sc_arena *arena,
                       sc_decision **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT 1 FROM feedback WHERE seq = ? AND project_no = ?");
        sc_query_int(&q, seq);
        sc_query_int(&q, no);
        rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        if (!row) return sc_fail(err, SC_NOT_FOUND, "no such report");
    }
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT k.id, o.id, d.reason, d.conflict, d.probability, d.mean, d.best, d.worst, "
           "d.semantic,"
           " d.lexical, d.title, d.stack, d.nearest_seq, d.shared_terms, m.name, d.actor, "
           "d.job_id, d.at, d.note"
           " FROM decision d LEFT JOIN cluster k ON k.cluster_no = d.cluster_no"
           " LEFT JOIN cluster o ON o.cluster_no = d.from_no"
           " LEFT JOIN model m ON m.model_no = d.model_no WHERE d.seq = ? ORDER BY d.decision_no");
    sc_query_int(&q, seq);
    sc_decision *list = NULL;
    size_t n = 0, cap = 0;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        list = sc_sq_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_sq_no_memory(err);
        rc = read_decision(&q, seq, arena, &list[n++], err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_decisions(void *self, const sc_id *project, int64_t seq, sc_arena *arena,
                      sc_decision **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, decisions(c, project, seq, arena, ret, ret_n, err));
}
