/* POST /api/ingest/batch: NDJSON in, a result a line out, in bounded memory.
 *
 * The body comes in pieces. Whole lines go into a group; a full group is submitted to the committer
 * while the next one fills; with two in flight and the third full, reading pauses. Results are
 * written in order of the groups into a spool, which is the reply once all is on disk.
 *
 * Threads: the connection's (begin, chunk, run, closed), the ticker's (results, another try, the
 * reply) - both under `lock` - and the committer's, which only marks a group as done and arms the
 * tick. A group in flight holds a reference: the client may be gone before the commit is. */
#include <pthread.h>

#include "web/batch_group.h"
#include "web/handlers.h"
#include "web/spool.h"

enum {
    MAX_LINES = 100000,
    MAX_LINE = 1 << 20,
    GROUPS = 3,             /* one fills, two fly */
    MAX_FAILED_COMMITS = 3, /* in a row: then the rest of the batch is not tried */
    MAX_WAIT_S = 60,        /* for room in the committer's queue */
    WAIT_MS = 250,
};

typedef struct batch {
    pthread_mutex_t lock;
    atomic_int refs;
    sc_req *q; /* NULL once the request is over */
    sc_batch_scope scope;
    sc_ticker *ticker;
    sc_tick tick;
    sc_batch_group groups[GROUPS];
    sc_batch_group *fill;
    uint64_t next_seq, next_write;
    sc_buf partial; /* the line that the next piece continues */
    bool overlong;  /* ... which is too long already: skip to its end */
    bool first;     /* nothing but blanks seen yet */
    bool refused;   /* a JSON array: nothing of it is taken */
    bool ended, paused, replied;
    int64_t line_no, taken;
    int failed_commits;
    sc_err stopped;     /* rc set: no more commits are tried, for this reason */
    int64_t limited_us; /* since when the queue has had no room; 0 = it has */
    bool waiting;       /* ... and only the tick tries again */
    sc_spool spool;
    sc_batch_counts counts;
} batch;

static void unref(batch *b) {
    if (atomic_fetch_sub(&b->refs, 1) != 1) return;
    for (size_t i = 0; i < GROUPS; i++) sc_batch_group_done(&b->groups[i]);
    sc_buf_done(&b->partial);
    sc_spool_done(&b->spool);
    pthread_mutex_destroy(&b->lock);
    sc_free(b);
}

/* ---- Groups: submit, write results -------------------------------------------------------------- */

static int state_of(const sc_batch_group *g) { return atomic_load(&g->state); }

static sc_batch_group *in_state(batch *b, sc_batch_group_state state) {
    sc_batch_group *best = NULL;
    for (size_t i = 0; i < GROUPS; i++)
        if (state_of(&b->groups[i]) == (int)state && (!best || b->groups[i].seq < best->seq))
            best = &b->groups[i];
    return best;
}

/* On the committer's thread. */
static void on_durable(sc_ingest *in, const sc_err *err) {
    batch *b = in->self;
    for (size_t i = 0; i < GROUPS; i++)
        if (&b->groups[i].in == in) {
            b->groups[i].err = *err;
            atomic_store(&b->groups[i].state, SC_BATCH_GROUP_DONE);
        }
    sc_ticker_arm(b->ticker, &b->tick, 0);
    unref(b);
}

/* The same; the group's owner does not look at it before it is durable. */
static void on_refused(sc_ingest *in, size_t item, const sc_err *err) {
    batch *b = in->self;
    for (size_t i = 0; i < GROUPS; i++)
        if (&b->groups[i].in == in) sc_batch_group_refuse(&b->groups[i], item, err);
}

static void end_group(sc_batch_group *g, const sc_err *err) {
    g->err = *err;
    atomic_store(&g->state, SC_BATCH_GROUP_DONE);
}

/* false: it has to wait for room. */
static bool submit(batch *b, sc_batch_group *g) {
    sc_err err = b->stopped;
    if (!g->n_items || err.rc) {
        end_group(g, &err);
        return true;
    }
    g->results = sc_arena_take_array(&g->arena, g->n_items, sizeof *g->results);
    if (!g->results) {
        sc_fail(&err, SC_NOMEM, "no memory for the results");
        end_group(g, &err);
        return true;
    }
    g->in = (sc_ingest){.items = g->items,
                        .n = g->n_items,
                        .results = g->results,
                        .again_ids = g->again_ids,
                        .done = on_durable,
                        .refused = on_refused,
                        .self = b};
    atomic_fetch_add(&b->refs, 1);
    atomic_store(&g->state, SC_BATCH_GROUP_FLYING);
    sc_rc rc = sc_ingest_submit(b->scope.app, &g->in, &g->arena, &err);
    if (!rc) {
        b->limited_us = 0;
        return true;
    }
    atomic_fetch_sub(&b->refs, 1);
    int64_t now = sc_mono_us(sc_app_clock(b->scope.app));
    if (rc == SC_LIMITED && err.retry_after_ms <= MAX_WAIT_S * 1000 &&
        (!b->limited_us || now - b->limited_us < MAX_WAIT_S * 1000000LL)) {
        if (!b->limited_us) b->limited_us = now;
        b->waiting = true;
        atomic_store(&g->state, SC_BATCH_GROUP_READY);
        sc_ticker_arm(b->ticker, &b->tick, WAIT_MS);
        return false;
    }
    end_group(g, &err);
    return true;
}

static void submit_ready(batch *b) {
    for (sc_batch_group *g; !b->waiting && (g = in_state(b, SC_BATCH_GROUP_READY));)
        if (!submit(b, g)) return;
}

/* A store that fails again and again is not asked a hundred times more. */
static void note_commit(batch *b, const sc_batch_group *g) {
    if (!g->n_items) return;
    b->failed_commits = g->err.rc ? b->failed_commits + 1 : 0;
    if (b->failed_commits >= MAX_FAILED_COMMITS && !b->stopped.rc) b->stopped = g->err;
}

static void write_done(batch *b) {
    for (;;) {
        sc_batch_group *g = in_state(b, SC_BATCH_GROUP_DONE);
        if (!g || g->seq != b->next_write) return;
        note_commit(b, g);
        sc_batch_group_write(g, &b->spool.buf, &b->counts);
        sc_spool_settle(&b->spool, false);
        sc_batch_group_reset(g);
        b->next_write++;
        atomic_store(&g->state, SC_BATCH_GROUP_FREE);
    }
}

static void advance(batch *b) {
    write_done(b);
    submit_ready(b);
    write_done(b); /* what was ended without a commit */
}

/* The full group goes off and another one fills. false: none is free. */
static bool rotate(batch *b) {
    advance(b);
    sc_batch_group *fresh = in_state(b, SC_BATCH_GROUP_FREE);
    if (!fresh || in_state(b, SC_BATCH_GROUP_READY)) return false;
    atomic_store(&b->fill->state, SC_BATCH_GROUP_READY);
    fresh->seq = b->next_seq++;
    atomic_store(&fresh->state, SC_BATCH_GROUP_FILLING);
    b->fill = fresh;
    advance(b);
    return true;
}

/* ---- Lines -------------------------------------------------------------------------------------- */

static void too_many(batch *b) {
    sc_err err;
    sc_fail(&err, SC_TOO_LARGE, "a request takes %d lines; send the rest in another one",
            MAX_LINES);
    sc_batch_group_add_error(b->fill, b->line_no, &err);
}

static void take_line(batch *b, sc_str line) {
    b->line_no++;
    if (b->line_no == 1 && sc_str_starts(line, "\xEF\xBB\xBF"))
        line = (sc_str){line.p + 3, line.n - 3};
    line = sc_str_trim(line);
    if (!line.n && !b->overlong) return;
    if (b->first) {
        b->first = false;
        b->refused = line.n && line.p[0] == '[';
    }
    if (b->refused) return;
    if (b->taken >= MAX_LINES) {
        if (!b->counts.skipped++) too_many(b);
        return;
    }
    b->taken++;
    if (b->overlong) {
        sc_err err;
        sc_fail(&err, SC_TOO_LARGE, "the line is over %d bytes", MAX_LINE);
        sc_batch_group_add_error(b->fill, b->line_no, &err);
    } else {
        sc_batch_group_add(b->fill, &b->scope, b->line_no, line);
    }
    if (sc_batch_group_full(b->fill)) rotate(b);
}

/* Ends the line that `partial` holds the beginning of. */
static void end_partial(batch *b, sc_str rest) {
    if (b->partial.n + rest.n > MAX_LINE || !sc_buf_put_str(&b->partial, rest)) b->overlong = true;
    take_line(b, b->overlong ? SC_STR("!") : sc_buf_str(&b->partial));
    sc_buf_reset(&b->partial);
    b->overlong = false;
}

static void keep_partial(batch *b, sc_str bytes) {
    if (b->overlong || !bytes.n) return;
    if (b->partial.n + bytes.n > MAX_LINE || !sc_buf_put_str(&b->partial, bytes)) {
        b->overlong = true;
        sc_buf_reset(&b->partial);
    }
}

static void take_bytes(batch *b, sc_str bytes) {
    while (bytes.n) {
        const char *nl = memchr(bytes.p, '\n', bytes.n);
        if (!nl) {
            keep_partial(b, bytes);
            return;
        }
        sc_str line = {bytes.p, (size_t)(nl - bytes.p)};
        bytes = (sc_str){nl + 1, bytes.n - line.n - 1};
        if (b->partial.n || b->overlong) {
            end_partial(b, line);
        } else if (line.n > MAX_LINE) {
            b->overlong = true;
            end_partial(b, SC_STR_NONE);
        } else {
            take_line(b, line);
        }
    }
}

/* ---- The answer --------------------------------------------------------------------------------- */

static bool all_written(batch *b) {
    for (size_t i = 0; i < GROUPS; i++)
        if (state_of(&b->groups[i]) != SC_BATCH_GROUP_FREE) return false;
    return true;
}

static void put_summary(batch *b) {
    sc_buf *out = &b->spool.buf;
    sc_buf_puts(out, "{\"summary\":{");
    sc_render_int(out, "ok", b->counts.ok);
    sc_render_int(out, "duplicate", b->counts.duplicate);
    sc_render_int(out, "filtered", b->counts.filtered);
    sc_render_int(out, "error", b->counts.error);
    sc_render_int(out, "skipped", b->counts.skipped);
    sc_buf_puts(out, "}}\n");
    sc_spool_settle(&b->spool, true);
}

/* Not under the lock: the request may be over, on another thread, before the reply function returns. */
static void reply(sc_req *q, sc_spool *spool) {
    sc_err err = {0};
    if (spool->failed) {
        sc_fail(&err, SC_IO,
                "the results could not be kept; send the batch again: what was stored is told as "
                "duplicate");
        sc_req_fail(q, &err);
    } else if (spool->fd >= 0) {
        q->reply_bytes = (size_t)spool->size;
        sc_http_reply_fd(q->http, 200, "application/x-ndjson", sc_spool_take_fd(spool),
                         spool->size);
    } else {
        sc_req_reply(q, 200, "application/x-ndjson", sc_buf_str(&spool->buf));
    }
}

/* Under the lock: true when the reply is due now, once. */
static bool finish(batch *b) {
    if (!b->ended || b->replied || !b->q || !all_written(b)) return false;
    b->replied = true;
    put_summary(b);
    return true;
}

/* On the ticker's thread: after a commit, or for another try. */
static void on_tick(void *self) {
    batch *b = self;
    pthread_mutex_lock(&b->lock);
    b->waiting = false;
    advance(b);
    sc_req *q = b->q;
    bool resume = false;
    if (b->paused && q && (!sc_batch_group_full(b->fill) || rotate(b))) {
        b->paused = false;
        resume = true;
    }
    bool due = finish(b);
    if (due) atomic_fetch_add(&b->refs, 1);
    pthread_mutex_unlock(&b->lock);
    if (resume) sc_http_resume(q->http);
    if (!due) return;
    reply(q, &b->spool);
    unref(b);
}

/* ---- The request -------------------------------------------------------------------------------- */

sc_rc sc_batch_begin(sc_req *q, sc_err *err) {
    batch *b = sc_alloc(sizeof *b);
    if (!b) return sc_fail(err, SC_NOMEM, "no memory for the batch");
    pthread_mutex_init(&b->lock, NULL);
    atomic_init(&b->refs, 1);
    b->q = q;
    b->scope = (sc_batch_scope){
        .app = sc_req_app(q), .project = q->project, .line_schema = q->web->batch_line};
    sc_str id = sc_str_clip(sc_http_cause(q->http), sizeof b->scope.request_id - 1);
    memcpy(b->scope.request_id, id.p ? id.p : "", id.n);
    b->ticker = &q->web->ticker;
    b->tick = (sc_tick){.fn = on_tick, .self = b};
    for (size_t i = 0; i < GROUPS; i++) sc_batch_group_init(&b->groups[i]);
    b->fill = &b->groups[0];
    b->fill->seq = b->next_seq++;
    atomic_store(&b->fill->state, SC_BATCH_GROUP_FILLING);
    sc_buf_init(&b->partial, MAX_LINE);
    sc_spool_init(&b->spool);
    b->first = true;
    q->state = b;
    return SC_OK;
}

sc_http_flow sc_batch_chunk(sc_req *q, sc_str bytes) {
    batch *b = q->state;
    pthread_mutex_lock(&b->lock);
    take_bytes(b, bytes);
    b->paused = sc_batch_group_full(b->fill) && !rotate(b);
    bool pause = b->paused;
    pthread_mutex_unlock(&b->lock);
    return pause ? SC_HTTP_PAUSE : SC_HTTP_GO;
}

/* The body is in. */
sc_rc sc_on_ingestBatch(sc_req *q, sc_err *err) {
    batch *b = q->state;
    pthread_mutex_lock(&b->lock);
    if (b->partial.n || b->overlong) end_partial(b, SC_STR_NONE);
    bool refused = b->refused;
    b->ended = true;
    atomic_store(&b->fill->state, SC_BATCH_GROUP_READY);
    advance(b);
    bool due = !refused && finish(b);
    if (refused) b->replied = true;
    pthread_mutex_unlock(&b->lock);
    if (refused)
        return sc_fail(err, SC_INVALID,
                       "this is a JSON array; send its items one a line, without brackets and "
                       "commas (NDJSON)");
    if (due) reply(q, &b->spool);
    return SC_OK;
}

void sc_batch_closed(sc_req *q) {
    batch *b = q->state;
    if (!b) return;
    q->state = NULL;
    sc_ticker_cancel(b->ticker, &b->tick);
    pthread_mutex_lock(&b->lock);
    b->q = NULL;
    pthread_mutex_unlock(&b->lock);
    unref(b);
}
