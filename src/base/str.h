/* Strings: views for looking, buffers with a mandatory maximum for building, one strict number
 * parser, UTF-8 checks, hex.
 *
 * An sc_str is a borrowed view: not NUL-terminated, valid as long as its owner says. An sc_buf owns
 * its bytes, is always NUL-terminated, and remembers that it ran over its maximum or out of memory
 * (`failed`), so that a builder checks once at the end. Threads: plain data. */
#ifndef SC_BASE_STR_H
#define SC_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

typedef struct sc_str {
    const char *p;
    size_t n;
} sc_str;

#define SC_STR(literal) ((sc_str){"" literal, sizeof(literal) - 1})
#define SC_STR_NONE ((sc_str){NULL, 0})
/* For printf: "%.*s", SC_FMT(s) */
#define SC_FMT(s) (int)SC_MIN((s).n, (size_t)INT32_MAX), (s).p ? (s).p : ""

static inline sc_str sc_str_of(const char *s) { return (sc_str){s, s ? strlen(s) : 0}; }
static inline bool sc_str_eq(sc_str a, sc_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool sc_str_is(sc_str a, const char *b) { return sc_str_eq(a, sc_str_of(b)); }
bool sc_str_ieq(sc_str a, sc_str b); /* ASCII case-insensitive */
bool sc_str_starts(sc_str s, const char *prefix);
bool sc_str_ends(sc_str s, const char *suffix);
int sc_str_cmp(sc_str a, sc_str b); /* bytewise, like strcmp */
sc_str sc_str_trim(sc_str s);       /* ASCII white space at both ends */
/* Offset of needle in s, or SIZE_MAX. */
size_t sc_str_find(sc_str s, sc_str needle);
/* Cuts the part before `sep` off *rest into *ret_part; false when *rest is exhausted. An empty
 * trailing part is given once. */
bool sc_str_next(sc_str *rest, char sep, sc_str *ret_part);
/* The longest prefix of at most max_bytes that does not cut a UTF-8 sequence. */
sc_str sc_str_clip(sc_str s, size_t max_bytes);

/* Strict decimal, the whole of s, no space, no '+'. SC_INVALID when not a number or out of range. */
sc_rc sc_num_i64(sc_str s, int64_t min, int64_t max, int64_t *ret, sc_err *err);
sc_rc sc_num_f64(sc_str s, double min, double max, double *ret, sc_err *err);
/* "64k", "16M", "2G" (powers of 1024) or plain bytes. */
sc_rc sc_num_bytes(sc_str s, int64_t *ret, sc_err *err);

/* True when s is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, <= U+10FFFF). */
bool sc_utf8_valid(sc_str s);
/* Decodes one code point at s[*i], moves *i past it; an ill-formed byte gives U+FFFD and moves 1. */
uint32_t sc_utf8_next(sc_str s, size_t *i);

typedef struct sc_buf {
    char *p; /* NULL until the first byte */
    size_t n, cap, max;
    bool failed;    /* over max, or out of memory: content is incomplete */
    bool no_memory; /* ... and it was the memory */
} sc_buf;

void sc_buf_init(sc_buf *b, size_t max_bytes);
void sc_buf_done(sc_buf *b);
void sc_buf_reset(sc_buf *b); /* empties, keeps the memory, clears failed */
bool sc_buf_reserve(sc_buf *b, size_t more);
bool sc_buf_put(sc_buf *b, const void *p, size_t n);
bool sc_buf_puts(sc_buf *b, const char *s);
bool sc_buf_put_str(sc_buf *b, sc_str s);
bool sc_buf_putc(sc_buf *b, char c);
bool sc_buf_putf(sc_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Decimal; much cheaper than sc_buf_putf. */
bool sc_buf_put_int(sc_buf *b, int64_t v);
/* Code point as UTF-8. */
bool sc_buf_put_utf8(sc_buf *b, uint32_t cp);
/* s as a JSON string with its quotes (RFC 8259); ill-formed UTF-8 becomes U+FFFD. */
bool sc_buf_put_json(sc_buf *b, sc_str s);
sc_str sc_buf_str(const sc_buf *b);
/* The bytes, now the caller's (sc_free); NULL when failed or empty-unallocated. Resets b. */
char *sc_buf_take(sc_buf *b);
/* SC_OK, or SC_TOO_LARGE / SC_NOMEM naming `what`. */
sc_rc sc_buf_check(const sc_buf *b, const char *what, sc_err *err);

/* Lower-case hex of n bytes into ret_hex (2n + 1 bytes). */
void sc_hex_encode(const void *bytes, size_t n, char *ret_hex);
/* Exactly n bytes from 2n hex digits. */
bool sc_hex_decode(sc_str hex, void *ret_bytes, size_t n);
/* Equal length and content in time that depends on the length alone (for secrets). */
bool sc_mem_eq_const(const void *a, const void *b, size_t n);
/* FNV-1a would do, but wyhash-like mixing spreads better: 64-bit hash of bytes with a seed; stable
 * across machines and versions (stored values depend on it). */
uint64_t sc_hash64(const void *p, size_t n, uint64_t seed);

#endif
