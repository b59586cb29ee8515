/* soulcaster projects: which there are, and a new one. */
#include "cmd/cmd.h"

static int list(sc_call *c, sc_api *a) {
    static const sc_column columns[] = {
        {.head = "NAME", .gives = true}, {.head = "ID"}, {.head = "MADE"}};
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_api_do(a, "GET", "/api/projects", NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_table t;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256);
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *project;
    json_array_foreach(json_object_get(v, "items"), i, project) {
        sc_table_cell(&t, SC_BOLD, sc_json_str_at(project, "name"));
        sc_table_cell(&t, SC_CYAN, sc_json_str_at(project, "id"));
        sc_buf_reset(&b);
        sc_out_time_text(&b, sc_json_str_at(project, "created_at"));
        sc_table_cell(&t, SC_PLAIN, sc_buf_str(&b));
    }
    sc_table_print(&t);
    sc_table_done(&t);
    return SC_EXIT_OK;
}

static int create(sc_call *c, sc_api *a) {
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *body = json_object(), *v = NULL;
    json_object_set_new(body, "name", json_string(c->words[1]));
    if (sc_api_do(a, "POST", "/api/projects", body, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_str name = sc_json_str_at(v, "name"), id = sc_json_str_at(v, "id");
    printf("%.*s: %.*s\n", SC_FMT(name), SC_FMT(id));
    fprintf(stderr, "To put reports into it: soulcaster ingest FILE --project %.*s\n",
            SC_FMT(name));
    return SC_EXIT_OK;
}

static int projects(sc_call *c) {
    sc_api *a;
    int code;
    const char *what = c->n_words ? c->words[0] : "list";
    bool make = !strcmp(what, "create");
    if (strcmp(what, "list") && !make)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': list or create", what);
    if (sc_cmd_words_wrong(c, make ? 2 : 0, make ? 2 : 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, make ? SC_API_MAKES : 0, &a, &code)) return code;
    code = make ? create(c, a) : list(c, a);
    sc_api_close(a);
    return code;
}

const sc_verb sc_verb_projects = {
    .name = "projects",
    .group = SC_GROUP_KEEP,
    .summary = "list the projects; make one",
    .synopsis = "[list | create NAME] [--json]",
    .about = "Reports, issues, keys and settings belong to a project, and none of it is seen from "
             "another one. A name has up to 100 lower-case letters, digits, dots, underscores and "
             "hyphens. Other verbs take the project by --project NAME; without it they mean the "
             "only one, else the one named default.",
    .examples =
        "# one for each app\nsoulcaster projects create mobile-app\n"
        "soulcaster keys create --project mobile-app --name \"crash reports\" --scopes ingest\n"
        "# names, for a script\nsoulcaster projects --json | jq -r '.items[].name'\n",
    .sets = SC_OPTS_API,
    .run = projects,
};
