#include "tools/labelled.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/represent.h"
#include "embedders/encoder/encoder.h"
#include "embedders/registry.h"

_Noreturn void sc_tool_die(const char *program, const char *what, const sc_err *err) {
    fprintf(stderr, "%s: %s: %s\n", program, what, err->msg);
    exit(1);
}

sc_embedder sc_tool_embedder(const char *program, const char *name) {
    sc_err err = {0};
    const char *colon = strchr(name, ':');
    sc_str kind = {name, colon ? (size_t)(colon - name) : strlen(name)};
    const sc_encoder_conf conf = {.model = colon ? colon + 1 : NULL};
    const sc_embedder_ops *ops = sc_embedder_find(kind);
    void *self = ops ? sc_alloc(ops->size) : NULL;
    if (!self) {
        sc_fail(&err, SC_INVALID, "there is builtin, and encoder:PATH");
        sc_tool_die(program, name, &err);
    }
    if (ops->open(self, colon ? &conf : NULL, &err)) sc_tool_die(program, name, &err);
    return (sc_embedder){ops, self};
}

void sc_tool_embedder_close(sc_embedder *em) {
    if (em->ops->close) em->ops->close(em->self);
    sc_free(em->self);
}

static bool grow(sc_labelled *d) {
    if (d->n < d->cap) return true;
    size_t cap = d->cap ? d->cap * 2 : 1024;
    sc_repr *r = sc_realloc_array(d->reprs, cap, sizeof *r);
    if (r) d->reprs = r;
    int32_t *l = sc_realloc_array(d->labels, cap, sizeof *l);
    if (l) d->labels = l;
    if (r && l) d->cap = cap;
    return r && l;
}

static int32_t number_of(sc_labelled *d, const char *label) {
    json_t *v = json_object_get(d->numbers, label);
    if (v) return (int32_t)json_integer_value(v);
    int32_t n = (int32_t)json_object_size(d->numbers);
    json_object_set_new(d->numbers, label, json_integer(n));
    return n;
}

static sc_rc add_line(sc_labelled *d, const sc_embedder *em, sc_str line, sc_err *err) {
    json_t *v;
    sc_rc rc = sc_json_parse(line, &v, err);
    if (rc) return rc;
    sc_str text = sc_json_str_at(v, "text"), body = sc_json_str_at(v, "body");
    sc_str label = sc_json_str_at(v, "label");
    sc_feedback f = {.title = sc_json_str_at(v, "title"), .body = body.p ? body : text};
    if (!label.p) rc = sc_fail(err, SC_INVALID, "a line without a label");
    if (!rc && !grow(d)) rc = sc_fail(err, SC_NOMEM, "no memory");
    if (!rc) rc = sc_represent(em, &f, INT64_MAX, &d->arena, &d->reprs[d->n], NULL, err);
    if (!rc) d->labels[d->n++] = number_of(d, label.p);
    json_decref(v);
    return rc;
}

void sc_labelled_load(sc_labelled *d, const char *program, const sc_embedder *em, const char *path,
                      size_t max) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    *d = (sc_labelled){.numbers = json_object()};
    sc_arena_init(&d->arena, SIZE_MAX / 2);
    while (d->n < max && (n = getline(&line, &cap, f)) > 0) {
        sc_err err;
        if (add_line(d, em, (sc_str){line, (size_t)n}, &err)) sc_tool_die(program, path, &err);
    }
    free(line); // NOLINT: getline's
    fclose(f);
}

void sc_labelled_done(sc_labelled *d) {
    sc_arena_done(&d->arena);
    sc_free(d->reprs);
    sc_free(d->labels);
    json_decref(d->numbers);
}
