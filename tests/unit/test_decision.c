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

/* One letter a decision: p a person's, h held, m the machine's; upper case where it is to be kept. */
static void assert_kept(const char *want, size_t newest) {
    sc_decision_reason r[32] = {SC_REASON_first};
    bool keep[32];
    const size_t n = strlen(want);
    for (size_t i = 0; i < n; i++)
        r[i] = want[i] == 'P' || want[i] == 'p'   ? SC_REASON_person_moved
               : want[i] == 'H' || want[i] == 'h' ? SC_REASON_held
                                                  : SC_REASON_linkage;
    sc_decision_keep(r, n, newest, keep);
    for (size_t i = 0; i < n; i++) assert_int_equal(keep[i], want[i] < 'a');
}

static void the_first_the_newest_and_what_people_did_are_kept(void **state) {
    (void)state;
    assert_kept("", 2);
    assert_kept("M", 0);
    assert_kept("MM", 0);
    assert_kept("MmmmM", 0);
    assert_kept("MmmmM", 1);
    assert_kept("MmmMMM", 3);
    assert_kept("MMMM", 9);
    assert_kept("MmMPmmM", 1);
    assert_kept("PmMHMM", 2);
    assert_kept("MmMPPmMHmmMM", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_not_reasons_are_refused),
        cmocka_unit_test(every_reason_reads_back_from_its_name_and_has_words),
        cmocka_unit_test(the_first_the_newest_and_what_people_did_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
