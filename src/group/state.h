/* The inside of the engine, for the files of group/ alone. */
#ifndef SC_GROUP_STATE_H
#define SC_GROUP_STATE_H

#include "group/engine.h"
#include "group/epoch.h"
#include "group/groups.h"
#include "group/items.h"
#include "group/lookup.h"
#include "group/rules.h"
#include "group/score.h"
#include "group/terms.h"

enum {
    SC_LOCAL_ITEMS = 400,     /* default bound of local re-clustering                    */
    SC_LOCAL_PAIRS = 8000,    /* pair similarities an insert may spend on it, on average */
    SC_CANDIDATES = 12,       /* clusters that are looked at closely                     */
    SC_KEPT_GENERATIONS = 64, /* changes that can be taken back                          */
};

struct sc_engine {
    const sc_profile *profile;
    const sc_clock *clock;
    size_t local_items;
    sc_items items;
    sc_terms terms;
    sc_groups groups;
    sc_rules rules;
    sc_epoch epoch;
    sc_renewal renewal;
    uint32_t epoch_no; /* grows with each change of the epoch but for the cut alone */
    sc_lookup lookup;
    uint32_t generation; /* grows with each change */
    uint64_t credit;     /* pairs that local re-clustering may spend */
    uint32_t cursor;     /* where the next bounded consolidation goes on */
    uint32_t layout;     /* grows when slots change their items */
    uint32_t settled_n;  /* items at the last settling of the epoch (settle.h) */
    /* The writer's scratch, grown as needed. */
    sc_accum accum;
    int32_t *dots;  /* items  */
    float *raw;     /* items  */
    float *sums;    /* groups */
    uint32_t *mark; /* terms; all zero between calls */
    size_t dots_cap, raw_cap, sums_cap, mark_cap;
};

static inline sc_score sc_state_score(const sc_engine *e) {
    return (sc_score){&e->items, &e->terms, e->profile, &e->epoch};
}

/* ---- What a change writes down while it is made ------------------------------------------------ */

typedef struct sc_journal {
    sc_engine *e;
    sc_arena *arena;
    sc_move *moves;
    uint32_t *moved_from; /* group index, beside each move */
    size_t n_moves, cap_moves;
    uint32_t *opened;
    size_t n_opened, cap_opened;
    uint32_t *regressed;
    size_t n_regressed, cap_regressed;
    sc_suggestion *suggestions;
    size_t n_suggestions, cap_suggestions;
    uint64_t credit;
    uint32_t cursor;
} sc_journal;

/* Why a move is made, for its record. */
typedef struct sc_why {
    sc_decision_reason reason;
    sc_evidence evidence;
    uint32_t nearest; /* slot, or SC_GROUP_NONE */
    uint32_t shared[6];
} sc_why;

/* Begins: sweeps what nobody can take back any more. */
void sc_journal_begin(sc_journal *j, sc_engine *e, sc_arena *arena);
/* Moves an item (from its group, or from none) into group g. On SC_NOMEM nothing happened. */
sc_rc sc_journal_move(sc_journal *j, uint32_t slot, uint32_t g, const sc_why *why, sc_err *err);
/* A new cluster with a new id. */
sc_rc sc_journal_open(sc_journal *j, uint32_t *ret_g, sc_err *err);
sc_rc sc_journal_regressed(sc_journal *j, uint32_t g, sc_err *err);
sc_rc sc_journal_suggest(sc_journal *j, const sc_suggestion *s, sc_err *err);
/* Ends well: fills ret. On SC_NOMEM the caller undoes. */
sc_rc sc_journal_end(sc_journal *j, sc_change *ret, sc_err *err);
/* Ends badly: the engine is as it was at begin. Never fails. */
void sc_journal_undo(sc_journal *j);

/* ---- Shared steps ------------------------------------------------------------------------------- */

/* Makes the scratch fit the items and clusters that there are now. */
bool sc_state_grow(sc_engine *e);
bool sc_state_grow_mark(sc_engine *e);
/* SC_INVALID when an item does not fit the project (dimensions, maxima). */
sc_rc sc_state_check(const sc_engine *e, const sc_engine_item *item, sc_err *err);
/* Takes an item out of the engine altogether. */
void sc_state_forget(sc_engine *e, uint32_t slot);

/* How an item stands to a group: means over the members other than itself. */
typedef struct sc_standing {
    uint32_t group;
    uint32_t nearest;                   /* slot of the most similar member */
    double mean, best, worst, conflict; /* raw; conflict is what was taken off */
    double probability;
} sc_standing;

/* From raw similarities of the query to all items. */
sc_standing sc_standing_of(const sc_engine *e, const sc_query *q, const sc_raws *raws,
                           uint32_t group);
/* The same without such an array, pair by pair, for at most `most` members, evenly spread: UINT32_MAX where a
 * person asks about one report; SC_STANDING_SAMPLE for what is written down of each report of a cluster that
 * moves, because all pairs of two large clusters are minutes. */
enum { SC_STANDING_SAMPLE = 256 };
sc_standing sc_standing_slow(const sc_engine *e, const sc_query *q, uint32_t group, uint32_t most);
/* The standing as evidence and record. */
void sc_standing_why(const sc_engine *e, const sc_query *q, const sc_standing *st, sc_why *ret);

/* Mean raw similarity of two groups' members. `a` holds group x's members. Exact, but where the members seen so
 * far leave no doubt (four standard errors) that it is below `least`: then their mean. */
double sc_state_linkage(const sc_engine *e, const sc_accum *a, uint32_t other, double least);
/* True when the machine may bring items of one to the other. */
bool sc_state_may_meet(const sc_engine *e, uint32_t a, uint32_t b);

#endif
