/* Export and import: everything of a project as NDJSON, and back. Ids are kept; importing twice changes nothing the second
 * time. A line is one object with a "kind":
 *   soulcaster-export  the first: {"version": 2, "at"}; version 1 is read, too (its decisions stand behind each report)
 *   project setting cluster feedback decision correction pair plan fix fix_log audit
 *   key secret         what does not travel, by name: whoever imports says so
 * docs/transfer.md has what travels, what is made anew, and what stays. */
#ifndef SC_APP_TRANSFER_H
#define SC_APP_TRANSFER_H

#include "app/app.h"

enum { SC_TRANSFER_VERSION = 2, SC_TRANSFER_MAX_LINE = 16 << 20 };

typedef bool (*sc_write_fn)(void *self, sc_str bytes); /* false aborts */

/* What travels, by name and in words. */
#define SC_TRANSFER_KINDS(X)             \
    X(projects, "projects")              \
    X(clusters, "issues")                \
    X(feedback, "reports")               \
    X(corrections, "corrections")        \
    X(decisions, "decisions")            \
    X(settings, "settings")              \
    X(pairs, "suggestions and verdicts") \
    X(plans, "plans")                    \
    X(fixes, "fixes")                    \
    X(audits, "rows of the audit log")

typedef struct sc_transfer_counts {
#define X(name, words) int64_t name;
    SC_TRANSFER_KINDS(X)
#undef X
    int64_t skipped; /* known already */
} sc_transfer_counts;

/* "2 projects, 7 issues, ..."; and as the members of a JSON object. */
void sc_transfer_words(const sc_transfer_counts *n, sc_buf *out);
void sc_transfer_members(const sc_transfer_counts *n, sc_buf *out);

/* Whether a setting travels: others belong to the machine, are made anew, or are secret. */
bool sc_transfer_setting(sc_str name);

/* project NULL: all. */
sc_rc sc_export(sc_app *app, const sc_id *project, sc_write_fn write, void *self,
                sc_progress_fn progress, void *progress_self, sc_transfer_counts *ret, sc_err *err);

/* How lines are taken. All false: as an export of ours. */
typedef struct sc_import_conf {
    bool dry_run; /* nothing is written; with it `app` may be NULL: nothing is stored yet */
    bool
        foreign; /* not an export of ours: issues are counted as their reports come; a report that is
                   * here under another id is known already; a project of the same name is another one */
    void *self;
    /* With `foreign`: a report whose id something else here has. */
    void (*refused)(void *self, const sc_id *report, const char *why);
    /* What the export names and does not hold, such as ("key", "checkout-form"); NULL: nobody asks. */
    void (*behind)(void *self, sc_str what, sc_str name);
} sc_import_conf;

/* Feed lines one by one; `line_no` names it in errors (0: nothing does). conf NULL: all false. SC_INVALID, SC_TOO_LARGE and
 * SC_UNPROCESSABLE are about this line, and the next one may be fed. Where rows before it could not be written, whatever it was
 * is told by this line, by all behind it, and at the end: what is here by then stays, and the import is run again. */
typedef struct sc_import sc_import;
sc_rc sc_import_begin(sc_app *app, const sc_import_conf *conf, sc_import **ret, sc_err *err);
sc_rc sc_import_line(sc_import *im, sc_str line, int64_t line_no, sc_err *err);
sc_rc sc_import_end(sc_import *im, sc_transfer_counts *ret, sc_err *err); /* commits and frees */

#endif
