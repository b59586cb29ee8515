/* A circuit breaker (M. Nygard, "Release It!", 2007): a service that fails is left alone for a while.
 *
 *   closed     calls go; SC_BREAKER_FAILURES failures in a row open it, a fault of the set-up at once
 *   open       no calls until `until_ms`; each opening in a row doubles the wait, with jitter
 *   half_open  the wait is over: one caller may try; its success closes, its failure opens again
 *
 * "Wait 40 s" from a service that works (429, Retry-After) holds it open for that long and no longer.
 * Threads: plain data; the caller locks. */
#ifndef SC_APP_BREAKER_H
#define SC_APP_BREAKER_H

#include "base/err.h"

enum { SC_BREAKER_FAILURES = 4 };

#define SC_BREAKER_STATES(X) X(closed) X(open) X(half_open)

typedef enum sc_breaker_state {
#define X(name) SC_BREAKER_##name,
    SC_BREAKER_STATES(X)
#undef X
} sc_breaker_state;

typedef struct sc_breaker {
    sc_breaker_state state;
    int failures;     /* in a row                                     */
    int openings;     /* in a row                                     */
    int64_t until_ms; /* open: when to try again                      */
    sc_err why;       /* the last failure; rc 0 = none since a success */
} sc_breaker;

const char *sc_breaker_state_name(sc_breaker_state s);

/* What it is at this time; an open one whose wait is over becomes half open. */
sc_breaker_state sc_breaker_look(sc_breaker *b, int64_t now_ms);
void sc_breaker_success(sc_breaker *b);
/* random: 32 random bits. */
void sc_breaker_failure(sc_breaker *b, int64_t now_ms, uint32_t random, const sc_err *why);
/* The service works but wants to be left alone until then. */
void sc_breaker_hold(sc_breaker *b, int64_t until_ms, const sc_err *why);

#endif
