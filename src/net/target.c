#include "net/target.h"

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes s into `into` (room for s.n bytes). A query writes a space as '+'. */
static sc_rc decode(sc_str s, bool plus, char *into, sc_str *ret, sc_err *err) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '%') {
            int hi = i + 2 < s.n ? hex(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return sc_fail(err, SC_INVALID, "the URL holds a '%%' without two hex digits");
            c = (unsigned char)(hi << 4 | lo);
            if (c == 0) return sc_fail(err, SC_INVALID, "the URL holds a NUL");
            i += 2;
        } else if (c < 0x20 || c == 0x7F) {
            return sc_fail(err, SC_INVALID, "the URL holds a control character");
        } else if (c == '+' && plus) {
            c = ' ';
        }
        into[n++] = (char)c;
    }
    sc_str out = {into, n};
    if (!sc_utf8_valid(out)) return sc_fail(err, SC_INVALID, "the URL is not UTF-8");
    *ret = out;
    return SC_OK;
}

/* Takes "http://host" off an absolute form; false when no path follows from what is there. */
static bool origin_form(sc_str *text) {
    if (text->n && text->p[0] == '/') return true;
    sc_str s = *text;
    size_t skip = sc_str_starts(s, "http://") ? 7 : sc_str_starts(s, "https://") ? 8 : 0;
    if (!skip) return false;
    s = (sc_str){s.p + skip, s.n - skip};
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (!slash) return false;
    *text = (sc_str){slash, s.n - (size_t)(slash - s.p)};
    return true;
}

static sc_rc parse_query(sc_arena *arena, sc_str query, sc_target *t, sc_err *err) {
    size_t n = 1;
    for (size_t i = 0; i < query.n; i++) n += query.p[i] == '&';
    if (n > SC_TARGET_MAX_PARAMS)
        return sc_fail(err, SC_INVALID, "the URL has more than %d parameters",
                       SC_TARGET_MAX_PARAMS);
    t->params = sc_arena_take_array(arena, n, sizeof *t->params);
    char *into = sc_arena_take(arena, query.n);
    if (!t->params || !into)
        return sc_fail(err, SC_NOMEM, "the URL is too long for the request's memory");
    sc_str part;
    while (sc_str_next(&query, '&', &part)) {
        if (!part.n) continue;
        sc_target_param *p = &t->params[t->n_params];
        sc_str name = part;
        const char *eq = memchr(part.p, '=', part.n);
        sc_str value = {"", 0};
        if (eq) {
            name.n = (size_t)(eq - part.p);
            value = (sc_str){eq + 1, part.n - name.n - 1};
        }
        sc_rc rc = decode(name, true, into, &p->name, err);
        into += name.n;
        if (!rc) rc = decode(value, true, into, &p->value, err);
        into += value.n;
        if (rc) return rc;
        t->n_params++;
    }
    return SC_OK;
}

sc_rc sc_target_parse(sc_arena *arena, sc_str text, sc_target *ret, sc_err *err) {
    sc_target t = {0};
    if (!origin_form(&text)) return sc_fail(err, SC_INVALID, "the URL has no path");
    const char *mark = memchr(text.p, '?', text.n);
    sc_str path = {text.p, mark ? (size_t)(mark - text.p) : text.n};
    char *into = sc_arena_take(arena, path.n);
    if (!into) return sc_fail(err, SC_NOMEM, "the URL is too long for the request's memory");
    sc_rc rc = decode(path, false, into, &t.path, err);
    if (!rc && mark) rc = parse_query(arena, (sc_str){mark + 1, text.n - path.n - 1}, &t, err);
    if (!rc) *ret = t;
    return rc;
}
