/* Values as the old system wrote them: text that Python made of values, and text of people, mended where it is broken.
 * Threads: pure. */
#ifndef SC_LEGACY_VALUE_H
#define SC_LEGACY_VALUE_H

#include "base/id.h"
#include "base/json.h"

/* Nothing, or what stands for nothing: "None", "null", "undefined". */
bool sc_legacy_none(sc_str s);
/* RFC 3339, the same without a zone (UTC) or without a time of day, or seconds or milliseconds since 1970. False: none of them. */
bool sc_legacy_time(sc_str s, int64_t *ret_ms);
/* JSON, or a Python literal (what str() makes of a dict or a list). NULL: neither, or no memory. The caller's. */
json_t *sc_legacy_literal(sc_str s);
/* The text in well-formed UTF-8 without NUL, at most max_bytes of it; what is neither is U+FFFD. *ret_cut is set when
 * something was cut off, else left alone. */
bool sc_legacy_mend(sc_buf *out, sc_str s, size_t max_bytes, bool *ret_cut);
/* An id: the old one where that is a UUID, else one that is made of what is given and is always the same (UUIDv8 of RFC 9562).
 * `again`: the old one is taken by something else. */
sc_id sc_legacy_id(const char *what, sc_str project, sc_str old, bool again);

#endif
