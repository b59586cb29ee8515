/* A hash map from 64-bit keys to 32-bit numbers: open addressing, linear probing, deletion by
 * backward shift, so that it never needs rebuilding. Reserve may fail; set never does.
 * Threads: plain data. */
#ifndef SC_GROUP_MAP_H
#define SC_GROUP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_MAP_NONE UINT32_MAX /* no value; cannot be stored */

typedef struct sc_map {
    uint64_t *keys;
    uint32_t *values; /* SC_MAP_NONE = free */
    size_t n, cap;    /* cap is 0 or a power of two */
} sc_map;

/* Room for `more` new keys; false leaves the map as it was. */
bool sc_map_reserve(sc_map *m, size_t more);
uint32_t sc_map_get(const sc_map *m, uint64_t key);
/* Puts or replaces; a new key needs reserved room. */
void sc_map_set(sc_map *m, uint64_t key, uint32_t value);
void sc_map_remove(sc_map *m, uint64_t key);
size_t sc_map_bytes(const sc_map *m);
void sc_map_done(sc_map *m);

#endif
