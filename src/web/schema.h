/* JSON Schema, as much of it as the contract uses (draft 2020-12 keywords, OpenAPI 3.1).
 *
 * A schema is compiled once from the contract's document and then checks values without allocating.
 * A keyword that is not in the table in schema.c is an error at compile time: a rule that nobody
 * checks must not look like one. Lengths are counted in code points. `pattern` takes only the
 * patterns listed in formats.c; `format` likewise.
 * Threads: compile in one thread; a compiled schema is constant. */
#ifndef SC_WEB_SCHEMA_H
#define SC_WEB_SCHEMA_H

#include "base/json.h"
#include "base/mem.h"

typedef struct sc_schema sc_schema;

/* What schemas of one document share: where $ref leads, the schemas already compiled, their memory. */
typedef struct sc_schema_set {
    const json_t *root; /* the whole document; outlives the schemas */
    sc_arena *arena;
    struct sc_schema_ref *refs;
} sc_schema_set;

/* SC_INVALID names the place in the document ("components.schemas.Report.properties.title") and the
 * problem. `where` is the place of `node`. */
sc_rc sc_schema_compile(sc_schema_set *set, const json_t *node, const char *where,
                        const sc_schema **ret, sc_err *err);

/* SC_UNPROCESSABLE with err->field the path of the value at fault ("items[3].title"). */
sc_rc sc_schema_check(const sc_schema *s, const json_t *v, sc_err *err);

/* A query, path or header parameter: text that must be a value of the schema (integer, boolean,
 * string, or an array of these separated by commas). SC_INVALID; err->field is `name`. */
sc_rc sc_schema_check_text(const sc_schema *s, const char *name, sc_str text, sc_err *err);

/* ---- formats.c ---- */
typedef struct sc_format {
    const char *name;  /* of the format, or the pattern itself */
    const char *words; /* what a person should give */
    bool (*holds)(sc_str s);
} sc_format;
/* NULL when there is no such format (pattern). */
const sc_format *sc_format_find(const char *name);
const sc_format *sc_format_find_pattern(const char *pattern);

#endif
