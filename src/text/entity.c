#include "text/entity.h"

#include "text/chars.h"
#include "text/fold.h"

typedef struct name {
    const char *text;
    uint32_t cp;
} name;

static const name names[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},
    {"nbsp", ' '},     {"ndash", '-'},    {"mdash", 0x2014}, {"hellip", 0x2026}, {"lsquo", 0x2018},
    {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"copy", 0xA9},     {"reg", 0xAE},
    {"trade", 0x2122}, {"euro", 0x20AC},  {"pound", 0xA3},   {"deg", 0xB0},      {"times", 0xD7},
    {"middot", 0xB7},  {"bull", 0x2022},  {"laquo", 0xAB},   {"raquo", 0xBB},    {"auml", 0xE4},
    {"ouml", 0xF6},    {"uuml", 0xFC},    {"Auml", 0xC4},    {"Ouml", 0xD6},     {"Uuml", 0xDC},
    {"szlig", 0xDF},   {"eacute", 0xE9},  {"egrave", 0xE8},  {"agrave", 0xE0},   {"ccedil", 0xE7},
    {"ntilde", 0xF1},  {"aacute", 0xE1},  {"iacute", 0xED},  {"oacute", 0xF3},   {"uacute", 0xFA},
    {"zwnj", 0},       {"zwj", 0},        {"shy", 0},        {"lrm", 0},         {"rlm", 0},
};

static uint32_t shown(uint32_t cp) {
    if (cp == '\t' || cp == '\n' || cp == 0xA0) return ' ';
    return cp > 0x10FFFF || sc_fold_hidden(cp) ? 0 : cp;
}

static size_t numeric(sc_str s, uint32_t *ret_cp) {
    bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
    size_t start = hex ? 3 : 2, i = start;
    uint32_t cp = 0;
    for (; i < s.n && i < start + 8; i++) {
        if (!sc_chars_is(s.p[i], hex ? SC_CHARS_HEX : SC_CHARS_DIGIT)) break;
        uint32_t digit = sc_chars_is(s.p[i], SC_CHARS_DIGIT) ? (uint32_t)(s.p[i] - '0')
                                                             : (uint32_t)((s.p[i] | 32) - 'a' + 10);
        cp = SC_MIN(cp * (hex ? 16 : 10) + digit, 0x110000u);
    }
    if (i == start || i >= s.n || s.p[i] != ';') return 0;
    *ret_cp = shown(cp);
    return i + 1;
}

size_t sc_entity_parse(sc_str s, uint32_t *ret_cp) {
    if (s.n < 4) return 0;
    if (s.p[1] == '#') return numeric(s, ret_cp);
    sc_str word = {s.p + 1, sc_chars_span(sc_chars_from(s, 1), SC_CHARS_ALPHA)};
    if (word.n < 2 || word.n > 6 || word.n + 1 >= s.n || s.p[word.n + 1] != ';') return 0;
    for (size_t i = 0; i < SC_LEN(names); i++) {
        if (!sc_str_is(word, names[i].text)) continue;
        *ret_cp = names[i].cp;
        return word.n + 2;
    }
    return 0;
}
