/* Triage: what people do to clusters. Each action is one atomic write, leaves permanent corrections,
 * and has an action id by which it can be undone. `actor` is kept with it. */
#ifndef SC_APP_TRIAGE_H
#define SC_APP_TRIAGE_H

#include "app/app.h"

typedef struct sc_triage_result {
    sc_id action_id;  /* for sc_triage_undo */
    sc_id cluster_id; /* the cluster that came out of it */
    int64_t moved;    /* reports that changed place */
} sc_triage_result;

/* All reports of `from` go into `into` and stay there (pinned). SC_NOT_FOUND, SC_UNPROCESSABLE (itself, none),
 * SC_CONFLICT (kept apart by an earlier correction: undo that first). */
sc_rc sc_triage_merge(sc_app *app, const sc_id *project, const sc_id *into, const sc_id *from,
                      size_t n_from, sc_str actor, sc_triage_result *ret, sc_err *err);
/* The same on a language model's word: held like a person's, but told apart by `actor` (SC_ACTOR_LLM) and the
 * decisions' reason; only when both have as many reports as it was asked about, else SC_CONFLICT. */
typedef struct sc_advice {
    sc_str note; /* its reason, kept with each decision */
    sc_evidence evidence;
    const uint32_t *shared; /* 6 hashes of terms */
    int64_t nearest;        /* key of a report in `into` */
    int64_t into_count, from_count;
    const sc_job *job;
} sc_advice;
sc_rc sc_triage_merge_advised(sc_app *app, const sc_id *project, const sc_id *into,
                              const sc_id *from, const sc_advice *advice, sc_str actor,
                              sc_triage_result *ret, sc_err *err);
/* These reports leave the cluster for a new one; the two are kept apart from now on. */
sc_rc sc_triage_split(sc_app *app, const sc_id *project, const sc_id *cluster,
                      const sc_id *feedback, size_t n, sc_str actor, sc_triage_result *ret,
                      sc_err *err);
/* One report into another cluster (to NULL: a new one of its own); it stays there and never goes back. */
sc_rc sc_triage_move(sc_app *app, const sc_id *project, const sc_id *feedback, const sc_id *to,
                     sc_str actor, sc_triage_result *ret, sc_err *err);
/* Never together: two clusters, kept apart. */
sc_rc sc_triage_apart(sc_app *app, const sc_id *project, const sc_id *a, const sc_id *b,
                      sc_str actor, sc_triage_result *ret, sc_err *err);
/* Ends an action's corrections and moves its reports back where they were, where those places still exist. */
sc_rc sc_triage_undo(sc_app *app, const sc_id *project, const sc_id *action, sc_str actor,
                     sc_triage_result *ret, sc_err *err);

/* Removes a report for good: it leaves its issue, its text leaves the store, and nothing can take that back. */
sc_rc sc_triage_remove(sc_app *app, const sc_id *project, const sc_id *feedback, sc_str actor,
                       sc_err *err);
/* What must hold when it goes: whoever chose the report did so a while before. `holds` is asked while nobody else can
 * change grouping, again where another process did; it reads the store and locks nothing, and what it answers but SC_OK is
 * the answer. SC_CONFLICT, too, when a job with that unique key is pending or running as the report is to go. */
typedef struct sc_remove_if {
    sc_rc (*holds)(void *self, const sc_feedback *f, sc_arena *arena, sc_err *err); /* or NULL */
    void *self;
    sc_str unless_job; /* empty = none */
} sc_remove_if;
sc_rc sc_triage_remove_if(sc_app *app, const sc_id *project, const sc_id *feedback,
                          const sc_remove_if *only, sc_str actor, sc_err *err);

typedef struct sc_cluster_patch {
    bool has_title;
    sc_str title; /* locks the title; an empty one unlocks and re-derives it */
    bool has_event;
    sc_cluster_event event; /* TRIAGE, REOPEN, RESOLVE, IGNORE, SNOOZE */
    bool has_restore;       /* instead of an event: undo of a change of status */
    sc_cluster_status restore;
    int64_t snooze_until_ms; /* 0: until someone reopens it */
    bool has_repo_url;
    sc_str repo_url;
    bool has_fix; /* what a fix of it has to show; p NULL: stays */
    sc_str branch, pr_url, error_message;
    int64_t if_version; /* 0 = any; else SC_CONFLICT unless it is the stored version */
} sc_cluster_patch;
sc_rc sc_triage_patch(sc_app *app, const sc_id *project, const sc_id *cluster,
                      const sc_cluster_patch *p, sc_str actor, sc_arena *arena, sc_cluster *ret,
                      sc_err *err);

/* Changes the stored report given to it; what it puts in lives until sc_triage_edit returns. */
typedef sc_rc (*sc_edit_fn)(void *self, sc_feedback *f, sc_err *err);
/* Changes a report (PUT /feedback/{id}) and asks for regrouping when its text changed. Edits of a project's
 * reports come one after the other, so that none overwrites what another one changed. */
sc_rc sc_triage_edit(sc_app *app, const sc_id *project, const sc_id *feedback, sc_edit_fn edit,
                     void *self, sc_arena *arena, sc_feedback *ret, sc_err *err);

#endif
