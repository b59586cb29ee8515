/* posthog: exceptions, error tracking alerts and survey answers, by webhook or as objects.
 *
 * https://posthog.com/docs/data-pipelines/destinations/webhook : a destination posts a templated JSON body, by default
 * {"event": {uuid, event, distinct_id, properties, timestamp, url}, "person": {...}}; headers may be set, and nothing
 * is signed, so a shared secret comes in a header. A body that is the event itself is read too.
 *   $exception                      https://posthog.com/docs/error-tracking/capture : $exception_list, the first entry
 *                                   is what was raised, then its causes
 *   $error_tracking_issue_created,  error tracking alerts: distinct_id is the issue, properties have its name,
 *   _reopened, _spiking             description and the exception's own properties (exception_props)
 *   survey sent                     https://posthog.com/docs/surveys/events : $survey_response...
 *
 * One PostHog issue is one report, and so is one filled-in survey. external_id:
 *   issue:<issue id>                 exceptions and alerts; more events of the issue are duplicates
 *   issue:<issue id>:reopened:<uuid> a regression is news
 *   fingerprint:<fingerprint>        an exception that names no issue
 *   survey:<submission id>           else event:<uuid>
 * Persons are not read: who met the fault is personal data and says nothing about it. */
#include "base/clock.h"
#include "sources/plain.h"
#include "sources/posthog_text.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"
#include "sources/shape.h"
#include "sources/shared.h"

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL, "what the webhook's header " SC_SHARED_HEADER " holds"},
    {"secrets", SC_SETTING_SECRETS, NULL,
     "further secrets that are valid too, while one replaces another"},
    {"exceptions", SC_SETTING_BOOL, NULL,
     "take single exceptions (default true; false where error tracking alerts report)"},
    {"spiking", SC_SETTING_BOOL, NULL,
     "take alerts of issues that happen more often than before (default false)"},
    {"surveys", SC_SETTING_NAMES, NULL, "take only answers to these surveys (name or id)"},
};

static sc_rc verify(const sc_source_request *r, sc_err *err) {
    return sc_shared_verify_header(r, "posthog", err);
}

typedef enum kind { OTHER, EXCEPTION, CREATED, REOPENED, SPIKING, SURVEY } kind;

static kind kind_of(sc_str event) {
    static const char *const names[] = {[EXCEPTION] = "$exception",
                                        [CREATED] = "$error_tracking_issue_created",
                                        [REOPENED] = "$error_tracking_issue_reopened",
                                        [SPIKING] = "$error_tracking_issue_spiking",
                                        [SURVEY] = "survey sent"};
    for (size_t i = EXCEPTION; i < SC_LEN(names); i++)
        if (sc_str_is(event, names[i])) return (kind)i;
    return OTHER;
}

typedef struct hook {
    kind kind;
    const json_t *event, *props;
    const char *at; /* of the event in the body */
    sc_str name, uuid;
} hook;

static void read_event(sc_fields *r, const json_t *root, hook *ret) {
    const bool inner = json_is_object(json_object_get(root, "event"));
    hook h = {.event = inner ? json_object_get(root, "event") : root, .at = inner ? "event" : ""};
    h.name = sc_shape_line(r, sc_fields_str(r, h.event, h.at, "event"));
    h.uuid = sc_shape_line(r, sc_fields_id(r, h.event, h.at, "uuid"));
    h.props = sc_fields_obj(r, h.event, h.at, "properties");
    if (!h.name.n) sc_fields_fail(r, SC_UNPROCESSABLE, h.at, "event", "expected the event's name");
    if (!h.uuid.n) sc_fields_fail(r, SC_UNPROCESSABLE, h.at, "uuid", "expected the event's id");
    h.kind = kind_of(h.name);
    *ret = h;
}

/* ---- Ids -------------------------------------------------------------------------------------------- */

static void set_id(sc_fields *r, const hook *h, sc_source_item *item) {
    const bool alert = h->kind == CREATED || h->kind == REOPENED || h->kind == SPIKING;
    const char *key = alert ? "distinct_id" : "uuid", *id = NULL;
    sc_str issue = sc_shape_line(r, alert ? sc_fields_id(r, h->event, h->at, "distinct_id")
                                          : sc_json_str_at(h->props, "$exception_issue_id"));
    sc_str print = sc_shape_line(r, sc_json_str_at(h->props, "$exception_fingerprint"));
    sc_str submission = sc_shape_line(r, sc_json_str_at(h->props, "$survey_submission_id"));
    if (alert && !issue.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, h->at, "distinct_id", "expected the issue's id");
    if (h->kind == REOPENED) {
        id = sc_shape_printf(r, "issue:%.*s:reopened:%.*s", SC_FMT(issue), SC_FMT(h->uuid));
    } else if (h->kind == SURVEY) {
        id = submission.n ? sc_shape_printf(r, "survey:%.*s", SC_FMT(submission)) : NULL;
    } else if (issue.n || (h->kind == EXCEPTION && print.n)) {
        id = issue.n ? sc_shape_printf(r, "issue:%.*s", SC_FMT(issue))
                     : sc_shape_printf(r, "fingerprint:%.*s", SC_FMT(print));
        item->again_id = sc_str_of(sc_shape_printf(r, "%s:event:%.*s", id, SC_FMT(h->uuid)));
    }
    if (!id) id = sc_shape_printf(r, "event:%.*s", SC_FMT(h->uuid));
    sc_shape_external_id(r, &item->feedback, h->at, key, sc_str_of(id));
    if (item->again_id.n > SC_FEEDBACK_MAX_EXTERNAL_ID) item->again_id = SC_STR_NONE;
}

/* ---- Filters ---------------------------------------------------------------------------------------- */

static const char *unwanted(const hook *h, const sc_feedback *f, const json_t *settings) {
    sc_str name = sc_json_str_at(h->props, "$survey_name");
    sc_str id = sc_json_str_at(h->props, "$survey_id");
    if (h->kind == OTHER) return "neither an exception, nor an alert of one, nor survey answers";
    if (h->kind == EXCEPTION && !sc_settings_bool(settings, "exceptions", true))
        return "a single exception, and the setting exceptions is false";
    if (h->kind == SPIKING && !sc_settings_bool(settings, "spiking", false))
        return "an issue that happens more often, and the setting spiking is false";
    if (h->kind != SURVEY) return NULL;
    if (json_is_false(json_object_get(h->props, "$survey_completed")))
        return "the survey is not filled in to its end yet";
    if (sc_settings_has_list(settings, "surveys") &&
        !(name.n && sc_settings_lists(settings, "surveys", name)) &&
        !(id.n && sc_settings_lists(settings, "surveys", id)))
        return "the survey is not in the setting surveys";
    return f->body.n ? NULL : "no answer has words in it";
}

/* ---- The report ------------------------------------------------------------------------------------- */

/* An address without query and fragment: what a visitor had there is nobody's business. */
static sc_str page_of(sc_str url) {
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == '?' || url.p[i] == '#') return (sc_str){url.p, i};
    return url;
}

static void put_metadata(sc_fields *r, json_t *meta, const hook *h, const json_t *props) {
    static const char *const names[][2] = {
        {"level", "$exception_level"},
        {"library", "$lib"},
        {"release", "$app_version"},
        {"browser", "$browser"},
        {"os", "$os"},
        {"issue_id", "$exception_issue_id"},
        {"survey", "$survey_name"},
        {"survey_id", "$survey_id"},
        {"environment", "$environment"},
    };
    sc_shape_put(r, meta, "event", h->name);
    sc_shape_put(r, meta, "event_id", h->uuid);
    sc_shape_put(r, meta, "page", page_of(sc_json_str_at(props, "$current_url")));
    for (size_t i = 0; i < SC_LEN(names); i++) {
        const json_t *v = json_object_get(props, names[i][1]);
        if (json_is_string(v)) sc_shape_put(r, meta, names[i][0], sc_str_of(json_string_value(v)));
    }
    if (h->kind == REOPENED) sc_shape_put_true(r, meta, "regression");
}

static sc_rc build(sc_fields *r, const json_t *root, const json_t *settings, int64_t now_ms,
                   sc_source_item *ret) {
    sc_source_item item = {.feedback = {.source = SC_SOURCE_posthog}};
    sc_feedback *f = &item.feedback;
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    hook h;
    read_event(r, root, &h);
    if (r->rc) return r->rc;
    const char *at = sc_shape_printf(r, "%s%sproperties", h.at, *h.at ? "." : "");
    const json_t *raised = json_object_get(h.props, "exception_props");
    const json_t *props = json_is_object(raised) ? raised : h.props;
    sc_posthog_text text = {.title = SC_STR_NONE};
    if (h.kind == SURVEY)
        sc_posthog_read_survey(r, h.props, meta, &text);
    else if (h.kind != OTHER)
        sc_posthog_read_raised(r, h.props, props, at, &text);
    set_id(r, &h, &item);
    put_metadata(r, meta, &h, props);
    sc_shape_text(r, f, meta, text.title, text.body);
    if (h.kind != OTHER && h.kind != SURVEY && !f->title.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, at, "$exception_list",
                       "no exception and no name to call it by");
    f->stack = text.stack;
    f->url = sc_shape_url(r, sc_fields_str(r, h.event, h.at, "url"));
    f->created_at_ms = sc_fields_time(r, h.event, h.at, "timestamp", now_ms);
    sc_shape_metadata(r, f, meta, h.at);
    if (r->rc) return r->rc;
    item.why = unwanted(&h, f, settings);
    item.verdict = item.why ? SC_ITEM_FILTERED : SC_ITEM_OK;
    *ret = item;
    return SC_OK;
}

static sc_rc webhook(const sc_source_request *rq, sc_arena *arena, sc_source_item **ret_items,
                     size_t *ret_n, sc_err *err) {
    return sc_shared_webhook(rq, build, arena, ret_items, ret_n, err);
}

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    bool plain = !json_is_object(obj) || json_object_get(obj, "external_id") ||
                 !json_object_get(obj, "event");
    if (plain) return sc_plain_item(obj, SC_SOURCE_posthog, true, now_ms, arena, ret, err);
    return build(&r, obj, settings, now_ms, ret);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    char at[SC_TIME_TEXT];
    sc_source_sample s = {.n_headers = 0};
    sc_time_format(now_ms, at);
    sc_rc rc = sc_sample_body(
        arena, &s, err,
        "{\"event\":{\"event\":\"$error_tracking_issue_created\",\"uuid\":\"%.*s\","
        "\"distinct_id\":\"%.*s\",\"timestamp\":\"%s\",\"properties\":{"
        "\"description\":\"" SC_SAMPLE_BODY
        "\",\"exception_props\":{\"$exception_list\":[{\"type\":\"" SC_SAMPLE_TITLE "\"}]}}}}",
        SC_FMT(mark), SC_FMT(mark), at);
    if (!rc) rc = sc_shared_sample_header(settings, "posthog", &s, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_posthog = {
    .name = "posthog",
    .summary = "PostHog exceptions, error tracking alerts and survey answers, by webhook or as "
               "objects.",
    .verify = verify,
    .webhook = webhook,
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
