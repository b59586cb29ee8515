/* From a method and a path to the operation that serves it.
 *
 * Paths are compared segment by segment, after percent-decoding, byte for byte: no dot segments, no
 * doubled or trailing slash is taken for anything else than it says, so there is one spelling of
 * each address. A literal segment wins over a parameter. Threads: pure. */
#ifndef SC_WEB_ROUTE_H
#define SC_WEB_ROUTE_H

#include "web/contract.h"

typedef struct sc_route {
    const sc_operation *op;
    sc_str values[SC_CONTRACT_SEGMENTS]; /* of the {parameters}, in path order; views into `path` */
    size_t n_values;
} sc_route;

enum { SC_ROUTE_ALLOW = 48 };

/* SC_NOT_FOUND when no path fits; SC_METHOD when one does but not with this method: then ret_allow is
 * the value of the Allow header. */
sc_rc sc_route_find(const sc_contract *c, sc_http_method method, sc_str path, sc_route *ret,
                    char ret_allow[SC_ROUTE_ALLOW], sc_err *err);

#endif
