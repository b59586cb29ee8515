/* A change of the model, between its rooms: remodel_embed.c makes the representations, remodel_steps.c all else. */
#ifndef SC_APP_REMODEL_INTERNAL_H
#define SC_APP_REMODEL_INTERNAL_H

#include "app/internal.h"
#include "app/remodel_steps.h"
#include "group/map.h"
#include "group/pass.h"

enum { SC_REMODEL_BATCH = 64 }; /* reports that are represented at once, at most */

typedef enum sc_remodel_stage {
    SC_REMODEL_EMBED,
    SC_REMODEL_FILL,
    SC_REMODEL_THINK,
    SC_REMODEL_SWITCH,
    SC_REMODEL_DONE
} sc_remodel_stage;

typedef struct sc_remodel_move {
    int64_t key;
    sc_id from, to; /* in the store; with the new model */
    sc_evidence evidence;
    int64_t nearest;
} sc_remodel_move;

struct sc_remodel {
    sc_app *app;
    sc_id project_id;
    sc_lens *lens;
    sc_remodel_stage stage;
    size_t batch;
    int64_t after_seq, done, total, told_us, counted_us;
    size_t stored;    /* since the scan began */
    int64_t later_ms; /* a remote embedder cannot be asked before; 0: it can */
    bool going_back;
    int64_t switched_version; /* of the change that is taken back */
    sc_engine *engine;
    int64_t version; /* that the engine reflects */
    uint64_t rules;  /* digest of the corrections it obeys */
    sc_pass *pass;
    int passes;
    sc_remodel_move *moves;
    size_t n, cap;
    sc_map by_key;
};

/* How far it is, by what is stored. */
sc_rc sc_remodel_count(sc_remodel *r, sc_err *err);
/* Represents and stores the next `most` reports (at most SC_REMODEL_BATCH) that lack it. *ret_n: how many there were; fewer than
 * `most`: that were all. */
sc_rc sc_remodel_embed_some(sc_remodel *r, const sc_job *job, size_t most, size_t *ret_n,
                            sc_err *err);
/* A batch in about a tenth of a second, as sc_remodel_step. */
sc_rc sc_remodel_step_embed(sc_remodel *r, const sc_job *job, bool *ret_stuck, sc_err *err);

#endif
