#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void sc_random(void *ret, size_t n) {
    unsigned char *p = ret;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR) {
            fprintf(stderr, "soulcaster: the kernel gives no random bytes\n");
            abort();
        }
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_stamp; /* ms << 12 | counter */
static unsigned char pool[512];
static size_t pool_left;

sc_id sc_id_new(const sc_clock *clock) {
    unsigned char b[16];
    uint64_t stamp = (uint64_t)sc_now_ms(clock) << 12;
    pthread_mutex_lock(&lock);
    if (stamp <= last_stamp) stamp = last_stamp + 1;
    last_stamp = stamp;
    if (pool_left < 8) {
        sc_random(pool, sizeof pool);
        pool_left = sizeof pool;
    }
    memcpy(b + 8, pool + sizeof pool - pool_left, 8);
    pool_left -= 8;
    pthread_mutex_unlock(&lock);
    uint64_t ms = stamp >> 12;
    for (int i = 0; i < 6; i++) b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (stamp >> 8 & 0x0F));
    b[7] = (unsigned char)stamp;
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    return sc_id_from_bytes(b);
}

static bool dash_at(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

bool sc_id_valid(sc_str s) {
    if (s.n != 36) return false;
    for (size_t i = 0; i < 36; i++) {
        char c = s.p[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash_at(i) ? c != '-' : !hex) return false;
    }
    return true;
}

sc_id sc_id_of(sc_str s) {
    sc_id id = {{0}};
    if (!sc_id_valid(s)) return id;
    for (size_t i = 0; i < 36; i++) {
        char c = s.p[i];
        id.text[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
    }
    return id;
}

bool sc_id_to_bytes(const sc_id *id, unsigned char ret_bytes[16]) {
    char hex[32];
    size_t n = 0;
    if (!sc_id_valid(sc_str_of(id->text))) return false;
    for (size_t i = 0; i < 36; i++)
        if (!dash_at(i)) hex[n++] = id->text[i];
    return sc_hex_decode((sc_str){hex, 32}, ret_bytes, 16);
}

sc_id sc_id_from_bytes(const unsigned char b[16]) {
    static const char digit[] = "0123456789abcdef";
    sc_id id;
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (dash_at(at)) id.text[at++] = '-';
        id.text[at++] = digit[b[i] >> 4];
        id.text[at++] = digit[b[i] & 15];
    }
    id.text[at] = 0;
    return id;
}
