/* Why a report is where it is: each placement is stored with its reason, score and model. */
#ifndef SC_CORE_DECISION_H
#define SC_CORE_DECISION_H

#include "base/id.h"
#include "base/str.h"

/*                    name             in words, for people */
#define SC_DECISION_REASONS(X)                                                            \
    X(first, "the first report of its kind: nothing similar was stored")                  \
    X(unlike, "the nearest issue was not similar enough")                                 \
    X(fingerprint, "the same text as a report of this issue, numbers and ids aside")      \
    X(stack, "the same in-app stack frames as a report of this issue")                    \
    X(similar, "similar to the reports of this issue")                                    \
    X(linkage, "fits better here since the neighbouring reports were looked at together") \
    X(consolidated, "two issues turned out to be one")                                    \
    X(loosened, "its issue turned out to hold two things")                                \
    X(person_moved, "a person moved it here")                                             \
    X(person_merged, "a person merged its issue into this one")                           \
    X(person_split, "a person split it off")                                              \
    X(person_undid, "a person undid an earlier correction")                               \
    X(held, "its text was changed, and it stays where a person put it")                   \
    X(remodelled, "the model was changed: with the new one it fits better here")          \
    X(restored, "the change of the model was taken back: it is where it was before")      \
    X(llm_merged, "a language model found one cause for both issues")                     \
    X(imported, "it was in this issue in the system that it was taken from")

typedef enum sc_decision_reason {
#define X(name, words) SC_REASON_##name,
    SC_DECISION_REASONS(X)
#undef X
        SC_REASON_COUNT
} sc_decision_reason;

const char *sc_decision_reason_name(sc_decision_reason r);
const char *sc_decision_reason_words(sc_decision_reason r);
bool sc_decision_reason_parse(sc_str name, sc_decision_reason *ret);

/* Which of a report's decisions, oldest first, are worth keeping for ever: the first, the `newest` last ones (at
 * least one), all that a person made or that obeyed one, and the decision before each such, which says where
 * an undo leads. */
void sc_decision_keep(const sc_decision_reason *reasons, size_t n, size_t newest, bool *ret_keep);

/* The evidence behind a score; similarities are 0..1, NAN = not looked at. */
typedef struct sc_evidence {
    double probability; /* calibrated: the same issue                                     */
    double mean;        /* fused similarity to the cluster's members, averaged            */
    double best, worst; /* to the nearest and the farthest member                         */
    double semantic;    /* vector part to the nearest member                              */
    double lexical;     /* rare shared terms with the nearest member                      */
    double title;       /* title against the nearest member's title                       */
    double stack;       /* in-app frames shared with the nearest member                   */
    bool conflict;      /* platform, version or error code contradict                     */
} sc_evidence;

typedef struct sc_decision {
    int64_t feedback_seq;
    sc_id cluster_id; /* where it went                                     */
    sc_id from_id;    /* where it was; empty = nowhere                     */
    sc_decision_reason reason;
    sc_evidence evidence;
    int64_t nearest_seq; /* the most similar report it was compared with, or 0 */
    sc_str shared_terms; /* JSON array: the words they share, rarest first     */
    sc_str model;        /* embedder and preparation version                   */
    sc_str actor;        /* "worker" or the person's key name                  */
    sc_id job_id;        /* of the grouping job; empty for a person            */
    sc_str note;         /* the reason in a model's own words; empty otherwise */
    int64_t at_ms;
} sc_decision;

#endif
