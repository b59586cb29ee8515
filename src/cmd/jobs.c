/* soulcaster jobs: grouping jobs and dead letters. */
#include "cmd/cmd.h"

typedef struct jobs_conf {
    const char *status;
    int64_t limit;
    bool dead;
} jobs_conf;

static sc_style style_of(sc_str status) {
    if (sc_str_is(status, "dead") || sc_str_is(status, "failed") || sc_str_is(status, "timed_out"))
        return SC_RED;
    if (sc_str_is(status, "success")) return SC_GREEN;
    return sc_str_is(status, "running") ? SC_YELLOW : SC_PLAIN;
}

static void job_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_str status = sc_json_str_at(v, "status");
    sc_out_id(&b, sc_json_str_at(v, "id"));
    sc_table_cell(t, SC_CYAN, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "kind"));
    sc_table_cell(t, style_of(status), status);
    sc_table_cellf(t, SC_PLAIN, "%lld of %lld",
                   (long long)json_integer_value(json_object_get(v, "attempt")),
                   (long long)json_integer_value(json_object_get(v, "max_attempts")));
    sc_buf_reset(&b);
    sc_out_time_text(&b, sc_json_str_at(v, "updated_at"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "error"));
}

static int list(sc_call *c, sc_api *a, const char *where) {
    static const sc_column columns[] = {
        {"JOB", false, false, 0},     {"KIND", false, false, 0},
        {"STATUS", false, false, 0},  {"ATTEMPTS", false, false, 0},
        {"CHANGED", false, false, 0}, {"LAST ERROR", false, true, 0}};
    const jobs_conf *o = c->conf;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 4096);
    sc_path_start(&path, where);
    sc_path_add(&path, "status", sc_str_of(o->status));
    sc_path_int(&path, "limit", o->limit);
    if (sc_api_do(a, "GET", path.p, NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    const json_t *items = json_object_get(v, "items");
    if (json_array_size(items) == 0) {
        puts(strstr(where, "dead") ? "No dead letters." : "No jobs.");
        return SC_EXIT_OK;
    }
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *job;
    json_array_foreach(items, i, job) job_row(&t, job);
    sc_table_print(&t);
    sc_table_done(&t);
    return SC_EXIT_OK;
}

/* retry ID..., drop ID...: on dead letters. */
static int act(sc_call *c, sc_api *a, bool retry) {
    for (size_t i = 1; i < c->n_words; i++) {
        sc_err err = {0};
        sc_id id;
        char path[96];
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        sc_rc rc = sc_api_resolve(a, "/api/dead-letters", c->words[i], &id, &err);
        if (rc == SC_OK) {
            snprintf(path, sizeof path, "/api/dead-letters/%s%s", id.text, retry ? "/retry" : "");
            rc = sc_api_do(a, retry ? "POST" : "DELETE", path, NULL, retry ? &v : NULL, &err);
        }
        if (rc) return sc_cmd_fail_err(c, &err);
        if (c->common.json && !retry)
            printf("{\"dropped\":\"%s\"}\n", id.text);
        else if (!sc_print_json(c, v))
            printf("%s: %s\n", id.text, retry ? "goes round again" : "dropped");
    }
    return SC_EXIT_OK;
}

static int jobs(sc_call *c) {
    sc_api *a;
    int code;
    const char *what = c->n_words ? c->words[0] : "list";
    bool retry = !strcmp(what, "retry"), drop = !strcmp(what, "drop"), dead = !strcmp(what, "dead");
    if (strcmp(what, "list") && !retry && !drop && !dead)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': list, dead, retry or drop", what);
    if (sc_cmd_words_wrong(c, retry || drop ? 2 : 0, retry || drop ? 1000 : 1))
        return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    if (retry || drop)
        code = act(c, a, retry);
    else
        code = list(c, a, dead ? "/api/dead-letters" : "/api/cluster-jobs");
    sc_api_close(a);
    return code;
}

static const sc_opt opts[] = {
    {.name = "status",
     .type = SC_OPT_STR,
     .offset = offsetof(jobs_conf, status),
     .arg = "NAME",
     .no_env = true,
     .help = "list: only pending, running, success, failed, cancelled, timed_out or dead ones"},
    {SC_OPT_LIMIT(offsetof(jobs_conf, limit), "20", 1000, "rows")},
};

const sc_verb sc_verb_jobs = {
    .name = "jobs",
    .group = SC_GROUP_KEEP,
    .summary = "list grouping jobs and dead letters; send them round again",
    .synopsis = "[list | dead | retry ID... | drop ID...] [--json]",
    .about = "A dead letter is a job whose attempts are spent or that cannot succeed; it is kept "
             "with its last error until someone sends it "
             "round again (retry) or drops it. Its reports stay either way.",
    .examples = "# what was given up, and why?\nsoulcaster jobs dead\n# once the cause is "
                "gone\nsoulcaster jobs retry 9c2f04d1\n",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(jobs_conf),
    .run = jobs,
};
