/* One step of grouping, written whole or not at all. */
#include "stores/redis/decision_row.h"
#include "stores/redis/issue_row.h"
#include "stores/redis/steps.h"

static sc_rc check_issues(const sc_group_write *w, sc_err *err) {
    unsigned char b[16];
    for (size_t i = 0; i < w->n_clusters; i++) {
        if (!sc_id_to_bytes(&w->clusters[i].id, b))
            return sc_fail_field(err, SC_INVALID, "clusters.id", "not an id");
        if ((unsigned)w->clusters[i].status >= SC_CLUSTER_STATUS_COUNT)
            return sc_fail_field(err, SC_INVALID, "clusters.status", "not one of ours");
    }
    for (size_t i = 0; i < w->n_suggestions; i++) {
        const sc_pair *p = &w->suggestions[i];
        if (!sc_id_is_set(&p->a) || !sc_id_is_set(&p->b) || sc_id_eq(&p->a, &p->b))
            return sc_fail_field(err, SC_INVALID, "pair", "a pair is of two issues");
    }
    return SC_OK;
}

static sc_rc check(const sc_group_write *w, sc_err *err) {
    unsigned char b[16];
    bool model = w->model && *w->model;
    if (w->activate && !model)
        return sc_fail_field(err, SC_INVALID, "model", "no model to switch to");
    for (size_t i = 0; !model && i < w->n_assigns; i++)
        if (w->assigns[i].repr.n)
            return sc_fail_field(err, SC_INVALID, "model",
                                 "a representation needs its model's name");
    for (size_t i = 0; i < w->n_decisions; i++)
        if ((unsigned)w->decisions[i].reason >= SC_REASON_COUNT)
            return sc_fail_field(err, SC_INVALID, "decisions.reason", "not one of ours");
    for (size_t i = 0; i < w->n_corrections; i++) {
        const sc_correction *r = &w->corrections[i];
        if ((unsigned)r->kind >= SC_CORRECTION_KIND_COUNT)
            return sc_fail_field(err, SC_INVALID, "corrections.kind", "not one of ours");
        if (!sc_id_to_bytes(&r->id, b) || !sc_id_to_bytes(&r->action_id, b))
            return sc_fail_field(err, SC_INVALID, "corrections.id", "not an id");
    }
    return check_issues(w, err);
}

/* The id of an issue belongs to one project for ever, so new ones are claimed first. */
static sc_rc claim(sc_rd *s, const sc_group_write *w, sc_err *err) {
    SC_RD_RUN(r);
    size_t n = 0;
    for (size_t i = 0; i < w->n_clusters; i++) n += w->clusters[i].seq == 0;
    if (n == 0) return SC_OK;
    sc_rd_run_init(&r, 2);
    sc_pack_id_text(&r.args, &w->project_id);
    sc_pack_array(&r.args, n);
    for (size_t i = 0; i < w->n_clusters; i++)
        if (w->clusters[i].seq == 0) sc_pack_id(&r.args, &w->clusters[i].id);
    return sc_rd_ask(s, SC_RD_issue_claim, NULL, &r, err);
}

static void pack_places(sc_buf *b, const sc_group_write *w) {
    sc_pack_array(b, w->n_assigns);
    for (size_t i = 0; i < w->n_assigns; i++) {
        sc_pack_array(b, 3);
        sc_pack_no(b, w->assigns[i].seq ? w->assigns[i].seq : INT64_MAX); /* no report has it */
        sc_pack_id(b, &w->assigns[i].cluster_id);
        sc_pack_str(b, w->assigns[i].repr);
    }
    sc_pack_array(b, w->n_removed);
    for (size_t i = 0; i < w->n_removed; i++)
        sc_pack_no(b, w->removed[i] ? w->removed[i] : INT64_MAX);
}

static sc_rc pack_decisions(sc_buf *b, const sc_group_write *w, sc_buf *row, sc_err *err) {
    sc_pack_array(b, w->n_decisions);
    for (size_t i = 0; i < w->n_decisions; i++) {
        const sc_decision *d = &w->decisions[i];
        sc_buf_reset(row);
        sc_rd_put_decision(row, d);
        sc_rc rc = sc_buf_check(row, "a decision", err);
        if (rc) return rc;
        sc_pack_array(b, 4);
        sc_pack_no(b, d->feedback_seq ? d->feedback_seq : INT64_MAX);
        sc_pack_id(b, &d->cluster_id);
        sc_pack_id(b, &d->from_id);
        sc_pack_str(b, sc_buf_str(row));
    }
    return SC_OK;
}

static void pack_corrections(sc_buf *b, const sc_group_write *w) {
    sc_pack_id(b, &w->undo_action);
    sc_pack_array(b, w->n_corrections);
    for (size_t i = 0; i < w->n_corrections; i++) {
        const sc_correction *r = &w->corrections[i];
        sc_pack_array(b, 8);
        sc_pack_id(b, &r->id);
        sc_pack_id(b, &r->action_id);
        sc_pack_int(b, r->kind);
        sc_pack_no(b, r->feedback_seq);
        sc_pack_id(b, &r->cluster_id);
        sc_pack_id(b, &r->other_id);
        sc_pack_str(b, r->actor);
        sc_pack_int(b, r->at_ms);
    }
    sc_pack_array(b, w->n_suggestions);
    for (size_t i = 0; i < w->n_suggestions; i++) {
        sc_pack_array(b, 4);
        sc_pack_id(b, &w->suggestions[i].a);
        sc_pack_id(b, &w->suggestions[i].b);
        sc_pack_real(b, w->suggestions[i].probability);
        sc_pack_int(b, w->suggestions[i].at_ms);
    }
}

static sc_rc pack_write(sc_buf *b, const sc_group_write *w, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf row;
    sc_buf_init(&row, 4 << 20);
    sc_pack_int(b, w->expect_version);
    sc_pack_id(b, &w->job_id);
    sc_pack_int(b, w->job_fence);
    sc_pack_str(b, sc_str_of(w->model));
    sc_pack_int(b, w->activate);
    sc_pack_int(b, w->now_ms);
    sc_pack_array(b, w->n_clusters);
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < w->n_clusters; i++)
        rc = sc_rd_pack_issue(b, &w->clusters[i], &row, err);
    if (rc) return rc;
    pack_places(b, w);
    rc = pack_decisions(b, w, &row, err);
    if (rc) return rc;
    pack_corrections(b, w);
    sc_rd_pack_events(b, w->events, w->n_events);
    sc_pack_str(b, w->unless_job);
    return SC_OK;
}

sc_rc sc_rd_group_write(void *self, const sc_group_write *w, int64_t *ret_version, sc_err *err) {
    SC_RD_RUN(r);
    sc_rc rc = check(w, err);
    if (!rc) rc = sc_rd_known(self, &w->project_id, err);
    if (!rc) rc = claim(self, w, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 15);
    rc = pack_write(&r.args, w, err);
    if (!rc) rc = sc_rd_write(self, SC_RD_group, &w->project_id, w->events, w->n_events, &r, err);
    if (rc) return rc;
    int64_t version = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_version = version;
    return rc;
}
