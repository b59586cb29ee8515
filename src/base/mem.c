#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Thread_local uint64_t allocations, fail_at;

static int must_fail(void) {
    allocations++;
    if (fail_at && allocations >= fail_at) {
        fail_at = 0;
        return 1;
    }
    return 0;
}

uint64_t sc_mem_fail_after(uint64_t nth) {
    uint64_t seen = allocations;
    allocations = 0;
    fail_at = nth;
    return seen;
}

void *sc_alloc(size_t n) { return must_fail() ? NULL : calloc(1, n ? n : 1); }

void *sc_alloc_array(size_t count, size_t size) {
    size_t n;
    return __builtin_mul_overflow(count, size, &n) ? NULL : sc_alloc(n);
}

void *sc_realloc(void *p, size_t n) { return must_fail() ? NULL : realloc(p, n ? n : 1); }

void *sc_realloc_array(void *p, size_t count, size_t size) {
    size_t n;
    return __builtin_mul_overflow(count, size, &n) ? NULL : sc_realloc(p, n);
}

void sc_free(void *p) { free(p); }

char *sc_strdup(const char *s) {
    size_t n = strlen(s) + 1;
    char *c = sc_alloc(n);
    return c ? memcpy(c, s, n) : NULL;
}

struct sc_arena_block {
    sc_arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

enum { FIRST_BLOCK = 4096 };

void sc_arena_init(sc_arena *a, size_t max_bytes) { *a = (sc_arena){.max_bytes = max_bytes}; }

void *sc_arena_take(sc_arena *a, size_t n) {
    if (n > a->max_bytes) return NULL;
    n = (n + 15) & ~(size_t)15;
    sc_arena_block *b = a->head;
    if (!b || b->size - b->used < n) {
        size_t size = b ? b->size * 2 : FIRST_BLOCK;
        size = SC_MIN(size, (size_t)1 << 20);
        size = SC_MAX(size, n);
        if (a->used_bytes + size > a->max_bytes) size = n;
        if (a->used_bytes + size > a->max_bytes) return NULL;
        b = sc_alloc(sizeof *b + size);
        if (!b) return NULL;
        b->size = size;
        b->next = a->head;
        a->head = b;
        a->used_bytes += size;
    }
    void *p = b->data + b->used;
    b->used += n;
    return p;
}

void *sc_arena_take_array(sc_arena *a, size_t count, size_t size) {
    size_t n;
    return __builtin_mul_overflow(count, size, &n) ? NULL : sc_arena_take(a, n);
}

char *sc_arena_copy(sc_arena *a, const char *p, size_t n) {
    char *c = n == SIZE_MAX ? NULL : sc_arena_take(a, n + 1);
    if (c && n) memcpy(c, p, n);
    return c;
}

char *sc_arena_printf(sc_arena *a, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : sc_arena_take(a, (size_t)n + 1);
    if (s) vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

void sc_arena_reset(sc_arena *a) {
    sc_arena_block *keep = NULL;
    for (sc_arena_block *b = a->head; b;) {
        sc_arena_block *next = b->next;
        if (!next && b->size <= FIRST_BLOCK)
            keep = b;
        else
            sc_free(b);
        b = next;
    }
    a->head = keep;
    a->used_bytes = 0;
    if (keep) {
        memset(keep->data, 0, keep->used);
        keep->used = 0;
        keep->next = NULL;
        a->used_bytes = keep->size;
    }
}

void sc_arena_done(sc_arena *a) {
    for (sc_arena_block *b = a->head; b;) {
        sc_arena_block *next = b->next;
        sc_free(b);
        b = next;
    }
    a->head = NULL;
    a->used_bytes = 0;
}

void sc_auto_free(void *pp) { sc_free(*(void **)pp); }

void sc_auto_close(int *fd) {
    int keep = errno;
    if (*fd >= 0) close(*fd);
    errno = keep;
}
