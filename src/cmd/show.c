/* soulcaster show, soulcaster trace: one issue, one report, and why it is where it is. */
#include "cmd/cmd.h"

static void line_text(const char *name, sc_str text) {
    if (text.n == 0) return;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_out_clean(&b, text);
    sc_out_styled(SC_DIM, "%-*s", name[0] == ' ' ? 16 : 13, name);
    printf("%s\n", b.p ? b.p : "");
}

static void line_time(const char *name, sc_str time) {
    if (time.n == 0) return;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256);
    sc_out_time_text(&b, time);
    line_text(name, sc_buf_str(&b));
}

static void title_line(sc_str title) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64 << 10);
    sc_out_clean(&b, title);
    sc_out_styled(SC_BOLD, "%s", b.p ? b.p : "");
    putchar('\n');
}

/* ---- A report ------------------------------------------------------------------------------------ */

static void print_report(const json_t *v) {
    title_line(sc_json_str_at(v, "title"));
    line_text("report", sc_json_str_at(v, "id"));
    line_text("source", sc_json_str_at(v, "source"));
    line_text("external id", sc_json_str_at(v, "external_id"));
    line_time("written", sc_json_str_at(v, "created_at"));
    line_time("received", sc_json_str_at(v, "received_at"));
    line_text("state", sc_json_str_at(v, "state"));
    line_text("issue", sc_json_str_at(v, "cluster_id"));
    line_text("address", sc_json_str_at(v, "url"));
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256 << 10);
    const json_t *meta = json_object_get(v, "metadata");
    if (json_object_size(meta) && sc_json_dump(meta, &b)) line_text("metadata", sc_buf_str(&b));
    sc_str body = sc_json_str_at(v, "body"), stack = sc_json_str_at(v, "stack");
    if (body.n) {
        putchar('\n');
        sc_out_block(body, 2);
    }
    if (stack.n) {
        sc_out_styled(SC_DIM, "\nstack\n");
        sc_out_block(stack, 2);
    }
}

/* ---- An issue ------------------------------------------------------------------------------------ */

static void put_list(sc_buf *b, const json_t *list) {
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
        sc_buf_putf(b, "%s%s", i ? ", " : "", json_string_value(v) ? json_string_value(v) : "");
}

static void print_members(const json_t *v) {
    static const sc_column columns[] = {{"REPORT", false, false, 0},
                                        {"SOURCE", false, false, 0},
                                        {"WRITTEN", false, false, 0},
                                        {"TITLE", false, true, 0}};
    const json_t *items = json_object_get(v, "feedback_items");
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        sc_buf_reset(&b);
        sc_out_id(&b, sc_json_str_at(item, "id"));
        sc_table_cell(&t, SC_CYAN, sc_buf_str(&b));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(item, "source"));
        sc_buf_reset(&b);
        sc_out_time_text(&b, sc_json_str_at(item, "created_at"));
        sc_table_cell(&t, SC_PLAIN, sc_buf_str(&b));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(item, "title"));
    }
    putchar('\n');
    sc_table_print(&t);
    sc_table_done(&t);
    int64_t count = json_integer_value(json_object_get(v, "count"));
    if (count > (int64_t)json_array_size(items))
        printf("%zu newest of %lld\n", json_array_size(items), (long long)count);
}

static void print_cluster(const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64 << 10);
    title_line(sc_json_str_at(v, "title"));
    line_text("issue", sc_json_str_at(v, "id"));
    line_text("merged from", sc_json_str_at(v, "moved_from"));
    line_text("status", sc_json_str_at(v, "status"));
    sc_buf_putf(&b, "%lld (", (long long)json_integer_value(json_object_get(v, "count")));
    put_list(&b, json_object_get(v, "sources"));
    sc_buf_putc(&b, ')');
    line_text("reports", sc_buf_str(&b));
    line_time("first seen", sc_json_str_at(v, "first_seen"));
    line_time("last seen", sc_json_str_at(v, "last_seen"));
    sc_buf_reset(&b);
    sc_str quality = sc_json_str_at(v, "cohesion.quality");
    sc_buf_put_str(&b, quality);
    if (json_is_number(sc_json_at(v, "cohesion.mean")))
        sc_buf_putf(&b, " (%.2f on average, %.2f at worst)",
                    json_number_value(sc_json_at(v, "cohesion.mean")),
                    json_number_value(sc_json_at(v, "cohesion.min")));
    line_text("fits", sc_buf_str(&b));
    sc_buf_reset(&b);
    put_list(&b, json_object_get(v, "keywords"));
    line_text("keywords", sc_buf_str(&b));
    sc_str summary = sc_json_str_at(v, "summary");
    if (summary.n) {
        putchar('\n');
        sc_out_block(summary, 2);
    }
    print_members(v);
}

/* An issue's id, or a report's: whichever knows it. */
static sc_rc fetch(sc_api *a, const char *typed, json_t **ret, bool *ret_cluster, sc_err *err) {
    static const struct {
        const char *list;
        bool cluster;
    } kinds[] = {{"/api/clusters", true}, {"/api/feedback", false}};
    sc_rc rc = SC_NOT_FOUND;
    for (size_t i = 0; i < SC_LEN(kinds) && rc == SC_NOT_FOUND; i++) {
        sc_id id;
        char path[80];
        rc = sc_api_resolve(a, kinds[i].list, typed, &id, err);
        if (rc) continue;
        snprintf(path, sizeof path, "%s/%s", kinds[i].list, id.text);
        rc = sc_api_do(a, "GET", path, NULL, ret, err);
        *ret_cluster = kinds[i].cluster;
    }
    return rc == SC_NOT_FOUND ? sc_fail(err, rc, "no issue and no report has the id %s", typed)
                              : rc;
}

static int show(sc_call *c) {
    sc_api *a;
    int code = SC_EXIT_OK;
    if (sc_cmd_words_wrong(c, 1, SIZE_MAX)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    for (size_t i = 0; i < c->n_words && code == SC_EXIT_OK; i++) {
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        sc_err err = {0};
        bool cluster = false;
        if (fetch(a, c->words[i], &v, &cluster, &err)) {
            code = sc_cmd_fail_err(c, &err);
        } else if (!sc_print_json(c, v)) {
            if (i) putchar('\n');
            if (cluster)
                print_cluster(v);
            else
                print_report(v);
        }
    }
    sc_api_close(a);
    return code;
}

const sc_verb sc_verb_show = {
    .name = "show",
    .group = SC_GROUP_LOOK,
    .summary = "show an issue or a report",
    .synopsis = "ID... [--json]",
    .about = "Shows an issue with its newest reports, or a report with its text. An id may be "
             "shortened to at least 6 characters of its "
             "beginning or its end, where only one has them; lists on a terminal show the end.",
    .examples = "# an issue, by the end of its id\nsoulcaster show 4f1c9a2e\n",
    .sets = SC_OPTS_API,
    .run = show,
};

/* ---- trace --------------------------------------------------------------------------------------- */

/* "0.83 (mean 0.71, ...)": only what was looked at. */
static void print_evidence(const json_t *e, const char *lead) {
    static const struct {
        const char *name, *words;
    } parts[] = {{"probability", "the same issue, calibrated"},
                 {"mean", "like its reports on average"},
                 {"best", "like the nearest report"},
                 {"worst", "like the farthest report"},
                 {"semantic", "in meaning"},
                 {"lexical", "in rare words"},
                 {"title", "in the title"},
                 {"stack", "in stack frames"}};
    if (!json_is_object(e)) return;
    bool any = false;
    for (size_t i = 0; i < SC_LEN(parts); i++) {
        const json_t *n = json_object_get(e, parts[i].name);
        if (!json_is_number(n)) continue;
        if (!any) printf("      %s\n", lead);
        any = true;
        printf("        %4.0f %%  %s\n", 100 * json_number_value(n), parts[i].words);
    }
    if (json_is_true(json_object_get(e, "conflict")))
        puts("        platform, version or error code contradict");
}

static void print_step(const json_t *s) {
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_buf_done) sc_buf words;
    sc_buf_init(&b, 16 << 10);
    sc_buf_init(&words, 16 << 10);
    sc_out_time_text(&b, sc_json_str_at(s, "at"));
    sc_out_clean(&words, sc_json_str_at(s, "words"));
    sc_str step = sc_json_str_at(s, "step");
    sc_out_styled(SC_BOLD, "%-12.*s", SC_FMT(step));
    sc_out_styled(SC_DIM, "%s\n", b.p ? b.p : "");
    if (words.n) printf("      %s\n", words.p);
    line_text("      issue", sc_json_str_at(s, "cluster_title"));
    sc_str nearest = sc_json_str_at(s, "nearest.title");
    if (nearest.n) line_text("      nearest", nearest);
    const json_t *decision = json_object_get(s, "decision");
    if (json_is_object(decision)) {
        sc_buf_reset(&b);
        put_list(&b, json_object_get(decision, "shared_terms"));
        line_text("      shared", sc_buf_str(&b));
        if (nearest.n) /* else nothing was compared */
            print_evidence(json_object_get(decision, "evidence"), "evidence at the time");
        sc_buf_reset(&b);
        sc_str actor = sc_json_str_at(decision, "actor"), model = sc_json_str_at(decision, "model");
        sc_buf_putf(&b, "%.*s%s%.*s", SC_FMT(actor), model.n ? ", " : "", SC_FMT(model));
        line_text("      by", sc_buf_str(&b));
    }
    line_text("      at", sc_json_str_at(s, "url"));
    line_text("      request", sc_json_str_at(s, "request_id"));
    line_text("      job", sc_json_str_at(s, "job_id"));
}

static void print_trace(const json_t *v) {
    title_line(sc_json_str_at(v, "feedback.title"));
    line_text("report", sc_json_str_at(v, "feedback.id"));
    line_text("issue", sc_json_str_at(v, "feedback.cluster_id"));
    line_text("trace", sc_json_str_at(v, "trace_id"));
    putchar('\n');
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(v, "steps"), i, step) print_step(step);
    const json_t *now = json_object_get(v, "now");
    if (!json_is_object(now)) return;
    sc_out_styled(SC_BOLD, "%-12s", "today");
    putchar('\n');
    print_evidence(now, "how well it fits its issue as it is now");
}

static int trace(sc_call *c) {
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    sc_id id;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    char path[80];
    code = SC_EXIT_OK;
    sc_rc rc = sc_api_resolve(a, "/api/feedback", c->words[0], &id, &err);
    if (rc == SC_OK) {
        snprintf(path, sizeof path, "/api/trace/%s", id.text);
        rc = sc_api_do(a, "GET", path, NULL, &v, &err);
    }
    if (rc)
        code = sc_cmd_fail_err(c, &err);
    else if (!sc_print_json(c, v))
        print_trace(v);
    sc_api_close(a);
    return code;
}

const sc_verb sc_verb_trace = {
    .name = "trace",
    .group = SC_GROUP_LOOK,
    .summary = "say why a report is where it is",
    .synopsis = "REPORT [--json]",
    .about = "Shows the whole way of one report: when it came and by which request, when it was "
             "stored, where it was put and why (the "
             "reason, the evidence, the nearest report, the words they share), who moved it since, "
             "and how well it fits its issue "
             "today.",
    .examples = "# why is it here?\nsoulcaster trace 4f1c9a2e\n",
    .sets = SC_OPTS_API,
    .run = trace,
};
