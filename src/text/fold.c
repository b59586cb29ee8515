#include "text/fold.h"

#include <utf8proc.h>

#include "text/chars.h"

typedef struct range {
    uint32_t first, last;
} range;

/* Unicode's Default_Ignorable_Code_Point and the controls, ascending. */
static const range hidden_ranges[] = {
    {0x0000, 0x0008},   {0x000B, 0x000C},     {0x000E, 0x001F},   {0x007F, 0x0084},
    {0x0086, 0x009F},   {0x00AD, 0x00AD},     {0x034F, 0x034F},   {0x061C, 0x061C},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},     {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x202A, 0x202E},   {0x2060, 0x206F},     {0x3164, 0x3164},   {0xD800, 0xDFFF},
    {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},     {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},     {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF}, {0x10FFFE, 0x10FFFF},
};

bool sc_fold_hidden(uint32_t cp) {
    size_t lo = 0, hi = SC_LEN(hidden_ranges);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > hidden_ranges[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < SC_LEN(hidden_ranges) && cp >= hidden_ranges[lo].first;
}

static bool is_space(uint32_t cp) {
    return cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

static bool is_mark(uint32_t cp) {
    if (cp < 0x300) return false;
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME;
}

/* Past an ANSI control sequence (ECMA-48: ESC [ parameters final) that starts at s[i]. */
static size_t skip_escape(sc_str s, size_t i) {
    size_t j = i + 1;
    if (j >= s.n || s.p[j] != '[') return j;
    size_t end = SC_MIN(s.n, j + 32);
    for (j++; j < end; j++)
        if ((unsigned char)s.p[j] >= 0x40 && (unsigned char)s.p[j] <= 0x7E) return j + 1;
    return i + 1;
}

size_t sc_fold_clean(sc_str s, char *dst) {
    size_t n = 0, marks = 0;
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7F) {
            dst[n++] = (char)c;
            marks = 0;
            i++;
        } else if (c < 0x80) {
            if (c == 0x1B) {
                i = skip_escape(s, i);
                continue;
            }
            if (c == '\r') dst[n++] = '\n', i += i + 1 < s.n && s.p[i + 1] == '\n';
            if (c == '\n' || c == '\t') dst[n++] = (char)c;
            if (c == '\f' || c == '\v') dst[n++] = '\n';
            i++;
        } else {
            uint32_t cp = sc_utf8_next(s, &i);
            if (cp == 0x85 || cp == 0x2028 || cp == 0x2029)
                dst[n++] = '\n';
            else if (is_space(cp))
                dst[n++] = ' ';
            else if (!sc_fold_hidden(cp)) {
                marks = is_mark(cp) ? marks + 1 : 0;
                if (marks <= SC_FOLD_MAX_MARKS)
                    n += (size_t)utf8proc_encode_char((utf8proc_int32_t)cp,
                                                      (utf8proc_uint8_t *)dst + n);
            }
        }
    }
    return n;
}

/* Quotes and dashes that NFKC leaves alone although people mean the ASCII one. */
static uint32_t plain(uint32_t cp) {
    switch (cp) {
    case 0x02BC:
    case 0x2018:
    case 0x2019:
    case 0x00B4: return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E: return '"';
    case 0x2010 ... 0x2015:
    case 0x2212: return '-';
    default: return cp;
    }
}

/* A chunk of at most this many code points is normalised at a time: work stays linear, memory on
 * the stack. 18 is the longest compatibility decomposition (U+FDFA). */
enum { CHUNK = 48, EXPANDED = CHUNK * 18 };

static size_t normalise(const char *p, size_t n, utf8proc_option_t options, char *dst, size_t cap) {
    utf8proc_int32_t cps[EXPANDED + 1];
    utf8proc_ssize_t m = utf8proc_decompose((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, cps,
                                            EXPANDED, options);
    if (m <= 0 || m > EXPANDED) return 0;
    m = utf8proc_normalize_utf32(cps, m, options);
    size_t out = 0;
    for (utf8proc_ssize_t i = 0; i < m && out + 4 <= cap; i++)
        out += (size_t)utf8proc_encode_char((utf8proc_int32_t)plain((uint32_t)cps[i]),
                                            (utf8proc_uint8_t *)dst + out);
    return out;
}

/* The end of the chunk that starts at s[i]: at most CHUNK code points, never before a mark. */
static size_t chunk_end(sc_str s, size_t i) {
    size_t count = 0;
    while (i < s.n && count < CHUNK) {
        if (!((unsigned char)s.p[i] & 0x80)) break;
        sc_utf8_next(s, &i);
        count++;
    }
    while (i < s.n && count > SC_FOLD_MAX_MARKS && count < CHUNK + SC_FOLD_MAX_MARKS) {
        size_t next = i;
        if (!is_mark(sc_utf8_next(s, &next))) break;
        i = next;
        count++;
    }
    return i;
}

static const utf8proc_option_t nfkc = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE;

bool sc_fold_nfkc(sc_str s, sc_arena *arena, sc_str *ret) {
    bool high = false;
    for (size_t i = 0; i < s.n && !high; i++) high = (unsigned char)s.p[i] >= 0x80;
    if (!high) {
        *ret = s;
        return true;
    }
    size_t cap = s.n * 3 + 64, n = 0;
    char *dst = sc_arena_take(arena, cap);
    if (!dst) return false;
    for (size_t i = 0; i < s.n;) {
        bool next_high = i + 1 < s.n && (unsigned char)s.p[i + 1] >= 0x80;
        if ((unsigned char)s.p[i] < 0x80 && !next_high) { /* a base letter goes with its marks */
            if (n < cap) dst[n++] = s.p[i];
            i++;
            continue;
        }
        size_t end = chunk_end(s, i + ((unsigned char)s.p[i] < 0x80));
        n += normalise(s.p + i, end - i, nfkc, dst + n, cap - n);
        i = end;
    }
    *ret = (sc_str){dst, n};
    return true;
}

size_t sc_fold_case(sc_str word, char *dst, size_t cap) {
    bool high = false;
    size_t n = SC_MIN(word.n, cap);
    for (size_t i = 0; i < n; i++) {
        dst[i] = sc_chars_lower(word.p[i]);
        high |= (unsigned char)dst[i] >= 0x80;
    }
    if (!high) return n;
    size_t out = 0;
    for (size_t i = 0; i < word.n;) {
        size_t end = i, count = 0;
        while (end < word.n && count++ < CHUNK) sc_utf8_next(word, &end);
        out += normalise(word.p + i, end - i, nfkc | UTF8PROC_CASEFOLD, dst + out, cap - out);
        i = end;
    }
    return out;
}
