/* What a cluster's row says: counts, trend, representatives, title, summary, keywords, cohesion, status. */
#ifndef SC_APP_DESCRIBE_H
#define SC_APP_DESCRIBE_H

#include "app/space.h"
#include "app/write.h"

typedef struct sc_describe_row sc_describe_row;
struct sc_describe_row {
    sc_cluster cluster;
    bool stored; /* it was in the store before */
    bool status_changed;
    bool opened;          /* new with this write */
    int64_t reports;      /* fresh reports that joined */
    int64_t joined, left; /* members that came and went with this write */
    bool read,
        long_one; /* its representatives were read; it has one report alone, and a long one */
};

/* The rows of the clusters as stored; fresh rows for those that are not. some_gone: clusters that were emptied before
 * may be among them (one read more for each that looks new). */
sc_rc sc_describe_load(sc_space *s, const sc_id *ids, size_t n, bool some_gone, int64_t now_ms,
                       sc_arena *arena, sc_describe_row *ret, sc_err *err);
/* One member more or less. */
void sc_describe_count(sc_describe_row *row, const sc_feedback *f, int delta);
/* A member of an issue that is taken from elsewhere, as far as a report says it: counts, trend, first and last seen, the
 * first representatives. */
void sc_describe_member(sc_cluster *c, const sc_feedback *f);
/* A new report joined: the state machine's word (a resolved cluster regresses). */
sc_rc sc_describe_report(sc_describe_row *row, sc_err *err);
/* Fills what follows from the engine's view: representatives, cohesion, first and last seen; title, summary and
 * keywords where the representatives changed. */
sc_rc sc_describe_finish(sc_space *s, sc_describe_row *rows, size_t n, const sc_write_item *items,
                         size_t n_items, int64_t now_ms, sc_arena *arena, sc_err *err);

/* Reports by seq, in the order asked for; SC_NOT_FOUND when one is missing. */
sc_rc sc_describe_fetch(struct sc_app *app, const sc_id *project, const int64_t *seqs, size_t n,
                        sc_arena *arena, sc_feedback **ret, sc_err *err);
/* Term hashes as the words of this report: a JSON array. */
sc_rc sc_describe_terms(const sc_write_item *item, const uint32_t *terms, size_t n, sc_arena *arena,
                        sc_str *ret, sc_err *err);
sc_rc sc_describe_cluster_event(const sc_describe_row *row, int64_t now_ms, sc_arena *arena,
                                sc_event *ret, sc_err *err);
sc_rc sc_describe_feedback_event(const sc_feedback *f, const sc_id *cluster,
                                 sc_decision_reason reason, int64_t now_ms, sc_arena *arena,
                                 sc_event *ret, sc_err *err);
sc_rc sc_describe_parked_event(const sc_feedback *f, bool removed, int64_t now_ms, sc_arena *arena,
                               sc_event *ret, sc_err *err);

#endif
