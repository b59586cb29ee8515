/* The picture of a project's reports, and the names of its issues for it. */
#include "stores/sqlite/steps.h"

static sc_rc read_version(sc_sq_conn *c, int64_t project_no, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT version FROM chart WHERE project_no = ?");
    bool row;
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = row ? sc_query_get_int(&q) : 0;
    return rc;
}

static sc_rc get(sc_sq_conn *c, const sc_id *project, int64_t known, sc_arena *arena, sc_str *ret,
                 int64_t *ret_version, sc_err *err) {
    int64_t no, version;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (!rc) rc = read_version(c, no, &version, err);
    if (rc) return rc;
    *ret = SC_STR_NONE;
    *ret_version = version;
    if (version == known || !version) return SC_OK;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT chart FROM chart WHERE project_no = ?");
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (!rc && row) {
        *ret = sc_query_get_text(&q, arena);
        rc = sc_query_row_check(&q, err);
    }
    return rc;
}

sc_rc sc_sq_chart_get(void *self, const sc_id *project, int64_t known, sc_arena *arena, sc_str *ret,
                      int64_t *ret_version, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, project, known, arena, ret, ret_version, err));
}

static sc_rc put(sc_sq_conn *c, const sc_chart_write *w, int64_t *ret_version, sc_err *err) {
    int64_t no, version;
    sc_rc rc = sc_sq_project_no(c, &w->project_id, &no, err);
    if (!rc) rc = sc_sq_job_check_fence(c, no, &w->job_id, w->job_fence, err);
    if (!rc) rc = read_version(c, no, &version, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO chart (project_no, version, updated_at, chart) VALUES (?, ?, ?, ?)"
           " ON CONFLICT DO UPDATE SET version = excluded.version,"
           " updated_at = excluded.updated_at, chart = excluded.chart");
    sc_query_int(&q, no);
    sc_query_int(&q, version + 1);
    sc_query_int(&q, w->now_ms);
    sc_query_blob(&q, w->chart.p, w->chart.n);
    rc = sc_query_run(&q, err);
    if (!rc && w->event) rc = sc_sq_event_add(c, no, w->event, err);
    if (!rc) *ret_version = version + 1;
    return rc;
}

sc_rc sc_sq_chart_put(void *self, const sc_chart_write *w, int64_t *ret_version, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, put(c, w, ret_version, err), err);
}

static sc_rc names(sc_sq_conn *c, const sc_id *project, sc_arena *arena, sc_cluster_name **ret,
                   size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_cluster_name *list = NULL;
    size_t n = 0, cap = 0;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT id, title, status, count, sources FROM cluster"
                                " WHERE project_no = ? AND merged_into IS NULL ORDER BY id");
    sc_query_int(&q, no);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        list = sc_sq_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_sq_no_memory(err);
        sc_cluster_name *k = &list[n++];
        k->id = sc_query_get_id(&q);
        k->title = sc_query_get_text(&q, arena);
        k->status = (sc_cluster_status)sc_query_get_enum(&q, SC_CLUSTER_STATUS_COUNT);
        k->count = sc_query_get_int(&q);
        k->sources = (unsigned)sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_cluster_names(void *self, const sc_id *project, sc_arena *arena, sc_cluster_name **ret,
                          size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, names(c, project, arena, ret, ret_n, err));
}
