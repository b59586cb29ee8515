#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/correction.h"

static void names_that_are_not_kinds_are_refused(void **state) {
    (void)state;
    sc_correction_kind k = SC_CORRECTION_never;
    assert_false(sc_correction_kind_parse(SC_STR("always"), &k));
    assert_false(sc_correction_kind_parse(SC_STR(""), &k));
    assert_false(sc_correction_kind_parse(SC_STR("Pin"), &k));
    assert_int_equal(k, SC_CORRECTION_never);
    assert_string_equal(sc_correction_kind_name((sc_correction_kind)77), "unknown");
}

static void every_kind_reads_back_from_its_name(void **state) {
    (void)state;
    for (int i = 0; i < SC_CORRECTION_KIND_COUNT; i++) {
        sc_correction_kind k;
        assert_true(sc_correction_kind_parse(
            sc_str_of(sc_correction_kind_name((sc_correction_kind)i)), &k));
        assert_int_equal(k, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_not_kinds_are_refused),
        cmocka_unit_test(every_kind_reads_back_from_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
