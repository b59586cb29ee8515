/* soulcaster fix, fixes, fix-log: from an issue to a pull request, and what became of it. */
#include <stdlib.h>
#include <time.h>

#include "cmd/cmd.h"

enum { LOOK_MS = 200 };

static sc_style style_of(sc_str status) {
    if (sc_str_is(status, "success")) return SC_GREEN;
    if (sc_str_is(status, "running")) return SC_YELLOW;
    return sc_str_is(status, "pending") ? SC_PLAIN : SC_RED;
}

static void pause_ms(int64_t ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- The log ------------------------------------------------------------------------------------ */

static void print_row(const json_t *row) {
    sc_str stream = sc_json_str_at(row, "stream"), text = sc_json_str_at(row, "text"), line;
    const bool ours = sc_str_is(stream, "step");
    while (sc_str_next(&text, '\n', &line)) {
        SC_AUTO(sc_buf_done) sc_buf clean;
        sc_buf_init(&clean, 1 << 20);
        sc_out_clean(&clean, line);
        if (!text.n && !clean.n) break;
        if (ours)
            sc_out_styled(SC_BOLD, "%s\n", clean.p ? clean.p : "");
        else
            printf("  %.*s | %s\n", SC_FMT(stream), clean.p ? clean.p : "");
    }
}

/* The rows after *after; quiet: they are only counted. *ret_ended: it is over, and this was the last of it. */
static sc_rc print_page(sc_api *a, const sc_id *id, bool quiet, int64_t *after, bool *ret_ended,
                        sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    char path[160];
    snprintf(path, sizeof path, "/api/jobs/%s/logs?limit=200&after=%lld", id->text,
             (long long)*after);
    sc_rc rc = sc_api_do(a, "GET", path, NULL, &v, err);
    if (rc) return rc;
    size_t i;
    json_t *row;
    const json_t *items = json_object_get(v, "items");
    json_array_foreach(items, i, row) if (!quiet) print_row(row);
    *after = json_integer_value(json_object_get(v, "next_after"));
    *ret_ended =
        json_is_true(json_object_get(v, "ended")) && !json_array_size(json_object_get(v, "items"));
    fflush(stdout);
    return SC_OK;
}

static sc_rc print_log(sc_api *a, const sc_id *id, bool follow, bool quiet, sc_err *err) {
    int64_t after = 0;
    bool ended = false;
    for (int64_t before = -1; !ended && (follow || after != before);) {
        before = after;
        sc_rc rc = print_page(a, id, quiet, &after, &ended, err);
        if (rc) return rc;
        if (follow && !ended && after == before) pause_ms(LOOK_MS);
    }
    return SC_OK;
}

/* ---- How it stands ------------------------------------------------------------------------------ */

static void tell(const char *what, sc_str text) {
    SC_AUTO(sc_buf_done) sc_buf clean;
    if (!text.n) return;
    sc_buf_init(&clean, 1 << 16);
    sc_out_clean(&clean, text);
    printf("%-13s %s\n", what, clean.p ? clean.p : "");
}

static void print_fix(const json_t *v) {
    sc_str status = sc_json_str_at(v, "status");
    sc_out_styled(style_of(status), "%.*s", SC_FMT(status));
    printf(" at %.*s\n", SC_FMT(sc_json_str_at(v, "step")));
    tell("why", sc_json_str_at(v, "error"));
    tell("agent", sc_json_str_at(v, "agent"));
    tell("branch", sc_json_str_at(v, "branch"));
    tell("pull request", sc_json_str_at(v, "pr_state"));
    tell("", sc_json_str_at(v, "pr_url"));
    const json_t *usd = sc_json_at(v, "cost.usd");
    if (json_number_value(usd) > 0) printf("%-13s %.4f USD\n", "cost", json_number_value(usd));
}

/* over: anything but success is a failure. */
static int show(sc_call *c, sc_api *a, const sc_id *id, bool over) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_err err = {0};
    char path[96];
    snprintf(path, sizeof path, "/api/jobs/%s", id->text);
    if (sc_api_do(a, "GET", path, NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (!sc_print_json(c, v)) print_fix(v);
    const bool good = !over || sc_str_is(sc_json_str_at(v, "status"), "success");
    return good ? SC_EXIT_OK : SC_EXIT_FAILED;
}

/* ---- fix ---------------------------------------------------------------------------------------- */

typedef struct fix_conf {
    const char *agent, *say;
    bool force, detach;
} fix_conf;

static sc_rc start(sc_call *c, sc_api *a, sc_id *ret, sc_err *err) {
    const fix_conf *o = c->conf;
    SC_AUTO(sc_json_auto) json_t *v = NULL, *body = json_object();
    char path[120];
    sc_id issue;
    sc_rc rc = sc_api_resolve(a, "/api/clusters", c->words[0], &issue, err);
    if (rc) return rc;
    if (o->agent) sc_json_set_str(body, "agent", sc_str_of(o->agent));
    if (o->say) sc_json_set_str(body, "instructions", sc_str_of(o->say));
    if (o->force) json_object_set_new(body, "force", json_true());
    snprintf(path, sizeof path, "/api/clusters/%s/start_fix", issue.text);
    rc = sc_api_do(a, "POST", path, body, &v, err);
    if (!rc) *ret = sc_id_of(sc_json_str_at(v, "id"));
    return rc;
}

static int fix(sc_call *c) {
    const fix_conf *o = c->conf;
    sc_api *a;
    sc_id id;
    sc_err err = {0};
    int code;
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, SC_API_GROUPS, &a, &code)) return code;
    sc_rc rc = start(c, a, &id, &err);
    /* A server of our own ends with us: then we wait for it. */
    const bool wait = !o->detach || sc_api_is_own(a);
    if (!rc && wait) rc = print_log(a, &id, true, c->common.json, &err);
    code = rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
    if (!rc && (wait || c->common.json))
        code = show(c, a, &id, wait);
    else if (!rc)
        printf("%s is queued\n", id.text);
    sc_api_close(a);
    return code;
}

static const sc_opt fix_opts[] = {
    {.name = "agent",
     .type = SC_OPT_STR,
     .offset = offsetof(fix_conf, agent),
     .arg = "NAME",
     .no_env = true,
     .help = "another agent than the project's"},
    {.name = "say",
     .type = SC_OPT_STR,
     .offset = offsetof(fix_conf, say),
     .arg = "TEXT",
     .no_env = true,
     .help = "what the agent is told besides the plan"},
    {.name = "force",
     .type = SC_OPT_BOOL,
     .offset = offsetof(fix_conf, force),
     .no_env = true,
     .help = "although an open pull request touches the same cause"},
    {.name = "detach",
     .type = SC_OPT_BOOL,
     .offset = offsetof(fix_conf, detach),
     .no_env = true,
     .help = "do not wait for its end"},
};

const sc_verb sc_verb_fix = {
    .name = "fix",
    .group = SC_GROUP_DECIDE,
    .summary = "fix an issue: an agent in a sandbox, tests, a draft pull request",
    .synopsis = "ISSUE [--agent NAME] [--say TEXT] [--force] [--detach] [--json]",
    .about = "Starts a fix of the issue, or joins the one that is under way, prints its log as it "
             "grows, and ends with it: 0 when a pull "
             "request is open. --json prints the fix alone, at its end; with --detach as it is "
             "queued, and 0. What a project's fixes may do is set with PUT /api/config/fix "
             "(docs/fixes.md).",
    .examples = "# the issue's id, or the end of it\nsoulcaster fix 9c2f04d1 --project demo\n",
    .sets = SC_OPTS_API,
    .opts = fix_opts,
    .n_opts = SC_LEN(fix_opts),
    .conf_size = sizeof(fix_conf),
    .run = fix,
};

/* ---- fixes -------------------------------------------------------------------------------------- */

typedef struct fixes_conf {
    const char *status, *pull;
    int64_t limit;
} fixes_conf;

static void fix_row(sc_table *t, const json_t *v) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_str status = sc_json_str_at(v, "status");
    sc_out_id(&b, sc_json_str_at(v, "id"));
    sc_table_cell(t, SC_CYAN, sc_buf_str(&b));
    sc_buf_reset(&b);
    sc_out_id(&b, sc_json_str_at(v, "cluster_id"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_table_cell(t, style_of(status), status);
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "step"));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "pr_state"));
    sc_buf_reset(&b);
    sc_out_time_text(&b, sc_json_str_at(v, "updated_at"));
    sc_table_cell(t, SC_PLAIN, sc_buf_str(&b));
    sc_table_cell(t, SC_PLAIN, sc_json_str_at(v, "error"));
}

static int list(sc_call *c, sc_api *a) {
    static const sc_column columns[] = {{"FIX", false, false, 0},    {"ISSUE", false, false, 0},
                                        {"STATUS", false, false, 0}, {"STEP", false, false, 0},
                                        {"PULL", false, false, 0},   {"CHANGED", false, false, 0},
                                        {"WHY", false, true, 0}};
    const fixes_conf *o = c->conf;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_err err = {0};
    sc_buf_init(&path, 4096);
    sc_path_start(&path, "/api/jobs");
    sc_path_add(&path, "status", sc_str_of(o->status));
    sc_path_add(&path, "pr_state", sc_str_of(o->pull));
    sc_path_int(&path, "limit", o->limit);
    if (sc_api_do(a, "GET", path.p, NULL, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    const json_t *items = json_object_get(v, "items");
    if (!json_array_size(items)) {
        puts("No fixes.");
        return SC_EXIT_OK;
    }
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    size_t i;
    json_t *f;
    json_array_foreach(items, i, f) fix_row(&t, f);
    sc_table_print(&t);
    sc_table_done(&t);
    return SC_EXIT_OK;
}

static const struct {
    const char *word, *path, *body; /* body NULL: none */
} actions[] = {
    {"cancel", "/cancel", NULL},
    {"retry", "/retry", NULL},
    {"merge", "/pull_request", "{\"action\":\"merge\"}"},
    {"close", "/pull_request", "{\"action\":\"close\"}"},
};

static int act(sc_call *c, sc_api *a, size_t which) {
    SC_AUTO(sc_json_auto) json_t *v = NULL, *body = NULL;
    sc_err err = {0};
    sc_id id;
    char path[120];
    sc_rc rc = sc_api_resolve(a, "/api/jobs", c->words[1], &id, &err);
    if (!rc && actions[which].body) rc = sc_json_parse(sc_str_of(actions[which].body), &body, &err);
    if (!rc) {
        snprintf(path, sizeof path, "/api/jobs/%s%s", id.text, actions[which].path);
        rc = sc_api_do(a, "POST", path, body, &v, &err);
    }
    if (rc) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    return show(c, a, &id, false);
}

static int fixes(sc_call *c) {
    sc_api *a;
    int code;
    const char *what = c->n_words ? c->words[0] : "list";
    size_t k = 0;
    while (k < SC_LEN(actions) && strcmp(what, actions[k].word) != 0) k++;
    const bool one = !strcmp(what, "show"), acts = k < SC_LEN(actions);
    if (!acts && !one && strcmp(what, "list") != 0)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': list, show, cancel, retry, merge or close",
                           what);
    if (sc_cmd_words_wrong(c, acts || one ? 2 : 0, acts || one ? 2 : 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_id id;
    sc_err err = {0};
    if (acts)
        code = act(c, a, k);
    else if (!one)
        code = list(c, a);
    else if (sc_api_resolve(a, "/api/jobs", c->words[1], &id, &err))
        code = sc_cmd_fail_err(c, &err);
    else
        code = show(c, a, &id, true);
    sc_api_close(a);
    return code;
}

static const sc_opt fixes_opts[] = {
    {.name = "status",
     .type = SC_OPT_STR,
     .offset = offsetof(fixes_conf, status),
     .arg = "NAME",
     .no_env = true,
     .help = "list: only pending, running, success, failed, cancelled, timed_out or dead ones"},
    {.name = "pull",
     .type = SC_OPT_STR,
     .offset = offsetof(fixes_conf, pull),
     .arg = "NAME",
     .no_env = true,
     .help = "list: only those whose pull request is none, open, merged, closed or issue"},
    {SC_OPT_LIMIT(offsetof(fixes_conf, limit), "20", 1000, "rows")},
};

const sc_verb sc_verb_fixes = {
    .name = "fixes",
    .group = SC_GROUP_DECIDE,
    .summary = "list fixes; stop them, send them round again, merge or close their pull requests",
    .synopsis = "[list | show ID | cancel ID | retry ID | merge ID | close ID] [--json]",
    .about =
        "merge and close are for the forge \"local\", which has no pages of its own; elsewhere "
        "people do that on the forge. show ends "
        "with 0 when the fix has succeeded.",
    .examples = "# what waits for people?\nsoulcaster fixes --pull open\n",
    .sets = SC_OPTS_API,
    .opts = fixes_opts,
    .n_opts = SC_LEN(fixes_opts),
    .conf_size = sizeof(fixes_conf),
    .run = fixes,
};

/* ---- fix-log ------------------------------------------------------------------------------------ */

typedef struct log_conf {
    bool follow;
} log_conf;

static int fix_log(sc_call *c) {
    const log_conf *o = c->conf;
    sc_api *a;
    sc_id id;
    sc_err err = {0};
    int code = SC_EXIT_OK;
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_rc rc = sc_api_resolve(a, "/api/jobs", c->words[0], &id, &err);
    if (!rc) rc = print_log(a, &id, o->follow, false, &err);
    code = rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
    sc_api_close(a);
    return code;
}

static const sc_opt log_opts[] = {
    {.name = "follow",
     .type = SC_OPT_BOOL,
     .offset = offsetof(log_conf, follow),
     .no_env = true,
     .letter = 'f',
     .help = "go on until the fix is over"},
};

const sc_verb sc_verb_fix_log = {
    .name = "fix-log",
    .group = SC_GROUP_DECIDE,
    .summary = "print a fix's log",
    .synopsis = "FIX [--follow]",
    .about = "What we did, and what the project's commands and the agent said, without secrets.",
    .examples = "soulcaster fix-log 9c2f04d1 --follow\n",
    .sets = SC_OPTS_API,
    .opts = log_opts,
    .n_opts = SC_LEN(log_opts),
    .conf_size = sizeof(log_conf),
    .run = fix_log,
};
