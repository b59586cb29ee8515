#include "patch/rules.h"

#include "patch/lists.h"
#include "patch/secret.h"
#include "text/chars.h"
#include "text/fold.h"

enum {
    MAX_PATH = 4096,
    MAX_SHOWN = 300,
    EMOJI_FROM = 0x2190,
    LONG_S = 0x17f,
    KELVIN = 0x212a,
    MAX_SCANNED = 64 << 10
};

static const struct {
    const char *name, *words, *help;
} table[] = {
#define X(name, words, help) {#name, words, help},
    SC_PATCH_RULES(X)
#undef X
};

const char *sc_patch_rule_name(sc_patch_rule r) { return table[r].name; }
const char *sc_patch_rule_words(sc_patch_rule r) { return table[r].words; }

sc_patch_rule sc_patch_rule_find(sc_str name) {
    for (size_t i = 0; i < SC_LEN(table); i++)
        if (sc_str_is(name, table[i].name)) return (sc_patch_rule)i;
    return SC_PATCH_RULE_COUNT;
}

uint32_t sc_patch_may_be_off(void) {
    return SC_PATCH_OFF(SC_PATCH_RULE_ci) | SC_PATCH_OFF(SC_PATCH_RULE_agent) |
           SC_PATCH_OFF(SC_PATCH_RULE_lock) | SC_PATCH_OFF(SC_PATCH_RULE_binary) |
           SC_PATCH_OFF(SC_PATCH_RULE_mode) | SC_PATCH_OFF(SC_PATCH_RULE_hidden);
}

/* ---- Findings ------------------------------------------------------------------------------------------------ */

typedef struct judge {
    const sc_patch_limits *limits;
    sc_arena *arena;
    sc_patch_finding *v;
    size_t n, all;
    bool no_memory;
} judge;

static bool counts(const judge *j, sc_patch_rule rule) {
    return !(j->limits->off & sc_patch_may_be_off() & SC_PATCH_OFF(rule));
}

/* A path as a person may be shown it: what cannot be seen is written in hex. */
static sc_str shown(judge *j, sc_str path) {
    sc_buf b;
    sc_buf_init(&b, MAX_SHOWN * 8);
    for (size_t i = 0; i < path.n && b.n < MAX_SHOWN;) {
        size_t from = i;
        uint32_t cp = sc_utf8_next(path, &i);
        bool plain = !sc_fold_hidden(cp) && cp != '\n' && cp != '\t' && cp != '\\' && cp != 0xfffd;
        for (size_t k = from; k < i; k++)
            if (plain)
                sc_buf_putc(&b, path.p[k]);
            else
                sc_buf_putf(&b, "\\x%02x", (unsigned char)path.p[k]);
    }
    if (b.n >= MAX_SHOWN) sc_buf_puts(&b, "...");
    char *copy = b.failed ? NULL : sc_arena_copy(j->arena, b.p ? b.p : "", b.n);
    sc_str s = copy ? (sc_str){copy, b.n} : SC_STR_NONE;
    j->no_memory |= !copy;
    sc_buf_done(&b);
    return s;
}

static void find(judge *j, sc_patch_rule rule, sc_str path, int64_t line, const char *words) {
    if (!counts(j, rule)) return;
    j->all++;
    if (j->n == SC_PATCH_MAX_FINDINGS) return;
    const char *all =
        words ? sc_arena_printf(j->arena, "%s: %s", table[rule].words, words) : table[rule].words;
    j->no_memory |= !all;
    j->v[j->n++] = (sc_patch_finding){rule, shown(j, path), line, sc_str_of(all)};
}

/* ---- Paths --------------------------------------------------------------------------------------------------- */

/* What NTFS and HFS+ take for .git, too: "git~1", ".GIT", ".git. ", ".git::$INDEX_ALLOCATION". */
static bool is_git(sc_str part) {
    size_t colon = sc_chars_find(part, ':');
    if (colon != SIZE_MAX) part.n = colon;
    while (part.n && strchr(" .", part.p[part.n - 1])) part.n--;
    return sc_str_ieq(part, SC_STR(".git")) || (part.n == 5 && sc_chars_istarts(part, "git~") &&
                                                sc_chars_is(part.p[4], SC_CHARS_DIGIT));
}

static const char *bad_path(sc_str path) {
    if (!path.n || path.n > MAX_PATH) return "its length";
    if (path.p[0] == '/' || path.p[path.n - 1] == '/') return "it is not below the tree";
    if (!sc_utf8_valid(path)) return "it is not UTF-8";
    for (size_t i = 0; i < path.n;) {
        uint32_t cp = sc_utf8_next(path, &i);
        if (cp == '\\') return "it holds a backslash";
        if (cp == '\n' || cp == '\t' || sc_fold_hidden(cp)) return "it holds hidden characters";
    }
    sc_str rest = path, part;
    while (sc_str_next(&rest, '/', &part)) {
        if (!part.n || sc_str_is(part, ".") || sc_str_is(part, ".."))
            return "it is not below the tree";
        if (is_git(part)) return "some file system takes it for .git";
    }
    return NULL;
}

static bool any(const sc_str *globs, size_t n, sc_str path) {
    for (size_t i = 0; i < n; i++)
        if (sc_patch_glob(globs[i], path, false)) return true;
    return false;
}

/* The path as NTFS and APFS would look it up, where that is another name: what follows a colon, and dots and spaces at a
 * part's end, are nothing; two letters fold into ASCII. */
static sc_str as_looked_up(judge *j, sc_str path) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_str part;
    sc_buf_init(&b, MAX_PATH + 1);
    for (bool first = true; sc_str_next(&path, '/', &part); first = false) {
        if (!first) sc_buf_putc(&b, '/');
        size_t from = b.n, colon = sc_chars_find(part, ':');
        if (colon != SIZE_MAX) part.n = colon;
        for (size_t i = 0; i < part.n;) {
            uint32_t cp = sc_utf8_next(part, &i);
            sc_buf_put_utf8(&b, cp == LONG_S ? 's' : cp == KELVIN ? 'k' : cp);
        }
        while (b.n > from && strchr(" .", b.p[b.n - 1])) b.n--;
    }
    char *copy = sc_arena_copy(j->arena, b.n ? b.p : "", b.n);
    j->no_memory |= !copy;
    return copy ? (sc_str){copy, b.n} : SC_STR_NONE;
}

/* "CLAUDE~1" as NTFS may call ".claude": the first six characters of the name, without its dots. */
static bool may_be_short_for(sc_str part, const char *glob) {
    size_t tilde = sc_chars_find(part, '~'), n = 0;
    if (tilde == SIZE_MAX || !tilde || tilde > 6 || tilde + 1 >= part.n ||
        !sc_chars_is(part.p[tilde + 1], SC_CHARS_DIGIT))
        return false;
    sc_str name = sc_str_of(glob), slash;
    if (sc_str_next(&name, '/', &slash)) name = slash;
    for (size_t i = 0; i < name.n && n < 6 && name.p[i] != '*'; i++) {
        if (name.p[i] == '.' && n) break; /* what follows is the ending */
        if (name.p[i] == '.') continue;
        if (n >= tilde || sc_chars_lower(part.p[n]) != sc_chars_lower(name.p[i])) return false;
        n++;
    }
    return n > 1 && n == tilde;
}

static bool names(sc_str path, sc_str looked_up, const char *glob) {
    sc_str part, rest = path;
    if (sc_patch_glob(sc_str_of(glob), path, true) ||
        sc_patch_glob(sc_str_of(glob), looked_up, true))
        return true;
    while (sc_str_next(&rest, '/', &part))
        if (may_be_short_for(part, glob)) return true;
    return false;
}

static void judge_path(judge *j, sc_str path) {
    const sc_patch_limits *l = j->limits;
    const char *bad = bad_path(path);
    if (bad) find(j, SC_PATCH_RULE_path, path, 0, bad);
    sc_str looked_up = as_looked_up(j, path);
    for (size_t i = 0; i < sc_patch_lists_n; i++)
        for (const char *const *g = sc_patch_lists[i].globs; *g; g++)
            if (names(path, looked_up, *g)) {
                find(j, sc_patch_lists[i].rule, path, 0, NULL);
                break;
            }
    if (any(l->deny, l->n_deny, path)) find(j, SC_PATCH_RULE_denied, path, 0, NULL);
    if (l->n_allow && !any(l->allow, l->n_allow, path))
        find(j, SC_PATCH_RULE_outside, path, 0, NULL);
}

/* ---- Kinds of files ------------------------------------------------------------------------------------------ */

/* Does a link at `path` lead out of the tree, or into git's folder? ".." may only come first: behind a name that is itself
 * a link it leads from wherever that one leads. */
static bool leaves(sc_str path, sc_str target) {
    size_t depth = 0;
    bool named = false;
    for (size_t i = 0; i < path.n; i++) depth += path.p[i] == '/';
    if (!target.n || target.p[0] == '/' || sc_chars_find(target, '\\') != SIZE_MAX) return true;
    sc_str part;
    while (sc_str_next(&target, '/', &part)) {
        if (sc_str_is(part, "..")) {
            if (named || !depth--) return true;
        } else if (part.n && !sc_str_is(part, ".")) {
            if (is_git(part)) return true;
            named = true;
        }
    }
    return false;
}

/* A link's contents are its target: one added line without an end. */
static void judge_link(judge *j, const sc_patch_file *f) {
    sc_str target = SC_STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < f->n_hunks; i++) {
        sc_patch_cursor c = sc_patch_lines(&f->hunks[i]);
        for (sc_patch_line line; sc_patch_next(&c, &line);)
            if (line.kind == '+') {
                target = line.text;
                n++;
            }
    }
    if (n != 1 || leaves(f->path, target)) find(j, SC_PATCH_RULE_link, f->path, 0, NULL);
}

static void judge_kind(judge *j, const sc_patch_file *f, const sc_patch_file *before) {
    bool was_link = f->old_mode == SC_PATCH_MODE_LINK, is_link = f->new_mode == SC_PATCH_MODE_LINK;
    if (f->old_mode == SC_PATCH_MODE_GITLINK || f->new_mode == SC_PATCH_MODE_GITLINK)
        find(j, SC_PATCH_RULE_gitlink, f->path, 0, NULL);
    if (f->binary) find(j, SC_PATCH_RULE_binary, f->path, 0, NULL);
    if (f->new_mode == SC_PATCH_MODE_EXEC && f->old_mode != SC_PATCH_MODE_EXEC)
        find(j, SC_PATCH_RULE_mode, f->path, 0, NULL);
    else if ((f->op == SC_PATCH_CHANGE && was_link != is_link) ||
             (before && sc_str_eq(before->path, f->path)))
        find(j, SC_PATCH_RULE_mode, f->path, 0, "it becomes another kind of file");
    if (is_link) judge_link(j, f);
}

/* ---- Lines --------------------------------------------------------------------------------------------------- */

/* To an editor, though git sees one line. */
static bool ends_line(uint32_t cp) {
    return cp == '\r' || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

/* Joiners and variation selectors make one picture of several; there they hide nothing. */
static bool hides(sc_str text) {
    uint32_t before = 0;
    if (sc_str_ends(text, "\r")) text.n--; /* a line end of another system */
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = sc_utf8_next(text, &i);
        bool joins = (cp == 0x200d || cp == 0xfe0f) && before >= EMOJI_FROM;
        if ((sc_fold_hidden(cp) || ends_line(cp)) && !joins) return true;
        before = cp;
    }
    return false;
}

/* A long line is looked at in overlapping parts, so that the work grows with its length alone. */
static const char *secret_in(sc_str text) {
    for (size_t at = 0; at < text.n; at += MAX_SCANNED / 2) {
        sc_str part = sc_chars_from(text, at);
        part.n = SC_MIN(part.n, (size_t)MAX_SCANNED);
        const char *what = sc_patch_secret(part);
        if (what) return what;
    }
    return NULL;
}

static void judge_lines(judge *j, const sc_patch_file *f) {
    sc_str path = f->path, part;
    while (f->op == SC_PATCH_ADD && sc_str_next(&path, '/', &part)) {
        const char *what = secret_in(part);
        if (what) find(j, SC_PATCH_RULE_secret, f->path, 0, what);
    }
    for (size_t i = 0; i < f->n_hunks; i++) {
        sc_patch_cursor c = sc_patch_lines(&f->hunks[i]);
        for (sc_patch_line line; sc_patch_next(&c, &line);) {
            if (line.kind != '+') continue;
            const char *what = secret_in(line.text);
            if (what) find(j, SC_PATCH_RULE_secret, f->path, line.new_line, what);
            if (hides(line.text)) find(j, SC_PATCH_RULE_hidden, f->path, line.new_line, NULL);
        }
    }
}

/* ---- All of it ----------------------------------------------------------------------------------------------- */

static void judge_size(judge *j, const sc_patch *p, size_t bytes) {
    const sc_patch_limits *l = j->limits;
    const sc_str all = SC_STR_NONE;
    if (l->max_files && p->n_files > l->max_files)
        find(j, SC_PATCH_RULE_files, all, 0,
             sc_arena_printf(j->arena, "%zu, and %zu are allowed", p->n_files, l->max_files));
    if (l->max_bytes && bytes > l->max_bytes)
        find(j, SC_PATCH_RULE_bytes, all, 0,
             sc_arena_printf(j->arena, "%zu bytes, and %zu are allowed", bytes, l->max_bytes));
    if (l->max_lines && p->added + p->removed > l->max_lines)
        find(j, SC_PATCH_RULE_lines, all, 0,
             sc_arena_printf(j->arena, "%lld, and %lld are allowed",
                             (long long)p->added + p->removed, (long long)l->max_lines));
}

sc_rc sc_patch_check(const sc_patch *p, size_t patch_bytes, const sc_patch_limits *limits,
                     sc_arena *arena, sc_patch_findings *ret, sc_err *err) {
    judge j = {.limits = limits, .arena = arena};
    j.v = sc_arena_take_array(arena, SC_PATCH_MAX_FINDINGS, sizeof *j.v);
    if (!j.v) return sc_fail(err, SC_NOMEM, "no memory for what is wrong with a patch");
    judge_size(&j, p, patch_bytes);
    for (size_t i = 0; i < p->n_files; i++) {
        judge_path(&j, p->files[i].path);
        judge_kind(&j, &p->files[i], i ? &p->files[i - 1] : NULL);
        judge_lines(&j, &p->files[i]);
    }
    if (j.no_memory) return sc_fail(err, SC_NOMEM, "no memory for what is wrong with a patch");
    *ret = (sc_patch_findings){j.v, j.n, j.all};
    return SC_OK;
}

void sc_patch_rules_markdown(sc_buf *out) {
    sc_buf_puts(out,
                "# What a fix may change\n\nEvery patch is checked before it is pushed. A finding "
                "ends the job; the "
                "patch is kept for people.\nThis page is printed from the program's own table.\n\n"
                "| rule | what it refuses | may be switched off |\n|---|---|---|\n");
    for (size_t i = 0; i < SC_LEN(table); i++)
        sc_buf_putf(out, "| `%s` | %s | %s |\n", table[i].name, table[i].help,
                    sc_patch_may_be_off() & SC_PATCH_OFF(i) ? "yes" : "no");
    sc_buf_puts(out,
                "\nNames that the rules know, in upper or lower case, also as Windows and macOS "
                "look them up\n(`CLAUDE~1`, a dot or a space at the end); with a slash at the "
                "end: everything below.\n");
    for (size_t i = 0; i < sc_patch_lists_n; i++) {
        sc_buf_putf(out, "\n**%s**:", table[sc_patch_lists[i].rule].name);
        for (const char *const *g = sc_patch_lists[i].globs; *g; g++)
            sc_buf_putf(out, "%s `%s`", g == sc_patch_lists[i].globs ? "" : ",", *g);
        sc_buf_puts(out, "\n");
    }
    sc_buf_puts(out, "\nA project's own patterns (`allow`, `deny`): `*` and `?` stay within a "
                     "folder, `**` is any number "
                     "of folders,\n`[a-z]` and `[!a-z]` are sets. A pattern without a slash "
                     "matches a name at any depth, "
                     "one that ends with a slash\neverything below. Case counts.\n");
}
