#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/decision.h"

static void names_that_are_not_reasons_are_refused(void **state) {
    (void)state;
    sc_decision_reason r = SC_REASON_linkage;
    assert_false(sc_decision_reason_parse(SC_STR(""), &r));
    assert_false(sc_decision_reason_parse(SC_STR("Linkage"), &r));
    assert_false(sc_decision_reason_parse(SC_STR("linkage "), &r));
    assert_int_equal(r, SC_REASON_linkage);
    assert_string_equal(sc_decision_reason_name((sc_decision_reason)99), "unknown");
    assert_string_equal(sc_decision_reason_words((sc_decision_reason)-1), "unknown");
}

static void every_reason_reads_back_from_its_name_and_has_words(void **state) {
    (void)state;
    for (int i = 0; i < SC_REASON_COUNT; i++) {
        sc_decision_reason r;
        const char *name = sc_decision_reason_name((sc_decision_reason)i);
        assert_true(sc_decision_reason_parse(sc_str_of(name), &r));
        assert_int_equal(r, i);
        assert_true(strlen(sc_decision_reason_words((sc_decision_reason)i)) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_not_reasons_are_refused),
        cmocka_unit_test(every_reason_reads_back_from_its_name_and_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
