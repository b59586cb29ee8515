/* A report goes for good.
 *
 * Its rows in feedback and item stay, emptied and in no project: numbers are never given twice, and
 * other processes learn from the item that it is in no issue any more. */
#include "stores/sqlite/steps.h"

static sc_rc read_source(sc_sq_conn *c, int64_t project_no, int64_t seq, int64_t *ret,
                         sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT source FROM feedback WHERE seq = ? AND project_no = ?");
    bool row;
    sc_query_int(&q, seq);
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no report %lld", (long long)seq);
    *ret = sc_query_get_enum(&q, SC_SOURCE_COUNT);
    return sc_query_row_check(&q, err);
}

static sc_rc by_seq(sc_sq_conn *c, const char *sql, int64_t seq, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, sql);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

static sc_rc empty_item(sc_sq_conn *c, int64_t seq, int64_t version, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE item SET cluster_no = 0, version = ?, model_no = 0,"
                                " repr = x'' WHERE seq = ?");
    sc_query_int(&q, version);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

static sc_rc drop_corrections(sc_sq_conn *c, int64_t project_no, int64_t seq, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "DELETE FROM correction WHERE project_no = ? AND seq = ?");
    sc_query_int(&q, project_no);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_remove(sc_sq_conn *c, int64_t project_no, int64_t seq, int64_t version, sc_err *err) {
    int64_t source = 0;
    sc_rc rc = read_source(c, project_no, seq, &source, err);
    if (!rc) rc = sc_sq_tally_add(c, project_no, SC_TALLY_SOURCE + (int)source, -1, err);
    if (!rc) rc = empty_item(c, seq, version, err);
    if (!rc) rc = sc_sq_side_forget(c, project_no, seq, err);
    if (!rc) rc = by_seq(c, "DELETE FROM decision WHERE seq = ?", seq, err);
    if (!rc) rc = drop_corrections(c, project_no, seq, err);
    if (rc) return rc;
    return by_seq(
        c,
        "UPDATE feedback SET project_no = 0, state = 2, external_id = hex(id),"
        " issue_number = 0, title = '', repo = '', url = '', status = '', request_id = '',"
        " stack = '', metadata = '{}', body = '' WHERE seq = ?",
        seq, err);
}
