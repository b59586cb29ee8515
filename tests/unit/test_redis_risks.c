/* How far two clocks are apart, when one is read over the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "stores/redis/risks.h"

static void clocks_are_apart_by_what_the_way_does_not_explain(void **state) {
    (void)state;
    static const struct {
        int64_t asked, theirs, answered, apart;
    } rows[] = {
        {1000, 1000, 1000, 0},     {1000, 1004, 1008, 0},    {1000, 1000, 6000, 0},
        {1000, 6000, 6000, 0},     {5000, 1000, 5001, 4000}, {5000, 4999, 9000, 1},
        {1000, 9000, 1001, -7999}, {1000, 6001, 6000, -1},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        assert_int_equal(sc_rd_clock_apart(rows[i].asked, rows[i].theirs, rows[i].answered),
                         rows[i].apart);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_apart_by_what_the_way_does_not_explain),
    };
    return cmocka_run_group_tests_name("redis: risks", tests, NULL, NULL);
}
