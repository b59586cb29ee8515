/* What the tests of sources share: an arena, a signed request, and the promise every item keeps. */
#ifndef SC_TEST_SOURCE_SUPPORT_H
#define SC_TEST_SOURCE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json.h"
#include "sources/hmac.h"
#include "sources/registry.h"

#define NOW INT64_C(1800000000000)
#define SECRET "correct horse battery staple"

static sc_arena arena;

static inline json_t *parsed(const char *text) {
    json_t *v = NULL;
    sc_err err = {0};
    if (sc_json_parse(sc_str_of(text), &v, &err)) fail_msg("%s", err.msg);
    return v;
}

static inline void same(sc_str got, const char *want) {
    if (!sc_str_is(got, want)) fail_msg("got \"%.*s\", wanted \"%s\"", SC_FMT(got), want);
}

/* A member of the item's metadata as text; "" when absent. The caller's buffer is static. */
static inline const char *meta_text(const sc_source_item *item, const char *path) {
    static char text[512];
    json_t *v = NULL;
    assert_int_equal(sc_json_parse(item->feedback.metadata, &v, NULL), SC_OK);
    const json_t *m = sc_json_at(v, path);
    text[0] = 0;
    if (json_is_string(m)) snprintf(text, sizeof text, "%s", json_string_value(m));
    if (json_is_integer(m)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(m));
    if (json_is_true(m)) snprintf(text, sizeof text, "true");
    json_decref(v);
    return text;
}

static inline void check_text(sc_str s, size_t max, bool breaks) {
    assert_true(s.n <= max);
    assert_true(sc_utf8_valid(s));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (breaks && (c == '\n' || c == '\t')) continue;
        assert_true(c >= 0x20 && c != 0x7F);
        if (c == 0xC2) assert_true((unsigned char)s.p[i + 1] >= 0xA0);
    }
}

static inline void check_item(const sc_source_item *item, sc_feedback_source source) {
    const sc_feedback *f = &item->feedback;
    assert_int_equal(f->source, source);
    check_text(f->external_id, SC_FEEDBACK_MAX_EXTERNAL_ID, false);
    check_text(item->again_id, SC_FEEDBACK_MAX_EXTERNAL_ID, false);
    check_text(f->title, SC_FEEDBACK_MAX_TITLE, false);
    check_text(f->body, SC_FEEDBACK_MAX_BODY, true);
    check_text(f->stack, 64 * 1024, true);
    check_text(f->url, 2000, false);
    check_text(f->repo, 200, false);
    check_text(f->status, 50, false);
    check_text(f->metadata, SC_FEEDBACK_MAX_METADATA, false);
    assert_true(f->created_at_ms >= 0);
    assert_true(f->issue_number >= 0);
    assert_int_equal(item->verdict == SC_ITEM_FILTERED, item->why != NULL);
    if (item->verdict == SC_ITEM_OK) assert_true(f->title.n > 0 || f->body.n > 0);
    if (f->metadata.n) {
        json_t *v = NULL;
        assert_int_equal(sc_json_parse(f->metadata, &v, NULL), SC_OK);
        assert_true(json_is_object(v));
        json_decref(v);
    }
}

/* The source's reading of one object, with settings as text (NULL = none). */
static inline sc_rc read_item(const sc_source_ops *ops, const char *text, const char *settings,
                              sc_source_item *ret, sc_err *err) {
    json_t *obj = parsed(text), *set = settings ? parsed(settings) : NULL;
    memset(err, 0, sizeof *err);
    sc_rc rc = ops->item(obj, set, NOW, &arena, ret, err);
    json_decref(obj);
    json_decref(set);
    return rc;
}

/* The source's reading of a webhook (not verified), one header and settings as text. */
static inline sc_rc read_hook(const sc_source_ops *ops, const char *header, const char *kind,
                              sc_str body, const char *settings, sc_source_item **ret,
                              size_t *ret_n, sc_err *err) {
    json_t *set = settings ? parsed(settings) : NULL;
    sc_source_header h = {sc_str_of(header), sc_str_of(kind)};
    sc_source_request r = {
        .body = body, .headers = &h, .n_headers = 1, .settings = set, .now_ms = NOW};
    memset(err, 0, sizeof *err);
    sc_rc rc = ops->webhook(&r, &arena, ret, ret_n, err);
    json_decref(set);
    return rc;
}

static inline int arena_setup(void **state) {
    (void)state;
    sc_json_setup();
    sc_arena_init(&arena, (size_t)64 << 20);
    return 0;
}

static inline int arena_teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

#define SOURCE_TEST(fn) cmocka_unit_test_setup_teardown(fn, arena_setup, arena_teardown)

#endif
