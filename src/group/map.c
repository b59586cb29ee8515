#include "group/map.h"

#include "base/mem.h"

static size_t home(const sc_map *m, uint64_t key) {
    uint64_t z = (key ^ (key >> 31)) * 0x9e3779b97f4a7c15u;
    return (size_t)(z ^ (z >> 32)) & (m->cap - 1);
}

static size_t find(const sc_map *m, uint64_t key) {
    size_t i = home(m, key);
    while (m->values[i] != SC_MAP_NONE && m->keys[i] != key) i = (i + 1) & (m->cap - 1);
    return i;
}

bool sc_map_reserve(sc_map *m, size_t more) {
    size_t cap = m->cap ? m->cap : 16;
    while ((m->n + more) * 4 > cap * 3) cap *= 2;
    if (cap == m->cap) return true;
    sc_map to = {.cap = cap};
    to.keys = sc_alloc_array(cap, sizeof *to.keys);
    to.values = sc_alloc_array(cap, sizeof *to.values);
    if (!to.keys || !to.values) {
        sc_map_done(&to);
        return false;
    }
    memset(to.values, 0xff, cap * sizeof *to.values);
    for (size_t i = 0; i < m->cap; i++)
        if (m->values[i] != SC_MAP_NONE) sc_map_set(&to, m->keys[i], m->values[i]);
    sc_map_done(m);
    *m = to;
    return true;
}

uint32_t sc_map_get(const sc_map *m, uint64_t key) {
    return m->cap ? m->values[find(m, key)] : SC_MAP_NONE;
}

void sc_map_set(sc_map *m, uint64_t key, uint32_t value) {
    size_t i = find(m, key);
    if (m->values[i] == SC_MAP_NONE) m->n++;
    m->keys[i] = key;
    m->values[i] = value;
}

void sc_map_remove(sc_map *m, uint64_t key) {
    size_t i = m->cap ? find(m, key) : 0;
    if (!m->cap || m->values[i] == SC_MAP_NONE) return;
    m->n--;
    /* Close the gap: a later entry moves back unless its home lies after the gap. */
    for (size_t j = (i + 1) & (m->cap - 1); m->values[j] != SC_MAP_NONE;
         j = (j + 1) & (m->cap - 1)) {
        size_t away = (j - home(m, m->keys[j])) & (m->cap - 1);
        if (away < ((j - i) & (m->cap - 1))) continue;
        m->keys[i] = m->keys[j];
        m->values[i] = m->values[j];
        i = j;
    }
    m->values[i] = SC_MAP_NONE;
}

size_t sc_map_bytes(const sc_map *m) { return m->cap * (sizeof *m->keys + sizeof *m->values); }

void sc_map_done(sc_map *m) {
    sc_free(m->keys);
    sc_free(m->values);
    *m = (sc_map){0};
}
