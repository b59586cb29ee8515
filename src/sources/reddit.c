/* reddit: posts (t3) and comments (t1) as the API lists them, as {"kind", "data"} or the bare data.
 *
 * Format: https://github.com/reddit-archive/reddit/wiki/JSON and https://www.reddit.com/dev/api. "name" is
 * the full name (t3_xxx) and the external_id. Text is Markdown in which <, > and & stand as entities unless
 * it was fetched with raw_json=1 (https://www.reddit.com/dev/api#response_body_encoding); they are decoded
 * once. No webhook: Reddit has none. */
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"
#include "sources/shape.h"

static const sc_setting rows[] = {
    {"subreddits", SC_SETTING_NAMES, NULL, "take only posts of these subreddits (without r/)"},
    {"flairs", SC_SETTING_NAMES, NULL, "take only posts with one of these flairs"},
    {"min_score", SC_SETTING_INT, NULL, "take only posts with at least this score"},
    {"over_18", SC_SETTING_BOOL, NULL,
     "also take posts marked as not safe for work (default false)"},
    {"stickied", SC_SETTING_BOOL, NULL,
     "also take stickied posts, mostly announcements (default false)"},
    {"comments", SC_SETTING_BOOL, NULL, "also take comments (default true)"},
    {"crossposts", SC_SETTING_BOOL, NULL, "also take crossposts (default true)"},
    {"raw_json", SC_SETTING_BOOL, NULL,
     "items were fetched with raw_json=1: decode no entities (default false)"},
};

/* &amp; &lt; &gt; to characters, one pass from the left, so that "&amp;lt;" becomes "&lt;". */
static sc_str decode(sc_fields *r, sc_str s, bool raw) {
    static const struct {
        const char *entity;
        char c;
    } table[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
    if (raw || !s.n || !memchr(s.p, '&', s.n)) return s;
    char *out = sc_arena_take(r->arena, s.n + 1);
    if (!out) {
        sc_fields_nomem(r);
        return SC_STR_NONE;
    }
    size_t n = 0;
    for (size_t i = 0; i < s.n; n++) {
        sc_str rest = {s.p + i, s.n - i};
        size_t step = 1;
        out[n] = s.p[i];
        for (size_t k = 0; k < SC_LEN(table); k++) {
            if (!sc_str_starts(rest, table[k].entity)) continue;
            out[n] = table[k].c;
            step = strlen(table[k].entity);
        }
        i += step;
    }
    return (sc_str){out, n};
}

static bool is_gone(sc_str text) {
    text = sc_str_trim(text);
    return sc_str_is(text, "[removed]") || sc_str_is(text, "[deleted]");
}

static const char *unwanted(const json_t *d, const json_t *settings, bool comment) {
    const json_t *score = json_object_get(d, "score");
    sc_str flair = sc_json_str_at(d, "link_flair_text");
    if (is_gone(sc_json_str_at(d, comment ? "body" : "selftext")) ||
        sc_json_str_at(d, "removed_by_category").n)
        return "removed or deleted on Reddit";
    if (comment && !sc_settings_bool(settings, "comments", true))
        return "a comment, and the setting comments is false";
    if (json_is_true(json_object_get(d, "stickied")) &&
        !sc_settings_bool(settings, "stickied", false))
        return "stickied, and the setting stickied is false";
    if (json_is_true(json_object_get(d, "over_18")) &&
        !sc_settings_bool(settings, "over_18", false))
        return "marked as not safe for work, and the setting over_18 is false";
    if (sc_json_str_at(d, "crosspost_parent").n && !sc_settings_bool(settings, "crossposts", true))
        return "a crosspost, and the setting crossposts is false";
    if (sc_settings_has_list(settings, "subreddits") &&
        !sc_settings_lists(settings, "subreddits", sc_json_str_at(d, "subreddit")))
        return "the subreddit is not in the setting subreddits";
    if (!comment && sc_settings_has_list(settings, "flairs") &&
        !sc_settings_lists(settings, "flairs", sc_str_trim(flair)))
        return "the flair is not in the setting flairs";
    if (json_is_integer(score) &&
        json_integer_value(score) < sc_settings_int(settings, "min_score", INT64_MIN))
        return "the score is under the setting min_score";
    return NULL;
}

static void put_metadata(sc_fields *r, json_t *meta, const json_t *d, bool raw) {
    sc_str link = sc_json_str_at(d, "url_overridden_by_dest");
    if (!link.n) link = sc_json_str_at(d, "url");
    bool self = json_is_true(json_object_get(d, "is_self"));
    sc_shape_put(r, meta, "subreddit", sc_json_str_at(d, "subreddit"));
    sc_shape_put(r, meta, "author", sc_json_str_at(d, "author"));
    sc_shape_put(r, meta, "flair", decode(r, sc_json_str_at(d, "link_flair_text"), raw));
    sc_shape_put(r, meta, "permalink", sc_json_str_at(d, "permalink"));
    if (!self) sc_shape_put(r, meta, "link", sc_shape_url(r, decode(r, link, raw)));
    sc_shape_put(r, meta, "post_title", decode(r, sc_json_str_at(d, "link_title"), raw));
    sc_shape_put(r, meta, "post", sc_json_str_at(d, "link_id"));
    sc_shape_put(r, meta, "crosspost_parent", sc_json_str_at(d, "crosspost_parent"));
    sc_shape_put_int(r, meta, "score", json_object_get(d, "score"));
    sc_shape_put_int(r, meta, "num_comments", json_object_get(d, "num_comments"));
}

/* The full name; made from the id where a dump has no name. */
static sc_str full_name(sc_fields *r, const json_t *d, const char *at, bool comment) {
    sc_str name = sc_fields_str(r, d, at, "name");
    sc_str id = name.n ? SC_STR_NONE : sc_fields_str(r, d, at, "id");
    if (name.n) return name;
    if (id.n) return sc_str_of(sc_shape_printf(r, "%s_%.*s", comment ? "t1" : "t3", SC_FMT(id)));
    sc_fields_fail(r, SC_UNPROCESSABLE, at, "name", "expected a full name like t3_1abc2d");
    return SC_STR_NONE;
}

/* A crosspost has no text of its own: the original's is what people wrote. */
static sc_str body_of(sc_fields *r, const json_t *d, const char *at, bool comment) {
    if (comment) return sc_fields_str(r, d, at, "body");
    sc_str own = sc_fields_str(r, d, at, "selftext");
    if (sc_str_trim(own).n) return own;
    sc_str first = sc_json_str_at(d, "crosspost_parent_list.0.selftext");
    return is_gone(first) ? SC_STR_NONE : first;
}

static sc_str url_of(sc_fields *r, const json_t *d, const char *at) {
    sc_str link = sc_fields_str(r, d, at, "permalink");
    if (sc_str_starts(link, "/"))
        link = sc_str_of(sc_shape_printf(r, "https://www.reddit.com%.*s", SC_FMT(link)));
    return sc_shape_url(r, link);
}

static sc_rc read_thing(const json_t *d, const char *at, bool comment, const json_t *settings,
                        int64_t now_ms, sc_arena *arena, sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_source_item item = {.feedback = {.source = SC_SOURCE_reddit}};
    sc_feedback *f = &item.feedback;
    bool raw = sc_settings_bool(settings, "raw_json", false);
    SC_AUTO(sc_json_auto) json_t *meta = json_object();
    sc_shape_external_id(&r, f, at, "name", full_name(&r, d, at, comment));
    sc_str title = comment ? SC_STR_NONE : decode(&r, sc_fields_str(&r, d, at, "title"), raw);
    put_metadata(&r, meta, d, raw);
    sc_shape_text(&r, f, meta, title, decode(&r, body_of(&r, d, at, comment), raw));
    if (f->external_id.n == 0)
        sc_fields_fail(&r, SC_UNPROCESSABLE, at, "name", "the full name is empty");
    if (f->title.n == 0 && f->body.n == 0)
        sc_fields_fail(&r, SC_UNPROCESSABLE, at, comment ? "body" : "title", "the text is missing");
    f->created_at_ms = sc_fields_epoch(&r, d, at, "created_utc", now_ms);
    f->url = url_of(&r, d, at);
    sc_shape_metadata(&r, f, meta, at);
    if (r.rc) return r.rc;
    item.why = unwanted(d, settings, comment);
    item.verdict = item.why ? SC_ITEM_FILTERED : SC_ITEM_OK;
    *ret = item;
    return SC_OK;
}

static sc_rc read_wrapped(const json_t *obj, const json_t *settings, int64_t now_ms,
                          sc_arena *arena, sc_source_item *ret, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    sc_str kind = sc_fields_str(&r, obj, "", "kind");
    const json_t *data = sc_fields_obj(&r, obj, "", "data");
    if (r.rc) return r.rc;
    if (sc_str_is(kind, "more")) { /* the end of a comment tree that was not loaded */
        *ret = (sc_source_item){.feedback = {.source = SC_SOURCE_reddit, .created_at_ms = now_ms},
                                .verdict = SC_ITEM_FILTERED,
                                .why = "a placeholder for comments that were not loaded"};
        return SC_OK;
    }
    if (!sc_str_is(kind, "t1") && !sc_str_is(kind, "t3"))
        return sc_fields_fail(&r, SC_UNPROCESSABLE, "", "kind",
                              "expected t3 (a post) or t1 (a comment)");
    if (!data) return sc_fields_fail(&r, SC_UNPROCESSABLE, "", "data", "expected the post's data");
    return read_thing(data, "data", sc_str_is(kind, "t1"), settings, now_ms, arena, ret, err);
}

static bool is_bare(const json_t *obj) {
    static const char *const marks[] = {"permalink", "subreddit", "selftext", "created_utc",
                                        "link_id"};
    for (size_t i = 0; i < SC_LEN(marks); i++)
        if (json_object_get(obj, marks[i])) return true;
    return false;
}

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    if (json_object_get(obj, "kind") && json_object_get(obj, "data"))
        return read_wrapped(obj, settings, now_ms, arena, ret, err);
    if (json_object_get(obj, "external_id") || !is_bare(obj))
        return sc_plain_item(obj, SC_SOURCE_reddit, false, now_ms, arena, ret, err);
    bool comment =
        sc_str_starts(sc_json_str_at(obj, "name"), "t1_") || json_object_get(obj, "link_id");
    return read_thing(obj, "", comment, settings, now_ms, arena, ret, err);
}

static sc_rc sample(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err) {
    sc_source_sample s = {.n_headers = 0};
    (void)settings;
    sc_rc rc = sc_sample_body(
        arena, &s, err,
        "{\"kind\":\"t3\",\"data\":{\"name\":\"t3_%.*s\",\"title\":\"" SC_SAMPLE_TITLE
        "\",\"selftext\":\"" SC_SAMPLE_BODY
        "\",\"subreddit\":\"soulcaster\",\"author\":\"soulcaster\",\"created_utc\":%lld,"
        "\"is_self\":true}}",
        SC_FMT(mark), (long long)(now_ms / 1000));
    if (!rc) *ret = s;
    return rc;
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(rows, SC_LEN(rows), settings, err);
}

const sc_source_ops sc_source_reddit = {
    .name = "reddit",
    .summary = "Reddit posts and comments, as the API lists them.",
    .item = item,
    .sample = sample,
    .check_settings = check_settings,
    .settings = rows,
    .n_settings = SC_LEN(rows),
};
