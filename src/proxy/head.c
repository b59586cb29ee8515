#include "proxy/head.h"

static bool is_token(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool ok = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                  (c && strchr("!#$%&'*+-.^_`|~", c));
        if (!ok) return false;
    }
    return s.n > 0;
}

/* The line up to CRLF, cut off *rest. */
static sc_rc next_line(sc_str *rest, sc_str *ret, sc_err *err) {
    const char *lf = memchr(rest->p, '\n', rest->n);
    size_t n = lf ? (size_t)(lf - rest->p) : rest->n;
    const char *cr = n ? memchr(rest->p, '\r', n) : NULL;
    if (!lf && (!cr || cr == rest->p + n - 1))
        return sc_fail(err, SC_NOT_FOUND, "the head has no end yet");
    if (cr != rest->p + n - 1 || !lf)
        return sc_fail(err, SC_INVALID, "a line of the head does not end with CRLF");
    *ret = (sc_str){rest->p, n - 1};
    *rest = (sc_str){lf + 1, rest->n - n - 1};
    return SC_OK;
}

static sc_rc request_line(sc_str line, sc_head *h, sc_err *err) {
    sc_str rest = line, version;
    if (!sc_str_next(&rest, ' ', &h->method) || !sc_str_next(&rest, ' ', &h->target) || !rest.p)
        return sc_fail(err, SC_INVALID, "not the first line of an HTTP request");
    version = rest;
    h->old = sc_str_is(version, "HTTP/1.0");
    if (!h->old && !sc_str_is(version, "HTTP/1.1"))
        return sc_fail(err, SC_INVALID, "only HTTP/1.1 is spoken here");
    bool ok = is_token(h->method) && h->target.n;
    for (size_t i = 0; i < h->target.n && ok; i++)
        ok = h->target.p[i] > ' ' && h->target.p[i] < 127;
    return ok ? SC_OK : sc_fail(err, SC_INVALID, "not the first line of an HTTP request");
}

static sc_rc field_line(sc_str line, sc_head *h, sc_err *err) {
    const char *colon = memchr(line.p, ':', line.n);
    sc_str name = {line.p, colon ? (size_t)(colon - line.p) : 0};
    if (!colon || !is_token(name))
        return sc_fail(err, SC_INVALID, "a header line without a proper name");
    sc_str value = sc_str_trim((sc_str){colon + 1, line.n - name.n - 1});
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < ' ' && c != '\t') || c == 127)
            return sc_fail(err, SC_INVALID, "a control character in a header");
    }
    if (h->n_fields == SC_HEAD_MAX_FIELDS)
        return sc_fail(err, SC_TOO_LARGE, "over %d headers", SC_HEAD_MAX_FIELDS);
    h->fields[h->n_fields].name = name;
    h->fields[h->n_fields++].value = value;
    return SC_OK;
}

/* How the body is delimited (RFC 9112, 6.3), where there is only one way to see it. */
static sc_rc framing(sc_head *h, sc_err *err) {
    bool has_length = false;
    h->closes = h->old;
    for (size_t i = 0; i < h->n_fields; i++) {
        sc_str name = h->fields[i].name, value = h->fields[i].value;
        if (sc_str_ieq(name, SC_STR("Content-Length"))) {
            if (has_length || sc_num_i64(value, 0, INT64_MAX / 2, &h->length, NULL) ||
                value.p[0] == '-')
                return sc_fail(err, SC_INVALID, "a Content-Length that is no length");
            has_length = true;
        } else if (sc_str_ieq(name, SC_STR("Transfer-Encoding"))) {
            if (h->chunked || h->old || !sc_str_ieq(value, SC_STR("chunked")))
                return sc_fail(err, SC_INVALID, "a Transfer-Encoding other than chunked");
            h->chunked = true;
        } else if (sc_str_ieq(name, SC_STR("Connection"))) {
            h->closes = h->closes || sc_str_ieq(value, SC_STR("close"));
        } else if (sc_str_ieq(name, SC_STR("Expect"))) {
            h->expects = sc_str_ieq(value, SC_STR("100-continue"));
        }
    }
    if (h->chunked && has_length)
        return sc_fail(err, SC_INVALID, "Content-Length and Transfer-Encoding together");
    return SC_OK;
}

sc_rc sc_head_parse(sc_str in, sc_head *ret, sc_err *err) {
    sc_str rest = {in.p, SC_MIN(in.n, (size_t)SC_HEAD_MAX_BYTES)}, line = SC_STR_NONE;
    sc_head h = {0};
    bool first = true;
    for (;;) {
        sc_rc rc = rest.n ? next_line(&rest, &line, err) : SC_NOT_FOUND;
        if (rc == SC_NOT_FOUND)
            return in.n >= SC_HEAD_MAX_BYTES
                       ? sc_fail(err, SC_TOO_LARGE, "the head is over %d bytes", SC_HEAD_MAX_BYTES)
                       : sc_fail(err, SC_NOT_FOUND, "the head has no end yet");
        if (!rc && !first && !line.n) break;
        if (!rc) rc = first ? request_line(line, &h, err) : field_line(line, &h, err);
        if (rc) return rc;
        first = false;
    }
    h.bytes = (size_t)(rest.p - in.p);
    sc_rc rc = framing(&h, err);
    if (!rc) *ret = h;
    return rc;
}

sc_str sc_head_get(const sc_head *h, const char *name) {
    for (size_t i = 0; i < h->n_fields; i++)
        if (sc_str_ieq(h->fields[i].name, sc_str_of(name))) return h->fields[i].value;
    return SC_STR_NONE;
}

sc_rc sc_head_chunk_size(sc_str line, size_t max, size_t *ret, sc_err *err) {
    size_t v = 0, i = 0;
    for (; i < line.n && line.p[i] != ';'; i++) {
        char c = line.p[i];
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (digit < 0 || i >= 8) return sc_fail(err, SC_INVALID, "a chunk without a proper size");
        v = v * 16 + (size_t)digit;
    }
    if (!i) return sc_fail(err, SC_INVALID, "a chunk without a proper size");
    if (v > max) return sc_fail(err, SC_TOO_LARGE, "the body is over its limit");
    *ret = v;
    return SC_OK;
}

sc_rc sc_head_authority(sc_str target, char ret_host[SC_HEAD_MAX_HOST], int *ret_port,
                        sc_err *err) {
    const char *colon = target.n ? memrchr(target.p, ':', target.n) : NULL;
    int64_t port = 0;
    sc_str host = {target.p, colon ? (size_t)(colon - target.p) : 0};
    if (!colon || sc_num_i64((sc_str){colon + 1, target.n - host.n - 1}, 1, 65535, &port, NULL))
        return sc_fail(err, SC_INVALID, "not HOST:PORT");
    bool literal = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (literal) host = (sc_str){host.p + 1, host.n - 2};
    if (!literal && sc_str_ends(host, ".")) host.n--;
    if (!host.n || host.n >= SC_HEAD_MAX_HOST) return sc_fail(err, SC_INVALID, "not HOST:PORT");
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        char low = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        bool ok = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
                  (c == ':' ? literal : c == '-' || c == '.' || c == '_');
        if (!ok) return sc_fail(err, SC_INVALID, "not HOST:PORT");
        ret_host[i] = low;
    }
    ret_host[host.n] = 0;
    *ret_port = (int)port;
    return SC_OK;
}
