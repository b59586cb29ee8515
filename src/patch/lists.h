/* Paths that a machine's patch has no business with, by rule. docs/patch-rules.md is printed from them. Threads: constants. */
#ifndef SC_PATCH_LISTS_H
#define SC_PATCH_LISTS_H

#include "patch/rules.h"

typedef struct sc_patch_list {
    sc_patch_rule rule;
    const char *const *globs; /* of sc_patch_glob, in any case; NULL ends them */
} sc_patch_list;

/* Looked at in this order; the first that matches names the rule. */
extern const sc_patch_list sc_patch_lists[];
extern const size_t sc_patch_lists_n;

#endif
