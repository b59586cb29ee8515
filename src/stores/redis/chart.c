/* The picture of a project's reports. */
#include "stores/redis/steps.h"

sc_rc sc_rd_chart_get(void *self, const sc_id *project, int64_t known, sc_arena *arena, sc_str *ret,
                      int64_t *ret_version, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, known);
    rc = sc_rd_ask(self, SC_RD_chart_get, project, &r, err);
    if (rc) return rc;
    int64_t version = sc_unpack_int(&r.body);
    sc_str chart = sc_unpack_text(&r.body, arena, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = chart.n ? chart : SC_STR_NONE;
    *ret_version = version;
    return SC_OK;
}

sc_rc sc_rd_chart_put(void *self, const sc_chart_write *w, int64_t *ret_version, sc_err *err) {
    SC_RD_RUN(r);
    size_t n_events = w->event != NULL;
    sc_rc rc = sc_rd_known(self, &w->project_id, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 5);
    sc_pack_id(&r.args, &w->job_id);
    sc_pack_int(&r.args, w->job_fence);
    sc_pack_str(&r.args, w->chart);
    sc_pack_int(&r.args, w->now_ms);
    sc_rd_pack_events(&r.args, w->event, n_events);
    rc = sc_rd_write(self, SC_RD_chart_put, &w->project_id, w->event, n_events, &r, err);
    if (rc) return rc;
    int64_t version = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_version = version;
    return rc;
}
