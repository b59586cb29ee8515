/* What grows beside a fix: its log, and the plans of issues. */
#include "stores/sqlite/steps.h"

/* ---- Log ---------------------------------------------------------------------------------------- */

static sc_rc put_row(sc_sq_conn *c, int64_t fix_no, int64_t seq, const sc_fix_log *l, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "INSERT INTO fix_log (fix_no, seq, at, stream, text) VALUES (?, ?, ?, ?,"
                       " ?)");
    sc_query_int(&q, fix_no);
    sc_query_int(&q, seq);
    sc_query_int(&q, l->at_ms);
    sc_query_text(&q, l->stream);
    sc_query_text(&q, l->text);
    return sc_query_run(&q, err);
}

static sc_rc log_end(sc_sq_conn *c, int64_t fix_no, int64_t *ret_seq, int64_t *ret_bytes,
                     sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT log_seq, log_bytes FROM fix WHERE fix_no = ?");
    bool row;
    sc_query_int(&q, fix_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no such fix");
    *ret_seq = sc_query_get_int(&q);
    *ret_bytes = sc_query_get_int(&q);
    return sc_query_row_check(&q, err);
}

static sc_rc put_end(sc_sq_conn *c, int64_t fix_no, int64_t seq, int64_t bytes, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE fix SET log_seq = ?, log_bytes = ? WHERE fix_no = ?");
    sc_query_int(&q, seq);
    sc_query_int(&q, bytes);
    sc_query_int(&q, fix_no);
    return sc_query_run(&q, err);
}

/* log_bytes goes beyond the cap by one byte at least when something was left out: so it is said once. */
static sc_rc log_put(sc_sq_conn *c, const sc_id *id, const sc_fix_log *rows, size_t n,
                     int64_t max_bytes, sc_err *err) {
    int64_t fix_no, seq = 0, bytes = 0;
    sc_job_state state;
    sc_rc rc = sc_sq_job_find(c, 0, id, &fix_no, &state, err);
    if (!rc) rc = log_end(c, fix_no, &seq, &bytes, err);
    for (size_t i = 0; !rc && i < n; i++) {
        bool fits = bytes + (int64_t)rows[i].text.n <= max_bytes;
        if (!fits && bytes > max_bytes) continue;
        sc_fix_log full = {.stream = rows[i].stream,
                           .text = SC_STR("(the log is full; what follows is left out)\n"),
                           .at_ms = rows[i].at_ms};
        rc = put_row(c, fix_no, ++seq, fits ? &rows[i] : &full, err);
        bytes = fits ? bytes + (int64_t)rows[i].text.n : max_bytes + 1;
    }
    return rc ? rc : put_end(c, fix_no, seq, bytes, err);
}

sc_rc sc_sq_fix_log_put(void *self, const sc_id *id, const sc_fix_log *rows, size_t n,
                        int64_t max_bytes, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, log_put(c, id, rows, n, max_bytes, err), err);
}

static const char log_sql[] = "SELECT seq, at, stream, text FROM fix_log WHERE fix_no = ?"
                              " AND seq > ? ORDER BY seq LIMIT ?";
static const char log_before_sql[] =
    "SELECT seq, at, stream, text FROM (SELECT seq, at, stream, text FROM fix_log"
    " WHERE fix_no = ?1 AND seq > ?2 AND seq < ?4 ORDER BY seq DESC LIMIT ?3) ORDER BY seq";

static sc_rc log_get(sc_sq_conn *c, const sc_id *project, const sc_id *id, int64_t after_seq,
                     int64_t before_seq, size_t limit, sc_arena *arena, sc_fix_log **ret,
                     size_t *ret_n, sc_err *err) {
    int64_t project_no, fix_no;
    sc_job_state state;
    size_t n = 0;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &project_no, err);
    if (!rc) rc = sc_sq_job_find(c, project_no, id, &fix_no, &state, err);
    if (rc) return rc;
    sc_fix_log *rows = sc_arena_take_array(arena, limit, sizeof *rows);
    if (!rows) return sc_sq_no_memory(err);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, before_seq ? log_before_sql : log_sql);
    sc_query_int(&q, fix_no);
    sc_query_int(&q, after_seq);
    sc_query_int(&q, (int64_t)limit);
    if (before_seq) sc_query_int(&q, before_seq);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        sc_fix_log *l = &rows[n++];
        l->seq = sc_query_get_int(&q);
        l->at_ms = sc_query_get_int(&q);
        l->stream = sc_query_get_text(&q, arena);
        l->text = sc_query_get_text(&q, arena);
        if ((rc = sc_query_row_check(&q, err))) return rc;
    }
    if (rc) return rc;
    *ret = rows;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_fix_log_get(void *self, const sc_id *project, const sc_id *id, int64_t after_seq,
                        int64_t before_seq, size_t limit, sc_arena *arena, sc_fix_log **ret,
                        size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_cursor_check_limit(limit, err);
    if (!rc) rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc
              : sc_sq_read_end(c, log_get(c, project, id, after_seq, before_seq, limit, arena, ret,
                                          ret_n, err));
}

/* ---- Plans -------------------------------------------------------------------------------------- */

static sc_rc newest_plan(sc_sq_conn *c, int64_t cluster_no, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT coalesce(max(version), 0) FROM plan WHERE cluster_no = ?");
    bool row;
    sc_query_int(&q, cluster_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

static sc_rc cluster_of(sc_sq_conn *c, const sc_id *project, const sc_id *cluster, int64_t *ret,
                        sc_err *err) {
    int64_t project_no;
    sc_rc rc = sc_sq_project_no(c, project, &project_no, err);
    if (!rc) rc = sc_sq_cluster_no(c, project_no, cluster, ret, err);
    if (!rc && !*ret) rc = sc_fail(err, SC_NOT_FOUND, "no such cluster");
    return rc;
}

static sc_rc plan_put(sc_sq_conn *c, const sc_plan *p, sc_err *err) {
    int64_t cluster_no, newest;
    sc_rc rc = cluster_of(c, &p->project_id, &p->cluster_id, &cluster_no, err);
    if (!rc) rc = newest_plan(c, cluster_no, &newest, err);
    if (!rc && p->version != newest + 1)
        rc = sc_fail(err, SC_CONFLICT, "the plan's newest version is %lld", (long long)newest);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT INTO plan (cluster_no, version, id, created_at, written_by,"
                                " problem, expected, evidence, acceptance) VALUES (?, ?, ?, ?, ?,"
                                " ?, ?, ?, ?)");
    sc_query_int(&q, cluster_no);
    sc_query_int(&q, p->version);
    sc_query_id(&q, &p->id);
    sc_query_int(&q, p->created_at_ms);
    const sc_str texts[] = {p->by, p->problem, p->expected, p->evidence, p->acceptance};
    for (size_t i = 0; i < SC_LEN(texts); i++) sc_query_text(&q, texts[i]);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_plan_put(void *self, const sc_plan *plan, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, plan_put(c, plan, err), err);
}

static sc_rc plan_get(sc_sq_conn *c, const sc_id *project, const sc_id *cluster, int64_t version,
                      sc_arena *arena, sc_plan *ret, sc_err *err) {
    int64_t cluster_no;
    bool row;
    sc_rc rc = cluster_of(c, project, cluster, &cluster_no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT id, version, created_at, written_by, problem, expected,"
                                " evidence, acceptance FROM plan WHERE cluster_no = ?1 AND"
                                " (?2 = 0 OR version = ?2) ORDER BY version DESC LIMIT 1");
    sc_query_int(&q, cluster_no);
    sc_query_int(&q, version);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "the issue has no such plan");
    sc_plan p = {.id = sc_query_get_id(&q), .project_id = *project, .cluster_id = *cluster};
    p.version = sc_query_get_int(&q);
    p.created_at_ms = sc_query_get_int(&q);
    sc_str *const texts[] = {&p.by, &p.problem, &p.expected, &p.evidence, &p.acceptance};
    for (size_t i = 0; i < SC_LEN(texts); i++) *texts[i] = sc_query_get_text(&q, arena);
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = p;
    return rc;
}

sc_rc sc_sq_plan_get(void *self, const sc_id *project, const sc_id *cluster, int64_t version,
                     sc_arena *arena, sc_plan *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, plan_get(c, project, cluster, version, arena, ret, err));
}
