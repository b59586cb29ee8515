/* What all connections share: how many each address holds, and a budget of buffered bytes.
 * Threads: thread-safe. The address table is met once a connection, never once a request. */
#ifndef SC_NET_LIMITS_H
#define SC_NET_LIMITS_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/listen.h"

enum { SC_LIMITS_BUCKETS = 1024 };

typedef struct sc_limits_entry sc_limits_entry;
typedef struct sc_limits {
    pthread_mutex_t lock;
    sc_limits_entry *buckets[SC_LIMITS_BUCKETS];
    uint64_t seed; /* unknown to clients: they cannot aim at one bucket */
    unsigned max_per_address;
    int64_t max_bytes;
    _Atomic int64_t bytes;
} sc_limits;

/* max_per_address 0 = no limit. */
void sc_limits_init(sc_limits *l, unsigned max_per_address, size_t max_bytes);
void sc_limits_done(sc_limits *l);

/* Counts one more connection of that address; false at its limit (or without memory). */
bool sc_limits_enter(sc_limits *l, sc_listen_key who);
void sc_limits_leave(sc_limits *l, sc_listen_key who);

/* Takes n bytes from the budget; false, and nothing taken, when that is over it. */
bool sc_limits_charge(sc_limits *l, size_t n);
void sc_limits_release(sc_limits *l, size_t n);
/* Would n more bytes fit now? */
bool sc_limits_room(const sc_limits *l, size_t n);

#endif
