/* What schema.c (compile) and schema_check.c (check) share. */
#ifndef SC_WEB_SCHEMA_IMPL_H
#define SC_WEB_SCHEMA_IMPL_H

#include "web/schema.h"

enum {
    SC_SCHEMA_NULL = 1,
    SC_SCHEMA_BOOLEAN = 2,
    SC_SCHEMA_INTEGER = 4,
    SC_SCHEMA_NUMBER = 8, /* an integer is a number too */
    SC_SCHEMA_STRING = 16,
    SC_SCHEMA_ARRAY = 32,
    SC_SCHEMA_OBJECT = 64,
};

typedef struct sc_schema_member {
    sc_str key;
    const sc_schema *schema;
} sc_schema_member;

typedef struct sc_schema_list {
    const sc_schema **v;
    size_t n;
} sc_schema_list;

struct sc_schema {
    unsigned types;                                       /* 0 = any */
    int64_t min_length, max_length, min_items, max_items; /* max -1 = none */
    bool has_min, has_max;
    double min, max;
    const sc_format *format, *pattern;
    const json_t *choices;  /* enum, or NULL */
    const json_t *constant; /* const, or NULL */
    sc_schema_member *members;
    size_t n_members;
    sc_str *required;
    size_t n_required;
    bool closed;             /* additionalProperties: false */
    const sc_schema *others; /* additionalProperties: {...} */
    const sc_schema *items;
    sc_schema_list one_of, any_of, all_of;
    const sc_schema *condition, *then, *otherwise; /* if, then, else; NULL = none */
    const sc_schema *ref; /* the schema is this one, and what else stands here */
};

#endif
