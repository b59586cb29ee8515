/* sentry: webhooks of an integration (internal or public), and Sentry's objects in batches.
 *
 * https://docs.sentry.io/organization/integrations/integration-platform/webhooks/ : headers
 * Sentry-Hook-Resource (what it is about) and Sentry-Hook-Signature (HMAC-SHA256 in hex with the client
 * secret). The page's samples sign a re-serialised body; what Sentry signs is the text it sends
 * (sentry_apps/api/serializers/app_platform_event.py), so the raw body is what counts.
 *
 * One Sentry issue is one report. external_id:
 *   issue:<issue id>                        first choice; further events of the issue are duplicates
 *   event:<event id>                        when no issue is named
 *   issue:<issue id>:unresolved:<lastSeen>  the issue webhook's action "unresolved": a regression is news
 *   issue:<issue id>:<day> / :event:<id>    with the setting repeat "day" / "event"
 * Everything in them comes from the signed body, so a replayed delivery is a duplicate. */
#include "base/clock.h"
#include "sources/header.h"
#include "sources/hmac.h"
#include "sources/payload.h"
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/sentry_facts.h"
#include "sources/settings.h"
#include "sources/shape.h"

#define LEVELS "debug|info|warning|error|fatal"

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL, "the integration's client secret"},
    {"secrets", SC_SETTING_SECRETS, NULL,
     "further secrets that are valid too, while one replaces another"},
    {"environments", SC_SETTING_NAMES, NULL, "take only events of these environments"},
    {"levels", SC_SETTING_CHOICES, LEVELS, "take only these levels"},
    {"min_level", SC_SETTING_CHOICE, LEVELS, "take this level and above"},
    {"projects", SC_SETTING_NAMES, NULL, "take only these Sentry projects (slug or id)"},
    {"created_issues", SC_SETTING_BOOL, NULL,
     "take the issue webhook's \"created\", which has no stack (default true; false where alert "
     "rules report)"},
    {"repeat", SC_SETTING_CHOICE, "issue|day|event",
     "how often one Sentry issue is a new report: once (default), once a day, or for each event"},
};

static sc_rc verify(const sc_source_request *r, sc_err *err) {
    static const char name[] = "Sentry-Hook-Signature";
    sc_str hex;
    sc_rc rc = sc_hmac_ready(r->settings, "sentry", err);
    if (!rc) rc = sc_header_signature(r, name, &hex, err);
    if (rc) return rc;
    if (!sc_hmac_fits(r->settings, r->body, hex))
        return sc_fail_field(
            err, SC_UNAUTHORIZED, name,
            "the signature does not fit the body and the client secret of this project");
    return SC_OK;
}

/* ---- Filters ---------------------------------------------------------------------------------- */

static const char *wrong_level(const sc_sentry_facts *f, const json_t *settings) {
    int level = sc_settings_choice(LEVELS, f->level);
    int least = sc_settings_choice(LEVELS, sc_settings_str(settings, "min_level"));
    if (!f->level.n) return NULL; /* Sentry's default is error; a filter must not lose it */
    if (sc_settings_has_list(settings, "levels") &&
        !sc_settings_lists(settings, "levels", f->level))
        return "the level is not in the setting levels";
    return level >= 0 && level < least ? "the level is under the setting min_level" : NULL;
}

static const char *unwanted(const sc_sentry_facts *f, const json_t *settings, bool regression) {
    if (sc_settings_has_list(settings, "projects") &&
        !(f->project.n && sc_settings_lists(settings, "projects", f->project)) &&
        !(f->project_id.n && sc_settings_lists(settings, "projects", f->project_id)))
        return "the Sentry project is not in the setting projects";
    /* Issue webhooks carry no environment. A regression gets through all the same: it must not be lost. */
    if (sc_settings_has_list(settings, "environments") && !regression &&
        !(f->environment.n && sc_settings_lists(settings, "environments", f->environment)))
        return f->environment.n ? "the environment is not in the setting environments"
                                : "no environment is named, and the setting environments is set";
    return wrong_level(f, settings);
}

/* ---- Building the report ---------------------------------------------------------------------- */

/* Who met the fault is personal data and says nothing about it. */
static bool is_personal(sc_str key) {
    return sc_str_is(key, "user") || sc_str_starts(key, "user.");
}

typedef struct tag_target {
    sc_fields *r;
    json_t *tags;
} tag_target;

static void put_tag(void *self, sc_str key, sc_str value) {
    const tag_target *to = self;
    char name[64];
    if (key.n >= sizeof name || is_personal(key) || !sc_utf8_valid(key)) return;
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] <= 0x20 || key.p[i] == 0x7F) return;
    memcpy(name, key.p, key.n);
    name[key.n] = 0;
    sc_shape_put(to->r, to->tags, name, value);
}

static void put_metadata(sc_fields *r, json_t *meta, const sc_sentry_facts *f, sc_str rule) {
    SC_AUTO(sc_json_auto) json_t *tags = json_object();
    tag_target to = {r, tags};
    sc_shape_put(r, meta, "level", f->level);
    sc_shape_put(r, meta, "environment", f->environment);
    sc_shape_put(r, meta, "release", f->release);
    sc_shape_put(r, meta, "platform", f->platform);
    sc_shape_put(r, meta, "culprit", f->culprit);
    sc_shape_put(r, meta, "logger", f->logger);
    sc_shape_put(r, meta, "project", f->project);
    sc_shape_put(r, meta, "issue_id", f->issue_id);
    sc_shape_put(r, meta, "event_id", f->event_id);
    sc_shape_put(r, meta, "short_id", f->short_id);
    sc_shape_put(r, meta, "substatus", f->substatus);
    sc_shape_put(r, meta, "rule", rule);
    sc_sentry_each_tag(f->tags, SC_SHAPE_MAX_TAGS, put_tag, &to);
    if (!tags || (json_object_size(tags) && json_object_set(meta, "tags", tags) != 0))
        sc_fields_nomem(r);
}

/* `again` is set to the id for a recurrence after the cluster was resolved (ports/source.h). */
static const char *external_id(sc_fields *r, const sc_sentry_facts *f, const json_t *settings,
                               sc_str *again) {
    sc_str repeat = sc_settings_str(settings, "repeat");
    char day[SC_TIME_TEXT];
    if (!f->issue_id.n) return sc_shape_printf(r, "event:%.*s", SC_FMT(f->event_id));
    const char *event =
        sc_shape_printf(r, "issue:%.*s:event:%.*s", SC_FMT(f->issue_id), SC_FMT(f->event_id));
    if (f->event_id.n && sc_str_is(repeat, "event")) return event;
    if (f->event_id.n) *again = sc_str_of(event);
    sc_time_format(f->created_at_ms, day);
    if (sc_str_is(repeat, "day"))
        return sc_shape_printf(r, "issue:%.*s:%.10s", SC_FMT(f->issue_id), day);
    return sc_shape_printf(r, "issue:%.*s", SC_FMT(f->issue_id));
}

/* `regression`: the id's last part when this tells of an issue that came back, else none. */
static sc_rc build(sc_fields *r, const sc_sentry_facts *f, const json_t *settings, sc_str rule,
                   sc_str regression, sc_source_item *ret) {
    sc_source_item item = {.feedback = {.source = SC_SOURCE_sentry}};
    sc_feedback *out = &item.feedback;
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    if (r->rc) return r->rc;
    const char *id = external_id(r, f, settings, &item.again_id);
    if (regression.n) {
        id = sc_shape_printf(r, "issue:%.*s:unresolved:%.*s", SC_FMT(f->issue_id),
                             SC_FMT(regression));
        item.again_id = SC_STR_NONE;
        sc_shape_put_true(r, meta, "regression");
    }
    sc_shape_external_id(r, out, f->at, f->id_key, sc_str_of(id));
    if (item.again_id.n > SC_FEEDBACK_MAX_EXTERNAL_ID) item.again_id = SC_STR_NONE;
    put_metadata(r, meta, f, rule);
    sc_shape_text(r, out, meta, f->title, f->body);
    out->stack = f->stack;
    out->url = f->url;
    out->status = sc_str_clip(sc_shape_line(r, f->status), 50);
    out->created_at_ms = f->created_at_ms;
    sc_shape_metadata(r, out, meta, f->at);
    if (r->rc) return r->rc;
    item.why = unwanted(f, settings, regression.n > 0);
    item.verdict = item.why ? SC_ITEM_FILTERED : SC_ITEM_OK;
    *ret = item;
    return SC_OK;
}

/* ---- Webhooks --------------------------------------------------------------------------------- */

static const json_t *required(sc_fields *r, const json_t *obj, const char *at, const char *key) {
    const json_t *v = sc_fields_obj(r, obj, at, key);
    if (!v) sc_fields_fail(r, SC_UNPROCESSABLE, at, key, "expected an object");
    return v;
}

/* The moment of a regression as the signed body tells it; the header's timestamp is not signed. */
static sc_str moment(sc_fields *r, const sc_source_request *rq, const json_t *issue) {
    sc_str seen = sc_shape_line(r, sc_fields_str(r, issue, "data.issue", "lastSeen"));
    if (seen.n && seen.n <= 40) return seen;
    uint64_t hash = sc_hash64(rq->body.p, rq->body.n, 0);
    return sc_str_of(sc_shape_printf(r, "%016llx", (unsigned long long)hash));
}

/* 1 item, or none for actions that are no report (resolved, assigned, archived, ignored). */
static sc_rc read_issue_hook(sc_fields *r, const sc_source_request *rq, const json_t *root,
                             sc_source_item *ret, size_t *ret_n) {
    sc_str action = sc_fields_str(r, root, "", "action");
    if (!action.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "action", "expected the webhook's action");
    bool created = sc_str_is(action, "created"), back = sc_str_is(action, "unresolved");
    const json_t *data = required(r, root, "", "data");
    const json_t *issue = required(r, data, "data", "issue");
    if (r->rc || !(created || back)) return r->rc;
    sc_sentry_facts f;
    sc_sentry_read_issue(r, issue, "data.issue", rq->now_ms, &f);
    /* A regression is news of now, not of the day the issue was first seen. */
    if (back) f.created_at_ms = sc_fields_time(r, issue, "data.issue", "lastSeen", rq->now_ms);
    sc_rc rc =
        build(r, &f, rq->settings, SC_STR_NONE, back ? moment(r, rq, issue) : SC_STR_NONE, ret);
    if (rc) return rc;
    if (created && ret->verdict == SC_ITEM_OK &&
        !sc_settings_bool(rq->settings, "created_issues", true)) {
        ret->verdict = SC_ITEM_FILTERED;
        ret->why = "the issue webhook's \"created\", and the setting created_issues is false";
    }
    *ret_n = 1;
    return SC_OK;
}

static sc_rc read_event_hook(sc_fields *r, const sc_source_request *rq, const json_t *root,
                             const char *key, const char *at, sc_source_item *ret, size_t *ret_n) {
    const json_t *data = required(r, root, "", "data");
    const json_t *event = required(r, data, "data", key);
    sc_str rule = sc_json_str_at(data, "triggered_rule");
    sc_sentry_facts f;
    sc_sentry_read_event(r, event, at, rq->now_ms, &f);
    sc_rc rc = build(r, &f, rq->settings, rule, SC_STR_NONE, ret);
    if (!rc) *ret_n = 1;
    return rc;
}

static sc_rc webhook(const sc_source_request *rq, sc_arena *arena, sc_source_item **ret_items,
                     size_t *ret_n, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_str resource;
    sc_rc rc = sc_header_kind(rq, "Sentry-Hook-Resource", &resource, err);
    if (rc) return rc;
    SC_AUTO(sc_json_auto) json_t *root = NULL;
    rc = sc_payload_parse(rq->body, &root, err);
    if (rc) return rc;
    sc_source_item *item = sc_arena_take(arena, sizeof *item);
    if (!item) return sc_fields_nomem(&r);
    size_t n = 0;
    if (sc_str_is(resource, "event_alert"))
        rc = read_event_hook(&r, rq, root, "event", "data.event", item, &n);
    else if (sc_str_is(resource, "error"))
        rc = read_event_hook(&r, rq, root, "error", "data.error", item, &n);
    else if (sc_str_is(resource, "issue"))
        rc = read_issue_hook(&r, rq, root, item, &n);
    /* Others (metric_alert, installation, comment, what Sentry adds later) are acknowledged: Sentry
     * unsubscribes a receiver that keeps failing. */
    if (rc) return rc;
    *ret_items = n ? item : NULL;
    *ret_n = n;
    return SC_OK;
}

/* ---- Single objects --------------------------------------------------------------------------- */

static bool has(const json_t *obj, const char *key) { return json_object_get(obj, key) != NULL; }

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_sentry_facts f;
    if (has(obj, "external_id"))
        return sc_plain_item(obj, SC_SOURCE_sentry, false, now_ms, arena, ret, err);
    if (has(obj, "event_id") || has(obj, "eventID") || has(obj, "issue_id") || has(obj, "groupID"))
        sc_sentry_read_event(&r, obj, "", now_ms, &f);
    else if (has(obj, "id") && has(obj, "event"))
        sc_sentry_read_plugin(&r, obj, now_ms, &f);
    else if (has(obj, "id") &&
             (has(obj, "shortId") || has(obj, "firstSeen") || has(obj, "culprit")))
        sc_sentry_read_issue(&r, obj, "", now_ms, &f);
    else
        return sc_plain_item(obj, SC_SOURCE_sentry, false, now_ms, arena, ret, err);
    return build(&r, &f, settings, SC_STR_NONE, SC_STR_NONE, ret);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    char at[SC_TIME_TEXT];
    sc_source_sample s = {.n_headers = 0};
    sc_time_format(now_ms, at);
    sc_rc rc = sc_sample_body(
        arena, &s, err,
        "{\"action\":\"triggered\",\"data\":{\"triggered_rule\":\"" SC_SAMPLE_TITLE
        "\",\"event\":{\"event_id\":\"%.*s\",\"issue_id\":\"%.*s\",\"title\":\"" SC_SAMPLE_TITLE
        "\",\"message\":\"" SC_SAMPLE_BODY "\",\"level\":\"error\",\"datetime\":\"%s\"}}}",
        SC_FMT(mark), SC_FMT(mark), at);
    sc_sample_header(&s, "Sentry-Hook-Resource", SC_STR("event_alert"));
    if (!rc) rc = sc_sample_sign(settings, "sentry", "Sentry-Hook-Signature", "", arena, &s, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_sentry = {
    .name = "sentry",
    .summary = "Sentry issue alerts, issues and errors, by webhook or as objects.",
    .verify = verify,
    .webhook = webhook,
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
