#include "test_source_support.h"

#include "test_source_samples.h"

static sc_source_item item;
static sc_err err;

static sc_rc read(const char *text, const char *settings) {
    sc_rc rc = read_item(&sc_source_reddit, text, settings, &item, &err);
    if (rc == SC_OK) check_item(&item, SC_SOURCE_reddit);
    return rc;
}

static void bad_items_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"{\"kind\":\"t5\",\"data\":{}}", "kind"},
        {"{\"kind\":\"Listing\",\"data\":{\"children\":[]}}", "kind"},
        {"{\"kind\":7,\"data\":{}}", "kind"},
        {"{\"kind\":\"t3\",\"data\":[]}", "data"},
        {"{\"kind\":\"t3\",\"data\":null}", "data"},
        {"{\"kind\":\"t3\",\"data\":{\"title\":\"x\"}}", "data.name"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\"}}", "data.title"},
        {"{\"kind\":\"t1\",\"data\":{\"name\":\"t1_1\"}}", "data.body"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\",\"title\":7}}", "data.title"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\",\"title\":\"x\",\"created_utc\":\"1\"}}",
         "data.created_utc"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\",\"title\":\"x\",\"created_utc\":-1}}",
         "data.created_utc"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\",\"title\":\"x\",\"created_utc\":1e300}}",
         "data.created_utc"},
        {"{\"kind\":\"t3\",\"data\":{\"name\":\"\\u0001\",\"title\":\"x\"}}", "data.name"},
        {"{\"subreddit\":\"x\",\"title\":\"y\",\"name\":1}", "name"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(read(bad[i].text, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
}

static void a_post_becomes_a_report_with_entities_decoded_once(void **state) {
    (void)state;
    static const char *const shapes[] = {REDDIT_POST, REDDIT_POST_DATA};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read(shapes[i], NULL), SC_OK);
        same(item.feedback.external_id, "t3_1abc2d");
        same(item.feedback.title, "App eats &amp; coins");
        same(item.feedback.body, "if a < b && c > d\n\nit crashes");
        same(item.feedback.url, "https://www.reddit.com/r/shopapp/comments/1abc2d/app/");
        assert_int_equal(item.feedback.created_at_ms, INT64_C(1772360430000));
        assert_string_equal(meta_text(&item, "score"), "17");
        assert_string_equal(meta_text(&item, "flair"), "Bug");
        assert_string_equal(meta_text(&item, "link"), "");
        assert_int_equal(item.verdict, SC_ITEM_OK);
    }
    assert_int_equal(read(REDDIT_POST, "{\"raw_json\":true}"), SC_OK);
    same(item.feedback.title, "App eats &amp;amp; coins");
}

static void a_comment_has_no_title_of_its_own(void **state) {
    (void)state;
    assert_int_equal(read(REDDIT_COMMENT, NULL), SC_OK);
    same(item.feedback.external_id, "t1_k9");
    assert_int_equal(item.feedback.title.n, 0);
    same(item.feedback.body, "same here >:(");
    assert_string_equal(meta_text(&item, "post_title"), "App eats coins");
    assert_string_equal(meta_text(&item, "post"), "t3_1abc2d");
    assert_int_equal(read(REDDIT_COMMENT, "{\"comments\":false}"), SC_OK);
    assert_int_equal(item.verdict, SC_ITEM_FILTERED);
}

static void crossposts_and_links_keep_what_people_wrote(void **state) {
    (void)state;
    assert_int_equal(read("{\"kind\":\"t3\",\"data\":{\"id\":\"9z\",\"title\":\"X-post\","
                          "\"selftext\":\"\",\"crosspost_parent\":\"t3_1\","
                          "\"crosspost_parent_list\":[{\"selftext\":\"a &lt; "
                          "b\"}],\"url_overridden_by_dest\":\"https://x.example/\","
                          "\"permalink\":\"https://www.reddit.com/r/a/\"}}",
                          NULL),
                     SC_OK);
    same(item.feedback.external_id, "t3_9z");
    same(item.feedback.body, "a < b");
    same(item.feedback.url, "https://www.reddit.com/r/a/");
    assert_string_equal(meta_text(&item, "crosspost_parent"), "t3_1");
    assert_string_equal(meta_text(&item, "link"), "https://x.example/");
    assert_int_equal(read("{\"kind\":\"t3\",\"data\":{\"id\":\"9z\",\"title\":\"x\",\"url\":"
                          "\"javascript:x\",\"permalink\":\"data:x\"}}",
                          NULL),
                     SC_OK);
    assert_int_equal(item.feedback.url.n, 0);
    assert_string_equal(meta_text(&item, "link"), "");
}

static void filters_say_why(void **state) {
    (void)state;
#define POST(members) "{\"kind\":\"t3\",\"data\":{\"name\":\"t3_1\",\"title\":\"x\"," members "}}"
    static const struct {
        const char *text, *settings, *why;
    } rows[] = {
        {POST("\"selftext\":\"[removed]\""), NULL, "removed"},
        {POST("\"selftext\":\"[deleted]\""), NULL, "removed"},
        {POST("\"selftext\":\"why [removed]?\""), NULL, NULL},
        {POST("\"removed_by_category\":\"moderator\""), NULL, "removed"},
        {POST("\"author\":\"[deleted]\""), NULL, NULL},
        {"{\"kind\":\"t1\",\"data\":{\"name\":\"t1_1\",\"body\":\"[removed]\"}}", NULL, "removed"},
        {"{\"kind\":\"more\",\"data\":{}}", NULL, "placeholder"},
        {POST("\"stickied\":true"), NULL, "stickied"},
        {POST("\"stickied\":true"), "{\"stickied\":true}", NULL},
        {POST("\"over_18\":true"), NULL, "over_18"},
        {POST("\"over_18\":true"), "{\"over_18\":true}", NULL},
        {POST("\"score\":2"), "{\"min_score\":3}", "min_score"},
        {POST("\"score\":3"), "{\"min_score\":3}", NULL},
        {POST("\"ups\":1"), "{\"min_score\":3}", NULL},
        {POST("\"subreddit\":\"Shop\""), "{\"subreddits\":[\"shop\"]}", NULL},
        {POST("\"subreddit\":\"other\""), "{\"subreddits\":[\"shop\"]}", "subreddits"},
        {POST("\"link_flair_text\":\"Bug \""), "{\"flairs\":[\"bug\"]}", NULL},
        {POST("\"link_flair_text\":null"), "{\"flairs\":[\"bug\"]}", "flairs"},
        {POST("\"crosspost_parent\":\"t3_0\""), "{\"crossposts\":false}", "crosspost"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        assert_int_equal(read(rows[i].text, rows[i].settings), SC_OK);
        assert_int_equal(item.why != NULL, rows[i].why != NULL);
        if (rows[i].why) assert_non_null(strstr(item.why, rows[i].why));
    }
    json_t *set =
        parsed("{\"min_score\":3,\"flairs\":[\"a\"],\"subreddits\":[\"b\"],\"raw_json\":true}");
    assert_int_equal(sc_source_reddit.check_settings(set, NULL), SC_OK);
    json_decref(set);
}

static void plain_items_are_taken_too(void **state) {
    (void)state;
    assert_int_equal(read(PLAIN, NULL), SC_OK);
    same(item.feedback.external_id, "T-1");
    assert_int_equal(read("[]", NULL), SC_UNPROCESSABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_items_name_the_field),
        SOURCE_TEST(a_post_becomes_a_report_with_entities_decoded_once),
        SOURCE_TEST(a_comment_has_no_title_of_its_own),
        SOURCE_TEST(crossposts_and_links_keep_what_people_wrote),
        SOURCE_TEST(filters_say_why),
        SOURCE_TEST(plain_items_are_taken_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
