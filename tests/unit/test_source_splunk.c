#define SOURCE_UNDER_TEST splunk
#include "test_source_hook.h"

#include "test_source_samples.h"

static void bad_payloads_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{}", "sid"},
        {"[]", "$"},
        {"{\"sid\":true}", "sid"},
        {"{\"sid\":\"s\"}", "result"},
        {"{\"sid\":\"s\",\"search_name\":null,\"result\":{}}", "result"},
        {"{\"sid\":\"s\",\"search_name\":[]}", "search_name"},
        {"{\"sid\":\"s\",\"search_name\":\"x\",\"result\":[]}", "result"},
        {"{\"sid\":\"s\",\"search_name\":\"x\",\"results_link\":7}", "results_link"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(hook(bad[i].body, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
    assert_int_equal(hook("{\"sid\":", NULL), SC_INVALID);
}

static void hostile_rows_are_cleaned_and_bounded(void **state) {
    (void)state;
    is_taken(SPLUNK_ALERT(
                 "s", "{\"a\\u001b\":\"b\\u0000c\",\"d\":{\"e\":1},\"f\":[[1],{},null,2.5,true]}"),
             NULL);
    same(first->feedback.body, "a: b\xEF\xBF\xBD"
                               "c\nd: \nf: , , , 2.5, true");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 8 << 20);
    sc_buf_puts(&b, "{\"sid\":\"s\",\"search_name\":\"x\",\"result\":{");
    for (int i = 0; i < 20000; i++) sc_buf_putf(&b, "%s\"field%d\":\"v\"", i ? "," : "", i);
    sc_buf_puts(&b, "}}");
    is_taken(b.p, NULL);
    assert_true(first->feedback.body.n < 2000);
}

static void an_alert_becomes_a_report(void **state) {
    (void)state;
    is_taken(SPLUNK_ALERT(SPLUNK_SID, SPLUNK_ROW), NULL);
    const sc_feedback *f = &first->feedback;
    assert_true(sc_str_starts(f->external_id, "sid:" SPLUNK_SID ":"));
    same(f->title, "Payment errors");
    same(f->body, "error: card declined by gateway\ncount: 8\nusers: a, b");
    same(f->url, "http://web.example:8000/app/search/@go?sid=x");
    assert_int_equal(f->created_at_ms, INT64_C(1772360430000));
    assert_string_equal(meta_text(first, "host"), "web-1");
    assert_string_equal(meta_text(first, "app"), "search");
    is_taken(SPLUNK_ALERT("by hand_at_7", "{\"_raw\":\"12:01 boom\",\"x\":1}"), NULL);
    same(first->feedback.body, "12:01 boom");
    assert_int_equal(first->feedback.created_at_ms, NOW);
}

static void each_row_of_a_search_is_a_report_and_the_same_row_a_duplicate(void **state) {
    (void)state;
    char one[200], again[200];
    is_taken(SPLUNK_ALERT(SPLUNK_SID, "{\"a\":1}"), NULL);
    snprintf(one, sizeof one, "%.*s", SC_FMT(first->feedback.external_id));
    is_taken(SPLUNK_ALERT(SPLUNK_SID, "{ \"a\": 1 }"), NULL);
    snprintf(again, sizeof again, "%.*s", SC_FMT(first->feedback.external_id));
    assert_string_equal(one, again);
    is_taken(SPLUNK_ALERT(SPLUNK_SID, "{\"a\":2}"), NULL);
    assert_false(sc_str_is(first->feedback.external_id, one));
}

static void a_search_may_be_one_report_a_day(void **state) {
    (void)state;
    is_taken(SPLUNK_ALERT(SPLUNK_SID, SPLUNK_ROW), "{\"repeat\":\"day\"}");
    same(first->feedback.external_id, "search:search/Payment errors:2026-03-01");
    assert_true(sc_str_starts(first->again_id, "sid:" SPLUNK_SID));
    is_taken("{\"sid\":\"s\",\"search_name\":null,\"result\":{\"a\":1}}", "{\"repeat\":\"day\"}");
    assert_true(sc_str_starts(first->feedback.external_id, "sid:s:"));
}

static void settings_filter(void **state) {
    (void)state;
    is_filtered(SPLUNK_ALERT("s", "{}"), "{\"searches\":[\"Other\"]}", "searches");
    is_taken(SPLUNK_ALERT("s", "{}"), "{\"searches\":[\"payment ERRORS\"],\"apps\":[\"search\"]}");
    is_filtered(SPLUNK_ALERT("s", "{}"), "{\"apps\":[\"ops\"]}", "apps");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_payloads_name_the_field),
        SOURCE_TEST(hostile_rows_are_cleaned_and_bounded),
        SOURCE_TEST(an_alert_becomes_a_report),
        SOURCE_TEST(each_row_of_a_search_is_a_report_and_the_same_row_a_duplicate),
        SOURCE_TEST(a_search_may_be_one_report_a_day),
        SOURCE_TEST(settings_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
