#include "net/limits.h"

#include "base/id.h"
#include "base/mem.h"

struct sc_limits_entry {
    sc_limits_entry *next;
    sc_listen_key who;
    unsigned count;
};

void sc_limits_init(sc_limits *l, unsigned max_per_address, size_t max_bytes) {
    memset(l, 0, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    sc_random(&l->seed, sizeof l->seed);
    l->max_per_address = max_per_address;
    l->max_bytes = (int64_t)SC_MIN(max_bytes, (size_t)INT64_MAX);
}

void sc_limits_done(sc_limits *l) {
    for (size_t i = 0; i < SC_LIMITS_BUCKETS; i++) {
        for (sc_limits_entry *e = l->buckets[i], *next; e; e = next) {
            next = e->next;
            sc_free(e);
        }
        l->buckets[i] = NULL;
    }
    pthread_mutex_destroy(&l->lock);
}

/* Where the entry hangs, or where it would. */
static sc_limits_entry **find(sc_limits *l, sc_listen_key who) {
    sc_limits_entry **at =
        &l->buckets[sc_hash64(who.bytes, sizeof who.bytes, l->seed) % SC_LIMITS_BUCKETS];
    while (*at && memcmp((*at)->who.bytes, who.bytes, sizeof who.bytes) != 0) at = &(*at)->next;
    return at;
}

bool sc_limits_enter(sc_limits *l, sc_listen_key who) {
    if (!l->max_per_address) return true;
    bool ok = false;
    pthread_mutex_lock(&l->lock);
    sc_limits_entry **at = find(l, who), *e = *at;
    if (!e && (e = sc_alloc(sizeof *e))) {
        e->who = who;
        *at = e;
    }
    if (e && e->count < l->max_per_address) {
        e->count++;
        ok = true;
    }
    pthread_mutex_unlock(&l->lock);
    return ok;
}

void sc_limits_leave(sc_limits *l, sc_listen_key who) {
    if (!l->max_per_address) return;
    pthread_mutex_lock(&l->lock);
    sc_limits_entry **at = find(l, who), *e = *at;
    if (e && --e->count == 0) {
        *at = e->next;
        sc_free(e);
    }
    pthread_mutex_unlock(&l->lock);
}

bool sc_limits_charge(sc_limits *l, size_t n) {
    if (n > (size_t)l->max_bytes) return false;
    int64_t now = atomic_fetch_add_explicit(&l->bytes, (int64_t)n, memory_order_relaxed);
    if (now + (int64_t)n <= l->max_bytes) return true;
    sc_limits_release(l, n);
    return false;
}

void sc_limits_release(sc_limits *l, size_t n) {
    if (n) atomic_fetch_sub_explicit(&l->bytes, (int64_t)n, memory_order_relaxed);
}

bool sc_limits_room(const sc_limits *l, size_t n) {
    return n <= (size_t)l->max_bytes &&
           atomic_load_explicit(&l->bytes, memory_order_relaxed) + (int64_t)n <= l->max_bytes;
}
