#include "git/git.h"

/* git check-ref-format, and a little stricter: printable ASCII, nothing that a shell or an option parser would notice. */
bool sc_git_branch_ok(sc_str name) {
    if (!name.n || name.n > 200 || name.p[0] == '-' || name.p[0] == '/' || sc_str_is(name, "HEAD"))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c >= 127 || strchr("~^:?*[\\\"'`$&|;<>(){}!#", c)) return false;
        if (i && c == '.' && name.p[i - 1] == '.') return false;
        if (i && c == '{' && name.p[i - 1] == '@') return false;
    }
    sc_str rest = name, part;
    while (sc_str_next(&rest, '/', &part))
        if (!part.n || part.p[0] == '.' || part.p[part.n - 1] == '.' || sc_str_ends(part, ".lock"))
            return false;
    return !sc_str_is(name, "@");
}

sc_git_id sc_git_id_of(sc_str s) {
    sc_git_id id = {.text = ""};
    if (s.n != 40 && s.n != 64) return id;
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789abcdef", s.p[i]) || !s.p[i]) return id;
    memcpy(id.text, s.p, s.n);
    return id;
}

/* ---- URLs ---------------------------------------------------------------------------------------------------- */

static bool this_machine(sc_str host) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (sc_str_is(host, names[i])) return true;
    return false;
}

/* Host names, paths, percent signs: what a repository's URL is made of. So it needs no quoting in a configuration. */
static bool plain(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 127 || strchr("\"'\\?#*<>|;&$`(){}^!@", c)) return false;
    }
    return true;
}

/* "host:8443" -> "host"; "[::1]:80" -> "[::1]". */
static sc_str host_of(sc_str authority) {
    size_t end = 0;
    if (authority.n && authority.p[0] == '[')
        while (end < authority.n && authority.p[end] != ']') end++;
    while (end < authority.n && authority.p[end] != ':') end++;
    return (sc_str){authority.p, end};
}

sc_rc sc_git_url_check(const sc_git_remote *r, sc_err *err) {
    sc_str url = r->url;
    bool https = sc_str_starts(url, "https://"), http = sc_str_starts(url, "http://");
    size_t skip = https ? 8 : 7;
    if (url.n > 1000 || !plain(url) || (!https && !http && !sc_str_starts(url, "file:///")))
        return sc_fail(err, SC_INVALID, "a repository's URL must begin with https://");
    for (size_t i = 0; i < r->token.n; i++)
        if ((unsigned char)r->token.p[i] <= ' ' || (unsigned char)r->token.p[i] >= 127)
            return sc_fail(err, SC_INVALID, "the token holds what no token can hold");
    if (r->token.n > 4096 || r->user.n > 256 || sc_str_find(r->user, SC_STR(":")) != SIZE_MAX)
        return sc_fail(err, SC_INVALID, "the token or its user cannot be sent");
    if (!https && !http)
        return r->may_be_file && !r->token.n
                   ? SC_OK
                   : sc_fail(err, SC_INVALID, "a repository on disk is not allowed here");
    sc_str rest = {url.p + skip, url.n - skip}, authority = SC_STR_NONE;
    sc_str_next(&rest, '/', &authority);
    sc_str host = host_of(authority);
    if (!host.n || host.p[0] == '-' || !rest.n)
        return sc_fail(err, SC_INVALID, "a repository's URL needs a host and a path");
    if (http && !this_machine(host))
        return sc_fail(err, SC_INVALID, "http:// is for this machine only; use https://");
    return SC_OK;
}
