#include "text/chars.h"

#include <utf8proc.h>

#define U (SC_CHARS_UPPER)
#define L (SC_CHARS_LOWER)
#define D (SC_CHARS_DIGIT | SC_CHARS_HEX)
#define X (SC_CHARS_HEX)
#define J (SC_CHARS_JOIN)
#define S (SC_CHARS_SPACE)

const uint8_t sc_chars_class[256] = {
    ['\t'] = S,
    ['\n'] = S,
    ['\r'] = S,
    [' '] = S,
    ['0' ... '9'] = D,
    ['A' ... 'F'] = U | X,
    ['G' ... 'Z'] = U,
    ['a' ... 'f'] = L | X,
    ['g' ... 'z'] = L,
    ['.'] = J,
    ['_'] = J,
    ['-'] = J,
    ['/'] = J,
    ['\\'] = J,
    [':'] = J,
    ['@'] = J,
    ['#'] = J,
    ['+'] = J,
    ['\''] = J,
    ['%'] = J,
    ['~'] = J,
    ['$'] = J,
    [128 ... 255] = SC_CHARS_HIGH,
};

bool sc_chars_all(sc_str s, unsigned classes) { return sc_chars_span(s, classes) == s.n; }

size_t sc_chars_span(sc_str s, unsigned classes) {
    size_t i = 0;
    while (i < s.n && sc_chars_is(s.p[i], classes)) i++;
    return i;
}

sc_str sc_chars_from(sc_str s, size_t at) {
    at = SC_MIN(at, s.n);
    return (sc_str){s.p + at, s.n - at};
}

size_t sc_chars_find(sc_str s, char c) {
    const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
    return p ? (size_t)(p - s.p) : SIZE_MAX;
}

size_t sc_chars_rfind(sc_str s, char c) {
    const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;
    return p ? (size_t)(p - s.p) : SIZE_MAX;
}

bool sc_chars_istarts(sc_str s, const char *prefix) {
    size_t i = 0;
    for (; prefix[i]; i++)
        if (i >= s.n || sc_chars_lower(s.p[i]) != prefix[i]) return false;
    return true;
}

bool sc_chars_icontains(sc_str s, const char *needle) {
    for (size_t i = 0; i < s.n; i++)
        if (sc_chars_lower(s.p[i]) == needle[0] && sc_chars_istarts(sc_chars_from(s, i), needle))
            return true;
    return false;
}

/* Scripts written without spaces: Han, kana, bopomofo, Hangul is spaced but gains from bigrams too
 * little to differ; Thai, Lao, Khmer and Myanmar have no spaces either. */
static bool unspaced(uint32_t cp) {
    return (cp >= 0x3040 && cp <= 0x312F) || (cp >= 0x3400 && cp <= 0x4DBF) ||
           (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0xF900 && cp <= 0xFAFF) ||
           (cp >= 0x0E00 && cp <= 0x0EFF) || (cp >= 0x1000 && cp <= 0x109F) ||
           (cp >= 0x1780 && cp <= 0x17FF) || (cp >= 0x20000 && cp <= 0x323AF);
}

sc_chars_kind sc_chars_kind_of(uint32_t cp) {
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return unspaced(cp) ? SC_CHARS_CJK : SC_CHARS_WORD;
    default: return SC_CHARS_OTHER;
    }
}
