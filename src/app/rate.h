/* Token buckets: how many requests a minute one key, or one address, may send.
 *
 * A bucket holds a sixth of a minute's worth (at least one request) and fills evenly; it is kept as the time at which
 * it will be full again (GCRA, ITU-T I.371). Where the store is shared by processes on several machines it keeps the
 * buckets, by its own clock: a process takes some 50 ms worth at a time, so that a request rarely asks the store, and what it
 * holds unused is forgotten after a second. Without that, and while the store does not answer, each process counts for
 * itself. Memory is bounded: of too many keys and addresses those that were idle longest are forgotten. Threads: any. */
#ifndef SC_APP_RATE_H
#define SC_APP_RATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/app.h"

typedef enum sc_rate_kind { SC_RATE_KEY, SC_RATE_ADDRESS, SC_RATE_KINDS } sc_rate_kind;

enum { SC_RATE_SETS = 512, SC_RATE_WAYS = 8 };

typedef struct sc_rates {
    pthread_mutex_t locks[16];
    uint64_t seed; /* unknown to clients: they cannot aim at one set */
    struct sc_rate_entry {
        uint64_t who;    /* 0: free */
        int64_t full_us; /* counted here: when the bucket is full again */
        int64_t held, held_until_us, refused_until_us; /* counted by the store */
    } entries[SC_RATE_SETS][SC_RATE_WAYS];
    _Atomic int64_t refused[SC_RATE_KINDS];
    _Atomic int64_t alone; /* decided here because the store did not answer */
} sc_rates;

void sc_rates_init(sc_rates *r);
void sc_rates_done(sc_rates *r);
/* One request of `who` (16 bytes: a key's id, an address). SC_LIMITED names the limit and says when there is room again. */
sc_rc sc_rate_take(sc_app *app, sc_rate_kind kind, const unsigned char who[16], int64_t a_minute,
                   sc_err *err);

#endif
