/* soulcaster analyze, cleanup: what may be one issue, what may be two, and doing something about it. */
#include "cmd/cmd.h"

typedef struct cleanup_conf {
    int64_t limit;
    const char *cursor;
    bool all, apply;
} cleanup_conf;

static void print_text(const char *lead, sc_str text) { printf("%s%.*s\n", lead, SC_FMT(text)); }

static void print_suggestion(const json_t *v) {
    const bool merge = sc_str_is(sc_json_str_at(v, "action"), "merge");
    print_text(merge ? "merge  " : "split  ", sc_json_str_at(v, "title"));
    if (merge) print_text("   and  ", sc_json_str_at(v, "other_title"));
    print_text("        ", sc_json_str_at(v, "reason"));
    size_t i;
    json_t *x;
    const json_t *terms = json_object_get(v, "shared_terms");
    if (json_array_size(terms)) {
        printf("        both say:");
        json_array_foreach(terms, i, x) printf(" %s", json_string_value(x));
        puts("");
    }
    json_array_foreach(json_object_get(v, "leaving"), i, x)
        print_text(i ? "                " : "        leaves: ", sc_json_str_at(x, "title"));
    print_text("        ", sc_json_str_at(v, "id"));
}

static void print_sizes(const json_t *v) {
    printf("%lld reports in %lld issues, %lld of them single, the largest of %lld; %lld wait\n",
           (long long)json_integer_value(json_object_get(v, "reports")),
           (long long)json_integer_value(json_object_get(v, "clusters")),
           (long long)json_integer_value(json_object_get(v, "singletons")),
           (long long)json_integer_value(json_object_get(v, "largest")),
           (long long)json_integer_value(json_object_get(v, "pending")));
}

/* Pages until something was found, or all of them. */
static int analyze(sc_call *c) {
    cleanup_conf *o = c->conf;
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *page = NULL;
    const char *cursor = o->cursor;
    size_t shown = 0;
    sc_rc rc = SC_OK;
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, 8192);
    do {
        json_t *next = NULL;
        sc_path_start(&path, "/api/clusters/analyze");
        sc_path_int(&path, "limit", o->limit);
        sc_path_add(&path, "cursor", sc_str_of(cursor));
        rc = sc_api_do(a, "GET", path.p, NULL, &next, &err);
        if (rc) break;
        json_decref(page);
        page = next;
        size_t i;
        json_t *v;
        json_array_foreach(json_object_get(page, "items"), i, v) {
            shown++;
            if (!c->common.json) print_suggestion(v);
        }
        sc_print_json(c, page);
        cursor = json_string_value(json_object_get(page, "next_cursor"));
    } while (cursor && (o->all || (!shown && !c->common.json)));
    if (rc == SC_OK && !c->common.json) {
        if (!shown) puts("Nothing suggests itself.");
        print_sizes(page);
        if (cursor) printf("To go on: soulcaster analyze --cursor %s\n", cursor);
    }
    sc_api_close(a);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

static void print_done(const json_t *v) {
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(v, "suggestions"), i, x) print_suggestion(x);
    json_array_foreach(json_object_get(v, "applied"), i, x) {
        print_text("done    ", sc_json_str_at(x, "id"));
        printf("        %lld moved; to take it back: soulcaster undo %s\n",
               (long long)json_integer_value(json_object_get(x, "moved")),
               json_string_value(json_object_get(x, "action_id")));
    }
    json_array_foreach(json_object_get(v, "skipped"), i, x) {
        print_text("skipped ", sc_json_str_at(x, "id"));
        print_text("        ", sc_json_str_at(x, "reason"));
    }
}

static int cleanup(sc_call *c) {
    const cleanup_conf *o = c->conf;
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 0, 100)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *body = json_object(), *v = NULL;
    json_object_set_new(body, "apply", json_boolean(o->apply));
    if (c->n_words) {
        json_t *ids = json_array();
        json_object_set_new(body, "ids", ids);
        for (size_t i = 0; i < c->n_words; i++)
            json_array_append_new(ids, json_string(c->words[i]));
    } else {
        json_object_set_new(body, "limit", json_integer(o->limit));
        if (o->cursor) json_object_set_new(body, "cursor", json_string(o->cursor));
    }
    sc_rc rc = sc_api_do(a, "POST", "/api/clusters/cleanup", body, &v, &err);
    code = rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
    if (!rc && !sc_print_json(c, v)) {
        print_done(v);
        if (!o->apply) puts("Nothing was changed; --apply does it.");
    }
    sc_api_close(a);
    return code;
}

#define AT(member) offsetof(cleanup_conf, member)
#define LIMIT SC_OPT_LIMIT(AT(limit), "50", 500, "issues to look at, newest first")

static const sc_opt analyze_opts[] = {
    {LIMIT},
    {SC_OPT_CURSOR(AT(cursor))},
    {SC_OPT_ALL(AT(all), "all pages; with --json a page a line")},
};
static const sc_opt cleanup_opts[] = {
    {LIMIT},
    {SC_OPT_CURSOR(AT(cursor))},
    {.name = "apply",
     .type = SC_OPT_BOOL,
     .offset = AT(apply),
     .no_env = true,
     .help = "do it; without this nothing is changed"},
};

const sc_verb sc_verb_analyze = {
    .name = "analyze",
    .group = SC_GROUP_LOOK,
    .summary = "what may be one issue, what may be two",
    .synopsis = "[--limit N] [--cursor CURSOR] [--all] [--json]",
    .about =
        "Suggests issues to merge and issues to split, each with the reason in words, what both "
        "say, and an id for `cleanup`. Nothing is changed. What people put apart, or put "
        "where it is, does not come up again.",
    .examples = "soulcaster analyze\nsoulcaster analyze --all --json | jq -r '.items[].id'\n",
    .sets = SC_OPTS_API,
    .opts = analyze_opts,
    .n_opts = SC_LEN(analyze_opts),
    .conf_size = sizeof(cleanup_conf),
    .run = analyze,
};

const sc_verb sc_verb_cleanup = {
    .name = "cleanup",
    .group = SC_GROUP_DECIDE,
    .summary = "apply what analyze suggests",
    .synopsis = "[ID...] [--apply] [--limit N] [--cursor CURSOR] [--json]",
    .about =
        "Without --apply it shows what could be done. With it, the suggestions named (without ids: "
        "those "
        "of the page that are more likely right than wrong) are merged and split as `merge` and "
        "`split` do it, each with an id by which it can be undone. What has changed since is "
        "skipped.",
    .examples = "# look first\nsoulcaster cleanup\n# then this one\nsoulcaster cleanup --apply "
                "merge:01932e5c-1f2a-7abc-8def-0123456789ab:01932e5c-1f2a-7abc-8def-0123456789ac\n",
    .sets = SC_OPTS_API,
    .opts = cleanup_opts,
    .n_opts = SC_LEN(cleanup_opts),
    .conf_size = sizeof(cleanup_conf),
    .run = cleanup,
};
