/* A ClientHello as bytes, for tests of what reads one. */
#ifndef TEST_HELLO_H
#define TEST_HELLO_H

#include <string.h>

#include "base/str.h"

static inline void hello_part(sc_buf *b, size_t bytes, sc_str s) {
    for (size_t i = bytes; i-- > 0;) sc_buf_putc(b, (char)(s.n >> (8 * i)));
    sc_buf_put_str(b, s);
}

static inline void hello_extension(sc_buf *b, unsigned type, sc_str body) {
    sc_buf_putc(b, (char)(type >> 8));
    sc_buf_putc(b, (char)type);
    hello_part(b, 2, body);
}

/* server_name (none if NULL), an extension before it, and `more`; in records of at most `piece` bytes. */
static inline void hello_make(sc_buf *out, const char *name, sc_str more, size_t piece) {
    SC_AUTO(sc_buf_done) sc_buf entry, list, extensions, body, all;
    sc_buf *const bufs[] = {&entry, &list, &extensions, &body, &all};
    static const char random[32] = "0123456789012345678901234567890";
    for (size_t i = 0; i < SC_LEN(bufs); i++) sc_buf_init(bufs[i], 64 << 10);
    hello_extension(&extensions, 0x000a, (sc_str){"\0\2\0\x1d", 4});
    if (name) {
        sc_buf_putc(&entry, 0);
        hello_part(&entry, 2, sc_str_of(name));
        hello_part(&list, 2, sc_buf_str(&entry));
        hello_extension(&extensions, 0, sc_buf_str(&list));
    }
    sc_buf_put_str(&extensions, more);
    sc_buf_put(&body, "\3\3", 2);
    sc_buf_put(&body, random, sizeof random);
    hello_part(&body, 1, SC_STR("session"));
    hello_part(&body, 2, (sc_str){"\x13\1", 2});
    hello_part(&body, 1, (sc_str){"\0", 1});
    hello_part(&body, 2, sc_buf_str(&extensions));
    sc_buf_putc(&all, 1);
    hello_part(&all, 3, sc_buf_str(&body));
    for (size_t at = 0; at < all.n; at += piece) {
        sc_buf_put(out, "\x16\3\1", 3);
        hello_part(out, 2, (sc_str){all.p + at, SC_MIN(piece, all.n - at)});
    }
}

#endif
