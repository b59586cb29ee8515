#include "app/rate.h"

#include <stdio.h>

#include "app/internal.h"

enum { NAME = 40, MINUTE_US = 60 * 1000000, HELD_US = 1000000, PORTION_US = 50000 };

static const struct {
    char letter;
    const char *limit, *subject;
} kinds[SC_RATE_KINDS] = {
    [SC_RATE_KEY] = {'k', "requests_of_key", "this key"},
    [SC_RATE_ADDRESS] = {'a', "requests_of_address", "this address"},
};

typedef struct bucket {
    int64_t interval_us, burst;
} bucket;

void sc_rates_init(sc_rates *r) {
    for (size_t i = 0; i < SC_LEN(r->locks); i++) pthread_mutex_init(&r->locks[i], NULL);
    sc_random(&r->seed, sizeof r->seed);
}

void sc_rates_done(sc_rates *r) {
    for (size_t i = 0; i < SC_LEN(r->locks); i++) pthread_mutex_destroy(&r->locks[i]);
}

/* From when on the entry says nothing that a new one would not. */
static int64_t idle_from(const struct sc_rate_entry *e) {
    return SC_MAX(e->full_us, SC_MAX(e->held_until_us, e->refused_until_us));
}

/* Its entry; where there is none, the one that is idle longest is given up. Its lock is held. */
static struct sc_rate_entry *entry_of(sc_rates *r, uint64_t who) {
    struct sc_rate_entry *set = r->entries[who % SC_RATE_SETS], *oldest = set;
    for (size_t i = 0; i < SC_RATE_WAYS; i++) {
        if (set[i].who == who) return &set[i];
        if (idle_from(&set[i]) < idle_from(oldest)) oldest = &set[i];
    }
    *oldest = (struct sc_rate_entry){.who = who};
    return oldest;
}

static pthread_mutex_t *lock_of(sc_rates *r, uint64_t who) {
    return &r->locks[who % SC_RATE_SETS % SC_LEN(r->locks)];
}

/* Returns 0, or how long until there is room. */
static int64_t take_here(struct sc_rate_entry *e, const bucket *b, int64_t now) {
    int64_t full = SC_MAX(e->full_us, now) + b->interval_us;
    int64_t wait = full - now - b->burst * b->interval_us;
    if (wait > 0) return wait;
    e->full_us = full;
    return 0;
}

/* What was taken before and is not used yet. True: that decides. */
static bool take_held(struct sc_rate_entry *e, int64_t now, int64_t *ret_wait) {
    *ret_wait = SC_MAX(e->refused_until_us - now, (int64_t)0);
    if (*ret_wait) return true;
    if (e->held_until_us <= now) e->held = 0;
    if (!e->held) return false;
    e->held--;
    return true;
}

static void keep(struct sc_rate_entry *e, int64_t now, int64_t got, int64_t wait) {
    if (!got) {
        e->refused_until_us = now + wait;
        return;
    }
    e->held = (e->held_until_us > now ? e->held : 0) + got - 1;
    e->held_until_us = now + HELD_US;
}

static int64_t take_shared(sc_app *app, sc_str name, uint64_t who, const bucket *b, int64_t now) {
    sc_rates *r = &app->rates;
    int64_t wait = 0, got = 0;
    pthread_mutex_lock(lock_of(r, who));
    bool decided = take_held(entry_of(r, who), now, &wait);
    pthread_mutex_unlock(lock_of(r, who));
    if (decided) return wait;
    int64_t want = SC_MAX(SC_MIN(PORTION_US / b->interval_us, b->burst / 2), (int64_t)1);
    sc_rc rc =
        STORE(app)->bucket_take(SELF(app), name, b->interval_us, b->burst, want, &got, &wait, NULL);
    pthread_mutex_lock(lock_of(r, who));
    struct sc_rate_entry *e = entry_of(r, who);
    if (rc) { /* nobody is locked out, and nobody let loose, because the store is away */
        wait = take_here(e, b, now);
        atomic_fetch_add(&r->alone, 1);
    } else {
        keep(e, now, got, wait);
        if (got) wait = 0;
    }
    pthread_mutex_unlock(lock_of(r, who));
    return wait;
}

sc_rc sc_rate_take(sc_app *app, sc_rate_kind kind, const unsigned char who[16], int64_t a_minute,
                   sc_err *err) {
    if (a_minute <= 0) return SC_OK;
    char name[NAME] = {kinds[kind].letter};
    sc_hex_encode(who, 16, name + 1);
    sc_rates *r = &app->rates;
    const bucket b = {SC_MAX(MINUTE_US / a_minute, (int64_t)1), SC_MAX(a_minute / 6, (int64_t)1)};
    uint64_t hash = sc_hash64(name, 33, r->seed);
    if (!hash) hash = 1; /* 0 is a free entry */
    int64_t now = sc_mono_us(app->conf.clock), wait;
    if (STORE(app)->bucket_take) {
        wait = take_shared(app, sc_str_of(name), hash, &b, now);
    } else {
        pthread_mutex_lock(lock_of(r, hash));
        wait = take_here(entry_of(r, hash), &b, now);
        pthread_mutex_unlock(lock_of(r, hash));
    }
    if (!wait) return SC_OK;
    atomic_fetch_add(&r->refused[kind], 1);
    int64_t wait_s = (wait + 999999) / 1000000;
    sc_fail_field(err, SC_LIMITED, kinds[kind].limit,
                  "%s may send %lld requests a minute; try again in %lld s", kinds[kind].subject,
                  (long long)a_minute, (long long)wait_s);
    if (err) err->retry_after_ms = wait_s * 1000;
    return SC_LIMITED;
}
