/* The files of a commit, by path: what sc_git_snapshot compares a folder with. */
#ifndef SC_GIT_LISTING_H
#define SC_GIT_LISTING_H

#include "git/git.h"

typedef struct sc_git_entry {
    sc_str path; /* into the listing's text */
    unsigned mode;
    sc_git_id id;
    bool seen;
} sc_git_entry;

typedef struct sc_git_listing {
    sc_buf text;
    sc_git_entry *v; /* by path, bytewise */
    size_t n;
} sc_git_listing;

/* An empty commit: an empty listing. sc_git_listing_done also after a failure. */
sc_rc sc_git_listing_read(const sc_git *g, const char *dir, const sc_git_id *commit,
                          sc_git_listing *ret, sc_err *err);
void sc_git_listing_done(sc_git_listing *l);

/* NULL: no such file. */
sc_git_entry *sc_git_listing_get(const sc_git_listing *l, sc_str path);
/* True when there is a file below that folder. */
bool sc_git_listing_has_below(const sc_git_listing *l, sc_str path);

#endif
