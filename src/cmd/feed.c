/* Feeding reports in: batches through POST /api/ingest/batch, and what became of each line.
 *
 * A batch may be sent again safely (a line that was stored is a duplicate), so everything that says
 * "later" is tried again: 429 and 503 as the server asks, a broken connection with a growing pause. */
#include "cmd/cmd.h"

enum {
    BATCH_LINES = 2000,
    BATCH_BYTES = 2 << 20,
    TRIES = 12,
    PAUSE_MS = 250,
    PAUSE_MAX_MS = 10000
};
enum { REPLY_BYTES = 16 << 20, KEPT_BYTES = 64 << 20 };

typedef struct entry {
    int64_t line;
    size_t raw_at, raw_n;   /* in f->raw                        */
    size_t body_at, body_n; /* in f->body, with its line end    */
    bool again;             /* the server said: later           */
} entry;

struct sc_feed {
    sc_api *api;
    sc_reject_fn reject;
    void *self;
    sc_buf raw, body, part;
    entry entries[BATCH_LINES];
    size_t n;
    sc_feed_counts counts;
};

sc_rc sc_feed_new(sc_api *a, sc_reject_fn reject, void *self, sc_feed **ret, sc_err *err) {
    sc_feed *f = sc_alloc(sizeof *f);
    if (!f) return sc_fail(err, SC_NOMEM, "out of memory");
    f->api = a;
    f->reject = reject;
    f->self = self;
    sc_buf_init(&f->raw, KEPT_BYTES);
    sc_buf_init(&f->body, KEPT_BYTES);
    sc_buf_init(&f->part, KEPT_BYTES);
    *ret = f;
    return SC_OK;
}

void sc_feed_free(sc_feed *f) {
    if (!f) return;
    sc_buf_done(&f->raw);
    sc_buf_done(&f->body);
    sc_buf_done(&f->part);
    sc_free(f);
}

const sc_feed_counts *sc_feed_counts_get(const sc_feed *f) { return &f->counts; }

void sc_feed_count_reject(sc_feed *f) {
    f->counts.lines++;
    f->counts.rejected++;
}

static sc_str raw_of(const sc_feed *f, const entry *e) {
    return (sc_str){f->raw.p + e->raw_at, e->raw_n};
}

static void refuse(sc_feed *f, const entry *e, const json_t *why) {
    f->counts.rejected++;
    const char *field = json_string_value(json_object_get(why, "field"));
    const char *detail = json_string_value(json_object_get(why, "detail"));
    f->reject(f->self, e->line, field, detail ? detail : "refused by the server", raw_of(f, e));
}

/* One result line: entries are met in the order of `sent`. */
static sc_rc take_result(sc_feed *f, entry *const *sent, size_t n_sent, sc_str line, size_t *met,
                         sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_json_parse(line, &v, NULL))
        return sc_fail(err, SC_INTERNAL, "the server answered a result that is not JSON");
    if (json_object_get(v, "summary")) return SC_OK;
    sc_str status = sc_json_str_at(v, "status");
    int64_t number = 0;
    if (sc_json_int(v, "line", 0, &number, NULL) || number < 1 || (uint64_t)number > n_sent)
        return sc_fail(err, SC_INTERNAL, "the server answered for a line that was not sent");
    entry *e = sent[number - 1];
    const json_t *why = json_object_get(v, "error");
    (*met)++;
    if (sc_str_is(status, "ok"))
        f->counts.fresh++;
    else if (sc_str_is(status, "duplicate"))
        f->counts.duplicate++;
    else if (sc_str_is(status, "filtered"))
        f->counts.filtered++;
    else if (json_is_true(json_object_get(why, "retryable")))
        e->again = true;
    else
        refuse(f, e, why);
    return SC_OK;
}

/* Sends the entries that are due; SC_OK when each of them has its result (or is due again). */
static sc_rc send_due(sc_feed *f, sc_err *err) {
    SC_AUTO(sc_auto_free) entry **sent = sc_alloc_array(f->n, sizeof(entry *));
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, REPLY_BYTES);
    if (!sent) return sc_fail(err, SC_NOMEM, "out of memory");
    size_t n = 0, met = 0;
    sc_buf_reset(&f->part);
    for (size_t i = 0; i < f->n; i++) {
        entry *e = &f->entries[i];
        if (!e->again) continue;
        sent[n++] = e;
        sc_buf_put(&f->part, f->body.p + e->body_at, e->body_n);
    }
    sc_str reply = SC_STR_NONE, line;
    sc_rc rc = sc_buf_check(&f->part, "a batch", err);
    if (rc == SC_OK)
        rc = sc_api_ndjson(f->api, "/api/ingest/batch", sc_buf_str(&f->part), &arena, &reply, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) sent[i]->again = false;
    while (rc == SC_OK && sc_str_next(&reply, '\n', &line))
        if (sc_str_trim(line).n) rc = take_result(f, sent, n, line, &met, err);
    if (rc == SC_OK && met < n)
        rc = sc_fail(err, SC_INTERNAL, "the server answered %zu of %zu lines", met, n);
    return rc;
}

sc_rc sc_feed_flush(sc_feed *f, sc_err *err) {
    sc_rc rc = SC_OK;
    int64_t pause = PAUSE_MS;
    for (size_t i = 0; i < f->n; i++) f->entries[i].again = true;
    for (int try = 0; f->n && try < TRIES; try++) {
        sc_err e = {0};
        rc = send_due(f, &e);
        size_t due = 0;
        for (size_t i = 0; i < f->n; i++) due += f->entries[i].again;
        if (rc == SC_OK && due == 0) break;
        if (rc == SC_OK) rc = sc_fail(&e, SC_LIMITED, "the server cannot take %zu lines now", due);
        if (err) *err = e;
        if (!sc_rc_retryable(rc) || rc == SC_CONFLICT) break;
        sc_sleep_ms(SC_MAX(pause, SC_MIN(e.retry_after_ms, 60000)));
        pause = SC_MIN(pause * 2, PAUSE_MAX_MS);
    }
    f->n = 0;
    sc_buf_reset(&f->raw);
    sc_buf_reset(&f->body);
    return rc;
}

sc_rc sc_feed_put(sc_feed *f, int64_t line, sc_str raw, const json_t *report, sc_err *err) {
    if (f->n == BATCH_LINES || f->body.n > BATCH_BYTES) {
        sc_rc rc = sc_feed_flush(f, err);
        if (rc) return rc;
    }
    entry e = {.line = line, .raw_at = f->raw.n, .raw_n = raw.n, .body_at = f->body.n};
    bool ok = sc_buf_put_str(&f->raw, raw) && sc_json_dump(report, &f->body) &&
              sc_buf_putc(&f->body, '\n');
    if (!ok) return sc_fail(err, SC_NOMEM, "out of memory");
    e.body_n = f->body.n - e.body_at;
    f->entries[f->n++] = e;
    f->counts.lines++;
    return SC_OK;
}
