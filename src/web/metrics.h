/* Counters of requests: by operation and status, and how long they took. Atomics alone, so that
 * counting costs nanoseconds. Threads: thread-safe. */
#ifndef SC_WEB_METRICS_H
#define SC_WEB_METRICS_H

#include "web/contract.h"

typedef struct sc_metrics sc_metrics;

sc_rc sc_metrics_new(size_t n_operations, sc_metrics **ret, sc_err *err);
void sc_metrics_free(sc_metrics *m);
/* op NULL: a request that fits no operation. */
void sc_metrics_count(sc_metrics *m, const sc_operation *op, int status, int64_t us);
/* The two families in Prometheus' text format. */
void sc_metrics_write(const sc_metrics *m, const sc_contract *c, sc_buf *out);
int64_t sc_metrics_resident_bytes(void);
/* "# HELP" and "# TYPE" of a family, then its samples follow. */
void sc_metrics_family(sc_buf *out, const char *name, const char *type, const char *help);

#endif
