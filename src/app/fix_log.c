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
    return SC_OK;
}

void sc_fix_sink_done(sc_fix_sink *s) {
    sc_redact_done(&s->redact);
    sc_buf_done(&s->held);
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

/* A log that cannot be stored is no reason to stop the work. */
static void store(sc_fix_sink *s, const char *stream, sc_str text, int64_t max_bytes) {
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 4 * text.n + 16);
    put_clean(text, &clean);
    if (!clean.n) return;
    sc_fix_log row = {.stream = sc_str_of(stream),
                      .text = sc_buf_str(&clean),
                      .at_ms = sc_now_ms(s->app->conf.clock)};
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
        if (!sc_redact_put(&s->redact, part, &s->held)) break; /* no memory: this is left out */
        if (s->held.n >= PIECE_BYTES) flush(s, false);
    }
    if (sc_mono_us(s->app->conf.clock) - s->flushed_us >= FLUSH_US) flush(s, false);
    pthread_mutex_unlock(&s->lock);
}

void sc_fix_sink_turn(sc_fix_sink *s, const char *stream) {
    pthread_mutex_lock(&s->lock);
    sc_redact_end(&s->redact, &s->held);
    flush(s, true);
    sc_buf_reset(&s->held);
    s->stream = stream;
    pthread_mutex_unlock(&s->lock);
}

void sc_fix_say(sc_fix_run *r, const char *fmt, ...) {
    char line[600];
    SC_AUTO(sc_buf_done) sc_buf clean;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    sc_buf_init(&clean, 4096);
    sc_redact_text(r->redact, sc_str_of(line), &clean);
    sc_buf_putc(&clean, '\n');
    pthread_mutex_lock(&r->sink.lock);
    flush(&r->sink, true); /* in order */
    store(&r->sink, "step", sc_buf_str(&clean), SC_FIX_LOG_BYTES + OUR_BYTES);
    pthread_mutex_unlock(&r->sink.lock);
}
