#include "sources/sentry_facts.h"

#include "sources/frames.h"
#include "sources/raised.h"
#include "sources/shape.h"

enum { MAX_EXCEPTIONS = 10 };

static sc_str either(sc_str a, sc_str b) { return a.n ? a : b; }

static sc_str text_of(const json_t *v) {
    return json_is_string(v) ? (sc_str){json_string_value(v), json_string_length(v)} : SC_STR_NONE;
}

void sc_sentry_each_tag(const json_t *tags, size_t max,
                        void (*put)(void *self, sc_str key, sc_str value), void *self) {
    for (size_t i = 0, n = 0; i < json_array_size(tags) && n < max; i++) {
        const json_t *t = json_array_get(tags, i);
        bool pair = json_is_array(t);
        sc_str key = text_of(pair ? json_array_get(t, 0) : json_object_get(t, "key"));
        sc_str value = text_of(pair ? json_array_get(t, 1) : json_object_get(t, "value"));
        if (!key.n || !value.n) continue;
        put(self, key, value);
        n++;
    }
}

struct tag_search {
    const char *key;
    sc_str found;
};

static void find_tag(void *self, sc_str key, sc_str value) {
    struct tag_search *s = self;
    if (!s->found.n && sc_str_is(key, s->key)) s->found = value;
}

static sc_str tag(const json_t *tags, const char *key) {
    struct tag_search s = {.key = key};
    sc_sentry_each_tag(tags, SIZE_MAX, find_tag, &s);
    return s.found;
}

/* The part of url between `before` and the next slash ("/issues/" in ".../issues/42/" gives "42"). */
static sc_str url_part(sc_str url, sc_str before) {
    size_t i = sc_str_find(url, before);
    if (i == SIZE_MAX) return SC_STR_NONE;
    sc_str rest = {url.p + i + before.n, url.n - i - before.n}, part = SC_STR_NONE;
    sc_str_next(&rest, '/', &part);
    return part;
}

/* ".../api/0/projects/<organisation>/<project>/events/..." names the project only here. */
static sc_str slug_of_url(sc_str url) {
    sc_str organisation = url_part(url, SC_STR("/projects/"));
    if (!organisation.n) return SC_STR_NONE;
    size_t used = (size_t)(organisation.p - url.p) + organisation.n;
    sc_str rest = {url.p + used, url.n - used}, part = SC_STR_NONE;
    if (rest.n) rest.p++, rest.n--;
    sc_str_next(&rest, '/', &part);
    return part;
}

/* The exception interface: {"values": [...]}, or the list itself, or an entry of the REST API. */
static const json_t *exceptions(sc_fields *r, const json_t *event, const char *at) {
    const json_t *v = json_object_get(event, "exception");
    const json_t *entries = json_object_get(event, "entries");
    if (json_is_array(v)) return v;
    if (v && !json_is_null(v)) {
        v = sc_fields_obj(r, event, at, "exception");
        return sc_fields_list(r, v, sc_shape_printf(r, "%s%sexception", at, *at ? "." : ""),
                              "values");
    }
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (sc_str_is(sc_json_str_at(json_array_get(entries, i), "type"), "exception"))
            return sc_json_at(json_array_get(entries, i), "data.values");
    return NULL;
}

/* Values are ordered from cause to what was raised (develop.sentry.dev, exception interface), so the last
 * one with frames is where the fault surfaced. */
static sc_str stack_of(sc_fields *r, const json_t *event, const json_t *values, sc_str platform) {
    for (size_t i = json_array_size(values); i-- > 0;) {
        const json_t *frames = sc_json_at(json_array_get(values, i), "stacktrace.frames");
        sc_str text = sc_frames_text(r, frames, platform);
        if (text.n) return text;
    }
    return sc_frames_text(r, sc_json_at(event, "stacktrace.frames"), platform);
}

static sc_str body_of(sc_fields *r, const json_t *values, sc_str message,
                      const sc_sentry_facts *f) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, (size_t)64 << 20); /* shape.h clips to the real limit and says so */
    size_t n = json_array_size(values);
    for (size_t i = 0; i < n && i < MAX_EXCEPTIONS; i++)
        sc_raised_put_line(&b, i ? "Caused by: " : "",
                           sc_raised_words(r, json_array_get(values, n - 1 - i)), f->title);
    sc_raised_put_line(&b, "", message, f->title);
    sc_raised_put_line(&b, "in ", f->culprit, f->title);
    char *text = b.failed ? NULL : sc_arena_copy(r->arena, b.p, b.n);
    if (!text) sc_fields_nomem(r);
    return (sc_str){text, text ? b.n : 0};
}

static void set_title(sc_fields *r, sc_sentry_facts *f, sc_str title, const char *at,
                      const char *key) {
    f->title = sc_shape_line(r, title);
    if (!f->title.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, at, key,
                       "no title, exception, message or culprit to name it by");
}

static sc_str message_of(sc_fields *r, const json_t *event, const char *at) {
    sc_str s = sc_fields_str(r, event, at, "message");
    if (!s.n) s = sc_json_str_at(event, "logentry.formatted");
    return s.n ? s : sc_json_str_at(event, "logentry.message");
}

static int64_t event_time(sc_fields *r, const json_t *event, const char *at, int64_t now_ms) {
    int64_t ms = sc_fields_time(r, event, at, "dateCreated", now_ms);
    ms = sc_fields_time(r, event, at, "datetime", ms);
    bool stamp = json_is_number(json_object_get(event, "timestamp"));
    bool other = json_object_get(event, "datetime") || json_object_get(event, "dateCreated");
    return stamp && !other ? sc_fields_epoch(r, event, at, "timestamp", ms) : ms;
}

static void read_ids(sc_fields *r, const json_t *event, const char *at, sc_sentry_facts *f) {
    sc_str link = sc_fields_str(r, event, at, "issue_url");
    f->issue_id = sc_fields_id(r, event, at, "issue_id");
    if (!f->issue_id.n) f->issue_id = sc_fields_id(r, event, at, "groupID");
    if (!f->issue_id.n) f->issue_id = url_part(link, SC_STR("/issues/"));
    f->event_id = sc_fields_id(r, event, at, "event_id");
    if (!f->event_id.n) f->event_id = sc_fields_id(r, event, at, "eventID");
    f->issue_id = sc_shape_line(r, f->issue_id);
    f->event_id = sc_shape_line(r, f->event_id);
    f->at = at;
    f->id_key = f->issue_id.n ? "issue_id" : "event_id";
}

static void read_event(sc_fields *r, const json_t *event, const char *at, int64_t now_ms,
                       sc_sentry_facts *f, sc_str more_title) {
    read_ids(r, event, at, f);
    f->tags = json_object_get(event, "tags");
    f->level = either(sc_json_str_at(event, "level"), tag(f->tags, "level"));
    f->environment = either(sc_json_str_at(event, "environment"), tag(f->tags, "environment"));
    f->release = either(sc_json_str_at(event, "release"), tag(f->tags, "release"));
    f->release = either(f->release, sc_json_str_at(event, "release.version"));
    f->platform = sc_json_str_at(event, "platform");
    f->culprit = either(f->culprit, sc_json_str_at(event, "culprit"));
    f->logger = sc_json_str_at(event, "logger");
    const json_t *number = json_object_get(event, "project");
    if (json_is_integer(number)) f->project_id = sc_fields_id(r, event, at, "project");
    f->project = either(f->project, slug_of_url(sc_json_str_at(event, "url")));
    f->url = sc_shape_url(r, sc_fields_str(r, event, at, "web_url"));
    f->created_at_ms = event_time(r, event, at, now_ms);
    const json_t *values = exceptions(r, event, at);
    size_t n = json_array_size(values);
    sc_str message = either(message_of(r, event, at), more_title);
    sc_str title = either(sc_str_trim(sc_fields_str(r, event, at, "title")),
                          n ? sc_raised_words(r, json_array_get(values, n - 1)) : SC_STR_NONE);
    set_title(r, f, either(either(title, message), f->culprit), at, "title");
    f->stack = stack_of(r, event, values, f->platform);
    f->body = body_of(r, values, message, f);
}

void sc_sentry_read_event(sc_fields *r, const json_t *event, const char *at, int64_t now_ms,
                          sc_sentry_facts *ret) {
    *ret = (sc_sentry_facts){.at = at};
    read_event(r, event, at, now_ms, ret, SC_STR_NONE);
    if (!ret->issue_id.n && !ret->event_id.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, at, "event_id",
                       "the event has no issue_id and no event_id");
}

void sc_sentry_read_plugin(sc_fields *r, const json_t *root, int64_t now_ms, sc_sentry_facts *ret) {
    sc_sentry_facts f = {.at = ""};
    const json_t *event = sc_fields_obj(r, root, "", "event");
    f.culprit = sc_json_str_at(root, "culprit");
    f.project = either(sc_json_str_at(root, "project_slug"), sc_json_str_at(root, "project"));
    read_event(r, event, "event", now_ms, &f, sc_fields_str(r, root, "", "message"));
    f.issue_id = sc_shape_line(r, sc_fields_id(r, root, "", "id"));
    f.level = either(f.level, sc_json_str_at(root, "level"));
    f.logger = either(f.logger, sc_json_str_at(root, "logger"));
    if (!f.url.n) f.url = sc_shape_url(r, sc_fields_str(r, root, "", "url"));
    f.at = "";
    f.id_key = "id";
    if (!f.issue_id.n && !f.event_id.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "id", "expected the id of the issue");
    *ret = f;
}

void sc_sentry_read_issue(sc_fields *r, const json_t *issue, const char *at, int64_t now_ms,
                          sc_sentry_facts *ret) {
    sc_sentry_facts f = {.at = at, .id_key = "id"};
    f.issue_id = sc_shape_line(r, sc_fields_id(r, issue, at, "id"));
    if (!f.issue_id.n)
        sc_fields_fail(r, SC_UNPROCESSABLE, at, "id", "expected the id of the issue");
    f.level = sc_json_str_at(issue, "level");
    f.platform = sc_json_str_at(issue, "platform");
    f.culprit = sc_json_str_at(issue, "culprit");
    f.logger = sc_json_str_at(issue, "logger");
    f.short_id = sc_json_str_at(issue, "shortId");
    f.substatus = sc_json_str_at(issue, "substatus");
    f.status = sc_fields_str(r, issue, at, "status");
    f.project = sc_json_str_at(issue, "project.slug");
    f.project_id = sc_json_str_at(issue, "project.id");
    f.created_at_ms = sc_fields_time(r, issue, at, "firstSeen", now_ms);
    f.url = sc_shape_url(r, sc_fields_str(r, issue, at, "web_url"));
    if (!f.url.n) f.url = sc_shape_url(r, sc_fields_str(r, issue, at, "permalink"));
    const json_t *metadata = json_object_get(issue, "metadata");
    sc_str words = sc_raised_words(r, metadata);
    sc_str title = sc_str_trim(sc_fields_str(r, issue, at, "title"));
    set_title(r, &f, either(either(title, words), f.culprit), at, "title");
    SC_AUTO(sc_json_auto) json_t *values = json_array();
    if (!values || (json_is_object(metadata) && json_array_append(values, (json_t *)metadata) != 0))
        sc_fields_nomem(r);
    f.body = body_of(r, values, SC_STR_NONE, &f);
    *ret = f;
}
