#include "test_source_support.h"

#include "test_source_samples.h"

static sc_source_item *items;
static size_t n;
static sc_err err;

static sc_rc hook(const char *kind, const char *body, const char *settings) {
    items = NULL;
    n = 99;
    sc_rc rc = read_hook(&sc_source_github, "X-GitHub-Event", kind, sc_str_of(body), settings,
                         &items, &n, &err);
    if (rc == SC_OK)
        for (size_t i = 0; i < n; i++) check_item(&items[i], SC_SOURCE_github);
    return rc;
}

static void bad_payloads_name_the_field(void **state) {
    (void)state;
#define BAD_ISSUE(members) \
    "{\"action\":\"opened\",\"repository\":{\"full_name\":\"a/b\"},\"issue\":{" members "}}"
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{}", "action"},
        {"{\"action\":\"opened\"}", "issue"},
        {"{\"action\":\"opened\",\"issue\":[]}", "issue"},
        {BAD_ISSUE("\"title\":\"t\""), "issue.number"},
        {BAD_ISSUE("\"title\":\"t\",\"number\":0"), "issue.number"},
        {BAD_ISSUE("\"title\":\"t\",\"number\":-1"), "issue.number"},
        {BAD_ISSUE("\"title\":\"t\",\"number\":1e3"), "issue.number"},
        {BAD_ISSUE("\"title\":\"t\",\"number\":99999999999999999999"), "issue.number"},
        {BAD_ISSUE("\"title\":\"t\",\"number\":\"1\""), "issue.number"},
        {BAD_ISSUE("\"number\":1"), "issue.title"},
        {BAD_ISSUE("\"number\":1,\"title\":\" \\n\""), "issue.title"},
        {BAD_ISSUE("\"number\":1,\"title\":\"t\",\"body\":{}"), "issue.body"},
        {BAD_ISSUE("\"number\":1,\"title\":\"t\",\"created_at\":\"1960-01-01T00:00:00Z\""),
         "issue.created_at"},
        {BAD_ISSUE("\"number\":1,\"title\":\"t\",\"labels\":{}"), "issue.labels"},
        {"{\"action\":\"opened\",\"issue\":{\"number\":1,\"title\":\"t\"}}",
         "repository.full_name"},
        {"{\"action\":\"opened\",\"repository\":{\"full_name\":\"../"
         "etc\"},\"issue\":{\"number\":1}}",
         ""},
    };
    for (size_t i = 0; i + 1 < SC_LEN(bad); i++) {
        assert_int_equal(hook("issues", bad[i].body, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
    static const char *const repos[] = {"a",     "a/b/c", "/a", "a/",
                                        "a b/c", "a/b?x", "",   "\\u00e4/b"};
    for (size_t i = 0; i < SC_LEN(repos); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"action\":\"opened\",\"repository\":{\"full_name\":\"%s\"},"
                 "\"issue\":{\"number\":1,\"title\":\"t\"}}",
                 repos[i]);
        assert_int_equal(hook("issues", text, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, "repository.full_name");
    }
    assert_int_equal(hook("issues", "payload=%7B%7D", NULL), SC_MEDIA_TYPE);
    assert_int_equal(hook("", "{}", NULL), SC_UNPROCESSABLE);
    assert_string_equal(err.field, "X-GitHub-Event");
}

static void other_events_and_actions_bring_nothing(void **state) {
    (void)state;
    static const char *const kinds[] = {"ping", "issue_comment", "pull_request", "push", "Issues"};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        assert_int_equal(hook(kinds[i], "{\"zen\":\"x\"}", NULL), SC_OK);
        assert_int_equal(n, 0);
    }
    static const char *const bodies[] = {GITHUB_HOOK("assigned"), GITHUB_HOOK("pinned"),
                                         GITHUB_HOOK("locked")};
    for (size_t i = 0; i < SC_LEN(bodies); i++) {
        assert_int_equal(hook("issues", bodies[i], NULL), SC_OK);
        assert_int_equal(n, 0);
    }
}

static void an_issue_becomes_a_report(void **state) {
    (void)state;
    assert_int_equal(hook("issues", GITHUB_HOOK("opened"), NULL), SC_OK);
    assert_int_equal(n, 1);
    const sc_feedback *f = &items->feedback;
    same(f->external_id, "acme/shop#12");
    same(f->title, "Cart total is wrong");
    same(f->body, "Steps:\n1. add\n2. pay");
    same(f->repo, "acme/shop");
    same(f->status, "open");
    same(f->url, "https://github.com/acme/shop/issues/12");
    assert_int_equal(f->issue_number, 12);
    assert_int_equal(f->created_at_ms, INT64_C(1772360430000));
    assert_string_equal(meta_text(items, "labels.1"), "P1");
    assert_string_equal(meta_text(items, "author"), "mona");
    assert_string_equal(meta_text(items, "milestone"), "v2");
    assert_string_equal(meta_text(items, "comments"), "3");
    assert_int_equal(items->verdict, SC_ITEM_OK);
}

static void actions_keep_the_id_and_say_what_changed(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool taken;
        const char *again;
    } rows[] = {
        {GITHUB_HOOK("edited"), true, ""},
        {GITHUB_HOOK("closed"), true, ""},
        {GITHUB_HOOK("labeled"), true, ""},
        {GITHUB_HOOK("deleted"), false, ""},
        {GITHUB_HOOK("transferred"), false, ""},
        {GITHUB_HOOK("reopened"), true, "acme/shop#12:reopened:2026-03-02T00:00:00Z"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        assert_int_equal(hook("issues", rows[i].body, NULL), SC_OK);
        same(items->feedback.external_id, "acme/shop#12");
        assert_int_equal(items->verdict == SC_ITEM_OK, rows[i].taken);
        same(items->again_id, rows[i].again);
        assert_int_equal(items->feedback.created_at_ms,
                         *rows[i].again ? INT64_C(1772409600000) : INT64_C(1772360430000));
    }
}

static void filters_say_which_setting_it_was(void **state) {
    (void)state;
#define WITH(members)                                                                    \
    "{\"number\":1,\"title\":\"t\",\"repository_url\":\"https://api.github.com/repos/a/" \
    "b\"," members "}"
    static const struct {
        const char *body, *settings, *why;
    } rows[] = {
        {WITH("\"pull_request\":{\"url\":\"x\"}"), NULL, "pull request"},
        {WITH("\"pull_request\":null"), NULL, NULL},
        {WITH("\"user\":{\"login\":\"dependabot[bot]\"}"), NULL, "bots"},
        {WITH("\"user\":{\"login\":\"x\",\"type\":\"Bot\"}"), "{\"bots\":false}", "bots"},
        {WITH("\"user\":{\"login\":\"x\",\"type\":\"Bot\"}"), "{\"bots\":true}", NULL},
        {WITH("\"labels\":[\"bug\"]"), "{\"labels\":[\"BUG\"]}", NULL},
        {WITH("\"labels\":[{\"name\":\"bug\"},7,null,{}]"), "{\"labels\":[\"bug\"]}", NULL},
        {WITH("\"labels\":[]"), "{\"labels\":[\"bug\"]}", "labels"},
        {WITH("\"labels\":[{\"name\":\"wontfix\"},{\"name\":\"bug\"}]"),
         "{\"labels\":[\"bug\"],\"exclude_labels\":[\"wontfix\"]}", "exclude_labels"},
        {WITH("\"body\":null"), "{\"repos\":[\"a/B\"]}", NULL},
        {WITH("\"body\":null"), "{\"repos\":[\"a/c\"]}", "repos"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_source_item item;
        assert_int_equal(read_item(&sc_source_github, rows[i].body, rows[i].settings, &item, &err),
                         SC_OK);
        check_item(&item, SC_SOURCE_github);
        assert_int_equal(item.why != NULL, rows[i].why != NULL);
        if (rows[i].why) assert_non_null(strstr(item.why, rows[i].why));
    }
}

static void items_of_the_rest_api_and_plain_ones_are_read(void **state) {
    (void)state;
    sc_source_item item;
    assert_int_equal(read_item(&sc_source_github, GITHUB_ISSUE_OBJECT, NULL, &item, &err), SC_OK);
    same(item.feedback.external_id, "acme/shop#12");
    assert_int_equal(read_item(&sc_source_github,
                               "{\"number\":3,\"title\":\"t\",\"repository_url\":\"https://"
                               "ghe.example/api/v3/repos/o/r\"}",
                               NULL, &item, &err),
                     SC_OK);
    same(item.feedback.external_id, "o/r#3");
    assert_int_equal(
        read_item(&sc_source_github, "{\"number\":3,\"title\":\"t\"}", NULL, &item, &err),
        SC_UNPROCESSABLE);
    assert_string_equal(err.field, "repository_url");
    assert_int_equal(read_item(&sc_source_github, PLAIN, NULL, &item, &err), SC_OK);
    same(item.feedback.repo, "acme/shop");
    assert_int_equal(item.feedback.issue_number, 12);
    assert_int_equal(read_item(&sc_source_github, "7", NULL, &item, &err), SC_UNPROCESSABLE);
}

static sc_rc pull(const char *kind, const char *body, sc_source_pull *ret) {
    sc_source_header h = {SC_STR("X-GitHub-Event"), sc_str_of(kind)};
    sc_source_request r = {.body = sc_str_of(body), .headers = &h, .n_headers = 1, .now_ms = NOW};
    memset(&err, 0, sizeof err);
    return sc_source_github.pull(&r, &arena, ret, &err);
}

static void who_answers_a_pull_request_is_heard(void **state) {
    (void)state;
#define REPOSITORY "\"repository\":{\"full_name\":\"acme/shop\"}"
#define ON_PULL(action) \
    "{\"action\":\"" action "\",\"pull_request\":{\"number\":7,\"merged\":true}," REPOSITORY "}"
#define ON_ISSUE(action, more) \
    "{\"action\":\"" action "\",\"issue\":{\"number\":7" more "}," REPOSITORY "}"
    static const struct {
        const char *event, *body;
        bool heard;
    } rows[] = {
        {"pull_request", ON_PULL("closed"), true},
        {"pull_request", ON_PULL("reopened"), true},
        {"pull_request", ON_PULL("labeled"), false},
        {"pull_request_review", ON_PULL("submitted"), true},
        {"pull_request_review", ON_PULL("dismissed"), false},
        {"pull_request_review_comment", ON_PULL("created"), true},
        {"issue_comment", ON_ISSUE("created", ",\"pull_request\":{\"url\":\"u\"}"), true},
        {"issue_comment", ON_ISSUE("deleted", ",\"pull_request\":{\"url\":\"u\"}"), false},
        {"issue_comment", ON_ISSUE("created", ""), false},
        {"issue_comment", ON_ISSUE("created", ",\"pull_request\":null"), false},
        {"issues", ON_ISSUE("closed", ""), false},
        {"ping", "{\"zen\":\"x\"}", false},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_source_pull got = {.number = 99};
        assert_int_equal(pull(rows[i].event, rows[i].body, &got), SC_OK);
        assert_int_equal(got.number, rows[i].heard ? 7 : 0);
        if (rows[i].heard) same(got.repo, "acme/shop");
    }
    static const struct {
        const char *event, *body, *field;
    } bad[] = {
        {"pull_request", "{}", "action"},
        {"pull_request", "{\"action\":\"closed\"}", "pull_request"},
        {"pull_request", "{\"action\":\"closed\",\"pull_request\":{}," REPOSITORY "}",
         "pull_request.number"},
        {"pull_request", "{\"action\":\"closed\",\"pull_request\":{\"number\":-1}," REPOSITORY "}",
         "pull_request.number"},
        {"pull_request", "{\"action\":\"closed\",\"pull_request\":{\"number\":7}}",
         "repository.full_name"},
        {"issue_comment", "{\"action\":\"created\",\"issue\":3}", "issue"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_source_pull got;
        assert_int_equal(pull(bad[i].event, bad[i].body, &got), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_payloads_name_the_field),
        SOURCE_TEST(other_events_and_actions_bring_nothing),
        SOURCE_TEST(an_issue_becomes_a_report),
        SOURCE_TEST(actions_keep_the_id_and_say_what_changed),
        SOURCE_TEST(who_answers_a_pull_request_is_heard),
        SOURCE_TEST(filters_say_which_setting_it_was),
        SOURCE_TEST(items_of_the_rest_api_and_plain_ones_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
