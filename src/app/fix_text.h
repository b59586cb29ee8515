/* The texts of a fix: what the agent reads, and what a pull request says. All but what is quoted is ours.
 * Threads: plain functions. */
#ifndef SC_APP_FIX_TEXT_H
#define SC_APP_FIX_TEXT_H

#include "core/cluster.h"
#include "core/fix.h"

/* The agent's task as a file: our rules, the plan, the reports as quotations. */
sc_rc sc_fix_prompt(const sc_plan *p, const sc_fix *f, sc_str tests, sc_buf *out, sc_err *err);

/* One line of plain text without markup, mentions and hidden characters, for titles. */
sc_rc sc_fix_title(sc_str text, sc_buf *out, sc_err *err);

/* The line of a body that says which fix it is of: by it an issue that was filed is found again. */
enum { SC_FIX_MARK = 16 + SC_ID_TEXT };
void sc_fix_mark(const sc_id *fix, char ret[SC_FIX_MARK]);

typedef struct sc_fix_body {
    const sc_cluster *cluster;
    const sc_fix *fix;
    const sc_plan *plan;
    sc_str patch;           /* for an issue instead of a pull request, else empty */
    const char *public_url; /* NULL: no link */
    bool scripted;          /* by the demo's agent: no model was asked */
} sc_fix_body;
/* Markdown. */
sc_rc sc_fix_body_write(const sc_fix_body *b, sc_buf *out, sc_err *err);

#endif
