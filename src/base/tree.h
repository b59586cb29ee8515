/* Folders with everything in them: how large they are, and removing them.
 *
 * Made for trees that someone hostile has written: no symlink is followed, no path is put together, folders without
 * permission are opened all the same where they are ours, and depth costs neither stack nor descriptors.
 * Threads: thread-safe; a tree may change meanwhile. */
#ifndef SC_BASE_TREE_H
#define SC_BASE_TREE_H

#include <stdatomic.h>

#include "base/err.h"

enum { SC_TREE_MAX_DEPTH = 100 };

typedef struct sc_tree_size {
    int64_t bytes; /* on disk: holes do not count, each hard link does */
    int64_t entries;
} sc_tree_size;

/* SC_TOO_LARGE: deeper than SC_TREE_MAX_DEPTH, or more than max_bytes or max_entries (0: any); *ret says how far it came
 * then, too. SC_NOT_FOUND: no such folder, or it is a symlink. What vanishes meanwhile is left out. */
sc_rc sc_tree_measure(const char *path, int64_t max_bytes, int64_t max_entries, sc_tree_size *ret,
                      sc_err *err);

/* A copy of the folder `from` as `to`, which must not be there: files with modes and times, links as links, no device, pipe or
 * socket. SC_TOO_LARGE: deeper than SC_TREE_MAX_DEPTH, more than max_entries or max_bytes (holes count). SC_CANCELLED: *stop (may be
 * NULL). What is copied then stays. Nobody may change `from` meanwhile. */
sc_rc sc_tree_copy(const char *from, const char *to, int64_t max_bytes, int64_t max_entries,
                   const _Atomic bool *stop, sc_err *err);

/* Removes path and all in it; path itself may be a file or symlink. What is not there is removed. */
sc_rc sc_tree_remove(const char *path, sc_err *err);

#endif
