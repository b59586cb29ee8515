/* The port's functions, one file a subject. */
#ifndef SC_STORES_REDIS_STEPS_H
#define SC_STORES_REDIS_STEPS_H

#include "stores/cursor.h"
#include "stores/redis/store.h"

/* A row of `job_get` and its like. */
sc_job sc_rd_job_row(sc_str row, sc_arena *arena, int64_t *ret_seq, bool *bad, bool *nomem);

/* A new job, as an argument. */
void sc_rd_pack_job(sc_buf *b, const sc_job *j, int64_t number);
/* The same with its state, attempts, times and error. */
void sc_rd_pack_job_as_it_is(sc_buf *b, const sc_job *j, int64_t number);
/* Which state follows from each with the event; -1: it does not fit. */
void sc_rd_pack_moves(sc_buf *b, sc_job_event event);
/* Where the job lives; SC_NOT_FOUND when that is not the project named. */
sc_rc sc_rd_home_in(sc_rd *s, const sc_id *project, const sc_id *id, sc_id *ret, sc_err *err);
/* The project named, or all of them and the installation; in the arena. */
sc_rc sc_rd_scope_of(sc_rd *s, const sc_id *project, sc_arena *arena, sc_id **ret, size_t *ret_n,
                     sc_err *err);

sc_rc sc_rd_risks(void *, sc_arena *, sc_str **, size_t *, sc_err *);
sc_rc sc_rd_lead_take(void *, sc_str, int64_t, sc_err *);
sc_rc sc_rd_lead_drop(void *, sc_str, sc_err *);
sc_rc sc_rd_verify(void *, sc_progress_fn, void *, sc_err *);
sc_rc sc_rd_project_put(void *, const sc_project *, sc_err *);
sc_rc sc_rd_project_get(void *, sc_str, sc_arena *, sc_project *, sc_err *);
sc_rc sc_rd_project_list(void *, sc_arena *, sc_project **, size_t *, sc_err *);
sc_rc sc_rd_setting_get(void *, const sc_id *, sc_str, sc_arena *, sc_str *, sc_err *);
sc_rc sc_rd_setting_put(void *, const sc_id *, sc_str, sc_str, int64_t, sc_err *);
sc_rc sc_rd_setting_list(void *, const sc_id *, sc_str, sc_arena *, sc_setting_row **, size_t *,
                         sc_err *);
sc_rc sc_rd_setting_swap(void *, const sc_id *, sc_str, sc_str, sc_str, int64_t, sc_err *);

sc_rc sc_rd_bucket_take(void *, sc_str, int64_t, int64_t, int64_t, int64_t *, int64_t *, sc_err *);
sc_rc sc_rd_key_put(void *, const sc_key *, sc_err *);
sc_rc sc_rd_key_find(void *, const unsigned char[32], sc_arena *, sc_key *, sc_err *);
sc_rc sc_rd_key_list(void *, const sc_id *, sc_arena *, sc_key **, size_t *, sc_err *);
sc_rc sc_rd_key_revoke(void *, const sc_id *, const sc_id *, int64_t, sc_err *);
sc_rc sc_rd_key_touch(void *, const sc_id *, int64_t, sc_err *);
sc_rc sc_rd_session_put(void *, const sc_session *, sc_err *);
sc_rc sc_rd_session_take(void *, const unsigned char[32], int64_t, sc_session *, sc_err *);
sc_rc sc_rd_session_get(void *, const unsigned char[32], int64_t, sc_session *, sc_err *);
sc_rc sc_rd_session_drop(void *, const unsigned char[32], sc_err *);

sc_rc sc_rd_feedback_put(void *, const sc_feedback *, const sc_id *, size_t, sc_put_result *,
                         sc_err *);
sc_rc sc_rd_feedback_update(void *, const sc_feedback *, bool, const sc_id *, int64_t, sc_err *);
sc_rc sc_rd_feedback_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_feedback *, sc_err *);
sc_rc sc_rd_feedback_list(void *, const sc_feedback_filter *, const sc_page *, sc_arena *,
                          sc_feedback_list *, sc_err *);
sc_rc sc_rd_feedback_pending(void *, const sc_id *, int64_t, size_t, sc_arena *, sc_feedback **,
                             size_t *, sc_err *);

sc_rc sc_rd_items_since(void *, const sc_id *, int64_t, const char *, sc_item_fn, void *, int64_t *,
                        sc_err *);
sc_rc sc_rd_clusters_since(void *, const sc_id *, int64_t, sc_arena *, sc_cluster **, size_t *,
                           sc_err *);
sc_rc sc_rd_model_state(void *, const sc_id *, sc_arena *, sc_model_state *, sc_err *);
sc_rc sc_rd_items_without(void *, const sc_id *, const char *, int64_t, size_t, sc_side_item *,
                          size_t *, sc_err *);
sc_rc sc_rd_count_without(void *, const sc_id *, const char *, int64_t *, sc_err *);
sc_rc sc_rd_side_put(void *, const sc_side_write *, size_t *, sc_err *);
sc_rc sc_rd_side_prune(void *, const sc_id *, const char *, size_t, size_t *, sc_err *);
sc_rc sc_rd_moved_by_switch(void *, const sc_id *, int64_t, sc_arena *, sc_moved_item **, size_t *,
                            sc_err *);
sc_rc sc_rd_group_write(void *, const sc_group_write *, int64_t *, sc_err *);
sc_rc sc_rd_cluster_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_cluster *, sc_err *);
sc_rc sc_rd_cluster_list(void *, const sc_cluster_filter *, const sc_page *, int64_t, sc_arena *,
                         sc_cluster_list *, sc_err *);
sc_rc sc_rd_cluster_names(void *, const sc_id *, sc_arena *, sc_cluster_name **, size_t *,
                          sc_err *);
sc_rc sc_rd_chart_get(void *, const sc_id *, int64_t, sc_arena *, sc_str *, int64_t *, sc_err *);
sc_rc sc_rd_chart_put(void *, const sc_chart_write *, int64_t *, sc_err *);
sc_rc sc_rd_corrections(void *, const sc_id *, sc_arena *, sc_correction **, size_t *, sc_err *);
sc_rc sc_rd_decisions(void *, const sc_id *, int64_t, sc_arena *, sc_decision **, size_t *,
                      sc_err *);

sc_rc sc_rd_answer_get(void *, const unsigned char[32], sc_arena *, sc_str *, sc_err *);
sc_rc sc_rd_answer_put(void *, const unsigned char[32], sc_str, int64_t, int64_t, sc_err *);
sc_rc sc_rd_pair_get(void *, const sc_id *, const sc_id *, const sc_id *, sc_arena *, sc_pair *,
                     sc_err *);
sc_rc sc_rd_pairs_open(void *, const sc_id *, size_t, sc_arena *, sc_pair *, size_t *, sc_err *);
sc_rc sc_rd_pair_list(void *, const sc_id *, sc_arena *, sc_pair **, size_t *, sc_err *);
sc_rc sc_rd_pair_put(void *, const sc_pair_write *, sc_err *);

sc_rc sc_rd_job_enqueue(void *, const sc_job *, sc_id *, sc_err *);
sc_rc sc_rd_job_claim(void *, const sc_str *, size_t, sc_str, int64_t, int64_t, sc_arena *,
                      sc_job *, sc_err *);
sc_rc sc_rd_job_heartbeat(void *, const sc_id *, int64_t, int64_t, int64_t, sc_err *);
sc_rc sc_rd_job_end(void *, const sc_job_end *, sc_err *);
sc_rc sc_rd_job_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_job *, sc_err *);
sc_rc sc_rd_job_list(void *, const sc_job_filter *, const sc_page *, sc_arena *, sc_job_list *,
                     sc_err *);
sc_rc sc_rd_job_act(void *, const sc_id *, const sc_id *, sc_job_event, int64_t, sc_err *);
sc_rc sc_rd_job_drop(void *, const sc_id *, const sc_id *, sc_err *);
sc_rc sc_rd_job_counts(void *, const sc_id *, sc_str, sc_job_counts *, sc_err *);
sc_rc sc_rd_fix_start(void *, const sc_job *, const sc_fix *, sc_id *, bool *, sc_err *);
sc_rc sc_rd_fix_keep(void *, const sc_job *, const sc_fix *, const sc_str *, sc_err *);
sc_rc sc_rd_fix_save(void *, const sc_fix_write *, sc_err *);
sc_rc sc_rd_fix_get(void *, const sc_id *, const sc_id *, sc_arena *, sc_fix *, sc_err *);
sc_rc sc_rd_fix_list(void *, const sc_fix_filter *, const sc_page *, sc_arena *, sc_fix_list *,
                     sc_err *);
sc_rc sc_rd_fix_patch(void *, const sc_id *, const sc_id *, sc_arena *, sc_str *, sc_err *);
sc_rc sc_rd_fix_retry(void *, const sc_id *, const sc_id *, sc_fix_step, int64_t, sc_err *);
sc_rc sc_rd_fix_log_put(void *, const sc_id *, const sc_fix_log *, size_t, int64_t, sc_err *);
sc_rc sc_rd_fix_log_get(void *, const sc_id *, const sc_id *, int64_t, int64_t, size_t, sc_arena *,
                        sc_fix_log **, size_t *, sc_err *);
sc_rc sc_rd_plan_put(void *, const sc_plan *, sc_err *);
sc_rc sc_rd_plan_get(void *, const sc_id *, const sc_id *, int64_t, sc_arena *, sc_plan *,
                     sc_err *);
sc_rc sc_rd_prune(void *, int64_t, int64_t, size_t, int64_t *, sc_err *);
sc_rc sc_rd_decision_prune(void *, int64_t, size_t, size_t, int64_t *, int64_t *, sc_err *);

sc_rc sc_rd_audit_put(void *, const sc_audit *, size_t, size_t *, sc_err *);
sc_rc sc_rd_audit_list(void *, const sc_audit_filter *, const sc_page *, sc_arena *,
                       sc_audit_list *, sc_err *);
sc_rc sc_rd_events(void *, const sc_id *, int64_t, size_t, sc_arena *, sc_event **, size_t *,
                   sc_err *);
sc_rc sc_rd_last_event(void *, int64_t *, sc_err *);
sc_rc sc_rd_stats(void *, const sc_id *, int64_t, sc_store_stats *, sc_err *);

#endif
