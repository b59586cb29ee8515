#include "sources/sample.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "sources/hmac.h"

enum { MAX_BODY = 4096 };

sc_rc sc_sample_body(sc_arena *arena, sc_source_sample *ret, sc_err *err, const char *fmt, ...) {
    char *text = sc_arena_take(arena, MAX_BODY);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the test report");
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, MAX_BODY, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= MAX_BODY) return sc_fail(err, SC_INTERNAL, "the test report is too long");
    ret->body = (sc_str){text, (size_t)n};
    return SC_OK;
}

void sc_sample_header(sc_source_sample *s, const char *name, sc_str value) {
    s->headers[s->n_headers++] = (sc_source_header){sc_str_of(name), value};
}

sc_rc sc_sample_sign(const json_t *settings, const char *source, const char *name,
                     const char *prefix, sc_arena *arena, sc_source_sample *s, sc_err *err) {
    char hex[2 * SC_HMAC_BYTES + 1];
    sc_rc rc = sc_hmac_sign(settings, source, s->body, hex, err);
    const char *value = rc ? NULL : sc_arena_printf(arena, "%s%s", prefix, hex);
    if (!rc && !value) rc = sc_fail(err, SC_NOMEM, "no memory for the signature");
    if (!rc) sc_sample_header(s, name, sc_str_of(value));
    return rc;
}

sc_rc sc_sample_plain(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                      sc_source_sample *ret, sc_err *err) {
    char at[SC_TIME_TEXT];
    sc_source_sample s = {.n_headers = 0};
    (void)settings;
    sc_time_format(now_ms, at);
    sc_rc rc = sc_sample_body(arena, &s, err,
                              "{\"title\":\"" SC_SAMPLE_TITLE "\",\"body\":\"" SC_SAMPLE_BODY
                              "\",\"external_id\":\"%.*s\",\"created_at\":\"%s\"}",
                              SC_FMT(mark), at);
    if (!rc) *ret = s;
    return rc;
}
