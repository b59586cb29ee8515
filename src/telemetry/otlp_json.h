/* Spans, logs and metrics as the JSON of OTLP's requests. Threads: pure. */
#ifndef SC_TELEMETRY_OTLP_JSON_H
#define SC_TELEMETRY_OTLP_JSON_H

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"

/* One log line. */
typedef struct sc_otlp_log {
    int64_t at_us;
    sc_log_level level;
    char event[96];
    char *attrs; /* the attributes' JSON objects, or NULL; owned */
    bool traced;
    unsigned char trace[16], span[8];
} sc_otlp_log;

/* "{"attributes":[...]}" of resource: OTEL_RESOURCE_ATTRIBUTES ("a=b,c=d", percent-encoded) with ours before it. SC_INVALID. */
sc_rc sc_otlp_resource(sc_str service, sc_str version, sc_str attributes, sc_buf *out, sc_err *err);
void sc_otlp_attr_text(sc_buf *out, const char *key,
                       sc_str value); /* with a comma where one is needed */
void sc_otlp_attr_int(sc_buf *out, const char *key, int64_t value);

/* Bodies of /v1/traces, /v1/logs, /v1/metrics. `resource` is what sc_otlp_resource made. */
void sc_otlp_spans(const sc_span *spans, size_t n, sc_str resource, sc_str version, sc_buf *out);
void sc_otlp_logs(const sc_otlp_log *logs, size_t n, sc_str resource, sc_str version, sc_buf *out);
/* From Prometheus' text format as we write it: counters, gauges and histograms, one family after the other. */
void sc_otlp_metrics(sc_str text, int64_t start_us, int64_t now_us, sc_str resource, sc_str version,
                     sc_buf *out);

#endif
