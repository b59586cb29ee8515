/* Fixes: jobs with a row beside each. Starting, changing, trying again. */
#include "stores/sqlite/steps.h"

/* ---- Starting ----------------------------------------------------------------------------------- */

static const char insert_sql[] =
    "INSERT INTO fix (fix_no, project_no, cluster_no, version, step, reason, pull, pull_number,"
    " plan_version, started_at, opened_at, merged_at, watch_until, seen_comments, calls, tokens_in,"
    " tokens_out, micro_usd, patch_bytes, patch_files, patch_added, patch_removed, log_bytes,"
    " log_seq, follows, asked_by, agent, runner, repository, base_branch, base_commit, head_commit,"
    " branch, pull_url, tests, findings, blocked, instructions) VALUES (?, ?, ?, 1, ?, 0, 0, 0, ?,"
    " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, '', '', '', '', ?, '', '{}', '[]',"
    " '[]', ?)";

static sc_rc insert(sc_sq_conn *c, int64_t fix_no, int64_t project_no, int64_t cluster_no,
                    const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, insert_sql);
    sc_query_int(&q, fix_no);
    sc_query_int(&q, project_no);
    sc_query_int(&q, cluster_no);
    sc_query_int(&q, f->step);
    sc_query_int(&q, f->plan_version);
    sc_query_id(&q, &f->follows);
    sc_query_text(&q, f->by);
    sc_query_text(&q, f->agent);
    sc_query_text(&q, f->runner);
    sc_query_text(&q, f->branch);
    sc_query_text(&q, f->instructions);
    return sc_query_run(&q, err);
}

static sc_rc start(sc_sq_conn *c, const sc_job *job, const sc_fix *f, sc_id *ret_id, bool *ret_new,
                   sc_err *err) {
    int64_t project_no, cluster_no, seq;
    bool found = false;
    sc_rc rc = sc_sq_project_no(c, &job->project_id, &project_no, err);
    if (!rc) rc = sc_sq_cluster_no(c, project_no, &f->cluster_id, &cluster_no, err);
    if (!rc && !cluster_no) rc = sc_fail(err, SC_NOT_FOUND, "no such cluster");
    /* Asking while one runs must not make that one go round again, as it would other jobs. */
    if (!rc) rc = sc_sq_job_open(c, project_no, job->unique_key, ret_id, &found, err);
    *ret_new = false;
    if (!rc && !found) rc = sc_sq_job_add(c, job, project_no, ret_id, ret_new, &seq, err);
    return rc || !*ret_new ? rc : insert(c, seq, project_no, cluster_no, f, err);
}

sc_rc sc_sq_fix_start(void *self, const sc_job *job, const sc_fix *fix, sc_id *ret_id,
                      bool *ret_new, sc_err *err) {
    sc_sq_conn *c;
    sc_id id;
    bool added;
    unsigned char b[16];
    if (!sc_id_to_bytes(&job->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (!sc_str_is(job->kind, "fix")) return sc_fail_field(err, SC_INVALID, "kind", "not fix");
    if ((unsigned)fix->step >= SC_FIX_STEP_COUNT)
        return sc_fail_field(err, SC_INVALID, "step", "not one of ours");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    rc = sc_sq_write_end(c, start(c, job, fix, &id, &added, err), err);
    if (rc) return rc;
    *ret_id = id;
    *ret_new = added;
    return SC_OK;
}

/* ---- Changing ----------------------------------------------------------------------------------- */

static const char update_sql[] =
    "UPDATE fix SET version = version + 1, step = ?, reason = ?, pull = ?, pull_number = ?,"
    " plan_version = ?, started_at = ?, opened_at = ?, merged_at = ?, watch_until = ?,"
    " seen_comments = ?, calls = ?, tokens_in = ?, tokens_out = ?, micro_usd = ?, patch_bytes = ?,"
    " patch_files = ?, patch_added = ?, patch_removed = ?, agent = ?, runner = ?, repository = ?,"
    " base_branch = ?, base_commit = ?, head_commit = ?, branch = ?, pull_url = ?, tests = ?,"
    " findings = ?, blocked = ? WHERE fix_no = ? AND version = ?";

static sc_rc update(sc_sq_conn *c, int64_t fix_no, const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, update_sql);
    const int64_t numbers[] = {f->step,
                               f->reason,
                               f->pull,
                               f->pull_number,
                               f->plan_version,
                               f->started_at_ms,
                               f->opened_at_ms,
                               f->merged_at_ms,
                               f->watch_until_ms,
                               f->seen_comments,
                               f->cost.calls,
                               f->cost.tokens_in,
                               f->cost.tokens_out,
                               f->cost.micro_usd,
                               f->patch_bytes,
                               f->patch_files,
                               f->patch_added,
                               f->patch_removed};
    const sc_str texts[] = {f->agent,
                            f->runner,
                            f->repository,
                            f->base_branch,
                            f->base_commit,
                            f->head_commit,
                            f->branch,
                            f->pull_url,
                            f->tests.n ? f->tests : SC_STR("{}"),
                            f->findings.n ? f->findings : SC_STR("[]"),
                            f->blocked.n ? f->blocked : SC_STR("[]")};
    for (size_t i = 0; i < SC_LEN(numbers); i++) sc_query_int(&q, numbers[i]);
    for (size_t i = 0; i < SC_LEN(texts); i++) sc_query_text(&q, texts[i]);
    sc_query_int(&q, fix_no);
    sc_query_int(&q, f->version);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q))
        rc = sc_fail(err, SC_CONFLICT, "the fix has changed since version %lld",
                     (long long)f->version);
    return rc;
}

static sc_rc put_patch(sc_sq_conn *c, int64_t fix_no, sc_str patch, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT OR REPLACE INTO fix_patch (fix_no, patch) VALUES (?, ?)");
    sc_query_int(&q, fix_no);
    sc_query_blob(&q, patch.n ? patch.p : "", patch.n);
    return sc_query_run(&q, err);
}

/* For lists that show what changed last; a running job's heartbeat does the same. */
static sc_rc touch(sc_sq_conn *c, int64_t seq, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE job SET updated_at = ? WHERE seq = ?");
    sc_query_int(&q, now_ms);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

static sc_rc save(sc_sq_conn *c, const sc_fix_write *w, sc_err *err) {
    const sc_fix *f = w->fix;
    int64_t project_no, seq;
    sc_job_state state;
    sc_rc rc = sc_sq_project_no(c, &f->project_id, &project_no, err);
    if (!rc && w->job_fence) rc = sc_sq_job_check_fence(c, project_no, &f->id, w->job_fence, err);
    if (!rc) rc = sc_sq_job_find(c, project_no, &f->id, &seq, &state, err);
    if (!rc) rc = update(c, seq, f, err);
    if (!rc && w->patch) rc = put_patch(c, seq, *w->patch, err);
    if (!rc) rc = touch(c, seq, w->now_ms, err);
    for (size_t i = 0; !rc && i < w->n_events; i++)
        rc = sc_sq_event_add(c, project_no, &w->events[i], err);
    return rc;
}

sc_rc sc_sq_fix_save(void *self, const sc_fix_write *w, sc_err *err) {
    const sc_fix *f = w->fix;
    sc_sq_conn *c;
    if ((unsigned)f->step >= SC_FIX_STEP_COUNT || (unsigned)f->reason >= SC_FIX_REASON_COUNT ||
        (unsigned)f->pull >= SC_FIX_PULL_COUNT)
        return sc_fail_field(err, SC_INVALID, "fix", "a step, reason or pull that is not ours");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, save(c, w, err), err);
}

/* ---- From elsewhere ------------------------------------------------------------------------------ */

static const char keep_sql[] =
    "INSERT INTO job (id, project_no, state, attempts, max_attempts, fence, lease_until, run_at,"
    " created_at, updated_at, ended_at, again, kind, unique_key, lease_owner, request_id, error,"
    " payload) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, 0, 'fix', ?, '', ?, ?, ?)";

static sc_rc keep_job(sc_sq_conn *c, const sc_job *j, int64_t project_no, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, keep_sql);
    const int64_t numbers[] = {project_no,       j->state,         j->attempts,
                               j->max_attempts,  j->fence,         j->run_at_ms,
                               j->created_at_ms, j->updated_at_ms, j->ended_at_ms};
    sc_query_id(&q, &j->id);
    for (size_t i = 0; i < SC_LEN(numbers); i++) sc_query_int(&q, numbers[i]);
    sc_query_text(&q, j->unique_key);
    sc_query_text(&q, j->request_id);
    sc_query_text(&q, j->error);
    sc_query_text(&q, j->payload.n ? j->payload : SC_STR("{}"));
    return sc_query_run(&q, err);
}

static sc_rc keep(sc_sq_conn *c, const sc_job *job, const sc_fix *f, const sc_str *patch,
                  sc_err *err) {
    int64_t project_no, cluster_no, seq;
    sc_fix whole = *f;
    whole.version = 1;
    sc_rc rc = sc_sq_project_no(c, &job->project_id, &project_no, err);
    if (!rc) rc = sc_sq_cluster_no(c, project_no, &f->cluster_id, &cluster_no, err);
    if (!rc && !cluster_no) rc = sc_fail(err, SC_NOT_FOUND, "no such cluster");
    if (!rc) rc = keep_job(c, job, project_no, err);
    if (rc) return rc;
    seq = sqlite3_last_insert_rowid(c->db);
    rc = insert(c, seq, project_no, cluster_no, f, err);
    if (!rc) rc = update(c, seq, &whole, err);
    return rc || !patch ? rc : put_patch(c, seq, *patch, err);
}

sc_rc sc_sq_fix_keep(void *self, const sc_job *job, const sc_fix *fix, const sc_str *patch,
                     sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_fix_check_kept(job, fix, err);
    if (!rc) rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, keep(c, job, fix, patch, err), err);
}

/* ---- Again --------------------------------------------------------------------------------------- */

static sc_rc rewind_step(sc_sq_conn *c, int64_t fix_no, sc_fix_step step, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE fix SET version = version + 1, step = ?, reason = 0,"
                                " started_at = 0 WHERE fix_no = ?");
    sc_query_int(&q, step);
    sc_query_int(&q, fix_no);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q)) rc = sc_fail(err, SC_NOT_FOUND, "no such fix");
    return rc;
}

static sc_rc retry(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_fix_step step,
                   int64_t now_ms, sc_err *err) {
    int64_t project_no, seq;
    sc_job_state state;
    sc_rc rc = sc_sq_project_any(c, project, &project_no, err);
    if (!rc) rc = sc_sq_job_find(c, project_no, id, &seq, &state, err);
    if (!rc) rc = sc_sq_job_again(c, seq, state, now_ms, err);
    return rc ? rc : rewind_step(c, seq, step, err);
}

sc_rc sc_sq_fix_retry(void *self, const sc_id *project, const sc_id *id, sc_fix_step step,
                      int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    if ((unsigned)step >= SC_FIX_STEP_COUNT)
        return sc_fail_field(err, SC_INVALID, "step", "not one of ours");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, retry(c, project, id, step, now_ms, err), err);
}

sc_rc sc_sq_fix_forget(sc_sq_conn *c, int64_t fix_no, sc_err *err) {
    static const char *const statements[] = {"DELETE FROM fix WHERE fix_no = ?",
                                             "DELETE FROM fix_patch WHERE fix_no = ?",
                                             "DELETE FROM fix_log WHERE fix_no = ?"};
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < SC_LEN(statements); i++) {
        SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, statements[i]);
        sc_query_int(&q, fix_no);
        rc = sc_query_run(&q, err);
    }
    return rc;
}
