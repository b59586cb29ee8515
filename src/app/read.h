/* Reading that needs the index or several stores' answers: text filter, search, trace, detail. */
#ifndef SC_APP_READ_H
#define SC_APP_READ_H

#include "app/app.h"
#include "base/span.h"

/* Feedback with an optional text filter: all words of q (stemmed; in no order) must occur. Text filtering
 * covers grouped reports; the index may lag behind the store by the grouping delay. Cursors are bound to
 * the filter. */
sc_rc sc_read_feedback(sc_app *app, const sc_feedback_filter *f, sc_str q, const sc_page *page,
                       sc_arena *arena, sc_feedback_list *ret, sc_err *err);
/* Clusters; with q: only those with a member that holds all words of q, best match first. */
sc_rc sc_read_clusters(sc_app *app, const sc_cluster_filter *f, sc_str q, const sc_page *page,
                       sc_arena *arena, sc_cluster_list *ret, sc_err *err);
/* A cluster by id; when it was merged away: *ret is the one its reports live in now and *ret_moved true. */
sc_rc sc_read_cluster(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_cluster *ret, bool *ret_moved, sc_err *err);

typedef struct sc_search_hit {
    sc_feedback feedback;
    double score, semantic, lexical; /* 0..1 */
} sc_search_hit;
typedef struct sc_search_result {
    sc_search_hit *hits; /* best first */
    size_t n;
    struct {
        sc_cluster cluster;
        double score;
        size_t hits;
    } * clusters; /* the clusters of the hits, best first */
    size_t n_clusters;
    const char *model;
    int64_t took_us;
} sc_search_result;
/* Semantic and lexical search. limit 1..100. */
sc_rc sc_read_search(sc_app *app, const sc_id *project, sc_str query, size_t limit, sc_arena *arena,
                     sc_search_result *ret, sc_err *err);

/* The whole way of one report: received, stored, embedded, grouped (with reasons), job, fixes of its issue and their pull requests. */
typedef struct sc_trace_step {
    int64_t at_ms;
    const char *step;            /* "received", "stored", "grouped", "moved", "parked", ... */
    sc_str words;                /* one sentence for people */
    sc_str request_id;           /* or empty */
    sc_id job_id;                /* or empty */
    sc_id action_id;             /* what an undo takes, as long as it is in force; or empty */
    const sc_decision *decision; /* or NULL */
    sc_str nearest_title;
    sc_id nearest_id;
    sc_id cluster_id;
    sc_str cluster_title; /* with a decision */
    sc_str url;           /* of a pull request, or empty */
} sc_trace_step;
typedef struct sc_trace {
    sc_feedback feedback;
    char trace_id
        [SC_TRACE_TEXT];  /* of the request that brought it; what it caused is in the same trace */
    sc_trace_step *steps; /* oldest first */
    size_t n;
    bool has_now; /* `now` is the evidence against its cluster as it stands today */
    sc_evidence now;
} sc_trace;
sc_rc sc_read_trace(sc_app *app, const sc_id *project, const sc_id *feedback, sc_arena *arena,
                    sc_trace *ret, sc_err *err);

/* Grouping's state: pending reports, whether a pass is running, the last job (ret_job->id empty: none). */
typedef struct sc_grouping_status {
    int64_t pending, parked;
    bool running;
    sc_job last_job;
    size_t indexed_items, indexed_clusters;
    bool remote;  /* the embedder is behind a network: */
    int64_t bare; /* reports of the project that are grouped without its vector, for now */
    sc_embed_stats embed;
    const char *llm; /* the language model's name; NULL: there is none */
    bool due;        /* issues of the project wait for its words       */
    sc_ask_stats ask;
} sc_grouping_status;
sc_rc sc_read_grouping(sc_app *app, const sc_id *project, sc_arena *arena, sc_grouping_status *ret,
                       sc_err *err);

/* Clusters that may be the same as this one, best first (merge candidates). */
typedef struct sc_merge_candidate {
    sc_cluster cluster;
    sc_evidence evidence;
    bool apart;
} sc_merge_candidate;
sc_rc sc_read_candidates(sc_app *app, const sc_id *project, const sc_id *cluster, size_t limit,
                         sc_arena *arena, sc_merge_candidate **ret, size_t *ret_n, sc_err *err);

#endif
