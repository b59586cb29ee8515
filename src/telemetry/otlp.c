#include "telemetry/otlp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "telemetry/otlp_json.h"

enum {
    SPANS = 2048, /* that may wait */
    LOGS = 2048,
    BATCH = 512,
    BODY_BYTES = 16 << 20,
    ATTRS_BYTES = 2048,
    MAX_HEADERS = 16,
    URL_BYTES = 1024,
    TRIES = 5,
    LAST_MS = 1000, /* at most, for a request that is made once the process is to end */
};

typedef enum signal { TRACES, LOGS_SIGNAL, METRICS, SIGNALS } signal;

static const struct {
    const char *name, *path, *variable;
} signals[SIGNALS] = {{"traces", "/v1/traces", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
                      {"logs", "/v1/logs", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"},
                      {"metrics", "/v1/metrics", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"}};

typedef struct ring {
    size_t head, n; /* head: the oldest */
} ring;

struct sc_otlp {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards the queues, stop, deadline, ended */
    pthread_cond_t wake, end;
    bool stop, ended;
    _Atomic bool late;  /* the deadline is over: a request under way is given up */
    int64_t stop_by_us; /* monotonic */
    ring spans_at, logs_at;
    sc_span *spans;
    sc_otlp_log *logs;
    pthread_mutex_t metrics_lock;
    sc_otlp_metrics_fn metrics;
    void *metrics_self;
    sc_span_sink span_sink;
    sc_log_sink log_sink;
    /* The thread's own. */
    sc_http_client *client;
    sc_span *batch_spans;
    sc_otlp_log *batch_logs;
    char urls[SIGNALS][URL_BYTES]; /* empty: not exported */
    char *headers[MAX_HEADERS];
    size_t n_headers;
    sc_buf resource;
    char version[64];
    int64_t timeout_ms, metrics_ms, delay_ms, start_us;
    _Atomic bool giving_up;
    _Atomic int64_t sent[SIGNALS], dropped[SIGNALS], failures;
};

static int64_t mono_us(void) { return sc_mono_us(&sc_clock_system); }

/* ---- Putting in, from any thread ----------------------------------------------------------------- */

/* The place for one more, or SIZE_MAX. The lock is held. */
static size_t push(ring *r, size_t room) {
    if (r->n == room) return SIZE_MAX;
    return (r->head + r->n++) % room;
}

static void wake_when_many(sc_otlp *o, size_t n) {
    if (n == BATCH) pthread_cond_signal(&o->wake);
}

static void put_span(void *self, const sc_span *s) {
    sc_otlp *o = self;
    pthread_mutex_lock(&o->lock);
    size_t at = push(&o->spans_at, SPANS);
    if (at != SIZE_MAX) o->spans[at] = *s;
    wake_when_many(o, o->spans_at.n);
    pthread_mutex_unlock(&o->lock);
    if (at == SIZE_MAX) atomic_fetch_add(&o->dropped[TRACES], 1);
}

static char *attrs_of(const char *request_id, const sc_log_field *f, size_t n) {
    sc_buf b;
    sc_buf_init(&b, ATTRS_BYTES);
    if (request_id[0]) sc_otlp_attr_text(&b, "soulcaster.request_id", sc_str_of(request_id));
    for (size_t i = 0; i < n && !b.failed; i++) {
        if (!f[i].key) continue;
        if (f[i].kind == SC_LOG_F_STR)
            sc_otlp_attr_text(&b, f[i].key, f[i].s);
        else
            sc_otlp_attr_int(&b, f[i].key, f[i].i);
    }
    if (!b.failed && b.n) return sc_buf_take(&b);
    sc_buf_done(&b); /* too long: the line goes without them */
    return NULL;
}

static void put_log(void *self, sc_log_level level, const char *event, const char *request_id,
                    const sc_log_field *f, size_t n) {
    sc_otlp *o = self;
    sc_otlp_log l = {.at_us = sc_span_now_us(), .level = level};
    const sc_span_ctx *c = sc_span_current();
    snprintf(l.event, sizeof l.event, "%s", event);
    l.attrs = attrs_of(request_id, f, n);
    l.traced = c != NULL;
    if (c) {
        memcpy(l.trace, c->trace, 16);
        memcpy(l.span, c->span, 8);
    }
    pthread_mutex_lock(&o->lock);
    size_t at = push(&o->logs_at, LOGS);
    if (at != SIZE_MAX) o->logs[at] = l;
    wake_when_many(o, o->logs_at.n);
    pthread_mutex_unlock(&o->lock);
    if (at != SIZE_MAX) return;
    sc_free(l.attrs);
    atomic_fetch_add(&o->dropped[LOGS_SIGNAL], 1);
}

/* ---- Sending, by the thread ---------------------------------------------------------------------- */

static bool stopping(sc_otlp *o) {
    pthread_mutex_lock(&o->lock);
    bool yes = o->stop;
    pthread_mutex_unlock(&o->lock);
    return yes;
}

static void after_ms(int64_t ms, struct timespec *ret) {
    clock_gettime(CLOCK_MONOTONIC, ret);
    ret->tv_sec += ms / 1000;
    ret->tv_nsec += ms % 1000 * 1000000;
    if (ret->tv_nsec >= 1000000000) ret->tv_sec++, ret->tv_nsec -= 1000000000;
}

/* What a request that is made now may take; 0: none is made any more. */
static int64_t request_ms(sc_otlp *o) {
    pthread_mutex_lock(&o->lock);
    int64_t left_ms = SC_MAX((o->stop_by_us - mono_us()) / 1000, (int64_t)0);
    int64_t ms = o->stop ? SC_MIN(SC_MIN(left_ms, (int64_t)LAST_MS), o->timeout_ms) : o->timeout_ms;
    pthread_mutex_unlock(&o->lock);
    return ms;
}

/* Waits; false: it is to end, and the time for that is over. */
static bool rest(sc_otlp *o, int64_t ms, bool until_many) {
    struct timespec t;
    after_ms(ms, &t);
    pthread_mutex_lock(&o->lock);
    while (!o->stop && !(until_many && (o->spans_at.n >= BATCH || o->logs_at.n >= BATCH)))
        if (pthread_cond_timedwait(&o->wake, &o->lock, &t)) break;
    bool more_time = !o->stop || mono_us() < o->stop_by_us;
    pthread_mutex_unlock(&o->lock);
    return more_time;
}

static int64_t wait_of(const sc_http_answer *a, int64_t backoff_ms) {
    int64_t s;
    if (a->retry_after.n && !sc_num_i64(a->retry_after, 0, 60, &s, NULL)) return s * 1000;
    return backoff_ms;
}

static bool may_try_again(sc_rc rc, int status) {
    if (rc) return rc == SC_UPSTREAM || rc == SC_TIMEOUT;
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static void told_once(sc_otlp *o, signal what, const sc_err *err) {
    bool first = !atomic_exchange(&o->giving_up, true);
    if (first)
        sc_log(SC_LOG_WARN, "telemetry is not taken", SC_F_TXT("signal", signals[what].name),
               SC_F_TXT("error", err->msg));
}

/* n: spans, lines or families in it. */
static void send_body(sc_otlp *o, signal what, sc_str body, int64_t n) {
    sc_http_call call = {.method = "POST",
                         .url = o->urls[what],
                         .headers = (const char *const *)o->headers,
                         .n_headers = o->n_headers,
                         .body = body,
                         .stop = &o->late,
                         .max_reply_bytes = 1 << 20};
    int64_t backoff_ms = 500;
    for (int i = 0; i < TRIES && (call.timeout_ms = request_ms(o)); i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_http_answer answer = {0};
        sc_err err = {0};
        sc_arena_init(&arena, 4 << 20);
        sc_rc rc = sc_http_client_do(o->client, &call, &arena, &answer, &err);
        if (!rc && answer.status / 100 == 2) {
            atomic_store(&o->giving_up, false);
            atomic_fetch_add(&o->sent[what], n);
            return;
        }
        atomic_fetch_add(&o->failures, 1);
        if (!rc) sc_fail(&err, SC_UPSTREAM, "the collector answered %d", answer.status);
        told_once(o, what, &err);
        if (!may_try_again(rc, answer.status) || stopping(o) ||
            !rest(o, wait_of(&answer, backoff_ms), false))
            break;
        backoff_ms *= 2;
    }
    atomic_fetch_add(&o->dropped[what], n);
}

static size_t pop_spans(sc_otlp *o) {
    pthread_mutex_lock(&o->lock);
    size_t n = SC_MIN(o->spans_at.n, (size_t)BATCH);
    for (size_t i = 0; i < n; i++) o->batch_spans[i] = o->spans[(o->spans_at.head + i) % SPANS];
    o->spans_at.head = (o->spans_at.head + n) % SPANS;
    o->spans_at.n -= n;
    pthread_mutex_unlock(&o->lock);
    return n;
}

static size_t pop_logs(sc_otlp *o) {
    pthread_mutex_lock(&o->lock);
    size_t n = SC_MIN(o->logs_at.n, (size_t)BATCH);
    for (size_t i = 0; i < n; i++) o->batch_logs[i] = o->logs[(o->logs_at.head + i) % LOGS];
    o->logs_at.head = (o->logs_at.head + n) % LOGS;
    o->logs_at.n -= n;
    pthread_mutex_unlock(&o->lock);
    return n;
}

static void send_buf(sc_otlp *o, signal what, const sc_buf *b, int64_t n) {
    if (b->failed)
        atomic_fetch_add(&o->dropped[what], n);
    else
        send_body(o, what, sc_buf_str(b), n);
}

static bool send_some(sc_otlp *o) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, BODY_BYTES);
    const sc_str resource = sc_buf_str(&o->resource), version = sc_str_of(o->version);
    size_t spans = pop_spans(o), logs = pop_logs(o);
    if (spans) {
        sc_otlp_spans(o->batch_spans, spans, resource, version, &b);
        send_buf(o, TRACES, &b, (int64_t)spans);
    }
    sc_buf_reset(&b);
    if (logs) {
        sc_otlp_logs(o->batch_logs, logs, resource, version, &b);
        send_buf(o, LOGS_SIGNAL, &b, (int64_t)logs);
    }
    for (size_t i = 0; i < logs; i++) sc_free(o->batch_logs[i].attrs);
    return spans == BATCH || logs == BATCH;
}

static void send_metrics(sc_otlp *o) {
    SC_AUTO(sc_buf_done) sc_buf text;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&text, BODY_BYTES);
    sc_buf_init(&b, BODY_BYTES);
    if (!o->urls[METRICS][0]) return;
    pthread_mutex_lock(&o->metrics_lock);
    if (o->metrics) o->metrics(o->metrics_self, &text);
    pthread_mutex_unlock(&o->metrics_lock);
    if (!text.n || text.failed) return;
    sc_otlp_metrics(sc_buf_str(&text), o->start_us, sc_span_now_us(), sc_buf_str(&o->resource),
                    sc_str_of(o->version), &b);
    send_buf(o, METRICS, &b, 1);
}

static void *run(void *arg) {
    sc_otlp *o = arg;
    int64_t next_us = mono_us() + o->metrics_ms * 1000;
    bool time_left = true;
    while (!stopping(o)) {
        rest(o, SC_MIN(o->delay_ms, SC_MAX((next_us - mono_us()) / 1000, (int64_t)1)), true);
        while (send_some(o) && !stopping(o)) {
        }
        if (mono_us() < next_us) continue;
        next_us = mono_us() + o->metrics_ms * 1000;
        send_metrics(o);
    }
    send_metrics(o);
    do time_left = rest(o, 0, false); /* only looks at the clock */
    while (send_some(o) && time_left);
    pthread_mutex_lock(&o->lock);
    o->ended = true;
    pthread_cond_signal(&o->end);
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* ---- Configuration ------------------------------------------------------------------------------- */

static const char *env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static sc_rc number(const char *name, int64_t fallback, int64_t least, int64_t *ret, sc_err *err) {
    const char *v = env(name);
    *ret = fallback;
    return v && sc_num_i64(sc_str_of(v), least, 3600000, ret, err) ? sc_wrap(err, "%s", name)
                                                                   : SC_OK;
}

static sc_rc read_urls(sc_otlp *o, sc_err *err) {
    const char *base = env("OTEL_EXPORTER_OTLP_ENDPOINT");
    for (size_t i = 0; i < SIGNALS; i++) {
        const char *own = env(signals[i].variable);
        sc_str url = sc_str_of(own ? own : base ? base : "");
        while (!own && url.n && url.p[url.n - 1] == '/') url.n--;
        if (!url.n) continue;
        if (!sc_str_starts(url, "http://") && !sc_str_starts(url, "https://"))
            return sc_fail(err, SC_INVALID, "%s: give an http or https URL",
                           own ? signals[i].variable : "OTEL_EXPORTER_OTLP_ENDPOINT");
        int n = snprintf(o->urls[i], URL_BYTES, "%.*s%s", SC_FMT(url), own ? "" : signals[i].path);
        if (n < 0 || n >= URL_BYTES)
            return sc_fail(err, SC_INVALID, "an OTLP endpoint is too long");
    }
    return SC_OK;
}

static sc_rc add_header(sc_otlp *o, sc_str name, sc_str value, sc_err *err) {
    sc_buf b;
    sc_buf_init(&b, 8192);
    sc_buf_putf(&b, "%.*s: ", SC_FMT(name));
    for (size_t i = 0; i < value.n; i++) { /* percent-encoded, as in W3C baggage */
        unsigned char c;
        bool coded = value.p[i] == '%' && i + 2 < value.n &&
                     sc_hex_decode((sc_str){value.p + i + 1, 2}, &c, 1) && c >= ' ';
        sc_buf_putc(&b, coded ? (char)c : value.p[i]);
        if (coded) i += 2;
    }
    char *line = b.failed || o->n_headers == MAX_HEADERS ? NULL : sc_buf_take(&b);
    sc_buf_done(&b);
    if (!line) return sc_fail(err, SC_INVALID, "OTEL_EXPORTER_OTLP_HEADERS is too long");
    o->headers[o->n_headers++] = line;
    return SC_OK;
}

static sc_rc read_headers(sc_otlp *o, sc_err *err) {
    const char *text = env("OTEL_EXPORTER_OTLP_HEADERS");
    sc_str rest = sc_str_of(text ? text : ""), item;
    sc_rc rc = add_header(o, SC_STR("Content-Type"), SC_STR("application/json"), err);
    while (!rc && sc_str_next(&rest, ',', &item)) {
        sc_str value = sc_str_trim(item), name;
        if (!value.n) continue;
        sc_str_next(&value, '=', &name);
        name = sc_str_trim(name);
        if (!name.n || !value.n)
            return sc_fail(err, SC_INVALID,
                           "OTEL_EXPORTER_OTLP_HEADERS: give name=value, joined by commas");
        rc = add_header(o, name, sc_str_trim(value), err);
    }
    return rc;
}

static sc_rc configure(sc_otlp *o, const char *version, sc_err *err) {
    const char *service = env("OTEL_SERVICE_NAME"), *attrs = env("OTEL_RESOURCE_ATTRIBUTES");
    const char *protocol = env("OTEL_EXPORTER_OTLP_PROTOCOL");
    snprintf(o->version, sizeof o->version, "%s", version);
    sc_buf_init(&o->resource, 64 << 10);
    if (protocol && strcmp(protocol, "http/json") != 0)
        sc_log(SC_LOG_WARN, "OTLP is spoken as http/json alone", SC_F_TXT("asked", protocol));
    sc_rc rc = sc_otlp_resource(sc_str_of(service ? service : "soulcaster"), sc_str_of(version),
                                sc_str_of(attrs ? attrs : ""), &o->resource, err);
    if (!rc) rc = number("OTEL_EXPORTER_OTLP_TIMEOUT", 10000, 1, &o->timeout_ms, err);
    if (!rc) rc = number("OTEL_METRIC_EXPORT_INTERVAL", 60000, 100, &o->metrics_ms, err);
    if (!rc) rc = number("OTEL_BSP_SCHEDULE_DELAY", 5000, 10, &o->delay_ms, err);
    return rc ? rc : read_headers(o, err);
}

/* ---- Life --------------------------------------------------------------------------------------- */

static void free_all(sc_otlp *o) {
    sc_http_client_free(o->client);
    sc_free(o->spans);
    for (size_t i = 0; o->logs && i < o->logs_at.n; i++)
        sc_free(o->logs[(o->logs_at.head + i) % LOGS].attrs);
    sc_free(o->logs);
    sc_free(o->batch_spans);
    sc_free(o->batch_logs);
    for (size_t i = 0; i < o->n_headers; i++) sc_free(o->headers[i]);
    sc_buf_done(&o->resource);
    pthread_mutex_destroy(&o->lock);
    pthread_mutex_destroy(&o->metrics_lock);
    pthread_cond_destroy(&o->wake);
    pthread_cond_destroy(&o->end);
    sc_free(o);
}

static sc_rc start(sc_otlp *o, sc_err *err) {
    o->spans = sc_alloc_array(SPANS, sizeof *o->spans);
    o->logs = sc_alloc_array(LOGS, sizeof *o->logs);
    o->batch_spans = sc_alloc_array(BATCH, sizeof *o->batch_spans);
    o->batch_logs = sc_alloc_array(BATCH, sizeof *o->batch_logs);
    if (!o->spans || !o->logs || !o->batch_spans || !o->batch_logs)
        return sc_fail(err, SC_NOMEM, "no memory for telemetry");
    sc_rc rc = sc_http_client_new(&o->client, err);
    if (rc) return rc;
    o->start_us = sc_span_now_us();
    int failed = pthread_create(&o->thread, NULL, run, o);
    if (failed) return sc_fail_sys(err, SC_INTERNAL, failed, "start the telemetry thread");
    pthread_setname_np(o->thread, "otlp");
    o->running = true;
    o->span_sink = (sc_span_sink){.put = put_span, .self = o};
    o->log_sink = (sc_log_sink){.put = put_log, .self = o};
    if (o->urls[TRACES][0]) sc_span_sink_set(&o->span_sink);
    if (o->urls[LOGS_SIGNAL][0]) sc_log_sink_set(&o->log_sink);
    return SC_OK;
}

sc_rc sc_otlp_start(const char *version, sc_otlp **ret, sc_err *err) {
    const char *off = env("OTEL_SDK_DISABLED");
    *ret = NULL;
    if (off && sc_str_ieq(sc_str_of(off), SC_STR("true"))) return SC_OK;
    sc_otlp *o = sc_alloc(sizeof *o);
    if (!o) return sc_fail(err, SC_NOMEM, "no memory for telemetry");
    pthread_condattr_t monotonic;
    pthread_mutex_init(&o->lock, NULL);
    pthread_mutex_init(&o->metrics_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&o->wake, &monotonic);
    pthread_cond_init(&o->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sc_rc rc = read_urls(o, err);
    bool any = o->urls[TRACES][0] || o->urls[LOGS_SIGNAL][0] || o->urls[METRICS][0];
    if (!rc && any) rc = configure(o, version, err);
    if (!rc && any) rc = start(o, err);
    if (rc || !any)
        free_all(o);
    else
        *ret = o;
    return rc;
}

void sc_otlp_set_metrics(sc_otlp *o, sc_otlp_metrics_fn fn, void *self) {
    if (!o) return;
    pthread_mutex_lock(&o->metrics_lock);
    o->metrics = fn;
    o->metrics_self = self;
    pthread_mutex_unlock(&o->metrics_lock);
}

void sc_otlp_stop(sc_otlp *o, int64_t wait_ms) {
    if (!o) return;
    sc_span_sink_set(NULL);
    sc_log_sink_set(NULL);
    struct timespec until;
    after_ms(wait_ms, &until);
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    o->stop_by_us = mono_us() + wait_ms * 1000;
    pthread_cond_signal(&o->wake);
    while (o->running && !o->ended)
        if (pthread_cond_timedwait(&o->end, &o->lock, &until)) break;
    pthread_mutex_unlock(&o->lock);
    atomic_store(&o->late, true);
    if (o->running) pthread_join(o->thread, NULL);
    free_all(o);
}

static void put_counts(sc_buf *out, const char *name, const char *help,
                       const _Atomic int64_t counts[SIGNALS]) {
    sc_buf_putf(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
    for (size_t i = 0; i < SIGNALS; i++)
        sc_buf_putf(out, "%s{signal=\"%s\"} %lld\n", name, signals[i].name,
                    (long long)atomic_load(&counts[i]));
}

void sc_otlp_write_stats(const sc_otlp *o, sc_buf *out) {
    if (!o) return;
    put_counts(out, "soulcaster_otlp_sent_total",
               "Spans, log lines and metric exports that the collector took.", o->sent);
    put_counts(out, "soulcaster_otlp_dropped_total",
               "Spans, log lines and metric exports that were dropped.", o->dropped);
    sc_buf_puts(out,
                "# HELP soulcaster_otlp_failures_total Requests that the collector did not take.\n"
                "# TYPE soulcaster_otlp_failures_total counter\n");
    sc_buf_putf(out, "soulcaster_otlp_failures_total %lld\n", (long long)atomic_load(&o->failures));
}
