/* A pass over everything, in idle time: what the clusters would be had all reports come at once, and
 * the moves that lead there.
 *
 * Think, then act: thinking only reads the engine (readers may go on; no other writer may be inside
 * that call), acting changes it and is brief. Between two calls anything may happen: reports may come
 * (the pass that is under way does not know them), people may correct (a move that no longer fits is
 * left out), and where slots or weights changed, the pass begins anew by itself.
 *
 * The result does not depend on where reports are now, but for what people fixed, nor on the order of
 * arrival; so a second pass over the same reports moves nothing, and passes end. Threads: plain data. */
#ifndef SC_GROUP_PASS_H
#define SC_GROUP_PASS_H

#include "group/engine.h"

/* Weighs words and places the cut by what the engine holds now, when it has outgrown what it knew: for
 * after loading, because putting reports in does not (placing does). */
void sc_engine_weigh(sc_engine *e);

typedef struct sc_pass sc_pass;

typedef enum sc_pass_next {
    SC_PASS_THINK, /* there is more to think about */
    SC_PASS_ACT,   /* sc_pass_act has something to do */
    SC_PASS_DONE,  /* everything was looked at */
} sc_pass_next;

sc_rc sc_pass_new(sc_pass **ret, sc_err *err);
void sc_pass_free(sc_pass *p);
/* Thinks for about `budget_us` (0 = until there is something to do). On an error the pass is over. */
sc_rc sc_pass_think(sc_pass *p, const sc_engine *e, int64_t budget_us, sc_pass_next *ret,
                    sc_err *err);
/* Makes at most `most` moves (0 = all that are known). The change lives in the arena and may be
 * reverted; then, and on an error, the pass is over and must be freed. */
sc_rc sc_pass_act(sc_pass *p, sc_engine *e, size_t most, sc_arena *arena, sc_change *ret,
                  sc_err *err);

typedef struct sc_pass_stats {
    size_t items, edges, bytes, parts, moves;
    size_t capped; /* reports of which not all near ones could be kept */
} sc_pass_stats;
void sc_pass_stats_get(const sc_pass *p, sc_pass_stats *ret);

#endif
