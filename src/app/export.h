/* What the files of export share: a line under way and what it is made of. */
#ifndef SC_APP_EXPORT_H
#define SC_APP_EXPORT_H

#include "app/internal.h"
#include "app/transfer.h"
#include "base/json.h"

typedef struct sc_exporter {
    sc_app *app;
    sc_write_fn write;
    void *self;
    sc_progress_fn progress;
    void *progress_self;
    int64_t total;
    sc_transfer_counts *counts;
    sc_buf line;
} sc_exporter;

/* Members, with the comma before them; nothing where there is nothing (0, empty, NAN). */
void sc_export_str(sc_buf *b, const char *key, sc_str v);
void sc_export_id(sc_buf *b, const char *key, const sc_id *id);
void sc_export_int(sc_buf *b, const char *key, int64_t v);
void sc_export_real(sc_buf *b, const char *key, double v);
/* Writes the line and begins the next one. */
sc_rc sc_export_line(sc_exporter *x, sc_err *err);

/* Settings of a project (NULL: of the installation) without secrets, whose names are told; names of keys. */
sc_rc sc_export_settings(sc_exporter *x, const sc_id *project, sc_err *err);
sc_rc sc_export_keys(sc_exporter *x, const sc_id *project, sc_err *err);
/* Pairs, plans, fixes and their logs. */
sc_rc sc_export_work(sc_exporter *x, const sc_id *project, sc_err *err);

#endif
