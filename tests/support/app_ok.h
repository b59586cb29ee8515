/* Calls that must go well: ok(call(..., &failure)). */
#ifndef APP_OK_H
#define APP_OK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

static sc_err failure;
#define ok(call)                                                                                   \
    do {                                                                                           \
        failure = (sc_err){0};                                                                     \
        sc_rc rc_ = (call);                                                                        \
        if (rc_)                                                                                   \
            fail_msg("%s:%d: %s: %s %s", __FILE__, __LINE__, #call, sc_rc_name(rc_), failure.msg); \
    } while (0)

#endif
