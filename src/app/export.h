/* What the files of export share: a line under way and what it is made of. */
#ifndef SC_APP_EXPORT_H
#define SC_APP_EXPORT_H

#include "app/internal.h"
#include "app/transfer.h"
#include "base/json.h"

/* A set of ids; zeroed: none. */
typedef struct sc_export_ids {
    sc_id *at;
    size_t n, cap;
} sc_export_ids;

typedef struct sc_exporter {
    sc_app *app;
    sc_write_fn write;
    void *self;
    sc_progress_fn progress;
    void *progress_self;
    int64_t total;
    sc_transfer_counts *counts;
    sc_buf line;
    const sc_project *projects; /* as they were listed */
    size_t n_projects;
    sc_export_ids issues; /* of the project under way, whose lines are written */
} sc_exporter;

/* Members, with the comma before them; nothing where there is nothing (0, empty, NAN). */
void sc_export_str(sc_buf *b, const char *key, sc_str v);
void sc_export_id(sc_buf *b, const char *key, const sc_id *id);
void sc_export_int(sc_buf *b, const char *key, int64_t v);
void sc_export_real(sc_buf *b, const char *key, double v);
/* Writes the line and begins the next one. */
sc_rc sc_export_line(sc_exporter *x, sc_err *err);

/* Issues (export_issue.c): all lines of a project that may be listed now; and the line of one, unless it is written, which goes
 * before a line under way is begun that names it. An empty id is none. */
sc_rc sc_export_issues(sc_exporter *x, const sc_id *project, sc_err *err);
sc_rc sc_export_issue(sc_exporter *x, const sc_id *project, const sc_id *id, sc_err *err);
void sc_export_issues_done(sc_exporter *x);
/* Whether lines may name the project; an empty id is the installation. */
bool sc_export_has_project(const sc_exporter *x, const sc_id *id);

/* Settings of a project (NULL: of the installation) without secrets, whose names are told; names of keys. */
sc_rc sc_export_settings(sc_exporter *x, const sc_id *project, sc_err *err);
sc_rc sc_export_keys(sc_exporter *x, const sc_id *project, sc_err *err);
/* Pairs, plans, fixes and their logs. */
sc_rc sc_export_work(sc_exporter *x, const sc_id *project, sc_err *err);

#endif
