/* Errors as values.
 *
 * One table gives each code its HTTP status and whether a job that met it may be tried again. An
 * sc_err is plain stack data: failing never allocates, and there is nothing to free. The caller
 * owns the sc_err; functions write it only when they return something other than SC_OK.
 * `err` parameters may be NULL where the caller only needs the code. Thread rule: plain data. */
#ifndef SC_BASE_ERR_H
#define SC_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*      name          http  retry */
#define SC_RC_TABLE(X)                                                                        \
    X(OK, 200, false)            /* done                                                   */ \
    X(INVALID, 400, false)       /* input is wrong; trying again will not help             */ \
    X(UNAUTHORIZED, 401, false)  /* no key, or not a key of ours                           */ \
    X(FORBIDDEN, 403, false)     /* a good key without the scope, or a bad signature       */ \
    X(NOT_FOUND, 404, false)     /* no such thing, or not in this project                  */ \
    X(METHOD, 405, false)        /* the path exists, the method does not                   */ \
    X(CONFLICT, 409, true)       /* someone else changed it first                          */ \
    X(FENCED, 409, false)        /* the lease is no longer ours: the result must not count */ \
    X(TOO_LARGE, 413, false)     /* over a size limit                                      */ \
    X(MEDIA_TYPE, 415, false)    /* a content type or encoding we do not take              */ \
    X(UNPROCESSABLE, 422, false) /* well-formed, but not what the contract says            */ \
    X(LIMITED, 429, true)        /* wait, then try again                                   */ \
    X(INTERNAL, 500, false)      /* our bug                                                */ \
    X(UPSTREAM, 502, true)       /* a remote API answered nonsense or 5xx                  */ \
    X(STORE, 503, true)          /* the store cannot take writes now                       */ \
    X(NOMEM, 503, true)          /* an allocation or a memory budget failed                */ \
    X(CANCELLED, 503, true)      /* we are shutting down                                   */ \
    X(TIMEOUT, 504, true)        /* a deadline passed                                      */ \
    X(IO, 503, true)             /* reading or writing a file failed                       */

typedef enum sc_rc {
#define X(name, http, retry) SC_##name,
    SC_RC_TABLE(X)
#undef X
        SC_RC_COUNT
} sc_rc;

typedef struct sc_err {
    sc_rc rc;
    int sys;                /* errno, else 0                                   */
    int64_t retry_after_ms; /* 0 = the caller's own back-off decides           */
    char field[64];         /* the input field at fault as a path, or empty    */
    char msg[224];          /* for people; never holds a secret                */
} sc_err;

/* Sets *err (when not NULL) to code `rc` with a formatted message and clears the other members.
 * Returns rc, so that `return sc_fail(err, SC_INVALID, "...")` reads as one step. */
sc_rc sc_fail(sc_err *err, sc_rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As sc_fail, and names the input field at fault ("items[3].title"). */
sc_rc sc_fail_field(sc_err *err, sc_rc rc, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As sc_fail with errno `sys` kept and its text appended. */
sc_rc sc_fail_sys(sc_err *err, sc_rc rc, int sys, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts a fact in front of the message ("open the store: disk full"). Returns err's code. */
sc_rc sc_wrap(sc_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The code's name ("INVALID"), its HTTP status, and whether a retry can help. */
const char *sc_rc_name(sc_rc rc);
int sc_rc_http(sc_rc rc);
bool sc_rc_retryable(sc_rc rc);

#endif
