/* What a load had to make is written back, so that the next one finds it: representations of reports that an import brought
 * without.
 *
 * They go beside the placements (side_put): nothing moves, no version rises, nobody has anything to follow. A load belongs to no
 * job (any role makes it, also one that only reads), so what fences the write is each item's version: where a report was edited,
 * moved or removed since it was read, the store leaves it out. Two that load at once write the same bytes, and the second
 * finds them there. A store that takes none costs the next load the same work again, and nothing else.
 * Threads: one at a time. */
#ifndef SC_APP_KEEP_H
#define SC_APP_KEEP_H

#include "core/repr.h"
#include "ports/store.h"

struct sc_app;

enum { SC_KEEP_BATCH = 200 };

typedef struct sc_keep {
    struct sc_app *app;
    const sc_id *project;
    const char *model;
    sc_arena arena;
    sc_side_item items[SC_KEEP_BATCH];
    size_t n;
    bool off; /* the store does not take them now */
} sc_keep;

/* Cannot fail. What it points to outlives it. */
void sc_keep_init(sc_keep *k, struct sc_app *app, const sc_id *project, const char *model);
/* The representation of the item as it was in that version; copied. A full batch is written first. */
void sc_keep_add(sc_keep *k, int64_t seq, int64_t version, const sc_repr *repr);
/* Writes what is there. */
void sc_keep_flush(sc_keep *k);
/* Forgets what was not written. */
void sc_keep_done(sc_keep *k);

#endif
