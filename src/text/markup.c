#include "text/markup.h"

#include "text/chars.h"
#include "text/entity.h"

/* Sorted, for bsearch by hand. Capitalised names (<Label>) are components of XML and JSX, not HTML. */
static const char *const tags[] = {
    "a",       "abbr",     "article", "aside",  "b",     "big",    "blockquote", "body",  "br",
    "button",  "caption",  "center",  "cite",   "code",  "col",    "dd",         "del",   "details",
    "div",     "dl",       "dt",      "em",     "font",  "footer", "form",       "h1",    "h2",
    "h3",      "h4",       "h5",      "h6",     "head",  "header", "hr",         "html",  "i",
    "iframe",  "img",      "input",   "ins",    "kbd",   "label",  "li",         "link",  "meta",
    "nav",     "noscript", "ol",      "option", "p",     "pre",    "q",          "s",     "samp",
    "script",  "section",  "select",  "small",  "span",  "strike", "strong",     "style", "sub",
    "summary", "sup",      "svg",     "table",  "tbody", "td",     "textarea",   "tfoot", "th",
    "thead",   "time",     "title",   "tr",     "tt",    "u",      "ul",         "var",   "video",
    "wbr",
};

/* Words on the two sides of these stay apart. */
static const char *const inline_tags[] = {"a",      "abbr", "b",   "big",   "em",
                                          "font",   "i",    "s",   "small", "span",
                                          "strong", "sub",  "sup", "u",     "wbr"};

static bool listed(const char *const *list, size_t n, sc_str name) {
    for (size_t i = 0; i < n; i++)
        if (sc_str_is(name, list[i])) return true;
    return false;
}

void sc_markup_init(sc_markup *m, sc_str clean) { *m = (sc_markup){.rest = clean}; }

/* ``` or ~~~, at most three spaces in. */
static char fence_of(sc_str line) {
    size_t i = 0;
    while (i < line.n && i < 4 && line.p[i] == ' ') i++;
    if (i + 3 > line.n || (line.p[i] != '`' && line.p[i] != '~')) return 0;
    char c = line.p[i];
    if (line.p[i + 1] != c || line.p[i + 2] != c) return 0;
    size_t j = i + 3;
    while (j < line.n && line.p[j] == c) j++;
    /* ```inline``` on one line is no fence */
    return c == '`' && sc_chars_find(sc_chars_from(line, j), '`') != SIZE_MAX ? 0 : c;
}

/* The first {code...} or {noformat...} tag in line: its offset and length; SIZE_MAX when none. */
static size_t jira_tag(sc_str line, size_t *ret_n) {
    for (size_t i = 0; i < line.n; i++) {
        const char *p = memchr(line.p + i, '{', line.n - i);
        if (!p) break;
        i = (size_t)(p - line.p);
        sc_str at = sc_chars_from(line, i + 1);
        size_t n = sc_chars_istarts(at, "code") ? 4 : sc_chars_istarts(at, "noformat") ? 8 : 0;
        if (!n || n >= at.n || (at.p[n] != '}' && at.p[n] != ':')) continue;
        while (n < at.n && n < 120 && at.p[n] != '}' && at.p[n] != '{') n++;
        if (n >= at.n || at.p[n] != '}') continue;
        *ret_n = n + 2;
        return i;
    }
    return SIZE_MAX;
}

/* Takes the next line off the rest, or its part up to a JIRA code tag. */
static bool take_line(sc_markup *m, sc_str *ret, bool *ret_code) {
    if (m->rest.n == 0) return false;
    size_t n = sc_chars_find(m->rest, '\n');
    bool last = n == SIZE_MAX;
    sc_str line = {m->rest.p, last ? m->rest.n : n};
    size_t tag_n = 0, tag = m->fence ? SIZE_MAX : jira_tag(line, &tag_n);
    *ret_code = m->fence || m->jira;
    if (tag != SIZE_MAX) {
        line.n = tag;
        m->jira = !m->jira;
        m->rest = sc_chars_from(m->rest, tag + tag_n);
    } else {
        m->rest = sc_chars_from(m->rest, line.n + !last);
    }
    *ret = line;
    return true;
}

/* The part of line after `end`; none, when it does not end here. */
static bool skip_past(sc_str *line, const char *end) {
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < line->n && at == SIZE_MAX; i++)
        if (line->p[i] == end[0] && sc_chars_istarts(sc_chars_from(*line, i), end)) at = i;
    if (at == SIZE_MAX) return false;
    *line = sc_chars_from(*line, at + strlen(end));
    return true;
}

bool sc_markup_next(sc_markup *m, sc_markup_line *ret) {
    sc_str line;
    bool code;
    while (take_line(m, &line, &code)) {
        if (m->comment) {
            if (!skip_past(&line, "-->")) continue;
            m->comment = false;
        }
        if (m->raw) {
            if (!skip_past(&line, m->raw)) continue;
            skip_past(&line, ">");
            m->raw = NULL;
        }
        char fence = m->jira ? 0 : fence_of(line);
        if (fence && !m->fence) {
            m->fence = true;
            m->fence_char = fence;
            continue;
        }
        if (fence && fence == m->fence_char) {
            m->fence = false;
            continue;
        }
        *ret = (sc_markup_line){line, code};
        return true;
    }
    return false;
}

/* ---- One line ------------------------------------------------------------------------------- */

typedef struct writer {
    char *p;
    size_t n;
    size_t open; /* where the last '[' went, or SIZE_MAX */
} writer;

static void put(writer *w, sc_str s) {
    memmove(w->p + w->n, s.p, s.n);
    w->n += s.n;
}

static void put_cp(writer *w, uint32_t cp) {
    if (cp < 0x80) {
        w->p[w->n++] = (char)cp;
    } else if (cp < 0x800) {
        w->p[w->n++] = (char)(0xC0 | cp >> 6);
        w->p[w->n++] = (char)(0x80 | (cp & 63));
    } else {
        if (cp >= 0x10000) {
            w->p[w->n++] = (char)(0xF0 | cp >> 18);
            w->p[w->n++] = (char)(0x80 | (cp >> 12 & 63));
        } else {
            w->p[w->n++] = (char)(0xE0 | cp >> 12);
        }
        w->p[w->n++] = (char)(0x80 | (cp >> 6 & 63));
        w->p[w->n++] = (char)(0x80 | (cp & 63));
    }
}

/* `s` starts with '<'. Bytes of a tag or comment to drop, 0 when it is text. */
static size_t tag(sc_markup *m, sc_str s, writer *w) {
    if (sc_str_starts(s, "<!--")) {
        sc_str after = sc_chars_from(s, 4);
        if (skip_past(&after, "-->")) return (size_t)(after.p - s.p);
        m->comment = true;
        return s.n;
    }
    size_t i = 1 + (s.n > 1 && s.p[1] == '/');
    sc_str name = {s.p + i, sc_chars_span(sc_chars_from(s, i), SC_CHARS_ALNUM)};
    char lower[12];
    if (name.n == 0 || name.n >= sizeof lower) return 0;
    bool caps = sc_chars_is(name.p[0], SC_CHARS_UPPER);
    for (size_t k = 0; k < name.n; k++) {
        if (caps && sc_chars_is(name.p[k], SC_CHARS_LOWER)) return 0;
        lower[k] = sc_chars_lower(name.p[k]);
    }
    name.p = lower;
    if (!listed(tags, SC_LEN(tags), name)) return 0;
    size_t end = i + name.n;
    if (end < s.n && s.p[end] != '>' && s.p[end] != '/' && s.p[end] != ' ' && s.p[end] != '\t')
        return 0;
    while (end < s.n && s.p[end] != '>' && s.p[end] != '<') end++;
    if (end >= s.n || s.p[end] != '>') return 0;
    if (i == 1 && (sc_str_is(name, "script") || sc_str_is(name, "style")) && !m->no_raw_end) {
        const char *close = name.p[1] == 'c' ? "</script" : "</style";
        sc_str here = sc_chars_from(s, end), later = m->rest;
        if (skip_past(&here, close)) {
            size_t gt = sc_chars_find(here, '>');
            return (size_t)(here.p - s.p) + (gt == SIZE_MAX ? 0 : gt + 1);
        }
        if (skip_past(&later, close)) {
            m->raw = close;
            return s.n;
        }
        m->no_raw_end = true;
    }
    if (!listed(inline_tags, SC_LEN(inline_tags), name)) put_cp(w, ' ');
    return end + 1;
}

/* `s` starts after a ']'. Drops "(target)" of a Markdown link and the '[' (and '!') before its text. */
static size_t link_target(sc_str s, writer *w) {
    if (w->open == SIZE_MAX || s.n < 3 || s.p[0] != '(') return 0;
    size_t i = 1;
    while (i < s.n && s.p[i] != ')' && s.p[i] != '(' && s.p[i] != ']' && s.p[i] != '[') i++;
    if (i >= s.n || s.p[i] != ')') return 0;
    bool image = w->open > 0 && w->p[w->open - 1] == '!';
    size_t text = w->open + 1, to = w->open - image;
    memmove(w->p + to, w->p + text, w->n - text);
    w->n -= text - to;
    return i + 1;
}

/* The JIRA form [text|target] whose ']' comes next: cuts the target and the '['. */
static bool jira_link(writer *w) {
    if (w->open == SIZE_MAX) return false;
    sc_str inside = {w->p + w->open + 1, w->n - w->open - 1};
    size_t bar = sc_chars_find(inside, '|');
    if (bar == SIZE_MAX || bar == 0) return false;
    sc_str target = sc_chars_from(inside, bar + 1);
    if (!sc_chars_icontains(target, "://") && !sc_str_starts(target, "#") &&
        !sc_str_starts(target, "mailto:"))
        return false;
    memmove(w->p + w->open, inside.p, bar);
    w->n = w->open + bar;
    return true;
}

/* JIRA's {color:red}, {quote}, {panel:...}, {{ and }}: bytes to drop, 0 when it is text. */
static size_t brace(sc_str s) {
    static const char *const names[] = {"{color", "{quote", "{panel", "{html", "{anchor"};
    if (s.n > 1 && s.p[1] == s.p[0]) return 2;
    if (s.p[0] == '}') return 0;
    for (size_t k = 0; k < SC_LEN(names); k++) {
        size_t n = strlen(names[k]);
        if (!sc_chars_istarts(s, names[k]) || n >= s.n || (s.p[n] != '}' && s.p[n] != ':'))
            continue;
        while (n < s.n && n < 120 && s.p[n] != '}' && s.p[n] != '{') n++;
        return n < s.n && s.p[n] == '}' ? n + 1 : 0;
    }
    return 0;
}

/* Emphasis marks at s[i]: how many bytes to drop. Single ones only at the edge of a word. */
static size_t emphasis(sc_str s, size_t i) {
    char c = s.p[i];
    if (i + 1 < s.n && s.p[i + 1] == c) return 2;
    if (c != '*') return 0;
    bool before = i > 0 && !sc_chars_is(s.p[i - 1], SC_CHARS_SPACE);
    bool after = i + 1 < s.n && !sc_chars_is(s.p[i + 1], SC_CHARS_SPACE);
    return before != after;
}

/* Markdown: # headings, bullets, table bars; JIRA: h1. headings. Returns what follows the marker. */
static sc_str line_start(sc_str s) {
    sc_str t = sc_str_trim(s);
    size_t n = 0;
    while (n < t.n && t.p[n] == '#') n++;
    if (n > 0 && n <= 6 && n < t.n && t.p[n] == ' ') return sc_str_trim(sc_chars_from(t, n));
    if (t.n > 4 && t.p[0] == 'h' && sc_chars_is(t.p[1], SC_CHARS_DIGIT) && t.p[2] == '.' &&
        t.p[3] == ' ')
        return sc_chars_from(t, 4);
    n = 0;
    while (n < t.n && n < 4 && (t.p[n] == '*' || t.p[n] == '-' || t.p[n] == '+')) n++;
    if (n > 0 && n < t.n && t.p[n] == ' ') {
        t = sc_str_trim(sc_chars_from(t, n));
        if (t.n > 4 && t.p[0] == '[' && t.p[2] == ']' && t.p[3] == ' ') t = sc_chars_from(t, 4);
        return t;
    }
    return t;
}

/* One step of sc_markup_inline at s[i]: bytes of input used up, 0 when the byte is plain text. */
static size_t step(sc_markup *m, sc_str s, size_t i, writer *w) {
    sc_str at = sc_chars_from(s, i);
    size_t n = 0, close;
    uint32_t cp;
    switch (s.p[i]) {
    case '<': return tag(m, at, w);
    case '&':
        n = sc_entity_parse(at, &cp);
        if (n && cp) put_cp(w, cp);
        return n;
    case '`': /* code in a line: its text, untouched */
        close = sc_chars_find(sc_chars_from(at, 1), '`');
        if (close != SIZE_MAX) put(w, (sc_str){at.p + 1, close});
        return close == SIZE_MAX ? at.n == 1 : close + 2;
    case '[': w->open = w->n; return 0;
    case ']':
        n = jira_link(w) ? 1 : link_target(sc_chars_from(at, 1), w);
        if (n > 1) n++;
        w->open = SIZE_MAX;
        return n;
    case '{':
    case '}': return brace(at);
    case '*':
    case '~': return emphasis(s, i);
    default: return 0;
    }
}

size_t sc_markup_inline(sc_markup *m, sc_markup_line line, char *dst) {
    if (line.code) {
        memcpy(dst, line.text.p, line.text.n);
        return line.text.n;
    }
    sc_str s = line_start(line.text);
    bool table = s.n > 2 && s.p[0] == '|';
    writer w = {.p = dst, .open = SIZE_MAX};
    for (size_t i = 0; i < s.n;) {
        char c = s.p[i];
        size_t used = sc_chars_is(c, SC_CHARS_ALNUM | SC_CHARS_SPACE) ? 0 : step(m, s, i, &w);
        if (used == 0) {
            dst[w.n++] = table && c == '|' ? ' ' : c;
            used = 1;
        }
        i += used;
        if (m->comment || m->raw) break;
    }
    return w.n;
}
