/* A project: the boundary that keys, reports and clusters never cross. */
#ifndef SC_CORE_PROJECT_H
#define SC_CORE_PROJECT_H

#include "base/id.h"
#include "base/str.h"

typedef struct sc_project {
    sc_id id;
    sc_str name; /* unique: 1-100 characters, lower-case letters, digits, . _ - */
    int64_t created_at_ms;
    sc_str model;          /* its reports are grouped with; empty: none yet; the store gives it */
    int64_t group_version; /* grows with every change of grouping (optimistic concurrency) */
} sc_project;

sc_rc sc_project_check_name(sc_str name, sc_err *err);

#endif
