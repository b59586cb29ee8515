/* Reports coming in: the hot path. */
#include <stdio.h>

#include "stores/sqlite/steps.h"

/* What one call adds to a project, so that counters and the job are written once a project. */
typedef struct project_delta {
    int64_t project_no;
    size_t first; /* index of its first new report in the call */
    int64_t by_source[SC_SOURCE_COUNT];
    int64_t n, first_ms, last_ms;
} project_delta;

enum { DELTAS = 8 }; /* more projects in one call are written in turns */

typedef struct put_step {
    sc_sq_conn *c;
    const sc_feedback *items;
    const sc_id *group_job_ids;
    project_delta deltas[DELTAS];
    size_t n_deltas;
    size_t known; /* index of the item whose project is known_no; SIZE_MAX: none */
    int64_t known_no;
} put_step;

static sc_rc flush_one(put_step *p, const project_delta *d, sc_err *err) {
    sc_sq_conn *c = p->c;
    const sc_feedback *f = &p->items[d->first];
    sc_rc rc = sc_sq_arrival_note(c, d->project_no, d->first_ms, d->last_ms, err);
    for (int i = 0; !rc && i < SC_SOURCE_COUNT; i++) {
        if (!d->by_source[i]) continue;
        rc = sc_sq_source_note(c, d->project_no, i, d->last_ms, err);
        if (!rc) rc = sc_sq_tally_add(c, d->project_no, SC_TALLY_SOURCE + i, d->by_source[i], err);
    }
    if (!rc)
        rc = sc_sq_tally_add(c, d->project_no, SC_TALLY_STATE + SC_FEEDBACK_pending, d->n, err);
    if (!rc)
        rc = sc_sq_job_ask_group(c, d->project_no, &f->project_id, &p->group_job_ids[d->first],
                                 f->request_id, f->received_at_ms, err);
    return rc;
}

static sc_rc flush(put_step *p, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < p->n_deltas; i++) rc = flush_one(p, &p->deltas[i], err);
    p->n_deltas = 0;
    return rc;
}

static sc_rc count(put_step *p, int64_t project_no, size_t at, sc_err *err) {
    const sc_feedback *f = &p->items[at];
    size_t i = 0;
    while (i < p->n_deltas && p->deltas[i].project_no != project_no) i++;
    if (i == DELTAS) {
        sc_rc rc = flush(p, err);
        if (rc) return rc;
        i = 0;
    }
    project_delta *d = &p->deltas[i];
    if (i == p->n_deltas) {
        *d = (project_delta){.project_no = project_no,
                             .first = at,
                             .first_ms = f->received_at_ms,
                             .last_ms = f->received_at_ms};
        p->n_deltas++;
    }
    d->n++;
    d->by_source[f->source]++;
    d->first_ms = SC_MIN(d->first_ms, f->received_at_ms);
    d->last_ms = SC_MAX(d->last_ms, f->received_at_ms);
    return SC_OK;
}

static sc_rc project_of(put_step *p, size_t at, int64_t *ret, sc_err *err) {
    const sc_id *id = &p->items[at].project_id;
    if (p->known == SIZE_MAX || !sc_id_eq(id, &p->items[p->known].project_id)) {
        sc_rc rc = sc_sq_project_no(p->c, id, &p->known_no, err);
        if (rc) return rc;
        p->known = at;
    }
    *ret = p->known_no;
    return SC_OK;
}

static const char insert_sql[] =
    "INSERT INTO feedback (id, project_no, source, state, created_at, received_at, issue_number,"
    " external_id, title, repo, url, status, request_id, stack, metadata, body)"
    " VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (project_no, source, external_id) DO NOTHING";

static void bind(sc_query *q, const sc_feedback *f, int64_t project_no) {
    sc_query_id(q, &f->id);
    sc_query_int(q, project_no);
    sc_query_int(q, f->source);
    sc_query_int(q, f->created_at_ms);
    sc_query_int(q, f->received_at_ms);
    sc_query_int(q, f->issue_number);
    sc_query_text(q, f->external_id);
    sc_query_text(q, f->title);
    sc_query_text(q, f->repo);
    sc_query_text(q, f->url);
    sc_query_text(q, f->status);
    sc_query_text(q, f->request_id);
    sc_query_text(q, f->stack);
    sc_query_text(q, f->metadata);
    sc_query_text(q, f->body);
}

static sc_rc find_first(sc_sq_conn *c, const sc_feedback *f, int64_t project_no, sc_put_result *ret,
                        sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT seq, id FROM feedback WHERE project_no = ? AND source = ? AND external_id = ?");
    bool row;
    sc_query_int(&q, project_no);
    sc_query_int(&q, f->source);
    sc_query_text(&q, f->external_id);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_sq_damaged(c, "an index without its row", err);
    ret->status = SC_PUT_DUPLICATE;
    ret->seq = sc_query_get_int(&q);
    ret->id = sc_query_get_id(&q);
    return sc_query_row_check(&q, err);
}

static sc_rc put_one(put_step *p, sc_query *q, size_t at, sc_put_result *ret, sc_err *err) {
    const sc_feedback *f = &p->items[at];
    int64_t project_no;
    sc_rc rc = project_of(p, at, &project_no, err);
    if (rc) return rc;
    sc_query_again(q);
    bind(q, f, project_no);
    rc = sc_query_run(q, err);
    if (rc == SC_CONFLICT)
        return sc_fail_field(err, SC_CONFLICT, "id", "a report with the id %s is stored already",
                             f->id.text);
    if (rc) return rc;
    if (!sc_query_changes(q)) return find_first(p->c, f, project_no, ret, err);
    ret->status = SC_PUT_NEW;
    ret->seq = sqlite3_last_insert_rowid(p->c->db);
    ret->id = f->id;
    return count(p, project_no, at, err);
}

static sc_rc put_all(sc_sq_conn *c, const sc_feedback *items, const sc_id *group_job_ids, size_t n,
                     sc_put_result *ret, sc_err *err) {
    put_step p = {.c = c, .items = items, .group_job_ids = group_job_ids, .known = SIZE_MAX};
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, insert_sql);
    for (size_t i = 0; i < n; i++) {
        sc_rc rc = put_one(&p, &q, i, &ret[i], err);
        if (rc) {
            if (n > 1) sc_wrap(err, "item %zu", i);
            return rc;
        }
    }
    return flush(&p, err);
}

static sc_rc check(const sc_feedback *items, const sc_id *group_job_ids, size_t n, sc_err *err) {
    unsigned char b[16];
    char field[64];
    for (size_t i = 0; i < n; i++) {
        const char *bad = !sc_id_to_bytes(&items[i].id, b)               ? "id"
                          : !sc_id_to_bytes(&group_job_ids[i], b)        ? "group_job_id"
                          : (unsigned)items[i].source >= SC_SOURCE_COUNT ? "source"
                          : items[i].external_id.n == 0                  ? "external_id"
                                                                         : NULL;
        if (!bad) continue;
        snprintf(field, sizeof field, "items[%zu].%s", i, bad);
        return sc_fail_field(err, SC_INVALID, field, "missing or not one of ours");
    }
    return SC_OK;
}

sc_rc sc_sq_feedback_put(void *self, const sc_feedback *items, const sc_id *group_job_ids, size_t n,
                         sc_put_result *ret, sc_err *err) {
    sc_sq_conn *c;
    if (n == 0) return SC_OK;
    sc_rc rc = check(items, group_job_ids, n, err);
    if (!rc) rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    return sc_sq_write_end(c, put_all(c, items, group_job_ids, n, ret, err), err);
}

/* ---- Changing one ------------------------------------------------------------------------------ */

static sc_rc replace(sc_sq_conn *c, const sc_feedback *f, int64_t project_no, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "UPDATE feedback SET title = ?, body = ?, stack = ?, metadata = ?, url = ?,"
                       " status = ? WHERE id = ? AND project_no = ?");
    sc_query_text(&q, f->title);
    sc_query_text(&q, f->body);
    sc_query_text(&q, f->stack);
    sc_query_text(&q, f->metadata);
    sc_query_text(&q, f->url);
    sc_query_text(&q, f->status);
    sc_query_id(&q, &f->id);
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q)) return sc_fail(err, SC_NOT_FOUND, "no such report");
    return rc;
}

/* Back to pending. Its item row stays: until the next pass it is still where it was. */
static sc_rc reopen(sc_sq_conn *c, const sc_feedback *f, int64_t project_no, sc_err *err) {
    int64_t state = 0;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT state FROM feedback WHERE id = ?");
        bool row;
        sc_query_id(&q, &f->id);
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        state = sc_query_get_enum(&q, SC_FEEDBACK_STATE_COUNT);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (state == SC_FEEDBACK_pending) return SC_OK;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE feedback SET state = 0 WHERE id = ?");
    sc_query_id(&q, &f->id);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc) rc = sc_sq_tally_add(c, project_no, SC_TALLY_STATE + (int)state, -1, err);
    if (!rc) rc = sc_sq_tally_add(c, project_no, SC_TALLY_STATE + SC_FEEDBACK_pending, 1, err);
    return rc;
}

/* A pass that read the old text must not end as if it had read the new one. */
static sc_rc outdate_passes(sc_sq_conn *c, int64_t project_no, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "UPDATE project SET group_version = group_version + 1 WHERE project_no = ?");
    sc_query_int(&q, project_no);
    return sc_query_run(&q, err);
}

static sc_rc update(sc_sq_conn *c, const sc_feedback *f, bool regroup, const sc_id *group_job_id,
                    int64_t now_ms, sc_err *err) {
    int64_t project_no;
    sc_rc rc = sc_sq_project_no(c, &f->project_id, &project_no, err);
    if (!rc) rc = replace(c, f, project_no, err);
    if (rc || !regroup) return rc;
    rc = reopen(c, f, project_no, err);
    if (!rc) rc = outdate_passes(c, project_no, err);
    if (rc) return rc;
    return sc_sq_job_ask_group(c, project_no, &f->project_id, group_job_id, f->request_id, now_ms,
                               err);
}

sc_rc sc_sq_feedback_update(void *self, const sc_feedback *f, bool regroup,
                            const sc_id *group_job_id, int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    unsigned char b[16];
    if (regroup && !(group_job_id && sc_id_to_bytes(group_job_id, b)))
        return sc_fail_field(err, SC_INVALID, "group_job_id", "not an id");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, update(c, f, regroup, group_job_id, now_ms, err), err);
}
