/* The port's functions, one file a subject, and what they share. */
#ifndef SC_STORES_SQLITE_STEPS_H
#define SC_STORES_SQLITE_STEPS_H

#include "stores/cursor.h"
#include "stores/sqlite/query.h"
#include "stores/sqlite/schema.h"

/* ---- Shared ----------------------------------------------------------------------------------- */

/* Number of a project; SC_NOT_FOUND when it is unknown or none. */
sc_rc sc_sq_project_no(sc_sq_conn *c, const sc_id *id, int64_t *ret, sc_err *err);
/* The same, but NULL or none is 0: the installation, or any project. */
sc_rc sc_sq_project_any(sc_sq_conn *c, const sc_id *id, int64_t *ret, sc_err *err);

/* counter += by; by may be negative. */
sc_rc sc_sq_tally_add(sc_sq_conn *c, int64_t project_no, int what, int64_t by, sc_err *err);
/* All counters of a project from `what` on, n of them; absent ones are 0. */
sc_rc sc_sq_tally_read(sc_sq_conn *c, int64_t project_no, int what, int64_t *ret, size_t n,
                       sc_err *err);
/* Notes that reports came between the two times; call before their tallies are added. */
sc_rc sc_sq_arrival_note(sc_sq_conn *c, int64_t project_no, int64_t first_ms, int64_t last_ms,
                         sc_err *err);
/* The same of one source, the latest of them at last_ms. */
sc_rc sc_sq_source_note(sc_sq_conn *c, int64_t project_no, int source, int64_t last_ms,
                        sc_err *err);

/* Number of an embedder's name; 0 when it was never stored. `make` stores it. */
sc_rc sc_sq_model_no(sc_sq_conn *c, sc_str name, bool make, int64_t *ret, sc_err *err);
/* Number of a cluster of the project; none is 0; SC_NOT_FOUND. */
sc_rc sc_sq_cluster_no(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t *ret,
                       sc_err *err);

/* Takes all that a report said, and what was decided about it, out of the store; the counters of states and
 * grouped reports are the caller's. SC_NOT_FOUND. */
sc_rc sc_sq_remove(sc_sq_conn *c, int64_t project_no, int64_t seq, int64_t version, sc_err *err);

/* Forgets a report's representations by further models: its text has changed. */
sc_rc sc_sq_side_forget(sc_sq_conn *c, int64_t project_no, int64_t seq, sc_err *err);
/* The model of a group_write becomes the project's: where it has none, or where that is asked for. */
sc_rc sc_sq_model_settle(sc_sq_conn *c, int64_t project_no, int64_t model_no, bool activate,
                         int64_t version, int64_t now_ms, sc_err *err);

/* Asks for the project's "group" job: nothing where one is pending, `again` where one runs. */
sc_rc sc_sq_job_ask_group(sc_sq_conn *c, int64_t project_no, const sc_id *project,
                          const sc_id *job_id, sc_str request_id, int64_t now_ms, sc_err *err);
/* SC_FENCED unless the project's job runs under this fence. */
sc_rc sc_sq_job_check_fence(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t fence,
                            sc_err *err);
/* A suggestion of a group_write. */
sc_rc sc_sq_pair_suggest(sc_sq_conn *c, int64_t project_no, const sc_pair *p, sc_err *err);
/* The number of the project's job (0: of any), and its state. SC_NOT_FOUND. */
sc_rc sc_sq_job_find(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t *ret_seq,
                     sc_job_state *ret_state, sc_err *err);
/* The job that has the unique key and is pending or running. */
sc_rc sc_sq_job_open(sc_sq_conn *c, int64_t project_no, sc_str key, sc_id *ret, bool *ret_found,
                     sc_err *err);
/* Adds a job unless an open one has its unique key, whose id then comes back. *ret_seq: of a new one. */
sc_rc sc_sq_job_add(sc_sq_conn *c, const sc_job *job, int64_t project_no, sc_id *ret_id,
                    bool *ret_new, int64_t *ret_seq, sc_err *err);
/* An ended job without success is pending again, as if it had just been asked for. */
sc_rc sc_sq_job_again(sc_sq_conn *c, int64_t seq, sc_job_state from, int64_t now_ms, sc_err *err);
/* Forgets what is kept of a fix beside its job. */
sc_rc sc_sq_fix_forget(sc_sq_conn *c, int64_t fix_no, sc_err *err);
sc_rc sc_sq_event_add(sc_sq_conn *c, int64_t project_no, const sc_event *e, sc_err *err);

/* A growing array in an arena: room for one more. NULL: SC_NOMEM. The old one stays in the arena. */
void *sc_sq_grow(sc_arena *arena, void *items, size_t n, size_t *cap, size_t size);
sc_rc sc_sq_no_memory(sc_err *err);

/* ---- The port --------------------------------------------------------------------------------- */

sc_rc sc_sq_verify(void *, sc_progress_fn, void *, sc_err *);
sc_rc sc_sq_backup(void *, const char *, sc_progress_fn, void *, sc_err *);

sc_rc sc_sq_project_put(void *, const sc_project *, sc_err *);
sc_rc sc_sq_project_get(void *, sc_str, sc_arena *, sc_project *, sc_err *);
sc_rc sc_sq_project_list(void *, sc_arena *, sc_project **, size_t *, sc_err *);
sc_rc sc_sq_setting_get(void *, const sc_id *, sc_str, sc_arena *, sc_str *, sc_err *);
sc_rc sc_sq_setting_put(void *, const sc_id *, sc_str, sc_str, int64_t, sc_err *);
sc_rc sc_sq_setting_list(void *, const sc_id *, sc_str, sc_arena *, sc_setting_row **, size_t *,
                         sc_err *);
sc_rc sc_sq_setting_swap(void *, const sc_id *, sc_str, sc_str, sc_str, int64_t, sc_err *);

sc_rc sc_sq_key_put(void *, const sc_key *, sc_err *);
sc_rc sc_sq_key_find(void *, const unsigned char[32], sc_arena *, sc_key *, sc_err *);
sc_rc sc_sq_key_list(void *, const sc_id *, sc_arena *, sc_key **, size_t *, sc_err *);
sc_rc sc_sq_key_revoke(void *, const sc_id *, const sc_id *, int64_t, sc_err *);
sc_rc sc_sq_key_touch(void *, const sc_id *, int64_t, sc_err *);
sc_rc sc_sq_session_put(void *, const sc_session *, sc_err *);
sc_rc sc_sq_session_take(void *, const unsigned char[32], int64_t, sc_session *, sc_err *);
sc_rc sc_sq_session_get(void *, const unsigned char[32], int64_t, sc_session *, sc_err *);
sc_rc sc_sq_session_drop(void *, const unsigned char[32], sc_err *);

sc_rc sc_sq_feedback_put(void *, const sc_feedback *, const sc_id *, size_t, sc_put_result *,
                         sc_err *);
sc_rc sc_sq_feedback_update(void *, const sc_feedback *, bool, const sc_id *, int64_t, sc_err *);
sc_rc sc_sq_feedback_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_feedback *, sc_err *);
sc_rc sc_sq_feedback_list(void *, const sc_feedback_filter *, const sc_page *, sc_arena *,
                          sc_feedback_list *, sc_err *);
sc_rc sc_sq_feedback_pending(void *, const sc_id *, int64_t, size_t, sc_arena *, sc_feedback **,
                             size_t *, sc_err *);

sc_rc sc_sq_items_since(void *, const sc_id *, int64_t, const char *, sc_item_fn, void *, int64_t *,
                        sc_err *);
sc_rc sc_sq_clusters_since(void *, const sc_id *, int64_t, sc_arena *, sc_cluster **, size_t *,
                           sc_err *);
sc_rc sc_sq_model_state(void *, const sc_id *, sc_arena *, sc_model_state *, sc_err *);
sc_rc sc_sq_items_without(void *, const sc_id *, const char *, int64_t, size_t, sc_side_item *,
                          size_t *, sc_err *);
sc_rc sc_sq_count_without(void *, const sc_id *, const char *, int64_t *, sc_err *);
sc_rc sc_sq_side_put(void *, const sc_side_write *, size_t *, sc_err *);
sc_rc sc_sq_side_prune(void *, const sc_id *, const char *, size_t, size_t *, sc_err *);
sc_rc sc_sq_moved_by_switch(void *, const sc_id *, int64_t, sc_arena *, sc_moved_item **, size_t *,
                            sc_err *);
sc_rc sc_sq_group_write(void *, const sc_group_write *, int64_t *, sc_err *);
sc_rc sc_sq_cluster_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_cluster *, sc_err *);
sc_rc sc_sq_cluster_list(void *, const sc_cluster_filter *, const sc_page *, int64_t, sc_arena *,
                         sc_cluster_list *, sc_err *);
sc_rc sc_sq_cluster_names(void *, const sc_id *, sc_arena *, sc_cluster_name **, size_t *,
                          sc_err *);
sc_rc sc_sq_chart_get(void *, const sc_id *, int64_t, sc_arena *, sc_str *, int64_t *, sc_err *);
sc_rc sc_sq_chart_put(void *, const sc_chart_write *, int64_t *, sc_err *);
sc_rc sc_sq_corrections(void *, const sc_id *, sc_arena *, sc_correction **, size_t *, sc_err *);
sc_rc sc_sq_decisions(void *, const sc_id *, int64_t, sc_arena *, sc_decision **, size_t *,
                      sc_err *);

sc_rc sc_sq_answer_get(void *, const unsigned char[32], sc_arena *, sc_str *, sc_err *);
sc_rc sc_sq_answer_put(void *, const unsigned char[32], sc_str, int64_t, int64_t, sc_err *);
sc_rc sc_sq_pair_get(void *, const sc_id *, const sc_id *, const sc_id *, sc_arena *, sc_pair *,
                     sc_err *);
sc_rc sc_sq_pairs_open(void *, const sc_id *, size_t, sc_arena *, sc_pair *, size_t *, sc_err *);
sc_rc sc_sq_pair_list(void *, const sc_id *, sc_arena *, sc_pair **, size_t *, sc_err *);
sc_rc sc_sq_pair_put(void *, const sc_pair_write *, sc_err *);

sc_rc sc_sq_job_enqueue(void *, const sc_job *, sc_id *, sc_err *);
sc_rc sc_sq_job_claim(void *, const sc_str *, size_t, sc_str, int64_t, int64_t, sc_arena *,
                      sc_job *, sc_err *);
sc_rc sc_sq_job_heartbeat(void *, const sc_id *, int64_t, int64_t, int64_t, sc_err *);
sc_rc sc_sq_job_end(void *, const sc_job_end *, sc_err *);
sc_rc sc_sq_job_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_job *, sc_err *);
sc_rc sc_sq_job_list(void *, const sc_job_filter *, const sc_page *, sc_arena *, sc_job_list *,
                     sc_err *);
sc_rc sc_sq_job_act(void *, const sc_id *, const sc_id *, sc_job_event, int64_t, sc_err *);
sc_rc sc_sq_job_drop(void *, const sc_id *, const sc_id *, sc_err *);
sc_rc sc_sq_job_counts(void *, const sc_id *, sc_str, sc_job_counts *, sc_err *);
sc_rc sc_sq_fix_start(void *, const sc_job *, const sc_fix *, sc_id *, bool *, sc_err *);
sc_rc sc_sq_fix_keep(void *, const sc_job *, const sc_fix *, const sc_str *, sc_err *);
sc_rc sc_sq_fix_save(void *, const sc_fix_write *, sc_err *);
sc_rc sc_sq_fix_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_fix *, sc_err *);
sc_rc sc_sq_fix_list(void *, const sc_fix_filter *, const sc_page *, sc_arena *, sc_fix_list *,
                     sc_err *);
sc_rc sc_sq_fix_patch(void *, const sc_id *, const sc_id *, sc_arena *, sc_str *, sc_err *);
sc_rc sc_sq_fix_retry(void *, const sc_id *, const sc_id *, sc_fix_step, int64_t, sc_err *);
sc_rc sc_sq_fix_log_put(void *, const sc_id *, const sc_fix_log *, size_t, int64_t, sc_err *);
sc_rc sc_sq_fix_log_get(void *, const sc_id *, const sc_id *, int64_t, int64_t, size_t, sc_arena *,
                        sc_fix_log **, size_t *, sc_err *);
sc_rc sc_sq_plan_put(void *, const sc_plan *, sc_err *);
sc_rc sc_sq_plan_get(void *, const sc_id *, const sc_id *, int64_t, sc_arena *, sc_plan *,
                     sc_err *);
sc_rc sc_sq_lead_take(void *, sc_str, int64_t, sc_err *);
sc_rc sc_sq_lead_drop(void *, sc_str, sc_err *);
sc_rc sc_sq_prune(void *, int64_t, int64_t, size_t, int64_t *, sc_err *);
sc_rc sc_sq_decision_prune(void *, int64_t, size_t, size_t, int64_t *, int64_t *, sc_err *);

sc_rc sc_sq_audit_put(void *, const sc_audit *, size_t, size_t *, sc_err *);
sc_rc sc_sq_audit_list(void *, const sc_audit_filter *, const sc_page *, sc_arena *,
                       sc_audit_list *, sc_err *);
sc_rc sc_sq_events(void *, const sc_id *, int64_t, size_t, sc_arena *, sc_event **, size_t *,
                   sc_err *);
sc_rc sc_sq_last_event(void *, int64_t *, sc_err *);
sc_rc sc_sq_stats(void *, const sc_id *, int64_t, sc_store_stats *, sc_err *);

#endif
