/* The real git program, run so that nothing of a repository runs and nothing outside of it is read.
 *
 * Every run has a fixed argv (no shell), an environment of our own, a deadline and an output cap. The repository is always
 * ours: a bare one outside the sandbox, named by --git-dir. A work directory is somebody else's: its .git is never opened,
 * and git is not asked what is in it; sc_git_snapshot walks it without following a link, and hands git bytes.
 * Hooks, filters, attributes, fsmonitor, submodules, LFS and helpers are off; objects that come in are checked (fsck).
 *
 * A token reaches git in a configuration that is an anonymous file in memory (memfd, inherited by number): it is in no
 * argv, no environment, no file with a name and no word of an error. GIT_ASKPASS would do, too, but takes a program without
 * arguments and costs a round trip for the 401 that makes git ask.
 *
 * Errors: SC_NOT_FOUND no such repository or branch; SC_UNAUTHORIZED, SC_FORBIDDEN the token is not taken; SC_CONFLICT the
 * branch is not where it was thought; SC_UPSTREAM the other side is down; SC_TIMEOUT; SC_CANCELLED; SC_UNPROCESSABLE what
 * was asked cannot be done with these contents. What git said is in the words, without the token.
 *
 * Threads: an sc_git is plain data; runs in one repository may overlap, also of several processes. Fetches wait for each other
 * (git/lock.h). */
#ifndef SC_GIT_GIT_H
#define SC_GIT_GIT_H

#include "base/mem.h"
#include "base/str.h"

enum { SC_GIT_ID_TEXT = 65, SC_GIT_MAX_DEPTH = 64 };

typedef struct sc_git {
    const char *program;      /* absolute path; sc_proc_find */
    const char *home;         /* an empty folder of ours: HOME, and where git is started */
    const _Atomic bool *stop; /* set by another thread: the run is ended; may be NULL */
    int64_t timeout_ms;       /* of one run */
} sc_git;

typedef struct sc_git_id { /* of a commit or tree, in hex (SHA-1 or SHA-256); empty = none */
    char text[SC_GIT_ID_TEXT];
} sc_git_id;

static inline bool sc_git_id_is_set(const sc_git_id *id) { return id->text[0] != 0; }
/* 40 or 64 lower-case hex digits; otherwise an empty id. */
sc_git_id sc_git_id_of(sc_str s);

/* Where to fetch from and push to. https://, http:// to this machine only, file:// only with may_be_file. */
typedef struct sc_git_remote {
    sc_str url;
    sc_str user, token; /* basic authentication; an empty token: none */
    bool may_be_file;
} sc_git_remote;

typedef struct sc_git_person {
    sc_str name, email;
} sc_git_person;

/* What sc_git_snapshot takes at most, before anything is given to git. */
typedef struct sc_git_limits {
    size_t max_entries;    /* files and folders that are looked at */
    size_t max_changed;    /* files that differ from the base      */
    size_t max_file_bytes; /* one changed file                     */
    size_t max_bytes;      /* all changed files                    */
} sc_git_limits;

/* "2.39.5"; SC_UNPROCESSABLE when it is older than what is needed (2.38). */
sc_rc sc_git_version(const sc_git *g, sc_arena *arena, sc_str *ret, sc_err *err);

/* A name that is safe as a branch: git's own rules, nothing that begins with '-', printable ASCII, at most 200 bytes. */
bool sc_git_branch_ok(sc_str name);
/* SC_INVALID unless it is one of the kinds of URL above, without a user, a query or a control character. */
sc_rc sc_git_url_check(const sc_git_remote *r, sc_err *err);

/* ---- The repository of ours ---------------------------------------------------------------------------------- */

/* Is the commit (or tree) there? No repository has none. */
sc_rc sc_git_has(const sc_git *g, const char *dir, const sc_git_id *id, bool *ret, sc_err *err);
/* Packs what is there and drops what nothing names and nobody wrote in 14 days; SC_GIT_PACKED of it is as old as that. SC_TIMEOUT: in
 * use. */
sc_rc sc_git_pack(const sc_git *g, const char *dir, sc_err *err);
#define SC_GIT_PACKED "soulcaster.packed"
/* When it was fetched to or checked out of last, or made (Unix time); INT64_MAX: it is not there. */
int64_t sc_git_used_s(const char *dir);
/* Removes it all, unless it was used after used_s. Before anything of it goes it gets another name beside its own, SC_GIT_GONE and
 * what is random: who comes meanwhile makes it anew. What a crash left of such a name is the caller's to remove. What is not there is
 * removed. SC_TIMEOUT: in use; SC_CONFLICT: it was used. */
sc_rc sc_git_remove(const sc_git *g, const char *dir, int64_t used_s, sc_err *err);
#define SC_GIT_GONE "soulcaster-gone-"
/* Makes `dir` an empty bare repository unless it is one. */
sc_rc sc_git_init(const sc_git *g, const char *dir, sc_err *err);
/* sc_git_init, then fetches the newest commit of `branch` (empty: the remote's HEAD),
 * without its history. */
sc_rc sc_git_fetch(const sc_git *g, const char *dir, const sc_git_remote *r, sc_str branch,
                   sc_git_id *ret_commit, sc_err *err);
/* Where the branch of the remote is; an empty id when there is none. */
sc_rc sc_git_remote_head(const sc_git *g, const sc_git_remote *r, sc_str branch,
                         sc_git_id *ret_commit, sc_err *err);
/* The files of a commit into the empty folder work_dir; no .git there. Bytes as they are in the repository:
 * no line-end, encoding or filter attribute counts. Submodules are empty folders. SC_UNPROCESSABLE: over a million files or
 * 16 GiB. */
sc_rc sc_git_checkout(const sc_git *g, const char *dir, const sc_git_id *commit,
                      const char *work_dir, sc_err *err);
/* What work_dir holds now, as a tree in `dir`; `base` is a commit, or empty: everything is new. A .git at its top is left out, files that a .gitignore names are too unless
 * `base` has them. SC_UNPROCESSABLE names the path: a repository within (.git and whatever some file system takes for it),
 * something in a submodule's folder, more than the limits. Nobody may change work_dir meanwhile. */
sc_rc sc_git_snapshot(const sc_git *g, const char *dir, const sc_git_id *base, const char *work_dir,
                      const sc_git_limits *limits, sc_git_id *ret_tree, sc_err *err);
/* The unified diff of two commits or trees, renames as removal and addition, binary contents included. SC_TOO_LARGE
 * when it does not fit `out`. Empty: nothing changed. */
sc_rc sc_git_diff(const sc_git *g, const char *dir, const sc_git_id *from, const sc_git_id *to,
                  sc_buf *out, sc_err *err);
/* A commit of the tree upon parent (empty: none). The same input gives the same id. */
sc_rc sc_git_commit(const sc_git *g, const char *dir, const sc_git_id *tree,
                    const sc_git_id *parent, const sc_git_person *by, int64_t at_ms, sc_str message,
                    sc_git_id *ret_commit, sc_err *err);
/* Pushes the commit as `branch`, which is now at `expect` (empty: must not be there). The branch being at the commit
 * already is success; elsewhere: SC_CONFLICT. */
sc_rc sc_git_push(const sc_git *g, const char *dir, const sc_git_remote *r, const sc_git_id *commit,
                  sc_str branch, const sc_git_id *expect, sc_err *err);

/* ---- Where the repository itself is the forge ---------------------------------------------------------------- */

/* Where a branch of `dir` is; an empty id when there is none. An empty name: what HEAD names. */
sc_rc sc_git_branch(const sc_git *g, const char *dir, sc_str name, sc_git_id *ret_commit,
                    sc_err *err);
/* The name of the branch that HEAD names, whether or not there is a commit yet. */
sc_rc sc_git_head_name(const sc_git *g, const char *dir, sc_arena *arena, sc_str *ret, sc_err *err);
/* Moves a branch from `expect` (empty: it must not be there) to commit. SC_CONFLICT when it is elsewhere. */
sc_rc sc_git_branch_move(const sc_git *g, const char *dir, sc_str name, const sc_git_id *commit,
                         const sc_git_id *expect, sc_err *err);
/* True in ret when `commit` is `in` or one of its ancestors. */
sc_rc sc_git_contains(const sc_git *g, const char *dir, const sc_git_id *in,
                      const sc_git_id *commit, bool *ret, sc_err *err);
/* The commit that merges `theirs` into `ours`; moves nothing. SC_CONFLICT when they do not merge cleanly. */
sc_rc sc_git_merge(const sc_git *g, const char *dir, const sc_git_id *ours, const sc_git_id *theirs,
                   const sc_git_person *by, int64_t at_ms, sc_str message, sc_git_id *ret_commit,
                   sc_err *err);

#endif
