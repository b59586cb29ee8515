/* For tests of sources whose webhook bodies are one report each. SOURCE_UNDER_TEST is the source's name. */
#ifndef SC_TEST_SOURCE_HOOK_H
#define SC_TEST_SOURCE_HOOK_H

#include "test_source_support.h"

#define SC_JOIN_2(a, b) a##b
#define SC_JOIN(a, b) SC_JOIN_2(a, b)

static sc_source_item *first;
static sc_err err;

/* Reads a webhook; its one item is `first`. */
static sc_rc hook(const char *body, const char *settings) {
    size_t n = 99;
    first = NULL;
    sc_rc rc = read_hook(&SC_JOIN(sc_source_, SOURCE_UNDER_TEST), "X", "x", sc_str_of(body),
                         settings, &first, &n, &err);
    if (rc) return rc;
    assert_int_equal(n, 1);
    check_item(first, SC_JOIN(SC_SOURCE_, SOURCE_UNDER_TEST));
    return rc;
}

static void is_filtered(const char *body, const char *settings, const char *why) {
    assert_int_equal(hook(body, settings), SC_OK);
    assert_int_equal(first->verdict, SC_ITEM_FILTERED);
    if (!strstr(first->why, why)) fail_msg("%s: %s", why, first->why);
}

static void is_taken(const char *body, const char *settings) {
    assert_int_equal(hook(body, settings), SC_OK);
    if (first->verdict != SC_ITEM_OK) fail_msg("filtered: %s", first->why);
}

#endif
