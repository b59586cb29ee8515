/* The picture of vectors: what is alike is near, the same again is the same, nothing breaks it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "layout/fuzzy.h"
#include "layout/layout.h"

enum { DIM = 32, BLOBS = 4 };

/* Row i lies near the axis of its blob. */
static int8_t *blobs(uint32_t n, uint64_t seed) {
    int8_t *v = sc_alloc_array((size_t)n + 1, DIM);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < DIM; k++) {
            const uint32_t at[3] = {i, k, (uint32_t)seed};
            const int noise = (int)(sc_hash64(at, sizeof at, 1) % 31) - 15;
            v[(size_t)i * DIM + k] = (int8_t)(noise + (k / 8 == i % BLOBS ? 60 : 0));
        }
    return v;
}

static sc_point *lay(uint32_t n, int8_t *vecs, uint32_t *group, sc_point *start) {
    sc_layout *l;
    sc_err err = {0};
    bool done = false;
    sc_layout_in in = {.n = n, .dim = DIM, .vecs = vecs, .group = group, .start = start};
    assert_int_equal(sc_layout_new(&in, &l, &err), SC_OK);
    while (!done) assert_int_equal(sc_layout_step(l, &done, &err), SC_OK);
    sc_point *p = sc_alloc_array((size_t)n + 1, sizeof *p);
    memcpy(p, sc_layout_points(l), n * sizeof *p);
    sc_layout_free(l);
    return p;
}

static double apart(sc_point a, sc_point b) { return hypot((double)a.x - b.x, (double)a.y - b.y); }

/* The share of points whose nearest one is of their own blob. */
static double purity(const sc_point *p, uint32_t n) {
    uint32_t good = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t best = i ? 0 : 1;
        for (uint32_t j = 0; j < n; j++)
            if (j != i && apart(p[i], p[j]) < apart(p[i], p[best])) best = j;
        good += best % BLOBS == i % BLOBS;
    }
    return (double)good / n;
}

static void few_or_equal_vectors_break_nothing(void **state) {
    (void)state;
    for (uint32_t n = 0; n < 5; n++) {
        sc_point *p = lay(n, blobs(n, 1), NULL, NULL);
        for (uint32_t i = 0; i < n; i++) assert_true(isfinite(p[i].x) && isfinite(p[i].y));
        sc_free(p);
    }
    for (int value = 0; value < 2; value++) {
        int8_t *same = sc_alloc_array(40, DIM);
        memset(same, value * 7, (size_t)40 * DIM);
        sc_point *p = lay(40, same, NULL, NULL);
        for (uint32_t i = 0; i < 40; i++) assert_true(isfinite(p[i].x) && isfinite(p[i].y));
        sc_free(p);
    }
}

static void what_is_alike_is_near_and_the_same_again_is_the_same(void **state) {
    (void)state;
    const uint32_t n = 200;
    sc_point *a = lay(n, blobs(n, 2), NULL, NULL), *b = lay(n, blobs(n, 2), NULL, NULL);
    assert_true(purity(a, n) > 0.99);
    assert_memory_equal(a, b, n * sizeof *a);
    sc_free(a);
    sc_free(b);
}

static void a_group_draws_its_points_together(void **state) {
    (void)state;
    const uint32_t n = 120;
    uint32_t *group = sc_alloc_array(n, sizeof *group);
    for (uint32_t i = 0; i < n; i++) group[i] = i % BLOBS;
    sc_point *p = lay(n, blobs(n, 3), group, NULL);
    assert_true(purity(p, n) > 0.99);
    sc_free(p);
}

static void a_start_is_kept_to(void **state) {
    (void)state;
    const uint32_t n = 160;
    sc_point *was = lay(n, blobs(n, 4), NULL, NULL);
    sc_point *start = sc_alloc_array(n, sizeof *start);
    memcpy(start, was, n * sizeof *was);
    for (uint32_t i = 0; i < n; i += 7) start[i] = (sc_point){NAN, NAN};
    sc_point *is = lay(n, blobs(n, 4), NULL, start);
    const sc_fit f = sc_fit_points(is, was, n);
    double moved = 0, extent = 0;
    for (uint32_t i = 0; i < n; i++) {
        moved += apart(sc_fit_apply(&f, is[i]), was[i]) / n;
        extent = SC_MAX(extent, apart(was[i], was[0]));
    }
    assert_true(moved < extent / 5);
    assert_true(purity(is, n) > 0.99);
    sc_free(was);
    sc_free(is);
}

static void a_new_point_goes_to_its_like_and_to_the_same_place_again(void **state) {
    (void)state;
    const uint32_t n = 200;
    int8_t *vecs = blobs(n, 5), *fresh = blobs(2 * SC_KNN_BATCH, 6);
    int8_t *copy = sc_alloc_array(n, DIM);
    memcpy(copy, vecs, (size_t)n * DIM);
    sc_point *p = lay(n, copy, NULL, NULL);
    const sc_layout_base base = {n, DIM, vecs, p};
    int32_t *scratch = sc_alloc_array((size_t)SC_KNN_BATCH * n, sizeof *scratch);
    sc_point got[SC_KNN_BATCH], again[SC_KNN_BATCH];
    sc_layout_place(&base, fresh, SC_KNN_BATCH, scratch, got);
    for (uint32_t i = 0; i < SC_KNN_BATCH; i++) {
        uint32_t best = 0;
        for (uint32_t j = 1; j < n; j++)
            if (apart(got[i], p[j]) < apart(got[i], p[best])) best = j;
        assert_int_equal(best % BLOBS, i % BLOBS);
        sc_layout_place(&base, fresh + (size_t)i * DIM, 1, scratch, &again[i]);
    }
    assert_memory_equal(got, again, sizeof got);
    const sc_layout_base empty = {.dim = DIM};
    sc_layout_place(&empty, fresh, 2, scratch, got);
    assert_true(isfinite(got[0].x) && isfinite(got[1].y));
    sc_free(vecs);
    sc_free(fresh);
    sc_free(scratch);
    sc_free(p);
}

static void a_fit_undoes_turning_mirroring_scaling_and_shifting(void **state) {
    (void)state;
    sc_point from[9], to[9];
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        const sc_fit known = {
            .a = 2.0 * cos(1), .b = 2.0 * sin(1), .mirror = mirrored ? -1 : 1, .dx = 5, .dy = -3};
        for (int i = 0; i < 9; i++) {
            from[i] = (sc_point){(float)(i % 3), (float)(i * i) / 10};
            to[i] = sc_fit_apply(&known, from[i]);
        }
        to[4] = (sc_point){NAN, NAN};
        const sc_fit f = sc_fit_points(from, to, 9);
        for (int i = 0; i < 9; i++)
            assert_true(i == 4 || apart(sc_fit_apply(&f, from[i]), to[i]) < 1e-3);
    }
    const sc_fit none = sc_fit_points(from, to, 1);
    assert_true(apart(sc_fit_apply(&none, from[2]), from[2]) == 0);
}

static void neighbours_are_exact_and_ties_go_by_row(void **state) {
    (void)state;
    const uint32_t n = 100, k = 6;
    int8_t *v = blobs(n, 8);
    memcpy(v + 7 * DIM, v + 3 * DIM, DIM); /* equal rows */
    int32_t *dots = sc_alloc_array((size_t)SC_KNN_BATCH * n, sizeof *dots);
    sc_near near[SC_KNN_BATCH * 6];
    const sc_knn_rows rows = {v, n, DIM};
    sc_knn_find(&rows, v, SC_KNN_BATCH, 0, k, dots, near);
    for (uint32_t q = 0; q < SC_KNN_BATCH; q++)
        for (uint32_t j = 0; j < k; j++) {
            const sc_near *x = &near[q * k + j];
            assert_true(x->at != q && x->at < n);
            int32_t dot = 0;
            for (int d = 0; d < DIM; d++) dot += v[q * DIM + d] * v[x->at * DIM + d];
            assert_int_equal(dot, x->dot);
            if (j) assert_true(x[-1].dot > dot || (x[-1].dot == dot && x[-1].at < x->at));
            uint32_t better = 0;
            for (uint32_t i = 0; i < n; i++) {
                if (i == q) continue;
                int32_t other = 0;
                for (int d = 0; d < DIM; d++) other += v[q * DIM + d] * v[i * DIM + d];
                better += other > dot || (other == dot && i < x->at);
            }
            assert_int_equal(better, j);
        }
    sc_free(v);
    sc_free(dots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_or_equal_vectors_break_nothing),
        cmocka_unit_test(what_is_alike_is_near_and_the_same_again_is_the_same),
        cmocka_unit_test(a_group_draws_its_points_together),
        cmocka_unit_test(a_start_is_kept_to),
        cmocka_unit_test(a_new_point_goes_to_its_like_and_to_the_same_place_again),
        cmocka_unit_test(a_fit_undoes_turning_mirroring_scaling_and_shifting),
        cmocka_unit_test(neighbours_are_exact_and_ties_go_by_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
