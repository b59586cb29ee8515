/* Every node of every good payload is replaced by each other JSON type and by absence; and every
 * allocation is made to fail once. A source must give items that keep their word, or an error. */
#include "test_source_support.h"

#include "sources/payload.h"

#include "test_source_samples.h"

typedef struct sample {
    const sc_source_ops *ops;
    const char *header, *kind; /* of the webhook; NULL = a single object */
    const char *text;
} sample;

static const sample samples[] = {
    {&sc_source_sentry, "Sentry-Hook-Resource", "event_alert", SENTRY_ALERT},
    {&sc_source_sentry, "Sentry-Hook-Resource", "error", SENTRY_ERROR},
    {&sc_source_sentry, "Sentry-Hook-Resource", "issue", SENTRY_ISSUE("created")},
    {&sc_source_sentry, "Sentry-Hook-Resource", "issue", SENTRY_ISSUE("unresolved")},
    {&sc_source_sentry, NULL, NULL, SENTRY_EVENT},
    {&sc_source_sentry, NULL, NULL, SENTRY_ISSUE_OBJECT},
    {&sc_source_sentry, NULL, NULL, SENTRY_PLUGIN},
    {&sc_source_github, "X-GitHub-Event", "issues", GITHUB_HOOK("opened")},
    {&sc_source_github, "X-GitHub-Event", "issues", GITHUB_HOOK("reopened")},
    {&sc_source_github, NULL, NULL, GITHUB_ISSUE_OBJECT},
    {&sc_source_reddit, NULL, NULL, REDDIT_POST},
    {&sc_source_reddit, NULL, NULL, REDDIT_POST_DATA},
    {&sc_source_reddit, NULL, NULL, REDDIT_COMMENT},
    {&sc_source_datadog, "X", "x", DATADOG_ALERT("Triggered", "c1", "7001", "web-1")},
    {&sc_source_datadog, NULL, NULL, DATADOG_DEFAULT},
    {&sc_source_posthog, "X", "x", POSTHOG_EXCEPTION},
    {&sc_source_posthog, "X", "x", POSTHOG_ALERT("created")},
    {&sc_source_posthog, NULL, NULL, POSTHOG_ALERT("reopened")},
    {&sc_source_posthog, "X", "x", POSTHOG_SURVEY},
    {&sc_source_splunk, "X", "x", SPLUNK_ALERT(SPLUNK_SID, SPLUNK_ROW)},
    {&sc_source_splunk, NULL, NULL, SPLUNK_ALERT(SPLUNK_SID, "{\"_raw\":\"boom\"}")},
    {&sc_source_manual, NULL, NULL, PLAIN},
    {&sc_source_generic, NULL, NULL, PLAIN},
};

static const char settings[] =
    "{\"secret\":\"" SECRET
    "\",\"secrets\":[\"a second one\"],\"environments\":[\"production\"],\"levels\":[\"error\"],"
    "\"min_level\":\"info\",\"projects\":[\"shop\"],\"created_issues\":true,\"repeat\":\"day\","
    "\"bots\":true,"
    "\"labels\":[\"bug\"],\"exclude_labels\":[\"wontfix\"],\"repos\":[\"acme/"
    "shop\"],\"subreddits\":[\"shopapp\"],"
    "\"flairs\":[\"Bug\"],\"min_score\":1,\"over_18\":true,\"stickied\":true,\"comments\":true,"
    "\"crossposts\":true,\"raw_json\":false,\"priorities\":[\"P2\"],\"monitors\":[\"4711\"],"
    "\"tags\":[\"env:prod\"],\"warnings\":true,\"no_data\":true,\"exceptions\":true,"
    "\"spiking\":true,\"surveys\":[\"Checkout\"],\"searches\":[\"Payment errors\"],\"apps\":[]}";

static size_t n_ok, n_refused;

static sc_rc run(const sample *s, const json_t *payload, const json_t *set, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_source_item one, *items = &one;
    size_t n = 1;
    sc_rc rc;
    memset(err, 0, sizeof *err);
    if (s->kind) {
        assert_true(sc_json_dump(payload, &b));
        sc_source_header h = {sc_str_of(s->header), sc_str_of(s->kind)};
        sc_source_request r = {
            .body = sc_buf_str(&b), .headers = &h, .n_headers = 1, .settings = set, .now_ms = NOW};
        rc = s->ops->webhook(&r, &arena, &items, &n, err);
    } else {
        rc = s->ops->item(payload, set, NOW, &arena, &one, err);
    }
    sc_feedback_source source = SC_SOURCE_COUNT;
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        if (sc_source_registry[i] == s->ops) source = (sc_feedback_source)i;
    for (size_t i = 0; rc == SC_OK && i < n; i++) check_item(&items[i], source);
    return rc;
}

static void judge(const sample *s, json_t *payload, const json_t *set) {
    sc_err err;
    sc_rc rc = run(s, payload, set, &err);
    if (rc == SC_OK) {
        n_ok++;
    } else {
        n_refused++;
        assert_int_equal(rc, SC_UNPROCESSABLE);
        assert_int_equal(err.rc, rc);
        assert_true(err.field[0] != 0);
        assert_true(err.msg[0] != 0);
    }
    sc_arena_reset(&arena);
}

/* Puts `v` (taken) at the member of its parent; NULL takes the member away. */
static void put(json_t *parent, const char *key, size_t index, json_t *v) {
    if (key && v)
        json_object_set_new(parent, key, v);
    else if (key)
        json_object_del(parent, key);
    else if (v)
        json_array_set_new(parent, index, v);
    else
        json_array_remove(parent, index);
}

static void sweep(const sample *s, json_t *root, json_t *node, json_t *other, bool in_settings);

static void swap_one(const sample *s, json_t *root, json_t *parent, const char *key, size_t index,
                     json_t *other, bool in_settings) {
    static const char *const kinds[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1",
                                        "9223372036854775807",
                                        "1e300",
                                        "1.5",
                                        "\"\"",
                                        "\" \\n\\u0001\"",
                                        "\"x\"",
                                        "\"\xF0\x9F\x98\x80\"",
                                        "[]",
                                        "{}",
                                        "[[]]",
                                        "[null,7,\"x\",{}]",
                                        "{\"values\":[7]}",
                                        "{\"name\":7}"};
    json_t *old = json_incref(key ? json_object_get(parent, key) : json_array_get(parent, index));
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        put(parent, key, index, parsed(kinds[i]));
        judge(s, in_settings ? other : root, in_settings ? root : other);
    }
    if (key) {
        put(parent, key, index, NULL);
        judge(s, in_settings ? other : root, in_settings ? root : other);
    }
    put(parent, key, index, old);
}

static void sweep(const sample *s, json_t *root, json_t *node, json_t *other, bool in_settings) {
    if (json_is_object(node)) {
        SC_AUTO(sc_json_auto)
        json_t *keys = json_copy(node); /* the order of `node` changes under us */
        const char *key;
        json_t *v;
        json_object_foreach(keys, key, v) {
            swap_one(s, root, node, key, 0, other, in_settings);
            sweep(s, root, json_object_get(node, key), other, in_settings);
        }
    }
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        swap_one(s, root, node, NULL, i, other, in_settings);
        sweep(s, root, json_array_get(node, i), other, in_settings);
    }
}

static void every_node_of_a_payload_may_be_anything(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(samples); i++) {
        json_t *root = parsed(samples[i].text), *set = parsed(settings);
        n_ok = n_refused = 0;
        sweep(&samples[i], root, root, set, false);
        sweep(&samples[i], root, root, NULL, false);
        assert_true(n_ok > 100 && n_refused > 20);
        json_decref(root);
        json_decref(set);
    }
}

static void every_node_of_the_settings_may_be_anything(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(samples); i++) {
        json_t *root = parsed(samples[i].text), *set = parsed(settings);
        n_refused = 0;
        sweep(&samples[i], set, set, root, true);
        assert_int_equal(n_refused, 0);
        json_decref(root);
        json_decref(set);
    }
}

/* Reads the sample while the nth allocation fails (0 = none); how many were made is in *ret_made. */
static sc_rc starve(const sample *s, const json_t *root, const json_t *set, uint64_t nth,
                    uint64_t *ret_made, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_source_item one, *items = &one;
    size_t n = 1;
    assert_true(sc_json_dump(root, &b));
    sc_source_header h = {sc_str_of(s->header), sc_str_of(s->kind)};
    sc_source_request r = {
        .body = sc_buf_str(&b), .headers = &h, .n_headers = 1, .settings = set, .now_ms = NOW};
    sc_arena_done(&arena);
    memset(err, 0, sizeof *err);
    sc_mem_fail_after(nth);
    sc_rc rc = s->kind ? s->ops->webhook(&r, &arena, &items, &n, err)
                       : s->ops->item(root, set, NOW, &arena, &one, err);
    *ret_made = sc_mem_fail_after(0);
    return rc;
}

/* Allocations of parsing alone. jansson (2.14) tells a failed one as a syntax error, and its lexer even goes on
 * with a token cut short; what becomes of that is base/json's to say, so the sweep begins behind it. */
static uint64_t of_parsing(const sample *s, const json_t *root) {
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_buf_init(&b, 1 << 20);
    assert_true(sc_json_dump(root, &b));
    sc_mem_fail_after(0);
    assert_int_equal(sc_payload_parse(sc_buf_str(&b), &v, NULL), SC_OK);
    uint64_t made = sc_mem_fail_after(0);
    return s->kind ? made : 0;
}

static void every_allocation_may_fail_once(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(samples); i++) {
        json_t *root = parsed(samples[i].text), *set = parsed(settings);
        uint64_t made, ignored;
        sc_err err;
        assert_int_equal(starve(&samples[i], root, set, 0, &made, &err), SC_OK);
        assert_true(made > 3);
        for (uint64_t nth = of_parsing(&samples[i], root) + 1; nth <= made; nth++) {
            sc_rc rc = starve(&samples[i], root, set, nth, &ignored, &err);
            if (rc != SC_NOMEM)
                fail_msg("sample %zu, allocation %d: %s", i, (int)nth, sc_rc_name(rc));
        }
        json_decref(root);
        json_decref(set);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(every_node_of_a_payload_may_be_anything),
        SOURCE_TEST(every_node_of_the_settings_may_be_anything),
        SOURCE_TEST(every_allocation_may_fail_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
