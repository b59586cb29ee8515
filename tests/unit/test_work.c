/* The table of kinds of work, and lists of queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/work.h"

static void an_unknown_queue_is_named(void **state) {
    (void)state;
    unsigned set = 77;
    sc_err err = {0};
    assert_int_equal(sc_queues_parse(SC_STR("group,grop"), &set, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "\"grop\""));
    assert_int_equal(sc_queues_parse(SC_STR("group,,fix"), &set, &err), SC_INVALID);
    assert_int_equal(set, 77);
}

static void queues_are_read(void **state) {
    (void)state;
    unsigned set = 77;
    assert_int_equal(sc_queues_parse(SC_STR("fix, poll"), &set, NULL), SC_OK);
    assert_int_equal(set, 1u << SC_QUEUE_fix | 1u << SC_QUEUE_poll);
    assert_int_equal(sc_queues_parse(SC_STR("group,summarise,fix,poll,verify"), &set, NULL), SC_OK);
    assert_int_equal(set, SC_QUEUES_ALL);
    assert_int_equal(sc_queues_parse(SC_STR_NONE, &set, NULL), SC_OK);
    assert_int_equal(set, 0);
}

static void each_kind_is_found_and_belongs_to_a_queue(void **state) {
    (void)state;
    sc_str kinds[32];
    assert_null(sc_work_find(SC_STR("nothing")));
    assert_int_equal(sc_work_kinds(SC_QUEUES_ALL, kinds, SC_LEN(kinds)), sc_works_n);
    assert_int_equal(sc_work_kinds(0, kinds, SC_LEN(kinds)), 0);
    assert_int_equal(sc_work_kinds(1u << SC_QUEUE_summarise, kinds, SC_LEN(kinds)), 2);
    for (size_t i = 0; i < sc_works_n; i++) {
        const sc_work *w = sc_work_find(sc_str_of(sc_works[i].kind));
        assert_ptr_equal(w, &sc_works[i]);
        assert_true(w->queue < SC_QUEUE_COUNT && w->attempts > 1 && w->base_ms > 0);
        assert_true(w->cap_ms < SC_JOB_LONGEST_WAIT_MS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_queue_is_named),
        cmocka_unit_test(queues_are_read),
        cmocka_unit_test(each_kind_is_found_and_belongs_to_a_queue),
    };
    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
