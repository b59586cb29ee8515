/* The first words of TLS: whose name is in them, at every cut, and when there is none to be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hello.h"
#include "proxy/hello.h"

static sc_hello look(const char *name, sc_str more, size_t piece, char ret[SC_HELLO_MAX_NAME]) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256 << 10);
    hello_make(&b, name, more, piece);
    return sc_hello_look(sc_buf_str(&b), ret);
}

static void what_names_nobody_is_not_believed(void **state) {
    (void)state;
    char name[SC_HELLO_MAX_NAME], long_name[400];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    SC_AUTO(sc_buf_done) sc_buf twice, hidden, two, torn;
    sc_buf *const bufs[] = {&twice, &hidden, &two, &torn};
    for (size_t i = 0; i < SC_LEN(bufs); i++) sc_buf_init(bufs[i], 1000);
    hello_extension(&twice, 0, (sc_str){"\0\4\0\0\1b", 6});
    hello_extension(&hidden, 0xfe0d, SC_STR("x"));
    hello_extension(&two, 0, (sc_str){"\0\10\0\0\1a\0\0\1b", 10});
    sc_buf_put(&torn, "\0\0\0\5x", 5);
    const struct {
        const char *name;
        sc_str more;
    } rows[] = {{NULL, SC_STR_NONE},        {"", SC_STR_NONE},        {long_name, SC_STR_NONE},
                {"a b", SC_STR_NONE},       {"a\r\nb", SC_STR_NONE},  {"a", sc_buf_str(&twice)},
                {"a", sc_buf_str(&hidden)}, {NULL, sc_buf_str(&two)}, {"a", sc_buf_str(&torn)},
                {NULL, sc_buf_str(&hidden)}};
    for (size_t i = 0; i < SC_LEN(rows); i++)
        assert_int_equal(look(rows[i].name, rows[i].more, 16000, name), SC_HELLO_NAMELESS);
    static const char other[] = "\x16\3\1\0\4\2\0\0\0";   /* another message of the handshake */
    static const char large[] = "\x16\3\1\0\4\1\1\0\0\0"; /* 64 KiB are promised */
    static const char empty[] = "\x16\3\1\0\0\1\1\0\0\0"; /* a record of nothing */
    static const char old[] = "\x16\2\1\0\4\1\1\0\0\0";
    const sc_str bad[] = {{other, 9}, {large, 9}, {empty, 9}, {old, 9}};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        assert_int_equal(sc_hello_look(bad[i], name), SC_HELLO_NAMELESS);
}

static void the_name_is_read_however_it_is_cut(void **state) {
    (void)state;
    char name[SC_HELLO_MAX_NAME];
    static const size_t pieces[] = {16000, 100, 7, 1};
    for (size_t i = 0; i < SC_LEN(pieces); i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 64 << 10);
        hello_make(&b, "Registry.Example.org", SC_STR_NONE, pieces[i]);
        for (size_t n = 0; n < b.n; n++)
            assert_int_equal(sc_hello_look((sc_str){b.p, n}, name), SC_HELLO_MORE);
        assert_int_equal(sc_hello_look(sc_buf_str(&b), name), SC_HELLO_NAMED);
        assert_string_equal(name, "registry.example.org");
        sc_buf_puts(&b, "and what follows");
        assert_int_equal(sc_hello_look(sc_buf_str(&b), name), SC_HELLO_NAMED);
    }
}

static void other_protocols_are_told_at_once(void **state) {
    (void)state;
    char name[SC_HELLO_MAX_NAME];
    assert_int_equal(sc_hello_look(SC_STR_NONE, name), SC_HELLO_MORE);
    assert_int_equal(sc_hello_look(SC_STR("G"), name), SC_HELLO_NONE);
    assert_int_equal(sc_hello_look(SC_STR("SSH-2.0"), name), SC_HELLO_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_nobody_is_not_believed),
        cmocka_unit_test(the_name_is_read_however_it_is_cut),
        cmocka_unit_test(other_protocols_are_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
