#include "text/bert_text.h"

#include <utf8proc.h>

#include "base/mem.h"

typedef struct range {
    uint32_t first, last;
} range;

/* The tables below hold what was measured: the reference asked about every code point, and Unicode
 * 14 and 18. A range may run over code points to which its rule makes no difference. */

/* Punctuation, marks and format characters of later versions than the reference's categories
 * (Unicode 8): plain parts of a word there. */
static const range later[] = {
    {0x05C8, 0x05C9},   {0x061D, 0x061D},   {0x07FD, 0x07FD},   {0x0890, 0x08E2},
    {0x09FD, 0x09FE},   {0x0A76, 0x0A76},   {0x0AFA, 0x0AFF},   {0x0B53, 0x0B55},
    {0x0C04, 0x0C3C},   {0x0C77, 0x0C77},   {0x0C84, 0x0C84},   {0x0D00, 0x0D00},
    {0x0D3B, 0x0D3C},   {0x0D81, 0x0D81},   {0x0EBA, 0x0EBA},   {0x0ECE, 0x0ECE},
    {0x180F, 0x1886},   {0x1ABF, 0x1AF0},   {0x1B4E, 0x1B4F},   {0x1B7D, 0x1B7F},
    {0x1DF6, 0x1DFB},   {0x2E43, 0x2E63},   {0xA82C, 0xA82C},   {0xA8C5, 0xA8C5},
    {0xA8FF, 0xA8FF},   {0xA9BD, 0xA9BD},   {0x10D24, 0x10F89}, {0x11070, 0x11074},
    {0x110C2, 0x110CD}, {0x111CF, 0x111CF}, {0x1123E, 0x11241}, {0x1133B, 0x1133B},
    {0x113BB, 0x1145E}, {0x11660, 0x1166C}, {0x116B9, 0x116B9}, {0x1182F, 0x11FFF},
    {0x12FF1, 0x1612F}, {0x16D6D, 0x16F4F}, {0x16FE2, 0x16FE4}, {0x1CF00, 0x1D128},
    {0x1D25B, 0x1D25C}, {0x1E000, 0x1E6F5}, {0x1E944, 0x1E95F},
};

/* Combining classes of later versions than the reference's decomposition: 0 there. */
static const range unordered[] = {
    {0x05C8, 0x05C9},   {0x07FD, 0x07FD},   {0x0897, 0x08D3},   {0x09FE, 0x09FE},
    {0x0C3C, 0x0C3C},   {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},   {0x1715, 0x1715},
    {0x1ABF, 0x1AF0},   {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x10D24, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x113CE, 0x113D0}, {0x1145E, 0x1145E},
    {0x11839, 0x11A99}, {0x11D42, 0x1612F}, {0x16FF0, 0x16FF1}, {0x1D127, 0x1D128},
    {0x1D250, 0x1D281}, {0x1E08F, 0x1E6F5},
};

/* Decompositions of later versions: left whole there. */
static const range undecomposed[] = {
    {0x105C9, 0x105E4},
    {0x11383, 0x113C8},
    {0x11938, 0x16D6A},
};

/* Blocks of CJK ideographs as BERT counts them (not all there are: its list is from 2018). */
static const range cjk[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
};

static bool within(const range *ranges, size_t n, uint32_t cp) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > ranges[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && cp >= ranges[lo].first;
}
#define WITHIN(ranges, cp) within(ranges, SC_LEN(ranges), cp)

static bool is_ascii_sign(uint32_t cp) {
    return (cp >= 33 && cp <= 47) || (cp >= 58 && cp <= 64) || (cp >= 91 && cp <= 96) ||
           (cp >= 123 && cp <= 126);
}

/* The characters that go before anything else is looked at. Unassigned ones stay. */
static bool is_dropped(uint32_t cp) {
    if (cp == 0 || cp == 0xFFFD || cp > 0x10FFFF) return true;
    if (cp >= '\t' && cp <= '\r') return cp == 0x0B || cp == 0x0C;
    if (WITHIN(later, cp)) return false;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS: return true;
    default: return false;
    }
}

/* Of a character that was not dropped; marks only where folding drops them. */
static sc_bert_kind kind_of(uint32_t cp, bool fold) {
    if (cp < 0x80)
        return cp <= ' ' ? SC_BERT_SPACE : is_ascii_sign(cp) ? SC_BERT_ALONE : SC_BERT_PART;
    /* Category at the time, and since: a sign, now a symbol; a sign, now a mark; two marks, now
     * spacing marks. */
    if (cp == 0x166D || cp == 0x111C9) return SC_BERT_ALONE;
    if (cp == 0x1734 || cp == 0x1171E) return fold ? SC_BERT_MARK : SC_BERT_PART;
    if (WITHIN(later, cp)) return SC_BERT_PART;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return SC_BERT_ALONE;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return SC_BERT_SPACE;
    case UTF8PROC_CATEGORY_MN: return fold ? SC_BERT_MARK : SC_BERT_PART;
    default: return SC_BERT_PART;
    }
}

/* Lower case of one character that NFD leaves alone, as in Unicode 17: what utf8proc may not have
 * yet comes first. */
static uint32_t lower(uint32_t cp) {
    if (cp < 0x80) return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (cp >= 0x10D50 && cp <= 0x10D65) return cp + 0x20;
    if (cp >= 0x16EA0 && cp <= 0x16EB8) return cp + 0x1B;
    switch (cp) {
    case 0x1C89:
    case 0xA7CC:
    case 0xA7CE:
    case 0xA7D2:
    case 0xA7D4:
    case 0xA7DA: return cp + 1;
    case 0xA7CB: return 0x0264;
    case 0xA7DC: return 0x019B;
    default: return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
    }
}

static uint8_t order_of(uint32_t cp) {
    if (cp < 0x300 || WITHIN(unordered, cp)) return 0;
    return (uint8_t)utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
}

static size_t decompose(uint32_t cp, uint32_t *ret) {
    enum { MAX = SC_BERT_MAX_CHARS - 2 };
    utf8proc_int32_t cps[MAX];
    int bound = 0;
    if (cp < 0xC0 || WITHIN(undecomposed, cp)) {
        ret[0] = cp;
        return 1;
    }
    utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)cp, cps, MAX, UTF8PROC_DECOMPOSE, &bound);
    if (n < 1 || n > MAX) {
        ret[0] = cp;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) ret[i] = (uint32_t)cps[i];
    return (size_t)n;
}

size_t sc_bert_chars(uint32_t cp, bool fold, sc_bert_char *ret) {
    static const sc_bert_char space = {' ', SC_BERT_SPACE, 0};
    if (is_dropped(cp)) return 0;
    if (kind_of(cp, fold) == SC_BERT_SPACE) {
        ret[0] = space;
        return 1;
    }
    uint32_t cps[SC_BERT_MAX_CHARS] = {cp};
    size_t n_cps = fold ? decompose(cp, cps) : 1, n = 0;
    bool ideograph = WITHIN(cjk, cp);
    if (ideograph) ret[n++] = space;
    for (size_t i = 0; i < n_cps; i++) {
        uint32_t c = fold ? lower(cps[i]) : cps[i];
        ret[n++] = (sc_bert_char){c, (uint8_t)kind_of(cps[i], fold), fold ? order_of(cps[i]) : 0};
    }
    if (ideograph) ret[n++] = space;
    return n;
}
