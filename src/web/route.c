#include "web/route.h"

#include <stdio.h>

static size_t split(sc_str path, sc_str segments[SC_CONTRACT_SEGMENTS]) {
    if (!path.n || path.p[0] != '/') return SIZE_MAX;
    sc_str rest = {path.p + 1, path.n - 1}, part;
    size_t n = 0;
    while (rest.n || n) {
        if (!sc_str_next(&rest, '/', &part)) break;
        if (n == SC_CONTRACT_SEGMENTS) return SIZE_MAX;
        segments[n++] = part;
    }
    return n;
}

static bool is_param(sc_str segment) { return segment.p[0] == '{'; }

/* How many literal segments fit, or -1. */
static int fit(const sc_path *p, const sc_str *segments, size_t n) {
    if (p->n_segments != n) return -1;
    int literal = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_param(p->segments[i])) {
            if (!segments[i].n) return -1;
        } else if (sc_str_eq(p->segments[i], segments[i])) {
            literal++;
        } else {
            return -1;
        }
    }
    return literal;
}

static void allowed(const sc_path *p, char ret[SC_ROUTE_ALLOW]) {
    static const char *const names[SC_CONTRACT_METHODS] = {"GET, HEAD", "POST", "PUT", "PATCH",
                                                           "DELETE"};
    size_t at = 0;
    ret[0] = 0;
    for (size_t i = 0; i < SC_CONTRACT_METHODS; i++)
        if (p->by_method[i] && at < SC_ROUTE_ALLOW)
            at += (size_t)snprintf(ret + at, SC_ROUTE_ALLOW - at, "%s%s", at ? ", " : "", names[i]);
}

sc_rc sc_route_find(const sc_contract *c, sc_http_method method, sc_str path, sc_route *ret,
                    char ret_allow[SC_ROUTE_ALLOW], sc_err *err) {
    sc_str segments[SC_CONTRACT_SEGMENTS];
    size_t n = split(path, segments);
    const sc_path *best = NULL;
    int best_fit = -1;
    for (size_t i = 0; n != SIZE_MAX && i < c->n_paths; i++) {
        int f = fit(&c->paths[i], segments, n);
        if (f > best_fit) {
            best_fit = f;
            best = &c->paths[i];
        }
    }
    if (!best) return sc_fail(err, SC_NOT_FOUND, "there is nothing at this address");
    int m = sc_contract_method(method);
    if (m < 0 || !best->by_method[m]) {
        allowed(best, ret_allow);
        return sc_fail(err, SC_METHOD, "this address takes %s", ret_allow);
    }
    *ret = (sc_route){.op = best->by_method[m]};
    for (size_t i = 0; i < n; i++)
        if (is_param(best->segments[i])) ret->values[ret->n_values++] = segments[i];
    return SC_OK;
}
