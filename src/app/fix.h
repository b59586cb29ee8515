/* Fixes: from an issue to a draft pull request that nobody has to fear.
 *
 * A fix is a job of kind "fix" (core/fix.h); its worker is a lane of its own, one thread a fix (`workers`). The agent is
 * hostile by assumption: it runs in a sandbox without a network, a credential or a file of ours, and hands back a
 * changed tree. What is done with that is decided here: rules, tests, the branch, and whose words a pull request
 * has. Everything below is mechanism: runner (sandbox), git, patch, proxy (model calls), forge.
 *
 * Threads: all functions from any thread. */
#ifndef SC_APP_FIX_H
#define SC_APP_FIX_H

#include "app/fix_settings.h"
#include "app/forge_guard.h"
#include "core/fix.h"
#include "ports/forge.h"
#include "ports/runner.h"
#include "proxy/proxy.h"

struct sc_app;

typedef struct sc_fix_conf {
    unsigned workers;     /* fixes at once in this process; 0: it only takes orders */
    const char *dir;      /* a folder of ours: mirrors, work trees, sockets */
    const char *data_dir; /* that no sandbox may see */
    const char *git;      /* the git program's absolute path; NULL: there is none */
    /* What agents run in; asked for each time, and may wait until it is known. ops NULL: there is none, and *ret_why says
     * why, as long as the app is there. NULL: nothing is known of one. */
    void (*runner)(void *self, sc_runner *ret, const char **ret_why);
    void *runner_self;
    const sc_forge *forges;
    size_t n_forges;
    const sc_proxy_upstream *upstreams; /* where models answer; none: agents have no model */
    size_t n_upstreams;
    sc_rc (*key)(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err);
    void *key_self;
    const sc_str *secrets; /* that no log and no pull request may hold */
    size_t n_secrets;
    const char *public_url; /* of this server's pages, for links in pull requests; NULL: none */
    int64_t watch_ms;       /* pull requests are looked at so often */
    int64_t max_ms;         /* a fix takes at most so long, whatever a project says */
} sc_fix_conf;

void sc_fix_conf_default(sc_fix_conf *c);

/* ---- People and policy ask ---------------------------------------------------------------------- */

typedef struct sc_fix_ask {
    sc_str agent;        /* empty: the project's */
    sc_str instructions; /* besides the plan; data */
    sc_str by;
    sc_str request_id;
    bool force;    /* although an open pull request of ours touches the same cause */
    sc_id follows; /* continue this one's branch */
} sc_fix_ask;

/* Queues a fix, or answers the one that is under way. SC_UNPROCESSABLE: what is missing; SC_CONFLICT: the status
 * does not allow it, or an open pull request touches the same cause; SC_LIMITED: a cap of the day. */
sc_rc sc_fix_start(struct sc_app *app, const sc_id *project, const sc_id *cluster,
                   const sc_fix_ask *ask, sc_arena *arena, sc_fix *ret, sc_err *err);
/* SC_CONFLICT: it is over already. A running one ends within seconds. */
sc_rc sc_fix_cancel(struct sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                    sc_fix *ret, sc_err *err);
/* SC_CONFLICT: it is under way, or ended well. */
sc_rc sc_fix_retry(struct sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                   sc_fix *ret, sc_err *err);

/* ---- Plans -------------------------------------------------------------------------------------- */

/* Makes one of the issue as it is, and stores it as the newest. may_ask: the language model words it, where there is one
 * (which may take a minute); else a template does. */
sc_rc sc_fix_plan_make(struct sc_app *app, const sc_id *project, const sc_id *cluster, bool may_ask,
                       sc_arena *arena, sc_plan *ret, sc_err *err);
/* p NULL: stays as it is. seen: the version that was edited, 0 = whatever is the newest. */
typedef struct sc_plan_edit {
    sc_str problem, expected, evidence, acceptance;
    int64_t seen;
} sc_plan_edit;
sc_rc sc_fix_plan_save(struct sc_app *app, const sc_id *project, const sc_id *cluster,
                       const sc_plan_edit *edit, sc_str by, sc_arena *arena, sc_plan *ret,
                       sc_err *err);

/* ---- Settings and state ------------------------------------------------------------------------- */

sc_rc sc_fix_settings_get(struct sc_app *app, const sc_id *project, sc_arena *arena,
                          sc_fix_settings *ret, sc_err *err);
/* SC_UNPROCESSABLE names the member. */
sc_rc sc_fix_settings_put(struct sc_app *app, const sc_id *project, const json_t *settings,
                          sc_err *err);

typedef struct sc_fix_state {
    sc_fix_settings settings;
    const char *missing[8]; /* what is to be done first, for people */
    size_t n_missing;
    bool sandboxed;
    int64_t running, waiting, open_pulls;
    int64_t started_today, by_policy_today, micro_usd_today;
} sc_fix_state;
sc_rc sc_fix_state_get(struct sc_app *app, const sc_id *project, sc_arena *arena, sc_fix_state *ret,
                       sc_err *err);

/* The agents that may be named, one after the other; false: there is no i-th. */
bool sc_fix_agent_at(size_t i, const char **ret_name, const char **ret_summary);

/* ---- Pull requests ------------------------------------------------------------------------------ */

typedef struct sc_fix_pull_view {
    sc_forge_pr pr;
    sc_forge_comments comments;
    bool may_merge, may_close, may_comment;
} sc_fix_pull_view;
/* As the forge has it. SC_NOT_FOUND: the fix has none. */
sc_rc sc_fix_pull_get(struct sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_fix_pull_view *ret, sc_err *err);
typedef enum sc_fix_act { SC_FIX_MERGE, SC_FIX_CLOSE, SC_FIX_COMMENT } sc_fix_act;
/* Where the forge lets us (may_*), else SC_CONFLICT. `by`: who acts. */
sc_rc sc_fix_pull_act(struct sc_app *app, const sc_id *project, const sc_id *id, sc_fix_act act,
                      sc_str by, sc_str body, sc_arena *arena, sc_fix_pull_view *ret, sc_err *err);
/* Somebody says that people answered this pull request: where it is one of ours, a look at it is asked for now. */
sc_rc sc_fix_pull_hint(struct sc_app *app, const sc_id *project, sc_str repo, int64_t number,
                       sc_err *err);

enum { SC_FIX_MAX_FORGES = 4 };
/* How it stands with the forges; ret has room for SC_FIX_MAX_FORGES. Never waits. */
size_t sc_fix_forges_look(struct sc_app *app, sc_forge_guard_state *ret);

#endif
