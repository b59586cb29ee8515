#include "core/cluster.h"

#include <math.h>

static const char *const names[] = {
#define X(name, final) [SC_CLUSTER_##name] = #name,
    SC_CLUSTER_STATUSES(X)
#undef X
};

const char *sc_cluster_status_name(sc_cluster_status s) {
    return (unsigned)s < SC_CLUSTER_STATUS_COUNT ? names[s] : "unknown";
}

bool sc_cluster_status_parse(sc_str name, sc_cluster_status *ret) {
    for (size_t i = 0; i < SC_CLUSTER_STATUS_COUNT; i++)
        if (sc_str_is(name, names[i])) {
            *ret = (sc_cluster_status)i;
            return true;
        }
    return false;
}

static const char *const event_names[SC_CLUSTER_EV_COUNT] = {
    [SC_CLUSTER_EV_TRIAGE] = "triage",   [SC_CLUSTER_EV_REOPEN] = "reopen",
    [SC_CLUSTER_EV_RESOLVE] = "resolve", [SC_CLUSTER_EV_IGNORE] = "ignore",
    [SC_CLUSTER_EV_SNOOZE] = "snooze",   [SC_CLUSTER_EV_WAKE] = "wake",
    [SC_CLUSTER_EV_REPORT] = "report",   [SC_CLUSTER_EV_FIX] = "fix",
    [SC_CLUSTER_EV_PR] = "pr",           [SC_CLUSTER_EV_PR_CLOSED] = "pr_closed",
};

/* Short forms for the table; NO marks an event that does not fit. */
enum {
    NEW = SC_CLUSTER_new,
    TRI = SC_CLUSTER_triaged,
    FIX = SC_CLUSTER_fixing,
    PRO = SC_CLUSTER_pr_opened,
    RES = SC_CLUSTER_resolved,
    REG = SC_CLUSTER_regressed,
    IGN = SC_CLUSTER_ignored,
    SNO = SC_CLUSTER_snoozed,
    NO = -1,
};

/* A fix that is under way may be resolved (merged elsewhere) or ignored, but not triaged or snoozed:
 * that would hide work that runs. Ignored and resolved ones must be reopened before a fix. */
static const signed char next[SC_CLUSTER_STATUS_COUNT][SC_CLUSTER_EV_COUNT] = {
    /*          TRIAGE REOPEN RESOLVE IGNORE SNOOZE WAKE REPORT FIX  PR   PR_CLOSED */
    [NEW] = {TRI, NO, RES, IGN, SNO, NO, NEW, FIX, PRO, NO},
    [TRI] = {TRI, NO, RES, IGN, SNO, NO, TRI, FIX, PRO, NO},
    [FIX] = {NO, TRI, RES, IGN, NO, NO, FIX, FIX, PRO, TRI},
    [PRO] = {NO, TRI, RES, IGN, NO, NO, PRO, FIX, PRO, TRI},
    [RES] = {NO, TRI, RES, IGN, NO, NO, REG, NO, NO, NO},
    [REG] = {TRI, NO, RES, IGN, SNO, NO, REG, FIX, PRO, NO},
    [IGN] = {NO, TRI, RES, IGN, NO, NO, IGN, NO, NO, NO},
    [SNO] = {TRI, TRI, RES, IGN, SNO, TRI, SNO, FIX, PRO, NO},
};

sc_rc sc_cluster_next(sc_cluster_status from, sc_cluster_event ev, sc_cluster_status *ret,
                      sc_err *err) {
    if ((unsigned)from >= SC_CLUSTER_STATUS_COUNT || (unsigned)ev >= SC_CLUSTER_EV_COUNT)
        return sc_fail(err, SC_INVALID, "unknown cluster status or event");
    signed char to = next[from][ev];
    if (to == NO)
        return sc_fail(err, SC_CONFLICT, "'%s' does not fit a cluster that is %s", event_names[ev],
                       names[from]);
    *ret = (sc_cluster_status)to;
    return SC_OK;
}

static bool being_fixed(sc_cluster_status s) {
    return s == SC_CLUSTER_fixing || s == SC_CLUSTER_pr_opened;
}

sc_rc sc_cluster_restore(sc_cluster_status from, sc_cluster_status to, sc_err *err) {
    if ((unsigned)from >= SC_CLUSTER_STATUS_COUNT || (unsigned)to >= SC_CLUSTER_STATUS_COUNT)
        return sc_fail(err, SC_INVALID, "unknown cluster status");
    if (being_fixed(from) || being_fixed(to))
        return sc_fail(err, SC_CONFLICT, "a cluster that is %s cannot be put back to %s",
                       names[from], names[to]);
    return SC_OK;
}

bool sc_cluster_deserted(const sc_cluster *c) {
    return sc_id_is_set(&c->merged_into) && sc_id_eq(&c->merged_into, &c->id);
}

const char *sc_cluster_quality(const sc_cluster *c) {
    if (c->count <= 1) return "single";
    if (isnan(c->cohesion_mean)) return "unknown";
    if (c->cohesion_mean >= 0.85) return "tight";
    return c->cohesion_mean >= 0.70 ? "moderate" : "loose";
}

int64_t sc_cluster_trend_score(const sc_cluster *c, int64_t today) {
    int64_t score = 0;
    for (int64_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++) {
        int64_t age = today - (c->trend_day - (SC_CLUSTER_TREND_DAYS - 1 - i));
        if (age < 7) /* days ahead of `today` (clock skew) count as recent */
            score += c->trend[i];
        else if (age < 14)
            score -= c->trend[i];
    }
    return score;
}

const char *sc_cluster_title_by(const sc_cluster *c) {
    return c->title_locked ? "person" : c->title_told ? "llm" : "extract";
}

const char *sc_cluster_summary_by(const sc_cluster *c) {
    return c->summary_told ? "llm" : "extract";
}

bool sc_cluster_wants_telling(const sc_cluster *c, bool long_one) {
    if (!c->count || sc_id_is_set(&c->merged_into) || c->status == SC_CLUSTER_ignored) return false;
    if (c->told) return c->count >= 2 * c->told;
    return c->count > 1 || long_one;
}

bool sc_cluster_outgrown(const sc_cluster *c) { return c->told > 0 && 2 * c->count <= c->told; }

void sc_cluster_untell(sc_cluster *c) {
    if (c->title_told) c->title = SC_STR_NONE;
    if (c->summary_told) c->summary = SC_STR_NONE;
    c->title_told = c->summary_told = false;
    c->told = 0;
}
