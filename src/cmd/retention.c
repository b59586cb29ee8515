/* soulcaster retention: what is too old to be kept. */
#include "cmd/cmd.h"

typedef struct retention_conf {
    bool dry_run;
    int64_t days;
} retention_conf;

static int64_t number(const json_t *v, const char *key) {
    return json_integer_value(json_object_get(v, key));
}

static void print_plan(const json_t *v) {
    const json_t *kept = json_object_get(v, "kept");
    if (!number(v, "keep_days")) {
        puts("The project keeps its reports for ever. To let old ones go: soulcaster limits "
             "keep_days=N");
        return;
    }
    printf("%lld reports of %lld closed issues are older than %lld days.\n",
           (long long)number(v, "reports"), (long long)number(v, "issues"),
           (long long)number(v, "keep_days"));
    printf("As old, but kept: %lld changed since, %lld with a fix, %lld tied to an open issue.\n",
           (long long)number(kept, "changed"), (long long)number(kept, "fixed"),
           (long long)number(kept, "tied"));
    static const sc_column columns[] = {{.head = "ID"},
                                        {.head = "STATUS"},
                                        {.head = "REPORTS", .right = true},
                                        {.head = "LAST"},
                                        {.head = "TITLE", .gives = true}};
    const json_t *items = json_object_get(v, "items");
    if (!json_array_size(items)) return;
    sc_table t;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *x;
    json_array_foreach(items, i, x) {
        sc_buf_reset(&b);
        sc_out_id(&b, sc_json_str_at(x, "id"));
        sc_table_cell(&t, SC_CYAN, sc_buf_str(&b));
        sc_table_cell(&t, SC_PLAIN, sc_json_str_at(x, "status"));
        sc_table_cellf(&t, SC_PLAIN, "%lld", (long long)number(x, "count"));
        sc_buf_reset(&b);
        sc_out_time_text(&b, sc_json_str_at(x, "last_seen"));
        sc_table_cell(&t, SC_PLAIN, sc_buf_str(&b));
        sc_buf_reset(&b);
        sc_out_clean(&b, sc_json_str_at(x, "title"));
        sc_table_cell(&t, SC_PLAIN, sc_buf_str(&b));
    }
    sc_table_print(&t);
    sc_table_done(&t);
}

static sc_rc show(sc_call *c, sc_api *a, sc_err *err) {
    const retention_conf *o = c->conf;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 256);
    sc_path_start(&path, "/api/retention");
    if (o->days) sc_path_int(&path, "keep_days", o->days);
    sc_rc rc = sc_api_do(a, "GET", path.p, NULL, &v, err);
    if (!rc && !sc_print_json(c, v)) print_plan(v);
    return rc;
}

static sc_rc apply(sc_call *c, sc_api *a, sc_err *err) {
    int64_t reports = 0, issues = 0;
    bool more = true;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 4096);
    sc_path_start(&path, "/api/retention");
    while (more) {
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        sc_rc rc = sc_api_do(a, "POST", path.p, NULL, &v, err);
        if (rc) return rc;
        reports += number(v, "reports");
        issues += number(v, "issues");
        more = json_is_true(json_object_get(v, "more"));
        sc_buf_reset(&path);
        sc_path_start(&path, "/api/retention");
        sc_path_add(&path, "cursor", sc_json_str_at(v, "next_cursor"));
    }
    SC_AUTO(sc_json_auto)
    json_t *sum =
        json_pack("{s:I, s:I}", "reports", (json_int_t)reports, "issues", (json_int_t)issues);
    if (!sc_print_json(c, sum))
        printf("%lld reports of %lld issues are gone.\n", (long long)reports, (long long)issues);
    return SC_OK;
}

static int retention(sc_call *c) {
    const retention_conf *o = c->conf;
    sc_api *a;
    int code;
    sc_err err = {0};
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    if (o->days && !o->dry_run)
        return sc_cmd_fail(c, SC_EXIT_USAGE,
                           "--days is for --dry-run; what holds is soulcaster limits keep_days=N");
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_rc rc = o->dry_run ? show(c, a, &err) : apply(c, a, &err);
    sc_api_close(a);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

static const sc_opt opts[] = {
    {.name = "dry-run",
     .type = SC_OPT_BOOL,
     .offset = offsetof(retention_conf, dry_run),
     .no_env = true,
     .help = "only say what would go"},
    {.name = "days",
     .type = SC_OPT_INT,
     .offset = offsetof(retention_conf, days),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = 36500,
     .no_env = true,
     .help = "with --dry-run: as if keep_days were N"},
};

const sc_verb sc_verb_retention = {
    .name = "retention",
    .group = SC_GROUP_KEEP,
    .summary = "let reports of long closed issues go, or say which would",
    .synopsis = "[--dry-run [--days N]] [--json]",
    .about = "A project with keep_days (soulcaster limits keep_days=N) lets the reports of an "
             "issue go for good "
             "when it is resolved or ignored and its last report and its last change are older. "
             "Issues with a "
             "pull request, and those that a person's merge, split or move ties to an open issue, "
             "are kept. "
             "The server does so by itself, a little every minute; this verb does all of it now.",
    .examples = "# what would go after a year\nsoulcaster retention --dry-run --days 365\n",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(retention_conf),
    .run = retention,
};
