#include <arpa/inet.h>

#include "stores/redis/link.h"

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Percent-decoded into a fixed place. */
static sc_rc decode(sc_str s, const char *what, char *ret, size_t room, sc_err *err) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            bool whole = i + 2 < s.n;
            int hi = whole ? hex(s.p[i + 1]) : -1, lo = whole ? hex(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return sc_fail_field(err, SC_INVALID, "redis", "the %s has a wrong %%-sequence",
                                     what);
            c = (char)(hi * 16 + lo);
            i += 2;
        }
        if (!c || n + 1 >= room)
            return sc_fail_field(err, SC_INVALID, "redis", "the %s is too long or holds a NUL",
                                 what);
        ret[n++] = c;
    }
    ret[n] = 0;
    return SC_OK;
}

static sc_rc parse_login(sc_str login, sc_rd_address *a, sc_err *err) {
    size_t colon = sc_str_find(login, SC_STR(":"));
    if (colon == SIZE_MAX) return decode(login, "user", a->user, sizeof a->user, err);
    sc_rc rc = decode((sc_str){login.p, colon}, "user", a->user, sizeof a->user, err);
    sc_str rest = {login.p + colon + 1, login.n - colon - 1};
    return rc ? rc : decode(rest, "password", a->password, sizeof a->password, err);
}

static sc_rc parse_number(sc_str s, const char *what, int64_t most, int *ret, sc_err *err) {
    int64_t v;
    if (sc_num_i64(s, 0, most, &v, NULL))
        return sc_fail_field(err, SC_INVALID, "redis", "the %s must be a number up to %lld", what,
                             (long long)most);
    *ret = (int)v;
    return SC_OK;
}

/* host, host:port, [v6]:port */
static sc_rc parse_host(sc_str s, sc_rd_address *a, sc_err *err) {
    size_t end = s.n && s.p[0] == '[' ? sc_str_find(s, SC_STR("]")) : 0;
    if (end == SIZE_MAX) return sc_fail_field(err, SC_INVALID, "redis", "the address lacks a ']'");
    sc_str host = end ? (sc_str){s.p + 1, end - 1} : s, rest = {s.p + s.n, 0};
    size_t colon = end ? end + 1 : sc_str_find(s, SC_STR(":"));
    if (colon != SIZE_MAX && colon < s.n) {
        if (!end) host.n = colon;
        rest = (sc_str){s.p + colon, s.n - colon};
    }
    if (rest.n && rest.p[0] != ':')
        return sc_fail_field(err, SC_INVALID, "redis", "the address is no host and port");
    sc_rc rc = decode(host.n ? host : SC_STR("localhost"), "host", a->host, sizeof a->host, err);
    if (rc || !rest.n) return rc;
    return parse_number((sc_str){rest.p + 1, rest.n - 1}, "port", 65535, &a->port, err);
}

/* The last '@' ends the login: a password may hold one that somebody did not encode. */
static size_t login_end(sc_str s) {
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '@') return i;
    return SIZE_MAX;
}

static sc_rc parse_local(sc_str rest, sc_rd_address *a, sc_err *err) {
    size_t query = sc_str_find(rest, SC_STR("?"));
    sc_str path = query == SIZE_MAX ? rest : (sc_str){rest.p, query};
    a->local = true;
    sc_rc rc = decode(path, "path", a->host, sizeof a->host, err);
    if (rc) return rc;
    if (a->host[0] != '/')
        return sc_fail_field(err, SC_INVALID, "redis",
                             "unix:// needs the whole path of the socket");
    if (query == SIZE_MAX) return SC_OK;
    sc_str db = {rest.p + query + 1, rest.n - query - 1};
    if (!sc_str_starts(db, "db="))
        return sc_fail_field(err, SC_INVALID, "redis", "after '?' only db=NUMBER is known");
    return parse_number((sc_str){db.p + 3, db.n - 3}, "database", 1000000, &a->database, err);
}

static bool is_loopback(const char *host) {
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    return !strcmp(host, "localhost") || !strcmp(host, "::1");
}

/* A token goes into a header of every request. */
static sc_rc check_rest(const sc_rd_address *a, sc_str path, sc_err *err) {
    if (path.n)
        return sc_fail_field(err, SC_INVALID, "redis",
                             "a REST address has no path behind its host");
    if (a->user[0])
        return sc_fail_field(err, SC_INVALID, "redis",
                             "a REST address takes a token and no user: https://:TOKEN@HOST");
    if (!a->password[0])
        return sc_fail_field(err, SC_INVALID, "redis",
                             "a REST address needs its token: in UPSTASH_REDIS_REST_TOKEN, or as "
                             "https://:TOKEN@HOST");
    for (const char *p = a->password; *p; p++)
        if (*p <= ' ' || *p > '~')
            return sc_fail_field(err, SC_INVALID, "redis", "the token is no token");
    if (!a->tls && !is_loopback(a->host))
        return sc_fail_field(
            err, SC_INVALID, "redis",
            "http:// would show the token to all on the way: use https:// (http:// "
            "is for a server on this machine)");
    return SC_OK;
}

/* host, port and what is behind the slash */
static sc_rc parse_place(sc_str rest, sc_rd_address *a, sc_err *err) {
    size_t slash = sc_str_find(rest, SC_STR("/"));
    sc_str host = slash == SIZE_MAX ? rest : (sc_str){rest.p, slash};
    sc_str path =
        slash == SIZE_MAX ? SC_STR_NONE : (sc_str){rest.p + slash + 1, rest.n - slash - 1};
    sc_rc rc = parse_host(host, a, err);
    if (rc) return rc;
    if (a->rest) return check_rest(a, path, err);
    return path.n ? parse_number(path, "database", 1000000, &a->database, err) : SC_OK;
}

static const struct {
    const char *begins;
    bool tls, local, rest;
    int port;
} schemes[] = {
    {"redis://", .port = 6379},
    {"rediss://", .tls = true, .port = 6379},
    {"unix://", .local = true, .port = 6379},
    {"https://", .tls = true, .rest = true, .port = 443},
    {"http://", .rest = true, .port = 80},
};

sc_rc sc_rd_address_parse(sc_str url, const char *token, sc_rd_address *ret, sc_err *err) {
    size_t s = 0;
    while (s < SC_LEN(schemes) && !sc_str_starts(url, schemes[s].begins)) s++;
    if (s == SC_LEN(schemes))
        return sc_fail_field(err, SC_INVALID, "redis",
                             "must begin with redis://, rediss://, unix:// or https://");
    sc_rd_address a = {.tls = schemes[s].tls, .rest = schemes[s].rest, .port = schemes[s].port};
    size_t begin = strlen(schemes[s].begins);
    sc_str rest = {url.p + begin, url.n - begin};
    size_t at = login_end(rest);
    sc_rc rc = SC_OK;
    if (at != SIZE_MAX) {
        rc = parse_login((sc_str){rest.p, at}, &a, err);
        rest = (sc_str){rest.p + at + 1, rest.n - at - 1};
    }
    if (!rc && a.rest && !a.password[0] && token)
        rc = strlen(token) < sizeof a.password
                 ? SC_OK
                 : sc_fail_field(err, SC_INVALID, "redis", "the token is too long");
    if (!rc && a.rest && !a.password[0] && token)
        snprintf(a.password, sizeof a.password, "%s", token);
    if (!rc) rc = schemes[s].local ? parse_local(rest, &a, err) : parse_place(rest, &a, err);
    if (!rc) *ret = a;
    return rc;
}
