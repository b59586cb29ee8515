/* Port: the store. Everything durable goes through here; `app` sees no backend.
 *
 * Promises that the contract suite (tests/contract) holds every backend to:
 *  - a write that returned SC_OK is on disk (survives kill -9 and power loss);
 *  - every function is one atomic step: all of it happened, or none;
 *  - SC_STORE means "cannot take this now, nothing was written": disk full, read-only, locked,
 *    failing fsync. Once the cause is gone the next call works again, without a restart;
 *  - a thing of another project is SC_NOT_FOUND, never more;
 *  - any thread may call any function at any time; the backend locks, it starts no threads, retries
 *    nothing and logs nothing. Reads do not wait for writes.
 * Where a project may be none (NULL or empty) it means: any project, the whole installation.
 * Results live in the caller's arena. Times come from the caller (now_ms); ids are made by the
 * caller. Lists answer one page: `limit` rows at most and a cursor for the next page. */
#ifndef SC_PORTS_STORE_H
#define SC_PORTS_STORE_H

#include "base/conf.h"
#include "base/mem.h"
#include "core/audit.h"
#include "core/cluster.h"
#include "core/correction.h"
#include "core/decision.h"
#include "core/feedback.h"
#include "core/fix.h"
#include "core/job.h"
#include "core/key.h"
#include "core/pair.h"
#include "core/project.h"

/* ---- Feedback ---------------------------------------------------------------------------------- */

typedef enum sc_put_status { SC_PUT_NEW, SC_PUT_DUPLICATE } sc_put_status;

typedef struct sc_put_result {
    sc_put_status status;
    sc_id id; /* of the stored report; the first one's when it is a duplicate */
    int64_t seq;
} sc_put_result;

typedef struct sc_feedback_filter {
    sc_id project_id; /* required */
    bool by_source;
    sc_feedback_source source;
    bool by_state;
    sc_feedback_state state;
    bool unclustered;           /* only reports in no cluster */
    sc_id cluster_id;           /* empty = any */
    sc_str status;              /* the source's own status; empty = any */
    int64_t since_ms, until_ms; /* created_at in [since, until); 0 = open */
    const int64_t *seqs;
    size_t n_seqs;
    bool by_seqs; /* only these, in this order */
} sc_feedback_filter;

typedef struct sc_page {
    size_t limit;  /* 1..1000 */
    sc_str cursor; /* empty = first page; otherwise a next_cursor of the same query */
} sc_page;

typedef struct sc_feedback_list {
    sc_feedback *items; /* newest first (created_at, then seq) */
    size_t n;
    int64_t total;      /* all that match; -1 where the backend cannot count cheaply */
    sc_str next_cursor; /* empty = no more */
} sc_feedback_list;

/* A stored representation with what an index needs; handed out row by row, borrowed in the call. */
typedef struct sc_stored_item {
    int64_t seq;
    int64_t created_ms;
    sc_id id;
    sc_id cluster_id; /* empty: in none */
    sc_str repr;      /* blob of core/repr.h; empty when the model does not match */
    int64_t version;  /* group_version of its last change */
} sc_stored_item;

/* ---- Clusters and grouping --------------------------------------------------------------------- */

typedef enum sc_cluster_sort {
    SC_SORT_RECENT,
    SC_SORT_SIZE,
    SC_SORT_TREND,
    SC_SORT_CREATED
} sc_cluster_sort;

typedef struct sc_cluster_filter {
    sc_id project_id;
    unsigned statuses; /* bit set 1 << sc_cluster_status; 0 = any */
    bool by_source;
    sc_feedback_source source;  /* has at least one report of it */
    int64_t since_ms, until_ms; /* last_seen in [since, until); 0 = open */
    int64_t min_count;          /* 0 = any */
    bool
        due; /* only those that a language model is to be asked about, last seen first; of the filters above
               * only the project counts, and there is one page */
    const sc_id *ids;
    size_t n_ids;
    bool by_ids;    /* only these, in this order */
    bool uncounted; /* nobody asks how many match: the total is -1 */
    sc_cluster_sort sort;
} sc_cluster_filter;

typedef struct sc_cluster_list {
    sc_cluster *items;
    size_t n;
    int64_t total;
    sc_str next_cursor;
} sc_cluster_list;

/* An issue by name. */
typedef struct sc_cluster_name {
    sc_id id;
    sc_str title;
    sc_cluster_status status;
    int64_t count;
    unsigned sources; /* bit set of its reports' sources */
} sc_cluster_name;

/* One placement to write. */
typedef struct sc_assign {
    int64_t seq;
    sc_id cluster_id; /* empty: parked (state parked) */
    sc_str
        repr; /* the blob to keep; empty = leave what is there (an edited report then stays pending) */
} sc_assign;

/* One event for the SSE feed and for followers in other processes. */
typedef struct sc_event {
    int64_t id; /* given by the store, growing */
    sc_id project_id;
    sc_str kind; /* "cluster.updated", "feedback.grouped", ... */
    sc_str data; /* JSON object */
    int64_t at_ms;
} sc_event;

/* A report without a representation of some model, and the representation made of it. */
typedef struct sc_side_item {
    int64_t seq;
    int64_t version; /* of the item when its text was read */
    sc_str repr;
} sc_side_item;

/* Representations beside the items' own: by a model that is not the project's (yet), or of items that have none. */
typedef struct sc_side_write {
    sc_id project_id, job_id;
    int64_t job_fence; /* with a job_id: it must be running under it, else SC_FENCED */
    const char *model;
    const sc_side_item *items;
    size_t n;
    int64_t done, total; /* how far its job is, for model_state */
    const struct sc_event *events;
    size_t n_events;
    int64_t now_ms;
} sc_side_write;

typedef struct sc_model_state {
    sc_str active;       /* the project is grouped with; empty: none yet */
    sc_str target;       /* a change that is under way; empty: none      */
    int64_t done, total; /* reports                                      */
    sc_str previous;     /* before the last change; empty: there was none */
    int64_t switched_at_ms, switched_version;
} sc_model_state;

/* What the last change of the model moved and nobody moved since. */
typedef struct sc_moved_item {
    int64_t seq;
    sc_id was_in, is_in;
} sc_moved_item;

/* Everything one step of grouping or one correction changes. Written as one atomic step. */
typedef struct sc_group_write {
    sc_id project_id;
    int64_t expect_version; /* project's group_version it was computed on; else SC_CONFLICT */
    sc_id job_id;
    int64_t job_fence; /* when set: the job must be running under this fence, else SC_FENCED */
    sc_str
        unless_job; /* while a pending or running job of the project has this unique key: SC_CONFLICT; empty = none */
    const char *model; /* of the reprs; becomes the project's where it has none */
    bool activate;     /* `model` becomes the project's: noted as a change of models */
    const sc_assign *assigns;
    size_t n_assigns;
    const sc_cluster *clusters;
    size_t n_clusters; /* inserted or replaced whole, by id */
    const sc_decision *decisions;
    size_t n_decisions;
    const sc_correction *corrections;
    size_t n_corrections;
    const int64_t *removed; /* reports that go for good: their texts, decisions and corrections */
    size_t n_removed;
    sc_id undo_action; /* ends the corrections of this action; empty = none; SC_NOT_FOUND
                                       * when it has none in force */
    /* a, b, probability, at_ms. A pair that was judged "two" is open again when either issue has grown by half
     * since; one that was judged "one" never is: whoever took that back meant it. */
    const sc_pair *suggestions;
    size_t n_suggestions;
    const sc_event *events;
    size_t n_events;
    int64_t now_ms;
} sc_group_write;

/* A verdict on a pair of issues, or the end of what was known about it. */
typedef struct sc_pair_write {
    sc_id project_id, job_id;
    int64_t job_fence; /* with a job_id: it must be running under it, else SC_FENCED */
    sc_pair pair;
    bool drop;
} sc_pair_write;

/* Where a project's reports are drawn: the application's own bytes, replaced whole. */
typedef struct sc_chart_write {
    sc_id project_id, job_id;
    int64_t job_fence; /* the job must be running under it, else SC_FENCED */
    sc_str chart;
    const sc_event *event; /* or NULL */
    int64_t now_ms;
} sc_chart_write;

/* ---- Jobs -------------------------------------------------------------------------------------- */

typedef struct sc_job_filter {
    sc_id project_id; /* empty = all */
    sc_str kind;      /* empty = all */
    bool by_state;
    sc_job_state state;
} sc_job_filter;

typedef struct sc_job_list {
    sc_job *items; /* newest first */
    size_t n;
    int64_t total;
    sc_str next_cursor;
} sc_job_list;

/* How a claimed job ends. */
typedef struct sc_job_end {
    sc_id id;
    int64_t fence;
    sc_job_event event;     /* FINISH, RETRY, BURY, FAIL, RELEASE, TIMEOUT */
    int64_t run_at_ms;      /* RETRY: when; RELEASE: when, or 0 = as it was */
    sc_str error;           /* RETRY, BURY, FAIL, TIMEOUT */
    const sc_event *events; /* of the job's project, in the same step */
    size_t n_events;
    int64_t now_ms;
} sc_job_end;

typedef struct sc_job_counts {
    int64_t by_state[SC_JOB_STATE_COUNT];
    int64_t oldest_pending_ms; /* run_at of the oldest ready job; 0 = none */
} sc_job_counts;

/* ---- Fixes ------------------------------------------------------------------------------------- */

typedef struct sc_fix_filter {
    sc_id project_id; /* empty = all */
    sc_id cluster_id; /* empty = all */
    bool by_state;
    sc_job_state state;
    bool by_pull;
    sc_fix_pull pull;
    bool
        watched; /* only those with an open pull request, and merged ones whose watch goes on (now_ms) */
    int64_t now_ms;
} sc_fix_filter;

typedef struct sc_fix_list {
    sc_fix *items; /* newest first */
    size_t n;
    int64_t total;
    sc_str next_cursor;
} sc_fix_list;

/* One change of a fix: all columns but the job's own. */
typedef struct sc_fix_write {
    const sc_fix
        *fix; /* its version is the one that was read: SC_CONFLICT when it is another one by now */
    int64_t
        job_fence; /* the job must be running under it, else SC_FENCED; 0: the watcher or a person */
    const sc_str *patch; /* replaces the patch's bytes; NULL = leave what is there */
    const sc_event *events;
    size_t n_events;
    int64_t now_ms;
} sc_fix_write;

typedef struct sc_fix_log {
    int64_t seq;   /* 1, 2, ... of the fix; the store gives it */
    sc_str stream; /* "step", "setup", "tests", "agent", "proxy" */
    sc_str text;   /* UTF-8, redacted; whole lines where they are not too long */
    int64_t at_ms;
} sc_fix_log;

/* ---- The audit log ----------------------------------------------------------------------------- */

typedef struct sc_audit_filter {
    sc_id project_id;             /* empty = all                */
    sc_str actor, action, target; /* exactly this; empty = any  */
} sc_audit_filter;

typedef struct sc_audit_list {
    sc_audit *items; /* newest first */
    size_t n;
    sc_str next_cursor;
} sc_audit_list;

/* ---- The rest ---------------------------------------------------------------------------------- */

typedef struct sc_store_stats {
    int64_t feedback, by_source[SC_SOURCE_COUNT], pending, parked;
    int64_t clusters, by_status[SC_CLUSTER_STATUS_COUNT];
    int64_t last_24h;                           /* received in the last 24 hours, to the minute */
    int64_t first_ms, last_ms;                  /* received_at; 0 when empty */
    int64_t by_source_24h[SC_SOURCE_COUNT];     /* of them, to the hour             */
    int64_t by_source_last_ms[SC_SOURCE_COUNT]; /* received_at of the latest; 0: none */
} sc_store_stats;

typedef struct sc_session {
    unsigned char hash[32]; /* SHA-256 of the token */
    bool login;             /* a one-time login link, else a session cookie */
    sc_id project_id;       /* empty: all */
    sc_id key_id;           /* the API key that opened it; empty: a login link did */
    unsigned scopes;
    int64_t created_at_ms, expires_at_ms;
} sc_session;

typedef struct sc_setting_row {
    sc_str name, value;
    int64_t updated_at_ms;
} sc_setting_row;

typedef struct sc_store_info {
    const char *backend; /* "sqlite" */
    int64_t schema_version;
    int64_t bytes;      /* on disk */
    int64_t free_bytes; /* left for us where it is; -1: not known */
} sc_store_info;

typedef bool (*sc_item_fn)(void *self, const sc_stored_item *item);      /* false stops */
typedef bool (*sc_progress_fn)(void *self, int64_t done, int64_t total); /* false stops */

typedef struct sc_store_ops {
    const char *name, *summary;
    const sc_opt *opts;
    size_t n_opts; /* option rows of `conf` */
    size_t size;
    /* Opens or creates, migrates forward. SC_STORE with what to do (locked, damaged, read-only, made
     * by a newer version). */
    sc_rc (*open)(void *self, const void *conf, sc_err *err);
    void (*close)(void *self);
    sc_rc (*info)(void *self, sc_store_info *ret, sc_err *err);
    /* A real durable write (for /health): SC_STORE when it cannot take one. */
    sc_rc (*probe)(void *self, int64_t now_ms, sc_err *err);
    /* Integrity check in depth, for `doctor`; progress may be NULL. */
    sc_rc (*verify)(void *self, sc_progress_fn progress, void *progress_self, sc_err *err);
    /* Consistent copy into a new file while in use. NULL where the engine has its own way. */
    sc_rc (*backup)(void *self, const char *path, sc_progress_fn progress, void *progress_self,
                    sc_err *err);
    /* What might lose an acknowledged write, as sentences in the arena: none where nothing can be said against it. NULL
     * where the backend itself sees to it. */
    sc_rc (*risks)(void *self, sc_arena *arena, sc_str **ret, size_t *ret_n, sc_err *err);
    /* A number that changes whenever any process wrote (cheap: for polling). */
    sc_rc (*change_token)(void *self, int64_t *ret, sc_err *err);
    /* How long to wait at least between two looks at what other processes did; NULL where a look costs nothing to speak
     * of. */
    int64_t (*look_ms)(const void *self);

    /* The lead: at most one process at a time, of all that share the data, does what is to be done once for the whole
     * installation. take: takes it, or keeps it, for lease_ms of the store's own time; where the data belong to one
     * machine, until it is dropped, the store is closed or the process ends. SC_CONFLICT: another owner has it. drop:
     * gives it up; another owner's stays. Neither changes anything that `change_token` tells of. */
    sc_rc (*lead_take)(void *self, sc_str owner, int64_t lease_ms, sc_err *err);
    sc_rc (*lead_drop)(void *self, sc_str owner, sc_err *err);

    /* Projects. put: SC_CONFLICT when the name is taken. get: by id text or by name. */
    sc_rc (*project_put)(void *self, const sc_project *p, sc_err *err);
    sc_rc (*project_get)(void *self, sc_str id_or_name, sc_arena *arena, sc_project *ret,
                         sc_err *err);
    sc_rc (*project_list)(void *self, sc_arena *arena, sc_project **ret, size_t *ret_n,
                          sc_err *err);

    /* Small settings of a project by name ("source.sentry"): JSON text; get gives an empty string when unset;
     * put with an empty value removes. project may be empty (installation-wide). */
    sc_rc (*setting_get)(void *self, const sc_id *project, sc_str name, sc_arena *arena,
                         sc_str *ret, sc_err *err);
    sc_rc (*setting_put)(void *self, const sc_id *project, sc_str name, sc_str value,
                         int64_t now_ms, sc_err *err);
    /* Those whose name begins with `prefix` (empty: all), by name (bytewise). */
    sc_rc (*setting_list)(void *self, const sc_id *project, sc_str prefix, sc_arena *arena,
                          sc_setting_row **ret, size_t *ret_n, sc_err *err);

    /* setting_put where the value is still `was` (empty: unset); SC_CONFLICT when it is not. */
    sc_rc (*setting_swap)(void *self, const sc_id *project, sc_str name, sc_str was, sc_str value,
                          int64_t now_ms, sc_err *err);

    /* One try at a token bucket (app/rate.h) by the store's own clock: of `want` requests *ret_got may go (0: none, and
     * *ret_wait_us is how long until one may). It fills by one in interval_us and holds `burst`. Not durable, and told to nobody.
     * NULL where the processes of one machine are all that share the store. */
    sc_rc (*bucket_take)(void *self, sc_str name, int64_t interval_us, int64_t burst, int64_t want,
                         int64_t *ret_got, int64_t *ret_wait_us, sc_err *err);

    /* Keys and sessions. key_find: by hash, any state. session_take: removes a login token and
     * returns it once; SC_NOT_FOUND when unknown, used or expired. session_get: SC_NOT_FOUND, too, once the
     * key that opened the session is revoked or has expired. */
    sc_rc (*key_put)(void *self, const sc_key *k, sc_err *err);
    sc_rc (*key_find)(void *self, const unsigned char hash[32], sc_arena *arena, sc_key *ret,
                      sc_err *err);
    sc_rc (*key_list)(void *self, const sc_id *project, sc_arena *arena, sc_key **ret,
                      size_t *ret_n, sc_err *err);
    sc_rc (*key_revoke)(void *self, const sc_id *project, const sc_id *id, int64_t now_ms,
                        sc_err *err);
    sc_rc (*key_touch)(void *self, const sc_id *id, int64_t now_ms, sc_err *err);
    sc_rc (*session_put)(void *self, const sc_session *s, sc_err *err);
    sc_rc (*session_take)(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                          sc_err *err);
    sc_rc (*session_get)(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                         sc_err *err);
    sc_rc (*session_drop)(void *self, const unsigned char hash[32], sc_err *err);

    /* Feedback. put writes n reports (of any projects) durably in one commit: the group commit is made
     * by whoever collects many requests into one call. Duplicates, within the call too, are told by
     * ret[i]; ids, seqs come back there. For every project with a new report one job "group" with
     * unique key "group:<project id>" is asked for in the same commit (`group_job_ids[i]` is the id
     * to use if one must be made for items[i]'s project). */
    sc_rc (*feedback_put)(void *self, const sc_feedback *items, const sc_id *group_job_ids,
                          size_t n, sc_put_result *ret, sc_err *err);
    sc_rc (*feedback_get)(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                          sc_feedback *ret, sc_err *err);
    sc_rc (*feedback_list)(void *self, const sc_feedback_filter *f, const sc_page *page,
                           sc_arena *arena, sc_feedback_list *ret, sc_err *err);
    /* Replaces title, body, stack, metadata, url, status of a stored report (matched by project and id);
     * when `regroup` it goes back to pending, leaves its cluster as of the next grouping pass, and its
     * group job is asked for. */
    sc_rc (*feedback_update)(void *self, const sc_feedback *f, bool regroup,
                             const sc_id *group_job_id, int64_t now_ms, sc_err *err);
    /* The oldest pending reports above after_seq. */
    sc_rc (*feedback_pending)(void *self, const sc_id *project, int64_t after_seq, size_t limit,
                              sc_arena *arena, sc_feedback **ret, size_t *ret_n, sc_err *err);

    /* Items changed after `version` (0 = all that were ever placed), in seq order, a removed report's as one
     * in no cluster; repr blobs only when
     * their model is `model`. *ret_version: the group_version that this read saw, as one snapshot. */
    sc_rc (*items_since)(void *self, const sc_id *project, int64_t version, const char *model,
                         sc_item_fn fn, void *fn_self, int64_t *ret_version, sc_err *err);
    /* Status of clusters changed after `version` that are resolved or ignored, and of those that were:
     * id and status of every cluster changed after it. */
    sc_rc (*clusters_since)(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                            sc_cluster **ret, size_t *ret_n, sc_err *err);
    sc_rc (*group_write)(void *self, const sc_group_write *w, int64_t *ret_version, sc_err *err);

    /* A change of a project's model. Its representations are made beside those in use (side_put) and
     * become the ones in use by a group_write with `activate`. An edited report's are forgotten. */
    sc_rc (*model_state)(void *self, const sc_id *project, sc_arena *arena, sc_model_state *ret,
                         sc_err *err);
    /* Items in a cluster that have none of the model, above after_seq, in seq order, at most limit. */
    sc_rc (*items_without)(void *self, const sc_id *project, const char *model, int64_t after_seq,
                           size_t limit, sc_side_item *ret, size_t *ret_n, sc_err *err);
    sc_rc (*count_without)(void *self, const sc_id *project, const char *model, int64_t *ret,
                           sc_err *err);
    /* Leaves out items whose version is another one by now, whose own is of the model, and that have the same bytes
     * already; *ret_stored counts the others. Without a job model_state stays as it is. */
    sc_rc (*side_put)(void *self, const sc_side_write *w, size_t *ret_stored, sc_err *err);
    /* Removes at most limit representations of models that are neither the project's nor `keep`. */
    sc_rc (*side_prune)(void *self, const sc_id *project, const char *keep, size_t limit,
                        size_t *ret_n, sc_err *err);
    /* What a group_write that switched moved, as far as it is where that put it. */
    sc_rc (*moved_by_switch)(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                             sc_moved_item **ret, size_t *ret_n, sc_err *err);

    sc_rc (*cluster_get)(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                         sc_cluster *ret, sc_err *err);
    /* Clusters that were merged away are left out; cluster_get finds them. */
    sc_rc (*cluster_list)(void *self, const sc_cluster_filter *f, const sc_page *page,
                          int64_t now_ms, sc_arena *arena, sc_cluster_list *ret, sc_err *err);
    /* All that were not merged away, by id. */
    sc_rc (*cluster_names)(void *self, const sc_id *project, sc_arena *arena, sc_cluster_name **ret,
                           size_t *ret_n, sc_err *err);
    /* get: nothing but the version where it is `known`; 0: there is none. put: *ret_version is another one. */
    sc_rc (*chart_get)(void *self, const sc_id *project, int64_t known, sc_arena *arena,
                       sc_str *ret, int64_t *ret_version, sc_err *err);
    sc_rc (*chart_put)(void *self, const sc_chart_write *w, int64_t *ret_version, sc_err *err);
    /* Corrections in force, oldest first. */
    sc_rc (*corrections)(void *self, const sc_id *project, sc_arena *arena, sc_correction **ret,
                         size_t *ret_n, sc_err *err);
    /* A report's decisions, oldest first. */
    sc_rc (*decisions)(void *self, const sc_id *project, int64_t seq, sc_arena *arena,
                       sc_decision **ret, size_t *ret_n, sc_err *err);

    /* Answers of a language model by what was asked; get gives an empty string when there is none. put
     * keeps the newest `keep` of all. */
    sc_rc (*answer_get)(void *self, const unsigned char key[32], sc_arena *arena, sc_str *ret,
                        sc_err *err);
    sc_rc (*answer_put)(void *self, const unsigned char key[32], sc_str text, int64_t now_ms,
                        int64_t keep, sc_err *err);
    /* Pairs of issues that may be one. get: SC_NOT_FOUND for one that nobody suggested. pairs_open: the likeliest
     * first; ret has room for limit. put: inserts or replaces. */
    sc_rc (*pair_get)(void *self, const sc_id *project, const sc_id *a, const sc_id *b,
                      sc_arena *arena, sc_pair *ret, sc_err *err);
    sc_rc (*pairs_open)(void *self, const sc_id *project, size_t limit, sc_arena *arena,
                        sc_pair *ret, size_t *ret_n, sc_err *err);
    sc_rc (*pair_put)(void *self, const sc_pair_write *w, sc_err *err);
    /* All of them, in any order. */
    sc_rc (*pair_list)(void *self, const sc_id *project, sc_arena *arena, sc_pair **ret,
                       size_t *ret_n, sc_err *err);

    /* Jobs. enqueue: when a pending job has the unique key, its id comes back and nothing is added;
     * when a running one has it, it is marked `again`. claim: the oldest ready job of one of the kinds
     * (or one whose lease ran out, or whose time is more than SC_JOB_LONGEST_WAIT_MS ahead, which only a
     * clock that was put back explains: attempts counted, fence raised; one with no attempts left becomes a
     * dead letter instead); SC_NOT_FOUND when there is none. A job marked `again` goes back to pending
     * when it finishes (attempts 0); when it ends badly it ends, and a new pending job takes the asking
     * over; CANCEL ends both. A RETRY with no attempts left buries. */
    sc_rc (*job_enqueue)(void *self, const sc_job *job, sc_id *ret_id, sc_err *err);
    sc_rc (*job_claim)(void *self, const sc_str *kinds, size_t n_kinds, sc_str owner,
                       int64_t lease_ms, int64_t now_ms, sc_arena *arena, sc_job *ret, sc_err *err);
    sc_rc (*job_heartbeat)(void *self, const sc_id *id, int64_t fence, int64_t lease_ms,
                           int64_t now_ms, sc_err *err); /* SC_FENCED when no longer ours */
    sc_rc (*job_end)(void *self, const sc_job_end *end, sc_err *err);
    sc_rc (*job_get)(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                     sc_job *ret, sc_err *err);
    sc_rc (*job_list)(void *self, const sc_job_filter *f, const sc_page *page, sc_arena *arena,
                      sc_job_list *ret, sc_err *err);
    /* By a person: CANCEL, REPLAY (dead -> pending, attempts 0). drop removes a dead letter. */
    sc_rc (*job_act)(void *self, const sc_id *project, const sc_id *id, sc_job_event event,
                     int64_t now_ms, sc_err *err);
    sc_rc (*job_drop)(void *self, const sc_id *project, const sc_id *id, sc_err *err);
    sc_rc (*job_counts)(void *self, const sc_id *project, sc_str kind, sc_job_counts *ret,
                        sc_err *err);
    /* Fixes: jobs of kind "fix" with a row beside each. start makes both, unless a pending or running job has the
     * unique key: then *ret_id is that one's and *ret_new false. Read back, a fix carries its job's state. */
    sc_rc (*fix_start)(void *self, const sc_job *job, const sc_fix *fix, sc_id *ret_id,
                       bool *ret_new, sc_err *err);
    sc_rc (*fix_save)(void *self, const sc_fix_write *w, sc_err *err);
    /* A fix that ended elsewhere, with its job, as they are given; patch NULL: it has none. Its log follows by fix_log_put.
     * SC_CONFLICT when its id is stored already; SC_INVALID when it has not ended. */
    sc_rc (*fix_keep)(void *self, const sc_job *job, const sc_fix *fix, const sc_str *patch,
                      sc_err *err);
    sc_rc (*fix_get)(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                     sc_fix *ret, sc_err *err);
    sc_rc (*fix_list)(void *self, const sc_fix_filter *f, const sc_page *page, sc_arena *arena,
                      sc_fix_list *ret, sc_err *err);
    /* Empty when there is none. */
    sc_rc (*fix_patch)(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                       sc_str *ret, sc_err *err);
    /* Sends an ended fix round again (not one that ended well), as job_act does a dead letter: attempts 0, `step` as given,
     * reason none. SC_CONFLICT when another fix of the issue is under way. */
    sc_rc (*fix_retry)(void *self, const sc_id *project, const sc_id *id, sc_fix_step step,
                       int64_t now_ms, sc_err *err);
    /* Appends to a fix's log as long as it is at most max_bytes long; what is too much is left out, and
     * once a row says so. */
    sc_rc (*fix_log_put)(void *self, const sc_id *id, const sc_fix_log *rows, size_t n,
                         int64_t max_bytes, sc_err *err);
    /* Oldest first: the first rows above after_seq; or, before_seq not 0, the last ones of those that are below it, too. */
    sc_rc (*fix_log_get)(void *self, const sc_id *project, const sc_id *id, int64_t after_seq,
                         int64_t before_seq, size_t limit, sc_arena *arena, sc_fix_log **ret,
                         size_t *ret_n, sc_err *err);
    /* Plans. put: version must be the newest's + 1 (1: the first), else SC_CONFLICT. get: version 0 = the newest. */
    sc_rc (*plan_put)(void *self, const sc_plan *plan, sc_err *err);
    sc_rc (*plan_get)(void *self, const sc_id *project, const sc_id *cluster, int64_t version,
                      sc_arena *arena, sc_plan *ret, sc_err *err);
    /* Removes ended (not dead) jobs, but for fixes, and events older than the times, at most `limit` of each; returns how many
     * rows went. */
    sc_rc (*prune)(void *self, int64_t jobs_before_ms, int64_t events_before_ms, size_t limit,
                   int64_t *ret_n, sc_err *err);
    /* Looks at the `reports` report numbers above after_seq, of all projects, and removes their decisions but
     * for those that sc_decision_keep names. *ret_next: from where to go on; 0 = those were the last. */
    sc_rc (*decision_prune)(void *self, int64_t after_seq, size_t reports, size_t newest,
                            int64_t *ret_next, int64_t *ret_n, sc_err *err);

    /* Events after an id, oldest first; project empty = all. */
    sc_rc (*events)(void *self, const sc_id *project, int64_t after_id, size_t limit,
                    sc_arena *arena, sc_event **ret, size_t *ret_n, sc_err *err);
    sc_rc (*last_event)(void *self, int64_t *ret_id, sc_err *err);

    /* The audit log. put: of rows with an id that is there already nothing changes; *ret_new: how many were not. */
    sc_rc (*audit_put)(void *self, const sc_audit *rows, size_t n, size_t *ret_new, sc_err *err);
    sc_rc (*audit_list)(void *self, const sc_audit_filter *f, const sc_page *page, sc_arena *arena,
                        sc_audit_list *ret, sc_err *err);

    sc_rc (*stats)(void *self, const sc_id *project, int64_t now_ms, sc_store_stats *ret,
                   sc_err *err);
} sc_store_ops;

/* An opened store, as it is handed round. */
typedef struct sc_store {
    const sc_store_ops *ops;
    void *self;
} sc_store;

#endif
