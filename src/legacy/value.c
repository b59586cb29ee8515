#include "legacy/value.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { MAX_LITERAL = 1 << 20, MAX_STRING = 1 << 20 };

bool sc_legacy_none(sc_str s) {
    s = sc_str_trim(s);
    return !s.n || sc_str_is(s, "None") || sc_str_is(s, "null") || sc_str_is(s, "undefined");
}

/* ---- Time ---------------------------------------------------------------------------------------- */

static bool epoch(sc_str s, int64_t *ret_ms) {
    static const double year_9999_s = 253402300800.0;
    double v;
    if (sc_num_f64(s, 0, year_9999_s * 1000, &v, NULL)) return false;
    if (v < 1e11) v *= 1000; /* seconds: as milliseconds it would be before 1973-03-03 */
    *ret_ms = (int64_t)floor(v + 0.5);
    return true;
}

bool sc_legacy_time(sc_str s, int64_t *ret_ms) {
    char text[64];
    s = sc_str_trim(s);
    if (epoch(s, ret_ms)) return true;
    if (s.n > 40) return false;
    if (!sc_time_parse(s, ret_ms, NULL)) return *ret_ms >= 0;
    int n = snprintf(text, sizeof text, "%.*s%s", SC_FMT(s), s.n == 10 ? "T00:00:00Z" : "Z");
    return !sc_time_parse((sc_str){text, (size_t)n}, ret_ms, NULL) && *ret_ms >= 0;
}

/* ---- Python literals -------------------------------------------------------------------------------- */

/* Rewrites what str() made of a value as JSON. What has no like in JSON (a call such as datetime.datetime(...)) becomes its
 * text; what is wrong is left to the JSON parser to refuse.
 * https://docs.python.org/3/reference/lexical_analysis.html#string-and-bytes-literals */
typedef struct literal {
    sc_str s;
    size_t at;
    sc_buf out, text;
} literal;

static int peek(const literal *l) { return l->at < l->s.n ? (unsigned char)l->s.p[l->at] : -1; }

static bool hex_escape(literal *l, size_t digits) {
    uint32_t cp = 0;
    if (l->s.n - l->at < digits) return false;
    for (size_t i = 0; i < digits; i++) {
        unsigned char c = (unsigned char)l->s.p[l->at++], low = c | 0x20;
        bool number = c >= '0' && c <= '9';
        if (!number && (low < 'a' || low > 'f')) return false;
        cp = cp << 4 | (uint32_t)(number ? c - '0' : low - 'a' + 10);
    }
    bool none = cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000);
    return sc_buf_put_utf8(&l->text, none ? 0xFFFD : cp);
}

static bool escape(literal *l) {
    static const char from[] = "ntrabfv\\'\"", to[] = "\n\t\r\a\b\f\v\\'\"";
    int c = peek(l);
    l->at++;
    if (c == 'x') return hex_escape(l, 2);
    if (c == 'u') return hex_escape(l, 4);
    if (c == 'U') return hex_escape(l, 8);
    const char *hit = c > 0 ? strchr(from, c) : NULL;
    return hit ? sc_buf_putc(&l->text, to[hit - from]) : false;
}

static bool put_string(literal *l) {
    char quote = l->s.p[l->at++];
    sc_buf_reset(&l->text);
    for (;;) {
        int c = peek(l);
        if (c < 0) return false;
        l->at++;
        if (c == quote) break;
        if (c == '\\' ? !escape(l) : !sc_buf_putc(&l->text, (char)c)) return false;
    }
    return sc_buf_put_json(&l->out, sc_buf_str(&l->text));
}

static bool is_word(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
           (c >= '0' && c <= '9') || c == '-' || c == '+';
}

/* The end of a call's parentheses; strings inside may hold some. */
static bool skip_call(literal *l) {
    int depth = 0;
    char quote = 0;
    for (int c; (c = peek(l)) >= 0; l->at++) {
        if (quote) {
            if (c == '\\')
                l->at++;
            else if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = (char)c;
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            l->at++;
            return true;
        }
    }
    return false;
}

static bool put_word(literal *l) {
    static const char *const words[][2] = {{"True", "true"}, {"False", "false"},  {"None", "null"},
                                           {"true", "true"}, {"false", "false"},  {"null", "null"},
                                           {"nan", "null"},  {"NaN", "null"},     {"inf", "null"},
                                           {"-inf", "null"}, {"Infinity", "null"}};
    size_t from = l->at;
    while (is_word(peek(l))) l->at++;
    sc_str word = {l->s.p + from, l->at - from};
    if (peek(l) == '(') {
        if (!skip_call(l)) return false;
        sc_str call = {l->s.p + from, l->at - from};
        if (sc_str_is(word, "UUID") && call.n > 8) call = (sc_str){call.p + 6, call.n - 8};
        return sc_buf_put_json(&l->out, call);
    }
    for (size_t i = 0; i < SC_LEN(words); i++)
        if (sc_str_is(word, words[i][0])) return sc_buf_puts(&l->out, words[i][1]);
    return sc_buf_put_str(&l->out, word); /* a number, or what JSON refuses */
}

static bool put_token(literal *l) {
    int c = peek(l);
    if (c == '\'' || c == '"') return put_string(l);
    if (is_word(c)) return put_word(l);
    l->at++;
    if (c == '(') c = '[';
    if (c == ')') c = ']';
    /* The comma of a tuple of one. */
    if (c == ']' && l->out.n && l->out.p[l->out.n - 1] == ',') l->out.n--;
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || sc_buf_putc(&l->out, (char)c);
}

static json_t *from_python(sc_str s) {
    json_t *v = NULL;
    literal l = {.s = s};
    sc_buf_init(&l.out, 4 * MAX_LITERAL);
    sc_buf_init(&l.text, MAX_STRING);
    bool ok = true;
    while (ok && peek(&l) >= 0) ok = put_token(&l);
    if (ok && l.out.n && sc_json_parse(sc_buf_str(&l.out), &v, NULL)) v = NULL;
    sc_buf_done(&l.out);
    sc_buf_done(&l.text);
    return v;
}

json_t *sc_legacy_literal(sc_str s) {
    json_t *v = NULL;
    s = sc_str_trim(s);
    if (!s.n || s.n > MAX_LITERAL) return NULL;
    return sc_json_parse(s, &v, NULL) ? from_python(s) : v;
}

/* ---- Text, ids ------------------------------------------------------------------------------------ */

bool sc_legacy_mend(sc_buf *out, sc_str s, size_t max_bytes, bool *ret_cut) {
    size_t from = out->n;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = sc_utf8_next(s, &i);
        size_t was = out->n;
        if (!sc_buf_put_utf8(out, cp ? cp : 0xFFFD)) return false;
        if (out->n - from <= max_bytes) continue;
        out->n = was;
        *ret_cut = true;
        break;
    }
    return true;
}

sc_id sc_legacy_id(const char *what, sc_str project, sc_str old, bool again) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    if (!again && sc_id_valid(old)) return sc_id_of(old);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_putf(&b, "soulcaster legacy %s %zu ", what, project.n);
    sc_buf_put_str(&b, project);
    sc_buf_putc(&b, ' ');
    sc_buf_put_str(&b, old);
    if (b.failed || !EVP_Digest(b.p, b.n, digest, NULL, EVP_sha256(), NULL)) return (sc_id){{0}};
    digest[6] = (unsigned char)(0x80 | (digest[6] & 0x0F));
    digest[8] = (unsigned char)(0x80 | (digest[8] & 0x3F));
    return sc_id_from_bytes(digest);
}
