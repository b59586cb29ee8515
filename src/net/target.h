/* The request target (RFC 9112, section 3.2) taken apart: path and query parameters, percent-decoded.
 * Threads: plain functions. */
#ifndef SC_NET_TARGET_H
#define SC_NET_TARGET_H

#include "base/str.h"

enum { SC_TARGET_MAX_PARAMS = 128 };

typedef struct sc_target_param {
    sc_str name, value;
} sc_target_param;

typedef struct sc_target {
    sc_str path; /* starts with '/' */
    sc_target_param *params;
    size_t n_params;
} sc_target;

/* Origin form ("/path?query") or absolute form (its scheme and host are skipped). All is in the arena.
 * SC_INVALID for a bad percent encoding, NUL, a control character, ill-formed UTF-8 or too many
 * parameters; SC_NOMEM over the arena's budget. */
sc_rc sc_target_parse(sc_arena *arena, sc_str text, sc_target *ret, sc_err *err);

#endif
