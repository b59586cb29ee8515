#include "telemetry/otlp_json.h"

#include <stdio.h>

enum { MAX_BUCKETS = 32, MAX_LABELS = 8, LABELS_BYTES = 1024 };

static void comma(sc_buf *b) {
    if (b->n && b->p[b->n - 1] != '[' && b->p[b->n - 1] != '{') sc_buf_putc(b, ',');
}

void sc_otlp_attr_text(sc_buf *out, const char *key, sc_str value) {
    comma(out);
    sc_buf_putf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
    sc_buf_put_json(out, value);
    sc_buf_puts(out, "}}");
}

void sc_otlp_attr_int(sc_buf *out, const char *key, int64_t value) {
    comma(out);
    sc_buf_putf(out, "{\"key\":\"%s\",\"value\":{\"intValue\":\"%lld\"}}", key, (long long)value);
}

/* ---- Resource ----------------------------------------------------------------------------------- */

static sc_rc put_resource_attr(sc_str item, sc_buf *out, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_str key, value = item;
    sc_buf_init(&text, 4096);
    sc_str_next(&value, '=', &key);
    key = sc_str_trim(key);
    if (!key.n || key.n == item.n)
        return sc_fail(err, SC_INVALID,
                       "OTEL_RESOURCE_ATTRIBUTES: give name=value, joined by commas");
    value = sc_str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c;
        bool coded = value.p[i] == '%' && i + 2 < value.n &&
                     sc_hex_decode((sc_str){value.p + i + 1, 2}, &c, 1);
        sc_buf_putc(&text, coded ? (char)c : value.p[i]);
        if (coded) i += 2;
    }
    comma(out);
    sc_buf_puts(out, "{\"key\":");
    sc_buf_put_json(out, key);
    sc_buf_puts(out, ",\"value\":{\"stringValue\":");
    sc_buf_put_json(out, sc_buf_str(&text));
    sc_buf_puts(out, "}}");
    return SC_OK;
}

sc_rc sc_otlp_resource(sc_str service, sc_str version, sc_str attributes, sc_buf *out,
                       sc_err *err) {
    sc_str item;
    sc_buf_puts(out, "{\"attributes\":[");
    sc_otlp_attr_text(out, "service.name", service);
    sc_otlp_attr_text(out, "service.version", version);
    while (sc_str_next(&attributes, ',', &item)) {
        item = sc_str_trim(item);
        sc_rc rc = item.n ? put_resource_attr(item, out, err) : SC_OK;
        if (rc) return rc;
    }
    sc_buf_puts(out, "]}");
    return sc_buf_check(out, "the resource's attributes", err);
}

/* {"resourceX":[{"resource":R,"scopeX":[{"scope":{...},"Y":[ */
static void open_request(sc_buf *out, const char *x, const char *y, sc_str resource,
                         sc_str version) {
    sc_buf_putf(out, "{\"resource%s\":[{\"resource\":", x);
    sc_buf_put_str(out, resource);
    sc_buf_putf(out, ",\"scope%s\":[{\"scope\":{\"name\":\"soulcaster\",\"version\":", x);
    sc_buf_put_json(out, version);
    sc_buf_putf(out, "},\"%s\":[", y);
}

static void close_request(sc_buf *out) { sc_buf_puts(out, "]}]}]}"); }

static void put_hex(sc_buf *out, const char *key, const unsigned char *p, size_t n) {
    char hex[SC_TRACE_TEXT];
    sc_hex_encode(p, n, hex);
    comma(out);
    sc_buf_putf(out, "\"%s\":\"%s\"", key, hex);
}

/* ---- Spans -------------------------------------------------------------------------------------- */

static void put_span(sc_buf *out, const sc_span *s) {
    static const unsigned char none[8];
    comma(out);
    sc_buf_putc(out, '{');
    put_hex(out, "traceId", s->ctx.trace, 16);
    put_hex(out, "spanId", s->ctx.span, 8);
    if (memcmp(s->parent, none, 8) != 0) put_hex(out, "parentSpanId", s->parent, 8);
    sc_buf_putf(out,
                ",\"flags\":%u,\"name\":\"%s\",\"kind\":%d,\"startTimeUnixNano\":\"%lld000\","
                "\"endTimeUnixNano\":\"%lld000\",\"attributes\":[",
                s->ctx.flags, s->name, (int)s->kind, (long long)s->start_us, (long long)s->end_us);
    for (size_t i = 0; i < s->n_attrs; i++) {
        const sc_span_attr *a = &s->attrs[i];
        if (a->text[0])
            sc_otlp_attr_text(out, a->key, sc_str_of(a->text));
        else
            sc_otlp_attr_int(out, a->key, a->number);
    }
    sc_buf_putf(out, "],\"status\":{%s}}", s->failed ? "\"code\":2" : "");
}

void sc_otlp_spans(const sc_span *spans, size_t n, sc_str resource, sc_str version, sc_buf *out) {
    open_request(out, "Spans", "spans", resource, version);
    for (size_t i = 0; i < n; i++) put_span(out, &spans[i]);
    close_request(out);
}

/* ---- Logs --------------------------------------------------------------------------------------- */

static void put_log(sc_buf *out, const sc_otlp_log *l) {
    static const struct {
        int number;
        const char *text;
    } levels[] = {{5, "DEBUG"}, {9, "INFO"}, {13, "WARN"}, {17, "ERROR"}};
    size_t level = SC_MIN((size_t)l->level, SC_LEN(levels) - 1);
    comma(out);
    sc_buf_putf(out,
                "{\"timeUnixNano\":\"%lld000\",\"observedTimeUnixNano\":\"%lld000\","
                "\"severityNumber\":%d,\"severityText\":\"%s\",\"body\":{\"stringValue\":",
                (long long)l->at_us, (long long)l->at_us, levels[level].number, levels[level].text);
    sc_buf_put_json(out, sc_str_of(l->event));
    sc_buf_putf(out, "},\"attributes\":[%s]", l->attrs ? l->attrs : "");
    if (l->traced) {
        put_hex(out, "traceId", l->trace, 16);
        put_hex(out, "spanId", l->span, 8);
    }
    sc_buf_putc(out, '}');
}

void sc_otlp_logs(const sc_otlp_log *logs, size_t n, sc_str resource, sc_str version, sc_buf *out) {
    open_request(out, "Logs", "logRecords", resource, version);
    for (size_t i = 0; i < n; i++) put_log(out, &logs[i]);
    close_request(out);
}

/* ---- Metrics ------------------------------------------------------------------------------------ */

typedef struct family {
    sc_str name, type, help;
    bool open; /* its metric is begun in the output */
    int64_t start_us, now_us;
    /* A histogram's point that is being read. */
    char labels[LABELS_BYTES];
    double bounds[MAX_BUCKETS], sum;
    int64_t counts[MAX_BUCKETS];
    size_t n_buckets;
    bool pending;
} family;

/* name="value" pairs as attributes; `le` is left out and handed back. Values are ours: no quote is escaped in them. */
static void put_labels(sc_buf *out, sc_str labels, sc_str *ret_le) {
    sc_str item;
    *ret_le = SC_STR_NONE;
    while (sc_str_next(&labels, ',', &item)) {
        sc_str value = item, name;
        sc_str_next(&value, '=', &name);
        if (value.n < 2) continue;
        value = (sc_str){value.p + 1, value.n - 2};
        if (sc_str_is(name, "le")) {
            *ret_le = value;
            continue;
        }
        comma(out);
        sc_buf_puts(out, "{\"key\":");
        sc_buf_put_json(out, name);
        sc_buf_puts(out, ",\"value\":{\"stringValue\":");
        sc_buf_put_json(out, value);
        sc_buf_puts(out, "}}");
    }
}

static void open_family(sc_buf *out, family *f) {
    if (f->open) return;
    const bool counts = sc_str_is(f->type, "counter");
    comma(out);
    sc_buf_puts(out, "{\"name\":");
    sc_buf_put_json(out, f->name);
    sc_buf_puts(out, ",\"description\":");
    sc_buf_put_json(out, f->help);
    sc_buf_puts(
        out, counts ? ",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":["
             : sc_str_is(f->type, "histogram")
                 ? ",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":["
                 : ",\"gauge\":{\"dataPoints\":[");
    f->open = true;
}

static void put_times(sc_buf *out, const family *f) {
    if (!sc_str_is(f->type, "gauge"))
        sc_buf_putf(out, ",\"startTimeUnixNano\":\"%lld000\"", (long long)f->start_us);
    sc_buf_putf(out, ",\"timeUnixNano\":\"%lld000\"", (long long)f->now_us);
}

static void end_point(sc_buf *out, family *f) {
    if (!f->pending) return;
    f->pending = false;
    open_family(out, f);
    comma(out);
    sc_buf_putf(out, "{\"attributes\":[%s]", f->labels);
    put_times(out, f);
    sc_buf_putf(out, ",\"count\":\"%lld\",\"sum\":%.9g,\"bucketCounts\":[",
                (long long)(f->n_buckets ? f->counts[f->n_buckets - 1] : 0), f->sum);
    for (size_t i = 0; i < f->n_buckets; i++) /* ours are cumulative, theirs are not */
        sc_buf_putf(out, "%s\"%lld\"", i ? "," : "",
                    (long long)(f->counts[i] - (i ? f->counts[i - 1] : 0)));
    sc_buf_puts(out, "],\"explicitBounds\":[");
    for (size_t i = 0; i + 1 < f->n_buckets; i++)
        sc_buf_putf(out, "%s%.9g", i ? "," : "", f->bounds[i]);
    sc_buf_puts(out, "]}");
    f->n_buckets = 0;
}

static void end_family(sc_buf *out, family *f) {
    end_point(out, f);
    if (f->open) sc_buf_puts(out, "]}}");
    f->open = false;
}

static void take_bucket(sc_buf *out, family *f, sc_str name, sc_buf *labels, sc_str le, double v) {
    if (sc_str_ends(name, "_sum")) {
        f->sum = v;
        return;
    }
    if (!sc_str_ends(name, "_bucket") || f->n_buckets == MAX_BUCKETS) {
        if (sc_str_ends(name, "_count")) end_point(out, f);
        return;
    }
    if (!f->pending) snprintf(f->labels, sizeof f->labels, "%s", labels->p ? labels->p : "");
    f->pending = true;
    double bound = 0;
    if (!sc_str_is(le, "+Inf")) sc_num_f64(le, -1e300, 1e300, &bound, NULL);
    f->bounds[f->n_buckets] = bound;
    f->counts[f->n_buckets++] = (int64_t)v;
}

static void take_sample(sc_buf *out, family *f, sc_str line) {
    SC_AUTO(sc_buf_done) sc_buf labels;
    sc_str name = line, inside = SC_STR_NONE, le, value;
    double v;
    sc_buf_init(&labels, LABELS_BYTES);
    size_t open = sc_str_find(line, SC_STR("{")), close = sc_str_find(line, SC_STR("} "));
    size_t space = sc_str_find(line, SC_STR(" "));
    if (open != SIZE_MAX && close != SIZE_MAX && open < close) {
        name.n = open;
        inside = (sc_str){line.p + open + 1, close - open - 1};
        space = close + 1;
    } else if (space != SIZE_MAX) {
        name.n = space;
    } else {
        return;
    }
    value = (sc_str){line.p + space + 1, line.n - space - 1};
    if (sc_num_f64(value, -1e300, 1e300, &v, NULL)) return;
    put_labels(&labels, inside, &le);
    if (sc_str_is(f->type, "histogram")) {
        take_bucket(out, f, name, &labels, le, v);
        return;
    }
    open_family(out, f);
    comma(out);
    sc_buf_putf(out, "{\"attributes\":[%s]", labels.p ? labels.p : "");
    put_times(out, f);
    sc_buf_putf(out, ",\"asDouble\":%.17g}", v);
}

void sc_otlp_metrics(sc_str text, int64_t start_us, int64_t now_us, sc_str resource, sc_str version,
                     sc_buf *out) {
    family f = {.start_us = start_us, .now_us = now_us};
    sc_str line, word;
    open_request(out, "Metrics", "metrics", resource, version);
    while (sc_str_next(&text, '\n', &line)) {
        if (sc_str_starts(line, "# HELP ")) {
            end_family(out, &f);
            sc_str rest = {line.p + 7, line.n - 7};
            sc_str_next(&rest, ' ', &f.name);
            f.help = rest;
        } else if (sc_str_starts(line, "# TYPE ")) {
            sc_str rest = {line.p + 7, line.n - 7};
            sc_str_next(&rest, ' ', &word);
            f.type = rest;
        } else if (line.n && line.p[0] != '#') {
            take_sample(out, &f, line);
        }
    }
    end_family(out, &f);
    close_request(out);
}
