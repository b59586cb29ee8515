#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(sc_err *err, sc_rc rc, const char *fmt, va_list ap) {
    if (!err) return;
    char msg[sizeof err->msg]; /* an argument may point into err->msg */
    vsnprintf(msg, sizeof msg, fmt, ap);
    *err = (sc_err){.rc = rc};
    memcpy(err->msg, msg, sizeof msg);
}

sc_rc sc_fail(sc_err *err, sc_rc rc, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    set(err, rc, fmt, ap);
    va_end(ap);
    return rc;
}

sc_rc sc_fail_field(sc_err *err, sc_rc rc, const char *field, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    set(err, rc, fmt, ap);
    va_end(ap);
    if (err) snprintf(err->field, sizeof err->field, "%s", field);
    return rc;
}

sc_rc sc_fail_sys(sc_err *err, sc_rc rc, int sys, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    set(err, rc, fmt, ap);
    va_end(ap);
    if (!err) return rc;
    err->sys = sys;
    char text[96];
    const char *t = strerror_r(sys, text, sizeof text);
    size_t used = strlen(err->msg);
    snprintf(err->msg + used, sizeof err->msg - used, ": %s", t);
    return rc;
}

sc_rc sc_wrap(sc_err *err, const char *fmt, ...) {
    if (!err) return SC_INTERNAL;
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    size_t used = strlen(err->msg);
    snprintf(err->msg + used, sizeof err->msg - used, ": %s", old);
    return err->rc;
}

static const struct {
    const char *name;
    int http;
    bool retry;
} codes[] = {
#define X(n, h, r) {#n, h, r},
    SC_RC_TABLE(X)
#undef X
};

const char *sc_rc_name(sc_rc rc) { return (unsigned)rc < SC_RC_COUNT ? codes[rc].name : "UNKNOWN"; }
int sc_rc_http(sc_rc rc) { return (unsigned)rc < SC_RC_COUNT ? codes[rc].http : 500; }
bool sc_rc_retryable(sc_rc rc) { return (unsigned)rc < SC_RC_COUNT && codes[rc].retry; }
