#include "stores/redis/newest.h"

#include <stdlib.h>

#include "stores/cursor.h"

static int newest_first(const void *a, const void *b) {
    const int64_t x = ((const sc_rd_newest_row *)a)->seq, y = ((const sc_rd_newest_row *)b)->seq;
    return (x < y) - (x > y);
}

sc_rc sc_rd_newest_begin(sc_rd_newest *p, uint8_t cursor, const sc_page *page, const sc_id *project,
                         sc_arena *arena, sc_err *err) {
    sc_cursor below;
    *p = (sc_rd_newest){.page = page, .project = *project, .cursor = cursor, .arena = arena};
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (rc || !page->cursor.n) return rc;
    rc = sc_cursor_read(page->cursor, cursor, project, &below, err);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof p->bytes; i++)
        p->bytes[i] = (unsigned char)(below.key >> (8 * (sizeof p->bytes - 1 - i)));
    p->below = (sc_str){(const char *)p->bytes, sizeof p->bytes};
    return SC_OK;
}

sc_rd_newest_row *sc_rd_newest_add(sc_rd_newest *p, size_t size) {
    p->rows = sc_rd_grow(p->arena, p->rows, p->n, &p->cap, sizeof *p->rows);
    void *item = p->rows ? sc_arena_take(p->arena, size) : NULL;
    if (!item) return NULL;
    p->rows[p->n] = (sc_rd_newest_row){.item = item};
    return &p->rows[p->n++];
}

sc_rc sc_rd_newest_end(sc_rd_newest *p, size_t *ret_n, sc_str *ret_cursor, sc_err *err) {
    const size_t n = SC_MIN(p->n, p->page->limit);
    if (p->n) qsort(p->rows, p->n, sizeof *p->rows, newest_first);
    *ret_n = n;
    *ret_cursor = SC_STR_NONE;
    if (p->n == n) return SC_OK;
    return sc_cursor_write(p->cursor, &p->project, (sc_cursor){p->rows[n - 1].seq, 0}, p->arena,
                           ret_cursor, err);
}
