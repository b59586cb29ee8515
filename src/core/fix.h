/* A fix: one attempt to solve an issue by a change of a repository's code.
 *
 * It is a job of kind "fix" (core/job.h: lease, fence, attempts, states) with a row beside it that says
 * how far it came. Each step is stored before it begins, so whoever takes the job over after a crash knows
 * what may have happened. Up to the agent a lost step begins anew in a fresh work tree; from the
 * commit on everything is named by it (head commit, branch) and is done again without harm. */
#ifndef SC_CORE_FIX_H
#define SC_CORE_FIX_H

#include "core/job.h"

#define SC_FIX_STEPS(X)                                                       \
    X(queued)                                                                 \
    X(preparing)     /* plan; the repository fetched, checked out          */ \
    X(base_tests)    /* the project's tests on the code as it is           */ \
    X(agent)         /* the agent works                                    */ \
    X(checking)      /* its work is a commit of ours; the patch is checked */ \
    X(patched_tests) /* the project's tests on that commit                 */ \
    X(pushing)       /* the branch; the pull request                       */ \
    X(opened)        /* people look at it                                  */

typedef enum sc_fix_step {
#define X(name) SC_FIX_##name,
    SC_FIX_STEPS(X)
#undef X
        SC_FIX_STEP_COUNT
} sc_fix_step;

typedef enum sc_fix_event {
    SC_FIX_EV_DONE,   /* the step is over, on to the next                      */
    SC_FIX_EV_RESUME, /* somebody took the job over: where it goes on          */
    SC_FIX_EV_RETRY,  /* a person sends it round again: what is good is kept   */
    SC_FIX_EV_COUNT
} sc_fix_event;

/* The one transition function; SC_CONFLICT where the event does not fit. */
sc_rc sc_fix_next(sc_fix_step from, sc_fix_event ev, sc_fix_step *ret, sc_err *err);

/* Why a fix ended without a pull request. The words are for people. */
#define SC_FIX_REASONS(X)                                                   \
    X(none, "")                                                             \
    X(no_repository, "the project names no repository to change")           \
    X(no_sandbox, "agents cannot be run safely on this machine")            \
    X(no_agent, "the agent's program is not there, or no model key is set") \
    X(repository, "the repository could not be read")                       \
    X(setup, "the set-up command failed on the code as it is")              \
    X(agent_failed, "the agent failed")                                     \
    X(no_change, "the agent changed nothing")                               \
    X(patch_refused, "the change breaks a rule of the project")             \
    X(tests_failed, "the tests fail with the change")                       \
    X(budget, "the cap in money or tokens is reached")                      \
    X(time_limit, "the time limit ended it")                                \
    X(forge, "the forge did not take it")                                   \
    X(same_cause, "an open pull request of ours touches the same cause")    \
    X(cancelled, "a person stopped it")                                     \
    X(lost, "its worker vanished too often")

typedef enum sc_fix_reason {
#define X(name, words) SC_FIX_REASON_##name,
    SC_FIX_REASONS(X)
#undef X
        SC_FIX_REASON_COUNT
} sc_fix_reason;

#define SC_FIX_PULLS(X)                                    \
    X(none)                                                \
    X(open)                                                \
    X(merged)                                              \
    X(closed) /* without a merge                        */ \
    X(issue)  /* the project asks for issues instead    */

typedef enum sc_fix_pull {
#define X(name) SC_FIX_PULL_##name,
    SC_FIX_PULLS(X)
#undef X
        SC_FIX_PULL_COUNT
} sc_fix_pull;

const char *sc_fix_step_name(sc_fix_step s);
const char *sc_fix_reason_name(sc_fix_reason r);
const char *sc_fix_reason_words(sc_fix_reason r);
const char *sc_fix_pull_name(sc_fix_pull p);
bool sc_fix_step_parse(sc_str name, sc_fix_step *ret);
bool sc_fix_reason_parse(sc_str name, sc_fix_reason *ret);
bool sc_fix_pull_parse(sc_str name, sc_fix_pull *ret);

typedef struct sc_fix_cost {
    int64_t calls, tokens_in, tokens_out, micro_usd;
} sc_fix_cost;

typedef struct sc_fix {
    /* Of the job; the store gives them. */
    sc_id id, project_id;
    sc_job_state status;
    int attempts, max_attempts;
    sc_str error;
    int64_t created_at_ms, updated_at_ms, ended_at_ms;
    /* What it is about. */
    sc_id cluster_id;
    sc_id follows;       /* the fix whose branch it continues; none: a new branch      */
    sc_str by;           /* who asked                                                  */
    sc_str instructions; /* what they added, as data                                   */
    sc_str agent, runner;
    int64_t plan_version; /* 0: not yet                                                */
    /* How far it came. */
    sc_fix_step step;
    sc_fix_reason reason;
    int64_t started_at_ms; /* of the first claim since it was asked for                  */
    sc_str repository, base_branch, base_commit, head_commit, branch;
    sc_str tests;    /* JSON: {"base": {"passed", "exit", "words"}, "patched": {...}}   */
    sc_str findings; /* JSON array: [{"path", "rule", "words"}]                         */
    sc_str blocked;  /* JSON array of hosts that the agent asked for in vain            */
    sc_fix_cost cost;
    /* After the push. */
    sc_fix_pull pull;
    int64_t pull_number;
    sc_str pull_url;
    int64_t opened_at_ms, merged_at_ms;
    int64_t watch_until_ms; /* merged: a report before this is a recurrence; 0: not watched */
    int64_t seen_comments;  /* the forge's mark up to which comments were read            */
    /* The patch, without its bytes. */
    int64_t patch_bytes, patch_files, patch_added, patch_removed;
    int64_t log_bytes;
    int64_t version; /* grows with every change                                          */
} sc_fix;

/* What the agent is told; a person may edit it, and the newest version counts. */
typedef struct sc_plan {
    sc_id id;
    sc_id project_id, cluster_id;
    int64_t version; /* 1, 2, ... of the cluster                     */
    sc_str problem, expected, evidence, acceptance;
    sc_str by; /* "template", "llm", or who edited it          */
    int64_t created_at_ms;
} sc_plan;

/* A fix that ended elsewhere may be stored as it is: ids, kind, states that are ours, and an end. SC_INVALID. */
sc_rc sc_fix_check_kept(const sc_job *job, const sc_fix *fix, sc_err *err);

/* The unique key of the job that fixes the issue: while it is pending or running there is no second one. */
enum { SC_FIX_KEY = 4 + SC_ID_TEXT };
void sc_fix_key(const sc_id *cluster, char ret[SC_FIX_KEY]);

/* "soulcaster/0193a2b4-the-title-in-short": of the issue alone, so that a second try finds the first one's. */
void sc_fix_branch(const sc_id *cluster, sc_str title, sc_buf *out);

#endif
