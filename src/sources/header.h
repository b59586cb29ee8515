/* Request headers as a source sees them. Look-up by name is sc_source_header_get (ports/source.h);
 * here is what a signature needs: a header that was sent exactly once. Threads: pure. */
#ifndef SC_SOURCES_HEADER_H
#define SC_SOURCES_HEADER_H

#include "ports/source.h"

/* The value without surrounding white space, borrowed from the request. SC_UNAUTHORIZED when the
 * header is missing, empty, or sent twice (two proxies may disagree about which of two counts). */
sc_rc sc_header_signature(const sc_source_request *r, const char *name, sc_str *ret, sc_err *err);

/* As above for a header that says what the body is; SC_UNPROCESSABLE names the header. */
sc_rc sc_header_kind(const sc_source_request *r, const char *name, sc_str *ret, sc_err *err);

#endif
