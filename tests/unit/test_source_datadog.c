#define SOURCE_UNDER_TEST datadog
#include "test_source_hook.h"

#include "test_source_samples.h"

#define ALERT(transition) DATADOG_ALERT(transition, "c1", "7001", "web-1")

static void bad_payloads_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{}", "title"},
        {"[]", "$"},
        {"{\"title\":7,\"id\":\"1\"}", "title"},
        {"{\"title\":\"x\"}", "alert_cycle_key"},
        {"{\"title\":\"x\",\"id\":\"$ID\",\"alert_cycle_key\":\"$ALERT_CYCLE_KEY\"}",
         "alert_cycle_key"},
        {"{\"title\":\"$EVENT_TITLE\",\"body\":\"null\",\"id\":\"1\"}", "title"},
        {"{\"title\":\"x\",\"id\":[1]}", "id"},
        {"{\"title\":\"x\",\"id\":1,\"body\":{}}", "body"},
        {"{\"title\":\"x\",\"id\":1,\"date\":\"yesterday\"}", "date"},
        {"{\"title\":\"x\",\"id\":1,\"date\":-5}", "date"},
        {"{\"title\":\"x\",\"id\":1,\"date\":\"999999999999999999999\"}", "date"},
        {"{\"title\":\"x\",\"id\":1,\"alert_transition\":{}}", "alert_transition"},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(hook(bad[i].body, NULL), SC_UNPROCESSABLE);
        assert_string_equal(err.field, bad[i].field);
    }
    assert_int_equal(hook("", NULL), SC_INVALID);
    assert_int_equal(hook("{\"title\": $EVENT_TITLE}", NULL), SC_INVALID);
    assert_int_equal(hook("payload=%7B%7D", NULL), SC_MEDIA_TYPE);
}

static void hostile_texts_are_cleaned_and_clipped(void **state) {
    (void)state;
    is_taken("{\"id\":1,\"title\":\"a\\u001b[2J\\nb\\u0000\",\"tags\":\"x\\u0007,,  "
             ",y\",\"hostname\":[1],"
             "\"link\":\"javascript:alert(1)\"}",
             NULL);
    same(first->feedback.title, "a[2J b\xEF\xBF\xBD");
    assert_int_equal(first->feedback.url.n, 0);
    assert_string_equal(meta_text(first, "host"), "");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_buf_puts(&b, "{\"id\":1,\"title\":\"");
    for (int i = 0; i < 5000; i++) sc_buf_puts(&b, "[x");
    sc_buf_puts(&b, "\",\"tags\":\"");
    for (int i = 0; i < 100000; i++) sc_buf_puts(&b, "tag,");
    sc_buf_puts(&b, "\",\"body\":\"");
    for (int i = 0; i < 100000; i++) sc_buf_puts(&b, "%%%\\n");
    sc_buf_puts(&b, "\"}");
    is_taken(b.p, NULL);
    assert_int_equal(first->feedback.title.n, SC_FEEDBACK_MAX_TITLE);
}

static void an_alert_becomes_a_report(void **state) {
    (void)state;
    is_taken(ALERT("Triggered"), NULL);
    const sc_feedback *f = &first->feedback;
    same(f->external_id, "cycle:c1");
    same(first->again_id, "cycle:c1:event:7001");
    same(f->title, "CPU is high");
    same(f->body, "The CPU of the checkout is busy.");
    same(f->status, "Triggered");
    same(f->url, "https://app.datadoghq.example/event/1");
    assert_int_equal(f->created_at_ms, INT64_C(1772360430000));
    assert_string_equal(meta_text(first, "monitor"), "4711");
    assert_string_equal(meta_text(first, "host"), "web-1");
    assert_string_equal(meta_text(first, "priority"), "P2");
    assert_string_equal(meta_text(first, "org"), "Acme");
}

static void the_default_payload_is_enough(void **state) {
    (void)state;
    is_taken(DATADOG_DEFAULT, NULL);
    same(first->feedback.external_id, "event:7001");
    assert_int_equal(first->again_id.n, 0);
    same(first->feedback.title, "[db] slow");
    same(first->feedback.status, "Triggered");
    same(first->feedback.body, "slow");
    is_filtered("{\"id\":2,\"title\":\"[Recovered on {host:a}] slow\"}", NULL, "recovered");
}

static void a_title_keeps_what_is_no_state(void **state) {
    (void)state;
    static const struct {
        const char *title, *want;
    } rows[] = {
        {"[Triggered] [Memory Alert]", "[Memory Alert]"},
        {"[Memory Warning] low", "[Memory Warning] low"},
        {"[Triggered]", "[Triggered]"},
        {"[Re-Warn on {host:a,b:c}] x", "x"},
        {"[P3] [No data on {a:b}] [x] y", "[x] y"},
        {"[Triggered on", "[Triggered on"},
        {"[Triggeredly] x", "[Triggeredly] x"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"id\":1,\"title\":\"%s\"}", rows[i].title);
        is_taken(body, NULL);
        same(first->feedback.title, rows[i].want);
    }
}

static void renotifications_are_one_report_and_a_new_cycle_another(void **state) {
    (void)state;
    is_taken(DATADOG_ALERT("Re-Triggered", "c1", "7002", "web-1"), NULL);
    same(first->feedback.external_id, "cycle:c1");
    same(first->again_id, "cycle:c1:event:7002");
    is_taken(DATADOG_ALERT("Triggered", "c2", "7003", "web-1"), NULL);
    same(first->feedback.external_id, "cycle:c2");
}

static void a_recovery_is_no_report(void **state) {
    (void)state;
    is_filtered(ALERT("Recovered"), NULL, "recovered");
    is_filtered(ALERT("Warn Recovered"), NULL, "recovered");
}

static void settings_filter(void **state) {
    (void)state;
    is_filtered(ALERT("Warn"), "{\"warnings\":false}", "warnings");
    is_filtered(ALERT("No Data"), "{\"no_data\":false}", "no_data");
    is_taken(ALERT("Triggered"), "{\"warnings\":false,\"no_data\":false}");
    is_filtered(ALERT("Triggered"), "{\"priorities\":[\"P1\"]}", "priorities");
    is_taken(ALERT("Triggered"), "{\"priorities\":[\"P1\",\"P2\"]}");
    is_filtered(ALERT("Triggered"), "{\"monitors\":[\"9\"]}", "monitors");
    is_taken(ALERT("Triggered"), "{\"monitors\":[\"cpu IS high\"]}");
    is_taken(ALERT("Triggered"), "{\"monitors\":[\"4711\"]}");
    is_filtered(ALERT("Triggered"), "{\"tags\":[\"env:dev\"]}", "tags");
    is_taken(ALERT("Triggered"), "{\"tags\":[\"team:shop\"]}");
    assert_int_equal(sc_source_datadog.check_settings(NULL, &err), SC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(bad_payloads_name_the_field),
        SOURCE_TEST(hostile_texts_are_cleaned_and_clipped),
        SOURCE_TEST(an_alert_becomes_a_report),
        SOURCE_TEST(the_default_payload_is_enough),
        SOURCE_TEST(a_title_keeps_what_is_no_state),
        SOURCE_TEST(renotifications_are_one_report_and_a_new_cycle_another),
        SOURCE_TEST(a_recovery_is_no_report),
        SOURCE_TEST(settings_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
