/* Export of spans, logs and metrics to an OpenTelemetry collector: OTLP over HTTP with JSON bodies
 * (https://opentelemetry.io/docs/specs/otlp/, 1.x; the messages are those of opentelemetry-proto in proto3's JSON mapping, with ids as hex).
 *
 * Whoever makes a span or a log line never waits: it is copied into a queue of bounded length, and what does not fit is dropped and
 * counted. One thread sends: spans and logs every few seconds or when many wait, metrics every minute. What a collector
 * says to try again (429, 502, 503, 504, no answer) is tried again with back-off while the queue takes what comes; the rest
 * is dropped and counted. Configured by the environment variables that OpenTelemetry names. Threads: any. */
#ifndef SC_TELEMETRY_OTLP_H
#define SC_TELEMETRY_OTLP_H

#include "base/str.h"

typedef struct sc_otlp sc_otlp;

/* Writes metrics in Prometheus' text format. */
typedef void (*sc_otlp_metrics_fn)(void *self, sc_buf *out);

/* *ret NULL: no endpoint is named, nothing is exported. SC_INVALID: a variable makes no sense. */
sc_rc sc_otlp_start(const char *version, sc_otlp **ret, sc_err *err);
/* Where metrics come from from now on; NULL: nowhere. Returns once no call of the former one is under way. */
void sc_otlp_set_metrics(sc_otlp *o, sc_otlp_metrics_fn fn, void *self);
/* Sends what waits, for at most wait_ms, and ends: a request under way by then is given up within a second or so, and what it
 * held is dropped with the rest. NULL is fine. */
void sc_otlp_stop(sc_otlp *o, int64_t wait_ms);
/* Its own families in Prometheus' text format. */
void sc_otlp_write_stats(const sc_otlp *o, sc_buf *out);

#endif
