#include "legacy/row.h"

#include "core/cluster.h"

static const char *const feedback_names[] = {"project_id",
                                             "source",
                                             "external_id",
                                             "title",
                                             "body",
                                             "text",
                                             "raw_text",
                                             "metadata",
                                             "created_at",
                                             "repo",
                                             "status",
                                             "url",
                                             "github_repo_url",
                                             "github_issue_number",
                                             "github_issue_url"};
static const char *const cluster_names[] = {"project_id",      "title",         "summary",
                                            "status",          "created_at",    "updated_at",
                                            "feedback_ids",    "github_branch", "github_pr_url",
                                            "github_repo_url", "issue_title",   "issue_description",
                                            "error_message"};
static const char *const project_names[] = {"name", "created_at"};
static const char *const job_names[] = {"project_id", "cluster_id", "runner",     "status",
                                        "logs",       "pr_url",     "created_at", "updated_at"};
#define FIELDS(list) \
    { list, SC_LEN(list) }
const sc_legacy_fields sc_legacy_feedback_fields = FIELDS(feedback_names);
const sc_legacy_fields sc_legacy_cluster_fields = FIELDS(cluster_names);
const sc_legacy_fields sc_legacy_project_fields = FIELDS(project_names);
const sc_legacy_fields sc_legacy_job_fields = FIELDS(job_names);

enum {
    MAX_SHORT = 500,
    MAX_URL = 8 * 1024,
    MAX_SUMMARY = 64 * 1024,
    MAX_RAW = 16 * 1024,
    MAX_TEXT = 4 << 20,
    MAX_SUBREDDITS = 200,
};

/* ---- Reading a row ----------------------------------------------------------------------------------- */

static sc_str text_of(const json_t *v, sc_arena *arena) {
    if (!v || json_is_null(v)) return SC_STR_NONE;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_TEXT);
    if (json_is_string(v))
        sc_buf_put(&b, json_string_value(v), json_string_length(v));
    else
        sc_json_dump(v, &b);
    char *p = b.failed ? NULL : sc_arena_copy(arena, b.p ? b.p : "", b.n);
    return p ? (sc_str){p, b.n} : SC_STR_NONE;
}

sc_legacy_row sc_legacy_row_of(const sc_legacy_value *v, sc_legacy_fields fields, sc_arena *arena) {
    sc_legacy_row row = {.names = fields.names, .n = fields.n, .why = v->why};
    if (v->why) return row;
    if (v->hash) {
        memcpy(row.fields, v->fields, sizeof row.fields);
        return row;
    }
    SC_AUTO(sc_json_auto) json_t *o = sc_legacy_literal(v->text);
    if (!json_is_object(o)) row.why = "it is no JSON object";
    for (size_t i = 0; !row.why && i < fields.n; i++)
        row.fields[i] = text_of(json_object_get(o, fields.names[i]), arena);
    return row;
}

static sc_str raw(const sc_legacy_row *row, const char *name) {
    for (size_t i = 0; i < row->n; i++)
        if (!strcmp(row->names[i], name)) return row->fields[i];
    return SC_STR_NONE;
}

sc_str sc_legacy_field(const sc_legacy_row *row, const char *name) {
    sc_str v = raw(row, name);
    return sc_legacy_none(v) ? SC_STR_NONE : sc_str_trim(v);
}

/* ---- Writing a line ----------------------------------------------------------------------------------- */

/* "key": text, mended and cut; nothing where it is empty. */
static bool put_text(sc_buf *out, const char *key, sc_str v, size_t max_bytes) {
    bool cut = false;
    if (!v.n) return false;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, max_bytes + 8);
    sc_legacy_mend(&b, v, max_bytes, &cut);
    sc_buf_putf(out, ",\"%s\":", key);
    sc_buf_put_json(out, sc_buf_str(&b));
    return cut;
}

static void put_id(sc_buf *out, const char *key, const sc_id *id) {
    if (sc_id_is_set(id)) sc_buf_putf(out, ",\"%s\":\"%s\"", key, id->text);
}

static void put_int(sc_buf *out, const char *key, int64_t v) {
    sc_buf_putf(out, ",\"%s\":%lld", key, (long long)v);
}

static void begin(sc_buf *out, const char *kind, const sc_legacy_place *at) {
    sc_buf_putf(out, "{\"kind\":\"%s\",\"id\":\"%s\"", kind, at->id.text);
    put_id(out, "project_id", &at->project_id);
}

static const char *finish(sc_buf *out) {
    sc_buf_putc(out, '}');
    return out->failed ? "it is too large" : NULL;
}

static bool is_url(sc_str v) {
    return (sc_str_starts(v, "https://") || sc_str_starts(v, "http://")) && v.n <= MAX_URL;
}

/* "owner/name" out of a repository's address. */
static sc_str repo_of(sc_str url) {
    static const char host[] = "github.com/";
    size_t at = sc_str_find(url, sc_str_of(host));
    if (at == SIZE_MAX) return SC_STR_NONE;
    sc_str rest = {url.p + at + sizeof host - 1, url.n - at - (sizeof host - 1)};
    if (sc_str_ends(rest, "/")) rest.n--;
    if (sc_str_ends(rest, ".git")) rest.n -= 4;
    return rest;
}

/* ---- A report ------------------------------------------------------------------------------------------ */

typedef struct report {
    const sc_legacy_row *row;
    const sc_legacy_place *at;
    sc_buf *out;
    json_t *meta, *ours; /* what is told of the old one: metadata.legacy */
} report;

static void note(report *r, const char *key, sc_str v) {
    bool cut = false;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_SHORT + 8);
    sc_legacy_mend(&b, v, MAX_SHORT, &cut);
    sc_json_set_str(r->ours, key, sc_buf_str(&b));
}

static void note_cut(report *r, const char *what) {
    json_t *list = json_object_get(r->ours, "cut");
    if (!list) {
        list = json_array();
        json_object_set_new(r->ours, "cut", list);
    }
    json_array_append_new(list, json_string(what));
}

static void put_source(report *r) {
    sc_feedback_source s = SC_SOURCE_manual;
    sc_str name = sc_legacy_field(r->row, "source");
    if (name.n && !sc_feedback_source_parse(name, &s)) {
        s = SC_SOURCE_generic;
        note(r, "source", name);
    }
    sc_buf_putf(r->out, ",\"source\":\"%s\"", sc_feedback_source_name(s));
    sc_str external = sc_legacy_field(r->row, "external_id");
    if (!external.n) external = sc_id_str(&r->at->id); /* it had none: it is one of a kind */
    put_text(r->out, "external_id", external, SC_FEEDBACK_MAX_EXTERNAL_ID);
}

/* raw_text is title and body in one, mostly; where the body is missing it stands in, else it is kept when it says more. */
static void put_texts(report *r) {
    sc_str title = sc_str_trim(raw(r->row, "title")), body = raw(r->row, "body");
    sc_str more = sc_legacy_field(r->row, "raw_text");
    if (!body.n) body = raw(r->row, "text");
    if (!sc_str_trim(body).n) body = more;
    if (more.n && sc_str_find(more, sc_str_trim(body)) == SIZE_MAX && more.n <= MAX_RAW &&
        sc_utf8_valid(more) && !memchr(more.p, 0, more.n))
        sc_json_set_str(r->ours, "raw_text", more);
    if (put_text(r->out, "title", title, SC_FEEDBACK_MAX_TITLE)) note_cut(r, "title");
    if (put_text(r->out, "body", body, SC_FEEDBACK_MAX_BODY)) note_cut(r, "body");
}

static void put_github(report *r) {
    int64_t number;
    sc_str repo = sc_legacy_field(r->row, "repo"),
           url = sc_legacy_field(r->row, "github_issue_url");
    sc_str place = sc_legacy_field(r->row, "github_repo_url");
    if (!repo.n) repo = repo_of(place);
    if (!is_url(url)) url = sc_legacy_field(r->row, "url");
    if (!is_url(url)) url = sc_json_str_at(r->meta, "permalink");
    put_text(r->out, "repo", repo, MAX_SHORT);
    if (is_url(url)) put_text(r->out, "url", url, MAX_URL);
    put_text(r->out, "status", sc_legacy_field(r->row, "status"), MAX_SHORT);
    if (!sc_num_i64(sc_legacy_field(r->row, "github_issue_number"), 0, INT64_MAX, &number, NULL))
        put_int(r->out, "issue_number", number);
}

static void put_created(report *r) {
    int64_t ms = r->at->now_ms;
    sc_str text = sc_legacy_field(r->row, "created_at");
    if (!sc_legacy_time(text, &ms)) note(r, "created_at", text.n ? text : SC_STR("none"));
    put_int(r->out, "created_at_ms", ms);
    put_int(r->out, "received_at_ms", ms);
}

static json_t *metadata_of(const sc_legacy_row *row) {
    sc_str text = sc_legacy_field(row, "metadata");
    json_t *v = text.n ? sc_legacy_literal(text) : json_object();
    if (json_is_object(v)) return v;
    json_t *o = json_object();
    SC_AUTO(sc_buf_done) sc_buf b;
    bool cut = false;
    sc_buf_init(&b, SC_FEEDBACK_MAX_METADATA);
    if (!v && sc_legacy_mend(&b, text, MAX_RAW, &cut))
        sc_json_set_str(o, "text", sc_buf_str(&b));
    else if (v)
        json_object_set(o, "value", v);
    json_decref(v);
    return o;
}

static void put_metadata(report *r) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_FEEDBACK_MAX_METADATA - 1024);
    if (!sc_json_dump(r->meta, &b)) { /* too much: only what we say of it */
        json_object_clear(r->meta);
        note_cut(r, "metadata");
    }
    if (json_object_size(r->ours)) json_object_set(r->meta, "legacy", r->ours);
    sc_buf_puts(r->out, ",\"metadata\":");
    sc_json_dump(r->meta, r->out);
}

const char *sc_legacy_feedback_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                    sc_buf *out) {
    if (row->why) return row->why;
    if (!sc_str_trim(raw(row, "title")).n && !sc_str_trim(raw(row, "body")).n &&
        !sc_str_trim(raw(row, "text")).n && !sc_legacy_field(row, "raw_text").n)
        return "it has no text";
    SC_AUTO(sc_json_auto) json_t *meta = metadata_of(row);
    SC_AUTO(sc_json_auto) json_t *ours = json_object();
    report r = {row, at, out, meta, ours};
    if (!meta || !ours) return "no memory";
    if (at->old_id.n) note(&r, "id", at->old_id);
    begin(out, "feedback", at);
    put_id(out, "cluster_id", &at->cluster_id);
    put_source(&r);
    put_texts(&r);
    put_github(&r);
    put_created(&r);
    put_metadata(&r);
    return finish(out);
}

void sc_legacy_decision_line(const sc_legacy_row *row, const sc_legacy_place *at, sc_str issue,
                             sc_buf *out) {
    int64_t ms = at->now_ms;
    sc_legacy_time(sc_legacy_field(row, "created_at"), &ms);
    sc_buf_putf(out, "{\"kind\":\"decision\",\"feedback_id\":\"%s\"", at->id.text);
    put_id(out, "project_id", &at->project_id);
    put_id(out, "cluster_id", &at->cluster_id);
    sc_buf_puts(out, ",\"reason\":\"imported\",\"actor\":\"import\"");
    put_text(out, "note", issue, MAX_SHORT);
    put_int(out, "at_ms", ms);
    sc_buf_putc(out, '}');
}

/* ---- An issue ------------------------------------------------------------------------------------------- */

/* What the old words mean here. No fix of ours is under way, so "fixing" is what it was before. */
static const struct {
    const char *word;
    sc_cluster_status status;
} words[] = {
    {"new", SC_CLUSTER_new},
    {"open", SC_CLUSTER_new},
    {"pending", SC_CLUSTER_new},
    {"triaged", SC_CLUSTER_triaged},
    {"fixing", SC_CLUSTER_triaged},
    {"failed", SC_CLUSTER_triaged},
    {"error", SC_CLUSTER_triaged},
    {"in_progress", SC_CLUSTER_triaged},
    {"pr_opened", SC_CLUSTER_pr_opened},
    {"pr_open", SC_CLUSTER_pr_opened},
    {"resolved", SC_CLUSTER_resolved},
    {"closed", SC_CLUSTER_resolved},
    {"fixed", SC_CLUSTER_resolved},
    {"merged", SC_CLUSTER_resolved},
    {"done", SC_CLUSTER_resolved},
    {"completed", SC_CLUSTER_resolved},
    {"ignored", SC_CLUSTER_ignored},
    {"dismissed", SC_CLUSTER_ignored},
    {"archived", SC_CLUSTER_ignored},
    {"wontfix", SC_CLUSTER_ignored},
    {"regressed", SC_CLUSTER_regressed},
    {"snoozed", SC_CLUSTER_triaged},
};

static sc_cluster_status status_of(const sc_legacy_row *row, bool has_pull) {
    sc_str word = sc_legacy_field(row, "status");
    for (size_t i = 0; i < SC_LEN(words); i++) {
        if (!sc_str_ieq(word, sc_str_of(words[i].word))) continue;
        bool alone = words[i].status == SC_CLUSTER_pr_opened && !has_pull;
        return alone ? SC_CLUSTER_triaged : words[i].status;
    }
    return SC_CLUSTER_new;
}

const char *sc_legacy_cluster_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                   int64_t members, sc_buf *out) {
    if (row->why) return row->why;
    int64_t created = at->now_ms, updated;
    sc_str title = sc_str_trim(raw(row, "title")), pull = sc_legacy_field(row, "github_pr_url");
    if (!title.n) title = sc_legacy_field(row, "issue_title");
    if (!title.n) title = SC_STR("Untitled");
    sc_legacy_time(sc_legacy_field(row, "created_at"), &created);
    updated = created;
    sc_legacy_time(sc_legacy_field(row, "updated_at"), &updated);
    begin(out, "cluster", at);
    sc_buf_putf(out, ",\"status\":\"%s\"", sc_cluster_status_name(status_of(row, is_url(pull))));
    put_text(out, "title", title, SC_FEEDBACK_MAX_TITLE);
    put_text(out, "summary", raw(row, "summary"), MAX_SUMMARY);
    sc_buf_puts(out, ",\"title_told\":true,\"summary_told\":true"); /* a model wrote them */
    put_int(out, "told", members);
    put_int(out, "created_at_ms", created);
    put_int(out, "updated_at_ms", updated);
    if (is_url(pull)) put_text(out, "pr_url", pull, MAX_URL);
    put_text(out, "repo_url", sc_legacy_field(row, "github_repo_url"), MAX_URL);
    put_text(out, "branch", sc_legacy_field(row, "github_branch"), MAX_SHORT);
    put_text(out, "issue_title", sc_legacy_field(row, "issue_title"), SC_FEEDBACK_MAX_TITLE);
    put_text(out, "issue_description", sc_legacy_field(row, "issue_description"), MAX_SUMMARY);
    put_text(out, "error_message", sc_legacy_field(row, "error_message"), MAX_SUMMARY);
    return finish(out);
}

/* ---- A run of a coding agent ------------------------------------------------------------------------------- */

static int64_t time_at(const sc_legacy_row *row, const char *name, int64_t fallback) {
    int64_t ms = fallback;
    return sc_legacy_time(sc_legacy_field(row, name), &ms) ? ms : fallback;
}

/* Its pull request is not followed: nobody knows whose account opened it. */
const char *sc_legacy_job_line(const sc_legacy_row *row, const sc_legacy_place *at, sc_buf *out) {
    if (row->why) return row->why;
    sc_str status = sc_legacy_field(row, "status"), pull = sc_legacy_field(row, "pr_url");
    bool well = sc_str_is(status, "success") || sc_str_is(status, "succeeded");
    bool ended = well || sc_str_is(status, "failed");
    int64_t created = time_at(row, "created_at", at->now_ms);
    int64_t updated = time_at(row, "updated_at", created);
    begin(out, "fix", at);
    put_id(out, "cluster_id", &at->cluster_id);
    sc_buf_putf(out, ",\"status\":\"%s\",\"unique_key\":\"fix:%s\"",
                well    ? "success"
                : ended ? "failed"
                        : "running",
                at->cluster_id.text);
    sc_buf_putf(out, ",\"step\":\"%s\",\"reason\":\"%s\",\"pull\":\"none\"",
                well ? "opened" : "agent", ended && !well ? "agent_failed" : "none");
    put_int(out, "attempts", 1);
    put_int(out, "max_attempts", 1);
    put_int(out, "created_at_ms", created);
    put_int(out, "started_at_ms", created);
    put_int(out, "updated_at_ms", updated);
    put_int(out, "ended_at_ms", updated);
    put_text(out, "by", SC_STR("import"), MAX_SHORT);
    put_text(out, "runner", sc_legacy_field(row, "runner"), MAX_SHORT);
    if (is_url(pull)) put_text(out, "pull_url", pull, MAX_URL);
    return finish(out);
}

bool sc_legacy_log_line(const sc_legacy_row *row, sc_str list, const sc_legacy_place *at,
                        sc_buf *out) {
    sc_str text = list.n ? list : raw(row, "logs");
    if (sc_legacy_none(text)) return false;
    sc_buf_putf(out, "{\"kind\":\"fix_log\",\"fix_id\":\"%s\"", at->id.text);
    put_id(out, "project_id", &at->project_id);
    put_int(out, "seq", 1);
    sc_buf_puts(out, ",\"rows\":[{\"stream\":\"agent\"");
    put_int(out, "at_ms", time_at(row, "updated_at", at->now_ms));
    bool cut = put_text(out, "text", text, SC_LEGACY_MAX_LOG);
    sc_buf_puts(out, "}]}");
    return cut;
}

/* ---- A project and its setting ---------------------------------------------------------------------------- */

/* A name as projects have it: lower case letters, digits, . _ - */
static void put_name(sc_buf *out, sc_str name, sc_str fallback) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64);
    for (size_t i = 0; i < name.n && b.n < 60; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain || ((c == '.' || c == '_') && b.n))
            sc_buf_putc(&b, c);
        else if (b.n && b.p[b.n - 1] != '-')
            sc_buf_putc(&b, '-');
    }
    while (b.n && (b.p[b.n - 1] == '-' || b.p[b.n - 1] == '.')) b.n--;
    sc_buf_puts(out, ",\"name\":");
    sc_buf_put_json(out, b.n ? sc_buf_str(&b) : fallback);
}

const char *sc_legacy_project_line(const sc_legacy_row *row, const sc_legacy_place *at,
                                   sc_str fallback, bool chosen, sc_buf *out) {
    int64_t created = at->now_ms;
    bool named = row && !row->why;
    if (named) sc_legacy_time(sc_legacy_field(row, "created_at"), &created);
    begin(out, "project", at);
    put_name(out, named ? sc_legacy_field(row, "name") : SC_STR_NONE, fallback);
    if (chosen) sc_buf_puts(out, ",\"named\":true");
    put_int(out, "created_at_ms", created);
    return finish(out);
}

const char *sc_legacy_subreddits_line(sc_str value, const sc_legacy_place *at, sc_buf *out) {
    size_t n = 0;
    SC_AUTO(sc_json_auto) json_t *list = sc_legacy_literal(value);
    if (!json_is_array(list)) return "it is no list";
    SC_AUTO(sc_buf_done) sc_buf names;
    sc_buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        sc_str name = sc_str_trim((sc_str){json_string_value(v), json_string_length(v)});
        if (sc_str_starts(name, "/")) name = (sc_str){name.p + 1, name.n - 1};
        if (sc_str_starts(name, "r/")) name = (sc_str){name.p + 2, name.n - 2};
        if (!name.n) continue;
        if (++n > MAX_SUBREDDITS) return "it has more than 200 names";
        if (names.n) sc_buf_putc(&names, ',');
        sc_buf_put_json(&names, name);
    }
    if (!n) return NULL;
    sc_buf_putf(out, "{\"kind\":\"setting\",\"project_id\":\"%s\",\"name\":\"source.reddit\"",
                at->project_id.text);
    sc_buf_puts(out, ",\"value\":{\"subreddits\":[");
    sc_buf_put_str(out, sc_buf_str(&names));
    sc_buf_puts(out, "]}");
    return names.failed ? "it is too large" : finish(out);
}
