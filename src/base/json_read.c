#include "base/json_read.h"

#include "base/mem.h"

typedef struct reader {
    const unsigned char *p, *end;
    int depth_left;
    char *scratch; /* the last string with escapes, decoded */
    size_t scratch_cap;
} reader;

static void skip_space(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

/* Takes c, with white space on both sides. */
static bool take(reader *r, unsigned char c) {
    skip_space(r);
    if (r->p >= r->end || *r->p != c) return false;
    r->p++;
    skip_space(r);
    return true;
}

/* ---- Strings ----------------------------------------------------------------------------------- */

/* The first byte from p on that ends or breaks a run: a quote, a backslash or a control character.
 * *high is set when a byte before it is not ASCII. Eight bytes at a time: a zero byte in x makes the
 * top bit of (x - 0x01..) & ~x; false hits only come above a true one, and the bytewise loop sorts them out. */
static const unsigned char *run_end(const unsigned char *p, const unsigned char *end, bool *high) {
    const uint64_t ones = 0x0101010101010101ULL, tops = 0x8080808080808080ULL;
    uint64_t seen = 0;
    while (end - p >= 8) {
        uint64_t x;
        memcpy(&x, p, 8);
        uint64_t quote = x ^ (ones * '"'), slash = x ^ (ones * '\\');
        uint64_t hit =
            ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x);
        if (hit & tops) break;
        seen |= x;
        p += 8;
    }
    unsigned char some = 0;
    for (; p < end && *p != '"' && *p != '\\' && *p >= 0x20; p++) some |= *p;
    *high |= (seen & tops) || (some & 0x80);
    return p;
}

static int hex_digit(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code point of "\uXXXX" after its "u"; 0 for what is jansson's: NUL, surrogates, bad digits. */
static uint32_t take_code_point(reader *r) {
    uint32_t cp = 0;
    if (r->end - r->p < 4) return 0;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(*r->p++);
        if (d < 0) return 0;
        cp = cp << 4 | (uint32_t)d;
    }
    return cp >= 0xD800 && cp <= 0xDFFF ? 0 : cp;
}

static size_t put_code_point(char *to, uint32_t cp) {
    if (cp < 0x80) {
        to[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        to[0] = (char)(0xC0 | cp >> 6);
        to[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    to[0] = (char)(0xE0 | cp >> 12);
    to[1] = (char)(0x80 | (cp >> 6 & 0x3F));
    to[2] = (char)(0x80 | (cp & 0x3F));
    return 3;
}

/* Decodes one escape (after its backslash) into `to`, which has room for 3 bytes. 0 = jansson's. */
static size_t take_escape(reader *r, char *to) {
    if (r->p >= r->end) return 0;
    unsigned char c = *r->p++;
    switch (c) {
    case '"':
    case '\\':
    case '/': *to = (char)c; return 1;
    case 'b': *to = '\b'; return 1;
    case 'f': *to = '\f'; return 1;
    case 'n': *to = '\n'; return 1;
    case 'r': *to = '\r'; return 1;
    case 't': *to = '\t'; return 1;
    case 'u': break;
    default: return 0;
    }
    uint32_t cp = take_code_point(r);
    return cp ? put_code_point(to, cp) : 0;
}

/* A string with escapes, from its first byte on: r->p stands at the first backslash. An escape never
 * decodes to more bytes than it is written with, so what is left of the text bounds the result. */
static bool take_escaped(reader *r, const unsigned char *from, bool high, sc_str *ret) {
    size_t need = (size_t)(r->end - from);
    if (need > r->scratch_cap) {
        char *grown = sc_realloc(r->scratch, need);
        if (!grown) return false;
        r->scratch = grown;
        r->scratch_cap = need;
    }
    size_t n = 0;
    for (;;) {
        const unsigned char *stop = run_end(from, r->end, &high);
        memcpy(r->scratch + n, from, (size_t)(stop - from));
        n += (size_t)(stop - from);
        r->p = stop + 1;
        if (stop >= r->end || *stop < 0x20) return false;
        if (*stop == '"') break;
        size_t more = take_escape(r, r->scratch + n);
        if (!more) return false;
        n += more;
        from = r->p;
    }
    *ret = (sc_str){r->scratch, n};
    return !high || sc_utf8_valid(*ret);
}

/* The string whose opening quote was taken; a view of the text or of the scratch. */
static bool take_string(reader *r, sc_str *ret) {
    bool high = false;
    const unsigned char *from = r->p, *stop = run_end(from, r->end, &high);
    if (stop >= r->end || *stop < 0x20) return false;
    if (*stop == '\\') return take_escaped(r, from, false, ret);
    r->p = stop + 1;
    *ret = (sc_str){(const char *)from, (size_t)(stop - from)};
    return !high || sc_utf8_valid(*ret);
}

/* ---- Values ------------------------------------------------------------------------------------ */

static json_t *take_value(reader *r);

static json_t *take_word(reader *r, const char *word, json_t *v) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return NULL;
    r->p += n;
    return v;
}

/* Whole numbers of at most 18 digits. */
static json_t *take_integer(reader *r) {
    bool negative = *r->p == '-';
    const unsigned char *digits = r->p + negative, *p = digits;
    json_int_t v = 0;
    for (; p < r->end && *p >= '0' && *p <= '9' && p - digits < 18; p++) v = v * 10 + (*p - '0');
    if (p == digits || (*digits == '0' && p - digits > 1)) return NULL;
    if (p < r->end && ((*p >= '0' && *p <= '9') || *p == '.' || *p == 'e' || *p == 'E'))
        return NULL;
    r->p = p;
    return json_integer(negative ? -v : v);
}

/* One "key": value, into obj. */
static bool take_member(reader *r, json_t *obj) {
    sc_str key;
    if (r->p >= r->end || *r->p++ != '"' || !take_string(r, &key)) return false;
    /* The key may stand in the scratch, which the value needs; keys with escapes are rare. */
    if (key.p == r->scratch || !take(r, ':')) return false;
    json_t *v = take_value(r);
    size_t before = json_object_size(obj);
    if (!v || json_object_setn_new_nocheck(obj, key.p, key.n, v) != 0) return false;
    return json_object_size(obj) > before; /* else the key was there already */
}

static bool fill_object(reader *r, json_t *obj) {
    r->p++;
    if (take(r, '}')) return true;
    do
        if (!take_member(r, obj)) return false;
    while (take(r, ','));
    return take(r, '}');
}

static bool fill_array(reader *r, json_t *list) {
    r->p++;
    if (take(r, ']')) return true;
    do {
        json_t *v = take_value(r);
        if (!v || json_array_append_new(list, v) != 0) return false;
    } while (take(r, ','));
    return take(r, ']');
}

static json_t *take_nested(reader *r, json_t *v, bool (*fill)(reader *, json_t *)) {
    if (!v || r->depth_left-- <= 0 || !fill(r, v)) {
        json_decref(v);
        return NULL;
    }
    r->depth_left++;
    return v;
}

static json_t *take_value(reader *r) {
    skip_space(r);
    if (r->p >= r->end) return NULL;
    sc_str s;
    switch (*r->p) {
    case '{': return take_nested(r, json_object(), fill_object);
    case '[': return take_nested(r, json_array(), fill_array);
    case '"': r->p++; return take_string(r, &s) ? json_stringn_nocheck(s.p, s.n) : NULL;
    case 't': return take_word(r, "true", json_true());
    case 'f': return take_word(r, "false", json_false());
    case 'n': return take_word(r, "null", json_null());
    default: return take_integer(r);
    }
}

json_t *sc_json_read_plain(sc_str text, int max_depth) {
    const unsigned char *p = (const unsigned char *)(text.p ? text.p : "");
    reader r = {.p = p, .end = p + text.n, .depth_left = max_depth};
    json_t *v = take_value(&r);
    skip_space(&r);
    if (v && r.p != r.end) {
        json_decref(v);
        v = NULL;
    }
    sc_free(r.scratch);
    return v;
}
