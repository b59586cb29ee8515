/* A fix's log: page by page, and as it grows. */
#include "web/auth.h"
#include "web/fix_render.h"
#include "web/handlers.h"

enum {
    PAGE = 100,
    LOOK_MS = 250,
    BEAT_LOOKS = 60, /* a comment after so many looks without news */
    MAX_PENDING = 4 << 20,
    ARENA_BYTES = 32 << 20,
};

#define NOTHING ": \n\n" /* an empty comment */

static sc_rc read_page(const sc_req *q, int64_t after, int64_t before, size_t limit,
                       sc_arena *arena, sc_fix_log **ret, size_t *ret_n, sc_fix *ret_fix,
                       sc_err *err) {
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    /* The fix first: what it wrote before it ended is in the page that says so. */
    sc_rc rc = s->ops->fix_get(s->self, &q->project, &id, arena, ret_fix, err);
    return rc ? rc
              : s->ops->fix_log_get(s->self, &q->project, &id, after, before, limit, arena, ret,
                                    ret_n, err);
}

sc_rc sc_on_getFixLog(sc_req *q, sc_err *err) {
    sc_fix_log *rows;
    size_t n;
    sc_fix f;
    const int64_t after = sc_req_int(q, "after", 0);
    const size_t limit = (size_t)sc_req_int(q, "limit", PAGE);
    SC_AUTO(sc_arena_done) sc_arena arena; /* a request's own is for small things */
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = read_page(q, after, sc_req_int(q, "before", 0), limit, &arena, &rows, &n, &f, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_buf_puts(&b, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        sc_render_comma(&b);
        sc_render_fix_log(&b, &rows[i]);
    }
    sc_buf_putc(&b, ']');
    sc_render_int(&b, "next_after", n ? rows[n - 1].seq : after);
    sc_render_bool(&b, "ended", sc_job_state_ended(f.status));
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

/* ---- As it grows -------------------------------------------------------------------------------- */

typedef struct follower {
    sc_req *q;
    sc_tick tick; /* its function alone touches what follows */
    int64_t after;
    int quiet;
} follower;

static bool send_row(follower *f, const sc_fix_log *l) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_PENDING);
    sc_buf_putf(&b, "id: %lld\nevent: log\ndata: ", (long long)l->seq);
    sc_render_fix_log(&b, l);
    sc_buf_puts(&b, "\n\n");
    f->after = l->seq;
    return b.failed || sc_http_stream_write(f->q->http, sc_buf_str(&b));
}

static void send_end(follower *f, const sc_fix *fix) {
    char text[120];
    int n = snprintf(text, sizeof text, "event: end\ndata: {\"status\":\"%s\"}\n\n",
                     sc_job_state_name(fix->status));
    sc_http_stream_write(f->q->http, (sc_str){text, (size_t)n});
    sc_http_stream_end(f->q->http);
}

static void on_look(void *self) {
    follower *f = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_log *rows;
    size_t n = 0;
    sc_fix fix;
    sc_err err = {0};
    if (!sc_auth_holds(f->q) || read_page(f->q, f->after, 0, PAGE, &arena, &rows, &n, &fix, &err)) {
        sc_http_stream_end(f->q->http); /* the client comes again and is told why */
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (!send_row(f, &rows[i])) return;
    if (n < PAGE && sc_job_state_ended(fix.status)) {
        send_end(f, &fix);
        return;
    }
    f->quiet = n ? 0 : f->quiet + 1;
    if (f->quiet >= BEAT_LOOKS) {
        f->quiet = 0;
        if (!sc_http_stream_write(f->q->http, SC_STR(NOTHING))) return;
    }
    sc_ticker_arm(&f->q->web->ticker, &f->tick, n == PAGE ? 0 : LOOK_MS);
}

sc_rc sc_on_followFixLog(sc_req *q, sc_err *err) {
    enum { STREAMS = 256 };
    sc_web *w = q->web;
    int64_t max = w->conf.max_subscribers ? (int64_t)w->conf.max_subscribers : STREAMS;
    const sc_store *s = sc_req_store(q);
    sc_id id = sc_req_id(q, "id");
    sc_fix fix;
    if (atomic_load(&w->draining)) return sc_fail(err, SC_CANCELLED, "the server is shutting down");
    sc_rc rc = s->ops->fix_get(s->self, &q->project, &id, sc_req_arena(q), &fix, err);
    if (rc) return rc;
    follower *f = sc_arena_take(sc_req_arena(q), sizeof *f);
    if (!f) return sc_fail(err, SC_NOMEM, "no memory for the stream");
    if (atomic_fetch_add(&w->streams, 1) >= max) {
        atomic_fetch_sub(&w->streams, 1);
        sc_fail_field(err, SC_LIMITED, "event_streams", "%lld event streams are open already",
                      (long long)max);
        err->retry_after_ms = 10000;
        return SC_LIMITED;
    }
    sc_str last = sc_req_param(q, "Last-Event-ID");
    *f = (follower){.q = q, .tick = {.fn = on_look, .self = f}};
    f->after = sc_req_int(q, "after", 0);
    if (!f->after && last.p && sc_num_i64(last, 0, INT64_MAX, &f->after, NULL)) f->after = 0;
    q->state = f;
    sc_http_reply_header(q->http, "X-Accel-Buffering", "no");
    sc_http_reply_stream(q->http, 200, "text/event-stream", MAX_PENDING, SC_STR(NOTHING));
    sc_http_stream_write(q->http, SC_STR("retry: 2000\n: connected\n\n"));
    sc_ticker_arm(&w->ticker, &f->tick, 0);
    return SC_OK;
}

void sc_fix_log_closed(sc_req *q) {
    follower *f = q->state;
    if (!f) return;
    q->state = NULL;
    sc_ticker_cancel(&q->web->ticker, &f->tick);
    atomic_fetch_sub(&q->web->streams, 1);
}
