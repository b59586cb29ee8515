/* soulcaster audit: who changed what. */
#include "cmd/cmd.h"

typedef struct audit_conf {
    const char *actor, *action, *target, *cursor;
    int64_t limit;
} audit_conf;

static void dumped(sc_buf *b, const char *lead, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, 64 << 10);
    if (!json_is_object(v) || !sc_json_dump(v, &text)) return;
    sc_buf_puts(b, lead);
    sc_out_clean(b, sc_buf_str(&text));
}

static void audit_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256 << 10);
    sc_out_time_text(&b, sc_json_str_at(v, "at"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_clean(&b, sc_json_str_at(v, "actor"));
    sc_table_cell(t, SC_BOLD, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "action"));
    sc_buf_reset(&b);
    sc_out_id(&b, sc_json_str_at(v, "target"));
    sc_table_cell(t, SC_CYAN, sc_buf_str(&b));
    sc_buf_reset(&b);
    dumped(&b, "", json_object_get(v, "before"));
    dumped(&b, " -> ", json_object_get(v, "after"));
    if (!b.n) dumped(&b, "", json_object_get(v, "asked"));
    sc_table_cell(t, SC_DIM, sc_buf_str(&b));
}

static int audit(sc_call *c) {
    static const sc_column columns[] = {{.head = "WHEN"},
                                        {.head = "WHO", .gives = true},
                                        {.head = "WHAT"},
                                        {.head = "TARGET"},
                                        {.head = "BEFORE -> AFTER", .gives = true}};
    const audit_conf *o = c->conf;
    sc_api *a;
    int code;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 8192);
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_path_start(&path, "/api/audit");
    sc_path_int(&path, "limit", o->limit);
    sc_path_add(&path, "cursor", sc_str_of(o->cursor));
    sc_path_add(&path, "actor", sc_str_of(o->actor));
    sc_path_add(&path, "action", sc_str_of(o->action));
    sc_path_add(&path, "target", sc_str_of(o->target));
    sc_rc rc = sc_api_do(a, "GET", path.p, NULL, &v, &err);
    sc_api_close(a);
    if (rc) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(v, "items"), i, row) audit_row(&t, row);
    sc_table_print(&t);
    sc_table_done(&t);
    sc_str next = sc_json_str_at(v, "next_cursor");
    if (next.n) printf("To go on: soulcaster audit --cursor %.*s\n", SC_FMT(next));
    return SC_EXIT_OK;
}

#define AT(member) offsetof(audit_conf, member)
static const sc_opt opts[] = {
    {SC_OPT_LIMIT(AT(limit), "50", 200, "rows")},
    {SC_OPT_CURSOR(AT(cursor))},
    {.name = "actor",
     .type = SC_OPT_STR,
     .offset = AT(actor),
     .arg = "NAME",
     .no_env = true,
     .help = "only by this key's name, by session, or by local"},
    {.name = "action",
     .type = SC_OPT_STR,
     .offset = AT(action),
     .arg = "NAME",
     .no_env = true,
     .help = "only this operation of the contract (patchCluster)"},
    {.name = "target",
     .type = SC_OPT_STR,
     .offset = AT(target),
     .arg = "ID",
     .no_env = true,
     .help = "only what was done to this"},
};

const sc_verb sc_verb_audit = {
    .name = "audit",
    .group = SC_GROUP_KEEP,
    .summary = "who changed what, when",
    .synopsis = "[--actor NAME] [--action NAME] [--target ID] [--json]",
    .about = "Every change by a person or key over the API (and so by the dashboard and this "
             "command line) leaves a row: "
             "when, who, which operation, what it was done to, how that was before and after. "
             "Secrets are left out.",
    .examples = "# what was done with one issue\nsoulcaster audit --target 0193a2b4-...\n",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(audit_conf),
    .run = audit,
};
