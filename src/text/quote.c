#include "text/quote.h"

#include "text/fold.h"

/* In place; an open comment hides the rest, as it does in a browser. */
static size_t drop_comments(char *p, size_t n) {
    size_t to = 0;
    for (size_t i = 0; i < n;) {
        sc_str rest = {p + i, n - i};
        if (sc_str_starts(rest, "<!--")) {
            size_t end = sc_str_find((sc_str){rest.p + 4, rest.n - 4}, SC_STR("-->"));
            if (end == SIZE_MAX) break;
            i += 4 + end + 3;
            continue;
        }
        p[to++] = p[i++];
    }
    return to;
}

static size_t squeeze(char *p, size_t n) {
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        bool space = p[i] == ' ' || p[i] == '\t' || p[i] == '\n';
        if (space && (!to || p[to - 1] == ' ' || p[to - 1] == '\n')) {
            if (to && p[i] == '\n') p[to - 1] = '\n';
            continue;
        }
        p[to++] = p[i] == '\t' ? ' ' : p[i];
    }
    while (to && (p[to - 1] == ' ' || p[to - 1] == '\n')) to--;
    return to;
}

/* *ret_shown points into *ret_clean, which is the caller's; *ret_cut: there was more. */
static sc_rc clean_of(sc_str text, size_t max_bytes, char **ret_clean, sc_str *ret_shown,
                      bool *ret_cut, sc_err *err) {
    /* What is cut off anyway need not be cleaned; much of it may turn out to be invisible. */
    text = sc_str_clip(text, SC_MIN(text.n, 16 * max_bytes + 4096));
    char *clean = sc_alloc(3 * text.n + 1);
    if (!clean) return sc_fail(err, SC_NOMEM, "no memory to quote a report");
    size_t n = squeeze(clean, drop_comments(clean, sc_fold_clean(text, clean)));
    *ret_clean = clean;
    *ret_shown = sc_str_clip((sc_str){clean, n}, max_bytes);
    *ret_cut = ret_shown->n < n;
    return SC_OK;
}

sc_rc sc_quote(sc_buf *out, sc_str text, size_t max_bytes, sc_err *err) {
    SC_AUTO(sc_auto_free) char *clean = NULL;
    sc_str shown;
    bool cut;
    sc_rc rc = clean_of(text, max_bytes, &clean, &shown, &cut, err);
    if (rc) return rc;
    sc_buf_putc(out, '"');
    for (size_t i = 0; i < shown.n; i++) {
        const char c = shown.p[i];
        if (c == '"' || c == '\\')
            sc_buf_putf(out, "\\%c", c);
        else if (c == '\n')
            sc_buf_puts(out, "\\n");
        else if (c == '<' || c == '>' || c == '&' || c == '`')
            sc_buf_putf(out, "\\u%04x", (unsigned)c);
        else
            sc_buf_putc(out, c);
    }
    sc_buf_puts(out, cut ? "\u2026\"" : "\"");
    return sc_buf_check(out, "what a language model is asked", err);
}

static size_t longest_run(sc_str s, char c) {
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < s.n; i++) {
        run = s.p[i] == c ? run + 1 : 0;
        longest = SC_MAX(longest, run);
    }
    return longest;
}

sc_rc sc_quote_block(sc_buf *out, sc_str text, size_t max_bytes, sc_err *err) {
    SC_AUTO(sc_auto_free) char *clean = NULL;
    sc_str shown;
    bool cut;
    sc_rc rc = clean_of(text, max_bytes, &clean, &shown, &cut, err);
    if (rc) return rc;
    const size_t fence = SC_MAX(longest_run(shown, '`') + 1, (size_t)3);
    for (size_t i = 0; i < fence; i++) sc_buf_putc(out, '`');
    sc_buf_puts(out, "text\n");
    sc_buf_put_str(out, shown);
    sc_buf_puts(out, cut ? "\u2026\n" : "\n");
    for (size_t i = 0; i < fence; i++) sc_buf_putc(out, '`');
    sc_buf_putc(out, '\n');
    return sc_buf_check(out, "a quotation", err);
}

/* ---- The other way ----------------------------------------------------------------------------- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* "<b", "</b", "<!--": a comparison ("a < b") is none. */
static bool has_tag(sc_str s) {
    for (size_t i = 0; i + 1 < s.n; i++)
        if (s.p[i] == '<' && (is_letter(s.p[i + 1]) || s.p[i + 1] == '/' || s.p[i + 1] == '!'))
            return true;
    return false;
}

static const char *markup_in(sc_str s) {
    static const char *const marks[] = {"](", "```", "**", "__", "://", "www."};
    for (size_t i = 0; i < SC_LEN(marks); i++)
        if (sc_str_find(s, sc_str_of(marks[i])) != SIZE_MAX) return marks[i];
    return has_tag(s) ? "a tag" : s.n && s.p[0] == '#' ? "#" : NULL;
}

sc_rc sc_quote_check_line(sc_str text, size_t min_bytes, size_t max_bytes, sc_err *err) {
    if (text.n < min_bytes || text.n > max_bytes)
        return sc_fail(err, SC_UNPROCESSABLE, "it has %zu bytes, not %zu to %zu", text.n, min_bytes,
                       max_bytes);
    if (!sc_utf8_valid(text)) return sc_fail(err, SC_UNPROCESSABLE, "it is not UTF-8");
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = sc_utf8_next(text, &i);
        if (sc_fold_hidden(cp) || cp < ' ' || cp == 0x85 || cp == 0x2028 || cp == 0x2029)
            return sc_fail(err, SC_UNPROCESSABLE, "it holds U+%04X", (unsigned)cp);
    }
    const char *mark = markup_in(text);
    return mark ? sc_fail(err, SC_UNPROCESSABLE, "it holds markup: %s", mark) : SC_OK;
}
