/* The grouping engine of one project: all its reports as vectors and terms in memory, and the
 * decision where a new one belongs.
 *
 * What it is: a deterministic function of what was put in and in which order. What it is not: a
 * store (the app writes what it returns), a reader of text (it sees representations), a clock.
 *
 * Placing a report goes in three stages (ARCHITECTURE.md, "Grouping"):
 *  1. the same fingerprint (masked text, or masked in-app stack frames) joins at once;
 *  2. candidates: nearest items by vector (exact int8 scan), by shared rare terms (inverted index),
 *     and the clusters they are in; clusters by mean-dot;
 *  3. decision: evidence -> calibrated probability -> join, suggest, or open a new cluster; then the
 *     neighbourhood (touched cluster and its nearest ones, at most `local_items`) is re-clustered
 *     exactly by average linkage with hysteresis.
 * Average linkage between clusters is the dot product of their unnormalised means, so a cluster is
 * (sum, count, members). Corrections (pin, never, apart) are obeyed by every stage.
 * Resolved clusters take reports and are then reported as `regressed`; ignored ones take them
 * silently. Never merges transitively: a merge needs average linkage over all pairs.
 *
 * Items are known by `key` (the store's seq, growing), clusters by their sc_id. Changes are applied
 * to the engine at once and returned as an sc_change; sc_engine_revert undoes one that the store
 * refused. Threads: one writer or many readers at a time; the app holds the lock. Readers are the
 * functions that take a const engine. */
#ifndef SC_GROUP_ENGINE_H
#define SC_GROUP_ENGINE_H

#include "base/clock.h"
#include "core/cluster.h"
#include "core/correction.h"
#include "core/decision.h"
#include "core/repr.h"

typedef struct sc_engine sc_engine;

/* What calibration gives for one (embedder, preparation): data, not constants (models/). */
typedef struct sc_profile sc_profile;
/* The shipped profile for an embedder's model name, or the fallback profile. Static data. */
const sc_profile *sc_profile_get(const char *model);

typedef struct sc_engine_conf {
    uint16_t dim;
    const sc_profile *profile;
    const sc_clock *clock; /* only for new cluster ids */
    size_t local_items;    /* 0 = the default bound of local re-clustering */
} sc_engine_conf;

sc_rc sc_engine_new(const sc_engine_conf *conf, sc_engine **ret, sc_err *err);
void sc_engine_free(sc_engine *e);

/* ---- Loading and following the store: the store is the truth ---------------------------------- */

typedef struct sc_engine_item {
    int64_t key;
    int64_t created_ms;
    const sc_repr *repr; /* borrowed during the call */
    const sc_id *home;   /* the cluster it was in before its text changed; NULL for a new one */
} sc_engine_item;

/* Puts or re-puts an item into a cluster (empty id: known but in none). Creates the cluster if
 * need be. */
sc_rc sc_engine_put(sc_engine *e, const sc_engine_item *item, const sc_id *cluster, sc_err *err);
/* Moves a known item as the store says (follower). SC_NOT_FOUND when it is not known. */
sc_rc sc_engine_set_cluster(sc_engine *e, int64_t key, const sc_id *cluster, sc_err *err);
sc_rc sc_engine_set_status(sc_engine *e, const sc_id *cluster, sc_cluster_status status,
                           sc_err *err);
void sc_engine_remove(sc_engine *e, int64_t key);
/* Replaces all corrections. */
sc_rc sc_engine_set_corrections(sc_engine *e, const sc_correction *c, size_t n, sc_err *err);

/* ---- Changes ----------------------------------------------------------------------------------- */

typedef struct sc_move {
    int64_t key;
    sc_id from; /* empty = it was in none */
    sc_id to;
    sc_decision_reason reason;
    sc_evidence evidence;
    int64_t nearest;    /* key of the most similar report compared with, or 0 */
    uint32_t shared[6]; /* hashes of the rarest shared terms, 0 = none  */
} sc_move;

typedef struct sc_suggestion { /* the grey band: for people (or a model) to decide */
    int64_t key;               /* this report ... */
    sc_id cluster;             /* ... may belong here */
    sc_evidence evidence;
} sc_suggestion;

typedef struct sc_change {
    sc_move *moves; /* in order of application */
    size_t n_moves;
    sc_id *touched; /* clusters whose members changed and that still have some */
    size_t n_touched;
    struct {
        sc_id gone, into;
    } * emptied; /* clusters left without members, and where most went */
    size_t n_emptied;
    sc_id *opened; /* clusters that are new with this change */
    size_t n_opened;
    sc_id *regressed; /* resolved clusters that a NEW report joined */
    size_t n_regressed;
    sc_suggestion *suggestions;
    size_t n_suggestions;
    uint64_t own[2]; /* the engine's, for sc_engine_revert */
} sc_change;

/* Places n new items one after the other. The change lives in the arena. On an error nothing is
 * changed. An item whose key is known already is skipped. One with a home is an edited report, taken
 * out before: a pinned one goes home, and one that would open a cluster reopens its own when that is
 * empty. */
sc_rc sc_engine_place(sc_engine *e, const sc_engine_item *items, size_t n, sc_arena *arena,
                      sc_change *ret, sc_err *err);

/* Looks up what placing the next reports needs, for up to 16 of the n at once: many queries read memory once.
 * Placing gives the same without; it calls these itself where more than one report is left. They are apart
 * because comparing, which takes long in a large project, changes nothing that readers see: the first needs
 * the engine for itself (it adds words to the vocabulary), the second may run beside readers. Nothing may
 * change the engine between them, and the items must live until the second is done. */
void sc_engine_lookup(sc_engine *e, const sc_engine_item *items, size_t n);
void sc_engine_lookup_compare(sc_engine *e);

/* A person's corrections. Each returns the change; the caller makes and sets the corrections. */
sc_rc sc_engine_merge(sc_engine *e, const sc_id *into, const sc_id *from, size_t n_from,
                      sc_arena *arena, sc_change *ret, sc_err *err);
/* Takes the keys out of `cluster` into a new one (*ret_new). SC_UNPROCESSABLE when a key is not in
 * it, or when all or none are named. */
sc_rc sc_engine_split(sc_engine *e, const sc_id *cluster, const int64_t *keys, size_t n,
                      sc_arena *arena, sc_id *ret_new, sc_change *ret, sc_err *err);
/* to = NULL: into a new cluster of its own (*ret_to). */
sc_rc sc_engine_move(sc_engine *e, int64_t key, const sc_id *to, sc_arena *arena, sc_id *ret_to,
                     sc_change *ret, sc_err *err);

/* Full pass over at most `max_items` (0 = all) by exact average linkage (nearest-neighbour chain):
 * joins clusters that belong together, splits loose ones, obeying hysteresis and corrections. */
sc_rc sc_engine_consolidate(sc_engine *e, size_t max_items, sc_arena *arena, sc_change *ret,
                            sc_err *err);

/* Takes back a change (last one first). */
void sc_engine_revert(sc_engine *e, const sc_change *change);

/* ---- Reading ----------------------------------------------------------------------------------- */

typedef struct sc_engine_stats {
    size_t items, clusters, terms, bytes;
} sc_engine_stats;
void sc_engine_stats_get(const sc_engine *e, sc_engine_stats *ret);
bool sc_engine_has(const sc_engine *e, int64_t key);
uint16_t sc_engine_dim(const sc_engine *e);

typedef struct sc_cluster_view {
    size_t count;
    double cohesion_mean, cohesion_min;                  /* calibrated similarity, 0..1 */
    int64_t representatives[SC_CLUSTER_REPRESENTATIVES]; /* keys; [0] is the medoid; 0 = none */
    int64_t first_ms, last_ms;
} sc_cluster_view;
/* SC_NOT_FOUND when there is no such cluster or it is empty. */
sc_rc sc_engine_view(const sc_engine *e, const sc_id *cluster, sc_cluster_view *ret, sc_err *err);
/* The same for the writer alone, who has room for the sums already; readers may go on. */
sc_rc sc_engine_view_mine(sc_engine *e, const sc_id *cluster, sc_cluster_view *ret, sc_err *err);

/* Weight of a term in this project (BM25's idf, floored at 0). self = engine: fits sc_summarise. */
float sc_engine_idf(void *self, uint32_t term);

typedef struct sc_hit {
    int64_t key;
    sc_id cluster;           /* empty: in none          */
    float score;             /* fused, 0..1, best first */
    float semantic, lexical; /* its parts               */
} sc_hit;
/* The `limit` best items for a query. ret_hits is an arena array. */
sc_rc sc_engine_search(const sc_engine *e, const sc_repr *query, size_t limit, sc_arena *arena,
                       sc_hit **ret_hits, size_t *ret_n, sc_err *err);

/* Keys of items that hold all the terms, newest first, below `before` (0 = from the newest), at most
 * `limit`; *ret_total counts all matches. */
sc_rc sc_engine_match(const sc_engine *e, const uint32_t *terms, size_t n_terms, int64_t before,
                      size_t limit, sc_arena *arena, int64_t **ret_keys, size_t *ret_n,
                      size_t *ret_total, sc_err *err);

/* The evidence for an item against its own cluster (without itself), as it is now. */
sc_rc sc_engine_explain(const sc_engine *e, int64_t key, sc_move *ret, sc_err *err);

/* Candidate clusters for a cluster: those it could be merged with, best first. */
typedef struct sc_neighbour {
    sc_id cluster;
    sc_evidence evidence;
    bool apart;
} sc_neighbour;
sc_rc sc_engine_neighbours(const sc_engine *e, const sc_id *cluster, size_t limit, sc_arena *arena,
                           sc_neighbour **ret, size_t *ret_n, sc_err *err);

#endif
