#include "patch/patch.h"

#include "text/chars.h"

enum { MAX_FILES = 1 << 20, MAX_COUNT = 1 << 30 };

typedef struct parser {
    sc_str all, rest;
    int64_t line; /* of rest's first line, 1.. */
    sc_arena *arena;
    sc_err *err;
} parser;

static sc_rc wrong(const parser *p, const char *what) {
    return sc_fail(p->err, SC_UNPROCESSABLE, "line %lld of the patch: %s", (long long)p->line,
                   what);
}

static sc_rc no_room(const parser *p) {
    return sc_fail(p->err, SC_NOMEM, "no memory for a patch of that size");
}

/* The line that comes next, without its end; it stays. False at the end. A line without an end is none. */
static bool peek(const parser *p, sc_str *ret) {
    const char *end = p->rest.n ? memchr(p->rest.p, '\n', p->rest.n) : NULL;
    if (end) *ret = (sc_str){p->rest.p, (size_t)(end - p->rest.p)};
    return end != NULL;
}

static void skip(parser *p, sc_str line) {
    p->rest.p += line.n + 1;
    p->rest.n -= line.n + 1;
    p->line++;
}

static bool take_prefix(sc_str *s, const char *prefix) {
    if (!sc_str_starts(*s, prefix)) return false;
    *s = sc_chars_from(*s, strlen(prefix));
    return true;
}

/* If the next line begins with it: the rest of that line, and the line is gone. */
static bool accept(parser *p, const char *prefix, sc_str *ret) {
    sc_str line;
    if (!peek(p, &line) || !sc_str_starts(line, prefix)) return false;
    skip(p, line);
    *ret = sc_chars_from(line, strlen(prefix));
    return true;
}

/* ---- Paths --------------------------------------------------------------------------------------------------- */

static int escape(char c) {
    static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? (unsigned char)to[at - from] : -1;
}

/* Cuts a C string as git quotes it, with its quotes, off *s. */
static bool unquote(parser *p, sc_str *s, sc_str *ret) {
    char *out = sc_arena_take(p->arena, s->n + 1);
    size_t n = 0, i = 1;
    if (!out || !s->n || s->p[0] != '"') return false;
    for (; i < s->n && s->p[i] != '"'; i++) {
        int c = (unsigned char)s->p[i];
        if (c == '\\' && i + 3 < s->n && s->p[i + 1] >= '0' && s->p[i + 1] <= '3') {
            c = 0;
            for (int k = 0; k < 3; k++, i++) {
                if (s->p[i + 1] < '0' || s->p[i + 1] > '7') return false;
                c = c << 3 | (s->p[i + 1] - '0');
            }
        } else if (c == '\\') {
            c = ++i < s->n ? escape(s->p[i]) : -1;
        }
        if (c <= 0) return false; /* NUL is in no path */
        out[n++] = (char)c;
    }
    if (i >= s->n) return false;
    *s = sc_chars_from(*s, i + 1);
    *ret = (sc_str){out, n};
    return true;
}

/* "a/x b/x": both are the same path, so its length follows from the line's. */
static sc_rc header_path(parser *p, sc_str s, sc_str *ret) {
    sc_str a, b;
    if (s.n && s.p[0] == '"') {
        if (!unquote(p, &s, &a) || !take_prefix(&s, " ") || !unquote(p, &s, &b) || s.n)
            return wrong(p, "a path is not quoted as git does it");
    } else {
        size_t half = s.n / 2;
        if (s.n % 2 == 0 || s.n < 7 || s.p[half] != ' ') return wrong(p, "two paths that differ");
        a = (sc_str){s.p, half};
        b = sc_chars_from(s, half + 1);
    }
    if (!take_prefix(&a, "a/") || !take_prefix(&b, "b/") || !sc_str_eq(a, b) || !a.n)
        return wrong(p, "two paths that differ");
    *ret = a;
    return SC_OK;
}

/* "a/x", "b/x" or "/dev/null" behind --- and +++; git ends a name that holds a space with a tab. */
static sc_rc side_path(parser *p, sc_str s, const char *prefix, sc_str path, bool there) {
    sc_str name = s;
    if (s.n && s.p[0] == '"') {
        if (!unquote(p, &s, &name) || (s.n && !sc_str_is(s, "\t")))
            return wrong(p, "a path is not quoted as git does it");
    } else if (sc_str_ends(name, "\t")) {
        name.n--;
    }
    bool same =
        there ? take_prefix(&name, prefix) && sc_str_eq(name, path) : sc_str_is(name, "/dev/null");
    return same ? SC_OK : wrong(p, "it names another file than its header");
}

/* ---- Headers ------------------------------------------------------------------------------------------------- */

static bool mode_of(sc_str s, unsigned *ret) {
    static const struct {
        const char *text;
        unsigned mode;
    } modes[] = {{"100644", SC_PATCH_MODE_FILE},
                 {"100664", SC_PATCH_MODE_FILE}, /* old repositories */
                 {"100755", SC_PATCH_MODE_EXEC},
                 {"120000", SC_PATCH_MODE_LINK},
                 {"160000", SC_PATCH_MODE_GITLINK}};
    for (size_t i = 0; i < SC_LEN(modes); i++)
        if (sc_str_is(s, modes[i].text)) {
            *ret = modes[i].mode;
            return true;
        }
    return false;
}

static bool is_id(sc_str s) { return (s.n == 40 || s.n == 64) && sc_chars_all(s, SC_CHARS_HEX); }

/* "0123..4567" or "0123..4567 100644" */
static sc_rc index_line(parser *p, sc_str s, sc_patch_file *f) {
    size_t dots = sc_str_find(s, SC_STR("..")), space = sc_chars_find(s, ' ');
    if (dots == SIZE_MAX) return wrong(p, "an index line without two ids");
    sc_str to = sc_chars_from(s, dots + 2);
    if (space != SIZE_MAX) {
        unsigned mode = 0;
        to.n = space - dots - 2;
        if (f->old_mode || f->new_mode || !mode_of(sc_chars_from(s, space + 1), &mode))
            return wrong(p, "a mode that does not fit");
        f->old_mode = f->new_mode = mode;
    }
    return is_id((sc_str){s.p, dots}) && is_id(to) ? SC_OK
                                                   : wrong(p, "an index line without two ids");
}

static sc_rc modes(parser *p, sc_patch_file *f) {
    sc_str s;
    bool good = true;
    if (accept(p, "new file mode ", &s)) {
        f->op = SC_PATCH_ADD;
        good = mode_of(s, &f->new_mode);
    } else if (accept(p, "deleted file mode ", &s)) {
        f->op = SC_PATCH_DELETE;
        good = mode_of(s, &f->old_mode);
    } else if (accept(p, "old mode ", &s)) {
        good = mode_of(s, &f->old_mode) && accept(p, "new mode ", &s) && mode_of(s, &f->new_mode);
    }
    return good ? SC_OK : wrong(p, "a mode that git does not know");
}

/* ---- Contents ------------------------------------------------------------------------------------------------ */

static bool number(sc_str *s, int64_t *ret) {
    size_t n = sc_chars_span(*s, SC_CHARS_DIGIT);
    if (!n || sc_num_i64((sc_str){s->p, n}, 0, MAX_COUNT, ret, NULL)) return false;
    *s = sc_chars_from(*s, n);
    return true;
}

static bool range(sc_str *s, char sign, int64_t *ret_start, int64_t *ret_n) {
    const char prefix[2] = {sign, 0};
    *ret_n = 1;
    return take_prefix(s, prefix) && number(s, ret_start) &&
           (!take_prefix(s, ",") || number(s, ret_n));
}

/* The lines that the header promises. */
static sc_rc hunk_lines(parser *p, sc_patch_file *f, sc_patch_hunk *h) {
    int64_t old_n = h->old_n, new_n = h->new_n;
    const char *from = p->rest.p;
    sc_str line;
    while (old_n || new_n) {
        if (!peek(p, &line) || !line.n) return wrong(p, "a hunk ends too early");
        bool add = line.p[0] == '+', remove = line.p[0] == '-';
        if (!add && !remove && line.p[0] != ' ') return wrong(p, "a line that is none of a hunk");
        old_n -= !add;
        new_n -= !remove;
        if (old_n < 0 || new_n < 0) return wrong(p, "a hunk has more lines than its header says");
        f->added += add;
        f->removed += remove;
        skip(p, line);
        if (accept(p, "\\", &line) && !sc_str_is(line, " No newline at end of file"))
            return wrong(p, "a line that is none of a hunk");
    }
    h->lines = (sc_str){from, (size_t)(p->rest.p - from)};
    return SC_OK;
}

static sc_rc hunk(parser *p, sc_patch_file *f, const sc_patch_hunk *before, sc_patch_hunk *h) {
    sc_str s;
    if (!accept(p, "@@ ", &s) || !range(&s, '-', &h->old_start, &h->old_n) ||
        !take_prefix(&s, " ") || !range(&s, '+', &h->new_start, &h->new_n) ||
        !take_prefix(&s, " @@") || (s.n && s.p[0] != ' ') || (!h->old_n && !h->new_n))
        return wrong(p, "no header of a hunk");
    if (before && (h->old_start < before->old_start + before->old_n ||
                   h->new_start < before->new_start + before->new_n))
        return wrong(p, "hunks out of order");
    return hunk_lines(p, f, h);
}

static sc_rc hunks(parser *p, sc_patch_file *f) {
    sc_patch_hunk *v = NULL;
    size_t n = 0, cap = 0;
    sc_str line;
    while (peek(p, &line) && sc_str_starts(line, "@@ ")) {
        if (n == cap) {
            cap = cap ? 2 * cap : 4;
            sc_patch_hunk *more = sc_arena_take_array(p->arena, cap, sizeof *more);
            if (!more) return no_room(p);
            if (n) memcpy(more, v, n * sizeof *v);
            v = more;
        }
        sc_rc rc = hunk(p, f, n ? &v[n - 1] : NULL, &v[n]);
        if (rc) return rc;
        n++;
    }
    f->hunks = v;
    f->n_hunks = n;
    return n ? SC_OK : wrong(p, "names of two sides and no hunk");
}

static sc_rc text(parser *p, sc_patch_file *f) {
    sc_str s;
    if (!accept(p, "--- ", &s)) return SC_OK; /* an empty file, or another mode */
    sc_rc rc = side_path(p, s, "a/", f->path, f->op != SC_PATCH_ADD);
    if (rc) return rc;
    if (!accept(p, "+++ ", &s)) return wrong(p, "one side has no name");
    rc = side_path(p, s, "b/", f->path, f->op != SC_PATCH_DELETE);
    return rc ? rc : hunks(p, f);
}

/* "literal 12" or "delta 12", lines in base 85, an empty line; once for each direction. */
static sc_rc binary(parser *p, sc_patch_file *f) {
    sc_str line;
    f->binary = true;
    for (int i = 0; i < 2; i++) {
        int64_t size = 0;
        if (!accept(p, "literal ", &line) && !accept(p, "delta ", &line))
            return wrong(p, "no binary contents");
        if (!number(&line, &size) || line.n) return wrong(p, "no binary contents");
        while (peek(p, &line) && line.n) {
            if (!sc_chars_is(line.p[0], SC_CHARS_ALPHA) || line.n < 6 || line.n > 66 ||
                line.n % 5 != 1)
                return wrong(p, "no binary contents");
            skip(p, line);
        }
        if (!accept(p, "", &line)) return wrong(p, "binary contents without an end");
    }
    return SC_OK;
}

static sc_rc file(parser *p, sc_patch_file *f) {
    sc_str s;
    const char *from = p->rest.p;
    if (!accept(p, "diff --git ", &s)) return wrong(p, "no header of a file");
    sc_rc rc = header_path(p, s, &f->path);
    if (!rc) rc = modes(p, f);
    if (rc) return rc;
    bool has_ids = accept(p, "index ", &s);
    if (has_ids) rc = index_line(p, s, f);
    if (rc) return rc;
    if (accept(p, "GIT binary patch", &s))
        rc = s.n ? wrong(p, "no binary contents") : binary(p, f);
    else if (accept(p, "Binary files ", &s))
        f->binary = true;
    else
        rc = text(p, f);
    if (rc) return rc;
    bool mode_only = f->old_mode && f->new_mode && f->old_mode != f->new_mode;
    if ((!has_ids && !mode_only) || (!f->old_mode && !f->new_mode))
        return wrong(p, "a file of which nothing is changed");
    f->bytes = (size_t)(p->rest.p - from);
    return SC_OK;
}

/* Each path once, in git's order; a file that becomes another kind of file is removed and added. */
static bool in_order(const sc_patch_file *before, const sc_patch_file *f) {
    int c = sc_str_cmp(before->path, f->path);
    return c < 0 || (c == 0 && before->op == SC_PATCH_DELETE && f->op == SC_PATCH_ADD);
}

sc_rc sc_patch_parse(sc_str s, sc_arena *arena, sc_patch *ret, sc_err *err) {
    parser p = {.all = s, .rest = s, .line = 1, .arena = arena, .err = err};
    sc_patch_file *v = NULL;
    size_t cap = 0;
    sc_patch out = {.n_files = 0};
    while (p.rest.n) {
        if (out.n_files == cap) {
            cap = cap ? 2 * cap : 16;
            sc_patch_file *more = sc_arena_take_array(arena, cap, sizeof *more);
            if (!more || cap > MAX_FILES) return no_room(&p);
            if (out.n_files) memcpy(more, v, out.n_files * sizeof *v);
            v = more;
        }
        sc_patch_file *f = &v[out.n_files];
        sc_rc rc = file(&p, f);
        if (rc) return rc;
        if (out.n_files && !in_order(f - 1, f)) return wrong(&p, "files out of order");
        out.n_files++;
        out.added += f->added;
        out.removed += f->removed;
    }
    out.files = v;
    *ret = out;
    return SC_OK;
}

/* ---- Reading hunks ------------------------------------------------------------------------------------------- */

sc_patch_cursor sc_patch_lines(const sc_patch_hunk *h) {
    return (sc_patch_cursor){.rest = h->lines, .old_line = h->old_start, .new_line = h->new_start};
}

bool sc_patch_next(sc_patch_cursor *c, sc_patch_line *ret) {
    sc_str line;
    while (c->rest.n && sc_str_next(&c->rest, '\n', &line)) {
        if (!line.n || line.p[0] == '\\') continue;
        *ret = (sc_patch_line){.kind = line.p[0], .text = sc_chars_from(line, 1)};
        if (ret->kind != '+') ret->old_line = c->old_line++;
        if (ret->kind != '-') ret->new_line = c->new_line++;
        return true;
    }
    return false;
}
