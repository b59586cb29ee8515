/* soulcaster merge, split, move, undo: what people know better than the grouping. Each leaves a correction
 * that every later pass obeys. And remove, which leaves nothing. */
#include "cmd/cmd.h"

/* Sends one action and tells what came of it. */
static int act(sc_call *c, sc_api *a, const char *path, const json_t *body) {
    sc_err err = {0};
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_api_do(a, "POST", path, body, &v, &err)) return sc_cmd_fail_err(c, &err);
    if (sc_print_json(c, v)) return SC_EXIT_OK;
    int64_t moved = json_integer_value(json_object_get(v, "moved"));
    sc_str cluster = sc_json_str_at(v, "cluster_id"), action = sc_json_str_at(v, "action_id");
    printf("%lld report%s moved", (long long)moved, moved == 1 ? "" : "s");
    if (cluster.n) printf("; the issue is %.*s", SC_FMT(cluster));
    puts("");
    if (strcmp(c->verb->name, "undo"))
        printf("To take it back: soulcaster undo %.*s\n", SC_FMT(action));
    return SC_EXIT_OK;
}

/* Words from..n as a JSON array of whole ids. */
static sc_rc resolve_all(sc_call *c, sc_api *a, const char *list, size_t from, json_t *into,
                         sc_err *err) {
    for (size_t i = from; i < c->n_words; i++) {
        sc_id id;
        sc_rc rc = sc_api_resolve(a, list, c->words[i], &id, err);
        if (rc) return rc;
        if (json_array_append_new(into, json_string(id.text)))
            return sc_fail(err, SC_NOMEM, "out of memory");
    }
    return SC_OK;
}

/* merge and split: an issue, then many ids of `list` under `member`. */
static int with_many(sc_call *c, const char *list, const char *verb, const char *member) {
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 2, 1001)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    sc_id id;
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    json_t *ids = json_array();
    json_object_set_new(body, member, ids);
    sc_rc rc = sc_api_resolve(a, "/api/clusters", c->words[0], &id, &err);
    if (rc == SC_OK) rc = resolve_all(c, a, list, 1, ids, &err);
    char path[96];
    if (rc == SC_OK) snprintf(path, sizeof path, "/api/clusters/%s/%s", id.text, verb);
    code = rc ? sc_cmd_fail_err(c, &err) : act(c, a, path, body);
    sc_api_close(a);
    return code;
}

static int merge(sc_call *c) { return with_many(c, "/api/clusters", "merge", "cluster_ids"); }
static int split(sc_call *c) { return with_many(c, "/api/feedback", "split", "feedback_ids"); }

static int move(sc_call *c) {
    sc_api *a;
    int code;
    if (sc_cmd_words_wrong(c, 2, 2)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    sc_err err = {0};
    sc_id report, to = {""};
    bool fresh = !strcmp(c->words[1], "new");
    sc_rc rc = sc_api_resolve(a, "/api/feedback", c->words[0], &report, &err);
    if (rc == SC_OK && !fresh) rc = sc_api_resolve(a, "/api/clusters", c->words[1], &to, &err);
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    json_object_set_new(body, "cluster_id", fresh ? json_null() : json_string(to.text));
    char path[96];
    if (rc == SC_OK) snprintf(path, sizeof path, "/api/feedback/%s/move", report.text);
    code = rc ? sc_cmd_fail_err(c, &err) : act(c, a, path, body);
    sc_api_close(a);
    return code;
}

static int undo(sc_call *c) {
    sc_api *a;
    int code;
    char path[96];
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    sc_id id = sc_id_of(sc_str_of(c->words[0]));
    if (!sc_id_is_set(&id))
        return sc_cmd_fail(c, SC_EXIT_USAGE,
                           "'%s' is no id of an action; merge, split and move print it",
                           c->words[0]);
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    snprintf(path, sizeof path, "/api/actions/%s/undo", id.text);
    code = act(c, a, path, NULL);
    sc_api_close(a);
    return code;
}

static int take_away(sc_call *c) {
    sc_api *a;
    int code = SC_EXIT_OK;
    if (sc_cmd_words_wrong(c, 1, 1000)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, 0, &a, &code)) return code;
    for (size_t i = 0; !code && i < c->n_words; i++) {
        sc_err err = {0};
        sc_id id;
        char path[96];
        sc_rc rc = sc_api_resolve(a, "/api/feedback", c->words[i], &id, &err);
        if (rc == SC_OK) snprintf(path, sizeof path, "/api/feedback/%s", id.text);
        if (rc == SC_OK) rc = sc_api_do(a, "DELETE", path, NULL, NULL, &err);
        if (rc)
            code = sc_cmd_fail_err(c, &err);
        else if (c->common.json)
            printf("{\"removed\":\"%s\"}\n", id.text);
        else
            printf("%s: removed\n", id.text);
    }
    sc_api_close(a);
    return code;
}

const sc_verb sc_verb_remove = {
    .name = "remove",
    .group = SC_GROUP_DECIDE,
    .summary = "remove reports for good",
    .synopsis = "REPORT... [--json]",
    .about =
        "The report leaves its issue, and its text, its metadata and what was decided about it "
        "leave the store. Nothing takes that back. Backups and exports made before still hold "
        "it. Needs an admin key.",
    .examples = "# it holds somebody's password\nsoulcaster remove 5d3b7c10\n",
    .sets = SC_OPTS_API,
    .run = take_away,
};

#define CORRECTION(id, words, how, text, shown) \
    const sc_verb sc_verb_##id = {              \
        .name = #id,                            \
        .group = SC_GROUP_DECIDE,               \
        .summary = words,                       \
        .synopsis = how,                        \
        .about = text,                          \
        .examples = shown,                      \
        .sets = SC_OPTS_API,                    \
        .run = id,                              \
    };

CORRECTION(merge, "make one issue of several", "INTO FROM... [--json]",
           "All reports of the issues FROM move into INTO and stay there, whatever later passes "
           "think. An issue that was kept apart "
           "from INTO by an earlier split has to be undone first. It prints the id by which the "
           "merge can be undone.",
           "# these three are one\nsoulcaster merge 4f1c9a2e 77d0c1b3 0a9be412\n")
CORRECTION(split, "take reports out of an issue, into one of their own", "ISSUE REPORT... [--json]",
           "The reports leave the issue for a new one; the two are kept apart from now on.",
           "# this report is about something else\nsoulcaster split 4f1c9a2e 5d3b7c10\n")
CORRECTION(move, "put a report into another issue", "REPORT ISSUE|new [--json]",
           "The report goes to the issue (or to a new one of its own) and stays there; it never "
           "goes back by itself.",
           "# it belongs there\nsoulcaster move 5d3b7c10 4f1c9a2e\n# it belongs "
           "nowhere\nsoulcaster move 5d3b7c10 new\n")
CORRECTION(undo, "take a merge, split or move back", "ACTION [--json]",
           "Ends the corrections that the action left, and moves its reports back where they were, "
           "where those issues still exist.",
           "# the id is what merge, split and move print\nsoulcaster undo "
           "01932e5c-1f2a-7abc-8def-0123456789ab\n")
