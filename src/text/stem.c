#include "text/stem.h"

#include "text/chars.h"

static bool vowel(const char *p, size_t i) {
    switch (p[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u': return true;
    case 'y': return i > 0 && !vowel(p, i - 1);
    default: return false;
    }
}

static bool has_vowel(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (vowel(p, i)) return true;
    return false;
}

/* Porter's m: how many times a vowel group is followed by a consonant group in p[0..n). */
static size_t measure(const char *p, size_t n) {
    size_t m = 0;
    bool before = false;
    for (size_t i = 0; i < n; i++) {
        bool now = vowel(p, i);
        m += before && !now;
        before = now;
    }
    return m;
}

static bool ends(const char *p, size_t n, const char *suffix) {
    size_t m = strlen(suffix);
    return n > m && memcmp(p + n - m, suffix, m) == 0;
}

static size_t plural(const char *p, size_t n) {
    if (p[n - 1] != 's' || ends(p, n, "ss") || ends(p, n, "us") || ends(p, n, "is")) return n;
    if (ends(p, n, "sses") || ends(p, n, "shes") || ends(p, n, "ches") || ends(p, n, "xes") ||
        ends(p, n, "zes"))
        return n - 2;
    if (ends(p, n, "ies")) return n > 4 ? n - 2 : n - 1; /* the i turns into y's partner below */
    return n - 1;
}

/* After -ed or -ing: hopping -> hop, filing -> file (the e goes everywhere in the end). */
static size_t undouble(const char *p, size_t n) {
    if (n > 2 && p[n - 1] == p[n - 2] && !vowel(p, n - 1) && !strchr("lsz", p[n - 1])) return n - 1;
    return n;
}

static size_t participle(const char *p, size_t n) {
    if (ends(p, n, "eed")) return n;
    if (ends(p, n, "ed") && has_vowel(p, n - 2)) return undouble(p, n - 2);
    if (ends(p, n, "ing") && n > 4 && has_vowel(p, n - 3)) return undouble(p, n - 3);
    return n;
}

typedef struct rule {
    const char *from;
    uint8_t from_n;
    char last; /* of from: most rules are ruled out by it */
    const char *to;
    uint8_t min_measure; /* of what stands before the suffix */
} rule;

#define RULE(from, to, min) \
    { from, sizeof(from) - 1, from[sizeof(from) - 2], to, min }

/* Longest first within one ending. */
static const rule rules[] = {
    RULE("ization", "iz", 1),  RULE("isation", "iz", 1),  RULE("ational", "at", 1),
    RULE("fulness", "", 1),    RULE("iveness", "iv", 1),  RULE("ousness", "ous", 1),
    RULE("ability", "abl", 1), RULE("ibility", "ibl", 1), RULE("tional", "t", 1),
    RULE("ation", "at", 1),    RULE("ition", "it", 1),    RULE("ement", "", 2),
    RULE("ness", "", 1),       RULE("ment", "", 2),       RULE("tion", "t", 1),
    RULE("sion", "s", 1),      RULE("ator", "at", 1),     RULE("ally", "", 1),
    RULE("able", "", 2),       RULE("ible", "", 2),       RULE("ance", "", 2),
    RULE("ence", "", 2),       RULE("ful", "", 1),        RULE("ity", "", 2),
    RULE("ive", "", 2),        RULE("ize", "iz", 1),      RULE("ise", "is", 1),
    RULE("ly", "", 1),         RULE("er", "", 2),         RULE("or", "", 2),
    RULE("al", "", 2),         RULE("ic", "", 2),
};

static size_t derive(char *p, size_t n) {
    for (size_t i = 0; i < SC_LEN(rules); i++) {
        size_t from_n = rules[i].from_n, before = n - from_n, m = strlen(rules[i].to);
        if (rules[i].last != p[n - 1] || n <= from_n ||
            memcmp(p + before, rules[i].from, from_n) != 0)
            continue;
        if (measure(p, before) < rules[i].min_measure) return n;
        memcpy(p + before, rules[i].to, m);
        return before + m;
    }
    return n;
}

size_t sc_stem_word(sc_str word, char *dst) {
    memcpy(dst, word.p, word.n);
    size_t n = word.n;
    if (n < 4 || !sc_chars_all(word, SC_CHARS_LOWER)) return n;
    n = plural(dst, n);
    n = participle(dst, n);
    if (n > 4) n = derive(dst, n);
    if (n > 3 && dst[n - 1] == 'e') n--;
    if (ends(dst, n, "at") && measure(dst, n - 2) >= 2) n -= 2; /* installation, authenticate */
    if (n > 2 && dst[n - 1] == 'y' && !vowel(dst, n - 2)) dst[n - 1] = 'i';
    return n;
}
