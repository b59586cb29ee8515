/* From a change of the engine to one atomic write: the rows of the clusters it touched (counts, trend,
 * representatives, title, summary, keywords, cohesion, status), the placements, the decisions, the
 * events. Used by the grouping worker and by triage alike, so that both leave the same traces. */
#ifndef SC_APP_WRITE_H
#define SC_APP_WRITE_H

#include "app/space.h"
#include "ports/store.h"

/* A report that the change speaks of. */
typedef struct sc_write_item {
    sc_feedback feedback;
    const sc_prepared *prepared; /* NULL: prepared when needed */
    sc_str repr;                 /* blob to store with it; empty = stored already */
    bool light;                  /* its texts were left in the store */
    bool fresh; /* placed for the first time: a report on a resolved cluster is news */
    bool again; /* placed anew with its vector, which is no news */
    bool bare;  /* placed without its vector */
} sc_write_item;

typedef struct sc_write {
    sc_space *space;            /* `writer` held by the caller */
    sc_arena *arena;            /* everything below lives here */
    const sc_write_item *items; /* those at hand; others are read from the store */
    size_t n_items;
    const sc_change *changes; /* in the order of application */
    size_t n_changes;
    const sc_feedback
        *parked;          /* a report that leaves its issue and waits in none, or NULL; the engine
                                * does not know it any more */
    bool removed;         /* `parked` goes for good */
    sc_str unless_job;    /* unique key of a job that is not to be open; empty = none */
    const sc_event *also; /* one more event, or NULL */
    const sc_correction *corrections;
    size_t n_corrections;
    sc_id undo_action;
    bool
        activate; /* the space's model becomes the project's; on an error the caller takes the engine
                    * back, and issues emptied before may be filled again */
    sc_id job_id; /* empty for a person */
    int64_t job_fence;
    sc_str actor;
    sc_str note; /* of each decision; empty = none */
    int64_t now_ms;
} sc_write;

/* Builds and writes. On success the space's version follows. On any error the engine is taken back to
 * where it was before the changes (or will be rebuilt), and nothing is stored. SC_CONFLICT: another
 * process was faster; follow and compute again. */
sc_rc sc_write_changes(const sc_write *w, sc_err *err);

#endif
