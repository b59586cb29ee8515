/* Token buckets: the table that counts in this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/internal.h"
#include "app_fixture.h"

static bool is_used(const struct sc_rate_entry *set) {
    bool used = false;
    for (size_t i = 0; i < SC_RATE_WAYS; i++) used |= set[i].who != 0;
    return used;
}

/* A set that no hash leads to is memory for nobody: those that are idle longest are forgotten twice as early. */
static void every_set_of_the_table_is_used(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    for (uint32_t i = 0; i < SC_RATE_SETS * SC_RATE_WAYS; i++) {
        unsigned char who[16] = {0};
        memcpy(who, &i, sizeof i);
        assert_int_equal(sc_rate_take(f.app, SC_RATE_ADDRESS, who, 60, NULL), SC_OK);
    }
    size_t used[2] = {0};
    for (size_t i = 0; i < SC_RATE_SETS; i++) used[i % 2] += is_used(f.app->rates.entries[i]);
    /* Eight come to each on average, so hardly one is left out by chance. */
    assert_true(used[0] > SC_RATE_SETS * 3 / 8);
    assert_true(used[1] > SC_RATE_SETS * 3 / 8);
    app_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_set_of_the_table_is_used)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
