/* Tidying: in idle time everything in a project is looked at together (group/pass.h), so that what
 * order reports came in hardly matters.
 *
 * A "tidy" job is asked for when enough was placed since the last whole pass (2 %), and waits until
 * grouping has been quiet for conf.tidy_ms. It goes in steps: readers never wait but for a few moves at
 * a time, and new reports come first. Each step is one atomic write like any other of the worker's, under
 * the job's fence. A project that is never quiet is tidied all the same, one step at a time, from 20 times
 * that long on. It ends when a whole pass has changed nothing. Threads: the worker's alone. */
#ifndef SC_APP_TIDY_H
#define SC_APP_TIDY_H

#include "app/space.h"
#include "core/job.h"

/* Some reports were placed; `writer` held. */
void sc_tidy_note(sc_space *s, size_t placed);
/* In ms; 0 or less: grouping has been quiet for conf.tidy_ms. */
int64_t sc_tidy_until_quiet_ms(const sc_space *s);
/* Asks for a tidy job when one is due and this process has none waiting. */
sc_rc sc_tidy_ask(sc_space *s, sc_err *err);
/* Works on one. *ret_later_ms: when the job is to go on (it is then released until that time), or 0. */
sc_rc sc_tidy_work(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err);

#endif
