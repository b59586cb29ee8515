/* Markup: reads a cleaned report (sc_fold_clean) line by line and takes away what is only there for
 * a renderer: HTML tags and comments, entities (decoded once), Markdown and JIRA wiki syntax.
 *
 * Two steps, so that stack frames can be looked for in between: sc_markup_next says what the next
 * line is, sc_markup_inline cleans it. Code blocks are given verbatim. Every search ahead either
 * moves on or is remembered as fruitless, so the whole is linear. Threads: plain data. */
#ifndef SC_TEXT_MARKUP_H
#define SC_TEXT_MARKUP_H

#include "base/str.h"

typedef struct sc_markup {
    sc_str rest;      /* not yet given                                          */
    bool fence, jira; /* inside ``` or {code}                                   */
    char fence_char;  /* ` or ~                                                 */
    bool comment;     /* inside <!-- -->                                        */
    const char *raw;  /* "</script" or "</style": inside that element; else NULL */
    bool no_raw_end;  /* such an end was looked for and is not there            */
} sc_markup;

typedef struct sc_markup_line {
    sc_str text; /* a view into the report */
    bool code;
} sc_markup_line;

void sc_markup_init(sc_markup *m, sc_str clean);
/* The next line that is seen by a reader (without its newline); false at the end. */
bool sc_markup_next(sc_markup *m, sc_markup_line *ret);
/* Writes the line without markup to dst (room for line.n + 1 bytes), returns the bytes. A line with
 * code set is copied. May leave m inside a comment that later lines end. */
size_t sc_markup_inline(sc_markup *m, sc_markup_line line, char *dst);

#endif
