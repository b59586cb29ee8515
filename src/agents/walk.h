/* The files below a folder, in order of their names, without what no agent should read through: .git and
 * node_modules. Symbolic links are not followed. Threads: plain functions. */
#ifndef SC_AGENTS_WALK_H
#define SC_AGENTS_WALK_H

#include "base/str.h"

/* `path` is relative to `root` ("src/a.c", a folder ends with '/'); false ends the walk. */
typedef bool (*sc_walk_fn)(void *self, const char *path);
/* `below` is a folder relative to root; empty: root itself. SC_NOT_FOUND: it is no folder. */
sc_rc sc_walk(const char *root, const char *below, sc_walk_fn fn, void *self, sc_err *err);

/* A model's path made one below root: "./a//b", and root's own path in front, are put right. SC_INVALID: empty
 * (unless `folder`: the root), with "..", elsewhere, or in .git; SC_FORBIDDEN: a symbolic link leads out of root. */
sc_rc sc_walk_path(const char *root, sc_str given, bool folder, char *ret, size_t room,
                   sc_err *err);

#endif
