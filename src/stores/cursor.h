/* Cursors of list pages: opaque text for clients, foreign bytes when they come back.
 *
 * A cursor names the last row that was handed out by its sort key and number, so that pages stay
 * complete and free of repeats while rows are added (keyset pagination). It carries which list it
 * belongs to and a check value, so that a cut, changed or borrowed cursor is refused rather than
 * obeyed. It is no secret: it grants nothing that the query itself does not. */
#ifndef SC_STORES_CURSOR_H
#define SC_STORES_CURSOR_H

#include "base/id.h"
#include "base/mem.h"

typedef struct sc_cursor {
    int64_t key; /* value of the sort column in the last row */
    int64_t seq; /* number of the last row                   */
} sc_cursor;

/* `list` tells lists and sort orders apart; project may be NULL. The text lives in the arena;
 * SC_NOMEM. */
sc_rc sc_cursor_write(uint8_t list, const sc_id *project, sc_cursor c, sc_arena *arena, sc_str *ret,
                      sc_err *err);
/* SC_INVALID (field "cursor") for anything that sc_cursor_write did not make for this list and
 * project. */
sc_rc sc_cursor_read(sc_str text, uint8_t list, const sc_id *project, sc_cursor *ret, sc_err *err);

/* SC_INVALID (field "limit") unless 1..1000. */
sc_rc sc_cursor_check_limit(size_t limit, sc_err *err);

#endif
