#include "core/fix.h"

static const char *const steps[] = {
#define X(name) #name,
    SC_FIX_STEPS(X)
#undef X
};

static const char *const reasons[] = {
#define X(name, words) #name,
    SC_FIX_REASONS(X)
#undef X
};

static const char *const reason_words[] = {
#define X(name, words) words,
    SC_FIX_REASONS(X)
#undef X
};

static const char *const pulls[] = {
#define X(name) #name,
    SC_FIX_PULLS(X)
#undef X
};

const char *sc_fix_step_name(sc_fix_step s) {
    return (unsigned)s < SC_FIX_STEP_COUNT ? steps[s] : "unknown";
}

const char *sc_fix_reason_name(sc_fix_reason r) {
    return (unsigned)r < SC_FIX_REASON_COUNT ? reasons[r] : "unknown";
}

const char *sc_fix_reason_words(sc_fix_reason r) {
    return (unsigned)r < SC_FIX_REASON_COUNT ? reason_words[r] : "unknown";
}

const char *sc_fix_pull_name(sc_fix_pull p) {
    return (unsigned)p < SC_FIX_PULL_COUNT ? pulls[p] : "unknown";
}

bool sc_fix_step_parse(sc_str name, sc_fix_step *ret) {
    for (unsigned i = 0; i < SC_FIX_STEP_COUNT; i++) {
        if (!sc_str_is(name, sc_fix_step_name((sc_fix_step)i))) continue;
        *ret = (sc_fix_step)i;
        return true;
    }
    return false;
}

bool sc_fix_reason_parse(sc_str name, sc_fix_reason *ret) {
    for (unsigned i = 0; i < SC_FIX_REASON_COUNT; i++) {
        if (!sc_str_is(name, sc_fix_reason_name((sc_fix_reason)i))) continue;
        *ret = (sc_fix_reason)i;
        return true;
    }
    return false;
}

bool sc_fix_pull_parse(sc_str name, sc_fix_pull *ret) {
    for (unsigned i = 0; i < SC_FIX_PULL_COUNT; i++) {
        if (!sc_str_is(name, pulls[i])) continue;
        *ret = (sc_fix_pull)i;
        return true;
    }
    return false;
}

/* ---- Steps -------------------------------------------------------------------------------------- */

enum {
    QUEUED = SC_FIX_queued,
    PREPARE = SC_FIX_preparing,
    BASE = SC_FIX_base_tests,
    AGENT = SC_FIX_agent,
    CHECK = SC_FIX_checking,
    PATCHED = SC_FIX_patched_tests,
    PUSH = SC_FIX_pushing,
    OPENED = SC_FIX_opened,
    NO = -1,
};

/* A person's retry of a change that was refused begins anew; one that only the forge did not take is offered
 * again as it is. */
static const signed char next[SC_FIX_STEP_COUNT][SC_FIX_EV_COUNT] = {
    /*           DONE     RESUME   RETRY */
    [QUEUED] = {PREPARE, QUEUED, QUEUED}, [PREPARE] = {BASE, QUEUED, QUEUED},
    [BASE] = {AGENT, QUEUED, QUEUED},     [AGENT] = {CHECK, QUEUED, QUEUED},
    [CHECK] = {PATCHED, CHECK, QUEUED},   [PATCHED] = {PUSH, PATCHED, QUEUED},
    [PUSH] = {OPENED, PUSH, PUSH},        [OPENED] = {NO, OPENED, NO},
};

sc_rc sc_fix_next(sc_fix_step from, sc_fix_event ev, sc_fix_step *ret, sc_err *err) {
    static const char *const events[] = {"done", "resumed", "retried"};
    if ((unsigned)from >= SC_FIX_STEP_COUNT || (unsigned)ev >= SC_FIX_EV_COUNT)
        return sc_fail(err, SC_INVALID, "unknown step or event of a fix");
    if (next[from][ev] == NO)
        return sc_fail(err, SC_CONFLICT, "a fix whose step is %s cannot be %s", steps[from],
                       events[ev]);
    *ret = (sc_fix_step)next[from][ev];
    return SC_OK;
}

void sc_fix_key(const sc_id *cluster, char ret[SC_FIX_KEY]) {
    memcpy(ret, "fix:", 4);
    memcpy(ret + 4, cluster->text, SC_ID_TEXT);
}

/* ---- Branch ------------------------------------------------------------------------------------- */

enum { SLUG = 40, SHORT_ID = 8 };

void sc_fix_branch(const sc_id *cluster, sc_str title, sc_buf *out) {
    size_t n = 0;
    bool gap = true; /* no '-' before the first character */
    sc_buf_puts(out, "soulcaster/");
    /* The end of a UUIDv7 is random; its beginning is the time. */
    sc_buf_put(out, cluster->text + 36 - SHORT_ID, SHORT_ID);
    for (size_t i = 0; i < title.n && n < SLUG; i++) {
        char c = title.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word) {
            gap = true;
            continue;
        }
        if (gap) sc_buf_putc(out, '-');
        gap = false;
        sc_buf_putc(out, c);
        n++;
    }
}

sc_rc sc_fix_check_kept(const sc_job *job, const sc_fix *fix, sc_err *err) {
    if (!sc_id_is_set(&job->id) || !sc_id_is_set(&fix->cluster_id))
        return sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (!sc_str_is(job->kind, "fix")) return sc_fail_field(err, SC_INVALID, "kind", "not fix");
    if (job->state <= SC_JOB_running || (unsigned)job->state >= SC_JOB_STATE_COUNT)
        return sc_fail_field(err, SC_INVALID, "state", "it has not ended");
    if ((unsigned)fix->step >= SC_FIX_STEP_COUNT || (unsigned)fix->reason >= SC_FIX_REASON_COUNT ||
        (unsigned)fix->pull >= SC_FIX_PULL_COUNT)
        return sc_fail_field(err, SC_INVALID, "fix", "a step, reason or pull that is not ours");
    return SC_OK;
}
