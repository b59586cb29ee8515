/* How well grouping does on labelled text, without the rest of the product:
 *
 *   group_eval [--shuffle SEED] [--consolidate] [--no-search] [--max N] FILE.jsonl...
 *
 * Each line of a file is {"text", "title"?, "body"?, "label"}. Texts are prepared and embedded as the
 * product does it and streamed through the grouping engine with the shipped profile. One row a file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/represent.h"
#include "base/json.h"
#include "embedders/registry.h"
#include "group/evaluate.h"

typedef struct data {
    sc_arena arena;
    sc_repr *reprs;
    int32_t *labels;
    size_t n, cap;
    json_t *numbers; /* label -> number */
} data;

static void die(const char *what, const sc_err *err) {
    fprintf(stderr, "group_eval: %s: %s\n", what, err->msg);
    exit(1);
}

static bool grow(data *d) {
    if (d->n < d->cap) return true;
    size_t cap = d->cap ? d->cap * 2 : 1024;
    sc_repr *r = sc_realloc_array(d->reprs, cap, sizeof *r);
    if (r) d->reprs = r;
    int32_t *l = sc_realloc_array(d->labels, cap, sizeof *l);
    if (l) d->labels = l;
    if (r && l) d->cap = cap;
    return r && l;
}

static int32_t number_of(data *d, const char *label) {
    json_t *v = json_object_get(d->numbers, label);
    if (v) return (int32_t)json_integer_value(v);
    int32_t n = (int32_t)json_object_size(d->numbers);
    json_object_set_new(d->numbers, label, json_integer(n));
    return n;
}

static sc_rc add_line(data *d, const sc_embedder *em, sc_str line, sc_err *err) {
    json_t *v;
    sc_rc rc = sc_json_parse(line, &v, err);
    if (rc) return rc;
    sc_str text = sc_json_str_at(v, "text"), body = sc_json_str_at(v, "body");
    sc_str label = sc_json_str_at(v, "label");
    sc_feedback f = {.title = sc_json_str_at(v, "title"), .body = body.p ? body : text};
    if (!f.title.p && body.p == NULL) f.title = SC_STR("");
    if (!label.p) rc = sc_fail(err, SC_INVALID, "a line without a label");
    if (!rc && !grow(d)) rc = sc_fail(err, SC_NOMEM, "no memory");
    if (!rc) rc = sc_represent(em, &f, INT64_MAX, &d->arena, &d->reprs[d->n], NULL, err);
    if (!rc) d->labels[d->n++] = number_of(d, json_string_value(json_object_get(v, "label")));
    json_decref(v);
    return rc;
}

static void load(data *d, const sc_embedder *em, const char *path, size_t max) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    sc_arena_init(&d->arena, SIZE_MAX / 2);
    d->numbers = json_object();
    while (d->n < max && (n = getline(&line, &cap, f)) > 0) {
        sc_err err;
        if (add_line(d, em, (sc_str){line, (size_t)n}, &err)) die(path, &err);
    }
    free(line); // NOLINT: getline's
    fclose(f);
}

static void drop(data *d) {
    sc_arena_done(&d->arena);
    sc_free(d->reprs);
    sc_free(d->labels);
    json_decref(d->numbers);
}

static void print(const char *path, const sc_evaluation *v) {
    const char *slash = strrchr(path, '/');
    const sc_metrics *m = &v->metrics;
    printf("%-26.26s %6" PRId64 " %5.3f %5.3f %5.3f %5.3f %5.3f %5.3f %5.3f %6" PRId64 " %6" PRId64
           " %7.0f %7.0f %6.0f %6" PRId64 " %5" PRId64 " %5.1f %5.3f %4.2f\n",
           slash ? slash + 1 : path, m->items, m->ari, m->pair_precision, m->pair_recall,
           m->pair_f1, m->v_measure, v->recall_at_1, v->recall_at_5, m->true_groups,
           m->found_groups, v->place_us_mean, v->place_us_p99, v->search_us_mean, v->moves,
           v->suggestions, (double)v->bytes / 1e6, v->cut, v->topics);
}

int main(int argc, char **argv) {
    const sc_embedder_ops *ops = sc_embedder_find(SC_STR("builtin"));
    sc_evaluate_conf conf = {.clock = &sc_clock_system};
    size_t max = SIZE_MAX;
    sc_err err;
    sc_json_setup();
    void *self = sc_alloc(ops->size);
    if (!self || ops->open(self, NULL, &err)) die("open the embedder", &err);
    const sc_embedder em = {ops, self};
    conf.profile = sc_profile_get(ops->model(self));
    puts(
        "set                         items   ari     P     R    F1     V   R@1   R@5 groups  found "
        "  place     p99 search  moves sugg.    MB   cut kind");
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--shuffle") && i + 1 < argc)
            conf.shuffle = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--max") && i + 1 < argc)
            max = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--consolidate"))
            conf.consolidate = true;
        else if (!strcmp(argv[i], "--no-search"))
            conf.skip_search = true;
        else {
            data d = {0};
            sc_evaluation v;
            load(&d, &em, argv[i], max);
            if (sc_evaluate_run(&conf, d.reprs, d.labels, d.n, NULL, &v, &err)) die(argv[i], &err);
            print(argv[i], &v);
            fflush(stdout);
            drop(&d);
        }
    }
    if (ops->close) ops->close(self);
    sc_free(self);
    return 0;
}
