/* W3C trace context, read strictly, and what a request's id stands for. Cases in part after the Recommendation's own test
 * suite (https://github.com/w3c/trace-context/tree/main/test), rewritten here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/id.h"
#include "base/span.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static bool parses(const char *text) {
    sc_span_ctx c = {.flags = 0};
    return sc_traceparent_parse(sc_str_of(text), &c);
}

static void a_traceparent_that_is_not_one_is_none(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "00",
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-1",
        "00-" TRACE "-" SPAN "-001",
        "00-" TRACE "-" SPAN "-01-",
        "00-" TRACE "-" SPAN "-01-what",
        "00-" TRACE "-" SPAN "-01.",
        "ff-" TRACE "-" SPAN "-01",
        "ff-" TRACE "-" SPAN "-01-what",
        "0-" TRACE "-" SPAN "-01x",
        ".0-" TRACE "-" SPAN "-01",
        "0A-" TRACE "-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-" SPAN "-0A",
        "00-" TRACE "-" SPAN "-0g",
        "00_" TRACE "_" SPAN "_01",
        " 00-" TRACE "-" SPAN "-01",
        "00-" TRACE "-" SPAN "-01 ",
        "01-" TRACE "-" SPAN "-01x",
        "00-" TRACE "-" SPAN "-0",
    };
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        if (parses(wrong[i])) fail_msg("taken: \"%s\"", wrong[i]);
}

static void a_traceparent_is_read_and_written(void **state) {
    (void)state;
    char text[SC_TRACEPARENT_TEXT];
    sc_span_ctx c = {.flags = 0};
    assert_true(sc_traceparent_parse(SC_STR("00-" TRACE "-" SPAN "-01"), &c));
    assert_int_equal(c.flags, 1);
    sc_traceparent_write(&c, text);
    assert_string_equal(text, "00-" TRACE "-" SPAN "-01");
    /* Other flags mean nothing yet, and are not handed on; later versions are read as far as they are known. */
    assert_true(sc_traceparent_parse(SC_STR("cc-" TRACE "-" SPAN "-fe-what-else"), &c));
    assert_int_equal(c.flags, 0);
    sc_traceparent_write(&c, text);
    assert_string_equal(text, "00-" TRACE "-" SPAN "-00");
    assert_true(parses("01-" TRACE "-" SPAN "-01"));
}

static const char *state_of(const char *text) {
    static char out[SC_TRACESTATE_MAX + 1];
    return sc_tracestate_check(sc_str_of(text), out) ? out : NULL;
}

static void a_malformed_tracestate_is_dropped(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "foo",
        "foo=",
        "=1",
        "foo =1",
        "FOO=1",
        "foo=1=2",
        "foo=a,foo=b",
        "foo@=1",
        "@foo=1",
        "foo@@bar=1",
        "foo@bar@baz=1",
        "1foo=1",
        "foo@1bar=1",
        "foo=1;bar=2;baz==3",
        "foo.bar=1",
        "foo=\x7f",
    };
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        if (state_of(wrong[i])) fail_msg("taken: \"%s\"", wrong[i]);
    char many[400];
    size_t n = 0;
    for (int i = 0; i < 33; i++)
        n += (size_t)snprintf(many + n, sizeof many - n, "%sk%d=v", i ? "," : "", i);
    assert_null(state_of(many));
}

static void a_tracestate_is_handed_on_as_it_came(void **state) {
    (void)state;
    assert_string_equal(state_of("foo=1"), "foo=1");
    assert_string_equal(state_of(" foo=1 \t,, bar=2,"), "foo=1,bar=2");
    assert_string_equal(state_of("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
                        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    assert_string_equal(state_of("1a-2f@foo=bar b"), "1a-2f@foo=bar b");
    assert_string_equal(state_of(""), "");
    /* Too much: long entries go first, then the oldest. */
    char text[1024];
    snprintf(text, sizeof text, "a=1,b=%0200d,c=%0200d,d=%0100d,e=%0100d,f=%0100d,g=%0100d", 1, 2,
             3, 4, 5, 6);
    const char *kept = state_of(text);
    assert_non_null(kept);
    assert_true(strlen(kept) <= SC_TRACESTATE_MAX);
    assert_true(strncmp(kept, "a=1,d=", 6) == 0);
    assert_non_null(strstr(kept, ",g="));
}

static void an_id_stands_for_one_trace(void **state) {
    (void)state;
    unsigned char a[16], b[16];
    char text[SC_TRACE_TEXT];
    sc_span_trace_of(SC_STR(TRACE), a);
    sc_span_trace_text(a, text);
    assert_string_equal(text, TRACE);
    sc_span_trace_of(SC_STR("4bf92f35-77b3-4da6-a3ce-929d0e0e4736"), b);
    assert_memory_equal(a, b, 16);
    sc_span_trace_of(SC_STR("my-request-7"), a);
    sc_span_trace_of(SC_STR("my-request-7"), b);
    assert_memory_equal(a, b, 16);
    sc_span_trace_of(SC_STR("my-request-8"), b);
    assert_memory_not_equal(a, b, 16);
    sc_span_trace_of(SC_STR("00000000000000000000000000000000"), a); /* no trace has this id */
    sc_span_trace_text(a, text);
    assert_string_not_equal(text, "00000000000000000000000000000000");
}

static sc_span got[4];
static size_t n_got;
static void keep(void *self, const sc_span *s) {
    (void)self;
    if (n_got < SC_LEN(got)) got[n_got++] = *s;
}

static void parts_are_in_the_trace_of_their_whole(void **state) {
    (void)state;
    static const sc_span_sink sink = {.put = keep};
    sc_span whole, part;
    n_got = 0;
    sc_span_begin(&whole, "job", SC_SPAN_INTERNAL, SC_STR(TRACE)); /* nobody listens */
    sc_span_end(&whole, false);
    assert_int_equal(n_got, 0);
    sc_span_sink_set(&sink);
    sc_span_begin(&whole, "job", SC_SPAN_INTERNAL, SC_STR(TRACE));
    sc_span_begin_part(&part, "call", SC_SPAN_CLIENT);
    assert_ptr_equal(sc_span_current(), &part.ctx);
    for (int i = 0; i < 20; i++) sc_span_set_int(&part, "n", i);
    sc_span_end(&part, true);
    assert_ptr_equal(sc_span_current(), &whole.ctx);
    sc_span_set_text(&whole, "kind", SC_STR("group"));
    sc_span_end(&whole, false);
    assert_null(sc_span_current());
    sc_span_sink_set(NULL);
    assert_int_equal(n_got, 2);
    assert_memory_equal(got[0].ctx.trace, got[1].ctx.trace, 16);
    assert_memory_equal(got[0].parent, got[1].ctx.span, 8);
    assert_true(got[0].failed && !got[1].failed && got[0].n_attrs == SC_SPAN_ATTRS);
    assert_string_equal(got[1].attrs[0].text, "group");
    assert_true(got[0].start_us && got[0].end_us >= got[0].start_us);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_that_is_not_one_is_none),
        cmocka_unit_test(a_traceparent_is_read_and_written),
        cmocka_unit_test(a_malformed_tracestate_is_dropped),
        cmocka_unit_test(a_tracestate_is_handed_on_as_it_came),
        cmocka_unit_test(an_id_stands_for_one_trace),
        cmocka_unit_test(parts_are_in_the_trace_of_their_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
