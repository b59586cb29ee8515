/* The steps of a fix (core/fix.h), each safe to do again. Threads: the run's worker. */
#ifndef SC_APP_FIX_STEPS_H
#define SC_APP_FIX_STEPS_H

#include "app/fix_internal.h"

/* Goes from the stored step to the end. SC_OK: a pull request (or issue) is there. Otherwise r->fix.reason may say why. */
sc_rc sc_fix_work(sc_fix_run *r, sc_err *err);
/* Removes the run's folder. */
void sc_fix_clear(sc_fix_run *r);
/* Makes the folders that all runs share. */
sc_rc sc_fix_folders(sc_app *app, sc_err *err);
/* Threads of their own; arg is the sc_fixes: the watcher's, and who clears away. */
void *sc_fix_watch_run(void *arg);
void *sc_fix_tidy_run(void *arg);
/* Our bare repository of one of a forge. */
void sc_fix_mirror(const sc_fix_conf *c, sc_str forge, sc_str repository, char ret[SC_FIX_PATH]);

/* ---- Parts (fix_sandbox.c, fix_pull.c) ---------------------------------------------------------- */

typedef struct sc_fix_ran {
    int exit;
    int64_t ms;
    const char *killed_for; /* NULL: it ended of its own accord */
} sc_fix_ran;

/* The commit's files in the folder `name` of the run, fresh; *ret_dir is in the arena. */
sc_rc sc_fix_checkout(sc_fix_run *r, const char *name, sc_str commit, const char **ret_dir,
                      sc_err *err);
/* `sh -c command` in the sandbox on a checkout; what it says is logged as `stream` (static). `hosts`: the project's may be
 * reached. SC_CANCELLED when the run is to stop. */
sc_rc sc_fix_shell(sc_fix_run *r, const char *dir, sc_str command, const char *stream, bool hosts,
                   sc_fix_ran *ret, sc_err *err);
/* The agent on a checkout, with the task as a file and the proxy behind a loopback address. */
sc_rc sc_fix_agent_run(sc_fix_run *r, const char *dir, sc_str task, sc_fix_ran *ret, sc_err *err);

/* What forges are called with. */
sc_forge_call sc_fix_call(sc_fix_run *r);
/* Where git fetches and pushes; its token becomes one of the run's secrets. */
sc_rc sc_fix_remote(sc_fix_run *r, sc_git_remote *ret, sc_err *err);
sc_rc sc_fix_push(sc_fix_run *r, sc_err *err);
sc_rc sc_fix_open_pull(sc_fix_run *r, sc_err *err);
/* It is over, by rc, and may have been cut off while it made its pull request: whether that is there. */
void sc_fix_last_look(sc_fix_run *r, sc_rc rc);

#endif
