/* The circuit breaker before a forge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/forge_guard.h"

static int64_t now_ms;
static int calls;
static sc_rc next_rc;
static int64_t next_wait_ms;

static int64_t wall(void *self) {
    (void)self;
    return now_ms;
}
static const sc_clock test_clock = {.wall_ms = wall};

static sc_rc pr_get(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                    sc_err *err) {
    (void)c;
    assert_int_equal(*(int *)self, 42); /* its own instance */
    calls++;
    if (!next_rc) {
        *ret = (sc_forge_pr){.number = number};
        return SC_OK;
    }
    sc_fail(err, next_rc, "the forge says no");
    err->retry_after_ms = next_wait_ms;
    return next_rc;
}

static int instance = 42;
static const sc_forge_ops ops = {.name = "test", .pr_get = pr_get};
static const sc_forge real = {&ops, &instance};

static sc_rc get(sc_forge_guard *g, sc_rc rc, sc_err *err) {
    sc_forge_pr pr;
    next_rc = rc;
    return g->forge.ops->pr_get(g->forge.self, &(sc_forge_call){.repo = SC_STR("a/b")}, 7, &pr,
                                err);
}

static sc_forge_guard_state look(sc_forge_guard *g) {
    sc_forge_guard_state s;
    sc_forge_guard_look(g, &s);
    return s;
}

static sc_forge_guard *fresh(void) {
    static sc_forge_guard g;
    now_ms = 1000000;
    calls = 0;
    next_wait_ms = 0;
    sc_forge_guard_init(&g, &real, &test_clock);
    return &g;
}

static void a_forge_that_is_down_is_left_alone_and_tried_by_one(void **state) {
    (void)state;
    sc_forge_guard *g = fresh();
    sc_err err = {0};
    for (int i = 0; i < SC_BREAKER_FAILURES; i++)
        assert_int_equal(get(g, SC_UPSTREAM, &err), SC_UPSTREAM);
    assert_int_equal(look(g).breaker, SC_BREAKER_open);
    const int asked = calls;
    assert_int_equal(get(g, SC_OK, &err), SC_LIMITED); /* nobody is asked */
    assert_true(err.retry_after_ms >= 1000);
    assert_non_null(strstr(err.msg, "the forge says no"));
    assert_int_equal(calls, asked);
    now_ms = look(g).again_ms;
    assert_int_equal(look(g).breaker, SC_BREAKER_half_open);
    g->trying = true; /* another thread finds out */
    assert_int_equal(get(g, SC_OK, &err), SC_LIMITED);
    g->trying = false;
    assert_int_equal(get(g, SC_OK, &err), SC_OK);
    assert_int_equal(look(g).breaker, SC_BREAKER_closed);
    assert_int_equal(look(g).failures, SC_BREAKER_FAILURES);
    sc_forge_guard_done(g);
}

static void what_one_repository_refuses_opens_nothing(void **state) {
    (void)state;
    static const sc_rc codes[] = {SC_NOT_FOUND, SC_FORBIDDEN, SC_CONFLICT, SC_UNPROCESSABLE};
    sc_forge_guard *g = fresh();
    for (int i = 0; i < 20; i++) assert_int_equal(get(g, codes[i % 4], NULL), codes[i % 4]);
    assert_int_equal(look(g).breaker, SC_BREAKER_closed);
    for (int i = 0; i < SC_BREAKER_FAILURES - 1; i++) get(g, SC_TIMEOUT, NULL);
    get(g, SC_NOT_FOUND, NULL); /* it answers */
    for (int i = 0; i < SC_BREAKER_FAILURES - 1; i++) get(g, SC_TIMEOUT, NULL);
    assert_int_equal(look(g).breaker, SC_BREAKER_closed);
    sc_forge_guard_done(g);
}

static void wait_from_a_forge_is_obeyed(void **state) {
    (void)state;
    sc_forge_guard *g = fresh();
    sc_err err = {0};
    next_wait_ms = 40000;
    assert_int_equal(get(g, SC_LIMITED, &err), SC_LIMITED);
    assert_int_equal(look(g).again_ms, now_ms + 40000);
    now_ms += 39000;
    assert_int_equal(get(g, SC_OK, &err), SC_LIMITED);
    assert_int_equal(calls, 1);
    now_ms += 1000;
    assert_int_equal(get(g, SC_OK, &err), SC_OK);
    assert_int_equal(look(g).limited, 1);
    sc_forge_guard_done(g);
}

static void what_a_forge_cannot_do_stays_so(void **state) {
    (void)state;
    sc_forge_guard *g = fresh();
    assert_null(g->forge.ops->pr_merge);
    assert_string_equal(g->forge.ops->name, "test");
    sc_forge_guard_done(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forge_that_is_down_is_left_alone_and_tried_by_one),
        cmocka_unit_test(what_one_repository_refuses_opens_nothing),
        cmocka_unit_test(wait_from_a_forge_is_obeyed),
        cmocka_unit_test(what_a_forge_cannot_do_stays_so),
    };
    return cmocka_run_group_tests_name("forge_guard", tests, NULL, NULL);
}
