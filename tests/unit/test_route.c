/* Routes: one spelling of each address, and the right answer to all the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assets.h"
#include "web/route.h"

static int open_contract(void **state) {
    sc_json_setup();
    sc_contract *c = NULL;
    sc_err err = {0};
    sc_str text = {(const char *)sc_asset_openapi_json, sc_asset_openapi_json_len};
    if (sc_contract_load(text, &c, &err)) {
        print_error("%s\n", err.msg);
        return -1;
    }
    *state = c;
    return 0;
}

static int close_contract(void **state) {
    sc_contract_free(*state);
    return 0;
}

static sc_rc find(void **state, sc_http_method m, const char *path, sc_route *ret,
                  char allow[SC_ROUTE_ALLOW]) {
    sc_err err = {0};
    char room[SC_ROUTE_ALLOW];
    sc_rc rc = sc_route_find(*state, m, sc_str_of(path), ret, allow ? allow : room, &err);
    assert_int_equal(rc, err.rc);
    return rc;
}

#define ID "01932e5c-1f2a-7abc-8def-0123456789ab"

static void nothing_is_at_odd_addresses(void **state) {
    static const char *const paths[] = {
        "",
        "api",
        "//",
        "/api",
        "/api/",
        "/api/feedback/",
        "//api/feedback",
        "/api//feedback",
        "/API/feedback",
        "/api/./feedback",
        "/api/./feedback/x/y",
        "/api/../api/feedback/x/y",
        "/api/feedback/" ID "/move/",
        "/api/feedback/" ID "/nothing",
        "/health/",
        "/api/ingest",
        "/api/config",
        "/login/x",
        "/issues/",
        "/issues",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p",
        "/api/feedback/a/b",
        "/{id}",
        "/api/clusters/{id}/merge/x",
    };
    for (size_t i = 0; i < SC_LEN(paths); i++) {
        sc_route r;
        if (find(state, SC_GET, paths[i], &r, NULL) != SC_NOT_FOUND)
            fail_msg("%s leads somewhere", paths[i]);
    }
}

static void a_very_long_path_is_looked_at_and_refused(void **state) {
    static char path[1 << 20];
    memset(path, '/', sizeof path - 1);
    sc_route r;
    assert_int_equal(find(state, SC_GET, path, &r, NULL), SC_NOT_FOUND);
    memset(path + 1, 'a', sizeof path - 2);
    assert_int_equal(find(state, SC_GET, path, &r, NULL), SC_NOT_FOUND);
}

static void a_nul_ends_no_segment(void **state) {
    sc_route r;
    char allow[SC_ROUTE_ALLOW];
    sc_str path = {"/health\0x", 9};
    assert_int_equal(sc_route_find(*state, SC_GET, path, &r, allow, NULL), SC_NOT_FOUND);
}

static void a_known_address_with_a_wrong_method_says_what_it_takes(void **state) {
    static const struct {
        sc_http_method m;
        const char *path, *allow;
    } rows[] = {
        {SC_DELETE, "/api/feedback", "GET, HEAD"},
        {SC_POST, "/api/feedback/" ID, "GET, HEAD, PUT, DELETE"},
        {SC_GET, "/api/ingest/manual", "POST"},
        {SC_HEAD, "/api/ingest/manual", "POST"},
        {SC_OPTIONS, "/api/keys", "GET, HEAD, POST"},
        {SC_METHOD_OTHER, "/health", "GET, HEAD"},
        {SC_PUT, "/api/clusters/" ID, "GET, HEAD, PATCH"},
        {SC_GET, "/api/dead-letters/" ID, "DELETE"},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        sc_route r;
        char allow[SC_ROUTE_ALLOW];
        assert_int_equal(find(state, rows[i].m, rows[i].path, &r, allow), SC_METHOD);
        assert_string_equal(allow, rows[i].allow);
    }
}

static void every_operation_is_found_at_its_own_path(void **state) {
    const sc_contract *c = *state;
    for (size_t i = 0; i < c->n_operations; i++) {
        sc_route r;
        assert_int_equal(find(state, c->operations[i].method, c->operations[i].path, &r, NULL),
                         SC_OK);
        assert_ptr_equal(r.op, &c->operations[i]);
    }
}

static void parameters_come_in_path_order_and_literals_win(void **state) {
    sc_route r;
    assert_int_equal(find(state, SC_POST, "/api/feedback/" ID "/move", &r, NULL), SC_OK);
    assert_string_equal(r.op->id, "moveFeedback");
    assert_int_equal(r.n_values, 1);
    assert_true(sc_str_is(r.values[0], ID));
    assert_int_equal(find(state, SC_GET, "/", &r, NULL), SC_OK);
    assert_string_equal(r.op->id, "homePage");
    assert_int_equal(find(state, SC_HEAD, "/health", &r, NULL), SC_OK);
    assert_string_equal(r.op->id, "getHealth");
    assert_int_equal(find(state, SC_GET, "/api/openapi.json", &r, NULL), SC_OK);
    assert_string_equal(r.op->id, "getContract");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_at_odd_addresses),
        cmocka_unit_test(a_very_long_path_is_looked_at_and_refused),
        cmocka_unit_test(a_nul_ends_no_segment),
        cmocka_unit_test(a_known_address_with_a_wrong_method_says_what_it_takes),
        cmocka_unit_test(every_operation_is_found_at_its_own_path),
        cmocka_unit_test(parameters_come_in_path_order_and_literals_win),
    };
    return cmocka_run_group_tests_name("route", tests, open_contract, close_contract);
}
