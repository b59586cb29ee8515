/* splunk: alerts of saved searches, by the webhook alert action or as objects.
 *
 * https://help.splunk.com/en/splunk-enterprise/alert-and-respond/alerting-manual ("Use a webhook alert action", 9.0 to
 * 10.0): a fixed JSON body {"sid", "search_name" (null for a search that was not saved), "results_link", "owner", "app",
 * "result": the first row}. It signs nothing and sends no headers of one's own, so the secret is in the address. (Splunk
 * Observability Cloud is another product, whose body and signature are others.)
 *
 * One result that set an alert off is one report. external_id:
 *   sid:<search id>:<digest of the row>  with "once for each result" one search sends many rows
 *   search:<app>/<search name>:<day>     with the setting repeat "day"
 * All of it comes from the body, so a delivery that is sent again is a duplicate. */
#include "base/clock.h"
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"
#include "sources/shape.h"
#include "sources/shared.h"

enum { MAX_FIELDS = 100, MAX_NAME = 100 };

static const sc_setting rows[] = {
    {"secret", SC_SETTING_SECRET, NULL,
     "what the webhook's address holds as token; letters and digits need no escapes there"},
    {"secrets", SC_SETTING_SECRETS, NULL,
     "further secrets that are valid too, while one replaces another"},
    {"searches", SC_SETTING_NAMES, NULL, "take only alerts of these saved searches"},
    {"apps", SC_SETTING_NAMES, NULL, "take only alerts of these Splunk apps"},
    {"repeat", SC_SETTING_CHOICE, "result|day",
     "how often one saved search is a new report: for each result (default), or once a day"},
};

static sc_rc verify(const sc_source_request *r, sc_err *err) {
    return sc_shared_verify_token(r, "splunk", err);
}

/* ---- The row ------------------------------------------------------------------------------------------ */

/* Fields that say where and when, not what: they would tell two hosts with one fault apart. */
static bool is_place(const char *key) {
    static const char *const names[] = {"host",      "source",     "sourcetype",    "index",
                                        "linecount", "punct",      "splunk_server", "timestamp",
                                        "eventtype", "timeendpos", "timestartpos",  "severity"};
    if (key[0] == '_' || strncmp(key, "date_", 5) == 0) return true;
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (!strcmp(names[i], key)) return true;
    return false;
}

/* A field that holds several values is a list. */
static void put_value(sc_buf *b, const json_t *v) {
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *one = json_array_get(v, i);
        if (i) sc_buf_puts(b, ", ");
        if (!json_is_array(one)) put_value(b, one);
    }
    if (json_is_string(v)) sc_buf_put(b, json_string_value(v), json_string_length(v));
    if (json_is_integer(v)) sc_buf_put_int(b, json_integer_value(v));
    if (json_is_real(v)) sc_buf_putf(b, "%g", json_real_value(v));
    if (json_is_boolean(v)) sc_buf_puts(b, json_is_true(v) ? "true" : "false");
}

/* The event as it was logged, where the row has it; else "field: value" lines. */
static sc_str body_of(sc_fields *r, const json_t *row) {
    SC_AUTO(sc_buf_done) sc_buf b;
    const char *key;
    json_t *v;
    size_t n = 0;
    sc_buf_init(&b, (size_t)64 << 20); /* shape.h clips to the real limit and says so */
    sc_str raw = sc_json_str_at(row, "_raw");
    if (sc_str_trim(raw).n) return raw;
    json_object_foreach((json_t *)row, key, v) {
        if (is_place(key) || json_is_null(v) || ++n > MAX_FIELDS) continue;
        if (b.n) sc_buf_putc(&b, '\n');
        sc_buf_put_str(&b, sc_str_clip(sc_str_of(key), MAX_NAME));
        sc_buf_puts(&b, ": ");
        put_value(&b, v);
    }
    char *text = b.failed ? NULL : sc_arena_copy(r->arena, b.p, b.n);
    if (!text) sc_fields_nomem(r);
    return (sc_str){text, text ? b.n : 0};
}

static void put_metadata(sc_fields *r, json_t *meta, const json_t *root, const json_t *row) {
    static const char *const of_row[] = {"host", "source", "sourcetype", "index", "severity"};
    sc_shape_put(r, meta, "search", sc_json_str_at(root, "search_name"));
    sc_shape_put(r, meta, "app", sc_json_str_at(root, "app"));
    sc_shape_put(r, meta, "sid", sc_json_str_at(root, "sid"));
    for (size_t i = 0; i < SC_LEN(of_row); i++)
        sc_shape_put(r, meta, of_row[i], sc_json_str_at(row, of_row[i]));
}

/* ---- Id and time -------------------------------------------------------------------------------------- */

/* "scheduler__admin__search__RMD5..._at_1772360430_132" ran at 1772360430 s; a search by hand has another sid. */
static int64_t time_of(sc_str sid, int64_t fallback) {
    static const int64_t least_s = 1000000000, max_s = 253402300799; /* 2001, 9999 */
    const sc_str mark = SC_STR("_at_");
    size_t i = sc_str_find(sid, mark);
    if (i == SIZE_MAX) return fallback;
    sc_str rest = {sid.p + i + mark.n, sid.n - i - mark.n}, digits;
    int64_t s;
    if (!sc_str_next(&rest, '_', &digits) || sc_num_i64(digits, least_s, max_s, &s, NULL))
        return fallback;
    return s * 1000;
}

static void set_id(sc_fields *r, const json_t *row, sc_str sid, sc_str app, sc_str search,
                   const json_t *settings, sc_source_item *item) {
    SC_AUTO(sc_buf_done) sc_buf b;
    char day[SC_TIME_TEXT];
    sc_buf_init(&b, (size_t)64 << 20);
    if (row && !sc_json_dump(row, &b)) sc_fields_nomem(r);
    const char *each = sc_shape_printf(r, "sid:%.*s:%016llx", SC_FMT(sid),
                                       (unsigned long long)sc_hash64(b.p ? b.p : "", b.n, 0));
    const char *id = each;
    if (search.n && sc_str_is(sc_settings_str(settings, "repeat"), "day")) {
        sc_time_format(item->feedback.created_at_ms, day);
        id = sc_shape_printf(r, "search:%.*s/%.*s:%.10s", SC_FMT(app), SC_FMT(search), day);
        item->again_id = sc_shape_line(r, sc_str_of(each));
    }
    sc_shape_external_id(r, &item->feedback, "", id == each ? "sid" : "search_name", sc_str_of(id));
    if (item->again_id.n > SC_FEEDBACK_MAX_EXTERNAL_ID) item->again_id = SC_STR_NONE;
}

/* ---- The report --------------------------------------------------------------------------------------- */

static const char *unwanted(sc_str search, sc_str app, const json_t *settings) {
    if (sc_settings_has_list(settings, "searches") &&
        !(search.n && sc_settings_lists(settings, "searches", search)))
        return "the search is not in the setting searches";
    if (sc_settings_has_list(settings, "apps") &&
        !(app.n && sc_settings_lists(settings, "apps", app)))
        return "the app is not in the setting apps";
    return NULL;
}

static sc_rc build(sc_fields *r, const json_t *root, const json_t *settings, int64_t now_ms,
                   sc_source_item *ret) {
    sc_source_item item = {.feedback = {.source = SC_SOURCE_splunk}};
    sc_feedback *f = &item.feedback;
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    sc_str sid = sc_shape_line(r, sc_fields_id(r, root, "", "sid"));
    sc_str search = sc_shape_line(r, sc_fields_str(r, root, "", "search_name"));
    sc_str app = sc_shape_line(r, sc_fields_str(r, root, "", "app"));
    const json_t *row = sc_fields_obj(r, root, "", "result");
    if (!sid.n) sc_fields_fail(r, SC_UNPROCESSABLE, "", "sid", "expected the id of the search");
    sc_str body = body_of(r, row);
    put_metadata(r, meta, root, row);
    sc_shape_text(r, f, meta, search, body);
    if (!f->title.n && !f->body.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "result", "neither a search name nor a result");
    f->url = sc_shape_url(r, sc_fields_str(r, root, "", "results_link"));
    f->created_at_ms = time_of(sid, now_ms);
    set_id(r, row, sid, app, search, settings, &item);
    sc_shape_metadata(r, f, meta, "");
    if (r->rc) return r->rc;
    item.why = unwanted(search, app, settings);
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
    bool plain =
        !json_is_object(obj) || json_object_get(obj, "external_id") || !json_object_get(obj, "sid");
    if (plain) return sc_plain_item(obj, SC_SOURCE_splunk, true, now_ms, arena, ret, err);
    return build(&r, obj, settings, now_ms, ret);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    sc_source_sample s = {.n_headers = 0};
    sc_rc rc =
        sc_sample_body(arena, &s, err,
                       "{\"sid\":\"scheduler_%.*s_at_%lld_1\",\"search_name\":\"" SC_SAMPLE_TITLE
                       "\",\"app\":\"search\",\"result\":{\"_raw\":\"" SC_SAMPLE_BODY "\"}}",
                       SC_FMT(mark), (long long)(now_ms / 1000));
    if (!rc) rc = sc_shared_sample_token(settings, "splunk", &s, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_splunk = {
    .name = "splunk",
    .summary = "Splunk alerts, by webhook or as objects.",
    .verify = verify,
    .webhook = webhook,
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
    .secret_in_address = true,
};
