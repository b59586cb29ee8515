/* Compiling schemas: one row a keyword. Checking is in schema_check.c. */
#include "web/schema.h"

#include <stdio.h>

#include "web/schema_impl.h"

typedef struct sc_schema_ref {
    struct sc_schema_ref *next;
    const char *pointer;
    sc_schema *schema;
} sc_schema_ref;

typedef struct compiler {
    sc_schema_set *set;
    sc_schema *s;
    const char *where;
    sc_err *err;
} compiler;

static sc_rc fault(const compiler *c, const char *key, const char *what) {
    return sc_fail(c->err, SC_INVALID, "the contract, at %.120s.%s: %s", c->where, key, what);
}

static sc_rc nomem(const compiler *c) {
    return sc_fail(c->err, SC_NOMEM, "no memory to read the contract");
}

static sc_rc sub(const compiler *c, const json_t *node, const char *key, const sc_schema **ret) {
    const char *where = sc_arena_printf(c->set->arena, "%s.%s", c->where, key);
    return where ? sc_schema_compile(c->set, node, where, ret, c->err) : nomem(c);
}

static sc_rc sub_list(const compiler *c, const json_t *v, const char *key, sc_schema_list *ret) {
    if (!json_array_size(v)) return fault(c, key, "expected a list of schemas");
    ret->n = json_array_size(v);
    ret->v = sc_arena_take_array(c->set->arena, ret->n, sizeof(void *));
    if (!ret->v) return nomem(c);
    for (size_t i = 0; i < ret->n; i++) {
        sc_rc rc = sub(c, json_array_get(v, i), key, &ret->v[i]);
        if (rc) return rc;
    }
    return SC_OK;
}

static const struct {
    const char *name;
    unsigned bit;
} type_names[] = {
    {"null", SC_SCHEMA_NULL},     {"boolean", SC_SCHEMA_BOOLEAN}, {"integer", SC_SCHEMA_INTEGER},
    {"number", SC_SCHEMA_NUMBER}, {"string", SC_SCHEMA_STRING},   {"array", SC_SCHEMA_ARRAY},
    {"object", SC_SCHEMA_OBJECT},
};

static sc_rc add_type(compiler *c, const json_t *v) {
    for (size_t i = 0; json_is_string(v) && i < SC_LEN(type_names); i++)
        if (strcmp(type_names[i].name, json_string_value(v)) == 0) {
            c->s->types |= type_names[i].bit;
            return SC_OK;
        }
    return fault(c, "type", "not a type");
}

static sc_rc on_type(compiler *c, const json_t *v) {
    if (!json_is_array(v)) return add_type(c, v);
    sc_rc rc = json_array_size(v) ? SC_OK : fault(c, "type", "no type named");
    for (size_t i = 0; !rc && i < json_array_size(v); i++) rc = add_type(c, json_array_get(v, i));
    return rc;
}

static sc_rc on_required(compiler *c, const json_t *v) {
    size_t n = json_array_size(v);
    if (!n) return fault(c, "required", "expected a list of names");
    c->s->required = sc_arena_take_array(c->set->arena, n, sizeof *c->s->required);
    if (!c->s->required) return nomem(c);
    for (size_t i = 0; i < n; i++) {
        const json_t *name = json_array_get(v, i);
        if (!json_is_string(name)) return fault(c, "required", "expected a list of names");
        c->s->required[i] = (sc_str){json_string_value(name), json_string_length(name)};
    }
    c->s->n_required = n;
    return SC_OK;
}

static sc_rc on_properties(compiler *c, const json_t *v) {
    if (!json_is_object(v)) return fault(c, "properties", "expected an object");
    c->s->members = sc_arena_take_array(c->set->arena, json_object_size(v), sizeof *c->s->members);
    if (!c->s->members) return nomem(c);
    const char *key;
    json_t *node;
    json_object_foreach((json_t *)v, key, node) {
        sc_schema_member *m = &c->s->members[c->s->n_members++];
        m->key = sc_str_of(key);
        const char *at = sc_arena_printf(c->set->arena, "properties.%s", key);
        sc_rc rc = at ? sub(c, node, at, &m->schema) : nomem(c);
        if (rc) return rc;
    }
    return SC_OK;
}

static sc_rc on_additional(compiler *c, const json_t *v) {
    if (json_is_boolean(v)) {
        c->s->closed = json_is_false(v);
        return SC_OK;
    }
    return sub(c, v, "additionalProperties", &c->s->others);
}

static sc_rc on_enum(compiler *c, const json_t *v) {
    if (!json_array_size(v)) return fault(c, "enum", "expected a list of values");
    c->s->choices = v;
    return SC_OK;
}

static sc_rc on_const(compiler *c, const json_t *v) {
    c->s->constant = v;
    return SC_OK;
}

static sc_rc count(compiler *c, const json_t *v, const char *key, int64_t *ret) {
    if (!json_is_integer(v) || json_integer_value(v) < 0) return fault(c, key, "expected a count");
    *ret = json_integer_value(v);
    return SC_OK;
}

static sc_rc on_min_length(compiler *c, const json_t *v) {
    return count(c, v, "minLength", &c->s->min_length);
}
static sc_rc on_max_length(compiler *c, const json_t *v) {
    return count(c, v, "maxLength", &c->s->max_length);
}
static sc_rc on_min_items(compiler *c, const json_t *v) {
    return count(c, v, "minItems", &c->s->min_items);
}
static sc_rc on_max_items(compiler *c, const json_t *v) {
    return count(c, v, "maxItems", &c->s->max_items);
}

static sc_rc on_minimum(compiler *c, const json_t *v) {
    c->s->has_min = true;
    c->s->min = json_number_value(v);
    return json_is_number(v) ? SC_OK : fault(c, "minimum", "expected a number");
}

static sc_rc on_maximum(compiler *c, const json_t *v) {
    c->s->has_max = true;
    c->s->max = json_number_value(v);
    return json_is_number(v) ? SC_OK : fault(c, "maximum", "expected a number");
}

static sc_rc on_format(compiler *c, const json_t *v) {
    c->s->format = json_is_string(v) ? sc_format_find(json_string_value(v)) : NULL;
    return c->s->format ? SC_OK : fault(c, "format", "a format that formats.c does not know");
}

static sc_rc on_pattern(compiler *c, const json_t *v) {
    c->s->pattern = json_is_string(v) ? sc_format_find_pattern(json_string_value(v)) : NULL;
    return c->s->pattern ? SC_OK : fault(c, "pattern", "a pattern that formats.c does not know");
}

static sc_rc on_items(compiler *c, const json_t *v) { return sub(c, v, "items", &c->s->items); }
static sc_rc on_one_of(compiler *c, const json_t *v) {
    return sub_list(c, v, "oneOf", &c->s->one_of);
}
static sc_rc on_any_of(compiler *c, const json_t *v) {
    return sub_list(c, v, "anyOf", &c->s->any_of);
}
static sc_rc on_all_of(compiler *c, const json_t *v) {
    return sub_list(c, v, "allOf", &c->s->all_of);
}

static sc_rc on_if(compiler *c, const json_t *v) { return sub(c, v, "if", &c->s->condition); }
static sc_rc on_then(compiler *c, const json_t *v) { return sub(c, v, "then", &c->s->then); }
static sc_rc on_else(compiler *c, const json_t *v) { return sub(c, v, "else", &c->s->otherwise); }

/* "#/components/schemas/X" as a path for sc_json_at; names in the contract hold no dot and no escape. */
static const json_t *follow(const json_t *root, const char *pointer) {
    char path[200];
    if (strncmp(pointer, "#/", 2) != 0 || strlen(pointer) >= sizeof path) return NULL;
    snprintf(path, sizeof path, "%s", pointer + 2);
    for (char *p = path; *p; p++)
        if (*p == '/') *p = '.';
    return sc_json_at(root, path);
}

static sc_rc compile_into(sc_schema_set *set, const json_t *node, const char *where, sc_schema *s,
                          sc_err *err);

/* A schema that refers to itself gets the half-made one, which is whole before it is used. */
static sc_rc on_ref(compiler *c, const json_t *v) {
    const char *pointer = json_string_value(v);
    for (sc_schema_ref *r = c->set->refs; pointer && r; r = r->next)
        if (strcmp(r->pointer, pointer) == 0) {
            c->s->ref = r->schema;
            return SC_OK;
        }
    const json_t *node = pointer ? follow(c->set->root, pointer) : NULL;
    if (!node) return fault(c, "$ref", "leads nowhere");
    sc_schema_ref *r = sc_arena_take(c->set->arena, sizeof *r);
    sc_schema *s = sc_arena_take(c->set->arena, sizeof *s);
    if (!r || !s) return nomem(c);
    *r = (sc_schema_ref){.next = c->set->refs, .pointer = pointer, .schema = s};
    c->set->refs = r;
    c->s->ref = s;
    return compile_into(c->set, node, pointer, s, c->err);
}

static sc_rc ignore(compiler *c, const json_t *v) {
    (void)c;
    (void)v;
    return SC_OK;
}

static const struct {
    const char *key;
    sc_rc (*compile)(compiler *c, const json_t *v);
} keywords[] = {
    {"type", on_type},
    {"required", on_required},
    {"properties", on_properties},
    {"enum", on_enum},
    {"const", on_const},
    {"additionalProperties", on_additional},
    {"minLength", on_min_length},
    {"maxLength", on_max_length},
    {"minItems", on_min_items},
    {"maxItems", on_max_items},
    {"minimum", on_minimum},
    {"maximum", on_maximum},
    {"format", on_format},
    {"pattern", on_pattern},
    {"items", on_items},
    {"oneOf", on_one_of},
    {"anyOf", on_any_of},
    {"allOf", on_all_of},
    {"if", on_if},
    {"then", on_then},
    {"else", on_else},
    {"$ref", on_ref},
    {"description", ignore},
    {"title", ignore},
    {"default", ignore},
    {"examples", ignore},
    {"example", ignore},
};

static sc_rc compile_into(sc_schema_set *set, const json_t *node, const char *where, sc_schema *s,
                          sc_err *err) {
    *s = (sc_schema){.max_length = -1, .max_items = -1};
    compiler c = {.set = set, .s = s, .where = where, .err = err};
    if (json_is_boolean(node) || !json_is_object(node)) return fault(&c, "", "expected a schema");
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)node, key, v) {
        size_t i = 0;
        while (i < SC_LEN(keywords) && strcmp(keywords[i].key, key) != 0) i++;
        if (i == SC_LEN(keywords)) return fault(&c, key, "a keyword that schema.c does not know");
        sc_rc rc = keywords[i].compile(&c, v);
        if (rc) return rc;
    }
    if (!s->condition && (s->then || s->otherwise))
        return fault(&c, s->then ? "then" : "else", "without an if nothing leads here");
    return SC_OK;
}

sc_rc sc_schema_compile(sc_schema_set *set, const json_t *node, const char *where,
                        const sc_schema **ret, sc_err *err) {
    sc_schema *s = sc_arena_take(set->arena, sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory to read the contract");
    sc_rc rc = compile_into(set, node, where, s, err);
    if (!rc) *ret = s;
    return rc;
}
