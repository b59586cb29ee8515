/* Jobs: looking at them, counting them, clearing old ones away. */
#include "stores/sqlite/job_row.h"

sc_rc sc_sq_job_row(sc_query *q, sc_arena *arena, int64_t *ret_seq, sc_job *ret, sc_err *err) {
    *ret_seq = sc_query_get_int(q);
    sc_job j = {.id = sc_query_get_id(q)};
    j.project_id = sc_query_get_id(q);
    j.kind = sc_query_get_text(q, arena);
    j.unique_key = sc_query_get_text(q, arena);
    j.payload = sc_query_get_text(q, arena);
    j.state = (sc_job_state)sc_query_get_enum(q, SC_JOB_STATE_COUNT);
    j.attempts = (int)sc_query_get_int(q);
    j.max_attempts = (int)sc_query_get_int(q);
    j.fence = sc_query_get_int(q);
    j.lease_owner = sc_query_get_text(q, arena);
    j.lease_until_ms = sc_query_get_int(q);
    j.run_at_ms = sc_query_get_int(q);
    j.created_at_ms = sc_query_get_int(q);
    j.updated_at_ms = sc_query_get_int(q);
    j.ended_at_ms = sc_query_get_int(q);
    j.error = sc_query_get_text(q, arena);
    j.request_id = sc_query_get_text(q, arena);
    j.again = sc_query_get_int(q) != 0;
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = j;
    return rc;
}

static sc_rc get(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_arena *arena, sc_job *ret,
                 sc_err *err) {
    int64_t no, seq;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " SC_SQ_JOB_COLUMNS " FROM job j" SC_SQ_JOB_PROJECT
                                " WHERE j.id = ?1 AND (?2 = 0 OR j.project_no = ?2)");
    sc_query_id(&q, id);
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? sc_sq_job_row(&q, arena, &seq, ret, err)
               : sc_fail(err, SC_NOT_FOUND, "no such job");
}

sc_rc sc_sq_job_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena, sc_job *ret,
                    sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, project, id, arena, ret, err));
}

/* ---- A page ------------------------------------------------------------------------------------ */

enum { CURSOR_LIST = 'j' };

static void bind_filter(sc_query *q, const sc_job_filter *f, int64_t project_no) {
    sc_query_int(q, project_no);
    sc_query_text(q, f->kind);
    sc_query_int(q, f->by_state ? (int64_t)f->state : -1);
}

#define FILTERS                                                                                   \
    " WHERE (?1 = 0 OR j.project_no = ?1) AND (?2 = '' OR j.kind = ?2) AND (?3 < 0 OR j.state = " \
    "?3)"

/* Jobs are pruned, so counting the index is cheap. */
static sc_rc count(sc_sq_conn *c, const sc_job_filter *f, int64_t project_no, int64_t *ret,
                   sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT count(*) FROM job j INDEXED BY job_project"
                                " WHERE (?1 = 0 OR j.project_no = ?1) AND (?2 = '' OR j.kind = ?2)"
                                " AND (?3 < 0 OR j.state = ?3) AND j.project_no >= 0");
    bool row;
    bind_filter(&q, f, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

static sc_rc list(sc_sq_conn *c, const sc_job_filter *f, const sc_page *page, sc_arena *arena,
                  sc_job_list *ret, sc_err *err) {
    sc_job_list out = {.total = -1};
    sc_cursor below = {INT64_MAX, 0};
    int64_t no, seq = 0;
    bool row;
    sc_rc rc = sc_sq_project_any(c, &f->project_id, &no, err);
    if (!rc && page->cursor.n)
        rc = sc_cursor_read(page->cursor, CURSOR_LIST, &f->project_id, &below, err);
    if (!rc) rc = count(c, f, no, &out.total, err);
    if (rc) return rc;
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_sq_no_memory(err);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " SC_SQ_JOB_COLUMNS
                                " FROM job j NOT INDEXED" SC_SQ_JOB_PROJECT FILTERS
                                " AND j.seq < ?4 ORDER BY j.seq DESC LIMIT ?5");
    bind_filter(&q, f, no);
    sc_query_int(&q, below.key);
    sc_query_int(&q, (int64_t)page->limit + 1);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        if (out.n == page->limit) {
            rc = sc_cursor_write(CURSOR_LIST, &f->project_id, (sc_cursor){seq, 0}, arena,
                                 &out.next_cursor, err);
            break;
        }
        rc = sc_sq_job_row(&q, arena, &seq, &out.items[out.n++], err);
        if (rc) break;
    }
    if (!rc) *ret = out;
    return rc;
}

sc_rc sc_sq_job_list(void *self, const sc_job_filter *f, const sc_page *page, sc_arena *arena,
                     sc_job_list *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && f->by_state && (unsigned)f->state >= SC_JOB_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, f, page, arena, ret, err));
}

/* ---- Counting ---------------------------------------------------------------------------------- */

static sc_rc oldest(sc_sq_conn *c, int64_t project_no, sc_str kind, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT coalesce(min(run_at), 0) FROM job INDEXED BY job_ready WHERE state = 0"
           " AND (?1 = 0 OR project_no = ?1) AND (?2 = '' OR kind = ?2)");
    bool row;
    sc_query_int(&q, project_no);
    sc_query_text(&q, kind);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

static sc_rc counts(sc_sq_conn *c, const sc_id *project, sc_str kind, sc_job_counts *ret,
                    sc_err *err) {
    sc_job_counts out = {.oldest_pending_ms = 0};
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (!rc) rc = oldest(c, no, kind, &out.oldest_pending_ms, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT state, count(*) FROM job INDEXED BY job_project WHERE project_no >= 0"
           " AND (?1 = 0 OR project_no = ?1) AND (?2 = '' OR kind = ?2) GROUP BY state");
    sc_query_int(&q, no);
    sc_query_text(&q, kind);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        int64_t state = sc_query_get_enum(&q, SC_JOB_STATE_COUNT);
        out.by_state[state] = sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (!rc) *ret = out;
    return rc;
}

sc_rc sc_sq_job_counts(void *self, const sc_id *project, sc_str kind, sc_job_counts *ret,
                       sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, counts(c, project, kind, ret, err));
}
