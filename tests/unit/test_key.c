#include "core/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void unknown_or_missing_scopes_are_refused_by_name(void **state) {
    static const char *const bad[] = {
        "", " ", ",", "root", "ingest,", "ingest,,read", "INGEST", "ingest read", "ingest,readx"};
    (void)state;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        unsigned s = 77;
        sc_err err;
        assert_int_equal(sc_key_scopes_parse(sc_str_of(bad[i]), &s, &err), SC_UNPROCESSABLE);
        assert_int_equal(s, 77);
        assert_string_equal(err.field, "scopes");
    }
    unsigned s;
    sc_err err;
    sc_key_scopes_parse(SC_STR("ingest,rood"), &s, &err);
    assert_non_null(strstr(err.msg, "rood"));
    assert_int_equal(sc_key_scopes_parse(SC_STR_NONE, &s, NULL), SC_UNPROCESSABLE);
}

static void scopes_are_read_in_any_order_and_written_in_one(void **state) {
    (void)state;
    unsigned s;
    sc_err err;
    assert_int_equal(sc_key_scopes_parse(SC_STR(" triage, ingest ,triage"), &s, &err), SC_OK);
    assert_int_equal(s, SC_SCOPE_ingest | SC_SCOPE_triage);
    sc_buf b;
    sc_buf_init(&b, 100);
    sc_key_scopes_format(s, &b);
    assert_string_equal(b.p, "ingest,triage");
    sc_buf_reset(&b);
    sc_key_scopes_format(15, &b);
    assert_string_equal(b.p, "ingest,read,triage,admin");
    sc_buf_reset(&b);
    sc_key_scopes_format(0, &b);
    assert_int_equal(b.n, 0);
    sc_buf_done(&b);
}

static void a_key_does_what_its_scopes_say_and_admin_does_all(void **state) {
    (void)state;
    assert_false(sc_key_allows(0, SC_SCOPE_read));
    assert_false(sc_key_allows(SC_SCOPE_ingest, SC_SCOPE_read));
    assert_false(sc_key_allows(SC_SCOPE_ingest, SC_SCOPE_ingest | SC_SCOPE_read));
    assert_false(sc_key_allows(SC_SCOPE_ingest | SC_SCOPE_read | SC_SCOPE_triage, SC_SCOPE_admin));
    assert_true(sc_key_allows(SC_SCOPE_ingest | SC_SCOPE_read, SC_SCOPE_read));
    assert_true(sc_key_allows(SC_SCOPE_admin, SC_SCOPE_ingest | SC_SCOPE_read | SC_SCOPE_triage));
    assert_true(sc_key_allows(0, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_or_missing_scopes_are_refused_by_name),
        cmocka_unit_test(scopes_are_read_in_any_order_and_written_in_one),
        cmocka_unit_test(a_key_does_what_its_scopes_say_and_admin_does_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
