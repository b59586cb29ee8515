/* soulcaster keys: who may call the API. */
#include "app/access.h"
#include "cmd/cmd.h"

typedef struct keys_conf {
    const char *name, *scopes, *expires;
    bool all_projects;
    int64_t minutes;
} keys_conf;

static void key_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    size_t i;
    json_t *scope;
    json_array_foreach(json_object_get(v, "scopes"), i, scope) sc_buf_putf(
        &b, "%s%s", i ? "," : "", json_string_value(scope) ? json_string_value(scope) : "");
    sc_str revoked = sc_json_str_at(v, "revoked_at"), project = sc_json_str_at(v, "project_id");
    sc_style style = revoked.n ? SC_DIM : SC_PLAIN;
    sc_table_cell(t, SC_CYAN, sc_json_str_at(v, "id"));
    sc_table_cell(t, style, sc_json_str_at(v, "name"));
    sc_table_cell(t, style, sc_json_str_at(v, "prefix"));
    sc_table_cell(t, style, sc_buf_str(&b));
    sc_table_cell(t, style, project.n ? project : SC_STR("all"));
    sc_buf_reset(&b);
    if (revoked.n)
        sc_buf_puts(&b, "revoked");
    else
        sc_out_time_text(&b, sc_json_str_at(v, "last_used_at"));
    sc_table_cell(t, style, b.n ? sc_buf_str(&b) : SC_STR("never"));
}

static int list(sc_call *c, sc_api *a) {
    static const sc_column columns[] = {
        {"ID", false, false, 0},     {"NAME", false, true, 0},    {"BEGINS", false, false, 0},
        {"SCOPES", false, false, 0}, {"PROJECT", false, true, 0}, {"LAST USED", false, false, 0}};
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_api_do(a, "GET", "/api/keys", NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(v, "items"), i, key) key_row(&t, key);
    sc_table_print(&t);
    sc_table_done(&t);
    return SC_EXIT_OK;
}

static int create(sc_call *c, sc_api *a) {
    const keys_conf *o = c->conf;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *body = json_object(), *v = NULL;
    json_t *scopes = json_array();
    sc_str rest = sc_str_of(o->scopes), scope;
    while (sc_str_next(&rest, ',', &scope)) {
        scope = sc_str_trim(scope);
        if (scope.n) json_array_append_new(scopes, json_stringn(scope.p, scope.n));
    }
    json_object_set_new(body, "name", json_string(o->name ? o->name : "command line"));
    json_object_set_new(body, "scopes", scopes);
    if (o->expires) json_object_set_new(body, "expires_at", json_string(o->expires));
    if (o->all_projects) json_object_set_new(body, "all_projects", json_true());
    if (sc_api_do(a, "POST", "/api/keys", body, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    sc_str key = sc_json_str_at(v, "key"), id = sc_json_str_at(v, "id");
    printf("%.*s\n", SC_FMT(key));
    fprintf(stderr, "It is shown this once. To end it: soulcaster keys revoke %.*s\n", SC_FMT(id));
    return SC_EXIT_OK;
}

static int revoke(sc_call *c, sc_api *a) {
    sc_err err = {0};
    sc_id id;
    char path[96];
    sc_rc rc = sc_api_resolve(a, "/api/keys", c->words[1], &id, &err);
    if (rc == SC_OK) {
        snprintf(path, sizeof path, "/api/keys/%s", id.text);
        rc = sc_api_do(a, "DELETE", path, NULL, NULL, &err);
    }
    if (rc) return sc_cmd_fail_err(c, &err);
    if (c->common.json)
        printf("{\"revoked\":\"%s\"}\n", id.text);
    else
        printf("Revoked: %s\n", id.text);
    return SC_EXIT_OK;
}

/* A login link needs the data folder, not a key: whoever can write there may come in. */
static int login(sc_call *c) {
    const keys_conf *o = c->conf;
    sc_err err = {0};
    sc_stack *s = NULL;
    sc_secret token;
    sc_running running;
    if (c->common.server)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "login links are made on the server's own machine");
    bool found = sc_running_find(c->common.data, &running, NULL) == SC_OK;
    if (!found)
        return sc_cmd_fail(c, SC_EXIT_FAILED, "no server runs on %s; start one: soulcaster serve",
                           c->common.data);
    sc_log_from(c, "warn");
    if (sc_stack_open(c, SC_STACK_APP, NULL, &s, &err)) return sc_cmd_fail_err(c, &err);
    sc_rc rc = sc_access_login_token(sc_stack_app(s), o->minutes * 60000, &token, &err);
    sc_stack_close(s);
    if (rc) return sc_cmd_fail_err(c, &err);
    if (c->common.json)
        printf("{\"login_url\":\"%s/login?token=%s\"}\n", running.url, token.text);
    else
        printf("%s/login?token=%s\n", running.url, token.text);
    return SC_EXIT_OK;
}

static int keys(sc_call *c) {
    sc_api *a;
    int code;
    const char *what = c->n_words ? c->words[0] : "list";
    bool one = !strcmp(what, "revoke");
    if (strcmp(what, "list") && strcmp(what, "create") && strcmp(what, "login") && !one)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': list, create, revoke or login", what);
    if (sc_cmd_words_wrong(c, one ? 2 : 0, one ? 2 : 1)) return SC_EXIT_USAGE;
    if (!strcmp(what, "login")) return login(c);
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    if (one)
        code = revoke(c, a);
    else
        code = !strcmp(what, "create") ? create(c, a) : list(c, a);
    sc_api_close(a);
    return code;
}

#define AT(member) offsetof(keys_conf, member)
static const sc_opt opts[] = {
    {.name = "name",
     .type = SC_OPT_STR,
     .offset = AT(name),
     .arg = "NAME",
     .no_env = true,
     .help = "create: who or what uses it"},
    {.name = "scopes",
     .type = SC_OPT_STR,
     .offset = AT(scopes),
     .fallback = "ingest,read,triage",
     .arg = "SCOPE,...",
     .no_env = true,
     .help = "create: ingest, read, triage, fix, admin"},
    {.name = "expires",
     .type = SC_OPT_STR,
     .offset = AT(expires),
     .arg = "TIME",
     .no_env = true,
     .help = "create: when it ends (2027-01-01T00:00:00Z)"},
    {.name = "all-projects",
     .type = SC_OPT_BOOL,
     .offset = AT(all_projects),
     .no_env = true,
     .help = "create: a key for every project (admin scope only)"},
    {.name = "minutes",
     .type = SC_OPT_INT,
     .offset = AT(minutes),
     .fallback = "60",
     .arg = "N",
     .min = 1,
     .max = 10080,
     .no_env = true,
     .help = "login: how long the link can be used"},
};

const sc_verb sc_verb_keys = {
    .name = "keys",
    .group = SC_GROUP_KEEP,
    .summary = "list, make and revoke API keys; make a login link",
    .synopsis = "[list | create --name NAME --scopes SCOPE,... | revoke ID | login] [--json]",
    .about = "A key's secret is printed once, when it is made; the store keeps a hash. Scopes: "
             "ingest (put reports in), read, triage (merge, "
             "split, move, change status), fix (start fixes, merge and close their pull requests), "
             "admin (all, and keys and settings). login prints a "
             "one-time link to the web pages of the "
             "server that runs on the data folder.",
    .examples = "# for a form that sends reports\nsoulcaster keys create --name \"website form\" "
                "--scopes ingest\n"
                "# sign in with a browser\nsoulcaster keys login\n",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(keys_conf),
    .run = keys,
};
