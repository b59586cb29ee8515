/* The files of a folder that is somebody else's: every entry is looked at by name below an open folder, no link is followed,
 * no repository in it is opened. Threads: a walk belongs to one thread. */
#ifndef SC_GIT_WALK_H
#define SC_GIT_WALK_H

#include <sys/stat.h>

#include "git/git.h"

typedef struct sc_git_found {
    sc_str path; /* in the walk's arena */
    struct stat st;
} sc_git_found;

typedef struct sc_git_walk {
    int root; /* the folder */
    sc_arena arena;
    sc_git_found *v; /* what one sc_git_walk_folder found, in no order */
    size_t n, cap;
    size_t seen, max_entries;
} sc_git_walk;

/* SC_IO; sc_git_walk_close also after a failure. */
sc_rc sc_git_walk_open(sc_git_walk *w, const char *dir, size_t max_entries, sc_err *err);
void sc_git_walk_close(sc_git_walk *w);
/* Appends the entries of the folder at `path` ("" the top) to w->v. SC_UNPROCESSABLE: too many or too long. */
sc_rc sc_git_walk_folder(sc_git_walk *w, sc_str path, sc_err *err);
/* Opens what is there without following a link anywhere; -1 with errno. */
int sc_git_walk_file(const sc_git_walk *w, sc_str path, int flags);
/* The target of a link, appended to out. */
sc_rc sc_git_walk_link(const sc_git_walk *w, sc_str path, sc_buf *out, sc_err *err);

#endif
