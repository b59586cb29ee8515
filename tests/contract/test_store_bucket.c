/* Every backend that shares token buckets keeps the port's word. By the store's own clock, so intervals are long. */
#include "store_fixture.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static void a_bucket_gives_its_burst_and_then_says_how_long_to_wait(void **state) {
    sc_fx *f = *state;
    int64_t got = -1, wait = -1;
    if (!f->ops->bucket_take) return; /* one machine's processes count for themselves */
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k1"), HOUR_US, 3, 2, &got, &wait, &f->err));
    assert_int_equal(got, 2);
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k1"), HOUR_US, 3, 2, &got, &wait, &f->err));
    assert_int_equal(got, 1);
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k1"), HOUR_US, 3, 2, &got, &wait, &f->err));
    assert_int_equal(got, 0);
    assert_true(wait > HOUR_US / 2 && wait <= HOUR_US);
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k2"), HOUR_US, 3, 9, &got, &wait, &f->err));
    assert_int_equal(got, 3);
}

static void a_bucket_is_another_processes_too_and_moves_nothing_else(void **state) {
    sc_fx *f = *state;
    int64_t got = -1, wait = -1, before, after;
    if (!f->ops->bucket_take) return;
    fx_ok(f, f->ops->change_token(f->s, &before, &f->err));
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k1"), HOUR_US, 1, 1, &got, &wait, &f->err));
    fx_ok(f, f->ops->change_token(f->s, &after, &f->err));
    assert_int_equal(before, after);
    fx_reopen(f);
    fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k1"), HOUR_US, 1, 1, &got, &wait, &f->err));
    assert_int_equal(got, 0);
}

static void a_bucket_that_fills_fast_is_never_empty(void **state) {
    sc_fx *f = *state;
    int64_t got, wait;
    if (!f->ops->bucket_take) return;
    for (int i = 0; i < 50; i++) {
        fx_ok(f, f->ops->bucket_take(f->s, SC_STR("k3"), 1, 1, 1, &got, &wait, &f->err));
        assert_int_equal(got, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_bucket_gives_its_burst_and_then_says_how_long_to_wait),
        fx_test(a_bucket_is_another_processes_too_and_moves_nothing_else),
        fx_test(a_bucket_that_fills_fast_is_never_empty),
    };
    return fx_run(tests);
}
