#include "test_source_support.h"

#include "test_source_samples.h"

static sc_source_item item;
static sc_err err;

static sc_rc read(const char *text) {
    sc_rc rc = read_item(&sc_source_manual, text, NULL, &item, &err);
    if (rc == SC_OK) check_item(&item, SC_SOURCE_manual);
    return rc;
}

static void wrong_members_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"[]", "$"},
        {"{}", "body"},
        {"{\"title\":\" \",\"body\":\"\\n\"}", "body"},
        {"{\"title\":7}", "title"},
        {"{\"body\":[]}", "body"},
        {"{\"text\":{}}", "text"},
        {"{\"body\":\"a\",\"text\":\"b\"}", "text"},
        {"{\"body\":\"a\",\"external_id\":true}", "external_id"},
        {"{\"body\":\"a\",\"metadata\":[]}", "metadata"},
        {"{\"body\":\"a\",\"created_at\":5}", "created_at"},
        {"{\"body\":\"a\",\"created_at\":\"now\"}", "created_at"},
        {"{\"body\":\"a\",\"url\":\"ftp://x\"}", "url"},
        {"{\"body\":\"a\",\"url\":\"https://x y\"}", "url"},
        {"{\"body\":\"a\",\"github_issue_number\":-1}", "github_issue_number"},
        {"{\"body\":\"a\",\"stack\":[\"x\"]}", "stack"},
        {"{\"body\":\"a\",\"repo\":\"acme/\\u0001shop\"}", "repo"},
        {"{\"body\":\"a\",\"status\":\"open\\u001b[2J\"}", "status"},
        {"{\"body\":\"a\",\"external_id\":\"T\\n1\"}", "external_id"},
        {"{\"body\":\"a\",\"external_id\":\"T\\u0085\"}", "external_id"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(read(bad[i].text), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
}

static void limits_are_kept_to_the_byte(void **state) {
    (void)state;
    static const struct {
        const char *key;
        size_t max;
    } rows[] = {
        {"title", SC_FEEDBACK_MAX_TITLE},
        {"body", SC_FEEDBACK_MAX_BODY},
        {"text", SC_FEEDBACK_MAX_BODY},
        {"external_id", SC_FEEDBACK_MAX_EXTERNAL_ID},
        {"status", 50},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        for (size_t over = 0; over < 2; over++) {
            sc_buf b;
            sc_buf_init(&b, 1 << 20);
            bool text = strcmp(rows[i].key, "text") == 0 || strcmp(rows[i].key, "body") == 0;
            sc_buf_putf(&b, "{%s\"%s\":\"", text ? "" : "\"text\":\"t\",", rows[i].key);
            for (size_t k = 0; k < rows[i].max + over; k++) sc_buf_putc(&b, 'x');
            sc_buf_puts(&b, "\"}");
            assert_int_equal(read(b.p), over ? SC_UNPROCESSABLE : SC_OK);
            if (over) assert_string_equal(err.field, rows[i].key);
            sc_buf_done(&b);
        }
}

static void metadata_is_bounded(void **state) {
    (void)state;
    sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_puts(&b, "{\"body\":\"x\",\"metadata\":{\"a\":\"");
    for (size_t i = 0; i < SC_FEEDBACK_MAX_METADATA; i++) sc_buf_putc(&b, 'x');
    sc_buf_puts(&b, "\"}}");
    assert_int_equal(read(b.p), SC_UNPROCESSABLE);
    assert_string_equal(err.field, "metadata");
    sc_buf_done(&b);
}

static void all_members_arrive(void **state) {
    (void)state;
    assert_int_equal(read(PLAIN), SC_OK);
    const sc_feedback *f = &item.feedback;
    same(f->external_id, "T-1");
    same(f->title, "Cart total is wrong");
    same(f->body, "It says 0.");
    same(f->stack, "pay (shop/cart.py)");
    same(f->url, "https://desk.example/T-1");
    same(f->status, "open");
    same(f->repo, "acme/shop");
    same(f->metadata, "{\"plan\":\"pro\"}");
    assert_int_equal(f->issue_number, 12);
    assert_int_equal(f->created_at_ms, INT64_C(1772360430000));
}

static void the_least_is_a_text(void **state) {
    (void)state;
    assert_int_equal(read("{\"text\":\"  It\\u0007 broke\\r\\nbadly \\ud83d\\ude00\"}"), SC_OK);
    same(item.feedback.body, "It broke\nbadly \xF0\x9F\x98\x80");
    assert_int_equal(item.feedback.external_id.n, 0);
    assert_int_equal(item.feedback.created_at_ms, NOW);
    same(item.feedback.metadata, "{}");
    assert_int_equal(read("{\"title\":\"a\\nb\\tc\\u0085d\",\"external_id\":77}"), SC_OK);
    same(item.feedback.title, "a b cd");
    same(item.feedback.external_id, "77");
}

static void generic_sources_keep_unknown_members_as_metadata(void **state) {
    (void)state;
    static const sc_feedback_source plain[] = {SC_SOURCE_generic, SC_SOURCE_datadog,
                                               SC_SOURCE_posthog, SC_SOURCE_splunk};
    for (size_t i = 0; i < SC_LEN(plain); i++) {
        assert_int_equal(
            read_item(sc_source_registry[plain[i]],
                      "{\"body\":\"x\",\"host\":\"a\",\"plan\":1,\"metadata\":{\"plan\":\"pro\"}}",
                      NULL, &item, &err),
            SC_OK);
        check_item(&item, plain[i]);
        same(item.feedback.metadata, "{\"plan\":\"pro\",\"host\":\"a\"}");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(wrong_members_are_named),
        SOURCE_TEST(limits_are_kept_to_the_byte),
        SOURCE_TEST(metadata_is_bounded),
        SOURCE_TEST(all_members_arrive),
        SOURCE_TEST(the_least_is_a_text),
        SOURCE_TEST(generic_sources_keep_unknown_members_as_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
