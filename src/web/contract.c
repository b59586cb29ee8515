#include "web/contract.h"

#include <stdio.h>

#include "core/key.h"

enum { ARENA_BYTES = 4 << 20 };

typedef struct loader {
    sc_contract *c;
    sc_err *err;
} loader;

static const struct {
    const char *name;
    sc_http_method method;
} methods[SC_CONTRACT_METHODS] = {
    {"get", SC_GET}, {"post", SC_POST}, {"put", SC_PUT}, {"patch", SC_PATCH}, {"delete", SC_DELETE},
};

int sc_contract_method(sc_http_method m) {
    if (m == SC_HEAD) m = SC_GET;
    for (int i = 0; i < SC_CONTRACT_METHODS; i++)
        if (methods[i].method == m) return i;
    return -1;
}

static sc_rc fault(const loader *l, const char *where, const char *what) {
    return sc_fail(l->err, SC_INVALID, "the contract, at %.100s: %s", where, what);
}

/* A node, or what its $ref leads to. */
static const json_t *resolve(const loader *l, const json_t *node) {
    const char *ref = json_string_value(json_object_get(node, "$ref"));
    if (!ref) return node;
    char path[200];
    if (strncmp(ref, "#/", 2) != 0 || strlen(ref) >= sizeof path) return NULL;
    snprintf(path, sizeof path, "%s", ref + 2);
    for (char *p = path; *p; p++)
        if (*p == '/') *p = '.';
    return sc_json_at(l->c->root, path);
}

static sc_rc read_scope(const loader *l, const json_t *node, sc_operation *op) {
    const char *word = json_string_value(json_object_get(node, "x-scope"));
    if (!word) return fault(l, op->id, "x-scope is missing");
    op->access = SC_ACCESS_KEY;
    if (strcmp(word, "none") == 0)
        op->access = SC_ACCESS_NONE;
    else if (strcmp(word, "webhook") == 0)
        op->access = SC_ACCESS_WEBHOOK;
    else if (sc_key_scopes_parse(sc_str_of(word), &op->scope, NULL))
        return fault(l, op->id, "x-scope is not a scope");
    op->page = json_is_true(json_object_get(node, "x-page"));
    op->any_query = json_is_true(json_object_get(node, "x-any-query"));
    op->waits = json_is_true(json_object_get(node, "x-waits"));
    return SC_OK;
}

static sc_rc read_body(const loader *l, const json_t *node, sc_operation *op) {
    op->max_body = SC_CONTRACT_NO_BODY;
    const json_t *given = json_object_get(node, "requestBody");
    if (!given) return SC_OK;
    const json_t *body = resolve(l, given), *content = json_object_get(body, "content");
    const json_t *max = json_object_get(node, "x-max-body");
    if (!json_is_integer(max) || json_integer_value(max) < 1)
        return fault(l, op->id, "x-max-body is missing");
    op->max_body = (size_t)json_integer_value(max);
    op->has_body = true;
    op->body_required = json_is_true(json_object_get(body, "required"));
    const char *media;
    json_t *v;
    json_object_foreach((json_t *)content, media, v) {
        if (op->n_media == SC_LEN(op->media)) return fault(l, op->id, "too many content types");
        if (!op->n_media) {
            char where[120];
            snprintf(where, sizeof where, "%s.requestBody", op->id);
            sc_rc rc = sc_schema_compile(&l->c->schemas, json_object_get(v, "schema"), where,
                                         &op->body, l->err);
            if (rc) return rc;
        }
        op->media[op->n_media++] = media;
    }
    return op->n_media ? SC_OK : fault(l, op->id, "requestBody has no content");
}

static sc_rc add_param(const loader *l, const json_t *given, sc_operation *op) {
    const json_t *node = resolve(l, given);
    const char *name = json_string_value(json_object_get(node, "name"));
    const char *in = json_string_value(json_object_get(node, "in"));
    if (!name || !in) return fault(l, op->id, "a parameter without name or in");
    if (op->n_params == SC_CONTRACT_PARAMS) return fault(l, op->id, "too many parameters");
    sc_param *p = &op->params[op->n_params++];
    *p = (sc_param){.name = name, .required = json_is_true(json_object_get(node, "required"))};
    if (strcmp(in, "query") == 0)
        p->in = SC_PARAM_QUERY;
    else if (strcmp(in, "path") == 0)
        p->in = SC_PARAM_PATH;
    else if (strcmp(in, "header") == 0)
        p->in = SC_PARAM_HEADER;
    else
        return fault(l, op->id, "a parameter neither in query, path nor header");
    if (p->in == SC_PARAM_QUERY && strcmp(name, "project_id") == 0) op->has_project = true;
    char where[120];
    snprintf(where, sizeof where, "%s.%s", op->id, name);
    return sc_schema_compile(&l->c->schemas, json_object_get(node, "schema"), where, &p->schema,
                             l->err);
}

static sc_rc add_params(const loader *l, const json_t *list, sc_operation *op) {
    size_t i;
    json_t *node;
    json_array_foreach((json_t *)list, i, node) {
        sc_rc rc = add_param(l, node, op);
        if (rc) return rc;
    }
    return SC_OK;
}

/* Every {name} of the path is a parameter in path, and the other way round. */
static sc_rc check_path_params(const loader *l, const sc_path *path, const sc_operation *op) {
    size_t in_path = 0, declared = 0;
    for (size_t i = 0; i < path->n_segments; i++) in_path += path->segments[i].p[0] == '{';
    for (size_t i = 0; i < op->n_params; i++) {
        if (op->params[i].in != SC_PARAM_PATH) continue;
        char braces[64];
        snprintf(braces, sizeof braces, "{%s}", op->params[i].name);
        for (size_t k = 0; k < path->n_segments; k++)
            declared += sc_str_is(path->segments[k], braces);
    }
    return in_path == declared ? SC_OK : fault(l, op->id, "the path and its parameters differ");
}

static sc_rc add_operation(const loader *l, sc_path *path, const json_t *item, size_t method) {
    const json_t *node = json_object_get(item, methods[method].name);
    if (!node) return SC_OK;
    sc_operation *op = &l->c->operations[l->c->n_operations];
    *op = (sc_operation){
        .index = l->c->n_operations, .path = path->text, .method = methods[method].method};
    op->id = json_string_value(json_object_get(node, "operationId"));
    if (!op->id) return fault(l, path->text, "an operation without operationId");
    if (sc_contract_operation(l->c, op->id)) return fault(l, op->id, "two operations of this id");
    l->c->n_operations++;
    sc_rc rc = read_scope(l, node, op);
    if (!rc) rc = read_body(l, node, op);
    if (!rc) rc = add_params(l, json_object_get(item, "parameters"), op);
    if (!rc) rc = add_params(l, json_object_get(node, "parameters"), op);
    if (!rc) rc = check_path_params(l, path, op);
    path->by_method[method] = op;
    return rc;
}

static sc_rc add_path(const loader *l, const char *text, const json_t *item) {
    sc_path *path = &l->c->paths[l->c->n_paths++];
    *path = (sc_path){.text = text};
    if (text[0] != '/') return fault(l, text, "a path begins with /");
    sc_str rest = sc_str_of(text + 1), part;
    while (rest.n && sc_str_next(&rest, '/', &part)) {
        if (path->n_segments == SC_CONTRACT_SEGMENTS || !part.n)
            return fault(l, text, "too many segments, or an empty one");
        path->segments[path->n_segments++] = part;
    }
    sc_rc rc = SC_OK;
    for (size_t m = 0; !rc && m < SC_CONTRACT_METHODS; m++) rc = add_operation(l, path, item, m);
    return rc;
}

static sc_rc load(const loader *l, sc_str text) {
    sc_contract *c = l->c;
    sc_rc rc = sc_json_parse(text, &c->root, l->err);
    if (rc) return sc_wrap(l->err, "read the contract");
    c->schemas = (sc_schema_set){.root = c->root, .arena = &c->arena};
    const json_t *paths = json_object_get(c->root, "paths");
    size_t n = json_object_size(paths);
    if (!n) return fault(l, "paths", "no paths");
    c->paths = sc_arena_take_array(&c->arena, n, sizeof *c->paths);
    c->operations = sc_arena_take_array(&c->arena, n * SC_CONTRACT_METHODS, sizeof *c->operations);
    if (!c->paths || !c->operations) return sc_fail(l->err, SC_NOMEM, "no memory for the contract");
    const char *path;
    json_t *item;
    json_object_foreach((json_t *)paths, path, item) {
        rc = add_path(l, path, item);
        if (rc) return rc;
    }
    return SC_OK;
}

sc_rc sc_contract_load(sc_str text, sc_contract **ret, sc_err *err) {
    sc_contract *c = sc_alloc(sizeof *c);
    if (!c) return sc_fail(err, SC_NOMEM, "no memory for the contract");
    sc_arena_init(&c->arena, ARENA_BYTES);
    c->text = text;
    loader l = {.c = c, .err = err};
    sc_rc rc = load(&l, text);
    if (rc) {
        sc_contract_free(c);
        return rc;
    }
    *ret = c;
    return SC_OK;
}

void sc_contract_free(sc_contract *c) {
    if (!c) return;
    json_decref(c->root);
    sc_arena_done(&c->arena);
    sc_free(c);
}

const sc_operation *sc_contract_operation(const sc_contract *c, const char *id) {
    for (size_t i = 0; i < c->n_operations; i++)
        if (strcmp(c->operations[i].id, id) == 0) return &c->operations[i];
    return NULL;
}

sc_rc sc_contract_schema(sc_contract *c, const char *name, const sc_schema **ret, sc_err *err) {
    char where[120];
    snprintf(where, sizeof where, "components.schemas.%s", name);
    const json_t *node = sc_json_at(c->root, where);
    if (!node) return sc_fail(err, SC_NOT_FOUND, "the contract has no schema %s", name);
    return sc_schema_compile(&c->schemas, node, where, ret, err);
}
