#include "patch/glob.h"

#include "text/chars.h"

enum { MAX_GLOB = 256 };

static char fold(char c, bool any_case) { return any_case ? sc_chars_lower(c) : c; }

/* One "[...]" at g[*i], moved past it. */
static bool in_set(sc_str g, size_t *i, char c) {
    size_t at = *i + 1;
    bool other = at < g.n && g.p[at] == '!', hit = false;
    at += other;
    for (size_t first = at; at < g.n && (g.p[at] != ']' || at == first); at++) {
        unsigned char from = (unsigned char)g.p[at], to = from, is = (unsigned char)c;
        if (at + 2 < g.n && g.p[at + 1] == '-' && g.p[at + 2] != ']') {
            to = (unsigned char)g.p[at + 2];
            at += 2;
        }
        hit = hit || (is >= from && is <= to);
    }
    *i = at + 1;
    return hit != other;
}

/* What stands at g[*i] against one character; *i is moved past it. */
static bool one(sc_str g, size_t *i, char c, bool any_case) {
    if (g.p[*i] == '[') return in_set(g, i, c);
    char want = g.p[(*i)++];
    return want == '?' || fold(want, any_case) == fold(c, any_case);
}

/* One part against one name. The last star is taken up again and no earlier one: what they could match, it could, too. */
static bool part(sc_str g, sc_str s, bool any_case) {
    size_t gi = 0, si = 0, star = SIZE_MAX, from = 0;
    while (si < s.n || gi < g.n) {
        if (gi < g.n && g.p[gi] == '*') {
            star = ++gi;
            from = si;
            continue;
        }
        size_t next = gi;
        if (gi < g.n && si < s.n && one(g, &next, s.p[si], any_case)) {
            gi = next;
            si++;
            continue;
        }
        if (star == SIZE_MAX || from >= s.n) return false;
        gi = star;
        si = ++from;
    }
    return true;
}

static sc_str part_at(sc_str s, size_t at) {
    sc_str rest = sc_chars_from(s, at), first = SC_STR_NONE;
    sc_str_next(&rest, '/', &first);
    return first;
}

/* The same over parts, with ** for the star. */
static bool parts(sc_str g, sc_str s, bool any_case) {
    size_t gi = 0, si = 0, star = SIZE_MAX, from = 0;
    while (si < s.n || gi < g.n) {
        sc_str gp = part_at(g, gi), sp = part_at(s, si);
        if (gi < g.n && sc_str_is(gp, "**")) {
            star = gi = gi + 3;
            from = si;
            continue;
        }
        if (gi < g.n && si < s.n && part(gp, sp, any_case)) {
            gi += gp.n + 1;
            si += sp.n + 1;
            continue;
        }
        if (star == SIZE_MAX || from >= s.n) return false;
        from += part_at(s, from).n + 1;
        gi = star;
        si = from;
    }
    return true;
}

bool sc_patch_glob(sc_str glob, sc_str path, bool any_case) {
    bool below = sc_str_ends(glob, "/");
    if (below) glob.n--;
    if (sc_str_starts(glob, "/")) {
        glob = sc_chars_from(glob, 1);
    } else if (sc_chars_find(glob, '/') == SIZE_MAX) { /* at any depth */
        for (size_t at = 0; at < path.n; at += part_at(path, at).n + 1) {
            sc_str name = part_at(path, at);
            bool last = at + name.n >= path.n;
            if (last != below && part(glob, name, any_case)) return true;
        }
        return false;
    }
    if (!below) return parts(glob, path, any_case);
    for (size_t at = 0; at < path.n; at++) /* each folder above it */
        if (path.p[at] == '/' && parts(glob, (sc_str){path.p, at}, any_case)) return true;
    return false;
}

sc_rc sc_patch_glob_check(sc_str glob, sc_err *err) {
    if (!glob.n || glob.n > MAX_GLOB)
        return sc_fail(err, SC_INVALID, "a path pattern has 1 to %d bytes", MAX_GLOB);
    bool open = false;
    for (size_t i = 0; i < glob.n; i++) {
        unsigned char c = (unsigned char)glob.p[i];
        if (c < ' ' || c == 127 || c == '\\')
            return sc_fail(err, SC_INVALID,
                           "a path pattern holds no backslash or control character");
        open = open ? c != ']' : c == '[';
        if (open && c == '/')
            return sc_fail(err, SC_INVALID, "a slash within [...] of a path pattern");
    }
    if (open) return sc_fail(err, SC_INVALID, "a path pattern's [ is not closed");
    sc_str rest = glob, p;
    bool first = true;
    while (sc_str_next(&rest, '/', &p)) {
        if ((!p.n && !first && rest.n) || sc_str_is(p, ".") || sc_str_is(p, ".."))
            return sc_fail(err, SC_INVALID, "a path pattern's parts are names");
        first = false;
    }
    return sc_str_is(glob, "/") ? sc_fail(err, SC_INVALID, "a path pattern names something")
                                : SC_OK;
}
