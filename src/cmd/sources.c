/* soulcaster sources: what is set up, what came, what was refused; test reports. */
#include "cmd/cmd.h"

static void source_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    const bool ready = json_is_true(json_object_get(v, "configured"));
    sc_table_cell(t, SC_BOLD, sc_json_str_at(v, "source"));
    sc_table_cell(t, ready ? SC_GREEN : SC_DIM, ready ? SC_STR("yes") : SC_STR("no"));
    sc_out_number(&b, json_integer_value(json_object_get(v, "received_24h")));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_number(&b, json_integer_value(json_object_get(v, "received")));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_time_text(&b, sc_json_str_at(v, "last_received_at"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_buf_reset(&b);
    if (json_is_object(json_object_get(v, "refused"))) {
        sc_out_time_text(&b, sc_json_str_at(v, "refused.at"));
        sc_buf_puts(&b, ": ");
        sc_buf_put_str(&b, sc_json_str_at(v, "refused.detail"));
    } else {
        sc_buf_put_str(&b, sc_json_str_at(v, "missing"));
    }
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
}

static int list(sc_call *c, sc_api *a) {
    static const sc_column columns[] = {{.head = "SOURCE"},
                                        {.head = "READY"},
                                        {.head = "24 H", .right = true},
                                        {.head = "ALL", .right = true},
                                        {.head = "LAST"},
                                        {.head = "REFUSED, OR MISSING", .gives = true}};
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_api_do(a, "GET", "/api/sources", NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *source;
    json_array_foreach(json_object_get(v, "items"), i, source) source_row(&t, source);
    sc_table_print(&t);
    sc_table_done(&t);
    return SC_EXIT_OK;
}

static int test(sc_call *c, sc_api *a) {
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 4096);
    sc_buf_putf(&path, "/api/sources/%.60s/test", c->words[1]);
    sc_rc rc = sc_buf_check(&path, "the path", &err);
    if (!rc) rc = sc_api_do(a, "POST", path.p, NULL, &v, &err);
    if (rc) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_str id = sc_json_str_at(v, "id"), reason = sc_json_str_at(v, "reason");
    if (!id.n) {
        printf("Not stored: %.*s\n", SC_FMT(reason));
        return SC_EXIT_OK;
    }
    printf(
        "Stored as %.*s\nTo see its way: soulcaster trace %.*s\nTo remove it:   soulcaster remove "
        "%.*s\n",
        SC_FMT(id), SC_FMT(id), SC_FMT(id));
    return SC_EXIT_OK;
}

static int sources(sc_call *c) {
    sc_api *a;
    int code;
    const char *what = c->n_words ? c->words[0] : "list";
    const bool try_it = !strcmp(what, "test");
    if (strcmp(what, "list") && !try_it)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': list or test", what);
    if (sc_cmd_words_wrong(c, try_it ? 2 : 0, try_it ? 2 : 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, try_it ? SC_API_GROUPS : 0, &a, &code)) return code;
    code = try_it ? test(c, a) : list(c, a);
    sc_api_close(a);
    return code;
}

const sc_verb sc_verb_sources = {
    .name = "sources",
    .group = SC_GROUP_KEEP,
    .summary = "what each source brought and refused; send a test report",
    .synopsis = "[list | test SOURCE] [--json]",
    .about =
        "The list says of each source of the project whether reports can come by it and what is "
        "missing, how many came, and the last delivery that was refused, with the reason.\n\n"
        "A test report goes the source's own way: a webhook's payload is signed with the "
        "project's secret, verified, read, stored and grouped like one from outside. Its "
        "metadata says that it is one. Remove it when you have seen enough.",
    .examples = "# why does nothing come from Sentry?\nsoulcaster sources\n"
                "# does the whole way work?\nsoulcaster sources test sentry\n",
    .sets = SC_OPTS_API,
    .run = sources,
};
