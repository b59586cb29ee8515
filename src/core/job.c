#include "core/job.h"

static const char *const names[] = {
#define X(name) #name,
    SC_JOB_STATES(X)
#undef X
};

const char *sc_job_state_name(sc_job_state s) {
    return (unsigned)s < SC_JOB_STATE_COUNT ? names[s] : "unknown";
}

bool sc_job_state_parse(sc_str name, sc_job_state *ret) {
    for (unsigned i = 0; i < SC_JOB_STATE_COUNT; i++) {
        if (!sc_str_is(name, names[i])) continue;
        *ret = (sc_job_state)i;
        return true;
    }
    return false;
}

bool sc_job_state_ended(sc_job_state s) { return s != SC_JOB_pending && s != SC_JOB_running; }

static const struct {
    sc_job_state from;
    sc_job_event event;
    sc_job_state to;
} transitions[] = {
    {SC_JOB_pending, SC_JOB_EV_CLAIM, SC_JOB_running},
    {SC_JOB_pending, SC_JOB_EV_CANCEL, SC_JOB_cancelled},
    {SC_JOB_running, SC_JOB_EV_FINISH, SC_JOB_success},
    {SC_JOB_running, SC_JOB_EV_RETRY, SC_JOB_pending},
    {SC_JOB_running, SC_JOB_EV_BURY, SC_JOB_dead},
    {SC_JOB_running, SC_JOB_EV_FAIL, SC_JOB_failed},
    {SC_JOB_running, SC_JOB_EV_RELEASE, SC_JOB_pending},
    {SC_JOB_running, SC_JOB_EV_EXPIRE, SC_JOB_pending},
    {SC_JOB_running, SC_JOB_EV_CANCEL, SC_JOB_cancelled},
    {SC_JOB_running, SC_JOB_EV_TIMEOUT, SC_JOB_timed_out},
    {SC_JOB_dead, SC_JOB_EV_REPLAY, SC_JOB_pending},
    {SC_JOB_dead, SC_JOB_EV_AGAIN, SC_JOB_pending},
    {SC_JOB_failed, SC_JOB_EV_AGAIN, SC_JOB_pending},
    {SC_JOB_cancelled, SC_JOB_EV_AGAIN, SC_JOB_pending},
    {SC_JOB_timed_out, SC_JOB_EV_AGAIN, SC_JOB_pending},
};

static const char *const events[SC_JOB_EV_COUNT] = {
    [SC_JOB_EV_CLAIM] = "claimed",     [SC_JOB_EV_FINISH] = "finished",
    [SC_JOB_EV_RETRY] = "retried",     [SC_JOB_EV_BURY] = "buried",
    [SC_JOB_EV_FAIL] = "failed",       [SC_JOB_EV_RELEASE] = "released",
    [SC_JOB_EV_EXPIRE] = "expired",    [SC_JOB_EV_CANCEL] = "cancelled",
    [SC_JOB_EV_TIMEOUT] = "timed out", [SC_JOB_EV_REPLAY] = "replayed",
    [SC_JOB_EV_AGAIN] = "tried again",
};

sc_rc sc_job_next(sc_job_state from, sc_job_event ev, sc_job_state *ret, sc_err *err) {
    for (size_t i = 0; i < SC_LEN(transitions); i++) {
        if (transitions[i].from != from || transitions[i].event != ev) continue;
        *ret = transitions[i].to;
        return SC_OK;
    }
    return sc_fail(err, SC_CONFLICT, "a job that is %s cannot be %s", sc_job_state_name(from),
                   (unsigned)ev < SC_JOB_EV_COUNT ? events[ev] : "changed like this");
}

int64_t sc_job_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint32_t random,
                          int64_t retry_after_ms) {
    int64_t top = SC_MAX(base_ms, 0);
    cap_ms = SC_MAX(cap_ms, 0);
    for (int i = 1; i < attempt && top < cap_ms; i++)
        if (__builtin_mul_overflow(top, 2, &top) || top == 0) break;
    if (top < 0 || top > cap_ms) top = cap_ms;
    /* top * random / 2^32 without overflow: uniform in [0, top]. */
    int64_t wait = (int64_t)(((unsigned __int128)top * random + UINT32_MAX / 2) / UINT32_MAX);
    return SC_MAX(wait, retry_after_ms);
}

bool sc_job_died(const sc_job *j) {
    return j->attempts > 1 && (!j->error.n || sc_str_is(j->error, SC_JOB_DIED));
}
