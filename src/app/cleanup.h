/* Cleaning up: which issues may be one and which may be two, with reasons, and doing something about
 * it. What is applied goes the way of a person's own merge or split (triage.h): one atomic write with an
 * action id to undo it, pins that hold it, events, a line in each report's trace. */
#ifndef SC_APP_CLEANUP_H
#define SC_APP_CLEANUP_H

#include "app/triage.h"
#include "group/review.h"

enum { SC_CLEANUP_ID = 112 };

typedef struct sc_cleanup_report {
    sc_id id;
    sc_str title;
} sc_cleanup_report;

typedef struct sc_cleanup_item {
    char id[SC_CLEANUP_ID]; /* "merge:ID:ID" or "split:ID:hex": of this suggestion, as things are */
    sc_review_item found;
    sc_str title, other_title;     /* of the issues; other: empty for a split */
    sc_str words;                  /* why, one sentence for people            */
    sc_str shared;                 /* JSON array: words that both parts have  */
    sc_cleanup_report here, there; /* the two most alike reports          */
    sc_cleanup_report *leaving;    /* of a split, found.n_leaving         */
    sc_pair judged; /* of a merge: a language model's verdict that they are two; at_ms 0 = none */
} sc_cleanup_item;

typedef struct sc_cleanup {
    sc_cleanup_item *items;
    size_t n;
    sc_id next; /* cursor of the next page; empty = this was the last */
    size_t looked;
    sc_review_sizes sizes;
    int64_t pending;
} sc_cleanup;

typedef struct sc_cleanup_ask {
    sc_id of;    /* this issue alone, and what lies near it; empty: a page of all */
    sc_id after; /* issues older than this one; empty: from the newest            */
    size_t most; /* issues to look at                                             */
} sc_cleanup_ask;

/* A page takes a quarter of a second at most. SC_NOT_FOUND: there is no such issue. */
sc_rc sc_cleanup_list(sc_app *app, const sc_id *project, const sc_cleanup_ask *ask, sc_arena *arena,
                      sc_cleanup *ret, sc_err *err);
/* Sure enough to be applied unasked: more likely than not. */
bool sc_cleanup_is_sure(const sc_cleanup_item *item);

typedef struct sc_cleanup_done {
    sc_str id;
    bool applied;
    sc_triage_result result; /* if applied                        */
    sc_str why;              /* if not: one sentence for people   */
} sc_cleanup_done;
/* Applies the suggestions of these ids, one action each; one that does not hold any more is left out and
 * says why. ret has room for n. An error is the store's: what was applied before it stays. */
sc_rc sc_cleanup_apply(sc_app *app, const sc_id *project, const sc_str *ids, size_t n, sc_str actor,
                       sc_arena *arena, sc_cleanup_done *ret, sc_err *err);

#endif
