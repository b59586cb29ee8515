#include "test_source_support.h"

#include "test_source_samples.h"

static sc_source_item *items;
static size_t n;
static sc_err err;

static sc_rc hook(const char *kind, const char *body, const char *settings) {
    items = NULL;
    n = 99;
    sc_rc rc = read_hook(&sc_source_sentry, "Sentry-Hook-Resource", kind, sc_str_of(body), settings,
                         &items, &n, &err);
    if (rc == SC_OK)
        for (size_t i = 0; i < n; i++) check_item(&items[i], SC_SOURCE_sentry);
    return rc;
}

static void bad_payloads_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *kind, *body, *field;
    } bad[] = {
        {"", "{}", "Sentry-Hook-Resource"},
        {"issue", "{}", "action"},
        {"issue", "{\"action\":\"created\"}", "data"},
        {"issue", "{\"action\":7}", "action"},
        {"issue", "{\"action\":\"created\",\"data\":{}}", "data.issue"},
        {"issue", "{\"action\":\"created\",\"data\":{\"issue\":{\"title\":\"x\"}}}",
         "data.issue.id"},
        {"issue", "{\"action\":\"created\",\"data\":{\"issue\":{\"id\":\"1\"}}}",
         "data.issue.title"},
        {"issue", "{\"action\":\"created\",\"data\":{\"issue\":{\"id\":true,\"title\":\"x\"}}}",
         "data.issue.id"},
        {"event_alert", "{\"data\":{\"error\":{}}}", "data.event"},
        {"event_alert", "{\"data\":{\"event\":{\"title\":\"x\"}}}", "data.event.event_id"},
        {"event_alert", "{\"data\":{\"event\":{\"event_id\":\"e\"}}}", "data.event.title"},
        {"event_alert", "{\"data\":{\"event\":{\"event_id\":\"e\",\"title\":[]}}}",
         "data.event.title"},
        {"event_alert",
         "{\"data\":{\"event\":{\"event_id\":\"e\",\"title\":\"x\",\"datetime\":\"soon\"}}}",
         "data.event.datetime"},
        {"event_alert",
         "{\"data\":{\"event\":{\"event_id\":\"e\",\"title\":\"x\",\"exception\":7}}}",
         "data.event.exception"},
        {"event_alert",
         "{\"data\":{\"event\":{\"event_id\":\"e\",\"title\":\"x\",\"exception\":{\"values\":{}}}}"
         "}",
         "data.event.exception.values"},
        {"error", "{\"data\":[]}", "data"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(hook(bad[i].kind, bad[i].body, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
    assert_int_equal(hook("event_alert", "", NULL), SC_INVALID);
    assert_int_equal(hook("event_alert", "[]", NULL), SC_UNPROCESSABLE);
}

static void other_resources_and_actions_bring_nothing(void **state) {
    (void)state;
    static const char *const kinds[] = {"metric_alert", "installation", "comment", "seer",
                                        "EVENT_ALERT"};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        assert_int_equal(hook(kinds[i], SENTRY_ALERT, NULL), SC_OK);
        assert_int_equal(n, 0);
    }
    static const char *const bodies[] = {SENTRY_ISSUE("resolved"), SENTRY_ISSUE("assigned"),
                                         SENTRY_ISSUE("archived"), SENTRY_ISSUE("ignored")};
    for (size_t i = 0; i < SC_LEN(bodies); i++) {
        assert_int_equal(hook("issue", bodies[i], NULL), SC_OK);
        assert_int_equal(n, 0);
    }
}

static void an_alert_becomes_a_report_with_its_in_app_stack(void **state) {
    (void)state;
    assert_int_equal(hook("event_alert", SENTRY_ALERT, NULL), SC_OK);
    assert_int_equal(n, 1);
    const sc_feedback *f = &items->feedback;
    same(f->external_id, "issue:4711");
    same(items->again_id, "issue:4711:event:aaaa1111bbbb2222cccc3333dddd4444");
    same(f->title, "KeyError: 'total'");
    same(f->body, "Caused by: OSError: disk\ncheckout failed\nin shop.cart in pay");
    same(f->stack, "pay (shop/cart.py)\nmain (shop/run.py)");
    same(f->url, "https://sentry.example/organizations/acme/issues/4711/events/aaaa/");
    assert_int_equal(f->created_at_ms, INT64_C(1772360430500));
    assert_string_equal(meta_text(items, "environment"), "production");
    assert_string_equal(meta_text(items, "release"), "shop@1.4.0");
    assert_string_equal(meta_text(items, "project"), "shop");
    assert_string_equal(meta_text(items, "rule"), "New issues");
    assert_string_equal(meta_text(items, "tags.browser"), "Firefox 130");
    assert_string_equal(meta_text(items, "tags.user"), "");
    assert_int_equal(hook("error", SENTRY_ERROR, NULL), SC_OK);
    same(items->feedback.external_id, "issue:4711");
}

static void one_issue_is_one_report_but_a_regression_is_news(void **state) {
    (void)state;
    assert_int_equal(hook("issue", SENTRY_ISSUE("created"), NULL), SC_OK);
    same(items->feedback.external_id, "issue:4711");
    same(items->feedback.status, "unresolved");
    assert_int_equal(items->again_id.n, 0);
    assert_int_equal(items->feedback.stack.n, 0);
    assert_int_equal(hook("issue", SENTRY_ISSUE("unresolved"), NULL), SC_OK);
    same(items->feedback.external_id, "issue:4711:unresolved:2026-03-05T00:00:01.25Z");
    assert_string_equal(meta_text(items, "regression"), "true");
    assert_string_equal(meta_text(items, "substatus"), "regressed");
    assert_int_equal(items->feedback.created_at_ms, INT64_C(1772668801250));
    /* Without lastSeen the signed body itself tells two regressions apart; a replay stays the same. */
    static const char bare[] =
        "{\"action\":\"unresolved\",\"data\":{\"issue\":{\"id\":4711,\"title\":\"x\"}}}";
    char first[64];
    assert_int_equal(hook("issue", bare, NULL), SC_OK);
    snprintf(first, sizeof first, "%.*s", SC_FMT(items->feedback.external_id));
    assert_non_null(strstr(first, "issue:4711:unresolved:"));
    assert_int_equal(hook("issue", bare, NULL), SC_OK);
    same(items->feedback.external_id, first);
}

static void the_setting_repeat_makes_more_of_an_issue(void **state) {
    (void)state;
    assert_int_equal(hook("event_alert", SENTRY_ALERT, "{\"repeat\":\"event\"}"), SC_OK);
    same(items->feedback.external_id, "issue:4711:event:aaaa1111bbbb2222cccc3333dddd4444");
    assert_int_equal(hook("event_alert", SENTRY_ALERT, "{\"repeat\":\"day\"}"), SC_OK);
    same(items->feedback.external_id, "issue:4711:2026-03-01");
    assert_int_equal(hook("issue", SENTRY_ISSUE("created"), "{\"repeat\":\"day\"}"), SC_OK);
    same(items->feedback.external_id, "issue:4711:2026-03-01");
    assert_int_equal(
        hook("event_alert", "{\"data\":{\"event\":{\"event_id\":\"e9\",\"message\":\"m\"}}}", NULL),
        SC_OK);
    same(items->feedback.external_id, "event:e9");
    same(items->feedback.title, "m");
    assert_int_equal(items->feedback.created_at_ms, NOW);
    assert_int_equal(hook("event_alert",
                          "{\"data\":{\"event\":{\"event_id\":\"e9\",\"message\":\"m\","
                          "\"issue_url\":\"https://s/api/0/issues/88/\"}}}",
                          NULL),
                     SC_OK);
    same(items->feedback.external_id, "issue:88");
}

static void filters_say_which_setting_it_was(void **state) {
    (void)state;
    static const struct {
        const char *kind, *body, *settings, *why;
    } rows[] = {
        {"event_alert", SENTRY_ALERT, "{\"environments\":[\"Production\"]}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"environments\":[\"staging\"]}", "environments"},
        {"issue", SENTRY_ISSUE("created"), "{\"environments\":[\"production\"]}", "environments"},
        {"issue", SENTRY_ISSUE("unresolved"), "{\"environments\":[\"production\"]}", NULL},
        {"issue", SENTRY_ISSUE("created"), "{\"created_issues\":false}", "created_issues"},
        {"issue", SENTRY_ISSUE("unresolved"), "{\"created_issues\":false}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"min_level\":\"fatal\"}", "min_level"},
        {"event_alert", SENTRY_ALERT, "{\"min_level\":\"error\"}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"levels\":[\"fatal\"]}", "levels"},
        {"event_alert", SENTRY_ALERT, "{\"levels\":[\"error\"]}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"projects\":[\"shop\"]}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"projects\":[\"5\"]}", NULL},
        {"event_alert", SENTRY_ALERT, "{\"projects\":[\"api\"]}", "projects"},
        {"issue", SENTRY_ISSUE("created"), "{\"projects\":[\"SHOP\"]}", NULL},
        {"issue", SENTRY_ISSUE("unresolved"), "{\"projects\":[\"api\"]}", "projects"},
        {"event_alert", SENTRY_ALERT, "{\"projects\":[],\"environments\":[],\"levels\":[]}", NULL},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        json_t *set = parsed(rows[i].settings);
        assert_int_equal(sc_source_sentry.check_settings(set, NULL), SC_OK);
        json_decref(set);
        assert_int_equal(hook(rows[i].kind, rows[i].body, rows[i].settings), SC_OK);
        assert_int_equal(n, 1);
        assert_int_equal(items->why != NULL, rows[i].why != NULL);
        if (rows[i].why) assert_non_null(strstr(items->why, rows[i].why));
    }
}

static void frames_fall_back_to_all_and_are_bounded(void **state) {
    (void)state;
    static const char all[] =
        "{\"event_id\":\"e\",\"title\":\"x\",\"platform\":\"java\",\"exception\":[{\"stacktrace\":{"
        "\"frames\":["
        "null,7,{},{\"function\":\"old\",\"module\":\"a.B\",\"filename\":\"B.java\"},"
        "{\"function\":null,\"filename\":\"<anonymous>\"},{\"module\":\"a.C\",\"function\":"
        "\"ne\\nw\"}]}},null]}";
    sc_source_item item;
    assert_int_equal(read_item(&sc_source_sentry, all, NULL, &item, &err), SC_OK);
    check_item(&item, SC_SOURCE_sentry);
    same(item.feedback.stack, "a.C.ne w (a.C)\n? (<anonymous>)\na.B.old (B.java)");
    sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_puts(&b, "{\"event_id\":\"e\",\"title\":\"x\",\"stacktrace\":{\"frames\":[");
    for (int i = 0; i < 300; i++) sc_buf_putf(&b, "%s{\"function\":\"f%d\"}", i ? "," : "", i);
    sc_buf_puts(&b, "]}}");
    assert_int_equal(read_item(&sc_source_sentry, b.p, NULL, &item, &err), SC_OK);
    assert_true(sc_str_starts(item.feedback.stack, "f299\nf298\n"));
    assert_true(sc_str_ends(item.feedback.stack, "\nf250"));
    sc_buf_done(&b);
}

static void objects_of_the_api_and_of_the_plugin_are_read(void **state) {
    (void)state;
    sc_source_item item;
    assert_int_equal(read_item(&sc_source_sentry, SENTRY_ISSUE_OBJECT, NULL, &item, &err), SC_OK);
    same(item.feedback.external_id, "issue:4711");
    assert_int_equal(read_item(&sc_source_sentry, SENTRY_PLUGIN, NULL, &item, &err), SC_OK);
    same(item.feedback.external_id, "issue:4711");
    same(item.feedback.body, "checkout failed\nin shop.cart in pay");
    same(item.feedback.url, "https://sentry.example/issues/4711/?referrer=webhooks_plugin");
    static const char rest[] = "{\"eventID\":\"e5\",\"groupID\":\"77\",\"title\":\"T\","
                               "\"dateCreated\":\"2026-03-01T00:00:00Z\","
                               "\"tags\":[{\"key\":\"environment\",\"value\":\"dev\"}],\"release\":"
                               "{\"version\":\"1.2\"},\"entries\":[{\"type\":\"exception\","
                               "\"data\":{\"values\":[{\"type\":\"E\",\"stacktrace\":{\"frames\":[{"
                               "\"function\":\"f\",\"absPath\":\"/a.c\",\"inApp\":true}]}}]}}]}";
    assert_int_equal(read_item(&sc_source_sentry, rest, NULL, &item, &err), SC_OK);
    same(item.feedback.external_id, "issue:77");
    same(item.feedback.stack, "f (/a.c)");
    assert_string_equal(meta_text(&item, "environment"), "dev");
    assert_string_equal(meta_text(&item, "release"), "1.2");
    assert_int_equal(read_item(&sc_source_sentry, PLAIN, NULL, &item, &err), SC_OK);
    same(item.feedback.external_id, "T-1");
}

static void hostile_text_is_cleaned_and_clipped(void **state) {
    (void)state;
    sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_buf_puts(&b, "{\"data\":{\"event\":{\"event_id\":\"e\\u0000\\u0007\\n1\",\"web_url\":"
                    "\"javascript:alert(1)\","
                    "\"title\":\"\\u001b[31m");
    for (int i = 0; i < 400; i++) sc_buf_puts(&b, "\xF0\x9F\x98\x80");
    sc_buf_puts(&b, "\",\"message\":\"");
    for (int i = 0; i < 100000; i++) sc_buf_puts(&b, "\\ud83d\\ude00");
    sc_buf_puts(&b, "\"}}}");
    assert_int_equal(hook("event_alert", b.p, NULL), SC_OK);
    const sc_feedback *f = &items->feedback;
    assert_true(f->title.n <= SC_FEEDBACK_MAX_TITLE && f->title.n > SC_FEEDBACK_MAX_TITLE - 8);
    assert_true(sc_str_ends(f->title, "\xE2\x80\xA6"));
    assert_true(sc_str_starts(f->body, "[31m\xF0\x9F\x98\x80"));
    assert_true(f->body.n > SC_FEEDBACK_MAX_BODY - 4);
    assert_string_equal(meta_text(items, "truncated"), "true");
    same(f->external_id, "event:e\xEF\xBF\xBD 1");
    assert_int_equal(f->url.n, 0);
    sc_buf_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_payloads_name_the_field),
        SOURCE_TEST(other_resources_and_actions_bring_nothing),
        SOURCE_TEST(an_alert_becomes_a_report_with_its_in_app_stack),
        SOURCE_TEST(one_issue_is_one_report_but_a_regression_is_news),
        SOURCE_TEST(the_setting_repeat_makes_more_of_an_issue),
        SOURCE_TEST(filters_say_which_setting_it_was),
        SOURCE_TEST(frames_fall_back_to_all_and_are_bounded),
        SOURCE_TEST(objects_of_the_api_and_of_the_plugin_are_read),
        SOURCE_TEST(hostile_text_is_cleaned_and_clipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
