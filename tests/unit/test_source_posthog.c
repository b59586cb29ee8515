#define SOURCE_UNDER_TEST posthog
#include "test_source_hook.h"

#include "test_source_samples.h"

static void bad_payloads_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{}", "event"},
        {"[]", "$"},
        {"{\"event\":7}", "event"},
        {"{\"event\":\"$exception\"}", "uuid"},
        {"{\"event\":{\"event\":\"$exception\",\"uuid\":true}}", "event.uuid"},
        {"{\"event\":{\"event\":\"$exception\",\"uuid\":\"u\",\"properties\":[]}}",
         "event.properties"},
        {"{\"event\":{\"event\":\"$exception\",\"uuid\":\"u\"}}",
         "event.properties.$exception_list"},
        {POSTHOG_EVENT("$exception", "\"$exception_list\":{}"), "event.properties.$exception_list"},
        {POSTHOG_EVENT("$exception", "\"$exception_list\":[7,{}]"),
         "event.properties.$exception_list"},
        {"{\"event\":{\"event\":\"$error_tracking_issue_created\",\"uuid\":\"u\",\"properties\":"
         "{\"name\":\"x\"}}}",
         "event.distinct_id"},
        {"{\"event\":{\"event\":\"survey sent\",\"uuid\":\"u\",\"timestamp\":\"soon\"}}",
         "event.timestamp"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(hook(bad[i].body, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
    assert_int_equal(hook("{\"event\":", NULL), SC_INVALID);
}

static void an_exception_becomes_a_report_without_the_person(void **state) {
    (void)state;
    is_taken(POSTHOG_EXCEPTION, NULL);
    const sc_feedback *f = &first->feedback;
    same(f->external_id, "issue:0190-i1");
    same(first->again_id, "issue:0190-i1:event:0190-u1");
    same(f->title, "TypeError: total is undefined");
    same(f->body, "Caused by: Error: no answer");
    same(f->stack, "pay (shop/cart.ts)");
    assert_int_equal(f->created_at_ms, INT64_C(1772360430000));
    assert_string_equal(meta_text(first, "level"), "error");
    assert_string_equal(meta_text(first, "page"), "https://shop.example/pay");
    assert_true(sc_str_find(f->metadata, SC_STR("mona")) == SIZE_MAX);
    is_filtered(POSTHOG_EXCEPTION, "{\"exceptions\":false}", "exceptions");
    is_taken(
        POSTHOG_EVENT("$exception",
                      "\"$exception_fingerprint\":\"f1\",\"$exception_list\":" POSTHOG_EXCEPTIONS),
        NULL);
    same(first->feedback.external_id, "fingerprint:f1");
    is_taken(POSTHOG_EVENT("$exception", "\"$exception_list\":" POSTHOG_EXCEPTIONS), NULL);
    same(first->feedback.external_id, "event:0190-u1");
}

static void an_alert_is_the_same_issue_as_its_exceptions(void **state) {
    (void)state;
    is_taken(POSTHOG_ALERT("created"), NULL);
    same(first->feedback.external_id, "issue:0190-i1");
    same(first->feedback.title, "TypeError: total is undefined");
    same(first->feedback.stack, "pay (shop/cart.ts)");
    is_taken(POSTHOG_ALERT("reopened"), NULL);
    same(first->feedback.external_id, "issue:0190-i1:reopened:0190-u1");
    assert_int_equal(first->again_id.n, 0);
    assert_string_equal(meta_text(first, "regression"), "true");
    is_filtered(POSTHOG_ALERT("spiking"), NULL, "spiking");
    is_taken(POSTHOG_ALERT("spiking"), "{\"spiking\":true}");
    same(first->feedback.external_id, "issue:0190-i1");
    is_filtered(POSTHOG_ALERT("resolved"), NULL, "neither");
    /* A large alert comes without the exception. */
    is_taken(POSTHOG_EVENT("$error_tracking_issue_created",
                           "\"name\":\"TypeError\",\"description\":\"total is undefined\""),
             NULL);
    same(first->feedback.title, "TypeError: total is undefined");
    same(first->feedback.body, "");
}

static void survey_answers_in_words_are_a_report(void **state) {
    (void)state;
    is_taken(POSTHOG_SURVEY, NULL);
    same(first->feedback.external_id, "survey:sub1");
    same(first->feedback.title, "");
    same(first->feedback.body, "Paying takes ages\nSpeed\nPrice");
    assert_string_equal(meta_text(first, "rating"), "7");
    assert_string_equal(meta_text(first, "survey"), "Checkout");
    is_filtered(POSTHOG_SURVEY, "{\"surveys\":[\"Other\"]}", "surveys");
    is_taken(POSTHOG_SURVEY, "{\"surveys\":[\"s1\"]}");
    is_filtered(
        POSTHOG_EVENT("survey sent", "\"$survey_response\":9,\"$survey_response_1\":\"10\""), NULL,
        "no answer");
    is_filtered(
        POSTHOG_EVENT("survey sent", "\"$survey_completed\":false,\"$survey_response\":\"so far\""),
        NULL, "filled in");
}

static void the_event_alone_is_understood_and_others_are_left_out(void **state) {
    (void)state;
    is_taken(
        "{\"event\":\"survey sent\",\"uuid\":\"u\",\"properties\":{\"$survey_response\":\"Slow\"}}",
        NULL);
    same(first->feedback.body, "Slow");
    is_filtered(POSTHOG_EVENT("$pageview", ""), NULL, "neither");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_payloads_name_the_field),
        SOURCE_TEST(an_exception_becomes_a_report_without_the_person),
        SOURCE_TEST(an_alert_is_the_same_issue_as_its_exceptions),
        SOURCE_TEST(survey_answers_in_words_are_a_report),
        SOURCE_TEST(the_event_alone_is_understood_and_others_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
