/* Fixes: jobs with a row beside each; their logs and patches; plans. */
#include "stores/redis/fix_row.h"
#include "stores/redis/newest.h"
#include "stores/redis/steps.h"

static sc_rc check_fix(const sc_fix *f, sc_err *err) {
    if ((unsigned)f->step < SC_FIX_STEP_COUNT && (unsigned)f->reason < SC_FIX_REASON_COUNT &&
        (unsigned)f->pull < SC_FIX_PULL_COUNT)
        return SC_OK;
    return sc_fail_field(err, SC_INVALID, "fix", "a step, reason or pull that is not ours");
}

sc_rc sc_rd_fix_start(void *self, const sc_job *job, const sc_fix *fix, sc_id *ret_id,
                      bool *ret_new, sc_err *err) {
    SC_RD_RUN(r);
    int64_t number;
    unsigned char b[16];
    if (!sc_id_to_bytes(&job->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (!sc_str_is(job->kind, "fix")) return sc_fail_field(err, SC_INVALID, "kind", "not fix");
    if ((unsigned)fix->step >= SC_FIX_STEP_COUNT)
        return sc_fail_field(err, SC_INVALID, "step", "not one of ours");
    sc_rc rc = sc_rd_known(self, &job->project_id, err);
    if (!rc) rc = sc_rd_number(self, &number, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 2);
    sc_rd_pack_job(&r.args, job, number);
    rc = sc_rd_pack_new_fix(&r.args, fix, err);
    if (!rc) rc = sc_rd_write(self, SC_RD_fix_start, &job->project_id, NULL, 0, &r, err);
    if (rc) return rc;
    sc_id id = sc_unpack_id(&r.body);
    bool fresh = sc_unpack_int(&r.body) != 0;
    rc = sc_rd_read_check(&r.body, false, err);
    if (rc) return rc;
    *ret_id = id;
    *ret_new = fresh;
    return SC_OK;
}

sc_rc sc_rd_fix_keep(void *self, const sc_job *job, const sc_fix *fix, const sc_str *patch,
                     sc_err *err) {
    SC_RD_RUN(r);
    int64_t number;
    sc_rc rc = sc_fix_check_kept(job, fix, err);
    if (!rc) rc = sc_rd_known(self, &job->project_id, err);
    if (!rc) rc = sc_rd_number(self, &number, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 4);
    sc_rd_pack_job_as_it_is(&r.args, job, number);
    rc = sc_rd_pack_whole_fix(&r.args, fix, err);
    sc_pack_int(&r.args, patch != NULL);
    sc_pack_str(&r.args, patch ? *patch : SC_STR_NONE);
    return rc ? rc : sc_rd_write(self, SC_RD_fix_keep, &job->project_id, NULL, 0, &r, err);
}

sc_rc sc_rd_fix_save(void *self, const sc_fix_write *w, sc_err *err) {
    SC_RD_RUN(r);
    const sc_fix *f = w->fix;
    sc_rc rc = check_fix(f, err);
    if (!rc) rc = sc_rd_known(self, &f->project_id, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 9);
    sc_pack_id(&r.args, &f->id);
    sc_pack_int(&r.args, w->job_fence);
    sc_pack_int(&r.args, f->version);
    sc_pack_array(&r.args, 5);
    sc_pack_int(&r.args, f->step);
    sc_pack_int(&r.args, f->reason);
    sc_pack_int(&r.args, f->pull);
    sc_pack_int(&r.args, f->watch_until_ms);
    sc_pack_int(&r.args, f->started_at_ms);
    rc = sc_rd_pack_fix_rest(&r.args, f, err);
    sc_pack_int(&r.args, w->patch != NULL);
    sc_pack_str(&r.args, w->patch ? *w->patch : SC_STR_NONE);
    sc_pack_int(&r.args, w->now_ms);
    sc_rd_pack_events(&r.args, w->events, w->n_events);
    return rc ? rc
              : sc_rd_write(self, SC_RD_fix_save, &f->project_id, w->events, w->n_events, &r, err);
}

sc_rc sc_rd_fix_retry(void *self, const sc_id *project, const sc_id *id, sc_fix_step step,
                      int64_t now_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    if ((unsigned)step >= SC_FIX_STEP_COUNT)
        return sc_fail_field(err, SC_INVALID, "step", "not one of ours");
    sc_rd_run_init(&r, 4);
    sc_pack_id(&r.args, id);
    sc_rd_pack_moves(&r.args, SC_JOB_EV_AGAIN);
    sc_pack_int(&r.args, step);
    sc_pack_int(&r.args, now_ms);
    sc_rc rc = sc_rd_home_in(self, project, id, &home, err);
    return rc ? rc : sc_rd_write(self, SC_RD_fix_retry, &home, NULL, 0, &r, err);
}

/* ---- Looking ------------------------------------------------------------------------------------- */

/* A run of a script whose only argument is the job's id, where that lives. */
static sc_rc ask_by_id(sc_rd *s, sc_rd_script which, const sc_id *project, const sc_id *id,
                       sc_rd_run *r, sc_err *err) {
    sc_id home;
    sc_rd_run_init(r, 1);
    sc_pack_id(&r->args, id);
    sc_rc rc = sc_rd_home_in(s, project, id, &home, err);
    return rc ? rc : sc_rd_ask(s, which, &home, r, err);
}

sc_rc sc_rd_fix_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena, sc_fix *ret,
                    sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    int64_t seq;
    sc_fix f;
    sc_rc rc = ask_by_id(self, SC_RD_fix_get, project, id, &r, err);
    if (rc) return rc;
    sc_str row = sc_unpack_str(&r.body);
    sc_rd_fix_of(row, sc_unpack_str(&r.body), arena, &f, &seq, &r.body.bad, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = f;
    return rc;
}

sc_rc sc_rd_fix_patch(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_str *ret, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rc rc = ask_by_id(self, SC_RD_fix_patch, project, id, &r, err);
    if (rc) return rc;
    sc_str patch = sc_unpack_text(&r.body, arena, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = patch;
    return rc;
}

/* ---- A page -------------------------------------------------------------------------------------- */

enum { CURSOR_LIST = 'F' };

static sc_rc list_in(sc_rd *s, const sc_id *project, const sc_fix_filter *f, sc_rd_newest *p,
                     int64_t *total, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 7);
    sc_pack_id(&r.args, &f->cluster_id);
    sc_pack_int(&r.args, f->by_state ? (int64_t)f->state : -1);
    sc_pack_int(&r.args, f->by_pull ? (int64_t)f->pull : -1);
    sc_pack_int(&r.args, f->watched);
    sc_pack_int(&r.args, f->now_ms);
    sc_pack_str(&r.args, p->below);
    sc_pack_int(&r.args, (int64_t)p->page->limit);
    sc_rc rc = sc_rd_ask(s, SC_RD_fix_list, project, &r, err);
    if (rc) return rc;
    *total += sc_unpack_int(&r.body);
    size_t n = sc_unpack_array(&r.body);
    for (size_t i = 0; i < n; i++) {
        sc_rd_newest_row *row = sc_rd_newest_add(p, sizeof(sc_fix));
        if (!row) return sc_rd_no_memory(err);
        sc_unpack_array(&r.body);
        sc_str z = sc_unpack_str(&r.body);
        sc_rd_fix_of(z, sc_unpack_str(&r.body), p->arena, row->item, &row->seq, &r.body.bad,
                     &nomem);
    }
    return sc_rd_read_check(&r.body, nomem, err);
}

sc_rc sc_rd_fix_list(void *self, const sc_fix_filter *f, const sc_page *page, sc_arena *arena,
                     sc_fix_list *ret, sc_err *err) {
    sc_fix_list out = {.n = 0};
    sc_rd_newest p;
    sc_id *ids;
    size_t n;
    sc_rc rc = sc_rd_newest_begin(&p, CURSOR_LIST, page, &f->project_id, arena, err);
    if (!rc && f->by_state && (unsigned)f->state >= SC_JOB_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_rd_scope_of(self, &f->project_id, arena, &ids, &n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = list_in(self, &ids[i], f, &p, &out.total, err);
        if (rc == SC_NOT_FOUND && n > 1) rc = SC_OK; /* the issue is another project's */
    }
    if (!rc) rc = sc_rd_newest_end(&p, &out.n, &out.next_cursor, err);
    if (rc) return rc;
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_rd_no_memory(err);
    for (size_t i = 0; i < out.n; i++) out.items[i] = *(const sc_fix *)p.rows[i].item;
    *ret = out;
    return SC_OK;
}

/* ---- Log ----------------------------------------------------------------------------------------- */

sc_rc sc_rd_fix_log_put(void *self, const sc_id *id, const sc_fix_log *rows, size_t n,
                        int64_t max_bytes, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    sc_rd_run_init(&r, 4);
    sc_pack_id(&r.args, id);
    sc_pack_array(&r.args, n);
    for (size_t i = 0; i < n; i++) {
        sc_pack_array(&r.args, 3);
        sc_pack_str(&r.args, rows[i].stream);
        sc_pack_str(&r.args, rows[i].text);
        sc_pack_int(&r.args, rows[i].at_ms);
    }
    sc_pack_int(&r.args, max_bytes);
    sc_pack_str(&r.args, SC_STR("(the log is full; what follows is left out)\n"));
    sc_rc rc = sc_rd_home_of(self, id, &home, err);
    return rc ? rc : sc_rd_write(self, SC_RD_fix_log_put, &home, NULL, 0, &r, err);
}

static const int64_t MOST_ROWS = INT64_C(1) << 52; /* numbers that a script holds exactly */

sc_rc sc_rd_fix_log_get(void *self, const sc_id *project, const sc_id *id, int64_t after_seq,
                        int64_t before_seq, size_t limit, sc_arena *arena, sc_fix_log **ret,
                        size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    bool nomem = false;
    sc_rc rc = sc_cursor_check_limit(limit, err);
    if (!rc) rc = sc_rd_home_in(self, project, id, &home, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 4);
    sc_pack_id(&r.args, id);
    sc_pack_int(&r.args, SC_MIN(SC_MAX(after_seq, 0), MOST_ROWS));
    sc_pack_int(&r.args, SC_MIN(before_seq, MOST_ROWS));
    sc_pack_int(&r.args, (int64_t)limit);
    rc = sc_rd_ask(self, SC_RD_fix_log_get, &home, &r, err);
    if (rc) return rc;
    const int64_t first = sc_unpack_int(&r.body);
    size_t n = sc_unpack_array(&r.body);
    sc_fix_log *rows = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *rows);
    if (!rows) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack u = sc_unpack_of(sc_unpack_str(&r.body));
        sc_unpack_array(&u);
        rows[i].seq = first + (int64_t)i;
        rows[i].stream = sc_unpack_text(&u, arena, &nomem);
        rows[i].text = sc_unpack_text(&u, arena, &nomem);
        rows[i].at_ms = sc_unpack_int(&u);
        r.body.bad |= u.bad;
    }
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = rows;
    *ret_n = n;
    return SC_OK;
}

/* ---- Plans --------------------------------------------------------------------------------------- */

sc_rc sc_rd_plan_put(void *self, const sc_plan *p, sc_err *err) {
    SC_RD_RUN(r);
    SC_AUTO(sc_buf_done) sc_buf row;
    const sc_str texts[] = {p->by, p->problem, p->expected, p->evidence, p->acceptance};
    sc_buf_init(&row, 16 << 20);
    sc_pack_array(&row, 2 + SC_LEN(texts));
    sc_pack_id(&row, &p->id);
    sc_pack_int(&row, p->created_at_ms);
    for (size_t i = 0; i < SC_LEN(texts); i++) sc_pack_str(&row, texts[i]);
    sc_rc rc = sc_buf_check(&row, "a plan", err);
    if (!rc) rc = sc_rd_known(self, &p->project_id, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 3);
    sc_pack_id(&r.args, &p->cluster_id);
    sc_pack_int(&r.args, p->version);
    sc_pack_str(&r.args, sc_buf_str(&row));
    return sc_rd_write(self, SC_RD_plan_put, &p->project_id, NULL, 0, &r, err);
}

sc_rc sc_rd_plan_get(void *self, const sc_id *project, const sc_id *cluster, int64_t version,
                     sc_arena *arena, sc_plan *ret, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 2);
    sc_pack_id(&r.args, cluster);
    sc_pack_int(&r.args, version);
    rc = sc_rd_ask(self, SC_RD_plan_get, project, &r, err);
    if (rc) return rc;
    sc_plan p = {.project_id = *project, .cluster_id = *cluster, .version = sc_unpack_int(&r.body)};
    sc_str *const texts[] = {&p.by, &p.problem, &p.expected, &p.evidence, &p.acceptance};
    sc_unpack u = sc_unpack_of(sc_unpack_str(&r.body));
    sc_unpack_array(&u);
    p.id = sc_unpack_id(&u);
    p.created_at_ms = sc_unpack_int(&u);
    for (size_t i = 0; i < SC_LEN(texts); i++) *texts[i] = sc_unpack_text(&u, arena, &nomem);
    r.body.bad |= u.bad;
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = p;
    return rc;
}
