/* Ids: UUIDv7 text (RFC 9562, section 5.7), 36 characters, sortable by creation time.
 * Within one process ids of the same millisecond keep growing (a counter in rand_a).
 * Threads: thread-safe. */
#ifndef SC_BASE_ID_H
#define SC_BASE_ID_H

#include "base/clock.h"
#include "base/str.h"

#define SC_ID_TEXT 37
typedef struct sc_id {
    char text[SC_ID_TEXT]; /* empty string = none */
} sc_id;

/* A new id stamped with the clock's wall time. */
sc_id sc_id_new(const sc_clock *clock);
/* True when s is a UUID in canonical lower- or upper-case text. */
bool sc_id_valid(sc_str s);
/* The id in s in lower case; an empty id when s is not one. */
sc_id sc_id_of(sc_str s);
/* The 16 bytes of a UUID text, and back. */
bool sc_id_to_bytes(const sc_id *id, unsigned char ret_bytes[16]);
sc_id sc_id_from_bytes(const unsigned char bytes[16]);
static inline sc_str sc_id_str(const sc_id *id) { return sc_str_of(id->text); }
static inline bool sc_id_is_set(const sc_id *id) { return id->text[0] != 0; }
static inline bool sc_id_eq(const sc_id *a, const sc_id *b) { return !strcmp(a->text, b->text); }

/* n bytes from the kernel's random source (getrandom); aborts if the kernel has none. */
void sc_random(void *ret, size_t n);

#endif
