/* Samples: what all sources say in the deliveries that we make to try them (ports/source.h).
 * Threads: pure. */
#ifndef SC_SOURCES_SAMPLE_H
#define SC_SOURCES_SAMPLE_H

#include "ports/source.h"

/* A sample is a report for people too. */
#define SC_SAMPLE_TITLE "Test report from Soulcaster"
#define SC_SAMPLE_BODY                                                                  \
    "Somebody pressed the test button of this source: what arrives by it is stored and" \
    " grouped like this report. It can be removed."

/* In the plain shape (plain.h), for sources without a shape of their own. */
sc_rc sc_sample_plain(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                      sc_source_sample *ret, sc_err *err);
/* The body from a format; SC_NOMEM. */
sc_rc sc_sample_body(sc_arena *arena, sc_source_sample *ret, sc_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds a header; both are borrowed. */
void sc_sample_header(sc_source_sample *s, const char *name, sc_str value);
/* Adds the header `name`: the body's signature after `prefix`. */
sc_rc sc_sample_sign(const json_t *settings, const char *source, const char *name,
                     const char *prefix, sc_arena *arena, sc_source_sample *s, sc_err *err);

#endif
