/* What the tests of the SQLite store in a bad world share: chance that can be repeated, and a report to be put. */
#ifndef TEST_STORE_SQLITE_SUPPORT_H
#define TEST_STORE_SQLITE_SUPPORT_H

#include "store_fixture.h"

static uint64_t seed = 0x2545F4914F6CDD1D;
static inline uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

/* SEED=7 in the environment: other chances. */
static inline void other_seed(void) {
    const char *other = getenv("SEED");
    if (other) seed ^= strtoull(other, NULL, 10) * 0x9E3779B97F4A7C15u;
}

static inline sc_rc put_one(sc_fx *f, const char *ext, sc_put_result *out) {
    sc_feedback r = fx_feedback(f, &f->a);
    sc_id job = fx_id(f);
    r.external_id = sc_str_of(ext);
    return f->ops->feedback_put(f->s, &r, &job, 1, out, &f->err);
}

#endif
