/* A vendor's body as JSON, forgiving where a vendor cannot be asked to send it again.
 *
 * sc_json_parse is strict: a NUL escape, a lone surrogate or an integer beyond 64 bits refuses the
 * whole text. In a webhook such a value mostly stands in a field that nobody reads (a local
 * variable, a breadcrumb), and the sender does not repeat what was refused. So escapes that are no
 * text become U+FFFD and over-long integers become reals of the same magnitude; all else stays
 * strict (UTF-8, duplicate keys, depth). The raw bytes that were signed are not touched.
 * Threads: pure. */
#ifndef SC_SOURCES_PAYLOAD_H
#define SC_SOURCES_PAYLOAD_H

#include "base/json.h"

/* One JSON object; *ret is the caller's. SC_INVALID says what is wrong with the text,
 * SC_UNPROCESSABLE that it is not an object. */
sc_rc sc_payload_parse(sc_str body, json_t **ret, sc_err *err);

#endif
