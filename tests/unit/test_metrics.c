/* Agreement of groupings, against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "group/metrics.h"

static sc_metrics compare(const int32_t *truth, const int32_t *found, size_t n) {
    sc_metrics m;
    sc_err err = {0};
    if (sc_metrics_compare(truth, found, n, &m, &err)) fail_msg("%s", err.msg);
    return m;
}

#define near(x, y) assert_true(fabs((x) - (y)) < 1e-9)

static void refuses_nothing_and_negative_groups(void **state) {
    (void)state;
    sc_metrics m;
    sc_err err;
    const int32_t good[] = {0, 1}, bad[] = {0, -1};
    assert_int_equal(sc_metrics_compare(good, good, 0, &m, &err), SC_INVALID);
    assert_int_equal(sc_metrics_compare(bad, good, 2, &m, &err), SC_INVALID);
    assert_int_equal(sc_metrics_compare(good, bad, 2, &m, &err), SC_INVALID);
}

static void no_memory_is_said(void **state) {
    (void)state;
    sc_metrics m;
    sc_err err;
    const int32_t v[] = {0, 1};
    sc_mem_fail_after(1);
    assert_int_equal(sc_metrics_compare(v, v, 2, &m, &err), SC_NOMEM);
    sc_mem_fail_after(0);
}

static void the_same_grouping_under_other_numbers_is_perfect(void **state) {
    (void)state;
    const int32_t truth[] = {0, 0, 1, 1, 2}, found[] = {7, 7, 3, 3, 900000};
    sc_metrics m = compare(truth, found, 5);
    near(m.ari, 1);
    near(m.pair_f1, 1);
    near(m.v_measure, 1);
    assert_int_equal(m.true_groups, 3);
    assert_int_equal(m.found_groups, 3);
}

/* truth {a b c}{d e f}, found {a b}{c d}{e f}: 6 true pairs, 3 found, 2 common, 15 in all.
 * ARI = (2 - 6*3/15) / ((6 + 3)/2 - 6*3/15) = 0.8 / 3.3. */
static void a_grouping_that_is_half_right_scores_as_worked_out(void **state) {
    (void)state;
    const int32_t truth[] = {0, 0, 0, 1, 1, 1}, found[] = {0, 0, 1, 1, 2, 2};
    sc_metrics m = compare(truth, found, 6);
    assert_int_equal(m.true_pairs, 6);
    assert_int_equal(m.found_pairs, 3);
    assert_int_equal(m.common_pairs, 2);
    near(m.pair_precision, 2.0 / 3);
    near(m.pair_recall, 1.0 / 3);
    near(m.pair_f1, 4.0 / 9);
    near(m.ari, 0.8 / 3.3);
    /* H(C) = ln 2, H(C|K) = (1/3) ln 2; H(K) = ln 3, H(K|C) = ln 3 - (2/3) ln 2. */
    near(m.homogeneity, 2.0 / 3);
    near(m.completeness, (2.0 / 3) * log(2) / log(3));
    near(m.v_measure, 2 * m.homogeneity * m.completeness / (m.homogeneity + m.completeness));
}

static void all_alone_claims_nothing_and_is_never_wrong(void **state) {
    (void)state;
    const int32_t truth[] = {0, 0, 1, 1}, found[] = {0, 1, 2, 3};
    sc_metrics m = compare(truth, found, 4);
    near(m.pair_precision, 1);
    near(m.pair_recall, 0);
    near(m.pair_f1, 0);
    near(m.ari, 0);
    near(m.homogeneity, 1);
    near(m.completeness, 0.5);
}

static void all_in_one_has_the_precision_of_chance(void **state) {
    (void)state;
    const int32_t truth[] = {0, 0, 1, 1}, found[] = {5, 5, 5, 5};
    sc_metrics m = compare(truth, found, 4);
    near(m.pair_precision, 1.0 / 3);
    near(m.pair_recall, 1);
    near(m.ari, 0);
    near(m.homogeneity, 0);
    near(m.completeness, 1);
}

static void one_item_is_perfect(void **state) {
    (void)state;
    const int32_t v[] = {4};
    sc_metrics m = compare(v, v, 1);
    near(m.ari, 1);
    near(m.pair_f1, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_nothing_and_negative_groups),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(the_same_grouping_under_other_numbers_is_perfect),
        cmocka_unit_test(a_grouping_that_is_half_right_scores_as_worked_out),
        cmocka_unit_test(all_alone_claims_nothing_and_is_never_wrong),
        cmocka_unit_test(all_in_one_has_the_precision_of_chance),
        cmocka_unit_test(one_item_is_perfect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
