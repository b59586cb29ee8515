/* A page of rows with numbers, the newest first, out of one project or of all: each project gives its newest below
 * where the page begins, and those of all of them are put in order. */
#ifndef SC_STORES_REDIS_NEWEST_H
#define SC_STORES_REDIS_NEWEST_H

#include "stores/redis/store.h"

typedef struct sc_rd_newest_row {
    int64_t seq;
    void *item; /* in the arena */
} sc_rd_newest_row;

typedef struct sc_rd_newest {
    const sc_page *page;
    sc_id project;  /* none: all */
    uint8_t cursor; /* kind of the cursor */
    sc_arena *arena;
    sc_str
        below; /* where the page begins: the bytes of a number, for a script; empty: at the newest */
    unsigned char bytes[6];
    sc_rd_newest_row *rows;
    size_t n, cap;
} sc_rd_newest;

/* SC_INVALID for a limit or a cursor that is none. *p must stay where it is. */
sc_rc sc_rd_newest_begin(sc_rd_newest *p, uint8_t cursor, const sc_page *page, const sc_id *project,
                         sc_arena *arena, sc_err *err);
/* Room for one more row with an item of `size` bytes; NULL: no memory. */
sc_rd_newest_row *sc_rd_newest_add(sc_rd_newest *p, size_t size);
/* rows[0] to rows[*ret_n - 1] are the page. */
sc_rc sc_rd_newest_end(sc_rd_newest *p, size_t *ret_n, sc_str *ret_cursor, sc_err *err);

#endif
