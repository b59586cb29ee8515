/* Every kernel against the scalar one: odd lengths, misalignments, extreme values, equal to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "vec/kernels.h"
#include "vec/sum.h"

static uint64_t seed = 1;

static uint64_t next(void) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    return z ^ (z >> 27);
}

static void fill(int8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) p[i] = (int8_t)(next() >> 13);
}

/* The values that overflow a kernel with narrow sums. */
static void fill_extreme(int8_t *p, size_t n) {
    static const int8_t v[] = {-128, 127, -127, -128};
    for (size_t i = 0; i < n; i++) p[i] = v[next() % 4];
}

static void compare_dot(const sc_vec_kernel *k, size_t dim, size_t shift_a, size_t shift_b,
                        bool extreme) {
    /* Exact blocks: a kernel that reads past the end is found by ASan. */
    int8_t *a = sc_alloc(shift_a + dim), *b = sc_alloc(shift_b + dim);
    (extreme ? fill_extreme : fill)(a, shift_a + dim);
    (extreme ? fill_extreme : fill)(b, shift_b + dim);
    assert_int_equal(k->dot(a + shift_a, b + shift_b, dim),
                     sc_kernel_scalar.dot(a + shift_a, b + shift_b, dim));
    sc_free(a);
    sc_free(b);
}

static void compare_scan(const sc_vec_kernel *k, size_t dim, size_t rows, size_t shift) {
    int8_t *q = sc_alloc(dim), *m = sc_alloc(shift + rows * dim);
    int32_t *want = sc_alloc_array(rows, sizeof *want), *got = sc_alloc_array(rows, sizeof *got);
    fill_extreme(q, dim);
    fill(m, shift + rows * dim);
    sc_kernel_scalar.scan(q, m + shift, rows, dim, want);
    k->scan(q, m + shift, rows, dim, got);
    assert_memory_equal(got, want, rows * sizeof *want);
    sc_free(q);
    sc_free(m);
    sc_free(want);
    sc_free(got);
}

/* Sums of rows, their squares and their scaling; values up to 2^27, halves included. */
static void compare_sums(const sc_vec_kernel *k, size_t dim, size_t shift, int32_t by) {
    int8_t *row = sc_alloc(shift + dim);
    int32_t *want = sc_alloc_array(dim, sizeof *want), *got = sc_alloc_array(dim, sizeof *got);
    fill_extreme(row, shift + dim);
    for (size_t i = 0; i < dim; i++) want[i] = got[i] = (int32_t)(next() >> 36) - (1 << 27);
    sc_kernel_scalar.add(want, row + shift, by, dim);
    k->add(got, row + shift, by, dim);
    assert_memory_equal(got, want, dim * sizeof *want);
    assert_true(k->squares(got, dim) == sc_kernel_scalar.squares(want, dim));
    static const double factors[] = {0.5, 0.25, 1e-9, -0.3, 1};
    for (size_t i = 0; i < SC_LEN(factors); i++) {
        sc_kernel_scalar.scale(want, factors[i], dim);
        k->scale(got, factors[i], dim);
        assert_memory_equal(got, want, dim * sizeof *want);
        for (size_t j = 0; j < dim; j++) want[j] = got[j] = (int32_t)(next() >> 50) - (1 << 13);
    }
    sc_free(row);
    sc_free(want);
    sc_free(got);
}

static void compare_many(const sc_vec_kernel *k, size_t dim, size_t rows, size_t n) {
    int8_t *q[SC_VEC_MANY], *m = sc_alloc(rows * dim + 1);
    void *packed = sc_alloc(SC_VEC_PACKED(dim));
    int32_t *got = sc_alloc_array(rows * SC_VEC_MANY, sizeof *got);
    for (size_t i = 0; i < n; i++) fill_extreme(q[i] = sc_alloc(dim + 1), dim);
    fill_extreme(m, rows * dim);
    k->pack((const int8_t *const *)q, n, dim, packed);
    k->many(packed, m, rows, dim, got);
    for (size_t i = 0; i < rows; i++)
        for (size_t x = 0; x < SC_VEC_MANY; x++)
            assert_int_equal(got[i * SC_VEC_MANY + x],
                             x < n ? sc_kernel_scalar.dot(q[x], m + i * dim, dim) : 0);
    for (size_t i = 0; i < n; i++) sc_free(q[i]);
    sc_free(m);
    sc_free(packed);
    sc_free(got);
}

/* To the bit: what many at once give is what one by one gives. */
static void compare_spread(const sc_vec_kernel *k, size_t n) {
    enum { FIRST = 1000, ROWS = 50, SCALES = 1 << SC_VEC_POST_BITS };
    float want[ROWS * SC_VEC_MANY], got[ROWS * SC_VEC_MANY], w[SC_VEC_MANY], scale[SCALES];
    uint32_t *list = sc_alloc_array(n, sizeof *list);
    for (size_t i = 0; i < SC_LEN(want); i++) want[i] = got[i] = (float)(next() >> 40) / 3e6f;
    for (size_t i = 0; i < SC_VEC_MANY; i++) w[i] = (float)(next() >> 40) / 7e6f;
    for (size_t i = 0; i < SCALES; i++) scale[i] = (float)(next() >> 40) / 9e6f;
    for (size_t i = 0; i < n; i++)
        list[i] = (uint32_t)(FIRST + i) << SC_VEC_POST_BITS | (uint32_t)(next() % SCALES);
    sc_kernel_scalar.spread(want, list, n, FIRST, w, scale);
    k->spread(got, list, n, FIRST, w, scale);
    assert_memory_equal(got, want, sizeof want);
    sc_free(list);
}

/* Sums as large as 2^24 vectors make them. */
static void compare_sum_dot(const sc_vec_kernel *k, size_t dim, size_t shift) {
    static const int32_t far[] = {INT32_MAX - 128, -INT32_MAX + 128, 0, 1 << 24, -1};
    int8_t *v = sc_alloc(shift + dim);
    int32_t *sum = sc_alloc_array(dim, sizeof *sum);
    fill_extreme(v, shift + dim);
    for (size_t i = 0; i < dim; i++) sum[i] = far[next() % SC_LEN(far)];
    assert_true(k->sum_dot(sum, v + shift, dim) == sc_kernel_scalar.sum_dot(sum, v + shift, dim));
    sc_free(v);
    sc_free(sum);
}

static void check(const char *name) {
    const sc_vec_kernel *k = sc_kernels_find(name);
    if (!k) {
        print_message("no %s here: skipped\n", name);
        skip();
    }
    for (size_t dim = 0; dim <= 200; dim++)
        for (size_t shift = 0; shift < 4; shift++) {
            compare_dot(k, dim, shift, (shift * 7 + 3) % 5, false);
            compare_dot(k, dim, shift, 0, true);
        }
    for (size_t dim = 0; dim <= 70; dim++) {
        compare_sums(k, dim, dim % 3, 4095);
        compare_sums(k, dim, dim % 5, -32767);
    }
    compare_sums(k, 256, 1, 0);
    static const size_t dims[] = {256, 383, 384, 511, 512, 768, 1024, 4099};
    for (size_t i = 0; i < SC_LEN(dims); i++) {
        compare_dot(k, dims[i], i, 1, true);
        compare_scan(k, dims[i], 9, i);
    }
    for (size_t dim = 0; dim <= 70; dim++) {
        compare_many(k, dim, dim % 19, dim % (SC_VEC_MANY + 1));
        compare_sum_dot(k, dim, dim % 4);
    }
    compare_many(k, 512, 33, SC_VEC_MANY);
    for (size_t n = 0; n <= 50; n += 7) compare_spread(k, n);
    for (size_t rows = 0; rows <= 13; rows++)
        for (size_t dim = 1; dim <= 131; dim += 13) compare_scan(k, dim, rows, rows % 3);
}

static void avx2_equals_scalar(void **state) {
    (void)state;
    check("avx2");
}

static void avx512vnni_equals_scalar(void **state) {
    (void)state;
    check("avx512vnni");
}

static void scalar_multiplies_and_adds(void **state) {
    (void)state;
    const int8_t a[] = {1, -2, 3, -128}, b[] = {4, 5, -6, -128};
    assert_int_equal(sc_kernel_scalar.dot(a, b, 4), 4 - 10 - 18 + 16384);
    assert_int_equal(sc_kernel_scalar.dot(a, b, 0), 0);
}

static void scalar_adds_squares_and_rounds_halves_away(void **state) {
    (void)state;
    const int8_t row[] = {1, -128, 127};
    int32_t v[] = {10, 0, -127};
    sc_kernel_scalar.add(v, row, 3, 3);
    assert_int_equal(v[0], 13);
    assert_int_equal(v[1], -384);
    assert_int_equal(v[2], 254);
    assert_true(sc_kernel_scalar.squares(v, 3) == 13 * 13 + 384 * 384 + 254 * 254);
    sc_kernel_scalar.scale(v, 0.5, 3);
    assert_int_equal(v[0], 7); /* 6.5 */
    assert_int_equal(v[1], -192);
    sc_kernel_scalar.scale(v, -0.5, 1);
    assert_int_equal(v[0], -4); /* -3.5 */
}

static void the_longest_extreme_vectors_do_not_overflow(void **state) {
    (void)state;
    int8_t *a = sc_alloc(SC_VEC_MAX_DIM);
    memset(a, -128, SC_VEC_MAX_DIM);
    assert_int_equal(sc_kernels_get()->dot(a, a, SC_VEC_MAX_DIM), 1 << 30);
    sc_free(a);
}

static void an_unknown_kernel_is_none(void **state) {
    (void)state;
    assert_null(sc_kernels_find("mmx"));
    assert_null(sc_kernels_find(""));
    assert_ptr_equal(sc_kernels_find("scalar"), &sc_kernel_scalar);
}

static void the_environment_forces_a_kernel(void **state) {
    (void)state;
    const char *forced = getenv("SOULCASTER_SIMD");
    if (forced && sc_kernels_find(forced)) assert_string_equal(sc_kernels_get()->name, forced);
    assert_non_null(sc_kernels_find(sc_kernels_get()->name));
}

static void sums_stand_for_their_members(void **state) {
    (void)state;
    enum { N = 7, DIM = 33 };
    int8_t v[N][DIM];
    int32_t sum[DIM] = {0};
    int64_t pairs = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        fill(v[i], DIM);
        sc_sum_add(sum, v[i], DIM);
    }
    for (size_t i = 0; i < N; i++) {
        squares += sc_kernel_scalar.dot(v[i], v[i], DIM);
        for (size_t k = 0; k < N; k++)
            if (k != i) pairs += sc_kernel_scalar.dot(v[i], v[k], DIM);
    }
    assert_true(sc_sum_dot_sum(sum, sum, DIM) == pairs + squares);
    int64_t with_first = 0;
    for (size_t k = 0; k < N; k++) with_first += sc_kernel_scalar.dot(v[0], v[k], DIM);
    assert_true(sc_sum_dot(sum, v[0], DIM) == with_first);
    for (size_t i = 0; i < N; i++) sc_sum_take_off(sum, v[i], DIM);
    for (size_t k = 0; k < DIM; k++) assert_int_equal(sum[k], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avx2_equals_scalar),
        cmocka_unit_test(avx512vnni_equals_scalar),
        cmocka_unit_test(scalar_multiplies_and_adds),
        cmocka_unit_test(scalar_adds_squares_and_rounds_halves_away),
        cmocka_unit_test(the_longest_extreme_vectors_do_not_overflow),
        cmocka_unit_test(an_unknown_kernel_is_none),
        cmocka_unit_test(the_environment_forces_a_kernel),
        cmocka_unit_test(sums_stand_for_their_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
