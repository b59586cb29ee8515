#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int min_level = SC_LOG_INFO;
static atomic_bool as_text;
static _Thread_local char context[64];

/* Lines on their way to stderr. A line is at most LINE_BYTES. */
enum { LINE_BYTES = 16384, WAITING_BYTES = 4 * LINE_BYTES };
static pthread_mutex_t sink = PTHREAD_MUTEX_INITIALIZER;
static char waiting[WAITING_BYTES];
static size_t n_waiting; /* under sink */

static pthread_once_t at_exit = PTHREAD_ONCE_INIT;

static const char *const names[] = {"debug", "info", "warn", "error", "off"};

static void flush_at_exit(void) { (void)atexit(sc_log_flush); }

void sc_log_setup(sc_log_level level, bool text) {
    atomic_store(&min_level, (int)level);
    atomic_store(&as_text, text);
    pthread_once(&at_exit, flush_at_exit);
}

sc_rc sc_log_level_parse(sc_str name, sc_log_level *ret, sc_err *err) {
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (sc_str_is(name, names[i])) {
            *ret = (sc_log_level)i;
            return SC_OK;
        }
    return sc_fail(err, SC_INVALID, "the log level is one of debug, info, warn, error, off");
}

bool sc_log_on(sc_log_level level) {
    return (int)level >= atomic_load(&min_level) && level < SC_LOG_OFF;
}

void sc_log_context(const char *request_id) {
    size_t n = request_id ? strnlen(request_id, sizeof context - 1) : 0;
    if (n) memcpy(context, request_id, n);
    context[n] = 0;
}

static void put_ms(sc_buf *b, int64_t us) {
    us = SC_MAX(us, (int64_t)0);
    int64_t frac = us % 1000;
    char digits[4] = {'.', (char)('0' + frac / 100), (char)('0' + frac / 10 % 10),
                      (char)('0' + frac % 10)};
    sc_buf_put_int(b, us / 1000);
    sc_buf_put(b, digits, sizeof digits);
}

static void put_value(sc_buf *b, const sc_log_field *f, bool text) {
    if (f->kind == SC_LOG_F_INT)
        sc_buf_put_int(b, f->i);
    else if (f->kind == SC_LOG_F_MS)
        put_ms(b, f->i);
    else if (text && f->s.n && !memchr(f->s.p, ' ', f->s.n) && !memchr(f->s.p, '\n', f->s.n))
        sc_buf_put_str(b, f->s);
    else
        sc_buf_put_json(b, f->s);
}

static void put_line(sc_buf *b, sc_log_level level, const char *event, const sc_log_field *f,
                     size_t n) {
    bool text = atomic_load(&as_text);
    char when[SC_TIME_TEXT];
    sc_time_format(sc_now_ms(&sc_clock_system), when);
    sc_buf_reserve(b, 512);
    if (text) {
        sc_buf_putf(b, "%.12s %-5s %s", when + 11, names[level], event);
    } else {
        sc_buf_puts(b, "{\"ts\":\"");
        sc_buf_puts(b, when);
        sc_buf_puts(b, "\",\"level\":\"");
        sc_buf_puts(b, names[level]);
        sc_buf_puts(b, "\",\"event\":");
        sc_buf_put_json(b, sc_str_of(event));
        if (context[0]) {
            sc_buf_puts(b, ",\"request_id\":");
            sc_buf_put_json(b, sc_str_of(context));
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!f[i].key) continue;
        sc_buf_puts(b, text ? " " : ",\"");
        sc_buf_puts(b, f[i].key);
        sc_buf_puts(b, text ? "=" : "\":");
        put_value(b, &f[i], text);
    }
    sc_buf_puts(b, text ? "\n" : "}\n");
}

static void write_all(const char *p, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t w = write(STDERR_FILENO, p + done, n - done);
        if (w <= 0) break;
        done += (size_t)w;
    }
}

/* Under sink. */
static void flush_locked(void) {
    write_all(waiting, n_waiting);
    n_waiting = 0;
}

void sc_log_flush(void) {
    pthread_mutex_lock(&sink);
    flush_locked();
    pthread_mutex_unlock(&sink);
}

static bool put_waiting(sc_str line) {
    pthread_mutex_lock(&sink);
    if (line.n > WAITING_BYTES - n_waiting) flush_locked();
    bool first = n_waiting == 0;
    memcpy(waiting + n_waiting, line.p, line.n);
    n_waiting += line.n;
    pthread_mutex_unlock(&sink);
    return first;
}

static void put_now(sc_str line) {
    pthread_mutex_lock(&sink);
    flush_locked();
    write_all(line.p, line.n);
    pthread_mutex_unlock(&sink);
}

static const sc_log_sink *_Atomic the_sink;

void sc_log_sink_set(const sc_log_sink *to) { atomic_store(&the_sink, to); }

static bool log_line(sc_log_level level, const char *event, const sc_log_field *f, size_t n,
                     bool may_wait) {
    if (!sc_log_on(level)) return false;
    const sc_log_sink *also = atomic_load_explicit(&the_sink, memory_order_acquire);
    if (also) also->put(also->self, level, event, context, f, n);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, LINE_BYTES);
    put_line(&b, level, event, f, n);
    if (b.failed) return false; /* a line that cannot be built is not worth failing the work for */
    if (may_wait && level <= SC_LOG_INFO && !atomic_load(&as_text))
        return put_waiting(sc_buf_str(&b));
    put_now(sc_buf_str(&b));
    return false;
}

void sc_log_fields(sc_log_level level, const char *event, const sc_log_field *f, size_t n) {
    log_line(level, event, f, n, false);
}

bool sc_log_fields_later(sc_log_level level, const char *event, const sc_log_field *f, size_t n) {
    return log_line(level, event, f, n, true);
}

void sc_log_err(sc_log_level level, const char *event, const sc_err *err) {
    sc_log(level, event, SC_F_TXT("code", sc_rc_name(err->rc)), SC_F_TXT("error", err->msg),
           SC_F_INT("errno", err->sys), SC_F_TXT("field", err->field));
}
