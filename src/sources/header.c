#include "sources/header.h"

sc_str sc_source_header_get(const sc_source_request *r, const char *name) {
    sc_str want = sc_str_of(name);
    for (size_t i = 0; i < r->n_headers; i++)
        if (sc_str_ieq(r->headers[i].name, want)) return r->headers[i].value;
    return SC_STR_NONE;
}

static size_t count(const sc_source_request *r, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_headers; i++) n += sc_str_ieq(r->headers[i].name, sc_str_of(name));
    return n;
}

static sc_rc once(const sc_source_request *r, const char *name, sc_rc rc, sc_str *ret,
                  sc_err *err) {
    sc_str value = sc_str_trim(sc_source_header_get(r, name));
    if (count(r, name) > 1)
        return sc_fail_field(err, rc, name, "the header %s was sent more than once", name);
    if (value.n == 0) return sc_fail_field(err, rc, name, "the header %s is missing", name);
    *ret = value;
    return SC_OK;
}

sc_rc sc_header_signature(const sc_source_request *r, const char *name, sc_str *ret, sc_err *err) {
    return once(r, name, SC_UNAUTHORIZED, ret, err);
}

sc_rc sc_header_kind(const sc_source_request *r, const char *name, sc_str *ret, sc_err *err) {
    return once(r, name, SC_UNPROCESSABLE, ret, err);
}
