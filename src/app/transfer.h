/* Export and import: everything of a project as NDJSON, and back. Ids are kept; importing twice changes
 * nothing the second time. Lines: {"kind": "project" | "cluster" | "feedback" | "correction" | "decision" | "audit", ...};
 * the first line is {"kind": "soulcaster-export", "version": 1, ...}. Secrets and keys are never exported. */
#ifndef SC_APP_TRANSFER_H
#define SC_APP_TRANSFER_H

#include "app/app.h"

typedef bool (*sc_write_fn)(void *self, sc_str bytes); /* false aborts */

typedef struct sc_transfer_counts {
    int64_t projects, clusters, feedback, corrections, decisions, audits, skipped;
} sc_transfer_counts;

/* project NULL: all. */
sc_rc sc_export(sc_app *app, const sc_id *project, sc_write_fn write, void *self,
                sc_progress_fn progress, void *progress_self, sc_transfer_counts *ret, sc_err *err);
/* Feed lines one by one; `line_no` names it in errors. */
typedef struct sc_import sc_import;
sc_rc sc_import_begin(sc_app *app, sc_import **ret, sc_err *err);
sc_rc sc_import_line(sc_import *im, sc_str line, int64_t line_no, sc_err *err);
sc_rc sc_import_end(sc_import *im, sc_transfer_counts *ret, sc_err *err); /* commits and frees */

#endif
