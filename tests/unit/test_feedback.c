#include "core/feedback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char big[SC_FEEDBACK_MAX_BODY + 1];

static sc_feedback plain(void) {
    return (sc_feedback){.source = SC_SOURCE_manual,
                         .external_id = SC_STR("e1"),
                         .title = SC_STR("title"),
                         .body = SC_STR("body"),
                         .metadata = SC_STR("{}"),
                         .created_at_ms = 5,
                         .received_at_ms = 9};
}

static void refused(sc_feedback f, const char *field) {
    sc_err err;
    assert_int_equal(sc_feedback_normalise(&f, &err), SC_UNPROCESSABLE);
    assert_string_equal(err.field, field);
}

static void what_is_over_a_limit_is_refused_and_what_is_at_it_is_taken(void **state) {
    (void)state;
    static const struct {
        const char *field;
        size_t offset, max;
    } rows[] = {
        {"external_id", offsetof(sc_feedback, external_id), SC_FEEDBACK_MAX_EXTERNAL_ID},
        {"title", offsetof(sc_feedback, title), SC_FEEDBACK_MAX_TITLE},
        {"body", offsetof(sc_feedback, body), SC_FEEDBACK_MAX_BODY},
    };
    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_feedback f = plain();
        sc_str *s = (sc_str *)(void *)((char *)&f + rows[i].offset);
        *s = (sc_str){big, rows[i].max + 1};
        refused(f, rows[i].field);
        s->n = rows[i].max;
        assert_int_equal(sc_feedback_normalise(&f, NULL), SC_OK);
        assert_int_equal(s->n, rows[i].max); /* clamps nothing */
    }
    sc_feedback f = plain();
    f.metadata = (sc_str){big, SC_FEEDBACK_MAX_METADATA + 1};
    refused(f, "metadata");
}

static void nul_and_bad_utf_8_are_refused_in_every_text(void **state) {
    (void)state;
    static const struct {
        const char *field;
        size_t offset;
    } rows[] = {
        {"external_id", offsetof(sc_feedback, external_id)},
        {"title", offsetof(sc_feedback, title)},
        {"body", offsetof(sc_feedback, body)},
        {"stack", offsetof(sc_feedback, stack)},
        {"metadata", offsetof(sc_feedback, metadata)},
        {"repo", offsetof(sc_feedback, repo)},
        {"url", offsetof(sc_feedback, url)},
        {"status", offsetof(sc_feedback, status)},
        {"request_id", offsetof(sc_feedback, request_id)},
    };
    static const sc_str bad[] = {SC_STR("a\0b"), SC_STR("\xff"), SC_STR("a\xc3"),
                                 SC_STR("\xed\xa0\x80")};
    for (size_t i = 0; i < SC_LEN(rows); i++)
        for (size_t j = 0; j < SC_LEN(bad); j++) {
            sc_feedback f = plain();
            *(sc_str *)(void *)((char *)&f + rows[i].offset) = bad[j];
            refused(f, rows[i].field);
        }
}

static void what_must_be_there_is_asked_for(void **state) {
    (void)state;
    sc_feedback f = plain();
    f.external_id = SC_STR_NONE;
    refused(f, "external_id");
    f.external_id = SC_STR("  ");
    refused(f, "external_id");
    f = plain();
    f.title = SC_STR(" \n");
    f.body = SC_STR(" \r\n\t ");
    refused(f, "title");
    f = plain();
    f.source = SC_SOURCE_COUNT;
    refused(f, "source");
    f = plain();
    f.metadata = SC_STR("[1]");
    refused(f, "metadata");
    f.metadata = SC_STR("{");
    refused(f, "metadata");
    f = plain();
    f.issue_number = -1;
    refused(f, "issue_number");
}

static void a_missing_title_is_the_first_line_of_the_body(void **state) {
    (void)state;
    sc_feedback f = plain();
    f.title = SC_STR_NONE;
    f.body = SC_STR("\n  \r\n  It crashes. \r\nEvery time.");
    assert_int_equal(sc_feedback_normalise(&f, NULL), SC_OK);
    assert_true(sc_str_is(f.title, "It crashes."));
    f.title = SC_STR(" ");
    memset(big, 'a', sizeof big);
    memcpy(big + 199, "\xc3\xa9", 2); /* the cut must not fall into it */
    f.body = (sc_str){big, 5000};
    assert_int_equal(sc_feedback_normalise(&f, NULL), SC_OK);
    assert_int_equal(f.title.n, 199);
    assert_true(sc_utf8_valid(f.title));
}

static void what_is_missing_but_known_is_filled_in(void **state) {
    (void)state;
    sc_feedback f = {.source = SC_SOURCE_reddit,
                     .external_id = SC_STR("x"),
                     .title = SC_STR(" t "),
                     .received_at_ms = 9};
    assert_int_equal(sc_feedback_normalise(&f, NULL), SC_OK);
    assert_true(sc_str_is(f.title, "t") && sc_str_is(f.metadata, "{}"));
    assert_true(f.body.p && f.body.n == 0 && f.url.p && f.stack.p);
    assert_int_equal(f.created_at_ms, 9);
}

static void names_go_both_ways(void **state) {
    (void)state;
    for (int i = 0; i < SC_SOURCE_COUNT; i++) {
        sc_feedback_source s;
        assert_true(sc_feedback_source_parse(
            sc_str_of(sc_feedback_source_name((sc_feedback_source)i)), &s));
        assert_int_equal(s, i);
    }
    for (int i = 0; i < SC_FEEDBACK_STATE_COUNT; i++) {
        sc_feedback_state s;
        assert_true(
            sc_feedback_state_parse(sc_str_of(sc_feedback_state_name((sc_feedback_state)i)), &s));
        assert_int_equal(s, i);
    }
    sc_feedback_source s;
    assert_false(sc_feedback_source_parse(SC_STR("Sentry"), &s));
    assert_string_equal(sc_feedback_source_name((sc_feedback_source)99), "unknown");
    /* Numbers are stored: the order of the lists must stay. */
    assert_int_equal(SC_SOURCE_manual, 0);
    assert_int_equal(SC_SOURCE_generic, 7);
    assert_int_equal(SC_FEEDBACK_grouped, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_a_limit_is_refused_and_what_is_at_it_is_taken),
        cmocka_unit_test(nul_and_bad_utf_8_are_refused_in_every_text),
        cmocka_unit_test(what_must_be_there_is_asked_for),
        cmocka_unit_test(a_missing_title_is_the_first_line_of_the_body),
        cmocka_unit_test(what_is_missing_but_known_is_filled_in),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
