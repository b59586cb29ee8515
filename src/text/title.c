#include "text/title.h"

#include "text/chars.h"
#include "text/frames.h"
#include "text/mask.h"

/* Inside brackets or before a colon; lower case. */
static const char *const labels[] = {
    "bug",      "bug report",  "bugreport",   "crash report",
    "defect",   "enhancement", "feature",     "feature request",
    "feedback", "fwd",         "fw",          "aw",
    "wg",       "re",          "help",        "help wanted",
    "idea",     "important",   "improvement", "issue",
    "problem",  "question",    "report",      "request",
    "support",  "urgent",      "error",       "warn",
    "warning",  "info",        "debug",       "fatal",
    "ticket",
};

static bool is_label(sc_str s) {
    s = sc_str_trim(s);
    for (size_t i = 0; i < SC_LEN(labels); i++)
        if (s.n == strlen(labels[i]) && sc_chars_istarts(s, labels[i])) return true;
    return false;
}

/* True for "2021-02-03 10:00:00", "#1234", "": nothing in it that says a thing. */
static bool all_masked(sc_str s) {
    sc_str word;
    while (sc_str_next(&s, ' ', &word)) {
        sc_mask mask = word.n ? sc_mask_of(word) : SC_MASK_NUM;
        if (mask == SC_MASK_NONE || mask == SC_MASK_PATH || mask == SC_MASK_VERSION) return false;
    }
    return true;
}

/* Bytes of a label at the start of s: "[Bug]", "(question)", "Re:", "Bug report -"; 0 when none. */
static size_t label(sc_str s) {
    char close = s.p[0] == '[' ? ']' : s.p[0] == '(' ? ')' : 0;
    if (close) {
        size_t end = sc_chars_find(s, close);
        if (end == SIZE_MAX || end > 40) return 0;
        sc_str inside = sc_str_trim((sc_str){s.p + 1, end - 1});
        return is_label(inside) || all_masked(inside) ? end + 1 : 0;
    }
    size_t end = 0;
    while (end < s.n && end < 40 && s.p[end] != ':' && s.p[end] != '|') end++;
    return end < s.n && end < 40 && is_label((sc_str){s.p, end}) ? end + 1 : 0;
}

/* Bytes of a time, id, digest or address at the start of s; 0 when a word stands there. */
static size_t leading_mask(sc_str s) {
    size_t n = 0;
    while (n < s.n && !sc_chars_is(s.p[n], SC_CHARS_SPACE)) n++;
    sc_str first = {s.p, n};
    while (first.n && strchr(",;:", first.p[first.n - 1])) first.n--;
    if (!first.n) return n;
    switch (sc_mask_of(first)) {
    case SC_MASK_TIME:
    case SC_MASK_UUID:
    case SC_MASK_HEX:
    case SC_MASK_ADDR:
    case SC_MASK_ID:
    case SC_MASK_URL: return n;
    default: return sc_str_find(first, SC_STR("://")) != SIZE_MAX ? n : 0;
    }
}

sc_str sc_title_core(sc_str s) {
    s = sc_str_trim(s);
    for (int round = 0; round < 8 && s.n; round++) {
        while (s.n && strchr("-:|,;.*>#=~ \t", s.p[0])) s = sc_chars_from(s, 1);
        size_t n = s.n ? label(s) : 0;
        if (!n && s.n) n = leading_mask(s);
        if (!n) break;
        s = sc_chars_from(s, n);
    }
    s = sc_str_trim(s);
    sc_frames frames;
    sc_frames_init(&frames);
    if (s.n && sc_frames_line(&frames, s, SC_STR_NONE)) s.n = 0;
    bool letters = false;
    for (size_t i = 0; i < s.n && !letters; i++)
        letters = sc_chars_is(s.p[i], SC_CHARS_ALPHA | SC_CHARS_HIGH);
    return letters && s.n >= SC_TITLE_MIN ? s : SC_STR_NONE;
}

sc_str sc_title_shorten(sc_str s, size_t max, sc_arena *arena) {
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t chars = 0, i = 0, at_max = 0, at_word = 0;
    for (; i < s.n && chars <= max; chars++) {
        if (chars + 1 == max) at_max = i; /* room for the ellipsis */
        if (chars < max && sc_chars_is(s.p[i], SC_CHARS_SPACE)) at_word = i;
        sc_utf8_next(s, &i);
    }
    bool whole = chars <= max;
    size_t n = whole ? s.n : at_word >= at_max / 2 ? SC_MIN(at_word, at_max) : at_max;
    while (!whole && n > 0 && strchr(" \t\n,;:-(", s.p[n - 1])) n--;
    char *p = sc_arena_take(arena, n + sizeof ellipsis);
    if (!p) return SC_STR_NONE;
    for (size_t k = 0; k < n; k++) p[k] = sc_chars_is(s.p[k], SC_CHARS_SPACE) ? ' ' : s.p[k];
    if (!whole) memcpy(p + n, ellipsis, sizeof ellipsis - 1);
    return (sc_str){p, n + (whole ? 0 : sizeof ellipsis - 1)};
}
