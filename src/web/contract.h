/* The contract as the server uses it: operations, their paths, scopes, limits, parameters and
 * schemas, read once at start from the document that is compiled in (api/openapi.yaml).
 * Threads: constant once loaded. */
#ifndef SC_WEB_CONTRACT_H
#define SC_WEB_CONTRACT_H

#include "net/http_server.h"
#include "web/schema.h"

enum {
    SC_CONTRACT_SEGMENTS = 8,   /* of a path */
    SC_CONTRACT_PARAMS = 16,    /* of an operation */
    SC_CONTRACT_METHODS = 5,    /* GET POST PUT PATCH DELETE */
    SC_CONTRACT_NO_BODY = 4096, /* bytes that a request without a body in the contract may bring */
};

typedef enum sc_access_kind { SC_ACCESS_NONE, SC_ACCESS_KEY, SC_ACCESS_WEBHOOK } sc_access_kind;
typedef enum sc_param_in { SC_PARAM_QUERY, SC_PARAM_PATH, SC_PARAM_HEADER } sc_param_in;

typedef struct sc_param {
    const char *name;
    sc_param_in in;
    bool required;
    const sc_schema *schema;
} sc_param;

typedef struct sc_operation {
    size_t index;     /* 0, 1, ... in the document's order */
    const char *id;   /* operationId */
    const char *path; /* "/api/feedback/{id}" */
    sc_http_method method;
    sc_access_kind access;
    unsigned scope;   /* SC_ACCESS_KEY: the scope bit */
    bool page;        /* x-page */
    bool any_query;   /* x-any-query */
    bool waits;       /* x-waits: for somebody else; run aside */
    bool has_project; /* takes project_id */
    size_t max_body;
    bool has_body, body_required;
    const char *media[2]; /* content types of the body, as in the contract */
    size_t n_media;
    const sc_schema *body; /* of the first content type */
    sc_param params[SC_CONTRACT_PARAMS];
    size_t n_params;
} sc_operation;

typedef struct sc_path {
    const char *text;
    sc_str segments[SC_CONTRACT_SEGMENTS]; /* "{id}": a parameter */
    size_t n_segments;
    const sc_operation *by_method[SC_CONTRACT_METHODS]; /* in sc_http_method order, HEAD left out */
} sc_path;

typedef struct sc_contract {
    sc_str text; /* the document as it is served */
    sc_operation *operations;
    size_t n_operations;
    sc_path *paths;
    size_t n_paths;
    json_t *root;
    sc_arena arena;
    sc_schema_set schemas;
} sc_contract;

/* SC_INVALID names the place and the problem. `text` stays borrowed. */
sc_rc sc_contract_load(sc_str text, sc_contract **ret, sc_err *err);
void sc_contract_free(sc_contract *c);

const sc_operation *sc_contract_operation(const sc_contract *c, const char *id);
/* A schema by its name under components.schemas; NULL when there is none. */
sc_rc sc_contract_schema(sc_contract *c, const char *name, const sc_schema **ret, sc_err *err);
/* Place in by_method, or -1. HEAD is GET. */
int sc_contract_method(sc_http_method m);

#endif
