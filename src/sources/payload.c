#include "sources/payload.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The code unit of a \uXXXX escape at p[i], or -1. */
static int32_t unit_at(sc_str s, size_t i) {
    unsigned char b[2];
    if (s.n - i < 6 || s.p[i] != '\\' || s.p[i + 1] != 'u') return -1;
    if (!sc_hex_decode((sc_str){s.p + i + 2, 4}, b, 2)) return -1;
    return b[0] << 8 | b[1];
}

static bool is_high(int32_t u) { return u >= 0xD800 && u <= 0xDBFF; }

static bool is_low(int32_t u) { return u >= 0xDC00 && u <= 0xDFFF; }

/* Bytes of the escape at p[i]; *ret_bad when it stands for no character. */
static size_t escape(sc_str s, size_t i, bool *ret_bad) {
    int32_t u = unit_at(s, i);
    *ret_bad = false;
    if (u < 0) return 2;
    if (is_high(u) && s.n - i > 6 && is_low(unit_at(s, i + 6))) return 12;
    *ret_bad = u == 0 || is_high(u) || is_low(u);
    return 6;
}

/* Bytes of the digits at p[i]; *ret_bad when they are an integer beyond 64 bits. */
static size_t number(sc_str s, size_t i, bool *ret_bad) {
    size_t n = 0;
    while (i + n < s.n && is_digit(s.p[i + n])) n++;
    char after = i + n < s.n ? s.p[i + n] : 0;
    int64_t value;
    *ret_bad = n > 18 && after != '.' && after != 'e' && after != 'E' &&
               sc_num_i64((sc_str){s.p + i, n}, 0, INT64_MAX, &value, NULL);
    return n;
}

/* Walks the text; with `out` (a copy of it) repairs in place, every repair keeps the length.
 * Returns how many places need one. */
static size_t repair(sc_str s, char *out) {
    size_t found = 0, step;
    bool in_string = false;
    for (size_t i = 0; i < s.n; i += step) {
        bool bad = false;
        step = 1;
        if (in_string && s.p[i] == '\\') {
            step = escape(s, i, &bad);
            if (bad && out) memcpy(out + i, "\\ufffd", 6);
        } else if (s.p[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && is_digit(s.p[i])) {
            bool fraction = i > 0 && (s.p[i - 1] == '.' || s.p[i - 1] == 'e' || s.p[i - 1] == 'E' ||
                                      s.p[i - 1] == '+');
            step = number(s, i, &bad);
            bad = bad && !fraction;
            if (bad && out) memcpy(out + i + step - 2, "e2", 2);
        }
        found += bad;
    }
    return found;
}

static sc_rc parse(sc_str body, json_t **ret, sc_err *err) {
    if (repair(body, NULL) == 0) return sc_json_parse(body, ret, err);
    SC_AUTO(sc_auto_free) char *copy = sc_alloc(body.n);
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory to read the payload");
    memcpy(copy, body.p, body.n);
    repair(body, copy);
    return sc_json_parse((sc_str){copy, body.n}, ret, err);
}

sc_rc sc_payload_parse(sc_str body, json_t **ret, sc_err *err) {
    if (body.n == 0) return sc_fail(err, SC_INVALID, "the body is empty; JSON was expected");
    json_t *v = NULL;
    sc_rc rc = parse(body, &v, err);
    if (rc) return rc;
    if (!json_is_object(v)) {
        json_decref(v);
        return sc_fail_field(err, SC_UNPROCESSABLE, "$", "the payload is not a JSON object");
    }
    *ret = v;
    return SC_OK;
}
