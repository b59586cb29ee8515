/* CSV as people send it: what is wrong costs one record, and pieces of any size read the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/cmd.h"

typedef struct text {
    sc_str rest;
    size_t step; /* bytes a read, at most */
} text;

static sc_rc read_text(void *self, char *into, size_t room, size_t *ret_n, sc_err *err) {
    (void)err;
    text *t = self;
    *ret_n = SC_MIN(SC_MIN(room, t->step), t->rest.n);
    memcpy(into, t->rest.p ? t->rest.p : "", *ret_n);
    t->rest.p += *ret_n;
    t->rest.n -= *ret_n;
    return SC_OK;
}

/* All records as "a|b;c|d!": '!' ends a wrong one. */
static void read_all(sc_str csv, size_t step, sc_buf *out) {
    text t = {csv, step};
    sc_csv c;
    sc_err err;
    sc_csv_init(&c, read_text, &t, 0);
    for (;;) {
        sc_rc rc = sc_csv_next(&c, &err);
        if (rc == SC_NOT_FOUND) break;
        for (size_t i = 0; i < c.n_fields; i++)
            sc_buf_putf(out, "%s%.*s", i ? "|" : "", SC_FMT(c.fields[i]));
        sc_buf_putc(out, rc ? '!' : ';');
    }
    sc_csv_done(&c);
}

static void reads_as(const char *csv, const char *want) {
    const size_t steps[] = {1, 2, 7, 1 << 20};
    for (size_t i = 0; i < SC_LEN(steps); i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 1 << 20);
        read_all(sc_str_of(csv), steps[i], &b);
        assert_string_equal(b.p ? b.p : "", want);
    }
}

static void what_is_wrong_costs_one_record(void **state) {
    (void)state;
    reads_as("a,b\n\"x\"y,1\nc,d\n", "a|b;!c|d;");
    reads_as("a,b\n1,\"open\nc,d\ne,f", "a|b;!c|d;e|f;");
    reads_as("a\n\"", "a;!");
}

static void too_many_fields_are_wrong(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf csv;
    sc_buf_init(&csv, 1 << 16);
    for (int i = 0; i < SC_CSV_MAX_FIELDS; i++) sc_buf_putc(&csv, ',');
    sc_buf_puts(&csv, "\nlast");
    reads_as(csv.p, "!last;");
}

static void a_quote_that_never_closes_is_bounded(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf csv;
    SC_AUTO(sc_buf_done) sc_buf got;
    sc_buf_init(&csv, 8 << 20);
    sc_buf_init(&got, 8 << 20);
    sc_buf_puts(&csv, "a\n\"open\n");
    for (int i = 0; i < 300000; i++) sc_buf_puts(&csv, "0123456789\n");
    read_all(sc_buf_str(&csv), 1 << 16, &got);
    assert_true(sc_str_starts(sc_buf_str(&got), "a;!0123456789;0123456789;"));
    assert_int_equal(got.n, 3 + 300000 * 11);
}

static void fields_are_read_as_rfc_4180_has_them(void **state) {
    (void)state;
    reads_as("a,b,c\r\n1,,3\r\n", "a|b|c;1||3;");
    reads_as("a,b\n\"x, y\",\"line 1\nline 2\"\n", "a|b;x, y|line 1\nline 2;");
    reads_as("a\n\"he said \"\"no\"\"\"\n", "a;he said \"no\";");
    reads_as("a,b\n1,2", "a|b;1|2;");
    reads_as("", "");
    reads_as("a\n\n\nb\n", "a;;;b;");
}

static void what_spreadsheets_do_is_read_too(void **state) {
    (void)state;
    reads_as("\xEF\xBB\xBF"
             "a,b\n1,2\n",
             "a|b;1|2;");
    reads_as("a;b\n1,5;2\n", "a|b;1,5|2;");
    reads_as("a\tb\n1\t2\n", "a|b;1|2;");
    reads_as("a,b\r1,2\r", "a|b;1|2;");
    reads_as("a,b\n5\" nail,x\n", "a|b;5\" nail|x;");
}

static void records_know_their_line_and_their_text(void **state) {
    (void)state;
    text t = {SC_STR("a,b\r\n\"x\ny\",2\r\nlast,\"3\""), 3};
    sc_csv c;
    sc_err err;
    sc_csv_init(&c, read_text, &t, 0);
    assert_int_equal(sc_csv_next(&c, &err), SC_OK);
    assert_int_equal(c.raw_line, 1);
    assert_int_equal(sc_csv_next(&c, &err), SC_OK);
    assert_int_equal(c.raw_line, 2);
    assert_true(sc_str_is(c.raw, "\"x\ny\",2"));
    assert_int_equal(sc_csv_next(&c, &err), SC_OK);
    assert_int_equal(c.raw_line, 4);
    assert_true(sc_str_is(c.raw, "last,\"3\""));
    assert_int_equal(sc_csv_next(&c, &err), SC_NOT_FOUND);
    sc_csv_done(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_costs_one_record),
        cmocka_unit_test(too_many_fields_are_wrong),
        cmocka_unit_test(a_quote_that_never_closes_is_bounded),
        cmocka_unit_test(fields_are_read_as_rfc_4180_has_them),
        cmocka_unit_test(what_spreadsheets_do_is_read_too),
        cmocka_unit_test(records_know_their_line_and_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
