/* Decompression piece by piece: what must not be opened first, then what must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "net/inflate.h"

static char plain[4 << 20], packed[5 << 20], opened[5 << 20];

static size_t pack(sc_coding coding, size_t n) {
    if (coding == SC_CODING_ZSTD) return ZSTD_compress(packed, sizeof packed, plain, n, 3);
    z_stream z = {.next_in = (Bytef *)plain,
                  .avail_in = (uInt)n,
                  .next_out = (Bytef *)packed,
                  .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* Opens packed[0..n) in input pieces of `step` bytes into windows of `room`; returns the code and the
 * size of what came out. */
static sc_rc open_all(sc_coding coding, size_t n, size_t max, size_t step, size_t room,
                      size_t *ret_n) {
    sc_inflate *z = NULL;
    size_t out = 0;
    assert_int_equal(sc_inflate_new(coding, max, &z, NULL), SC_OK);
    sc_rc rc = SC_OK;
    for (size_t at = 0; at < n && !rc; at += step) {
        sc_str in = {packed + at, SC_MIN(step, n - at)};
        for (size_t got = 1; got && !rc;) {
            assert_true(out + room <= sizeof opened);
            rc = sc_inflate_step(z, &in, opened + out, room, &got, NULL);
            if (!rc) out += got;
        }
        if (!rc) assert_int_equal(in.n, 0);
    }
    if (!rc) rc = sc_inflate_end(z, NULL);
    assert_true(out <= max);
    sc_inflate_free(z);
    if (ret_n) *ret_n = out;
    return rc;
}

static void fill_text(void) {
    uint64_t x = 1;
    for (size_t i = 0; i < sizeof plain; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        plain[i] = (char)('a' + (x >> 60));
    }
}

static const sc_coding codings[] = {SC_CODING_GZIP, SC_CODING_ZSTD};

static void other_codings_are_refused(void **state) {
    (void)state;
    sc_coding c;
    static const char *const wrong[] = {"br",        "deflate",  "compress", "gzip, gzip",
                                        "gzip,zstd", "gzip;q=1", "*"};
    for (size_t i = 0; i < SC_LEN(wrong); i++)
        assert_int_equal(sc_coding_parse(sc_str_of(wrong[i]), &c, NULL), SC_MEDIA_TYPE);
    assert_int_equal(sc_coding_parse(SC_STR(" GZip "), &c, NULL), SC_OK);
    assert_int_equal(c, SC_CODING_GZIP);
    assert_int_equal(sc_coding_parse(SC_STR_NONE, &c, NULL), SC_OK);
    assert_int_equal(c, SC_CODING_IDENTITY);
}

static void truncated_data_are_invalid_at_every_length(void **state) {
    (void)state;
    fill_text();
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], 1000);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(open_all(codings[k], cut, SIZE_MAX, 4096, 4096, NULL), SC_INVALID);
        assert_int_equal(open_all(codings[k], n, SIZE_MAX, 4096, 4096, NULL), SC_OK);
    }
}

static void bytes_after_the_end_are_invalid(void **state) {
    (void)state;
    fill_text();
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], 1000);
        static const char *const tails[] = {"x", "\0", "garbage that is long enough to look at",
                                            "\x1f"};
        for (size_t i = 0; i < SC_LEN(tails); i++) {
            size_t tail = SC_MAX(strlen(tails[i]), (size_t)1);
            memcpy(packed + n, tails[i], tail);
            assert_int_equal(open_all(codings[k], n + tail, SIZE_MAX, 4096, 4096, NULL),
                             SC_INVALID);
            assert_int_equal(open_all(codings[k], n + tail, SIZE_MAX, 1, 1, NULL), SC_INVALID);
        }
    }
}

static void a_flipped_byte_is_noticed(void **state) {
    (void)state;
    fill_text();
    size_t n = pack(SC_CODING_GZIP, 1000);
    for (size_t i = 10; i < n; i++) { /* before that: header fields that mean nothing to us */
        packed[i] ^= 0x20;
        sc_rc rc = open_all(SC_CODING_GZIP, n, 10000, 4096, 4096, NULL);
        assert_true(rc == SC_INVALID || rc == SC_TOO_LARGE);
        packed[i] ^= 0x20;
    }
}

static void bombs_stop_at_the_limit(void **state) {
    (void)state;
    memset(plain, 0, sizeof plain);
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], sizeof plain), out = 0;
        assert_int_equal(open_all(codings[k], n, 1000, 4096, 4096, &out), SC_TOO_LARGE);
        assert_true(out <= 1000);
        /* Under the absolute limit, over the ratio: little more than 1 MiB comes out. */
        assert_int_equal(open_all(codings[k], n, SIZE_MAX, 4096, 4096, &out), SC_TOO_LARGE);
        assert_true(out <= SC_INFLATE_FREE_BYTES + 4096 + SC_INFLATE_MAX_RATIO * n);
        /* A ratio alone is no crime: 64 KiB of zeros are fine. */
        n = pack(codings[k], 64 << 10);
        assert_int_equal(open_all(codings[k], n, SIZE_MAX, 4096, 4096, &out), SC_OK);
        assert_int_equal(out, 64 << 10);
    }
}

static void a_large_zstd_window_is_refused(void **state) {
    (void)state;
    fill_text();
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 27);
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    ZSTD_inBuffer in = {plain, 100000, 0};
    ZSTD_outBuffer out = {packed, sizeof packed, 0};
    while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue) && in.pos < in.size) {
    }
    while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end)) {
    }
    ZSTD_freeCCtx(c);
    assert_int_equal(open_all(SC_CODING_ZSTD, out.pos, SIZE_MAX, 4096, 4096, NULL), SC_INVALID);
}

static void the_limit_itself_is_allowed(void **state) {
    (void)state;
    fill_text();
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], 5000);
        assert_int_equal(open_all(codings[k], n, 5000, 4096, 4096, NULL), SC_OK);
        assert_int_equal(open_all(codings[k], n, 4999, 4096, 4096, NULL), SC_TOO_LARGE);
    }
}

static void pieces_of_any_size_give_the_same(void **state) {
    (void)state;
    fill_text();
    static const size_t sizes[] = {1, 2, 7, 100, 4096, 100000};
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], 50000);
        for (size_t i = 0; i < SC_LEN(sizes); i++)
            for (size_t j = 0; j < SC_LEN(sizes); j++) {
                size_t out = 0;
                memset(opened, 0, 50000);
                assert_int_equal(open_all(codings[k], n, SIZE_MAX, sizes[i], sizes[j], &out),
                                 SC_OK);
                assert_int_equal(out, 50000);
                assert_memory_equal(opened, plain, 50000);
            }
    }
}

static void members_and_frames_follow_each_other(void **state) {
    (void)state;
    fill_text();
    for (size_t k = 0; k < SC_LEN(codings); k++) {
        size_t n = pack(codings[k], 3000), out = 0;
        for (int i = 1; i < 4; i++) memcpy(packed + (size_t)i * n, packed, n);
        assert_int_equal(open_all(codings[k], 4 * n, SIZE_MAX, 13, 100, &out), SC_OK);
        assert_int_equal(out, 12000);
        assert_memory_equal(opened + 9000, plain, 3000);
        assert_int_equal(open_all(codings[k], 4 * n - 1, SIZE_MAX, 13, 100, &out), SC_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_codings_are_refused),
        cmocka_unit_test(truncated_data_are_invalid_at_every_length),
        cmocka_unit_test(bytes_after_the_end_are_invalid),
        cmocka_unit_test(a_flipped_byte_is_noticed),
        cmocka_unit_test(bombs_stop_at_the_limit),
        cmocka_unit_test(a_large_zstd_window_is_refused),
        cmocka_unit_test(the_limit_itself_is_allowed),
        cmocka_unit_test(pieces_of_any_size_give_the_same),
        cmocka_unit_test(members_and_frames_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
