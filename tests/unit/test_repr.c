/* Representations as blobs: foreign bytes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/repr.h"

enum { DIM = 17, TERMS = 5, TITLES = 3, FRAMES = 2, FACETS = 2 };

static const int8_t vec[DIM] = {127, -127, -128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
static const uint32_t terms[TERMS] = {3, 70000, 0x7fffffff, 0x80000000, 0xffffffff};
static const uint8_t tfs[TERMS] = {1, 2, 3, 255, 4};
static const uint32_t titles[TITLES] = {1, 2, 0xfffffffe};
static const uint32_t frames[FRAMES] = {9, 1};
static const uint32_t facets[FACETS] = {0x10000001, 0x30000002};

static sc_repr sample(void) {
    return (sc_repr){.vec = vec,
                     .dim = DIM,
                     .n_terms = TERMS,
                     .n_title_terms = TITLES,
                     .n_frames = FRAMES,
                     .n_facets = FACETS,
                     .terms = terms,
                     .tfs = tfs,
                     .title_terms = titles,
                     .frames = frames,
                     .facets = facets,
                     .fp_text = 0x0123456789abcdefu,
                     .fp_stack = 0xfedcba9876543210u};
}

static sc_str encoded(sc_buf *b, const sc_repr *r) {
    sc_buf_init(b, 1 << 16);
    assert_true(sc_repr_encode(r, b));
    return sc_buf_str(b);
}

static sc_rc decode(sc_str blob) {
    sc_arena a;
    sc_repr r;
    sc_err err;
    sc_arena_init(&a, 1 << 16);
    sc_rc rc = sc_repr_decode(blob, &a, &r, &err);
    sc_arena_done(&a);
    return rc;
}

static void refuses_every_truncation_and_every_extra_byte(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = sample();
    sc_str blob = encoded(&b, &r);
    for (size_t n = 0; n < blob.n; n++) {
        char *exact = sc_alloc(n); /* an exact block: reading past it is found by ASan */
        memcpy(exact, blob.p, n);
        assert_int_equal(decode((sc_str){exact, n}), SC_INVALID);
        sc_free(exact);
    }
    sc_buf_putc(&b, 0);
    assert_int_equal(decode(sc_buf_str(&b)), SC_INVALID);
}

static void refuses_an_unknown_version_and_reserved_bytes(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = sample();
    encoded(&b, &r);
    b.p[0] = 2;
    assert_int_equal(decode(sc_buf_str(&b)), SC_INVALID);
    b.p[0] = 1;
    b.p[10] = 1;
    assert_int_equal(decode(sc_buf_str(&b)), SC_INVALID);
}

static void refuses_counts_over_their_maxima(void **state) {
    (void)state;
    static const uint32_t many[SC_REPR_MAX_TERMS + 1];
    static const uint8_t ones[SC_REPR_MAX_TERMS + 1];
    for (int field = 0; field < 4; field++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_repr r = {
            .terms = many, .tfs = ones, .title_terms = many, .frames = many, .facets = many};
        if (field == 0) r.n_terms = SC_REPR_MAX_TERMS + 1;
        if (field == 1) r.n_title_terms = SC_REPR_MAX_TITLE_TERMS + 1;
        if (field == 2) r.n_frames = SC_REPR_MAX_FRAMES + 1;
        if (field == 3) r.n_facets = SC_REPR_MAX_FACETS + 1;
        assert_int_equal(decode(encoded(&b, &r)), SC_INVALID);
    }
}

static void refuses_terms_out_of_order_or_twice_and_zero_occurrences(void **state) {
    (void)state;
    const uint32_t down[2] = {2, 1}, twice[2] = {2, 2}, up[2] = {1, 2};
    const uint8_t once[2] = {1, 1}, none[2] = {1, 0};
    SC_AUTO(sc_buf_done) sc_buf b1, b2, b3, b4;
    sc_repr r = {.n_terms = 2, .terms = down, .tfs = once};
    assert_int_equal(decode(encoded(&b1, &r)), SC_INVALID);
    r.terms = twice;
    assert_int_equal(decode(encoded(&b2, &r)), SC_INVALID);
    r.terms = up;
    r.tfs = none;
    assert_int_equal(decode(encoded(&b3, &r)), SC_INVALID);
    r.tfs = once;
    assert_int_equal(decode(encoded(&b4, &r)), SC_OK);
}

static void survives_every_single_byte_change(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = sample();
    sc_str blob = encoded(&b, &r);
    for (size_t i = 0; i < blob.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
            decode(blob);
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
        }
}

static void says_so_when_there_is_no_memory_for_copies(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = sample(), got;
    sc_err err;
    sc_str blob = encoded(&b, &r);
    sc_arena a;
    sc_arena_init(&a, 0);
    assert_int_equal(sc_repr_decode(blob, &a, &got, &err), SC_NOMEM);
    sc_arena_done(&a);
}

static void gives_back_what_was_put_in_at_any_alignment(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = sample(), got;
    sc_err err;
    sc_str blob = encoded(&b, &r);
    for (size_t shift = 0; shift < 8; shift++) {
        sc_arena a;
        sc_arena_init(&a, 1 << 16);
        char *p = sc_alloc(blob.n + shift);
        memcpy(p + shift, blob.p, blob.n);
        assert_int_equal(sc_repr_decode((sc_str){p + shift, blob.n}, &a, &got, &err), SC_OK);
        assert_int_equal(got.dim, DIM);
        assert_memory_equal(got.vec, vec, sizeof vec);
        assert_int_equal(got.n_terms, TERMS);
        assert_memory_equal(got.terms, terms, sizeof terms);
        assert_memory_equal(got.tfs, tfs, sizeof tfs);
        assert_memory_equal(got.title_terms, titles, sizeof titles);
        assert_memory_equal(got.frames, frames, sizeof frames);
        assert_memory_equal(got.facets, facets, sizeof facets);
        assert_true(got.fp_text == r.fp_text && got.fp_stack == r.fp_stack);
        sc_arena_done(&a);
        sc_free(p);
    }
}

static void an_empty_report_is_a_blob_too(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_repr r = {0};
    sc_str blob = encoded(&b, &r);
    assert_int_equal(blob.n, 28);
    assert_int_equal(decode(blob), SC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_truncation_and_every_extra_byte),
        cmocka_unit_test(refuses_an_unknown_version_and_reserved_bytes),
        cmocka_unit_test(refuses_counts_over_their_maxima),
        cmocka_unit_test(refuses_terms_out_of_order_or_twice_and_zero_occurrences),
        cmocka_unit_test(survives_every_single_byte_change),
        cmocka_unit_test(says_so_when_there_is_no_memory_for_copies),
        cmocka_unit_test(gives_back_what_was_put_in_at_any_alignment),
        cmocka_unit_test(an_empty_report_is_a_blob_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
