/* The old system's Redis, looked at: nothing is written, and nothing that a user with `+@read` alone may not do is asked for.
 * Threads: one at a time. */
#ifndef SC_LEGACY_SOURCE_H
#define SC_LEGACY_SOURCE_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    SC_LEGACY_MOST_KEYS = 50, /* of one fetch */
    SC_LEGACY_MOST_FIELDS = 32,
    SC_LEGACY_MAX_LOG = 1 << 20,  /* bytes of an agent's log that are taken */
    SC_LEGACY_MAX_VALUE = 4 << 20 /* of one key's wanted values together, in bytes */
};

typedef struct sc_legacy_source sc_legacy_source;
/* redis://, rediss://, unix://, or https:// with `token` (NULL: it is in the URL); `ca_file` NULL or empty: the system's certificates. SC_INVALID, SC_STORE. */
sc_rc sc_legacy_open(const char *url, const char *token, const char *ca_file, int64_t timeout_ms,
                     sc_legacy_source **ret, sc_err *err);
void sc_legacy_close(sc_legacy_source *s);

typedef bool (*sc_legacy_name_fn)(void *self, sc_str name); /* false: no memory */
/* The names of all keys; some may come twice. */
sc_rc sc_legacy_names(sc_legacy_source *s, sc_legacy_name_fn fn, void *self, sc_err *err);
/* The members of a set; some may come twice. SC_UNPROCESSABLE: it is none. */
sc_rc sc_legacy_members(sc_legacy_source *s, sc_str key, sc_legacy_name_fn fn, void *self,
                        sc_err *err);

typedef struct sc_legacy_value {
    const char *why; /* why there is nothing; NULL: it was read */
    bool hash;
    sc_str text;                          /* of a string     */
    sc_str fields[SC_LEGACY_MOST_FIELDS]; /* of a hash, as asked for; empty where it lacks one */
} sc_legacy_value;
/* Strings, and the named fields of hashes, of at most SC_LEGACY_MOST_KEYS keys. */
sc_rc sc_legacy_fetch(sc_legacy_source *s, const sc_str *keys, size_t n, const char *const *fields,
                      size_t n_fields, sc_arena *arena, sc_legacy_value *ret, sc_err *err);
/* The beginning of a list of strings, a line each, at most max_bytes; empty where there is none of that name. A row is received
 * whole, however long. SC_UNPROCESSABLE: it is no list. */
sc_rc sc_legacy_list(sc_legacy_source *s, sc_str key, size_t max_bytes, sc_arena *arena,
                     sc_str *ret, sc_err *err);

#endif
