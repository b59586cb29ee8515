/* Retention: reports of issues that have been closed for so long go for good.
 *
 * What goes is a whole issue's reports, never a part of it. An issue may go when it is resolved or ignored, its newest report and its
 * last change are both older than the project's keep_days, and nobody needs it:
 *  - no fix of it is under way, and none has a pull request or an issue at a forge (what was merged names its evidence);
 *  - no action of a person in force (merge, split, move, apart) ties it to an issue that is open: that one's place, and the
 *    action's undo, rest on it.
 * Reports that wait, and those of open issues, are never touched. A report of its kind that comes later opens a new issue.
 * All that is looked at once more when a report goes, with nobody else changing grouping: an issue that was opened again, got a
 * report or a fix since it was chosen stays (this time). Its last change counts until its first report is gone; then each is one.
 * A crash in the middle of an issue is made good: which one it is is stored once its first report is gone (setting "retention"), and
 * it is the next to go on. Where just that is not stored any more, what is left waits until it is old enough again.
 * A turn is short however many issues there are: it ends after its time, and another one goes on where it stopped; where that is
 * for the worker's is stored, too (setting "retention.at").
 * Threads: any. */
#ifndef SC_APP_RETENTION_H
#define SC_APP_RETENTION_H

#include "app/app.h"

typedef struct sc_retention {
    int64_t before_ms; /* what is older may go; 0: nothing does */
    int64_t issues, reports;
    int64_t oldest_ms, newest_ms; /* last reports of those issues */
    /* Closed and old, but kept; one that is for several reasons is tied, else changed. */
    int64_t kept_changed, kept_fixed, kept_tied;
    sc_cluster *items; /* the first of those that go: id, title, status, count and last_seen_ms */
    size_t n_items;
} sc_retention;

typedef struct sc_retention_turn {
    int64_t reports, issues; /* gone now; issues: those that have none left */
    bool more;               /* there may be more to do */
    sc_str at;               /* the place to go on from, in the arena */
} sc_retention_turn;

/* What would go now. keep_days 0: nothing. */
sc_rc sc_retention_plan(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                        sc_retention *ret, sc_err *err);
/* Looks at issues from the place `from` on (of a former turn; empty: the beginning), and removes as many reports as budget_us
 * allows: at least one report, or one page of issues. SC_INVALID (field "cursor"): no such place. */
sc_rc sc_retention_work(sc_app *app, const sc_id *project, int64_t keep_days, int64_t budget_us,
                        sc_str from, sc_arena *arena, sc_retention_turn *ret, sc_err *err);
/* A job "retention" of the worker's: a short step. */
sc_rc sc_retention_job(sc_app *app, const sc_job *job, sc_err *err);
/* The scheduler's, once a minute: asks for one where the project has keep_days. */
sc_rc sc_retention_ask(sc_app *app, const sc_id *project, sc_err *err);

#endif
