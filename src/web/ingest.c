/* Reports come in, one request a few at most: manual, Reddit, webhooks.
 *
 * `run` turns the body into normalised items and submits them; the reply is made by the callback,
 * on the committer's thread, once they are on disk. Nothing there may block, and all that it needs is
 * taken beforehand. */
#include "app/ingest.h"

#include <stdio.h>

#include "web/handlers.h"

typedef struct ingest_call {
    sc_ingest in;
    sc_req *q;
    sc_source_item *items; /* as the source gave them, filtered ones too */
    size_t n;
    sc_buf answer; /* memory for a long answer, reserved before */
} ingest_call;

static const char *status_name(sc_put_status s) { return s == SC_PUT_NEW ? "ok" : "duplicate"; }

static void put_result(sc_buf *b, const sc_source_item *item, const sc_put_result *r) {
    if (item->verdict == SC_ITEM_FILTERED) {
        sc_buf_puts(b, "\"status\":\"filtered\",\"id\":null");
        sc_render_str(b, "reason", sc_str_of(item->why ? item->why : "left out by the settings"));
    } else {
        sc_buf_putf(b, "\"status\":\"%s\",\"id\":\"%s\"", status_name(r->status), r->id.text);
    }
}

/* One item: the short answer that the old system gave. None or several: the first one's, and a list. */
static void put_answer(const ingest_call *c, sc_buf *b) {
    sc_buf_putc(b, '{');
    const sc_put_result *r = c->in.results;
    if (c->n)
        put_result(b, &c->items[0], r);
    else
        sc_buf_puts(b, "\"status\":\"ok\",\"id\":null");
    sc_render_id(b, "project_id", &c->q->project);
    if (c->n != 1) {
        sc_buf_puts(b, ",\"items\":[");
        for (size_t i = 0; i < c->n; i++) {
            sc_render_comma(b);
            sc_buf_putc(b, '{');
            put_result(b, &c->items[i], r);
            if (c->items[i].feedback.external_id.n)
                sc_render_str(b, "external_id", c->items[i].feedback.external_id);
            sc_buf_putc(b, '}');
            r += c->items[i].verdict == SC_ITEM_OK;
        }
        sc_buf_putc(b, ']');
    }
    sc_buf_putc(b, '}');
}

static void answer(ingest_call *c) {
    put_answer(c, &c->answer);
    sc_err err = {0};
    sc_buf b = c->answer; /* the call is gone once the reply is out */
    if (sc_req_reply_buf(c->q, 200, &b, &err)) sc_req_fail(c->q, &err);
    sc_buf_done(&b);
}

static char *put(char *to, const char *text) {
    size_t n = strlen(text);
    memcpy(to, text, n);
    return to + n;
}

/* The hot one: one new report, no buffer, no allocation. */
static void answer_single(const ingest_call *c) {
    char text[192], *end = put(text, "{\"status\":\"");
    end = put(end, status_name(c->in.results[0].status));
    end = put(end, "\",\"id\":\"");
    end = put(end, c->in.results[0].id.text);
    end = put(end, "\",\"project_id\":\"");
    end = put(end, c->q->project.text);
    end = put(end, "\"}");
    sc_req_reply(c->q, 200, "application/json", (sc_str){text, (size_t)(end - text)});
}

static void on_durable(sc_ingest *in, const sc_err *err) {
    ingest_call *c = in->self;
    if (!err->rc && c->n == 1) {
        answer_single(c);
    } else if (!err->rc) {
        answer(c);
    } else {
        sc_buf_done(&c->answer);
        sc_req_fail(c->q, err);
    }
}

sc_rc sc_reply_ingested(sc_req *q, sc_source_item *items, size_t n, sc_err *err) {
    sc_arena *arena = sc_req_arena(q);
    ingest_call *c = sc_arena_take(arena, sizeof *c);
    sc_feedback *list = sc_arena_take_array(arena, n, sizeof *list);
    sc_str *again = sc_arena_take_array(arena, n, sizeof *again);
    sc_put_result *results = sc_arena_take_array(arena, n, sizeof *results);
    if (!c || !list || !again || !results)
        return sc_fail(err, SC_NOMEM, "no memory for the reports");
    size_t accepted = 0;
    for (size_t i = 0; i < n; i++) {
        if (items[i].verdict != SC_ITEM_OK) continue;
        items[i].feedback.request_id = sc_http_cause(q->http);
        again[accepted] = items[i].again_id;
        list[accepted++] = items[i].feedback;
    }
    *c = (ingest_call){.q = q,
                       .items = items,
                       .n = n,
                       .in = {.items = list,
                              .n = accepted,
                              .results = results,
                              .again_ids = again,
                              .done = on_durable,
                              .self = c}};
    sc_buf_init(&c->answer, SC_REPLY_MAX);
    if (n != 1 || !accepted) {
        if (!sc_buf_reserve(&c->answer, 256 + n * (200 + 6 * SC_FEEDBACK_MAX_EXTERNAL_ID / 4)))
            return sc_fail(err, SC_NOMEM, "no memory for the answer");
    }
    if (!accepted) {
        answer(c);
        return SC_OK;
    }
    sc_rc rc = sc_ingest_submit(sc_req_app(q), &c->in, arena, err);
    if (rc) sc_buf_done(&c->answer);
    return rc;
}

static const sc_source_ops *source(const sc_req *q, const char *name, sc_err *err) {
    const sc_source_ops *s = sc_app_source(sc_req_app(q), sc_str_of(name));
    if (!s) sc_fail(err, SC_NOT_FOUND, "this server has no source '%s'", name);
    return s;
}

sc_rc sc_on_ingestManual(sc_req *q, sc_err *err) {
    const sc_source_ops *manual = source(q, "manual", err);
    if (!manual) return SC_NOT_FOUND;
    sc_source_item *item = sc_arena_take(sc_req_arena(q), sizeof *item);
    if (!item) return sc_fail(err, SC_NOMEM, "no memory for the report");
    sc_rc rc =
        sc_ingest_item(sc_req_app(q), &q->project, manual, q->body, sc_req_arena(q), item, err);
    return rc ? rc : sc_reply_ingested(q, item, 1, err);
}

/* ---- Reddit ------------------------------------------------------------------------------------- */

/* Puts the item's place in front of the field that its source named. */
static sc_rc at_item(sc_err *err, sc_rc rc, const char *where, size_t i) {
    if (!err) return rc;
    char field[sizeof err->field] = "";
    sc_str inner = sc_str_of(err->field);
    int n = snprintf(field, sizeof field, "%s[%zu]", where, i);
    if (inner.n && inner.p[0] != '$') {
        inner = sc_str_clip(inner, sizeof field - (size_t)n - 2);
        snprintf(field + n, sizeof field - (size_t)n, ".%.*s", SC_FMT(inner));
    }
    memcpy(err->field, field, sizeof field);
    return rc;
}

sc_rc sc_on_ingestReddit(sc_req *q, sc_err *err) {
    const sc_source_ops *reddit = source(q, "reddit", err);
    if (!reddit) return SC_NOT_FOUND;
    const json_t *list = q->body;
    const char *where = "";
    if (sc_str_is(sc_json_str_at(q->body, "kind"), "Listing")) {
        where = "data.children";
        list = sc_json_at(q->body, where);
    }
    bool single = !json_is_array(list);
    size_t n = single ? 1 : json_array_size(list);
    sc_source_item *items = sc_arena_take_array(sc_req_arena(q), n, sizeof *items);
    if (!items) return sc_fail(err, SC_NOMEM, "no memory for the reports");
    for (size_t i = 0; i < n; i++) {
        const json_t *obj = single ? list : json_array_get(list, i);
        sc_rc rc = sc_ingest_item(sc_req_app(q), &q->project, reddit, obj, sc_req_arena(q),
                                  &items[i], err);
        if (rc) return single ? rc : at_item(err, rc, where, i);
    }
    return sc_reply_ingested(q, items, n, err);
}

/* ---- Webhooks ----------------------------------------------------------------------------------- */

typedef struct headers {
    sc_source_header *v;
    size_t n, cap;
} headers;

static void take_header(void *self, sc_str name, sc_str value) {
    headers *h = self;
    if (h->n < h->cap) h->v[h->n++] = (sc_source_header){name, value};
}

static sc_rc webhook(sc_req *q, const char *name, sc_err *err) {
    enum { MAX_HEADERS = 100 };
    const sc_source_ops *s = source(q, name, err);
    if (!s) return SC_NOT_FOUND;
    headers h = {.cap = MAX_HEADERS};
    h.v = sc_arena_take_array(sc_req_arena(q), MAX_HEADERS, sizeof *h.v);
    if (!h.v) return sc_fail(err, SC_NOMEM, "no memory for the headers");
    sc_http_header_each(q->http, take_header, &h);
    /* What was signed are the bytes that were sent. A sender that compresses signs before or after;
     * after is what the vendors' documentation describes, and an identity body is both. */
    const sc_source_request sent = {.body = sc_http_body(q->http),
                                    .headers = h.v,
                                    .n_headers = h.n,
                                    .token = sc_req_param(q, "token")};
    sc_source_item *items = NULL;
    size_t n = 0;
    sc_rc rc =
        sc_ingest_webhook(sc_req_app(q), &q->project, s, &sent, sc_req_arena(q), &items, &n, err);
    return rc ? rc : sc_reply_ingested(q, items, n, err);
}

sc_rc sc_on_ingestSentry(sc_req *q, sc_err *err) { return webhook(q, "sentry", err); }

sc_rc sc_on_ingestGithubWebhook(sc_req *q, sc_err *err) { return webhook(q, "github", err); }

sc_rc sc_on_ingestDatadogWebhook(sc_req *q, sc_err *err) { return webhook(q, "datadog", err); }

sc_rc sc_on_ingestPosthogWebhook(sc_req *q, sc_err *err) { return webhook(q, "posthog", err); }

sc_rc sc_on_ingestSplunkWebhook(sc_req *q, sc_err *err) { return webhook(q, "splunk", err); }
