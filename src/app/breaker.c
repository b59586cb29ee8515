#include "app/breaker.h"

#include "base/mem.h"

enum { FIRST_MS = 5000, LONGEST_MS = 10 * 60 * 1000, SETUP_MS = 60 * 1000 };

const char *sc_breaker_state_name(sc_breaker_state s) {
    static const char *const names[] = {
#define X(name) #name,
        SC_BREAKER_STATES(X)
#undef X
    };
    return (unsigned)s < SC_LEN(names) ? names[s] : "?";
}

sc_breaker_state sc_breaker_look(sc_breaker *b, int64_t now_ms) {
    if (b->state == SC_BREAKER_open && now_ms >= b->until_ms) b->state = SC_BREAKER_half_open;
    return b->state;
}

void sc_breaker_success(sc_breaker *b) { *b = (sc_breaker){.state = SC_BREAKER_closed}; }

/* Waiting mends no set-up, but a person may have mended it on the other side. */
static bool of_the_setup(sc_rc rc) {
    return rc == SC_UNAUTHORIZED || rc == SC_FORBIDDEN || rc == SC_NOT_FOUND || rc == SC_INVALID ||
           rc == SC_UNPROCESSABLE;
}

static int64_t wait_ms(const sc_breaker *b, uint32_t random, bool setup) {
    int64_t top = setup ? SETUP_MS : FIRST_MS;
    for (int i = 1; i < b->openings && top < LONGEST_MS; i++) top *= 2;
    top = SC_MIN(top, (int64_t)LONGEST_MS);
    /* Between half and the whole: several processes must not come back in step. */
    return top / 2 + (int64_t)((uint64_t)(top / 2) * random >> 32);
}

void sc_breaker_failure(sc_breaker *b, int64_t now_ms, uint32_t random, const sc_err *why) {
    bool setup = of_the_setup(why->rc);
    b->why = *why;
    b->failures++;
    if (b->state == SC_BREAKER_open) return;
    if (b->state == SC_BREAKER_closed && !setup && b->failures < SC_BREAKER_FAILURES) return;
    b->state = SC_BREAKER_open;
    b->openings++;
    b->until_ms = now_ms + SC_MAX(wait_ms(b, random, setup), why->retry_after_ms);
}

void sc_breaker_hold(sc_breaker *b, int64_t until_ms, const sc_err *why) {
    b->why = *why;
    b->state = SC_BREAKER_open;
    b->until_ms = SC_MAX(b->until_ms, until_ms);
}
