/* Port: where a repository lives and pull requests are made.
 *
 * A backend is constant ops + an option table + a zeroed instance of ops->size bytes. It holds no retry and no logging: one
 * call is one thing asked, and its code says what to do next:
 *   SC_LIMITED      wait (retry_after_ms), then again; SC_UPSTREAM, SC_TIMEOUT  again, with back-off: it may have been done
 *   SC_INVALID, SC_UNPROCESSABLE                   what was sent is not taken
 *   SC_CONFLICT     it is there already, or has changed
 *   SC_UNAUTHORIZED, SC_FORBIDDEN, SC_NOT_FOUND    the set-up is wrong (GitHub says 404 for what a token may not see)
 * A create may have been done although its answer never came. So whoever makes a pull request asks pr_find first, every time,
 * and whoever files an issue notes that before, and asks issue_find where it was noted.
 *
 * Texts that come back (comments, titles) are foreign. Threads: an instance is thread-safe. */
#ifndef SC_PORTS_FORGE_H
#define SC_PORTS_FORGE_H

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* What every call takes. What comes back lives in the arena. */
typedef struct sc_forge_call {
    sc_str repo;              /* "owner/name"; local: a name below its root     */
    int64_t deadline_ms;      /* wall time                                      */
    const _Atomic bool *stop; /* set by another thread: given up; may be NULL   */
    sc_arena *arena;
} sc_forge_call;

typedef struct sc_forge_repo {
    sc_str default_branch;
    sc_str web_url; /* a page for people; empty: there is none */
    bool is_private, may_push, archived;
} sc_forge_repo;

/* What git needs: an sc_git_remote's members. The token is a secret that may end within the hour. */
typedef struct sc_forge_remote {
    sc_str url, user, token;
    bool may_be_file;
} sc_forge_remote;

typedef enum sc_forge_state { SC_FORGE_OPEN, SC_FORGE_MERGED, SC_FORGE_CLOSED } sc_forge_state;

typedef struct sc_forge_pr {
    int64_t number;
    sc_forge_state state;
    bool draft;
    sc_str url; /* empty: no page but ours */
    sc_str title, body, branch, base;
    sc_str head_commit, merge_commit; /* hex; the latter once merged, if known */
    int64_t created_at_ms, updated_at_ms, merged_at_ms, closed_at_ms; /* 0 = not */
} sc_forge_pr;

typedef struct sc_forge_pr_new {
    sc_str branch, base, title, body;
    const sc_str *labels;
    size_t n_labels;
    bool
        draft; /* where the forge refuses drafts for this repository: an open one; see `draft` of what comes back */
} sc_forge_pr_new;

typedef struct sc_forge_pr_change { /* p NULL: stays */
    sc_str title, body;
} sc_forge_pr_change;

typedef struct sc_forge_comment {
    sc_str id; /* unique in the pull request, stable */
    sc_str author, body, url;
    bool by_bot;    /* written by a program */
    bool may_write; /* the author is an owner, member or collaborator of the repository */
    int64_t created_at_ms, updated_at_ms;
} sc_forge_comment;

typedef struct sc_forge_comments { /* oldest first */
    sc_forge_comment *v;
    size_t n;
    bool more; /* there are later ones than a backend reads (GitHub: 1,000 of a kind) */
} sc_forge_comments;

typedef struct sc_forge_issue_new {
    sc_str title, body;
    const sc_str *labels;
    size_t n_labels;
} sc_forge_issue_new;

typedef struct sc_forge_issue {
    int64_t number;
    sc_str url;
} sc_forge_issue;

typedef struct sc_forge_ops {
    const char *name; /* "github" */
    const char *summary;
    const sc_opt *opts;
    size_t n_opts;
    size_t size; /* of the instance */
    /* All are required but those marked. `conf` is the parsed option struct. SC_INVALID says what to set. */
    sc_rc (*open)(void *self, const void *conf, sc_err *err);
    void (*close)(void *self);
    /* True: the name has the form of a repository of this forge. No I/O. */
    bool (*repo_ok)(const void *self, sc_str repo);
    /* Does the set-up work for this repository? */
    sc_rc (*check)(void *self, const sc_forge_call *c, sc_forge_repo *ret, sc_err *err);
    sc_rc (*remote)(void *self, const sc_forge_call *c, sc_forge_remote *ret, sc_err *err);
    /* The newest pull request of the branch in whatever state; number 0: none. */
    sc_rc (*pr_find)(void *self, const sc_forge_call *c, sc_str branch, sc_forge_pr *ret,
                     sc_err *err);
    /* Labels that the repository has not are made by it or left out; never an error. */
    sc_rc (*pr_create)(void *self, const sc_forge_call *c, const sc_forge_pr_new *pr,
                       sc_forge_pr *ret, sc_err *err);
    sc_rc (*pr_update)(void *self, const sc_forge_call *c, int64_t number,
                       const sc_forge_pr_change *change, sc_forge_pr *ret, sc_err *err);
    sc_rc (*pr_get)(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                    sc_err *err);
    /* Conversation and review comments changed at or after since_ms (0: all). */
    sc_rc (*comments)(void *self, const sc_forge_call *c, int64_t number, int64_t since_ms,
                      sc_forge_comments *ret, sc_err *err);
    sc_rc (*comment)(void *self, const sc_forge_call *c, int64_t number, sc_str body, sc_err *err);
    sc_rc (*issue_create)(void *self, const sc_forge_call *c, const sc_forge_issue_new *issue,
                          sc_forge_issue *ret, sc_err *err);
    /* The newest issue, in whatever state, whose text holds `mark` (not empty); number 0: none. since_ms: it was made then or
     * later, by the forge's clock. SC_UPSTREAM also when there are more since then than a backend reads. */
    sc_rc (*issue_find)(void *self, const sc_forge_call *c, sc_str mark, int64_t since_ms,
                        sc_forge_issue *ret, sc_err *err);
    /* Optional: where people merge and close by our page. SC_CONFLICT: it does not merge cleanly, or is not open. */
    sc_rc (*pr_merge)(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                      sc_err *err);
    sc_rc (*pr_close)(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                      sc_err *err);
    /* A person's comment; `author` is who they are here. */
    sc_rc (*pr_say)(void *self, const sc_forge_call *c, int64_t number, sc_str author, sc_str body,
                    sc_err *err);
} sc_forge_ops;

/* An opened one, as the app hands it round; ops NULL: there is none. */
typedef struct sc_forge {
    const sc_forge_ops *ops;
    void *self;
} sc_forge;

#endif
