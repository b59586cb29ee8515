/* What a person decided about grouping. Corrections are permanent constraints: every later pass
 * obeys them, and only another correction (or an undo) ends one. */
#ifndef SC_CORE_CORRECTION_H
#define SC_CORE_CORRECTION_H

#include "base/id.h"
#include "base/str.h"

#define SC_CORRECTION_KINDS(X)                                                                   \
    X(pin)   /* this report stays in this cluster (follows the cluster when it is merged)     */ \
    X(never) /* this report is never put into this cluster                                    */ \
    X(apart) /* these two clusters are never merged, nor reports moved from one to the other  */

typedef enum sc_correction_kind {
#define X(name) SC_CORRECTION_##name,
    SC_CORRECTION_KINDS(X)
#undef X
        SC_CORRECTION_KIND_COUNT
} sc_correction_kind;

const char *sc_correction_kind_name(sc_correction_kind k);
bool sc_correction_kind_parse(sc_str name, sc_correction_kind *ret);

/* What a language model did is marked by its actor, "llm:MODEL". It holds like a person's word, but nothing is
 * learned from it. */
#define SC_ACTOR_LLM "llm:"

typedef struct sc_correction {
    sc_id id;
    sc_id action_id; /* the action (one merge, one split) it came from; undo takes all of it */
    sc_correction_kind kind;
    int64_t feedback_seq; /* pin, never; else 0 */
    sc_id cluster_id;     /* pin, never, apart  */
    sc_id other_id;       /* apart              */
    sc_str actor;         /* key name or "session" */
    int64_t at_ms;
} sc_correction;

bool sc_correction_by_person(const sc_correction *c);

#endif
