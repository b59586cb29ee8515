/* The scripts: one file each in scripts/, compiled in; what stands in front of them, and which keys they touch. */
#ifndef SC_STORES_REDIS_SCRIPT_H
#define SC_STORES_REDIS_SCRIPT_H

#include "base/str.h"

#define SC_RD_JOB_KEYS "p j ja js: jr: jl: je ju jt z:"
#define SC_RD_REPORT_KEYS "p f m x fi fa fs: ft: fp fo t"
#define SC_RD_ISSUE_KEYS "k km kr ks kc kd kv q qo"
#define SC_RD_PLACE_KEYS "c: is iv r w: ws mo d ds cr cf ca cs o"
#define SC_RD_TOLD_KEYS "token jp jg jh: jm: ev en e ep:"
/* The installation's that a whole script touches besides its project's. */
#define SC_RD_WHOLE_KEYS SC_RD_TOLD_KEYS " seq"

/* name, the parts in front (j jobs, r reports, k issues, i items, f fixes; w: a write in a project), keys below the project's prefix
 * or the installation's. One that ends in a colon stands for a family of keys: name:rest. */
#define SC_RD_SCRIPTS(X)                                                                    \
    X(after, "", SC_RD_TOLD_KEYS)                                                           \
    X(answer_get, "", "aa")                                                                 \
    X(answer_put, "", "aa at token")                                                        \
    X(audit_list, "", "p pi al ap:")                                                        \
    X(audit_put, "", "p pi al ai ap: token")                                                \
    X(bucket_take, "", "b:")                                                                \
    X(chart_get, "", "p h")                                                                 \
    X(chart_put, "jw", SC_RD_JOB_KEYS " h o")                                               \
    X(corrections, "", "p cr cf")                                                           \
    X(decisions, "", "p m d")                                                               \
    X(event_prune, "", "e ep: token")                                                       \
    X(events, "", "pi e ep:")                                                               \
    X(feedback_list, "r", SC_RD_REPORT_KEYS " c: km")                                       \
    X(feedback_put, "jrw", SC_RD_JOB_KEYS " f m x fi fa fs: ft: fp fo t ar:")               \
    X(feedback_rows, "", "p m f fi fp")                                                     \
    X(feedback_update, "jrw", SC_RD_JOB_KEYS " f m x fi fa fs: ft: fp fo t")                \
    X(fix_get, "", "p z j")                                                                 \
    X(fix_index, "jf", SC_RD_JOB_KEYS " zi:")                                               \
    X(fix_keep, "jfw", SC_RD_JOB_KEYS " zi: zp km")                                         \
    X(fix_list, "f", "p z: zi: j km")                                                       \
    X(fix_log_get, "", "p j zl:")                                                           \
    X(fix_log_put, "fw", "z zl:")                                                           \
    X(fix_patch, "", "p j zp")                                                              \
    X(fix_retry, "jfw", SC_RD_JOB_KEYS)                                                     \
    X(fix_save, "jfw", SC_RD_JOB_KEYS " zp o")                                              \
    X(fix_start, "jfw", SC_RD_JOB_KEYS " zi: km")                                           \
    X(forget, "w", "p d ds")                                                                \
    X(group, "jrkw",                                                                        \
      SC_RD_JOB_KEYS " f m x fi fa fs: ft: fp fo t " SC_RD_ISSUE_KEYS " " SC_RD_PLACE_KEYS) \
    X(histories, "", "d ds")                                                                \
    X(issue_claim, "", "ki")                                                                \
    X(issue_list, "r", "p t k km kr ks kc kd")                                              \
    X(issue_rows, "", "p k km")                                                             \
    X(issues_since, "", "p k km kv")                                                        \
    X(items_changed, "", "p iv")                                                            \
    X(items_page, "ri", "p is m r w: mo")                                                   \
    X(items_some, "ri", "p m r w: mo")                                                      \
    X(items_without, "rk", "p is m w: mo")                                                  \
    X(job_act, "jw", SC_RD_JOB_KEYS)                                                        \
    X(job_claim, "jw", SC_RD_JOB_KEYS)                                                      \
    X(job_counts, "", "p jt jr:")                                                           \
    X(job_drop, "jfw", SC_RD_JOB_KEYS " zi: zp zl:")                                        \
    X(job_end, "jw", SC_RD_JOB_KEYS " o")                                                   \
    X(job_enqueue, "jw", SC_RD_JOB_KEYS)                                                    \
    X(job_get, "", "p j")                                                                   \
    X(job_heartbeat, "jw", SC_RD_JOB_KEYS)                                                  \
    X(job_home, "", "jp")                                                                   \
    X(job_list, "", "p j ja js: jt")                                                        \
    X(job_prune, "jw", SC_RD_JOB_KEYS)                                                      \
    X(key_change, "", "pi ak token")                                                        \
    X(key_find, "", "ah ak")                                                                \
    X(key_list, "", "pi ak")                                                                \
    X(key_put, "", "p pi ah ak token")                                                      \
    X(lead, "", "le")                                                                       \
    X(model_state, "", "p")                                                                 \
    X(moved, "r", "p iv m d")                                                               \
    X(pair_get, "k", "p km q")                                                              \
    X(pair_list, "", "p q")                                                                 \
    X(pair_put, "jkw", SC_RD_JOB_KEYS " km q qo")                                           \
    X(pairs_open, "", "p q qo")                                                             \
    X(plan_get, "", "p km y:")                                                              \
    X(plan_put, "w", "p km y:")                                                             \
    X(probe, "", "p")                                                                       \
    X(project_all, "", "pi")                                                                \
    X(project_claim, "", "pn pi token")                                                     \
    X(project_find, "", "pn pi")                                                            \
    X(project_make, "", "p")                                                                \
    X(project_state, "", "p")                                                               \
    X(ready, "", "jh: jm:")                                                                 \
    X(schema, "", "p")                                                                      \
    X(session_drop, "", "ss se token")                                                      \
    X(session_get, "", "ss se ak token")                                                    \
    X(session_put, "", "pi ss se token")                                                    \
    X(setting_get, "", "p s")                                                               \
    X(setting_list, "", "p s sn")                                                           \
    X(setting_put, "w", "p s sn")                                                           \
    X(side_prune, "kw", "p w: ws mo")                                                       \
    X(side_put, "jrkw", SC_RD_JOB_KEYS " m w: ws mo o")                                     \
    X(stats, "r", "p t ar:")                                                                \
    X(sweep, "jf", SC_RD_JOB_KEYS " o")                                                     \
    X(verify, "rkf", SC_RD_REPORT_KEYS " " SC_RD_ISSUE_KEYS " c: is j ja js: jr: jl: jt z: zi:")

typedef enum sc_rd_script {
#define X(name, parts, keys) SC_RD_##name,
    SC_RD_SCRIPTS(X)
#undef X
        SC_RD_SCRIPT_COUNT
} sc_rd_script;

/* Names, source and SHA-1 of a script (hex), made once for all stores of the process. NULL source: no memory. `whole`: a write in
 * a project together with what tells the installation of it (`after`), in one step; for servers where all keys are in one place. */
const char *sc_rd_script_name(sc_rd_script s);
const char *sc_rd_script_keys(sc_rd_script s);
sc_str sc_rd_script_source(sc_rd_script s, bool whole);
const char *sc_rd_script_sha(sc_rd_script s, bool whole);

#endif
