/* soulcaster clusters, soulcaster search: lists of issues and of reports. */
#include "cmd/cmd.h"

/* ---- clusters ------------------------------------------------------------------------------------ */

typedef struct clusters_conf {
    const char *status, *source, *since, *until, *words, *sort, *cursor;
    int64_t limit, min_count;
    bool all;
} clusters_conf;

static void put_sources(sc_buf *b, const json_t *cluster) {
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(cluster, "sources"), i, s)
        sc_buf_putf(b, "%s%s", i ? "," : "", json_string_value(s) ? json_string_value(s) : "");
}

static sc_style style_of(sc_str status) {
    if (sc_str_is(status, "regressed")) return SC_RED;
    if (sc_str_is(status, "new")) return SC_YELLOW;
    if (sc_str_is(status, "resolved")) return SC_GREEN;
    return sc_str_is(status, "ignored") || sc_str_is(status, "snoozed") ? SC_DIM : SC_PLAIN;
}

static const sc_column cluster_columns[] = {
    {"ID", false, false, 0},        {"REPORTS", true, false, 0}, {"STATUS", false, false, 4},
    {"LAST SEEN", false, false, 3}, {"FITS", false, false, 1},   {"SOURCES", false, true, 2},
    {"TITLE", false, true, 0}};

static void cluster_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_str status = sc_json_str_at(v, "status");
    sc_out_id(&b, sc_json_str_at(v, "id"));
    sc_table_cell(t, SC_CYAN, sc_buf_str(&b));
    sc_table_cellf(t, SC_BOLD, "%lld", (long long)json_integer_value(json_object_get(v, "count")));
    sc_table_cell(t, style_of(status), status);
    sc_buf_reset(&b);
    sc_out_time_text(&b, sc_json_str_at(v, "last_seen"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_table_cell(t, SC_DIM, sc_json_str_at(v, "cohesion.quality"));
    sc_buf_reset(&b);
    put_sources(&b, v);
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "title"));
}

static void clusters_path(const clusters_conf *o, const char *cursor, sc_buf *path) {
    sc_path_start(path, "/api/clusters");
    sc_path_add(path, "status", sc_str_of(o->status));
    sc_path_add(path, "source", sc_str_of(o->source));
    sc_path_add(path, "since", sc_str_of(o->since));
    sc_path_add(path, "until", sc_str_of(o->until));
    sc_path_add(path, "q", sc_str_of(o->words));
    sc_path_add(path, "sort", sc_str_of(o->sort));
    if (o->min_count) sc_path_int(path, "min_count", o->min_count);
    sc_path_int(path, "limit", o->limit);
    sc_path_add(path, "cursor", sc_str_of(cursor));
}

static void say_more(const json_t *page, size_t shown) {
    int64_t total = json_integer_value(json_object_get(page, "total"));
    if (total > (int64_t)shown)
        printf("%zu of %lld; --all shows all, --limit more\n", shown, (long long)total);
}

/* Nothing to show: the reports may be in another project (the demo's are). */
static void say_projects(sc_api *a) {
    SC_AUTO(sc_json_auto) json_t *list = NULL;
    size_t i;
    json_t *p;
    if (sc_api_do(a, "GET", "/api/projects", NULL, &list, NULL)) return; /* a hint, nothing more */
    const json_t *items = json_object_get(list, "items");
    if (json_array_size(items) < 2) return;
    printf("There are other projects; name one with --project:");
    json_array_foreach(items, i, p) printf(" %.*s", SC_FMT(sc_json_str_at(p, "name")));
    printf("\n");
}

static void say_nothing(sc_api *a, const clusters_conf *o) {
    bool filtered = o->status || o->source || o->words;
    printf("No issues%s.\n", filtered ? " that fit" : " yet");
    if (!filtered) say_projects(a);
}

/* Pages until the last one (or only the first): each is printed as it comes. */
static int print_pages(sc_call *c, sc_api *a, const clusters_conf *o) {
    sc_err err = {0};
    sc_table t;
    SC_AUTO(sc_buf_done) sc_buf path;
    SC_AUTO(sc_json_auto) json_t *page = NULL;
    sc_buf_init(&path, 64 << 10);
    sc_table_init(&t, cluster_columns, SC_LEN(cluster_columns));
    size_t shown = 0;
    sc_rc rc = SC_OK;
    const char *cursor = o->cursor;
    do {
        json_t *next = NULL;
        clusters_path(o, cursor, &path);
        rc = sc_api_do(a, "GET", path.p, NULL, &next, &err);
        if (rc) break;
        json_decref(page);
        page = next;
        size_t i;
        json_t *v;
        json_array_foreach(json_object_get(page, "items"), i, v) {
            shown++;
            if (!c->common.json)
                cluster_row(&t, v);
            else if (o->all)
                sc_print_json(c, v);
        }
        cursor = json_string_value(json_object_get(page, "next_cursor"));
    } while (o->all && cursor);
    if (rc == SC_OK && !o->all) sc_print_json(c, page);
    if (rc == SC_OK && !c->common.json) {
        if (shown)
            sc_table_print(&t);
        else
            say_nothing(a, o);
        if (!o->all) say_more(page, shown);
    }
    sc_table_done(&t);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

static int clusters(sc_call *c) {
    clusters_conf *o = c->conf;
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    if (o->all) o->limit = 1000;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    code = print_pages(c, a, o);
    sc_api_close(a);
    return code;
}

#define AT(member) offsetof(clusters_conf, member)
static const sc_opt clusters_opts[] = {
    {.name = "status",
     .type = SC_OPT_STR,
     .offset = AT(status),
     .arg = "NAME,...",
     .no_env = true,
     .help = "only these: new, triaged, fixing, pr_opened, resolved, regressed, ignored, snoozed"},
    {.name = "source",
     .type = SC_OPT_STR,
     .offset = AT(source),
     .arg = "NAME",
     .no_env = true,
     .help = "only issues with a report from there"},
    {.name = "since",
     .type = SC_OPT_STR,
     .offset = AT(since),
     .arg = "TIME",
     .no_env = true,
     .help = "last seen at this time or later (2026-11-02T09:30:00Z)"},
    {.name = "until",
     .type = SC_OPT_STR,
     .offset = AT(until),
     .arg = "TIME",
     .no_env = true,
     .help = "last seen before this time"},
    {.name = "words",
     .type = SC_OPT_STR,
     .offset = AT(words),
     .arg = "WORDS",
     .letter = 'q',
     .no_env = true,
     .help = "only issues with a report that holds all of these words"},
    {.name = "min-count",
     .type = SC_OPT_INT,
     .offset = AT(min_count),
     .arg = "N",
     .min = 0,
     .max = 1000000000,
     .no_env = true,
     .help = "only issues with at least so many reports"},
    {.name = "sort",
     .type = SC_OPT_STR,
     .offset = AT(sort),
     .fallback = "recent",
     .arg = "BY",
     .letter = 's',
     .no_env = true,
     .help = "recent, size, trend or created"},
    {SC_OPT_LIMIT(AT(limit), "50", 1000, "rows")},
    {SC_OPT_CURSOR(AT(cursor))},
    {SC_OPT_ALL(AT(all), "all pages; with --json one issue a line")},
};

const sc_verb sc_verb_clusters = {
    .name = "clusters",
    .group = SC_GROUP_LOOK,
    .summary = "list the issues",
    .synopsis = "[--status NAME,...] [--source NAME] [--sort BY] [--all] [--json]",
    .about = "Lists issues: what one fix would cover, with how many reports of it there are, when "
             "the last one came, and how well "
             "its reports fit together (single, tight, moderate, loose).",
    .examples = "# the largest open ones\nsoulcaster clusters --status new,triaged,regressed "
                "--sort size --limit 10\n"
                "# ids of all, for a script\nsoulcaster clusters --all --json | jq -r .id\n",
    .sets = SC_OPTS_API,
    .opts = clusters_opts,
    .n_opts = SC_LEN(clusters_opts),
    .conf_size = sizeof(clusters_conf),
    .run = clusters,
};

/* ---- search -------------------------------------------------------------------------------------- */

typedef struct search_conf {
    int64_t limit;
} search_conf;

static void print_hits(const json_t *v) {
    static const sc_column columns[] = {{"SCORE", true, false, 0},
                                        {"REPORT", false, false, 0},
                                        {"SOURCE", false, false, 1},
                                        {"WRITTEN", false, false, 2},
                                        {"TITLE", false, true, 0}};
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    size_t i;
    json_t *hit;
    json_array_foreach(json_object_get(v, "items"), i, hit) {
        sc_table_cellf(&t, SC_BOLD, "%.2f", json_number_value(json_object_get(hit, "score")));
        sc_buf_reset(&b);
        sc_out_id(&b, sc_json_str_at(hit, "feedback.id"));
        sc_table_cell(&t, SC_CYAN, sc_buf_str(&b));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(hit, "feedback.source"));
        sc_buf_reset(&b);
        sc_out_time_text(&b, sc_json_str_at(hit, "feedback.created_at"));
        sc_table_cell(&t, SC_PLAIN, sc_buf_str(&b));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(hit, "feedback.title"));
    }
    sc_table_print(&t);
    sc_table_done(&t);
}

static void print_hit_clusters(const json_t *v) {
    static const sc_column columns[] = {{"HITS", true, false, 0},
                                        {"ISSUE", false, false, 0},
                                        {"REPORTS", true, false, 0},
                                        {"STATUS", false, false, 0},
                                        {"TITLE", false, true, 0}};
    const json_t *list = json_object_get(v, "clusters");
    if (json_array_size(list) == 0) return;
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    size_t i;
    json_t *hit;
    json_array_foreach(list, i, hit) {
        const json_t *cluster = json_object_get(hit, "cluster");
        sc_table_cellf(&t, SC_BOLD, "%lld",
                       (long long)json_integer_value(json_object_get(hit, "hits")));
        sc_buf_reset(&b);
        sc_out_id(&b, sc_json_str_at(cluster, "id"));
        sc_table_cell(&t, SC_CYAN, sc_buf_str(&b));
        sc_table_cellf(&t, SC_PLAIN, "%lld",
                       (long long)json_integer_value(json_object_get(cluster, "count")));
        sc_table_cell(&t, style_of(sc_json_str_at(cluster, "status")),
                      sc_json_str_at(cluster, "status"));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(cluster, "title"));
    }
    putchar('\n');
    sc_table_print(&t);
    sc_table_done(&t);
}

static int search(sc_call *c) {
    const search_conf *o = c->conf;
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 1, SIZE_MAX)) return SC_EXIT_USAGE;
    SC_AUTO(sc_buf_done) sc_buf words;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&words, 64 << 10);
    sc_buf_init(&path, 256 << 10);
    for (size_t i = 0; i < c->n_words; i++) sc_buf_putf(&words, "%s%s", i ? " " : "", c->words[i]);
    sc_path_start(&path, "/api/search");
    sc_path_add(&path, "q", sc_str_trim(sc_buf_str(&words)));
    sc_path_int(&path, "limit", o->limit);
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    code = SC_EXIT_OK;
    if (sc_api_do(a, "GET", path.p, NULL, &v, &err)) {
        code = sc_cmd_fail_err(c, &err);
    } else if (!sc_print_json(c, v)) {
        if (json_array_size(json_object_get(v, "items")) == 0)
            puts("Nothing like it.");
        else
            print_hits(v);
        print_hit_clusters(v);
    }
    sc_api_close(a);
    return code;
}

static const sc_opt search_opts[] = {
    {SC_OPT_LIMIT(offsetof(search_conf, limit), "20", 100, "reports at most")},
};

const sc_verb sc_verb_search = {
    .name = "search",
    .group = SC_GROUP_LOOK,
    .summary = "find reports by meaning and by words",
    .synopsis = "WORD... [--limit N] [--json]",
    .about = "Lists the reports that mean the same as the words or hold the same rare words, best "
             "first, and the issues they are in.",
    .examples =
        "# what do people say about it?\nsoulcaster search app crashes when I rotate the phone\n",
    .sets = SC_OPTS_API,
    .opts = search_opts,
    .n_opts = SC_LEN(search_opts),
    .conf_size = sizeof(search_conf),
    .run = search,
};
