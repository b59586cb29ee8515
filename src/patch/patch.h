/* A patch read strictly: what git prints with --full-index --binary --no-renames, and nothing else.
 *
 * Views point into the text, or into the arena where a quoted path was decoded. The parser refuses whatever does not add up
 * (counts, order, paths that differ between the headers), because a rule that looks at another file than the one that is changed
 * is none. Threads: plain data. */
#ifndef SC_PATCH_PATCH_H
#define SC_PATCH_PATCH_H

#include "base/mem.h"
#include "base/str.h"

typedef enum sc_patch_op { SC_PATCH_CHANGE, SC_PATCH_ADD, SC_PATCH_DELETE } sc_patch_op;

enum { /* git's file modes */
       SC_PATCH_MODE_FILE = 0100644,
       SC_PATCH_MODE_EXEC = 0100755,
       SC_PATCH_MODE_LINK = 0120000,
       SC_PATCH_MODE_GITLINK = 0160000,
};

typedef struct sc_patch_hunk {
    int64_t old_start, old_n, new_start, new_n;
    sc_str lines; /* each begins with ' ', '+', '-' or '\' and ends with '\n' */
} sc_patch_hunk;

typedef struct sc_patch_file {
    sc_str path;
    sc_patch_op op;
    unsigned old_mode, new_mode; /* 0 on the side that is not there */
    bool binary;
    int64_t added, removed; /* lines */
    size_t bytes;           /* of its part of the text */
    const sc_patch_hunk *hunks;
    size_t n_hunks;
} sc_patch_file;

typedef struct sc_patch {
    const sc_patch_file *files; /* in git's order; each path once */
    size_t n_files;
    int64_t added, removed;
} sc_patch;

/* SC_UNPROCESSABLE says at which line it is no patch; SC_NOMEM over the arena's budget. An empty text is a patch of no files. */
sc_rc sc_patch_parse(sc_str text, sc_arena *arena, sc_patch *ret, sc_err *err);

/* One line of a hunk: its kind (' ', '+', '-') and the text without it. */
typedef struct sc_patch_line {
    char kind;
    int64_t old_line, new_line; /* 1.. ; 0 on the side where it is not */
    sc_str text;                /* without the line's end */
} sc_patch_line;

typedef struct sc_patch_cursor {
    sc_str rest;
    int64_t old_line, new_line;
} sc_patch_cursor;

sc_patch_cursor sc_patch_lines(const sc_patch_hunk *h);
bool sc_patch_next(sc_patch_cursor *c, sc_patch_line *ret);

#endif
