/* Similarity: between items, between an item and all others, between clusters; and the project's
 * epoch, which fixes word weights and the cut until the project has grown by some percent.
 *
 * raw(i, j) = k.vec vec(i, j) + k.word cos(words) + k.title cos(title) + k.frame cos(frames): each
 * lexical cosine over (1 + ln tf) * idf; vec is the cosine less that of a random pair, (cos - m) /
 * (1 - m), because embedders differ in how alike unrelated texts are to them. Threads: functions that take a const engine may run side by
 * side with caller-owned scratch. */
#ifndef SC_GROUP_SCORE_H
#define SC_GROUP_SCORE_H

#include "group/groups.h"
#include "group/profile.h"
#include "group/terms.h"

typedef struct sc_epoch {
    uint32_t n;         /* items when it began; 0 = never */
    float idf_new;      /* weight of a word that no item had then */
    float own_cut;      /* the project's, before people had a say (learn.h) */
    float cut;          /* raw similarity at which two reports are as likely one issue as not */
    sc_weights k;       /* between the profile's, by what kind of project this is */
    float vec_k, vec_0; /* the vector's part of raw: vec_k * dot - vec_0 */
    float margin;       /* what a change of existing clusters must gain, raw */
    float scale;        /* spread of raw similarity around the cut, for showing it as 0..1 */
    float topics;       /* 0 = long reports, 1 = short texts on topics (profile.h) */
    uint32_t shape_n;   /* items when topics and own_cut were looked at */
} sc_epoch;

/* An item or a text asked for, in the form that the scoring functions take. */
typedef struct sc_query {
    const int8_t *vec;
    const uint32_t *feats; /* packed, kinds in order */
    uint16_t count[SC_TERM_WEIGHTED];
    float inv[SC_TERM_WEIGHTED];
    const uint32_t *facets;
    uint8_t n_facets;
    uint32_t slot; /* of the item itself, or SC_GROUP_NONE */
} sc_query;

typedef struct sc_score {
    const sc_items *items;
    const sc_terms *terms;
    const sc_profile *profile;
    const sc_epoch *epoch;
} sc_score;

/* Norms of a new item, by the epoch's idf. */
void sc_score_set_norms(const sc_score *s, sc_items *items, uint32_t slot);

sc_query sc_score_query(const sc_score *s, uint32_t slot);
/* For a text that is no item: `feats` from sc_terms_find, kept by the caller. */
sc_query sc_score_query_of(const sc_score *s, const sc_repr *r, const sc_feats *feats);

/* ret_raw[i] = raw(query, i) for all items; dots is scratch of the same length. */
void sc_score_all(const sc_score *s, const sc_query *q, int32_t *dots, float *ret_raw);

/* The same for one of them: to the bit what sc_score_all gives. */
float sc_score_one(const sc_score *s, const sc_query *q, uint32_t slot);

/* The parts of the similarity of two items, each 0..1 (the vector part floored at 0). */
typedef struct sc_parts {
    float vec, word, title, frame, raw;
} sc_parts;
void sc_score_parts(const sc_score *s, const sc_query *q, uint32_t slot, sc_parts *ret);

/* 1 contradiction each: both name an error code (a platform, a version) and share none. Weighted by
 * the profile. */
float sc_score_conflict(const sc_score *s, const sc_query *q, uint32_t slot);
/* The kinds of a list of facets: a bit each. */
unsigned sc_score_kinds(const uint32_t *facets, unsigned n);
/* sc_score_conflict for two lists of facets and the kinds that are in both. */
float sc_score_contradiction(const sc_score *s, unsigned both, const uint32_t *a, unsigned n_a,
                             const uint32_t *b, unsigned n_b);

/* Raw similarity as people see it: 0..1, 0.7 at the cut. Monotone. */
double sc_score_shown(const sc_score *s, double raw);
/* Probability that a report whose similarity is `x` belongs. */
double sc_score_probability(const sc_score *s, double x);

float sc_score_idf(const sc_score *s, uint32_t term_id);
/* What a packed feature's occurrences weigh, and a kind of features in raw. */
float sc_score_tf(uint32_t packed);
const float *sc_score_tfs(void); /* by occurrences, 0..SC_TERM_TF_MAX */
float sc_score_kind(const sc_score *s, int kind);

/* ---- Sums over items: a cluster as one point --------------------------------------------------- */

typedef struct sc_accum {
    int32_t *sum; /* dim */
    float *words; /* a weight for each term of the vocabulary; zero outside the members' terms */
    uint32_t n_terms, n;
} sc_accum;

/* SC_NOMEM leaves it empty. */
bool sc_accum_init(sc_accum *a, const sc_score *s);
/* Makes it fit a vocabulary that has grown. */
bool sc_accum_fit(sc_accum *a, const sc_score *s);
void sc_accum_add(sc_accum *a, const sc_score *s, uint32_t slot);
void sc_accum_add_all(sc_accum *a, const sc_score *s, const uint32_t *slots, uint32_t n);
/* Sum of raw(slot, member) over the members added; the item itself counts if it is among them. */
double sc_accum_dot(const sc_accum *a, const sc_score *s, uint32_t slot);
/* Empties it; the members are those that were added. */
void sc_accum_clear(sc_accum *a, const sc_score *s, const uint32_t *slots, uint32_t n);
void sc_accum_done(sc_accum *a);

/* raw(i, i): k.vec + the k of each kind that the item has. */
double sc_score_self(const sc_score *s, uint32_t slot);

#endif
