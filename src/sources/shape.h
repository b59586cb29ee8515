/* From a vendor's words to a report's fields: clean text, keep within core/feedback.h's limits without
 * losing anything silently, and build small metadata.
 *
 * All text is copied into the reader's arena, so items outlive the parsed payload. Control
 * characters (C0, DEL, C1) never get through. Threads: pure. */
#ifndef SC_SOURCES_SHAPE_H
#define SC_SOURCES_SHAPE_H

#include "ports/source.h"
#include "sources/fields.h"

enum {
    SC_SHAPE_MAX_URL = 2000,
    SC_SHAPE_MAX_META = 300, /* bytes of one metadata text */
    SC_SHAPE_MAX_TAGS = 50,
};

/* Copies without control characters, trimmed. line: one line (breaks and tabs become a space);
 * block: \r\n and \r become \n, tabs stay. An empty result has n = 0 and p != NULL unless memory ran
 * out (then r->rc is set). */
sc_str sc_shape_line(sc_fields *r, sc_str s);
sc_str sc_shape_block(sc_fields *r, sc_str s);

/* Whether there is a control character in it: C0, DEL or C1. */
bool sc_shape_has_control(sc_str s);

/* An http or https address as a clean line; empty when it is anything else (script:, data:), too
 * long, or has white space in it: a page will make a link of it. */
sc_str sc_shape_url(sc_fields *r, sc_str s);

/* Sets title and body of a vendor's report. A title over its limit is clipped with an ellipsis and stands
 * in full at the body's front; a body over its limit is clipped and meta gets "truncated": true. */
void sc_shape_text(sc_fields *r, sc_feedback *f, json_t *meta, sc_str title, sc_str body);

/* Sets the external id from a format; SC_UNPROCESSABLE naming at.key when over its limit. */
void sc_shape_external_id(sc_fields *r, sc_feedback *f, const char *at, const char *key, sc_str id);

/* Metadata: members with an empty value are left out; text is cleaned and clipped. No memory (also a
 * `meta` that is NULL for that reason) is recorded in r. */
void sc_shape_put(sc_fields *r, json_t *meta, const char *key, sc_str value);
void sc_shape_put_int(sc_fields *r, json_t *meta, const char *key, const json_t *value);
void sc_shape_put_true(sc_fields *r, json_t *meta, const char *key);
/* Writes f->metadata as compact JSON. SC_UNPROCESSABLE naming `at`.metadata when over its limit. */
void sc_shape_metadata(sc_fields *r, sc_feedback *f, const json_t *meta, const char *at);

/* "data.event" + "release" etc. in the arena; "" on no memory (r->rc is set). */
const char *sc_shape_printf(sc_fields *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
