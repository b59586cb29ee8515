/* Takes known secrets out of a stream of bytes, also where a secret is cut by the border of two pieces.
 *
 * A set is built once from the secrets themselves; each is looked for as it is and as base64 (wherever in
 * the encoded bytes it lies), base64url, hex, percent-encoded and in a JSON string. What matches becomes
 * SC_REDACTED; overlapping matches become one. A stream holds back only bytes that may still become a
 * secret, so text that has none flows at once. It is a second wall: what was encrypted, reversed or broken over
 * lines gets through, so a secret must not come near those who would do that.
 * Threads: a set is constant once it is built; a stream belongs to one thread at a time. */
#ifndef SC_BASE_REDACT_H
#define SC_BASE_REDACT_H

#include "base/str.h"

#define SC_REDACTED "[redacted]"
/* Shorter ones would be found in any text. */
enum { SC_REDACT_MIN = 8, SC_REDACT_MAX = 16 << 10 };

typedef struct sc_redact sc_redact;

sc_rc sc_redact_new(sc_redact **ret, sc_err *err);
void sc_redact_free(sc_redact *r); /* NULL is fine */
/* Copies; the same one twice counts once. SC_INVALID: under SC_REDACT_MIN or over SC_REDACT_MAX bytes. */
sc_rc sc_redact_add(sc_redact *r, sc_str secret, sc_err *err);

typedef struct sc_redact_stream {
    const sc_redact *set;
    sc_buf held;    /* bytes that may be the beginning of a secret */
    size_t covered; /* of held, from its start: part of one already */
    int64_t n_found;
} sc_redact_stream;

/* `set` must outlive it. NULL: everything passes. */
void sc_redact_start(sc_redact_stream *s, const sc_redact *set);
void sc_redact_done(sc_redact_stream *s);
/* Appends to out what is sure. False: no memory or out is full; nothing that was held is out then. */
bool sc_redact_put(sc_redact_stream *s, sc_str bytes, sc_buf *out);
/* No more comes: the rest. The stream may begin anew. */
bool sc_redact_end(sc_redact_stream *s, sc_buf *out);

/* A whole text at once. */
bool sc_redact_text(const sc_redact *set, sc_str text, sc_buf *out);

#endif
