/* JSON: strict parsing into jansson values and typed reads that name the field at fault.
 *
 * Parsing refuses duplicate keys, NUL, ill-formed UTF-8, trailing bytes and nesting over 64 levels.
 * Values are reference counted by jansson; SC_AUTO(sc_json_auto) drops one at scope end.
 * Threads: a value belongs to one thread at a time. */
#ifndef SC_BASE_JSON_H
#define SC_BASE_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define SC_JSON_MAX_DEPTH 64

/* Makes jansson allocate through sc_alloc; call once before the first use (main, test main). */
void sc_json_setup(void);

/* Any value (object, array, scalar). SC_INVALID says line and column. *ret is the caller's. */
sc_rc sc_json_parse(sc_str text, json_t **ret, sc_err *err);
void sc_json_auto(json_t **v);

/* The member as a borrowed view (valid while obj lives); none when absent or null.
 * SC_INVALID names the field when it is of another type. obj may be NULL (all absent). */
sc_rc sc_json_str(const json_t *obj, const char *key, sc_str *ret, sc_err *err);
sc_rc sc_json_int(const json_t *obj, const char *key, int64_t fallback, int64_t *ret, sc_err *err);
sc_rc sc_json_bool(const json_t *obj, const char *key, bool fallback, bool *ret, sc_err *err);
/* Lenient readers for foreign payloads: the value if it has that type, else none / NULL. A number
 * where text is wanted is not converted. `path` walks objects: "data.event.title"; "a.0.b" walks
 * arrays too. */
const json_t *sc_json_at(const json_t *root, const char *path);
sc_str sc_json_str_at(const json_t *root, const char *path);

/* Compact text of v appended to out (keys in insertion order); false: it has failed, and out->no_memory says whether for
 * want of memory. */
bool sc_json_dump(const json_t *v, sc_buf *out);

/* A new object or array member set from a view (jansson checks UTF-8); false on no memory. */
bool sc_json_set_str(json_t *obj, const char *key, sc_str s);

#endif
