/* Retention: reports of issues that have been closed for so long go for good.
 *
 * What goes is a whole issue's reports, never a part of it. An issue may go when it is resolved or ignored, its newest report and its
 * last change are both older than the project's keep_days, and nobody needs it:
 *  - no fix of it is under way, and none has a pull request or an issue at a forge (what was merged names its evidence);
 *  - no action of a person in force (merge, split, move, apart) ties it to an issue that is open: that one's place, and the
 *    action's undo, rest on it.
 * Reports that wait, and those of open issues, are never touched. A report of its kind that comes later opens a new issue.
 * A crash in the middle of an issue is made good: which one it was is stored (setting "retention"), and it is the next to go on.
 * Threads: any. */
#ifndef SC_APP_RETENTION_H
#define SC_APP_RETENTION_H

#include "app/app.h"

typedef struct sc_retention {
    int64_t before_ms; /* what is older may go; 0: nothing does */
    int64_t issues, reports;
    int64_t oldest_ms, newest_ms; /* last reports of those issues */
    /* Closed and old, but kept: */
    int64_t kept_changed, kept_fixed, kept_tied;
    sc_cluster *items; /* the first of those that go */
    size_t n_items;
} sc_retention;

/* What would go now. keep_days 0: nothing. */
sc_rc sc_retention_plan(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                        sc_retention *ret, sc_err *err);
/* Removes as many as budget_us allows, at least one report. *ret_reports, *ret_issues: gone now; *ret_more: there is
 * more to do. */
sc_rc sc_retention_work(sc_app *app, const sc_id *project, int64_t keep_days, int64_t budget_us,
                        int64_t *ret_reports, int64_t *ret_issues, bool *ret_more, sc_err *err);
/* A job "retention" of the worker's: a short step. */
sc_rc sc_retention_job(sc_app *app, const sc_job *job, sc_err *err);
/* The scheduler's, once a minute: asks for one where the project has keep_days. */
sc_rc sc_retention_ask(sc_app *app, const sc_id *project, sc_err *err);

#endif
