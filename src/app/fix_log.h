/* The log of a fix under way. Threads: any; a sink has its own lock. */
#ifndef SC_APP_FIX_LOG_H
#define SC_APP_FIX_LOG_H

#include "app/fix_internal.h"

/* `set` (may be NULL) must outlive it. */
sc_rc sc_fix_sink_init(sc_fix_sink *s, sc_app *app, const sc_id *id, const sc_redact *set);
void sc_fix_sink_done(sc_fix_sink *s);
/* What a program wrote; pieces may cut anything. */
void sc_fix_sink_put(sc_fix_sink *s, sc_str bytes);
/* The program is over: what is held back comes out; the next one's words are of `stream` (static). */
void sc_fix_sink_turn(sc_fix_sink *s, const char *stream);
/* We say a line. */
void sc_fix_say(sc_fix_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
