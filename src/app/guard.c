#include "app/guard.h"

#include <stdio.h>

#include "base/id.h"
#include "base/log.h"
#include "core/job.h"

enum {
    BACKOFF_BASE_MS = 250,
    BACKOFF_CAP_MS = 4000,
    PATIENCE_MS = 5000, /* a longer Retry-After is not waited out, it holds the breaker */
};

void sc_guard_init(sc_guard *g, const char *who, const char *book, const sc_store *store,
                   const sc_budget_use *cap, const sc_clock *clock) {
    g->who = who;
    g->clock = clock;
    pthread_mutex_init(&g->lock, NULL);
    sc_budget_init(&g->budget, store, NULL, book, cap);
}

void sc_guard_done(sc_guard *g) {
    sc_budget_flush(&g->budget, sc_now_ms(g->clock));
    pthread_mutex_destroy(&g->lock);
}

bool sc_guard_ours(sc_rc rc) {
    return rc == SC_CANCELLED || rc == SC_STORE || rc == SC_NOMEM || rc == SC_FENCED ||
           rc == SC_INTERNAL || rc == SC_IO;
}

bool sc_guard_setup(sc_rc rc) {
    return rc == SC_UNAUTHORIZED || rc == SC_FORBIDDEN || rc == SC_NOT_FOUND;
}

static bool refused(sc_rc rc) {
    return rc == SC_INVALID || rc == SC_TOO_LARGE || rc == SC_UNPROCESSABLE;
}

static uint32_t random_bits(void) {
    uint32_t r;
    sc_random(&r, sizeof r);
    return r;
}

/* ---- Around a request -------------------------------------------------------------------------- */

/* Under the lock. The log tells of the first opening and of the end. */
static void say(const sc_guard *g, const char *what, const sc_err *why) {
    char text[64];
    snprintf(text, sizeof text, "%s %s", g->who, what);
    if (why)
        sc_log_err(SC_LOG_WARN, text, why);
    else
        sc_log(SC_LOG_INFO, text);
}

/* A cap that is reached stays so until midnight. */
sc_rc sc_guard_book(sc_guard *g, int64_t tokens, int64_t micro_usd, sc_err *err) {
    sc_err why = {0};
    const int64_t now = sc_now_ms(g->clock);
    pthread_mutex_lock(&g->lock);
    sc_rc rc = sc_budget_book(&g->budget, now, tokens, micro_usd, &why);
    if (rc == SC_LIMITED) {
        if (now >= atomic_load(&g->capped_until_ms)) say(g, "capped", &why);
        atomic_store(&g->capped_until_ms, now + why.retry_after_ms);
        g->capped_why = why;
    }
    pthread_mutex_unlock(&g->lock);
    if (rc && err) *err = why;
    return rc;
}

void sc_guard_count(sc_guard *g, sc_rc rc, const sc_budget_use *booked, const sc_budget_use *real) {
    pthread_mutex_lock(&g->lock);
    g->requests++;
    if (rc == SC_LIMITED) g->limited++;
    if (rc && rc != SC_LIMITED) g->failures++;
    if (!rc && real->tokens > 0) sc_budget_correct(&g->budget, booked, real);
    pthread_mutex_unlock(&g->lock);
}

static void tell(sc_guard *g) {
    bool alone = g->breaker.state != SC_BREAKER_closed;
    if (alone == atomic_load(&g->left_alone)) return;
    atomic_store(&g->left_alone, alone);
    if (alone)
        say(g, "left alone", &g->breaker.why);
    else
        say(g, "answers again", NULL);
}

void sc_guard_succeeded(sc_guard *g) {
    pthread_mutex_lock(&g->lock);
    sc_breaker_success(&g->breaker);
    tell(g);
    pthread_mutex_unlock(&g->lock);
}

void sc_guard_failed(sc_guard *g, const sc_err *why) {
    pthread_mutex_lock(&g->lock);
    sc_breaker_failure(&g->breaker, sc_now_ms(g->clock), random_bits(), why);
    tell(g);
    pthread_mutex_unlock(&g->lock);
}

void sc_guard_hold(sc_guard *g, const sc_err *why, int64_t ms) {
    pthread_mutex_lock(&g->lock);
    sc_breaker_hold(&g->breaker, sc_now_ms(g->clock) + ms, why);
    tell(g);
    pthread_mutex_unlock(&g->lock);
}

sc_guard_next sc_guard_failure(sc_guard *g, const sc_err *why, int k, int attempts,
                               int64_t *ret_wait_ms) {
    *ret_wait_ms = 0;
    if (refused(why->rc)) return SC_GUARD_BLAME;
    if (why->rc != SC_LIMITED) sc_guard_failed(g, why);
    if (sc_guard_setup(why->rc)) return SC_GUARD_LEAVE;
    int64_t wait =
        sc_job_backoff_ms(k, BACKOFF_BASE_MS, BACKOFF_CAP_MS, random_bits(), why->retry_after_ms);
    if (why->retry_after_ms > PATIENCE_MS || (why->rc == SC_LIMITED && k >= attempts)) {
        sc_guard_hold(g, why, SC_MAX(wait, (int64_t)BACKOFF_CAP_MS));
        return SC_GUARD_LEAVE;
    }
    if (sc_guard_breaker(g) != SC_BREAKER_closed) return SC_GUARD_LEAVE;
    if (k >= attempts) return SC_GUARD_BLAME;
    *ret_wait_ms = wait;
    return SC_GUARD_AGAIN;
}

/* ---- Looking ----------------------------------------------------------------------------------- */

bool sc_guard_degraded(sc_guard *g) {
    return atomic_load(&g->left_alone) || sc_now_ms(g->clock) < atomic_load(&g->capped_until_ms);
}

sc_breaker_state sc_guard_breaker(sc_guard *g) {
    pthread_mutex_lock(&g->lock);
    sc_breaker_state s = sc_breaker_look(&g->breaker, sc_now_ms(g->clock));
    pthread_mutex_unlock(&g->lock);
    return s;
}

/* Under the lock: why it is not asked now, or NULL. */
static const sc_err *hindrance(sc_guard *g, int64_t now, int64_t *ret_again_ms) {
    const sc_err *why = NULL;
    int64_t again = 0;
    if (sc_breaker_look(&g->breaker, now) == SC_BREAKER_open) {
        again = g->breaker.until_ms;
        why = &g->breaker.why;
    }
    if (now < g->capped_until_ms && g->capped_until_ms > again) {
        again = g->capped_until_ms;
        why = &g->capped_why;
    }
    *ret_again_ms = again;
    return why;
}

bool sc_guard_available(sc_guard *g, int64_t *ret_again_ms, sc_err *ret_why) {
    int64_t again;
    pthread_mutex_lock(&g->lock);
    const sc_err *why = hindrance(g, sc_now_ms(g->clock), &again);
    if (why && ret_why) *ret_why = *why;
    pthread_mutex_unlock(&g->lock);
    if (ret_again_ms) *ret_again_ms = again;
    return !why;
}

void sc_guard_state_get(sc_guard *g, sc_guard_state *ret) {
    pthread_mutex_lock(&g->lock);
    const int64_t now = sc_now_ms(g->clock);
    *ret = (sc_guard_state){.requests = g->requests,
                            .failures = g->failures,
                            .limited = g->limited,
                            .breaker = sc_breaker_look(&g->breaker, now),
                            .capped = now < g->capped_until_ms,
                            .cap = g->budget.cap,
                            .why = g->breaker.why};
    const sc_err *why = hindrance(g, now, &ret->again_ms);
    if (why) ret->why = *why;
    if (sc_budget_read(&g->budget, now, &ret->today, NULL)) ret->today = g->budget.use;
    pthread_mutex_unlock(&g->lock);
}
