/* soulcaster eval: how well the shipped defaults group reports whose groups are known. Nothing is stored. */
#include "app/represent.h"
#include "cmd/cmd.h"
#include "group/evaluate.h"

enum { ARENA_BYTES = 1 << 30, SCRATCH_BYTES = 8 << 20, ONE_MS = 60000 };

typedef struct eval_conf {
    const char *label;
    sc_opt_list map;
    int64_t seed, sample, shuffles;
    bool stream;
} eval_conf;

/* The reports of one file, as the engine wants them. */
typedef struct corpus {
    sc_arena arena, scratch;
    sc_repr *reprs;
    int32_t *labels;
    size_t n, cap, unlabelled, rejected;
    json_t *names; /* label -> number */
    int64_t embed_us;
} corpus;

static void corpus_init(corpus *k) {
    memset(k, 0, sizeof *k);
    sc_arena_init(&k->arena, ARENA_BYTES);
    sc_arena_init(&k->scratch, SCRATCH_BYTES);
    k->names = json_object();
}

static void corpus_done(corpus *k) {
    sc_arena_done(&k->arena);
    sc_arena_done(&k->scratch);
    sc_free(k->reprs);
    sc_free(k->labels);
    json_decref(k->names);
}

static sc_rc grow(corpus *k, sc_err *err) {
    if (k->n < k->cap) return SC_OK;
    size_t cap = k->cap ? 2 * k->cap : 1024;
    void *reprs = sc_realloc_array(k->reprs, cap, sizeof *k->reprs);
    if (reprs) k->reprs = reprs;
    void *labels = sc_realloc_array(k->labels, cap, sizeof *k->labels);
    if (labels) k->labels = labels;
    if (!reprs || !labels) return sc_fail(err, SC_NOMEM, "out of memory");
    k->cap = cap;
    return SC_OK;
}

static bool label_of(corpus *k, const json_t *obj, const char *column, int32_t *ret) {
    const json_t *v = json_object_get(obj, column);
    char text[32];
    const char *name = json_string_value(v);
    if (json_is_integer(v)) {
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
        name = text;
    }
    if (!name || !*name) return false;
    const json_t *known = json_object_get(k->names, name);
    *ret = known ? (int32_t)json_integer_value(known) : (int32_t)json_object_size(k->names);
    return known || json_object_set_new(k->names, name, json_integer(*ret)) == 0;
}

static sc_rc add(corpus *k, const sc_embedder *embedder, const json_t *report, int32_t label,
                 sc_err *err) {
    sc_repr repr;
    sc_feedback f = {.title = sc_json_str_at(report, "title"),
                     .body = sc_json_str_at(report, "body"),
                     .stack = sc_json_str_at(report, "stack"),
                     .external_id = SC_STR("x"),
                     .metadata = SC_STR("{}")};
    sc_rc rc = sc_feedback_normalise(&f, err);
    if (rc) return rc;
    int64_t started = sc_mono_us(&sc_clock_system);
    sc_arena_reset(&k->scratch);
    rc = sc_represent(embedder, &f, sc_now_ms(&sc_clock_system) + ONE_MS, &k->scratch, &repr, NULL,
                      err);
    k->embed_us += sc_mono_us(&sc_clock_system) - started;
    if (rc == SC_OK) rc = grow(k, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf blob;
    sc_buf_init(&blob, 1 << 20);
    char *kept = sc_repr_encode(&repr, &blob) ? sc_arena_copy(&k->arena, blob.p, blob.n) : NULL;
    if (!kept) return sc_fail(err, SC_NOMEM, "the file does not fit into 1 GiB; use --sample");
    rc = sc_repr_decode((sc_str){kept, blob.n}, &k->arena, &k->reprs[k->n], err);
    if (rc == SC_OK) k->labels[k->n++] = label;
    return rc;
}

static sc_rc read_corpus(const eval_conf *o, const sc_embedder *embedder, const char *path,
                         corpus *k, sc_err *err) {
    sc_records *records = NULL;
    sc_mapping *m = NULL;
    sc_progress p;
    sc_rc rc = sc_mapping_new(&o->map, NULL, &m, err);
    if (rc == SC_OK) rc = sc_records_open(path, NULL, &records, err);
    sc_progress_start(&p, "embed");
    while (rc == SC_OK && (o->sample == 0 || (int64_t)k->n < o->sample)) {
        sc_record r;
        int32_t label;
        SC_AUTO(sc_json_auto) json_t *report = NULL;
        rc = sc_records_next(records, &r, err);
        if (rc == SC_OK) rc = sc_mapping_apply(m, &r, &report, err);
        if (rc == SC_OK && !label_of(k, r.obj, o->label, &label)) {
            k->unlabelled++;
            continue;
        }
        if (rc == SC_OK) rc = add(k, embedder, report, label, err);
        if (rc == SC_INVALID || rc == SC_TOO_LARGE || rc == SC_UNPROCESSABLE) {
            k->rejected++;
            rc = SC_OK;
        }
        sc_progress_tell(&p, (int64_t)k->n, o->sample);
    }
    sc_progress_end(&p);
    sc_records_close(records);
    sc_mapping_free(m);
    return rc == SC_NOT_FOUND && records ? SC_OK : rc;
}

/* How alike the results of several orders of arrival are: ARI between each two. */
typedef struct orders {
    double least, mean;
    int64_t pairs;
} orders;

static void print_json(const char *path, const corpus *k, const sc_evaluation *e,
                       const orders *order, const char *model, double ms) {
    const sc_metrics *m = &e->metrics;
    SC_AUTO(sc_json_auto)
    json_t *v =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, "
                  "s:f, s:I, s:f, s:f, s:I}",
                  "file", path, "model", model, "reports", (json_int_t)m->items, "unlabelled",
                  (json_int_t)k->unlabelled, "rejected", (json_int_t)k->rejected, "true_groups",
                  (json_int_t)m->true_groups, "found_groups", (json_int_t)m->found_groups, "ari",
                  m->ari, "pair_precision", m->pair_precision, "pair_recall", m->pair_recall,
                  "pair_f1", m->pair_f1, "homogeneity", m->homogeneity, "completeness",
                  m->completeness, "v_measure", m->v_measure, "recall_at_1", e->recall_at_1,
                  "recall_at_5", e->recall_at_5, "queries", (json_int_t)e->queries, "ms_per_report",
                  ms, "search_ms", e->search_us_mean / 1000, "bytes", (json_int_t)e->bytes);
    if (v && order->pairs) {
        json_object_set_new(v, "order_ari", json_real(order->mean));
        json_object_set_new(v, "order_ari_least", json_real(order->least));
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    if (v && sc_json_dump(v, &b)) puts(b.p);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void row(sc_table *t, const char *path, const sc_evaluation *e, const orders *order,
                double ms) {
    const sc_metrics *m = &e->metrics;
    const double shares[] = {m->ari,       m->pair_precision, m->pair_recall, m->pair_f1,
                             m->v_measure, e->recall_at_1,    e->recall_at_5};
    sc_table_cell(t, SC_PLAIN, sc_str_of(base_name(path)));
    sc_table_cellf(t, SC_PLAIN, "%lld", (long long)m->items);
    sc_table_cellf(t, SC_PLAIN, "%lld/%lld", (long long)m->found_groups, (long long)m->true_groups);
    for (size_t i = 0; i < SC_LEN(shares); i++)
        sc_table_cellf(t, i ? SC_PLAIN : SC_BOLD, "%.3f", shares[i]);
    sc_table_cellf(t, SC_PLAIN, "%.2f", ms);
    if (order->pairs)
        sc_table_cellf(t, SC_PLAIN, "%.3f", order->least);
    else
        sc_table_cell(t, SC_PLAIN, SC_STR("-"));
}

/* The file's order (or --seed's) and `shuffles` others, each against each. found: the first one's. */
static sc_rc compare_orders(const eval_conf *o, const corpus *k, const sc_evaluate_conf *conf,
                            int32_t *found, orders *ret, sc_err *err) {
    const size_t n = (size_t)o->shuffles + 1;
    sc_evaluate_conf other = *conf;
    other.skip_search = true;
    *ret = (orders){.least = 1};
    sc_rc rc = SC_OK;
    for (size_t i = 1; rc == SC_OK && i < n; i++) {
        sc_evaluation unused;
        other.shuffle = conf->shuffle + i * 7919;
        rc = sc_evaluate_run(&other, k->reprs, k->labels, k->n, found + i * k->n, &unused, err);
        for (size_t j = 0; rc == SC_OK && j < i; j++) {
            sc_metrics m;
            rc = sc_metrics_compare(found + j * k->n, found + i * k->n, k->n, &m, err);
            if (rc) break;
            ret->least = SC_MIN(ret->least, m.ari);
            ret->mean += m.ari;
            ret->pairs++;
        }
    }
    if (ret->pairs) ret->mean /= (double)ret->pairs;
    return rc;
}

static sc_rc evaluate(const eval_conf *o, const corpus *k, const char *model, sc_evaluation *ret,
                      orders *ret_order, sc_err *err) {
    const sc_evaluate_conf conf = {.profile = sc_profile_get(model),
                                   .clock = &sc_clock_system,
                                   .shuffle = (uint64_t)o->seed,
                                   .consolidate = !o->stream};
    SC_AUTO(sc_auto_free)
    int32_t *found = sc_alloc_array(k->n * ((size_t)o->shuffles + 1), sizeof *found);
    if (!found) return sc_fail(err, SC_NOMEM, "out of memory");
    sc_rc rc = sc_evaluate_run(&conf, k->reprs, k->labels, k->n, found, ret, err);
    return rc ? rc : compare_orders(o, k, &conf, found, ret_order, err);
}

static sc_rc one_file(sc_call *c, const sc_embedder *embedder, const char *path, sc_table *t,
                      sc_err *err) {
    const eval_conf *o = c->conf;
    corpus k;
    sc_evaluation e = {0};
    const char *model = embedder->ops->model(embedder->self);
    corpus_init(&k);
    sc_rc rc = read_corpus(o, embedder, path, &k, err);
    if (rc == SC_OK && k.n == 0)
        rc = sc_fail(err, SC_INVALID, "no report with a label in column '%s'", o->label);
    orders order = {0};
    if (rc == SC_OK) rc = evaluate(o, &k, model, &e, &order, err);
    if (rc == SC_OK) {
        double ms = (double)k.embed_us / 1000 / (double)k.n + e.place_us_mean / 1000;
        if (c->common.json)
            print_json(path, &k, &e, &order, model, ms);
        else
            row(t, path, &e, &order, ms);
        if (k.unlabelled || k.rejected)
            fprintf(stderr, "%s: %zu without a label, %zu unreadable\n", path, k.unlabelled,
                    k.rejected);
    }
    corpus_done(&k);
    return rc ? sc_wrap(err, "%s", path) : SC_OK;
}

static int eval(sc_call *c) {
    static const sc_column columns[] = {
        {"FILE", false, true, 0},    {"REPORTS", true, false, 0},   {"FOUND/TRUE", true, false, 0},
        {"ARI", true, false, 0},     {"PAIR-P", true, false, 0},    {"PAIR-R", true, false, 0},
        {"PAIR-F1", true, false, 0}, {"V", true, false, 0},         {"R@1", true, false, 0},
        {"R@5", true, false, 0},     {"MS/REPORT", true, false, 0}, {"ORDER", true, false, 0}};
    sc_err err = {0};
    sc_embedder embedder = {NULL, NULL};
    if (sc_cmd_words_wrong(c, 1, 1000)) return SC_EXIT_USAGE;
    const char *hint;
    if (sc_stack_open_embedder(c, &embedder, &hint, &err)) return sc_cmd_fail_err(c, &err);
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < c->n_words && rc == SC_OK; i++)
        rc = one_file(c, &embedder, c->words[i], &t, &err);
    if (!c->common.json && t.n_cells) sc_table_print(&t);
    sc_table_done(&t);
    sc_stack_close_embedder(&embedder);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

#define AT(member) offsetof(eval_conf, member)
static const sc_opt opts[] = {
    {.name = "label",
     .type = SC_OPT_STR,
     .offset = AT(label),
     .fallback = "label",
     .arg = "COLUMN",
     .no_env = true,
     .help = "the column that holds the true group"},
    {.name = "seed",
     .type = SC_OPT_INT,
     .offset = AT(seed),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = INT32_MAX,
     .no_env = true,
     .help = "shuffle the reports by this seed; 0 keeps the file's order"},
    {.name = "sample",
     .type = SC_OPT_INT,
     .offset = AT(sample),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = 100000000,
     .no_env = true,
     .help = "only the first N reports; 0 takes all"},
    {.name = "shuffles",
     .type = SC_OPT_INT,
     .offset = AT(shuffles),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = 100,
     .no_env = true,
     .help = "group N shuffled orders too and compare the results with each other"},
    {.name = "stream",
     .type = SC_OPT_BOOL,
     .offset = AT(stream),
     .no_env = true,
     .help = "as it is before the pass over everything that follows in idle time"},
    {.name = "map",
     .type = SC_OPT_LIST,
     .offset = AT(map),
     .arg = "FIELD=COLUMN,...",
     .help = "which column is which field, as for ingest"},
};

const sc_verb sc_verb_eval = {
    .name = "eval",
    .group = SC_GROUP_KEEP,
    .summary = "measure the grouping on reports whose groups are known",
    .synopsis =
        "FILE... [--label COLUMN] [--seed N] [--sample N] [--shuffles N] [--stream] [--json]",
    .about =
        "Groups each file by itself with the shipped defaults, one report after the other as "
        "they would arrive, then all once more as in idle time, and compares the result with "
        "the labels. Nothing is stored and no server is asked.\n\n"
        "ARI: adjusted Rand index. PAIR-P, PAIR-R, PAIR-F1: precision, recall and their mean "
        "over pairs of reports. V: V-measure. "
        "R@1, R@5: of the reports that have siblings, those with one among the 1 or 5 "
        "nearest. All from 0 to 1, more is better. "
        "MS/REPORT: preparing, embedding and placing one. ORDER: with --shuffles, the least ARI "
        "between the results of two orders of arrival.",
    .examples =
        "# your own labelled reports\nsoulcaster eval labelled.jsonl\n"
        "# does the order of arrival matter?\nsoulcaster eval --shuffles 4 labelled.jsonl\n",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(eval_conf),
    .run = eval,
};
