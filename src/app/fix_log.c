/* The log of a fix: what we say, and what programs say, without secrets and without what only terminals obey. */
#include "app/fix_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "text/fold.h"

enum {
    PIECE_BYTES = 8 << 10, /* of one row: a page of them fits a request's memory */
    FLUSH_US = 300000,
    OUR_BYTES = 1 << 20, /* our own words are kept when the programs' log is full */
};

sc_rc sc_fix_sink_init(sc_fix_sink *s, sc_app *app, const sc_id *id, const sc_redact *set) {
    *s = (sc_fix_sink){.app = app, .id = *id, .stream = "step"};
    pthread_mutex_init(&s->lock, NULL);
    sc_redact_start(&s->redact, set);
    sc_buf_init(&s->held, 4 * PIECE_BYTES);
    sc_buf_init(&s->cut, PIECE_BYTES + 16);
    return SC_OK;
}

void sc_fix_sink_done(sc_fix_sink *s) {
    sc_redact_done(&s->redact);
    sc_buf_done(&s->held);
    sc_buf_done(&s->cut);
    pthread_mutex_destroy(&s->lock);
}

static void put_clean(sc_str text, sc_buf *out) {
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = sc_utf8_next(text, &i);
        if (cp == '\r') cp = '\n';
        bool shown = cp == '\n' || cp == '\t' || (cp >= ' ' && cp != 0x7f && !sc_fold_hidden(cp));
        if (shown) sc_buf_put_utf8(out, cp);
    }
}

/* How much of it is whole characters: the last one may go on in the next piece. */
static size_t whole(sc_str s) {
    for (size_t back = 1; back <= 3 && back <= s.n; back++) {
        unsigned char c = (unsigned char)s.p[s.n - back];
        if ((c & 0xC0) == 0x80) continue;
        size_t wants = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return wants > back ? s.n - back : s.n;
    }
    return s.n;
}

/* Cleaned first, redacted then: what nobody sees must not keep a secret's halves apart. */
static bool take_in(sc_fix_sink *s, sc_str bytes, bool last) {
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 4 * (PIECE_BYTES + 16));
    sc_buf_put_str(&s->cut, bytes);
    sc_str text = sc_buf_str(&s->cut);
    size_t n = last ? text.n : whole(text);
    put_clean((sc_str){text.p, n}, &clean);
    memmove(s->cut.p, s->cut.p + n, text.n - n);
    s->cut.n = text.n - n;
    return sc_redact_put(&s->redact, sc_buf_str(&clean), &s->held);
}

/* A log that cannot be stored is no reason to stop the work. */
static void store(sc_fix_sink *s, const char *stream, sc_str text, int64_t max_bytes) {
    sc_fix_log row = {
        .stream = sc_str_of(stream), .text = text, .at_ms = sc_now_ms(s->app->conf.clock)};
    sc_err err = {0};
    if (STORE(s->app)->fix_log_put(SELF(s->app), &s->id, &row, 1, max_bytes, &err))
        sc_log_err(SC_LOG_WARN, "a fix's log was not stored", &err);
}

/* Whole lines, unless one is longer than a piece; `lock` held. */
static void flush(sc_fix_sink *s, bool all) {
    sc_str text = sc_buf_str(&s->held);
    size_t n = text.n;
    if (!all) {
        while (n && text.p[n - 1] != '\n') n--;
        if (!n && text.n >= PIECE_BYTES) n = sc_str_clip(text, PIECE_BYTES).n;
    }
    if (!n) return;
    store(s, s->stream, (sc_str){text.p, n}, SC_FIX_LOG_BYTES);
    memmove(s->held.p, s->held.p + n, text.n - n);
    s->held.n = text.n - n;
    s->flushed_us = sc_mono_us(s->app->conf.clock);
}

void sc_fix_sink_put(sc_fix_sink *s, sc_str bytes) {
    pthread_mutex_lock(&s->lock);
    while (bytes.n) {
        sc_str part = {bytes.p, SC_MIN(bytes.n, (size_t)PIECE_BYTES)};
        bytes = (sc_str){bytes.p + part.n, bytes.n - part.n};
        if (!take_in(s, part, false)) break; /* no memory: this is left out */
        if (s->held.n >= PIECE_BYTES) flush(s, false);
    }
    if (sc_mono_us(s->app->conf.clock) - s->flushed_us >= FLUSH_US) flush(s, false);
    pthread_mutex_unlock(&s->lock);
}

void sc_fix_sink_turn(sc_fix_sink *s, const char *stream) {
    pthread_mutex_lock(&s->lock);
    if (s->cut.n) take_in(s, SC_STR_NONE, true);
    sc_redact_end(&s->redact, &s->held);
    flush(s, true);
    sc_buf_reset(&s->held);
    s->stream = stream;
    pthread_mutex_unlock(&s->lock);
}

void sc_fix_say(sc_fix_run *r, const char *fmt, ...) {
    char line[600];
    SC_AUTO(sc_buf_done) sc_buf clean;
    SC_AUTO(sc_buf_done) sc_buf told;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    sc_buf_init(&clean, 4096);
    sc_buf_init(&told, 4096);
    put_clean(sc_str_of(line), &clean);
    sc_redact_text(r->redact, sc_buf_str(&clean), &told);
    sc_buf_putc(&told, '\n');
    pthread_mutex_lock(&r->sink.lock);
    flush(&r->sink, true); /* in order */
    store(&r->sink, "step", sc_buf_str(&told), SC_FIX_LOG_BYTES + OUR_BYTES);
    pthread_mutex_unlock(&r->sink.lock);
}
