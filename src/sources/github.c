/* github: issues of repositories, by webhook or as objects of the REST API.
 *
 * Webhook: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues ("issues" event:
 * action, issue, repository, changes), headers X-GitHub-Event and X-Hub-Signature-256 ("sha256=" and hex)
 * as in https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. Issue objects:
 * https://docs.github.com/en/rest/issues/issues (a pull request is listed as an issue that has
 * "pull_request").
 *
 * One issue is one report: external_id "owner/repo#number". */
#include "base/clock.h"
#include "sources/github_pull.h"
#include "sources/header.h"
#include "sources/hmac.h"
#include "sources/payload.h"
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"
#include "sources/shape.h"

enum { MAX_REPO = 140, MAX_STATUS = 50 };

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL, "the webhook's secret"},
    {"secrets", SC_SETTING_SECRETS, NULL,
     "further secrets that are valid too, while one replaces another"},
    {"bots", SC_SETTING_BOOL, NULL, "also take issues that bots opened (default false)"},
    {"labels", SC_SETTING_NAMES, NULL, "take only issues with at least one of these labels"},
    {"exclude_labels", SC_SETTING_NAMES, NULL, "never take issues with one of these labels"},
    {"repos", SC_SETTING_NAMES, NULL, "take only issues of these repositories (owner/name)"},
};

static sc_rc verify(const sc_source_request *r, sc_err *err) {
    static const char name[] = "X-Hub-Signature-256";
    sc_str signature;
    sc_rc rc = sc_hmac_ready(r->settings, "github", err);
    if (!rc) rc = sc_header_signature(r, name, &signature, err);
    if (rc) return rc;
    if (!sc_str_starts(signature, "sha256="))
        return sc_fail_field(err, SC_UNAUTHORIZED, name, "%s must begin with sha256=", name);
    sc_str hex = {signature.p + 7, signature.n - 7};
    if (!sc_hmac_fits(r->settings, r->body, hex))
        return sc_fail_field(err, SC_UNAUTHORIZED, name,
                             "the signature does not fit the body and the secret of this project");
    return SC_OK;
}

static bool is_repo(sc_str s) {
    size_t slashes = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.';
        if (c == '/')
            slashes++;
        else if (!word)
            return false;
    }
    return s.n <= MAX_REPO && slashes == 1 && s.p[0] != '/' && s.p[s.n - 1] != '/';
}

/* ".../repos/owner/name" of the REST API; also of GitHub Enterprise ("/api/v3/repos/..."). */
static sc_str repo_of_url(sc_str url) {
    size_t i = sc_str_find(url, SC_STR("/repos/"));
    return i == SIZE_MAX ? SC_STR_NONE : (sc_str){url.p + i + 7, url.n - i - 7};
}

static void read_repo(sc_fields *r, const json_t *root, const json_t *issue, const char *at,
                      sc_feedback *f) {
    const json_t *repository = sc_fields_obj(r, root, "", "repository");
    sc_str name = sc_fields_str(r, repository, "repository", "full_name");
    const char *where = "repository", *key = "full_name";
    if (!name.n) {
        name = repo_of_url(sc_fields_str(r, issue, at, "repository_url"));
        if (name.n || issue == root) where = at, key = "repository_url";
    }
    f->repo = sc_shape_line(r, name);
    if (!is_repo(f->repo))
        sc_fields_fail(r, SC_UNPROCESSABLE, where, key, "expected a repository as owner/name");
}

static const char *wrong_labels(const json_t *labels, const json_t *settings) {
    bool wanted = !sc_settings_has_list(settings, "labels");
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);
        /* The REST API gives labels as objects or, in old responses, as text. */
        sc_str name = json_is_string(label) ? sc_str_of(json_string_value(label))
                                            : sc_json_str_at(label, "name");
        if (!name.n) continue;
        if (sc_settings_lists(settings, "exclude_labels", name))
            return "a label is in the setting exclude_labels";
        wanted = wanted || sc_settings_lists(settings, "labels", name);
    }
    return wanted ? NULL : "no label is in the setting labels";
}

static const char *unwanted(const json_t *issue, const json_t *labels, const json_t *settings,
                            sc_str repo) {
    const json_t *pull = json_object_get(issue, "pull_request");
    if (pull && !json_is_null(pull)) return "a pull request, not an issue";
    bool bot = sc_str_is(sc_json_str_at(issue, "user.type"), "Bot") ||
               sc_str_ends(sc_json_str_at(issue, "user.login"), "[bot]");
    if (bot && !sc_settings_bool(settings, "bots", false))
        return "opened by a bot, and the setting bots is false";
    if (sc_settings_has_list(settings, "repos") && !sc_settings_lists(settings, "repos", repo))
        return "the repository is not in the setting repos";
    return wrong_labels(labels, settings);
}

static void put_labels(sc_fields *r, json_t *meta, const json_t *labels) {
    SC_AUTO(sc_json_auto) json_t *names = json_array();
    for (size_t i = 0; i < json_array_size(labels) && i < SC_SHAPE_MAX_TAGS; i++) {
        const json_t *label = json_array_get(labels, i);
        SC_AUTO(sc_json_auto) json_t *one = json_object();
        sc_shape_put(r, one, "name",
                     json_is_string(label) ? sc_str_of(json_string_value(label))
                                           : sc_json_str_at(label, "name"));
        json_t *name = json_object_get(one, "name");
        if (name && json_array_append(names, name) != 0) sc_fields_nomem(r);
    }
    if (!names || (json_array_size(names) && json_object_set(meta, "labels", names) != 0))
        sc_fields_nomem(r);
}

static void put_metadata(sc_fields *r, json_t *meta, const json_t *issue, const json_t *labels) {
    put_labels(r, meta, labels);
    sc_shape_put(r, meta, "author", sc_json_str_at(issue, "user.login"));
    sc_shape_put(r, meta, "author_association", sc_json_str_at(issue, "author_association"));
    sc_shape_put(r, meta, "milestone", sc_json_str_at(issue, "milestone.title"));
    sc_shape_put(r, meta, "type", sc_json_str_at(issue, "type.name"));
    sc_shape_put(r, meta, "state_reason", sc_json_str_at(issue, "state_reason"));
    sc_shape_put_int(r, meta, "comments", sc_json_at(issue, "comments"));
    sc_shape_put_int(r, meta, "reactions", sc_json_at(issue, "reactions.total_count"));
}

/* `root` holds the repository (the webhook's body; the issue itself for an item), `at` the issue's path. */
static sc_rc read_issue(const json_t *root, const json_t *issue, const char *at,
                        const json_t *settings, int64_t now_ms, sc_arena *arena,
                        sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_source_item item = {.feedback = {.source = SC_SOURCE_github}};
    sc_feedback *f = &item.feedback;
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    const json_t *labels = sc_fields_list(&r, issue, at, "labels");
    read_repo(&r, root, issue, at, f);
    f->issue_number = sc_fields_int(&r, issue, at, "number", 0);
    if (f->issue_number < 1)
        sc_fields_fail(&r, SC_UNPROCESSABLE, at, "number", "expected an issue number");
    sc_str title = sc_fields_str(&r, issue, at, "title");
    put_metadata(&r, meta, issue, labels);
    sc_shape_text(&r, f, meta, title, sc_fields_str(&r, issue, at, "body"));
    if (f->title.n == 0) sc_fields_fail(&r, SC_UNPROCESSABLE, at, "title", "an issue has a title");
    f->status = sc_str_clip(sc_shape_line(&r, sc_fields_str(&r, issue, at, "state")), MAX_STATUS);
    f->url = sc_shape_url(&r, sc_fields_str(&r, issue, at, "html_url"));
    f->created_at_ms = sc_fields_time(&r, issue, at, "created_at", now_ms);
    const char *id = sc_shape_printf(&r, "%.*s#%lld", SC_FMT(f->repo), (long long)f->issue_number);
    sc_shape_external_id(&r, f, at, "number", sc_str_of(id));
    sc_shape_metadata(&r, f, meta, at);
    if (r.rc) return r.rc;
    item.why = unwanted(issue, labels, settings, f->repo);
    item.verdict = item.why ? SC_ITEM_FILTERED : SC_ITEM_OK;
    *ret = item;
    return SC_OK;
}

/* The actions that say something about a report; the others (assigned, pinned, locked, ...) do not. */
static bool is_news(sc_str action) {
    static const char *const news[] = {"opened",  "edited",  "closed",     "reopened",
                                       "labeled", "deleted", "transferred"};
    for (size_t i = 0; i < SC_LEN(news); i++)
        if (sc_str_is(action, news[i])) return true;
    return false;
}

static void judge_action(sc_fields *r, const json_t *issue, sc_str action, sc_source_item *item) {
    if (sc_str_is(action, "deleted") || sc_str_is(action, "transferred")) {
        item->verdict = SC_ITEM_FILTERED;
        item->why = sc_str_is(action, "deleted") ? "the issue was deleted on GitHub"
                                                 : "the issue was moved to another repository";
    }
    if (sc_str_is(action, "reopened")) {
        /* The report is dated when the issue came back: that is what a resolved cluster is asked about. */
        item->feedback.created_at_ms =
            sc_fields_time(r, issue, "issue", "updated_at", item->feedback.created_at_ms);
        sc_str when = sc_shape_line(r, sc_str_clip(sc_json_str_at(issue, "updated_at"), 40));
        item->again_id = sc_str_of(sc_shape_printf(
            r, "%.*s:reopened:%.*s", SC_FMT(item->feedback.external_id), SC_FMT(when)));
    }
}

static sc_rc read_webhook(const sc_source_request *rq, const json_t *root, sc_arena *arena,
                          sc_source_item **ret_items, size_t *ret_n, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_str action = sc_fields_str(&r, root, "", "action");
    const json_t *issue = sc_fields_obj(&r, root, "", "issue");
    if (!action.n)
        sc_fields_fail(&r, SC_UNPROCESSABLE, "", "action", "expected the event's action");
    if (!issue) sc_fields_fail(&r, SC_UNPROCESSABLE, "", "issue", "expected the issue");
    if (r.rc) return r.rc;
    *ret_items = NULL;
    *ret_n = 0;
    if (!is_news(action)) return SC_OK;
    sc_source_item *item = sc_arena_take(arena, sizeof *item);
    if (!item) return sc_fields_nomem(&r);
    sc_rc rc = read_issue(root, issue, "issue", rq->settings, rq->now_ms, arena, item, err);
    if (rc) return rc;
    judge_action(&r, issue, action, item);
    if (r.rc) return r.rc;
    *ret_items = item;
    *ret_n = 1;
    return SC_OK;
}

static sc_rc webhook(const sc_source_request *rq, sc_arena *arena, sc_source_item **ret_items,
                     size_t *ret_n, sc_err *err) {
    sc_str event;
    sc_rc rc = sc_header_kind(rq, "X-GitHub-Event", &event, err);
    if (rc) return rc;
    if (!sc_str_is(event,
                   "issues")) { /* a ping, pull requests (.pull), what was subscribed by mistake */
        *ret_items = NULL;
        *ret_n = 0;
        return SC_OK;
    }
    if (sc_str_starts(rq->body, "payload="))
        return sc_fail(err, SC_MEDIA_TYPE,
                       "set the webhook's content type to application/json on GitHub");
    SC_AUTO(sc_json_auto) json_t *root = NULL;
    rc = sc_payload_parse(rq->body, &root, err);
    return rc ? rc : read_webhook(rq, root, arena, ret_items, ret_n, err);
}

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    bool plain = !json_is_object(obj) || json_object_get(obj, "external_id") ||
                 !(json_object_get(obj, "number") || json_object_get(obj, "html_url") ||
                   json_object_get(obj, "repository_url"));
    if (plain) return sc_plain_item(obj, SC_SOURCE_github, false, now_ms, arena, ret, err);
    return read_issue(obj, obj, "", settings, now_ms, arena, ret, err);
}

/* An issue has no id but its number: another one each time. */
static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    char at[SC_TIME_TEXT];
    const int number = 1 + (int)(sc_hash64(mark.p, mark.n, 0) % 1000000000);
    sc_source_sample s = {.n_headers = 0};
    sc_time_format(now_ms, at);
    sc_rc rc = sc_sample_body(
        arena, &s, err,
        "{\"action\":\"opened\",\"issue\":{\"number\":%d,\"title\":\"" SC_SAMPLE_TITLE
        "\",\"body\":\"" SC_SAMPLE_BODY
        "\",\"state\":\"open\",\"created_at\":\"%s\",\"labels\":[]},"
        "\"repository\":{\"full_name\":\"soulcaster/test\"}}",
        number, at);
    sc_sample_header(&s, "X-GitHub-Event", SC_STR("issues"));
    if (!rc)
        rc = sc_sample_sign(settings, "github", "X-Hub-Signature-256", "sha256=", arena, &s, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_github = {
    .name = "github",
    .summary = "GitHub issues, by webhook or synchronised from the REST API.",
    .verify = verify,
    .webhook = webhook,
    .pull = sc_github_pull,
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
