/* Known secrets are taken out of a stream, wherever its pieces are cut. */
#include "base/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static sc_redact *set_of(const char *const *secrets, size_t n) {
    sc_redact *r = NULL;
    sc_err err = {0};
    assert_int_equal(sc_redact_new(&r, &err), SC_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sc_redact_add(r, sc_str_of(secrets[i]), &err), SC_OK);
    return r;
}

/* All at once, byte by byte, and cut in two at each place: the same. */
static void check(const sc_redact *r, const char *text, const char *expected) {
    sc_buf out;
    sc_buf_init(&out, 1 << 20);
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n + 1; cut++) {
        sc_redact_stream s;
        sc_redact_start(&s, r);
        sc_buf_reset(&out);
        if (cut > n) {
            for (size_t i = 0; i < n; i++)
                assert_true(sc_redact_put(&s, (sc_str){text + i, 1}, &out));
        } else {
            assert_true(sc_redact_put(&s, (sc_str){text, cut}, &out));
            assert_true(sc_redact_put(&s, (sc_str){text + cut, n - cut}, &out));
        }
        assert_true(sc_redact_end(&s, &out));
        assert_string_equal(out.p ? out.p : "", expected);
        sc_redact_done(&s);
    }
    sc_buf_done(&out);
}

static void short_or_huge_secrets_are_refused(void **state) {
    (void)state;
    sc_redact *r = set_of(NULL, 0);
    sc_err err = {0};
    static char huge[SC_REDACT_MAX + 1];
    assert_int_equal(sc_redact_add(r, SC_STR("1234567"), &err), SC_INVALID);
    assert_null(strstr(err.msg, "1234567"));
    assert_int_equal(sc_redact_add(r, (sc_str){huge, sizeof huge}, &err), SC_INVALID);
    check(r, "1234567", "1234567");
    sc_redact_free(r);
    sc_redact_free(NULL);
}

static void every_form_is_found_at_every_cut(void **state) {
    (void)state;
    static const char *const secrets[] = {"p/ss w\"rd+secret?", "sk-canary-0123456789"};
    sc_redact *r = set_of(secrets, 2);
    check(r, "", "");
    check(r, "key sk-canary-0123456789.", "key [redacted].");
    check(r, "sk-canary-012345678", "sk-canary-012345678"); /* not the whole of it */
    check(r, "sk-canary-sk-canary-0123456789", "sk-canary-[redacted]");
    check(r, "p%2Fss%20w%22rd%2Bsecret%3F p%2fss%20w%22rd%2bsecret%3f", "[redacted] [redacted]");
    check(r, "{\"k\":\"p/ss w\\\"rd+secret?\"} p\\/ss w\\\"rd+secret?",
          "{\"k\":\"[redacted]\"} [redacted]");
    check(r, "736b2d63616e6172792d30313233343536373839", "[redacted]");
    check(r, "736B2D63616E6172792D30313233343536373839", "[redacted]");
    sc_redact_free(r);
}

/* The encodings were made with coreutils' base64; what stays of them depends on the neighbours alone. */
static void base64_is_found_wherever_it_lies(void **state) {
    (void)state;
    static const char *const secrets[] = {"sk-canary-0123456789"};
    sc_redact *r = set_of(secrets, 1);
    check(r, "c2stY2FuYXJ5LTAxMjM0NTY3ODk=", "[redacted]k=");
    check(r, "OnNrLWNhbmFyeS0wMTIzNDU2Nzg5", "On[redacted]");         /* ":sk-..." */
    check(r, "dTpzay1jYW5hcnktMDEyMzQ1Njc4OTo=", "dTp[redacted]To="); /* "u:sk-...:" */
    static const char *const odd[] = {"?\?>>?\?>>~~~~"};
    sc_redact *o = set_of(odd, 1);
    check(o, "Pz8-Pj8_Pj5-fn5-", "[redacted]");
    check(o, "Pz8+Pj8/Pj5+fn5+", "[redacted]");
    sc_redact_free(o);
    sc_redact_free(r);
}

static void overlapping_secrets_leave_nothing(void **state) {
    (void)state;
    static const char *const secrets[] = {"abcdefgh12", "gh12345678", "abcdefgh1234zz", "aaaaaaaa"};
    sc_redact *r = set_of(secrets, 4);
    check(r, "<abcdefgh12345678>", "<[redacted]>");
    check(r, "<abcdefgh1234zz>", "<[redacted]>");
    check(r, "<abcdefgh1234zy>", "<[redacted]34zy>");
    check(r, "<aaaaaaaaaaaaa>", "<[redacted]>");
    sc_redact_free(r);
}

static void what_is_no_secret_flows_at_once(void **state) {
    (void)state;
    static const char *const secrets[] = {"sk-canary-0123456789"};
    sc_redact *r = set_of(secrets, 1);
    sc_redact_stream s;
    sc_redact_start(&s, r);
    sc_buf out;
    sc_buf_init(&out, 64);
    assert_true(sc_redact_put(&s, SC_STR("data: hello\n\nsk-c"), &out));
    assert_string_equal(out.p, "data: hello\n\n");
    assert_true(sc_redact_put(&s, SC_STR("ool"), &out));
    assert_string_equal(out.p, "data: hello\n\nsk-cool");
    sc_redact_done(&s);
    sc_redact_start(&s, NULL); /* no set: all of it */
    sc_buf_reset(&out);
    assert_true(sc_redact_put(&s, SC_STR("sk-canary-0123456789"), &out));
    assert_true(sc_redact_end(&s, &out));
    assert_string_equal(out.p, "sk-canary-0123456789");
    sc_redact_done(&s);
    sc_buf_done(&out);
    sc_redact_free(r);
}

static void no_memory_is_an_error_and_leaks_nothing(void **state) {
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        sc_redact *r = NULL;
        sc_err err = {0};
        sc_mem_fail_after(nth);
        sc_rc rc = sc_redact_new(&r, &err);
        if (!rc) rc = sc_redact_add(r, SC_STR("sk-canary-0123456789"), &err);
        sc_mem_fail_after(0);
        sc_redact_free(r);
        if (!rc) break;
        assert_int_equal(rc, SC_NOMEM);
        assert_true(nth < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_or_huge_secrets_are_refused),
        cmocka_unit_test(every_form_is_found_at_every_cut),
        cmocka_unit_test(base64_is_found_wherever_it_lies),
        cmocka_unit_test(overlapping_secrets_leave_nothing),
        cmocka_unit_test(what_is_no_secret_flows_at_once),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
