#include "proxy/hello.h"

enum {
    RECORD = 22,
    CLIENT_HELLO = 1,
    SERVER_NAME = 0,
    ENCRYPTED_HELLO = 0xfe0d,
    MAX_HELLO = 16 << 10
};

static unsigned byte_at(sc_str s, size_t i) { return (unsigned char)s.p[i]; }

/* A number of `bytes` bytes, cut off *s. */
static bool number(sc_str *s, size_t bytes, size_t *ret) {
    size_t n = 0;
    if (s->n < bytes) return false;
    for (size_t i = 0; i < bytes; i++) n = n << 8 | byte_at(*s, i);
    s->p += bytes;
    s->n -= bytes;
    *ret = n;
    return true;
}

/* What a length of `bytes` bytes stands in front of, cut off *s. */
static bool part(sc_str *s, size_t bytes, sc_str *ret) {
    size_t n;
    if (!number(s, bytes, &n) || s->n < n) return false;
    *ret = (sc_str){s->p, n};
    s->p += n;
    s->n -= n;
    return true;
}

/* The handshake's bytes out of the records that they come in, up to what there is. */
static sc_hello unwrap(sc_str in, char into[MAX_HELLO], size_t *ret_n) {
    size_t n = 0;
    while (in.n >= 5 && n < MAX_HELLO) {
        if (byte_at(in, 0) != RECORD || byte_at(in, 1) != 3) return SC_HELLO_NAMELESS;
        size_t length = byte_at(in, 3) << 8 | byte_at(in, 4);
        if (!length || length > MAX_HELLO) return SC_HELLO_NAMELESS;
        size_t here = SC_MIN(SC_MIN(length, in.n - 5), MAX_HELLO - n);
        memcpy(into + n, in.p + 5, here);
        n += here;
        if (n >= 4) { /* the handshake's own length */
            size_t all = 4 + ((size_t)(unsigned char)into[1] << 16 |
                              (size_t)(unsigned char)into[2] << 8 | (unsigned char)into[3]);
            if (into[0] != CLIENT_HELLO || all > MAX_HELLO) return SC_HELLO_NAMELESS;
            if (n >= all) {
                *ret_n = all;
                return SC_HELLO_NAMED;
            }
        }
        if (here < length) return SC_HELLO_MORE;
        in = (sc_str){in.p + 5 + length, in.n - 5 - length};
    }
    return SC_HELLO_MORE;
}

/* A list of one host name. */
static bool name_of(sc_str s, char ret_name[SC_HELLO_MAX_NAME]) {
    sc_str list, name;
    size_t type;
    if (!part(&s, 2, &list) || s.n || !number(&list, 1, &type) || type || !part(&list, 2, &name) ||
        list.n || !name.n || name.n >= SC_HELLO_MAX_NAME)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i], low = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._", c))))
            return false;
        ret_name[i] = low;
    }
    ret_name[name.n] = 0;
    return true;
}

static bool read_hello(sc_str s, char ret_name[SC_HELLO_MAX_NAME]) {
    sc_str skip, extensions, body;
    size_t type;
    int names = 0;
    if (s.n < 38) return false;
    s = (sc_str){s.p + 38, s.n - 38}; /* type, length, version, random */
    if (!part(&s, 1, &skip) || !part(&s, 2, &skip) || !part(&s, 1, &skip) ||
        !part(&s, 2, &extensions) || s.n)
        return false;
    while (extensions.n) {
        if (!number(&extensions, 2, &type) || !part(&extensions, 2, &body) ||
            type == ENCRYPTED_HELLO)
            return false;
        if (type == SERVER_NAME && (names++ || !name_of(body, ret_name))) return false;
    }
    return names == 1;
}

sc_hello sc_hello_look(sc_str in, char ret_name[SC_HELLO_MAX_NAME]) {
    char whole[MAX_HELLO];
    size_t n = 0;
    if (!in.n) return SC_HELLO_MORE;
    if (byte_at(in, 0) != RECORD) return SC_HELLO_NONE;
    sc_hello is = unwrap(in, whole, &n);
    if (is != SC_HELLO_NAMED) return is;
    return read_hello((sc_str){whole, n}, ret_name) ? SC_HELLO_NAMED : SC_HELLO_NAMELESS;
}
