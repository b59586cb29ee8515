/* One old row as the line that import takes. A row is a hash, or the JSON text that it was before; both are named fields
 * here. Threads: pure. */
#ifndef SC_LEGACY_ROW_H
#define SC_LEGACY_ROW_H

#include "core/feedback.h"
#include "legacy/source.h"
#include "legacy/value.h"

typedef struct sc_legacy_row {
    const char *const *names;
    size_t n;
    sc_str fields[SC_LEGACY_MOST_FIELDS];
    const char *why; /* why it cannot be read; NULL: it was */
} sc_legacy_row;

/* Names that are asked for, of each kind of row. */
typedef struct sc_legacy_fields {
    const char *const *names;
    size_t n;
} sc_legacy_fields;
extern const sc_legacy_fields sc_legacy_feedback_fields, sc_legacy_cluster_fields,
    sc_legacy_project_fields, sc_legacy_job_fields;

sc_legacy_row sc_legacy_row_of(const sc_legacy_value *v, sc_legacy_fields fields, sc_arena *arena);
/* The field, trimmed; empty where it is none, or stands for nothing. */
sc_str sc_legacy_field(const sc_legacy_row *row, const char *name);

/* Where a row belongs. */
typedef struct sc_legacy_place {
    sc_id id, project_id, cluster_id; /* cluster_id empty: none */
    sc_str old_id;                    /* empty: kept as `id`    */
    int64_t now_ms;                   /* for a time that cannot be read */
} sc_legacy_place;

/* Appends the line without its end. NULL, or why there is none. */
const char *sc_legacy_feedback_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                    sc_buf *out);
/* Why the report is in its issue; `issue` is the issue's old id where it is not kept. */
void sc_legacy_decision_line(const sc_legacy_row *row, const sc_legacy_place *at, sc_str issue,
                             sc_buf *out);
const char *sc_legacy_cluster_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                   int64_t members, sc_buf *out);
/* A run of a coding agent as a fix; `at->cluster_id` is its issue. */
const char *sc_legacy_job_line(const sc_legacy_row *row, const sc_legacy_place *at, sc_buf *out);
/* What it printed, SC_LEGACY_MAX_LOG bytes of it at most; nothing is appended where that is nothing. True: it was longer. */
bool sc_legacy_log_line(const sc_legacy_row *row, sc_str list, const sc_legacy_place *at,
                        sc_buf *out);
/* `fallback`: the name of one that has none; `chosen`: a person named it, so one of that name that is here already is meant. */
const char *sc_legacy_project_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                   sc_str fallback, bool chosen, sc_buf *out);
/* The project's Reddit source; NULL too when the list is empty, and then nothing is appended. */
const char *sc_legacy_subreddits_line(sc_str value, const sc_legacy_place *at, sc_buf *out);

#endif
