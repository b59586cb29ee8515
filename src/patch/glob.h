/* Globs over the paths of a tree. `*` and `?` stay within a folder, `**` as a whole part is any number of folders, `[a-z]` and
 * `[!a-z]` are sets. A glob without a slash matches a name at any depth; one that ends with a slash, everything below. */
#ifndef SC_PATCH_GLOB_H
#define SC_PATCH_GLOB_H

#include "base/str.h"

/* any_case: ASCII letters match in either case. */
bool sc_patch_glob(sc_str glob, sc_str path, bool any_case);
/* SC_INVALID says what is wrong with it. */
sc_rc sc_patch_glob_check(sc_str glob, sc_err *err);

#endif
