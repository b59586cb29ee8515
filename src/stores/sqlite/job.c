/* Jobs: asking for them, claiming them, ending them. */
#include "core/work.h"
#include "stores/sqlite/job_row.h"

/* ---- Asking ------------------------------------------------------------------------------------ */

/* `again` only where a job with the key runs: a pending one will see whatever is new anyway, and
 * leaving its row alone saves the hot path a page. */
static const char add_sql[] =
    "INSERT INTO job (id, project_no, state, attempts, max_attempts, fence, lease_until, run_at,"
    " created_at, updated_at, ended_at, again, kind, unique_key, lease_owner, request_id, error, "
    "payload)"
    " VALUES (?, ?, 0, 0, ?, 0, 0, ?, ?, ?, 0, 0, ?, ?, '', ?, '', ?)"
    " ON CONFLICT (project_no, unique_key) WHERE state < 2 AND unique_key <> ''"
    " DO UPDATE SET again = 1, updated_at = excluded.updated_at WHERE state = 1 AND again = 0";

static sc_rc add(sc_sq_conn *c, const sc_job *job, int64_t project_no, bool *ret_new, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, add_sql);
    int64_t before = sqlite3_last_insert_rowid(c->db);
    sqlite3_set_last_insert_rowid(c->db, 0);
    sc_query_id(&q, &job->id);
    sc_query_int(&q, project_no);
    sc_query_int(&q, SC_MAX(job->max_attempts, 1));
    sc_query_int(&q, job->run_at_ms);
    sc_query_int(&q, job->created_at_ms);
    sc_query_int(&q, job->created_at_ms);
    sc_query_text(&q, job->kind);
    sc_query_text(&q, job->unique_key);
    sc_query_text(&q, job->request_id);
    sc_query_text(&q, job->payload.n ? job->payload : SC_STR("{}"));
    sc_rc rc = sc_query_run(&q, err);
    *ret_new = sqlite3_last_insert_rowid(c->db) != 0;
    if (!*ret_new) sqlite3_set_last_insert_rowid(c->db, before);
    return rc;
}

sc_rc sc_sq_job_ask_group(sc_sq_conn *c, int64_t project_no, const sc_id *project,
                          const sc_id *job_id, sc_str request_id, int64_t now_ms, sc_err *err) {
    char key[6 + SC_ID_TEXT];
    memcpy(key, "group:", 6);
    memcpy(key + 6, project->text, SC_ID_TEXT);
    bool added;
    sc_job job = {.id = *job_id,
                  .kind = SC_STR("group"),
                  .unique_key = sc_str_of(key),
                  .max_attempts = sc_work_find(SC_STR("group"))->attempts,
                  .run_at_ms = now_ms,
                  .created_at_ms = now_ms,
                  .request_id = request_id};
    return add(c, &job, project_no, &added, err);
}

sc_rc sc_sq_job_open(sc_sq_conn *c, int64_t project_no, sc_str key, sc_id *ret, bool *ret_found,
                     sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT id FROM job WHERE project_no = ? AND unique_key = ? AND state < 2"
                       " AND unique_key <> ''");
    sc_query_int(&q, project_no);
    sc_query_text(&q, key);
    sc_rc rc = sc_query_next(&q, ret_found, err);
    if (rc || !*ret_found) return rc;
    *ret = sc_query_get_id(&q);
    return sc_query_row_check(&q, err);
}

sc_rc sc_sq_job_add(sc_sq_conn *c, const sc_job *job, int64_t project_no, sc_id *ret_id,
                    bool *ret_new, int64_t *ret_seq, sc_err *err) {
    sc_rc rc = add(c, job, project_no, ret_new, err);
    if (rc) return rc;
    *ret_seq = *ret_new ? sqlite3_last_insert_rowid(c->db) : 0;
    *ret_id = job->id;
    if (*ret_new) return SC_OK;
    bool found = false;
    rc = sc_sq_job_open(c, project_no, job->unique_key, ret_id, &found, err);
    return rc || found ? rc : sc_sq_damaged(c, "an index without its row", err);
}

static sc_rc enqueue(sc_sq_conn *c, const sc_job *job, sc_id *ret_id, sc_err *err) {
    int64_t project_no, seq;
    bool added;
    sc_rc rc = sc_sq_project_any(c, &job->project_id, &project_no, err);
    return rc ? rc : sc_sq_job_add(c, job, project_no, ret_id, &added, &seq, err);
}

sc_rc sc_sq_job_enqueue(void *self, const sc_job *job, sc_id *ret_id, sc_err *err) {
    sc_sq_conn *c;
    unsigned char b[16];
    sc_id id;
    if (!sc_id_to_bytes(&job->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (job->kind.n == 0) return sc_fail_field(err, SC_INVALID, "kind", "missing");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    rc = sc_sq_write_end(c, enqueue(c, job, &id, err), err);
    if (!rc) *ret_id = id;
    return rc;
}

/* ---- What a change of state needs to know ------------------------------------------------------- */

typedef struct standing {
    int64_t seq, fence;
    sc_job_state state;
    int attempts, max_attempts;
    bool again;
} standing;

static sc_rc standing_of(sc_sq_conn *c, int64_t project_no, const sc_id *id, standing *ret,
                         sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT seq, fence, state, attempts, max_attempts, again FROM job"
                                " WHERE id = ?1 AND (?2 = 0 OR project_no = ?2)");
    bool row;
    sc_query_id(&q, id);
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no such job");
    ret->seq = sc_query_get_int(&q);
    ret->fence = sc_query_get_int(&q);
    ret->state = (sc_job_state)sc_query_get_enum(&q, SC_JOB_STATE_COUNT);
    ret->attempts = (int)sc_query_get_int(&q);
    ret->max_attempts = (int)sc_query_get_int(&q);
    ret->again = sc_query_get_int(&q) != 0;
    return sc_query_row_check(&q, err);
}

static sc_rc fenced(sc_err *err) {
    return sc_fail(err, SC_FENCED,
                   "the job is no longer ours: its lease ran out or it was stopped");
}

sc_rc sc_sq_job_check_fence(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t fence,
                            sc_err *err) {
    standing st;
    sc_rc rc = standing_of(c, project_no, id, &st, err);
    if (rc) return rc == SC_NOT_FOUND ? fenced(err) : rc;
    return st.state == SC_JOB_running && st.fence == fence ? SC_OK : fenced(err);
}

static int64_t fixed_ms(void *self) { return *(int64_t *)self; }

/* The asking that came while a job ran must not end with it: a new pending job takes it over. */
static sc_rc ask_again(sc_sq_conn *c, int64_t seq, int64_t now_ms, sc_err *err) {
    sc_clock clock = {.wall_ms = fixed_ms, .self = &now_ms};
    sc_id id = sc_id_new(&clock);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT INTO job (id, project_no, state, attempts, max_attempts, "
                                "fence, lease_until, run_at,"
                                " created_at, updated_at, ended_at, again, kind, unique_key, "
                                "lease_owner, request_id, error,"
                                " payload) SELECT ?1, project_no, 0, 0, max_attempts, 0, 0, ?2, "
                                "?2, ?2, 0, 0, kind, unique_key,"
                                " '', request_id, '', payload FROM job WHERE seq = ?3");
    sc_query_id(&q, &id);
    sc_query_int(&q, now_ms);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

typedef struct change {
    sc_job_state to;
    int attempts;
    int64_t run_at_ms; /* 0: as it was */
    sc_str error;
    bool keep_error;
    int64_t now_ms;
} change;

static sc_rc apply(sc_sq_conn *c, int64_t seq, const change *k, sc_err *err) {
    bool ended = sc_job_state_ended(k->to);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "UPDATE job SET state = ?1, attempts = ?2, again = 0, lease_owner = '',"
           " lease_until = 0, run_at = CASE ?3 WHEN 0 THEN run_at ELSE ?3 END,"
           " error = CASE ?4 WHEN 0 THEN ?5 ELSE error END, updated_at = ?6, ended_at = ?7"
           " WHERE seq = ?8");
    sc_query_int(&q, k->to);
    sc_query_int(&q, k->attempts);
    sc_query_int(&q, k->run_at_ms);
    sc_query_int(&q, k->keep_error);
    sc_query_text(&q, k->error);
    sc_query_int(&q, k->now_ms);
    sc_query_int(&q, ended ? SC_MAX(k->now_ms, 1) : 0);
    sc_query_int(&q, seq);
    sc_rc rc = sc_query_run(&q, err);
    if (rc == SC_CONFLICT) return sc_fail(err, SC_CONFLICT, "another job does the same already");
    return rc;
}

sc_rc sc_sq_job_find(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t *ret_seq,
                     sc_job_state *ret_state, sc_err *err) {
    standing st;
    sc_rc rc = standing_of(c, project_no, id, &st, err);
    if (rc) return rc;
    *ret_seq = st.seq;
    *ret_state = st.state;
    return SC_OK;
}

sc_rc sc_sq_job_again(sc_sq_conn *c, int64_t seq, sc_job_state from, int64_t now_ms, sc_err *err) {
    change k = {.now_ms = now_ms, .run_at_ms = SC_MAX(now_ms, 1)};
    sc_rc rc = sc_job_next(from, SC_JOB_EV_AGAIN, &k.to, err);
    return rc ? rc : apply(c, seq, &k, err);
}

/* ---- Claiming ---------------------------------------------------------------------------------- */

typedef struct candidate {
    int64_t seq, run_at;
    bool expired; /* it ran and its lease is over */
} candidate;

static sc_rc best_of(sc_sq_conn *c, const char *sql, sc_str kind, int64_t now_ms, bool expired,
                     candidate *best, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, sql);
    bool row;
    sc_query_text(&q, kind);
    sc_query_int(&q, now_ms);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc || !row) return rc;
    candidate k = {.seq = sc_query_get_int(&q), .run_at = sc_query_get_int(&q), .expired = expired};
    bool older = k.run_at < best->run_at || (k.run_at == best->run_at && k.seq < best->seq);
    if (!best->seq || older) *best = k;
    return SC_OK;
}

/* best->seq = 0: nothing is ready. */
static sc_rc find_ready(sc_sq_conn *c, const sc_str *kinds, size_t n_kinds, int64_t now_ms,
                        candidate *best, sc_err *err) {
    static const char ready_sql[] =
        "SELECT seq, run_at FROM job INDEXED BY job_ready WHERE kind = ?"
        " AND state = 0 AND run_at <= ? ORDER BY run_at, seq LIMIT 1";
    static const char leased_sql[] =
        "SELECT seq, run_at FROM job INDEXED BY job_leased WHERE kind = ?"
        " AND state = 1 AND lease_until <= ?"
        " ORDER BY lease_until, seq LIMIT 1";
    /* Nobody waits or leases for so long: the clock was put back since. */
    static const char stranded_sql[] =
        "SELECT seq, run_at FROM job INDEXED BY job_ready WHERE kind = ?"
        " AND state = 0 AND run_at > ? ORDER BY run_at, seq LIMIT 1";
    static const char stranded_lease_sql[] =
        "SELECT seq, run_at FROM job INDEXED BY job_leased WHERE kind = ?"
        " AND state = 1 AND lease_until > ?"
        " ORDER BY lease_until, seq LIMIT 1";
    const int64_t absurd_ms = now_ms + SC_JOB_LONGEST_WAIT_MS;
    sc_rc rc = SC_OK;
    *best = (candidate){0, 0, false};
    for (size_t i = 0; !rc && i < n_kinds; i++) {
        rc = best_of(c, ready_sql, kinds[i], now_ms, false, best, err);
        if (!rc) rc = best_of(c, leased_sql, kinds[i], now_ms, true, best, err);
    }
    for (size_t i = 0; !rc && !best->seq && i < n_kinds; i++) {
        rc = best_of(c, stranded_sql, kinds[i], absurd_ms, false, best, err);
        if (!rc) rc = best_of(c, stranded_lease_sql, kinds[i], absurd_ms, true, best, err);
    }
    return rc;
}

static sc_rc lease(sc_sq_conn *c, int64_t seq, sc_str owner, int64_t lease_ms, int64_t now_ms,
                   sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "UPDATE job SET state = 1, attempts = attempts + 1, fence = fence + 1,"
                       " lease_owner = ?, lease_until = ?, updated_at = ? WHERE seq = ?");
    sc_query_text(&q, owner);
    sc_query_int(&q, now_ms + lease_ms);
    sc_query_int(&q, now_ms);
    sc_query_int(&q, seq);
    return sc_query_run(&q, err);
}

static sc_rc read_by_seq(sc_sq_conn *c, int64_t seq, sc_arena *arena, sc_job *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " SC_SQ_JOB_COLUMNS " FROM job j" SC_SQ_JOB_PROJECT
                                " WHERE j.seq = ?");
    bool row;
    int64_t same;
    sc_query_int(&q, seq);
    sc_rc rc = sc_query_next(&q, &row, err);
    return rc ? rc : sc_sq_job_row(&q, arena, &same, ret, err);
}

/* A holder that vanished with the last attempt leaves a dead letter, not an endless loop. */
static sc_rc bury_expired(sc_sq_conn *c, const candidate *k, int64_t now_ms, bool *ret_buried,
                          sc_err *err) {
    int attempts = 0, max = 0;
    bool again = false;
    {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT attempts, max_attempts, again FROM job WHERE seq = ?");
        bool row;
        sc_query_int(&q, k->seq);
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        attempts = (int)sc_query_get_int(&q);
        max = (int)sc_query_get_int(&q);
        again = sc_query_get_int(&q) != 0;
    }
    *ret_buried = attempts >= max;
    if (!*ret_buried) return SC_OK;
    change dead = {.to = SC_JOB_dead,
                   .attempts = attempts,
                   .now_ms = now_ms,
                   .error = SC_STR("the lease ran out and no attempts are left")};
    sc_rc rc = apply(c, k->seq, &dead, err);
    return rc || !again ? rc : ask_again(c, k->seq, now_ms, err);
}

typedef struct claim_step {
    const sc_str *kinds;
    size_t n_kinds;
    sc_str owner;
    int64_t lease_ms, now_ms;
    sc_arena *arena;
} claim_step;

static sc_rc claim(sc_sq_conn *c, const claim_step *s, bool *ret_found, sc_job *ret, sc_err *err) {
    candidate k;
    bool buried = true;
    *ret_found = false;
    while (buried) {
        sc_rc rc = find_ready(c, s->kinds, s->n_kinds, s->now_ms, &k, err);
        if (rc || !k.seq) return rc;
        rc = bury_expired(c, &k, s->now_ms, &buried, err);
        if (rc) return rc;
    }
    *ret_found = true;
    sc_rc rc = lease(c, k.seq, s->owner, s->lease_ms, s->now_ms, err);
    return rc ? rc : read_by_seq(c, k.seq, s->arena, ret, err);
}

static sc_rc look(sc_sq *s, const claim_step *k, bool *ret_found, sc_err *err) {
    sc_sq_conn *c;
    candidate best;
    sc_rc rc = sc_sq_read_begin(s, &c, err);
    if (rc) return rc;
    rc = sc_sq_read_end(c, find_ready(c, k->kinds, k->n_kinds, k->now_ms, &best, err));
    *ret_found = !rc && best.seq;
    return rc;
}

/* Looks without the writer first: most claims of an idle worker find nothing, and should not stand
 * in the way of those who write. */
sc_rc sc_sq_job_claim(void *self, const sc_str *kinds, size_t n_kinds, sc_str owner,
                      int64_t lease_ms, int64_t now_ms, sc_arena *arena, sc_job *ret, sc_err *err) {
    claim_step k = {kinds, n_kinds, owner, lease_ms, now_ms, arena};
    sc_sq_conn *c;
    sc_job job;
    bool found;
    if (lease_ms <= 0) return sc_fail_field(err, SC_INVALID, "lease_ms", "must be above 0");
    sc_rc rc = look(self, &k, &found, err);
    if (!rc && found) {
        rc = sc_sq_write_begin(self, &c, err);
        if (!rc) rc = sc_sq_write_end(c, claim(c, &k, &found, &job, err), err);
    }
    if (!rc && found) *ret = job;
    if (rc || found) return rc;
    sc_sq_checkpoint(self, SC_SQ_CHECKPOINT_SOFT);
    return sc_fail(err, SC_NOT_FOUND, "no job is ready");
}

static sc_rc extend(sc_sq_conn *c, const sc_id *id, int64_t fence, int64_t until_ms, int64_t now_ms,
                    sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE job SET lease_until = ?, updated_at = ?"
                                " WHERE id = ? AND fence = ? AND state = 1");
    sc_query_int(&q, until_ms);
    sc_query_int(&q, now_ms);
    sc_query_id(&q, id);
    sc_query_int(&q, fence);
    sc_rc rc = sc_query_run(&q, err);
    return !rc && !sc_query_changes(&q) ? fenced(err) : rc;
}

sc_rc sc_sq_job_heartbeat(void *self, const sc_id *id, int64_t fence, int64_t lease_ms,
                          int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, extend(c, id, fence, now_ms + lease_ms, now_ms, err), err);
}

/* ---- Ending ------------------------------------------------------------------------------------ */

static sc_rc end_one(sc_sq_conn *c, const sc_job_end *e, sc_err *err) {
    standing st;
    sc_job_event event = e->event;
    sc_rc rc = standing_of(c, 0, &e->id, &st, err);
    if (rc) return rc;
    if (st.state != SC_JOB_running || st.fence != e->fence) return fenced(err);
    /* A retry with no attempts left would never be claimed again. */
    if (event == SC_JOB_EV_RETRY && st.attempts >= st.max_attempts) event = SC_JOB_EV_BURY;
    change k = {.attempts = st.attempts, .error = e->error, .now_ms = e->now_ms};
    rc = sc_job_next(st.state, event, &k.to, err);
    if (rc) return rc;
    if (event == SC_JOB_EV_RETRY) k.run_at_ms = SC_MAX(e->run_at_ms, 1);
    if (event == SC_JOB_EV_FINISH) k.error = SC_STR_NONE;
    if (event == SC_JOB_EV_RELEASE) {
        k.attempts = SC_MAX(st.attempts - 1, 0);
        k.run_at_ms = e->run_at_ms;
        k.keep_error = true;
    }
    bool ended = k.to != SC_JOB_pending;
    if (st.again && event == SC_JOB_EV_FINISH) { /* the same job goes round again, afresh */
        k.to = SC_JOB_pending;
        k.attempts = 0;
        k.run_at_ms = SC_MAX(e->now_ms, 1);
        ended = false;
    }
    rc = apply(c, st.seq, &k, err);
    return rc || !ended || !st.again ? rc : ask_again(c, st.seq, e->now_ms, err);
}

static sc_rc end_and_tell(sc_sq_conn *c, const sc_job_end *e, sc_err *err) {
    int64_t project_no;
    sc_rc rc = end_one(c, e, err);
    for (size_t i = 0; !rc && i < e->n_events; i++) {
        rc = sc_sq_project_no(c, &e->events[i].project_id, &project_no, err);
        if (!rc) rc = sc_sq_event_add(c, project_no, &e->events[i], err);
    }
    return rc;
}

sc_rc sc_sq_job_end(void *self, const sc_job_end *end, sc_err *err) {
    sc_sq_conn *c;
    switch (end->event) {
    case SC_JOB_EV_FINISH:
    case SC_JOB_EV_RETRY:
    case SC_JOB_EV_BURY:
    case SC_JOB_EV_FAIL:
    case SC_JOB_EV_RELEASE:
    case SC_JOB_EV_TIMEOUT: break;
    default: return sc_fail_field(err, SC_INVALID, "event", "no way for a claimed job to end");
    }
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, end_and_tell(c, end, err), err);
}

/* ---- By a person ------------------------------------------------------------------------------- */

static sc_rc act(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_job_event event,
                 int64_t now_ms, sc_err *err) {
    standing st;
    int64_t project_no;
    sc_rc rc = sc_sq_project_any(c, project, &project_no, err);
    if (!rc) rc = standing_of(c, project_no, id, &st, err);
    if (rc) return rc;
    change k = {.attempts = st.attempts, .keep_error = true, .now_ms = now_ms};
    rc = sc_job_next(st.state, event, &k.to, err);
    if (rc) return rc;
    if (event == SC_JOB_EV_REPLAY) {
        k.attempts = 0;
        k.run_at_ms = SC_MAX(now_ms, 1);
    }
    return apply(c, st.seq, &k, err);
}

sc_rc sc_sq_job_act(void *self, const sc_id *project, const sc_id *id, sc_job_event event,
                    int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    if (event != SC_JOB_EV_CANCEL && event != SC_JOB_EV_REPLAY)
        return sc_fail_field(err, SC_INVALID, "event", "a person may cancel or replay");
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, act(c, project, id, event, now_ms, err), err);
}

static sc_rc drop(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_err *err) {
    standing st;
    int64_t project_no;
    sc_rc rc = sc_sq_project_any(c, project, &project_no, err);
    if (!rc) rc = standing_of(c, project_no, id, &st, err);
    if (rc) return rc;
    if (st.state != SC_JOB_dead)
        return sc_fail(err, SC_CONFLICT, "only a dead letter can be dropped");
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "DELETE FROM job WHERE seq = ?");
    sc_query_int(&q, st.seq);
    rc = sc_query_run(&q, err);
    return rc ? rc : sc_sq_fix_forget(c, st.seq, err);
}

sc_rc sc_sq_job_drop(void *self, const sc_id *project, const sc_id *id, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, drop(c, project, id, err), err);
}
