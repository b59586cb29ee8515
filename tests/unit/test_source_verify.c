#include "test_source_support.h"

#include "sources/header.h"
#include "sources/shared.h"

static void hex_of(const char *secret, sc_str body, char ret_hex[65]) {
    unsigned char mac[SC_HMAC_BYTES];
    assert_int_equal(sc_hmac_sha256(sc_str_of(secret), body, mac, NULL), SC_OK);
    sc_hex_encode(mac, sizeof mac, ret_hex);
}

static sc_rc verify(const sc_source_ops *ops, const char *settings, const char *name,
                    const char *value, sc_str body, sc_err *err) {
    json_t *set = settings ? parsed(settings) : NULL;
    sc_source_header h[2] = {{SC_STR("Host"), SC_STR("x")}, {sc_str_of(name), sc_str_of(value)}};
    sc_source_request r = {.body = body, .headers = h, .n_headers = value ? 2 : 1, .settings = set};
    memset(err, 0, sizeof *err);
    sc_rc rc = ops->verify(&r, err);
    json_decref(set);
    return rc;
}

#define GOOD "{\"secret\": \"" SECRET "\"}"
static const sc_str body = SC_STR("{\"action\":\"opened\"}");

static void no_secret_refuses_and_says_how_to_set_one(void **state) {
    (void)state;
    static const char *const none[] = {NULL,
                                       "{}",
                                       "{\"secret\": \"\"}",
                                       "{\"secret\": null, \"secrets\": []}",
                                       "{\"secret\": 7}",
                                       "{\"secrets\": [\"\", 1, null]}",
                                       "[]"};
    for (size_t s = 0; s < SC_SOURCE_COUNT; s++)
        for (size_t i = 0; sc_source_registry[s]->verify && i < SC_LEN(none); i++) {
            const sc_source_ops *ops = sc_source_registry[s];
            sc_err err;
            assert_int_equal(verify(ops, none[i], "X", NULL, body, &err), SC_FORBIDDEN);
            assert_non_null(strstr(err.msg, "secret"));
            assert_non_null(strstr(err.msg, ops->name));
        }
}

static void an_empty_secret_never_signs(void **state) {
    (void)state;
    char hex[65];
    hex_of("", body, hex);
    json_t *set = parsed("{\"secret\": \"\", \"secrets\": [\"\"]}");
    assert_false(sc_hmac_fits(set, body, sc_str_of(hex)));
    json_decref(set);
}

static void wrong_signatures_are_refused(void **state) {
    (void)state;
    char hex[65], text[160];
    hex_of(SECRET, body, hex);
    const char *bad[] = {"", " ", "x", "sha256=", "sha1=0000", "deadbeef"};
    sc_err err;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        assert_int_equal(
            verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", bad[i], body, &err),
            SC_UNAUTHORIZED);
        assert_int_equal(verify(&sc_source_github, GOOD, "X-Hub-Signature-256", bad[i], body, &err),
                         SC_UNAUTHORIZED);
    }
    static const char *const prefixes[] = {
        "sha1=", "sha512=", "SHA256=", "sha256:", "sha256= ", "", "sha256=0x"};
    for (size_t i = 0; i < SC_LEN(prefixes); i++) {
        snprintf(text, sizeof text, "%s%s", prefixes[i], hex);
        assert_int_equal(verify(&sc_source_github, GOOD, "X-Hub-Signature-256", text, body, &err),
                         SC_UNAUTHORIZED);
        assert_string_equal(err.field, "X-Hub-Signature-256");
    }
    for (size_t i = 0; i < 64; i++) { /* every digit counts */
        char one[65];
        memcpy(one, hex, sizeof one);
        one[i] = one[i] == '0' ? '1' : '0';
        assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", one, body, &err),
                         SC_UNAUTHORIZED);
    }
    snprintf(text, sizeof text, "%s0", hex);
    assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", text, body, &err),
                     SC_UNAUTHORIZED);
    snprintf(text, sizeof text, "%.63s", hex);
    assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", text, body, &err),
                     SC_UNAUTHORIZED);
    snprintf(text, sizeof text, "%.63sg", hex);
    assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", text, body, &err),
                     SC_UNAUTHORIZED);
    assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", NULL, body, &err),
                     SC_UNAUTHORIZED);
    assert_null(strstr(err.msg, SECRET));
}

static void a_body_changed_by_one_byte_is_refused(void **state) {
    (void)state;
    char hex[65], other[64];
    hex_of(SECRET, body, hex);
    sc_err err;
    for (size_t i = 0; i < body.n; i++) {
        memcpy(other, body.p, body.n);
        other[i] ^= 1;
        assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", hex,
                                (sc_str){other, body.n}, &err),
                         SC_UNAUTHORIZED);
    }
    assert_int_equal(verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", hex,
                            (sc_str){body.p, body.n - 1}, &err),
                     SC_UNAUTHORIZED);
    assert_int_equal(
        verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", hex, SC_STR_NONE, &err),
        SC_UNAUTHORIZED);
}

static void a_signature_sent_twice_is_refused(void **state) {
    (void)state;
    char hex[65];
    hex_of(SECRET, body, hex);
    json_t *set = parsed(GOOD);
    sc_source_header h[] = {{SC_STR("Sentry-Hook-Signature"), sc_str_of(hex)},
                            {SC_STR("sentry-hook-signature"), sc_str_of(hex)}};
    sc_source_request r = {.body = body, .headers = h, .n_headers = 2, .settings = set};
    sc_err err;
    assert_int_equal(sc_source_sentry.verify(&r, &err), SC_UNAUTHORIZED);
    r.n_headers = 1;
    assert_int_equal(sc_source_sentry.verify(&r, &err), SC_OK);
    json_decref(set);
}

static void good_signatures_pass_in_any_case_of_hex_and_name(void **state) {
    (void)state;
    char hex[65], text[80];
    hex_of(SECRET, body, hex);
    sc_err err;
    snprintf(text, sizeof text, "sha256=%s", hex);
    assert_int_equal(verify(&sc_source_github, GOOD, "x-hub-signature-256", text, body, &err),
                     SC_OK);
    for (char *p = hex; *p; p++)
        if (*p >= 'a') *p = (char)(*p - 32);
    assert_int_equal(verify(&sc_source_sentry, GOOD, "SENTRY-HOOK-SIGNATURE", hex, body, &err),
                     SC_OK);
    hex_of(SECRET, SC_STR_NONE, hex);
    assert_int_equal(
        verify(&sc_source_sentry, GOOD, "Sentry-Hook-Signature", hex, SC_STR_NONE, &err), SC_OK);
}

static void each_of_several_secrets_is_good_while_they_rotate(void **state) {
    (void)state;
    static const char set[] = "{\"secret\": \"first secret\", \"secrets\": [\"\", \"second "
                              "secret\", 3, \"third secret\"]}";
    static const char *const good[] = {"first secret", "second secret", "third secret"};
    char hex[65];
    sc_err err;
    for (size_t i = 0; i < SC_LEN(good); i++) {
        hex_of(good[i], body, hex);
        assert_int_equal(verify(&sc_source_sentry, set, "Sentry-Hook-Signature", hex, body, &err),
                         SC_OK);
    }
    hex_of("fourth secret", body, hex);
    assert_int_equal(verify(&sc_source_sentry, set, "Sentry-Hook-Signature", hex, body, &err),
                     SC_UNAUTHORIZED);
}

static sc_rc by_token(const char *settings, sc_str token, sc_err *err) {
    json_t *set = parsed(settings);
    /* A header is no way in where the address is the place. */
    sc_source_header h = {SC_STR(SC_SHARED_HEADER), SC_STR(SECRET)};
    sc_source_request r = {
        .body = body, .headers = &h, .n_headers = 1, .token = token, .settings = set};
    memset(err, 0, sizeof *err);
    sc_rc rc = sc_source_splunk.verify(&r, err);
    json_decref(set);
    return rc;
}

static void a_shared_secret_is_the_whole_secret_or_nothing(void **state) {
    (void)state;
    static const sc_source_ops *const ops[] = {&sc_source_datadog, &sc_source_posthog};
    static const char *const bad[] = {NULL,
                                      "",
                                      " ",
                                      "x",
                                      "correct horse battery stapl",
                                      SECRET "x",
                                      "Correct horse battery staple"};
    sc_err err;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        for (size_t k = 0; k < SC_LEN(ops); k++) {
            assert_int_equal(verify(ops[k], GOOD, SC_SHARED_HEADER, bad[i], body, &err),
                             SC_UNAUTHORIZED);
            assert_string_equal(err.field, SC_SHARED_HEADER);
        }
        assert_int_equal(by_token(GOOD, sc_str_of(bad[i]), &err), SC_UNAUTHORIZED);
        assert_string_equal(err.field, "token");
        assert_null(strstr(err.msg, "staple"));
    }
    for (size_t k = 0; k < SC_LEN(ops); k++) {
        assert_int_equal(verify(ops[k], GOOD, "x-soulcaster-secret", SECRET, body, &err), SC_OK);
        assert_int_equal(verify(ops[k], "{\"secrets\":[\"another one\",\"" SECRET "\"]}",
                                SC_SHARED_HEADER, SECRET, SC_STR_NONE, &err),
                         SC_OK);
    }
    assert_int_equal(by_token(GOOD, SC_STR(SECRET), &err), SC_OK);
    assert_int_equal(
        by_token("{\"secret\":\"\",\"secrets\":[\"" SECRET "\"]}", SC_STR(SECRET), &err), SC_OK);
}

static void a_shared_secret_sent_twice_is_refused(void **state) {
    (void)state;
    json_t *set = parsed(GOOD);
    sc_source_header h[] = {{SC_STR(SC_SHARED_HEADER), SC_STR(SECRET)},
                            {SC_STR(SC_SHARED_HEADER), SC_STR(SECRET)}};
    sc_source_request r = {.body = body, .headers = h, .n_headers = 2, .settings = set};
    sc_err err;
    assert_int_equal(sc_source_datadog.verify(&r, &err), SC_UNAUTHORIZED);
    json_decref(set);
}

static void published_examples_agree(void **state) {
    (void)state;
    char hex[65];
    /* docs.github.com, "Validating webhook deliveries", testing; and RFC 4231, test case 2. */
    hex_of("It's a Secret to Everybody", SC_STR("Hello, World!"), hex);
    assert_string_equal(hex, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    hex_of("Jefe", SC_STR("what do ya want for nothing?"), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void sources_without_webhooks_have_neither_function(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) {
        const sc_source_ops *ops = sc_source_registry[i];
        assert_non_null(ops->item);
        assert_int_equal(ops->verify == NULL, ops->webhook == NULL);
        assert_ptr_equal(sc_source_find(sc_str_of(ops->name)), ops);
    }
    assert_null(sc_source_find(SC_STR("sentr")));
    assert_null(sc_source_find(SC_STR_NONE));
    assert_string_equal(sc_source_registry[SC_SOURCE_sentry]->name, "sentry");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(no_secret_refuses_and_says_how_to_set_one),
        SOURCE_TEST(an_empty_secret_never_signs),
        SOURCE_TEST(wrong_signatures_are_refused),
        SOURCE_TEST(a_body_changed_by_one_byte_is_refused),
        SOURCE_TEST(a_signature_sent_twice_is_refused),
        SOURCE_TEST(good_signatures_pass_in_any_case_of_hex_and_name),
        SOURCE_TEST(each_of_several_secrets_is_good_while_they_rotate),
        SOURCE_TEST(a_shared_secret_is_the_whole_secret_or_nothing),
        SOURCE_TEST(a_shared_secret_sent_twice_is_refused),
        SOURCE_TEST(published_examples_agree),
        SOURCE_TEST(sources_without_webhooks_have_neither_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
