/* Time as a port: whoever needs time is handed an sc_clock, so that tests need no sleep.
 * Wall time is int64 milliseconds since 1970-01-01 UTC; monotonic time only for durations.
 * Threads: reading is thread-safe. */
#ifndef SC_BASE_CLOCK_H
#define SC_BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef struct sc_clock {
    int64_t (*wall_ms)(void *self);
    int64_t (*mono_us)(void *self);
    void *self;
} sc_clock;

extern const sc_clock sc_clock_system;

static inline int64_t sc_now_ms(const sc_clock *c) { return c->wall_ms(c->self); }
static inline int64_t sc_mono_us(const sc_clock *c) { return c->mono_us(c->self); }

/* "2026-11-21T22:44:35.123Z" (24 characters and NUL); years 0000-9999, otherwise clamped. */
#define SC_TIME_TEXT 25
void sc_time_format(int64_t ms, char ret_text[SC_TIME_TEXT]);
/* RFC 3339 (any offset, any fraction; lower-case t/z and a space separator too) to ms. */
sc_rc sc_time_parse(sc_str text, int64_t *ret_ms, sc_err *err);

#endif
