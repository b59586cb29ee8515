/* The project's epoch (score.h): when it is outgrown, word weights, norms and the cut are taken anew from all
 * reports.
 *
 * In a small project that is done at once. In a large one it takes far longer than placing a report, so it is
 * done step by step, one with each report that is placed, and holds when it is through; until then the old
 * epoch does. Threads: plain data. */
#ifndef SC_GROUP_EPOCH_H
#define SC_GROUP_EPOCH_H

#include "group/calibrate.h"

enum { SC_EPOCH_AT_ONCE = 16384 /* items up to which an epoch is renewed at once */ };

/* Begins a new epoch when the project has outgrown the last one: idf, norms, kind and cut. True when
 * it did: its cut is then the project's own. */
bool sc_epoch_refresh(sc_items *items, sc_terms *terms, const sc_profile *profile, sc_epoch *epoch);
/* Moves the cut, and what hangs on it. */
void sc_epoch_set_cut(const sc_profile *profile, sc_epoch *epoch, float cut);

/* A new epoch in the making. */
typedef struct sc_renewal {
    int stage;       /* 0 = none is being made */
    uint32_t layout; /* of the slots when it began: when they change, it begins anew */
    unsigned vain;   /* how often it did */
    uint32_t n, n_terms, at;
    float *idf;
    float *inv[SC_TERM_WEIGHTED];
    sc_epoch epoch;
    sc_calibration calibration;
} sc_renewal;

/* True when the epoch is to be renewed, and may be at once. */
bool sc_epoch_due_at_once(const sc_renewal *r, const sc_epoch *e, uint32_t n);
/* One step, if the epoch is outgrown. True: a new one holds. Without memory the old one goes on. */
bool sc_renewal_step(sc_renewal *r, uint32_t layout, sc_items *items, sc_terms *terms,
                     const sc_profile *profile, sc_epoch *epoch);
size_t sc_renewal_bytes(const sc_renewal *r);
void sc_renewal_done(sc_renewal *r);

#endif
