/* soulcaster limits: what a project's keys may send, what it may store and start. */
#include "cmd/cmd.h"

static const struct {
    const char *name, *words;
} members[] = {
    {"requests_a_minute", "of each key; a sixth of it may come at once"},
    {"max_reports", "stored"},
    {"max_fixes_a_day", "started in a UTC day"},
    {"keep_days", "then reports of closed issues go (soulcaster retention)"},
};

static bool is_member(sc_str name) {
    for (size_t i = 0; i < SC_LEN(members); i++)
        if (sc_str_is(name, members[i].name)) return true;
    return false;
}

/* "max_reports=1000" words over what is set. */
static sc_rc change(const sc_call *c, json_t *limits, sc_err *err) {
    for (size_t i = 0; i < c->n_words; i++) {
        sc_str value = sc_str_of(c->words[i]), name;
        int64_t n;
        sc_str_next(&value, '=', &name);
        if (!is_member(name))
            return sc_fail(err, SC_INVALID,
                           "\"%.60s\": give NAME=NUMBER; the names are "
                           "requests_a_minute, max_reports, max_fixes_a_day, keep_days",
                           c->words[i]);
        sc_rc rc = sc_num_i64(value, 0, INT64_MAX, &n, err);
        if (rc) return sc_wrap(err, "%.60s", c->words[i]);
        char key[32] = "";
        memcpy(key, name.p, SC_MIN(name.n, sizeof key - 1));
        json_object_set_new(limits, key, json_integer(n));
    }
    return SC_OK;
}

static void print(const json_t *v) {
    static const sc_column columns[] = {
        {.head = "LIMIT"}, {.head = "VALUE", .right = true}, {.head = "", .gives = true}};
    sc_table t;
    sc_table_init(&t, columns, SC_LEN(columns));
    for (size_t i = 0; i < SC_LEN(members); i++) {
        int64_t n = json_integer_value(json_object_get(v, members[i].name));
        sc_table_cell(&t, SC_BOLD, sc_str_of(members[i].name));
        if (n)
            sc_table_cellf(&t, SC_PLAIN, "%lld", (long long)n);
        else
            sc_table_cell(&t, SC_DIM, SC_STR("none"));
        sc_table_cell(&t, SC_DIM, sc_str_of(members[i].words));
    }
    sc_table_print(&t);
    sc_table_done(&t);
}

static int limits(sc_call *c) {
    sc_api *a;
    int code;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL, *now = NULL;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_rc rc = sc_api_do(a, "GET", "/api/config/limits", NULL, &v, &err);
    if (!rc && c->n_words) {
        rc = change(c, v, &err);
        if (!rc) rc = sc_api_do(a, "PUT", "/api/config/limits", v, &now, &err);
    }
    sc_api_close(a);
    if (rc) return sc_cmd_fail_err(c, &err);
    const json_t *shown = now ? now : v;
    if (!sc_print_json(c, shown)) print(shown);
    return SC_EXIT_OK;
}

const sc_verb sc_verb_limits = {
    .name = "limits",
    .group = SC_GROUP_KEEP,
    .summary = "show and set a project's limits: requests, stored reports, fixes a day, age",
    .synopsis = "[NAME=NUMBER]... [--json]",
    .about = "Without a word the limits are shown. 0 is no limit. What is over a limit is refused "
             "with 429, when to try again, and the limit's name.\n\n"
             "What one address may send, and keys whose project names no limit, is said to the "
             "server: serve --address-rate and --key-rate.",
    .examples = "# at most 10 requests a second by each key of the project, and 100,000 reports\n"
                "soulcaster limits --project app requests_a_minute=600 max_reports=100000\n",
    .sets = SC_OPTS_API,
    .run = limits,
};
