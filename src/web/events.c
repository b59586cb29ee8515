/* GET /api/events: server-sent events (WHATWG HTML, 9.2).
 *
 * Events come on the pump's thread and go straight into the stream's own queue; a reader that is too
 * slow for it is cut off and comes back with its last id. The subscription ends in `closed`, after
 * which neither the pump nor the heartbeat touches the request. */
#include "app/events.h"

#include "web/auth.h"
#include "web/handlers.h"

enum {
    MAX_PENDING = 1 << 20,
    HEARTBEAT_MS = 15000,
    RECHECK_US = 250000, /* a revoked key's stream ends with the first event after this */
    DEFAULT_STREAMS = 256,
};

#define NOTHING ": \n\n" /* an empty comment */

typedef struct stream {
    sc_req *q;
    sc_subscriber *sub;
    sc_tick beat;
    _Atomic int64_t sent;
    _Atomic int64_t checked_us;
} stream;

/* Ends the stream when its key or session has ended. */
static bool still_allowed(stream *s) {
    int64_t now = sc_mono_us(sc_app_clock(sc_req_app(s->q)));
    if (now - atomic_load(&s->checked_us) < RECHECK_US) return true;
    atomic_store(&s->checked_us, now);
    if (sc_auth_holds(s->q)) return true;
    sc_http_stream_end(s->q->http);
    return false;
}

static bool on_event(void *self, const sc_event *e) {
    stream *s = self;
    if (!still_allowed(s)) return false;
    char at[SC_TIME_TEXT];
    sc_time_format(e->at_ms, at);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_PENDING);
    sc_buf_putf(&b, "id: %lld\nevent: ", (long long)e->id);
    sc_buf_put_str(&b, e->kind);
    sc_buf_puts(&b, "\ndata: {");
    sc_render_int(&b, "id", e->id);
    sc_render_str(&b, "kind", e->kind);
    sc_render_id(&b, "project_id", &e->project_id);
    sc_render_str(&b, "at", sc_str_of(at));
    sc_render_raw(&b, "data", e->data, "{}");
    sc_buf_puts(&b, "}\n\n");
    if (b.failed) return true; /* one event too big to send is not worth the stream */
    atomic_fetch_add(&s->sent, (int64_t)b.n);
    return sc_http_stream_write(s->q->http, sc_buf_str(&b));
}

static void on_beat(void *self) {
    stream *s = self;
    if (still_allowed(s) && sc_http_stream_write(s->q->http, SC_STR(NOTHING)))
        sc_ticker_arm(&s->q->web->ticker, &s->beat, HEARTBEAT_MS);
}

/* Where to go on: ?after= wins, since a person wrote it. */
static int64_t after(const sc_req *q) {
    int64_t id;
    if (sc_req_param(q, "after").p) return sc_req_int(q, "after", 0);
    sc_str last = sc_req_param(q, "Last-Event-ID");
    return last.p && !sc_num_i64(last, 0, INT64_MAX, &id, NULL) ? id : SC_EVENTS_NOW;
}

sc_rc sc_on_streamEvents(sc_req *q, sc_err *err) {
    sc_web *w = q->web;
    int64_t max = w->conf.max_subscribers ? (int64_t)w->conf.max_subscribers : DEFAULT_STREAMS;
    if (atomic_load(&w->draining)) return sc_fail(err, SC_CANCELLED, "the server is shutting down");
    stream *s = sc_arena_take(sc_req_arena(q), sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory for the stream");
    if (atomic_fetch_add(&w->streams, 1) >= max) {
        atomic_fetch_sub(&w->streams, 1);
        sc_fail_field(err, SC_LIMITED, "event_streams", "%lld event streams are open already",
                      (long long)max);
        err->retry_after_ms = 10000;
        return SC_LIMITED;
    }
    *s = (stream){.q = q, .beat = {.fn = on_beat, .self = s}};
    q->state = s;
    sc_http_reply_header(q->http, "X-Accel-Buffering", "no");
    sc_http_reply_stream(q->http, 200, "text/event-stream", MAX_PENDING, SC_STR(NOTHING));
    sc_http_stream_write(q->http, SC_STR("retry: 2000\n: connected\n\n"));
    sc_err late = {0};
    if (sc_events_subscribe(w->conf.app, &q->project, after(q), on_event, s, &s->sub, &late)) {
        /* The head is out: a problem cannot be told as one any more; the client comes again. */
        q->failed = late;
        sc_http_stream_end(q->http);
        return SC_OK;
    }
    sc_ticker_arm(&w->ticker, &s->beat, HEARTBEAT_MS);
    return SC_OK;
}

void sc_events_closed(sc_req *q) {
    stream *s = q->state;
    if (!s) return;
    q->state = NULL;
    if (s->sub) sc_events_unsubscribe(q->web->conf.app, s->sub);
    sc_ticker_cancel(&q->web->ticker, &s->beat);
    q->reply_bytes = (size_t)atomic_load(&s->sent);
    atomic_fetch_sub(&q->web->streams, 1);
}
