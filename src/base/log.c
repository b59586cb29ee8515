#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int min_level = SC_LOG_INFO;
static atomic_bool as_text;
static _Thread_local char context[64];

static const char *const names[] = {"debug", "info", "warn", "error", "off"};

void sc_log_setup(sc_log_level level, bool text) {
    atomic_store(&min_level, (int)level);
    atomic_store(&as_text, text);
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
    snprintf(context, sizeof context, "%s", request_id ? request_id : "");
}

static void put_value(sc_buf *b, const sc_log_field *f, bool text) {
    if (f->kind == SC_LOG_F_INT)
        sc_buf_put_int(b, f->i);
    else if (f->kind == SC_LOG_F_NUM)
        sc_buf_putf(b, "%.6g", f->f);
    else if (text && f->s.n && !memchr(f->s.p, ' ', f->s.n) && !memchr(f->s.p, '\n', f->s.n))
        sc_buf_put_str(b, f->s);
    else
        sc_buf_put_json(b, f->s);
}

void sc_log_fields(sc_log_level level, const char *event, const sc_log_field *f, size_t n) {
    if (!sc_log_on(level)) return;
    bool text = atomic_load(&as_text);
    char when[SC_TIME_TEXT];
    sc_time_format(sc_now_ms(&sc_clock_system), when);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16384);
    sc_buf_reserve(&b, 512);
    if (text) {
        sc_buf_putf(&b, "%.12s %-5s %s", when + 11, names[level], event);
    } else {
        sc_buf_putf(&b, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":", when, names[level]);
        sc_buf_put_json(&b, sc_str_of(event));
        if (context[0]) {
            sc_buf_puts(&b, ",\"request_id\":");
            sc_buf_put_json(&b, sc_str_of(context));
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!f[i].key) continue;
        sc_buf_puts(&b, text ? " " : ",\"");
        sc_buf_puts(&b, f[i].key);
        sc_buf_puts(&b, text ? "=" : "\":");
        put_value(&b, &f[i], text);
    }
    sc_buf_puts(&b, text ? "\n" : "}\n");
    if (b.failed) return; /* a line that cannot be built is not worth failing the work for */
    for (size_t done = 0; done < b.n;) {
        ssize_t w = write(STDERR_FILENO, b.p + done, b.n - done);
        if (w <= 0) break;
        done += (size_t)w;
    }
}

void sc_log_err(sc_log_level level, const char *event, const sc_err *err) {
    sc_log(level, event, SC_F_TXT("code", sc_rc_name(err->rc)), SC_F_TXT("error", err->msg),
           SC_F_INT("errno", err->sys), SC_F_TXT("field", err->field));
}
