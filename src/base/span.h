/* Where a piece of work belongs: W3C trace context (https://www.w3.org/TR/trace-context/, Recommendation of 23 November 2021), and
 * spans, which are work with a begin and an end.
 *
 * One id follows a report: what is stored as request_id (of a report, of a job) names its trace. A traceparent's trace id is stored as
 * it came, 32 hex digits; another id stands for a trace too (sc_span_trace_of), always the same one. So a job that runs
 * a day later, elsewhere, is in the trace of the request that caused it.
 *
 * Each thread has the context it works in; calls to other services hand it on. A span that ends goes to the sink, if
 * there is one. Threads: contexts belong to their thread; the sink is set before threads start. */
#ifndef SC_BASE_SPAN_H
#define SC_BASE_SPAN_H

#include "base/str.h"

enum { SC_TRACE_TEXT = 33, SC_TRACEPARENT_TEXT = 56, SC_TRACESTATE_MAX = 512, SC_SPAN_ATTRS = 10 };

typedef struct sc_span_ctx {
    unsigned char trace[16], span[8];
    unsigned char flags; /* 1: sampled */
    const char *state;   /* the tracestate to hand on, or NULL; borrowed */
} sc_span_ctx;

/* ---- The headers -------------------------------------------------------------------------------- */

/* Strictly as the Recommendation has it; `state` is left alone. False: as if there were none. */
bool sc_traceparent_parse(sc_str header, sc_span_ctx *ret);
void sc_traceparent_write(const sc_span_ctx *c, char ret[SC_TRACEPARENT_TEXT]);
/* A list (several headers joined by commas) that may be handed on; what is over SC_TRACESTATE_MAX loses entries of more than 128
 * characters first, then those at the end. False: it is malformed and must be dropped. */
bool sc_tracestate_check(sc_str header, char ret[SC_TRACESTATE_MAX + 1]);

/* ---- The context of this thread ------------------------------------------------------------------ */

void sc_span_trace_of(sc_str request_id, unsigned char ret[16]);
void sc_span_trace_text(const unsigned char trace[16], char ret[SC_TRACE_TEXT]);
/* A new span in the trace of that id; sampled. */
sc_span_ctx sc_span_ctx_of(sc_str request_id);
void sc_span_new_id(unsigned char ret[8]);
/* NULL: none. Borrowed until it is set to something else. */
void sc_span_enter(const sc_span_ctx *c);
const sc_span_ctx *sc_span_current(void);

/* ---- Spans -------------------------------------------------------------------------------------- */

typedef enum sc_span_kind { SC_SPAN_INTERNAL = 1, SC_SPAN_SERVER, SC_SPAN_CLIENT } sc_span_kind;

typedef struct sc_span_attr {
    const char *key; /* static */
    char text[72];   /* cut off where it is longer; empty: `number` counts */
    int64_t number;
} sc_span_attr;

typedef struct sc_span {
    sc_span_ctx ctx;
    unsigned char parent[8]; /* zeros: none */
    const char *name;        /* static */
    sc_span_kind kind;
    int64_t start_us, end_us; /* wall */
    bool failed;
    sc_span_attr attrs[SC_SPAN_ATTRS];
    size_t n_attrs;
    const sc_span_ctx *outer; /* the thread's context before */
} sc_span;

typedef struct sc_span_sink {
    void (*put)(void *self, const sc_span *s); /* never waits; any thread */
    void *self;
} sc_span_sink;

/* NULL: spans go nowhere. */
void sc_span_sink_set(const sc_span_sink *sink);
bool sc_span_wanted(void);

/* Begins work of this thread in the trace of an id (of a request, of a job). */
void sc_span_begin(sc_span *s, const char *name, sc_span_kind kind, sc_str request_id);
/* Begins a part of what the thread works on. */
void sc_span_begin_part(sc_span *s, const char *name, sc_span_kind kind);
/* Both are no-ops once there are SC_SPAN_ATTRS. */
void sc_span_set_text(sc_span *s, const char *key, sc_str text);
void sc_span_set_int(sc_span *s, const char *key, int64_t n);
void sc_span_end(sc_span *s, bool failed);
/* Hands over a span that was filled by hand. */
void sc_span_put(const sc_span *s);
int64_t sc_span_now_us(void);

#endif
