#include "web/metrics.h"

#include <stdatomic.h>

enum { STATUSES = 24, BUCKETS = 14 };

/* Upper bounds; the last one is +Inf. */
static const int64_t bounds_us[BUCKETS - 1] = {
    250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};
static const char *const bound_names[BUCKETS] = {"0.00025", "0.0005", "0.001", "0.0025", "0.005",
                                                 "0.01",    "0.025",  "0.05",  "0.1",    "0.25",
                                                 "0.5",     "1",      "5",     "+Inf"};
static const int statuses[STATUSES] = {200, 201, 202, 204, 206, 303, 304, 400, 401, 403, 404, 405,
                                       408, 409, 413, 415, 422, 429, 431, 500, 502, 503, 504, 0};

typedef struct row {
    _Atomic uint64_t by_status[STATUSES]; /* the last one: any other */
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t us;
} row;

struct sc_metrics {
    size_t n;
    row *rows; /* one an operation, and one for the rest */
};

sc_rc sc_metrics_new(size_t n_operations, sc_metrics **ret, sc_err *err) {
    sc_metrics *m = sc_alloc(sizeof *m);
    row *rows = m ? sc_alloc_array(n_operations + 1, sizeof *rows) : NULL;
    if (!rows) {
        sc_free(m);
        return sc_fail(err, SC_NOMEM, "no memory for metrics");
    }
    *m = (sc_metrics){.n = n_operations, .rows = rows};
    *ret = m;
    return SC_OK;
}

void sc_metrics_free(sc_metrics *m) {
    if (!m) return;
    sc_free(m->rows);
    sc_free(m);
}

static void add(_Atomic uint64_t *at, uint64_t n) {
    atomic_fetch_add_explicit(at, n, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *at) {
    return atomic_load_explicit(at, memory_order_relaxed);
}

void sc_metrics_count(sc_metrics *m, const sc_operation *op, int status, int64_t us) {
    row *r = &m->rows[op ? op->index : m->n];
    size_t s = 0, b = 0;
    while (s < STATUSES - 1 && statuses[s] != status) s++;
    while (b < BUCKETS - 1 && us > bounds_us[b]) b++;
    add(&r->by_status[s], 1);
    add(&r->buckets[b], 1);
    add(&r->us, us > 0 ? (uint64_t)us : 0);
}

void sc_metrics_family(sc_buf *out, const char *name, const char *type, const char *help) {
    sc_buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_durations(const row *r, const char *id, sc_buf *out) {
    uint64_t sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) sum += get(&r->buckets[b]);
    if (!sum) return; /* an operation that nobody called needs no fifteen lines */
    sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        sum += get(&r->buckets[b]);
        sc_buf_putf(
            out,
            "soulcaster_http_request_duration_seconds_bucket{operation=\"%s\",le=\"%s\"} %llu\n",
            id, bound_names[b], (unsigned long long)sum);
    }
    sc_buf_putf(out, "soulcaster_http_request_duration_seconds_sum{operation=\"%s\"} %.6f\n", id,
                (double)get(&r->us) / 1e6);
    sc_buf_putf(out, "soulcaster_http_request_duration_seconds_count{operation=\"%s\"} %llu\n", id,
                (unsigned long long)sum);
}

void sc_metrics_write(const sc_metrics *m, const sc_contract *c, sc_buf *out) {
    sc_metrics_family(out, "soulcaster_http_requests_total", "counter", "Requests answered.");
    for (size_t i = 0; i <= m->n; i++)
        for (size_t s = 0; s < STATUSES; s++) {
            uint64_t n = get(&m->rows[i].by_status[s]);
            if (n)
                sc_buf_putf(
                    out, "soulcaster_http_requests_total{operation=\"%s\",status=\"%d\"} %llu\n",
                    i < m->n ? c->operations[i].id : "none", statuses[s], (unsigned long long)n);
        }
    sc_metrics_family(out, "soulcaster_http_request_duration_seconds", "histogram",
                      "From the first byte of a request to the end of its reply.");
    for (size_t i = 0; i <= m->n; i++)
        write_durations(&m->rows[i], i < m->n ? c->operations[i].id : "none", out);
}
