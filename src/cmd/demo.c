/* soulcaster demo: a first look. A sample feed goes in through the public API, and the issues come out. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "app/access.h"
#include "assets.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "group/metrics.h"

enum { LOGIN_MS = 24 * 3600 * 1000, SHOWN = 20 };

typedef struct demo_conf {
    bool once;
} demo_conf;

/* ---- The feed goes in ---------------------------------------------------------------------------- */

static sc_rc make_project(sc_api *a, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *list = NULL, *body = NULL;
    sc_rc rc = sc_api_do(a, "GET", "/api/projects", NULL, &list, err);
    if (rc) return rc;
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(list, "items"), i,
                       p) if (sc_str_is(sc_json_str_at(p, "name"), "demo")) return SC_OK;
    body = json_pack("{s:s}", "name", "demo");
    return sc_api_do(a, "POST", "/api/projects", body, NULL, err);
}

/* What is set already stays: people may have changed it. */
static sc_rc set_up_fixes(sc_api *a, const char *data, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *now = NULL, *body = NULL;
    sc_rc rc = sc_api_do(a, "GET", "/api/config/fix", NULL, &now, err);
    if (rc || sc_json_str_at(now, "repository").n) return rc;
    rc = sc_demo_repo_make(data, err);
    if (rc) { /* no git: everything but fixes can be seen */
        fprintf(stderr, "soulcaster demo: no repository for fixes: %s\n", err->msg);
        return SC_OK;
    }
    body = json_pack("{s:s,s:s,s:s,s:s,s:i}", "forge", "local", "repository", "larderlark", "agent",
                     "scripted", "test_command", "python3 -m unittest -q", "max_minutes", 5);
    return sc_api_do(a, "PUT", "/api/config/fix", body, NULL, err);
}

static void refused(void *self, int64_t line, const char *field, const char *reason, sc_str raw) {
    (void)self;
    (void)field;
    (void)raw;
    fprintf(stderr, "soulcaster demo: line %lld of the feed: %s\n", (long long)line, reason);
}

static sc_rc feed_in(sc_api *a, sc_feed_counts *ret, sc_err *err) {
    sc_feed *f = NULL;
    sc_str rest = {(const char *)sc_asset_demo_feed, sc_asset_demo_feed_len}, line;
    sc_rc rc = sc_feed_new(a, refused, NULL, &f, err);
    for (int64_t n = 1; rc == SC_OK && sc_str_next(&rest, '\n', &line); n++) {
        if (line.n == 0) continue;
        SC_AUTO(sc_json_auto) json_t *report = NULL;
        rc = sc_json_parse(line, &report, err);
        if (rc == SC_OK) rc = sc_feed_put(f, n, line, report, err);
    }
    if (rc == SC_OK) rc = sc_feed_flush(f, err);
    if (rc == SC_OK) *ret = *sc_feed_counts_get(f);
    sc_feed_free(f);
    return rc;
}

/* ---- How well it matches the truth --------------------------------------------------------------- */

enum { MAX_REPORTS = 4096 };
typedef struct truth {
    json_t *groups;   /* "source<TAB>external id" -> group number   */
    json_t *clusters; /* cluster id -> number                       */
    int32_t want[MAX_REPORTS], found[MAX_REPORTS];
    size_t n;
} truth;

static int64_t number_of(json_t *names, const char *name) {
    json_t *v = json_object_get(names, name);
    if (!v) json_object_set_new(names, name, v = json_integer((json_int_t)json_object_size(names)));
    return json_integer_value(v);
}

static void load_truth(truth *t) {
    SC_AUTO(sc_json_auto) json_t *names = json_object();
    sc_str rest = {(const char *)sc_asset_demo_truth, sc_asset_demo_truth_len}, line;
    while (sc_str_next(&rest, '\n', &line)) {
        sc_str source, id, group = line;
        char key[600], name[200];
        if (!sc_str_next(&group, '\t', &source) || !sc_str_next(&group, '\t', &id)) continue;
        snprintf(key, sizeof key, "%.*s\t%.*s", SC_FMT(source), SC_FMT(id));
        snprintf(name, sizeof name, "%.*s", SC_FMT(sc_str_trim(group)));
        json_object_set_new(t->groups, key, json_integer(number_of(names, name)));
    }
}

static bool collect(void *self, const json_t *item) {
    truth *t = self;
    char key[600];
    sc_str source = sc_json_str_at(item, "source"), id = sc_json_str_at(item, "external_id");
    const char *cluster = json_string_value(json_object_get(item, "cluster_id"));
    snprintf(key, sizeof key, "%.*s\t%.*s", SC_FMT(source), SC_FMT(id));
    const json_t *group = json_object_get(t->groups, key);
    if (!group || !cluster) return true; /* not of the feed, or not grouped */
    t->want[t->n] = (int32_t)json_integer_value(group);
    t->found[t->n++] = (int32_t)number_of(t->clusters, cluster);
    return t->n < MAX_REPORTS;
}

static sc_rc compare(sc_api *a, sc_metrics *ret, sc_err *err) {
    truth *t = sc_alloc(sizeof *t);
    if (!t) return sc_fail(err, SC_NOMEM, "out of memory");
    t->groups = json_object();
    t->clusters = json_object();
    load_truth(t);
    sc_rc rc = sc_api_each(a, "/api/feedback", collect, t, err);
    if (rc == SC_OK) rc = sc_metrics_compare(t->want, t->found, t->n, ret, err);
    json_decref(t->groups);
    json_decref(t->clusters);
    sc_free(t);
    return rc;
}

/* ---- What came out ------------------------------------------------------------------------------- */

static void issue_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_table_cellf(t, SC_BOLD, "%lld", (long long)json_integer_value(json_object_get(v, "count")));
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(v, "sources"), i, s)
        sc_buf_putf(&b, "%s%s", i ? " " : "", json_string_value(s) ? json_string_value(s) : "");
    sc_table_cell(t, SC_DIM, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_time_text(&b, sc_json_str_at(v, "last_seen"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_id(&b, sc_json_str_at(v, "id"));
    sc_table_cell(t, SC_CYAN, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "title"));
}

static sc_rc print_issues(sc_api *a, sc_err *err) {
    static const sc_column columns[] = {{"REPORTS", true, false, 0},
                                        {"SOURCES", false, true, 0},
                                        {"LAST SEEN", false, false, 0},
                                        {"ISSUE", false, false, 0},
                                        {"TITLE", false, true, 0}};
    SC_AUTO(sc_json_auto) json_t *page = NULL;
    char path[80];
    snprintf(path, sizeof path, "/api/clusters?sort=size&limit=%d", SHOWN);
    sc_rc rc = sc_api_do(a, "GET", path, NULL, &page, err);
    if (rc) return rc;
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i, n = json_array_size(json_object_get(page, "items"));
    json_t *v;
    json_array_foreach(json_object_get(page, "items"), i, v) issue_row(&t, v);
    putchar('\n');
    sc_table_print(&t);
    sc_table_done(&t);
    int64_t total = json_integer_value(json_object_get(page, "total"));
    if (total > (int64_t)n) printf("and %lld more\n", (long long)(total - (int64_t)n));
    return SC_OK;
}

static sc_rc show_demo(sc_api *a, sc_err *err) {
    sc_feed_counts n = {0};
    sc_metrics m = {0};
    int64_t at = sc_mono_us(&sc_clock_system);
    printf("Putting the sample feed in: ");
    fflush(stdout);
    sc_rc rc = feed_in(a, &n, err);
    if (rc) return rc;
    printf("%lld reports, %lld of them new.\nGrouping: ", (long long)n.lines, (long long)n.fresh);
    fflush(stdout);
    rc = sc_api_wait_grouped(a, err);
    if (rc) return rc;
    printf("done, %.1f s after the start.\n", (double)(sc_mono_us(&sc_clock_system) - at) / 1e6);
    rc = print_issues(a, err);
    if (rc == SC_OK) rc = compare(a, &m, err);
    if (rc) return rc;
    printf("\nThe feed's writer knows which reports belong together: %lld groups; found: %lld. "
           "Agreement (adjusted Rand index): "
           "%.2f of 1.\n",
           (long long)m.true_groups, (long long)m.found_groups, m.ari);
    return SC_OK;
}

/* ---- And it stays -------------------------------------------------------------------------------- */

static sc_rc print_address(sc_call *c, sc_stack *s, sc_err *err) {
    sc_secret secret, token;
    const char *url = sc_stack_url(s), *data = c->common.data;
    sc_access_local(sc_stack_app(s), &secret);
    sc_running me = {.pid = (long)getpid()};
    snprintf(me.url, sizeof me.url, "%s", url);
    snprintf(me.key, sizeof me.key, "%s", secret.text);
    sc_rc rc = sc_running_write(data, &me, err);
    if (rc == SC_OK) rc = sc_access_login_token(sc_stack_app(s), LOGIN_MS, &token, err);
    if (rc) return rc;
    bool plain = !strcmp(data, "./data");
    printf("\nIt runs at %s; sign in, once, with\n\n    ", url);
    sc_out_styled(SC_BOLD, "%s/login?token=%s", url, token.text);
    printf(
        "\n\nIn another terminal:  soulcaster clusters --project demo%s%s\nCtrl-C ends it; the "
        "data stay in %s.\n"
        "Some of these issues can be fixed here: a repository of the invented app is set up, with "
        "a scripted agent (prepared edits, no model): soulcaster fix ISSUE --project demo\n",
        plain ? "" : " --data ", plain ? "" : data, data);
    fflush(stdout);
    return SC_OK;
}

static int explain_failure(const sc_call *c, const sc_err *err) {
    sc_cmd_fail(c, SC_EXIT_FAILED, "%s", err->msg);
    if (err->sys == EADDRINUSE)
        fprintf(stderr,
                "Something else listens on %s already. Another port: soulcaster demo --listen "
                "127.0.0.1:0\n",
                c->common.listen);
    return SC_EXIT_FAILED;
}

static int demo(sc_call *c) {
    const demo_conf *o = c->conf;
    sc_err err = {0};
    sc_running other;
    sc_stack *s = NULL;
    sc_api *a = NULL, *p = NULL;
    sc_secret secret;
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    if (sc_running_find(c->common.data, &other, NULL) == SC_OK)
        return sc_cmd_fail(c, SC_EXIT_FAILED, "a server runs on %s already, at %s (process %ld)",
                           c->common.data, other.url, other.pid);
    unsetenv("REDIS_URL"); /* it may be there for other programs, and is no place for a show */
    unsetenv("UPSTASH_REDIS_REST_URL");
    sc_signals_block();
    if (strcmp(c->common.log_level, "info"))
        sc_log_from(c, "warn");
    else
        sc_log_setup(SC_LOG_WARN, isatty(STDERR_FILENO)); /* the table is the show, not the log */
    sc_rc rc = sc_stack_open(
        c, SC_STACK_STAYS | SC_STACK_SERVER | SC_STACK_WORKER | SC_STACK_SCHEDULER, NULL, &s, &err);
    if (rc) return explain_failure(c, &err);
    sc_signals_unblock();
    sc_access_local(sc_stack_app(s), &secret);
    rc = sc_api_open_at(sc_stack_url(s), secret.text, NULL, &a, &err);
    if (rc == SC_OK) rc = make_project(a, &err);
    if (rc == SC_OK) rc = sc_api_open_at(sc_stack_url(s), secret.text, "demo", &p, &err);
    if (rc == SC_OK) rc = set_up_fixes(p, c->common.data, &err);
    if (rc == SC_OK) rc = show_demo(p, &err);
    sc_api_close(p);
    sc_api_close(a);
    if (rc == SC_OK && !o->once) {
        sc_signals_block();
        rc = print_address(c, s, &err);
        if (rc == SC_OK) sc_signals_wait();
        sc_running_remove(c->common.data);
    }
    sc_stack_close(s);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

static const sc_opt opts[] = {
    {.name = "once",
     .type = SC_OPT_BOOL,
     .offset = offsetof(demo_conf, once),
     .no_env = true,
     .help = "end after the table instead of serving on"},
};

const sc_verb sc_verb_demo = {
    .name = "demo",
    .group = SC_GROUP_RUN,
    .summary = "show it with a sample feed: reports in, issues out, then serve",
    .synopsis = "[--listen ADDR:PORT] [--data DIR] [--once]",
    .about = "Puts a feed of invented reports about an invented app into the project \"demo\" "
             "through the public API, waits until they are "
             "grouped, prints the issues found and how well they match the known truth, then the "
             "address with a one-time login link, and "
             "serves until Ctrl-C. The next run finds everything as it was.",
    .examples = "# a first look\nsoulcaster demo\n",
    .sets = SC_OPTS_DATA | SC_OPTS_STACK | SC_OPTS_SERVE,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(demo_conf),
    .run = demo,
};
