/* Typed reads of a vendor's payload that name the field at fault by its JSON path.
 *
 * The reader is sticky: after the first failure all further reads give empty values, so a source
 * reads all it wants and looks at `rc` once. null and absent are the same. What only decorates a
 * report (metadata) is read with the lenient sc_json_str_at instead: a vendor who changes the type
 * of a tag must not cost the report. Threads: a reader belongs to one thread. */
#ifndef SC_SOURCES_FIELDS_H
#define SC_SOURCES_FIELDS_H

#include "base/json.h"
#include "base/mem.h"

typedef struct sc_fields {
    sc_arena *arena; /* for texts made on the way */
    sc_err *err;     /* may be NULL               */
    sc_rc rc;        /* the first failure         */
} sc_fields;

/* `at` is the path of `obj` ("data.event"; "" = the top), `key` the member. obj may be NULL. Views
 * are borrowed from obj. Wrong type: SC_UNPROCESSABLE naming at.key. */
sc_str sc_fields_str(sc_fields *r, const json_t *obj, const char *at, const char *key);
/* An id: text, or a whole number as text (in the arena). */
sc_str sc_fields_id(sc_fields *r, const json_t *obj, const char *at, const char *key);
int64_t sc_fields_int(sc_fields *r, const json_t *obj, const char *at, const char *key,
                      int64_t fallback);
bool sc_fields_bool(sc_fields *r, const json_t *obj, const char *at, const char *key);
const json_t *sc_fields_obj(sc_fields *r, const json_t *obj, const char *at, const char *key);
const json_t *sc_fields_list(sc_fields *r, const json_t *obj, const char *at, const char *key);
/* RFC 3339 text to ms; `fallback` when absent. Text that is no such time, or one before 1970:
 * SC_UNPROCESSABLE. */
int64_t sc_fields_time(sc_fields *r, const json_t *obj, const char *at, const char *key,
                       int64_t fallback);
/* Seconds since 1970 as a number (a fraction is fine) to ms; `fallback` when absent. Out of the
 * years 1970-9999: SC_UNPROCESSABLE. */
int64_t sc_fields_epoch(sc_fields *r, const json_t *obj, const char *at, const char *key,
                        int64_t fallback);

/* Records a failure about at.key (the first one wins). Returns r->rc. */
sc_rc sc_fields_fail(sc_fields *r, sc_rc rc, const char *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Records that the arena is full. */
sc_rc sc_fields_nomem(sc_fields *r);

#endif
