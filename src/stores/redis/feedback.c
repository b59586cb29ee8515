/* Reports coming in: the hot path. */
#include <stdio.h>

#include "core/work.h"
#include "stores/redis/steps.h"

static void pack_time_no(unsigned char ret[SC_RD_KEY], int64_t time, int64_t seq) {
    sc_rd_put_time(ret, time);
    sc_rd_put_no(ret + SC_RD_TIME, seq);
}

/* What a list shows of a report; the first six may change later. */
static void pack_row(sc_buf *b, const sc_feedback *f, bool whole) {
    sc_pack_array(b, whole ? 11 : 6);
    sc_pack_str(b, f->title);
    sc_pack_str(b, f->url);
    sc_pack_str(b, f->status);
    sc_pack_str(b, f->stack);
    sc_pack_str(b, f->metadata);
    sc_pack_str(b, f->body);
    if (!whole) return;
    sc_pack_str(b, f->external_id);
    sc_pack_str(b, f->repo);
    sc_pack_str(b, f->request_id);
    sc_pack_int(b, f->issue_number);
    sc_pack_int(b, f->received_at_ms);
}

static sc_rc pack_report(sc_buf *b, const sc_feedback *f, const sc_id *job, int64_t seq,
                         sc_buf *row, sc_err *err) {
    unsigned char key[SC_RD_KEY];
    pack_time_no(key, f->created_at_ms, seq);
    sc_buf_reset(row);
    pack_row(row, f, true);
    sc_pack_array(b, 10);
    sc_pack_no(b, seq);
    sc_pack_str(b, (sc_str){(const char *)key, SC_RD_TIME});
    sc_pack_id(b, &f->id);
    sc_pack_int(b, f->source);
    sc_pack_str(b, f->external_id);
    sc_pack_str(b, sc_buf_str(row));
    sc_pack_str(b, f->status);
    sc_pack_int(b, f->received_at_ms);
    sc_pack_str(b, f->request_id);
    sc_pack_id(b, job);
    return sc_buf_check(row, "a report", err);
}

typedef struct put_step {
    sc_rd *s;
    const sc_feedback *items;
    const sc_id *jobs;
    size_t n;
    int64_t first; /* number of the first report; 0: the step numbers them */
    bool *done;    /* those of projects that were written */
    sc_put_result *ret;
} put_step;

static sc_str group_key(const sc_id *project, char text[6 + SC_ID_TEXT]) {
    memcpy(text, "group:", 6);
    memcpy(text + 6, project->text, SC_ID_TEXT);
    return sc_str_of(text);
}

static sc_rc read_results(put_step *p, const sc_id *project, sc_unpack *u, sc_err *err) {
    size_t n = sc_unpack_array(u);
    for (size_t i = 0; i < p->n && n; i++) {
        if (p->done[i] || !sc_id_eq(&p->items[i].project_id, project)) continue;
        sc_unpack_array(u);
        p->ret[i].status = sc_unpack_enum(u, 2) ? SC_PUT_DUPLICATE : SC_PUT_NEW;
        p->ret[i].seq = sc_unpack_no(u);
        p->ret[i].id = sc_unpack_id(u);
        p->done[i] = true;
        n--;
    }
    if (n) u->bad = true;
    return sc_rd_read_check(u, false, err);
}

/* All reports of one project: one step. */
static sc_rc put_project(put_step *p, size_t at, sc_err *err) {
    SC_RD_RUN(r);
    SC_AUTO(sc_buf_done) sc_buf row;
    char key[6 + SC_ID_TEXT];
    const sc_id *project = &p->items[at].project_id;
    size_t n = 0;
    int64_t number;
    for (size_t i = at; i < p->n; i++)
        n += !p->done[i] && sc_id_eq(&p->items[i].project_id, project);
    sc_buf_init(&row, 4 << 20);
    sc_rd_run_init(&r, 5);
    sc_pack_array(&r.args, n);
    sc_rc rc = sc_rd_number(p->s, &number, err);
    for (size_t i = at; !rc && i < p->n; i++)
        if (!p->done[i] && sc_id_eq(&p->items[i].project_id, project))
            rc = pack_report(&r.args, &p->items[i], &p->jobs[i],
                             p->first ? p->first + (int64_t)i : 0, &row, err);
    if (rc) return rc;
    sc_pack_int(&r.args, number);
    sc_pack_int(&r.args, sc_work_find(SC_STR("group"))->attempts);
    sc_pack_str(&r.args, group_key(project, key));
    sc_pack_id_text(&r.args, project);
    r.way = p->first ? SC_RD_APART : SC_RD_WHOLE;
    rc = sc_rd_write(p->s, SC_RD_feedback_put, project, NULL, 0, &r, err);
    return rc ? rc : read_results(p, project, &r.body, err);
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

/* One step a project. When a later one fails, the caller is told that nothing is sure, and finds the earlier ones
 * stored once when it tries again. */
sc_rc sc_rd_feedback_put(void *self, const sc_feedback *items, const sc_id *group_job_ids, size_t n,
                         sc_put_result *ret, sc_err *err) {
    if (n == 0) return SC_OK;
    put_step p = {.s = self, .items = items, .jobs = group_job_ids, .n = n, .ret = ret};
    sc_rc rc = check(items, group_job_ids, n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        if (i && sc_id_eq(&items[i].project_id, &items[i - 1].project_id)) continue;
        rc = sc_rd_known(self, &items[i].project_id, err);
        if (rc && n > 1) sc_wrap(err, "item %zu", i);
    }
    if (!rc && !p.s->whole) rc = sc_rd_numbers(self, n, &p.first, err);
    if (rc) return rc;
    SC_AUTO(sc_auto_free) bool *done = sc_alloc_array(n, sizeof *done);
    if (!done) return sc_fail(err, SC_NOMEM, "no memory for the reports");
    p.done = done;
    for (size_t i = 0; !rc && i < n; i++)
        if (!done[i]) rc = put_project(&p, i, err);
    return rc;
}

sc_rc sc_rd_feedback_update(void *self, const sc_feedback *f, bool regroup,
                            const sc_id *group_job_id, int64_t now_ms, sc_err *err) {
    SC_RD_RUN(r);
    unsigned char b[16];
    char key[6 + SC_ID_TEXT];
    int64_t number = 0;
    if (regroup && !(group_job_id && sc_id_to_bytes(group_job_id, b)))
        return sc_fail_field(err, SC_INVALID, "group_job_id", "not an id");
    sc_rc rc = sc_rd_known(self, &f->project_id, err);
    if (!rc && regroup) rc = sc_rd_number(self, &number, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 11);
    sc_pack_id(&r.args, &f->id);
    pack_row(&r.args, f, false);
    sc_pack_str(&r.args, f->status);
    sc_pack_int(&r.args, regroup);
    sc_pack_int(&r.args, now_ms);
    sc_pack_id(&r.args, regroup ? group_job_id : NULL);
    sc_pack_int(&r.args, number);
    sc_pack_int(&r.args, sc_work_find(SC_STR("group"))->attempts);
    sc_pack_str(&r.args, group_key(&f->project_id, key));
    sc_pack_id_text(&r.args, &f->project_id);
    sc_pack_str(&r.args, f->request_id);
    return sc_rd_write(self, SC_RD_feedback_update, &f->project_id, NULL, 0, &r, err);
}
