/* Files of reports: lines, arrays, documents, tables, compressed or not, whole or broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#include "cmd/cmd.h"

static char path[] = "/tmp/sc_records_XXXXXX";

static void put_file(const void *p, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

/* Every record as "line:json " or "line!"; what ends the reading early as "=CODE". */
static void read_all(const char *format, sc_buf *out) {
    sc_records *r = NULL;
    sc_err err = {0};
    sc_rc rc = sc_records_open(path, format, &r, &err);
    while (rc == SC_OK) {
        sc_record record;
        rc = sc_records_next(r, &record, &err);
        if (rc == SC_NOT_FOUND) break;
        if (rc != SC_OK && rc != SC_INVALID && rc != SC_TOO_LARGE) break;
        sc_buf_putf(out, "%lld", (long long)record.line);
        sc_buf_putc(out, rc ? '!' : ':');
        if (rc == SC_OK) sc_json_dump(record.obj, out);
        sc_buf_putc(out, ' ');
        rc = SC_OK;
    }
    if (rc != SC_OK && rc != SC_NOT_FOUND) sc_buf_putf(out, "=%s", sc_rc_name(rc));
    sc_records_close(r);
}

static void reads_bytes_as(const void *p, size_t n, const char *format, const char *want) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    put_file(p, n);
    read_all(format, &b);
    assert_string_equal(b.p ? b.p : "", want);
}
static void reads_as(const char *text, const char *want) {
    reads_bytes_as(text, strlen(text), NULL, want);
}

static void broken_lines_and_elements_cost_themselves(void **state) {
    (void)state;
    reads_as("{\"a\":1}\n{broken\n5\n{\"a\":2}", "1:{\"a\":1} 2! 3! 4:{\"a\":2} ");
    reads_as("[{\"a\":1}, {\"a\":}, 7, {\"b\":\"]},{\\\"\"}]",
             "1:{\"a\":1} 2! 3! 4:{\"b\":\"]},{\\\"\"} ");
    reads_as("[{\"a\":1},{\"a\"", "1:{\"a\":1} 2! ");
    reads_as("a,b\n1,2,3\n4,5\n\xff,x\n", "2! 3:{\"a\":\"4\",\"b\":\"5\"} 4! ");
}

static void a_document_that_is_broken_ends_it(void **state) {
    (void)state;
    reads_as("{\n \"items\": [\n {\"a\":1},\n", "=IO");
}

static void what_it_is_is_seen_from_the_content(void **state) {
    (void)state;
    reads_as("\xEF\xBB\xBF{\"a\":1}\r\n\r\n{\"a\":2}\r\n", "1:{\"a\":1} 3:{\"a\":2} ");
    reads_as(" [ {\"a\":1} ,\n{\"a\":[2,{}]} ] ", "1:{\"a\":1} 2:{\"a\":[2,{}]} ");
    reads_as("{\"items\":[{\"a\":1},{\"a\":2}]}", "1:{\"a\":1} 2:{\"a\":2} ");
    reads_as("{\n  \"items\": [\n    {\"a\":1}\n  ]\n}\n", "1:{\"a\":1} ");
    reads_as("{\n \"title\": \"alone\"\n}\n", "1:{\"title\":\"alone\"} ");
    reads_as("{\"kind\":\"Listing\",\n\"data\":{\"children\":[{\"kind\":\"t3\"}]}}",
             "1:{\"kind\":\"t3\"} ");
    reads_as("id;title\n1;x\n", "2:{\"id\":\"1\",\"title\":\"x\"} ");
    reads_as("", "");
    reads_as("[]", "");
    reads_bytes_as("{\"a\":1}\n", 8, "jsonl", "1:{\"a\":1} ");
}

static void gzip_members_are_one_stream(void **state) {
    (void)state;
    unsigned char packed[400];
    size_t n = 0;
    const char *const parts[] = {"{\"a\":1}\n{\"a\"", ":2}\n"};
    for (size_t i = 0; i < 2; i++) {
        z_stream z = {0};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)parts[i];
        z.avail_in = (uInt)strlen(parts[i]);
        z.next_out = packed + n;
        z.avail_out = (uInt)(sizeof packed - n);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        n += z.total_out;
        deflateEnd(&z);
    }
    reads_bytes_as(packed, n, NULL, "1:{\"a\":1} 2:{\"a\":2} ");
    reads_bytes_as(packed, n - 6, NULL, "=IO");
}

static void zstd_frames_are_one_stream(void **state) {
    (void)state;
    char packed[400];
    size_t n = ZSTD_compress(packed, sizeof packed, "{\"a\":1}\n", 8, 3);
    n += ZSTD_compress(packed + n, sizeof packed - n, "{\"a\":2}\n", 8, 3);
    reads_bytes_as(packed, n, NULL, "1:{\"a\":1} 2:{\"a\":2} ");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    put_file(packed, n - 3);
    read_all(NULL, &b);
    assert_true(sc_str_ends(sc_buf_str(&b), "=IO"));
}

static void a_line_that_is_too_long_is_skipped(void **state) {
    (void)state;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16 << 20);
    sc_buf_puts(&b, "{\"a\":1}\n{\"a\":\"");
    for (int i = 0; i < 600000; i++) sc_buf_puts(&b, "0123456789");
    sc_buf_puts(&b, "\"}\n{\"a\":2}\n");
    reads_bytes_as(b.p, b.n, NULL, "1:{\"a\":1} 2! 3:{\"a\":2} ");
}

static int setup(void **state) {
    (void)state;
    sc_json_setup();
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}
static int done(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_lines_and_elements_cost_themselves),
        cmocka_unit_test(a_document_that_is_broken_ends_it),
        cmocka_unit_test(what_it_is_is_seen_from_the_content),
        cmocka_unit_test(gzip_members_are_one_stream),
        cmocka_unit_test(zstd_frames_are_one_stream),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped),
    };
    return cmocka_run_group_tests(tests, setup, done);
}
