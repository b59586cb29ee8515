/* The JSON of OTLP's requests. What a collector makes of it is looked at by tests/e2e/test_otlp.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json.h"
#include "telemetry/otlp_json.h"

static json_t *parsed(sc_buf *b) {
    json_t *v = NULL;
    sc_err err = {0};
    assert_false(b->failed);
    if (sc_json_parse(sc_buf_str(b), &v, &err)) fail_msg("%s\n%s", err.msg, b->p);
    sc_buf_done(b);
    return v;
}

static void resources_are_read_from_the_environments_form(void **state) {
    (void)state;
    sc_buf b;
    sc_err err = {0};
    sc_buf_init(&b, 1 << 16);
    assert_int_equal(
        sc_otlp_resource(SC_STR("s\"1"), SC_STR("2"), SC_STR(" a = b%2Cc , d=%zz,e="), &b, &err),
        SC_OK);
    json_t *v = parsed(&b), *a = json_object_get(v, "attributes");
    assert_int_equal(json_array_size(a), 5);
    assert_true(sc_str_is(sc_json_str_at(json_array_get(a, 0), "value.stringValue"), "s\"1"));
    assert_true(sc_str_is(sc_json_str_at(json_array_get(a, 2), "key"), "a"));
    assert_true(sc_str_is(sc_json_str_at(json_array_get(a, 2), "value.stringValue"), "b,c"));
    assert_true(sc_str_is(sc_json_str_at(json_array_get(a, 3), "value.stringValue"), "%zz"));
    json_decref(v);
    static const char *const wrong[] = {"a", "=b", "a=b,c"};
    for (size_t i = 0; i < SC_LEN(wrong); i++) {
        sc_buf_init(&b, 1 << 16);
        assert_int_equal(sc_otlp_resource(SC_STR("s"), SC_STR("2"), sc_str_of(wrong[i]), &b, &err),
                         SC_INVALID);
        sc_buf_done(&b);
    }
}

static void spans_have_ids_in_hex_and_times_as_text(void **state) {
    (void)state;
    sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_span s = {.ctx = {.trace = {0x4b, 0xf9}, .span = {1}, .flags = 1},
                 .name = "x",
                 .kind = SC_SPAN_SERVER,
                 .start_us = 5,
                 .end_us = 7,
                 .failed = true};
    sc_span_set_text(&s, "t", SC_STR("a\"b\n\xc3\xa4"));
    sc_span_set_int(&s, "n", -3);
    sc_otlp_spans((sc_span[]){s, s}, 2, SC_STR("{}"), SC_STR("v"), &b);
    json_t *v = parsed(&b);
    const json_t *list = json_object_get(
        json_array_get(
            json_object_get(json_array_get(json_object_get(v, "resourceSpans"), 0), "scopeSpans"),
            0),
        "spans");
    assert_int_equal(json_array_size(list), 2);
    const json_t *x = json_array_get(list, 1);
    assert_true(sc_str_is(sc_json_str_at(x, "traceId"), "4bf90000000000000000000000000000"));
    assert_true(sc_str_is(sc_json_str_at(x, "spanId"), "0100000000000000"));
    assert_null(json_object_get(x, "parentSpanId"));
    assert_true(sc_str_is(sc_json_str_at(x, "endTimeUnixNano"), "7000"));
    assert_int_equal(json_integer_value(json_object_get(x, "kind")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(x, "status"), "code")), 2);
    assert_true(sc_str_is(
        sc_json_str_at(json_array_get(json_object_get(x, "attributes"), 1), "value.intValue"),
        "-3"));
    json_decref(v);
}

static const json_t *metric(const json_t *v, size_t i) {
    return json_array_get(
        json_object_get(
            json_array_get(json_object_get(json_array_get(json_object_get(v, "resourceMetrics"), 0),
                                           "scopeMetrics"),
                           0),
            "metrics"),
        i);
}

static void metrics_come_from_prometheus_text(void **state) {
    (void)state;
    static const char text[] =
        "# HELP c Things, \"counted\".\n# TYPE c counter\nc{a=\"x\",b=\"1\"} 3\nc{a=\"y\",b=\"2\"} "
        "4\n"
        "# HELP empty None.\n# TYPE empty counter\n"
        "# HELP g Now.\n# TYPE g gauge\ng 1.5\n"
        "# HELP h Long.\n# TYPE h histogram\n"
        "h_bucket{o=\"p\",le=\"0.1\"} 1\nh_bucket{o=\"p\",le=\"1\"} "
        "3\nh_bucket{o=\"p\",le=\"+Inf\"} 4\nh_sum{o=\"p\"} 2.5\nh_count{o=\"p\"} 4\n"
        "h_bucket{o=\"q\",le=\"0.1\"} 0\nh_bucket{o=\"q\",le=\"1\"} "
        "0\nh_bucket{o=\"q\",le=\"+Inf\"} 2\nh_sum{o=\"q\"} 9\nh_count{o=\"q\"} 2\n"
        "nonsense\nc{ 5\n";
    sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_otlp_metrics(sc_str_of(text), 1, 2, SC_STR("{}"), SC_STR("v"), &b);
    json_t *v = parsed(&b);
    const json_t *c = metric(v, 0), *g = metric(v, 1), *h = metric(v, 2);
    assert_null(metric(v, 3));
    assert_true(sc_str_is(sc_json_str_at(c, "name"), "c") &&
                sc_str_is(sc_json_str_at(c, "description"), "Things, \"counted\"."));
    const json_t *points = json_object_get(json_object_get(c, "sum"), "dataPoints");
    assert_int_equal(json_array_size(points), 2);
    assert_true(json_is_true(json_object_get(json_object_get(c, "sum"), "isMonotonic")));
    assert_true(json_number_value(json_object_get(json_array_get(points, 1), "asDouble")) == 4);
    assert_true(sc_str_is(
        sc_json_str_at(json_array_get(json_object_get(json_array_get(points, 1), "attributes"), 0),
                       "value.stringValue"),
        "y"));
    assert_non_null(json_object_get(g, "gauge"));
    points = json_object_get(json_object_get(h, "histogram"), "dataPoints");
    assert_int_equal(json_array_size(points), 2);
    const json_t *p = json_array_get(points, 0), *counts = json_object_get(p, "bucketCounts");
    assert_true(sc_str_is(sc_json_str_at(p, "count"), "4"));
    assert_int_equal(json_array_size(counts), 3);
    assert_string_equal(json_string_value(json_array_get(counts, 1)), "2");
    assert_string_equal(json_string_value(json_array_get(counts, 2)), "1");
    assert_int_equal(json_array_size(json_object_get(p, "explicitBounds")), 2);
    assert_true(json_number_value(json_object_get(json_array_get(points, 1), "sum")) == 9);
    json_decref(v);
}

static void logs_carry_their_trace(void **state) {
    (void)state;
    char attrs[] = "{\"key\":\"k\",\"value\":{\"intValue\":\"1\"}}";
    const sc_otlp_log logs[] = {{.at_us = 1,
                                 .level = SC_LOG_WARN,
                                 .event = "e\"1",
                                 .attrs = attrs,
                                 .traced = true,
                                 .trace = {1},
                                 .span = {2}},
                                {.at_us = 2, .level = SC_LOG_DEBUG, .event = "bare"}};
    sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_otlp_logs(logs, 2, SC_STR("{}"), SC_STR("v"), &b);
    json_t *v = parsed(&b);
    const json_t *list = json_object_get(
        json_array_get(
            json_object_get(json_array_get(json_object_get(v, "resourceLogs"), 0), "scopeLogs"), 0),
        "logRecords");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "severityNumber")),
                     13);
    assert_true(sc_str_is(sc_json_str_at(json_array_get(list, 0), "body.stringValue"), "e\"1"));
    assert_non_null(json_object_get(json_array_get(list, 0), "traceId"));
    assert_null(json_object_get(json_array_get(list, 1), "traceId"));
    json_decref(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_read_from_the_environments_form),
        cmocka_unit_test(spans_have_ids_in_hex_and_times_as_text),
        cmocka_unit_test(metrics_come_from_prometheus_text),
        cmocka_unit_test(logs_carry_their_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
