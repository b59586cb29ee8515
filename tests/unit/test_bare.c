/* Reports without a vector: which they are, and what stands in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/bare.h"
#include "base/mem.h"

static void for_a_local_embedder_nothing_happens(void **state) {
    (void)state;
    sc_bare b;
    assert_int_equal(sc_bare_init(&b, 0, NULL), SC_OK);
    sc_bare_learn(&b, NULL);
    assert_int_equal(sc_bare_add(&b, 1, SC_BARE_PLACE, NULL), SC_OK);
    sc_bare_reset(&b);
    assert_int_equal(atomic_load(&b.count), 0);
    sc_bare_done(&b);
}

static void without_memory_it_is_an_error(void **state) {
    (void)state;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        sc_bare b;
        sc_mem_fail_after(nth);
        assert_int_equal(sc_bare_init(&b, 8, NULL), SC_NOMEM);
    }
    sc_bare b;
    assert_int_equal(sc_bare_init(&b, 8, NULL), SC_OK);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        sc_mem_fail_after(nth);
        assert_int_equal(sc_bare_add(&b, 7, SC_BARE_PLACE, NULL), SC_NOMEM);
    }
    sc_mem_fail_after(0);
    assert_int_equal(atomic_load(&b.count), 0);
    sc_bare_done(&b);
}

static void the_longest_waiting_come_first_and_the_mended_do_not_come(void **state) {
    (void)state;
    sc_bare b;
    sc_bare_how how;
    int64_t got[8];
    assert_int_equal(sc_bare_init(&b, 8, NULL), SC_OK);
    for (int64_t seq = 1000; seq > 0; seq--)
        assert_int_equal(sc_bare_add(&b, seq, seq % 2 ? SC_BARE_KEEP : SC_BARE_PLACE, NULL), SC_OK);
    assert_int_equal(sc_bare_add(&b, 999, SC_BARE_PLACE, NULL),
                     SC_OK); /* as it is, but otherwise */
    assert_int_equal(atomic_load(&b.count), 1000);
    assert_true(sc_bare_has(&b, 999, &how) && how == SC_BARE_PLACE);
    assert_int_equal(sc_bare_next(&b, 3, got), 3);
    assert_int_equal(got[0], 1000);
    assert_int_equal(got[2], 998);
    for (int64_t seq = 1000; seq > 2; seq--) sc_bare_remove(&b, seq);
    sc_bare_remove(&b, 17);                                             /* again */
    assert_int_equal(sc_bare_add(&b, 1000, SC_BARE_KEEP, NULL), SC_OK); /* it came back */
    assert_int_equal(sc_bare_next(&b, 8, got), 3);
    assert_int_equal(got[0] + got[1] + got[2], 1000 + 2 + 1);
    assert_int_equal(atomic_load(&b.count), 3);
    assert_false(sc_bare_has(&b, 500, &how));
    sc_bare_done(&b);
}

/* Any two vectors of these have a cosine of 1/2; so has the stand-in with each, once there are many. */
static void the_stand_in_is_as_like_each_as_any_two_are(void **state) {
    (void)state;
    enum { DIM = 33 };
    sc_bare b;
    int8_t v[DIM];
    assert_int_equal(sc_bare_init(&b, DIM, NULL), SC_OK);
    for (int i = 0; i < 4000; i++) {
        memset(v, 0, sizeof v);
        v[0] = 90; /* 127 / sqrt 2 */
        v[1 + i % 32] = 90;
        sc_bare_learn(&b, v);
        int32_t dot = 0;
        for (int k = 0; k < DIM; k++) dot += v[k] * sc_bare_stand_in(&b)[k];
        double cosine = (double)dot / (127.0 * 127.0);
        if (i == 3) assert_true(cosine < 0.1); /* of few, little is believed */
        if (i > 2000) assert_true(cosine > 0.47 && cosine < 0.55);
    }
    sc_bare_reset(&b);
    for (int k = 0; k < DIM; k++) assert_int_equal(sc_bare_stand_in(&b)[k], 0);
    sc_bare_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_a_local_embedder_nothing_happens),
        cmocka_unit_test(without_memory_it_is_an_error),
        cmocka_unit_test(the_longest_waiting_come_first_and_the_mended_do_not_come),
        cmocka_unit_test(the_stand_in_is_as_like_each_as_any_two_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
