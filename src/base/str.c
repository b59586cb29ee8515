#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned char lower(char c) {
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool sc_str_ieq(sc_str a, sc_str b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i])) return false;
    return true;
}

bool sc_str_starts(sc_str s, const char *prefix) {
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool sc_str_ends(sc_str s, const char *suffix) {
    size_t n = strlen(suffix);
    return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

int sc_str_cmp(sc_str a, sc_str b) {
    size_t n = SC_MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

sc_str sc_str_trim(sc_str s) {
    while (s.n && is_space(s.p[0])) s.p++, s.n--;
    while (s.n && is_space(s.p[s.n - 1])) s.n--;
    return s;
}

size_t sc_str_find(sc_str s, sc_str needle) {
    if (!needle.n) return 0;
    const char *hit = s.n >= needle.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

bool sc_str_next(sc_str *rest, char sep, sc_str *ret_part) {
    if (!rest->p) return false;
    const char *hit = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    if (!hit) {
        *ret_part = *rest;
        *rest = SC_STR_NONE;
        return true;
    }
    size_t n = (size_t)(hit - rest->p);
    *ret_part = (sc_str){rest->p, n};
    *rest = (sc_str){hit + 1, rest->n - n - 1};
    return true;
}

sc_str sc_str_clip(sc_str s, size_t max_bytes) {
    if (s.n <= max_bytes) return s;
    size_t n = max_bytes;
    while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80) n--;
    return (sc_str){s.p, n};
}

sc_rc sc_num_i64(sc_str s, int64_t min, int64_t max, int64_t *ret, sc_err *err) {
    size_t i = 0;
    bool neg = s.n && s.p[0] == '-';
    if (neg) i++;
    if (i == s.n) return sc_fail(err, SC_INVALID, "expected a whole number");
    int64_t v = 0;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return sc_fail(err, SC_INVALID, "expected a whole number");
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, neg ? -(s.p[i] - '0') : s.p[i] - '0', &v))
            return sc_fail(err, SC_INVALID, "the number is out of range");
    }
    if (v < min || v > max)
        return sc_fail(err, SC_INVALID, "expected a number from %lld to %lld", (long long)min,
                       (long long)max);
    *ret = v;
    return SC_OK;
}

sc_rc sc_num_f64(sc_str s, double min, double max, double *ret, sc_err *err) {
    char tmp[64];
    if (!s.n || s.n >= sizeof tmp || is_space(s.p[0]) || s.p[0] == '+')
        return sc_fail(err, SC_INVALID, "expected a number");
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789.eE+-", s.p[i]))
            return sc_fail(err, SC_INVALID, "expected a number");
    memcpy(tmp, s.p, s.n);
    tmp[s.n] = 0;
    char *end;
    double v = strtod(tmp, &end);
    if (*end || !isfinite(v)) return sc_fail(err, SC_INVALID, "expected a number");
    if (v < min || v > max)
        return sc_fail(err, SC_INVALID, "expected a number from %g to %g", min, max);
    *ret = v;
    return SC_OK;
}

sc_rc sc_num_bytes(sc_str s, int64_t *ret, sc_err *err) {
    int shift = 0;
    if (s.n) {
        switch (s.p[s.n - 1]) {
        case 'k':
        case 'K': shift = 10; break;
        case 'm':
        case 'M': shift = 20; break;
        case 'g':
        case 'G': shift = 30; break;
        default: break;
        }
    }
    if (shift) s.n--;
    int64_t v;
    sc_rc rc = sc_num_i64(s, 0, INT64_MAX >> shift, &v, err);
    if (rc) return sc_fail(err, SC_INVALID, "expected a size such as 4096, 64k, 16M or 2G");
    *ret = v << shift;
    return SC_OK;
}

/* Length of the well-formed sequence at p (n bytes left) and its code point, or 0. RFC 3629. */
static size_t utf8_one(const unsigned char *p, size_t n, uint32_t *cp) {
    unsigned c = p[0];
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    size_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n < len) return 0;
    uint32_t v = c & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
        v = v << 6 | (p[i] & 0x3F);
    }
    if ((len == 3 && v < 0x800) || (len == 4 && v < 0x10000) || v > 0x10FFFF ||
        (v >= 0xD800 && v <= 0xDFFF))
        return 0;
    *cp = v;
    return len;
}

bool sc_utf8_valid(sc_str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        uint64_t eight;
        while (i + 8 <= s.n && (memcpy(&eight, p + i, 8), !(eight & 0x8080808080808080ULL))) i += 8;
        if (i >= s.n) break;
        uint32_t cp;
        size_t len = utf8_one(p + i, s.n - i, &cp);
        if (!len) return false;
        i += len;
    }
    return true;
}

uint32_t sc_utf8_next(sc_str s, size_t *i) {
    uint32_t cp;
    size_t len = utf8_one((const unsigned char *)s.p + *i, s.n - *i, &cp);
    *i += len ? len : 1;
    return len ? cp : 0xFFFD;
}

void sc_buf_init(sc_buf *b, size_t max_bytes) { *b = (sc_buf){.max = max_bytes}; }

void sc_buf_done(sc_buf *b) {
    sc_free(b->p);
    size_t max = b->max;
    *b = (sc_buf){.max = max};
}

void sc_buf_reset(sc_buf *b) {
    b->n = 0;
    b->failed = b->no_memory = false;
    if (b->p) b->p[0] = 0;
}

bool sc_buf_reserve(sc_buf *b, size_t more) {
    if (b->failed) return false;
    if (more > b->max || b->n > b->max - more) {
        b->failed = true;
        return false;
    }
    size_t need = b->n + more + 1;
    if (need <= b->cap) return true;
    size_t cap = SC_MAX(b->cap * 2, (size_t)64);
    cap = SC_MIN(SC_MAX(cap, need), b->max + 1);
    char *p = sc_realloc(b->p, cap);
    if (!p) {
        b->failed = b->no_memory = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

bool sc_buf_put(sc_buf *b, const void *p, size_t n) {
    if (!sc_buf_reserve(b, n)) return false;
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
    return true;
}

bool sc_buf_puts(sc_buf *b, const char *s) { return sc_buf_put(b, s, strlen(s)); }
bool sc_buf_put_str(sc_buf *b, sc_str s) { return sc_buf_put(b, s.p, s.n); }
bool sc_buf_putc(sc_buf *b, char c) { return sc_buf_put(b, &c, 1); }

bool sc_buf_putf(sc_buf *b, const char *fmt, ...) {
    va_list ap, again;
    if (!sc_buf_reserve(b, 0)) return false;
    size_t room = b->cap - b->n; /* at least 1; most texts fit what is there already */
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(b->p + b->n, room, fmt, ap);
    va_end(ap);
    bool ok = n >= 0;
    if (ok && (size_t)n >= room) {
        b->p[b->n] = 0;
        ok = sc_buf_reserve(b, (size_t)n);
        if (ok) vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (ok) b->n += (size_t)n;
    return ok;
}

bool sc_buf_put_int(sc_buf *b, int64_t v) {
    char text[24], *p = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) *--p = '-';
    return sc_buf_put(b, p, (size_t)(text + sizeof text - p));
}

bool sc_buf_put_utf8(sc_buf *b, uint32_t cp) {
    char c[4];
    size_t n;
    if (cp < 0x80) {
        c[0] = (char)cp;
        n = 1;
    } else if (cp < 0x800) {
        c[0] = (char)(0xC0 | cp >> 6);
        c[1] = (char)(0x80 | (cp & 0x3F));
        n = 2;
    } else if (cp < 0x10000) {
        c[0] = (char)(0xE0 | cp >> 12);
        c[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        c[2] = (char)(0x80 | (cp & 0x3F));
        n = 3;
    } else {
        c[0] = (char)(0xF0 | cp >> 18);
        c[1] = (char)(0x80 | (cp >> 12 & 0x3F));
        c[2] = (char)(0x80 | (cp >> 6 & 0x3F));
        c[3] = (char)(0x80 | (cp & 0x3F));
        n = 4;
    }
    return sc_buf_put(b, c, n);
}

bool sc_buf_put_json(sc_buf *b, sc_str s) {
    static const char hex[] = "0123456789abcdef";
    sc_buf_putc(b, '"');
    for (size_t i = 0, plain = 0; i <= s.n;) {
        unsigned char c = i < s.n ? (unsigned char)s.p[i] : 0;
        bool stop = i == s.n || c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
        if (!stop) {
            i++;
            continue;
        }
        sc_buf_put(b, s.p + plain, i - plain);
        if (i == s.n) break;
        if (c >= 0x80) {
            sc_buf_put_utf8(b, sc_utf8_next(s, &i));
        } else {
            const char *short_form = strchr("\"\"\\\\\bb\ff\nn\rr\tt", c);
            if (c && short_form) {
                char two[2] = {'\\', c == '"' || c == '\\' ? (char)c : short_form[1]};
                sc_buf_put(b, two, 2);
            } else {
                char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
                sc_buf_put(b, six, 6);
            }
            i++;
        }
        plain = i;
    }
    return sc_buf_putc(b, '"');
}

sc_str sc_buf_str(const sc_buf *b) { return (sc_str){b->p ? b->p : "", b->n}; }

char *sc_buf_take(sc_buf *b) {
    char *p = b->p;
    if (b->failed) {
        sc_buf_done(b);
        return NULL;
    }
    *b = (sc_buf){.max = b->max};
    return p;
}

sc_rc sc_buf_check(const sc_buf *b, const char *what, sc_err *err) {
    if (!b->failed) return SC_OK;
    if (b->no_memory) return sc_fail(err, SC_NOMEM, "no memory for %s", what);
    return sc_fail(err, SC_TOO_LARGE, "%s is over %zu bytes", what, b->max);
}

void sc_hex_encode(const void *bytes, size_t n, char *ret_hex) {
    static const char digit[] = "0123456789abcdef";
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) {
        ret_hex[2 * i] = digit[b[i] >> 4];
        ret_hex[2 * i + 1] = digit[b[i] & 15];
    }
    ret_hex[2 * n] = 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool sc_hex_decode(sc_str hex, void *ret_bytes, size_t n) {
    if (hex.n != 2 * n) return false;
    unsigned char *out = ret_bytes;
    for (size_t i = 0; i < n; i++) {
        int h = hex_value(hex.p[2 * i]), l = hex_value(hex.p[2 * i + 1]);
        if (h < 0 || l < 0) return false;
        out[i] = (unsigned char)(h << 4 | l);
    }
    return true;
}

bool sc_mem_eq_const(const void *a, const void *b, size_t n) {
    const volatile unsigned char *x = a, *y = b;
    unsigned char diff = 0;
    for (size_t i = 0; i < n; i++) diff |= (unsigned char)(x[i] ^ y[i]);
    return diff == 0;
}

static uint64_t mix(uint64_t a, uint64_t b) {
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t sc_hash64(const void *p, size_t n, uint64_t seed) {
    const unsigned char *b = p;
    uint64_t h = seed ^ 0x9E3779B97F4A7C15ULL;
    size_t left = n;
    while (left >= 8) {
        uint64_t w;
        memcpy(&w, b, 8); /* little-endian hosts only: x86-64 and arm64 Linux */
        h = mix(h ^ w, 0xD6E8FEB86659FD93ULL);
        b += 8;
        left -= 8;
    }
    uint64_t tail = 0;
    if (left) memcpy(&tail, b, left);
    h = mix(h ^ tail, 0xA0761D6478BD642FULL ^ (uint64_t)n);
    return mix(h ^ 0xE7037ED1A0B428DBULL, 0x8EBC6AF09C88C6E3ULL ^ (uint64_t)n);
}
