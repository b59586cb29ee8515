/* The second lane: jobs that ask a language model. Each call may take half a minute, so they have a thread of
 * their own, and grouping never waits for one.
 *
 *   summarise  a project has issues whose title and summary are due (core/cluster.h)
 *   judge      a project has pairs of issues that may be one (core/pair.h)
 *
 * What is to be done stands in the store's rows, not in the jobs: one job a project and kind, looked
 * for every second. A job that meets a cap, or a service that is left alone, is given back until
 * then without burning an attempt. */
#ifndef SC_APP_ADVISE_H
#define SC_APP_ADVISE_H

#include "app/space.h"
#include "core/job.h"

enum { SC_ADVISE_titles = 1, SC_ADVISE_merges = 2 }; /* what a language model is asked for */

sc_rc sc_advise_start(struct sc_app *app, sc_err *err);
void sc_advise_stop(struct sc_app *app);
/* There may be something to ask. */
void sc_advise_poke(struct sc_app *app);

/* Titles and summaries of a project's issues that are due. *ret_later_ms: when the job is to go on, or 0. */
sc_rc sc_summarise_work(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err);

/* The grey band: pairs of a project's issues that nobody was asked about yet. */
sc_rc sc_judge_work(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err);

/* An issue's reports, the most typical first, then the newest; `most` at most, for which ret has room. */
sc_rc sc_advise_reports(struct sc_app *app, const sc_cluster *c, size_t most, sc_arena *arena,
                        sc_feedback *ret, size_t *ret_n, sc_err *err);
/* Appends reports as a JSON array for a prompt: those of the ids, then the newest of the issue, `most` in all. */
sc_rc sc_advise_quote(struct sc_app *app, const sc_cluster *c, size_t most, sc_buf *out,
                      sc_err *err);

#endif
