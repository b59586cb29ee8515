/* Pull requests and issues of a bare repository, each a JSON file in a folder of it: soulcaster-pulls/7.json.
 *
 * A file is written beside and moved into place, so a reader sees the old or the new one; a number is taken by linking the file to
 * it, so two processes never take the same. Whoever reads, changes and writes holds the folder's lock (flock, for moments). */
#ifndef SC_FORGES_LOCAL_PULLS_H
#define SC_FORGES_LOCAL_PULLS_H

#include "base/json.h"
#include "base/mem.h"

#define SC_PULLS "soulcaster-pulls"
#define SC_PULLS_ISSUES "soulcaster-issues"

enum { SC_PULLS_PATH = 1024 };

typedef struct sc_pulls {
    char dir[SC_PULLS_PATH];
    int lock; /* -1: not held */
} sc_pulls;

/* Opens REPO/KIND and waits for its lock; makes the folder. sc_pulls_close also after a failure. */
sc_rc sc_pulls_open(sc_pulls *p, const char *repo, const char *kind, sc_err *err);
void sc_pulls_close(sc_pulls *p);
/* The highest number; 0: there is none. */
sc_rc sc_pulls_last(const sc_pulls *p, int64_t *ret, sc_err *err);
/* SC_NOT_FOUND; SC_STORE when the file is not ours. */
sc_rc sc_pulls_read(const sc_pulls *p, int64_t number, json_t **ret, sc_err *err);
sc_rc sc_pulls_write(const sc_pulls *p, int64_t number, const json_t *v, sc_err *err);
/* Writes v, with its "number" set, under the next one. */
sc_rc sc_pulls_add(const sc_pulls *p, json_t *v, int64_t *ret_number, sc_err *err);

#endif
