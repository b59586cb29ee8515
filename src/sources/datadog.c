/* datadog: monitor alerts, by the webhooks integration or as objects.
 *
 * https://docs.datadoghq.com/integrations/webhooks/ : the payload is a template that the user writes out of variables;
 * the default one has body, last_updated, event_type, title, date, org and id. docs/sources.md has ours, which adds
 * the alert's. Custom headers may be set and nothing is signed, so a shared secret comes in a header.
 *
 * One alert cycle (from triggered to recovered) is one report. external_id:
 *   cycle:<alert cycle key>   first choice; re-notifications of the cycle are duplicates
 *   event:<event id>          the default payload, which names no cycle
 * A new cycle is a new report, and a re-notification after the issue was resolved is a recurrence. */
#include "base/clock.h"
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"
#include "sources/shape.h"
#include "sources/shared.h"

enum { MAX_STATUS = 50, MAX_TAG = 200 };

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL,
     "what the webhook's custom header " SC_SHARED_HEADER " holds"},
    {"secrets", SC_SETTING_SECRETS, NULL,
     "further secrets that are valid too, while one replaces another"},
    {"priorities", SC_SETTING_CHOICES, "P1|P2|P3|P4|P5",
     "take only monitors of these priorities (one without a priority passes)"},
    {"monitors", SC_SETTING_NAMES, NULL, "take only these monitors (id or title)"},
    {"tags", SC_SETTING_NAMES, NULL, "take only alerts with at least one of these tags"},
    {"warnings", SC_SETTING_BOOL, NULL, "take warnings, not alerts only (default true)"},
    {"no_data", SC_SETTING_BOOL, NULL, "take alerts of missing data (default true)"},
};

static sc_rc verify(const sc_source_request *r, sc_err *err) {
    return sc_shared_verify_header(r, "datadog", err);
}

/* ---- Reading ------------------------------------------------------------------------------------ */

typedef struct alert {
    sc_str event_id, alert_id, cycle;
    sc_str title, body, transition, priority, tags, hostname, scope;
    int64_t at_ms;
} alert;

/* Variables that had no value stay as they were written, or become "null". */
static bool is_unset(sc_str s) {
    if (sc_str_is(s, "null")) return true;
    if (s.n < 2 || s.p[0] != '$') return false;
    for (size_t i = 1; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_')) return false;
    return true;
}

static sc_str known(sc_str s) {
    s = sc_str_trim(s);
    return is_unset(s) ? SC_STR_NONE : s;
}

static sc_str text(sc_fields *r, const json_t *obj, const char *key) {
    return known(sc_fields_str(r, obj, "", key));
}

static sc_str id(sc_fields *r, const json_t *obj, const char *key) {
    return sc_shape_line(r, known(sc_fields_id(r, obj, "", key)));
}

static sc_str extra(const json_t *obj, const char *key) { return known(sc_json_str_at(obj, key)); }

/* $DATE and $LAST_UPDATED: milliseconds since 1970; $DATE_POSIX: seconds. As text or as a number. */
static int64_t read_time(sc_fields *r, const json_t *obj, const char *key, int64_t fallback) {
    static const int64_t max_s = 253402300799; /* the year 9999 */
    int64_t v;
    sc_str s = id(r, obj, key);
    if (!s.n || r->rc) return fallback;
    if (!sc_num_i64(s, 0, max_s * 1000 + 999, &v, NULL)) return v > max_s / 3 ? v : v * 1000;
    sc_fields_fail(r, SC_UNPROCESSABLE, "", key, "expected seconds or milliseconds since 1970");
    return fallback;
}

static bool has_word(sc_str s, const char *word) {
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.n; i++)
        if (sc_str_ieq((sc_str){s.p + i, n}, (sc_str){word, n})) return true;
    return false;
}

/* "Triggered", or "Triggered on {host:web-1}" */
static bool is_state(sc_str head) {
    static const char *const words[] = {"Triggered", "Re-Triggered", "Recovered",  "Warn",
                                        "Re-Warn",   "No data",      "Re-No data", "Renotify"};
    for (size_t i = 0; i < SC_LEN(words); i++) {
        const size_t n = strlen(words[i]);
        if (head.n < n || !sc_str_ieq((sc_str){head.p, n}, sc_str_of(words[i]))) continue;
        if (head.n == n || sc_str_starts((sc_str){head.p + n, head.n - n}, " on ")) return true;
    }
    return false;
}

/* "[P2] [Triggered on {host:web-1}] [db] slow": the state is news of this delivery, what follows names the
 * monitor. Cuts the title behind the state and gives the state; none when there is none. */
static sc_str cut_state(sc_str *title) {
    sc_str rest = *title;
    while (rest.n && rest.p[0] == '[') {
        size_t end = sc_str_find(rest, SC_STR("]"));
        if (end == SIZE_MAX) break;
        sc_str head = {rest.p + 1, end - 1};
        rest = sc_str_trim((sc_str){rest.p + end + 1, rest.n - end - 1});
        if (!is_state(head)) continue;
        if (rest.n) *title = rest;
        return head;
    }
    return SC_STR_NONE;
}

/* Datadog wraps a message that is Markdown in lines of "%%%". */
static sc_str without_fences(sc_fields *r, sc_str body) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, body.n + 1);
    sc_str rest = body, line;
    while (sc_str_next(&rest, '\n', &line)) {
        if (sc_str_is(sc_str_trim(line), "%%%")) continue;
        if (b.n) sc_buf_putc(&b, '\n');
        sc_buf_put_str(&b, line);
    }
    char *copy = b.failed ? NULL : sc_arena_copy(r->arena, b.p, b.n);
    if (!copy) sc_fields_nomem(r);
    return (sc_str){copy, copy ? b.n : 0};
}

static void read_alert(sc_fields *r, const json_t *obj, int64_t now_ms, alert *ret) {
    alert a = {.event_id = id(r, obj, "id"),
               .alert_id = id(r, obj, "alert_id"),
               .cycle = id(r, obj, "alert_cycle_key"),
               .transition = text(r, obj, "alert_transition"),
               .priority = extra(obj, "alert_priority"),
               .tags = extra(obj, "tags"),
               .hostname = extra(obj, "hostname"),
               .scope = extra(obj, "alert_scope")};
    sc_str title = sc_shape_line(r, text(r, obj, "title")), monitor = text(r, obj, "alert_title");
    sc_str state = cut_state(&title);
    if (!a.transition.n) a.transition = state;
    a.title = monitor.n ? monitor : title;
    a.body = without_fences(r, text(r, obj, "body"));
    a.at_ms = read_time(r, obj, "date", read_time(r, obj, "last_updated", now_ms));
    if (!a.title.n && !a.body.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "title", "expected a title or a body");
    if (!a.cycle.n && !a.event_id.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "alert_cycle_key",
                       "expected alert_cycle_key or id: put $ALERT_CYCLE_KEY and $ID into the "
                       "webhook's payload");
    *ret = a;
}

/* ---- Filters ------------------------------------------------------------------------------------- */

static bool has_tag(sc_str tags, const json_t *settings) {
    sc_str one;
    while (sc_str_next(&tags, ',', &one))
        if (sc_settings_lists(settings, "tags", sc_str_trim(one))) return true;
    return false;
}

static const char *unwanted(const alert *a, const json_t *settings) {
    if (has_word(a->transition, "recovered")) return "the alert has recovered";
    if (has_word(a->transition, "warn") && !sc_settings_bool(settings, "warnings", true))
        return "a warning, and the setting warnings is false";
    if (has_word(a->transition, "no data") && !sc_settings_bool(settings, "no_data", true))
        return "an alert of missing data, and the setting no_data is false";
    if (a->priority.n && sc_settings_has_list(settings, "priorities") &&
        !sc_settings_lists(settings, "priorities", a->priority))
        return "the priority is not in the setting priorities";
    if (sc_settings_has_list(settings, "monitors") &&
        !(a->alert_id.n && sc_settings_lists(settings, "monitors", a->alert_id)) &&
        !sc_settings_lists(settings, "monitors", a->title))
        return "the monitor is not in the setting monitors";
    if (sc_settings_has_list(settings, "tags") && !has_tag(a->tags, settings))
        return "no tag is in the setting tags";
    return NULL;
}

/* ---- The report ---------------------------------------------------------------------------------- */

static void put_tags(sc_fields *r, json_t *meta, sc_str tags) {
    SC_AUTO(sc_json_auto) json_t *list = json_array();
    sc_str one;
    for (size_t i = 0; i < SC_SHAPE_MAX_TAGS && sc_str_next(&tags, ',', &one); i++) {
        sc_str tag = sc_str_clip(sc_shape_line(r, one), MAX_TAG);
        if (tag.n && json_array_append_new(list, json_stringn(tag.p, tag.n)) != 0)
            sc_fields_nomem(r);
    }
    if (!list || (json_array_size(list) && json_object_set(meta, "tags", list) != 0))
        sc_fields_nomem(r);
}

static void put_metadata(sc_fields *r, json_t *meta, const json_t *obj, const alert *a) {
    put_tags(r, meta, a->tags);
    sc_shape_put(r, meta, "transition", a->transition);
    sc_shape_put(r, meta, "monitor", a->alert_id);
    sc_shape_put(r, meta, "event_id", a->event_id);
    sc_shape_put(r, meta, "priority", a->priority);
    sc_shape_put(r, meta, "host", a->hostname);
    sc_shape_put(r, meta, "scope", a->scope);
    sc_shape_put(r, meta, "alert_type", extra(obj, "alert_type"));
    sc_shape_put(r, meta, "event_type", extra(obj, "event_type"));
    sc_shape_put(r, meta, "metric", extra(obj, "alert_metric"));
    sc_shape_put(r, meta, "query", extra(obj, "alert_query"));
    sc_shape_put(r, meta, "org", extra(obj, "org.name"));
}

static sc_rc build(sc_fields *r, const json_t *obj, const json_t *settings, int64_t now_ms,
                   sc_source_item *ret) {
    sc_source_item item = {.feedback = {.source = SC_SOURCE_datadog}};
    sc_feedback *f = &item.feedback;
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    alert a;
    read_alert(r, obj, now_ms, &a);
    if (r->rc) return r->rc;
    const char *name = a.cycle.n ? sc_shape_printf(r, "cycle:%.*s", SC_FMT(a.cycle))
                                 : sc_shape_printf(r, "event:%.*s", SC_FMT(a.event_id));
    sc_shape_external_id(r, f, "", a.cycle.n ? "alert_cycle_key" : "id", sc_str_of(name));
    if (a.cycle.n && a.event_id.n)
        item.again_id = sc_str_of(
            sc_shape_printf(r, "cycle:%.*s:event:%.*s", SC_FMT(a.cycle), SC_FMT(a.event_id)));
    if (item.again_id.n > SC_FEEDBACK_MAX_EXTERNAL_ID) item.again_id = SC_STR_NONE;
    put_metadata(r, meta, obj, &a);
    sc_shape_text(r, f, meta, a.title, a.body);
    f->url = sc_shape_url(r, text(r, obj, "link"));
    f->status = sc_str_clip(sc_shape_line(r, a.transition), MAX_STATUS);
    f->created_at_ms = a.at_ms;
    sc_shape_metadata(r, f, meta, "");
    if (!r->rc && !f->title.n && !f->body.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "title", "expected a title or a body");
    if (r->rc) return r->rc;
    item.why = unwanted(&a, settings);
    item.verdict = item.why ? SC_ITEM_FILTERED : SC_ITEM_OK;
    *ret = item;
    return SC_OK;
}

static sc_rc webhook(const sc_source_request *rq, sc_arena *arena, sc_source_item **ret_items,
                     size_t *ret_n, sc_err *err) {
    if (sc_str_starts(rq->body, "payload="))
        return sc_fail(err, SC_MEDIA_TYPE,
                       "uncheck \"Encode as form\" in the webhook's settings in Datadog");
    return sc_shared_webhook(rq, build, arena, ret_items, ret_n, err);
}

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    bool plain = !json_is_object(obj) || json_object_get(obj, "external_id") ||
                 !(json_object_get(obj, "alert_cycle_key") || json_object_get(obj, "event_type"));
    if (plain) return sc_plain_item(obj, SC_SOURCE_datadog, true, now_ms, arena, ret, err);
    return build(&r, obj, settings, now_ms, ret);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    sc_source_sample s = {.n_headers = 0};
    sc_rc rc = sc_sample_body(
        arena, &s, err,
        "{\"id\":\"%.*s\",\"title\":\"[Triggered] " SC_SAMPLE_TITLE "\",\"body\":\"" SC_SAMPLE_BODY
        "\",\"event_type\":\"query_alert_monitor\",\"alert_cycle_key\":\"%.*s\","
        "\"alert_transition\":\"Triggered\",\"date\":\"%lld\"}",
        SC_FMT(mark), SC_FMT(mark), (long long)now_ms);
    if (!rc) rc = sc_shared_sample_header(settings, "datadog", &s, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_datadog = {
    .name = "datadog",
    .summary = "Datadog monitor alerts, by webhook or as objects.",
    .verify = verify,
    .webhook = webhook,
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
