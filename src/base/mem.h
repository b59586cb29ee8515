/* Memory: one allocator with a test seam, arenas, and scope-bound clean-up.
 *
 * Every allocation of the program goes through sc_alloc/sc_free, so that a test can make the nth
 * one fail (sc_mem_fail_after). An arena serves one request or one job: it has a budget, all of it
 * ends at once, and going over the budget fails that request alone (NULL), nothing else.
 * Threads: sc_alloc/sc_free are thread-safe; one arena belongs to one thread at a time. */
#ifndef SC_BASE_MEM_H
#define SC_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* At least n zeroed bytes, or NULL. n = 0 gives a unique pointer. */
void *sc_alloc(size_t n);
/* count * size zeroed bytes; NULL also on overflow. */
void *sc_alloc_array(size_t count, size_t size);
/* Resizes; new bytes are NOT zeroed. NULL leaves p as it was. */
void *sc_realloc(void *p, size_t n);
void *sc_realloc_array(void *p, size_t count, size_t size);
void sc_free(void *p);
/* A heap copy of a C string, or NULL. */
char *sc_strdup(const char *s);

/* Test seam: the nth allocation from now on this thread (1 = the next) fails once; 0 = off.
 * Returns how many allocations this thread made since the last call. */
uint64_t sc_mem_fail_after(uint64_t nth);

typedef struct sc_arena_block sc_arena_block;
typedef struct sc_arena {
    sc_arena_block *head;
    size_t used_bytes; /* taken from the allocator so far */
    size_t max_bytes;  /* budget                          */
} sc_arena;

void sc_arena_init(sc_arena *a, size_t max_bytes);
/* Zeroed, 16-byte aligned bytes that live until reset/done; NULL over budget or out of memory. */
void *sc_arena_take(sc_arena *a, size_t n);
void *sc_arena_take_array(sc_arena *a, size_t count, size_t size);
/* A NUL-terminated copy of n bytes. */
char *sc_arena_copy(sc_arena *a, const char *p, size_t n);
char *sc_arena_printf(sc_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets everything but keeps one block for reuse. */
void sc_arena_reset(sc_arena *a);
void sc_arena_done(sc_arena *a);

/* Scope-bound clean-up: SC_AUTO(sc_buf_done) sc_buf b = ...; runs sc_buf_done(&b) at scope end. */
#define SC_AUTO(fn) __attribute__((cleanup(fn)))
void sc_auto_free(void *pp); /* for any pointer from sc_alloc */
void sc_auto_close(int *fd); /* closes when >= 0, keeps errno  */

#define SC_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SC_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SC_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
