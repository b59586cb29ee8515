/* One run of git: what the files of this room share. */
#ifndef SC_GIT_RUN_H
#define SC_GIT_RUN_H

#include "git/git.h"

enum { SC_GIT_MAX_PATH = 4096, SC_GIT_MAX_ARGS = 40 };

typedef struct sc_git_run {
    const char *what;            /* "fetch", for the words of an error             */
    const char *const *args;     /* the verb and what follows, NULL-terminated     */
    const char *dir;             /* the repository; NULL: none                     */
    const char *work_dir;        /* NULL: none                                     */
    const char *index;           /* the index's file; NULL: git's own              */
    const sc_git_remote *remote; /* whose protocol is allowed, and its token    */
    const sc_git_person *by;     /* author and committer, at at_ms; NULL: nobody   */
    int64_t at_ms;
    sc_str input;
    sc_buf *out; /* what it prints, up to the buffer's maximum; NULL: dropped   */
    int hold;    /* a lock's descriptor that git is to hold, too; 0: none        */
    int also_ok; /* an exit status besides 0 that is no failure                 */
} sc_git_run;

/* ret_exit may be NULL. */
sc_rc sc_git_exec(const sc_git *g, const sc_git_run *r, int *ret_exit, sc_err *err);

/* The one id that git printed. SC_UPSTREAM otherwise. */
sc_rc sc_git_id_printed(const sc_buf *out, sc_git_id *ret, sc_err *err);

/* A name in `dir` that nobody else has: DIR/soulcaster-KIND-RANDOM; SC_INVALID when it does not fit. */
sc_rc sc_git_temp_name(const char *dir, const char *kind, char ret[SC_GIT_MAX_PATH], sc_err *err);

#endif
