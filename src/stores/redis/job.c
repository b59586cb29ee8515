/* Jobs: asking for them, claiming them, ending them. */
#include "stores/redis/steps.h"

void sc_rd_pack_job(sc_buf *b, const sc_job *j, int64_t number) {
    sc_job fresh = *j;
    fresh.state = SC_JOB_pending;
    fresh.attempts = 0;
    fresh.fence = fresh.ended_at_ms = 0;
    fresh.error = SC_STR_NONE;
    fresh.updated_at_ms = j->created_at_ms;
    sc_rd_pack_job_as_it_is(b, &fresh, number);
}

void sc_rd_pack_job_as_it_is(sc_buf *b, const sc_job *j, int64_t number) {
    sc_pack_array(b, 19);
    sc_pack_id(b, &j->id);
    sc_pack_id_text(b, &j->project_id);
    sc_pack_str(b, j->kind);
    sc_pack_str(b, j->unique_key);
    sc_pack_str(b, j->payload.n ? j->payload : SC_STR("{}"));
    sc_pack_int(b, j->state);
    sc_pack_int(b, j->attempts);
    sc_pack_int(b, SC_MAX(j->max_attempts, 1));
    sc_pack_int(b, j->fence);
    sc_pack_str(b, SC_STR_NONE);
    sc_pack_int(b, 0);
    sc_pack_int(b, j->run_at_ms);
    sc_pack_int(b, j->created_at_ms);
    sc_pack_int(b, j->updated_at_ms);
    sc_pack_int(b, j->ended_at_ms);
    sc_pack_str(b, j->error);
    sc_pack_str(b, j->request_id);
    sc_pack_int(b, 0);
    sc_pack_int(b, number);
}

sc_job sc_rd_job_row(sc_str row, sc_arena *arena, int64_t *ret_seq, bool *bad, bool *nomem) {
    sc_unpack u = sc_unpack_of(row);
    sc_unpack_array(&u);
    sc_job j = {.id = sc_unpack_id(&u)};
    j.project_id = sc_unpack_id_text(&u);
    j.kind = sc_unpack_text(&u, arena, nomem);
    j.unique_key = sc_unpack_text(&u, arena, nomem);
    j.payload = sc_unpack_text(&u, arena, nomem);
    j.state = (sc_job_state)sc_unpack_enum(&u, SC_JOB_STATE_COUNT);
    j.attempts = (int)sc_unpack_int(&u);
    j.max_attempts = (int)sc_unpack_int(&u);
    j.fence = sc_unpack_int(&u);
    j.lease_owner = sc_unpack_text(&u, arena, nomem);
    j.lease_until_ms = sc_unpack_int(&u);
    j.run_at_ms = sc_unpack_int(&u);
    j.created_at_ms = sc_unpack_int(&u);
    j.updated_at_ms = sc_unpack_int(&u);
    j.ended_at_ms = sc_unpack_int(&u);
    j.error = sc_unpack_text(&u, arena, nomem);
    j.request_id = sc_unpack_text(&u, arena, nomem);
    j.again = sc_unpack_int(&u) != 0;
    *ret_seq = sc_unpack_int(&u);
    *bad |= u.bad;
    return j;
}

sc_rc sc_rd_job_enqueue(void *self, const sc_job *job, sc_id *ret_id, sc_err *err) {
    unsigned char b[16];
    int64_t number;
    if (!sc_id_to_bytes(&job->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (job->kind.n == 0) return sc_fail_field(err, SC_INVALID, "kind", "missing");
    SC_RD_RUN(r);
    sc_rc rc = sc_rd_known_any(self, &job->project_id, err);
    if (!rc) rc = sc_rd_number(self, &number, err);
    if (rc) return rc;
    sc_buf_init(&r.args, 64 << 20);
    sc_rd_pack_job(&r.args, job, number);
    rc = sc_rd_write(self, SC_RD_job_enqueue, &job->project_id, NULL, 0, &r, err);
    if (rc) return rc;
    sc_id id = sc_unpack_id(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_id = id;
    return rc;
}

/* ---- Claiming ------------------------------------------------------------------------------------ */

typedef struct claim_step {
    sc_rd *s;
    const sc_str *kinds;
    size_t n_kinds;
    sc_str owner;
    int64_t lease_ms, now_ms;
    sc_arena *arena;
} claim_step;

static int64_t fixed_ms(void *self) { return *(int64_t *)self; }

static sc_id new_id(int64_t now_ms) {
    sc_clock clock = {.wall_ms = fixed_ms, .self = &now_ms};
    return sc_id_new(&clock);
}

static void pack_kinds(sc_buf *b, const claim_step *k) {
    sc_pack_array(b, k->n_kinds);
    for (size_t i = 0; i < k->n_kinds; i++) sc_pack_str(b, k->kinds[i]);
}

/* The exact step in one project. *ret_found: 0 nothing, 1 a job, 2 one was buried. */
static sc_rc claim_in(const claim_step *k, const sc_id *project, int64_t *ret_found, sc_job *ret,
                      sc_err *err) {
    SC_RD_RUN(r);
    int64_t number, seq;
    sc_id spare = new_id(k->now_ms);
    bool bad = false, nomem = false;
    sc_rc rc = sc_rd_number(k->s, &number, err);
    sc_rd_run_init(&r, 7);
    pack_kinds(&r.args, k);
    sc_pack_str(&r.args, k->owner);
    sc_pack_int(&r.args, k->lease_ms);
    sc_pack_int(&r.args, k->now_ms);
    sc_pack_int(&r.args, k->now_ms + SC_JOB_LONGEST_WAIT_MS);
    sc_pack_id(&r.args, &spare);
    sc_pack_int(&r.args, number);
    if (!rc) rc = sc_rd_write(k->s, SC_RD_job_claim, project, NULL, 0, &r, err);
    if (rc) return rc;
    int64_t found = sc_unpack_int(&r.body);
    sc_job job = {.fence = 0};
    if (found == 1) job = sc_rd_job_row(sc_unpack_str(&r.body), k->arena, &seq, &bad, &nomem);
    r.body.bad |= bad;
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret_found = found;
    if (found == 1) {
        sc_rd_home_note(k->s, &job.id, project);
        *ret = job;
    }
    return SC_OK;
}

/* The projects that may have one, the longest due first. A hint that says too much costs a look. */
static sc_rc claim_any(const claim_step *k, bool *ret_found, sc_job *ret, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 3);
    pack_kinds(&r.args, k);
    sc_pack_int(&r.args, k->now_ms);
    sc_pack_int(&r.args, k->now_ms + SC_JOB_LONGEST_WAIT_MS);
    sc_rc rc = sc_rd_ask(k->s, SC_RD_ready, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    for (size_t i = 0; i < n; i++) {
        sc_id project = sc_unpack_id_text(&r.body);
        int64_t found = 2;
        while (!rc && found == 2) rc = claim_in(k, &project, &found, ret, err);
        if (rc) return rc;
        *ret_found = found == 1;
        if (found == 1) return SC_OK;
    }
    return sc_rd_read_check(&r.body, false, err);
}

sc_rc sc_rd_job_claim(void *self, const sc_str *kinds, size_t n_kinds, sc_str owner,
                      int64_t lease_ms, int64_t now_ms, sc_arena *arena, sc_job *ret, sc_err *err) {
    const claim_step k = {self, kinds, n_kinds, owner, lease_ms, now_ms, arena};
    bool found = false;
    sc_err untold = {0};
    if (lease_ms <= 0) return sc_fail_field(err, SC_INVALID, "lease_ms", "must be above 0");
    const sc_rc swept = sc_rd_sweep(self, now_ms, &untold);
    sc_rc rc = n_kinds ? claim_any(&k, &found, ret, err) : SC_OK;
    if (rc || found) return rc;
    if (!swept) return sc_fail(err, SC_NOT_FOUND, "no job is ready");
    if (err) *err = untold; /* there may be jobs that nobody was told of */
    return swept;
}

static sc_rc fenced(sc_rc rc, sc_err *err) {
    return rc == SC_NOT_FOUND
               ? sc_fail(err, SC_FENCED,
                         "the job is no longer ours: its lease ran out or it was stopped")
               : rc;
}

sc_rc sc_rd_job_heartbeat(void *self, const sc_id *id, int64_t fence, int64_t lease_ms,
                          int64_t now_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    sc_rd_run_init(&r, 4);
    sc_pack_id(&r.args, id);
    sc_pack_int(&r.args, fence);
    sc_pack_int(&r.args, now_ms + lease_ms);
    sc_pack_int(&r.args, now_ms);
    sc_rc rc = sc_rd_home_of(self, id, &home, err);
    if (!rc) rc = sc_rd_write(self, SC_RD_job_heartbeat, &home, NULL, 0, &r, err);
    return fenced(rc, err);
}

/* ---- Ending -------------------------------------------------------------------------------------- */

sc_rc sc_rd_job_end(void *self, const sc_job_end *e, sc_err *err) {
    SC_RD_RUN(r);
    sc_job_state to = SC_JOB_pending, buried = SC_JOB_dead;
    sc_id home, spare = new_id(e->now_ms);
    int64_t number;
    sc_str mode;
    switch (e->event) {
    case SC_JOB_EV_FINISH: mode = SC_STR("finish"); break;
    case SC_JOB_EV_RETRY: mode = SC_STR("retry"); break;
    case SC_JOB_EV_RELEASE: mode = SC_STR("release"); break;
    case SC_JOB_EV_BURY:
    case SC_JOB_EV_FAIL:
    case SC_JOB_EV_TIMEOUT: mode = SC_STR("end"); break;
    default: return sc_fail_field(err, SC_INVALID, "event", "no way for a claimed job to end");
    }
    sc_rc rc = sc_job_next(SC_JOB_running, e->event, &to, err);
    if (!rc) rc = sc_job_next(SC_JOB_running, SC_JOB_EV_BURY, &buried, err);
    if (!rc) rc = sc_rd_home_of(self, &e->id, &home, err);
    if (!rc) rc = sc_rd_number(self, &number, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 11);
    sc_pack_id(&r.args, &e->id);
    sc_pack_int(&r.args, e->fence);
    sc_pack_str(&r.args, mode);
    sc_pack_int(&r.args, to);
    sc_pack_int(&r.args, buried);
    sc_pack_int(&r.args, e->run_at_ms);
    sc_pack_str(&r.args, e->error);
    sc_pack_int(&r.args, e->now_ms);
    sc_pack_id(&r.args, &spare);
    sc_pack_int(&r.args, number);
    sc_rd_pack_events(&r.args, e->events, e->n_events);
    return sc_rd_write(self, SC_RD_job_end, &home, e->events, e->n_events, &r, err);
}

/* ---- By a person --------------------------------------------------------------------------------- */

void sc_rd_pack_moves(sc_buf *b, sc_job_event event) {
    sc_pack_array(b, SC_JOB_STATE_COUNT);
    for (int from = 0; from < SC_JOB_STATE_COUNT; from++) {
        sc_job_state to;
        bool fits = !sc_job_next((sc_job_state)from, event, &to, NULL);
        sc_pack_int(b, fits ? (int64_t)to : -1);
    }
}

sc_rc sc_rd_home_in(sc_rd *s, const sc_id *project, const sc_id *id, sc_id *ret, sc_err *err) {
    sc_rc rc = sc_rd_known_any(s, project, err);
    if (!rc && project && sc_id_is_set(project))
        *ret = *project;
    else if (!rc)
        rc = sc_rd_home_of(s, id, ret, err);
    return rc;
}

sc_rc sc_rd_job_act(void *self, const sc_id *project, const sc_id *id, sc_job_event event,
                    int64_t now_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    if (event != SC_JOB_EV_CANCEL && event != SC_JOB_EV_REPLAY)
        return sc_fail_field(err, SC_INVALID, "event", "a person may cancel or replay");
    sc_rd_run_init(&r, 4);
    sc_pack_id(&r.args, id);
    sc_rd_pack_moves(&r.args, event);
    sc_pack_int(&r.args, event == SC_JOB_EV_REPLAY);
    sc_pack_int(&r.args, now_ms);
    sc_rc rc = sc_rd_home_in(self, project, id, &home, err);
    return rc ? rc : sc_rd_write(self, SC_RD_job_act, &home, NULL, 0, &r, err);
}

sc_rc sc_rd_job_drop(void *self, const sc_id *project, const sc_id *id, sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    sc_rd_run_init(&r, 1);
    sc_pack_id(&r.args, id);
    sc_rc rc = sc_rd_home_in(self, project, id, &home, err);
    return rc ? rc : sc_rd_write(self, SC_RD_job_drop, &home, NULL, 0, &r, err);
}

sc_rc sc_rd_job_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena, sc_job *ret,
                    sc_err *err) {
    SC_RD_RUN(r);
    sc_id home;
    int64_t seq;
    bool bad = false, nomem = false;
    sc_rd_run_init(&r, 1);
    sc_pack_id(&r.args, id);
    sc_rc rc = sc_rd_home_in(self, project, id, &home, err);
    if (!rc) rc = sc_rd_ask(self, SC_RD_job_get, &home, &r, err);
    if (rc) return rc;
    sc_job job = sc_rd_job_row(sc_unpack_str(&r.body), arena, &seq, &bad, &nomem);
    r.body.bad |= bad;
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = job;
    return rc;
}
